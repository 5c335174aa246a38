//! What who may not run an app sees instead of it: the reason, and what to do (JOB-1).

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    domain::id::PersonId,
    paths,
    ui::{
        components::{button::ButtonLink, copy::CopyField, empty::Empty},
        layout::FocusHeading,
        status, words,
    },
    view::{OrganizationMembership, app::AppPageView},
};

/// The page.
#[component]
pub fn Refused(
    app: AppPageView,
    reason: String,
    /// The reader's organizations, as far as the frame knows them.
    organizations: Vec<OrganizationMembership>,
    me: Option<PersonId>,
) -> impl IntoView {
    status::set_status(403);
    let helps = app.asks_publisher.then(|| {
        let to = app.app.publisher.map_or_else(|| "your administrator".to_owned(), |(_, name)| name);
        view! { <WhatToSend to organizations me/> }
    });
    view! {
        <Title text="You cannot run this app"/>
        <FocusHeading/>
        <section class="error-page app-refused">
            <h1 tabindex="-1">"You cannot run this app"</h1>
            <Empty icon="lock" sentence=reason>
                <ButtonLink href=paths::apps("")>"Apps that you can run"</ButtonLink>
            </Empty>
            {helps}
        </section>
    }
}

/// The IDs by which the publisher authorizes.
#[component]
fn WhatToSend(to: String, organizations: Vec<OrganizationMembership>, me: Option<PersonId>) -> impl IntoView {
    let entries = organizations
        .into_iter()
        .filter(|membership| membership.role.is_some())
        .map(|membership| {
            let name = words::organization_name(&membership);
            view! { <li><span>{name}</span> <code>{membership.org_id}</code></li> }
        })
        .collect_view();
    let own = me.map(|me| {
        view! {
            <p>"Or ask for you alone, by your personal ID:"</p>
            <CopyField value=me.to_string() label="Your personal ID" action="Copy"/>
        }
    });
    view! {
        <section class="panel tile" aria-labelledby="what-to-send">
            <h2 id="what-to-send">"What to do"</h2>
            <p>{format!("Ask {to} to authorize your organization, by its Org ID:")}</p>
            <ul class="own-ids" aria-label="Your organizations">{entries}</ul>
            {own}
        </section>
    }
}
