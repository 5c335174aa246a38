//! The Drive (DRIVE): a container's list, or a dataset's page; over it the dialogs to create, rename and move.

pub mod access;
pub mod blockers;
pub mod content;
pub mod dataset;
pub mod details;
pub mod dialogs;
pub mod discard;
pub mod drag;
pub mod edit;
pub mod files_place;
pub mod filters;
pub mod grid;
pub mod header;
pub mod immediate;
pub mod list;
pub mod move_to;
pub mod offer;
pub mod plan;
pub mod restrict;
pub mod route;
pub mod row;
pub mod row_menu;
pub mod search;
pub mod selection;
pub mod share;
pub mod share_copy;
pub mod shortcuts;
pub mod site;
pub mod task_panel;
pub mod toolbar;
pub mod transfer;
pub mod tree;
pub mod view_as;
pub mod view_mode;
pub mod virtual_rows;

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};

use self::{
    content::DriveContent,
    dataset::FilesState,
    dialogs::drive_dialog,
    drag::{Drag, DragLayer},
    files_place::{FilesPlace, Tab},
    route::{DriveRoute, Listing, OpenDialog},
    selection::Selection,
    task_panel::TaskPanel,
    view_as::ViewAsNotFound,
    virtual_rows::{Adopted, VirtualRows},
};
use crate::{
    rpc::{ask, drive::drive_page},
    ui::{
        components::{empty::Skeleton, note::Note},
        error_page::ErrorPage,
        layout::{Frame, Section},
        live,
        location::use_route_query,
        session::Session,
        suspend::rebuilt,
    },
    view::query::DriveQuery,
};

/// The page: `/o/{org}/drive` and `/o/{org}/drive/{resource}`.
#[component]
pub fn DrivePage() -> impl IntoView {
    let session = Session::get();
    let route = use_route_query(DriveRoute::read);
    let listing = Memo::new(move |_| route.with(|route| route.listing.clone()));
    let wanted = Memo::new(move |_| listing.with(|listing| (listing.plain(), listing.files.tab == Tab::Overview)));
    let view_mode = Memo::new(move |_| listing.with(|listing| listing.view_mode));
    let dialog_kind = Memo::new(move |_| route.with(DriveRoute::dialog_kind));
    // The listing is returned with the data, so that rows of one folder are never shown with links of another.
    let drive = ask(
        move || (wanted.get(), session.version()),
        |((listing, overview), _)| async move {
            let Listing { org, resource, sort, kind, status, q, cursor, view_as, .. } = listing.clone();
            let query = DriveQuery { org, resource, q, kind, status, sort, cursor, view_as, overview };
            (listing, drive_page(query).await)
        },
    );
    let files = dataset::load_files(listing, session);
    let loading = RwSignal::new(false);
    // These outlive the loaded data: when the same list is loaded again, selection and scroll position stay.
    let rows = VirtualRows::empty();
    let selection = Selection::new(rows, session);
    let files_state = FilesState::default();
    let files_as_rows = Memo::new(move |_| listing.with(|listing| listing.files.rows));
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
    let dialog = move || drive_dialog(dialog_kind.get(), route, listing, drive);
    view! {
        <Frame section=Section::Drive org>
            {move || route.with(DriveRoute::nothing_selected).map(|command| view! {
                <div role="alert">
                    <Note><p>{format!("Select items first, then choose {command}.")}</p></Note>
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
                    {rebuilt(move || {
                        let (view_mode, files_as_rows) = (view_mode.get(), files_as_rows.get());
                        async move {
                        let context = session.context().await;
                        let files = files.await;
                        match drive.await {
                            (listing, Ok(drive)) => {
                                let view_mode = view_mode.or_preferred(context.preferences);
                                files_state.adopt(&files, route.with_untracked(|route| route.listing.files.selected.clone()));
                                let place = FilesPlace { rows: files_as_rows, ..files.place_in(&listing.resource) };
                                let listing = Listing { view_mode, files: place, ..listing };
                                // With several accounts, each root has its own address.
                                let several = drive.resource.as_ref().is_some_and(|shown| shown.account_name.is_some());
                                root.set(drive.tree.first().map(|top| top.id.to_string()).filter(|_| !several));
                                let address = live::stream_of(&drive);
                                if stream.with_untracked(|now| *now != address) {
                                    stream.set(address);
                                }
                                match rows.adopt(&listing, &drive) {
                                    Adopted::Same => selection.reloaded(),
                                    Adopted::Reordered => selection.reordered(),
                                    // The address of a dialog names its items in place of the selection it
                                    // was opened from.
                                    Adopted::Other => selection.show_list(&route.with_untracked(|route| match &route.open {
                                        OpenDialog::Move(_) | OpenDialog::Transfer(_) | OpenDialog::Ask(..) => route.items().to_vec(),
                                        _ => route.listing.selected.clone(),
                                    })),
                                }
                                view! { <DriveContent drive listing selection rows files files_state now=context.now flash=context.form/> }.into_any()
                            }
                            (listing, Err(failure)) => view! { <ViewAsNotFound listing/><ErrorPage failure/> }.into_any(),
                        }
                    }})}
                </Transition>
            </div>
            {dialog}
            <DragLayer drag listing/>
            {move || listing.with(|listing| !listing.is_view_as()).then(|| view! { <TaskPanel org/> })}
        </Frame>
    }
    .into_any()
}
