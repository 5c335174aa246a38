//! Every reason that a user may be told "no".

use serde::{Deserialize, Serialize};

use super::{blocker::Blocker, invitation_review::InvitationReview, text::FieldError};

/// A "no" that may be sent to the browser. Its text says what is wrong and what to do. Its [`Refusal::code`] is stable.
/// Anything else that goes wrong is an internal error and never leaves the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Refusal {
    /// Nobody is signed in.
    #[error("Sign in to continue.")]
    Unauthenticated,
    /// The email or the password is wrong; which one is never said (AUTH-3).
    #[error("Wrong email or password.")]
    WrongCredentials,
    /// They can see it but may not do this. The text names the role or level that may.
    #[error("{0}")]
    Forbidden(String),
    /// It does not exist, or not for them (ACCESS-3).
    #[error("This does not exist, or you do not have access to it.")]
    NotFound,
    /// Fields with problems.
    #[error("Some values are not valid. Check them and try again.")]
    Invalid(Vec<FieldError>),
    /// The request as a whole makes no sense; the text says why.
    #[error("{0}")]
    BadRequest(String),
    /// Somebody else changed it first. Nothing was done.
    #[error("Someone else changed this in the meantime, so nothing was done. Check it and try again.")]
    Conflict,
    /// ORG-3.
    #[error("An organization needs at least one Owner. Make someone else an Owner first.")]
    LastOwner,
    /// ORG-3, of several organizations: their names.
    #[error("You are the last Owner of {0}. Make someone else an Owner there first.")]
    LastOwnerOf(String),
    /// A personal space that would go with the account holds work (SET-2).
    #[error("Your personal space holds work. Move it to an organization first, or choose to delete it too.")]
    SpaceHoldsWork,
    /// A single-use link that was used (AUTH-2, AUTH-5).
    #[error("This link has already been used. Each link works once.")]
    LinkUsed,
    /// A single-use link that is too old, or that a newer one took the place of.
    #[error("This link no longer works. It has expired, or a newer one was sent. Ask for a new one.")]
    LinkExpired,
    /// PEOPLE-2.
    #[error("This person is already in the organization.")]
    AlreadyMember,
    /// PEOPLE-2.
    #[error("This person has already been invited.")]
    AlreadyInvited,
    /// PEOPLE-3.
    #[error("This invitation has expired. Ask for a new one.")]
    InvitationExpired,
    /// PEOPLE-10: it was answered or withdrawn.
    #[error("{0}")]
    InvitationClosed(String),
    /// PEOPLE-10: a link that a newer one took the place of; when that was sent, and to whom.
    #[error("A newer invitation was sent on {} to {}. Use the link in that mail.", .0.day().words(), .1)]
    InvitationReplaced(super::time::Timestamp, String),
    /// ROLE-3: whoever sent it was removed since, or has another role.
    #[error(
        "This invitation is no longer valid, because the person who sent it can no longer send it. Ask an Owner of the organization to send it again."
    )]
    InvitationSenderLost,
    /// PEOPLE-3.
    #[error("This invitation is for another email address. Sign in with that address.")]
    InvitationWrongPerson,
    /// Not a refusal of everything: what is known, or what came, of each person of a list (PEOPLE-2).
    #[error("{}", if .0.sent { "Not everyone could be invited." } else { "Check these, then send the invitations." })]
    Review(InvitationReview),
    /// AUTH-2.
    #[error("Verify your email address first.")]
    EmailUnverified,
    /// DRIVE-5.
    #[error("“{0}” already exists here. Choose another name.")]
    NameTaken(String),
    /// XFER-4.
    #[error("A folder cannot move into itself or into something inside it.")]
    Cycle,
    /// A transfer that something is in the way of (XFER-15).
    #[error("Nothing was moved, because something is in the way.")]
    Blocked(Vec<Blocker>),
    /// The facts changed between confirming and doing (XFER-15).
    #[error("Something has changed since you opened this, so nothing was moved. Check the new plan and confirm again.")]
    PlanChanged,
    /// An offer that was answered, withdrawn, or has ended by itself (XFER-18).
    #[error("{0}")]
    OfferClosed(String),
    /// An account that is not empty, or the last one (ACCT-1): what is in the way.
    #[error("{0}")]
    AccountInUse(String),
    /// ACCT-2.
    #[error("{0}")]
    PlanLimit(String),
    /// LIC-2.
    #[error("{0}")]
    AllowanceExceeded(String),
    /// Every seat of a licence is in use (LIC-5).
    #[error("{0}")]
    NoSeat(String),
    /// A program asks about a seat that it does not have any more (LIC-5).
    #[error(
        "You no longer have this seat: it was released, taken on another device, or not used for too long. Take a seat again."
    )]
    SeatLost,
    /// Which organization's desktop licences a program may take, or where an upload without a place goes, is not known (SET-1).
    #[error(
        "You belong to several organizations. Choose a default organization under My account; desktop licences come from there, and uploads go there."
    )]
    ChooseOrganization,
    /// The organization's storage would be exceeded (FILE-6).
    #[error("{0}")]
    QuotaExceeded(String),
    /// Another file has this path (FILE-1).
    #[error("{0}")]
    FileConflict(String),
    /// What a job is at keeps its images (JOB-2).
    #[error(
        "A job works on the images of this dataset, so they cannot be changed now. Wait until it has ended, or cancel it."
    )]
    InputsHeld,
    /// More bytes than may be sent.
    #[error("{0}")]
    TooLarge(String),
    /// Another request sends bytes of this upload just now (FILE-3).
    #[error(
        "Another request is sending this file. Wait until it has ended, ask how far it came, and go on from there."
    )]
    UploadBusy,
    /// Bytes were sent for another place than where the upload goes on (FILE-3).
    #[error("This upload goes on at byte {0}.")]
    WrongOffset(i64),
    /// What arrived is not what the sender says it sent.
    #[error("The checksum does not match, so these bytes were thrown away. Send them again.")]
    WrongChecksum,
    /// An upload that nobody went on with.
    #[error("This upload has expired. Begin it again.")]
    UploadExpired,
    /// A job is in a state, or another one is under way, so that this cannot be done (JOB-2).
    #[error("{0}")]
    JobConflict(String),
    /// A job would cost more than somebody agreed to (JOB-2).
    #[error("{0}")]
    PriceChanged(String),
    /// An engine writes under a lease that is not the job's any more (JOB-6).
    #[error(
        "This lease is lost: the job has ended, or another engine has taken it. Stop working on it; nothing was written."
    )]
    LeaseLost,
    /// Somebody may not run an app (JOB-1); the text says why.
    #[error("{0}")]
    AppNotAuthorized(String),
    /// What an expired licence takes away (LIC-6), or a licence tier that is too low (LIC-4).
    #[error("{0}")]
    Licence(String),
    /// A page of somebody else sent this: another person has signed in meanwhile, in another tab.
    #[error(
        "You are now signed in as {0}, and this page was opened by someone else. Nothing was done. Reload the page to continue."
    )]
    SignedInAs(String),
    /// Too many attempts; try again after so many seconds.
    #[error("Too many attempts. Try again in {0} seconds.")]
    RateLimited(u64),
    /// The data cannot be reached or written just now.
    #[error("The service cannot reach its data right now. Nothing was changed; try again in a moment.")]
    Unavailable,
    /// Others changed the same things, for so many seconds.
    #[error("{}", busy(*.0))]
    Busy(u64),
    /// Every turn to send bytes is taken, of this node or of this person (FILE-3).
    #[error("Many uploads are under way. Try again in a moment.")]
    ManyUploads,
    /// The same Idempotency-Key with another body.
    #[error("This Idempotency-Key was used for a different request.")]
    IdempotencyMismatch,
}

