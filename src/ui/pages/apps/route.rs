//! What the address of an app says.

#[derive(Clone, Default, PartialEq)]
pub struct AppRoute {
    /// The organization in whose frame it is; empty for none.
    pub org: String,
    pub slug: String,
    pub dialog: String,
}
