//! Table `resource`: single nodes, lists of children, and the way up. What is below a node is in [`super::subtree`].
//! What is in the trash does not exist here.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use uuid::Uuid;

use super::{
    CHUNK, Result, Tx, live,
    paid_image::{self, PaidBy},
    search,
    values::from_columns,
};
use crate::{
    domain::{
        access::{Level, Source},
        cap::through,
        id::{AccountId, LicenceId, OrganizationId, PersonId, ResourceId},
        name::{beginning, same_key, sort_key},
        permit::{Permit, RolePermit},
        resource::{DatasetStatus, Kind, NUMBERED_LENGTH},
        restriction::Restrictions,
        role::Role,
        time::{Day, Timestamp},
    },
    view::{DatasetView, RowView},
};

/// A node of a Drive.
#[derive(Debug, Clone)]
pub struct Resource {
    pub id: ResourceId,
    /// The organization that owns it.
    pub organization: OrganizationId,
    /// The account it is in.
    pub account: AccountId,
    /// The container it is in; `None` for a root.
    pub parent: Option<ResourceId>,
    pub kind: Kind,
    pub name: String,
    /// Dataset facts; datasets only.
    pub dataset: Option<DatasetView>,
    /// The licence that processing was charged to.
    pub charged_to: Option<LicenceId>,
    /// How many images were charged to it.
    pub charged_images: i64,
    /// How many jobs hold its images.
    pub live_jobs: i64,
    /// Who created it.
    pub created_by: Option<PersonId>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub modified_at: Timestamp,
}

/// The facts of a dataset; a row without a status is none.
fn dataset(
    status: Option<DatasetStatus>,
    images: i64,
    bytes: i64,
    cluster: Option<String>,
    captured_on: Option<Day>,
    files: i64,
) -> Option<DatasetView> {
    status.map(|status| DatasetView { status, images, bytes, cluster: cluster.unwrap_or_default(), captured_on, files })
}

from_columns! {
    Resource: id: ResourceId, organization_id: OrganizationId, account_id: AccountId, parent_id: Option<ResourceId>,
        kind: Kind, name: String, status: Option<DatasetStatus>, images: i64, bytes: i64, cluster: Option<String>,
        captured_on: Option<Day>, files: i64, charged_to: Option<LicenceId>, charged_images: i64, live_jobs: i64, created_by: Option<PersonId>, created_at: Timestamp,
        modified_at: Timestamp;
    Self {
        id,
        organization: organization_id,
        account: account_id,
        parent: parent_id,
        kind,
        dataset: dataset(status, images, bytes, cluster, captured_on, files),
        name,
        charged_to,
        charged_images,
        live_jobs,
        created_by,
        created_at,
        modified_at,
    }
}

/// A node by id.
pub async fn find(tx: &mut Tx, id: ResourceId) -> Result<Option<Resource>> {
    tx.sql(
        "SELECT id, organization_id, account_id, parent_id, kind, name, status, images, bytes, cluster, captured_on, files, charged_to, charged_images, live_jobs, created_by, created_at, modified_at
         FROM resource WHERE id = $1 AND trashed_with IS NULL",
    )
    .bind(id)
    .optional()
    .await
}

/// A node as its own page shows it.
#[derive(Debug, Clone, FromRow)]
pub struct ResourceDetails {
    /// The node.
    #[sqlx(flatten)]
    pub resource: Resource,
    /// Who created it.
    pub created_by_name: Option<String>,
    /// Where access to it comes from.
    #[sqlx(flatten)]
    pub access: Source,
    /// How many things are in it.
    #[sqlx(try_from = "i64")]
    pub children: u64,
}

from_columns! {
    Source: grants: i64, by_hand: i64;
    Self::of(by_hand > 0, grants > by_hand)
}

/// A node by id, as its own page shows it; what is in it is counted up to `most`.
pub async fn find_shown(tx: &mut Tx, id: ResourceId, most: i64) -> Result<Option<ResourceDetails>> {
    tx.sql(
        "SELECT r.id, r.organization_id, r.account_id, r.parent_id, r.kind, r.name, r.status, r.images, r.bytes, r.cluster, r.captured_on, r.files, r.charged_to, r.charged_images, r.live_jobs, r.created_by, r.created_at, r.modified_at,
            p.first_name || ' ' || p.last_name AS created_by_name,
            (SELECT CAST(COUNT(*) AS BIGINT) FROM access_grant g WHERE g.resource_id = r.id) AS grants,
            (SELECT CAST(COUNT(*) AS BIGINT) FROM access_grant g WHERE g.resource_id = r.id AND NOT g.carried) AS by_hand,
            (SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT 1 AS one FROM resource c WHERE c.parent_id = $1 AND c.trashed_with IS NULL LIMIT CAST($2 AS BIGINT)) AS first) AS children
         FROM resource r LEFT JOIN person p ON p.id = r.created_by WHERE r.id = $1 AND r.trashed_with IS NULL",
    )
    .bind(id)
    .bind(most)
    .optional()
    .await
}

/// Nodes by id, in no order; unknown ids are left out.
pub async fn find_all(tx: &mut Tx, ids: &[ResourceId]) -> Result<Vec<Resource>> {
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(CHUNK) {
        let rows: Vec<Resource> = tx
            .sql_list(
                "SELECT id, organization_id, account_id, parent_id, kind, name, status, images, bytes, cluster, captured_on, files, charged_to, charged_images, live_jobs, created_by, created_at, modified_at
                 FROM resource WHERE id IN ({ids}) AND trashed_with IS NULL",
                chunk,
            )
            .all()
            .await?;
        found.extend(rows);
    }
    Ok(found)
}

