//! A dataset's page (DRIVE-6).

use leptos::prelude::*;

use super::place::Listing;
use crate::{
    domain::{
        time::Timestamp,
        view::{Control, ResourceView},
    },
    ui::{
        components::{
            button::{BlockedButton, ButtonLink},
            table::Fact,
        },
        words::{self, Moment, When},
    },
};

/// What is known of it, and what can be done with it.
#[component]
pub fn DatasetContent(resource: ResourceView, listing: Listing, change: Control, now: Timestamp) -> impl IntoView {
    let id = resource.id.to_string();
    let actions = match change {
        Control::Absent => ().into_any(),
        Control::Disabled(reason) => view! { <BlockedButton label="Rename" reason=reason.clone() icon="rename"/> <BlockedButton label="Move to" reason icon="move"/> }.into_any(),
        Control::Enabled => view! {
            <ButtonLink href=listing.rename_dialog(&id) icon="rename" in_place=true>"Rename"</ButtonLink>
            <ButtonLink href=listing.move_items(vec![id]) icon="move" in_place=true>"Move to"</ButtonLink>
        }
        .into_any(),
    };
    let facts = resource.dataset.map(|dataset| {
        view! {
            <Fact label="Status"><span class=words::status_tone(dataset.status)>{dataset.status.title()}</span></Fact>
            <Fact label="Images"><span class="num">{words::count(dataset.images)}</span></Fact>
            <Fact label="Size"><span class="num">{words::size(dataset.bytes)}</span></Fact>
            <Fact label="Captured on">{dataset.captured_on.map_or_else(|| "Not known".to_owned(), crate::domain::time::Day::words)}</Fact>
            <Fact label="Cluster location">{words::cluster(&dataset.cluster)}</Fact>
        }
    });
    view! {
        <div class="bar">{actions}</div>
        <section class="panel tile" aria-labelledby="details">
            <h2 id="details">"Details"</h2>
            <dl class="facts">
                {facts}
                <Fact label="Access">{resource.access.title()}</Fact>
                <Fact label="Your access">{resource.level.title()}</Fact>
                <Fact label="Owner">{resource.created_by_name.unwrap_or_else(|| "—".to_owned())}</Fact>
                <Fact label="Created"><Moment at=resource.created_at/></Fact>
                <Fact label="Modified"><When at=resource.modified_at now/></Fact>
            </dl>
        </section>
    }
}
