//! What the pages of **Contact support** show, and what the operator lists (HELP-1).

use serde::{Deserialize, Serialize};

use super::session::PersonView;
use crate::domain::{
    ticket::{TicketSide, TicketState},
    time::Timestamp,
};

/// A ticket, without its thread.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TicketView {
    pub number: i64,
    pub subject: String,
    pub state: TicketState,
    /// The organization that it is about: Org ID and name.
    pub organization: Option<(String, String)>,
    /// The page that the requester came from.
    pub page: Option<String>,
    /// The request that failed there.
    pub request_id: Option<String>,
    /// How many messages its thread has.
    pub messages: i64,
    pub created_at: Timestamp,
    /// When somebody wrote or closed it last.
    pub updated_at: Timestamp,
}

/// One message of a thread.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TicketMessageView {
    /// From 1 in each ticket.
    pub number: i64,
    pub side: TicketSide,
    pub text: String,
    pub created_at: Timestamp,
}

/// A ticket with its thread, as its requester sees it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TicketThreadView {
    pub ticket: TicketView,
    /// The oldest first.
    pub messages: Vec<TicketMessageView>,
    /// Why its requester can write no more, if so.
    pub full: Option<String>,
}

/// A ticket as the operator lists it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OperatorTicketView {
    pub ticket: TicketView,
    /// Who opened it, with the address to reply to.
    pub requester: PersonView,
}

/// A ticket with its thread, as the operator sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OperatorThreadView {
    pub about: OperatorTicketView,
    /// The oldest first, with what the audit log calls the operator who wrote it.
    pub messages: Vec<(TicketMessageView, Option<String>)>,
}
