//! What takes a change back (DRIVE-4): a normal command, the other way round. Written down by the server when the change was
//! made, and checked like any other command when it is asked for.

use serde::{Deserialize, Serialize};

use super::{id::ResourceId, refusal::Refusal, time::Timestamp};

/// For so many days a change can be taken back, if somebody still has the button.
pub const KEPT_DAYS: i64 = 1;

/// Something that was moved.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FormerPlace {
    /// The item.
    pub item: ResourceId,
    /// The container it was in.
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
        /// What.
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
        /// The site.
        site: ResourceId,
    },
    /// Takes things out of the trash.
    Restore {
        /// What.
        items: Vec<ResourceId>,
    },
}

impl Inverse {
    /// Whether it is something that is done in one step: it puts back what there is, to few enough places, under few enough
    /// names.
    pub fn is_feasible(&self) -> bool {
        let Some(items) = self.put_back() else { return true };
        let containers: std::collections::BTreeSet<ResourceId> = items.iter().map(|was| was.container).collect();
        let renamed = items.iter().filter(|was| was.name.is_some()).count();
        !items.is_empty() && containers.len() <= MAX_CONTAINERS && renamed <= MAX_RENAMED
    }

    /// What is put back by it.
    pub fn put_back(&self) -> Option<&[FormerPlace]> {
        match self {
            Self::PutBack { items, .. } => Some(items),
            Self::Unassign { put_back, .. } => put_back.put_back(),
            Self::Rename { .. } | Self::Restore { .. } => None,
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
