//! Credential keys (AUTH-6).

use leptos::prelude::*;

use super::{Done, Failure, Postcard};
use crate::view::key::KeysView;

/// The settings part **Credential keys**. `made` is the id of a key that was just made: its secret comes along, once.
#[server(output = Postcard)]
pub async fn keys_page(org: String, #[server(default)] made: String) -> Result<KeysView, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let secret = response::take_secret(&made).await;
    response::read(usecase::key::show(&ctx, &by, &org, secret).await)
}

/// **Create key**.
#[server(output = Postcard)]
pub async fn create_key(
    #[server(default)] org: String,
    #[server(default)] name: String,
    #[server(default)] account: String,
    #[server(default)] read: String,
    #[server(default)] write: String,
    #[server(default)] people: String,
    #[server(default)] engine: String,
    #[server(default)] desktop: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let scopes = [("read", read), ("write", write), ("people", people), ("engine", engine), ("desktop", desktop)]
        .into_iter()
        .filter(|(_, ticked)| !ticked.is_empty())
        .map(|(word, _)| word.to_owned())
        .collect();
    let form = crate::domain::key::KeyForm { name, account, scopes };
    let made = usecase::key::create(&ctx, &by, &org, &form).await;
    if let Ok((_, secret)) = &made {
        response::keep_secret(secret).await;
    }
    response::done(made, |(view, _)| {
        let page = crate::paths::settings(&org, "keys");
        (response::with_query(&page, &[("made", &view.id.to_string())]), format!("Created the key “{}”", view.name))
    })
    .await
}

/// **Revoke**.
#[server(output = Postcard)]
pub async fn revoke_key(#[server(default)] org: String, #[server(default)] key: String) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let revoked = usecase::key::revoke(&ctx, &by, &org, &key).await;
    response::done(revoked, |name| (crate::paths::settings(&org, "keys"), format!("Revoked the key “{name}”"))).await
}