/// A node on somebody's way up to the root.
#[derive(Debug, Clone)]
pub struct Step {
    /// The node the way starts at.
    pub start: ResourceId,
    /// How far up this is; 0 is the start itself.
    pub distance: i64,
    pub id: ResourceId,
    pub kind: Kind,
    pub name: String,
    /// The organization that owns it.
    pub organization: OrganizationId,
    /// The account it is in.
    pub account: AccountId,
    /// The role of who goes this way, as it counts in that account.
    pub role: Option<Role>,
    /// The levels granted here to who goes this way, or to an organization of theirs, as far as their membership lets them through.
    pub levels: Vec<Level>,
    /// What is forbidden here and below.
    pub restrictions: Restrictions,
}

from_columns! {
    Step: start_id: ResourceId, distance: i64, id: ResourceId, kind: Kind, name: String,
        organization_id: OrganizationId, account_id: AccountId, role: Option<Role>, level: Option<Level>,
        max_level: Option<Level>, restrict_copy: bool, restrict_delete: bool, restrict_download: bool;
    Self {
        start: start_id,
        distance,
        id,
        kind,
        name,
        organization: organization_id,
        account: account_id,
        role,
        levels: level.map(|level| through(level, max_level)).into_iter().collect(),
        restrictions: Restrictions { copy: restrict_copy, delete: restrict_delete, download: restrict_download },
    }
}

/// The ways from nodes up to their roots, each starting with the node itself, and what a person is and was granted on
/// them. What a deleted organization owns does not exist.
/// A tree is at most 64 levels deep (DRIVE-1); the limit in the statement ends the walk even if the rows had a cycle.
pub async fn list_ancestors(tx: &mut Tx, person: PersonId, starts: &[ResourceId]) -> Result<Vec<Step>> {
    ways(tx, person, starts, false).await
}

/// [`list_ancestors`] for what is in the trash as well.
pub async fn list_ancestors_in_trash(tx: &mut Tx, person: PersonId, starts: &[ResourceId]) -> Result<Vec<Step>> {
    ways(tx, person, starts, true).await
}

async fn ways(tx: &mut Tx, person: PersonId, starts: &[ResourceId], in_trash: bool) -> Result<Vec<Step>> {
    let mut ancestors: Vec<Step> = Vec::new();
    for chunk in starts.chunks(CHUNK) {
        // Only the starts are checked for the trash: what is outside the trash is never inside something that is in it.
        let rows: Vec<Step> = tx
            .sql_list(
                "WITH RECURSIVE up(start_id, distance, id, parent_id, kind, name, organization_id, account_id, restrict_copy, restrict_delete, restrict_download) AS (
                    SELECT r.id, CAST(0 AS BIGINT), r.id, r.parent_id, r.kind, r.name, r.organization_id, r.account_id, r.restrict_copy, r.restrict_delete, r.restrict_download
                    FROM resource r JOIN active_organization l ON l.id = r.organization_id WHERE r.id IN ({ids}) AND (r.trashed_with IS NULL OR {2})
                    UNION ALL
                    SELECT up.start_id, up.distance + 1, r.id, r.parent_id, r.kind, r.name, r.organization_id, r.account_id, r.restrict_copy, r.restrict_delete, r.restrict_download
                    FROM up JOIN resource r ON r.id = up.parent_id WHERE up.distance < 100
                 )
                 SELECT up.start_id, up.distance, up.id, up.kind, up.name, up.organization_id, up.account_id,
                    (SELECT m.role FROM account_role m WHERE m.account_id = up.account_id AND m.person_id = {1}) AS role,
                    g.level, (SELECT COALESCE(m.max_level, 'editor') FROM membership m WHERE m.organization_id = g.organization_id AND m.person_id = {1}) AS max_level, up.restrict_copy, up.restrict_delete, up.restrict_download
                 FROM up
                 LEFT JOIN access_grant g ON g.resource_id = up.id AND (g.person_id = {1}
                    OR g.organization_id IN (SELECT organization_id FROM active_membership WHERE person_id = {1}))",
                chunk,
            )
            .bind(person)
            .bind(in_trash)
            .all()
            .await?;
        ancestors.extend(rows);
    }
    ancestors.sort_by_key(|step| (step.start, step.distance));
    // The join returns a step once for each grant on it; merge them.
    ancestors.dedup_by(|next, step| {
        let same = (next.start, next.distance) == (step.start, step.distance);
        if same {
            step.levels.append(&mut next.levels);
        }
        same
    });
    Ok(ancestors)
}

/// Something new in a container.
#[derive(Debug)]
pub struct NewResource<'a> {
    pub id: ResourceId,
    /// The account it is in.
    pub account: AccountId,
    pub kind: Kind,
    pub name: &'a str,
    /// Dataset facts; datasets only.
    pub dataset: Option<&'a DatasetView>,
    /// Now, or, in the demo, when it is said to have been.
    pub at: Timestamp,
}

/// Puts something new into the permit's resource.
///
/// # Errors
/// `Taken` if the name is.
pub async fn insert(tx: &mut Tx, permit: &Permit, new: &NewResource<'_>) -> Result<()> {
    insert_row(tx, permit.organization(), Some(permit.resource()), Some(permit.person()), new).await
}

/// Makes the root of a new account in the permit's organization.
pub async fn insert_root(tx: &mut Tx, permit: &RolePermit, new: &NewResource<'_>) -> Result<()> {
    insert_row(tx, permit.organization(), None, Some(permit.person()), new).await
}

