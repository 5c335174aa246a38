//! The Drive (DRIVE): a container's list, or a dataset's page; over it the dialogs to create, rename and move.

pub mod access;
pub mod blockers;
pub mod dataset;
pub mod details;
pub mod drag;
pub mod edit;
pub mod immediate;
pub mod list;
pub mod live;
pub mod move_to;
pub mod offer;
pub mod plan;
pub mod restrict;
pub mod route;
pub mod selection;
pub mod share;
pub mod share_copy;
pub mod site;
pub mod task_panel;
pub mod transfer;
pub mod tree;
pub mod view_as;
pub mod virtual_rows;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{NavigateOptions, hooks::use_navigate};

use self::{
    access::AccessDialog,
    dataset::DatasetContent,
    details::Details,
    drag::{Drag, DragLayer},
    edit::{NewDialog, RenameDialog},
    immediate::ConfirmDialog,
    list::{Filters, List, MenuDialog},
    move_to::MoveDialog,
    offer::OfferDialog,
    restrict::{RestrictDialog, RestrictedNote},
    route::{DialogKind, DriveRoute, Listing, OpenDialog, SHARED_WITH_ME, ViewMode, root_of},
    selection::Selection,
    share::ShareDialog,
    share_copy::ShareCopyDialog,
    site::{AssignDialog, Timeline},
    task_panel::TaskPanel,
    transfer::TransferDialog,
    tree::Tree,
    view_as::{ViewAsBanner, ViewAsNotFound},
    virtual_rows::{Adopted, VirtualRows},
};
use crate::{
    domain::{
        access::Act,
        command::Command,
        resource::Kind,
        role::{Permission, may},
        time::Timestamp,
    },
    rpc::{FormFlash, ask, drive::drive_page, preferences::RememberViewMode},
    ui::{
        components::{
            breadcrumbs::{Breadcrumbs, Step},
            button::{BlockedButton, ButtonLink, Tone},
            empty::Skeleton,
            icon::Icon,
            menu::Menu,
            note::{Mood, Note},
        },
        error_page::ErrorPage,
        form_action::FormAction,
        layout::{FocusHeading, Frame, PageHeader, Section},
        paths,
        routes::use_route_query,
        sales::GetLicence,
        session::{PageContext, Session},
        words,
    },
    view::{Control, DriveView, ResourceView, query::DriveQuery},
};

