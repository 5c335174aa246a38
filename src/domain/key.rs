//! Credential keys (AUTH-6): how machines sign in, and what each may do. A key is of one account; it has a client ID, and a
//! secret that is shown once.

use serde::{Deserialize, Serialize};

use super::{
    id::KeyId,
    refusal::Refusal,
    text::{Fields, Name, Problem},
};

/// How long a bearer token works, in milliseconds: one hour.
pub const TOKEN_LIFE: i64 = 3_600_000;

/// How many keys an organization has at most.
pub const MOST_KEYS: usize = 100;

/// Whether an organization that has so many keys may have one more.
///
/// # Errors
/// `BadRequest`, saying what to do.
pub fn may_add(keys: usize) -> Result<(), Refusal> {
    if keys < MOST_KEYS {
        return Ok(());
    }
    Err(Refusal::BadRequest(format!("An organization has at most {MOST_KEYS} keys. Revoke one that is not used.")))
}

/// What a key may do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// List the account's licences and their ledgers.
    Read,
    /// Say how far datasets have come.
    Engine,
    /// Take seats of the account's desktop licences (LIC-5).
    Desktop,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 3] = [Self::Read, Self::Engine, Self::Desktop];

    /// The word in the API and in the database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Engine => "engine",
            Self::Desktop => "desktop",
        }
    }

    /// Reads [`Scope::word`].
    ///
    /// # Errors
    /// Any other word.
    pub fn parse(word: &str) -> Result<Self, Problem> {
        Self::ALL.into_iter().find(|scope| scope.word() == word).ok_or(Problem::NotAChoice)
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
    pub fn parse<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, Problem> {
        let mut scopes = words.into_iter().map(Scope::parse).collect::<Result<Vec<_>, _>>()?;
        scopes.sort_unstable();
        scopes.dedup();
        if scopes.is_empty() { Err(Problem::Missing) } else { Ok(Self(scopes)) }
    }

    /// Reads [`Scopes::text`].
    ///
    /// # Errors
    /// See [`Scopes::parse`].
    pub fn read(text: &str) -> Result<Self, Problem> {
        Self::parse(text.split_whitespace())
    }

    /// The words, with spaces between.
    pub fn text(&self) -> String {
        self.0.iter().map(|scope| scope.word()).collect::<Vec<_>>().join(" ")
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
                "This key does not have the scope “{}”. Make a key that has it.",
                scope.word()
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
    /// What it is called.
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
pub fn parse<T>(form: &KeyForm, account: Result<T, Problem>) -> Result<(Name, T, Scopes), Refusal> {
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
        assert_eq!(Scopes::parse([]), Err(Problem::Missing));
        assert_eq!(Scopes::parse(["admin"]), Err(Problem::NotAChoice));
        assert_eq!(scopes.allow(Scope::Engine), Ok(()));
        assert!(scopes.allow(Scope::Desktop).is_err_and(|refusal| refusal.to_string().contains("“desktop”")));
    }

    #[test]
    fn auth_6_an_organization_has_so_many_keys() {
        assert!(may_add(MOST_KEYS - 1).is_ok() && may_add(MOST_KEYS).is_err());
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
        let refused = parse::<()>(&KeyForm::default(), Err(Problem::NotAChoice));
        let Err(Refusal::Invalid(fields)) = refused else { panic!("{refused:?}") };
        assert_eq!(fields.iter().map(|field| field.field.as_str()).collect::<Vec<_>>(), ["name", "account", "scopes"]);
    }
}
