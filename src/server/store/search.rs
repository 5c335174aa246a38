//! Table `resource_word`: which words are in the names of an organization's resources (DRIVE-2).

use uuid::Uuid;

use super::{CHUNK, Result, Tx};
use crate::domain::{
    id::{AccountId, OrganizationId, ResourceId},
    permit::Permit,
    resource::{DatasetStatus, Kind},
    search::{SearchTerms, words},
};

/// How many names with the looked-up word one page reads at most.
const MAX_SCANNED_ROWS: i64 = 5_000;

/// The last character of all: a prefix and this character are an upper bound of all words with that prefix.
const BEHIND: char = '\u{10FFFF}';

/// Indexes the words of a new name; those of the name before are deleted.
pub(super) async fn write(
    tx: &mut Tx,
    organization: OrganizationId,
    resource: ResourceId,
    name: &str,
    is_new: bool,
) -> Result<()> {
    if !is_new {
        tx.sql("DELETE FROM resource_word WHERE resource_id = $1").bind(resource).execute().await?;
    }
    let rows: Vec<_> = words(name).into_iter().map(|word| (resource, organization, word)).collect();
    insert(tx, &rows).await
}

/// Notes the words of new names instead of the ones before.
pub(super) async fn rewrite(tx: &mut Tx, organization: OrganizationId, names: &[(ResourceId, &str)]) -> Result<()> {
    let names: Vec<(ResourceId, OrganizationId, &str)> =
        names.iter().map(|(id, name)| (*id, organization, *name)).collect();
    rewrite_each(tx, &names).await
}

/// The same for resources of several organizations.
pub(super) async fn rewrite_each(tx: &mut Tx, names: &[(ResourceId, OrganizationId, &str)]) -> Result<()> {
    for chunk in names.chunks(CHUNK) {
        let ids: Vec<ResourceId> = chunk.iter().map(|(id, ..)| *id).collect();
        tx.sql_list("DELETE FROM resource_word WHERE resource_id IN ({ids})", &ids).execute().await?;
    }
    let rows: Vec<_> = names
        .iter()
        .flat_map(|(id, organization, name)| words(name).into_iter().map(|word| (*id, *organization, word)))
        .collect();
    insert(tx, &rows).await
}

async fn insert(tx: &mut Tx, rows: &[(ResourceId, OrganizationId, String)]) -> Result<()> {
    for chunk in rows.chunks(CHUNK) {
        tx.sql_rows(
            "INSERT INTO resource_word (resource_id, organization_id, word)
             WITH listed(resource_id, organization_id, word) AS (VALUES {rows:3})
             SELECT DISTINCT listed.resource_id, listed.organization_id, listed.word FROM listed",
            chunk,
            |statement, (id, organization, word)| statement.bind(*id).bind(*organization).bind(word.clone()),
        )
        .execute()
        .await?;
    }
    Ok(())
}

/// Notes the words of a copy, which is called what its original is.
pub(super) async fn copy(tx: &mut Tx, copy: ResourceId, original: ResourceId) -> Result<()> {
    tx.sql("INSERT INTO resource_word (resource_id, organization_id, word)
        SELECT c.id, c.organization_id, w.word FROM resource_word w CROSS JOIN resource c WHERE w.resource_id = $2 AND c.id = $1")
        .bind(copy)
        .bind(original)
        .execute()
        .await
        .map(|_| ())
}

/// Notes that the words of resources are of the permit's organization now (XFER-13).
pub async fn update_owner(tx: &mut Tx, permit: &Permit, ids: &[ResourceId]) -> Result<u64> {
    let mut changed = 0;
    for chunk in ids.chunks(CHUNK) {
        changed += tx
            .sql_list("UPDATE resource_word SET organization_id = {1} WHERE resource_id IN ({ids})", chunk)
            .bind(permit.organization())
            .execute()
            .await?;
    }
    Ok(changed)
}

/// What is searched for.
#[derive(Clone, Debug)]
pub struct SearchFilter<'a> {
    /// The words.
    pub question: &'a SearchTerms,
    /// Only of this kind.
    pub kind: Option<Kind>,
    /// Only datasets in this state.
    pub status: Option<DatasetStatus>,
    /// Behind this word and this resource.
    pub after: Option<(String, ResourceId)>,
    /// The maximum number of answers.
    pub limit: i64,
}

