//! The keys of names (see [`crate::domain::name`]) compared with the names they are computed from, for the doctor.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::FromRow;
use uuid::Uuid;

use super::{Result, Tx};
use crate::domain::{
    name::{same_key, search_key, sort_key},
    search::words,
};

/// How many rows one statement looks at.
const BATCH_SIZE: i64 = 1_000;

/// What the doctor says about [`count_wrong`].
pub const INVARIANT: &str = "every name has the keys and words that are computed from it (DRIVE-2, DRIVE-5, PEOPLE-1)";

#[derive(FromRow)]
struct KeyRow {
    id: Uuid,
    kind: String,
    name: String,
    name_key: String,
    other_key: String,
    word: Option<String>,
}

/// How many rows have other keys, or other words, than this program computes. Each statement sees a row and its words at one moment.
pub async fn count_wrong(tx: &mut Tx) -> Result<u64> {
    let mut wrong = 0;
    let mut next = Some(Uuid::nil());
    while let Some(after) = next {
        let rows: Vec<KeyRow> = tx
            .sql(
                "SELECT listed.id, listed.kind, listed.name, listed.name_key, listed.name_unique AS other_key, w.word
                 FROM (SELECT id, kind, name, name_key, name_unique FROM resource WHERE id > $1 ORDER BY id LIMIT CAST($2 AS BIGINT)) listed
                 LEFT JOIN resource_word w ON w.resource_id = listed.id",
            )
            .bind(after)
            .bind(BATCH_SIZE)
            .all()
            .await?;
        // The join keeps no order, so the last row need not have the greatest id.
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
    row.name_key != sort_key(&row.name) || row.other_key != other
}
