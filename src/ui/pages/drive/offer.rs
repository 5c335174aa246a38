//! **Offer to another organization** (XFER-18): for items that the reader may transfer, to an organization where they
//! have no rights.

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
            field::{Field, Hidden},
            form::{Form, Submit},
            note::Note,
        },
        form_action::FormAction,
        page::dialog_content,
        session::Session,
        words,
    },
    view::transfer::OfferPlanView,
};

#[component]
pub fn OfferDialog(route: Memo<DriveRoute>) -> impl IntoView {
    let session = Session::get();
    // While the dialog closes, the address no longer describes it: keep the last state.
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
    // Made outside the content, so that the answer survives when the content is loaded again.
    let action = FormAction::<SendOffer>::new();
    let close = listing.address();
    let content = dialog_content(close.clone(), move || {
        let listing = listing.clone();
        async move {
            let flash = session.context().await.form;
            let (items, view) = resource.await;
            let view = view?;
            Ok(view! { <Content view items listing action flash/> }.into_any())
        }
    });
    view! {
        <Dialog label="Offer to another organization" heading="Offer to another organization" close>{content}</Dialog>
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
            <DialogBody focusable=true>
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
                    {format!("For an organization that you do not belong to. We mail its Owners and Managers; one of its Owners, Managers or Editors has {OPEN_DAYS} days to accept. Until then, everything stays in {source_name}, and you can withdraw the offer.")}
                </p>
                {(links > 0).then(|| view! {
                    <Note><p>{format!("{} would stop working.", words::totalled(links, "shared link", "shared links"))}</p></Note>
                })}
                <Field name="target" label="Org ID" hint="The Org ID of the receiving organization. They find it on their Home page." focused=true/>
                <Field name="note" label="Note" hint="Shown to them with the offer." optional=true/>
            </DialogBody>
            <DialogButtons close>
                <Submit label="Send offer"/>
            </DialogButtons>
        </Form>
    }
    .into_any()
}
