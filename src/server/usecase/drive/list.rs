//! What is in a container, a page at a time (DRIVE).

use crate::{
    domain::{
        access::{Act, Level},
        id::{OrganizationId, ResourceId},
        name::{same_key, sort_key},
        refusal::Refusal,
        resource::{DatasetStatus, Kind},
        text::FieldIssue,
    },
    server::{
        context::{Ctx, Principal},
        error::Result,
        store::{Tx, grant, photo, resource},
        usecase::{
            access::{self, AccessPath},
            accounts::AccountNames,
            drive::change::MAX_DATASET_AMOUNT,
            organization,
            pager::Pager,
            view_as,
        },
    },
    view::{DatasetView, MoreRows, Page, RowView},
};
use serde::Deserialize;
use std::collections::BTreeMap;
use utoipa::IntoParams;

/// How many rows a page of the Drive has: what fits on any screen, and a little.
pub const PAGE_SIZE: i64 = 60;

/// How many rows the browser asks for at once when somebody scrolls.
pub const SCROLL_BLOCK_SIZE: i64 = 100;

/// Which children are wanted, unread.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct ListQuery {
    /// `name` or `kind` (folders first, then by name), `status`, `images`, `size`, `owner` or `modified_at`; with `-`
    /// in front for descending order.
    pub sort: String,
    /// Only of this kind.
    pub kind: Option<String>,
    /// Only datasets in this state.
    pub status: Option<String>,
    /// Only with names that begin like this.
    pub query: Option<String>,
    /// Skip this many rows, instead of a cursor.
    pub at: Option<i64>,
    /// Where the page starts.
    pub cursor: String,
    /// 1 to 200.
    pub limit: Option<i64>,
    /// A person's id, to answer as that person would see it. For Owners and Managers of the organization.
    #[serde(rename = "as")]
    #[param(rename = "as")]
    pub view_as: String,
}

/// One page of what is in a container.
///
/// # Errors
/// `NotFound` if the reader may not see it; `Invalid` at a field of the query, a cursor of another list among them.
pub async fn children(ctx: &Ctx, by: &Principal, id: &str, query: &ListQuery) -> Result<Page<RowView>> {
    let id: ResourceId = crate::server::usecase::id("id", id).map_err(|_| Refusal::NotFound)?;
    let limit = crate::server::usecase::limit(query.limit)?;
    let by = &view_as::at_resource(ctx, by, id, &query.view_as).await?.by;
    let mut tx = ctx.db().read().await?;
    let access_path = access::access_path(&mut tx, by, id).await?;
    list(&mut tx, by, &access_path, query, limit).await
}

fn read_kind(query: &ListQuery) -> Result<Option<Kind>> {
    let kind = query.kind.as_deref().filter(|kind| !kind.is_empty());
    Ok(kind.map(|kind| Kind::parse(kind).map_err(|problem| Refusal::field("kind", problem))).transpose()?)
}

fn read_status(query: &ListQuery) -> Result<Option<DatasetStatus>> {
    let status = query.status.as_deref().filter(|status| !status.is_empty());
    Ok(status
        .map(|status| DatasetStatus::parse(status).map_err(|problem| Refusal::field("status", problem)))
        .transpose()?)
}

