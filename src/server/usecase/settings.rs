//! Settings of an organization: details, legal information, Org ID, who sees the people list; deleting and restoring
//! (ORG-4, ORG-5, PEOPLE-11).

use serde_json::{Map, Value};

use crate::{
    domain::{
        audit::Action,
        id::OrganizationId,
        legal::{self, LegalForm, LegalInformation},
        organization::{self as rules, OrganizationDetails, RESTORABLE_DAYS, SettingsForm},
        permit::{RolePermit, allow},
        refusal::Refusal,
        role::{Permission, Role, may},
        role_change::keep_an_owner,
        text::{FieldIssue, Identifier, key},
    },
    view::{
        Control, OrganizationMembership,
        settings::{DeletedView, SettingsView},
    },
};

use super::{
    super::{
        context::{Ctx, Principal},
        error::{Error, Result},
        store::{Tx, membership, organization as organizations},
    },
    accounts, audit, organization,
};

/// What the settings pages show: the sections that the reader may see. A personal space has none (SPACE-1).
///
/// # Errors
/// `NotFound` for who is not in the organization.
pub async fn show(ctx: &Ctx, by: &Principal, org: &str) -> Result<SettingsView> {
    let mut tx = ctx.db().read().await?;
    let found = organization::find(&mut tx, by, org).await?;
    let role = membership::find_role(&mut tx, found.id, by.person).await?.ok_or(Refusal::NotFound)?;
    rules::refuse_space(found.space_of)?;
    let accounts =
        if may(role, Permission::ManageAccounts) { Some(accounts::view(&mut tx, ctx, &found).await?) } else { None };
    let given = membership::find_limited(&mut tx, found.id, by.person).await?;
    let last = role == Role::Owner && keep_an_owner(membership::count_owners(&mut tx, found.id).await?, 1).is_err();
    Ok(SettingsView {
        organization: OrganizationMembership::new(
            found.id,
            found.org_id,
            found.name,
            Some(role),
            false,
            found.details.people_visible_to,
        )
        .limited_to_accounts(given),
        plan: found.plan,
        accounts,
        kind: found.kind,
        legal: may(role, Permission::ViewLegal).then_some(found.legal),
        edits_legal: may(role, Permission::EditLegal),
        details: may(role, Permission::EditDetails).then_some(found.details),
        leave: if last { Control::Disabled(Refusal::LastOwner.to_string()) } else { Control::Enabled },
        delete: if may(role, Permission::EditLegal) { Control::Enabled } else { Control::Absent },
    })
}

/// The details of an organization, if the reader may see them (Owners and Managers).
///
/// # Errors
/// `NotFound` if they may not see the organization at all.
pub async fn details(ctx: &Ctx, by: &Principal, org: &str) -> Result<Option<OrganizationDetails>> {
    let mut tx = ctx.db().read().await?;
    let found = organization::find(&mut tx, by, org).await?;
    // A machine of one account among several is told nothing of the organization as a whole.
    match super::key::reach_the_whole(&mut tx, by, found.id).await {
        Err(Error::Refused(_)) => return Ok(None),
        other => other?,
    }
    let role = membership::find_role(&mut tx, found.id, by.person).await?;
    Ok(role.filter(|role| may(*role, Permission::EditDetails)).map(|_| found.details))
}

/// Changes what is given, each by its own permission, all of it or nothing (ORG-4, ORG-5, PEOPLE-11). The Org ID that the
/// organization has afterwards.
///
/// # Errors
/// `NotFound`, `Forbidden`; `Invalid` with the problem of every field, a taken Org ID among them.
pub async fn change(ctx: &Ctx, by: &Principal, org: &str, form: &SettingsForm) -> Result<String> {
    ctx.db().write(|tx, _| Box::pin(async { change_in(tx, ctx, by, org, form).await })).await
}

