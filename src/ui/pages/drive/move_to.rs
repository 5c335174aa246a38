//! **Move to**: choosing a place, in this organization or in another one (XFER-14).

use leptos::{html, prelude::*};
use wasm_bindgen::JsCast;

use super::route::{DriveRoute, Listing, Move, NEW_FOLDER_PLACEHOLDER, OpenDialog, root_of};
use crate::{
    domain::resource::Kind,
    rpc::{
        FormFlash, ask,
        drive::CreateResource,
        task::CopyHere,
        transfer::{MoveHere, destinations},
    },
    ui::{
        components::{
            breadcrumbs::{Breadcrumbs, Step},
            button::{BlockedButton, ButtonLink, Tone},
            dialog::{Dialog, DialogBody, DialogButtons},
            empty::Skeleton,
            field::{Field, Hidden},
            focus::once_connected,
            form::{Form, Submit},
            icon::Icon,
            note::{Mood, Note},
        },
        form_action::FormAction,
        session::{PageContext, Session},
        switcher::{AccountEntry, Entry, Switcher},
        words,
    },
    view::{Control, DestinationRow, DestinationView, query::DestinationsQuery},
};

/// The dialog.
#[component]
pub fn MoveDialog(
    /// The address.
    route: Memo<DriveRoute>,
) -> impl IntoView {
    let session = Session::get();
    // While the dialog is being closed, the address no longer speaks of it.
    let open = Memo::new(move |before: Option<&Move>| {
        route.with(|route| match &route.open {
            OpenDialog::Move(open) => open.clone(),
            _ => before.cloned().unwrap_or_default(),
        })
    });
    let listing = route.with_untracked(|route| route.listing.clone());
    let with_view = Memo::new(move |_| open.with(|open| Move { making_folder: false, ..open.clone() }));
    let resource = ask(
        move || (with_view.get(), session.version()),
        |(open, _)| async move {
            let query = DestinationsQuery {
                items: open.items.join(","),
                org: open.to.clone(),
                container: open.inside.clone(),
                cursor: open.at.clone(),
                copying: open.copying,
            };
            (open, destinations(query).await)
        },
    );
    let making_folder = Memo::new(move |_| open.with(|open| open.making_folder));
    let heading = Signal::derive(move || {
        open.with(|open| {
            let what = words::totalled(open.items.len() as u64, "item", "items");
            if open.copying { format!("Copy {what}") } else { format!("Move {what}") }
        })
    });
    let close = listing.address();
    let label = if open.with_untracked(|open| open.copying) { "Copy to" } else { "Move to" };
    view! {
        <Dialog label=label heading close=close.clone() reads=true>
            <Transition fallback=move || view! { <DialogBody><Skeleton/></DialogBody> }>
                {move || {
                    let (listing, close) = (listing.clone(), close.clone());
                    Suspend::new(async move {
                        let begin = PageContext::from(session.start().await);
                        match resource.await {
                            (open, Ok(view)) => view! { <Places view open listing making_folder flash=begin.form/> }.into_any(),
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

/// The places to choose from.
#[component]
fn Places(
    view: DestinationView,
    open: Move,
    listing: Listing,
    making_folder: Memo<bool>,
    flash: Option<FormFlash>,
) -> impl IntoView {
    let body = NodeRef::<html::Div>::new();
    // Going into a folder takes away the link that had the focus; it goes to what there is to choose next.
    Effect::new(move |_| {
        let Some(body) = body.get() else { return };
        once_connected(&body.clone(), move || {
            let lost = document().active_element().is_none_or(|active| active.tag_name() == "BODY");
            if lost
                && let Some(dialog) = body.closest("dialog").ok().flatten()
                && let Some(next) = [".pick a", "footer button:not([disabled])", "header a"]
                    .iter()
                    .find_map(|wanted| dialog.query_selector(wanted).ok().flatten())
                && let Ok(next) = next.dyn_into::<web_sys::HtmlElement>()
            {
                drop(next.focus());
            }
        });
    });
    let close = listing.address();
    let shown = view.organization.clone();
    let elsewhere = shown.id != view.source;
    let several = !view.accounts.is_empty();
    let at_root = view.path.first().map(|crumb| crumb.id);
    let accounts: Vec<AccountEntry> = view
        .accounts
        .iter()
        .map(|account| AccountEntry {
            name: account.name.clone(),
            href: listing.move_dialog(&Move {
                items: open.items.clone(),
                to: shown.org_id.clone(),
                inside: account.root.to_string(),
                copying: open.copying,
                ..Move::default()
            }),
            current: at_root == Some(account.root),
        })
        .collect();
    let account = accounts.iter().find(|account| account.current).map(|account| account.name.clone());
    let entries = view
        .organizations
        .iter()
        .map(|belonging| Entry {
            href: listing.move_dialog(&Move {
                items: open.items.clone(),
                to: belonging.org_id.clone(),
                copying: open.copying,
                ..Move::default()
            }),
            current: belonging.id == shown.id,
            belonging: belonging.clone(),
            accounts: if belonging.id == shown.id { accounts.clone() } else { Vec::new() },
        })
        .collect();
    let remark = if elsewhere {
        format!("{} · another organization", words::role_here(&shown))
    } else {
        words::role_here(&shown)
    };
    let remark = account.map_or(remark.clone(), |account| format!("{account} · {remark}"));
    let go = {
        let (listing, open, to) = (listing.clone(), open.clone(), shown.org_id.clone());
        move |inside: String| {
            let (items, to, copying) = (open.items.clone(), to.clone(), open.copying);
            listing.move_dialog(&Move { items, to, inside, copying, ..Move::default() })
        }
    };
    let last = view.path.len().saturating_sub(1);
    let steps = view
        .path
        .iter()
        .enumerate()
        .map(|(index, crumb)| {
            let root = crumb.kind == Kind::Root;
            let label = crumb.name.clone();
            if index == last {
                Step::here(label)
            } else {
                Step::to(label, go(if root { root_of(crumb.id, several) } else { crumb.id.to_string() }))
            }
        })
        .collect();
    let container = view.path.last().map(|crumb| crumb.id.to_string()).unwrap_or_default();
    // What nothing can go into comes last, and folded: one looks for a folder among folders.
    let (containers, others): (Vec<DestinationRow>, Vec<DestinationRow>) =
        view.rows.items.into_iter().partition(|row| row.kind.is_container());
    let empty = containers.is_empty();
    let rows = containers.into_iter().map(|row| view! { <PlaceRow href=go(row.id.to_string()) row/> }).collect_view();
    let others = (!others.is_empty()).then(|| {
        let words = words::totalled(others.len() as u64, "dataset", "datasets");
        let rows = others.into_iter().map(|row| view! { <PlaceRow href=String::new() row/> }).collect_view();
        view! {
            <details class="pick-others">
                <summary>{words}</summary>
                <ul class="pick" aria-label="Not folders">{rows}</ul>
            </details>
        }
    });
    let more = view.rows.next_cursor.map(|at| {
        let href = listing.move_dialog(&Move { at, making_folder: false, ..open.clone() });
        view! { <a class=Tone::Quiet.class() href=href data-noscroll="" prop:replace=true>"Show more"</a> }
    });
    let here = listing.move_dialog(&Move { making_folder: false, ..open.clone() });
    let into_it = listing.move_dialog(&Move {
        items: open.items.clone(),
        to: shown.org_id.clone(),
        inside: NEW_FOLDER_PLACEHOLDER.to_owned(),
        copying: open.copying,
        ..Move::default()
    });
    let with_form = listing.move_dialog(&Move { making_folder: true, ..open.clone() });
    let new_folder = {
        move || {
            match (&view.create, making_folder.get()) {
            (Control::Absent, _) => ().into_any(),
            (Control::Disabled(reason), _) => view! { <BlockedButton label="New folder" reason=reason.clone() tone=Tone::Quiet icon="plus"/> }.into_any(),
            (Control::Enabled, false) => view! { <a class=Tone::Quiet.class() href=with_form.clone() data-noscroll="" prop:replace=true><Icon name="plus"/>"New folder"</a> }.into_any(),
            (Control::Enabled, true) => ().into_any(),
        }
        }
    };
    let making = {
        let (parent, flash) = (container.clone(), flash.clone());
        move || {
            making_folder.get().then(|| {
                view! { <NewFolder parent=parent.clone() back=into_it.clone() cancel=here.clone() flash=flash.clone()/> }
            })
        }
    };
    let offer = view.may_offer.then(|| {
        let href = listing.offer_dialog(&open.items);
        view! { <div><ButtonLink href tone=Tone::Quiet icon="transfer" in_place=true>"Offer to another organization"</ButtonLink></div> }
    });
    let move_here = view.move_here;
    // Where it is now is where one begins, and nothing to be warned of; what was chosen and cannot be, is.
    let chosen = !(open.to.is_empty() && open.inside.is_empty());
    let why_not = match &move_here {
        Control::Disabled(reason) => Some(reason.clone()),
        Control::Enabled | Control::Absent => None,
    };
    let why_not = why_not.map(|reason| {
        let class = if chosen { "small why-not" } else { "small" };
        view! { <p class=class id="why-not-here">{reason}</p> }
    });
    view! {
        <div class="dialog-top">
            <Switcher id="dialog-switcher" current=Some(shown) remark entries in_place=true/>
            <div node_ref=body class="bar"><Breadcrumbs id="destination" label="Destination" steps in_place=true/><div class="end">{new_folder}</div></div>
            {making}
        </div>
        <DialogBody>
            {if empty {
                view! { <p class="pick-empty">"No folders here."</p> }.into_any()
            } else {
                view! { <ul class="pick" aria-label="Folders">{rows}</ul> }.into_any()
            }}
            {others}
            {more}
            {offer}
            {why_not}
        </DialogBody>
        {if open.copying {
            let action = FormAction::<CopyHere>::new();
            view! {
                <Form action flash class="dialog-form">
                    <Hidden name="items" value=open.items.join(",")/>
                    <Hidden name="destination" value=container/>
                    <DialogButtons close><GoHere label="Copy here" control=move_here/></DialogButtons>
                </Form>
            }
            .into_any()
        } else {
            let action = FormAction::<MoveHere>::new();
            view! {
                <Form action flash class="dialog-form">
                    <Hidden name="items" value=open.items.join(",")/>
                    <Hidden name="destination" value=container/>
                    <Hidden name="back" value=close.clone()/>
                    <DialogButtons close><GoHere label="Move here" control=move_here/></DialogButtons>
                </Form>
            }
            .into_any()
        }}
    }
}

/// **Move here** or **Copy here**, if that can be pressed.
#[component]
fn GoHere(label: &'static str, control: Control) -> impl IntoView {
    match control {
        Control::Enabled => view! { <Submit label/> }.into_any(),
        Control::Disabled(reason) => view! {
            <button type="button" class="button primary" disabled=true title=reason aria-describedby="why-not-here">{label}</button>
        }
        .into_any(),
        Control::Absent => ().into_any(),
    }
}

/// One place: a link into it, or why one cannot go there.
#[component]
fn PlaceRow(row: DestinationRow, href: String) -> impl IntoView {
    let name = view! {
        <span class=format!("name {}", row.kind.as_str())>
            <Icon name=words::kind_icon(row.kind)/>
            <span title=row.name.clone()>{row.name.clone()}</span>
        </span>
    };
    match row.why_not {
        Some(reason) => view! { <li class="off">{name}<span class="why">{reason}</span></li> }.into_any(),
        // A step inside the dialog takes the place of the one before: Back closes the dialog.
        None => {
            view! { <li><a href=href data-noscroll="" prop:replace=true>{name}<Icon name="chevron-right"/></a></li> }
                .into_any()
        }
    }
}

/// **New folder**, in the place that is shown. It leads into the new folder, as that is why one makes it.
#[component]
fn NewFolder(parent: String, back: String, cancel: String, flash: Option<FormFlash>) -> impl IntoView {
    let action = FormAction::<CreateResource>::new();
    view! {
        <Form action flash class="form new-folder">
            <Hidden name="parent" value=parent/>
            <Hidden name="kind" value=Kind::Folder.as_str()/>
            <Hidden name="back" value=back/>
            <Field name="name" label="Name" focused=true/>
            <a class="button" href=cancel data-noscroll="" prop:replace=true>"Not now"</a>
            <Submit label="Create"/>
        </Form>
    }
}
