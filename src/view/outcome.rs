//! What a change did. Use cases return these; the browser's door turns them into words and addresses (`rpc::outcome`), the REST
//! API into its own bodies.

use super::{ResourceView, task::TaskView, transfer::OfferView};
use crate::domain::{
    id::{OrganizationId, ResourceId, TransferId},
    items::Items,
    transfer::Summary,
    trash::RestoreTarget,
};

/// A container in the Drive, as its address names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DriveLocation {
    /// The organization's Org ID.
    pub org_id: String,
    /// The container; `None` for the root of the organization's first account.
    pub container: Option<ResourceId>,
}

/// Where items are moved to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MoveTarget {
    /// Another organization.
    Organization(String),
    /// The container of this name in the same organization.
    Container(String),
    /// The root of an account in the same organization.
    Drive,
}

/// What became of a request to move or transfer items.
#[derive(Clone, Debug)]
pub enum MoveResult {
    /// The items are in the container now.
    Moved {
        /// What was moved; without items if everything was there already.
        what: Summary,
        /// Where to.
        to: MoveTarget,
        /// Where that is.
        location: DriveLocation,
        /// How to take it back, if that is offered.
        undo: Option<String>,
    },
    /// The items belong to another organization now.
    Transferred {
        /// What was transferred.
        what: Summary,
        /// The target's name.
        target_name: String,
        /// The target's Org ID.
        target_org_id: String,
        /// The receipt.
        receipt: TransferId,
    },
    /// It is more than one request can do: a task carries it out.
    Begun {
        /// What is being moved.
        what: Summary,
        /// Where to.
        to: MoveTarget,
        /// The Drive that the items are in until then.
        drive: DriveLocation,
    },
    /// Nothing has moved: the plan has to be looked at and confirmed.
    ToConfirm {
        /// What is to be moved.
        items: Items,
        /// Where to.
        destination: ResourceId,
        /// The Drive that the items are in.
        drive: DriveLocation,
        /// How many grants made by hand were removed on the way (XFER-2).
        grants_removed: usize,
    },
}

/// Items were moved to the trash.
#[derive(Clone, Debug)]
pub struct MovedToTrash {
    /// What they are called.
    pub names: Vec<String>,
    /// How to take it back, if that is offered.
    pub undo: Option<String>,
}

/// Items were taken out of the trash.
#[derive(Clone, Debug)]
pub struct Restored {
    /// The organization that owns them.
    pub organization: OrganizationId,
    /// Each of them.
    pub items: Vec<RestoredItem>,
}

/// One item that was taken out of the trash.
#[derive(Clone, Debug)]
pub struct RestoredItem {
    /// What it was called in the trash.
    pub name: String,
    /// What it is called now, if its name was taken (DRIVE-5).
    pub renamed_to: Option<String>,
    /// Where it went.
    pub place: RestoreTarget,
    /// The name of the container it was in, if the reader sees one.
    pub container: Option<String>,
}

/// A change was taken back.
#[derive(Clone, Debug)]
pub enum Undone {
    /// An item has its former name again.
    Renamed {
        /// That name.
        name: String,
    },
    /// Items are out of the trash again.
    Restored(Restored),
    /// Items are where they were before.
    MovedBack {
        /// What they are called.
        names: Vec<String>,
        /// The site that had been created for them, if it went to the trash.
        site_in_trash: Option<String>,
    },
    /// Files are left out again, or are in again.
    LeftOut(LeftOut),
    /// Files that were deleted are there again.
    FilesRestored {
        /// Their paths.
        files: Vec<String>,
    },
    /// Annotations that were added are gone again.
    AnnotationsDeleted {
        /// What they are called in a sentence.
        names: Vec<String>,
    },
    /// An annotation is what it was before.
    AnnotationChanged {
        /// What it is called in a sentence.
        name: String,
    },
    /// An annotation that was deleted is there again.
    AnnotationRestored {
        /// What it is called in a sentence.
        name: String,
    },
}

/// Files were left out of what is processed, or taken in again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeftOut {
    /// Their paths.
    pub files: Vec<String>,
    /// Whether they are left out now.
    pub left_out: bool,
    /// How to take it back, if that is offered.
    pub undo: Option<String>,
}

/// Files were deleted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FilesDeleted {
    /// Their paths.
    pub files: Vec<String>,
    /// How to take it back, if that is offered.
    pub undo: Option<String>,
}

/// A file has another path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileRenamed {
    pub path: String,
    /// How to take it back, if that is offered.
    pub undo: Option<String>,
}

/// GeoJSON was imported.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AnnotationsImported {
    /// The numbers of the annotations.
    pub numbers: Vec<i64>,
    /// How to take it back, if that is offered.
    pub undo: Option<String>,
}

/// A copy that is complete.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CopyShown {
    /// What the original is called.
    pub original: String,
    /// What the copy is called, if the original's name was taken (DRIVE-5).
    pub renamed_to: Option<String>,
}

/// What became of a request to copy.
#[derive(Clone, Debug)]
pub struct Copied {
    /// The copies that are there already.
    pub made: Vec<(ResourceView, CopyShown)>,
    /// The tasks that make the others.
    pub tasks: Vec<TaskView>,
    /// The name of the container they go to.
    pub to: String,
    /// Where the container is.
    pub location: DriveLocation,
}

/// What became of a request to share copies.
#[derive(Clone, Debug)]
pub struct SharedCopies {
    /// What the originals are called.
    pub names: Vec<String>,
    /// The Sharing ID, as it was typed.
    pub sharing_id: String,
    /// How many copies are there already.
    pub made: u64,
    /// The tasks that make the others.
    pub tasks: Vec<TaskView>,
}

/// Datasets were put into a site or taken out.
#[derive(Clone, Debug)]
pub struct SiteChange {
    /// What the datasets are called.
    pub names: Vec<String>,
    /// Which way.
    pub direction: SiteDirection,
    /// The container they are in now.
    pub location: DriveLocation,
    /// How to take it back, if that is offered.
    pub undo: Option<String>,
}

/// Into a site or out of sites.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SiteDirection {
    /// Into the site of this name.
    Into(String),
    /// Out of the sites of these names.
    OutOf(Vec<String>),
}

/// An offer was made.
#[derive(Clone, Debug)]
pub struct OfferSent {
    /// The offer.
    pub offer: OfferView,
    /// The Org ID of the organization that offers.
    pub source_org_id: String,
    /// Whether who made it may open its page there.
    pub may_open: bool,
}
