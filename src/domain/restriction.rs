//! What Managers of a resource forbid on it and below it (POL-1).

use serde::{Deserialize, Serialize};

/// What is forbidden on a resource. The strictest on the way up wins, so that restrictions only ever add up.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Restrictions {
    /// No one may copy it.
    pub copy: bool,
    /// Only Managers of it may delete it.
    pub delete: bool,
    /// No one may download it.
    pub download: bool,
}

impl Restrictions {
    /// Both together: what either forbids.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            copy: self.copy || other.copy,
            delete: self.delete || other.delete,
            download: self.download || other.download,
        }
    }
}
