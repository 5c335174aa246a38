//! The Drive: looking, creating, renaming.

use leptos::prelude::*;

use super::{Done, Failure, Postcard};
use crate::view::{
    DriveView, MoreRows,
    query::{DriveQuery, DriveRowsQuery},
};

/// A container's page, or a dataset's; what is found, where something is searched for.
#[server(output = Postcard)]
pub async fn drive_page(#[server(default)] query: DriveQuery) -> Result<DriveView, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    response::read(usecase::drive::page::page(&ctx, &by, &query).await)
}

/// More rows of the list of a container.
#[server(output = Postcard)]
pub async fn drive_rows(#[server(default)] query: DriveRowsQuery) -> Result<MoreRows, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let DriveRowsQuery { resource, kind, status, sort, at, view_as } = query;
    let query = usecase::drive::list::ListQuery {
        sort,
        kind: Some(kind),
        status: Some(status),
        at: i64::try_from(at).ok(),
        limit: Some(usecase::drive::list::SCROLL_BLOCK_SIZE),
        view_as,
        ..Default::default()
    };
    response::read(usecase::drive::list::more(&ctx, &by, &resource, &query).await)
}

/// **Create** in **New folder**, **New site**, **New asset** or **New dataset**. `images` and `captured_on` are for
/// datasets. Leads to `back`, the page the dialog was opened on, or to the container.
#[server(output = Postcard)]
pub async fn create_resource(
    #[server(default)] parent: String,
    #[server(default)] kind: String,
    #[server(default)] name: String,
    #[server(default)] images: String,
    #[server(default)] captured_on: String,
    #[server(default)] back: String,
) -> Result<Done, Failure> {
    use crate::server::{request::local_path, server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let form =
        usecase::drive::change::NewResourceForm { parent, kind, name, images, captured_on, ..Default::default() };
    let created = usecase::drive::change::create(&ctx, &by, &form).await;
    let back = local_path(&back);
    response::done(created, |new| {
        // The Move to dialog goes on in the folder that was made in it.
        let back = back.map(|back| back.replace("in=NEW", &format!("in={}", new.resource.id)));
        (back.unwrap_or_else(|| super::outcome::drive_page(&new.location)), format!("Created “{}”", new.resource.name))
    })
    .await
}

/// **Rename**. Leads to `back`, the page the dialog was opened on, or to the container.
#[server(output = Postcard)]
pub async fn rename_resource(
    #[server(default)] id: String,
    #[server(default)] name: String,
    #[server(default)] back: String,
) -> Result<Done, Failure> {
    use crate::server::{request::local_path, server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let renamed = usecase::drive::change::rename_with_undo(&ctx, &by, &id, &name).await;
    let back = local_path(&back);
    response::done(renamed, |(new, undo)| Done {
        to: back.unwrap_or_else(|| super::outcome::drive_page(&new.location)),
        toast: format!("Renamed to “{}”", new.resource.name),
        undo: undo.clone(),
    })
    .await
}
