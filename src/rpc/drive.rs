//! The Drive: looking, creating, renaming.

use leptos::prelude::*;

use super::{Done, Failure, Text};
use crate::view::{DriveView, MoreRows};

/// A container's page, or a dataset's; the root of the organization's first account where `resource` is empty; with `q`,
/// what is found in the organization; with `view_as`, as that person sees it. `sort` is `name`, `kind`, `size` or `modified_at`, with `-` in front for the other
/// direction.
#[server(output = Text)]
pub async fn drive_page(
    org: String,
    resource: String,
    q: String,
    kind: String,
    status: String,
    sort: String,
    cursor: String,
    #[server(default)] view_as: String,
) -> Result<DriveView, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let wanted = usecase::drive::page::PageQuery { org, resource, q, kind, status, sort, cursor, view_as };
    response::read(usecase::drive::page::page(&ctx, &by, &wanted).await)
}

/// More rows of the list of a container, from the row behind the first `at`.
#[server(output = Text)]
pub async fn drive_rows(
    #[server(default)] resource: String,
    #[server(default)] kind: String,
    #[server(default)] status: String,
    #[server(default)] sort: String,
    #[server(default)] at: u64,
    #[server(default)] view_as: String,
) -> Result<MoreRows, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
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
#[server(output = Text)]
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
#[server(output = Text)]
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
