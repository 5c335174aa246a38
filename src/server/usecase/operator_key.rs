//! Keys of the operator's API (ORG-8).

use crate::{
    domain::{audit::Action, id::OperatorKeyId, refusal::Refusal, text::Name, time::Timestamp},
    server::{
        context::{Ctx, digest, same_digest},
        error::{Error, Result, at_field},
        store::{Tx, operator_key},
        usecase::{
            audit::{self, AuditEvent},
            operator::Operator,
            pager::Pager,
        },
    },
    view::Page,
};

/// A key of the operator's API, without the key.
#[derive(Debug, Clone)]
pub struct KeyView {
    /// Id.
    pub id: OperatorKeyId,
    /// What it is for.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was used last, to a few minutes.
    pub last_used_at: Option<Timestamp>,
    /// Since when it does not work any more.
    pub revoked_at: Option<Timestamp>,
}

impl From<operator_key::OperatorKey> for KeyView {
    fn from(key: operator_key::OperatorKey) -> Self {
        let operator_key::OperatorKey { id, name, created_at, last_used_at, revoked_at, .. } = key;
        Self { id, name, created_at, last_used_at, revoked_at }
    }
}

/// What every key begins with, so that one that was lost somewhere is known for what it is.
const PREFIX: &str = "cho_";

/// Makes a key of the operator's API; it, and the key itself, which is known only now.
///
/// # Errors
/// `Invalid` at `name`.
pub async fn create_key(ctx: &Ctx, operator: &Operator, name: &str) -> Result<(KeyView, String)> {
    let name = Name::parse(name).map_err(at_field("name"))?;
    let id = OperatorKeyId(ctx.id());
    let secret = format!("{PREFIX}{}_{}", id.0.simple(), ctx.token());
    let hash = digest(secret.as_bytes());
    let made: Result<KeyView> = ctx
        .db()
        .write(|tx, _| {
            Box::pin(async {
                operator_key::insert(tx, id, name.as_str(), &hash, ctx.now()).await?;
                note_key(
                    tx,
                    ctx,
                    operator,
                    Action::OperatorKeyCreated,
                    format!("created the operator key “{name}”"),
                    id,
                )
                .await?;
                let found = operator_key::find(tx, id).await?.ok_or(Refusal::NotFound)?;
                Ok(found.into())
            })
        })
        .await;
    Ok((made?, secret))
}

async fn note_key(
    tx: &mut Tx,
    ctx: &Ctx,
    operator: &Operator,
    action: Action,
    summary: String,
    id: OperatorKeyId,
) -> Result<()> {
    let after = Some(serde_json::json!({ "key": id }));
    audit::note_as(tx, ctx, operator, AuditEvent { after, ..AuditEvent::new(action, summary) }).await
}

/// One page of the keys, oldest first, revoked ones among them.
///
/// # Errors
/// `Invalid` at a field of the query.
pub async fn list_keys(ctx: &Ctx, cursor: &str, limit: Option<i64>) -> Result<Page<KeyView>> {
    let limit = super::limit(limit)?;
    let pager = Pager::new("operator keys");
    let behind = pager.read(cursor)?;
    let mut tx = ctx.db().read().await?;
    let keys = operator_key::list(&mut tx, behind, limit + 1).await?;
    Ok(pager.page(keys, limit, |key| key.id)?.map(Into::into))
}

/// Ends a key, at once.
///
/// # Errors
/// `NotFound` if there is none that works.
pub async fn revoke_key(ctx: &Ctx, operator: &Operator, id: &str) -> Result<()> {
    let id: OperatorKeyId = super::id("id", id).map_err(|_| Refusal::NotFound)?;
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let found = operator_key::find(tx, id).await?.ok_or(Refusal::NotFound)?;
                if !operator_key::update_revoked(tx, id, ctx.now()).await? {
                    return Err(Refusal::NotFound.into());
                }
                let summary = format!("revoked the operator key “{}”", found.name);
                note_key(tx, ctx, operator, Action::OperatorKeyRevoked, summary, id).await
            })
        })
        .await
}

/// Using a key is noted once in so many milliseconds at most.
const USE_RECORDED_EVERY_MILLIS: i64 = 5 * 60_000;

/// Whose key this is, if it is one that works: which, and who acts with it. The digests are compared in a time that does not
/// tell how far they agree.
pub async fn authenticate(
    ctx: &Ctx,
    secret: &str,
    address: Option<String>,
) -> Result<Option<(OperatorKeyId, Operator)>> {
    let id = secret
        .strip_prefix(PREFIX)
        .and_then(|rest| rest.split_once('_'))
        .and_then(|(id, _)| id.parse::<OperatorKeyId>().ok());
    let Some(id) = id else { return Ok(None) };
    let found = operator_key::find(&mut ctx.db().read().await?, id).await?;
    let Some(found) = found.filter(|key| same_digest(&key.key_hash, &digest(secret.as_bytes()))) else {
        return Ok(None);
    };
    if found.revoked_at.is_some() {
        return Ok(None);
    }
    let now = ctx.now();
    if found.last_used_at.is_none_or(|at| now.0 - at.0 >= USE_RECORDED_EVERY_MILLIS) {
        ctx.db()
            .write(|tx, _| Box::pin(async { Ok::<_, Error>(operator_key::update_used(tx, id, now).await?) }))
            .await?;
    }
    Ok(Some((id, Operator { name: format!("Operator ({})", found.name), address })))
}
