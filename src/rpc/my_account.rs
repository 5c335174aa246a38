//! My account (AUTH-2, AUTH-4, AUTH-5, SET-1, SET-2).

use leptos::prelude::*;

use super::{Done, Failure, Postcard};
use crate::view::my_account::{AccountDeletionView, OneTimeLinkView, ProfileView, SessionItem};

/// My profile.
#[server(output = Postcard)]
pub async fn account_profile() -> Result<ProfileView, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    response::read(usecase::my_account::profile(&ctx, &by).await)
}

/// Saves my profile, as it is changed or all at once (SET-1).
#[server(output = Postcard)]
pub async fn update_profile(
    #[server(default)] first_name: String,
    #[server(default)] last_name: String,
    #[server(default)] cluster: String,
    #[server(default)] default_organization: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let form = crate::domain::profile::ProfileForm {
        first_name: Some(first_name),
        last_name: Some(last_name),
        language: None,
        cluster: Some(cluster),
        default_organization: Some(default_organization),
    };
    let saved = usecase::my_account::update_profile(&ctx, &by, &form).await;
    response::done(saved, |_| ("/account".to_owned(), "Saved".to_owned())).await
}

/// Asks for another email address (SET-1).
#[server(output = Postcard)]
pub async fn change_email(
    #[server(default)] email: String,
    #[server(default)] password: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let asked = usecase::my_account::change_email(&ctx, &by, &email, &password).await;
    response::done(asked, |()| ("/account".to_owned(), "We sent a link to the new address.".to_owned())).await
}

/// Mails the link again that proves my address (AUTH-2). Leads back to the page.
#[server(output = Postcard)]
pub async fn send_verification_again(#[server(default)] back: String) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let sent = usecase::my_account::send_verification_again(&ctx, &by).await;
    let to = response::back_to(&back, "/account");
    response::done(sent, |()| (to, "We sent the link again.".to_owned())).await
}

/// What a mailed link can still do. Changes nothing.
#[server(output = Postcard)]
pub async fn check_link(#[server(default)] token: String) -> Result<OneTimeLinkView, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let ctx = response::ctx()?;
    response::read(usecase::my_account::check_link(&ctx, &token).await)
}

/// **Verify email** (AUTH-2). Leads to where somebody who is signed in begins; after a change of the address, to where it was asked for.
#[server(output = Postcard)]
pub async fn verify_email(#[server(default)] token: String) -> Result<Done, Failure> {
    use crate::domain::one_time_link::Purpose;
    use crate::server::{server_fn_response as response, usecase};
    let ctx = response::ctx()?;
    let verified = async {
        let purpose = usecase::my_account::verify_email(&ctx, &response::client(), &token).await?;
        Ok(match response::current_person() {
            None => "/signin".to_owned(),
            Some(_) if purpose == Purpose::ChangeEmail => crate::paths::account(""),
            Some(person) => usecase::session::landing(&ctx, person.person)
                .await?
                .map_or_else(|| crate::paths::WELCOME.to_owned(), |org| crate::paths::home(&org)),
        })
    };
    response::done(verified.await, |to| (to.clone(), "Your email address is verified.".to_owned())).await
}

/// Mails a link to set a new password (AUTH-5). The answer never tells whether there is such an account.
#[server(output = Postcard)]
pub async fn forgot_password(#[server(default)] email: String) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let ctx = response::ctx()?;
    let asked = usecase::my_account::forgot_password(&ctx, &response::client(), &email).await;
    response::done(asked, |()| ("/forgot?sent=yes".to_owned(), String::new())).await
}

/// Sets a password by a mailed link (AUTH-5, PEOPLE-8).
#[server(output = Postcard)]
pub async fn reset_password(
    #[server(default)] token: String,
    #[server(default)] password: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let ctx = response::ctx()?;
    let reset = usecase::my_account::reset_password(&ctx, &response::client(), &token, &password).await;
    response::done(reset, |()| ("/signin".to_owned(), "Your password is set. Sign in with it.".to_owned())).await
}

/// Where I am signed in (AUTH-4).
#[server(output = Postcard)]
pub async fn account_sessions() -> Result<Vec<SessionItem>, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    response::read(usecase::my_account::sessions(&ctx, &by).await)
}

/// **End** one of my sessions.
#[server(output = Postcard)]
pub async fn end_session(#[server(default)] id: String) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let ended = usecase::my_account::end_session(&ctx, &by, &id).await;
    response::done(ended, |()| ("/account/security".to_owned(), "Ended the session".to_owned())).await
}

/// **End all others**.
#[server(output = Postcard)]
pub async fn end_other_sessions() -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let ended = usecase::my_account::end_other_sessions(&ctx, &by).await;
    response::done(ended, |_| ("/account/security".to_owned(), "Ended all other sessions".to_owned())).await
}

/// Changes my password (AUTH-4).
#[server(output = Postcard)]
pub async fn change_password(
    #[server(default)] current: String,
    #[server(default)] password: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let changed = usecase::my_account::change_password(&ctx, &by, &current, &password).await;
    response::done_in_new_session(&ctx, &by, changed, "/account/security", "Your password is changed.").await
}

/// Saves what I agree to (SET-2). A checkbox that is not ticked is not sent.
#[server(output = Postcard)]
pub async fn save_privacy(
    #[server(default)] usage_statistics: String,
    #[server(default)] product_news: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let saved = usecase::my_account::update_consents(&ctx, &by, !usage_statistics.is_empty(), !product_news.is_empty());
    response::done(saved.await, |()| ("/account/privacy".to_owned(), "Saved".to_owned())).await
}

/// What deleting my account would do.
#[server(output = Postcard)]
pub async fn account_farewell() -> Result<AccountDeletionView, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    response::read(usecase::my_account::farewell(&ctx, &by).await)
}

/// **Delete my account** (SET-2).
#[server(output = Postcard)]
pub async fn delete_account(
    #[server(default)] confirm: String,
    #[server(default)] password: String,
    #[server(default)] delete_space: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let deleted = usecase::my_account::delete(&ctx, &by, &password, &confirm, !delete_space.is_empty()).await;
    response::done_and_signed_out(deleted, "Your account is deleted.").await
}
