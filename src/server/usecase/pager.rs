//! Pages of lists (API-1). A page starts behind a cursor: a text, opaque to callers, that carries where the page before ended and
//! names its list, so that a cursor of another list is refused.

use std::{borrow::Cow, marker::PhantomData};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    domain::{refusal::Refusal, text::FieldIssue},
    server::error::{Error, Result},
    view::Page,
};

/// Makes the pages of one list. `C` is what its cursors carry.
#[derive(Debug)]
pub struct Pager<C> {
    list: Cow<'static, str>,
    cursor: PhantomData<C>,
}

impl<C: Serialize + DeserializeOwned> Pager<C> {
    /// `list` names the list with all that its cursors depend on, such as its container and its order.
    pub fn new(list: impl Into<Cow<'static, str>>) -> Self {
        Self { list: list.into(), cursor: PhantomData }
    }

    /// Reads a cursor; nothing for an empty text.
    ///
    /// # Errors
    /// `Invalid` at `cursor` if it is not one of this list.
    pub fn read(&self, text: &str) -> Result<Option<C>> {
        if text.is_empty() {
            return Ok(None);
        }
        let json = URL_SAFE_NO_PAD.decode(text).unwrap_or_default();
        match serde_json::from_slice::<(String, C)>(&json) {
            Ok((list, cursor)) if list == self.list => Ok(Some(cursor)),
            _ => Err(Refusal::field("cursor", FieldIssue::NotAnId).into()),
        }
    }

    /// Writes a cursor.
    ///
    /// # Errors
    /// `Internal` if it cannot be JSON.
    pub fn write(&self, cursor: &C) -> Result<String> {
        let json = serde_json::to_vec(&(&self.list, cursor)).map_err(|error| Error::Internal(error.to_string()))?;
        Ok(URL_SAFE_NO_PAD.encode(json))
    }

    /// Cuts rows that were loaded with one more than `limit` to the page, and tells where the next one starts.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn page<T>(&self, mut rows: Vec<T>, limit: i64, cursor_of: impl Fn(&T) -> C) -> Result<Page<T>> {
        let more = cut(&mut rows, limit);
        let last = rows.last().filter(|_| more);
        let next_cursor = last.map(|last| self.write(&cursor_of(last))).transpose()?;
        Ok(Page { items: rows, next_cursor })
    }

    /// The same for a list that is read both ways: rows behind `before` are the newest first, rows behind `after` the oldest.
    /// The page is the newest first, with the cursors of the pages with older and with newer rows.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn page_between<T>(
        &self,
        mut rows: Vec<T>,
        limit: i64,
        (before, after): (Option<&C>, Option<&C>),
        cursor_of: impl Fn(&T) -> C,
    ) -> Result<(Vec<T>, Option<String>, Option<String>)> {
        let more = cut(&mut rows, limit);
        // On the side that one comes from there is a page; on the other, if there is a row too many.
        let (has_older, has_newer) = if after.is_some() { (true, more) } else { (more, before.is_some()) };
        if after.is_some() {
            rows.reverse();
        }
        let write = |row: &T| self.write(&cursor_of(row));
        let older = rows.last().filter(|_| has_older).map(write).transpose()?;
        let newer = rows.first().filter(|_| has_newer).map(write).transpose()?;
        Ok((rows, older, newer))
    }
}

/// Cuts rows to `limit`, and tells whether there were more.
fn cut<T>(rows: &mut Vec<T>, limit: i64) -> bool {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    more
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn api_1_a_cursor_is_read_by_its_own_list_only() {
        let pager = Pager::<(String, i64)>::new("names of a");
        let cursor = ("é \u{1f}\"\\".to_owned(), i64::MIN);
        let text = pager.write(&cursor).expect("a cursor");
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{text}");
        assert_eq!(pager.read(&text).expect("a cursor of the list"), Some(cursor));
        assert_eq!(pager.read("").expect("the start"), None);
        assert!(Pager::<(String, i64)>::new("names of b").read(&text).is_err(), "another list");
        assert!(Pager::<String>::new("names of a").read(&text).is_err(), "another type");
        for wrong in ["nonsense", "\0", " ", "e30", &text[1..], &text[..text.len() - 2]] {
            assert!(pager.read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn audit_1_a_list_that_is_read_both_ways_has_a_page_wherever_one_came_from() {
        let pager = Pager::<i64>::new("numbers");
        let read = |text: Option<String>| text.and_then(|text| pager.read(&text).expect("a cursor"));
        let page = |rows: &[i64], place| {
            let (rows, older, newer) = pager.page_between(rows.to_vec(), 2, place, |row| *row).expect("a page");
            (rows, read(older), read(newer))
        };
        assert_eq!(page(&[9, 8, 7], (None, None)), (vec![9, 8], Some(8), None));
        assert_eq!(page(&[7, 6, 5], (Some(&8), None)), (vec![7, 6], Some(6), Some(7)));
        assert_eq!(page(&[1], (Some(&2), None)), (vec![1], None, Some(1)));
        assert_eq!(page(&[6, 7, 8], (None, Some(&5))), (vec![7, 6], Some(6), Some(7)));
        assert_eq!(page(&[8, 9], (None, Some(&7))), (vec![9, 8], Some(8), None));
        assert_eq!(page(&[], (None, Some(&9))), (vec![], None, None));
    }
}
