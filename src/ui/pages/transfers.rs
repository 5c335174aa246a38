//! The transfers of an organization (XFER-18): receipts and offers, of both directions, newest first.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    domain::{
        offer::State,
        role::{Permission, may},
        time::Timestamp,
        transfer::Summary,
        view::{
            Page,
            transfer::{Direction, OfferView, TransferRow, TransfersView},
        },
    },
    rpc::{ask, offer::transfers_page},
    ui::{
        components::{
            button::ButtonLink,
            empty::{Empty, Skeleton},
        },
        layout::{Frame, PageHeader, Section},
        paths::{self, Address},
        routes::here,
        session::{Beginning, Session},
        trouble::Trouble,
        words::{self, When},
    },
};

/// What the address says: which list, which way, and from where on.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
struct Asked {
    org: String,
    offers: bool,
    direction: String,
    cursor: String,
}

impl Asked {
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
    let asked = here(|segments, query| match segments {
        ["o", org, "transfers"] => {
            let text = |name: &str| query.get(name).unwrap_or_default();
            Some(Asked {
                org: (*org).to_owned(),
                offers: text("show") == "offers",
                direction: text("direction"),
                cursor: text("cursor"),
            })
        }
        _ => None,
    });
    let org = Memo::new(move |_| asked.get().org);
    let session = Session::get();
    let resource = ask(
        move || (asked.get(), session.version()),
        |(asked, _)| async move {
            let view = transfers_page(asked.org.clone(), asked.offers, asked.direction.clone(), asked.cursor.clone());
            (asked.clone(), view.await)
        },
    );
    view! {
        <Frame section=Section::Transfers org>
            <Transition fallback=Skeleton>
                {move || Suspend::new(async move {
                    let now = Beginning::from(session.start().await).now;
                    match resource.await {
                        (asked, Ok(view)) => view! { <Content asked view now/> }.into_any(),
                        (_, Err(failure)) => view! { <Trouble failure/> }.into_any(),
                    }
                })}
            </Transition>
        </Frame>
    }
    .into_any()
}

/// The page, loaded.
#[component]
fn Content(asked: Asked, view: TransfersView, now: Timestamp) -> impl IntoView {
    let reads = view.organization.role.is_some_and(|role| may(role, Permission::ReadAudit));
    let offers = view.offers.is_some();
    let asked = Asked { org: view.organization.org_id.clone(), offers, ..asked };
    let exports = (!offers).then(|| {
        view! {
            <a class="button" rel="external" download="" href=asked.export("csv")>"Export CSV"</a>
            <a class="button" rel="external" download="" href=asked.export("json")>"Export JSON"</a>
        }
    });
    let tab =
        |offers: bool| Asked { offers, direction: String::new(), cursor: String::new(), ..asked.clone() }.page().text();
    let tabs = reads.then(|| {
        view! {
            <nav class="tabs" aria-label="Receipts and offers">
                <a href=tab(false) aria-current=(!offers).then_some("page")>"Receipts"</a>
                <a href=tab(true) aria-current=offers.then_some("page")>"Offers"</a>
            </nav>
        }
    });
    let (more, list) = match (view.receipts, view.offers) {
        (Some(page), _) => (page.next_cursor.clone(), view! { <Receipts page org=asked.org.clone() now/> }.into_any()),
        (None, Some(page)) => (page.next_cursor.clone(), view! { <Offers page org=asked.org.clone() now/> }.into_any()),
        (None, None) => (None, ().into_any()),
    };
    let more = more.map(|cursor| {
        let href = asked.page().with("cursor", cursor).text();
        view! { <ButtonLink href>"Older"</ButtonLink> }
    });
    view! {
        <PageHeader title="Transfers" lead="Work transferred to and from other organizations, and offers.">
            {exports}
        </PageHeader>
        {tabs}
        <Directions asked/>
        <section class="panel" aria-label=if offers { "Offers" } else { "Receipts" }>{list}</section>
        <nav class="bar" aria-label="Pages">{more}</nav>
    }
}

/// Which way: links, so that each is an address.
#[component]
fn Directions(asked: Asked) -> impl IntoView {
    // Offers are of one direction at a time; those to the organization come first.
    let choices: Vec<(&'static str, &'static str)> = if asked.offers {
        vec![("", "Received"), (Direction::Out.word(), "Sent")]
    } else {
        vec![("", "All"), (Direction::Out.word(), "Sent"), (Direction::In.word(), "Received")]
    };
    let entries = choices
        .into_iter()
        .map(|(word, label)| {
            let current =
                asked.direction == word || (asked.offers && word.is_empty() && asked.direction == Direction::In.word());
            view! { <a class="button" href=asked.towards(word) aria-current=current.then_some("true")>{label}</a> }
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

/// One row: what, between whom, by whom, when.
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
                Direction::Out => format!("to {} · by {}", row.target_name, row.by_name),
                Direction::In => format!("from {} · by {}", row.source_name, row.by_name),
            };
            let mark = match (row.undoes, row.undone_by) {
                (Some(_), _) => view! { <span class="status">"Undo"</span> }.into_any(),
                (None, Some(_)) => view! { <span class="status fail">"Undone"</span> }.into_any(),
                (None, None) => {
                    let sent = row.direction == Direction::Out;
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
    /// The offer.
    offer: OfferView,
    /// The Org ID of the organization it is looked at from.
    org: String,
    /// The server's time.
    now: Timestamp,
) -> impl IntoView {
    let between = match offer.direction {
        Direction::Out => format!("to {} · by {}", offer.target_name, offer.by_name),
        Direction::In => format!("from {} · by {}", offer.source_name, offer.by_name),
    };
    let mark = view! { <OfferState state=offer.state/> }.into_any();
    let href = paths::offer(&org, &offer.id.to_string());
    view! { <Row href what=offer.what.what() amount=amount(&offer.what) between mark at=offer.created_at now/> }
}

/// What became of an offer: a dot and a word.
#[component]
pub fn OfferState(
    /// The state.
    state: State,
) -> impl IntoView {
    let tone = match state {
        State::Open => "status run",
        State::Accepted => "status ok",
        State::Declined | State::Void => "status fail",
        State::Withdrawn | State::Expired => "status",
    };
    view! { <span class=tone>{state.title()}</span> }
}
