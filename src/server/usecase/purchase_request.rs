//! What Owners ask the operator for, and the answers (ORG-8). Granting is in [`super::licence`].

use crate::{
    domain::{
        audit::Action,
        billing::{self as rules, RequestState},
        id::RequestId,
        refusal::Refusal,
        text::FieldIssue,
    },
    server::{
        context::Ctx,
        error::{Result, at_field},
        mail::{self, EmailMessage},
        store::{membership, organization, purchase_request},
        usecase::{
            audit::{self, AuditEvent},
            operator::Operator,
            pager::Pager,
        },
    },
    view::{Page, billing::RequestView},
};

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
    let pager = Pager::new("all requests");
    let before = pager.read(cursor)?;
    let mut tx = ctx.db().read().await?;
    let requests = purchase_request::list_all(&mut tx, state, before, limit + 1).await?;
    pager.page(requests, limit, |request| request.id)
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
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
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
                    mail::post(tx, ctx, &address, &message).await?;
                }
                let (action, verb) = if declined {
                    (Action::PurchaseDeclined, "declined")
                } else {
                    (Action::PurchaseAnswered, "answered")
                };
                let event = AuditEvent {
                    organization: Some(found.organization),
                    before: Some(serde_json::json!({ "request": id, "state": found.state })),
                    after: Some(serde_json::json!({ "request": id, "state": state })),
                    ..AuditEvent::new(action, format!("{verb} the request for {what}"))
                };
                audit::note_as(tx, ctx, operator, event).await?;
                Ok(purchase_request::find(tx, id).await?.ok_or(Refusal::NotFound)?)
            })
        })
        .await
}