/// The page: `/o/{org}/drive` and `/o/{org}/drive/{resource}`.
#[component]
pub fn DrivePage() -> impl IntoView {
    let session = Session::get();
    let route = use_route_query(DriveRoute::read);
    let listing = Memo::new(move |_| route.with(|route| route.listing.clone()));
    let wanted = Memo::new(move |_| listing.with(Listing::plain));
    let view_mode = Memo::new(move |_| listing.with(|listing| listing.view_mode));
    let sort = Memo::new(move |_| route.with(DriveRoute::sort));
    // The answer keeps the question it answers: rows of one folder are never shown with the links of another.
    let drive = ask(
        move || (wanted.get(), session.version()),
        |(listing, _)| async move {
            let Listing { org, resource, sort, kind, status, q, cursor, view_as, .. } = listing.clone();
            let query = DriveQuery { org, resource, q, kind, status, sort, cursor, view_as };
            (listing, drive_page(query).await)
        },
    );
    let loading = RwSignal::new(false);
    // They outlive what is loaded: looking again at the same list keeps what is selected and how far one has scrolled.
    let rows = VirtualRows::of_no_list();
    let selection = Selection::new(rows, session);
    let drag = Drag::nothing();
    let root = RwSignal::new(None::<String>);
    let open_folder = {
        let navigate = use_navigate();
        move |id: String| {
            let is_root = root.with_untracked(|root| root.as_ref() == Some(&id));
            let to = listing.with_untracked(|listing| listing.container(if is_root { "" } else { &id }));
            navigate(&to, NavigateOptions::default());
        }
    };
    let enter_folder = open_folder.clone();
    let stream = RwSignal::new(None::<String>);
    live::follow(stream.into());
    let org = Signal::derive(move || listing.with(|listing| listing.org.clone()));
    let dialog = move || match sort.get() {
        DialogKind::Nothing => ().into_any(),
        DialogKind::New(kind) => view! {
            <Suspense>
                {move || Suspend::new(async move {
                    let begin = PageContext::from(session.start().await);
                    let (listing, drive) = drive.await;
                    drive.ok().map(|drive| view! { <NewDialog kind listing drive flash=begin.form/> })
                })}
            </Suspense>
        }
        .into_any(),
        DialogKind::Menu(item) => view! {
            <Suspense>
                {move || {
                    let item = item.clone();
                    Suspend::new(async move {
                        let (listing, drive) = drive.await;
                        drive.ok().map(|drive| view! { <MenuDialog item listing drive/> })
                    })
                }}
            </Suspense>
        }
        .into_any(),
        DialogKind::Rename(item) => view! {
            <Suspense>
                {move || {
                    let item = item.clone();
                    Suspend::new(async move {
                        let begin = PageContext::from(session.start().await);
                        let (listing, drive) = drive.await;
                        drive.ok().map(|drive| view! { <RenameDialog item listing drive flash=begin.form/> })
                    })
                }}
            </Suspense>
        }
        .into_any(),
        // The dialogs of the commands that are being built go here, one arm each.
        DialogKind::Ask(Command::Assign, items) => {
            let listing = listing.get();
            view! { <AssignDialog items listing/> }.into_any()
        }
        DialogKind::Ask(command @ (Command::Trash | Command::Unassign), items) => {
            let listing = listing.get();
            view! { <ConfirmDialog command items listing/> }.into_any()
        }
        DialogKind::Ask(Command::ShareCopy, items) => {
            let listing = listing.get();
            view! { <ShareCopyDialog items listing/> }.into_any()
        }
        DialogKind::Ask(Command::Access, _) => view! { <AccessDialog route/> }.into_any(),
        DialogKind::Ask(Command::Share, items) => items
            .into_iter()
            .next()
            .map(|item| view! { <ShareDialog item listing=listing.get_untracked()/> })
            .into_any(),
        DialogKind::Ask(Command::Restrict, items) => items
            .into_iter()
            .next()
            .map(|item| view! { <RestrictDialog item listing=listing.get_untracked()/> })
            .into_any(),
        DialogKind::Ask(..) => ().into_any(),
        DialogKind::Move => view! { <MoveDialog route/> }.into_any(),
        DialogKind::Transfer => view! { <TransferDialog route/> }.into_any(),
        DialogKind::Offer => view! { <OfferDialog route/> }.into_any(),
    };
    view! {
        <Frame section=Section::Drive org>
            {move || route.with(|route| match route.open {
                OpenDialog::NothingSelected(command) => Some(command),
                _ => None,
            }).map(|command| view! {
                <div role="alert">
                    <Note><p>{format!("Select items first, then choose {}.", command.label())}</p></Note>
                </div>
            })}
            <div
                class="loadable"
                on:dragstart=move |event| drag.start(&event, selection, rows)
                on:dragenter=move |event| drag.over(&event, enter_folder.clone())
                on:dragover=move |event| drag.over(&event, open_folder.clone())
                on:drop=move |event| listing.with_untracked(|listing| drag.drop(&event, listing))
                on:dragend=move |_| drag.end()
                aria-busy=move || (session.hydrated.get() && loading.get()).then_some("true")>
                <Transition fallback=Skeleton set_pending=loading>
                    {move || {
                        let view_mode = view_mode.get();
                        Suspend::new(async move {
                        let begin = PageContext::from(session.start().await);
                        match drive.await {
                            (listing, Ok(drive)) => {
                                let listing = Listing { view_mode: view_mode.or_preferred(begin.preferences), ..listing };
                                // Of several accounts, each has its own address.
                                let several = drive.resource.as_ref().is_some_and(|shown| shown.account_name.is_some());
                                root.set(drive.tree.first().map(|top| top.id.to_string()).filter(|_| !several));
                                let address = live::stream_of(&drive);
                                if stream.with_untracked(|now| *now != address) {
                                    stream.set(address);
                                }
                                match rows.adopt(&listing, &drive) {
                                    Adopted::Same => selection.renew(),
                                    Adopted::Reordered => selection.reorder(),
                                    Adopted::Other => selection.begin(&route.with_untracked(|route| match &route.open {
                                        OpenDialog::Move(_) | OpenDialog::Transfer(_) | OpenDialog::Ask(..) => route.items().to_vec(),
                                        _ => route.listing.selected.clone(),
                                    })),
                                }
                                view! { <DriveContent drive listing selection rows now=begin.now flash=begin.form/> }.into_any()
                            }
                            (listing, Err(failure)) => view! { <ViewAsNotFound listing/><ErrorPage failure/> }.into_any(),
                        }
                    })}}
                </Transition>
            </div>
            {dialog}
            <DragLayer drag listing/>
            {move || listing.with(|listing| !listing.is_view_as()).then(|| view! { <TaskPanel org/> })}
        </Frame>
    }
    .into_any()
}

