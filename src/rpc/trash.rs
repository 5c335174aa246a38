//! The trash, and taking changes back (DRIVE-4). `items` is a list of resource ids with commas between them.

use leptos::prelude::*;

use super::{Done, Failure, Postcard};
use crate::view::trash::TrashView;

/// One page of the trash of an organization, newest first.
#[server(output = Postcard)]
pub async fn trash_page(org: String, cursor: String) -> Result<TrashView, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    response::read(usecase::trash::list(&ctx, &by, &org, &cursor, None).await)
}

/// **Move to trash**. Leads to `back`, the page it was asked for on, or to the Drive.
#[server(output = Postcard)]
pub async fn move_to_trash(#[server(default)] items: String, #[server(default)] back: String) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let moved = async { usecase::trash::put(&ctx, &by, &items.parse()?).await }.await;
    let back = response::back_to(&back, "/");
    response::done(moved, |moved| super::outcome::moved_to_trash(moved, back)).await
}

/// **Restore**. Leads to `back`, a page of the trash.
#[server(output = Postcard)]
pub async fn restore_from_trash(
    #[server(default)] items: String,
    #[server(default)] back: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let restored = async { usecase::trash::restore(&ctx, &by, &items.parse()?).await }.await;
    let back = response::back_to(&back, "/");
    response::done(restored, |restored| (back, super::outcome::restored(restored))).await
}

/// **Delete for good**. Leads to `back`, a page of the trash.
#[server(output = Postcard)]
pub async fn delete_for_good(
    #[server(default)] items: String,
    #[server(default)] back: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let deleted = async { usecase::trash::delete(&ctx, &by, &items.parse()?).await }.await;
    let back = response::back_to(&back, "/");
    response::done(deleted, |names| (back, super::outcome::deleted(names))).await
}

/// **Empty trash**. Leads to `back`, the page of the trash.
#[server(output = Postcard)]
pub async fn empty_trash(#[server(default)] org: String, #[server(default)] back: String) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let emptied = usecase::trash::empty(&ctx, &by, &org).await;
    let back = response::back_to(&back, "/");
    response::done(emptied, |count| (back, super::outcome::emptied(*count))).await
}

/// **Undo**, with the token that came with the change. Leads to `back`, the page the button was on.
#[server(output = Postcard)]
pub async fn undo_change(#[server(default)] token: String, #[server(default)] back: String) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let undone = usecase::undo::undo(&ctx, &by, &token).await;
    let back = response::back_to(&back, "/");
    response::done(undone, |undone| (back, super::outcome::undone(undone))).await
}
