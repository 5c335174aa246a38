//! Billing of an organization, for its Owners: contacts (ORG-4), and **Contact sales**: asking the operator for a licence
//! (ORG-8).

use crate::{
    domain::{
        audit::Action,
        billing::{self as rules, Contact, ContactForm, RequestForm, RequestState, RequestedLicence},
        id::{ContactId, RequestId},
        permit::RolePermit,
        person::full_name,
        refusal::Refusal,
        role::{Permission, may},
        text::FieldIssue,
    },
    view::{
        Page,
        billing::{BillingView, ContactView, LicenceRequestPath, RequestView},
    },
};

use super::{
    super::{
        context::{Ctx, Principal},
        error::{Error, Result},
        mail::{self, EmailMessage},
        store::{Tx, billing_contact, membership, organization as organizations, person, purchase_request},
    },
    audit, organization,
    pager::Pager,
};

/// How many requests the page shows at once.
const REQUESTS: i64 = 20;

async fn permit(tx: &mut Tx, by: &Principal, org: &str) -> Result<RolePermit> {
    organization::permit(tx, by, org, Permission::ManageBilling).await
}

/// The page Billing.
///
/// # Errors
/// `NotFound` for everybody but Owners: for them there is no such page; `Invalid` at the cursor.
pub async fn view(ctx: &Ctx, by: &Principal, org: &str, cursor: &str) -> Result<BillingView> {
    let mut tx = ctx.db().read().await?;
    let organization = organization::belonging(&mut tx, by, org).await?;
    if !organization.role.is_some_and(|role| may(role, Permission::ManageBilling)) {
        return Err(Refusal::NotFound.into());
    }
    let contacts = billing_contact::list(&mut tx, organization.id).await?;
    let full = rules::may_add_contact(contacts.len() as u64).err().map(|refusal| refusal.to_string());
    let requests = page(&mut tx, organization.id, cursor, REQUESTS).await?;
    let me = person::find(&mut tx, by.person).await?.ok_or(Refusal::NotFound)?;
    let grant = grant(ctx, &organization.org_id);
    Ok(BillingView {
        grant,
        organization,
        contacts,
        contacts_full: full,
        requests,
        my_name: by.name.clone(),
        my_email: me.email,
    })
}

/// How a licence is granted where the operator reads no mail.
fn grant(ctx: &Ctx, org_id: &str) -> Option<String> {
    ctx.operator_mail().is_none().then(|| rules::grant_command(org_id))
}

/// What the caller can do about a licence that is missing in an organization; nothing for who has no role in it.
///
/// # Errors
/// `NotFound` for who does not belong to it.
pub async fn way_to_licence(ctx: &Ctx, by: &Principal, org: &str) -> Result<Option<LicenceRequestPath>> {
    let mut tx = ctx.db().read().await?;
    let organization = organization::belonging(&mut tx, by, org).await?;
    let Some(role) = organization.role else { return Ok(None) };
    if may(role, Permission::ManageBilling) {
        return Ok(Some(grant(ctx, &organization.org_id).map_or(LicenceRequestPath::Ask, LicenceRequestPath::Grant)));
    }
    let owner =
        if organization.sees_people { membership::find_first_owner(&mut tx, organization.id).await? } else { None };
    Ok(Some(LicenceRequestPath::AskOwner(owner.map(|(first, last)| full_name(&first, &last)))))
}

/// The billing contacts, for the API.
///
/// # Errors
/// `NotFound` and `Forbidden` by role.
pub async fn contacts(ctx: &Ctx, by: &Principal, org: &str) -> Result<Vec<ContactView>> {
    let mut tx = ctx.db().read().await?;
    let permit = permit(&mut tx, by, org).await?;
    Ok(billing_contact::list(&mut tx, permit.organization()).await?)
}

