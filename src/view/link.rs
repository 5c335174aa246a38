//! What people see of share links (LINK-1): in the dialog of who shares, and on the page of who has the link.

use serde::{Deserialize, Serialize};

use super::{
    file::{DatasetFiles, FileView, FileWithNeighbours},
    page::Page,
    resource::{Crumb, DatasetView},
    task::TimelineView,
};
use crate::domain::{
    command::Control,
    file::Side,
    id::{LinkId, ResourceId},
    resource::Kind,
    share_link::LinkStatus,
    time::Timestamp,
};

/// The links of one resource, for who may copy or switch them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ShareView {
    pub id: ResourceId,
    pub name: String,
    pub kind: Kind,
    /// Whether the reader may switch links on and off; who may not sees those that are on.
    pub manages: bool,
    /// Whether a link can be added.
    pub create: Control,
    /// Whether the licence is why there can be no further link (LIC-6).
    pub lacks_licence: bool,
    /// The links, newest first.
    pub links: Vec<ShareLinkView>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ShareLinkView {
    pub id: LinkId,
    /// Its address; `None` where it does not work, or was made with a secret that this server does not have.
    pub url: Option<String>,
    pub standing: LinkStatus,
    /// Whether it asks for a password.
    pub has_password: bool,
    pub expires_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub created_by_name: Option<String>,
    /// When it was last opened, to the hour.
    pub last_opened_at: Option<Timestamp>,
}

/// What a link shows: its resource, or something below it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LinkTargetView {
    /// From the link's resource down to what is shown.
    pub path: Vec<Crumb>,
    pub id: ResourceId,
    pub kind: Kind,
    pub name: String,
    /// Dataset facts; datasets only.
    pub dataset: Option<DatasetView>,
    pub modified_at: Timestamp,
    pub rows: Page<LinkTargetRow>,
    /// Of a site (DRIVE-6); its datasets lead to the viewer (VIEW-6).
    pub timeline: Option<TimelineView>,
    /// What a dataset holds; `None` for everything else, and for one without files.
    pub files: Option<Box<LinkFiles>>,
}

/// The files of a dataset, as somebody with a link sees them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LinkFiles {
    pub holds: DatasetFiles,
    pub side: Side,
    /// Those of this side; a file on its own has none.
    pub page: Page<FileView>,
    /// Whether the page is the first one of the list.
    pub first_page: bool,
    /// The one that is shown on its own.
    pub shown: Option<FileWithNeighbours>,
    /// Why nothing can be downloaded, if so (POL-1).
    pub download_refused: Option<String>,
}

/// A row that a share link shows. It says nothing about people.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LinkTargetRow {
    pub id: ResourceId,
    pub kind: Kind,
    pub name: String,
    /// Dataset facts; datasets only.
    pub dataset: Option<DatasetView>,
    pub modified_at: Timestamp,
}
