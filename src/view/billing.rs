//! What the page Billing shows (ORG-4, ORG-8).

use serde::{Deserialize, Serialize};

use super::{membership::OrganizationMembership, page::Page};
use crate::domain::{
    billing::{RequestState, summary},
    id::{ContactId, OrganizationId, RequestId},
    licence::{Model, Product},
    time::Timestamp,
};

/// A billing contact.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ContactView {
    pub id: ContactId,
    pub name: String,
    pub email: String,
    pub phone: Option<String>,
}

/// What an Owner asked for, and what became of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RequestView {
    pub id: RequestId,
    pub organization: OrganizationId,
    /// What that is called.
    pub organization_name: String,
    pub org_id: String,
    pub by_name: String,
    pub product: Option<Product>,
    pub model: Option<Model>,
    pub images: Option<i64>,
    pub projects: Option<i64>,
    pub credits: Option<i64>,
    pub seats: Option<i64>,
    /// A message in their own words.
    pub message: Option<String>,
    /// Whom to answer: name.
    pub contact_name: String,
    /// Whom to answer: email.
    pub contact_email: String,
    /// Whom to answer: phone.
    pub contact_phone: Option<String>,
    pub state: RequestState,
    /// What the operator answered.
    pub answer: Option<String>,
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

/// What the reader can do to get a missing licence (ORG-8).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum LicenceRequestPath {
    /// They ask for it, and the operator gets a mail.
    Ask,
    /// They ask for it, but nobody is mailed: whoever runs this server grants it with this command.
    Grant(String),
    /// They ask an Owner. The name is that of one, if the reader may see people (PEOPLE-11).
    AskOwner(Option<String>),
}

/// The page Billing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BillingView {
    pub organization: OrganizationMembership,
    /// Its billing contacts, oldest first.
    pub contacts: Vec<ContactView>,
    /// Why no contact can be added, if so.
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
