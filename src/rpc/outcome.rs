//! Where a change leads in the browser, and what the message there says.

use super::Done;
use crate::{
    domain::{
        app::AppState, id::ResourceId, job::JobState, offer::OPEN_DAYS, resource::name_or_count, trash::RestoreTarget,
    },
    paths::{self, Address},
    view::{
        ReceiptView,
        job::JobView,
        loan::LoanView,
        outcome::{
            Copied, DriveLocation, FilesDeleted, LeftOut, MoveResult, MoveTarget, MovedToTrash, OfferSent, Restored,
            RestoredItem, SharedCopies, SiteChange, SiteDirection, Undone,
        },
        ticket::TicketView,
        viewer::{AnnotationSaved, AnnotationView},
    },
};

/// The page of a container.
pub fn drive_page(location: &DriveLocation) -> String {
    let container = location.container.map(|id| id.to_string()).unwrap_or_default();
    paths::drive(&location.org_id, &container)
}

/// After **Move here** or **Confirm transfer**. `back` is the page it was asked for on.
pub fn moved(result: &MoveResult, back: Option<&str>) -> Done {
    let back_or_drive = |drive| back.map_or_else(|| drive_page(drive), str::to_owned);
    match result {
        MoveResult::Moved { what, to, location, undo } => {
            let toast = if what.items == 0 {
                "Everything is already here".to_owned()
            } else {
                format!("Moved {} to {}", what.what(), target(to))
            };
            Done { to: drive_page(location), toast, undo: undo.clone() }
        }
        MoveResult::Transferred { what, target_name, target_org_id, receipt } => Done {
            to: paths::receipt(target_org_id, &receipt.to_string()),
            toast: format!("Transferred {} to {target_name}", what.what()),
            undo: None,
        },
        MoveResult::Begun { what, to, drive } => {
            let verb = if matches!(to, MoveTarget::Organization(_)) { "Transferring" } else { "Moving" };
            let doing = format!("{verb} {} to {}", what.what(), target(to));
            let toast = format!("{doing}. You can leave this page; it continues in the background.");
            Done { to: back_or_drive(drive), toast, undo: None }
        }
        MoveResult::ToConfirm { items, destination, drive, grants_removed } => {
            let toast = match grants_removed {
                0 => String::new(),
                1 => "Removed direct access".to_owned(),
                several => format!("Removed direct access in {several} places"),
            };
            Done { to: plan_dialog(&back_or_drive(drive), items, *destination), toast, undo: None }
        }
    }
}

/// After **Publish** and **Withdraw** of an app.
pub fn app_state(state: AppState, title: &str) -> String {
    match state {
        AppState::Draft => format!("“{title}” is a draft"),
        AppState::Published => format!("Published “{title}”"),
        AppState::Withdrawn => format!("Withdrew “{title}”"),
    }
}

/// After **Discard** of an upload that was left.
pub fn uploads_discarded(files: u64) -> String {
    match files {
        0 => "Nothing was left to discard".to_owned(),
        1 => "Discarded 1 file that was not complete".to_owned(),
        files => format!("Discarded {files} files that were not complete"),
    }
}

fn target(to: &MoveTarget) -> String {
    match to {
        MoveTarget::Organization(name) => name.clone(),
        MoveTarget::Container(name) => format!("“{name}”"),
        MoveTarget::Drive => "Drive".to_owned(),
    }
}

/// A page with the dialog that shows the plan of a transfer.
fn plan_dialog(page: &str, items: &[ResourceId], destination: ResourceId) -> String {
    let ids: Vec<String> = items.iter().map(ToString::to_string).collect();
    let query = Address::new("")
        .with("dialog", "transfer")
        .with_all("item", &ids)
        .with("destination", destination.to_string())
        .text();
    // The page may have a query already.
    if page.contains('?') { format!("{page}{}", query.replacen('?', "&", 1)) } else { format!("{page}{query}") }
}

/// After **Move to trash**.
pub fn moved_to_trash(moved: &MovedToTrash, back: String) -> Done {
    let toast = format!("Moved {} to the trash", name_or_count(&moved.names));
    Done { to: back, toast, undo: moved.undo.clone() }
}

/// What is said of items that were taken out of the trash: of one, all of it; of several, what is out of the ordinary.
pub fn restored(restored: &Restored) -> String {
    match restored.items.as_slice() {
        [one] => restored_item(one),
        several => {
            let first = format!("Restored {} items", several.len());
            let unusual: Vec<String> =
                several.iter().filter(|item| is_unusual(item)).take(3).map(restored_item).collect();
            if unusual.is_empty() { first } else { format!("{first}. {}", unusual.join(". ")) }
        }
    }
}

