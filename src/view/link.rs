//! What people see of share links (LINK-1): in the dialog of who shares, and on the page of who has the link.

use serde::{Deserialize, Serialize};

use super::{Control, Crumb, DatasetView, Page};
use crate::domain::{
    id::{LinkId, ResourceId},
    resource::Kind,
    share_link::LinkStatus,
    time::Timestamp,
};

/// The links of one resource, for who may copy or switch them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ShareView {
    /// The resource.
    pub id: ResourceId,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
    /// Whether the reader may switch links on and off; who may not sees those that are on.
    pub manages: bool,
    /// Switching one more on.
    pub create: Control,
    /// Whether it is the licence that does not allow one more (LIC-6).
    pub lacks_licence: bool,
    /// The links, newest first.
    pub links: Vec<LinkView>,
}

/// One link.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LinkView {
    /// Id.
    pub id: LinkId,
    /// Its address; `None` where it does not work, or was made with a secret that this server does not have.
    pub url: Option<String>,
    /// What it does now.
    pub standing: LinkStatus,
    /// Whether it asks for a password.
    pub has_password: bool,
    /// Until when it works.
    pub expires_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it.
    pub created_by_name: Option<String>,
    /// When it was last opened, to the hour.
    pub last_opened_at: Option<Timestamp>,
}

/// What a link shows: its resource, or something below it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SharedView {
    /// From the link's resource down to what is shown.
    pub path: Vec<Crumb>,
    /// What is shown.
    pub id: ResourceId,
    /// Its kind.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Dataset facts; datasets only.
    pub dataset: Option<DatasetView>,
    /// When it was last changed.
    pub modified_at: Timestamp,
    /// What is in it.
    pub rows: Page<SharedRow>,
}

/// Something in a container that a link shows: no word about people.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SharedRow {
    /// Id.
    pub id: ResourceId,
    /// Kind.
    pub kind: Kind,
    /// Name.
    pub name: String,
    /// Dataset facts; datasets only.
    pub dataset: Option<DatasetView>,
    /// When it was last changed.
    pub modified_at: Timestamp,
}
