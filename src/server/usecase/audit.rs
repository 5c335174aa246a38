//! The audit log (AUDIT-1): writing a line within a use case, and reading.

use serde_json::Value;

use crate::{
    domain::{
        id::{AuditId, OrganizationId, PersonId, ResourceId, TransferId},
        permit::allow,
        refusal::Refusal,
        role::{Permission, may},
        text::FieldIssue,
        time::{Day, Timestamp},
    },
    view::{
        ActivityView, Page,
        activity::{AuditLineView, AuditLogView, Change},
    },
};

use super::{
    super::{
        context::{Actor, Ctx, KeyPrincipal, Principal, machine_identity, machine_name},
        error::Result,
        store::{Tx, audit, key, membership},
    },
    operator::Operator,
};

/// What happened.
#[derive(Debug, Default)]
pub struct AuditEvent {
    /// In whose log.
    pub organization: Option<OrganizationId>,
    /// What, as a stable word.
    pub action: &'static str,
    /// What, in a sentence without the actor.
    pub summary: String,
    /// The folders, sites, assets and datasets it is about: the entry is in the history of each, also once they are gone.
    pub resources: Vec<ResourceId>,
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
pub async fn record(tx: &mut Tx, ctx: &Ctx, by: &Principal, what: AuditEvent) -> Result<()> {
    write(tx, ctx, Some(by.person), &by.name, by.address.as_deref(), what).await
}

/// Writes down what somebody or a machine did.
///
/// # Errors
/// The database.
pub async fn note_actor(tx: &mut Tx, ctx: &Ctx, by: &Actor, what: AuditEvent) -> Result<()> {
    match by {
        Actor::Person(by) => record(tx, ctx, by, what).await,
        Actor::Key(by) => note_key(tx, ctx, by, what).await,
    }
}

/// Writes down what a machine did: under the name of its key.
///
/// # Errors
/// The database.
pub async fn note_key(tx: &mut Tx, ctx: &Ctx, by: &KeyPrincipal, what: AuditEvent) -> Result<()> {
    write(tx, ctx, Some(by.identity()), &machine_name(&by.name), by.address.as_deref(), what).await
}

/// Writes down what the operator did.
///
/// # Errors
/// The database.
pub async fn note_operator(tx: &mut Tx, ctx: &Ctx, what: AuditEvent) -> Result<()> {
    write(tx, ctx, None, "Operator", None, what).await
}

/// Writes down what somebody did as the operator: at the command line, or with a key of the operator's API.
///
/// # Errors
/// The database.
pub async fn note_as(tx: &mut Tx, ctx: &Ctx, operator: &Operator, what: AuditEvent) -> Result<()> {
    write(tx, ctx, None, &operator.name, operator.address.as_deref(), what).await
}

/// Writes down what happened by itself.
///
/// # Errors
/// The database.
pub async fn note_by_itself(tx: &mut Tx, ctx: &Ctx, what: AuditEvent) -> Result<()> {
    write(tx, ctx, None, "Commonhold", None, what).await
}

async fn write(
    tx: &mut Tx,
    ctx: &Ctx,
    actor: Option<PersonId>,
    actor_name: &str,
    address: Option<&str>,
    what: AuditEvent,
) -> Result<()> {
    let line = audit::NewAudit {
        id: AuditId(ctx.id()),
        organization: what.organization,
        actor,
        actor_name,
        action: what.action,
        summary: what.summary,
        resources: &what.resources,
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
    /// The id of a person or of a credential key.
    pub actor: Option<String>,
    /// An action.
    pub action: Option<String>,
    /// The id of a folder, site, asset or dataset, there or gone.
    pub resource: Option<String>,
    /// A day: not before it.
    pub from: Option<String>,
    /// A day: not after it.
    pub to: Option<String>,
    /// Where the page starts.
    pub cursor: Option<String>,
    /// How many lines.
    pub limit: Option<i64>,
}

/// How many lines an export has at most.
pub const MAX_EXPORT_ROWS: i64 = 100_000;
/// How many lines the Activity page has.
const LINES: i64 = 50;
/// How many people its filter offers.
const PEOPLE: i64 = 200;

fn filter(query: &AuditQuery) -> Result<audit::Filter> {
    let text =
        |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let day = |field, text: Option<String>| match text {
        None => Ok(None),
        Some(text) => Day::parse_iso(&text).map(Some).ok_or_else(|| Refusal::field(field, FieldIssue::NotADay)),
    };
    Ok(audit::Filter {
        actor: text(&query.actor).map(|actor| super::id("actor", &actor)).transpose()?,
        action: text(&query.action),
        from: day("from", text(&query.from))?.map(Day::start),
        to: day("to", text(&query.to))?.map(|day| Timestamp(day.start().0).plus_days(1)),
    })
}

fn place(text: Option<&str>) -> Result<Option<audit::Cursor>> {
    let Some(parts) = super::read_cursor(text.unwrap_or_default(), 2)? else { return Ok(None) };
    let wrong = || Refusal::field("cursor", FieldIssue::NotAnId);
    let at = Timestamp(parts[0].parse().map_err(|_| wrong())?);
    Ok(Some(audit::Cursor { at, id: super::id("cursor", &parts[1])? }))
}

fn cursor((id, line): &(AuditId, ActivityView)) -> String {
    super::cursor(&[&line.at.0.to_string(), &id.to_string()])
}

/// One page of an organization's audit log, newest first.
///
/// # Errors
/// `NotFound` and `Forbidden` by role; `Invalid` at a field of the query.
pub async fn list(ctx: &Ctx, by: &Principal, org: &str, query: &AuditQuery) -> Result<Page<ActivityView>> {
    let limit = super::limit(query.limit)?;
    let (filter, before) = (filter(query)?, place(query.cursor.as_deref())?);
    let resource = query.resource.as_deref().map(|id| super::id("resource", id)).transpose()?;
    let mut tx = ctx.db().read().await?;
    let permit = super::organization::permit(&mut tx, by, org, Permission::ReadAudit).await?;
    let organization = permit.organization();
    let lines = match resource {
        Some(id) => audit::list_of_resource(&mut tx, organization, id, &filter, before, limit + 1).await?,
        None => audit::list(&mut tx, organization, &filter, before, limit + 1).await?,
    };
    let page = super::page(lines, limit, cursor);
    Ok(Page { items: page.items.into_iter().map(|(_, line)| line).collect(), next_cursor: page.next_cursor })
}

/// A page of the Activity page: the lines behind `query.cursor`, or before `newer_than`.
///
/// # Errors
/// `NotFound` for who may not read the log: for them there is no such page; `Invalid` at a field of the query.
pub async fn page(ctx: &Ctx, by: &Principal, org: &str, query: &AuditQuery, newer_than: &str) -> Result<AuditLogView> {
    let (filter, before, after) = (filter(query)?, place(query.cursor.as_deref())?, place(Some(newer_than))?);
    let mut tx = ctx.db().read().await?;
    let organization = super::organization::belonging(&mut tx, by, org).await?;
    if !organization.role.is_some_and(|role| may(role, Permission::ReadAudit)) {
        return Err(Refusal::NotFound.into());
    }
    let (rows, older, newer) = if let Some(after) = after {
        let mut rows = audit::list_newer(&mut tx, organization.id, &filter, after, LINES + 1).await?;
        let more = rows.len() > usize::try_from(LINES).unwrap_or(usize::MAX);
        rows.truncate(usize::try_from(LINES).unwrap_or(usize::MAX));
        rows.reverse();
        let (first, last) = (rows.first().filter(|_| more).map(cursor), rows.last().map(cursor));
        (rows, last, first)
    } else {
        let mut rows = audit::list(&mut tx, organization.id, &filter, before, LINES + 1).await?;
        let more = rows.len() > usize::try_from(LINES).unwrap_or(usize::MAX);
        rows.truncate(usize::try_from(LINES).unwrap_or(usize::MAX));
        let newer = rows.first().filter(|_| before.is_some()).map(cursor);
        let older = rows.last().filter(|_| more).map(cursor);
        (rows, older, newer)
    };
    let mut people = membership::list_names(&mut tx, organization.id, PEOPLE).await?;
    let keys = key::list_names(&mut tx, organization.id, PEOPLE).await?;
    people.extend(keys.into_iter().map(|(id, name)| (machine_identity(id), machine_name(&name))));
    let lines = rows
        .into_iter()
        .map(|(id, line)| AuditLineView {
            id,
            at: line.at,
            actor: line.actor,
            actor_name: line.actor_name,
            action: line.action,
            summary: line.summary,
            transfer: line.transfer,
            changes: changes(line.before.as_ref(), line.after.as_ref()),
            address: line.address,
        })
        .collect();
    Ok(AuditLogView { organization, lines, older, newer, people })
}

/// Before and after as people read them: one entry per field, nested ones by their path.
fn changes(before: Option<&Value>, after: Option<&Value>) -> Vec<Change> {
    fn walk(path: &str, value: &Value, into: &mut Vec<(String, String)>) {
        match value {
            Value::Object(fields) => {
                for (field, value) in fields {
                    let words = field.replace('_', " ").replace("vat", "VAT");
                    walk(&if path.is_empty() { words } else { format!("{path} {words}") }, value, into);
                }
            }
            Value::Null => {}
            Value::String(text) => into.push((path.to_owned(), text.clone())),
            Value::Bool(yes) => into.push((path.to_owned(), if *yes { "yes" } else { "no" }.to_owned())),
            Value::Number(number) => into.push((path.to_owned(), number.to_string())),
            Value::Array(items) => {
                let words = items.iter().map(|item| {
                    let name = item.get("name").and_then(Value::as_str);
                    name.or_else(|| item.as_str()).map_or_else(|| item.to_string(), str::to_owned)
                });
                into.push((path.to_owned(), words.collect::<Vec<_>>().join(", ")));
            }
        }
    }
    let read = |value: Option<&Value>| {
        let mut found = Vec::new();
        if let Some(value) = value {
            walk("", value, &mut found);
        }
        found
    };
    let (before, mut after) = (read(before), read(after));
    let title = |what: &str| {
        let mut chars = what.chars();
        chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
    };
    let mut changes: Vec<Change> = Vec::new();
    for (what, was) in before {
        let is = after.iter().position(|(field, _)| *field == what).map(|at| after.remove(at).1);
        changes.push(Change { what: title(&what), before: Some(was), after: is });
    }
    changes.extend(after.into_iter().map(|(what, is)| Change { what: title(&what), before: None, after: Some(is) }));
    changes
}

/// Reads which lines are to be exported, and whether there are more of them than an export has.
///
/// # Errors
/// `NotFound` and `Forbidden` by role; `Invalid` at a field of the query.
pub async fn begin_export(ctx: &Ctx, by: &Principal, org: &str, query: &AuditQuery) -> Result<Export> {
    let filter = filter(query)?;
    let mut tx = ctx.db().read().await?;
    let permit = super::organization::permit(&mut tx, by, org, Permission::ReadAudit).await?;
    let truncated = audit::is_longer_than(&mut tx, permit.organization(), &filter, MAX_EXPORT_ROWS).await?;
    Ok(Export {
        by: by.clone(),
        organization: permit.organization(),
        filter,
        truncated,
        behind: None,
        left: MAX_EXPORT_ROWS,
    })
}

/// An export under way: where it is, and how many lines it may still have.
#[derive(Debug, Clone)]
pub struct Export {
    by: Principal,
    organization: OrganizationId,
    filter: audit::Filter,
    /// Whether there are more lines than an export has.
    pub truncated: bool,
    behind: Option<audit::Cursor>,
    left: i64,
}

impl Export {
    /// The next lines; none at the end. Whoever lost the right to read meanwhile is refused.
    ///
    /// # Errors
    /// `NotFound` and `Forbidden` by role; the database.
    pub async fn next(&mut self, ctx: &Ctx) -> Result<Vec<ActivityView>> {
        const EXPORT_BATCH_SIZE: i64 = 1_000;
        let limit = EXPORT_BATCH_SIZE.min(self.left);
        if limit <= 0 {
            return Ok(Vec::new());
        }
        let mut tx = ctx.db().read().await?;
        let role = membership::find_role(&mut tx, self.organization, self.by.person).await?;
        allow(self.by.who(), self.organization, role, Permission::ReadAudit)?;
        let lines = audit::list(&mut tx, self.organization, &self.filter, self.behind, limit).await?;
        self.behind = lines.last().map(|(id, line)| audit::Cursor { at: line.at, id: *id });
        // A page that is not full is the last.
        let full = i64::try_from(lines.len()).is_ok_and(|count| count == limit);
        self.left = if full { self.left - limit } else { 0 };
        Ok(lines.into_iter().map(|(_, line)| line).collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn audit_1_before_and_after_are_read_field_by_field() {
        let (before, after) = (
            json!({ "role": "reader", "left": { "images": 3 }, "gone": null, "exempt": true }),
            json!({ "role": "editor", "left": { "images": 2 }, "items": [{ "name": "A" }, "B", 1], "vat_number": "1" }),
        );
        let told: Vec<String> = changes(Some(&before), Some(&after))
            .into_iter()
            .map(|change| format!("{}: {:?} {:?}", change.what, change.before, change.after))
            .collect();
        assert_eq!(
            told,
            [
                "Exempt: Some(\"yes\") None",
                "Left images: Some(\"3\") Some(\"2\")",
                "Role: Some(\"reader\") Some(\"editor\")",
                "Items: None Some(\"A, B, 1\")",
                "VAT number: None Some(\"1\")",
            ]
        );
        assert_eq!(changes(None, None), Vec::new());
    }
}
