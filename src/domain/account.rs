//! Accounts: compartments of an organization, each with its own Drive root and licences (ACCT).

use super::{
    fields::Fields,
    licence::Product,
    refusal::Refusal,
    role::Role,
    text::{FieldIssue, Identifier, Name},
};

/// What an organization's first account is called (ORG-2).
pub const PRIMARY: &str = "Primary";

/// How many accounts an organization has at most, whatever its plan.
pub const MAX_ACCOUNTS: u64 = 1_000;

/// Whether an organization that has so many accounts may have one more, whatever its plan.
///
/// # Errors
/// `AccountInUse`, saying how many there can be.
pub fn may_add(accounts: u64) -> Result<(), Refusal> {
    if accounts < MAX_ACCOUNTS {
        return Ok(());
    }
    Err(Refusal::AccountInUse("An organization can have at most 1,000 accounts.".to_owned()))
}

/// Whether somebody in a role may be limited to chosen accounts (ACCT-2): an Owner stands above all of them.
///
/// # Errors
/// `BadRequest` for an Owner.
pub fn may_be_limited(role: Role) -> Result<(), Refusal> {
    if role == Role::Owner {
        return Err(Refusal::BadRequest("Owners cannot be limited to chosen accounts.".to_owned()));
    }
    Ok(())
}

/// What the forms of **New account** and of changing one send, unread. Only what is `Some` changes.
#[derive(Clone, Debug, Default)]
pub struct AccountForm {
    pub name: Option<String>,
    /// Account ID; made from the name where it is empty (ACCT-1).
    pub account_id: Option<String>,
}

/// Reads name and Account ID; the latter is `None` where it is to be made from the name.
///
/// # Errors
/// `Invalid` with the problem of every field.
pub fn read(form: &AccountForm) -> Result<(Option<Name>, Option<Identifier>), Refusal> {
    let mut fields = Fields::default();
    let name = form.name.as_deref().and_then(|text| fields.check("name", Name::parse(text)));
    let typed = form.account_id.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let account_id = typed.and_then(|text| fields.check("account_id", Identifier::parse(text)));
    fields.done()?;
    Ok((name, account_id))
}

/// The Account ID that suits a name and is not among the taken keys (ACCT-1).
pub fn suggest(name: &Name, taken: &[String]) -> Identifier {
    let wanted = stem(name);
    (1..=u32::MAX).map(|n| wanted.numbered(n)).find(|id| !taken.contains(&id.key())).unwrap_or(wanted)
}

/// What an Account ID made from a name begins with.
pub fn stem(name: &Name) -> Identifier {
    Identifier::derive(name.as_str(), "account")
}

/// What an account that is to be deleted holds.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AccountContents {
    /// Whether it is the only one of its organization.
    pub last: bool,
    /// Whether its Drive holds anything.
    pub in_drive: bool,
    /// Whether its trash holds anything.
    pub in_trash: bool,
    /// Its licences that are active or yet to be.
    pub licences: Vec<Product>,
    /// What it borrows (ACCT-3).
    pub borrowed: Vec<Product>,
}

