//! Accounts: compartments of an organization, each with its own Drive root and licences (ACCT).

use super::text::{Identifier, Problem};

/// What an organization's first account is called (ORG-2).
pub const PRIMARY: &str = "Primary";

/// The Sharing ID of an account: `org-id/account-id` (ACCT-1).
pub fn sharing_id(org_id: &str, account_id: &str) -> String {
    format!("{org_id}/{account_id}")
}

/// A Sharing ID as it is looked up: the keys of the organization's Org ID and of the Account ID (ACCT-1).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SharingId {
    /// The Org ID, as Org IDs are compared.
    pub org_key: String,
    /// The Account ID, as Account IDs are compared.
    pub account_key: String,
}

impl SharingId {
    /// Reads a Sharing ID, in any case.
    ///
    /// # Errors
    /// Nothing, or of another shape.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Problem::Missing);
        }
        let key = |part: &str| Identifier::parse(part).map(|id| id.key()).map_err(|_| Problem::NotASharingId);
        let (organization, account) = text.split_once('/').ok_or(Problem::NotASharingId)?;
        Ok(Self { org_key: key(organization)?, account_key: key(account)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acct_1_a_sharing_id_is_matched_regardless_of_case() {
        let read = SharingId::parse(" Table/Chair ");
        assert_eq!(read, Ok(SharingId { org_key: "table".to_owned(), account_key: "chair".to_owned() }));
        assert_eq!(sharing_id("Table", "Chair"), "Table/Chair");
        for wrong in ["Table", "/Chair", "Table/", "a/b/c", "a b/c", "Table//Chair"] {
            assert_eq!(SharingId::parse(wrong), Err(Problem::NotASharingId), "{wrong}");
        }
        assert_eq!(SharingId::parse("  "), Err(Problem::Missing));
    }
}