/// One answer: a resource, and the word that is its place among the answers.
pub type Found = (ResourceId, String);

/// Where the next page begins, if the last of these answers is not the last of all.
fn behind(found: &[Found]) -> Option<(String, ResourceId)> {
    found.last().map(|(id, word)| (word.clone(), *id))
}

/// Resources of an organization whose names answer a question, in the order of the words they are found by; and where to
/// go on, should there be more. Permissions are not checked: the caller sees the whole organization.
///
/// One page reads at most `MAX_SCANNED_ROWS` names, so that a page with fewer answers than asked for may not be the last.
pub async fn list_in_organization(
    tx: &mut Tx,
    organization: OrganizationId,
    wanted: &SearchFilter<'_>,
) -> Result<(Vec<Found>, Option<(String, ResourceId)>)> {
    let first = &wanted.question.first;
    let (after_word, after_id) = match &wanted.after {
        Some((word, id)) => (word.clone(), id.0),
        None => (first.clone(), Uuid::nil()),
    };
    let end = format!("{first}{BEHIND}");
    // Each word that is asked for, and what is behind every word that begins like it.
    let asked: Vec<(String, String)> = std::iter::once(first)
        .chain(&wanted.question.others)
        .map(|word| (word.clone(), format!("{word}{BEHIND}")))
        .collect();
    // The double NOT EXISTS asks that every word of the question begins a word of the name. The last one lists a name
    // once, at the first of its words that answers.
    let mut found: Vec<Found> = tx
        .sql_rows(
            "WITH listed(first, behind) AS (VALUES {rows:2})
             SELECT r.id, w.word
             FROM (SELECT word, resource_id FROM resource_word
                   WHERE organization_id = {1} AND (word, resource_id) > ({2}, {3}) AND word < {4}
                   ORDER BY word, resource_id LIMIT CAST({5} AS BIGINT)) w
             CROSS JOIN resource r
             WHERE r.id = w.resource_id AND r.trashed_with IS NULL AND r.kind <> 'root'
                AND ({6} IS NULL OR r.kind = {6}) AND ({7} IS NULL OR r.status = {7})
                AND NOT EXISTS (SELECT 1 FROM listed WHERE NOT EXISTS (SELECT 1 FROM resource_word a
                    WHERE a.resource_id = w.resource_id AND a.word >= listed.first AND a.word < listed.behind))
                AND NOT EXISTS (SELECT 1 FROM resource_word o WHERE o.resource_id = w.resource_id AND o.word >= {8} AND o.word < w.word)
             ORDER BY w.word, w.resource_id LIMIT CAST({9} AS BIGINT)",
            &asked,
            |statement, (word, behind)| statement.bind(word.clone()).bind(behind.clone()),
        )
        .bind(organization)
        .bind(after_word.clone())
        .bind(after_id)
        .bind(end.clone())
        .bind(MAX_SCANNED_ROWS)
        .bind(wanted.kind)
        .bind(wanted.status)
        .bind(first.clone())
        .bind(wanted.limit + 1)
        .all()
        .await?;
    let limit = usize::try_from(wanted.limit).unwrap_or(usize::MAX);
    if found.len() > limit {
        found.truncate(limit);
        let next = behind(&found);
        return Ok((found, next));
    }
    // Fewer answers than asked for, so every name read was considered. If the scan stopped at its limit, the next page goes on there.
    let last = tx
        .sql(
            "SELECT word, resource_id FROM resource_word
             WHERE organization_id = $1 AND (word, resource_id) > ($2, $3) AND word < $4
             ORDER BY word, resource_id LIMIT 1 OFFSET CAST($5 AS BIGINT)",
        )
        .bind(organization)
        .bind(after_word)
        .bind(after_id)
        .bind(end)
        .bind(MAX_SCANNED_ROWS - 1)
        .optional()
        .await?;
    Ok((found, last))
}