async fn change_in(tx: &mut Tx, ctx: &Ctx, by: &Principal, org: &str, form: &SettingsForm) -> Result<String> {
    let found = organization::find(tx, by, org).await?;
    let role = membership::find_role(tx, found.id, by.person).await?;
    rules::refuse_space(found.space_of)?;
    let only_org_id = SettingsForm { org_id: form.org_id.clone(), ..SettingsForm::default() };
    let mut permit = None;
    if form.org_id.is_some() {
        permit = Some(allow(by.who(), found.id, role, Permission::EditLegal)?);
    }
    if form.org_id.is_none() || *form != only_org_id {
        permit = Some(allow(by.who(), found.id, role, Permission::EditDetails)?);
    }
    let Some(permit) = permit else { return Err(Refusal::NotFound.into()) };
    let wanted = rules::settings(&found.details, form)?;
    let org_id = match wanted.org_id {
        Some(new) => take(tx, ctx, by, &permit, &found.org_id, &new).await?,
        None => found.org_id.clone(),
    };
    if wanted.details != found.details {
        organizations::update_details(tx, &permit, &wanted.details).await?;
        let (before, after) = changed(&json(&found.details)?, &json(&wanted.details)?);
        let summary = format!("changed {}", names(&after));
        audit::record_change(tx, ctx, by, &permit, Action::OrganizationChanged, summary, Some(before), Some(after))
            .await?;
    }
    Ok(org_id)
}

/// Gives an organization another Org ID (ORG-5); the one it has afterwards.
async fn take(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    permit: &RolePermit,
    old: &str,
    new: &Identifier,
) -> Result<String> {
    if new.as_str() == old {
        return Ok(old.to_owned());
    }
    let taken = || Error::from(Refusal::field("org_id", FieldIssue::Taken));
    let (old_key, new_key) = (key(old), new.key());
    // Asked before it is written: on PostgreSQL, of two who take it at once, one is then told to try again.
    if organizations::is_taken(tx, permit, &new_key).await? {
        return Err(taken());
    }
    organizations::update_org_id(tx, permit, (&old_key, &new_key), new.as_str(), ctx.now())
        .await
        .map_err(Error::from)
        .map_err(|error| if error.is_taken() { taken() } else { error })?;
    let (before, after) = (serde_json::json!({ "org_id": old }), serde_json::json!({ "org_id": new }));
    let summary = format!("changed the Org ID from {old} to {}", new.as_str());
    audit::record_change(tx, ctx, by, permit, Action::OrganizationOrgIdChanged, summary, Some(before), Some(after))
        .await?;
    Ok(new.as_str().to_owned())
}

/// Legal information (ORG-4): Owners and Managers see it.
///
/// # Errors
/// `NotFound`, `Forbidden`.
pub async fn legal(ctx: &Ctx, by: &Principal, org: &str) -> Result<LegalInformation> {
    let mut tx = ctx.db().read().await?;
    let permit = organization::permit(&mut tx, by, org, Permission::ViewLegal).await?;
    let found = organizations::find(&mut tx, permit.organization()).await?.ok_or(Refusal::NotFound)?;
    rules::refuse_space(found.space_of)?;
    Ok(found.legal)
}

/// Changes legal information (ORG-4), and with it the Org ID where one is given: Owners alone. The Org ID that the
/// organization has afterwards.
///
/// # Errors
/// `NotFound`, `Forbidden`; `Invalid` with the problem of every field.
pub async fn change_legal(
    ctx: &Ctx,
    by: &Principal,
    org: &str,
    form: &LegalForm,
    org_id: Option<&str>,
) -> Result<(LegalInformation, String)> {
    let wanted = SettingsForm { org_id: org_id.map(str::to_owned), ..SettingsForm::default() };
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let permit = organization::permit(tx, by, org, Permission::EditLegal).await?;
                let found = organizations::find(tx, permit.organization()).await?.ok_or(Refusal::NotFound)?;
                rules::refuse_space(found.space_of)?;
                let (legal, wanted) =
                    both_or_every_issue(legal::parse(found.kind, form), rules::settings(&found.details, &wanted))?;
                let org_id = match wanted.org_id {
                    Some(new) => take(tx, ctx, by, &permit, &found.org_id, &new).await?,
                    None => found.org_id.clone(),
                };
                if legal != found.legal {
                    organizations::update_legal(tx, &permit, &legal).await?;
                    let (before, after) = changed(&json(&found.legal)?, &json(&legal)?);
                    let summary = format!("changed legal information: {}", names(&after));
                    let action = Action::OrganizationLegalChanged;
                    audit::record_change(tx, ctx, by, &permit, action, summary, Some(before), Some(after)).await?;
                }
                Ok((legal, org_id))
            })
        })
        .await
}

