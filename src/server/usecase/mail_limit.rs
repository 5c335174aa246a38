//! Letters to people who did not ask for one (attack 27): who may have them sent, and how many.
//!
//! # Invariants
//! - Nobody has one sent before their own address is proved.
//! - A person, an organization and a client each have so many in a day.

use crate::domain::{id::OrganizationId, invitation::may_send_invitations, refusal::Refusal};

use super::super::{
    context::{Ctx, Principal},
    error::Result,
    limit::{Key, Rule, network},
    store::{Tx, invitation, person},
};

/// Letters that a client is about to have sent, counted in advance: what is not sent is given back.
pub struct MailBudget {
    ctx: Ctx,
    keys: Vec<Key>,
    left: usize,
}

impl MailBudget {
    /// At most so many.
    ///
    /// # Errors
    /// `RateLimited` where the client had too many sent.
    pub fn about(ctx: &Ctx, by: &Principal, most: usize) -> Result<Self> {
        let keys: Vec<Key> = by
            .address
            .as_deref()
            .map(|address| Key::of(Rule::EMAILS, format!("letters {}", network(Some(address)))))
            .into_iter()
            .collect();
        ctx.limits().take(&keys, most)?;
        Ok(Self { ctx: ctx.clone(), keys, left: most })
    }

    /// So many of them were sent.
    pub fn sent(mut self, budget: usize) {
        self.left = self.left.saturating_sub(budget);
    }
}

impl Drop for MailBudget {
    fn drop(&mut self) {
        self.ctx.limits().give_back(&self.keys, self.left);
    }
}

/// Whether somebody may have letters sent to people who do not know them. A machine has no address: whoever made its key answers for
/// it, and had to prove theirs for that.
///
/// # Errors
/// `EmailUnverified`.
pub async fn proved(tx: &mut Tx, by: &Principal) -> Result<()> {
    if by.key.is_some() {
        return Ok(());
    }
    let me = person::find(tx, by.person).await?.ok_or(Refusal::Unauthenticated)?;
    if me.email_verified { Ok(()) } else { Err(Refusal::EmailUnverified.into()) }
}

/// [`proved`], and whether there are as many letters left today, for them and for their organization.
///
/// # Errors
/// `EmailUnverified`; `RateLimited`.
pub async fn may_email_strangers(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    organization: OrganizationId,
    budget: u64,
) -> Result<()> {
    proved(tx, by).await?;
    if !ctx.limits().is_on() || budget == 0 {
        return Ok(());
    }
    let since = ctx.now().plus_days(-1);
    let from_person = invitation::count_sent_by(tx, by.person, since).await?;
    let from_organization = invitation::count_sent_of(tx, organization, since).await?;
    Ok(may_send_invitations(from_person, from_organization, budget)?)
}
