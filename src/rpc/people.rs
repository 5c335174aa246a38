//! Manage People: the list, roles, removing, creating an account.

use leptos::prelude::*;

use super::{Done, Failure, Postcard};
use crate::view::{people::PeopleView, query::PeopleQuery};

/// A page of Manage People (PEOPLE-1).
#[server(output = Postcard)]
pub async fn people_page(#[server(default)] query: PeopleQuery) -> Result<PeopleView, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    response::read(usecase::people::page::view(&ctx, &by, &query).await)
}

/// Changes a role (PEOPLE-6). What is asked about first leads to the dialog that asks, on the page `back`.
#[server(output = Postcard)]
pub async fn change_role(
    #[server(default)] org: String,
    #[server(default)] person: String,
    #[server(default)] role: String,
    #[server(default)] confirmed: bool,
    #[server(default)] back: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let changed = async {
        usecase::people::role::change_role(&ctx, &by, &org, usecase::subject(&person)?, &role, confirmed).await
    }
    .await;
    let page = response::back_to(&back, &crate::paths::people(&org));
    response::done(changed, |changed| match changed {
        usecase::people::role::RoleChange::Done(name, role) => (page, format!("{name} is now {}", role.with_article())),
        usecase::people::role::RoleChange::Ask => {
            (response::with_query(&page, &[("dialog", "role"), ("person", &person), ("to", &role)]), String::new())
        }
    })
    .await
}

/// **Save** of what the membership of a person lets through (JOB-5).
#[server(output = Postcard)]
pub async fn change_caps(
    #[server(default)] org: String,
    #[server(default)] person: String,
    #[server(default)] level: String,
    #[server(default)] apps: String,
    #[server(default)] billable: String,
    #[server(default)] back: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let form = crate::domain::cap::CapsForm {
        level: Some(level),
        apps: Some(!apps.is_empty()),
        billable: Some(!billable.is_empty()),
    };
    let changed =
        async { usecase::people::caps::change(&ctx, &by, &org, usecase::subject(&person)?, &form).await }.await;
    let page = response::back_to(&back, &crate::paths::people(&org));
    response::done(changed, |_| (page, "Saved the limits".to_owned())).await
}

/// **Remove user**, for one or many (PEOPLE-5). `people` are ids with commas between them.
#[server(output = Postcard)]
pub async fn remove_people(
    #[server(default)] org: String,
    #[server(default)] people: String,
    #[server(default)] back: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let people: Vec<String> = people.split(',').filter(|id| !id.trim().is_empty()).map(str::to_owned).collect();
    let removed =
        async { usecase::people::remove::remove(&ctx, &by, &org, usecase::ids("people", &people)?).await }.await;
    let page = response::back_to(&back, &crate::paths::people(&org));
    response::done(removed, |count| {
        (page, if *count == 1 { "Removed one person".to_owned() } else { format!("Removed {count} people") })
    })
    .await
}

/// Creates a person's account directly (PEOPLE-8); Owners only.
#[server(output = Postcard)]
pub async fn create_person(
    #[server(default)] org: String,
    #[server(default)] first_name: String,
    #[server(default)] last_name: String,
    #[server(default)] email: String,
    #[server(default)] role: String,
    #[server(default)] back: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let form = usecase::people::create::NewPersonForm { email, first_name, last_name, role };
    let created = usecase::people::create::create(&ctx, &by, &org, &form).await;
    let page = response::back_to(&back, &crate::paths::people(&org));
    response::done(created, |row| {
        (page, format!("Created an account for {}. We mailed them a link to set their password.", row.name))
    })
    .await
}
