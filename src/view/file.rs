//! Files of datasets, and files on their way (FILE).

use serde::{Deserialize, Serialize};

use crate::domain::{
    command::Control,
    file::{Media, Side, is_image_name},
    id::{PersonId, ResourceId, UploadId},
    photo::{PhotoFacts, PhotoFault, PhotoState},
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
    /// What is known of it, if it is a photo (FILE-5).
    pub photo: Option<PhotoView>,
}

/// What is known of a photo (FILE-5).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PhotoView {
    /// Whether there are previews.
    pub state: PhotoState,
    /// In pixels, upright; nothing is known of one that was not opened yet.
    pub width: Option<i64>,
    pub height: Option<i64>,
    /// What the camera wrote.
    pub facts: PhotoFacts,
    /// What is wrong with it, compared with the others of its dataset.
    pub faults: Vec<PhotoFault>,
    /// Why it cannot be opened.
    pub problem: Option<String>,
}

impl FileView {
    /// The last part of its path.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Whether its name is that of an image, and what is in it is none: a photo that was cut off, for example.
    pub fn is_no_image_by_that_name(&self) -> bool {
        self.media == Media::Other && is_image_name(&self.path)
    }
}

/// What a dataset holds, for its page.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct DatasetFiles {
    /// How many files are to be processed, those that are left out included.
    pub inputs: i64,
    pub input_bytes: i64,
    /// How many results there are.
    pub outputs: i64,
    pub output_bytes: i64,
    /// How many jobs it has had; only where its page asks for it.
    pub jobs: i64,
    /// Whether its images are fixed (LIC-2).
    pub held: bool,
    /// When its first and its last photo were taken, by the clocks of the cameras. Only where it was asked for.
    pub taken: Option<(Timestamp, Timestamp)>,
}

/// A file on its own, with its neighbours in the list of its place.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FileWithNeighbours {
    pub file: FileView,
    /// The number of the one before it.
    pub previous: Option<i64>,
    /// The number of the one behind it.
    pub next: Option<i64>,
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

/// A file on its way, and who sends it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OpenUploadView {
    pub upload: UploadView,
    pub person: PersonId,
    /// Their name; a key's where a machine sends it.
    pub person_name: String,
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