/// The page, loaded.
#[component]
fn DriveContent(
    drive: DriveView,
    listing: Listing,
    selection: Selection,
    rows: VirtualRows,
    now: Timestamp,
    flash: Option<FormFlash>,
) -> impl IntoView {
    let team = !drive.organization.personal;
    let view_as = drive.view_as.clone();
    let own = view_as.is_none();
    let invites = own && team && drive.organization.role.is_some_and(|role| may(role, Permission::ManagePeople));
    let header = match &drive.resource {
        Some(resource) => {
            view! { <ContainerHeader resource=resource.clone() listing=listing.clone() create=drive.create.clone() no_sites=drive.lacking.assign.clone() expired=drive.lacking.create.clone() invites team=team && own shared_elsewhere=drive.shared_elsewhere/> }
                .into_any()
        }
        None if !listing.q.is_empty() => {
            let lead = format!("In everything that you can see in {}.", drive.organization.name);
            view! { <PageHeader title=format!("Results for “{}”", listing.q) lead/> }.into_any()
        }
        None => {
            let lead = format!("What people in {} shared with you.", drive.organization.name);
            let trash = paths::trash(&listing.org);
            view! {
                <PageHeader title="Shared with you" lead>
                    {own.then(|| view! { <ButtonLink href=trash tone=Tone::Quiet icon="trash">"Trash"</ButtonLink> })}
                </PageHeader>
            }
            .into_any()
        }
    };
    let dataset = drive.resource.clone().filter(|resource| resource.kind == Kind::Dataset);
    let tree = drive.tree.clone();
    let details = listing.view_mode.details && dataset.is_none();
    let panel =
        details.then(|| view! { <Details resource=drive.resource.clone() selection listing=listing.clone() offered=drive.offered.clone() now/> });
    let narrow = dataset.is_none() && (drive.resource.is_some() || !listing.q.is_empty());
    let timeline = drive.timeline.clone();
    // A dataset's page says it where it says what processing costs.
    let expired = drive.lacking.create.clone().filter(|_| dataset.is_none() && drive.resource.is_some());
    let (org, processing) = (listing.org.clone(), drive.processing.clone());
    let origins = drive.resource.as_ref().map(|resource| resource.restricted_by.clone()).unwrap_or_default();
    let level = drive.resource.as_ref().map(|resource| resource.level);
    let note = view_as.map(|view_as| view! { <ViewAsBanner view_as level listing=listing.clone()/> });
    view! {
        {note}
        {header}
        {expired.map(|reason| view! { <LicenceNote reason org/> })}
        <RestrictedNote origins/>
        <div class="drive-tools">
            <SearchField listing=listing.clone() organization=drive.organization.name.clone()/>
            {narrow.then(|| view! { <Filters listing=listing.clone()/> })}
            {narrow.then(|| view! { <ViewModeSwitch listing=listing.clone()/> })}
        </div>
        {timeline.map(|timeline| view! { <Timeline timeline listing=listing.clone()/> })}
        <div class="drive-columns" class:with-details=details>
            <Tree tree several=drive.resource.as_ref().is_some_and(|shown| shown.account_name.is_some()) listing=listing.clone()/>
            {match dataset {
                Some(resource) => view! { <div class="drive-page"><DatasetContent resource listing lacking=drive.lacking processing now flash/></div> }.into_any(),
                None => view! { <div class="drive-page"><List drive listing selection rows now/></div> }.into_any(),
            }}
            {panel}
        </div>
    }
}

