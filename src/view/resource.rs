//! A resource, as lists and its own page show it.

use serde::{Deserialize, Serialize};

use crate::domain::{
    access::{Level, Source},
    command::{Control, Target},
    file_command::download_control,
    id::{AccountId, OrganizationId, PersonId, ResourceId},
    resource::{DatasetStatus, Kind},
    restriction::{RestrictionOrigin, Restrictions},
    time::{Day, Timestamp},
};

/// A resource in a path of breadcrumbs.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Crumb {
    pub id: ResourceId,
    pub name: String,
    pub kind: Kind,
}

/// What a dataset has besides a name (DRIVE-6).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct DatasetView {
    pub status: DatasetStatus,
    pub images: i64,
    pub bytes: i64,
    /// Where it is processed and stored.
    pub cluster: String,
    /// When the images were taken.
    pub captured_on: Option<Day>,
    /// How many files it has. Without any, images and bytes are what somebody typed (FILE-5).
    pub files: i64,
}

/// One resource, as its page and the API show it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ResourceView {
    pub id: ResourceId,
    pub kind: Kind,
    pub name: String,
    pub organization: OrganizationId,
    pub account: AccountId,
    /// The name of its account, if the reader sees several (ACCT-4).
    pub account_name: Option<String>,
    /// The container it is in; `None` for a root, and where the reader may not see it.
    pub parent: Option<ResourceId>,
    /// From the topmost thing the reader may see down to this.
    pub path: Vec<Crumb>,
    pub level: Level,
    /// Whether it has grants of its own.
    pub access: Source,
    /// Dataset facts; datasets only.
    pub dataset: Option<DatasetView>,
    pub created_at: Timestamp,
    pub modified_at: Timestamp,
    pub created_by: Option<PersonId>,
    pub created_by_name: Option<String>,
    /// How many things are in it.
    pub children_count: u64,
    /// Whether the container it is in is a site.
    pub in_site: bool,
    /// What is forbidden on it, by itself and from above (POL-1).
    pub restrictions: Restrictions,
    /// Where each of these comes from.
    pub restricted_by: Vec<RestrictionOrigin>,
}

impl ResourceView {
    /// What decides which commands there are.
    pub const fn target(&self) -> Target {
        Target { kind: self.kind, level: self.level, in_site: self.in_site, restrictions: self.restrictions }
    }
}

/// One row of a Drive list.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct RowView {
    pub id: ResourceId,
    pub kind: Kind,
    pub name: String,
    /// Dataset facts; datasets only.
    pub dataset: Option<DatasetView>,
    /// Whether it has grants of its own.
    pub access: Source,
    /// How many grants of its own it has.
    pub grants: u64,
    pub created_at: Timestamp,
    pub modified_at: Timestamp,
    pub created_by_name: Option<String>,
    pub level: Level,
    /// Its own restrictions. Those of its ancestors hold as well.
    pub restrictions: Restrictions,
    /// Its container, if the reader may see it. Only for lists from several places, such as a search.
    pub place: Option<Crumb>,
    pub account: AccountId,
    /// The name of its account. Only for lists from several places, and a reader who sees several accounts (ACCT-4).
    pub account_name: Option<String>,
    /// The number of the photo that a dataset is shown with, if it has one that was opened. Only for pages.
    pub picture: Option<i64>,
}

impl RowView {
    /// What decides which commands there are for a row. `container` is what the row is shown in, if anything.
    pub fn target(&self, container: Option<&ResourceView>) -> Target {
        Target {
            kind: self.kind,
            level: self.level,
            in_site: container.map(|container| container.kind).or(self.place.as_ref().map(|place| place.kind))
                == Some(Kind::Site),
            restrictions: container
                .map_or(self.restrictions, |container| container.restrictions.and(self.restrictions)),
        }
    }

    /// Whether everything in it can be downloaded; absent where it is known that nothing is.
    pub fn download(&self, container: Option<&ResourceView>) -> Control {
        match &self.dataset {
            Some(dataset) if dataset.files == 0 => Control::Absent,
            _ => download_control(self.target(container)),
        }
    }
}
