//! `commonhold doctor`: checks every invariant of the database.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use commonhold::server::{Fatal, config::DatabaseArgs, doctor, files::StorageArgs};

use super::output::{explain, is_closed_pipe, say};

/// The options of `doctor`.
#[derive(Args)]
pub struct DoctorArgs {
    /// Also look whether storage has every object that the database knows, and nothing else. It reads every name in storage and
    /// deletes nothing.
    #[arg(long)]
    files: bool,

    /// The folder that the server stores files in.
    #[arg(long, env = "COMMONHOLD_DATA", default_value = "data")]
    data: PathBuf,

    #[command(flatten)]
    storage: StorageArgs,
}

pub async fn run(database: &DatabaseArgs, args: &DoctorArgs) -> Result<ExitCode, Fatal> {
    let mut ctx = super::open(database).await?;
    let mut findings = doctor::examine(&ctx).await.map_err(explain)?;
    if args.files {
        ctx = ctx.with_files(args.storage.open(&args.data)?);
        findings.extend(doctor::examine_files(&ctx).await.map_err(explain)?);
    }
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
