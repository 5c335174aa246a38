//! An offer (XFER-18): its state for the organization that made it; destination, consequences and answer for the other
//! one.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::{
    drive::{
        blockers::{Blockers, Sides as Ways},
        plan::{Consequences, Sides},
    },
    transfers::OfferState,
};
use crate::{
    domain::{resource::Kind, time::Timestamp},
    paths::{self, Address},
    rpc::{
        FormFlash, ask,
        offer::{AcceptOffer, DeclineOffer, WithdrawOffer, offer_page},
    },
    ui::{
        components::{
            breadcrumbs::{Breadcrumbs, Step},
            button::{ButtonLink, Tone},
            field::Hidden,
            form::{Form, Submit},
            icon::Icon,
            table::Fact,
        },
        form_action::FormAction,
        layout::{PageHeader, Section},
        location::use_route_query,
        page::page,
        session::Session,
        words::{self, Moment, When},
    },
    view::{
        query::OfferQuery,
        transfer::{OfferDestinationView, OfferPageView, OfferView, TransferDirection},
    },
};

/// The offer, the organization it is seen from, and the destination that is shown.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
struct OfferRoute {
    org: String,
    id: String,
    inside: String,
    cursor: String,
}

impl OfferRoute {
    fn at(&self, inside: &str) -> Address {
        Address::new(paths::offer(&self.org, &self.id)).with("in", inside)
    }
}

/// The page: `/o/{org}/offers/{id}`.
#[component]
pub fn OfferPage() -> impl IntoView {
    let route = use_route_query(|segments, query| match segments {
        ["o", org, "offers", id] => Some(OfferRoute {
            org: (*org).to_owned(),
            id: (*id).to_owned(),
            inside: query.get("in").unwrap_or_default(),
            cursor: query.get("cursor").unwrap_or_default(),
        }),
        _ => None,
    });
    let session = Session::get();
    let org = Memo::new(move |_| route.get().org);
    let resource = ask(
        move || (route.get(), session.version()),
        |(route, _)| async move {
            let OfferRoute { org, id, inside, cursor } = route.clone();
            (route, offer_page(OfferQuery { org, id, inside, cursor }).await)
        },
    );
    // Made outside the content, so that the answer survives when the content is loaded again.
    let accept = FormAction::<AcceptOffer>::new();
    let decline = FormAction::<DeclineOffer>::new();
    let withdraw = FormAction::<WithdrawOffer>::new();
    page(Section::Transfers, org, move || async move {
        let context = session.context().await;
        let (route, view) = resource.await;
        let view = view?;
        Ok(view! { <Content route view accept decline withdraw flash=context.form now=context.now/> }.into_any())
    })
}

#[component]
fn Content(
    route: OfferRoute,
    view: OfferPageView,
    accept: FormAction<AcceptOffer>,
    decline: FormAction<DeclineOffer>,
    withdraw: FormAction<WithdrawOffer>,
    flash: Option<FormFlash>,
    now: Timestamp,
) -> impl IntoView {
    let OfferPageView { organization, offer, place } = view;
    let route = OfferRoute { org: organization.org_id.clone(), ..route };
    let title = match offer.direction {
        TransferDirection::In => format!("Offer from {}", offer.source_name),
        TransferDirection::Out => format!("Offer to {}", offer.target_name),
    };
    let back = paths::offer(&route.org, &route.id);
    let withdrawal = offer.may_withdraw.then(|| {
        let (id, back) = (offer.id.to_string(), back.clone());
        view! {
            <Form action=withdraw flash=flash.clone() class="inline-form">
                <Hidden name="offer" value=id/>
                <Hidden name="back" value=back/>
                <Submit label="Withdraw" tone=Tone::Plain/>
            </Form>
        }
    });
    let receipt = offer.transfer.map(|id| {
        let href = paths::receipt(&route.org, &id.to_string());
        view! { <ButtonLink href tone=Tone::Primary>"Receipt"</ButtonLink> }
    });
    let answer = place.map(|place| {
        view! { <Answer route=route.clone() place offer=offer.clone() accept decline flash=flash.clone()/> }
    });
    view! {
        <PageHeader title lead=offer.what.what()>
            {receipt}
            {withdrawal}
            <ButtonLink href=Address::new(paths::transfers(&route.org)).with("show", "offers").text()>"All offers"</ButtonLink>
        </PageHeader>
        <Facts offer now/>
        {answer}
    }
}