/// Adds a billing contact.
///
/// # Errors
/// `NotFound` and `Forbidden` by role; `Invalid` with the problem of every field, an address that is a contact already
/// among them; `BadRequest` if there are too many.
pub async fn add_contact(ctx: &Ctx, by: &Principal, org: &str, form: &ContactForm) -> Result<ContactView> {
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let permit = permit(tx, by, org).await?;
                let contact = Contact::parse(form)?;
                rules::may_add_contact(billing_contact::list(tx, permit.organization()).await?.len() as u64)?;
                is_free(tx, &permit, &contact, None).await?;
                let id = ContactId(ctx.id());
                billing_contact::insert(tx, &permit, id, &contact, ctx.now()).await.map_err(taken)?;
                let summary = format!("added the billing contact {}", contact.name);
                let after = serde_json::json!({ "contact": id, "name": contact.name });
                audit::record_change(tx, ctx, by, &permit, Action::BillingContactAdded, summary, None, Some(after))
                    .await?;
                Ok(billing_contact::find(tx, permit.organization(), id).await?.ok_or(Refusal::NotFound)?)
            })
        })
        .await
}

/// Changes a billing contact.
///
/// # Errors
/// As [`add_contact`]; `NotFound` if there is none.
pub async fn change_contact(ctx: &Ctx, by: &Principal, org: &str, id: &str, form: &ContactForm) -> Result<ContactView> {
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let permit = permit(tx, by, org).await?;
                let id: ContactId = super::id("id", id).map_err(|_| Refusal::NotFound)?;
                let before = billing_contact::find(tx, permit.organization(), id).await?.ok_or(Refusal::NotFound)?;
                let contact = Contact::parse(form)?;
                is_free(tx, &permit, &contact, Some(id)).await?;
                billing_contact::update(tx, &permit, id, &contact).await.map_err(taken)?;
                let after = billing_contact::find(tx, permit.organization(), id).await?.ok_or(Refusal::NotFound)?;
                if after != before {
                    let summary = format!("changed the billing contact {}", after.name);
                    // Managers read the log, and Owners alone see billing: names only.
                    let state = |contact: &ContactView| serde_json::json!({ "contact": id, "name": contact.name });
                    let (was, is) = (Some(state(&before)), Some(state(&after)));
                    audit::record_change(tx, ctx, by, &permit, Action::BillingContactChanged, summary, was, is).await?;
                }
                Ok(after)
            })
        })
        .await
}

/// Removes a billing contact; who it was.
///
/// # Errors
/// `NotFound` and `Forbidden` by role; `NotFound` if there is none.
pub async fn remove_contact(ctx: &Ctx, by: &Principal, org: &str, id: &str) -> Result<String> {
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let permit = permit(tx, by, org).await?;
                let id: ContactId = super::id("id", id).map_err(|_| Refusal::NotFound)?;
                let found = billing_contact::find(tx, permit.organization(), id).await?.ok_or(Refusal::NotFound)?;
                billing_contact::delete(tx, &permit, id).await?;
                let summary = format!("removed the billing contact {}", found.name);
                let before = serde_json::json!({ "contact": id, "name": found.name });
                audit::record_change(tx, ctx, by, &permit, Action::BillingContactRemoved, summary, Some(before), None)
                    .await?;
                Ok(found.name)
            })
        })
        .await
}

/// Asked before it is written: on PostgreSQL, of two who take it at once, one is then told to try again.
async fn is_free(tx: &mut Tx, permit: &RolePermit, contact: &Contact, own: Option<ContactId>) -> Result<()> {
    match billing_contact::find_by_email(tx, permit.organization(), &contact.email.key()).await? {
        Some(other) if Some(other) != own => Err(Refusal::field("email", FieldIssue::Taken).into()),
        _ => Ok(()),
    }
}

fn taken(error: super::super::store::DbError) -> Error {
    let error = Error::from(error);
    if error.is_taken() { Refusal::field("email", FieldIssue::Taken).into() } else { error }
}

/// One page of what was asked for, newest first, for the API.
///
/// # Errors
/// `NotFound` and `Forbidden` by role; `Invalid` at a field of the query.
pub async fn requests(
    ctx: &Ctx,
    by: &Principal,
    org: &str,
    cursor: &str,
    limit: Option<i64>,
) -> Result<Page<RequestView>> {
    let limit = super::limit(limit)?;
    let mut tx = ctx.db().read().await?;
    let permit = permit(&mut tx, by, org).await?;
    page(&mut tx, permit.organization(), cursor, limit).await
}

