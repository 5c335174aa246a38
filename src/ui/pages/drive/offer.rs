//! **Offer to another organization** (XFER-18): for items that one may transfer, to an organization where one has no right.

use leptos::prelude::*;

use super::{
    blockers::{Blockers, Sides},
    route::{DriveRoute, Listing, OpenDialog},
};
use crate::{
    domain::{offer::OPEN_DAYS, transfer::offer::OfferPlan},
    rpc::{
        FormFlash, ask,
        offer::{SendOffer, offering},
    },
    ui::{
        components::{
            dialog::{Dialog, DialogBody, DialogButtons},
            empty::Skeleton,
            field::{Field, Hidden},
            form::{Form, Submit},
            note::{Mood, Note},
        },
        form_action::FormAction,
        session::{PageContext, Session},
        words,
    },
    view::transfer::OfferPlanView,
};

/// The dialog.
#[component]
pub fn OfferDialog(
    /// The address.
    route: Memo<DriveRoute>,
) -> impl IntoView {
    let session = Session::get();
    // While the dialog is being closed, the address no longer speaks of it.
    let items = Memo::new(move |before: Option<&Vec<String>>| {
        route.with(|route| match &route.open {
            OpenDialog::Offer(items) => items.clone(),
            _ => before.cloned().unwrap_or_default(),
        })
    });
    let listing = route.with_untracked(|route| route.listing.clone());
    let resource = ask(
        move || (items.get(), session.version()),
        |(items, _)| async move {
            let view = offering(items.join(",")).await;
            (items, view)
        },
    );
    // Here and not in the content: what was answered stays while that is loaded anew.
    let action = FormAction::<SendOffer>::new();
    let close = listing.address();
    view! {
        <Dialog label="Offer to another organization" heading="Offer to another organization" close=close.clone()>
            <Transition fallback=move || view! { <DialogBody><Skeleton/></DialogBody> }>
                {move || {
                    let (listing, close) = (listing.clone(), close.clone());
                    Suspend::new(async move {
                        let begin = PageContext::from(session.start().await);
                        match resource.await {
                            (items, Ok(view)) => view! { <Content view items listing action flash=begin.form/> }.into_any(),
                            (_, Err(failure)) => view! {
                                <DialogBody><Note mood=Mood::Bad><p role="alert">{failure.to_string()}</p></Note></DialogBody>
                                <DialogButtons close>""</DialogButtons>
                            }
                            .into_any(),
                        }
                    })
                }}
            </Transition>
        </Dialog>
    }
}

/// "2 items with 14 datasets and 1,204 images".
fn amount(offering: &OfferPlan) -> String {
    let items = words::totalled(offering.items.len() as u64, "item", "items");
    let datasets = words::totalled(offering.datasets, "dataset", "datasets");
    let images = words::counted(offering.images, "image", "images");
    format!("{items} with {datasets} and {images}")
}

#[component]
fn Content(
    view: OfferPlanView,
    items: Vec<String>,
    listing: Listing,
    action: FormAction<SendOffer>,
    flash: Option<FormFlash>,
) -> impl IntoView {
    let OfferPlanView { offering, source_name } = view;
    let close = listing.address();
    if !offering.is_clear() {
        let sides = Sides { source: listing.org.clone(), ..Sides::default() };
        return view! {
            <DialogBody reads=true>
                <Blockers blockers=offering.blockers more=offering.more_blockers sides lead="This cannot be offered yet. Clear what is in the way first."/>
            </DialogBody>
            <DialogButtons close>""</DialogButtons>
        }
        .into_any();
    }
    let names: Vec<&str> = offering.items.iter().map(|item| item.name.as_str()).collect();
    let lead = format!("{} · {}", words::some_of(&names, names.len() as u64), amount(&offering));
    let links = offering.links_stopped.total;
    view! {
        <Form action flash class="dialog-form">
            <Hidden name="items" value=items.join(",")/>
            <DialogBody>
                <p>{lead}</p>
                <p class="small">
                    {format!("For an organization that you are not in. Its Owners and Managers are mailed; they or its Editors decide within {OPEN_DAYS} days. Until then everything stays in {source_name}, and you can withdraw the offer.")}
                </p>
                {(links > 0).then(|| view! {
                    <Note><p>{format!("{} would stop working.", words::totalled(links, "shared link", "shared links"))}</p></Note>
                })}
                <Field name="target" label="Org ID" hint="Of the organization to offer it to; they find it on their Home." focused=true/>
                <Field name="note" label="Note" hint="They read it with the offer." optional=true/>
            </DialogBody>
            <DialogButtons close>
                <Submit label="Send offer"/>
            </DialogButtons>
        </Form>
    }
    .into_any()
}
