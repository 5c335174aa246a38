//! Which results of a dataset were made of other images than there are now (JOB-3).

use std::collections::BTreeSet;

use crate::{
    domain::{
        id::ResourceId,
        job::{self, MadeOf},
    },
    server::{
        error::Result,
        store::{Tx, dataset_file},
    },
};

use super::job::digest_inputs;

/// The results of a dataset, which the reader is known to see, that are out of date.
pub(super) async fn results(tx: &mut Tx, dataset: ResourceId) -> Result<Vec<MadeOf>> {
    let made = dataset_file::list_made_of(tx, dataset).await?;
    if made.is_empty() || dataset_file::list_inputs(tx, dataset, 0, 1).await?.is_empty() {
        return Ok(Vec::new());
    }
    let now = digest_inputs(tx, dataset).await?;
    Ok(job::outdated(made, Some(&now)))
}

/// Their numbers.
pub(super) async fn numbers(tx: &mut Tx, dataset: ResourceId) -> Result<BTreeSet<i64>> {
    Ok(results(tx, dataset).await?.into_iter().map(|result| result.number).collect())
}

/// The apps that made them, by their titles.
pub(super) async fn apps(tx: &mut Tx, dataset: ResourceId) -> Result<Vec<String>> {
    let titles: BTreeSet<String> = results(tx, dataset).await?.into_iter().map(|result| result.app).collect();
    Ok(titles.into_iter().collect())
}
