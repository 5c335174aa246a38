//! Creating organizations and looking at one.

use leptos::prelude::*;

use super::{Done, Failure, Postcard};
use crate::{
    domain::organization::NewOrganizationForm,
    view::{HomeView, OrganizationMembership, Page, SharedResourceView},
};

/// **Create organization** (ORG-1, ORG-2). Leads to its Home.
#[server(output = Postcard)]
pub async fn create_organization(#[server(flatten)] form: NewOrganizationForm) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let created = usecase::founding::create(&ctx, &by, &form).await;
    response::done(created, |view| (format!("/o/{}", view.org_id), format!("Created {}", view.name))).await
}

/// Home of an organization (ORG-7).
#[server(output = Postcard)]
pub async fn organization_home(org: String) -> Result<HomeView, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    response::read(usecase::home::show(&ctx, &by, &org).await)
}

/// One page of my organizations by name; `query` is what the name contains.
#[server(output = Postcard)]
pub async fn my_organizations(
    #[server(default)] query: String,
    #[server(default)] cursor: String,
) -> Result<Page<OrganizationMembership>, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    response::read(usecase::organization::list(&ctx, &by, &query, &cursor, None).await)
}

/// One page of what organizations that I am not in share with me (PEOPLE-9).
#[server(output = Postcard)]
pub async fn shared_with_me(#[server(default)] cursor: String) -> Result<Page<SharedResourceView>, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    response::read(usecase::organization::shared_with(&ctx, &by, &cursor, Some(20)).await)
}
