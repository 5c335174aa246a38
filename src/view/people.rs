//! What Manage People and invitations show (PEOPLE).

use serde::{Deserialize, Serialize};

use super::{accounts::LimitsView, membership::OrganizationMembership, page::Page, resource::Crumb};
use crate::domain::{
    access::Level,
    cap::Caps,
    id::{AccountId, InvitationId, OrganizationId, PersonId, ResourceId},
    invitation::InvitationState,
    plan::{PlanTier, may_give},
    role::Role,
    time::Timestamp,
    words::words,
};

/// How somebody in the people table stands to the organization (PEOPLE-1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonStatus {
    /// In it, with a role.
    Active,
    /// An invitation waits for their answer.
    Invited,
    /// An invitation waited for too long.
    Expired,
    /// Not in it, but reaches something of it (PEOPLE-9).
    External,
}

words! {
    PersonStatus
    Active => "active", "Active";
    Invited => "invited", "Invited";
    Expired => "expired", "Expired";
    External => "external", "External";
}

/// Somebody in the people table.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PersonRow {
    /// Who; `None` for an invitation, which may be of somebody who has no account.
    pub person: Option<PersonId>,
    /// The invitation that waits, or waited.
    pub invitation: Option<InvitationId>,
    /// Full name; empty where an invitation came without one.
    pub name: String,
    pub email: String,
    /// Role, or the one they are invited to; `None` for an External.
    pub role: Option<Role>,
    /// How they stand to the organization.
    pub status: PersonStatus,
    /// When they were last here.
    pub last_seen: Option<Timestamp>,
    /// When the invitation's link stops working.
    pub expires_at: Option<Timestamp>,
    /// For an External: how many things they were given access to.
    pub resources: u64,
    /// For an External on a page: the first of these things, with the level on each.
    pub reaches: Vec<(String, Level)>,
    /// The accounts in which alone their role counts, if they are limited to some, for who manages people (ACCT-2).
    pub accounts: Option<Vec<(AccountId, String)>>,
}

impl PersonRow {
    /// Their name; their email address where an invitation came without one.
    pub fn label(&self) -> String {
        if self.name.is_empty() { self.email.clone() } else { self.name.clone() }
    }
}

/// A page of Manage People.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PeopleView {
    pub organization: OrganizationMembership,
    pub rows: Page<PersonRow>,
    /// How many people are in the organization; of those only whom the reader sees (PEOPLE-11).
    pub people: u64,
    /// How many invitations wait; none where the reader does not see them.
    pub waiting: u64,
    /// How many Owners there are (ORG-3), for who manages people; none else.
    pub owners: u64,
    pub me: PersonId,
    /// The people that a dialog on this page is about, where there is one.
    pub chosen: Vec<PersonRow>,
    /// What a Member can be invited to, while **Invite people** is open.
    pub places: Vec<Crumb>,
    /// Why nobody can become a Member, if so (LIC-4, LIC-6), for who manages people; none else.
    pub members_lacking: Option<String>,
    pub plan: PlanTier,
    /// How many accounts there are, for who manages people; none else.
    pub accounts: u64,
    /// The accounts that somebody can be invited to, while **Invite people** is open; none where there is nothing to choose, or
    /// the plan does not allow it (ACCT-2, ACCT-4).
    pub account_choices: Vec<(AccountId, String)>,
    /// What **Accounts** of a person shows, while it is open.
    pub limits: Option<LimitsView>,
    /// What **Limits** of a person shows, while it is open; none for who may not change them.
    pub caps: Option<CapsView>,
}

/// What the membership of a person lets through (JOB-5).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CapsView {
    pub person: PersonId,
    pub name: String,
    pub role: Role,
    pub caps: Caps,
}

impl PeopleView {
    /// The roles that nobody can be given here, each with the reason.
    pub fn refused_roles(&self) -> Vec<(Role, String)> {
        let why = |role| match role {
            Role::Member => self.members_lacking.clone(),
            role => may_give(self.plan, role).err().map(|refusal| refusal.to_string()),
        };
        Role::ALL.into_iter().filter_map(|role| Some((role, why(role)?))).collect()
    }
}

/// One invitation of an organization, as its Owners and Managers see it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct InvitationRow {
    pub id: InvitationId,
    pub email: String,
    /// Name, where one was given.
    pub name: Option<String>,
    pub role: Role,
    pub state: InvitationState,
    pub invited_by: String,
    pub created_at: Timestamp,
    pub sent_at: Timestamp,
    pub expires_at: Timestamp,
    /// For a Member: what they will reach.
    pub resource: Option<ResourceId>,
    /// Its name, while it is in the organization.
    pub resource_name: Option<String>,
    pub level: Option<Level>,
    /// Whether it gives access without a membership. The role means nothing then.
    pub external: bool,
    /// The accounts in which alone the role will count, by name; none where it will count in all (ACCT-2).
    pub accounts: Vec<String>,
    /// Whether its sender could no longer give it, so that it cannot be accepted (ROLE-3). Sending it again helps.
    pub sender_lost: bool,
    /// Whether the mail with the link could not be delivered (MAIL-1).
    pub undelivered: bool,
}

/// A page of an organization's invitations.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct InvitationsView {
    pub organization: OrganizationMembership,
    pub rows: Page<InvitationRow>,
    /// How many people are in the organization.
    pub people: u64,
    /// How many invitations wait.
    pub waiting: u64,
}

/// An invitation that waits for my answer (PEOPLE-4).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PendingInvitation {
    pub id: InvitationId,
    /// The organization. `None` until my address is verified, so that nobody learns of organizations by claiming an address.
    pub organization: Option<String>,
    /// Who invited me. Hidden until then as well.
    pub invited_by: Option<String>,
    pub role: Role,
    /// Whether it gives access without a membership. The role means nothing then.
    pub external: bool,
    /// When it stops working.
    pub expires_at: Timestamp,
}

/// What the page of an invitation's link shows (PEOPLE-10).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own that the page shows")]
pub struct InvitationView {
    pub organization: String,
    /// Its id, for its colour.
    pub organization_id: OrganizationId,
    pub invited_by: String,
    pub email: String,
    /// The name that was given with it.
    pub name: Option<String>,
    pub role: Role,
    /// Whether it gives access without a membership. The role means nothing then.
    pub external: bool,
    /// For a Member: the name of what they will reach.
    pub resource: Option<String>,
    pub state: InvitationState,
    /// When it stops, or stopped, working.
    pub expires_at: Timestamp,
    /// Whether it has expired.
    pub expired: bool,
    /// Whether an account with this address exists.
    pub has_account: bool,
    /// The organization's Org ID, for the way there.
    pub org_id: String,
    /// Whether the reader is in it.
    pub inside: bool,
    /// Whether its sender could no longer give it (ROLE-3).
    pub sender_lost: bool,
    /// When the link that took the place of this one was sent; nothing else of the invitation is told then (PEOPLE-10).
    pub replaced_at: Option<Timestamp>,
}
