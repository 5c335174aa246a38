//! Credential keys (AUTH-6): making and revoking them, handing out tokens, and finding out which key a token is of.

use crate::{
    domain::{
        audit::Action,
        cap::may_create_keys,
        id::{AccountId, KeyId, OrganizationId, PersonId},
        key::{self as rules, KeyForm, TOKEN_LIFETIME_MILLIS, parse_client_id},
        refusal::Refusal,
        requester::may_reach_the_whole,
        role::Permission,
        text::{FieldIssue, key as folded},
    },
    view::key::{KeyView, KeysView, NewSecret},
};

use super::{
    super::{
        context::{Client, Ctx, KeyPrincipal, Principal, digest},
        error::Result,
        store::{Tx, account, key, membership, seat},
    },
    audit::{self, AuditEvent},
    client::client_key,
    organization,
};

/// The keys of an organization that work.
///
/// # Errors
/// `NotFound` and `Forbidden` by role.
pub async fn list(ctx: &Ctx, by: &Principal, org: &str) -> Result<Vec<KeyView>> {
    let mut tx = ctx.db().read().await?;
    let permit = organization::permit(&mut tx, by, org, Permission::ManageAccounts).await?;
    Ok(key::list(&mut tx, permit.organization()).await?)
}

/// What the settings part **Credential keys** shows; `secret` is what was just made, and is shown to who manages keys here.
///
/// # Errors
/// `NotFound` and `Forbidden` by role.
pub async fn show(ctx: &Ctx, by: &Principal, org: &str, secret: Option<NewSecret>) -> Result<KeysView> {
    let mut tx = ctx.db().read().await?;
    let permit = organization::permit(&mut tx, by, org, Permission::ManageAccounts).await?;
    let keys = key::list(&mut tx, permit.organization()).await?;
    let accounts = account::list(&mut tx, permit.organization()).await?;
    Ok(KeysView {
        secret: secret.filter(|secret| keys.iter().any(|key| key.id == secret.key)),
        keys,
        accounts: accounts.into_iter().map(|account| (account.id.to_string(), account.name)).collect(),
    })
}

/// Makes a key. The secret is in the answer, and nowhere afterwards.
///
/// # Errors
/// `NotFound` and `Forbidden` by role; `Invalid` with the problem of every field.
pub async fn create(ctx: &Ctx, by: &Principal, org: &str, form: &KeyForm) -> Result<(KeyView, NewSecret)> {
    let (id, secret) = (KeyId(ctx.id()), ctx.token());
    let hash = digest(secret.as_bytes());
    let view: Result<KeyView> = ctx
        .db()
        .write(|tx, _| {
            Box::pin(async {
                let permit = organization::permit(tx, by, org, Permission::ManageAccounts).await?;
                super::mail_limit::proved(tx, by).await?;
                if let Some((role, caps)) = membership::find_caps(tx, permit.organization(), by.person).await? {
                    may_create_keys(role, caps)?;
                }
                let accounts = account::list(tx, permit.organization()).await?;
                let wanted = form.account.trim();
                let found = accounts.iter().find(|account| {
                    wanted.is_empty()
                        || wanted.parse::<AccountId>().is_ok_and(|id| id == account.id)
                        || folded(wanted) == folded(&account.account_id)
                });
                let (name, account, scopes) = rules::parse(form, found.cloned().ok_or(FieldIssue::NotAChoice))?;
                rules::may_add(key::list(tx, permit.organization()).await?.len())?;
                let new = key::NewKey {
                    id,
                    account: account.id,
                    name: name.as_str(),
                    secret_hash: &hash,
                    scopes: &scopes,
                    by_name: &by.name,
                    at: ctx.now(),
                };
                key::insert(tx, &permit, &new).await?;
                let what = AuditEvent {
                    organization: Some(permit.organization()),
                    after: Some(
                        serde_json::json!({ "key": id, "account": account.account_id, "scopes": scopes.text() }),
                    ),
                    ..AuditEvent::new(Action::KeyCreated, format!("created the credential key “{name}”"))
                };
                audit::record(tx, ctx, by, what).await?;
                Ok(KeyView {
                    id,
                    name: name.to_string(),
                    client_id: rules::client_id(id),
                    account: account.account_id,
                    scopes,
                    created_by: by.name.clone(),
                    created_at: ctx.now(),
                    last_used_at: None,
                })
            })
        })
        .await;
    let view = view?;
    let secret = NewSecret { key: id, name: view.name.clone(), client_id: view.client_id.clone(), secret };
    Ok((view, secret))
}

