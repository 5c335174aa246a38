//! What people say about themselves and how they like it (SET-1, SET-2).

use super::{
    fields::Fields,
    id::PersonId,
    refusal::Refusal,
    resource,
    text::{FieldIssue, Name},
};

/// Languages that one can choose: code and name.
pub const LANGUAGES: [(&str, &str); 6] =
    [("en", "English"), ("de", "Deutsch"), ("es", "Español"), ("fr", "Français"), ("it", "Italiano"), ("ja", "日本語")];

/// Reads a language.
///
/// # Errors
/// Not one of [`LANGUAGES`].
pub fn language(text: &str) -> Result<String, FieldIssue> {
    let text = text.trim();
    LANGUAGES.iter().find(|(code, _)| *code == text).map(|(code, _)| (*code).to_owned()).ok_or(FieldIssue::NotAChoice)
}

/// What is to change of a profile, unread: only what is given changes.
#[derive(Debug, Clone, Default)]
pub struct ProfileForm {
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub language: Option<String>,
    /// Cluster location of what is created next.
    pub cluster: Option<String>,
    /// Org ID or id of the default organization; empty for none.
    pub default_organization: Option<String>,
}

/// What is to change of a profile, read.
#[derive(Debug, Clone, Default)]
pub struct ProfileChange {
    pub first_name: Option<Name>,
    pub last_name: Option<Name>,
    pub language: Option<String>,
    pub cluster: Option<String>,
    /// Org ID or id of the default organization: whose it is, the use case finds out. `Some(None)` for none.
    pub default_organization: Option<Option<String>>,
}

impl ProfileChange {
    /// Reads the form.
    ///
    /// # Errors
    /// `Invalid` with the problem of every field.
    pub fn parse(form: &ProfileForm) -> Result<Self, Refusal> {
        let mut fields = Fields::default();
        let first_name = form.first_name.as_deref().and_then(|text| fields.check("first_name", Name::parse(text)));
        let last_name = form.last_name.as_deref().and_then(|text| fields.check("last_name", Name::parse(text)));
        let language = form.language.as_deref().and_then(|text| fields.check("language", language(text)));
        let cluster = form.cluster.as_deref().and_then(|text| {
            let cluster = if text.trim().is_empty() { Err(FieldIssue::Missing) } else { resource::cluster(text) };
            fields.check("cluster", cluster)
        });
        fields.done()?;
        let default_organization = form.default_organization.as_deref().map(str::trim);
        let default_organization = default_organization.map(|text| (!text.is_empty()).then(|| text.to_owned()));
        Ok(Self { first_name, last_name, language, cluster, default_organization })
    }
}

/// Proof that somebody acts on what is their own, such as the copies of their name and the grants to them. Made by [`own`]
/// alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OwnPermit {
    person: PersonId,
}

impl OwnPermit {
    pub const fn person(&self) -> PersonId {
        self.person
    }
}

/// The permit for what is one's own, for who is signed in or holds a link that was mailed to them.
pub const fn own(person: PersonId) -> OwnPermit {
    OwnPermit { person }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::text::FieldError;

    #[test]
    fn set_1_only_what_is_given_changes_and_everything_wrong_is_told_at_once() {
        let nothing = ProfileChange::parse(&ProfileForm::default()).expect("nothing is fine");
        assert!(nothing.first_name.is_none() && nothing.default_organization.is_none());
        let text = |text: &str| Some(text.to_owned());
        let form =
            ProfileForm { first_name: text(" Anna "), default_organization: text(" "), ..ProfileForm::default() };
        let change = ProfileChange::parse(&form).expect("fine");
        assert_eq!(change.first_name.map(|name| name.to_string()), text("Anna"));
        assert_eq!(change.default_organization, Some(None), "empty is none");
        let wrong = ProfileForm {
            first_name: text(" "),
            last_name: text(&"x".repeat(256)),
            language: text("tlh"),
            cluster: text(""),
            default_organization: text("table"),
        };
        let expected = [
            ("first_name", FieldIssue::Missing),
            ("last_name", FieldIssue::TooLong(255)),
            ("language", FieldIssue::NotAChoice),
            ("cluster", FieldIssue::Missing),
        ];
        let expected = expected.map(|(field, problem)| FieldError::new(field, problem)).to_vec();
        assert_eq!(ProfileChange::parse(&wrong).map(|_| ()), Err(Refusal::Invalid(expected)));
    }
}
