//! Exports of lists as CSV or JSON. Cells of CSV are escaped so that no spreadsheet reads them as a formula. Files are streamed in
//! parts, so that memory does not grow with their length.

use std::future::Future;

use axum::{
    body::{Body, Bytes},
    http::{HeaderName, header},
    response::{IntoResponse, Response},
};
use futures::stream;
use serde::Serialize;

use crate::{
    domain::{refusal::Refusal, spreadsheet::BYTE_ORDER_MARK, text},
    server::{
        context::Ctx,
        error::{Error, Result as Answer},
    },
};

use super::problem::Problem;

/// The format of an export.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// A header line, then a line for each row.
    Csv,
    /// An array of objects.
    Json,
}

impl Format {
    /// Reads `csv` or `json`. Default: `csv`.
    ///
    /// # Errors
    /// `Invalid` at `format`.
    #[expect(clippy::result_large_err, reason = "as of every handler: a refusal is the rare answer")]
    pub fn read(word: Option<&str>) -> Result<Self, Problem> {
        match word {
            None | Some("csv") => Ok(Self::Csv),
            Some("json") => Ok(Self::Json),
            Some(_) => Err(Problem::refusal(&Refusal::field("format", text::FieldIssue::NotAChoice))),
        }
    }

    /// For the header `content-type`.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Json => "application/json",
        }
    }

    /// For the header `content-disposition`: a file of this name, with the extension of the format.
    pub fn file(self, name: &str) -> String {
        let ending = if self == Self::Csv { "csv" } else { "json" };
        format!("attachment; filename=\"{name}.{ending}\"")
    }
}

/// A row of an export.
pub trait Row: Serialize + Send {
    /// The header line of CSV.
    const HEADER: &'static [&'static str];

    /// The cells of CSV. Text that people wrote goes through `escape_formula` of `domain::spreadsheet`.
    fn cells(self) -> Vec<String>;
}

/// The source of the rows.
pub trait Rows: Send + 'static {
    /// A row.
    type Row: Row;

    /// The header line of CSV, where it depends on who asks.
    fn header(&self) -> Vec<&'static str> {
        Self::Row::HEADER.to_vec()
    }

    /// The next rows; empty at the end.
    fn part(&mut self, ctx: &Ctx) -> impl Future<Output = Answer<Vec<Self::Row>>> + Send;
}

/// Some rows as CSV, behind the header line if they are the first.
pub fn csv<R: Row>(header: Option<&[&'static str]>, rows: Vec<R>) -> Answer<Bytes> {
    let failed = |error: csv::Error| Error::Internal(error.to_string());
    let mut writer = csv::Writer::from_writer(header.map(|_| BYTE_ORDER_MARK.to_vec()).unwrap_or_default());
    if let Some(header) = header {
        writer.write_record(header).map_err(failed)?;
    }
    for row in rows {
        writer.write_record(row.cells()).map_err(failed)?;
    }
    writer.into_inner().map(Bytes::from).map_err(|error| Error::Internal(error.to_string()))
}

fn json<R: Row>(first: bool, last: bool, rows: &[R]) -> Answer<Bytes> {
    let mut bytes = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        bytes.extend_from_slice(if first && index == 0 { b"[\n" } else { b",\n" });
        serde_json::to_writer(&mut bytes, row).map_err(|error| Error::Internal(error.to_string()))?;
    }
    if last {
        bytes.extend_from_slice(if first { b"[]\n" } else { b"\n]\n" });
    }
    Ok(Bytes::from(bytes))
}

/// An export that is being streamed.
struct File<S> {
    ctx: Ctx,
    rows: S,
    format: Format,
    begun: bool,
    ended: bool,
}

impl<S: Rows> File<S> {
    /// The next part; `None` after the last.
    async fn part(&mut self) -> Answer<Option<Bytes>> {
        if self.ended {
            return Ok(None);
        }
        let rows = self.rows.part(&self.ctx).await?;
        self.ended = rows.is_empty();
        let first = !std::mem::replace(&mut self.begun, true);
        match self.format {
            Format::Csv => csv(first.then(|| self.rows.header()).as_deref(), rows),
            Format::Json => json(first, self.ended, &rows),
        }
        .map(Some)
    }
}

/// The response with a file. The header `x-row-limit` says that it has at most `most` rows, and `x-truncated` whether there are
/// more.
pub fn answer<S: Rows>(ctx: Ctx, rows: S, format: Format, name: &str, most: i64, truncated: bool) -> Response {
    let headers = [
        (header::CONTENT_TYPE, format.content_type().to_owned()),
        (header::CONTENT_DISPOSITION, format.file(name)),
        (HeaderName::from_static("x-row-limit"), most.to_string()),
        (HeaderName::from_static("x-truncated"), truncated.to_string()),
    ];
    let file = File { ctx, rows, format, begun: false, ended: false };
    let body = Body::from_stream(stream::try_unfold(file, async |mut file: File<S>| match file.part().await {
        Ok(Some(bytes)) => Ok(Some((bytes, file))),
        Ok(None) => Ok(None),
        Err(error) => {
            tracing::error!(%error, "an export stopped halfway");
            Err(error)
        }
    }));
    (headers, body).into_response()
}

#[cfg(test)]
mod tests {
    use super::{Row, csv};
    use crate::domain::spreadsheet::escape_formula;

    #[derive(serde::Serialize)]
    struct Named(&'static str);

    impl Row for Named {
        const HEADER: &'static [&'static str] = &["name"];

        fn cells(self) -> Vec<String> {
            vec![escape_formula(self.0.to_owned())]
        }
    }

    #[test]
    fn audit_1_excel_is_told_the_encoding_once() {
        let file: Vec<u8> = [csv(Some(Named::HEADER), vec![Named("Zürich")]), csv(None, vec![Named("a,b"), Named("")])]
            .into_iter()
            .flatten()
            .flatten()
            .collect();
        assert_eq!(String::from_utf8(file).as_deref(), Ok("\u{FEFF}name\nZürich\n\"a,b\"\n\"\"\n"));
    }
}