fn is_unusual(item: &RestoredItem) -> bool {
    item.renamed_to.is_some() || item.place != RestoreTarget::Back
}

fn restored_item(item: &RestoredItem) -> String {
    let name = &item.name;
    let new_name = item.renamed_to.as_ref().map(|name| format!(" as “{name}”")).unwrap_or_default();
    let renamed = if item.renamed_to.is_some() { "; its name was already taken" } else { "" };
    match (item.place, &item.container) {
        (RestoreTarget::Back, Some(container)) => format!("Restored “{name}”{new_name} to “{container}”{renamed}"),
        (RestoreTarget::Back, None) => format!("Restored “{name}”{new_name}{renamed}"),
        (RestoreTarget::RootAsContainerIsInTrash, _) => {
            format!("Restored “{name}”{new_name} to the Drive; its old folder is in the trash{renamed}")
        }
        (RestoreTarget::RootAsTooDeep, _) => {
            format!("Restored “{name}”{new_name} to the Drive; its old folder is now too deep{renamed}")
        }
    }
}

/// After **Delete for good**, with the names of what was deleted.
pub fn deleted(names: &[String]) -> String {
    format!("Deleted {} for good", name_or_count(names))
}

/// After **Empty trash**, with how many items were deleted.
pub fn emptied(count: usize) -> String {
    match count {
        0 => "There was nothing that you can delete".to_owned(),
        1 => "Deleted 1 item for good".to_owned(),
        several => format!("Deleted {several} items for good"),
    }
}

/// After **Undo**. The REST API sends the same sentence.
pub fn undone(undone: &Undone) -> String {
    match undone {
        Undone::LeftOut(files) => left_out(files),
        Undone::FilesRestored { files } => match files.as_slice() {
            [one] => format!("Brought “{one}” back"),
            several => format!("Brought {} files back", several.len()),
        },
        Undone::AnnotationsDeleted { names } => match names.as_slice() {
            [one] => format!("Deleted {one} again"),
            several => format!("Deleted {} annotations again", several.len()),
        },
        Undone::AnnotationChanged { name } => format!("Changed {name} back"),
        Undone::AnnotationRestored { name } => format!("Brought {name} back"),
        Undone::Renamed { name } => format!("Renamed back to “{name}”"),
        Undone::Restored(items) => restored(items),
        Undone::MovedBack { names, site_in_trash } => {
            let moved = format!("Moved {} back", name_or_count(names));
            match site_in_trash {
                Some(site) => format!("{moved}, and the site “{site}” to the trash"),
                None => moved,
            }
        }
    }
}

/// After **Leave out** and **Take in again**.
pub fn left_out(files: &LeftOut) -> String {
    match (files.files.as_slice(), files.left_out) {
        ([], true) => "These files were left out already".to_owned(),
        ([], false) => "No file was left out".to_owned(),
        ([one], true) => format!("Left out “{one}”"),
        ([one], false) => format!("Took “{one}” in again"),
        (several, true) => format!("Left out {} files", several.len()),
        (several, false) => format!("Took {} files in again", several.len()),
    }
}

/// After **Delete** of files.
pub fn files_deleted(deleted: &FilesDeleted, to: String) -> Done {
    let toast = match deleted.files.as_slice() {
        [one] => format!("Deleted “{one}”"),
        several => format!("Deleted {} files", several.len()),
    };
    Done { to, toast, undo: deleted.undo.clone() }
}

/// After a drawing was saved or deleted by a form without script. Somebody else may have been first.
pub fn annotation_saved(saved: &AnnotationSaved, to: String) -> Done {
    let called = |view: &AnnotationView| view.kind.called(&view.annotation.name);
    match saved {
        AnnotationSaved::Saved { annotation, undo } => {
            Done { to, toast: format!("Saved {}", called(annotation)), undo: undo.clone() }
        }
        AnnotationSaved::Deleted { annotation, undo } => {
            Done { to, toast: format!("Deleted {}", called(annotation)), undo: undo.clone() }
        }
        AnnotationSaved::Changed(annotation) => {
            let toast = format!("Someone else changed {} in the meantime, so nothing was done", called(annotation));
            Done { to, toast, undo: None }
        }
    }
}

