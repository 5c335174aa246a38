//! The fields of a form, read one by one, with the problems of all of them.

use super::{
    refusal::Refusal,
    text::{FieldError, FieldIssue},
};

/// Collects the problems of several fields, so that a form shows all of them at once.
#[derive(Default, Debug)]
pub struct Fields(Vec<FieldError>);

impl Fields {
    /// Keeps the value, or notes what is wrong with the field.
    pub fn check<T>(&mut self, field: &str, value: Result<T, FieldIssue>) -> Option<T> {
        value.map_err(|problem| self.0.push(FieldError::new(field, problem))).ok()
    }

    /// The problems found, or nothing if there were none.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] with every problem noted.
    pub fn done(self) -> Result<(), Refusal> {
        if self.0.is_empty() { Ok(()) } else { Err(Refusal::Invalid(self.0)) }
    }
}
