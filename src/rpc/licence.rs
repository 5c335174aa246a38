//! Licences and usage (LIC-1, LIC-3).

use leptos::prelude::*;

use super::{Failure, Postcard};
use crate::view::{
    licence::{LedgerView, LicencesView},
    query::LedgerQuery,
};

/// What the page Licences shows.
#[server(output = Postcard)]
pub async fn organization_licences(org: String) -> Result<LicencesView, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    response::read(usecase::licence::list::page(&ctx, &by, &org).await)
}

/// One page of a licence's ledger.
#[server(output = Postcard)]
pub async fn licence_ledger(#[server(default)] query: LedgerQuery) -> Result<LedgerView, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    response::read(usecase::licence::ledger::ledger_page(&ctx, &by, &query).await)
}