/// Two halves of one form: what is wrong with either is told at once.
fn both_or_every_issue<A, B>(
    one: std::result::Result<A, Refusal>,
    other: std::result::Result<B, Refusal>,
) -> Result<(A, B)> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok((one, other)),
        (Err(Refusal::Invalid(mut problems)), Err(Refusal::Invalid(more))) => {
            problems.extend(more);
            Err(Refusal::Invalid(problems).into())
        }
        (Err(refusal), _) | (_, Err(refusal)) => Err(refusal.into()),
    }
}

/// Deletes an organization (ORG-4): from then on it does not exist, except that its Owners may restore it for 30 days.
///
/// # Errors
/// `NotFound`, `Forbidden`; `Invalid` at `confirm` unless that is its name.
pub async fn delete(ctx: &Ctx, by: &Principal, org: &str, confirm: &str) -> Result<String> {
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let permit = organization::permit(tx, by, org, Permission::EditLegal).await?;
                let found = organizations::find(tx, permit.organization()).await?.ok_or(Refusal::NotFound)?;
                if found.space_of.is_some() {
                    let text = "A personal space is part of your account and cannot be deleted on its own.";
                    return Err(Refusal::BadRequest(text.to_owned()).into());
                }
                rules::confirmed(&found.name, confirm).map_err(super::super::error::at_field("confirm"))?;
                organizations::update_deleted_at(tx, &permit, Some(ctx.now())).await?;
                let summary = format!("deleted {}", found.name);
                audit::record_change(tx, ctx, by, &permit, Action::OrganizationDeleted, summary, None, None).await?;
                Ok(found.name)
            })
        })
        .await
}

/// The organizations that the reader deleted, or another Owner did, and that can still be restored; the newest first.
pub async fn deleted(ctx: &Ctx, by: &Principal) -> Result<Vec<DeletedView>> {
    let mut tx = ctx.db().read().await?;
    Ok(organizations::list_deleted(&mut tx, by.person, ctx.now().plus_days(-RESTORABLE_DAYS)).await?)
}

/// Restores an organization as it was (ORG-4): its Owners, for 30 days.
///
/// # Errors
/// `NotFound` for everybody else, and after that.
pub async fn restore(ctx: &Ctx, by: &Principal, org: &str) -> Result<DeletedView> {
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let (id, wanted) = (org.parse::<OrganizationId>().ok(), key(org));
                let found = organizations::list_deleted(tx, by.person, ctx.now().plus_days(-RESTORABLE_DAYS))
                    .await?
                    .into_iter()
                    .find(|one| Some(one.id) == id || key(&one.org_id) == wanted)
                    .ok_or(Refusal::NotFound)?;
                // The list is of what they own.
                let permit = allow(by.who(), found.id, Some(Role::Owner), Permission::EditLegal)?;
                organizations::update_deleted_at(tx, &permit, None).await?;
                let summary = format!("restored {}", found.name);
                audit::record_change(tx, ctx, by, &permit, Action::OrganizationRestored, summary, None, None).await?;
                Ok(found)
            })
        })
        .await
}

/// The Org ID that an organization has now, for who comes with one that it had before and may see it (ORG-5).
pub async fn new_org_id(ctx: &Ctx, by: &Principal, old: &str) -> Result<Option<String>> {
    let mut tx = ctx.db().read().await?;
    let Some(new) = organizations::find_new_org_id(&mut tx, &key(old)).await? else { return Ok(None) };
    match organization::find(&mut tx, by, &new).await {
        Ok(_) => Ok(Some(new)),
        Err(Error::Refused(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn json<T: serde::Serialize>(value: &T) -> Result<Value> {
    serde_json::to_value(value).map_err(|error| Error::Internal(error.to_string()))
}

/// Of two states, the fields that differ.
fn changed(before: &Value, after: &Value) -> (Value, Value) {
    let only = |these: &Value, those: &Value| -> Value {
        let fields = these.as_object().into_iter().flatten();
        fields
            .filter(|(field, value)| those.get(field.as_str()) != Some(*value))
            .map(|(field, value)| (field.clone(), value.clone()))
            .collect::<Map<_, _>>()
            .into()
    };
    (only(before, after), only(after, before))
}

/// "name, website": the fields of a state, in words.
fn names(state: &Value) -> String {
    let fields: Vec<String> = state
        .as_object()
        .into_iter()
        .flatten()
        .map(|(field, _)| field.replace('_', " ").replace("vat", "VAT"))
        .collect();
    fields.join(", ")
}
