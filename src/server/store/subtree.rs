//! Table `resource`, everything below a node: what a transfer looks at and changes (XFER-7, XFER-9, XFER-13). What is in
//! the trash is not below anything.
//!
//! Queries walk the trees below their items once, in the database, and return counts or the first few names, so that 100,000 items
//! cost time but no memory here. Changes are given the ids of everything they change ([`list_ids`]), in parts.

use std::collections::BTreeMap;

use sqlx::FromRow;
use uuid::Uuid;

use super::{
    CHUNK, Result, Tx,
    paid_image::{self, PaidBy},
    search,
};
use crate::domain::{
    id::{AccountId, LicenceId, OrganizationId, PersonId, ResourceId},
    permit::Permit,
    resource::Kind,
    restriction::Restriction,
    time::Timestamp,
    transfer::{Contents, MAX_NAMED, NamedResource, Truncated, reversal::ContentFingerprint},
};

/// How many trees one statement walks. PostgreSQL may scan the whole table for each walk, so that few large ones are cheaper.
const TREES: usize = 8_000;

/// What is below each item, counted, with its height and the number of grants inside.
#[derive(Debug, Clone, Default)]
pub struct SubtreeContents {
    /// The counts.
    pub contents: Contents,
    /// How many levels are below the item.
    pub height: i64,
    /// How many things inside, the item among them, have a grant.
    pub granted: u64,
    /// How many sites there are, the item among them.
    pub sites: u64,
    /// How many annotations there are at most.
    pub annotations: u64,
    /// How many things that were in it, at any depth, are in the trash.
    pub in_trash: u64,
    /// When each thing in it was changed last, in any way, added up; without the item itself.
    pub changed: i64,
}

#[derive(FromRow)]
struct CountRow {
    root_id: ResourceId,
    cluster: Option<String>,
    height: i64,
    folders: i64,
    datasets: i64,
    images: i64,
    files: i64,
    stored: i64,
    not_processed: i64,
    too_recent: i64,
    granted: i64,
    sites: i64,
    annotations: i64,
    links: i64,
    in_trash: i64,
    changed: i64,
}

/// The tree below the listed items: the beginning of the statements here. What follows must join it with CROSS JOIN and a
/// condition, because SQLite does not reorder a CROSS JOIN: it then starts from the tree instead of scanning a whole table.
macro_rules! tree {
    ($rest:literal) => {
        concat!(
            "WITH RECURSIVE tree(root_id, id, depth) AS (
                SELECT id, id, CAST(0 AS BIGINT) FROM resource WHERE id IN ({ids})
                UNION ALL
                SELECT tree.root_id, r.id, tree.depth + 1 FROM tree JOIN resource r ON r.parent_id = tree.id AND r.trashed_with IS NULL
             ) ",
            $rest
        )
    };
}

