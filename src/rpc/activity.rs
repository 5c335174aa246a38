//! The Activity page (AUDIT-1).

use leptos::prelude::*;

use super::{Failure, Text};
use crate::view::activity::AuditLogView;

/// One page of the audit log: behind the line `older`, or before the line `newer`.
#[server(output = Text)]
pub async fn organization_activity(
    org: String,
    #[server(default)] actor: String,
    #[server(default)] action: String,
    #[server(default)] from: String,
    #[server(default)] to: String,
    #[server(default)] older: String,
    #[server(default)] newer: String,
) -> Result<AuditLogView, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let query = usecase::audit::AuditQuery {
        actor: Some(actor),
        action: Some(action),
        resource: None,
        from: Some(from),
        to: Some(to),
        cursor: Some(older),
        limit: None,
    };
    response::read(usecase::audit::page(&ctx, &by, &org, &query, &newer).await)
}
