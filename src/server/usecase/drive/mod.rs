//! The Drive: listing, showing, creating, renaming (DRIVE).
//!
//! - `list` is what is in a container, `show` a single resource, `page` the page around both.
//! - `change` creates and renames.

pub mod change;
pub mod list;
pub mod page;
pub mod show;
