//! Settings of an organization, deleting and restoring it (ORG-4, ORG-5, PEOPLE-7, PEOPLE-11).

#![expect(clippy::too_many_arguments, reason = "the fields of a form, flat as it sends them")]

use leptos::prelude::*;

use super::{Done, Failure, Postcard};
use crate::view::settings::{DeletedView, SettingsView};

/// What the settings pages show.
#[server(output = Postcard)]
pub async fn organization_settings(org: String) -> Result<SettingsView, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    response::read(usecase::settings::show(&ctx, &by, &org).await)
}

/// **Save** of "My Organization": legal information and the Org ID.
#[server(output = Postcard)]
pub async fn save_legal(
    #[server(default)] org: String,
    #[server(default)] org_id: String,
    #[server(default)] legal_name: String,
    #[server(default)] address: String,
    #[server(default)] postal_code: String,
    #[server(default)] city: String,
    #[server(default)] country: String,
    #[server(default)] vat_number: String,
    #[server(default)] vat_exempt: String,
    #[server(default)] legal_contact: String,
    #[server(default)] officer_name: String,
    #[server(default)] officer_position: String,
    #[server(default)] officer_phone: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let form = crate::domain::legal::LegalForm {
        legal_name,
        address,
        postal_code,
        city,
        country,
        vat_number,
        vat_exempt: !vat_exempt.is_empty(),
        legal_contact,
        officer_name,
        officer_position,
        officer_phone,
    };
    let saved = usecase::settings::change_legal(&ctx, &by, &org, &form, Some(&org_id)).await;
    response::done(saved, |(_, org)| (crate::paths::settings(org, "organization"), "Saved".to_owned())).await
}

/// **Save** of "Details".
#[server(output = Postcard)]
pub async fn save_details(
    #[server(default)] org: String,
    #[server(default)] name: String,
    #[server(default)] website: String,
    #[server(default)] industry: String,
    #[server(default)] cluster: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let form = crate::domain::organization::SettingsForm {
        name: Some(name),
        website: Some(website),
        industry: Some(industry),
        cluster: Some(cluster),
        ..Default::default()
    };
    let saved = usecase::settings::change(&ctx, &by, &org, &form).await;
    response::done(saved, |org| (crate::paths::settings(org, "details"), "Saved".to_owned())).await
}

/// **Save** of "Security": who sees the people list.
#[server(output = Postcard)]
pub async fn save_security(
    #[server(default)] org: String,
    #[server(default)] people_visible_to: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let form =
        crate::domain::organization::SettingsForm { people_visible_to: Some(people_visible_to), ..Default::default() };
    let saved = usecase::settings::change(&ctx, &by, &org, &form).await;
    response::done(saved, |org| (crate::paths::settings(org, "security"), "Saved".to_owned())).await
}

/// **Leave organization** (PEOPLE-7).
#[server(output = Postcard)]
pub async fn leave_organization(#[server(default)] org: String) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let left = usecase::people::remove::leave(&ctx, &by, &org).await;
    response::done(left, |()| ("/".to_owned(), "You left the organization".to_owned())).await
}

/// **Delete organization**: its name is typed to confirm.
#[server(output = Postcard)]
pub async fn delete_organization(
    #[server(default)] org: String,
    #[server(default)] confirm: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let deleted = usecase::settings::delete(&ctx, &by, &org, &confirm).await;
    response::done(deleted, |name| ("/".to_owned(), format!("Deleted {name}"))).await
}

/// What I can still **Restore**.
#[server(output = Postcard)]
pub async fn deleted_organizations() -> Result<Vec<DeletedView>, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    response::read(usecase::settings::deleted(&ctx, &by).await)
}

/// **Restore**. Leads to the organization's Home.
#[server(output = Postcard)]
pub async fn restore_organization(#[server(default)] org: String) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let restored = usecase::settings::restore(&ctx, &by, &org).await;
    response::done(restored, |view| (format!("/o/{}", view.org_id), format!("Restored {}", view.name))).await
}
