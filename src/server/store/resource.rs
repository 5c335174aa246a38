//! Table `resource`: single nodes, lists of children, and the way up. What is below a node is in [`super::subtree`].
//! What is in the trash does not exist here.

use std::collections::BTreeSet;

use sqlx::FromRow;
use uuid::Uuid;

use super::{CHUNK, Result, Tx, live, read, search};
use crate::{
    domain::{
        access::{Level, Source},
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
    /// Id.
    pub id: ResourceId,
    /// The organization that owns it.
    pub organization: OrganizationId,
    /// The account it is in.
    pub account: AccountId,
    /// The container it is in; `None` for a root.
    pub parent: Option<ResourceId>,
    /// Kind.
    pub kind: Kind,
    /// Name.
    pub name: String,
    /// Dataset facts; datasets only.
    pub dataset: Option<DatasetView>,
    /// The licence that processing was charged to.
    pub charged_to: Option<LicenceId>,
    /// Who created it.
    pub created_by: Option<PersonId>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub modified_at: Timestamp,
}

#[derive(FromRow)]
struct ResourceRow {
    id: Uuid,
    organization_id: Uuid,
    account_id: Uuid,
    parent_id: Option<Uuid>,
    kind: String,
    name: String,
    status: Option<String>,
    images: i64,
    bytes: i64,
    cluster: Option<String>,
    captured_on: Option<i64>,
    charged_to: Option<Uuid>,
    created_by: Option<Uuid>,
    created_at: i64,
    modified_at: i64,
}

fn dataset(
    status: Option<&str>,
    images: i64,
    bytes: i64,
    cluster: Option<String>,
    captured_on: Option<i64>,
) -> Result<Option<DatasetView>> {
    let Some(status) = status else { return Ok(None) };
    Ok(Some(DatasetView {
        status: read("resource", "status", status, DatasetStatus::parse)?,
        images,
        bytes,
        cluster: cluster.unwrap_or_default(),
        captured_on: captured_on.map(Day),
    }))
}

impl TryFrom<ResourceRow> for Resource {
    type Error = super::DbError;

    fn try_from(row: ResourceRow) -> Result<Self> {
        Ok(Self {
            id: ResourceId(row.id),
            organization: OrganizationId(row.organization_id),
            account: AccountId(row.account_id),
            parent: row.parent_id.map(ResourceId),
            kind: read("resource", "kind", &row.kind, Kind::parse)?,
            dataset: dataset(row.status.as_deref(), row.images, row.bytes, row.cluster, row.captured_on)?,
            name: row.name,
            charged_to: row.charged_to.map(LicenceId),
            created_by: row.created_by.map(PersonId),
            created_at: Timestamp(row.created_at),
            modified_at: Timestamp(row.modified_at),
        })
    }
}

/// A node by id.
///
/// # Errors
/// The database.
pub async fn find(tx: &mut Tx, id: ResourceId) -> Result<Option<Resource>> {
    let row: Option<ResourceRow> = tx
        .sql(
            "SELECT id, organization_id, account_id, parent_id, kind, name, status, images, bytes, cluster, captured_on, charged_to, created_by, created_at, modified_at
             FROM resource WHERE id = $1 AND trashed_with IS NULL",
        )
        .bind(id.0)
        .optional()
        .await?;
    row.map(TryInto::try_into).transpose()
}

/// A node as its own page shows it.
#[derive(Debug, Clone)]
pub struct ResourceDetails {
    /// The node.
    pub resource: Resource,
    /// Who created it.
    pub created_by_name: Option<String>,
    /// Where access to it comes from.
    pub access: Source,
    /// How many things are in it.
    pub children: u64,
}

#[derive(FromRow)]
struct ResourceDetailsRow {
    #[sqlx(flatten)]
    resource: ResourceRow,
    created_by_name: Option<String>,
    grants: i64,
    by_hand: i64,
    children: i64,
}

/// A node by id, as its own page shows it; what is in it is counted up to `most`.
///
/// # Errors
/// The database.
pub async fn find_shown(tx: &mut Tx, id: ResourceId, most: i64) -> Result<Option<ResourceDetails>> {
    let row: Option<ResourceDetailsRow> = tx
        .sql(
            "SELECT r.id, r.organization_id, r.account_id, r.parent_id, r.kind, r.name, r.status, r.images, r.bytes, r.cluster, r.captured_on, r.charged_to, r.created_by, r.created_at, r.modified_at,
                p.first_name || ' ' || p.last_name AS created_by_name,
                (SELECT CAST(COUNT(*) AS BIGINT) FROM access_grant g WHERE g.resource_id = r.id) AS grants,
                (SELECT CAST(COUNT(*) AS BIGINT) FROM access_grant g WHERE g.resource_id = r.id AND NOT g.carried) AS by_hand,
                (SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT 1 AS one FROM resource c WHERE c.parent_id = $1 AND c.trashed_with IS NULL LIMIT CAST($2 AS BIGINT)) AS first) AS children
             FROM resource r LEFT JOIN person p ON p.id = r.created_by WHERE r.id = $1 AND r.trashed_with IS NULL",
        )
        .bind(id.0)
        .bind(most)
        .optional()
        .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(ResourceDetails {
        resource: row.resource.try_into()?,
        created_by_name: row.created_by_name,
        access: Source::of(row.by_hand > 0, row.grants > row.by_hand),
        children: u64::try_from(row.children).unwrap_or(0),
    }))
}