async fn insert_row(
    tx: &mut Tx,
    organization: OrganizationId,
    parent: Option<ResourceId>,
    by: Option<PersonId>,
    new: &NewResource<'_>,
) -> Result<()> {
    tx.sql(
        "INSERT INTO resource (id, organization_id, account_id, parent_id, kind, kind_rank, name, name_key, status, images, bytes, cluster, captured_on, created_by, created_at, modified_at, touched_at, waiting_since, status_rank, name_unique, owner_name_key)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $16, $17, $18, $19, COALESCE((SELECT p.name_key FROM person p WHERE p.id = $14), ''))",
    )
    .bind(new.id)
    .bind(organization)
    .bind(new.account)
    .bind(parent)
    .bind(new.kind)
    .bind(new.kind.rank())
    .bind(new.name.to_owned())
    .bind(sort_key(new.name))
    .bind(new.dataset.map(|dataset| dataset.status))
    .bind(new.dataset.map_or(0, |dataset| dataset.images))
    .bind(new.dataset.map_or(0, |dataset| dataset.bytes))
    .bind(new.dataset.map(|dataset| dataset.cluster.clone()))
    .bind(new.dataset.and_then(|dataset| dataset.captured_on).map(|day| day.0))
    .bind(by)
    .bind(new.at)
    .bind(new.at)
    .bind(new.dataset.filter(|dataset| dataset.status == DatasetStatus::WaitingForCredits).map(|_| new.at.0))
    .bind(new.dataset.map_or(0, |dataset| dataset.status.rank()))
    .bind(same_key(new.name))
    .execute()
    .await?;
    // A root has the name of its organization and is never an answer to a search, and nobody has what it is in open.
    if let Some(parent) = parent {
        search::write(tx, organization, new.id, new.name, true).await?;
        live::touch_container(tx, parent);
    }
    Ok(())
}

/// Renames the permit's resource. `modified_at` is when it counts as modified: now, or, where a name is given back, when it was
/// before.
///
/// # Errors
/// `Taken` if the name is.
pub async fn update_name(
    tx: &mut Tx,
    permit: &Permit,
    name: &str,
    modified_at: Timestamp,
    at: Timestamp,
) -> Result<()> {
    tx.sql(
        "UPDATE resource SET name = $2, name_key = $3, modified_at = $4, touched_at = $5, name_unique = $6 WHERE id = $1",
    )
    .bind(permit.resource())
    .bind(name.to_owned())
    .bind(sort_key(name))
    .bind(modified_at)
    .bind(at)
    .bind(same_key(name))
    .execute()
    .await?;
    search::write(tx, permit.organization(), permit.resource(), name, false).await?;
    live::touch(tx, &[permit.resource()]).await
}

/// Moves items into the permit's resource, under their own names. Where something is does not change when it was modified.
///
/// # Errors
/// `Taken` if a name is.
pub async fn update_parent(tx: &mut Tx, permit: &Permit, items: &[ResourceId], at: Timestamp) -> Result<()> {
    // Called before the rows change, because it looks up the containers that the items leave.
    live::touch(tx, items).await?;
    live::touch_container(tx, permit.resource());
    for chunk in items.chunks(CHUNK) {
        tx.sql_list("UPDATE resource SET parent_id = {1}, touched_at = {2} WHERE id IN ({ids})", chunk)
            .bind(permit.resource())
            .bind(at)
            .execute()
            .await?;
    }
    Ok(())
}

/// Moves items into the permit's resource, each under another name (DRIVE-5). `COALESCE` changes no
/// result. It keeps SQLite from scanning all of `resource`: the planner then starts from the list.
///
/// # Errors
/// `Taken` if a name is.
pub async fn update_parent_and_name(
    tx: &mut Tx,
    permit: &Permit,
    items: &[(ResourceId, &str)],
    at: Timestamp,
) -> Result<()> {
    let ids: Vec<ResourceId> = items.iter().map(|(id, _)| *id).collect();
    // Called before the rows change, because it looks up the containers that the items leave.
    live::touch(tx, &ids).await?;
    live::touch_container(tx, permit.resource());
    for chunk in items.chunks(CHUNK) {
        tx.sql_rows(
            "WITH listed(id, name, name_key, name_unique) AS (VALUES {rows:4})
             UPDATE resource SET parent_id = {1}, touched_at = {2}, name = listed.name, name_key = listed.name_key, name_unique = listed.name_unique
             FROM listed WHERE resource.id = COALESCE(listed.id, {3})",
            chunk,
            |statement, (id, name)| statement.bind(id).bind((*name).to_owned()).bind(sort_key(name)).bind(same_key(name)),
        )
        .bind(permit.resource())
        .bind(at)
        .bind(None::<Uuid>)
        .execute()
        .await?;
    }
    search::rewrite(tx, permit.organization(), items).await
}

/// Sets how far the permit's dataset has come, and the licence that paid for it.
pub async fn update_status(
    tx: &mut Tx,
    permit: &Permit,
    status: DatasetStatus,
    charged_to: Option<LicenceId>,
    at: Timestamp,
) -> Result<()> {
    if let Some(licence) = charged_to {
        paid_image::begin(tx, permit, &[permit.resource()], PaidBy::Licence(licence)).await?;
    }
    // COALESCE keeps the place in the queue of a dataset that waits already. What was charged before stays charged.
    tx.sql(
        "UPDATE resource SET status = $2, charged_images = CASE WHEN charged_to IS NULL THEN images ELSE charged_images END,
            paid_images = CASE WHEN charged_to IS NULL THEN images ELSE paid_images END, charged_to = $3, modified_at = $4, touched_at = $4, status_rank = $6,
            waiting_since = CASE WHEN $5 THEN COALESCE(waiting_since, $4) ELSE NULL END
         WHERE id = $1 AND kind = 'dataset'",
    )
    .bind(permit.resource())
    .bind(status)
    .bind(charged_to)
    .bind(at)
    .bind(status == DatasetStatus::WaitingForCredits)
    .bind(status.rank())
    .execute()
    .await?;
    live::touch(tx, &[permit.resource()]).await
}

