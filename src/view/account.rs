//! My account, as its pages and the API show it.

use serde::{Deserialize, Serialize};

use crate::domain::{
    id::{OrganizationId, SessionId},
    one_time_link::{LinkState, Purpose},
    time::Timestamp,
};

use super::{OrganizationMembership, PersonView};

/// Me (SET-1, SET-2).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ProfileView {
    /// Who I am.
    pub person: PersonView,
    /// Where sign-in leads; only while I belong to it.
    pub default_organization: Option<OrganizationId>,
    /// Where my new work is processed and stored by default.
    pub cluster: String,
    /// Language.
    pub language: String,
    /// Whether how I use the service may be counted. Never asked counts as no.
    pub allows_usage_statistics: bool,
    /// Whether news about the product may be mailed to me.
    pub allows_product_news: bool,
    /// The address that is to become mine once it is proven.
    pub new_email: Option<String>,
    /// When I signed up.
    pub created_at: Timestamp,
    /// Where I belong, by name: the first page of it, the default organization and the personal space.
    pub organizations: Vec<OrganizationMembership>,
    /// Where the page behind it starts, if there is one.
    pub more_organizations: Option<String>,
}

/// One of my sessions (AUTH-4).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SessionItem {
    /// What it is called outside.
    pub id: SessionId,
    /// Browser and system.
    pub device: String,
    /// Network address.
    pub address: Option<String>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, to within a few minutes.
    pub last_seen: Timestamp,
    /// Whether it is the current session.
    pub current: bool,
}

/// What a mailed link can still do.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LinkView {
    /// Whether it works.
    pub state: LinkState,
    /// What it is for; only while it works.
    pub purpose: Option<Purpose>,
    /// The address that it was mailed to; only while it works.
    pub email: Option<String>,
}

/// What deleting my account would do (SET-2).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FarewellView {
    /// My address, to be typed.
    pub email: String,
    /// Organizations that would be left without an Owner (ORG-3).
    pub last_owner_of: Vec<OrganizationMembership>,
    /// Whether my personal space holds work.
    pub space_holds_work: bool,
}
