//! How much organizations store (FILE-6), and the operator who limits it.

use crate::{
    domain::{
        audit::Action,
        id::OrganizationId,
        permit::allow,
        requester::Requester,
        role::Permission,
        storage::{fits, may_limit, size},
    },
    server::{
        context::Ctx,
        error::{Result, at_field},
        store::{Tx, membership, storage},
    },
    view::file::StorageView,
};

use super::{
    audit::{self, AuditEvent},
    operator::{self, Operator},
};

/// How much an organization stores, for who may see its details ([`super::settings::details`]).
///
/// # Errors
/// The database.
pub async fn show(ctx: &Ctx, organization: OrganizationId) -> Result<StorageView> {
    of_organization(&mut ctx.db().read().await?, organization).await
}

/// How much an organization stores: the operator.
///
/// # Errors
/// `NotFound`.
pub async fn show_to_operator(ctx: &Ctx, org: &str) -> Result<StorageView> {
    let mut tx = ctx.db().read().await?;
    let found = operator::find_organization(&mut tx, org).await?;
    of_organization(&mut tx, found.id).await
}

pub(super) async fn of_organization(tx: &mut Tx, organization: OrganizationId) -> Result<StorageView> {
    let limit = storage::find_limit(tx, organization).await?;
    Ok(StorageView { limit, used: storage::sum_used(tx, organization).await? })
}

/// Whether so many more bytes fit into the storage of an organization, of whose use `freed` does not count (FILE-6).
///
/// # Errors
/// `QuotaExceeded`, with numbers for who may view the usage of the organization. An engine, which is no requester, never does.
pub(crate) async fn check_room(
    tx: &mut Tx,
    requester: Option<Requester<'_>>,
    organization: OrganizationId,
    freed: i64,
    more: i64,
) -> Result<()> {
    let Some(limit) = storage::find_limit(tx, organization).await? else { return Ok(()) };
    let used = storage::sum_used(tx, organization).await?;
    match fits(limit, used.saturating_sub(freed), more) {
        Ok(()) => Ok(()),
        Err(full) => {
            let sees_usage = match requester {
                Some(requester) => {
                    let role = membership::find_role(tx, organization, requester.id()).await?;
                    allow(requester, organization, role, Permission::ViewUsage).is_ok()
                }
                None => false,
            };
            Err(full.told(sees_usage).into())
        }
    }
}

/// Limits how much an organization may store: the operator.
///
/// # Errors
/// `NotFound`; `Invalid` at `limit`.
pub async fn set(ctx: &Ctx, org: &str, limit: Option<i64>) -> Result<StorageView> {
    set_as(ctx, &Operator::command_line(), org, limit).await
}

/// [`set`], for the operator as whoever they are.
///
/// # Errors
/// See [`set`].
pub async fn set_as(ctx: &Ctx, operator: &Operator, org: &str, limit: Option<i64>) -> Result<StorageView> {
    let by = &operator;
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let found = operator::find_organization(tx, org).await?;
                let permit = may_limit(found.id, limit).map_err(at_field("limit"))?;
                let before = storage::find_limit(tx, found.id).await?;
                if before != limit {
                    storage::update_limit(tx, &permit).await?;
                    let summary = match limit {
                        Some(limit) => format!("limited the storage to {}", size(limit)),
                        None => "took the limit of the storage away".to_owned(),
                    };
                    let what = AuditEvent {
                        organization: Some(found.id),
                        before: Some(serde_json::json!({ "limit": before })),
                        after: Some(serde_json::json!({ "limit": limit })),
                        ..AuditEvent::new(Action::OrganizationStorageChanged, summary)
                    };
                    audit::note_as(tx, ctx, by, what).await?;
                }
                of_organization(tx, found.id).await
            })
        })
        .await
}