/// Sets what is known of the permit's dataset: images, size and the day it was captured on.
pub async fn update_facts(tx: &mut Tx, permit: &Permit, facts: &DatasetView, at: Timestamp) -> Result<()> {
    tx.sql(
        "UPDATE resource SET images = $2, bytes = $3, captured_on = $4, modified_at = $5, touched_at = $5 WHERE id = $1 AND kind = 'dataset'",
    )
    .bind(permit.resource())
    .bind(facts.images)
    .bind(facts.bytes)
    .bind(facts.captured_on)
    .bind(at)
    .execute()
    .await?;
    live::touch(tx, &[permit.resource()]).await
}

/// Sets what is forbidden on the permit's resource and below it (POL-1).
pub async fn update_restrictions(
    tx: &mut Tx,
    permit: &Permit,
    restrictions: Restrictions,
    at: Timestamp,
) -> Result<()> {
    tx.sql(
        "UPDATE resource SET restrict_copy = $2, restrict_delete = $3, restrict_download = $4, touched_at = $5 WHERE id = $1",
    )
        .bind(permit.resource())
        .bind(restrictions.copy)
        .bind(restrictions.delete)
        .bind(restrictions.download)
        .bind(at)
        .execute()
        .await?;
    live::touch(tx, &[permit.resource()]).await
}

/// Which keys of names in a container begin like one of these names, to find free names (DRIVE-5). A numbered name begins with the
/// name, or with as much of it as the number leaves room for.
pub async fn list_taken_names(
    tx: &mut Tx,
    container: ResourceId,
    names: &BTreeSet<String>,
) -> Result<BTreeSet<String>> {
    // For a few names, look each up by its prefix in the index. For many, read the container's names once.
    let mut taken = BTreeSet::new();
    if names.len() <= 32 {
        for name in names {
            let key = same_key(name);
            // Between these bounds are the names with a number behind, because digits sort before `a`.
            let (behind, end) = if name.chars().count() <= NUMBERED_LENGTH {
                (format!("{key} ("), format!("{key} (a"))
            } else {
                let key = same_key(beginning(name, NUMBERED_LENGTH));
                (key.clone(), format!("{key}\u{10FFFF}"))
            };
            let rows: Vec<String> = tx
                .sql("SELECT name_unique FROM resource WHERE parent_id = $1 AND trashed_with IS NULL AND (name_unique = $2 OR (name_unique > $3 AND name_unique < $4)) LIMIT 10000")
                .bind(container)
                .bind(key)
                .bind(behind)
                .bind(end)
                .column()
                .await?;
            taken.extend(rows);
        }
    } else {
        let rows: Vec<(Option<String>,)> = tx
            .sql("SELECT name_unique FROM resource WHERE parent_id = $1 AND trashed_with IS NULL")
            .bind(container)
            .all()
            .await?;
        taken.extend(rows.into_iter().filter_map(|(key,)| key));
    }
    Ok(taken)
}

/// How a list of children is ordered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Sort {
    /// Folders first, then by name.
    #[default]
    Name,
    /// By when it was last changed, oldest first.
    ModifiedAt,
    /// By size in bytes, smallest first.
    Size,
    /// By number of images, fewest first.
    Images,
    /// By how far datasets have come, then by name; what is no dataset first.
    Status,
    /// By the name of who made it, then by its own.
    Owner,
}

/// A page of children starts after this one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Cursor {
    /// The kind's rank, for [`Sort::Name`].
    pub rank: i64,
    /// The name's key, for [`Sort::Name`], [`Sort::Status`] and [`Sort::Owner`].
    pub name_key: String,
    /// The moment, the size, the images, or the rank of the status.
    pub number: i64,
    /// The key of the owner's name, for [`Sort::Owner`].
    pub owner_key: String,
    /// Breaks ties.
    pub id: ResourceId,
}

/// Which children are listed.
#[derive(Clone, Debug)]
pub struct Children<'a> {
    pub parent: ResourceId,
    pub sort: Sort,
    /// Reverses the order.
    pub descending: bool,
    /// Only of this kind.
    pub kind: Option<Kind>,
    /// Only datasets in this state.
    pub status: Option<DatasetStatus>,
    /// Only with names that begin like this (see `same_key`).
    pub prefix: Option<&'a str>,
    /// Where the page starts.
    pub after: Option<Cursor>,
    /// The maximum number of rows.
    pub limit: i64,
    /// The reader's level on the container: the least they have on each row.
    pub level: Level,
}

