//! Invitations into an organization (PEOPLE-2 to PEOPLE-4, PEOPLE-10): how many may be sent, and who may answer one.

use serde::{Deserialize, Serialize};

use super::{
    access::{Level, may_be_given},
    id::{OrganizationId, PersonId, ResourceId},
    permit::{Permit, RolePermit, given_by_invitation, join},
    refusal::Refusal,
    role::{Affiliation, Role},
    sender::{Sender, Sent, still_valid},
    text::FieldIssue,
    time::Timestamp,
};

/// How long an invitation's link works, in days.
pub const LINK_DAYS: i64 = 14;

/// The least time between two mails of the same invitation.
pub const RESEND_INTERVAL_MILLIS: i64 = 60_000;

/// How many invitations go out to one address in a day, whoever sends them (attack 27).
pub const MAX_PER_ADDRESS: u64 = 10;

/// How many invitations one person sends in a day.
pub const MAX_PER_PERSON: u64 = 2_000;

/// How many invitations one organization sends in a day, whoever sends them.
pub const MAX_PER_ORGANIZATION: u64 = 2_000;

/// Whether so many more invitations may be mailed today (attack 27). The first two numbers are those of the last day.
///
/// # Errors
/// `RateLimited`.
pub const fn may_send_invitations(from_person: u64, from_organization: u64, letters: u64) -> Result<(), Refusal> {
    if from_person + letters > MAX_PER_PERSON || from_organization + letters > MAX_PER_ORGANIZATION {
        Err(Refusal::RateLimited(86_400))
    } else {
        Ok(())
    }
}

/// The state of an invitation. Expired is not a state: it is a pending invitation whose time is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvitationState {
    /// Waiting for an answer.
    Pending,
    /// Accepted: used up.
    Accepted,
    /// Declined by the invited person.
    Declined,
    /// Taken back by the organization.
    Revoked,
}

words! {
    InvitationState
    Pending => "pending";
    Accepted => "accepted";
    Declined => "declined";
    Revoked => "revoked";
}

impl InvitationState {
    /// Whether it can still be accepted.
    pub fn is_open(self, expires_at: Timestamp, now: Timestamp) -> bool {
        self == Self::Pending && now < expires_at
    }

    /// The refusal to answer an invitation that is in this state.
    pub fn closed(self) -> Refusal {
        let text = match self {
            Self::Accepted => "This invitation has been used. Each one works once.",
            Self::Declined => "This invitation was declined. Ask for a new one if you changed your mind.",
            Self::Revoked => "This invitation was withdrawn by the organization.",
            Self::Pending => "This invitation is waiting for an answer.",
        };
        Refusal::InvitationClosed(text.to_owned())
    }
}

/// Whether an invitation with this role may include access to a resource (PEOPLE-2). Only a Member needs that: every other
/// role reaches everything.
///
/// # Errors
/// A level for another role, or one that a Member cannot be given.
pub fn may_come_with(role: Role, level: Level) -> Result<(), Refusal> {
    if role == Role::Member {
        may_be_given(level, Affiliation::In(role))
    } else {
        Err(Refusal::field("level", FieldIssue::NotForThisRole))
    }
}

/// What decides whether an invitation may be answered.
#[derive(Clone, Debug)]
pub struct AnswerFacts<'a> {
    /// What became of it so far.
    pub state: InvitationState,
    pub expires_at: Timestamp,
    /// When a newer link was sent, and to whom, where it was opened from one before that.
    pub replaced: Option<(Timestamp, &'a str)>,
    /// Whom it is for, as addresses are compared.
    pub email_key: &'a str,
    /// Who answers, as addresses are compared.
    pub by_email_key: &'a str,
    /// Whether it was opened from the mailed link, which proves the address.
    pub by_link: bool,
    /// Whether the address of who answers was verified before (AUTH-2).
    pub verified: bool,
}