/// What an expired licence takes away (LIC-6), and the way out for who may take it.
#[component]
fn LicenceNote(reason: String, org: String) -> impl IntoView {
    view! {
        <Note mood=Mood::Warning>
            <p>{reason}</p>
            <div><GetLicence org/></div>
        </Note>
    }
}

/// The keys of the list, and what they do.
const SHORTCUTS: [(&str, &str); 12] = [
    ("↑ ↓", "Move between rows; hold Shift to select"),
    ("Space", "Select"),
    ("Ctrl A", "Select all loaded rows; press again to select everything"),
    ("Esc", "Clear selection"),
    ("Enter", "Open"),
    ("Alt ↑", "Go up one folder"),
    ("F2", "Rename"),
    ("M", "Move to"),
    ("Delete", "Move to trash"),
    ("I", "Show or hide details"),
    ("/", "Search"),
    ("?", "These shortcuts"),
];

/// How the list is looked at: rows or tiles, with or without details.
#[component]
fn ViewModeSwitch(listing: Listing) -> impl IntoView {
    let view_mode = listing.view_mode;
    let tiles = listing.with_view(ViewMode { grid: !view_mode.grid, said: true, ..view_mode });
    let session = Session::get();
    let remember = FormAction::<RememberViewMode>::new();
    let on_tiles = move |_| {
        remember.dispatch(RememberViewMode { view_mode: if view_mode.grid { "list" } else { "grid" }.to_owned() });
    };
    let panel = listing.with_view(ViewMode { details: !view_mode.details, ..view_mode });
    // `i` shows and hides the details while the list has the focus (WCAG 2.1.4).
    let by_key = {
        let (panel, navigate) = (panel.clone(), use_navigate());
        window_event_listener(leptos::ev::keydown, move |event| {
            let in_list = virtual_rows::element_of(event.target())
                .is_some_and(|target| crate::ui::components::selection::within(&target, "tr[data-id]").is_some());
            if in_list
                && session.letter_keys()
                && event.key() == "i"
                && !event.ctrl_key()
                && !event.meta_key()
                && !event.alt_key()
            {
                event.prevent_default();
                navigate(&panel, NavigateOptions { scroll: false, ..NavigateOptions::default() });
            }
        })
    };
    on_cleanup(move || by_key.remove());
    let keys = NodeRef::<leptos::html::Div>::new();
    let help = window_event_listener(leptos::ev::keydown, move |event| {
        let typing = virtual_rows::element_of(event.target()).is_some_and(|target| {
            crate::ui::components::selection::within(&target, "input:not([type=checkbox]), select, textarea, dialog")
                .is_some()
        });
        if event.key() == "?"
            && session.letter_keys()
            && !typing
            && let Some(keys) = keys.get_untracked()
        {
            event.prevent_default();
            drop(keys.show_popover());
        }
    });
    on_cleanup(move || help.remove());
    let shortcuts = SHORTCUTS
        .map(|(keys, what)| view! { <div class="fact"><dt><kbd>{keys}</kbd></dt><dd>{what}</dd></div> })
        .collect_view();
    let (words, icon) = if view_mode.grid { ("Show as list", "menu") } else { ("Show as grid", "grid") };
    view! {
        <div class="view-modes">
            <a class="button icon-only quiet" href=tiles on:click=on_tiles aria-label=words title=words data-noscroll=""><Icon name=icon/></a>
            <a class="button icon-only quiet" class:on=view_mode.details href=panel aria-label="Details" title="Details (i)" aria-expanded=view_mode.details.to_string() data-noscroll=""><Icon name="info"/></a>
            <button type="button" class="button icon-only quiet from-desktop" popovertarget="keys" aria-label="Keyboard shortcuts" title="Keyboard shortcuts (?)"><Icon name="keyboard"/></button>
            <div node_ref=keys id="keys" popover="auto" class="menu keys" role="dialog" aria-label="Keyboard shortcuts">
                <div class="bar">
                    <h2>"Keyboard shortcuts"</h2>
                    <button type="button" class="button icon-only quiet end" popovertarget="keys" popovertargetaction="hide" aria-label="Close">
                        <Icon name="close"/>
                    </button>
                </div>
                <dl class="facts">{shortcuts}</dl>
                <p class="small">"You can turn off single-key shortcuts in " <a href=paths::account("")>"My account"</a> "."</p>
            </div>
        </div>
    }
}

