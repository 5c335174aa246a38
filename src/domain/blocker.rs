//! What can be in the way of a move, a transfer, an offer or its reversal.

use serde::{Deserialize, Serialize};

use super::id::ResourceId;

/// What can be in the way. The words are the API's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockerCode {
    /// XFER-1, XFER-6.
    SourceRoleTooLow,
    /// XFER-1, XFER-6.
    TargetRoleTooLow,
    /// XFER-6.
    NotInTarget,
    /// XFER-6.
    InvitationPending,
    /// XFER-2, XFER-7.
    DirectAccess,
    /// XFER-8.
    SourceLicenceInactive,
    /// XFER-8.
    TargetLicenceInactive,
    /// XFER-9.
    NotProcessed,
    /// XFER-11.
    CreditsToImages,
    /// XFER-12.
    TooRecent,
    /// XFER-10.
    AllowanceTooSmall,
    /// LIC-7.
    TargetOnTrial,
    /// JOB-5.
    NotBillable,
    /// XFER-4.
    IntoItself,
    /// DRIVE-1.
    KindNotAllowedHere,
    /// XFER-5.
    AlreadyInSite,
    /// LIC-4, LIC-6.
    LicenceTierTooLow,
    /// DRIVE-1.
    DepthExceeded,
    /// XFER-18, XFER-19: what was offered, or what is to be undone, has changed since.
    ChangedSince,
    /// POL-1.
    DeletionRestricted,
    /// POL-1.
    CopyRestricted,
    /// POL-1.
    DownloadRestricted,
    /// FILE-6.
    StorageTooSmall,
}

words! {
    BlockerCode
    SourceRoleTooLow => "source_role_too_low";
    TargetRoleTooLow => "target_role_too_low";
    NotInTarget => "not_in_target";
    InvitationPending => "invitation_pending";
    DirectAccess => "direct_access";
    SourceLicenceInactive => "source_licence_inactive";
    TargetLicenceInactive => "target_licence_inactive";
    NotProcessed => "not_processed";
    CreditsToImages => "credits_to_images";
    TooRecent => "too_recent";
    AllowanceTooSmall => "allowance_too_small";
    TargetOnTrial => "target_on_trial";
    NotBillable => "not_billable";
    IntoItself => "into_itself";
    KindNotAllowedHere => "kind_not_allowed_here";
    AlreadyInSite => "already_in_site";
    LicenceTierTooLow => "licence_tier_too_low";
    DepthExceeded => "depth_exceeded";
    ChangedSince => "changed_since";
    DeletionRestricted => "deletion_restricted";
    CopyRestricted => "copy_restricted";
    DownloadRestricted => "download_restricted";
    StorageTooSmall => "storage_too_small";
}

/// One thing that is in the way, and what would clear it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Blocker {
    /// Which rule.
    pub code: BlockerCode,
    /// The item it is about; `None` if it is about the whole.
    pub resource: Option<ResourceId>,
    /// That item's name.
    pub name: Option<String>,
    /// What is wrong and what to do, in a sentence or two.
    pub message: String,
}