fn count(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

/// Counts what is in each item, and names what may be in the way of a transfer. `recent` is the moment since which a
/// dataset is not older than a month; `None` looks only at what a move within an organization needs.
pub async fn load(
    tx: &mut Tx,
    items: &[ResourceId],
    recent: Option<Timestamp>,
    now: Timestamp,
) -> Result<BTreeMap<ResourceId, SubtreeContents>> {
    let mut below: BTreeMap<ResourceId, SubtreeContents> = BTreeMap::new();
    for chunk in items.chunks(TREES) {
        // Grouping by cluster as well lists the clusters without an array aggregate, which the databases do not share.
        let rows: Vec<CountRow> = tx
            .sql_list(
                tree!(
                    "SELECT tree.root_id, r.cluster, CAST(MAX(tree.depth) AS BIGINT) AS height,
                        CAST(SUM(CASE WHEN r.kind <> 'dataset' THEN 1 ELSE 0 END) AS BIGINT) AS folders,
                        CAST(SUM(CASE WHEN r.kind = 'dataset' THEN 1 ELSE 0 END) AS BIGINT) AS datasets,
                        CAST(SUM(CASE WHEN r.kind = 'site' THEN 1 ELSE 0 END) AS BIGINT) AS sites,
                        CAST(SUM(r.last_annotation) AS BIGINT) AS annotations,
                        CAST(SUM(CASE WHEN r.charged_to IS NULL THEN r.images ELSE r.charged_images END) AS BIGINT) AS images, CAST(SUM(r.files) AS BIGINT) AS files,
                        CAST(SUM(CASE WHEN r.files > 0 THEN r.bytes ELSE 0 END
                            + CASE WHEN r.kind = 'dataset' THEN (SELECT COALESCE(SUM(u.bytes), 0) FROM upload u WHERE u.dataset_id = r.id AND u.file_number IS NULL) ELSE 0 END) AS BIGINT) AS stored,
                        CAST(SUM(CASE WHEN r.status <> 'processed' OR r.live_jobs > 0 OR r.waiting_since IS NOT NULL THEN 1 ELSE 0 END) AS BIGINT) AS not_processed,
                        CAST(SUM(CASE WHEN r.kind = 'dataset' AND r.created_at >= {1} THEN 1 ELSE 0 END) AS BIGINT) AS too_recent,
                        CAST(SUM(CASE WHEN EXISTS (SELECT 1 FROM access_grant g WHERE g.resource_id = r.id) THEN 1 ELSE 0 END) AS BIGINT) AS granted,
                        CAST(SUM((SELECT COUNT(*) FROM share_link l WHERE l.resource_id = r.id AND l.state = 'active' AND (l.expires_at IS NULL OR l.expires_at > {2}))) AS BIGINT) AS links,
                        CAST(SUM((SELECT COUNT(*) FROM resource t WHERE t.parent_id = r.id AND t.trashed_with IS NOT NULL)) AS BIGINT) AS in_trash,
                        CAST(SUM(CASE WHEN tree.depth > 0 THEN r.touched_at ELSE 0 END) AS BIGINT) AS changed
                     FROM tree CROSS JOIN resource r WHERE r.id = tree.id GROUP BY tree.root_id, r.cluster"
                ),
                chunk,
            )
            .bind(recent.map_or(i64::MAX, |at| at.0))
            .bind(now)
            .all()
            .await?;
        for row in rows {
            let entry = below.entry(row.root_id).or_default();
            entry.height = entry.height.max(row.height);
            entry.granted += count(row.granted);
            entry.sites += count(row.sites);
            entry.annotations += count(row.annotations);
            entry.in_trash += count(row.in_trash);
            entry.changed += row.changed;
            entry.contents.folders += count(row.folders);
            entry.contents.datasets += count(row.datasets);
            entry.contents.images += row.images;
            entry.contents.files += count(row.files);
            entry.contents.stored += row.stored;
            entry.contents.clusters.extend(row.cluster);
            entry.contents.not_processed.total += count(row.not_processed);
            entry.contents.too_recent.total += count(row.too_recent);
            entry.contents.links.total += count(row.links);
        }
    }
    if let Some(recent) = recent {
        name_what_matters(tx, items, recent, now, &mut below).await?;
    }
    Ok(below)
}

/// Names the first of what was counted, where anything was.
async fn name_what_matters(
    tx: &mut Tx,
    items: &[ResourceId],
    recent: Timestamp,
    now: Timestamp,
    below: &mut BTreeMap<ResourceId, SubtreeContents>,
) -> Result<()> {
    let most = i64::try_from(MAX_NAMED).unwrap_or(i64::MAX);
    let having =
        |below: &BTreeMap<ResourceId, SubtreeContents>, has: fn(&SubtreeContents) -> bool| -> Vec<ResourceId> {
            items.iter().filter(|id| below.get(id).is_some_and(has)).copied().collect()
        };

    for chunk in having(below, |b| b.contents.not_processed.total > 0).chunks(TREES) {
        let rows: Vec<(ResourceId, ResourceId, String)> = tx
            .sql_list(
                tree!(
                    "SELECT tree.root_id, r.id, r.name FROM tree CROSS JOIN resource r
                     WHERE r.id = tree.id AND (r.status <> 'processed' OR r.live_jobs > 0 OR r.waiting_since IS NOT NULL) ORDER BY r.id LIMIT CAST({1} AS BIGINT)"
                ),
                chunk,
            )
            .bind(most)
            .all()
            .await?;
        note(below, rows, |contents| &mut contents.not_processed);
    }
    for chunk in having(below, |b| b.contents.too_recent.total > 0).chunks(TREES) {
        let rows: Vec<(ResourceId, ResourceId, String)> = tx
            .sql_list(
                tree!(
                    "SELECT tree.root_id, r.id, r.name FROM tree CROSS JOIN resource r
                     WHERE r.id = tree.id AND r.kind = 'dataset' AND r.created_at >= {1} ORDER BY r.id LIMIT CAST({2} AS BIGINT)"
                ),
                chunk,
            )
            .bind(recent)
            .bind(most)
            .all()
            .await?;
        note(below, rows, |contents| &mut contents.too_recent);
    }
    for chunk in having(below, |b| b.contents.links.total > 0).chunks(TREES) {
        let rows: Vec<(ResourceId, ResourceId, String)> = tx
            .sql_list(
                tree!(
                    "SELECT tree.root_id, r.id, r.name FROM tree CROSS JOIN share_link l CROSS JOIN resource r
                     WHERE l.resource_id = tree.id AND r.id = tree.id AND l.state = 'active' AND (l.expires_at IS NULL OR l.expires_at > {1}) ORDER BY l.id LIMIT CAST({2} AS BIGINT)"
                ),
                chunk,
            )
            .bind(now)
            .bind(most)
            .all()
            .await?;
        note(below, rows, |contents| &mut contents.links);
    }
    for chunk in having(below, |b| b.granted > 0).chunks(TREES) {
        name_direct(tx, chunk, most, below).await?;
    }
    Ok(())
}

fn note(
    below: &mut BTreeMap<ResourceId, SubtreeContents>,
    rows: Vec<(ResourceId, ResourceId, String)>,
    list: fn(&mut Contents) -> &mut Truncated<NamedResource>,
) {
    for (root, id, name) in rows {
        if let Some(entry) = below.get_mut(&root) {
            list(&mut entry.contents).first.push(NamedResource { id, name });
        }
    }
}

/// Things inside the items (not the items themselves) with a grant made by hand, and who has it.
async fn name_direct(
    tx: &mut Tx,
    ids: &[ResourceId],
    most: i64,
    below: &mut BTreeMap<ResourceId, SubtreeContents>,
) -> Result<()> {
    let totals: Vec<(ResourceId, i64)> = tx
        .sql_list(
            tree!(
                "SELECT tree.root_id, CAST(COUNT(DISTINCT tree.id) AS BIGINT) FROM tree CROSS JOIN access_grant g
                 WHERE g.resource_id = tree.id AND tree.depth > 0 AND NOT g.carried GROUP BY tree.root_id"
            ),
            ids,
        )
        .all()
        .await?;
    for (root, total) in totals {
        if let Some(entry) = below.get_mut(&root) {
            entry.contents.direct.total = count(total);
        }
    }
    let rows: Vec<(ResourceId, ResourceId, String, String)> = tx
        .sql_list(
            tree!(
                "SELECT tree.root_id, r.id, r.name, COALESCE(p.first_name || ' ' || p.last_name, o.name) AS grantee
                 FROM tree CROSS JOIN access_grant g CROSS JOIN resource r
                 LEFT JOIN person p ON p.id = g.person_id LEFT JOIN organization o ON o.id = g.organization_id
                 WHERE g.resource_id = tree.id AND r.id = tree.id AND tree.depth > 0 AND NOT g.carried ORDER BY r.id, g.id LIMIT CAST({1} AS BIGINT)"
            ),
            ids,
        )
        .bind(most)
        .all()
        .await?;
    for (root, id, name, grantee) in rows {
        let Some(entry) = below.get_mut(&root) else { continue };
        let first = &mut entry.contents.direct.first;
        match first.last_mut() {
            Some((last, people)) if last.id == id => people.push(grantee),
            _ => first.push((NamedResource { id, name }, vec![grantee])),
        }
    }
    Ok(())
}

/// Who holds a grant on the items or inside them: people, and organizations whose people do.
pub async fn list_grantees(tx: &mut Tx, items: &[ResourceId]) -> Result<(Vec<PersonId>, Vec<OrganizationId>)> {
    let (mut people, mut organizations) = (Vec::new(), Vec::new());
    for chunk in items.chunks(TREES) {
        let rows: Vec<(Option<PersonId>, Option<OrganizationId>)> = tx
            .sql_list(
                tree!("SELECT DISTINCT g.person_id, g.organization_id FROM tree CROSS JOIN access_grant g WHERE g.resource_id = tree.id"),
                chunk,
            )
            .all()
            .await?;
        for (person, organization) in rows {
            people.extend(person);
            organizations.extend(organization);
        }
    }
    Ok((people, organizations))
}

/// The ids of the items and of everything below them: 16 bytes each, so that a change has to walk the tree only once.
pub async fn list_ids(tx: &mut Tx, items: &[ResourceId]) -> Result<Vec<ResourceId>> {
    let mut found = Vec::new();
    for chunk in items.chunks(TREES) {
        let rows: Vec<ResourceId> = tx.sql_list(tree!("SELECT tree.id FROM tree"), chunk).column().await?;
        found.extend(rows);
    }
    Ok(found)
}

/// A fingerprint of the items and their contents, with how many grants and links were made on them after a moment.
pub async fn find_traces(tx: &mut Tx, items: &[ResourceId], after: Timestamp) -> Result<ContentFingerprint> {
    let mut traces = ContentFingerprint::default();
    for chunk in items.chunks(TREES) {
        let (things, changed, grants, links): (i64, i64, i64, i64) = tx
            .sql_list(
                tree!(
                    "SELECT CAST(COUNT(*) AS BIGINT), CAST(COALESCE(SUM(r.touched_at), 0) AS BIGINT),
                        CAST(COALESCE(SUM((SELECT COUNT(*) FROM access_grant g WHERE g.resource_id = r.id AND g.created_at > {1})), 0) AS BIGINT),
                        CAST(COALESCE(SUM((SELECT COUNT(*) FROM share_link l WHERE l.resource_id = r.id AND l.created_at > {1})), 0) AS BIGINT)
                     FROM tree CROSS JOIN resource r WHERE r.id = tree.id"
                ),
                chunk,
            )
            .bind(after)
            .one()
            .await?;
        traces.things += things;
        traces.changed += changed;
        traces.grants += grants;
        traces.links += links;
    }
    Ok(traces)
}

/// What a transfer does to the licence that datasets are charged to (LIC-2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charge {
    /// It stays as it is.
    Keep,
    /// All of them count as charged to this licence, or to none. A dataset that is charged is not charged again when it is
    /// reprocessed.
    To(Option<LicenceId>),
}