/// **Search** through the whole organization: a form that leads to the results.
#[component]
fn SearchField(
    listing: Listing,
    /// The name of what is searched.
    organization: String,
) -> impl IntoView {
    let action = paths::drive(&listing.org, "");
    let navigate = use_navigate();
    let input = NodeRef::<leptos::html::Input>::new();
    let session = Session::get();
    let view_as = listing.view_as.clone();
    let q = listing.q.clone();
    let search = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let q = input.get_untracked().map(|input| input.value()).unwrap_or_default();
        navigate(&listing.search(q.trim()), NavigateOptions::default());
    };
    // `/` leads here from anywhere on the page but a field (ux.md, "Keyboard").
    let by_key = window_event_listener(leptos::ev::keydown, move |event| {
        let typing = virtual_rows::element_of(event.target()).is_some_and(|target| {
            crate::ui::components::selection::within(&target, "input:not([type=checkbox]), select, textarea, dialog")
                .is_some()
        });
        if event.key() == "/"
            && session.letter_keys()
            && !typing
            && let Some(input) = input.get_untracked()
        {
            event.prevent_default();
            drop(input.focus());
        }
    });
    on_cleanup(move || by_key.remove());
    view! {
        <form class="drive-search" role="search" method="get" action=action on:submit=search>
            <Icon name="search"/>
            {(!view_as.is_empty()).then(|| view! { <input type="hidden" name="as" value=view_as/> })}
            <input node_ref=input type="search" name="q" aria-label="Search" placeholder=format!("Search {organization}") value=q maxlength="200" autocomplete="off"/>
            <kbd aria-hidden="true" hidden=move || !(session.hydrated.get() && session.letter_keys())>"/"</kbd>
        </form>
    }
}

