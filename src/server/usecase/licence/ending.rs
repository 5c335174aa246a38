//! The end of a licence is told before it comes (LIC-8).

use crate::{
    domain::licence::{Family, days_left, last_day, latest_end_told},
    server::{
        context::Ctx,
        error::{Error, Result},
        mail::{self, EmailMessage},
        store::{licence, membership},
    },
};

/// Tells the Owners of an organization that a licence of theirs ends in a week, once: the next licence of which that is to be
/// told. Whether there was one. Two nodes that do this at once tell it once: the note and the emails are one transaction.
///
/// # Errors
/// The database.
pub async fn tell_next(ctx: &Ctx) -> Result<bool> {
    let now = ctx.now();
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let Some(ending) = licence::find_ending(tx, now, latest_end_told(now)).await? else {
                    return Ok(false);
                };
                if !licence::update_end_told(tx, ending.id).await? {
                    return Ok(true);
                }
                let message = EmailMessage::LicenceEnds {
                    organization: &ending.organization_name,
                    org_id: &ending.org_id,
                    licence: ending.product.label(),
                    cloud: ending.product.family() == Family::Cloud,
                    trial: ending.trial,
                    last_day: last_day(ending.active_until),
                    days: days_left(ending.active_until, now),
                    borrower: ending.borrower_name.as_deref(),
                };
                for address in membership::list_owner_addresses(tx, ending.organization).await? {
                    mail::post(tx, ctx, &address, &message).await?;
                }
                Ok::<_, Error>(true)
            })
        })
        .await
}
