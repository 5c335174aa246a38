//! Creating a person's account directly (PEOPLE-8).

use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    domain::{
        audit::Action,
        fields::Fields,
        id::PersonId,
        plan::may_give,
        refusal::Refusal,
        role::{Permission, Role},
        role_change::change_role as may_change_role,
        text::{Email, FieldIssue, Name, Password},
    },
    server::{
        context::{Ctx, Principal},
        error::{Error, Result},
        limit::{Key, network},
        store::{membership, organization as organizations, person},
        usecase::{
            self,
            audit::{self, AuditEvent},
            mail_limit::{MailBudget, may_email_strangers},
            my_account, organization,
        },
    },
    view::people::{PersonRow, PersonStatus},
};

/// Counts attempts to find out which addresses have an account.
fn asking_key(by: &Principal) -> Key {
    Key::failures(format!("create-person:{}", by.person))
}

/// A person to create an account for.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NewPersonForm {
    pub email: String,
    pub first_name: String,
    pub last_name: String,
    /// `owner`, `manager`, `editor`, `reader` or `member`.
    pub role: String,
}

/// Creates a person's account directly (PEOPLE-8): they are in the organization at once, and set their password from a
/// mailed link, which proves the address.
///
/// # Errors
/// `NotFound` and `Forbidden` by role; `Invalid` with the problem of every field, an address that is known among them.
pub async fn create(ctx: &Ctx, by: &Principal, org: &str, form: &NewPersonForm) -> Result<PersonRow> {
    let mut fields = Fields::default();
    let first_name = fields.check("first_name", Name::parse(&form.first_name));
    let last_name = fields.check("last_name", Name::parse(&form.last_name));
    let email = fields.check("email", Email::parse(&form.email));
    let role = fields.check("role", Role::parse(&form.role));
    {
        // Before the fields are judged: who may not do this learns nothing else. Checked again in the transaction below.
        let mut tx = ctx.db().read().await?;
        organization::permit(&mut tx, by, org, Permission::CreatePerson).await?;
    }
    fields.done()?;
    let (Some(first_name), Some(last_name), Some(email), Some(role)) = (first_name, last_name, email, role) else {
        return Err(Refusal::Invalid(Vec::new()).into());
    };
    // The answer says whether an address has an account, and an Owner has to know. So asking is limited like guessing
    // passwords.
    let asking = [asking_key(by)];
    let budget = MailBudget::about(ctx, by, 1)?;
    let tried = ctx.limits().admit(&asking).await?;
    // Nobody knows this password: only the mailed link opens the account. Hashing is slow, so it is done before the
    // transaction, which on SQLite holds the only writing connection.
    let unknown = Password::parse(&ctx.token()).map_err(|problem| Refusal::field("password", problem))?;
    let password_hash = ctx.hasher().hash(&network(by.address.as_deref()), &unknown).await?;
    let id = PersonId(ctx.id());
    let row = PersonRow {
        person: Some(id),
        invitation: None,
        name: crate::domain::person::full_name(first_name.as_str(), last_name.as_str()),
        email: email.as_str().to_owned(),
        role: Some(role),
        status: PersonStatus::Active,
        last_seen: None,
        expires_at: None,
        resources: 0,
        reaches: Vec::new(),
        accounts: None,
    };
    let created: Result<()> = ctx
        .db()
        .write(|tx, _| {
            Box::pin(async {
                let permit = organization::permit(tx, by, org, Permission::CreatePerson).await?;
                may_email_strangers(tx, ctx, by, permit.organization(), 1).await?;
                let at = organizations::find(tx, permit.organization()).await?.ok_or(Refusal::NotFound)?;
                if at.space_of.is_some() {
                    return Err(Refusal::NotFound.into());
                }
                may_change_role(permit.role(), Role::Member, role)?;
                may_give(at.plan, role)?;
                usecase::licence::entitlement::allow_role(tx, permit.organization(), role, ctx.now()).await?;
                let new = person::NewPerson {
                    id,
                    email: email.as_str(),
                    email_key: &email.key(),
                    first_name: first_name.as_str(),
                    last_name: last_name.as_str(),
                    password_hash: &password_hash,
                    cluster: crate::domain::resource::CLUSTERS[0].0,
                    at: ctx.now(),
                };
                match person::insert(tx, &new).await.map_err(Error::from) {
                    Err(error) if error.is_taken() => {
                        return Err(Refusal::field("email", FieldIssue::KnownAlready).into());
                    }
                    inserted => inserted?,
                }
                membership::insert(tx, &permit, id, role, ctx.now()).await?;
                let summary = format!("created an account for {} as {}", row.name, role.with_article());
                let what = AuditEvent {
                    organization: Some(permit.organization()),
                    after: Some(serde_json::json!({ "person": id, "email": email.as_str(), "role": role })),
                    ..AuditEvent::new(Action::PersonCreated, summary)
                };
                audit::record(tx, ctx, by, what).await?;
                my_account::invite_to_set_password(tx, ctx, id, email.as_str(), &at.name, by).await
            })
        })
        .await;
    // Only a refusal at a field tells something about an address. Any other outcome is not counted as an attempt.
    tried.settle(matches!(&created, Err(Error::Refused(Refusal::Invalid(_)))));
    created?;
    budget.sent(1);
    Ok(row)
}
