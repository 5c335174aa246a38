//! Signing up and in (AUTH-1, AUTH-3), and who is signed in. The session itself is kept by the doors.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    domain::{
        id::{OrganizationId, PersonId},
        person::{SignUp, full_name, space_name},
        refusal::Refusal,
        resource::CLUSTERS,
        text::{Email, FieldIssue},
        time::Timestamp,
    },
    view::{PersonView, SessionView},
};

use super::{
    super::{
        context::{Client, Ctx, Principal},
        error::{Error, Result},
        limit::{Key, Rule, network},
        password::judge,
        store::{account, membership, organization, person, session as sessions},
    },
    accounts::AccountNames,
    client::{client_key, client_name},
    founding::Founding,
    invitation::{self, show::InvitationRef},
};

/// Who is signed in and where they belong; `org` is the Org ID of the organization that is shown, if one is.
pub async fn show(ctx: &Ctx, by: Option<&Principal>, org: &str) -> Result<SessionView> {
    let now = ctx.now();
    let Some(by) = by else {
        return Ok(SessionView {
            person: None,
            organizations: Vec::new(),
            more_organizations: false,
            shared: Vec::new(),
            invitations: Vec::new(),
            now,
        });
    };
    let mut tx = ctx.db().read().await?;
    let person = person::find(&mut tx, by.person).await?;
    let (mut organizations, more_organizations) = super::organization::listed(&mut tx, by, org).await?;
    let shared = super::organization::shared_lately(&mut tx, by, &organizations).await?;
    // Accounts are told apart only where somebody sees several (ACCT-4).
    let ids: Vec<OrganizationId> = organizations.iter().map(|one| one.id).collect();
    for seen in
        account::list_of_person(&mut tx, by.person, &ids).await?.chunk_by(|a, b| a.organization == b.organization)
    {
        if let Some(at) = organizations.iter_mut().find(|one| one.id == seen[0].organization) {
            at.accounts = AccountNames::among(seen.to_vec()).links();
        }
    }
    let verified = person.as_ref().is_some_and(|person| person.email_verified);
    let invitations = super::invitation::show::waiting(&mut tx, by, verified, now).await?;
    Ok(SessionView { person, organizations, more_organizations, shared, invitations, now })
}

/// Who is behind a session, for the doors, by the id in its cookie, and when it was seen last. One question, asked at every request: a session that
/// was ended is nobody's at once.
pub async fn principal(
    ctx: &Ctx,
    session: sessions::Id,
    client: &Client,
) -> Result<Option<(Principal, Option<Timestamp>)>> {
    let mut tx = ctx.db().read().await?;
    let found = sessions::find_person(&mut tx, session).await?;
    Ok(found.map(|(found, seen)| (as_principal(&found, client), seen)))
}

/// Notes that somebody looks at the pages of an organization, for the order of the switcher. What is none of theirs is left
/// alone.
pub async fn note_organization(ctx: &Ctx, person: PersonId, org: &str) -> Result<()> {
    let at = ctx.now();
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let id = match org.parse::<OrganizationId>() {
                    Ok(id) => Some(id),
                    Err(_) => organization::find_id(tx, &crate::domain::text::key(org)).await?,
                };
                match id {
                    Some(id) => Ok(membership::update_used(tx, id, person, at).await?),
                    None => Ok(()),
                }
            })
        })
        .await
}

fn as_principal(person: &PersonView, client: &Client) -> Principal {
    Principal {
        person: person.id,
        name: full_name(&person.first_name, &person.last_name),
        email_key: crate::domain::text::key(&person.email),
        address: client.address.clone(),
        session: None,
        key: None,
    }
}

/// The Org ID of the organization that a person lands in when they sign in (SET-1), if they chose one.
pub async fn landing(ctx: &Ctx, person: PersonId) -> Result<Option<String>> {
    let mut tx = ctx.db().read().await?;
    Ok(person::find_default_org_id(&mut tx, person).await?)
}

/// Who wants to sign up.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SignUpForm {
    pub first_name: String,
    pub last_name: String,
    pub email: String,
    /// 12 to 128 characters.
    pub password: String,
    /// The token of a mailed invitation. It joins its organization and verifies the address.
    #[serde(rename = "invitation_token", deserialize_with = "super::null_is_empty")]
    #[schema(value_type = Option<String>)]
    pub invitation: String,
}

/// Signs somebody up: with a personal space (SPACE-1) and a mailed link to prove their address (AUTH-2), or from an
/// invitation into its organization (PEOPLE-4a), whose link proves the address.
///
/// # Errors
/// `Invalid` with the problem of every field, a taken email and a weak password among them; `InvitationWrongPerson`,
/// `InvitationClosed`, `InvitationExpired`.
pub async fn sign_up(ctx: &Ctx, client: &Client, form: &SignUpForm) -> Result<PersonView> {
    add(ctx, client, form, false).await
}

/// Signs somebody up whose address needs no proof: for the operator's example and generated data.
///
/// # Errors
/// See [`sign_up`].
pub async fn sign_up_verified(
    ctx: &Ctx,
    first_name: &str,
    last_name: &str,
    email: &str,
    password: &str,
) -> Result<PersonView> {
    let form = SignUpForm {
        first_name: first_name.to_owned(),
        last_name: last_name.to_owned(),
        email: email.to_owned(),
        password: password.to_owned(),
        invitation: String::new(),
    };
    add(ctx, &Client::default(), &form, true).await
}

