//! **Contact support** (HELP-1): one's tickets, the form of a new one, and the thread of each. The organization in whose frame a page is
//! shown is `org` in its address; the tickets are the reader's own, whatever it is.

pub mod list;
pub mod new;
pub mod show;

use crate::domain::ticket::TicketState;

/// The class that colours a state.
const fn state_tone(state: TicketState) -> &'static str {
    match state {
        TicketState::Open => "status run",
        TicketState::Answered => "status ok",
        TicketState::Closed => "status",
    }
}