/// Hands resources to the account of another organization.
pub async fn update_owner(
    tx: &mut Tx,
    permit: &Permit,
    ids: &[ResourceId],
    account: AccountId,
    charge: Charge,
) -> Result<u64> {
    let (charges, licence) = match charge {
        Charge::Keep => (false, None),
        Charge::To(licence) => (true, licence),
    };
    let mut changed = 0;
    if let Some(licence) = licence {
        paid_image::begin(tx, permit, ids, PaidBy::Licence(licence)).await?;
    }
    for chunk in ids.chunks(CHUNK) {
        changed += tx
            .sql_list(
                "UPDATE resource SET organization_id = {1}, account_id = {2},
                    charged_images = CASE WHEN kind = 'dataset' AND {4} AND charged_to IS NULL THEN images ELSE charged_images END,
                    paid_images = CASE WHEN kind = 'dataset' AND {4} AND charged_to IS NULL THEN images ELSE paid_images END,
                    charged_to = CASE WHEN kind = 'dataset' AND {4} THEN {3} ELSE charged_to END
                 WHERE id IN ({ids})",
                chunk,
            )
            .bind(permit.organization())
            .bind(account)
            .bind(licence)
            .bind(charges)
            .execute()
            .await?;
    }
    search::update_owner(tx, permit, ids).await?;
    Ok(changed)
}