/// After **Copy here**.
pub fn copied(copied: &Copied) -> Done {
    let to = &copied.to;
    let toast = match (copied.made.as_slice(), copied.tasks.len()) {
        ([(_, one)], 0) => {
            let new_name = one.renamed_to.as_ref().map(|name| format!(" as “{name}”")).unwrap_or_default();
            format!("Copied “{}” to “{to}”{new_name}", one.original)
        }
        (several, 0) => {
            let renamed = several.iter().filter(|(_, copy)| copy.renamed_to.is_some()).count();
            let names = if renamed > 0 {
                format!("; {renamed} got a number because their names were taken")
            } else {
                String::new()
            };
            format!("Copied {} items to “{to}”{names}", several.len())
        }
        _ => format!("Copying to “{to}”. The copy appears when it is complete."),
    };
    Done { to: drive_page(&copied.location), toast, undo: None }
}

/// After **Share a copy**.
pub fn shared(shared: &SharedCopies) -> String {
    let (what, sharing_id) = (name_or_count(&shared.names), &shared.sharing_id);
    if shared.tasks.is_empty() {
        format!("Shared a copy of {what} with {sharing_id}")
    } else {
        format!("Copying {what} to {sharing_id}. The copy appears when it is complete.")
    }
}

/// After **Assign** and **Remove from site**.
pub fn site_changed(change: &SiteChange, back: Option<String>) -> Done {
    let what = name_or_count(&change.names);
    let toast = match &change.direction {
        SiteDirection::Into(site) => format!("Assigned {what} to “{site}”"),
        SiteDirection::OutOf(sites) => match sites.as_slice() {
            [one] => format!("Removed {what} from “{one}”"),
            several => format!("Removed {what} from {} sites", several.len()),
        },
    };
    Done { to: back.unwrap_or_else(|| drive_page(&change.location)), toast, undo: change.undo.clone() }
}

/// After **Send offer**: the offer, or the home page for who may not open it.
pub fn offer_sent(sent: &OfferSent) -> Done {
    let to = if sent.may_open {
        paths::offer(&sent.source_org_id, &sent.offer.id.to_string())
    } else {
        paths::home(&sent.source_org_id)
    };
    let (what, target) = (sent.offer.what.what(), &sent.offer.target_name);
    Done { to, toast: format!("Offered {what} to {target}. They have {OPEN_DAYS} days to answer."), undo: None }
}

/// After **Accept** of an offer: the receipt, in the target's organization or, where that is not said, in `org`.
pub fn offer_accepted(receipt: &ReceiptView, org: &str) -> Done {
    let org = receipt.target_org_id.as_deref().unwrap_or(org);
    let toast = format!("Accepted {} from {}", receipt.plan.summary().what(), receipt.source_name);
    Done { to: paths::receipt(org, &receipt.id.to_string()), toast, undo: None }
}

/// After **Undo transfer**: the receipt of that, in the organization that things went back to.
pub fn transfer_undone(receipt: &ReceiptView) -> Done {
    let org = receipt.target_org_id.as_deref().unwrap_or_default();
    let toast = format!("Moved {} back to {}", receipt.plan.summary().what(), receipt.target_name);
    Done { to: paths::receipt(org, &receipt.id.to_string()), toast, undo: None }
}

/// After **Start** and **Run again**: the job.
pub fn job_started(job: &JobView, org: &str) -> Done {
    let (app, dataset) = (&job.app_title, &job.dataset_name);
    let toast = match job.state {
        JobState::WaitingForCredits => {
            format!("“{app}” on “{dataset}” waits for credits. It starts by itself once there is enough.")
        }
        _ => format!("Started “{app}” on “{dataset}”"),
    };
    Done { to: paths::job(org, &job.id.to_string()), toast, undo: None }
}

/// After **Cancel job**.
pub fn job_cancelled(job: &JobView) -> String {
    let app = &job.app_title;
    match (job.state, job.price) {
        (JobState::Cancelling, _) => format!("“{app}” is being cancelled. It ends once its engine has stopped."),
        (_, Some(price)) if price.refunded => format!("Cancelled “{app}”. What was paid was given back."),
        _ => format!("Cancelled “{app}”"),
    }
}

/// After **Send** of **Contact support**: the ticket. Nothing is said to be sent where nobody is mailed.
pub fn ticket_opened(ticket: &TicketView, org: &str, mailed: bool) -> Done {
    let said = if mailed { "was sent" } else { "was saved" };
    let toast = format!("Ticket {} {said}", ticket.number);
    Done { to: paths::ticket(org, ticket.number), toast, undo: None }
}

/// After **Lend**.
pub fn lent(loan: &LoanView) -> String {
    format!("Lent {} to {} until {}", loan.product.label(), loan.other, loan.term.last_day().words())
}