/// Nodes by id, in no order; ids that are nobody's are left out.
///
/// # Errors
/// The database.
pub async fn find_all(tx: &mut Tx, ids: &[ResourceId]) -> Result<Vec<Resource>> {
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(CHUNK) {
        let chunk: Vec<Uuid> = chunk.iter().map(|id| id.0).collect();
        let rows: Vec<ResourceRow> = tx
            .sql_list(
                "SELECT id, organization_id, account_id, parent_id, kind, name, status, images, bytes, cluster, captured_on, charged_to, created_by, created_at, modified_at
                 FROM resource WHERE id IN ({ids}) AND trashed_with IS NULL",
                &chunk,
            )
            .all()
            .await?;
        for row in rows {
            found.push(row.try_into()?);
        }
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
    /// Id.
    pub id: ResourceId,
    /// Kind.
    pub kind: Kind,
    /// Name.
    pub name: String,
    /// The organization that owns it.
    pub organization: OrganizationId,
    /// The account it is in.
    pub account: AccountId,
    /// The role of who goes this way, as it counts in that account.
    pub role: Option<Role>,
    /// The levels granted here to who goes this way, or to an organization of theirs.
    pub levels: Vec<Level>,
    /// What is forbidden here and below.
    pub restrictions: Restrictions,
}

#[derive(FromRow)]
struct AncestorRow {
    start_id: Uuid,
    distance: i64,
    id: Uuid,
    kind: String,
    name: String,
    organization_id: Uuid,
    account_id: Uuid,
    role: Option<String>,
    level: Option<String>,
    restrict_copy: bool,
    restrict_delete: bool,
    restrict_download: bool,
}

/// The ways from nodes up to their roots, each starting with the node itself, and what a person is and was granted on
/// them. What a deleted organization owns does not exist. A tree is at most 64 deep (DRIVE-1), so a way has an end even if the rows had none.
///
/// # Errors
/// The database.
pub async fn list_ancestors(tx: &mut Tx, person: PersonId, starts: &[ResourceId]) -> Result<Vec<Step>> {
    ways(tx, person, starts, false).await
}

/// [`list_ancestors`] for what is in the trash as well.
///
/// # Errors
/// The database.
pub async fn list_ancestors_in_trash(tx: &mut Tx, person: PersonId, starts: &[ResourceId]) -> Result<Vec<Step>> {
    ways(tx, person, starts, true).await
}

async fn ways(tx: &mut Tx, person: PersonId, starts: &[ResourceId], in_trash: bool) -> Result<Vec<Step>> {
    let mut ancestors: Vec<Step> = Vec::new();
    for chunk in starts.chunks(CHUNK) {
        let ids: Vec<Uuid> = chunk.iter().map(|id| id.0).collect();
        let rows: Vec<AncestorRow> = tx
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
                    g.level, up.restrict_copy, up.restrict_delete, up.restrict_download
                 FROM up
                 LEFT JOIN access_grant g ON g.resource_id = up.id AND (g.person_id = {1}
                    OR g.organization_id IN (SELECT organization_id FROM active_membership WHERE person_id = {1}))",
                &ids,
            )
            .bind(person.0)
            .bind(in_trash)
            .all()
            .await?;
        for row in rows {
            ancestors.push(Step {
                start: ResourceId(row.start_id),
                distance: row.distance,
                id: ResourceId(row.id),
                kind: read("resource", "kind", &row.kind, Kind::parse)?,
                name: row.name,
                organization: OrganizationId(row.organization_id),
                account: AccountId(row.account_id),
                role: row.role.map(|role| read("membership", "role", &role, Role::parse)).transpose()?,
                levels: row
                    .level
                    .map(|level| read("access_grant", "level", &level, Level::parse))
                    .transpose()?
                    .into_iter()
                    .collect(),
                restrictions: Restrictions {
                    copy: row.restrict_copy,
                    delete: row.restrict_delete,
                    download: row.restrict_download,
                },
            });
        }
    }
    ancestors.sort_by_key(|step| (step.start, step.distance));
    // A step comes once for each grant on it.
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
    /// Id.
    pub id: ResourceId,
    /// The account it is in.
    pub account: AccountId,
    /// Kind.
    pub kind: Kind,
    /// Name.
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
///
/// # Errors
/// The database.
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
    .bind(new.id.0)
    .bind(organization.0)
    .bind(new.account.0)
    .bind(parent.map(|parent| parent.0))
    .bind(new.kind.as_str())
    .bind(new.kind.rank())
    .bind(new.name.to_owned())
    .bind(sort_key(new.name))
    .bind(new.dataset.map(|dataset| dataset.status.as_str()))
    .bind(new.dataset.map_or(0, |dataset| dataset.images))
    .bind(new.dataset.map_or(0, |dataset| dataset.bytes))
    .bind(new.dataset.map(|dataset| dataset.cluster.clone()))
    .bind(new.dataset.and_then(|dataset| dataset.captured_on).map(|day| day.0))
    .bind(by.map(|by| by.0))
    .bind(new.at.0)
    .bind(new.at.0)
    .bind(new.dataset.filter(|dataset| dataset.status == DatasetStatus::WaitingForCredits).map(|_| new.at.0))
    .bind(new.dataset.map_or(0, |dataset| dataset.status.rank()))
    .bind(same_key(new.name))
    .execute()
    .await?;
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
    .bind(permit.resource().0)
    .bind(name.to_owned())
    .bind(sort_key(name))
    .bind(modified_at.0)
    .bind(at.0)
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
    live::touch(tx, items).await?;
    live::touch_container(tx, permit.resource());
    for chunk in items.chunks(CHUNK) {
        let ids: Vec<Uuid> = chunk.iter().map(|id| id.0).collect();
        tx.sql_list("UPDATE resource SET parent_id = {1}, touched_at = {2} WHERE id IN ({ids})", &ids)
            .bind(permit.resource().0)
            .bind(at.0)
            .execute()
            .await?;
    }
    Ok(())
}