/// The columns of a row of a list, once for all orders. A unary plus before `kind_rank` hides the column from SQLite's planner, which
/// would otherwise start the scan at the first row of the kind and walk to the page's start.
macro_rules! children {
    ($where_and_order:literal) => {
        concat!(
            "SELECT r.id, r.account_id, r.kind, r.name, r.status, r.images, r.bytes, r.cluster, r.captured_on, r.files, r.created_at, r.modified_at,
                p.first_name || ' ' || p.last_name AS created_by_name,
                (SELECT CAST(COUNT(*) AS BIGINT) FROM access_grant g WHERE g.resource_id = r.id) AS grants,
                (SELECT CAST(COUNT(*) AS BIGINT) FROM access_grant g WHERE g.resource_id = r.id AND NOT g.carried) AS by_hand,
                r.restrict_copy, r.restrict_delete, r.restrict_download
             FROM resource r LEFT JOIN person p ON p.id = r.created_by
             WHERE r.parent_id = $1 AND r.trashed_with IS NULL AND ($4 IS NULL OR (r.name_unique >= $4 AND r.name_unique < $5)) AND ",
            $where_and_order
        )
    };
}

/// The sort keys of one row of a list, for the statements that find the row at an offset in the same order and with the same filters.
macro_rules! places {
    ($order:literal) => {
        concat!(
            "SELECT r.kind_rank, r.name_key, r.modified_at, r.bytes, r.images, r.status_rank, r.owner_name_key, r.id FROM resource r
             WHERE r.parent_id = $1 AND r.trashed_with IS NULL AND r.kind_rank >= $2 AND r.kind_rank <= $3
                AND ($4 IS NULL OR (r.name_unique >= $4 AND r.name_unique < $5)) AND ($6 IS NULL OR r.status = $6) ",
            $order
        )
    };
}

/// The same for the other orders. Here the unary plus keeps SQLite from using the index by kind, after which it would have to sort.
macro_rules! places_by_number {
    ($order:literal) => {
        concat!(
            "SELECT r.kind_rank, r.name_key, r.modified_at, r.bytes, r.images, r.status_rank, r.owner_name_key, r.id FROM resource r
             WHERE r.parent_id = $1 AND r.trashed_with IS NULL AND +r.kind_rank >= $2 AND +r.kind_rank <= $3
                AND ($4 IS NULL OR (r.name_unique >= $4 AND r.name_unique < $5)) AND ($6 IS NULL OR r.status = $6) ",
            $order
        )
    };
}

impl Children<'_> {
    /// The ranks of the kinds that are listed: a range of the index.
    fn ranks(&self) -> (i64, i64) {
        self.kind.map_or((0, i64::MAX), |kind| (kind.rank(), kind.rank()))
    }

    /// Names that begin like this, and what is behind all of these.
    fn prefixed(&self) -> (Option<String>, Option<String>) {
        let prefix = self.prefix.map(str::to_owned);
        let behind = prefix.as_ref().map(|prefix| format!("{prefix}\u{10FFFF}"));
        (prefix, behind)
    }
}

// `level` is the lowest there is. A caller that knows the level inherited from above sets it.
from_columns! {
    RowView: id: ResourceId, account_id: AccountId, kind: Kind, name: String, status: Option<DatasetStatus>, images: i64,
        bytes: i64, cluster: Option<String>, captured_on: Option<Day>, files: i64, created_at: Timestamp, modified_at: Timestamp,
        created_by_name: Option<String>, grants: i64, by_hand: i64, restrict_copy: bool, restrict_delete: bool,
        restrict_download: bool;
    Self {
        id,
        account: account_id,
        kind,
        name,
        dataset: dataset(status, images, bytes, cluster, captured_on, files),
        access: Source::of(by_hand > 0, grants > by_hand),
        grants: u64::try_from(grants).unwrap_or(0),
        created_at,
        modified_at,
        created_by_name,
        level: Level::Reader,
        restrictions: Restrictions { copy: restrict_copy, delete: restrict_delete, download: restrict_download },
        place: None,
        account_name: None,
        picture: None,
    }
}

