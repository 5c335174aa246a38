//! Delivers what is in the outbox (MAIL-1).
//!
//! A worker claims a few mails under a lease, so that no other does at the same time, hands them to the mail server one
//! after the other, and writes down what became of each at once. Whatever it could not write down, because it or the
//! machine stopped, is claimed by another when the lease has run out. So a mail is sent at least once, and never twice on
//! purpose: only a crash between the server's "taken" and our note of it repeats one, under the same Message-ID.

use std::time::Duration;

use tokio::sync::watch;

use crate::{
    domain::{id::MailId, mail::next_attempt_at, time::Timestamp},
    server::{
        context::Ctx,
        error::{Error, Result},
        mail::{
            message,
            smtp::{Conversation, Delivery, STEPS, Undelivered},
        },
        store::outbox::{self, Claimed},
    },
};

/// How many mails are claimed at once.
const CLAIM_BATCH_SIZE: i64 = 20;
/// How long a claim lasts.
const LEASE: Duration = Duration::from_mins(15);
/// How often to look for mail that other nodes have posted or that is due again.
const POLL_INTERVAL: Duration = Duration::from_secs(5);
/// When to look after an email was posted here: its transaction commits in a moment, or a little later.
const RETRY_AFTER_POST: [Duration; 4] =
    [Duration::ZERO, Duration::from_millis(50), Duration::from_millis(250), Duration::from_secs(1)];

/// What one round did.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Round {
    /// The server took so many.
    pub sent: u64,
    /// So many were given up.
    pub failed: u64,
    /// So many are tried again later.
    pub later: u64,
    /// So many were given back untried.
    pub released: u64,
}

/// What became of one mail.
enum DeliveryOutcome {
    Sent,
    Failed,
    Later,
}

/// Delivers until it is told to stop.
pub async fn run(ctx: Ctx, delivery: Delivery, mut stop: watch::Receiver<bool>) {
    tracing::info!(server = delivery.server(), from = %delivery.from, "delivering mail");
    // The first look comes at once: mail may have waited while no server ran.
    let mut soon = RETRY_AFTER_POST.iter();
    while !*stop.borrow() {
        let wait = soon.next().copied().unwrap_or(POLL_INTERVAL);
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = ctx.mail_posted().notified() => { soon = RETRY_AFTER_POST.iter(); continue; }
            _ = stop.wait_for(|stop| *stop) => return,
        }
        if let Err(error) = drain(&ctx, &delivery, &stop).await {
            tracing::warn!(%error, "could not look for mail; trying again later");
        }
    }
}

/// Rounds as long as they get somewhere.
async fn drain(ctx: &Ctx, delivery: &Delivery, stop: &watch::Receiver<bool>) -> Result<()> {
    loop {
        let round = round(ctx, delivery, stop).await?;
        if round.sent + round.failed == 0 {
            return Ok(());
        }
    }
}

