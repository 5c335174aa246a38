//! Who acts as the operator, the keys of the operator's API, and answering what Owners ask for (ORG-8). Granting is in
//! [`super::licence`].

use crate::{
    domain::{
        billing::{self as rules, RequestState},
        id::{OperatorKeyId, RequestId},
        refusal::Refusal,
        text::{FieldIssue, Name, key},
        time::Timestamp,
    },
    view::{Page, billing::RequestView},
};

use super::{
    super::{
        context::{Ctx, digest, same_digest},
        error::{Error, Result, at_field},
        mail::{self, EmailMessage},
        store::{Tx, membership, operator_key, organization, purchase_request},
    },
    audit::{self, AuditEvent},
};

/// Who acts as the operator.
#[derive(Debug, Clone)]
pub struct Operator {
    /// What the audit log calls them.
    pub name: String,
    /// The network address they came from.
    pub address: Option<String>,
}

impl Operator {
    /// Whoever can run the program on the database.
    pub fn command_line() -> Self {
        Self { name: "Operator".to_owned(), address: None }
    }
}

/// The organization that the operator means by an Org ID or an id.
///
/// # Errors
/// `NotFound`.
pub(super) async fn find_organization(tx: &mut Tx, org: &str) -> Result<organization::Organization> {
    let id = match org.trim().parse() {
        Ok(id) => Some(id),
        Err(_) => organization::find_id(tx, &key(org)).await?,
    };
    let found = match id {
        Some(id) => organization::find(tx, id).await?,
        None => None,
    };
    Ok(found.ok_or(Refusal::NotFound)?)
}

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
    let (ctx_in, operator, name, hash) = (ctx.clone(), operator.clone(), name.to_string(), digest(secret.as_bytes()));
    let made: Result<KeyView> = ctx
        .db()
        .write(move |tx| {
            let (ctx, operator, name, hash) = (ctx_in.clone(), operator.clone(), name.clone(), hash.clone());
            Box::pin(async move {
                operator_key::insert(tx, id, &name, &hash, ctx.now()).await?;
                note_key(tx, &ctx, &operator, "operator_key.created", format!("created the operator key “{name}”"), id)
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
    action: &'static str,
    summary: String,
    id: OperatorKeyId,
) -> Result<()> {
    let after = Some(serde_json::json!({ "key": id }));
    audit::note_as(tx, ctx, operator, AuditEvent { action, summary, after, ..AuditEvent::default() }).await
}

/// One page of the keys, oldest first, revoked ones among them.
///
/// # Errors
/// `Invalid` at a field of the query.
pub async fn list_keys(ctx: &Ctx, cursor: &str, limit: Option<i64>) -> Result<Page<KeyView>> {
    let limit = super::limit(limit)?;
    let behind = super::read_cursor(cursor, 1)?.map(|parts| super::id("cursor", &parts[0])).transpose()?;
    let mut tx = ctx.db().read().await?;
    let keys = operator_key::list(&mut tx, behind, limit + 1).await?;
    let page = super::page(keys, limit, |key| super::cursor(&[&key.id.to_string()]));
    Ok(Page { items: page.items.into_iter().map(Into::into).collect(), next_cursor: page.next_cursor })
}

/// Ends a key, at once.
///
/// # Errors
/// `NotFound` if there is none that works.
pub async fn revoke_key(ctx: &Ctx, operator: &Operator, id: &str) -> Result<()> {
    let id: OperatorKeyId = super::id("id", id).map_err(|_| Refusal::NotFound)?;
    let (ctx_in, operator) = (ctx.clone(), operator.clone());
    ctx.db()
        .write(move |tx| {
            let (ctx, operator) = (ctx_in.clone(), operator.clone());
            Box::pin(async move {
                let found = operator_key::find(tx, id).await?.ok_or(Refusal::NotFound)?;
                if !operator_key::update_revoked(tx, id, ctx.now()).await? {
                    return Err(Refusal::NotFound.into());
                }
                let summary = format!("revoked the operator key “{}”", found.name);
                note_key(tx, &ctx, &operator, "operator_key.revoked", summary, id).await
            })
        })
        .await
}

/// Using a key is noted once in so many milliseconds at most.
const USE_RECORDED_EVERY_MILLIS: i64 = 5 * 60_000;

/// Whose key this is, if it is one that works: which, and who acts with it. The digests are compared in a time that does not
/// tell how far they agree.
///
/// # Errors
/// The database.
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
            .write(move |tx| Box::pin(async move { Ok::<_, Error>(operator_key::update_used(tx, id, now).await?) }))
            .await?;
    }
    Ok(Some((id, Operator { name: format!("Operator ({})", found.name), address })))
}

/// One page of what Owners asked for, newest first; of one state, or all.
///
/// # Errors
/// `Invalid` at a field of the query.
pub async fn list_requests(ctx: &Ctx, state: &str, cursor: &str, limit: Option<i64>) -> Result<Page<RequestView>> {
    let limit = super::limit(limit)?;
    let state = match state.trim() {
        "" => None,
        word => Some(RequestState::parse(word).map_err(at_field("state"))?),
    };
    let before = super::read_cursor(cursor, 1)?.map(|parts| super::id("cursor", &parts[0])).transpose()?;
    let mut tx = ctx.db().read().await?;
    let requests = purchase_request::list_all(&mut tx, state, before, limit + 1).await?;
    Ok(super::page(requests, limit, |request| super::cursor(&[&request.id.to_string()])))
}

/// What Owners asked for.
///
/// # Errors
/// `NotFound`.
pub async fn show_request(ctx: &Ctx, id: &str) -> Result<RequestView> {
    let id: RequestId = super::id("id", id).map_err(|_| Refusal::NotFound)?;
    Ok(purchase_request::find(&mut ctx.db().read().await?, id).await?.ok_or(Refusal::NotFound)?)
}

/// Answers or declines what an Owner asked for; the organization's Owners get a mail (ORG-8).
///
/// # Errors
/// `NotFound`; `Invalid` at `state` or `text`; `BadRequest` if it is not open any more.
pub async fn answer(ctx: &Ctx, operator: &Operator, id: &str, state: &str, text: &str) -> Result<RequestView> {
    let id: RequestId = super::id("id", id).map_err(|_| Refusal::NotFound)?;
    let Ok(state @ (RequestState::Answered | RequestState::Declined)) = RequestState::parse(state.trim()) else {
        return Err(Refusal::field("state", FieldIssue::NotAChoice).into());
    };
    let text = rules::answer(text)?;
    let (ctx_in, operator) = (ctx.clone(), operator.clone());
    ctx.db()
        .write(move |tx| {
            let (ctx, operator, text) = (ctx_in.clone(), operator.clone(), text.clone());
            Box::pin(async move {
                let found = purchase_request::find(tx, id).await?.ok_or(Refusal::NotFound)?;
                // Nobody is there to read an answer where the organization was deleted.
                organization::find(tx, found.organization).await?.ok_or(Refusal::NotFound)?;
                found.state.is_still_open()?;
                if !purchase_request::update_closed(tx, id, state, Some(&text), ctx.now()).await? {
                    return Err(Refusal::Conflict.into());
                }
                let what = found.summary();
                let declined = state == RequestState::Declined;
                let message = EmailMessage::PurchaseAnswered {
                    organization: &found.organization_name,
                    org_id: &found.org_id,
                    what: &what,
                    declined,
                    answer: &text,
                };
                for address in membership::list_owner_addresses(tx, found.organization).await? {
                    mail::post(tx, &ctx, &address, &message).await?;
                }
                let (action, verb) =
                    if declined { ("purchase.declined", "declined") } else { ("purchase.answered", "answered") };
                let event = AuditEvent {
                    organization: Some(found.organization),
                    action,
                    summary: format!("{verb} the request for {what}"),
                    before: Some(serde_json::json!({ "request": id, "state": found.state })),
                    after: Some(serde_json::json!({ "request": id, "state": state })),
                    ..AuditEvent::default()
                };
                audit::note_as(tx, &ctx, &operator, event).await?;
                Ok(purchase_request::find(tx, id).await?.ok_or(Refusal::NotFound)?)
            })
        })
        .await
}
