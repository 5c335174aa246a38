//! Every email that we write, with the values that its template shows.
#![expect(
    clippy::ref_binding_to_reference,
    clippy::ref_option_ref,
    reason = "the code that askama derives borrows every field, also one that is a reference"
)]

use askama::Template;

use crate::domain::{
    access::Level,
    job::FailureKind,
    loan::LoanEnd,
    role::Role,
    time::{Day, Timestamp},
};

use super::templates::{self, filters};

/// What is written to people. `organization` is the name of the organization that the email is about or goes to, `by` the
/// name of who did it. A `token` is here as it is in the link: only its digest is stored.
#[derive(Debug, Clone, Template)]
#[template(escape = "email")]
pub enum EmailMessage<'a> {
    /// An invitation into an organization (PEOPLE-3): leads to `/invitations/{token}`.
    #[template(path = "invitation.txt")]
    Invitation {
        /// The name that was given with the address.
        name: Option<&'a str>,
        organization: &'a str,
        inviter: &'a str,
        /// The role they will have.
        role: Role,
        /// For a Member: the name of what they will reach.
        resource: Option<&'a str>,
        token: &'a str,
        days: i64,
        expires_at: Timestamp,
    },
    /// An invitation to reach something from outside (ACCESS-2): leads to `/invitations/{token}`.
    #[template(path = "shared_with.txt")]
    SharedWith {
        /// The name that was given with the address.
        name: Option<&'a str>,
        organization: &'a str,
        inviter: &'a str,
        /// The name of what they will reach, while it is there.
        resource: Option<&'a str>,
        token: &'a str,
        days: i64,
        expires_at: Timestamp,
    },
    /// They, or an organization they own, were given access to something (ACCESS-2, ACCESS-4): leads to it.
    #[template(path = "access_given.txt")]
    AccessGiven {
        /// The organization's name that owns it.
        organization: &'a str,
        /// Its page, a path of this site.
        path: &'a str,
        resource: &'a str,
        by: &'a str,
        level: Level,
        /// The organization that it was given to, where it was not to them.
        group: Option<&'a str>,
    },
    /// Prove this address (AUTH-2): leads to `/verify?token=`.
    #[template(path = "verify_email.txt")]
    VerifyEmail { first_name: &'a str, token: &'a str },
    /// A new password (AUTH-5): leads to `/reset?token=`; works one hour.
    #[template(path = "reset_password.txt")]
    ResetPassword { first_name: &'a str, token: &'a str, expires_at: Timestamp },
    /// An Owner created an account for them (PEOPLE-8): leads to `/reset?token=`.
    #[template(path = "set_password.txt")]
    SetPassword {
        first_name: &'a str,
        organization: &'a str,
        by: &'a str,
        token: &'a str,
        days: i64,
        expires_at: Timestamp,
    },
    /// To the old address: the account has another address now (SET-1).
    #[template(path = "email_changed.txt")]
    EmailChanged {
        first_name: &'a str,
        /// The new address.
        email: &'a str,
    },
    /// The password was changed, and other sessions ended (AUTH-4).
    #[template(path = "password_changed.txt")]
    PasswordChanged {
        first_name: &'a str,
        /// Where this site is: the email says where to set a new password, without a button that would ask for it.
        public_url: &'a str,
    },
    /// Their role was changed (PEOPLE-6).
    #[template(path = "role_changed.txt")]
    RoleChanged { organization: &'a str, org_id: &'a str, by: &'a str, from: Role, to: Role },
    /// They were made an Owner (ROLE-3).
    #[template(path = "ownership_given.txt")]
    OwnershipGiven { organization: &'a str, org_id: &'a str, by: &'a str },
    /// To its Owners: somebody wants to accept an invitation, and who sent it can no longer give it (ROLE-3).
    #[template(path = "invitation_sender_lost.txt")]
    InvitationSenderLost {
        organization: &'a str,
        org_id: &'a str,
        /// Whom it is for.
        email: &'a str,
        /// Who sent it.
        sender: &'a str,
    },
    /// They were taken out of an organization (PEOPLE-5).
    #[template(path = "removed.txt")]
    Removed { organization: &'a str, by: &'a str },
    /// A licence was lent to an organization they own (ACCT-3): leads to its loans.
    #[template(path = "licence_lent.txt")]
    LicenceLent {
        organization: &'a str,
        org_id: &'a str,
        lender: &'a str,
        /// What is lent.
        licence: &'static str,
        /// The Sharing ID of the account that may use it.
        account: &'a str,
        by: &'a str,
        until: Day,
    },
    /// A licence that was lent is back with its owner before its last day (ACCT-3): leads to the loans of the other side.
    #[template(path = "loan_ended.txt")]
    LoanEnded {
        /// The organization's name that is told.
        organization: &'a str,
        org_id: &'a str,
        /// What was lent.
        licence: &'static str,
        by: &'a str,
        how: LoanEnd,
    },
    /// To its Owners: a licence of theirs ends soon (LIC-8). Leads to the licences.
    #[template(path = "licence_ends.txt")]
    LicenceEnds {
        organization: &'a str,
        org_id: &'a str,
        /// What ends.
        licence: &'static str,
        /// Whether it is a cloud licence: then what one does here changes.
        cloud: bool,
        /// Whether it was given to try it out (LIC-7).
        trial: bool,
        last_day: Day,
        /// How many days follow today until then.
        days: i64,
        /// The organization that it is lent to.
        borrower: Option<&'a str>,
    },
    /// A job that they started has ended (JOB-2): leads to the job.
    #[template(path = "job_ended.txt")]
    JobEnded {
        organization: &'a str,
        /// The job's page, a path of this site.
        path: &'a str,
        app: &'a str,
        dataset: &'a str,
        /// Why it failed, if it did.
        failure: Option<FailureKind>,
        /// What its engine said about that.
        message: &'a str,
        refunded: bool,
    },
    /// Items are offered to an organization of theirs (XFER-18): leads to the offer.
    #[template(path = "transfer_offered.txt")]
    TransferOffered {
        organization: &'a str,
        /// The offer's page, a path of this site.
        path: &'a str,
        /// The organization that offers.
        source: &'a str,
        by: &'a str,
        /// What is offered: one name in quotation marks, or how many items.
        what: &'a str,
        /// What they say to it; may be empty.
        note: &'a str,
        /// How many days it can be taken.
        days: i64,
        expires_at: Timestamp,
    },
    /// What they offered was accepted or declined (XFER-18): leads to the offer.
    #[template(path = "offer_answered.txt")]
    OfferAnswered {
        /// The organization it was offered to.
        organization: &'a str,
        /// The offer's page, a path of this site.
        path: &'a str,
        what: &'a str,
        accepted: bool,
    },
    /// To the operator: somebody opened a ticket, or wrote in one of theirs (HELP-1).
    #[template(path = "ticket_written.txt")]
    TicketWritten {
        number: i64,
        subject: &'a str,
        /// Whether it is not the first message.
        reply: bool,
        by: &'a str,
        /// Where a reply to the email goes.
        email: &'a str,
        email_verified: bool,
        text: &'a str,
        /// What they sent along: the name and the Org ID of the organization, the page, and the request that failed.
        organization: Option<(&'a str, &'a str)>,
        page: Option<&'a str>,
        request_id: Option<&'a str>,
    },
    /// The operator answered in their ticket (HELP-1): leads to `/support/{number}`.
    #[template(path = "ticket_answered.txt")]
    TicketAnswered { number: i64, subject: &'a str, first_name: &'a str, text: &'a str },
    /// Their account was deleted (SET-2).
    #[template(path = "account_deleted.txt")]
    AccountDeleted { first_name: &'a str },
    /// To the operator: an Owner asks for a licence (ORG-8).
    #[template(path = "purchase_requested.txt")]
    PurchaseRequested {
        organization: &'a str,
        org_id: &'a str,
        by: &'a str,
        /// What, in one line.
        what: &'a str,
        /// What, in their own words.
        message: Option<&'a str>,
        contact_name: &'a str,
        contact_email: &'a str,
        contact_phone: Option<&'a str>,
        request: &'a str,
    },
    /// The operator answered what was asked for (ORG-8): leads to `/o/{org}/billing`.
    #[template(path = "purchase_answered.txt")]
    PurchaseAnswered {
        organization: &'a str,
        org_id: &'a str,
        /// What was asked for, in one line.
        what: &'a str,
        /// Whether the answer is no.
        declined: bool,
        /// What the operator says.
        answer: &'a str,
    },
}
