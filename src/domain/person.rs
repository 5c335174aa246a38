//! People.

use super::text::{Email, Fields, Name, Password};
use super::refusal::Refusal;

/// Someone who wants to sign up, with every field read (AUTH-1).
#[derive(Debug, Clone)]
pub struct SignUp {
    /// First name.
    pub first_name: Name,
    /// Last name.
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
            (Some(first_name), Some(last_name), Some(email), Some(password)) => Ok(Self { first_name, last_name, email, password }),
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