/// Revokes a key: it and its tokens are dead at once, and the seats it holds are free. Answers its name.
///
/// # Errors
/// `NotFound` and `Forbidden` by role; `NotFound` if there is no such key.
pub async fn revoke(ctx: &Ctx, by: &Principal, org: &str, id: &str) -> Result<String> {
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let permit = organization::permit(tx, by, org, Permission::ManageAccounts).await?;
                let id: KeyId = id.trim().parse().map_err(|_| Refusal::NotFound)?;
                let name = key::revoke(tx, &permit, id, ctx.now()).await?.ok_or(Refusal::NotFound)?;
                seat::delete_of_key(tx, &permit, id).await?;
                let what = AuditEvent {
                    organization: Some(permit.organization()),
                    before: Some(serde_json::json!({ "key": id })),
                    ..AuditEvent::new(Action::KeyRevoked, format!("revoked the credential key “{name}”"))
                };
                audit::record(tx, ctx, by, what).await?;
                Ok(name)
            })
        })
        .await
}

/// A bearer token, and for how many seconds it works.
#[derive(Debug, Clone)]
pub struct Token {
    /// As it stands in the header.
    pub token: String,
    /// How long it works.
    pub seconds: i64,
    /// What it is good for.
    pub scopes: String,
}

/// Hands out a token for a client ID and its secret (client credentials). Failures are counted as those of signing in are, and
/// say one thing.
///
/// # Errors
/// `WrongCredentials`; `RateLimited`.
pub async fn token(ctx: &Ctx, client: &Client, client_id: &str, secret: &str) -> Result<Token> {
    let id = parse_client_id(client_id);
    // Not by client ID as well: its secret cannot be guessed, and whoever knows the ID could lock the machine out.
    let keys = [client_key(client)];
    let (hash, token) = (digest(secret.as_bytes()), ctx.token());
    let token_hash = digest(token.as_bytes());
    let scopes: Result<String> = ctx
        .limits()
        .guard(&keys, |refusal| *refusal == Refusal::WrongCredentials, async {
            ctx.db()
                .write(|tx, _| {
                    Box::pin(async {
                        let id = id.ok_or(Refusal::WrongCredentials)?;
                        let found = key::find_by_secret(tx, id, &hash).await?.ok_or(Refusal::WrongCredentials)?;
                        let now = ctx.now();
                        key::insert_token(tx, id, &token_hash, now, now.plus_millis(TOKEN_LIFETIME_MILLIS)).await?;
                        Ok(found.scopes.text())
                    })
                })
                .await
        })
        .await;
    Ok(Token { token, seconds: TOKEN_LIFETIME_MILLIS / 1_000, scopes: scopes? })
}

/// Which key a bearer token is of, if it works.
pub async fn identify(ctx: &Ctx, token: &str, client: &Client) -> Result<Option<KeyPrincipal>> {
    let mut tx = ctx.db().read().await?;
    let found = key::find_by_token(&mut tx, &digest(token.as_bytes()), ctx.now()).await?;
    Ok(found.map(|key| principal(key, client.address.clone())))
}

fn principal(key: key::Key, address: Option<String>) -> KeyPrincipal {
    KeyPrincipal {
        key: key.id,
        name: key.name,
        organization: key.organization,
        account: key.account,
        scopes: key.scopes,
        address,
    }
}

/// The key behind the identity that began some long work, if it was a machine and its key still works.
pub(super) async fn of_identity(
    tx: &mut Tx,
    person: PersonId,
    address: Option<String>,
) -> Result<Option<KeyPrincipal>> {
    Ok(key::find(tx, KeyId(person.0)).await?.map(|key| principal(key, address)))
}

/// Leave to what is of an organization as a whole: everybody's where their role allows it, and a machine's where its account is
/// the only one.
///
/// # Errors
/// `Forbidden`, saying so.
pub(super) async fn reach_the_whole(tx: &mut Tx, by: &Principal, organization: OrganizationId) -> Result<()> {
    if by.key.is_some() {
        may_reach_the_whole(by.who(), account::count(tx, organization).await?)?;
    }
    Ok(())
}
