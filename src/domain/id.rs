//! Typed ids: a folder's id cannot be passed where a person's is meant.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )+};
}

ids! {
    /// One person, whatever organizations they belong to.
    PersonId,
    /// One organization. Its Org ID is a name for people; this is what rows point to.
    OrganizationId,
    /// One account of an organization.
    AccountId,
    /// One invitation into an organization.
    InvitationId,
    /// One node of a Drive: root, folder, site, asset or dataset.
    ResourceId,
    /// One grant of a level on a resource.
    GrantId,
    /// One licence of an account.
    LicenceId,
    /// One entry in a licence's append-only ledger.
    EntryId,
    /// One finished transfer, and its receipt.
    TransferId,
    /// One offer of items to another organization.
    OfferId,
    /// One share link.
    LinkId,
    /// One session, as it is called outside.
    SessionId,
    /// One single-use link.
    OneTimeLinkId,
    /// One line of the audit log.
    AuditId,
    /// One piece of long work.
    TaskId,
    /// One change that can be taken back.
    UndoId,
    /// One mail waiting in, or sent from, the outbox.
    MailId,
    /// One person to write to about money.
    ContactId,
    /// One request for a licence.
    RequestId,
    /// One key of the operator's API.
    OperatorKeyId,
    /// One loan of a licence.
    LoanId,
    /// One credential key.
    KeyId,
    /// The bytes of one or more files, stored once.
    BlobId,
    /// One object in storage. No id is used twice.
    ObjectId,
    /// One file on its way.
    UploadId,
    /// One app.
    AppId,
    /// One job: an app's run on a dataset.
    JobId,
    /// One engine's lease of a job.
    LeaseId,
}
