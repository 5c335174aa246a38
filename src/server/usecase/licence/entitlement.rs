//! What the licences of an organization allow (LIC-4, LIC-6).

use crate::{
    domain::{
        id::{AccountId, OrganizationId},
        licence::{Entitlement, Licence, allows_in_any, entitlement_for_role},
        refusal::Refusal,
        role::Role,
        time::Timestamp,
    },
    server::{
        error::Result,
        store::{Tx, account, licence},
    },
};

/// Whether the licences of at least one account of an organization allow something (LIC-4, LIC-6). The inner error says why
/// none of them does.
pub async fn allowed_in_any(
    tx: &mut Tx,
    organization: OrganizationId,
    wanted: Entitlement,
    now: Timestamp,
) -> Result<std::result::Result<(), Refusal>> {
    let usable = licence::list_usable(tx, organization, now).await?;
    let of = |account: AccountId| -> Vec<Licence> {
        usable.iter().filter(|one| one.account == account).map(|one| one.licence.clone()).collect()
    };
    let accounts: Vec<Vec<Licence>> =
        account::list(tx, organization).await?.into_iter().map(|account| of(account.id)).collect();
    Ok(allows_in_any(&accounts, wanted, now))
}

/// Whether an organization may have somebody in this role (LIC-4): Members take Team Access Control.
///
/// # Errors
/// `Licence`, saying what is missing.
pub async fn allow_role(tx: &mut Tx, organization: OrganizationId, role: Role, now: Timestamp) -> Result<()> {
    Ok(allowed_in_any(tx, organization, entitlement_for_role(role), now).await??)
}
