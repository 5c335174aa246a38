//! The viewer of a dataset (VIEW-1 to VIEW-6): what it shows, and what changed since.

use leptos::prelude::*;

use super::{Failure, Postcard};
use crate::view::{
    query::{CompareQuery, LinkViewerQuery, ViewerQuery},
    viewer::{ViewerChanges, ViewerView},
};

/// The viewer of a dataset.
#[server(output = Postcard)]
pub async fn viewer_page(#[server(default)] query: ViewerQuery) -> Result<ViewerView, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    response::read(usecase::viewer::show(&ctx, &by, &query.dataset).await)
}

/// What may have changed while somebody looks.
#[server(output = Postcard)]
pub async fn viewer_refresh(#[server(default)] query: ViewerQuery) -> Result<ViewerChanges, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    response::read(usecase::viewer::changes(&ctx, &by, &query.dataset).await)
}

/// The viewer of a dataset that a link shows. Nobody in particular asks.
#[server(output = Postcard)]
pub async fn link_viewer(#[server(default)] query: LinkViewerQuery) -> Result<ViewerView, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let ctx = response::ctx()?;
    let asked = usecase::link::LinkRequest {
        token: query.token,
        resource: Some(query.dataset),
        opened: response::link_key(),
        ..usecase::link::LinkRequest::default()
    };
    response::read(usecase::viewer::visit(&ctx, &response::client(), &asked).await)
}

/// The dataset that another one is compared with, for a person, or with a token for whoever has the link; `None` where it cannot be
/// shown beside it.
#[server(output = Postcard)]
pub async fn viewer_compared(#[server(default)] query: CompareQuery) -> Result<Option<ViewerView>, Failure> {
    use crate::{
        domain::refusal::Refusal,
        server::{error::Error, server_fn_response as response, usecase},
    };
    if query.with.is_empty() {
        return Ok(None);
    }
    let found = if query.token.is_empty() {
        let (ctx, by) = response::signed_in().await?;
        usecase::viewer::compare(&ctx, &by, &query.dataset, &query.with).await
    } else {
        let ctx = response::ctx()?;
        let asked = usecase::link::LinkRequest {
            token: query.token,
            resource: Some(query.dataset),
            opened: response::link_key(),
            ..usecase::link::LinkRequest::default()
        };
        usecase::viewer::visit_compared(&ctx, &response::client(), &asked, &query.with).await
    };
    match found {
        Ok(view) => Ok(Some(view)),
        // The first dataset is shown all the same, and the page says so.
        Err(Error::Refused(Refusal::NotFound)) => Ok(None),
        Err(error) => response::read(Err(error)),
    }
}