/// That others were in the way, and for how long.
fn busy(seconds: u64) -> String {
    let long = if seconds == 0 { String::new() } else { format!(" for {seconds} seconds") };
    format!("Others were changing the same things{long}, so this was not done. Nothing was changed; try again.")
}

impl Refusal {
    /// What is wrong in one sentence, for where no field shows it: of several wrong fields, the first.
    pub fn sentence(&self) -> String {
        match self {
            Self::Invalid(fields) => fields.first().map_or_else(|| self.to_string(), FieldError::words),
            other => other.to_string(),
        }
    }

    /// One field with one problem.
    pub fn field(field: &str, problem: super::text::FieldIssue) -> Self {
        Self::Invalid(vec![FieldError::new(field, problem)])
    }

    /// The stable code of the REST API.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unauthenticated | Self::WrongCredentials => "unauthenticated",
            Self::Forbidden(_) | Self::Licence(_) => "forbidden",
            Self::NotFound => "not_found",
            Self::Invalid(_) | Self::BadRequest(_) => "invalid",
            Self::Conflict | Self::OfferClosed(_) => "conflict",
            Self::LastOwner | Self::LastOwnerOf(_) => "last_owner",
            Self::SpaceHoldsWork => "space_holds_work",
            Self::LinkUsed => "link_used",
            Self::LinkExpired => "link_expired",
            Self::AlreadyMember => "already_member",
            Self::AlreadyInvited => "already_invited",
            Self::InvitationExpired
            | Self::InvitationClosed(_)
            | Self::InvitationReplaced(..)
            | Self::InvitationSenderLost => "invitation_expired",
            Self::Review(_) => "invalid",
            Self::InvitationWrongPerson => "invitation_wrong_person",
            Self::EmailUnverified => "email_unverified",
            Self::NameTaken(_) => "name_taken",
            Self::Cycle => "cycle",
            Self::Blocked(_) => "blocked",
            Self::PlanChanged => "plan_changed",
            Self::AccountInUse(_) => "account_in_use",
            Self::PlanLimit(_) => "plan_limit",
            Self::AllowanceExceeded(_) => "allowance_exceeded",
            Self::NoSeat(_) => "no_seat",
            Self::SeatLost => "seat_lost",
            Self::ChooseOrganization => "choose_organization",
            Self::SignedInAs(_) => "conflict",
            Self::JobConflict(_) => "conflict",
            Self::PriceChanged(_) => "price_changed",
            Self::LeaseLost => "lease_lost",
            Self::AppNotAuthorized(_) => "app_not_authorized",
            Self::QuotaExceeded(_) => "quota_exceeded",
            Self::FileConflict(_) => "file_conflict",
            Self::InputsHeld => "inputs_held",
            Self::TooLarge(_) => "too_large",
            Self::UploadBusy => "upload_busy",
            Self::WrongOffset(_) => "wrong_offset",
            Self::WrongChecksum => "wrong_checksum",
            Self::UploadExpired => "upload_expired",
            Self::RateLimited(_) => "rate_limited",
            Self::Unavailable => "unavailable",
            Self::Busy(_) | Self::ManyUploads => "busy",
            Self::IdempotencyMismatch => "idempotency_mismatch",
        }
    }
}
