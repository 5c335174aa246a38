//! The operator: who acts as one, and the organization that they mean.

use crate::{
    domain::{refusal::Refusal, text::key},
    server::{
        error::Result,
        store::{Tx, organization},
    },
};

/// Who acts as the operator.
#[derive(Debug, Clone)]
pub struct Operator {
    /// What the audit log calls them.
    pub name: String,
    /// The network address they came from.
    pub address: Option<String>,
}

impl Operator {
    /// Whoever can run the program on the database.
    pub fn command_line() -> Self {
        Self { name: "Operator".to_owned(), address: None }
    }
}

/// The organization that the operator means by an Org ID or an id.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn find_organization(tx: &mut Tx, org: &str) -> Result<organization::Organization> {
    let id = match org.trim().parse() {
        Ok(id) => Some(id),
        Err(_) => organization::find_id(tx, &key(org)).await?,
    };
    let found = match id {
        Some(id) => organization::find(tx, id).await?,
        None => None,
    };
    Ok(found.ok_or(Refusal::NotFound)?)
}
