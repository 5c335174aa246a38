//! Licences and usage (LIC-1, LIC-3).

use leptos::prelude::*;

use super::{Failure, Text};
use crate::view::licence::{LedgerView, LicencesView};

/// What the page Licences shows.
#[server(output = Text)]
pub async fn organization_licences(org: String) -> Result<LicencesView, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    response::read(usecase::licence::page(&ctx, &by, &org).await)
}

/// One page of a licence's ledger: behind the entry `older`, or before the entry `newer`.
#[server(output = Text)]
pub async fn licence_ledger(
    org: String,
    id: String,
    #[server(default)] kind: String,
    #[server(default)] from: String,
    #[server(default)] to: String,
    #[server(default)] older: String,
    #[server(default)] newer: String,
) -> Result<LedgerView, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let query = usecase::licence::LedgerQuery {
        kind: Some(kind),
        from: Some(from),
        to: Some(to),
        cursor: Some(older),
        limit: None,
    };
    response::read(usecase::licence::ledger_page(&ctx, &by, &org, &id, &query, &newer).await)
}