/// Moves items into the permit's resource, each under another name (DRIVE-5). (`COALESCE` changes nothing but how SQLite goes
/// about it: from the list to its rows, not through all rows.)
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
    live::touch(tx, &ids).await?;
    live::touch_container(tx, permit.resource());
    for chunk in items.chunks(CHUNK) {
        tx.sql_rows(
            "WITH listed(id, name, name_key, name_unique) AS (VALUES {rows:4})
             UPDATE resource SET parent_id = {1}, touched_at = {2}, name = listed.name, name_key = listed.name_key, name_unique = listed.name_unique
             FROM listed WHERE resource.id = COALESCE(listed.id, {3})",
            chunk,
            |statement, (id, name)| statement.bind(id.0).bind((*name).to_owned()).bind(sort_key(name)).bind(same_key(name)),
        )
        .bind(permit.resource().0)
        .bind(at.0)
        .bind(None::<Uuid>)
        .execute()
        .await?;
    }
    search::rewrite(tx, permit.organization(), items).await
}

/// Sets how far the permit's dataset has come, and the licence that paid for it.
///
/// # Errors
/// The database.
pub async fn update_status(
    tx: &mut Tx,
    permit: &Permit,
    status: DatasetStatus,
    charged_to: Option<LicenceId>,
    at: Timestamp,
) -> Result<()> {
    tx.sql(
        "UPDATE resource SET status = $2, charged_to = $3, modified_at = $4, touched_at = $4, status_rank = $6,
            waiting_since = CASE WHEN $5 THEN COALESCE(waiting_since, $4) ELSE NULL END
         WHERE id = $1 AND kind = 'dataset'",
    )
    .bind(permit.resource().0)
    .bind(status.as_str())
    .bind(charged_to.map(|licence| licence.0))
    .bind(at.0)
    .bind(status == DatasetStatus::WaitingForCredits)
    .bind(status.rank())
    .execute()
    .await?;
    live::touch(tx, &[permit.resource()]).await
}

