//! People.

use super::refusal::Refusal;
use super::{
    fields::Fields,
    text::{Email, Name, Password},
};

/// Someone who wants to sign up, with every field read (AUTH-1).
#[derive(Debug, Clone)]
pub struct SignUp {
    pub first_name: Name,
    pub last_name: Name,
    /// Email, unique regardless of case.
    pub email: Email,
    /// Password, whose strength the server still judges.
    pub password: Password,
}

impl SignUp {
    /// Reads a sign-up form.
    ///
    /// # Errors
    /// `Invalid` with the problem of every field.
    pub fn parse(first_name: &str, last_name: &str, email: &str, password: &str) -> Result<Self, Refusal> {
        let mut fields = Fields::default();
        let first_name = fields.check("first_name", Name::parse(first_name));
        let last_name = fields.check("last_name", Name::parse(last_name));
        let email = fields.check("email", Email::parse(email));
        let password = fields.check("password", Password::parse(password));
        fields.done()?;
        match (first_name, last_name, email, password) {
            (Some(first_name), Some(last_name), Some(email), Some(password)) => {
                Ok(Self { first_name, last_name, email, password })
            }
            _ => Err(Refusal::Invalid(Vec::new())),
        }
    }
}

/// First and last name as one, as lists show a person.
pub fn full_name(first_name: &str, last_name: &str) -> String {
    format!("{first_name} {last_name}").trim().to_owned()
}

/// What a personal space is called once its owner is in an organization (SPACE-1).
pub fn space_name(first_name: &str, last_name: &str) -> String {
    format!("{}'s Space", full_name(first_name, last_name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::text::{FieldError, FieldIssue};

    #[test]
    fn auth_1_everything_wrong_with_a_sign_up_is_told_at_once() {
        assert!(SignUp::parse("Anna", "Muster", "anna@example.com", "correct horse battery").is_ok());
        let wrong = [
            ("first_name", FieldIssue::Missing),
            ("last_name", FieldIssue::TooLong(255)),
            ("email", FieldIssue::NotAnEmail),
            ("password", FieldIssue::TooShort(12)),
        ];
        let expected = wrong.map(|(field, problem)| FieldError::new(field, problem)).to_vec();
        let refused = SignUp::parse(" ", &"x".repeat(256), "anna", "short").map(|_| ());
        assert_eq!(refused, Err(Refusal::Invalid(expected)));
    }

    #[test]
    fn space_1_a_personal_space_is_called_after_its_owner() {
        assert_eq!(space_name("Anna", "Muster"), "Anna Muster's Space");
        assert_eq!(space_name("Anna", ""), "Anna's Space");
    }
}
