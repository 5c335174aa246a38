//! Kinds of actions in the audit log (AUDIT-1).

/// What is written into the audit log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    OrganizationCreated,
    OrganizationCreatedFor,
    OrganizationChanged,
    OrganizationLegalChanged,
    OrganizationOrgIdChanged,
    OrganizationDeleted,
    OrganizationRestored,
    OrganizationPlanChanged,
    OrganizationStorageChanged,
    AccountCreated,
    AccountChanged,
    AccountDeleted,
    PersonLimited,
    PersonCapped,
    InvitationSent,
    InvitationChanged,
    InvitationResent,
    InvitationRevoked,
    InvitationDeclined,
    PersonJoined,
    PersonCreated,
    RoleChanged,
    PersonRemoved,
    PersonLeft,
    AccessGiven,
    AccessAccepted,
    AccessChanged,
    AccessRemoved,
    LicenceGranted,
    LicenceExpired,
    LicenceExtended,
    LicenceToppedUp,
    BillingContactAdded,
    BillingContactChanged,
    BillingContactRemoved,
    PurchaseRequested,
    PurchaseWithdrawn,
    PurchaseAnswered,
    PurchaseDeclined,
    OperatorKeyCreated,
    OperatorKeyRevoked,
    ResourceCreated,
    ResourceRenamed,
    ResourceMoved,
    ResourceTrashed,
    ResourceRestored,
    ResourceDeleted,
    ResourceCopied,
    ResourceShared,
    ResourceReceived,
    TransferSent,
    TransferReceived,
    OfferMade,
    OfferReceived,
    OfferAccepted,
    OfferDeclined,
    OfferWithdrawn,
    ResourceRestricted,
    LinkCreated,
    LinkRevoked,
    AccessViewedAs,
    DatasetStatusSet,
    DatasetChanged,
    FilesUploadStarted,
    FilesUploadDiscarded,
    FilesChanged,
    FilesDeleted,
    FilesRestored,
    AnnotationAdded,
    AnnotationChanged,
    AnnotationDeleted,
    AnnotationsImported,
    SeatGiven,
    SeatTakenBack,
    SeatReleased,
    SeatTaken,
    SeatLetGo,
    LoanMade,
    LoanReceived,
    LoanCalledBack,
    LoanReturned,
    WorkCancelled,
    KeyCreated,
    KeyRevoked,
    AppCreated,
    AppChanged,
    AppVersionPublished,
    AppUserAdded,
    AppUserRemoved,
    JobStarted,
    JobQueued,
    JobCancelled,
    JobEnded,
    ProfileChanged,
    ConsentChanged,
    EmailVerified,
    EmailChangeAsked,
    EmailChanged,
    PasswordResetAsked,
    PasswordChanged,
    SessionEnded,
    TicketOpened,
    TicketReplied,
    TicketAnswered,
    TicketClosed,
}

