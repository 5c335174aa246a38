//! The items of one request: what is to be moved, copied, offered, shared or deleted together.
//!
//! # Invariants
//! - At least one, at most [`MAX_ITEMS`], none twice.

use std::{collections::BTreeSet, fmt, ops::Deref, str::FromStr};

use super::{id::ResourceId, refusal::Refusal, resource::MAX_ITEMS, text::FieldIssue};

/// Resources that one request is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Items(Vec<ResourceId>);

impl Items {
    /// A single item.
    pub fn one(id: ResourceId) -> Self {
        Self(vec![id])
    }

    /// Reads ids, each as text.
    ///
    /// # Errors
    /// `Invalid` at `items`: none, too many, not ids, or one twice.
    pub fn parse_list<T: AsRef<str>>(ids: &[T]) -> Result<Self, Refusal> {
        let invalid = |issue| Refusal::field("items", issue);
        if ids.is_empty() {
            return Err(invalid(FieldIssue::Missing));
        }
        if ids.len() > MAX_ITEMS {
            return Err(invalid(FieldIssue::TooMany(MAX_ITEMS)));
        }
        let mut items = Vec::with_capacity(ids.len());
        for id in ids.iter().map(|id| id.as_ref().trim()) {
            if id.is_empty() {
                return Err(invalid(FieldIssue::Missing));
            }
            items.push(id.parse().map_err(|_| invalid(FieldIssue::NotAnId))?);
        }
        if items.iter().collect::<BTreeSet<_>>().len() < items.len() {
            return Err(invalid(FieldIssue::Duplicate));
        }
        Ok(Self(items))
    }
}

/// Reads ids with commas between them, as forms send them.
impl FromStr for Items {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let ids: Vec<&str> = text.split(',').map(str::trim).filter(|id| !id.is_empty()).collect();
        Self::parse_list(&ids)
    }
}

/// The ids with commas between them: what [`FromStr`] reads.
impl fmt::Display for Items {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, id) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            write!(f, "{id}")?;
        }
        Ok(())
    }
}

impl Deref for Items {
    type Target = [ResourceId];

    fn deref(&self) -> &[ResourceId] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "00000000-0000-0000-0000-00000000000a";
    const B: &str = "00000000-0000-0000-0000-00000000000b";

    fn issue(text: &str) -> FieldIssue {
        match text.parse::<Items>() {
            Err(Refusal::Invalid(issues)) => issues[0].problem.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_list_is_read_as_forms_send_it_and_written_the_same_way() {
        let items: Items = format!(" {A}, {B},").parse().expect("items");
        assert_eq!(items.len(), 2);
        assert_eq!(items.to_string(), format!("{A},{B}"));
        assert_eq!(Items::parse_list(&[A, B]), Ok(items));
    }

    #[test]
    fn no_item_too_many_one_twice_and_what_is_no_id_are_refused() {
        assert_eq!(issue(" , "), FieldIssue::Missing);
        assert_eq!(issue("x"), FieldIssue::NotAnId);
        assert_eq!(issue(&format!("{A},{A}")), FieldIssue::Duplicate);
        assert!(Items::parse_list(&[A, ""]).is_err());
        assert!(Items::parse_list(&vec![A; MAX_ITEMS + 1]).is_err());
    }
}
