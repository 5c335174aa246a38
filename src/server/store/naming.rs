//! Keys of names (see [`crate::domain::name`]), all of them: computed again where the rules are newer than the rows, and compared for the
//! doctor.
//!
//! It goes over the tables by id, in small transactions: it may be stopped and begun again at any time, beside a running server too.
//!
//! *Invariants:* table `name_rules` names a version when every key of every row is of it.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::FromRow;
use uuid::Uuid;

use super::{Db, Result, Tx, resource, search};
use crate::domain::{
    id::{OrganizationId, ResourceId},
    name::{RULES, same_key, search_key, sort_key},
    person::full_name,
    resource::free_name,
    search::words,
};

/// How many rows one transaction looks at.
const BATCH_SIZE: i64 = 1_000;

/// Computes every key again, unless all of them are of this version already.
///
/// # Errors
/// The database.
pub(super) async fn update_all(db: &Db) -> Result<()> {
    let mut tx = db.read().await?;
    let done =
        tx.sql("SELECT CAST(COUNT(*) AS BIGINT) FROM name_rules WHERE version = $1").bind(RULES).number().await?;
    drop(tx);
    if done > 0 {
        return Ok(());
    }
    let mut next = Some(Uuid::nil());
    while let Some(after) = next {
        next = db.write(move |tx, _| Box::pin(update_resources(tx, after))).await?;
    }
    next = Some(Uuid::nil());
    while let Some(after) = next {
        next = db.write(move |tx, _| Box::pin(update_people(tx, after))).await?;
    }
    next = Some(Uuid::nil());
    while let Some(after) = next {
        next = db.write(move |tx, _| Box::pin(update_organizations(tx, after))).await?;
    }
    next = Some(Uuid::nil());
    while let Some(after) = next {
        next = db.write(move |tx, _| Box::pin(update_invitations(tx, after))).await?;
    }
    db.write(|tx, _| {
        Box::pin(async {
            tx.sql("DELETE FROM name_rules WHERE version < $1").bind(RULES).execute().await?;
            tx.sql("DELETE FROM name_rules WHERE version > $1").bind(RULES).execute().await?;
            tx.sql("INSERT INTO name_rules (version) VALUES ($1) ON CONFLICT (version) DO NOTHING")
                .bind(RULES)
                .execute()
                .await?;
            Ok(())
        })
    })
    .await
}

#[derive(FromRow)]
struct ResourceRow {
    id: Uuid,
    organization_id: Uuid,
    parent_id: Option<Uuid>,
    name: String,
    trashed_with: Option<Uuid>,
}

/// The keys and words of the resources behind an id. Two that were told apart before and look the same get one name each.
async fn update_resources(tx: &mut Tx, after: Uuid) -> Result<Option<Uuid>> {
    let rows: Vec<ResourceRow> = tx
        .sql(
            "SELECT id, organization_id, parent_id, name, trashed_with FROM resource
             WHERE id > $1 ORDER BY id LIMIT CAST($2 AS BIGINT)",
        )
        .bind(after)
        .bind(BATCH_SIZE)
        .all()
        .await?;
    let Some(last) = rows.last().map(|row| row.id) else { return Ok(None) };
    let there: Vec<(Uuid, Uuid, String)> = rows
        .iter()
        .filter(|row| row.trashed_with.is_none())
        .filter_map(|row| Some((row.id, row.parent_id?, same_key(&row.name))))
        .collect();
    let mut clashing: BTreeSet<Uuid> = BTreeSet::new();
    if !there.is_empty() {
        let taken: Vec<(Uuid,)> = tx
            .sql_rows(
                "WITH listed(id, parent_id, name_same) AS (VALUES {rows:3})
                 SELECT listed.id FROM listed CROSS JOIN resource r
                 WHERE r.parent_id = listed.parent_id AND r.name_same = listed.name_same AND r.trashed_with IS NULL AND r.id <> listed.id",
                &there,
                |statement, (id, parent, key)| statement.bind(*id).bind(*parent).bind(key.clone()),
            )
            .all()
            .await?;
        clashing.extend(taken.into_iter().map(|(id,)| id));
        let mut seen = BTreeSet::new();
        clashing
            .extend(there.iter().filter(|(_, parent, key)| !seen.insert((*parent, key.as_str()))).map(|(id, ..)| *id));
    }
    let fine: Vec<&ResourceRow> = rows.iter().filter(|row| !clashing.contains(&row.id)).collect();
    write(tx, &fine.iter().map(|row| (*row, row.name.clone())).collect::<Vec<_>>()).await?;
    // The few that have to be called otherwise, one after the other: each may take what the next one would.
    for row in rows.iter().filter(|row| clashing.contains(&row.id)) {
        let Some(parent) = row.parent_id else { continue };
        let taken = resource::list_taken_names(tx, ResourceId(parent), &BTreeSet::from([row.name.clone()])).await?;
        let name = free_name(&row.name, |key| taken.contains(key));
        tracing::warn!(id = %row.id, "two names in one container looked the same: one of them got a number");
        write(tx, &[(row, name)]).await?;
    }
    Ok(Some(last))
}

