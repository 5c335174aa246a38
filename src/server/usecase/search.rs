//! Searching through a whole organization (DRIVE-2), as far as somebody sees it (ACCESS-3).

use std::collections::BTreeMap;

use crate::domain::{
    access::role_level,
    id::ResourceId,
    refusal::Refusal,
    resource::{Kind, Status},
    search::Question,
    text::Problem,
    view::{Page, RowView},
};

use super::{
    super::{
        context::{Ctx, Principal},
        error::Result,
        store::{Tx, grant, search},
    },
    drive, looking, organization,
};

/// What is searched for, unread.
#[derive(Debug, Clone, Default)]
pub struct SearchQuery {
    /// Words that names begin with.
    pub q: String,
    /// Only of this kind.
    pub kind: String,
    /// Only datasets in this state.
    pub status: String,
    /// Where the page starts.
    pub cursor: String,
    /// How many rows.
    pub limit: Option<i64>,
    /// As whom it is looked at (**View as**): a person's id; empty for oneself.
    pub seen_as: String,
}

/// One page of what somebody finds in an organization. A page with fewer rows than asked for may have another behind it.
///
/// # Errors
/// `NotFound` if they do not see the organization; `Invalid` at `q` without a word in it, and at the other fields.
pub async fn search(ctx: &Ctx, by: &Principal, org: &str, query: &SearchQuery) -> Result<Page<RowView>> {
    let limit = super::limit(query.limit)?;
    let by = &looking::in_organization(ctx, by, org, &query.seen_as).await?.by;
    let mut tx = ctx.db().read().await?;
    let at = organization::belonging(&mut tx, by, org).await?;
    page(&mut tx, by, &at, query, limit).await
}

/// One page of what is found in an organization that somebody is known to see.
///
/// # Errors
/// `Invalid` at a field of the query.
pub async fn page(
    tx: &mut Tx,
    by: &Principal,
    at: &crate::domain::view::Belonging,
    query: &SearchQuery,
    limit: i64,
) -> Result<Page<RowView>> {
    let question = Question::parse(&query.q).ok_or_else(|| Refusal::field("q", Problem::Missing))?;
    let kind = choice("kind", &query.kind, Kind::parse)?;
    let status = choice("status", &query.status, Status::parse)?;
    let wrong = || Refusal::field("cursor", Problem::NotAnId);
    // The cursor names the question it is of.
    let asked = format!("{} {} {} {}", at.id, query.q, query.kind, query.status);
    let after = match super::read_cursor(&query.cursor, 3)? {
        None => None,
        Some(parts) if parts[0] != asked => return Err(wrong().into()),
        Some(parts) => Some((parts[1].clone(), parts[2].parse::<ResourceId>().map_err(|_| wrong())?)),
    };
    let wanted = search::Wanted { question: &question, kind, status, after, limit };
    let (found, next) = if at.role.and_then(role_level).is_some() {
        search::list_in_organization(tx, at.id, &wanted).await?
    } else {
        let shared = grant::list_shared(tx, by.person, at.id, super::LONGEST_PAGE).await?;
        search::list_below(tx, &shared, &wanted).await?
    };
    let ids: Vec<ResourceId> = found.iter().map(|(id, _)| *id).collect();
    let mut rows: BTreeMap<ResourceId, RowView> =
        drive::rows_of(tx, by, &ids).await?.into_iter().map(|row| (row.id, row)).collect();
    Ok(Page {
        items: ids.iter().filter_map(|id| rows.remove(id)).collect(),
        next_cursor: next.map(|(word, id)| super::cursor(&[&asked, &word, &id.to_string()])),
    })
}

fn choice<T>(field: &str, word: &str, parse: impl Fn(&str) -> std::result::Result<T, Problem>) -> Result<Option<T>> {
    let word = word.trim();
    if word.is_empty() {
        return Ok(None);
    }
    Ok(Some(parse(word).map_err(|problem| Refusal::field(field, problem))?))
}
