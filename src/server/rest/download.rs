//! How bytes are sent: whole, by one range, or not again (RFC 9110). What people uploaded is always an attachment, whatever it is;
//! only what the server encoded itself is shown (FILE-4).

use std::ops::Range;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::stream::BoxStream;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{
    server::{error::Result as UseCaseResult, files::StorageError},
    view::file::FileView,
};

use super::problem::Problem;

/// What stays as it is in the name of a file (RFC 8187, 3.2.1).
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_');

/// What a browser does with bytes.
#[derive(Debug, Clone, Copy)]
pub enum Disposition<'a> {
    /// It saves them under this name, and asks again each time.
    Attachment(&'a str),
    /// It shows them, and keeps them for whoever got them. Only for what the server encoded and never changes.
    Inline,
}

/// Bytes that are sent.
#[derive(Debug, Clone, Copy)]
pub struct Download<'a> {
    pub disposition: Disposition<'a>,
    /// What it is, as `Content-Type` says it.
    pub media: &'static str,
    pub bytes: i64,
    /// The same for the same bytes, and for no others.
    pub tag: &'a str,
}

impl<'a> Download<'a> {
    /// A file, always as an attachment: nothing that was uploaded is shown inline (FILE-4).
    pub fn of_file(file: &'a FileView) -> Self {
        Self {
            disposition: Disposition::Attachment(file.name()),
            media: file.media.as_str(),
            bytes: file.bytes,
            tag: &file.sha256,
        }
    }
}

impl Download<'_> {
    /// The answer to a request with these headers; `read` opens a range of the bytes.
    ///
    /// # Errors
    /// What `read` says, before anything is sent.
    pub async fn answer<F>(
        self,
        method: &Method,
        headers: &HeaderMap,
        read: impl FnOnce(Range<i64>) -> F,
    ) -> Result<Response, Problem>
    where
        F: Future<Output = UseCaseResult<BoxStream<'static, Result<Bytes, StorageError>>>>,
    {
        let (bytes, tag) = (self.bytes, format!("\"{}\"", self.tag));
        let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        if headers.contains_key(header::IF_MATCH) && !has_tag(text(header::IF_MATCH), &tag) {
            let text = "The file is not the one that you have a part of. Begin anew.";
            return Ok(Problem::new(StatusCode::PRECONDITION_FAILED, "invalid", text.to_owned()).into_response());
        }
        // Ranges are of GET alone (RFC 9110, 14.2).
        let range = text(header::RANGE)
            .filter(|_| method == Method::GET)
            .filter(|_| text(header::IF_RANGE).is_none_or(|wanted| wanted.trim() == tag));
        let unchanged = has_tag(text(header::IF_NONE_MATCH), &tag);
        let (status, part) = match asked(range, bytes) {
            _ if unchanged => (StatusCode::NOT_MODIFIED, 0..0),
            Asked::Whole => (StatusCode::OK, 0..bytes),
            Asked::Part(part) => (StatusCode::PARTIAL_CONTENT, part),
            Asked::Unsatisfiable => {
                let text = format!("The file has {bytes} bytes, and none of them is in this range.");
                let mut response = Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, "invalid", text).into_response();
                response.headers_mut().insert(header::CONTENT_RANGE, value(&format!("bytes */{bytes}")));
                return Ok(response);
            }
        };
        let body = if method == Method::HEAD || status == StatusCode::NOT_MODIFIED {
            Body::empty()
        } else {
            Body::from_stream(read(part.clone()).await?)
        };
        let mut response = (status, body).into_response();
        let set = response.headers_mut();
        set.insert(header::ETAG, value(&tag));
        let (kept, disposition) = match self.disposition {
            Disposition::Attachment(name) => ("private, no-cache", attachment(name)),
            Disposition::Inline => {
                set.insert(header::VARY, HeaderValue::from_static("cookie, authorization"));
                ("private, max-age=86400, immutable", HeaderValue::from_static("inline"))
            }
        };
        set.insert(header::CACHE_CONTROL, HeaderValue::from_static(kept));
        if status == StatusCode::NOT_MODIFIED {
            return Ok(response);
        }
        set.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.media));
        set.insert(header::CONTENT_LENGTH, HeaderValue::from(part.end - part.start));
        set.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        set.insert(header::CONTENT_DISPOSITION, disposition);
        set.insert(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; sandbox; frame-ancestors 'none'"),
        );
        if status == StatusCode::PARTIAL_CONTENT {
            set.insert(header::CONTENT_RANGE, value(&format!("bytes {}-{}/{bytes}", part.start, part.end - 1)));
        }
        Ok(response)
    }
}