/// Sets what is known of the permit's dataset: images, size and the day it was captured on.
///
/// # Errors
/// The database.
pub async fn update_facts(tx: &mut Tx, permit: &Permit, facts: &DatasetView, at: Timestamp) -> Result<()> {
    tx.sql(
        "UPDATE resource SET images = $2, bytes = $3, captured_on = $4, modified_at = $5 WHERE id = $1 AND kind = 'dataset'",
    )
    .bind(permit.resource().0)
    .bind(facts.images)
    .bind(facts.bytes)
    .bind(facts.captured_on.map(|day| day.0))
    .bind(at.0)
    .execute()
    .await?;
    live::touch(tx, &[permit.resource()]).await
}

/// Sets what is forbidden on the permit's resource and below it (POL-1).
///
/// # Errors
/// The database.
pub async fn update_restrictions(tx: &mut Tx, permit: &Permit, restrictions: Restrictions) -> Result<()> {
    tx.sql("UPDATE resource SET restrict_copy = $2, restrict_delete = $3, restrict_download = $4 WHERE id = $1")
        .bind(permit.resource().0)
        .bind(restrictions.copy)
        .bind(restrictions.delete)
        .bind(restrictions.download)
        .execute()
        .await?;
    live::touch(tx, &[permit.resource()]).await
}

/// Which of the keys of names in a container begin like one of these names: what DRIVE-5 looks at. A name with a number begins with
/// the name, or with as much of it as a number leaves room for.
///
/// # Errors
/// The database.
pub async fn list_taken_names(
    tx: &mut Tx,
    container: ResourceId,
    names: &BTreeSet<String>,
) -> Result<BTreeSet<String>> {
    // Few names: look each up by its prefix in the index. Many: read the container's names once.
    let mut taken = BTreeSet::new();
    if names.len() <= 32 {
        for name in names {
            let key = same_key(name);
            let (behind, end) = if name.chars().count() <= NUMBERED_LENGTH {
                (format!("{key} ("), format!("{key} (a"))
            } else {
                let key = same_key(beginning(name, NUMBERED_LENGTH));
                (key.clone(), format!("{key}\u{10FFFF}"))
            };
            let rows: Vec<(String,)> = tx
                .sql("SELECT name_unique FROM resource WHERE parent_id = $1 AND trashed_with IS NULL AND (name_unique = $2 OR (name_unique > $3 AND name_unique < $4)) LIMIT 10000")
                .bind(container.0)
                .bind(key)
                .bind(behind)
                .bind(end)
                .all()
                .await?;
            taken.extend(rows.into_iter().map(|(key,)| key));
        }
    } else {
        let rows: Vec<(Option<String>,)> = tx
            .sql("SELECT name_unique FROM resource WHERE parent_id = $1 AND trashed_with IS NULL")
            .bind(container.0)
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

/// Where a page of children starts: behind this.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cursor {
    /// The kind's rank, for [`Sort::Name`].
    pub rank: i64,
    /// The name's key, for [`Sort::Name`], [`Sort::Status`] and [`Sort::Owner`].
    pub name_key: String,
    /// The moment, the size, the images, or the rank of the status.
    pub number: i64,
    /// The key of the owner's name, for [`Sort::Owner`].
    pub owner_key: String,
    /// The id, which settles ties.
    pub id: ResourceId,
}

/// Which children are listed.
#[derive(Clone, Debug)]
pub struct Children<'a> {
    /// The container.
    pub parent: ResourceId,
    /// The order.
    pub sort: Sort,
    /// The other way round.
    pub descending: bool,
    /// Only of this kind.
    pub kind: Option<Kind>,
    /// Only datasets in this state.
    pub status: Option<DatasetStatus>,
    /// Only with names that begin like this (see `same_key`).
    pub prefix: Option<&'a str>,
    /// Where the page starts.
    pub after: Option<Cursor>,
    /// The most rows.
    pub limit: i64,
    /// The reader's level on the container: the least they have on each row.
    pub level: Level,
}

#[derive(FromRow)]
struct ChildRow {
    id: Uuid,
    account_id: Uuid,
    kind: String,
    name: String,
    status: Option<String>,
    images: i64,
    bytes: i64,
    cluster: Option<String>,
    captured_on: Option<i64>,
    created_at: i64,
    modified_at: i64,
    created_by_name: Option<String>,
    grants: i64,
    by_hand: i64,
    restrict_copy: bool,
    restrict_delete: bool,
    restrict_download: bool,
}

