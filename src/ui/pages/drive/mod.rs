//! The Drive (DRIVE): a container's list, or a dataset's page; over it the dialogs to create, rename and move.

pub mod access;
pub mod dataset;
pub mod drag;
pub mod edit;
pub mod list;
pub mod move_to;
pub mod place;
pub mod plan;
pub mod selection;
pub mod transfer;
pub mod tree;
pub mod window;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{NavigateOptions, hooks::use_navigate};

use self::{
    access::AccessDialog,
    dataset::DatasetContent,
    drag::{Drag, DragLayer, address_of},
    edit::{NewDialog, RenameDialog},
    list::{Filters, List, MenuDialog},
    move_to::MoveDialog,
    place::{Listing, Open, Place, Sort},
    selection::Selection,
    transfer::TransferDialog,
    tree::Tree,
    window::Rows,
};
use crate::{
    domain::{
        access::Act,
        command::Command,
        resource::Kind,
        role::{Permission, may},
        time::Timestamp,
        view::{Control, DriveView, ResourceView},
    },
    rpc::drive::drive_page,
    ui::{
        components::{
            breadcrumbs::{Breadcrumbs, Step},
            button::{BlockedButton, ButtonLink, Tone},
            empty::Skeleton,
            icon::Icon,
            menu::Menu,
            note::Note,
        },
        layout::{Arrival, Frame, PageHeader, Section},
        paths,
        routes::here,
        session::{Beginning, Session},
        trouble::Trouble,
        words,
    },
};

/// The page: `/o/{org}/drive` and `/o/{org}/drive/{resource}`.
#[component]
pub fn DrivePage() -> impl IntoView {
    let session = Session::get();
    let place = here(Place::read);
    let listing = Memo::new(move |_| place.with(|place| place.listing.clone()));
    let sort = Memo::new(move |_| place.with(Place::sort));
    // The answer keeps the question it answers: rows of one folder are never shown with the links of another.
    let drive = Resource::new(
        move || (listing.get(), session.version()),
        |(listing, _)| async move {
            let Listing { org, resource, sort, kind, status, q, cursor } = listing.clone();
            (listing, drive_page(org, resource, q, kind, status, sort, cursor).await)
        },
    );
    let loading = RwSignal::new(false);
    // They outlive what is loaded: looking again at the same list keeps what is selected and how far one has scrolled.
    let rows = Rows::new();
    let selection = Selection::new(rows);
    let drag = Drag::new();
    let root = RwSignal::new(None::<String>);
    let open_folder = {
        let navigate = use_navigate();
        move |id: String| {
            let to = listing.with_untracked(|listing| address_of(listing, &id, root.get_untracked()));
            navigate(&to, NavigateOptions::default());
        }
    };
    let org = Signal::derive(move || listing.with(|listing| listing.org.clone()));
    let dialog = move || match sort.get() {
        Sort::Nothing => ().into_any(),
        Sort::New(kind) => view! {
            <Suspense>
                {move || Suspend::new(async move {
                    let begin = Beginning::from(session.start().await);
                    let (listing, drive) = drive.await;
                    drive.ok().map(|drive| view! { <NewDialog kind listing drive flash=begin.form/> })
                })}
            </Suspense>
        }
        .into_any(),
        Sort::Menu(item) => view! {
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
        Sort::Rename(item) => view! {
            <Suspense>
                {move || {
                    let item = item.clone();
                    Suspend::new(async move {
                        let begin = Beginning::from(session.start().await);
                        let (listing, drive) = drive.await;
                        drive.ok().map(|drive| view! { <RenameDialog item listing drive flash=begin.form/> })
                    })
                }}
            </Suspense>
        }
        .into_any(),
        // The dialogs of the commands that are being built go here, one arm each.
        Sort::Ask(Command::Access, _) => view! { <AccessDialog place/> }.into_any(),
        Sort::Ask(..) => ().into_any(),
        Sort::Move => view! { <MoveDialog place/> }.into_any(),
        Sort::Transfer => view! { <TransferDialog place/> }.into_any(),
    };
    view! {
        <Frame section=Section::Drive org>
            {move || place.with(|place| match place.open {
                Open::NothingSelected(command) => Some(command),
                _ => None,
            }).map(|command| view! {
                <div role="alert">
                    <Note><p>{format!("Select items first, then choose {}.", command.title())}</p></Note>
                </div>
            })}
            <div
                class="loadable"
                on:dragstart=move |event| drag.start(&event, selection, rows)
                on:dragover=move |event| drag.over(&event, open_folder.clone())
                on:drop=move |event| listing.with_untracked(|listing| drag.drop(&event, listing))
                on:dragend=move |_| drag.end()
                aria-busy=move || (session.hydrated.get() && loading.get()).then_some("true")>
                <Transition fallback=Skeleton set_pending=loading>
                    {move || Suspend::new(async move {
                        let begin = Beginning::from(session.start().await);
                        match drive.await {
                            (listing, Ok(drive)) => {
                                root.set(drive.tree.first().map(|top| top.id.to_string()));
                                if rows.adopt(&listing, &drive) {
                                    selection.begin(&place.with_untracked(|place| match &place.open {
                                        Open::Move(_) | Open::Transfer(_) | Open::Ask(..) => place.items().to_vec(),
                                        _ => Vec::new(),
                                    }));
                                } else {
                                    selection.renew();
                                }
                                view! { <DriveContent drive listing selection rows now=begin.now/> }.into_any()
                            }
                            (_, Err(failure)) => view! { <Trouble failure/> }.into_any(),
                        }
                    })}
                </Transition>
            </div>
            {dialog}
            <DragLayer drag listing/>
        </Frame>
    }
    .into_any()
}

/// The page, loaded.
#[component]
fn DriveContent(drive: DriveView, listing: Listing, selection: Selection, rows: Rows, now: Timestamp) -> impl IntoView {
    let team = !drive.organization.personal;
    let invites = team && drive.organization.role.is_some_and(|role| may(role, Permission::ManagePeople));
    let header = match &drive.resource {
        Some(resource) => {
            view! { <ContainerHeader resource=resource.clone() listing=listing.clone() create=drive.create.clone() invites team/> }
                .into_any()
        }
        None if !listing.q.is_empty() => {
            let lead = format!("In everything of {} that you can see.", drive.organization.name);
            view! { <PageHeader title=format!("Results for “{}”", listing.q) lead/> }.into_any()
        }
        None => {
            let lead = format!("What people of {} gave you access to.", drive.organization.name);
            view! { <PageHeader title="Shared with you" lead/> }.into_any()
        }
    };
    let dataset = drive.resource.clone().filter(|resource| resource.kind == Kind::Dataset);
    let tree = drive.tree.clone();
    let narrow = dataset.is_none() && (drive.resource.is_some() || !listing.q.is_empty());
    view! {
        {header}
        <div class="drive-tools">
            <SearchField listing=listing.clone()/>
            {narrow.then(|| view! { <Filters listing=listing.clone()/> })}
        </div>
        <div class="drive-columns">
            <Tree tree listing=listing.clone()/>
            {match dataset {
                Some(resource) => view! { <div class="drive-page"><DatasetContent resource listing lacking=drive.lacking now/></div> }.into_any(),
                None => view! { <div class="drive-page"><List drive listing selection rows now/></div> }.into_any(),
            }}
        </div>
    }
}

/// **Search** through the whole organization: a form that leads to the results.
#[component]
fn SearchField(listing: Listing) -> impl IntoView {
    let action = paths::drive(&listing.org, "");
    let navigate = use_navigate();
    let input = NodeRef::<leptos::html::Input>::new();
    let org = listing.org.clone();
    let search = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let q = input.get_untracked().map(|input| input.value()).unwrap_or_default();
        let found = Listing { org: org.clone(), q: q.trim().to_owned(), ..Listing::default() };
        navigate(&found.address(), NavigateOptions::default());
    };
    // `/` leads here from anywhere on the page but a field (ux.md, "Keyboard").
    let by_key = window_event_listener(leptos::ev::keydown, move |event| {
        let typing = window::element_of(event.target()).is_some_and(|target| {
            crate::ui::components::selection::within(&target, "input:not([type=checkbox]), select, textarea, dialog")
                .is_some()
        });
        if event.key() == "/"
            && !typing
            && let Some(input) = input.get_untracked()
        {
            event.prevent_default();
            drop(input.focus());
        }
    });
    on_cleanup(move || by_key.remove());
    view! {
        <form class="search" role="search" method="get" action=action on:submit=search>
            <Icon name="search"/>
            <input node_ref=input type="search" name="q" aria-label="Search" placeholder="Search" value=listing.q maxlength="200" autocomplete="off"/>
        </form>
    }
}

