//! Whether who sent an invitation may still give what it gives (ROLE-3).

use crate::{
    domain::sender::{Sender, Sent, still_valid},
    server::{
        error::Result,
        store::{
            Tx,
            invitation::{self, Invitation, PromisedGrant},
            membership,
        },
    },
};

/// Whether an invitation promises access, and nobody who promised some could give it now. One who still could is enough for
/// the invitation to be accepted: the rest of what it promises is then left out.
pub(super) fn no_sender_can_give<'a>(promised: impl Iterator<Item = &'a PromisedGrant>) -> bool {
    let mut there = false;
    for one in promised {
        there = true;
        if still_valid(one.sender, Sent::Access(one.level)) {
            return false;
        }
    }
    there
}

/// Whether a pending invitation cannot be accepted, because its sender may no longer give what it promises (ROLE-3).
pub(super) async fn sender_lost(tx: &mut Tx, found: &Invitation) -> Result<bool> {
    if found.external {
        return Ok(no_sender_can_give(invitation::list_promised(tx, &[found.id]).await?.iter()));
    }
    Ok(!still_valid(sender(tx, found).await?, Sent::Role(found.role)))
}

/// What the sender may do now. For a role that was changed since, the sender is whoever changed it: they answer for it.
pub(super) async fn sender(tx: &mut Tx, found: &Invitation) -> Result<Sender> {
    Ok(Sender { role: membership::find_role(tx, found.organization, found.role_by).await?, level: None })
}
