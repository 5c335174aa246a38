//! Signing up, in and out, and who is signed in.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Done, Failure, Flash, Postcard};
use crate::{
    domain::installation_policy::Policy,
    view::{SessionView, preferences::UiPreferences},
};

/// What every page starts with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageStartView {
    /// Who is signed in and where they belong.
    pub session: SessionView,
    /// What to show once.
    pub flash: Flash,
    /// How they like their pages.
    #[serde(default)]
    pub preferences: UiPreferences,
    /// Who may sign up and create organizations here.
    #[serde(default)]
    pub policy: Policy,
}

/// What every page starts with. That nobody is signed in is an answer, not an error. `org` is the organization that is shown; if it
/// is empty, the address of the page says which one.
#[server(output = Postcard)]
pub async fn page_start(#[server(default)] org: String) -> Result<PageStartView, Failure> {
    use crate::server::{preferences, server_fn_response as response, usecase};
    let ctx = response::ctx()?;
    let by = response::current_person();
    let org = if org.is_empty() { response::shown_organization() } else { org };
    let session = response::read(usecase::session::show(&ctx, by.as_ref(), &org).await)?;
    let (flash, policy) = (response::take_flash().await, ctx.policy().clone());
    Ok(PageStartView { session, flash, preferences: preferences::read(), policy })
}

/// Sign up (AUTH-1), with `invitation` from the page of a mailed link into its organization (PEOPLE-4a). Leads to `next` if
/// that is a path of this site, else to the welcome page.
#[server(output = Postcard)]
pub async fn sign_up(
    first_name: String,
    last_name: String,
    email: String,
    password: String,
    #[server(default)] next: String,
    #[server(default)] invitation: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let ctx = response::ctx()?;
    let form = usecase::session::SignUpForm { first_name, last_name, email, password, invitation };
    let signed_up = usecase::session::sign_up(&ctx, &response::client(), &form).await;
    response::signed_in_as(&ctx, signed_up, &next).await
}

/// Sign in (AUTH-3). Leads to `next` if that is a path of this site, else to the welcome page.
#[server(output = Postcard)]
pub async fn sign_in(email: String, password: String, #[server(default)] next: String) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let ctx = response::ctx()?;
    let signed_in = usecase::session::sign_in(&ctx, &response::client(), &email, &password).await;
    response::signed_in_as(&ctx, signed_in, &next).await
}

/// Sign out.
#[server(output = Postcard)]
pub async fn sign_out() -> Result<Done, Failure> {
    crate::server::server_fn_response::signed_out().await
}
