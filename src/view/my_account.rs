//! My account, as its pages and the API show it.

use serde::{Deserialize, Serialize};

use crate::domain::{
    id::{OrganizationId, SessionId},
    one_time_link::{LinkState, Purpose},
    time::Timestamp,
};

use super::{membership::OrganizationMembership, session::PersonView};

/// Me (SET-1, SET-2).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ProfileView {
    /// Who I am.
    pub person: PersonView,
    /// The organization that opens after sign-in. `None` once I have left it.
    pub default_organization: Option<OrganizationId>,
    /// Default cluster of what I create.
    pub cluster: String,
    pub language: String,
    /// Whether how I use the service may be counted. Never asked counts as no.
    pub allows_usage_statistics: bool,
    /// Whether news about the product may be mailed to me.
    pub allows_product_news: bool,
    /// The address that is to become mine once it is proven.
    pub new_email: Option<String>,
    pub created_at: Timestamp,
    /// Where I belong, by name: the first page of it, the default organization and the personal space.
    pub organizations: Vec<OrganizationMembership>,
    /// The cursor of the next page of organizations.
    pub more_organizations: Option<String>,
}

/// One of my sessions (AUTH-4).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SessionItem {
    /// A public id. The session's own id is its secret.
    pub id: SessionId,
    pub device: String,
    pub address: Option<String>,
    pub created_at: Timestamp,
    /// When it was last used, to within a few minutes.
    pub last_seen: Timestamp,
    /// Whether it is the session of this request.
    pub current: bool,
}

/// What a mailed link can still do.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OneTimeLinkView {
    /// Whether it works.
    pub state: LinkState,
    /// What it is for; only while it works.
    pub purpose: Option<Purpose>,
    /// The address that it was mailed to; only while it works.
    pub email: Option<String>,
}

/// What deleting my account would do (SET-2).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AccountDeletionView {
    /// My address, to be typed.
    pub email: String,
    /// Organizations that would be left without an Owner (ORG-3).
    pub last_owner_of: Vec<OrganizationMembership>,
    /// Whether my personal space holds work.
    pub space_holds_work: bool,
}