async fn write(tx: &mut Tx, names: &[(&ResourceRow, String)]) -> Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    tx.sql_rows(
        "WITH listed(id, name, name_key, name_same) AS (VALUES {rows:4})
         UPDATE resource SET name = listed.name, name_key = listed.name_key, name_same = listed.name_same
         FROM listed WHERE resource.id = COALESCE(listed.id, {1})",
        names,
        |statement, (row, name)| statement.bind(row.id).bind(name.clone()).bind(sort_key(name)).bind(same_key(name)),
    )
    .bind(None::<Uuid>)
    .execute()
    .await?;
    // Nobody searches for roots.
    let searched: Vec<(ResourceId, OrganizationId, &str)> = names
        .iter()
        .filter(|(row, _)| row.parent_id.is_some())
        .map(|(row, name)| (ResourceId(row.id), OrganizationId(row.organization_id), name.as_str()))
        .collect();
    search::rewrite_each(tx, &searched).await
}

/// The keys of the people behind an id, also where they are copied to.
async fn update_people(tx: &mut Tx, after: Uuid) -> Result<Option<Uuid>> {
    let rows: Vec<(Uuid, String, String)> = tx
        .sql("SELECT id, first_name, last_name FROM person WHERE id > $1 ORDER BY id LIMIT CAST($2 AS BIGINT)")
        .bind(after)
        .bind(BATCH_SIZE)
        .all()
        .await?;
    let Some(last) = rows.last().map(|(id, ..)| *id) else { return Ok(None) };
    let names: Vec<(Uuid, String)> = rows.into_iter().map(|(id, first, last)| (id, full_name(&first, &last))).collect();
    for sql in [
        "WITH listed(id, name_key, name_search) AS (VALUES {rows:3})
         UPDATE person SET name_key = listed.name_key, name_search = listed.name_search FROM listed WHERE person.id = COALESCE(listed.id, {1})",
        "WITH listed(id, name_key, name_search) AS (VALUES {rows:3})
         UPDATE membership SET name_key = listed.name_key, name_search = listed.name_search FROM listed WHERE membership.person_id = COALESCE(listed.id, {1})",
        "WITH listed(id, name_key, name_search) AS (VALUES {rows:3})
         UPDATE resource SET owner_key = listed.name_key FROM listed WHERE resource.created_by = COALESCE(listed.id, {1})",
    ] {
        tx.sql_rows(sql, &names, |statement, (id, name)| {
            statement.bind(*id).bind(sort_key(name)).bind(search_key(name))
        })
        .bind(None::<Uuid>)
        .execute()
        .await?;
    }
    Ok(Some(last))
}

/// The keys of the organizations behind an id, also where they are copied to.
async fn update_organizations(tx: &mut Tx, after: Uuid) -> Result<Option<Uuid>> {
    let rows: Vec<(Uuid, String)> = tx
        .sql("SELECT id, name FROM organization WHERE id > $1 ORDER BY id LIMIT CAST($2 AS BIGINT)")
        .bind(after)
        .bind(BATCH_SIZE)
        .all()
        .await?;
    let Some(last) = rows.last().map(|(id, _)| *id) else { return Ok(None) };
    for sql in [
        "WITH listed(id, name_key, name_search) AS (VALUES {rows:3})
         UPDATE organization SET name_key = listed.name_key, name_search = listed.name_search FROM listed WHERE organization.id = COALESCE(listed.id, {1})",
        "WITH listed(id, name_key, name_search) AS (VALUES {rows:3})
         UPDATE membership SET organization_key = listed.name_key, organization_search = listed.name_search
         FROM listed WHERE membership.organization_id = COALESCE(listed.id, {1})",
    ] {
        tx.sql_rows(sql, &rows, |statement, (id, name)| {
            statement.bind(*id).bind(sort_key(name)).bind(search_key(name))
        })
        .bind(None::<Uuid>)
        .execute()
        .await?;
    }
    Ok(Some(last))
}

