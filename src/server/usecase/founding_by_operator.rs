//! Founding an organization at the operator's command line (ORG-1).

use crate::{
    domain::{
        audit::Action,
        fields::Fields,
        id::PersonId,
        organization::{NewOrganization, NewOrganizationForm},
        person::full_name,
        refusal::Refusal,
        resource::CLUSTERS,
        text::{Email, Name, Password},
    },
    server::{
        context::{Ctx, Principal},
        error::Result,
        store::{Tx, person},
        usecase::{
            audit::{self, AuditEvent},
            founding::{Founding, found},
            organization::turn_space_of,
        },
    },
    view::PersonView,
};

/// Creates an organization at the operator's command line, for an Owner who may not have an account yet: then they get one,
/// and a mail to set its password. The Org ID.
///
/// # Errors
/// `Invalid` with the problem of every field.
pub async fn create_for(ctx: &Ctx, owner: &OwnerForm, form: &NewOrganizationForm) -> Result<String> {
    let email = Email::parse(&owner.email).map_err(|problem| Refusal::field("owner", problem))?;
    let founding = Founding::of(NewOrganization::parse(form)?);
    // Nobody knows this password: the account opens with the mailed link alone.
    let unknown = Password::parse(&ctx.token()).map_err(|problem| Refusal::field("password", problem))?;
    let password_hash = ctx.hasher().hash("", &unknown).await?;
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let known = person::find_by_email(tx, &email.key()).await?;
                let new = known.is_none();
                let owner = match known {
                    Some(known) => known,
                    None => insert_owner(tx, ctx, owner, &email, &password_hash).await?,
                };
                let by = Principal {
                    person: owner.id,
                    name: full_name(&owner.first_name, &owner.last_name),
                    email_key: email.key(),
                    address: None,
                    session: None,
                    key: None,
                };
                let founded = found(tx, ctx, &by, &founding).await?;
                turn_space_of(tx, owner.id).await?;
                let summary = format!("created {} for {}", founding.name, by.name);
                let what = AuditEvent {
                    organization: Some(founded.id),
                    ..AuditEvent::new(Action::OrganizationCreatedFor, summary)
                };
                audit::note_operator(tx, ctx, what).await?;
                if new {
                    let operator = Principal { name: "The operator".to_owned(), ..by };
                    let (address, name) = (email.as_str(), &founding.name);
                    super::my_account::invite_to_set_password(tx, ctx, owner.id, address, name, &operator).await?;
                }
                Ok(founded.org_id)
            })
        })
        .await
}

/// Who is to own an organization that the operator creates.
#[derive(Debug, Clone, Default)]
pub struct OwnerForm {
    /// Address.
    pub email: String,
    /// First name, where there is no such account yet.
    pub first_name: String,
    /// Last name, where there is no such account yet.
    pub last_name: String,
}

async fn insert_owner(tx: &mut Tx, ctx: &Ctx, owner: &OwnerForm, email: &Email, hash: &str) -> Result<PersonView> {
    let mut fields = Fields::default();
    let first_name = fields.check("first_name", Name::parse(&owner.first_name));
    let last_name = fields.check("last_name", Name::parse(&owner.last_name));
    fields.done()?;
    let (Some(first_name), Some(last_name)) = (first_name, last_name) else {
        return Err(Refusal::Invalid(Vec::new()).into());
    };
    let view = PersonView {
        id: PersonId(ctx.id()),
        email: email.as_str().to_owned(),
        first_name: first_name.to_string(),
        last_name: last_name.to_string(),
        email_verified: false,
    };
    let row = person::NewPerson {
        id: view.id,
        email: &view.email,
        email_key: &email.key(),
        first_name: &view.first_name,
        last_name: &view.last_name,
        password_hash: hash,
        cluster: CLUSTERS[0].0,
        at: ctx.now(),
    };
    person::insert(tx, &row).await?;
    Ok(view)
}
