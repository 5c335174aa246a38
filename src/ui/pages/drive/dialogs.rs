//! Which dialog is open over the Drive.

use leptos::prelude::*;

use super::{
    access::AccessDialog,
    dataset::{dialogs::FilesCommandDialog, show::FileDialog},
    edit::{NewDialog, RenameDialog},
    immediate::ConfirmDialog,
    move_to::MoveDialog,
    offer::OfferDialog,
    restrict::RestrictDialog,
    route::{DialogKind, DriveRoute, Listing},
    row_menu::MenuDialog,
    share::ShareDialog,
    share_copy::ShareCopyDialog,
    site::AssignDialog,
    transfer::TransferDialog,
};
use crate::{
    domain::command::Command,
    rpc::{Asked, Failure},
    ui::{
        pages::{drive::discard::DiscardDialog, jobs::process::ProcessDialog},
        session::Session,
        suspend::rebuilt,
    },
    view::DriveView,
};

/// What the Drive page loaded, with the listing that it was loaded for.
pub type LoadedDrive = Asked<(Listing, Result<DriveView, Failure>)>;

/// The dialog of this kind.
pub fn drive_dialog(kind: DialogKind, route: Memo<DriveRoute>, listing: Memo<Listing>, drive: LoadedDrive) -> AnyView {
    let session = Session::get();
    match kind {
        DialogKind::Nothing => ().into_any(),
        DialogKind::New(kind) => view! {
            <Suspense>
                {rebuilt(move || async move {
                    let context = session.context().await;
                    let (listing, drive) = drive.await;
                    drive.ok().map(|drive| view! { <NewDialog kind listing drive flash=context.form/> })
                })}
            </Suspense>
        }
        .into_any(),
        DialogKind::Menu(item) => view! {
            <Suspense>
                {rebuilt(move || {
                    let item = item.clone();
                    async move {
                        let (listing, drive) = drive.await;
                        drive.ok().map(|drive| view! { <MenuDialog item listing drive/> })
                    }
                })}
            </Suspense>
        }
        .into_any(),
        DialogKind::Rename(item) => view! {
            <Suspense>
                {rebuilt(move || {
                    let item = item.clone();
                    async move {
                        let context = session.context().await;
                        let (listing, drive) = drive.await;
                        drive.ok().map(|drive| view! { <RenameDialog item listing drive flash=context.form/> })
                    }
                })}
            </Suspense>
        }
        .into_any(),
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
        DialogKind::Process => {
            let app = Memo::new(move |_| route.with(DriveRoute::chosen_app));
            let shown = listing.get_untracked();
            let (org, dataset, close) = (shown.org.clone(), shown.resource.clone(), shown.address());
            // What leads back to the same place of the page.
            let place = [("tab", shown.files.tab.as_str().to_owned()), ("find", shown.files.find.clone())].to_vec();
            let choose = Callback::new(move |app: String| shown.process_dialog(&app));
            view! { <ProcessDialog org dataset app close place choose/> }.into_any()
        }
        DialogKind::DiscardUploads => view! { <DiscardDialog listing=listing.get_untracked() drive/> }.into_any(),
        DialogKind::ShowFile => view! { <FileDialog route listing drive/> }.into_any(),
        DialogKind::AskAboutFiles(command, files) => {
            let listing = listing.get_untracked();
            view! { <FilesCommandDialog command files listing drive/> }.into_any()
        }
        DialogKind::Move => view! { <MoveDialog route/> }.into_any(),
        DialogKind::Transfer => view! { <TransferDialog route/> }.into_any(),
        DialogKind::Offer => view! { <OfferDialog route/> }.into_any(),
    }
}
