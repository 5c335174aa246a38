//! Inviting people and answering invitations (PEOPLE-2 to PEOPLE-4, PEOPLE-10, SPACE-1).
//!
//! - For who manages people: `review` decides who of a list can be invited, `send` invites them, `change` changes an
//!   invitation that waits, `list` lists them.
//! - For who is invited: `show` is what they see, `answer` accepts and declines.
//! - `sender` says whether who sent an invitation may still give what it gives.

pub mod answer;
pub mod change;
pub mod list;
pub mod review;
pub mod send;
mod sender;
pub mod show;