/// Hands the items and everything below them to another account of the same organization. What was charged stays charged
/// where it was (LIC-2).
pub async fn update_account(tx: &mut Tx, _permit: &Permit, items: &[ResourceId], account: AccountId) -> Result<u64> {
    let mut changed = 0;
    for chunk in items.chunks(TREES) {
        changed += tx
            .sql_list(tree!("UPDATE resource SET account_id = {1} WHERE id IN (SELECT id FROM tree)"), chunk)
            .bind(account)
            .execute()
            .await?;
    }
    Ok(changed)
}

/// Notes on the grants on resources that the permit's organization owns what they are on.
pub async fn update_grant_owner(tx: &mut Tx, permit: &Permit, ids: &[ResourceId]) -> Result<u64> {
    let mut changed = 0;
    for chunk in ids.chunks(CHUNK) {
        changed += tx
            .sql_list("UPDATE access_grant SET owner_organization_id = {1} WHERE resource_id IN ({ids})", chunk)
            .bind(permit.organization())
            .execute()
            .await?;
    }
    Ok(changed)
}

/// Ends every grant on resources whose holder is not in the permit's organization (XFER-13).
pub async fn delete_foreign_grants(tx: &mut Tx, permit: &Permit, ids: &[ResourceId]) -> Result<u64> {
    let mut ended = 0;
    for chunk in ids.chunks(CHUNK) {
        ended += tx
            .sql_list(
                "DELETE FROM access_grant WHERE resource_id IN ({ids}) AND (
                    organization_id <> {1}
                    OR person_id NOT IN (SELECT person_id FROM membership WHERE organization_id = {1}))",
                chunk,
            )
            .bind(permit.organization())
            .execute()
            .await?;
    }
    Ok(ended)
}