/// The way here, and **New**.
#[component]
fn ContainerHeader(
    resource: ResourceView,
    listing: Listing,
    create: Control,
    /// Why there can be no sites, if so (LIC-4).
    no_sites: Option<String>,
    /// What the note under the header says of the licence, if there is one.
    expired: Option<String>,
    invites: bool,
    team: bool,
    shared_elsewhere: bool,
) -> impl IntoView {
    let way = steps(&resource, &listing, shared_elsewhere);
    let to_invite_to = if resource.kind == Kind::Root { String::new() } else { resource.id.to_string() };
    let invite = paths::invite(&listing.org, &to_invite_to);
    let name = resource.name.clone();
    let kinds: Vec<Kind> = Kind::CREATABLE.into_iter().filter(|kind| resource.kind.may_hold(*kind)).collect();
    let new = match create {
        _ if kinds.is_empty() => None,
        Control::Absent => None,
        Control::Disabled(reason) => {
            let told = expired.as_ref() == Some(&reason);
            Some(view! { <BlockedButton label="New" reason tone=Tone::Primary icon="plus" told/> }.into_any())
        }
        Control::Enabled => {
            let links = kinds
                .into_iter()
                .map(|kind| {
                    let refused = no_sites.clone().filter(|_| kind == Kind::Site);
                    if let Some(reason) = refused {
                        return view! {
                            <span class="menu-off with-icon"><Icon name=words::kind_icon(kind)/>"New site"<small class="menu-note">{reason}</small></span>
                        }
                        .into_any();
                    }
                    view! {
                        <a href=listing.new_dialog(kind) class=kind.as_str() data-noscroll="">
                            <Icon name=words::kind_icon(kind)/>
                            {format!("New {}", kind.label().to_lowercase())}
                        </a>
                    }
                    .into_any()
                })
                .collect_view();
            Some(
                view! {
                    <Menu id="new-menu" label="New" class="button primary" button=|| view! { <Icon name="plus"/> "New" }.into_any()>
                        {links}
                        {invites.then(|| view! {
                            <div class="menu-foot"><a href=invite><Icon name="mail"/>"Invite people"</a></div>
                        })}
                    </Menu>
                }
                .into_any(),
            )
        }
    };
    // A dataset's page has its own commands.
    let manages = resource.level >= Act::GiveAccess.needs() && resource.kind != Kind::Dataset && team;
    let access = manages.then(|| {
        let href = listing.dialog(Command::Access, &[resource.id.to_string()]);
        view! { <ButtonLink href icon="people" in_place=true>"Manage access"</ButtonLink> }
    });
    view! {
        <Title text=name/>
        <FocusHeading/>
        <header class="bar page-header">
            <Breadcrumbs id="crumbs" steps=way heading=true/>
            <div class="end">
                {shared_elsewhere.then(|| view! { <ButtonLink href=listing.container(SHARED_WITH_ME) tone=Tone::Quiet icon="people">"Shared with you"</ButtonLink> })}
                {(!listing.is_view_as()).then(|| view! {
                    <ButtonLink href=paths::trash(&listing.org) tone=Tone::Quiet icon="trash">"Trash"</ButtonLink>
                })}
                {access}
                {new}
            </div>
        </header>
    }
}

/// The steps from the root to a resource; for who does not see the root, from "Shared with you".
fn steps(resource: &ResourceView, listing: &Listing, shared_elsewhere: bool) -> Vec<Step> {
    let from_root = resource.path.first().is_some_and(|crumb| crumb.kind == Kind::Root);
    let mut steps = Vec::new();
    if !from_root && resource.kind != Kind::Root {
        steps.push(Step::to("Shared with you", listing.container(if shared_elsewhere { SHARED_WITH_ME } else { "" })));
    }
    for crumb in &resource.path {
        let label = crumb.name.clone();
        if crumb.id == resource.id {
            steps.push(Step::here(label));
        } else if crumb.kind == Kind::Root {
            let href = listing.container(&root_of(crumb.id, resource.account_name.is_some()));
            steps.push(Step::to(label, href).holding(crumb.id.to_string(), crumb.kind.as_str()));
        } else {
            let href = listing.container(&crumb.id.to_string());
            steps.push(Step::to(label, href).holding(crumb.id.to_string(), crumb.kind.as_str()));
        }
    }
    // The path leads down to the resource itself; should it once not, the page still needs its heading.
    if steps.last().is_none_or(|step| step.href.is_some()) {
        steps.push(Step::here(resource.name.clone()));
    }
    steps
}