/// The same for somebody who sees nothing but what is at or below some resources (ACCESS-3). Of a question's words it answers two;
/// the caller looks at the others.
pub async fn list_below(
    tx: &mut Tx,
    shared: &[ResourceId],
    wanted: &SearchFilter<'_>,
) -> Result<(Vec<Found>, Option<(String, ResourceId)>)> {
    if shared.is_empty() {
        return Ok((Vec::new(), None));
    }
    let ids: Vec<_> = shared.iter().take(CHUNK).copied().collect();
    let first = &wanted.question.first;
    let (after_word, after_id) = match &wanted.after {
        Some((word, id)) => (word.clone(), id.0),
        None => (first.clone(), Uuid::nil()),
    };
    let other = wanted.question.others.first().unwrap_or(first);
    // UNION, not UNION ALL: what is shared may lie inside something else that is shared, and must come once.
    let mut found: Vec<Found> = tx
        .sql_list(
            "WITH RECURSIVE tree(id) AS (
                SELECT id FROM resource WHERE id IN ({ids}) AND trashed_with IS NULL
                UNION
                SELECT r.id FROM tree JOIN resource r ON r.parent_id = tree.id AND r.trashed_with IS NULL
             )
             SELECT r.id, w.word
             FROM tree CROSS JOIN resource_word w CROSS JOIN resource r
             WHERE w.resource_id = tree.id AND w.word >= {1} AND w.word < {2} AND (w.word, w.resource_id) > ({3}, {4})
                AND r.id = tree.id AND ({5} IS NULL OR r.kind = {5}) AND ({6} IS NULL OR r.status = {6})
                AND EXISTS (SELECT 1 FROM resource_word a WHERE a.resource_id = w.resource_id AND a.word >= {7} AND a.word < {8})
                AND NOT EXISTS (SELECT 1 FROM resource_word o WHERE o.resource_id = w.resource_id AND o.word >= {1} AND o.word < w.word)
             ORDER BY w.word, r.id LIMIT CAST({9} AS BIGINT)",
            &ids,
        )
        .bind(first.clone())
        .bind(format!("{first}{BEHIND}"))
        .bind(after_word)
        .bind(after_id)
        .bind(wanted.kind)
        .bind(wanted.status)
        .bind(other.clone())
        .bind(format!("{other}{BEHIND}"))
        .bind(wanted.limit + 1)
        .all()
        .await?;
    let limit = usize::try_from(wanted.limit).unwrap_or(usize::MAX);
    let more = found.len() > limit;
    found.truncate(limit);
    let next = if more { behind(&found) } else { None };
    Ok((found, next))
}

/// The same for somebody whose role counts in some accounts of an organization only: nothing of the others decides about the
/// answer. Of a question's words it answers two; the caller looks at the others.
pub async fn list_in_accounts(
    tx: &mut Tx,
    organization: OrganizationId,
    accounts: &[AccountId],
    wanted: &SearchFilter<'_>,
) -> Result<(Vec<Found>, Option<(String, ResourceId)>)> {
    if accounts.is_empty() {
        return Ok((Vec::new(), None));
    }
    let ids: Vec<_> = accounts.iter().take(CHUNK).copied().collect();
    let first = &wanted.question.first;
    let (after_word, after_id) = match &wanted.after {
        Some((word, id)) => (word.clone(), id.0),
        None => (first.clone(), Uuid::nil()),
    };
    let other = wanted.question.others.first().unwrap_or(first);
    let mut found: Vec<Found> = tx
        .sql_list(
            "SELECT r.id, w.word FROM resource_word w CROSS JOIN resource r
             WHERE w.organization_id = {1} AND (w.word, w.resource_id) > ({2}, {3}) AND w.word < {4}
                AND r.id = w.resource_id AND r.account_id IN ({ids}) AND r.trashed_with IS NULL
                AND ({5} IS NULL OR r.kind = {5}) AND ({6} IS NULL OR r.status = {6})
                AND EXISTS (SELECT 1 FROM resource_word a WHERE a.resource_id = w.resource_id AND a.word >= {7} AND a.word < {7} || '\u{10FFFF}')
                AND NOT EXISTS (SELECT 1 FROM resource_word o WHERE o.resource_id = w.resource_id AND o.word >= {8} AND o.word < w.word)
             ORDER BY w.word, w.resource_id LIMIT CAST({9} AS BIGINT)",
            &ids,
        )
        .bind(organization)
        .bind(after_word)
        .bind(after_id)
        .bind(format!("{first}{BEHIND}"))
        .bind(wanted.kind)
        .bind(wanted.status)
        .bind(other.clone())
        .bind(first.clone())
        .bind(wanted.limit + 1)
        .all()
        .await?;
    let limit = usize::try_from(wanted.limit).unwrap_or(usize::MAX);
    let more = found.len() > limit;
    found.truncate(limit);
    let next = if more { behind(&found) } else { None };
    Ok((found, next))
}
