//! Accounts: compartments of an organization, each with its own Drive root and licences (ACCT).

use super::text::Identifier;

/// What an organization's first account is called (ORG-2).
pub const PRIMARY: &str = "Primary";

/// The Sharing ID of an account: `org-id/account-id` (ACCT-1).
pub fn sharing_id(org_id: &str, account_id: &str) -> String {
    format!("{org_id}/{account_id}")
}

/// Reads a Sharing ID into the keys of its organization and account; `None` if it has another shape.
pub fn parse_sharing_id(text: &str) -> Option<(String, String)> {
    let (organization, account) = text.trim().split_once('/')?;
    Some((Identifier::parse(organization).ok()?.key(), Identifier::parse(account).ok()?.key()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acct_1_a_sharing_id_is_matched_regardless_of_case() {
        assert_eq!(parse_sharing_id(" Table/Chair "), Some(("table".to_owned(), "chair".to_owned())));
        assert_eq!(sharing_id("Table", "Chair"), "Table/Chair");
        for wrong in ["Table", "/Chair", "Table/", "a/b/c", ""] {
            assert_eq!(parse_sharing_id(wrong), None, "{wrong}");
        }
    }
}
