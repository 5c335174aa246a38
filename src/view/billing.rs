//! What the page Billing shows (ORG-4, ORG-8).

use serde::{Deserialize, Serialize};

use super::{OrganizationMembership, Page};
use crate::domain::{
    billing::{RequestState, summary},
    id::{ContactId, OrganizationId, RequestId},
    licence::{Model, Product},
    time::Timestamp,
};

/// A billing contact.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ContactView {
    /// Id.
    pub id: ContactId,
    /// Name.
    pub name: String,
    /// Email.
    pub email: String,
    /// Phone.
    pub phone: Option<String>,
}

/// What an Owner asked for, and what became of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RequestView {
    /// Id.
    pub id: RequestId,
    /// The organization it is for.
    pub organization: OrganizationId,
    /// What that is called.
    pub organization_name: String,
    /// Its Org ID.
    pub org_id: String,
    /// Who asked.
    pub by_name: String,
    /// Product.
    pub product: Option<Product>,
    /// Billing model.
    pub model: Option<Model>,
    /// Images.
    pub images: Option<i64>,
    /// Projects.
    pub projects: Option<i64>,
    /// Credits.
    pub credits: Option<i64>,
    /// Seats.
    pub seats: Option<i64>,
    /// In their own words.
    pub message: Option<String>,
    /// Whom to answer: name.
    pub contact_name: String,
    /// Whom to answer: email.
    pub contact_email: String,
    /// Whom to answer: phone.
    pub contact_phone: Option<String>,
    /// What became of it.
    pub state: RequestState,
    /// What the operator answered.
    pub answer: Option<String>,
    /// When it was sent.
    pub created_at: Timestamp,
    /// When it was answered, declined or withdrawn.
    pub closed_at: Option<Timestamp>,
}

impl RequestView {
    /// What is wanted in one line.
    pub fn summary(&self) -> String {
        summary(self.product, self.model, self.images, self.projects, self.credits, self.seats)
    }
}

/// What somebody can do about a licence that is missing (ORG-8).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum WayToLicence {
    /// They ask for it, and the operator gets a mail.
    Ask,
    /// They ask for it, but nobody is mailed: whoever runs this server grants it with this command.
    Grant(String),
    /// They ask an Owner: this one, where they see people (PEOPLE-11).
    AskOwner(Option<String>),
}

/// The page Billing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BillingView {
    /// The organization and my role in it.
    pub organization: OrganizationMembership,
    /// Its billing contacts, oldest first.
    pub contacts: Vec<ContactView>,
    /// Why there may be no more of them, if so.
    pub contacts_full: Option<String>,
    /// What was asked for, newest first.
    pub requests: Page<RequestView>,
    /// Whether the operator reads mail: if not, the command that grants a licence here.
    pub grant: Option<String>,
    /// My name, for the form of **Contact sales**.
    pub my_name: String,
    /// My address, for the same.
    pub my_email: String,
}
