//! What is known of each person of a list before the invitations are sent, and what came of it afterwards (PEOPLE-2).

use serde::{Deserialize, Serialize};

use super::{id::InvitationId, role::Role, time::Timestamp};

/// What came of inviting one person (PEOPLE-2).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InviteOutcome {
    /// The invitation is on its way.
    Invited,
    /// They are in the organization.
    AlreadyMember,
    /// An invitation is waiting for them, or they are in this list twice.
    AlreadyInvited,
    /// It could not be read, or not be done; the words say why.
    Invalid,
}

words! {
    InviteOutcome
    Invited => "invited";
    AlreadyMember => "already_member";
    AlreadyInvited => "already_invited";
    Invalid => "invalid";
}

/// One person of a list that is to be invited, or was (PEOPLE-2).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReviewedInvitee {
    /// Address, or what stood in its place.
    pub email: String,
    /// Name, where one was given.
    pub name: Option<String>,
    /// Role, where it could be read.
    pub role: Option<Role>,
    /// What came of it, or will.
    pub outcome: InviteOutcome,
    /// Why, where it is not [`InviteOutcome::Invited`].
    pub why: Option<String>,
    /// The invitation, once it is made.
    pub invitation: Option<InvitationId>,
    pub expires_at: Option<Timestamp>,
}

/// What is known of each person of a list, before anything is sent, or what came of it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct InvitationReview {
    /// Each of them.
    pub rows: Vec<ReviewedInvitee>,
    /// Whether the invitations went out.
    pub sent: bool,
}
