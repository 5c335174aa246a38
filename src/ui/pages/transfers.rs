//! The transfers of an organization (XFER-18): receipts and offers, of both directions, newest first.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    domain::{
        offer::OfferState,
        role::{Permission, may},
        time::Timestamp,
        transfer::Summary,
    },
    paths::{self, Address},
    rpc::{ask, offer::transfers_page},
    ui::{
        components::{empty::Empty, pages::Pages},
        layout::{PageHeader, Section},
        location::use_route_query,
        page::page,
        session::Session,
        words::{self, When},
    },
    view::{
        Page,
        query::TransfersQuery,
        transfer::{OfferView, TransferDirection, TransferRow, TransfersView},
    },
};

/// Which list, in which direction, and from which cursor.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
struct TransfersRoute {
    org: String,
    offers: bool,
    direction: String,
    cursor: String,
}

impl TransfersRoute {
    fn page(&self) -> Address {
        Address::new(paths::transfers(&self.org))
            .with("show", if self.offers { "offers" } else { "" })
            .with("direction", &self.direction)
    }

    fn towards(&self, direction: &str) -> String {
        Self { direction: direction.to_owned(), ..self.clone() }.page().text()
    }

    fn export(&self, format: &'static str) -> String {
        Address::new(format!("/api/v1/orgs/{}/transfers/export", paths::encode(&self.org)))
            .with("direction", &self.direction)
            .with("format", format)
            .text()
    }
}

/// The page: `/o/{org}/transfers`.
#[component]
pub fn TransfersPage() -> impl IntoView {
    let route = use_route_query(|segments, query| match segments {
        ["o", org, "transfers"] => {
            let text = |name: &str| query.get(name).unwrap_or_default();
            Some(TransfersRoute {
                org: (*org).to_owned(),
                offers: text("show") == "offers",
                direction: text("direction"),
                cursor: text("cursor"),
            })
        }
        _ => None,
    });
    let org = Memo::new(move |_| route.get().org);
    let session = Session::get();
    let resource = ask(
        move || (route.get(), session.version()),
        |(route, _)| async move {
            let TransfersRoute { org, offers, direction, cursor } = route.clone();
            (route, transfers_page(TransfersQuery { org, offers, direction, cursor }).await)
        },
    );
    page(Section::Transfers, org, move || async move {
        let now = session.context().await.now;
        let (route, view) = resource.await;
        let view = view?;
        Ok(view! { <Content route view now/> }.into_any())
    })
}

#[component]
fn Content(route: TransfersRoute, view: TransfersView, now: Timestamp) -> impl IntoView {
    let starts_with_text = view.organization.role.is_some_and(|role| may(role, Permission::ReadAudit));
    let offers = view.offers.is_some();
    let route = TransfersRoute { org: view.organization.org_id.clone(), offers, ..route };
    let exports = (!offers).then(|| {
        view! {
            <a class="button" rel="external" download="" href=route.export("csv")>"Export CSV"</a>
            <a class="button" rel="external" download="" href=route.export("json")>"Export JSON"</a>
        }
    });
    let tab = |offers: bool| {
        TransfersRoute { offers, direction: String::new(), cursor: String::new(), ..route.clone() }.page().text()
    };
    let tabs = starts_with_text.then(|| {
        view! {
            <nav class="tabs" aria-label="Receipts and offers">
                <a href=tab(false) aria-current=(!offers).then_some("page")>"Receipts"</a>
                <a href=tab(true) aria-current=offers.then_some("page")>"Offers"</a>
            </nav>
        }
    });
    let (more, list) = match (view.receipts, view.offers) {
        (Some(page), _) => (page.next_cursor.clone(), view! { <Receipts page org=route.org.clone() now/> }.into_any()),
        (None, Some(page)) => (page.next_cursor.clone(), view! { <Offers page org=route.org.clone() now/> }.into_any()),
        (None, None) => (None, ().into_any()),
    };
    let newest = (!route.cursor.is_empty()).then(|| route.page().text());
    let older = more.map(|cursor| route.page().with("cursor", cursor).text());
    view! {
        <PageHeader title="Transfers" lead="Work transferred to and from other organizations, and offers.">
            {exports}
        </PageHeader>
        {tabs}
        <Directions route/>
        <section class="panel" aria-label=if offers { "Offers" } else { "Receipts" }>{list}</section>
        <Pages start=newest next=older words=["Newest", "Older"]/>
    }
}

