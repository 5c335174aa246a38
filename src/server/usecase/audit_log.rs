//! Reading the audit log (AUDIT-1): pages, and exports that are read a part at a time.

use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;

use crate::{
    domain::{
        id::{AuditId, OrganizationId},
        permit::allow,
        refusal::Refusal,
        role::{Permission, may},
        text::FieldIssue,
        time::{Day, Timestamp},
    },
    server::{
        context::{Ctx, Principal, machine_identity, machine_name},
        error::Result,
        store::{audit, key, membership},
        usecase::pager::Pager,
    },
    view::{
        ActivityView, Page,
        activity::{AuditLineView, AuditLogView, Change},
        query::ActivityQuery,
    },
};

/// Which lines of the log are wanted, unread.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct AuditQuery {
    /// A person's id.
    pub actor: Option<String>,
    /// A stable word like `transfer.sent`.
    pub action: Option<String>,
    /// The id of a folder, site, asset or dataset: what was done to it, also where it is gone.
    pub resource: Option<String>,
    /// A day: not before it.
    pub from: Option<String>,
    /// A day: not after it.
    pub to: Option<String>,
    /// Where the page starts.
    pub cursor: Option<String>,
    /// 1 to 200.
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

fn pager() -> Pager<audit::Cursor> {
    Pager::new("audit")
}

fn cursor((id, line): &(AuditId, ActivityView)) -> audit::Cursor {
    audit::Cursor { at: line.at, id: *id }
}

/// One page of an organization's audit log, newest first.
///
/// # Errors
/// `NotFound` and `Forbidden` by role; `Invalid` at a field of the query.
pub async fn list(ctx: &Ctx, by: &Principal, org: &str, query: &AuditQuery) -> Result<Page<ActivityView>> {
    let limit = super::limit(query.limit)?;
    let (filter, before) = (filter(query)?, pager().read(query.cursor.as_deref().unwrap_or_default())?);
    let resource = query.resource.as_deref().map(|id| super::id("resource", id)).transpose()?;
    let mut tx = ctx.db().read().await?;
    let permit = super::organization::permit(&mut tx, by, org, Permission::ReadAudit).await?;
    let organization = permit.organization();
    let lines = match resource {
        Some(id) => audit::list_of_resource(&mut tx, organization, id, &filter, before, limit + 1).await?,
        None => audit::list(&mut tx, organization, &filter, before, limit + 1).await?,
    };
    Ok(pager().page(lines, limit, cursor)?.map(|(_, line)| line))
}

/// A page of the Activity page.
///
/// # Errors
/// `NotFound` for who may not read the log: for them there is no such page; `Invalid` at a field of the query.
pub async fn page(ctx: &Ctx, by: &Principal, query: &ActivityQuery) -> Result<AuditLogView> {
    let filtered = AuditQuery {
        actor: Some(query.actor.clone()),
        action: Some(query.action.clone()),
        from: Some(query.from.clone()),
        to: Some(query.to.clone()),
        ..AuditQuery::default()
    };
    let filter = filter(&filtered)?;
    let (before, after) = (pager().read(&query.older)?, pager().read(&query.newer)?);
    let mut tx = ctx.db().read().await?;
    let organization = super::organization::belonging(&mut tx, by, &query.org).await?;
    if !organization.role.is_some_and(|role| may(role, Permission::ReadAudit)) {
        return Err(Refusal::NotFound.into());
    }
    let rows = match after {
        Some(after) => audit::list_newer(&mut tx, organization.id, &filter, after, LINES + 1).await?,
        None => audit::list(&mut tx, organization.id, &filter, before, LINES + 1).await?,
    };
    let (rows, older, newer) = pager().page_between(rows, LINES, (before.as_ref(), after.as_ref()), cursor)?;
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
        self.behind = lines.last().map(cursor);
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
