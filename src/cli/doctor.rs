//! `commonhold doctor`: checks every invariant of the database.

use std::process::ExitCode;

use commonhold::server::{Fatal, config::DatabaseArgs, doctor};

use super::output::{explain, is_closed_pipe, say};

pub async fn run(database: &DatabaseArgs) -> Result<ExitCode, Fatal> {
    let ctx = super::open(database).await?;
    let findings = doctor::examine(&ctx).await.map_err(explain)?;
    let healthy = findings.iter().all(|finding| finding.broken == 0);
    let verdict = if healthy { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    for finding in findings {
        let mark = if finding.broken == 0 { "ok    " } else { "BROKEN" };
        let count = if finding.broken == 0 { String::new() } else { format!(" ({} times)", finding.broken) };
        match say(format!("{mark} {}{count}", finding.invariant)) {
            // The exit code tells the verdict even after the reader has closed the pipe.
            Err(error) if is_closed_pipe(&error) => break,
            said => said?,
        }
    }
    Ok(verdict)
}