/// The way here, and **New**.
#[component]
fn ContainerHeader(
    resource: ResourceView,
    listing: Listing,
    create: Control,
    invites: bool,
    team: bool,
) -> impl IntoView {
    let way = steps(&resource, &listing.org);
    let to_invite_to = if resource.kind == Kind::Root { String::new() } else { resource.id.to_string() };
    let invite = paths::invite(&listing.org, &to_invite_to);
    let name = if resource.kind == Kind::Root { Kind::Root.title().to_owned() } else { resource.name.clone() };
    let kinds: Vec<Kind> = Kind::CREATABLE.into_iter().filter(|kind| resource.kind.may_hold(*kind)).collect();
    let new = match create {
        _ if kinds.is_empty() => None,
        Control::Absent => None,
        Control::Disabled(reason) => {
            Some(view! { <BlockedButton label="New" reason tone=Tone::Primary icon="plus"/> }.into_any())
        }
        Control::Enabled => {
            let links = kinds
                .into_iter()
                .map(|kind| {
                    view! {
                        <a href=listing.new_dialog(kind) class=kind.word() data-noscroll="">
                            <Icon name=words::kind_icon(kind)/>
                            {format!("New {}", kind.title().to_lowercase())}
                        </a>
                    }
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
        <Arrival/>
        <header class="bar page-header">
            <Breadcrumbs id="crumbs" steps=way heading=true/>
            <div class="end">{access} {new}</div>
        </header>
    }
}

/// The steps from the root to a resource; for who does not see the root, from "Shared with you".
fn steps(resource: &ResourceView, org: &str) -> Vec<Step> {
    let from_root = resource.path.first().is_some_and(|crumb| crumb.kind == Kind::Root);
    let mut steps = Vec::new();
    if !from_root && resource.kind != Kind::Root {
        steps.push(Step::to("Shared with you", paths::drive(org, "")));
    }
    for crumb in &resource.path {
        let label = if crumb.kind == Kind::Root { Kind::Root.title().to_owned() } else { crumb.name.clone() };
        if crumb.id == resource.id {
            steps.push(Step::here(label));
        } else if crumb.kind == Kind::Root {
            steps.push(Step::to(label, paths::drive(org, "")).holding(crumb.id.to_string(), crumb.kind.word()));
        } else {
            let href = paths::drive(org, &crumb.id.to_string());
            steps.push(Step::to(label, href).holding(crumb.id.to_string(), crumb.kind.word()));
        }
    }
    // The path leads down to the resource itself; should it once not, the page still needs its heading.
    if steps.last().is_none_or(|step| step.href.is_some()) {
        steps.push(Step::here(if resource.kind == Kind::Root {
            Kind::Root.title().to_owned()
        } else {
            resource.name.clone()
        }));
    }
    steps
}
