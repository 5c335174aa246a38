//! **Assign to** (XFER-5), and the timeline of a site (DRIVE-6), which leads to the viewer (VIEW-6).

use leptos::{html, prelude::*};

use super::route::Listing;
use crate::{
    paths,
    rpc::{
        FormFlash, ask,
        task::{AssignToSite, sites_offered},
    },
    ui::{
        components::{
            dialog::{Dialog, DialogBody, DialogButtons},
            field::{Field, Hidden},
            form::{Form, Submit},
        },
        form_action::FormAction,
        page::dialog_content,
        session::Session,
        words,
    },
    view::task::{TimelineStop, TimelineView},
};

/// **Assign to**: an existing site by its name, or a new one.
#[component]
pub fn AssignDialog(
    items: Vec<String>,
    /// The list behind the dialog.
    listing: Listing,
) -> impl IntoView {
    let session = Session::get();
    let close = listing.address();
    let heading = format!("Assign {} to a site", words::totalled(items.len() as u64, "dataset", "datasets"));
    let items = items.join(",");
    let asked = items.clone();
    let sites = ask(move || asked.clone(), sites_offered);
    let back = close.clone();
    let content = dialog_content(close.clone(), move || {
        let (items, close) = (items.clone(), back.clone());
        async move {
            let flash = session.context().await.form;
            let names = sites.await?;
            Ok(view! { <AssignForm items names close flash/> }.into_any())
        }
    });
    view! { <Dialog label="Assign to" heading close>{content}</Dialog> }
}

#[component]
fn AssignForm(items: String, names: Vec<String>, close: String, flash: Option<FormFlash>) -> impl IntoView {
    let action = FormAction::<AssignToSite>::new();
    let options = names.into_iter().map(|name| view! { <option value=name></option> }).collect_view();
    view! {
        <Form action flash class="dialog-form">
            <Hidden name="items" value=items/>
            <Hidden name="back" value=close.clone()/>
            <DialogBody>
                <Field
                    name="site_name"
                    label="Site name"
                    hint="Choose a site or type a new name; a new site is created next to the dataset. From then on, only people with access to the site have access to the dataset."
                    list="site-names"
                    focused=true
                />
                <datalist id="site-names">{options}</datalist>
            </DialogBody>
            <DialogButtons close><Submit label="Assign"/></DialogButtons>
        </Form>
    }
}

/// The datasets of a site by date; the gap between two grows with the time between them.
#[component]
pub fn Timeline(
    timeline: TimelineView,
    /// The list that is shown.
    listing: Listing,
) -> impl IntoView {
    (!timeline.datasets.is_empty()).then(|| view! { <Days timeline listing/> })
}

#[component]
fn Days(timeline: TimelineView, listing: Listing) -> impl IntoView {
    let days = timeline
        .stops()
        .into_iter()
        .map(|TimelineStop { dataset, gap, earlier }| {
            let viewer = dataset.has_place.then(|| {
                let (org, id) = (&listing.org, dataset.id.to_string());
                let compare = earlier.map(|(earlier, day)| {
                    let day = day.words();
                    let label = format!("Compare with {day}, {}", dataset.name);
                    view! { <a class="timeline-viewer" href=paths::comparison(org, &earlier.to_string(), &id) aria-label=label>{format!("Compare with {day}")}</a> }
                });
                let label = format!("Open viewer of {}", dataset.name);
                view! { <a class="timeline-viewer" href=paths::viewer(org, &id) aria-label=label>"Open viewer"</a>{compare} }
            });
            let about = format!("{} · {}", words::counted(dataset.images, "image", "images"), dataset.status.label());
            view! {
                <li class=format!("gap-{gap}")>
                    <time datetime=dataset.on.iso()>{dataset.on.words()}</time>
                    <a href=listing.container(&dataset.id.to_string())>{dataset.name}</a>
                    <small>{about}</small>
                    {viewer}
                </li>
            }
        })
        .collect_view();
    // The latest datasets are what people come for.
    let line = NodeRef::<html::Div>::new();
    Effect::new(move |_| {
        if let Some(line) = line.get() {
            line.set_scroll_left(line.scroll_width());
        }
    });
    view! {
        <section class="panel timeline" aria-labelledby="timeline">
            <h2 id="timeline">"Timeline"</h2>
            {timeline.more.then(|| view! { <p class="small">"Older datasets are in the list below."</p> })}
            // Focusable, so that keys can scroll it sideways.
            <div node_ref=line class="timeline-days" tabindex="0" role="group" aria-labelledby="timeline"><ol>{days}</ol></div>
        </section>
    }
}