impl AnswerFacts<'_> {
    /// Whether it may be accepted or declined now, by this person (PEOPLE-3, PEOPLE-10, attacks 18, 19, 22).
    ///
    /// # Errors
    /// `InvitationWrongPerson`, `EmailUnverified`, `InvitationClosed`, `InvitationReplaced`, `InvitationExpired`: in this
    /// order, so that somebody else learns nothing about it.
    pub fn check(&self, now: Timestamp) -> Result<(), Refusal> {
        if self.email_key != self.by_email_key {
            return Err(Refusal::InvitationWrongPerson);
        }
        if !self.by_link && !self.verified {
            return Err(Refusal::EmailUnverified);
        }
        if self.state != InvitationState::Pending {
            return Err(self.state.closed());
        }
        if let Some((sent_at, email)) = self.replaced {
            return Err(Refusal::InvitationReplaced(sent_at, email.to_owned()));
        }
        if now >= self.expires_at {
            return Err(Refusal::InvitationExpired);
        }
        Ok(())
    }

    /// A permit to join with the role that the invitation has now (attack 22), if its sender could still give that role.
    ///
    /// # Errors
    /// See [`AnswerFacts::check`]; `InvitationSenderLost`.
    pub fn accept(
        &self,
        person: PersonId,
        organization: OrganizationId,
        role: Role,
        sender: Sender,
        now: Timestamp,
    ) -> Result<RolePermit, Refusal> {
        self.check(now)?;
        if !still_valid(sender, Sent::Role(role)) {
            return Err(Refusal::InvitationSenderLost);
        }
        Ok(join(person, organization, role))
    }

    /// A permit to receive the access that comes with the invitation, if `by`, who gave it, still could (ACCESS-2).
    ///
    /// # Errors
    /// See [`AnswerFacts::check`]; `InvitationSenderLost`.
    pub fn receive(
        &self,
        (by, sender): (PersonId, Sender),
        organization: OrganizationId,
        (resource, level): (ResourceId, Level),
        now: Timestamp,
    ) -> Result<Permit, Refusal> {
        self.check(now)?;
        if !still_valid(sender, Sent::Access(level)) {
            return Err(Refusal::InvitationSenderLost);
        }
        Ok(given_by_invitation(by, organization, resource))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::id;

    #[test]
    fn people_2_only_a_member_is_invited_to_something() {
        for role in Role::ALL {
            for level in Level::ALL {
                assert_eq!(may_come_with(role, level).is_ok(), role == Role::Member, "{role:?} {level:?}");
            }
        }
    }

    #[test]
    fn people_10_every_way_an_invitation_cannot_be_accepted_says_which() {
        let now = Timestamp(1_800_000_000_000);
        let fine = AnswerFacts {
            state: InvitationState::Pending,
            expires_at: now.plus_days(1),
            replaced: None,
            email_key: "anna@example.com",
            by_email_key: "anna@example.com",
            by_link: true,
            verified: false,
        };
        let (person, organization) = (PersonId(id(1)), OrganizationId(id(2)));
        let manager = Sender { role: Some(Role::Manager), level: Some(Level::Manager) };
        let permit = fine.accept(person, organization, Role::Editor, manager, now);
        assert_eq!(permit.map(|permit| (permit.person(), permit.role())), Ok((person, Role::Editor)));
        // What its sender can no longer give is not taken (ROLE-3).
        for role in [None, Some(Role::Editor), Some(Role::Member)] {
            let sender = Sender { role, level: None };
            let permit = fine.accept(person, organization, Role::Editor, sender, now);
            assert_eq!(permit.err(), Some(Refusal::InvitationSenderLost), "{role:?}");
        }
        let given = (ResourceId(id(3)), Level::Reader);
        assert!(fine.receive((PersonId(id(4)), manager), organization, given, now).is_ok());
        let editor = Sender { level: Some(Level::Editor), ..manager };
        let lost = fine.receive((PersonId(id(4)), editor), organization, given, now);
        assert_eq!(lost.err(), Some(Refusal::InvitationSenderLost));
        let sent = now.plus_days(-1);
        let table = [
            (AnswerFacts { by_email_key: "john@example.com", ..fine.clone() }, Refusal::InvitationWrongPerson),
            (
                AnswerFacts { by_email_key: "john@example.com", state: InvitationState::Revoked, ..fine.clone() },
                Refusal::InvitationWrongPerson,
            ),
            (AnswerFacts { by_link: false, ..fine.clone() }, Refusal::EmailUnverified),
            (AnswerFacts { state: InvitationState::Accepted, ..fine.clone() }, InvitationState::Accepted.closed()),
            (AnswerFacts { state: InvitationState::Declined, ..fine.clone() }, InvitationState::Declined.closed()),
            (AnswerFacts { state: InvitationState::Revoked, ..fine.clone() }, InvitationState::Revoked.closed()),
            (AnswerFacts { expires_at: now, ..fine.clone() }, Refusal::InvitationExpired),
            (
                AnswerFacts { replaced: Some((sent, "anna@example.com")), ..fine.clone() },
                Refusal::InvitationReplaced(sent, "anna@example.com".to_owned()),
            ),
            (
                AnswerFacts {
                    replaced: Some((sent, "anna@example.com")),
                    state: InvitationState::Accepted,
                    ..fine.clone()
                },
                InvitationState::Accepted.closed(),
            ),
            (
                AnswerFacts {
                    replaced: Some((sent, "anna@example.com")),
                    by_email_key: "x@example.com",
                    ..fine.clone()
                },
                Refusal::InvitationWrongPerson,
            ),
        ];
        for (answering, refusal) in table {
            assert_eq!(answering.check(now), Err(refusal), "{answering:?}");
        }
        assert_eq!(AnswerFacts { by_link: false, verified: true, ..fine }.check(now), Ok(()));
    }

    #[test]
    fn people_3_an_invitation_can_be_accepted_while_it_is_pending_and_for_14_days() {
        let sent = Timestamp(1_800_000_000_000);
        let expires = sent.plus_days(LINK_DAYS);
        for state in InvitationState::ALL {
            assert_eq!(InvitationState::parse(state.as_str()), Ok(state));
            let pending = state == InvitationState::Pending;
            for (moment, in_time) in [(sent, true), (expires.plus_millis(-1), true), (expires, false)] {
                assert_eq!(state.is_open(expires, moment), pending && in_time, "{state:?}, {}", moment.words());
            }
        }
    }
}
