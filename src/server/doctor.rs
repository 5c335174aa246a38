//! `commonhold doctor`: checks every invariant on a live database, reading only.

use super::{
    context::Ctx,
    error::Result,
    store::{
        doctor::{INVARIANTS, check_file},
        naming,
    },
};

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