/// Whether an account may be deleted: an empty one, that is not the last. A Discovery licence is free, and ends with it.
///
/// # Errors
/// `AccountInUse`, with all that is in the way.
pub fn may_delete(held: &AccountContents) -> Result<(), Refusal> {
    if held.last {
        return Err(Refusal::AccountInUse("An organization needs at least one account.".to_owned()));
    }
    let mut in_the_way = Vec::new();
    if held.in_drive {
        in_the_way.push("its Drive is not empty".to_owned());
    }
    if held.in_trash {
        in_the_way.push("its trash is not empty".to_owned());
    }
    let bought: Vec<&str> =
        held.licences.iter().filter(|product| **product != Product::Discovery).map(|product| product.label()).collect();
    if !bought.is_empty() {
        let licences = if bought.len() == 1 { "licence has" } else { "licences have" };
        in_the_way.push(format!("its {} {licences} not ended", bought.join(" and ")));
    }
    if !held.borrowed.is_empty() {
        let titles: Vec<&str> = held.borrowed.iter().map(|product| product.label()).collect();
        in_the_way.push(format!("it borrows {}; return that first", titles.join(" and ")));
    }
    if in_the_way.is_empty() {
        return Ok(());
    }
    Err(Refusal::AccountInUse(format!("This account cannot be deleted yet: {}.", in_the_way.join("; "))))
}

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
    pub fn parse(text: &str) -> Result<Self, FieldIssue> {
        let text = text.trim();
        if text.is_empty() {
            return Err(FieldIssue::Missing);
        }
        let key = |part: &str| Identifier::parse(part).map(|id| id.key()).map_err(|_| FieldIssue::NotASharingId);
        let (organization, account) = text.split_once('/').ok_or(FieldIssue::NotASharingId)?;
        Ok(Self { org_key: key(organization)?, account_key: key(account)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acct_1_an_account_id_is_made_from_the_name_and_free() {
        let name = |text: &str| Name::parse(text).unwrap_or_else(|problem| panic!("{text}: {problem}"));
        assert_eq!(suggest(&name("Nord & Süd"), &[]).as_str(), "nord-sued");
        let taken = ["north".to_owned(), "north-2".to_owned()];
        assert_eq!(suggest(&name("North"), &taken).as_str(), "north-3");
        assert_eq!(suggest(&name("東京"), &[]).as_str(), "account");
    }

    #[test]
    fn acct_1_what_is_wrong_with_an_account_is_told_at_the_field() {
        let form = |name: &str, id: &str| AccountForm { name: Some(name.to_owned()), account_id: Some(id.to_owned()) };
        let Err(Refusal::Invalid(problems)) = read(&form(" ", "a--b")) else { panic!("refused") };
        assert_eq!(problems.iter().map(|one| one.field.as_str()).collect::<Vec<_>>(), ["name", "account_id"]);
        let read = read(&form("North", " ")).map(|(name, id)| (name.map(|name| name.to_string()), id));
        assert_eq!(read, Ok((Some("North".to_owned()), None)));
    }

    #[test]
    fn acct_1_only_an_empty_account_that_is_not_the_last_is_deleted() {
        assert_eq!(
            may_delete(&AccountContents { licences: vec![Product::Discovery], ..AccountContents::default() }),
            Ok(())
        );
        let text =
            |held: AccountContents| may_delete(&held).map_or_else(|refusal| refusal.to_string(), |()| String::new());
        assert!(text(AccountContents { last: true, ..AccountContents::default() }).contains("at least one"));
        let borrows = AccountContents { borrowed: vec![Product::Desktop], ..AccountContents::default() };
        assert!(text(borrows).ends_with(": it borrows Desktop; return that first."));
        let full = AccountContents {
            in_drive: true,
            in_trash: true,
            licences: vec![Product::CloudPro],
            ..AccountContents::default()
        };
        let all = "This account cannot be deleted yet: its Drive is not empty; its trash is not empty; its Cloud Pro licence has not ended.";
        assert_eq!(text(full), all);
    }

    #[test]
    fn acct_2_everybody_but_an_owner_can_be_limited_to_some_accounts() {
        for role in Role::ALL {
            assert_eq!(may_be_limited(role).is_ok(), role != Role::Owner, "{role:?}");
        }
        assert!(may_add(MAX_ACCOUNTS - 1).is_ok() && may_add(MAX_ACCOUNTS).is_err());
    }

    #[test]
    fn acct_1_a_sharing_id_is_matched_regardless_of_case() {
        let read = SharingId::parse(" Table/Chair ");
        assert_eq!(read, Ok(SharingId { org_key: "table".to_owned(), account_key: "chair".to_owned() }));
        assert_eq!(sharing_id("Table", "Chair"), "Table/Chair");
        for wrong in ["Table", "/Chair", "Table/", "a/b/c", "a b/c", "Table//Chair"] {
            assert_eq!(SharingId::parse(wrong), Err(FieldIssue::NotASharingId), "{wrong}");
        }
        assert_eq!(SharingId::parse("  "), Err(FieldIssue::Missing));
    }
}
