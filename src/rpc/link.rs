//! Share links (LINK-1).

use leptos::prelude::*;

use super::{Done, Failure, Postcard};
use crate::view::link::ShareView;

/// The links of an item, for who may copy or switch them.
#[server(output = Postcard)]
pub async fn share_page(#[server(default)] item: String) -> Result<ShareView, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    response::read(usecase::link::list(&ctx, &by, &item).await)
}

/// **Switch on**. Leads to `back`, the page with the dialog.
#[server(output = Postcard)]
pub async fn create_link(
    #[server(default)] id: String,
    #[server(default)] password: String,
    #[server(default)] expires_at: String,
    #[server(default)] back: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let form = usecase::link::LinkForm { password, expires_at };
    let made = usecase::link::create(&ctx, &by, &id, &form).await;
    response::done(made, |_| (response::back_to(&back, "/"), "Link created".to_owned())).await
}

/// **Revoke**. Leads to `back`, the page with the dialog.
#[server(output = Postcard)]
pub async fn revoke_link(#[server(default)] id: String, #[server(default)] back: String) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let revoked = usecase::link::revoke(&ctx, &by, &id).await;
    response::done(revoked, |()| (response::back_to(&back, "/"), "Link revoked".to_owned())).await
}
