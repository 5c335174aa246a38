//! **Move to** and **Copy to**: choosing a destination, in this organization or in another one (XFER-14).

use leptos::{html, prelude::*};

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
            dom::{all, within},
            field::{Field, Hidden},
            focus::{nowhere, once_connected},
            form::{Form, Submit},
            icon::Icon,
        },
        form_action::FormAction,
        page::dialog_content,
        session::Session,
        switcher::{AccountEntry, Entry, Switcher},
        words,
    },
    view::{Control, DestinationRow, DestinationView, query::DestinationsQuery},
};

#[component]
pub fn MoveDialog(route: Memo<DriveRoute>) -> impl IntoView {
    let session = Session::get();
    // While the dialog closes, the address no longer describes it: keep the last state.
    let open = Memo::new(move |before: Option<&Move>| {
        route.with(|route| match &route.open {
            OpenDialog::Move(open) => open.clone(),
            _ => before.cloned().unwrap_or_default(),
        })
    });
    let listing = route.with_untracked(|route| route.listing.clone());
    // Without `making_folder`, so that opening that small form does not load the places again.
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
    let content = dialog_content(close.clone(), move || {
        let listing = listing.clone();
        async move {
            let flash = session.context().await.form;
            let (open, view) = resource.await;
            let view = view?;
            Ok(view! { <Places view open listing making_folder flash/> }.into_any())
        }
    });
    view! { <Dialog label=label heading close starts_with_text=true>{content}</Dialog> }
}

/// The content of the dialog: header, list of places, and button.
#[component]
fn Places(
    view: DestinationView,
    open: Move,
    listing: Listing,
    making_folder: Memo<bool>,
    flash: Option<FormFlash>,
) -> impl IntoView {
    let container = view.path.last().map(|crumb| crumb.id.to_string()).unwrap_or_default();
    let header = view! {
        <PlaceHeader
            view=view.clone()
            open=open.clone()
            listing=listing.clone()
            container=container.clone()
            making_folder
            flash=flash.clone()
        />
    };
    let (control, items) = (view.move_here.clone(), open.items.join(","));
    let (copying, close) = (open.copying, listing.address());
    view! {
        {header}
        <PlaceList view open listing/>
        {if copying {
            let action = FormAction::<CopyHere>::new();
            view! {
                <Form action flash class="dialog-form">
                    <Hidden name="items" value=items/>
                    <Hidden name="destination" value=container/>
                    <DialogButtons close><ConfirmButton label="Copy here" control/></DialogButtons>
                </Form>
            }
            .into_any()
        } else {
            let action = FormAction::<MoveHere>::new();
            view! {
                <Form action flash class="dialog-form">
                    <Hidden name="items" value=items/>
                    <Hidden name="destination" value=container/>
                    <Hidden name="back" value=close.clone()/>
                    <DialogButtons close><ConfirmButton label="Move here" control/></DialogButtons>
                </Form>
            }
            .into_any()
        }}
    }
}

/// The dialog showing another container.
fn place_address(listing: &Listing, open: &Move, org: &str, inside: String) -> String {
    let (items, to, copying) = (open.items.clone(), org.to_owned(), open.copying);
    listing.move_dialog(&Move { items, to, inside, copying, ..Move::default() })
}

