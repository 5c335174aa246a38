//! **Manage access** (ACCESS-2).

use leptos::prelude::*;

use super::{Done, Failure, Postcard};
use crate::view::access::{AccessView, WhyView};

/// What the dialog shows: grants, or the people by role where `shown` is `roles`; `cursor` is where the page starts.
#[server(output = Postcard)]
pub async fn access_page(
    #[server(default)] item: String,
    #[server(default)] shown: String,
    #[server(default)] cursor: String,
) -> Result<AccessView, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    response::read(usecase::grant::list::view(&ctx, &by, &item, &shown, &cursor).await)
}

/// "Why can they see this?" (ACCESS-1).
#[server(output = Postcard)]
pub async fn access_why(
    #[server(default)] item: String,
    #[server(default)] person: String,
) -> Result<WhyView, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    response::read(usecase::grant::why::why(&ctx, &by, &item, &person).await)
}

/// **Give access**: to an address or an Org ID. `way` is how an address that is not known comes: `external` or `member`.
#[server(output = Postcard)]
pub async fn give_access(
    #[server(default)] item: String,
    #[server(default)] email: String,
    #[server(default)] level: String,
    #[server(default)] way: String,
    #[server(default)] back: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let form = usecase::grant::recipient::GiveForm { who: email, level, way, ..Default::default() };
    let given = usecase::grant::give::give(&ctx, &by, &item, &form).await;
    let page = response::back_to(&back, "/");
    response::done(given, |given| (page, given.words())).await
}

/// Another level for a grant.
#[server(output = Postcard)]
pub async fn change_access(
    #[server(default)] item: String,
    #[server(default)] grant: String,
    #[server(default)] level: String,
    #[server(default)] back: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let changed = usecase::grant::give::change(&ctx, &by, &item, &grant, &level).await;
    let page = response::back_to(&back, "/");
    response::done(changed, |row| (page, format!("{} now has {} access", row.name, row.level.label()))).await
}

/// **Remove** in the dialog: a grant, or what waits with an invitation.
#[server(output = Postcard)]
pub async fn remove_access(
    #[server(default)] item: String,
    #[server(default)] grant: String,
    #[server(default)] back: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let removed = usecase::grant::take::remove(&ctx, &by, &item, &grant).await;
    let page = response::back_to(&back, "/");
    response::done(removed, |name| (page, format!("Removed the access of {name}"))).await
}
