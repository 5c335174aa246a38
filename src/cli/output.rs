//! What commands write to standard output and standard error.

use std::{
    fmt::Display,
    io::{self, Write},
};

use commonhold::{
    domain::refusal::Refusal,
    server::{Fatal, error::Error},
};

/// Writes a line to standard output. Not `println!`, which panics once the reader has closed the pipe.
pub fn say(line: impl Display) -> Result<(), Fatal> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

/// Writes a line to standard error. If that fails, there is nowhere left to say so.
pub fn complain(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Whether writing failed because the reader has closed the pipe, as in `commonhold mail list | head`.
pub fn is_closed_pipe(error: &Fatal) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// Words for a refusal: the problem of each field on a line of its own, under the name of its option.
pub fn explain(error: Error) -> Fatal {
    match error {
        Error::Refused(Refusal::Invalid(fields)) => {
            let lines: Vec<String> =
                fields.iter().map(|error| format!("--{}: {}", error.field.replace('_', "-"), error.words())).collect();
            lines.join("\n").into()
        }
        other => other.to_string().into(),
    }
}
