//! Searching through a whole organization (DRIVE-2), as far as somebody sees it (ACCESS-3).

use std::collections::BTreeMap;

use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    domain::{
        access::role_level,
        id::{AccountId, ResourceId},
        refusal::Refusal,
        resource::{DatasetStatus, Kind},
        search::SearchTerms,
        text::FieldIssue,
    },
    view::{OrganizationMembership, Page, RowView},
};

use super::{
    super::{
        context::{Ctx, Principal},
        error::Result,
        store::{
            Tx, account, grant,
            search::{self, Found},
        },
    },
    drive, organization,
    pager::Pager,
    view_as,
};

/// How many of the resources that are shared with somebody are searched, the newest first, with everything below them.
const MAX_SHARED: i64 = 1_000;

/// Where an answer stands: the word it is found by, and its id.
type Cursor = (String, ResourceId);

/// What is searched for, unread.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct SearchQuery {
    /// Words of the name. The longest must be the beginning of a word.
    pub q: String,
    /// Only of this kind.
    pub kind: String,
    /// Only datasets in this state.
    pub status: String,
    /// Where the page starts.
    pub cursor: String,
    /// 1 to 200.
    pub limit: Option<i64>,
    /// A person's id, to answer as that person would see it. For Owners and Managers of the organization.
    #[serde(rename = "as")]
    #[param(rename = "as")]
    pub view_as: String,
}

/// One page of what somebody finds in an organization. A page with fewer rows than asked for may have another behind it.
///
/// # Errors
/// `NotFound` if they do not see the organization; `Invalid` at `q` without a word in it, and at the other fields.
pub async fn search(ctx: &Ctx, by: &Principal, org: &str, query: &SearchQuery) -> Result<Page<RowView>> {
    let limit = super::limit(query.limit)?;
    let by = &view_as::in_organization(ctx, by, org, &query.view_as).await?.by;
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
    at: &OrganizationMembership,
    query: &SearchQuery,
    limit: i64,
) -> Result<Page<RowView>> {
    let question = SearchTerms::parse(&query.q).ok_or_else(|| Refusal::field("q", FieldIssue::Missing))?;
    let kind = choice("kind", &query.kind, Kind::parse)?;
    let status = choice("status", &query.status, DatasetStatus::parse)?;
    let pager = Pager::<Cursor>::new(format!("{} {} {} {}", at.id, query.q, query.kind, query.status));
    let after = pager.read(&query.cursor)?;
    let wanted = search::SearchFilter { question: &question, kind, status, after, limit };
    let (found, next) = match search_scope(tx, by, at).await? {
        SearchScope::Everything => search::list_in_organization(tx, at.id, &wanted).await?,
        SearchScope::Accounts(accounts) => {
            let by_role = search::list_in_accounts(tx, at.id, &accounts, &wanted).await?;
            let shared = grant::list_shared(tx, by.person, at.id, MAX_SHARED).await?;
            let by_grant = search::list_below(tx, &shared, &wanted).await?;
            both(by_role, by_grant, limit)
        }
    };
    let ids: Vec<ResourceId> = found.iter().map(|(id, _)| *id).collect();
    let mut rows: BTreeMap<ResourceId, RowView> = drive::list::rows_of(tx, by, at.id, &ids)
        .await?
        .into_iter()
        .filter(|row| question.matches(&row.name))
        .map(|row| (row.id, row))
        .collect();
    Ok(Page {
        items: ids.iter().filter_map(|id| rows.remove(id)).collect(),
        next_cursor: next.map(|next| pager.write(&next)).transpose()?,
    })
}

/// What of an organization somebody sees by their role.
enum SearchScope {
    /// All of it.
    Everything,
    /// All that is in these accounts, if in any (ACCT-2).
    Accounts(Vec<AccountId>),
}

async fn search_scope(tx: &mut Tx, by: &Principal, at: &OrganizationMembership) -> Result<SearchScope> {
    if at.role.and_then(role_level).is_none() {
        return Ok(SearchScope::Accounts(Vec::new()));
    }
    let roles = account::list_roles(tx, at.id, by.person).await?;
    let all = roles.len();
    let seen: Vec<AccountId> =
        roles.into_iter().filter(|(_, role)| role_level(*role).is_some()).map(|(id, _)| id).collect();
    // A machine has a role in its own account alone, and so "all" is no more than that.
    Ok(if seen.len() == all && by.key.is_none() { SearchScope::Everything } else { SearchScope::Accounts(seen) })
}

/// Two lists of answers in the order of one, each as far as it goes; and where to go on.
fn both(
    (mut found, next): (Vec<Found>, Option<Cursor>),
    (others, other_next): (Vec<Found>, Option<Cursor>),
    limit: i64,
) -> (Vec<Found>, Option<Cursor>) {
    let place = |(id, word): &Found| (word.clone(), *id);
    found.extend(others);
    found.sort_by_key(place);
    found.dedup_by_key(|(id, _)| *id);
    // What is behind the end of a list that goes on may not be all that is there.
    let mut end = next.into_iter().chain(other_next).min();
    if let Some(end) = &end {
        found.retain(|one| place(one) <= *end);
    }
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    if found.len() > most {
        found.truncate(most);
        end = found.last().map(place);
    }
    (found, end)
}

fn choice<T>(field: &str, word: &str, parse: impl Fn(&str) -> std::result::Result<T, FieldIssue>) -> Result<Option<T>> {
    let word = word.trim();
    if word.is_empty() {
        return Ok(None);
    }
    Ok(Some(parse(word).map_err(|problem| Refusal::field(field, problem))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(word: &str, n: u128) -> Found {
        (ResourceId(uuid::Uuid::from_u128(n)), word.to_owned())
    }

    #[test]
    fn acct_2_answers_by_role_and_by_grant_come_in_one_order_each_once_and_none_is_lost() {
        let all = |lists: (Vec<Found>, Option<Cursor>)| lists.0.into_iter().map(|(_, word)| word).collect::<Vec<_>>();
        let one = (vec![answer("a", 1), answer("c", 3), answer("d", 4)], None);
        let other = (vec![answer("b", 2), answer("c", 3)], None);
        assert_eq!(all(both(one.clone(), other.clone(), 10)), ["a", "b", "c", "d"]);
        let (found, next) = both(one, other, 2);
        assert_eq!((found.len(), next), (2, Some(("b".to_owned(), ResourceId(uuid::Uuid::from_u128(2))))));
        // The second list ends at "b" and goes on: what the first has behind that comes with the next page.
        let going_on = (vec![answer("b", 2)], Some(("b".to_owned(), ResourceId(uuid::Uuid::from_u128(2)))));
        let (found, next) = both((vec![answer("a", 1), answer("c", 3)], None), going_on, 10);
        assert_eq!(found.len(), 2);
        assert_eq!(next.map(|(word, _)| word).as_deref(), Some("b"));
    }
}
