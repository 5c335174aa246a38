//! What somebody sends now and another person accepts later, such as an invitation. It can be accepted only while its sender
//! could still give it.
//!
//! A removed or demoted Manager would otherwise keep power for as long as their invitations wait. What belongs to the
//! organization once it is made (share links, credential keys, loans, seats) does not end with who made it: see
//! `docs/standing-rights.md` for each kind and the reason.

use super::{
    access::{Act, Level},
    grant::may_touch,
    role::Role,
    role_change::may_invite_as,
};

/// What the sender may do now, at the moment of use. What they could do when they sent it does not count.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sender {
    /// Their role in what belongs to the organization as a whole; `None` once they are not in it. Somebody who is limited to
    /// some accounts stands there as an Editor at most (ACCT-2).
    pub role: Option<Role>,
    /// Their level on the resource, where access to one is given; `None` where they do not see it any more.
    pub level: Option<Level>,
}

/// What the other person accepts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sent {
    /// A membership with this role.
    Role(Role),
    /// This level on a resource.
    Access(Level),
}

/// Whether its sender could still give it: the same rules as for sending it now (ROLE-3, ACCESS-2).
pub fn still_valid(sender: Sender, sent: Sent) -> bool {
    match sent {
        Sent::Role(role) => sender.role.is_some_and(|by| may_invite_as(by, role).is_ok()),
        Sent::Access(level) => {
            sender.level.is_some_and(|own| own >= Act::GiveAccess.needs() && may_touch(own, Some(level)).is_ok())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_3_role_3_a_membership_counts_while_its_sender_could_still_send_it() {
        for role in Role::ALL {
            assert!(!still_valid(Sender::default(), Sent::Role(role)), "{role:?} of somebody who was removed");
            for by in Role::ALL {
                let sender = Sender { role: Some(by), level: None };
                assert_eq!(
                    still_valid(sender, Sent::Role(role)),
                    may_invite_as(by, role).is_ok(),
                    "{role:?} of somebody who is {by:?} now"
                );
            }
        }
    }

    #[test]
    fn access_2_access_counts_while_its_giver_still_manages_the_resource() {
        for level in Level::ALL {
            assert!(!still_valid(Sender::default(), Sent::Access(level)), "{level:?} of somebody who sees it no more");
            for own in Level::ALL {
                let sender = Sender { role: None, level: Some(own) };
                assert_eq!(still_valid(sender, Sent::Access(level)), own == Level::Manager, "{level:?} by {own:?}");
            }
        }
    }
}
