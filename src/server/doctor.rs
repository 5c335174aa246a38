//! `commonhold doctor`: checks every invariant on a live database, reading only; with `--files` also what is in storage.

use std::collections::BTreeSet;

use futures::{StreamExt, TryStreamExt};
use uuid::Uuid;

use super::{
    context::Ctx,
    error::Result,
    store::{
        Tx,
        blob::{self, StoredObject},
        doctor::{INVARIANTS, check_file},
        naming,
    },
};
use crate::domain::id::ObjectId;

/// How many objects one statement looks at.
const OBJECT_BATCH_SIZE: usize = 1_000;

/// The result for one invariant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The invariant, in words.
    pub invariant: String,
    /// How many rows break it; 0 is healthy.
    pub broken: u64,
}

/// Checks every invariant.
pub async fn examine(ctx: &Ctx) -> Result<Vec<Finding>> {
    let mut tx = ctx.db().read().await?;
    let mut findings = Vec::with_capacity(INVARIANTS.len() + 2);
    for invariant in INVARIANTS {
        findings.push(Finding { invariant: invariant.name.to_owned(), broken: invariant.count(&mut tx).await? });
    }
    findings.push(Finding { invariant: naming::INVARIANT.to_owned(), broken: naming::count_wrong(&mut tx).await? });
    if let Some(text) = check_file(&mut tx, ctx.db().is_sqlite()).await? {
        findings.push(Finding { invariant: format!("the database file is sound: {text}"), broken: 1 });
    }
    Ok(findings)
}

/// What an object is kept for.
#[derive(Clone, Copy)]
enum Kept {
    Piece,
    Preview,
}

impl Kept {
    async fn list(self, tx: &mut Tx, after: ObjectId, limit: i64) -> Result<Vec<StoredObject>> {
        Ok(match self {
            Self::Piece => blob::list_objects(tx, after, limit).await?,
            Self::Preview => blob::list_preview_objects(tx, after, limit).await?,
        })
    }
}

/// Compares storage with the database: whether every object of a blob is there in its size, and whether there is an object that no row
/// knows. Rows are written before objects and deleted after them, so uploads beside it are no finding; an object that is deleted at that
/// very moment may be one.
///
/// # Errors
/// The database, or storage.
pub async fn examine_files(ctx: &Ctx) -> Result<Vec<Finding>> {
    let files = ctx.files()?;
    let mut missing = 0;
    for kind in [Kept::Piece, Kept::Preview] {
        let mut after = ObjectId(Uuid::nil());
        loop {
            let limit = i64::try_from(OBJECT_BATCH_SIZE).unwrap_or(i64::MAX);
            let objects = kind.list(&mut ctx.db().read().await?, after, limit).await?;
            let Some(last) = objects.last() else { break };
            after = last.object;
            for stored in &objects {
                if files.size(&stored.cluster, stored.object).await? == Some(stored.bytes) {
                    continue;
                }
                // It may have been freed since it was listed.
                let known = kind.list(&mut ctx.db().read().await?, before(stored.object), 1).await?;
                missing += u64::from(known.first().is_some_and(|known| known.object == stored.object));
            }
        }
    }
    let mut unknown = 0;
    let mut listed = files.list().try_chunks(OBJECT_BATCH_SIZE);
    while let Some(chunk) = listed.next().await {
        let chunk = chunk.map_err(|error| error.1)?;
        let ours: Vec<ObjectId> = chunk.iter().filter_map(|object| *object).collect();
        let known: BTreeSet<Uuid> = blob::list_known(&mut ctx.db().read().await?, &ours).await?.into_iter().collect();
        let strangers = ours.iter().filter(|object| !known.contains(&object.0)).count() + chunk.len() - ours.len();
        unknown += u64::try_from(strangers).unwrap_or(u64::MAX);
    }
    Ok(vec![
        Finding {
            invariant: "storage has every object of every file and preview, in its size (FILE-1)".to_owned(),
            broken: missing,
        },
        Finding {
            invariant: "storage has no object that the database does not know (FILE-6)".to_owned(),
            broken: unknown,
        },
    ])
}

/// The id just before an id.
fn before(object: ObjectId) -> ObjectId {
    ObjectId(Uuid::from_u128(object.0.as_u128().saturating_sub(1)))
}
