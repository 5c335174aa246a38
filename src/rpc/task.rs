//! Copying, sites, and background tasks (DRIVE-4, XFER-5). `items` is a list of resource ids with commas between them.

use leptos::prelude::*;

use super::{Done, Failure, Postcard};
use crate::view::task::TaskView;

/// **Copy here**. Leads to the place the copies go to.
#[server(output = Postcard)]
pub async fn copy_here(
    #[server(default)] items: String,
    #[server(default)] destination: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let copied = async {
        let (items, destination) = (items.parse()?, usecase::id("destination", &destination)?);
        usecase::copy::copy(&ctx, &by, &items, destination).await
    };
    response::done(copied.await, super::outcome::copied).await
}

/// **Share a copy**: with the account behind a Sharing ID (ACCT-3). Leads to `back`, the page the dialog was opened on.
#[server(output = Postcard)]
pub async fn share_copy(
    #[server(default)] items: String,
    #[server(default)] sharing_id: String,
    #[server(default)] back: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let shared = async { usecase::copy::share(&ctx, &by, &items.parse()?, &sharing_id).await }.await;
    let page = response::back_to(&back, "/");
    response::done(shared, |shared| (page, super::outcome::shared(shared))).await
}

/// **Assign**: to the site with this name, or a new one. Leads to `back`, the page the dialog was opened on.
#[server(output = Postcard)]
pub async fn assign_to_site(
    #[server(default)] items: String,
    #[server(default)] site_name: String,
    #[server(default)] back: String,
) -> Result<Done, Failure> {
    use crate::server::{request::local_path, server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let assigned = async {
        let (items, site) = (items.parse()?, usecase::site::wanted("", &site_name)?);
        usecase::site::assign(&ctx, &by, &items, &site).await
    }
    .await;
    let back = local_path(&back);
    response::done(assigned, |change| super::outcome::site_changed(change, back)).await
}

/// **Remove from site**. Leads to `back`, the page it was asked for on.
#[server(output = Postcard)]
pub async fn remove_from_site(
    #[server(default)] items: String,
    #[server(default)] back: String,
) -> Result<Done, Failure> {
    use crate::server::{request::local_path, server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let removed = async { usecase::site::unassign(&ctx, &by, &items.parse()?).await }.await;
    let back = local_path(&back);
    response::done(removed, |change| super::outcome::site_changed(change, back)).await
}

/// The names of sites that items could be assigned to.
#[server(output = Postcard)]
pub async fn sites_offered(items: String) -> Result<Vec<String>, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    response::read(async { usecase::site::offered(&ctx, &by, &items.parse()?).await }.await)
}

/// My background tasks in an organization: those that are running, and those that ended recently.
#[server(output = Postcard)]
pub async fn running_tasks(org: String) -> Result<Vec<TaskView>, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    response::read(usecase::task::list(&ctx, &by, &org).await)
}

/// **Cancel** a background task. Leads to `back`, the page it was asked for on.
#[server(output = Postcard)]
pub async fn cancel_task(#[server(default)] task: String, #[server(default)] back: String) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let cancelled = usecase::task::cancel(&ctx, &by, &task).await;
    response::done(cancelled, |task| (response::back_to(&back, "/"), task.message.clone().unwrap_or_default())).await
}
