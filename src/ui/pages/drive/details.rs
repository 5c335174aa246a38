//! The details panel beside the list (`i`).

use leptos::prelude::*;

use super::{dataset::overview::DatasetFacts, route::Listing, selection::Selection};
use crate::{
    domain::{
        access::{Level, Source},
        id::ResourceId,
        resource::Kind,
        time::Timestamp,
    },
    paths,
    ui::{
        components::{icon::Icon, table::Fact},
        words::{self, Moment, When},
    },
    view::{DatasetView, ResourceView, RowView, transfer::OfferedItem},
};

/// The item that the panel is about: a row, or the container itself.
struct DetailsSubject {
    id: String,
    name: String,
    kind: Kind,
    dataset: Option<DatasetView>,
    access: Source,
    level: Level,
    created_by: Option<String>,
    created_at: Timestamp,
    modified_at: Timestamp,
}

impl From<RowView> for DetailsSubject {
    fn from(row: RowView) -> Self {
        Self {
            id: row.id.to_string(),
            name: row.name,
            kind: row.kind,
            dataset: row.dataset,
            access: row.access,
            level: row.level,
            created_by: row.created_by_name,
            created_at: row.created_at,
            modified_at: row.modified_at,
        }
    }
}

impl From<ResourceView> for DetailsSubject {
    fn from(resource: ResourceView) -> Self {
        let name = resource.name;
        Self {
            id: resource.id.to_string(),
            name,
            kind: resource.kind,
            dataset: resource.dataset,
            access: resource.access,
            level: resource.level,
            created_by: resource.created_by_name,
            created_at: resource.created_at,
            modified_at: resource.modified_at,
        }
    }
}

/// The panel: about the selected item or else the container; for several items, their totals.
#[component]
pub fn Details(
    /// The container that is listed.
    resource: Option<ResourceView>,
    selection: Selection,
    listing: Listing,
    /// What is offered to other organizations.
    offered: Vec<OfferedItem>,
    now: Timestamp,
) -> impl IntoView {
    let close = listing.with_view(super::route::ViewMode { details: false, ..listing.view_mode });
    let is_view_as = listing.is_view_as();
    let org = listing.org.clone();
    // An offer can be of the item itself, or of something that contains it.
    let way: Vec<ResourceId> =
        resource.iter().flat_map(|resource| resource.path.iter().map(|crumb| crumb.id)).collect();
    let of = move |id: &str| {
        let found = offered.iter().find(|one| one.item.to_string() == id || way.contains(&one.item));
        found.map(|one| (one.offer.to_string(), one.target.clone()))
    };
    let content = move || {
        let sums = selection.sums.get();
        if sums.count > 1 {
            return view! {
                <h2>{format!("{} selected", words::totalled(sums.count, "item", "items"))}</h2>
                <dl class="facts">
                    <Fact label="Images"><span class="num">{words::count(sums.images)}</span></Fact>
                    <Fact label="Size"><span class="num">{words::size(sums.bytes)}</span></Fact>
                </dl>
            }
            .into_any();
        }
        let one = selection.picked().into_iter().next().map(DetailsSubject::from);
        match one.or_else(|| resource.clone().map(DetailsSubject::from)) {
            Some(shown) => {
                let offered = of(&shown.id);
                view! { <Facts shown offered org=org.clone() now is_view_as/> }.into_any()
            }
            None => view! { <p class="small">"Select an item to see its details."</p> }.into_any(),
        }
    };
    view! {
        <aside class="panel tile details" aria-label="Details">
            <a class="button icon-only quiet details-close" href=close aria-label="Close details" data-noscroll=""><Icon name="close"/></a>
            <div aria-live="polite">{content}</div>
        </aside>
    }
}

#[component]
fn Facts(
    shown: DetailsSubject,
    offered: Option<(String, String)>,
    org: String,
    now: Timestamp,
    is_view_as: bool,
) -> impl IntoView {
    let facts = shown.dataset.map(|dataset| view! { <DatasetFacts dataset/> });
    view! {
        <h2 class=format!("name {}", shown.kind.as_str())><Icon name=words::kind_icon(shown.kind)/><span>{shown.name}</span></h2>
        <dl class="facts">
            <Fact label="Kind">{shown.kind.label()}</Fact>
            {facts}
            <Fact label="Access">{shown.access.label()}</Fact>
            <Fact label={if is_view_as { "Their access" } else { "Your access" }}>{shown.level.label()}</Fact>
            <Fact label="Owner">{shown.created_by.unwrap_or_else(|| "—".to_owned())}</Fact>
            <Fact label="Created"><Moment at=shown.created_at/></Fact>
            <Fact label="Modified"><When at=shown.modified_at now/></Fact>
            {offered.map(|(offer, target)| view! {
                <Fact label="Offered to"><a class="text-link" href=paths::offer(&org, &offer)>{target}</a></Fact>
            })}
        </dl>
    }
}