/// The directions to choose from, as links.
#[component]
fn Directions(route: TransfersRoute) -> impl IntoView {
    // Offers are of one direction at a time; those to the organization come first.
    let choices: Vec<(&'static str, &'static str)> = if route.offers {
        vec![("", "Received"), (TransferDirection::Out.as_str(), "Sent")]
    } else {
        vec![("", "All"), (TransferDirection::Out.as_str(), "Sent"), (TransferDirection::In.as_str(), "Received")]
    };
    let entries = choices
        .into_iter()
        .map(|(word, label)| {
            let current = route.direction == word
                || (route.offers && word.is_empty() && route.direction == TransferDirection::In.as_str());
            view! { <a class="button" href=route.towards(word) aria-current=current.then_some("true")>{label}</a> }
        })
        .collect_view();
    view! { <nav class="bar states" aria-label="Direction">{entries}</nav> }
}

/// "“Gotthard” · 12 datasets, 1,204 images".
fn amount(what: &Summary) -> String {
    let datasets = words::totalled(what.datasets, "dataset", "datasets");
    let images = words::counted(what.images, "image", "images");
    format!("{datasets}, {images}")
}

/// One transfer.
#[component]
fn Row(
    href: String,
    what: String,
    amount: String,
    between: String,
    mark: AnyView,
    at: Timestamp,
    now: Timestamp,
) -> impl IntoView {
    view! {
        <li>
            <a href=href>
                <span class="two-lines"><b>{what}</b><small>{amount}</small></span>
                <span class="transfers-between">{between}</span>
                {mark}
                <small class="num"><When at now/></small>
            </a>
        </li>
    }
}

#[component]
fn Receipts(page: Page<TransferRow>, org: String, now: Timestamp) -> impl IntoView {
    if page.items.is_empty() {
        return view! { <Empty icon="transfer" sentence="No transfers yet. Select items in the Drive, choose Move to, and pick another organization."/> }.into_any();
    }
    let rows = page
        .items
        .into_iter()
        .map(|row| {
            let between = match row.direction {
                TransferDirection::Out => format!("to {} · by {}", row.target_name, row.by_name),
                TransferDirection::In => format!("from {} · by {}", row.source_name, row.by_name),
            };
            let mark = match (row.undoes, row.undone_by) {
                (Some(_), _) => view! { <span class="status">"Undo"</span> }.into_any(),
                (None, Some(_)) => view! { <span class="status fail">"Undone"</span> }.into_any(),
                (None, None) => {
                    let sent = row.direction == TransferDirection::Out;
                    view! { <span class="status ok">{if sent { "Sent" } else { "Received" }}</span> }.into_any()
                }
            };
            let href = paths::receipt(&org, &row.id.to_string());
            view! { <Row href what=row.what.what() amount=amount(&row.what) between mark at=row.at now/> }
        })
        .collect_view();
    view! { <ul class="transfers" aria-label="Receipts">{rows}</ul> }.into_any()
}

#[component]
fn Offers(page: Page<OfferView>, org: String, now: Timestamp) -> impl IntoView {
    if page.items.is_empty() {
        return view! { <Empty icon="transfer" sentence="No offers yet."/> }.into_any();
    }
    let rows = page.items.into_iter().map(|offer| view! { <OfferRow offer org=org.clone() now/> }).collect_view();
    view! { <ul class="transfers" aria-label="Offers">{rows}</ul> }.into_any()
}

/// An offer in a list, here and on Home.
#[component]
pub fn OfferRow(
    offer: OfferView,
    /// The Org ID of the organization that the reader is in.
    org: String,
    now: Timestamp,
) -> impl IntoView {
    let between = match offer.direction {
        TransferDirection::Out => format!("to {} · by {}", offer.target_name, offer.by_name),
        TransferDirection::In => format!("from {} · by {}", offer.source_name, offer.by_name),
    };
    let mark = view! { <OfferState state=offer.state/> }.into_any();
    let href = paths::offer(&org, &offer.id.to_string());
    view! { <Row href what=offer.what.what() amount=amount(&offer.what) between mark at=offer.created_at now/> }
}

/// The state of an offer: a dot and a word.
#[component]
pub fn OfferState(state: OfferState) -> impl IntoView {
    let tone = match state {
        OfferState::Open => "status run",
        OfferState::Accepted => "status ok",
        OfferState::Declined | OfferState::Void => "status fail",
        OfferState::Withdrawn | OfferState::Expired => "status",
    };
    view! { <span class=tone>{state.label()}</span> }
}