/// One page of a container that the reader is known to see.
///
/// # Errors
/// `Invalid` at a field of the query.
pub async fn list(
    tx: &mut Tx,
    by: &Principal,
    access_path: &AccessPath,
    query: &ListQuery,
    limit: i64,
) -> Result<Page<RowView>> {
    let (parent, level) = (access_path.facts.resource, access_path.level().ok_or(Refusal::NotFound)?);
    let (word, descending) = query.sort.strip_prefix('-').map_or((query.sort.as_str(), false), |word| (word, true));
    let sort = match word {
        "" | "name" | "kind" => resource::Sort::Name,
        "modified_at" => resource::Sort::ModifiedAt,
        "size" => resource::Sort::Size,
        "images" => resource::Sort::Images,
        "status" => resource::Sort::Status,
        "owner" => resource::Sort::Owner,
        _ => return Err(Refusal::field("sort", FieldIssue::NotAChoice).into()),
    };
    let (kind, status) = (read_kind(query)?, read_status(query)?);
    let prefix = query.query.as_deref().map(same_key).filter(|prefix| !prefix.is_empty());
    let pager = Pager::new(format!(
        "{parent} {} {} {}",
        query.sort,
        kind.map(Kind::as_str).unwrap_or_default(),
        status.map(DatasetStatus::as_str).unwrap_or_default()
    ));
    let after = pager.read(&query.cursor)?;
    let mut wanted = resource::Children {
        parent,
        sort,
        descending,
        kind,
        status,
        prefix: prefix.as_deref(),
        after,
        limit: limit + 1,
        level,
    };
    if let Some(at) = query.at.filter(|at| *at != 0) {
        if !(0..=MAX_DATASET_AMOUNT).contains(&at) || wanted.after.is_some() {
            return Err(Refusal::field("at", FieldIssue::NotInRange(0, MAX_DATASET_AMOUNT)).into());
        }
        match resource::find_after(tx, &wanted, at).await? {
            None => return Ok(Page { items: Vec::new(), next_cursor: None }),
            after => wanted.after = after,
        }
    }
    let mut rows = resource::list_children(tx, &wanted).await?;
    raise_to_own_level(tx, by, &mut rows).await?;
    hide_counts(&mut rows);
    pager.page(rows, limit, |row| {
        let of_dataset = |number: fn(&DatasetView) -> i64| row.dataset.as_ref().map_or(0, number);
        let number = match sort {
            resource::Sort::Name | resource::Sort::Owner => 0,
            resource::Sort::ModifiedAt => row.modified_at.0,
            resource::Sort::Size => of_dataset(|dataset| dataset.bytes),
            resource::Sort::Images => of_dataset(|dataset| dataset.images),
            resource::Sort::Status => of_dataset(|dataset| dataset.status.rank()),
        };
        resource::Cursor {
            rank: row.kind.rank(),
            name_key: sort_key(&row.name),
            number,
            owner_key: row.created_by_name.as_deref().map(sort_key).unwrap_or_default(),
            id: row.id,
        }
    })
}

/// Gives each row the reader's own level on it: a grant on the row itself only raises what they have from above (ROLE-1).
async fn raise_to_own_level(tx: &mut Tx, by: &Principal, rows: &mut [RowView]) -> Result<()> {
    let granted: Vec<ResourceId> =
        rows.iter().filter(|row| row.grants > 0 && row.level < Level::Manager).map(|row| row.id).collect();
    if granted.is_empty() {
        return Ok(());
    }
    let levels = grant::list_levels(tx, by.person, &granted).await?;
    for row in rows {
        let own = levels.iter().filter(|(id, _)| *id == row.id).map(|(_, level)| *level);
        row.level = own.chain([row.level]).max().unwrap_or(row.level);
    }
    Ok(())
}

/// How many others were given access is for who manages it (ACCESS-2): everybody else learns that somebody was.
fn hide_counts(rows: &mut [RowView]) {
    for row in rows.iter_mut().filter(|row| row.level < Act::GiveAccess.needs()) {
        row.grants = row.grants.min(1);
    }
}

/// Says which photo each dataset among the rows of a page is shown with.
pub(crate) async fn add_pictures(tx: &mut Tx, rows: &mut [RowView]) -> Result<()> {
    let with_images =
        |row: &&RowView| row.dataset.as_ref().is_some_and(|dataset| dataset.files > 0 && dataset.images > 0);
    let datasets: Vec<ResourceId> = rows.iter().filter(with_images).map(|row| row.id).collect();
    if datasets.is_empty() {
        return Ok(());
    }
    let pictures: BTreeMap<ResourceId, i64> = photo::list_pictures(tx, &datasets).await?.into_iter().collect();
    for row in rows {
        row.picture = pictures.get(&row.id).copied();
    }
    Ok(())
}