async fn add(ctx: &Ctx, client: &Client, form: &SignUpForm, verified: bool) -> Result<PersonView> {
    let new = SignUp::parse(&form.first_name, &form.last_name, &form.email, &form.password)?;
    let invited = !form.invitation.trim().is_empty();
    if !verified {
        ctx.policy().may_sign_up(&new.email, invited)?;
    }
    judge(&new.password, &[new.first_name.as_str(), new.last_name.as_str(), new.email.as_str()])?;
    if invited {
        // Who holds no such invitation does not keep the hasher busy. Those who do may be many in one room.
        let mut tx = ctx.db().read().await?;
        if invitation::answer::addressee(&mut tx, ctx, form.invitation.trim()).await? != new.email.key() {
            return Err(Refusal::InvitationWrongPerson.into());
        }
    } else if let Some(address) = &client.address {
        ctx.limits().take(&[Key::of(Rule::SIGN_UPS, format!("sign-ups {}", network(Some(address))))], 1)?;
    }
    // Asking which emails are taken is limited like guessing passwords.
    let asking = [client_key(client)];
    // That others have passwords hashed just now is no answer.
    let answers = |refusal: &Refusal| !matches!(refusal, Refusal::RateLimited(_));
    ctx.limits().guard(&asking, answers, insert(ctx, client, form, &new, verified)).await
}

/// Hashes the password and writes everything that a new person begins with.
async fn insert(ctx: &Ctx, client: &Client, form: &SignUpForm, new: &SignUp, verified: bool) -> Result<PersonView> {
    let password_hash = ctx.hasher().hash(&client_name(client), &new.password).await?;
    let (id, now) = (PersonId(ctx.id()), ctx.now());
    let view = PersonView {
        id,
        email: new.email.as_str().to_owned(),
        first_name: new.first_name.to_string(),
        last_name: new.last_name.to_string(),
        email_verified: verified,
    };
    let (email_key, by) = (new.email.key(), as_principal(&view, client));
    let invitation = form.invitation.trim();
    let written: Result<bool> = ctx
        .db()
        .write(|tx, _| {
            Box::pin(async {
                if !invitation.is_empty() && invitation::answer::addressee(tx, ctx, invitation).await? != email_key {
                    return Err(Refusal::InvitationWrongPerson.into());
                }
                let row = person::NewPerson {
                    id,
                    email: &view.email,
                    email_key: &email_key,
                    first_name: &view.first_name,
                    last_name: &view.last_name,
                    password_hash: &password_hash,
                    cluster: CLUSTERS[0].0,
                    at: now,
                };
                // The only unique value of a person is the email; say so before the space adds others.
                match person::insert(tx, &row).await.map_err(Error::from) {
                    Err(error) if error.is_taken() => {
                        return Err(Refusal::field("email", FieldIssue::EmailTaken).into());
                    }
                    inserted => inserted?,
                }
                if !invitation.is_empty() {
                    invitation::answer::accept_in(tx, ctx, &by, &InvitationRef::Token(invitation.to_owned())).await?;
                    return Ok(true);
                }
                if verified {
                    person::update_verified(tx, id).await?;
                } else {
                    super::my_account::send_verification(tx, ctx, &view).await?;
                }
                if ctx.policy().has_founding() {
                    let space = Founding::space(&space_name(&view.first_name, &view.last_name));
                    super::founding::found(tx, ctx, &by, &space).await?;
                }
                Ok(verified)
            })
        })
        .await;
    let email_verified = written?;
    Ok(PersonView { email_verified, ..view })
}

/// Signs somebody in. It takes as long whether or not the email exists, and says one thing whatever was wrong (AUTH-3).
///
/// # Errors
/// `WrongCredentials`; `RateLimited` after too many failures.
pub async fn sign_in(ctx: &Ctx, client: &Client, email: &str, password: &str) -> Result<PersonView> {
    let mut fields = crate::domain::fields::Fields::default();
    let email = fields.check("email", Email::parse(email));
    fields.check("password", if password.is_empty() { Err(FieldIssue::Missing) } else { Ok(()) });
    fields.done()?;
    let email_key = email.ok_or(Refusal::WrongCredentials)?.key();
    let (known, at_home) = {
        let mut tx = ctx.db().read().await?;
        let known = person::find_credentials(&mut tx, &email_key).await?;
        // Who has a session at this very address is known there: others who fail with their email do not hold them up.
        let id = known.as_ref().map_or_else(|| PersonId(uuid::Uuid::nil()), |known| PersonId(known.id));
        let address = client.address.as_deref().unwrap_or_default();
        let at_home = sessions::has_at(&mut tx, id, address, ctx.now()).await?;
        (known, at_home)
    };
    let mut keys = vec![client_key(client)];
    if !at_home {
        keys.push(Key::failures(format!("email {email_key}")));
    }
    ctx.limits()
        .guard(&keys, |refusal| *refusal == Refusal::WrongCredentials, async {
            // Longer than any password can be: wrong for sure, and not worth hashing megabytes.
            let tried: String = password.chars().take(crate::domain::text::MAX_TRIED_LENGTH).collect();
            let id = known.as_ref().map(|known| PersonId(known.id));
            let stored = known.map(|known| known.password_hash);
            let right = ctx.hasher().verify(&client_name(client), &tried, stored).await?;
            let mut tx = ctx.db().read().await?;
            let found = match id {
                Some(id) if right => person::find(&mut tx, id).await?,
                _ => None,
            };
            found.ok_or_else(|| Refusal::WrongCredentials.into())
        })
        .await
}
