//! The Drive (DRIVE): a container's list, or a dataset's page; over it the dialogs to create, rename and move.

pub mod dataset;
pub mod edit;
pub mod list;
pub mod live;
pub mod move_to;
pub mod place;
pub mod plan;
pub mod restrict;
pub mod selection;
pub mod share;
pub mod transfer;

use leptos::prelude::*;
use leptos_meta::Title;

use self::{
    dataset::DatasetContent,
    edit::{NewDialog, RenameDialog},
    list::List,
    move_to::MoveDialog,
    place::{Listing, Open, Place, Sort},
    restrict::{RestrictDialog, RestrictedNote},
    share::ShareDialog,
    transfer::TransferDialog,
};
use crate::{
    domain::{
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
            button::{BlockedButton, Tone},
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
            let Listing { org, resource, sort, cursor } = listing.clone();
            (listing, drive_page(org, resource, sort, cursor).await)
        },
    );
    let loading = RwSignal::new(false);
    let stream = RwSignal::new(None::<String>);
    live::follow(stream.into());
    // What was listed before: the same list, looked at again, keeps what is selected.
    let before = StoredValue::new(None::<Listing>);
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
        Sort::Ask(Command::Share, items) => items
            .into_iter()
            .next()
            .map(|item| view! { <ShareDialog item listing=listing.get_untracked()/> })
            .into_any(),
        Sort::Ask(Command::Restrict, items) => items
            .into_iter()
            .next()
            .map(|item| view! { <RestrictDialog item listing=listing.get_untracked()/> })
            .into_any(),
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
            <div class="loadable" aria-busy=move || (session.hydrated.get() && loading.get()).then_some("true")>
                <Transition fallback=Skeleton set_pending=loading>
                    {move || Suspend::new(async move {
                        let begin = Beginning::from(session.start().await);
                        match drive.await {
                            (listing, Ok(drive)) => {
                                let address = live::stream_of(&drive);
                                if stream.with_untracked(|now| now.as_ref() != Some(&address)) {
                                    stream.set(Some(address));
                                }
                                let same = before.with_value(|before| before.as_ref() == Some(&listing));
                                before.set_value(Some(listing.clone()));
                                let kept = if same && session.hydrated.get_untracked() { live::checked() } else { Vec::new() };
                                let selected = place.with_untracked(|place| match &place.open {
                                    Open::Move(_) | Open::Transfer(_) | Open::Ask(..) => place.items().to_vec(),
                                    _ => kept,
                                });
                                view! { <DriveContent drive listing selected now=begin.now/> }.into_any()
                            }
                            (_, Err(failure)) => view! { <Trouble failure/> }.into_any(),
                        }
                    })}
                </Transition>
            </div>
            {dialog}
        </Frame>
    }
    .into_any()
}

/// The page, loaded.
#[component]
fn DriveContent(drive: DriveView, listing: Listing, selected: Vec<String>, now: Timestamp) -> impl IntoView {
    let team = !drive.organization.personal;
    let invites = team && drive.organization.role.is_some_and(|role| may(role, Permission::ManagePeople));
    let header = match &drive.resource {
        Some(resource) => {
            view! { <ContainerHeader resource=resource.clone() listing=listing.clone() create=drive.create.clone() invites/> }
                .into_any()
        }
        None => {
            let lead = format!("What people of {} gave you access to.", drive.organization.name);
            view! { <PageHeader title="Shared with you" lead/> }.into_any()
        }
    };
    let dataset = drive.resource.clone().filter(|resource| resource.kind == Kind::Dataset);
    let origins = drive.resource.as_ref().map(|resource| resource.restricted_by.clone()).unwrap_or_default();
    view! {
        {header}
        <RestrictedNote origins/>
        {match dataset {
            Some(resource) => view! { <DatasetContent resource listing lacking=drive.lacking now/> }.into_any(),
            None => view! { <List drive listing selected now/> }.into_any(),
        }}
    }
}

/// The way here, and **New**.
#[component]
fn ContainerHeader(resource: ResourceView, listing: Listing, create: Control, invites: bool) -> impl IntoView {
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
    view! {
        <Title text=name/>
        <Arrival/>
        <header class="bar page-header">
            <Breadcrumbs id="crumbs" steps=way heading=true/>
            <div class="end">{new}</div>
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
            steps.push(Step::to(label, paths::drive(org, "")));
        } else {
            steps.push(Step::to(label, paths::drive(org, &crumb.id.to_string())));
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
