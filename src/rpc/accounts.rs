//! The accounts of an organization, and who is limited to which (ACCT-1, ACCT-2).

use leptos::prelude::*;

use super::{Done, Failure, Postcard};

/// **Create** of **New account**. The Account ID is made from the name where it is empty.
#[server(output = Postcard)]
pub async fn create_account(
    #[server(default)] org: String,
    #[server(default)] name: String,
    #[server(default)] account_id: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let form = crate::domain::account::AccountForm { name: Some(name), account_id: Some(account_id) };
    let created = usecase::accounts::create(&ctx, &by, &org, &form).await;
    response::done(created, |row| {
        (crate::paths::settings(&org, "accounts"), format!("Created the account {}", row.name))
    })
    .await
}

/// **Save** of an account: its name and its Account ID.
#[server(output = Postcard)]
pub async fn change_account(
    #[server(default)] org: String,
    #[server(default)] id: String,
    #[server(default)] name: String,
    #[server(default)] account_id: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let form = crate::domain::account::AccountForm { name: Some(name), account_id: Some(account_id) };
    let changed = usecase::accounts::change(&ctx, &by, &org, &id, &form).await;
    response::done(changed, |_| (crate::paths::settings(&org, "accounts"), "Saved".to_owned())).await
}

/// **Delete account**.
#[server(output = Postcard)]
pub async fn delete_account(#[server(default)] org: String, #[server(default)] id: String) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let deleted = usecase::accounts::delete(&ctx, &by, &org, &id).await;
    response::done(deleted, |name| (crate::paths::settings(&org, "accounts"), format!("Deleted the account {name}")))
        .await
}

/// **Save** of the accounts of a person: `counts` is `everywhere`, or their role counts in `accounts` alone.
#[server(output = Postcard)]
pub async fn limit_person(
    #[server(default)] org: String,
    #[server(default)] person: String,
    #[server(default)] counts: String,
    #[server(default)] accounts: Vec<String>,
    #[server(default)] back: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let limited = async {
        let person = usecase::subject(&person)?;
        let accounts = if counts == "everywhere" { None } else { Some(usecase::ids("accounts", &accounts)?) };
        usecase::accounts::limit_person(&ctx, &by, &org, person, accounts).await
    }
    .await;
    let page = response::back_to(&back, &crate::paths::people(&org));
    response::done(limited, |name| (page, format!("Saved the accounts of {name}"))).await
}
