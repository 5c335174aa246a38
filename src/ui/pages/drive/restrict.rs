//! **Restrictions** (POL-1): what nobody, or only Managers, may do with an item and everything in it.

use leptos::prelude::*;

use super::route::Listing;
use crate::{
    domain::{
        resource::Kind,
        restriction::{Restriction, RestrictionOrigin},
    },
    rpc::{
        FormFlash, ask,
        restriction::{SaveRestrictions, restrictions_page},
    },
    ui::{
        components::{
            dialog::{Dialog, DialogBody, DialogButtons},
            empty::Skeleton,
            field::{Hidden, Radios},
            form::{Form, Submit},
            icon::Icon,
            note::Note,
        },
        error_page::ErrorPage,
        form_action::FormAction,
        session::Session,
        suspend::rebuilt,
    },
    view::restriction::RestrictionsView,
};

#[component]
pub fn RestrictDialog(item: String, listing: Listing) -> impl IntoView {
    let session = Session::get();
    let close = listing.address();
    let restrictions = ask(
        move || session.version(),
        move |_| {
            let item = item.clone();
            async move { restrictions_page(item).await }
        },
    );
    view! {
        <Dialog label="Restrictions" heading="Restrictions" close=close.clone() starts_with_text=true>
            <Transition fallback=Skeleton>
                {rebuilt(move || {
                    let close = close.clone();
                    async move {
                        let context = session.context().await;
                        match restrictions.await {
                            Ok(restrictions) => view! { <Choices restrictions close flash=context.form/> }.into_any(),
                            Err(failure) => view! { <DialogBody><ErrorPage failure/></DialogBody> }.into_any(),
                        }
                    }
                })}
            </Transition>
        </Dialog>
    }
}

/// Where an inherited restriction comes from: "“Gotthard”, a folder above".
fn from_above(origins: &[RestrictionOrigin], what: Restriction) -> Option<String> {
    let words: Vec<String> =
        origins.iter().filter(|origin| origin.what == what && !origin.own).map(RestrictionOrigin::words).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

/// The three choices. An inherited one cannot be changed here, and says why.
#[component]
fn Choices(restrictions: RestrictionsView, close: String, flash: Option<FormFlash>) -> impl IntoView {
    let action = FormAction::<SaveRestrictions>::new();
    let RestrictionsView { id, name, kind, own, origins, manages, .. } = restrictions;
    let what = if kind == Kind::Root { "the whole Drive".to_owned() } else { format!("“{name}”") };
    let below = if kind == Kind::Dataset { "." } else { " and everything in it." };
    // Made inside the form, because the fields need its context.
    let rows = move || {
        Restriction::ALL
            .into_iter()
            .map(|restriction| {
                let now = if own.forbids(restriction) { "yes" } else { "no" };
                // The form saves all three, so one that cannot be changed here is sent as it is.
                let fixed = |answer: &'static str, why: Option<String>| {
                    view! {
                        <div class="fixed-choice">
                            <Hidden name=restriction.as_str() value=now/>
                            <b>{restriction.label()}</b>
                            <p><Icon name="lock"/>{why.map_or_else(|| answer.to_owned(), |why| format!("{answer}, {why}"))}</p>
                        </div>
                    }
                    .into_any()
                };
                match from_above(&origins, restriction) {
                    Some(why) => fixed(restriction.closed(), Some(why)),
                    None if !manages => {
                        fixed(if own.forbids(restriction) { restriction.closed() } else { restriction.open() }, None)
                    }
                    None => view! {
                        <Radios
                            name=restriction.as_str()
                            label=restriction.label()
                            options=vec![("no", restriction.open()), ("yes", restriction.closed())]
                            first=now
                        />
                    }
                    .into_any(),
                }
            })
            .collect_view()
    };
    view! {
        <Form action flash class="dialog-form">
            <Hidden name="id" value=id.to_string()/>
            <Hidden name="back" value=close.clone()/>
            <DialogBody>
                <p>{format!("For {what}{below} The strictest setting of this item and its parent folders applies.")}</p>
                {rows()}
            </DialogBody>
            <DialogButtons close>{manages.then(|| view! { <Submit label="Save"/> })}</DialogButtons>
        </Form>
    }
}

/// The restrictions of an item and where they come from; empty if there are none.
#[component]
pub fn RestrictedNote(origins: Vec<RestrictionOrigin>) -> impl IntoView {
    let lines: Vec<String> = Restriction::ALL
        .into_iter()
        .filter_map(|what| {
            let words: Vec<String> =
                origins.iter().filter(|origin| origin.what == what).map(RestrictionOrigin::words).collect();
            (!words.is_empty()).then(|| format!("{}: {}.", what.sentence(), words.join(", ")))
        })
        .collect();
    (!lines.is_empty()).then(|| {
        let lines = lines.into_iter().map(|line| view! { <p>{line}</p> }).collect_view();
        view! { <Note>{lines}</Note> }
    })
}
