//! The receipt of a finished transfer, and who may read it (XFER-18).

use crate::{
    domain::{
        id::TransferId,
        refusal::Refusal,
        role::{Permission, Role, may},
    },
    server::{
        context::Principal,
        error::Result,
        store::{Tx, membership, transfer},
    },
    view::{Control, ReceiptView},
};

pub(crate) fn receipt_view(record: transfer::Transfer, target_org_id: Option<String>, undo: Control) -> ReceiptView {
    ReceiptView {
        id: record.id,
        at: record.at,
        by: record.person,
        by_name: record.person_name,
        source_name: record.source_name,
        target_name: record.target_name,
        target_org_id,
        plan: record.plan,
        undoes: record.undoes,
        undone_by: record.undone_by,
        undo,
    }
}

/// A finished transfer, and the reader's role in its target. The receipt is for whoever carried it out and for whoever may read
/// the audit log of either organization.
///
/// # Errors
/// `NotFound` for everybody else.
pub(crate) async fn readable(
    tx: &mut Tx,
    by: &Principal,
    id: TransferId,
) -> Result<(transfer::Transfer, Option<Role>)> {
    let record = transfer::find(tx, id).await?.ok_or(Refusal::NotFound)?;
    let in_source = membership::find_role(tx, record.source, by.person).await?;
    let in_target = membership::find_role(tx, record.target, by.person).await?;
    let reads = |role: Option<Role>| role.is_some_and(|role| may(role, Permission::ReadAudit));
    // Whoever did it keeps the receipt only as long as they are in either organization.
    let did_it = record.person == by.person && (in_source.is_some() || in_target.is_some());
    if !(did_it || reads(in_source) || reads(in_target)) {
        return Err(Refusal::NotFound.into());
    }
    if !did_it && let Some(machine) = &by.key {
        crate::server::usecase::key::reach_the_whole(tx, by, machine.organization).await?;
    }
    Ok((record, in_target))
}