/// Stops every share link on resources; they say that the resource has moved (XFER-13).
pub async fn stop_links(tx: &mut Tx, _permit: &Permit, ids: &[ResourceId]) -> Result<u64> {
    let mut stopped = 0;
    for chunk in ids.chunks(CHUNK) {
        stopped += tx
            .sql_list("UPDATE share_link SET state = 'moved' WHERE state = 'active' AND resource_id IN ({ids})", chunk)
            .execute()
            .await?;
    }
    Ok(stopped)
}

/// How many levels are below the highest of the items, what is in the trash counted too.
pub async fn height_with_trash(tx: &mut Tx, items: &[ResourceId]) -> Result<i64> {
    let mut height = 0;
    for chunk in items.chunks(CHUNK) {
        let below = tx
            .sql_list(
                "WITH RECURSIVE tree(id, depth) AS (
                    SELECT id, CAST(0 AS BIGINT) FROM resource WHERE id IN ({ids})
                    UNION ALL
                    SELECT r.id, tree.depth + 1 FROM tree JOIN resource r ON r.parent_id = tree.id WHERE tree.depth < 200
                 ) SELECT CAST(COALESCE(MAX(depth), 0) AS BIGINT) FROM tree",
                chunk,
            )
            .number()
            .await?;
        height = height.max(below);
    }
    Ok(height)
}

/// Moves what is in the trash and was inside the items to the root of its Drive, so that it does not follow the items into
/// another organization (attack 6).
pub async fn leave_trash_behind(tx: &mut Tx, _permit: &Permit, items: &[ResourceId]) -> Result<u64> {
    let mut left = 0;
    for chunk in items.chunks(TREES) {
        left += tx
            .sql_list(
                tree!(
                    "UPDATE resource SET parent_id = (SELECT a.root_id FROM account a WHERE a.id = resource.account_id)
                     WHERE trashed_with IS NOT NULL AND trashed_with = id AND parent_id IN (SELECT id FROM tree)"
                ),
                chunk,
            )
            .execute()
            .await?;
    }
    Ok(left)
}

/// Something inside an item on which something is restricted (POL-1).
#[derive(Debug, Clone, FromRow)]
pub struct Restricted {
    /// The item it is in.
    pub root_id: Uuid,
    pub id: Uuid,
    pub name: String,
}

/// Things inside the items (not the items themselves) that forbid one thing; at most `limit` for every `TREES` items.
pub async fn list_restricted(
    tx: &mut Tx,
    items: &[ResourceId],
    what: Restriction,
    limit: i64,
) -> Result<Vec<Restricted>> {
    let mut restricted = Vec::new();
    for chunk in items.chunks(TREES) {
        let rows: Vec<Restricted> = tx
            .sql_list(
                tree!(
                    "SELECT tree.root_id, r.id, r.name FROM tree CROSS JOIN resource r
                     WHERE r.id = tree.id AND tree.depth > 0
                        AND CASE {1} WHEN 'copy' THEN r.restrict_copy WHEN 'delete' THEN r.restrict_delete ELSE r.restrict_download END
                     LIMIT CAST({2} AS BIGINT)"
                ),
                chunk,
            )
            .bind(what.as_str().to_owned())
            .bind(limit)
            .all()
            .await?;
        restricted.extend(rows);
    }
    Ok(restricted)
}

/// A resource below another one, where it is.
#[derive(Debug, Clone, FromRow)]
pub struct Below {
    pub id: ResourceId,
    pub parent_id: Option<ResourceId>,
    pub kind: Kind,
    pub name: String,
}

/// A resource and what is below it, without the trash; at most `limit`.
pub async fn list_below(tx: &mut Tx, top: ResourceId, limit: i64) -> Result<Vec<Below>> {
    tx.sql_list(
        tree!(
            "SELECT r.id, r.parent_id, r.kind, r.name FROM tree CROSS JOIN resource r WHERE r.id = tree.id LIMIT CAST({1} AS BIGINT)"
        ),
        &[top],
    )
    .bind(limit)
    .all()
    .await
}
