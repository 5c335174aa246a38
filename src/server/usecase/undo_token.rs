//! Tokens that take a change back (DRIVE-4): beside the change, its inverse is written down.

use crate::{
    domain::{id::UndoId, undo::Inverse},
    server::{
        context::{Ctx, Principal},
        error::{Error, Result},
        store::{Tx, undo},
    },
};

/// Stores the inverse of a change and returns its token. If that fails the change stays, only without an Undo button: it has been
/// committed already.
pub async fn issue(ctx: &Ctx, by: &Principal, inverse: Inverse) -> Option<String> {
    if !inverse.is_feasible() {
        return None;
    }
    let (id, person, now) = (UndoId(ctx.id()), by.person, ctx.now());
    let what = serde_json::to_string(&inverse).ok()?;
    let written: Result<()> =
        ctx.db().write(|tx, _| Box::pin(async { Ok(undo::insert(tx, id, person, &what, now).await?) })).await;
    if let Err(error) = &written {
        tracing::warn!(%error, "could not offer an undo");
    }
    written.is_ok().then(|| id.to_string())
}

/// [`issue`], in the transaction of the change itself.
pub(crate) async fn issue_in(tx: &mut Tx, ctx: &Ctx, by: &Principal, inverse: &Inverse) -> Result<Option<UndoId>> {
    if !inverse.is_feasible() {
        return Ok(None);
    }
    let what = serde_json::to_string(inverse).map_err(|error| Error::Internal(error.to_string()))?;
    let id = UndoId(ctx.id());
    undo::insert(tx, id, by.person, &what, ctx.now()).await?;
    Ok(Some(id))
}
