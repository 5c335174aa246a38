//! The page of a container in the Drive.

use serde::{Deserialize, Serialize};

use super::{
    file::{DatasetFiles, UploadPlaceView},
    membership::OrganizationMembership,
    page::Page,
    resource::{ResourceView, RowView},
    task::TimelineView,
    transfer::OfferedItem,
    view_as::ViewAs,
};
use crate::domain::{
    command::{Control, MissingEntitlements},
    id::ResourceId,
    resource::Kind,
};

/// A container's page in the Drive, or a dataset's.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DriveView {
    pub organization: OrganizationMembership,
    /// The resource; `None` where a Member or External sees "Shared with you" instead of the root.
    pub resource: Option<ResourceView>,
    pub rows: Page<RowView>,
    /// All rows, counted up to [`MAX_COUNTED_ROWS`]. `None` for a search, which does not count.
    pub total: Option<u64>,
    /// What a dataset holds; datasets only.
    pub files: Option<DatasetFiles>,
    /// The apps whose results were made of other images than there are now (JOB-3), by their titles; datasets only.
    pub outdated: Vec<String>,
    /// The timeline of a site (DRIVE-6); sites only.
    pub timeline: Option<TimelineView>,
    /// The folders around it, for the tree beside the list; empty where the reader does not see the root.
    pub tree: Vec<TreeFolder>,
    /// Whether I may put something new here.
    pub create: Control,
    /// What the licences here do not allow.
    pub lacking: MissingEntitlements,
    /// The person as whom I view it (**View as**). Nothing can be changed then.
    pub view_as: Option<ViewAs>,
    /// Whether "Shared with you" has anything that is in none of these accounts.
    pub shared_elsewhere: bool,
    /// Uploading to it; for a dataset, and a reader who may add files there.
    pub upload: Option<UploadPlaceView>,
    /// What is offered to other organizations (XFER-18); for Owners and Managers.
    pub offered: Vec<OfferedItem>,
}

/// The most rows that a page counts. The browser asks again when the reader scrolls that far.
pub const MAX_COUNTED_ROWS: i64 = 1_000;

/// A folder in the tree beside the list, one line each from top to bottom.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TreeFolder {
    pub id: ResourceId,
    pub name: String,
    /// Kind: the root or a folder.
    pub kind: Kind,
    /// Its depth below the root, for the indentation.
    pub depth: u64,
    /// Whether it is an ancestor of what is shown.
    pub open: bool,
    /// Whether it is what is shown.
    pub current: bool,
}

/// More rows of a list that is shown already.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MoreRows {
    pub rows: Vec<RowView>,
    /// How many there are in all.
    pub total: u64,
}
