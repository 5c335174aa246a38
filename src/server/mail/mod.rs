//! Mail: what is written to people, and how it gets to them (MAIL-1).
//!
//! A use case writes a [`EmailMessage`] with [`post`] in the transaction of what the letter tells; a worker
//! ([`super::workers::mail`]) takes it from the outbox, makes a [`message`] of it and hands it to the mail server in a
//! conversation of [`smtp`].

pub mod message;
pub mod smtp;
mod templates;

use crate::domain::{access::Level, id::MailId, loan::LoanEnd, mail::not_before, role::Role, time::Day};

use super::{
    context::Ctx,
    error::Result,
    store::{Tx, outbox},
};

/// Everything that we write to people. Tokens stand here as they stand in the link; only their digests are stored.
#[derive(Debug, Clone)]
pub enum EmailMessage<'a> {
    /// An invitation into an organization (PEOPLE-3): leads to `/invitations/{token}`.
    Invitation {
        /// The name that was given with the address.
        name: Option<&'a str>,
        /// The organization's name.
        organization: &'a str,
        /// Who invites.
        inviter: &'a str,
        /// The role they will have.
        role: Role,
        /// For a Member: the name of what they will reach.
        resource: Option<&'a str>,
        /// The link's token.
        token: &'a str,
        /// How many days the link works.
        days: i64,
    },
    /// An invitation to reach something from outside (ACCESS-2): leads to `/invitations/{token}`.
    SharedWith {
        /// The name that was given with the address.
        name: Option<&'a str>,
        /// The organization's name.
        organization: &'a str,
        /// Who shares.
        inviter: &'a str,
        /// The name of what they will reach, while it is there.
        resource: Option<&'a str>,
        /// The link's token.
        token: &'a str,
        /// How many days the link works.
        days: i64,
    },
    /// They, or an organization they own, were given access to something (ACCESS-2, ACCESS-4): leads to it.
    AccessGiven {
        /// The organization's name that owns it.
        organization: &'a str,
        /// Its page, a path of this site.
        path: &'a str,
        /// Its name.
        resource: &'a str,
        /// Who gave it.
        by: &'a str,
        /// How much.
        level: Level,
        /// The organization that it was given to, where it was not to them.
        group: Option<&'a str>,
    },
    /// Prove this address (AUTH-2): leads to `/verify?token=`.
    VerifyEmail {
        /// First name.
        first_name: &'a str,
        /// The link's token.
        token: &'a str,
    },
    /// A new password (AUTH-5): leads to `/reset?token=`; works one hour.
    ResetPassword {
        /// First name.
        first_name: &'a str,
        /// The link's token.
        token: &'a str,
    },
    /// An Owner created an account for them (PEOPLE-8): leads to `/reset?token=`.
    SetPassword {
        /// First name.
        first_name: &'a str,
        /// The organization's name.
        organization: &'a str,
        /// Who created it.
        by: &'a str,
        /// The link's token.
        token: &'a str,
        /// How many days the link works.
        days: i64,
    },
    /// To the old address: the account has another address now (SET-1).
    EmailChanged {
        /// First name.
        first_name: &'a str,
        /// The new address.
        email: &'a str,
    },
    /// The password was changed, and other sessions ended (AUTH-4).
    PasswordChanged {
        /// First name.
        first_name: &'a str,
    },
    /// Their role was changed (PEOPLE-6).
    RoleChanged {
        /// The organization's name.
        organization: &'a str,
        /// Its Org ID.
        org_id: &'a str,
        /// Who changed it.
        by: &'a str,
        /// The role before.
        from: Role,
        /// The role now.
        to: Role,
    },
    /// They were made an Owner (ROLE-3).
    OwnershipGiven {
        /// The organization's name.
        organization: &'a str,
        /// Its Org ID.
        org_id: &'a str,
        /// Who gave it.
        by: &'a str,
    },
    /// To its Owners: somebody wants to accept an invitation, and who sent it can no longer give it (ROLE-3).
    InvitationSenderLost {
        /// The organization's name.
        organization: &'a str,
        /// Its Org ID.
        org_id: &'a str,
        /// Whom it is for.
        email: &'a str,
        /// Who sent it.
        sender: &'a str,
    },
    /// They were taken out of an organization (PEOPLE-5).
    Removed {
        /// The organization's name.
        organization: &'a str,
        /// Who removed them.
        by: &'a str,
    },
    /// A licence was lent to an organization they own (ACCT-3): leads to its loans.
    LicenceLent {
        /// The organization's name.
        organization: &'a str,
        /// Its Org ID.
        org_id: &'a str,
        /// The lender's name.
        lender: &'a str,
        /// What is lent.
        licence: &'static str,
        /// The Sharing ID of the account that may use it.
        account: &'a str,
        /// Who lent it.
        by: &'a str,
        /// The last day.
        until: Day,
    },
    /// A licence that was lent is back with its owner before its last day (ACCT-3): leads to the loans of the other side.
    LoanEnded {
        /// The organization's name that is told.
        organization: &'a str,
        /// Its Org ID.
        org_id: &'a str,
        /// What was lent.
        licence: &'static str,
        /// Who ended it.
        by: &'a str,
        /// How.
        how: LoanEnd,
    },
    /// Items are offered to an organization of theirs (XFER-18): leads to the offer.
    TransferOffered {
        /// The organization's name.
        organization: &'a str,
        /// The offer's page, a path of this site.
        path: &'a str,
        /// The organization that offers.
        source: &'a str,
        /// Who offers.
        by: &'a str,
        /// What is offered: one name in quotation marks, or how many items.
        what: &'a str,
        /// What they say to it; may be empty.
        note: &'a str,
        /// How many days it can be taken.
        days: i64,
    },
    /// What they offered was accepted or declined (XFER-18): leads to the offer.
    OfferAnswered {
        /// The organization it was offered to.
        organization: &'a str,
        /// The offer's page, a path of this site.
        path: &'a str,
        /// What was offered.
        what: &'a str,
        /// Whether it was accepted.
        accepted: bool,
    },
    /// Their account was deleted (SET-2).
    AccountDeleted {
        /// First name.
        first_name: &'a str,
    },
    /// To the operator: an Owner asks for a licence (ORG-8).
    PurchaseRequested {
        /// The organization's name.
        organization: &'a str,
        /// Its Org ID.
        org_id: &'a str,
        /// Who asks.
        by: &'a str,
        /// What, in one line.
        what: &'a str,
        /// What, in their own words.
        message: Option<&'a str>,
        /// Whom to answer: name.
        contact_name: &'a str,
        /// Whom to answer: address.
        contact_email: &'a str,
        /// Whom to answer: phone.
        contact_phone: Option<&'a str>,
        /// The request's id.
        request: &'a str,
    },
    /// The operator answered what was asked for (ORG-8): leads to `/o/{org}/billing`.
    PurchaseAnswered {
        /// The organization's name.
        organization: &'a str,
        /// Its Org ID.
        org_id: &'a str,
        /// What was asked for, in one line.
        what: &'a str,
        /// Whether the answer is no.
        declined: bool,
        /// What the operator says.
        answer: &'a str,
    },
}