/// The keys of the invitations behind an id.
async fn update_invitations(tx: &mut Tx, after: Uuid) -> Result<Option<Uuid>> {
    let rows: Vec<(Uuid, String)> = tx
        .sql("SELECT id, COALESCE(name, email_key) FROM invitation WHERE id > $1 ORDER BY id LIMIT CAST($2 AS BIGINT)")
        .bind(after)
        .bind(BATCH_SIZE)
        .all()
        .await?;
    let Some(last) = rows.last().map(|(id, _)| *id) else { return Ok(None) };
    tx.sql_rows(
        "WITH listed(id, name_key, name_search) AS (VALUES {rows:3})
         UPDATE invitation SET name_key = listed.name_key, name_search = listed.name_search FROM listed WHERE invitation.id = COALESCE(listed.id, {1})",
        &rows,
        |statement, (id, name)| statement.bind(*id).bind(sort_key(name)).bind(search_key(name)),
    )
    .bind(None::<Uuid>)
    .execute()
    .await?;
    Ok(Some(last))
}

/// What the doctor says about [`count_wrong`].
pub const INVARIANT: &str = "every name has the keys and search words computed from it (DRIVE-2, DRIVE-5, PEOPLE-1)";

#[derive(FromRow)]
struct KeyRow {
    id: Uuid,
    kind: String,
    name: String,
    name_key: Option<String>,
    other_key: Option<String>,
    word: Option<String>,
}

/// How many rows have other keys, or other words, than this program computes. Each statement sees a row and its words at one moment.
///
/// # Errors
/// The database.
pub async fn count_wrong(tx: &mut Tx) -> Result<u64> {
    let mut wrong = 0;
    let mut next = Some(Uuid::nil());
    while let Some(after) = next {
        let rows: Vec<KeyRow> = tx
            .sql(
                "SELECT listed.id, listed.kind, listed.name, listed.name_key, listed.name_same AS other_key, w.word
                 FROM (SELECT id, kind, name, name_key, name_same FROM resource WHERE id > $1 ORDER BY id LIMIT CAST($2 AS BIGINT)) listed
                 LEFT JOIN resource_word w ON w.resource_id = listed.id",
            )
            .bind(after)
            .bind(BATCH_SIZE)
            .all()
            .await?;
        next = rows.iter().map(|row| row.id).max();
        let mut found: BTreeMap<Uuid, (KeyRow, BTreeSet<String>)> = BTreeMap::new();
        for mut row in rows {
            let word = row.word.take();
            let (_, words) = found.entry(row.id).or_insert_with(|| (row, BTreeSet::new()));
            words.extend(word);
        }
        wrong += count(found.values().filter(|(row, there)| {
            let expected: BTreeSet<String> =
                if row.kind == "root" { BTreeSet::new() } else { words(&row.name).into_iter().collect() };
            is_wrong(row, &same_key(&row.name)) || *there != expected
        }));
    }
    for sql in [
        "SELECT id, CAST('person' AS TEXT) AS kind, first_name || ' ' || last_name AS name, name_key, name_search AS other_key, CAST(NULL AS TEXT) AS word
         FROM person WHERE id > $1 ORDER BY id LIMIT CAST($2 AS BIGINT)",
        "SELECT id, CAST('invitation' AS TEXT) AS kind, COALESCE(name, email_key) AS name, name_key, name_search AS other_key, CAST(NULL AS TEXT) AS word
         FROM invitation WHERE id > $1 ORDER BY id LIMIT CAST($2 AS BIGINT)",
    ] {
        next = Some(Uuid::nil());
        while let Some(after) = next {
            let rows: Vec<KeyRow> = tx.sql(sql).bind(after).bind(BATCH_SIZE).all().await?;
            next = rows.last().map(|row| row.id);
            wrong += count(rows.iter().filter(|row| is_wrong(row, &search_key(&row.name))));
        }
    }
    Ok(wrong)
}

fn count<'a, T: 'a>(rows: impl Iterator<Item = &'a T>) -> u64 {
    rows.fold(0, |sum, _| sum + 1)
}

fn is_wrong(row: &KeyRow, other: &str) -> bool {
    row.name_key.as_deref() != Some(sort_key(&row.name).as_str()) || row.other_key.as_deref() != Some(other)
}
