//! Files of datasets, and files on their way (FILE).

use serde::{Deserialize, Serialize};

use crate::domain::{
    command::Control,
    file::{Media, Side},
    id::{PersonId, ResourceId, UploadId},
    time::Timestamp,
    upload::PlanState,
};

/// A file of a dataset.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FileView {
    /// Its number in the dataset, for good.
    pub number: i64,
    pub side: Side,
    pub path: String,
    pub bytes: i64,
    /// In hexadecimal.
    pub sha256: String,
    /// What it is by its first bytes.
    pub media: Media,
    /// Whether it is left out of what is processed and counted.
    pub left_out: bool,
    /// When it was changed last, as its sender said.
    pub modified_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub created_by: PersonId,
    /// Their name; a key's where a machine sent it.
    pub created_by_name: Option<String>,
}

/// A file on its way.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct UploadView {
    pub id: UploadId,
    pub side: Side,
    pub path: String,
    pub bytes: i64,
    /// How much of it is here.
    pub received: i64,
    pub modified_at: Option<Timestamp>,
    /// When it is given up unless more of it comes.
    pub expires_at: Timestamp,
}

/// How much an organization stores (FILE-6).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StorageView {
    /// In bytes; `None` for no limit.
    pub limit: Option<i64>,
    /// With the trash and what is on its way.
    pub used: i64,
}

/// What a plan answers for one file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PlannedFileView {
    /// As it was sent.
    pub path: String,
    pub state: PlanState,
    /// Where to send it, and from which byte on.
    pub upload: Option<UploadView>,
    /// Why nothing is to be sent.
    pub reason: Option<String>,
}

/// What a plan answers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct UploadPlanView {
    /// In the order of the plan.
    pub items: Vec<PlannedFileView>,
    /// Whether the sender may replace files.
    pub may_replace: bool,
}

/// A dataset that was made for files, and what the plan answers for them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NewPlaceView {
    pub dataset: ResourceId,
    pub name: String,
    /// The Org ID of its organization.
    pub org_id: String,
    /// In the order of the plan.
    pub items: Vec<PlannedFileView>,
}

/// What the page of a dataset says about uploading to it; for who may add files there.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct UploadPlaceView {
    /// Whether files may be added now, and why not.
    pub control: Control,
    /// Whether I may replace files.
    pub may_replace: bool,
    /// My upload that was left, if any.
    pub unfinished: Option<UnfinishedView>,
}

/// An upload that was left: how many of its files are here.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct UnfinishedView {
    pub here: i64,
    pub all: i64,
}