/// Puts a letter into the outbox, in the transaction of what it tells. It goes out once that is committed.
///
/// # Errors
/// The database.
pub async fn post(tx: &mut Tx, ctx: &Ctx, to: &str, message: &EmailMessage<'_>) -> Result<MailId> {
    let id = MailId(ctx.id());
    let written = templates::write(message, ctx.public_url(), ctx.now())?;
    let mail =
        outbox::NewMail { id, to, subject: &written.subject, text: &written.text, html: &written.html, at: ctx.now() };
    outbox::insert(tx, &mail).await?;
    ctx.mail_posted().notify_one();
    Ok(id)
}

/// [`post`], about something of which somebody is told at most once in a while: a letter that comes too soon after the last
/// waits, and the next about the same takes its place.
///
/// # Errors
/// The database.
pub async fn post_about(tx: &mut Tx, ctx: &Ctx, to: &str, message: &EmailMessage<'_>, topic: &str) -> Result<MailId> {
    let (id, now) = (MailId(ctx.id()), ctx.now());
    let written = templates::write(message, ctx.public_url(), now)?;
    let due = not_before(outbox::find_last_about(tx, topic, to).await?, now);
    let mail = outbox::NewMail { id, to, subject: &written.subject, text: &written.text, html: &written.html, at: now };
    outbox::insert_about(tx, &mail, topic, due).await?;
    ctx.mail_posted().notify_one();
    Ok(id)
}