/// Switcher, breadcrumbs and **New folder**.
#[component]
fn PlaceHeader(
    view: DestinationView,
    open: Move,
    listing: Listing,
    container: String,
    making_folder: Memo<bool>,
    flash: Option<FormFlash>,
) -> impl IntoView {
    let body = NodeRef::<html::Div>::new();
    // Opening a folder removes the link that had the focus, so the focus moves to the next thing to choose.
    Effect::new(move |_| {
        let Some(body) = body.get() else { return };
        once_connected(&body.clone(), move || {
            if nowhere()
                && let Some(dialog) = within(&body, "dialog")
                && let Some(next) = [".pick a", "footer button:not([disabled])", "header a"]
                    .iter()
                    .find_map(|wanted| all(&dialog, wanted).into_iter().next())
            {
                drop(next.focus());
            }
        });
    });
    let shown = view.organization;
    let several = !view.accounts.is_empty();
    let at_root = view.path.first().map(|crumb| crumb.id);
    let accounts: Vec<AccountEntry> = view
        .accounts
        .iter()
        .map(|account| AccountEntry {
            name: account.name.clone(),
            href: place_address(&listing, &open, &shown.org_id, account.root.to_string()),
            current: at_root == Some(account.root),
        })
        .collect();
    let role = words::role_here(&shown);
    let remark = if shown.id == view.source { role } else { format!("{role} · another organization") };
    let remark = match accounts.iter().find(|account| account.current) {
        Some(account) => format!("{} · {remark}", account.name),
        None => remark,
    };
    let entries = view
        .organizations
        .iter()
        .map(|membership| Entry {
            href: place_address(&listing, &open, &membership.org_id, String::new()),
            current: membership.id == shown.id,
            membership: membership.clone(),
            accounts: if membership.id == shown.id { accounts.clone() } else { Vec::new() },
        })
        .collect();
    let last = view.path.len().saturating_sub(1);
    let steps = view
        .path
        .iter()
        .enumerate()
        .map(|(index, crumb)| {
            let label = crumb.name.clone();
            if index == last {
                return Step::here(label);
            }
            let root = crumb.kind == Kind::Root;
            let inside = if root { root_of(crumb.id, several) } else { crumb.id.to_string() };
            Step::to(label, place_address(&listing, &open, &shown.org_id, inside))
        })
        .collect();
    let with_form = listing.move_dialog(&Move { making_folder: true, ..open.clone() });
    let create = view.create;
    let new_folder = move || {
        match (&create, making_folder.get()) {
        (Control::Absent, _) | (Control::Enabled, true) => ().into_any(),
        (Control::Disabled(reason), _) => {
            view! { <BlockedButton label="New folder" reason=reason.clone() tone=Tone::Quiet icon="plus"/> }.into_any()
        }
        (Control::Enabled, false) => view! {
            <a class=Tone::Quiet.class() href=with_form.clone() data-noscroll="" prop:replace=true><Icon name="plus"/>"New folder"</a>
        }
        .into_any(),
    }
    };
    let without_form = listing.move_dialog(&Move { making_folder: false, ..open.clone() });
    let into_it = place_address(&listing, &open, &shown.org_id, NEW_FOLDER_PLACEHOLDER.to_owned());
    let making = move || {
        making_folder.get().then(|| {
            view! {
                <NewFolder
                    parent=container.clone()
                    back=into_it.clone()
                    cancel=without_form.clone()
                    flash=flash.clone()
                />
            }
        })
    };
    view! {
        <div class="dialog-top">
            <Switcher id="dialog-switcher" current=Some(shown) remark entries in_place=true/>
            <div node_ref=body class="bar"><Breadcrumbs id="destination" label="Destination" steps in_place=true/><div class="end">{new_folder}</div></div>
            {making}
        </div>
    }
}

/// What the shown container holds, and why nothing can be put into it, if so.
#[component]
fn PlaceList(view: DestinationView, open: Move, listing: Listing) -> impl IntoView {
    let org = view.organization.org_id;
    let offer = view.may_offer.then(|| {
        let href = listing.offer_dialog(&open.items);
        view! { <div><ButtonLink href tone=Tone::Quiet icon="transfer" in_place=true>"Offer to another organization"</ButtonLink></div> }
    });
    let more = view.rows.next_cursor.map(|at| {
        let href = listing.move_dialog(&Move { at, making_folder: false, ..open.clone() });
        view! { <a class=Tone::Quiet.class() href=href data-noscroll="" prop:replace=true>"Next page"</a> }
    });
    // Datasets cannot be destinations. They come last and collapsed, so that folders are found among folders.
    let (containers, others): (Vec<DestinationRow>, Vec<DestinationRow>) =
        view.rows.items.into_iter().partition(|row| row.kind.is_container());
    let empty = containers.is_empty();
    let rows = containers
        .into_iter()
        .map(|row| view! { <PlaceRow href=place_address(&listing, &open, &org, row.id.to_string()) row/> })
        .collect_view();
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
    // The dialog starts in the items' own container, where a refusal needs no emphasis; in a place that was chosen it
    // does.
    let chosen = !(open.to.is_empty() && open.inside.is_empty());
    let why_not = match view.move_here {
        Control::Disabled(reason) => {
            let class = if chosen { "small why-not" } else { "small" };
            Some(view! { <p class=class id="why-not-here">{reason}</p> })
        }
        Control::Enabled | Control::Absent => None,
    };
    view! {
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
    }
}

/// **Move here** or **Copy here**.
#[component]
fn ConfirmButton(label: &'static str, control: Control) -> impl IntoView {
    match control {
        Control::Enabled => view! { <Submit label/> }.into_any(),
        Control::Disabled(reason) => view! {
            <button type="button" class="button primary" disabled=true title=reason aria-describedby="why-not-here">{label}</button>
        }
        .into_any(),
        Control::Absent => ().into_any(),
    }
}

/// One place: a link into it, or why it cannot be chosen.
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
        // A step inside the dialog replaces the history entry, so that Back closes the dialog.
        None => {
            view! { <li><a href=href data-noscroll="" prop:replace=true>{name}<Icon name="chevron-right"/></a></li> }
                .into_any()
        }
    }
}

/// **New folder** in the shown container. Afterwards the dialog shows the new folder, to move the items into it.
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
