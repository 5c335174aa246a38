//! Signing up and in (AUTH-1, AUTH-3), and who is signed in. The session itself is kept by the doors.

use crate::domain::{
    id::{PersonId, ResourceId},
    person::{SignUp, full_name, space_name},
    refusal::Refusal,
    resource::CLUSTERS,
    text::{Email, Problem},
    view::{PersonView, SessionView},
};

use super::{
    super::{
        context::{Client, Ctx, Principal},
        error::{Error, Result},
        password::judge,
        store::{account, organization, person, session as sessions},
    },
    organization::Founding,
};

/// Who is signed in and where they belong.
///
/// # Errors
/// The database.
pub async fn show(ctx: &Ctx, by: Option<&Principal>) -> Result<SessionView> {
    let now = ctx.now();
    let Some(by) = by else { return Ok(SessionView { person: None, organizations: Vec::new(), now }) };
    let mut tx = ctx.db().read().await?;
    let person = person::find(&mut tx, by.person).await?;
    let organizations = organization::list_of_person(&mut tx, by.person).await?;
    Ok(SessionView { person, organizations, now })
}

/// Who is signed in, and the root of their personal space while they have one (SPACE-1).
///
/// # Errors
/// The database.
pub async fn me(ctx: &Ctx, by: &Principal) -> Result<(SessionView, Option<ResourceId>)> {
    let mut tx = ctx.db().read().await?;
    let person = person::find(&mut tx, by.person).await?;
    let organizations = organization::list_of_person(&mut tx, by.person).await?;
    let space = organizations.iter().find(|belonging| belonging.personal);
    let root = match space {
        Some(space) => account::list(&mut tx, space.id).await?.first().map(|account| account.root),
        None => None,
    };
    Ok((SessionView { person, organizations, now: ctx.now() }, root))
}

/// Who is behind a session, for the doors, by the id in its cookie. One question, asked at every request: a session that
/// was ended is nobody's at once.
///
/// # Errors
/// The database.
pub async fn principal(ctx: &Ctx, session: sessions::Id, client: &Client) -> Result<Option<Principal>> {
    let mut tx = ctx.db().read().await?;
    Ok(sessions::find_person(&mut tx, session).await?.map(|found| as_principal(&found, client)))
}

fn as_principal(person: &PersonView, client: &Client) -> Principal {
    Principal {
        person: person.id,
        name: full_name(&person.first_name, &person.last_name),
        email_key: crate::domain::text::key(&person.email),
        address: client.address.clone(),
    }
}

/// Signs somebody up: a person with a personal space (SPACE-1).
///
/// # Errors
/// `Invalid` with the problem of every field, a taken email and a weak password among them.
pub async fn sign_up(
    ctx: &Ctx,
    client: &Client,
    first_name: &str,
    last_name: &str,
    email: &str,
    password: &str,
) -> Result<PersonView> {
    let new = SignUp::parse(first_name, last_name, email, password)?;
    // Asking which emails are taken is limited like guessing passwords.
    let asking = [client_key(client)];
    ctx.limits().check(&asking, ctx.now())?;
    judge(&new.password, &[new.first_name.as_str(), new.last_name.as_str(), new.email.as_str()])?;
    let password_hash = ctx.hasher().hash(&new.password).await?;
    let (id, now) = (PersonId(ctx.id()), ctx.now());
    let view = PersonView {
        id,
        email: new.email.as_str().to_owned(),
        first_name: new.first_name.to_string(),
        last_name: new.last_name.to_string(),
        email_verified: false,
    };
    let (ctx_in, email_key, by) = (ctx.clone(), new.email.key(), as_principal(&view, client));
    let stored = view.clone();
    let written: Result<()> = ctx
        .db()
        .write(move |tx| {
            let (ctx, view, email_key, password_hash, by) =
                (ctx_in.clone(), stored.clone(), email_key.clone(), password_hash.clone(), by.clone());
            Box::pin(async move {
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
                    Err(error) if error.is_taken() => return Err(Refusal::field("email", Problem::EmailTaken).into()),
                    inserted => inserted?,
                }
                let space = Founding::space(&space_name(&view.first_name, &view.last_name));
                super::organization::found(tx, &ctx, &by, &space).await?;
                Ok(())
            })
        })
        .await;
    if let Err(Error::Refused(_)) = &written {
        ctx.limits().failed(&asking, ctx.now());
    }
    written?;
    Ok(view)
}

/// What failures of a client are counted under.
fn client_key(client: &Client) -> String {
    format!("client {}", client.address.as_deref().unwrap_or("unknown"))
}

/// Signs somebody in. It takes as long whether or not the email exists, and says one thing whatever was wrong (AUTH-3).
///
/// # Errors
/// `WrongCredentials`; `RateLimited` after too many failures.
pub async fn sign_in(ctx: &Ctx, client: &Client, email: &str, password: &str) -> Result<PersonView> {
    let mut fields = crate::domain::text::Fields::default();
    let email = fields.check("email", Email::parse(email));
    fields.check("password", if password.is_empty() { Err(Problem::Missing) } else { Ok(()) });
    fields.done()?;
    let email_key = email.ok_or(Refusal::WrongCredentials)?.key();
    let keys = [format!("email {email_key}"), client_key(client)];
    ctx.limits().check(&keys, ctx.now())?;
    let known = {
        let mut tx = ctx.db().read().await?;
        person::find_credentials(&mut tx, &email_key).await?
    };
    // Longer than any password can be: wrong for sure, and not worth hashing megabytes.
    let tried: String = password.chars().take(129).collect();
    let id = known.as_ref().map(|known| PersonId(known.id));
    let right = ctx.hasher().verify(&tried, known.map(|known| known.password_hash)).await?;
    let mut tx = ctx.db().read().await?;
    let found = match id {
        Some(id) if right => person::find(&mut tx, id).await?,
        _ => None,
    };
    found.ok_or_else(|| {
        ctx.limits().failed(&keys, ctx.now());
        Refusal::WrongCredentials.into()
    })
}