/// What is offered, by whom, and the state.
#[component]
fn Facts(offer: OfferView, now: Timestamp) -> impl IntoView {
    let more = offer.what.items.saturating_sub(offer.items.len() as u64);
    let items = offer.items.iter().map(|item| view! { <li>{item.name.clone()}</li> }).collect_view();
    let amount = format!(
        "{}, {}",
        words::totalled(offer.what.datasets, "dataset", "datasets"),
        words::counted(offer.what.images, "image", "images")
    );
    let answered = offer.answered_at.map(|at| {
        let by = offer.answered_by_name.clone().map(|name| format!(" by {name}"));
        view! { <Fact label="Answered"><When at now/>{by}</Fact> }
    });
    let open = offer.state == crate::domain::offer::OfferState::Open;
    view! {
        <section class="panel tile" aria-labelledby="offer">
            <h2 id="offer">"What is offered"</h2>
            <dl class="facts">
                <Fact label="State"><OfferState state=offer.state/></Fact>
                <Fact label="Offered by">{offer.by_name} " of " {offer.source_name}</Fact>
                <Fact label="To">{offer.target_name}</Fact>
                {(!offer.note.is_empty()).then(|| view! { <Fact label="Note">{offer.note}</Fact> })}
                <Fact label="Offered on"><Moment at=offer.created_at/></Fact>
                {open.then(|| view! { <Fact label="Open until"><Moment at=offer.expires_at/></Fact> })}
                {answered}
                <Fact label="Contents">{amount}</Fact>
            </dl>
            <ul class="plain-list" aria-label="Items">
                {items}
                {(more > 0).then(|| view! { <li>{format!("and {} more", words::total(more))}</li> })}
            </ul>
        </section>
    }
}

/// Destination, consequences, and the answer.
#[component]
fn Answer(
    route: OfferRoute,
    place: OfferDestinationView,
    offer: OfferView,
    accept: FormAction<AcceptOffer>,
    decline: FormAction<DeclineOffer>,
    flash: Option<FormFlash>,
) -> impl IntoView {
    let OfferDestinationView { destination, path, rows, plan } = place;
    let last = path.len().saturating_sub(1);
    let steps = path
        .iter()
        .enumerate()
        .map(|(index, crumb)| {
            let root = crumb.kind == Kind::Root;
            let label = if root { Kind::Root.label().to_owned() } else { crumb.name.clone() };
            let inside = if root { String::new() } else { crumb.id.to_string() };
            if index == last { Step::here(label) } else { Step::to(label, route.at(&inside).text()) }
        })
        .collect();
    let folders = rows
        .items
        .into_iter()
        .map(|row| {
            let href = route.at(&row.id.to_string()).text();
            view! {
                <li>
                    <a href=href data-noscroll="">
                        <span class=format!("name {}", row.kind.as_str())><Icon name=words::kind_icon(row.kind)/><span>{row.name}</span></span>
                        <Icon name="chevron-right"/>
                    </a>
                </li>
            }
        })
        .collect_view();
    let more = rows.next_cursor.map(|cursor| {
        let href = route.at(&route.inside).with("cursor", cursor).text();
        view! { <ButtonLink href in_place=true tone=Tone::Quiet>"Next page"</ButtonLink> }
    });
    let clear = plan.plan.is_clear();
    let id = offer.id.to_string();
    let back = paths::offer(&route.org, &route.id);
    let ways = Ways { target: route.org.clone(), ..Ways::default() };
    let effects = if clear {
        view! {
            <Sides plan=plan.plan.clone()/>
            <Consequences plan=plan.plan.clone()/>
        }
        .into_any()
    } else {
        let (blockers, more) = (plan.plan.blockers.clone(), plan.plan.more_blockers);
        view! { <Blockers blockers more sides=ways lead="This cannot be accepted yet. Clear what is in the way, or choose another place."/> }.into_any()
    };
    let accepted = id.clone();
    let acceptance = clear.then(|| {
        view! {
            <Form action=accept flash=flash.clone() class="inline-form">
                <Hidden name="offer" value=accepted/>
                <Hidden name="org" value=route.org.clone()/>
                <Hidden name="destination" value=destination.to_string()/>
                <Hidden name="digest" value=plan.digest.clone()/>
                <Submit label="Accept"/>
            </Form>
        }
    });
    view! {
        <section class="panel tile" aria-labelledby="place">
            <h2 id="place">"Where it goes"</h2>
            <Breadcrumbs id="destination" label="Destination" steps in_place=true/>
            <ul class="pick" aria-label="Folders">{folders}</ul>
            {more}
        </section>
        <section class="panel tile" aria-labelledby="effects">
            <h2 id="effects">{if clear { "What would change" } else { "What is in the way" }}</h2>
            {effects}
            <div class="bar tile-foot">
                {acceptance}
                <Form action=decline flash class="inline-form">
                    <Hidden name="offer" value=id/>
                    <Hidden name="back" value=back/>
                    <Submit label="Decline" tone=Tone::Plain/>
                </Form>
                <small>"Everything moves, or nothing does."</small>
            </div>
        </section>
    }
}
