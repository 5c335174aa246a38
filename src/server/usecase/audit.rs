//! The audit log (AUDIT-1): writing a line within a use case, and reading.

use crate::domain::{
    id::{AuditId, OrganizationId, PersonId, TransferId},
    refusal::Refusal,
    role::{Permission, allow},
    text::Problem,
    time::{Day, Timestamp},
    view::{ActivityView, Page},
};

use super::super::{
    context::{Ctx, Principal},
    error::Result,
    store::{Tx, audit, membership},
};

/// What happened.
#[derive(Debug, Default)]
pub struct Happened {
    /// In whose log.
    pub organization: Option<OrganizationId>,
    /// What, as a stable word.
    pub action: &'static str,
    /// What, in a sentence without the actor.
    pub summary: String,
    /// The transfer it is about.
    pub transfer: Option<TransferId>,
    /// State before.
    pub before: Option<serde_json::Value>,
    /// State after.
    pub after: Option<serde_json::Value>,
}

/// Writes down what somebody did, in the transaction of what they did.
///
/// # Errors
/// The database.
pub async fn note(tx: &mut Tx, ctx: &Ctx, by: &Principal, what: Happened) -> Result<()> {
    write(tx, ctx, Some(by.person), &by.name, by.address.as_deref(), what).await
}

/// Writes down what the operator did.
///
/// # Errors
/// The database.
pub async fn note_operator(tx: &mut Tx, ctx: &Ctx, what: Happened) -> Result<()> {
    write(tx, ctx, None, "Operator", None, what).await
}

async fn write(
    tx: &mut Tx,
    ctx: &Ctx,
    actor: Option<PersonId>,
    actor_name: &str,
    address: Option<&str>,
    what: Happened,
) -> Result<()> {
    let line = audit::NewAudit {
        id: AuditId(ctx.id()),
        organization: what.organization,
        actor,
        actor_name,
        action: what.action,
        summary: what.summary,
        transfer: what.transfer,
        before: what.before,
        after: what.after,
        address,
        at: ctx.now(),
    };
    Ok(audit::insert(tx, &line).await?)
}

/// Which lines of the log are wanted, unread.
#[derive(Debug, Default, Clone)]
pub struct AuditQuery {
    /// A person's id.
    pub actor: Option<String>,
    /// An action.
    pub action: Option<String>,
    /// A day: not before it.
    pub from: Option<String>,
    /// A day: not after it.
    pub to: Option<String>,
    /// Where the page starts.
    pub cursor: Option<String>,
    /// How many lines.
    pub limit: Option<i64>,
}

/// One page of an organization's audit log, newest first.
///
/// # Errors
/// `NotFound` and `Forbidden` by role; `Invalid` at a field of the query.
pub async fn list(ctx: &Ctx, by: &Principal, org: &str, query: &AuditQuery) -> Result<Page<ActivityView>> {
    let limit = super::limit(query.limit)?;
    let day = |field, text: &Option<String>| match text {
        None => Ok(None),
        Some(text) => Day::parse_iso(text).map(Some).ok_or_else(|| Refusal::field(field, Problem::NotADay)),
    };
    let filter = audit::Filter {
        actor: query.actor.as_deref().map(|actor| super::id("actor", actor)).transpose()?,
        action: query.action.clone(),
        from: day("from", &query.from)?.map(Day::start),
        to: day("to", &query.to)?.map(|day| Timestamp(day.start().0).plus_days(1)),
    };
    let before = super::read_cursor(query.cursor.as_deref().unwrap_or_default(), 1)?
        .map(|parts| super::id("cursor", &parts[0]))
        .transpose()?;
    let mut tx = ctx.db().read().await?;
    let organization = super::organization::find(&mut tx, by, org).await?.id;
    let role = membership::find_role(&mut tx, organization, by.person).await?;
    allow(by.person, organization, role, Permission::ReadAudit)?;
    let lines = audit::list(&mut tx, organization, &filter, before, limit + 1).await?;
    let page = super::page(lines, limit, |(id, _)| super::cursor(&[&id.to_string()]));
    Ok(Page { items: page.items.into_iter().map(|(_, line)| line).collect(), next_cursor: page.next_cursor })
}
