//! One page of a list.

use serde::{Deserialize, Serialize};

/// One page of a Drive list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// The cursor of the next page. `None` on the last one.
    pub next_cursor: Option<String>,
}