/// What a list shows of each row, and how many grants it has of its own. Kept as one text so that all orders show the
/// same. A plus before the rank of a kind keeps SQLite from beginning there and walking to where the page starts.
macro_rules! children {
    ($where_and_order:literal) => {
        concat!(
            "SELECT r.id, r.account_id, r.kind, r.name, r.status, r.images, r.bytes, r.cluster, r.captured_on, r.created_at, r.modified_at,
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

/// Of a list in the same order and with the same filters, the row so many from its beginning: nothing but its place.
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

/// The same for the other orders. The plus keeps SQLite from looking kinds up and sorting then.
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

impl ChildRow {
    /// As a list shows it to somebody who has a level on it from above, if they do.
    fn view(self, above: Option<Level>) -> Result<RowView> {
        let row = self;
        Ok(RowView {
            id: ResourceId(row.id),
            account: AccountId(row.account_id),
            kind: read("resource", "kind", &row.kind, Kind::parse)?,
            dataset: dataset(row.status.as_deref(), row.images, row.bytes, row.cluster, row.captured_on)?,
            name: row.name,
            access: Source::of(row.by_hand > 0, row.grants > row.by_hand),
            grants: u64::try_from(row.grants).unwrap_or(0),
            created_at: Timestamp(row.created_at),
            modified_at: Timestamp(row.modified_at),
            created_by_name: row.created_by_name,
            level: above.unwrap_or(Level::Reader),
            restrictions: Restrictions {
                copy: row.restrict_copy,
                delete: row.restrict_delete,
                download: row.restrict_download,
            },
            place: None,
            account_name: None,
        })
    }
}

/// One page of the children of a container.
///
/// # Errors
/// The database.
pub async fn list_children(tx: &mut Tx, list: &Children<'_>) -> Result<Vec<RowView>> {
    let ((lowest, highest), (prefix, behind)) = (list.ranks(), list.prefixed());
    let status = list.status.map(|status| status.as_str().to_owned());
    let rows: Vec<ChildRow> = match list.sort {
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
                .bind(list.parent.0)
                .bind(lowest)
                .bind(highest)
                .bind(prefix)
                .bind(behind)
                .bind(after.rank)
                .bind(after.name_key)
                .bind(after.id.0)
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
                .bind(list.parent.0)
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
                .bind(list.parent.0)
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
                .bind(list.parent.0)
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
    rows.into_iter().map(|row| row.view(Some(list.level))).collect()
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
    id: Uuid,
}

/// The place of the row so many from the beginning of a list, to go on behind it: for who scrolls far at once. It walks
/// an index over as many rows.
///
/// # Errors
/// The database.
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
        .bind(list.parent.0)
        .bind(lowest)
        .bind(highest)
        .bind(prefix)
        .bind(behind)
        .bind(list.status.map(|status| status.as_str().to_owned()))
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
        id: ResourceId(row.id),
    }))
}

/// How many children a container has, of these kinds and in this state; counted up to `most`.
///
/// # Errors
/// The database.
pub async fn count_children(
    tx: &mut Tx,
    parent: ResourceId,
    kind: Option<Kind>,
    status: Option<DatasetStatus>,
    most: i64,
) -> Result<u64> {
    let (lowest, highest) = kind.map_or((0, i64::MAX), |kind| (kind.rank(), kind.rank()));
    let sql = if status.is_some() {
        "SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT 1 AS one FROM resource r
            WHERE r.parent_id = $1 AND r.trashed_with IS NULL AND r.kind_rank >= $2 AND r.kind_rank <= $3 AND r.status = $4
            LIMIT CAST($5 AS BIGINT)) AS first"
    } else {
        "SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT 1 AS one FROM resource r
            WHERE r.parent_id = $1 AND r.trashed_with IS NULL AND r.kind_rank >= $2 AND r.kind_rank <= $3 AND $4 IS NULL
            LIMIT CAST($5 AS BIGINT)) AS first"
    };
    let counted = tx
        .sql(sql)
        .bind(parent.0)
        .bind(lowest)
        .bind(highest)
        .bind(status.map(|status| status.as_str().to_owned()))
        .bind(most)
        .number()
        .await?;
    Ok(u64::try_from(counted).unwrap_or(0))
}