async fn page(
    tx: &mut Tx,
    organization: crate::domain::id::OrganizationId,
    cursor: &str,
    limit: i64,
) -> Result<Page<RequestView>> {
    let pager = Pager::new("requests");
    let before = pager.read(cursor)?;
    let rows = purchase_request::list(tx, organization, before, limit + 1).await?;
    pager.page(rows, limit, |request| request.id)
}

/// **Contact sales** (ORG-8): asks the operator for a licence. It is kept, and mailed to the operator where they said where
/// they read mail.
///
/// # Errors
/// `NotFound` and `Forbidden` by role; `Invalid` with the problem of every field; `RateLimited` for too many in a day.
pub async fn request(ctx: &Ctx, by: &Principal, org: &str, form: &RequestForm) -> Result<RequestView> {
    ctx.db().write(|tx, _| Box::pin(async { request_in(tx, ctx, by, org, form).await })).await
}

async fn request_in(tx: &mut Tx, ctx: &Ctx, by: &Principal, org: &str, form: &RequestForm) -> Result<RequestView> {
    let permit = permit(tx, by, org).await?;
    let wanted = RequestedLicence::parse(form)?;
    let now = ctx.now();
    let (from_organization, from_person) =
        purchase_request::count_since(tx, permit.organization(), by.person, now.plus_days(-1)).await?;
    rules::may_request(from_organization, from_person)?;
    let at = organizations::find(tx, permit.organization()).await?.ok_or(Refusal::NotFound)?;
    let (id, what) = (RequestId(ctx.id()), wanted.summary());
    purchase_request::insert(tx, &permit, id, &by.name, &wanted, now).await?;
    if let Some(operator) = ctx.operator_mail() {
        let id_text = id.to_string();
        let message = EmailMessage::PurchaseRequested {
            organization: &at.name,
            org_id: &at.org_id,
            by: &by.name,
            what: &what,
            message: wanted.message.as_deref(),
            contact_name: &wanted.contact.name,
            contact_email: wanted.contact.email.as_str(),
            contact_phone: wanted.contact.phone.as_deref(),
            request: &id_text,
        };
        mail::post(tx, ctx, operator, &message).await?;
    }
    let summary = format!("requested {what}");
    let after = serde_json::json!({ "request": id, "wanted": what });
    audit::record_change(tx, ctx, by, &permit, Action::PurchaseRequested, summary, None, Some(after)).await?;
    Ok(purchase_request::find(tx, id).await?.ok_or(Refusal::NotFound)?)
}

/// Takes a request back that was not answered yet.
///
/// # Errors
/// `NotFound` and `Forbidden` by role; `NotFound` if there is none; `BadRequest` if it is not open any more.
pub async fn withdraw(ctx: &Ctx, by: &Principal, org: &str, id: &str) -> Result<RequestView> {
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let permit = permit(tx, by, org).await?;
                let id: RequestId = super::id("id", id).map_err(|_| Refusal::NotFound)?;
                let found = purchase_request::find(tx, id)
                    .await?
                    .filter(|found| found.organization == permit.organization())
                    .ok_or(Refusal::NotFound)?;
                found.state.is_still_open()?;
                if !purchase_request::update_closed(tx, id, RequestState::Withdrawn, None, ctx.now()).await? {
                    return Err(Refusal::Conflict.into());
                }
                let summary = format!("withdrew the request for {}", found.summary());
                let before = Some(serde_json::json!({ "request": id, "state": found.state }));
                let after = Some(serde_json::json!({ "request": id, "state": RequestState::Withdrawn }));
                audit::record_change(tx, ctx, by, &permit, Action::PurchaseWithdrawn, summary, before, after).await?;
                Ok(purchase_request::find(tx, id).await?.ok_or(Refusal::NotFound)?)
            })
        })
        .await
}
