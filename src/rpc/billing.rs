//! Billing, for Owners: contacts, and **Contact sales** (ORG-4, ORG-8).

use leptos::prelude::*;

use super::{Done, Failure, Postcard};
use crate::{
    domain::billing::{ContactForm, RequestForm},
    view::billing::{BillingView, LicenceRequestPath},
};

/// What the page Billing shows: requests behind `older`.
#[server(output = Postcard)]
pub async fn organization_billing(org: String, #[server(default)] older: String) -> Result<BillingView, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    response::read(usecase::billing::view(&ctx, &by, &org, &older).await)
}

/// What I can do about a licence that is missing.
#[server(output = Postcard)]
pub async fn missing_licence(org: String) -> Result<Option<LicenceRequestPath>, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    response::read(usecase::billing::way_to_licence(&ctx, &by, &org).await)
}

/// **Save** of a billing contact: a new one where there is no id.
#[server(output = Postcard)]
pub async fn save_contact(
    #[server(default)] org: String,
    #[server(default)] id: String,
    #[server(flatten)] form: ContactForm,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let (saved, verb) = if id.is_empty() {
        (usecase::billing::add_contact(&ctx, &by, &org, &form).await, "Added")
    } else {
        (usecase::billing::change_contact(&ctx, &by, &org, &id, &form).await, "Changed")
    };
    response::done(saved, |contact| (crate::paths::billing(&org), format!("{verb} {}", contact.name))).await
}

/// **Remove** a billing contact.
#[server(output = Postcard)]
pub async fn remove_contact(#[server(default)] org: String, #[server(default)] id: String) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let removed = usecase::billing::remove_contact(&ctx, &by, &org, &id).await;
    response::done(removed, |name| (crate::paths::billing(&org), format!("Removed {name}"))).await
}

/// **Send request** of **Contact sales**.
#[server(output = Postcard)]
pub async fn contact_sales(
    #[server(default)] org: String,
    #[server(flatten)] form: RequestForm,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let sent = usecase::billing::request(&ctx, &by, &org, &form).await;
    // Nothing is said to be sent where nobody is mailed.
    let said = match ctx.operator_mail() {
        Some(_) => "Your request was sent",
        None => "Your request was saved, but not mailed",
    };
    response::done(sent, |_| (crate::paths::billing(&org), said.to_owned())).await
}

/// **Withdraw** a request.
#[server(output = Postcard)]
pub async fn withdraw_request(#[server(default)] org: String, #[server(default)] id: String) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let withdrawn = usecase::billing::withdraw(&ctx, &by, &org, &id).await;
    response::done(withdrawn, |_| (crate::paths::billing(&org), "Withdrawn".to_owned())).await
}
