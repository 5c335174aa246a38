//! Apps (JOB-1): what an organization publishes, what somebody may run, and who may run it.

use leptos::prelude::*;

use super::{Done, Failure, Postcard};
use crate::{
    domain::app::OptionRow,
    view::{
        Page,
        app::{AppPageView, AppView, OrganizationAppsView},
    },
};

/// The apps that an organization publishes.
#[server(output = Postcard)]
pub async fn organization_apps(
    #[server(default)] org: String,
    #[server(default)] cursor: String,
) -> Result<OrganizationAppsView, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    response::read(usecase::app::organization_page(&ctx, &by, &org, &cursor).await)
}

/// The apps that the reader may run.
#[server(output = Postcard)]
pub async fn usable_apps(#[server(default)] cursor: String) -> Result<Page<AppView>, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    response::read(usecase::app::usable_page(&ctx, &by, &cursor).await)
}

/// The page of an app, or why the reader may not run it.
#[server(output = Postcard)]
pub async fn app_page(#[server(default)] slug: String) -> Result<AppPageView, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    response::read(usecase::app::page(&ctx, &by, &slug).await)
}

/// **Create app**.
#[server(output = Postcard)]
pub async fn create_app(
    #[server(default)] org: String,
    #[server(default)] slug: String,
    #[server(default)] title: String,
    #[server(default)] summary: String,
    #[server(default)] price: String,
    #[server(default)] makes_processed: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let form =
        crate::domain::app::NewAppForm { slug, title, summary, price, makes_processed: !makes_processed.is_empty() };
    let created = usecase::app::create(&ctx, &by, &org, &form).await;
    response::done(created, |app| {
        (crate::paths::app(&org, &app.slug), format!("Created the app “{}” as a draft", app.title))
    })
    .await
}

/// **Save** of an app's title and summary. `org` is the organization in whose frame the page is.
#[server(output = Postcard)]
pub async fn change_app(
    #[server(default)] org: String,
    #[server(default)] app: String,
    #[server(default)] title: String,
    #[server(default)] summary: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let form = crate::domain::app::AppForm { title: Some(title), summary: Some(summary), state: None };
    let changed = usecase::app::change(&ctx, &by, &app, &form).await;
    response::done(changed, |app| (crate::paths::app(&org, &app.slug), "Saved".to_owned())).await
}

/// **Publish** and **Withdraw**.
#[server(output = Postcard)]
pub async fn set_app_state(
    #[server(default)] org: String,
    #[server(default)] app: String,
    #[server(default)] state: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let form = crate::domain::app::AppForm { state: Some(state), ..Default::default() };
    let changed = usecase::app::change(&ctx, &by, &app, &form).await;
    response::done(changed, |app| {
        (crate::paths::app(&org, &app.slug), super::outcome::app_state(app.state, &app.title))
    })
    .await
}

/// **Publish version**.
#[server(output = Postcard)]
pub async fn publish_app_version(
    #[server(default)] org: String,
    #[server(default)] app: String,
    #[server(default)] label: String,
    #[server(default)] options: Vec<OptionRow>,
    #[server(default)] outputs: Vec<String>,
    #[server(default)] timeout_minutes: String,
    #[server(default)] notes: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let form = crate::domain::app::VersionForm { label, options, outputs, timeout_minutes, notes };
    let added = usecase::app::publish_version(&ctx, &by, &app, &form.read()).await;
    response::done(added, |version| {
        (crate::paths::app(&org, &app), format!("Added version {} ({})", version.number, version.label))
    })
    .await
}

/// **Authorize**.
#[server(output = Postcard)]
pub async fn authorize_app_user(
    #[server(default)] org: String,
    #[server(default)] app: String,
    #[server(default)] user: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let authorized = usecase::app::authorize_by_form(&ctx, &by, &app, &user).await;
    response::done(authorized, |name| (crate::paths::app(&org, &app), format!("Authorized {name}"))).await
}

/// **Remove** of who may run an app.
#[server(output = Postcard)]
pub async fn remove_app_user(
    #[server(default)] org: String,
    #[server(default)] app: String,
    #[server(default)] user: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let removed = usecase::app::unauthorize(&ctx, &by, &app, &user).await;
    response::done(removed, |name| (crate::paths::app(&org, &app), format!("Removed {name}"))).await
}