words! {
    Action
    OrganizationCreated => "organization.created", "Organization created";
    OrganizationCreatedFor => "organization.created_for", "Organization created by the operator";
    OrganizationChanged => "organization.changed", "Organization details changed";
    OrganizationLegalChanged => "organization.legal_changed", "Legal information changed";
    OrganizationOrgIdChanged => "organization.org_id_changed", "Org ID changed";
    OrganizationDeleted => "organization.deleted", "Organization deleted";
    OrganizationRestored => "organization.restored", "Organization restored";
    OrganizationPlanChanged => "organization.plan_changed", "Plan changed";
    OrganizationStorageChanged => "organization.storage_changed", "Storage limit changed";
    AccountCreated => "account.created", "Account created";
    AccountChanged => "account.changed", "Account changed";
    AccountDeleted => "account.deleted", "Account deleted";
    PersonLimited => "person.limited", "Accounts of a person changed";
    PersonCapped => "person.capped", "Limits of a person changed";
    InvitationSent => "invitation.sent", "Invitation sent";
    InvitationChanged => "invitation.changed", "Invitation changed";
    InvitationResent => "invitation.resent", "Invitation resent";
    InvitationRevoked => "invitation.revoked", "Invitation revoked";
    InvitationDeclined => "invitation.declined", "Invitation declined";
    PersonJoined => "person.joined", "Person joined";
    PersonCreated => "person.created", "Account created for a person";
    RoleChanged => "role.changed", "Role changed";
    PersonRemoved => "person.removed", "Person removed";
    PersonLeft => "person.left", "Person left";
    AccessGiven => "access.given", "Access given";
    AccessAccepted => "access.accepted", "Access accepted";
    AccessChanged => "access.changed", "Access changed";
    AccessRemoved => "access.removed", "Access removed";
    LicenceGranted => "licence.granted", "Licence granted";
    LicenceExpired => "licence.expired", "Licence ended";
    LicenceExtended => "licence.extended", "Licence extended";
    LicenceToppedUp => "licence.topped_up", "Licence topped up";
    BillingContactAdded => "billing.contact_added", "Billing contact added";
    BillingContactChanged => "billing.contact_changed", "Billing contact changed";
    BillingContactRemoved => "billing.contact_removed", "Billing contact removed";
    PurchaseRequested => "purchase.requested", "Licence requested";
    PurchaseWithdrawn => "purchase.withdrawn", "Request withdrawn";
    PurchaseAnswered => "purchase.answered", "Request answered";
    PurchaseDeclined => "purchase.declined", "Request declined";
    OperatorKeyCreated => "operator_key.created", "Operator key created";
    OperatorKeyRevoked => "operator_key.revoked", "Operator key revoked";
    ResourceCreated => "resource.created", "Item created";
    ResourceRenamed => "resource.renamed", "Item renamed";
    ResourceMoved => "resource.moved", "Items moved";
    ResourceTrashed => "resource.trashed", "Items moved to the trash";
    ResourceRestored => "resource.restored", "Items restored";
    ResourceDeleted => "resource.deleted", "Items deleted for good";
    ResourceCopied => "resource.copied", "Items copied";
    ResourceShared => "resource.shared", "Copy shared with another account";
    ResourceReceived => "resource.received", "Copy received from another account";
    TransferSent => "transfer.sent", "Items transferred out";
    TransferReceived => "transfer.received", "Items transferred in";
    OfferMade => "offer.made", "Items offered";
    OfferReceived => "offer.received", "Offer received";
    OfferAccepted => "offer.accepted", "Offer accepted";
    OfferDeclined => "offer.declined", "Offer declined";
    OfferWithdrawn => "offer.withdrawn", "Offer withdrawn";
    ResourceRestricted => "resource.restricted", "Restrictions changed";
    LinkCreated => "link.created", "Link created";
    LinkRevoked => "link.revoked", "Link revoked";
    AccessViewedAs => "access.viewed_as", "Drive viewed as someone else";
    DatasetStatusSet => "dataset.status_set", "Dataset status changed";
    DatasetChanged => "dataset.changed", "Dataset changed";
    FilesUploadStarted => "files.upload_started", "Upload started";
    FilesUploadDiscarded => "files.upload_discarded", "Uploads discarded";
    FilesChanged => "files.changed", "File changed";
    FilesDeleted => "files.deleted", "Files deleted";
    FilesRestored => "files.restored", "Files restored";
    AnnotationAdded => "annotation.added", "Annotation added";
    AnnotationChanged => "annotation.changed", "Annotation changed";
    AnnotationDeleted => "annotation.deleted", "Annotation deleted";
    AnnotationsImported => "annotation.imported", "Annotations imported";
    SeatGiven => "seat.given", "Seat given";
    SeatTakenBack => "seat.taken_back", "Seat taken back";
    SeatReleased => "seat.released", "Seat released";
    SeatTaken => "seat.taken", "Seat taken by a program";
    SeatLetGo => "seat.let_go", "Seat released by a program";
    LoanMade => "loan.made", "Licence lent";
    LoanReceived => "loan.received", "Licence borrowed";
    LoanCalledBack => "loan.called_back", "Loan called back";
    LoanReturned => "loan.returned", "Loan returned";
    WorkCancelled => "work.cancelled", "Work cancelled";
    KeyCreated => "key.created", "Credential key created";
    KeyRevoked => "key.revoked", "Credential key revoked";
    AppCreated => "app.created", "App created";
    AppChanged => "app.changed", "App changed";
    AppVersionPublished => "app.version_published", "Version of an app published";
    AppUserAdded => "app.user_added", "Use of an app authorized";
    AppUserRemoved => "app.user_removed", "Use of an app ended";
    JobStarted => "job.started", "Job started";
    JobQueued => "job.queued", "Job started after waiting";
    JobCancelled => "job.cancelled", "Job cancelled";
    JobEnded => "job.ended", "Job ended";
    ProfileChanged => "profile.changed", "Profile changed";
    ConsentChanged => "consent.changed", "Consent changed";
    EmailVerified => "email.verified", "Email address verified";
    EmailChangeAsked => "email.change_asked", "Email address change requested";
    EmailChanged => "email.changed", "Email address changed";
    PasswordResetAsked => "password.reset_asked", "New password requested";
    PasswordChanged => "password.changed", "Password changed";
    SessionEnded => "session.ended", "Session ended";
    TicketOpened => "ticket.opened", "Support contacted";
    TicketReplied => "ticket.replied", "Reply to support written";
    TicketAnswered => "ticket.answered", "Answer of support written";
    TicketClosed => "ticket.closed", "Support ticket closed";
}

impl Action {
    /// Whether it is in the log of an organization. The operator's own keys and what concerns a person alone are in none.
    pub const fn is_of_an_organization(self) -> bool {
        !matches!(
            self,
            Self::OperatorKeyCreated
                | Self::OperatorKeyRevoked
                | Self::ProfileChanged
                | Self::ConsentChanged
                | Self::EmailVerified
                | Self::EmailChangeAsked
                | Self::EmailChanged
                | Self::PasswordResetAsked
                | Self::PasswordChanged
                | Self::SessionEnded
                | Self::TicketOpened
                | Self::TicketReplied
                | Self::TicketAnswered
                | Self::TicketClosed
        )
    }
}

/// The label of a stored action; the word itself where another version of the program wrote it.
pub fn label(word: &str) -> &str {
    Action::parse(word).map_or(word, |action| action.label())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn audit_1_an_action_of_another_version_is_shown_as_its_word() {
        assert_eq!(label("transfer.sent"), "Items transferred out");
        assert_eq!(label("resource.teleported"), "resource.teleported");
    }
}
