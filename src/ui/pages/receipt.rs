//! The receipt of a transfer (XFER-18): what both organizations can read about it afterwards.

use leptos::prelude::*;

use crate::{
    domain::{
        transfer::{Plan, Scope},
        view::ReceiptView,
    },
    rpc::{ask, transfer::receipt},
    ui::{
        components::{
            button::{ButtonLink, Tone},
            empty::Skeleton,
            table::Fact,
        },
        layout::{Frame, PageHeader, Section},
        pages::drive::plan::{Consequences, Sides, into, what},
        paths,
        routes::here,
        session::Session,
        trouble::Trouble,
        words::{self, Moment},
    },
};

/// Which receipt, seen from which organization.
#[derive(Clone, PartialEq, Default)]
struct Which {
    org: String,
    id: String,
}

/// The page: `/o/{org}/transfers/{id}`.
#[component]
pub fn ReceiptPage() -> impl IntoView {
    let which = here(|segments, _| match segments {
        ["o", org, "transfers", id] => Some(Which { org: (*org).to_owned(), id: (*id).to_owned() }),
        _ => None,
    });
    let session = Session::get();
    let resource = ask(move || (which.get().id, session.version()), |(id, _)| receipt(id));
    let org = Signal::derive(move || which.get().org);
    view! {
        <Frame section=Section::Other org>
            <Transition fallback=Skeleton>
                {move || {
                    let org = org.get();
                    Suspend::new(async move {
                        match resource.await {
                            Ok(receipt) => view! { <ReceiptContent receipt org/> }.into_any(),
                            Err(failure) => view! { <Trouble failure/> }.into_any(),
                        }
                    })
                }}
            </Transition>
        </Frame>
    }
    .into_any()
}

/// The page, loaded.
#[component]
fn ReceiptContent(receipt: ReceiptView, org: String) -> impl IntoView {
    let ReceiptView { at, by_name, source_name, target_name, target_org_id, plan, .. } = receipt;
    let title = match plan.scope {
        Scope::Between => format!("Transfer to {target_name}"),
        Scope::Within => format!("Move to {}", plan.destination.name),
    };
    let lead = format!("{} from {source_name} to {target_name}", what(&plan));
    let destination = plan.destination.clone();
    let destination_words = into(&plan, &target_name);
    let (what_moved, with_images, case) = (what(&plan), images(&plan), case(&plan));
    let items = plan.items.iter().map(|item| view! { <li>{item.name.clone()}</li> }).collect_view();
    view! {
        <PageHeader title lead>
            {target_org_id.map(|target| view! {
                <ButtonLink href=paths::drive(&target, &destination.id.to_string()) tone=Tone::Primary icon="drive">"Open in Drive"</ButtonLink>
            })}
            <ButtonLink href=paths::drive(&org, "")>"Drive"</ButtonLink>
        </PageHeader>
        <section class="panel tile" aria-labelledby="receipt">
            <h2 id="receipt">"Receipt"</h2>
            <dl class="facts">
                <Fact label="Who">{by_name}</Fact>
                <Fact label="When"><Moment at/></Fact>
                <Fact label="From">{source_name}</Fact>
                <Fact label="To">{target_name} ", " {destination_words}</Fact>
                <Fact label="What">{what_moved} {with_images}</Fact>
                {case.map(|case| view! { <Fact label="Case">{case}</Fact> })}
            </dl>
            <h3>"Items"</h3>
            <ul class="plain-list">{items}</ul>
        </section>
        <section class="panel tile" aria-labelledby="effects">
            <h2 id="effects">"What changed"</h2>
            <Sides plan=plan.clone()/>
            <Consequences plan done=true/>
        </section>
    }
}

/// "with 422 images".
fn images(plan: &Plan) -> String {
    format!(", with {}", words::counted(plan.images, "image", "images"))
}

/// The accounting case (XFER-10 to XFER-12).
fn case(plan: &Plan) -> Option<String> {
    plan.effects.model_pair.map(|pair| format!("{} → {}", pair.source.title(), pair.target.title()))
}