/// What was shared with somebody in an organization, where they do not see its root (ACCESS-3).
pub async fn shared(tx: &mut Tx, by: &Principal, organization: OrganizationId) -> Result<Vec<RowView>> {
    let shared = grant::list_shared(tx, by.person, organization, crate::server::usecase::MAX_PAGE_SIZE).await?;
    rows_of(tx, by, organization, &shared).await
}

/// One page of what was shared with somebody in an organization: everything on which they, or an organization of theirs, were
/// given access, and nothing else (ACCESS-3).
///
/// # Errors
/// `Invalid` at the cursor.
pub async fn shared_page(
    tx: &mut Tx,
    by: &Principal,
    organization: OrganizationId,
    cursor: &str,
    limit: i64,
) -> Result<Page<RowView>> {
    let pager = Pager::new(format!("{organization} shared"));
    let after = pager.read(cursor)?;
    let listed = grant::list_shared_page(tx, by.person, organization, after.as_ref(), limit + 1).await?;
    let page = pager.page(listed, limit, |(_, last)| last.clone())?;
    let ids: Vec<ResourceId> = page.items.into_iter().map(|(id, _)| id).collect();
    let mut items = rows_of(tx, by, organization, &ids).await?;
    for row in &mut items {
        row.place = None;
    }
    Ok(Page { items, next_cursor: page.next_cursor })
}

/// What was shared in an organization with the caller, or with whom they look as, for the API.
///
/// # Errors
/// `NotFound` if they may not see the organization; `Invalid` at a field of the query.
pub async fn shared_with_me(
    ctx: &Ctx,
    by: &Principal,
    org: &str,
    cursor: &str,
    limit: Option<i64>,
    view_as: &str,
) -> Result<Page<RowView>> {
    let limit = crate::server::usecase::limit(limit)?;
    let by = &view_as::in_organization(ctx, by, org, view_as).await?.by;
    let mut tx = ctx.db().read().await?;
    let at = organization::belonging(&mut tx, by, org).await?;
    shared_page(&mut tx, by, at.id, cursor, limit).await
}

/// Rows of things from all over an organization, folders first: with the reader's level on each, what is forbidden on it, and what it is
/// in as far as they see that. What they may not see is left out.
pub async fn rows_of(
    tx: &mut Tx,
    by: &Principal,
    organization: OrganizationId,
    ids: &[ResourceId],
) -> Result<Vec<RowView>> {
    let names = AccountNames::of(tx, by, organization).await?;
    let mut access_paths = access::access_paths(tx, by.person, ids).await?;
    let mut rows = resource::list_rows(tx, ids).await?;
    rows.retain_mut(|row| {
        let Some(access_path) = access_paths.remove(&row.id) else { return false };
        let Some(level) = access_path.level() else { return false };
        row.level = level;
        row.restrictions = access_path.facts.restrictions;
        let mut path = access_path.visible_path();
        names.label(&mut path);
        path.pop();
        row.place = path.pop();
        row.account_name = names.of_account(row.account);
        true
    });
    hide_counts(&mut rows);
    Ok(rows)
}

/// How many rows a list has in all, counted up to `most`.
pub(super) async fn count(tx: &mut Tx, parent: ResourceId, query: &ListQuery, most: i64) -> Result<u64> {
    let (kind, status) = (read_kind(query)?, read_status(query)?);
    Ok(resource::count_children(tx, parent, kind, status, most).await?)
}

/// More rows of a container's list, and how many there are in all.
///
/// # Errors
/// See [`children`].
pub async fn more(ctx: &Ctx, by: &Principal, id: &str, query: &ListQuery) -> Result<MoreRows> {
    let id: ResourceId = crate::server::usecase::id("id", id).map_err(|_| Refusal::NotFound)?;
    let limit = crate::server::usecase::limit(query.limit)?;
    let by = &view_as::at_resource(ctx, by, id, &query.view_as).await?.by;
    let mut tx = ctx.db().read().await?;
    let access_path = access::access_path(&mut tx, by, id).await?;
    let total = count(&mut tx, id, query, i64::MAX).await?;
    let mut rows = list(&mut tx, by, &access_path, query, limit).await?.items;
    add_pictures(&mut tx, &mut rows).await?;
    Ok(MoreRows { rows, total })
}