/// One page of the children of a container.
pub async fn list_children(tx: &mut Tx, list: &Children<'_>) -> Result<Vec<RowView>> {
    let ((lowest, highest), (prefix, behind)) = (list.ranks(), list.prefixed());
    let status = list.status;
    let rows: Vec<RowView> = match list.sort {
        Sort::Name => {
            // Where the kinds that are listed begin, for the first page.
            let after = list.after.clone().unwrap_or_else(|| {
                if list.descending {
                    let (rank, name_key) = (highest, "\u{10FFFF}".to_owned());
                    Cursor { rank, name_key, number: 0, owner_key: String::new(), id: ResourceId(Uuid::max()) }
                } else {
                    let (name_key, owner_key) = (String::new(), String::new());
                    Cursor { rank: lowest, name_key, number: 0, owner_key, id: ResourceId(Uuid::nil()) }
                }
            });
            // The row value bounds the scan where it starts, so the plus is on that side only; the other
            // bound ends the scan.
            let sql = match (list.descending, &status) {
                (true, None) => children!(
                    "r.kind_rank >= $2 AND +r.kind_rank <= $3 AND (r.kind_rank, r.name_key, r.id) < ($6, $7, $8)
                     AND $9 IS NULL ORDER BY r.kind_rank DESC, r.name_key DESC, r.id DESC LIMIT CAST($10 AS BIGINT)"
                ),
                (false, None) => children!(
                    "+r.kind_rank >= $2 AND r.kind_rank <= $3 AND (r.kind_rank, r.name_key, r.id) > ($6, $7, $8)
                     AND $9 IS NULL ORDER BY r.kind_rank, r.name_key, r.id LIMIT CAST($10 AS BIGINT)"
                ),
                (true, Some(_)) => children!(
                    "r.kind_rank >= $2 AND +r.kind_rank <= $3 AND (r.kind_rank, r.name_key, r.id) < ($6, $7, $8)
                     AND r.status = $9 ORDER BY r.kind_rank DESC, r.name_key DESC, r.id DESC LIMIT CAST($10 AS BIGINT)"
                ),
                (false, Some(_)) => children!(
                    "+r.kind_rank >= $2 AND r.kind_rank <= $3 AND (r.kind_rank, r.name_key, r.id) > ($6, $7, $8)
                     AND r.status = $9 ORDER BY r.kind_rank, r.name_key, r.id LIMIT CAST($10 AS BIGINT)"
                ),
            };
            tx.sql(sql)
                .bind(list.parent)
                .bind(lowest)
                .bind(highest)
                .bind(prefix)
                .bind(behind)
                .bind(after.rank)
                .bind(after.name_key)
                .bind(after.id)
                .bind(status)
                .bind(list.limit)
                .all()
                .await?
        }
        Sort::ModifiedAt | Sort::Size | Sort::Images => {
            let sql = match (list.sort, list.descending) {
                (Sort::ModifiedAt, false) => children!(
                    "+r.kind_rank >= $2 AND +r.kind_rank <= $3 AND (r.modified_at, r.id) > ($6, $7)
                     AND ($8 IS NULL OR r.status = $8) ORDER BY r.modified_at, r.id LIMIT CAST($9 AS BIGINT)"
                ),
                (Sort::ModifiedAt, true) => children!(
                    "+r.kind_rank >= $2 AND +r.kind_rank <= $3 AND (r.modified_at, r.id) < ($6, $7)
                     AND ($8 IS NULL OR r.status = $8) ORDER BY r.modified_at DESC, r.id DESC LIMIT CAST($9 AS BIGINT)"
                ),
                (Sort::Images, false) => children!(
                    "+r.kind_rank >= $2 AND +r.kind_rank <= $3 AND (r.images, r.id) > ($6, $7)
                     AND ($8 IS NULL OR r.status = $8) ORDER BY r.images, r.id LIMIT CAST($9 AS BIGINT)"
                ),
                (Sort::Images, true) => children!(
                    "+r.kind_rank >= $2 AND +r.kind_rank <= $3 AND (r.images, r.id) < ($6, $7)
                     AND ($8 IS NULL OR r.status = $8) ORDER BY r.images DESC, r.id DESC LIMIT CAST($9 AS BIGINT)"
                ),
                (_, false) => children!(
                    "+r.kind_rank >= $2 AND +r.kind_rank <= $3 AND (r.bytes, r.id) > ($6, $7)
                     AND ($8 IS NULL OR r.status = $8) ORDER BY r.bytes, r.id LIMIT CAST($9 AS BIGINT)"
                ),
                (_, true) => children!(
                    "+r.kind_rank >= $2 AND +r.kind_rank <= $3 AND (r.bytes, r.id) < ($6, $7)
                     AND ($8 IS NULL OR r.status = $8) ORDER BY r.bytes DESC, r.id DESC LIMIT CAST($9 AS BIGINT)"
                ),
            };
            let (number, id) = match (&list.after, list.descending) {
                (Some(after), _) => (after.number, after.id.0),
                (None, false) => (i64::MIN, Uuid::nil()),
                (None, true) => (i64::MAX, Uuid::max()),
            };
            tx.sql(sql)
                .bind(list.parent)
                .bind(lowest)
                .bind(highest)
                .bind(prefix)
                .bind(behind)
                .bind(number)
                .bind(id)
                .bind(status)
                .bind(list.limit)
                .all()
                .await?
        }
        Sort::Status => {
            let sql = if list.descending {
                children!(
                    "+r.kind_rank >= $2 AND +r.kind_rank <= $3 AND (r.status_rank, r.name_key, r.id) < ($6, $7, $8)
                     AND ($9 IS NULL OR r.status = $9) ORDER BY r.status_rank DESC, r.name_key DESC, r.id DESC LIMIT CAST($10 AS BIGINT)"
                )
            } else {
                children!(
                    "+r.kind_rank >= $2 AND +r.kind_rank <= $3 AND (r.status_rank, r.name_key, r.id) > ($6, $7, $8)
                     AND ($9 IS NULL OR r.status = $9) ORDER BY r.status_rank, r.name_key, r.id LIMIT CAST($10 AS BIGINT)"
                )
            };
            let (rank, name_key, id) = match (&list.after, list.descending) {
                (Some(after), _) => (after.number, after.name_key.clone(), after.id.0),
                (None, false) => (i64::MIN, String::new(), Uuid::nil()),
                (None, true) => (i64::MAX, String::new(), Uuid::nil()),
            };
            tx.sql(sql)
                .bind(list.parent)
                .bind(lowest)
                .bind(highest)
                .bind(prefix)
                .bind(behind)
                .bind(rank)
                .bind(name_key)
                .bind(id)
                .bind(status)
                .bind(list.limit)
                .all()
                .await?
        }
        Sort::Owner => {
            let sql = if list.descending {
                children!(
                    "+r.kind_rank >= $2 AND +r.kind_rank <= $3 AND (r.owner_name_key, r.name_key, r.id) < ($6, $7, $8)
                     AND ($9 IS NULL OR r.status = $9) ORDER BY r.owner_name_key DESC, r.name_key DESC, r.id DESC LIMIT CAST($10 AS BIGINT)"
                )
            } else {
                children!(
                    "+r.kind_rank >= $2 AND +r.kind_rank <= $3 AND (r.owner_name_key, r.name_key, r.id) > ($6, $7, $8)
                     AND ($9 IS NULL OR r.status = $9) ORDER BY r.owner_name_key, r.name_key, r.id LIMIT CAST($10 AS BIGINT)"
                )
            };
            let (owner_key, name_key, id) = match (&list.after, list.descending) {
                (Some(after), _) => (after.owner_key.clone(), after.name_key.clone(), after.id.0),
                (None, false) => (String::new(), String::new(), Uuid::nil()),
                // Behind every name that there is.
                (None, true) => ("\u{10FFFF}".to_owned(), String::new(), Uuid::nil()),
            };
            tx.sql(sql)
                .bind(list.parent)
                .bind(lowest)
                .bind(highest)
                .bind(prefix)
                .bind(behind)
                .bind(owner_key)
                .bind(name_key)
                .bind(id)
                .bind(status)
                .bind(list.limit)
                .all()
                .await?
        }
    };
    Ok(rows.into_iter().map(|row| RowView { level: list.level, ..row }).collect())
}

