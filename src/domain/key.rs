//! Credential keys (AUTH-6): how machines sign in, and what each may do. A key is of one account; it has a client ID, and a
//! secret that is shown once.

use serde::{Deserialize, Serialize};

use super::{
    fields::Fields,
    id::KeyId,
    refusal::Refusal,
    text::{FieldIssue, Name},
};

/// How long a bearer token works, in milliseconds: one hour.
pub const TOKEN_LIFETIME_MILLIS: i64 = 3_600_000;

/// How many keys an organization has at most.
pub const MAX_KEYS: usize = 100;

/// Whether an organization that has so many keys may have one more.
///
/// # Errors
/// `BadRequest`, saying what to do.
pub fn may_add(keys: usize) -> Result<(), Refusal> {
    if keys < MAX_KEYS {
        return Ok(());
    }
    Err(Refusal::BadRequest(format!(
        "An organization can have at most {MAX_KEYS} keys. Revoke one that you no longer use."
    )))
}

/// What a key may do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Read everything that the account holds.
    Read,
    /// Change the account's Drive as an Editor may.
    Write,
    /// Manage people and access as a Manager may.
    People,
    /// Take jobs of the organization's apps (JOB-6).
    Engine,
    /// Take seats of the account's desktop licences (LIC-5).
    Desktop,
}

words! {
    Scope
    Read => "read", "Read everything in the account";
    Write => "write", "Change the account’s Drive";
    People => "people", "Manage people and access";
    Engine => "engine", "Run jobs of your apps";
    Desktop => "desktop", "Use desktop licences";
}

impl Scope {
    /// What that is, in one sentence.
    pub const fn summary(self) -> &'static str {
        match self {
            Self::Read => "Drive, search, trash, access, people, licences and receipts.",
            Self::Write => "Create, rename, move, copy, delete and restore, as an Editor can.",
            Self::People => "Invite, remove, give roles below Manager, and give access to what is in the account.",
            Self::Engine => {
                "For processing engines: take jobs of your apps, read their images and write their results."
            }
            Self::Desktop => "Take seats for computers that no one signs in to.",
        }
    }
}

/// The scopes of a key: at least one, each once, in order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scopes(Vec<Scope>);

impl Scopes {
    /// Reads words.
    ///
    /// # Errors
    /// None at all, or a word that is none.
    pub fn parse<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, FieldIssue> {
        let mut scopes = words.into_iter().map(Scope::parse).collect::<Result<Vec<_>, _>>()?;
        scopes.sort_unstable();
        scopes.dedup();
        if scopes.is_empty() { Err(FieldIssue::Missing) } else { Ok(Self(scopes)) }
    }

    /// Reads [`Scopes::text`].
    ///
    /// # Errors
    /// See [`Scopes::parse`].
    pub fn read(text: &str) -> Result<Self, FieldIssue> {
        Self::parse(text.split_whitespace())
    }

    /// The words, with spaces between.
    pub fn text(&self) -> String {
        self.0.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// Each of them.
    pub fn list(&self) -> &[Scope] {
        &self.0
    }

    /// Leave to do what a scope says.
    ///
    /// # Errors
    /// `Forbidden`, naming the scope that it takes.
    pub fn allow(&self, scope: Scope) -> Result<(), Refusal> {
        if self.0.contains(&scope) {
            Ok(())
        } else {
            Err(Refusal::Forbidden(format!(
                "This key does not have the scope “{}”. Create a key that has it.",
                scope.as_str()
            )))
        }
    }
}

/// The client ID of a key.
pub fn client_id(id: KeyId) -> String {
    format!("ck_{}", id.0.simple())
}

/// Reads [`client_id`].
pub fn parse_client_id(text: &str) -> Option<KeyId> {
    text.trim().strip_prefix("ck_").filter(|hex| hex.len() == 32)?.parse().ok()
}

/// What the form of **New key** sends.
#[derive(Debug, Clone, Default)]
pub struct KeyForm {
    pub name: String,
    /// The id or Account ID of its account; the first where it is empty.
    pub account: String,
    /// Words of its scopes.
    pub scopes: Vec<String>,
}

/// A key to be made: its name and scopes. What is wrong with the account is told together with the rest.
///
/// # Errors
/// `Invalid` with the problem of every field.
pub fn parse<T>(form: &KeyForm, account: Result<T, FieldIssue>) -> Result<(Name, T, Scopes), Refusal> {
    let mut fields = Fields::default();
    let name = fields.check("name", Name::parse(&form.name));
    let account = fields.check("account", account);
    let scopes = fields.check("scopes", Scopes::parse(form.scopes.iter().map(String::as_str)));
    fields.done()?;
    match (name, account, scopes) {
        (Some(name), Some(account), Some(scopes)) => Ok((name, account, scopes)),
        _ => Err(Refusal::Invalid(Vec::new())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::id;

    #[test]
    fn auth_6_scopes_are_read_in_any_order_each_once() {
        let scopes = Scopes::parse(["engine", "read", "engine"]).expect("scopes");
        assert_eq!((scopes.text().as_str(), scopes.list()), ("read engine", &[Scope::Read, Scope::Engine][..]));
        assert_eq!(Scopes::read("read engine"), Ok(scopes.clone()));
        assert_eq!(Scopes::parse([]), Err(FieldIssue::Missing));
        assert_eq!(Scopes::parse(["admin"]), Err(FieldIssue::NotAChoice));
        assert_eq!(scopes.allow(Scope::Engine), Ok(()));
        assert!(scopes.allow(Scope::Desktop).is_err_and(|refusal| refusal.to_string().contains("“desktop”")));
    }

    #[test]
    fn auth_6_the_number_of_keys_is_limited() {
        assert!(may_add(MAX_KEYS - 1).is_ok() && may_add(MAX_KEYS).is_err());
    }

    #[test]
    fn auth_6_a_client_id_names_its_key() {
        let key = KeyId(id(7));
        assert_eq!(parse_client_id(&format!(" {} ", client_id(key))), Some(key));
        for wrong in ["", "ck_", "ck_7", &key.to_string(), "ck_zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"] {
            assert_eq!(parse_client_id(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn auth_6_what_is_wrong_with_a_new_key_is_said_at_every_field() {
        let refused = parse::<()>(&KeyForm::default(), Err(FieldIssue::NotAChoice));
        let Err(Refusal::Invalid(fields)) = refused else { panic!("{refused:?}") };
        assert_eq!(fields.iter().map(|field| field.field.as_str()).collect::<Vec<_>>(), ["name", "account", "scopes"]);
    }
}