/// The folders in each of at most four containers, by name; at most `limit` of each: container, id, name.
///
/// # Errors
/// The database.
pub async fn list_folders(
    tx: &mut Tx,
    containers: &[ResourceId],
    limit: i64,
) -> Result<Vec<(ResourceId, ResourceId, String)>> {
    let container = |at: usize| containers.get(at).map(|id| id.0);
    let rows: Vec<(Uuid, Uuid, String)> = tx
        .sql(
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
        .await?;
    Ok(rows.into_iter().map(|(parent, id, name)| (ResourceId(parent), ResourceId(id), name)).collect())
}

/// Nodes by id, as lists show them: what was shared with somebody. Their level is yet to be found.
///
/// # Errors
/// The database.
pub async fn list_rows(tx: &mut Tx, ids: &[ResourceId]) -> Result<Vec<RowView>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = ids.iter().take(CHUNK).map(|id| id.0).collect();
    let rows: Vec<ChildRow> = tx
        .sql_list(
            "SELECT r.id, r.account_id, r.kind, r.name, r.status, r.images, r.bytes, r.cluster, r.captured_on, r.created_at, r.modified_at,
                p.first_name || ' ' || p.last_name AS created_by_name,
                (SELECT CAST(COUNT(*) AS BIGINT) FROM access_grant g WHERE g.resource_id = r.id) AS grants,
                (SELECT CAST(COUNT(*) AS BIGINT) FROM access_grant g WHERE g.resource_id = r.id AND NOT g.carried) AS by_hand,
                r.restrict_copy, r.restrict_delete, r.restrict_download
             FROM resource r LEFT JOIN person p ON p.id = r.created_by
             WHERE r.id IN ({ids}) AND r.trashed_with IS NULL ORDER BY r.kind_rank, r.name_key, r.id",
            &ids,
        )
        .all()
        .await?;
    rows.into_iter().map(|row| row.view(None)).collect()
}

/// What is at the top of some containers, folders first, by name: id, kind, name, account.
///
/// # Errors
/// The database.
pub async fn list_tops(
    tx: &mut Tx,
    containers: &[ResourceId],
    limit: i64,
) -> Result<Vec<(ResourceId, Kind, String, AccountId)>> {
    if containers.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = containers.iter().take(CHUNK).map(|id| id.0).collect();
    let rows: Vec<(Uuid, String, String, Uuid)> = tx
        .sql_list(
            "SELECT id, kind, name, account_id FROM resource WHERE parent_id IN ({ids}) AND trashed_with IS NULL
             ORDER BY kind_rank, name_key, id LIMIT CAST({1} AS BIGINT)",
            &ids,
        )
        .bind(limit)
        .all()
        .await?;
    rows.into_iter()
        .map(|(id, kind, name, account)| {
            Ok((ResourceId(id), read("resource", "kind", &kind, Kind::parse)?, name, AccountId(account)))
        })
        .collect()
}

/// Something that somebody made, for the export of their data.
#[derive(Debug, Clone, FromRow)]
pub struct OwnResource {
    /// Id.
    pub id: Uuid,
    /// Kind.
    pub kind: String,
    /// Name.
    pub name: String,
    /// The organization that owns it.
    pub organization: String,
    /// When.
    pub created_at: i64,
}

/// What a person made and sees by their role, oldest first, behind an id.
///
/// # Errors
/// The database.
pub async fn list_own(tx: &mut Tx, person: PersonId, after: Uuid, limit: i64) -> Result<Vec<OwnResource>> {
    tx.sql(
        "SELECT r.id, r.kind, r.name, o.name AS organization, r.created_at
         FROM resource r JOIN organization o ON o.id = r.organization_id
         JOIN account_membership m ON m.account_id = r.account_id AND m.person_id = $1
         WHERE r.created_by = $1 AND r.id > $2 AND r.kind <> 'root' AND r.trashed_with IS NULL AND m.role <> 'member' ORDER BY r.id LIMIT CAST($3 AS BIGINT)",
    )
    .bind(person.0)
    .bind(after)
    .bind(limit)
    .all()
    .await
}

/// Whether an organization's Drives hold anything.
///
/// # Errors
/// The database.
pub async fn any_in(tx: &mut Tx, organization: OrganizationId) -> Result<bool> {
    tx.sql(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM (
            SELECT 1 AS one FROM resource WHERE organization_id = $1 AND parent_id IS NOT NULL LIMIT 1) AS first_row",
    )
    .bind(organization.0)
    .number()
    .await
    .map(|n| n > 0)
}

/// Deletes everything that the Drives of the permit's organization hold; their roots stay.
///
/// # Errors
/// The database.
pub async fn delete_all(tx: &mut Tx, permit: &RolePermit) -> Result<u64> {
    tx.sql("DELETE FROM resource WHERE organization_id = $1 AND parent_id IS NOT NULL")
        .bind(permit.organization().0)
        .execute()
        .await
}