#[derive(FromRow)]
struct PlaceRow {
    kind_rank: i64,
    name_key: String,
    modified_at: i64,
    bytes: i64,
    images: i64,
    status_rank: i64,
    owner_name_key: String,
    id: ResourceId,
}

/// The cursor of the row at an offset of a list, to continue after it when somebody scrolls far at once. It walks an index over
/// as many rows.
pub async fn find_after(tx: &mut Tx, list: &Children<'_>, rows: i64) -> Result<Option<Cursor>> {
    let ((lowest, highest), (prefix, behind)) = (list.ranks(), list.prefixed());
    let sql = match (list.sort, list.descending) {
        (Sort::Name, false) => {
            places!("ORDER BY r.kind_rank, r.name_key, r.id LIMIT 1 OFFSET CAST($7 AS BIGINT)")
        }
        (Sort::Name, true) => {
            places!("ORDER BY r.kind_rank DESC, r.name_key DESC, r.id DESC LIMIT 1 OFFSET CAST($7 AS BIGINT)")
        }
        (Sort::ModifiedAt, false) => {
            places_by_number!("ORDER BY r.modified_at, r.id LIMIT 1 OFFSET CAST($7 AS BIGINT)")
        }
        (Sort::ModifiedAt, true) => {
            places_by_number!("ORDER BY r.modified_at DESC, r.id DESC LIMIT 1 OFFSET CAST($7 AS BIGINT)")
        }
        (Sort::Size, false) => places_by_number!("ORDER BY r.bytes, r.id LIMIT 1 OFFSET CAST($7 AS BIGINT)"),
        (Sort::Size, true) => places_by_number!("ORDER BY r.bytes DESC, r.id DESC LIMIT 1 OFFSET CAST($7 AS BIGINT)"),
        (Sort::Images, false) => places_by_number!("ORDER BY r.images, r.id LIMIT 1 OFFSET CAST($7 AS BIGINT)"),
        (Sort::Images, true) => {
            places_by_number!("ORDER BY r.images DESC, r.id DESC LIMIT 1 OFFSET CAST($7 AS BIGINT)")
        }
        (Sort::Status, false) => {
            places_by_number!("ORDER BY r.status_rank, r.name_key, r.id LIMIT 1 OFFSET CAST($7 AS BIGINT)")
        }
        (Sort::Status, true) => {
            places_by_number!(
                "ORDER BY r.status_rank DESC, r.name_key DESC, r.id DESC LIMIT 1 OFFSET CAST($7 AS BIGINT)"
            )
        }
        (Sort::Owner, false) => {
            places_by_number!("ORDER BY r.owner_name_key, r.name_key, r.id LIMIT 1 OFFSET CAST($7 AS BIGINT)")
        }
        (Sort::Owner, true) => {
            places_by_number!(
                "ORDER BY r.owner_name_key DESC, r.name_key DESC, r.id DESC LIMIT 1 OFFSET CAST($7 AS BIGINT)"
            )
        }
    };
    let row: Option<PlaceRow> = tx
        .sql(sql)
        .bind(list.parent)
        .bind(lowest)
        .bind(highest)
        .bind(prefix)
        .bind(behind)
        .bind(list.status)
        .bind(rows - 1)
        .optional()
        .await?;
    Ok(row.map(|row| Cursor {
        rank: row.kind_rank,
        name_key: row.name_key,
        number: match list.sort {
            Sort::Name | Sort::Owner => 0,
            Sort::ModifiedAt => row.modified_at,
            Sort::Size => row.bytes,
            Sort::Images => row.images,
            Sort::Status => row.status_rank,
        },
        owner_key: row.owner_name_key,
        id: row.id,
    }))
}

/// How many children a container has, of these kinds and in this state; counted up to `most`.
pub async fn count_children(
    tx: &mut Tx,
    parent: ResourceId,
    kind: Option<Kind>,
    status: Option<DatasetStatus>,
    most: i64,
) -> Result<u64> {
    let (lowest, highest) = kind.map_or((0, i64::MAX), |kind| (kind.rank(), kind.rank()));
    // PostgreSQL accepts no value that a statement does not use, so the second one tests that there is no status.
    let sql = if status.is_some() {
        "SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT 1 AS one FROM resource r
            WHERE r.parent_id = $1 AND r.trashed_with IS NULL AND r.kind_rank >= $2 AND r.kind_rank <= $3 AND r.status = $4
            LIMIT CAST($5 AS BIGINT)) AS first"
    } else {
        "SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT 1 AS one FROM resource r
            WHERE r.parent_id = $1 AND r.trashed_with IS NULL AND r.kind_rank >= $2 AND r.kind_rank <= $3 AND $4 IS NULL
            LIMIT CAST($5 AS BIGINT)) AS first"
    };
    tx.sql(sql).bind(parent).bind(lowest).bind(highest).bind(status).bind(most).count().await
}

