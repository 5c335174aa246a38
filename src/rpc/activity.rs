//! The Activity page (AUDIT-1).

use leptos::prelude::*;

use super::{Failure, Postcard};
use crate::view::{activity::AuditLogView, query::ActivityQuery};

/// One page of the audit log.
#[server(output = Postcard)]
pub async fn organization_activity(#[server(default)] query: ActivityQuery) -> Result<AuditLogView, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    response::read(usecase::audit_log::page(&ctx, &by, &query).await)
}