/// What of a file a request asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Asked {
    Whole,
    Part(Range<i64>),
    /// None of it is in the file.
    Unsatisfiable,
}

/// Reads `Range` (RFC 9110, 14.2). What is not one range of bytes is ignored, which the standard allows.
fn asked(range: Option<&str>, bytes: i64) -> Asked {
    let Some(text) = range.and_then(|text| text.strip_prefix("bytes=")) else { return Asked::Whole };
    let Some((first, last)) = text.trim().split_once('-') else { return Asked::Whole };
    let number = |text: &str| {
        let text = text.trim();
        // More digits than a number has are still a number.
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| text.parse::<i64>().unwrap_or(i64::MAX))
    };
    match (number(first), number(last), first.trim().is_empty(), last.trim().is_empty()) {
        (Some(first), Some(last), ..) if first <= last => part(first, last.saturating_add(1), bytes),
        (Some(first), None, _, true) => part(first, bytes, bytes),
        (None, Some(0), true, _) => Asked::Unsatisfiable,
        (None, Some(length), true, _) => part(bytes.saturating_sub(length).max(0), bytes, bytes),
        _ => Asked::Whole,
    }
}

fn part(from: i64, to: i64, bytes: i64) -> Asked {
    if from >= bytes { Asked::Unsatisfiable } else { Asked::Part(from..to.min(bytes)) }
}

/// Whether a list of tags (`If-None-Match`) has one.
fn has_tag(list: Option<&str>, tag: &str) -> bool {
    list.is_some_and(|list| {
        list.split(',').map(str::trim).any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
    })
}

/// The header `content-disposition` of an attachment with this name.
pub fn attachment(name: &str) -> HeaderValue {
    value(&format!("attachment; filename*=UTF-8''{}", utf8_percent_encode(name, PLAIN)))
}

/// A header of ASCII text.
fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_4_one_range_of_bytes_is_read_and_everything_else_is_the_whole_file() {
        for (text, wanted) in [
            ("bytes=0-0", Asked::Part(0..1)),
            ("bytes=0-99", Asked::Part(0..100)),
            ("bytes=10-19", Asked::Part(10..20)),
            ("bytes=90-", Asked::Part(90..100)),
            ("bytes=-1", Asked::Part(99..100)),
            ("bytes=-1000", Asked::Part(0..100)),
            ("bytes=50-99999999999999999999999", Asked::Part(50..100)),
            ("bytes=100-", Asked::Unsatisfiable),
            ("bytes=100-200", Asked::Unsatisfiable),
            ("bytes=-0", Asked::Unsatisfiable),
            ("bytes=99999999999999999999999-", Asked::Unsatisfiable),
            ("bytes=20-10", Asked::Whole),
            ("bytes=0-1,5-6", Asked::Whole),
            ("bytes=-", Asked::Whole),
            ("bytes=a-b", Asked::Whole),
            ("bytes=", Asked::Whole),
            ("lines=0-1", Asked::Whole),
            ("", Asked::Whole),
        ] {
            assert_eq!(asked(Some(text), 100), wanted, "{text}");
        }
        assert_eq!(asked(None, 100), Asked::Whole);
        assert_eq!(asked(Some("bytes=0-"), 0), Asked::Unsatisfiable);
    }

    #[test]
    fn file_4_a_tag_is_found_in_a_list() {
        assert!(has_tag(Some("\"a\", W/\"b\""), "\"b\"") && has_tag(Some("*"), "\"b\""));
        assert!(!has_tag(Some("\"a\""), "\"b\"") && !has_tag(None, "\"b\""));
    }
}