/// The folders in each of at most four containers, by name; at most `limit` of each: container, id, name.
pub async fn list_folders(
    tx: &mut Tx,
    containers: &[ResourceId],
    limit: i64,
) -> Result<Vec<(ResourceId, ResourceId, String)>> {
    let container = |at: usize| containers.get(at).map(|id| id.0);
    // A container that is missing is bound as NULL, which equals nothing. SQLite accepts ORDER BY and LIMIT inside a
    // part of a UNION only in a subquery.
    tx.sql(
        "SELECT * FROM (SELECT parent_id, id, name FROM resource WHERE parent_id = $1 AND trashed_with IS NULL AND kind_rank = 1
            ORDER BY name_key LIMIT CAST($5 AS BIGINT)) AS a
         UNION ALL SELECT * FROM (SELECT parent_id, id, name FROM resource WHERE parent_id = $2 AND trashed_with IS NULL AND kind_rank = 1
            ORDER BY name_key LIMIT CAST($5 AS BIGINT)) AS b
         UNION ALL SELECT * FROM (SELECT parent_id, id, name FROM resource WHERE parent_id = $3 AND trashed_with IS NULL AND kind_rank = 1
            ORDER BY name_key LIMIT CAST($5 AS BIGINT)) AS c
         UNION ALL SELECT * FROM (SELECT parent_id, id, name FROM resource WHERE parent_id = $4 AND trashed_with IS NULL AND kind_rank = 1
            ORDER BY name_key LIMIT CAST($5 AS BIGINT)) AS d",
    )
    .bind(container(0))
    .bind(container(1))
    .bind(container(2))
    .bind(container(3))
    .bind(limit)
    .all()
    .await
}

/// Nodes by id, as lists show them: what was shared with somebody. Their level is yet to be found.
pub async fn list_rows(tx: &mut Tx, ids: &[ResourceId]) -> Result<Vec<RowView>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<_> = ids.iter().take(CHUNK).copied().collect();
    tx.sql_list(
        "SELECT r.id, r.account_id, r.kind, r.name, r.status, r.images, r.bytes, r.cluster, r.captured_on, r.files, r.created_at, r.modified_at,
            p.first_name || ' ' || p.last_name AS created_by_name,
            (SELECT CAST(COUNT(*) AS BIGINT) FROM access_grant g WHERE g.resource_id = r.id) AS grants,
            (SELECT CAST(COUNT(*) AS BIGINT) FROM access_grant g WHERE g.resource_id = r.id AND NOT g.carried) AS by_hand,
            r.restrict_copy, r.restrict_delete, r.restrict_download
         FROM resource r LEFT JOIN person p ON p.id = r.created_by
         WHERE r.id IN ({ids}) AND r.trashed_with IS NULL ORDER BY r.kind_rank, r.name_key, r.id",
        &ids,
    )
    .all()
    .await
}

/// What is at the top of some containers, folders first, by name: id, kind, name, account.
pub async fn list_tops(
    tx: &mut Tx,
    containers: &[ResourceId],
    limit: i64,
) -> Result<Vec<(ResourceId, Kind, String, AccountId)>> {
    if containers.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<_> = containers.iter().take(CHUNK).copied().collect();
    tx.sql_list(
        "SELECT id, kind, name, account_id FROM resource WHERE parent_id IN ({ids}) AND trashed_with IS NULL
         ORDER BY kind_rank, name_key, id LIMIT CAST({1} AS BIGINT)",
        &ids,
    )
    .bind(limit)
    .all()
    .await
}

/// Something that somebody made, for the export of their data.
#[derive(Debug, Clone, FromRow)]
pub struct OwnResource {
    pub id: Uuid,
    pub kind: String,
    pub name: String,
    /// The organization that owns it.
    pub organization: String,
    pub created_at: i64,
}

/// What a person made and sees by their role, oldest first, after a given id.
pub async fn list_own(tx: &mut Tx, person: PersonId, after: Uuid, limit: i64) -> Result<Vec<OwnResource>> {
    tx.sql(
        "SELECT r.id, r.kind, r.name, o.name AS organization, r.created_at
         FROM resource r JOIN organization o ON o.id = r.organization_id
         JOIN account_membership m ON m.account_id = r.account_id AND m.person_id = $1
         WHERE r.created_by = $1 AND r.id > $2 AND r.kind <> 'root' AND r.trashed_with IS NULL AND m.role <> 'member' ORDER BY r.id LIMIT CAST($3 AS BIGINT)",
    )
    .bind(person)
    .bind(after)
    .bind(limit)
    .all()
    .await
}

/// Whether an organization's Drives hold anything.
pub async fn any_in(tx: &mut Tx, organization: OrganizationId) -> Result<bool> {
    tx.sql(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM (
            SELECT 1 AS one FROM resource WHERE organization_id = $1 AND parent_id IS NOT NULL LIMIT 1) AS first_row",
    )
    .bind(organization)
    .number()
    .await
    .map(|n| n > 0)
}

/// Deletes everything that the Drives of the permit's organization hold; their roots stay.
pub async fn delete_all(tx: &mut Tx, permit: &RolePermit) -> Result<u64> {
    tx.sql("DELETE FROM resource WHERE organization_id = $1 AND parent_id IS NOT NULL")
        .bind(permit.organization())
        .execute()
        .await
}
