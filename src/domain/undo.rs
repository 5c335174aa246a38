//! Undoing a change (DRIVE-4). The server stores the inverse command when the change is made. Undoing runs that command, with
//! the same checks as any other.

use serde::{Deserialize, Serialize};

use super::{
    annotation::{Annotation, AnnotationKind},
    id::{OrganizationId, PersonId, ResourceId},
    refusal::Refusal,
    time::Timestamp,
};

/// For so many days a change can be taken back, if somebody still has the button.
pub const KEPT_DAYS: i64 = 1;

/// Something that was moved.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FormerPlace {
    pub item: ResourceId,
    pub container: ResourceId,
    /// What it was called, and what since, where the move changed that (DRIVE-5).
    pub name: Option<(String, String)>,
}

/// The inverse of a change.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Inverse {
    /// Gives something its old name back.
    Rename {
        item: ResourceId,
        /// What it is called since.
        from: String,
        /// What it was called.
        to: String,
        /// When it was last changed until then.
        #[serde(default)]
        modified_at: Option<Timestamp>,
    },
    /// Puts things back where they were.
    PutBack {
        /// The container they are in since.
        from: ResourceId,
        /// When they were put there.
        at: Timestamp,
        /// Where they were.
        items: Vec<FormerPlace>,
    },
    /// Puts datasets back where they were, and the site away that was made for them, if nothing else is in it (XFER-5).
    Unassign {
        /// How they are put back.
        put_back: Box<Inverse>,
        site: ResourceId,
    },
    /// Takes things out of the trash.
    Restore { items: Vec<ResourceId> },
    /// Takes files of a dataset in again, or leaves them out.
    LeaveOut {
        dataset: ResourceId,
        numbers: Vec<i64>,
        /// Whether they are left out again.
        left_out: bool,
    },
    /// Gives a file of a dataset its old path back.
    RenameFile {
        dataset: ResourceId,
        number: i64,
        /// Its path since.
        from: String,
        /// Its path before.
        to: String,
    },
    /// Brings files of a dataset back that were deleted.
    RestoreFiles {
        dataset: ResourceId,
        /// Whose it was: what was deleted before a transfer does not go along.
        organization: OrganizationId,
        numbers: Vec<i64>,
    },
    /// Deletes annotations that were added.
    DeleteAnnotations {
        dataset: ResourceId,
        /// The number of each, and its version since.
        annotations: Vec<(i64, i64)>,
    },
    /// Makes an annotation what it was.
    ChangeAnnotation {
        dataset: ResourceId,
        number: i64,
        /// Its version since.
        version: i64,
        /// What it was.
        to: Annotation,
    },
    /// Brings an annotation back that was deleted.
    RestoreAnnotation { dataset: ResourceId, deleted: DeletedAnnotation },
}

/// An annotation that was deleted.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DeletedAnnotation {
    pub number: i64,
    pub kind: AnnotationKind,
    pub annotation: Annotation,
    pub version: i64,
    pub created_by: PersonId,
    pub created_at: Timestamp,
}

impl Inverse {
    /// Whether it can be done in one step: not to too many containers, and not with too many items that get their old name back.
    pub fn is_feasible(&self) -> bool {
        let Some(items) = self.put_back() else { return true };
        let containers: std::collections::BTreeSet<ResourceId> = items.iter().map(|was| was.container).collect();
        let renamed = items.iter().filter(|was| was.name.is_some()).count();
        !items.is_empty() && containers.len() <= MAX_CONTAINERS && renamed <= MAX_RENAMED
    }

    pub fn put_back(&self) -> Option<&[FormerPlace]> {
        match self {
            Self::PutBack { items, .. } => Some(items),
            Self::Unassign { put_back, .. } => put_back.put_back(),
            Self::Rename { .. }
            | Self::Restore { .. }
            | Self::LeaveOut { .. }
            | Self::RenameFile { .. }
            | Self::RestoreFiles { .. }
            | Self::DeleteAnnotations { .. }
            | Self::ChangeAnnotation { .. }
            | Self::RestoreAnnotation { .. } => None,
        }
    }
}

/// So many containers things may have come from for their move to be taken back in one step.
pub const MAX_CONTAINERS: usize = 20;

/// So many things may have got another name with a move for it to be taken back: each gets its own name back.
pub const MAX_RENAMED: usize = 200;

/// The refusal of what cannot be taken back any more.
pub fn gone() -> Refusal {
    Refusal::BadRequest("This can no longer be undone.".to_owned())
}