/// Claims what is due, as many as one claim takes, and tries to deliver it.
pub async fn round(ctx: &Ctx, delivery: &Delivery, stop: &watch::Receiver<bool>) -> Result<Round> {
    {
        let mut tx = ctx.db().read().await?;
        set_waiting_gauge(outbox::count_waiting(&mut tx).await?);
        if !outbox::is_due(&mut tx, ctx.now()).await? {
            return Ok(Round::default());
        }
    }
    let now = ctx.now();
    let until = now.plus_millis(i64::try_from(LEASE.as_millis()).unwrap_or(i64::MAX));
    let claimed = ctx
        .db()
        .write(|tx, _| Box::pin(async { Ok::<_, Error>(outbox::claim(tx, now, until, CLAIM_BATCH_SIZE).await?) }))
        .await?;
    let mut round = Round::default();
    let mut mails = claimed.into_iter();
    let mut conversation: Option<Conversation> = None;
    // A mail is begun only if there is time to end it under the lease.
    let longest = i64::try_from((delivery.timeout * STEPS).as_millis()).unwrap_or(i64::MAX);
    while !*stop.borrow() && ctx.now().plus_millis(longest) < until {
        let Some(mail) = mails.next() else { break };
        if conversation.as_ref().is_none_or(Conversation::is_broken) {
            conversation = match Conversation::open(delivery).await {
                Ok(open) => Some(open),
                Err(reason) => {
                    // Nobody can be reached: that counts as a try for each, so that they come back later and later.
                    tracing::warn!(reason, "the mail server cannot be used");
                    for mail in std::iter::once(mail).chain(mails.by_ref()) {
                        round.count(&settle(ctx, &mail, until, Err(Undelivered::Later(reason.clone()))).await?);
                    }
                    break;
                }
            };
        }
        let outcome = match (message::compose(&delivery.from, &mail), &mut conversation) {
            (Ok(message), Some(conversation)) => conversation.deliver(&message).await,
            (Err(reason), _) => Err(Undelivered::Never(reason)),
            (Ok(_), None) => break,
        };
        round.count(&settle(ctx, &mail, until, outcome).await?);
    }
    let left: Vec<MailId> = mails.map(|mail| MailId(mail.id)).collect();
    round.released = u64::try_from(left.len()).unwrap_or(u64::MAX);
    if !left.is_empty() {
        ctx.db().write(|tx, _| Box::pin(async { Ok::<_, Error>(outbox::release(tx, &left, until).await?) })).await?;
    }
    if let Some(conversation) = conversation {
        conversation.close().await;
    }
    Ok(round)
}

impl Round {
    const fn count(&mut self, fate: &DeliveryOutcome) {
        match fate {
            DeliveryOutcome::Sent => self.sent += 1,
            DeliveryOutcome::Failed => self.failed += 1,
            DeliveryOutcome::Later => self.later += 1,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float, and nobody has that much mail")]
fn set_waiting_gauge(waiting: i64) {
    metrics::gauge!("mail_waiting").set(waiting as f64);
}

/// Writes down what became of a mail.
async fn settle(
    ctx: &Ctx,
    mail: &Claimed,
    until: Timestamp,
    outcome: std::result::Result<(), Undelivered>,
) -> Result<DeliveryOutcome> {
    let (id, now) = (MailId(mail.id), ctx.now());
    let (fate, next, reason) = match outcome {
        Ok(()) => (DeliveryOutcome::Sent, None, String::new()),
        Err(Undelivered::Never(reason)) => (DeliveryOutcome::Failed, None, reason),
        Err(Undelivered::Later(reason)) => match next_attempt_at(mail.attempts + 1, mail.id.as_u128(), now) {
            Some(next) => (DeliveryOutcome::Later, Some(next), reason),
            None => (DeliveryOutcome::Failed, None, reason),
        },
    };
    let sent = matches!(fate, DeliveryOutcome::Sent);
    let write = async || {
        ctx.db()
            .write(|tx, _| {
                Box::pin(async {
                    Ok::<_, Error>(if sent {
                        outbox::update_sent(tx, id, until, now).await?
                    } else {
                        outbox::update_unsent(tx, id, until, next, &reason).await?
                    })
                })
            })
            .await
    };
    // What was sent and is not written down is sent again: so a database that is away for a moment is waited for.
    let mut waits = [1, 2, 4, 8].into_iter();
    let held = loop {
        match (write().await, waits.next()) {
            (Err(error), Some(seconds)) if error.is_unavailable() => {
                tracing::warn!(%error, %id, "could not record the state of a mail; trying again");
                tokio::time::sleep(Duration::from_secs(seconds)).await;
            }
            (answer, _) => break answer?,
        }
    };
    if !held {
        tracing::warn!(%id, "the lease of a mail expired before it was delivered");
    }
    match &fate {
        DeliveryOutcome::Sent => metrics::counter!("mail_sent_total").increment(1),
        DeliveryOutcome::Failed => {
            metrics::counter!("mail_failed_total").increment(1);
            tracing::warn!(%id, "gave up on a mail: see `commonhold mail list --state failed`");
        }
        DeliveryOutcome::Later => metrics::counter!("mail_retried_total").increment(1),
    }
    Ok(fate)
}
