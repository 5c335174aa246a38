//! Apps as the people see them who may run them or who publish them (JOB-1).

use serde::{Deserialize, Serialize};

use super::{membership::OrganizationMembership, page::Page};
use crate::domain::{
    app::{AppOption, AppState, OutputRole, PriceRule},
    id::{AppId, OrganizationId},
    time::Timestamp,
};

/// An app.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AppView {
    pub id: AppId,
    pub slug: String,
    pub title: String,
    pub summary: String,
    /// Who publishes it: id and name; `None` for what is built in.
    pub publisher: Option<(OrganizationId, String)>,
    pub price: PriceRule,
    pub makes_processed: bool,
    pub everybody: bool,
    pub state: AppState,
    /// The number of its newest version; 0 for none.
    pub last_version: i64,
    pub created_at: Timestamp,
}

/// A version of an app.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AppVersionView {
    pub number: i64,
    pub label: String,
    pub options: Vec<AppOption>,
    pub outputs: Vec<OutputRole>,
    pub timeout_minutes: i64,
    pub notes: String,
    pub created_by_name: String,
    pub created_at: Timestamp,
}

/// A person or an organization that may run an app.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AppUserView {
    /// The id of the person or the organization.
    pub id: String,
    pub name: String,
    pub is_organization: bool,
    pub created_at: Timestamp,
}

/// An app with what its page shows.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AppPageView {
    pub app: AppView,
    /// Newest first; empty for who may not run it.
    pub versions: Vec<AppVersionView>,
    /// Who is authorized, for who publishes it.
    pub users: Option<Vec<AppUserView>>,
    /// Why the reader may not run it.
    pub refused: Option<String>,
    /// Whether the publisher can change that: by authorizing the reader, or an organization of theirs.
    pub asks_publisher: bool,
    /// The publisher's Org ID, for who publishes it.
    pub publisher_org_id: Option<String>,
    /// How many jobs of it there are now, whoever started them, for who publishes it.
    pub queue: Option<AppQueue>,
}

/// How many jobs of an app wait for an engine, and how many an engine is at: counted up to [`AppQueue::MOST`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AppQueue {
    pub waiting: i64,
    pub running: i64,
}

impl AppQueue {
    /// So many are counted; what is more is told as that.
    pub const MOST: i64 = 1_000;
}

/// An app in the list of what an organization publishes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PublishedAppView {
    pub app: AppView,
    /// How many people and organizations it names, for who publishes it.
    pub users: Option<u64>,
}

/// The apps that an organization publishes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OrganizationAppsView {
    pub organization: OrganizationMembership,
    /// Whether the reader publishes apps for it.
    pub publishes: bool,
    pub apps: Page<PublishedAppView>,
}
