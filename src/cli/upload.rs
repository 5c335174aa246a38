//! `commonhold upload DIR`: sends a folder to a dataset, and goes on where it was cut (FILE-7). Without `--dataset` it makes a new one.
//!
//! It speaks the public API alone: a plan for up to 500 files, then tus, three files at a time. What is here already is not sent again, so
//! after whatever went wrong the command is simply run again, with the dataset that it said it made.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Mutex,
    time::UNIX_EPOCH,
};

use clap::Args;
use commonhold::{
    domain::{storage::size, time::Timestamp, upload::MAX_PLANNED_FILES},
    server::Fatal,
};
use futures::{StreamExt, stream};
use serde_json::{Value, json};

use super::{
    client::{Bearer, Remote, ServerArgs, Trouble},
    output::say,
};

/// How many files are sent at the same moment.
const PARALLEL_FILES: usize = 3;

/// The options of `upload`.
#[derive(Args)]
pub struct UploadArgs {
    /// The folder to send, with everything in it. Hidden files are left out.
    folder: PathBuf,

    /// The id of the dataset. Without it a new one is made, in the Drive of the key's account.
    #[arg(long)]
    dataset: Option<String>,

    /// What a new dataset is called: the day and the folder, unless this says otherwise.
    #[arg(long, conflicts_with = "dataset")]
    name: Option<String>,

    #[command(flatten)]
    server: ServerArgs,

    /// Where in the dataset: input (images) or output (results).
    #[arg(long, default_value = "input")]
    side: String,

    /// What happens where another file has the path: ask (it is left out and told), keep-both, replace or skip.
    #[arg(long, default_value = "ask")]
    on_conflict: String,
}

/// A file of the folder.
struct LocalFile {
    /// Its path in the dataset, with slashes; it begins with the name of the folder.
    path: String,
    at: PathBuf,
    bytes: u64,
    /// When it was changed last.
    modified: Option<String>,
}

/// What came of the files.
#[derive(Default)]
struct Outcome {
    sent: usize,
    sent_bytes: u64,
    present: usize,
    /// Why the others are not there.
    failed: BTreeMap<String, String>,
}

pub async fn run(args: &UploadArgs) -> Result<ExitCode, Fatal> {
    let folder = args.folder.clone();
    let files = tokio::task::spawn_blocking(move || list(&folder)).await??;
    if files.is_empty() {
        return Err(format!("There are no files in {}.", args.folder.display()).into());
    }
    let all: u64 = files.iter().map(|file| file.bytes).sum();
    say(format!("{} files with {} in {}.", files.len(), words(all), args.folder.display()))?;
    let remote = Remote::connect(&args.server).await?;
    let outcome = Mutex::new(Outcome::default());
    let mut dataset = args.dataset.clone();
    for chunk in files.chunks(MAX_PLANNED_FILES) {
        let planned = plan(&remote, args, &mut dataset, chunk).await?;
        let mut wanted = Vec::new();
        for (file, item) in chunk.iter().zip(&planned) {
            match (item["state"].as_str(), item["upload"]["url"].as_str()) {
                (Some("new" | "resume"), Some(url)) => {
                    wanted.push((file, url.to_owned(), item["upload"]["offset"].as_u64().unwrap_or(0)));
                }
                (Some("present"), _) => locked(&outcome).present += 1,
                _ => {
                    let reason = item["reason"].as_str().unwrap_or("The server did not say what to do.").to_owned();
                    locked(&outcome).failed.insert(file.path.clone(), reason);
                }
            }
        }
        let sending = stream::iter(wanted).for_each_concurrent(PARALLEL_FILES, |(file, url, offset)| {
            let (remote, outcome) = (&remote, &outcome);
            async move {
                match remote.send(Bearer::Key, &file.at, file.bytes, &url, offset).await {
                    Ok(()) => {
                        let mut outcome = locked(outcome);
                        outcome.sent += 1;
                        outcome.sent_bytes += file.bytes;
                    }
                    Err(trouble) => {
                        locked(outcome).failed.insert(file.path.clone(), trouble.words());
                    }
                }
            }
        });
        sending.await;
    }
    tell(&outcome.into_inner().unwrap_or_default())
}

/// The outcome; a thread that panicked while it held it has ended the program's task anyway.
fn locked(outcome: &Mutex<Outcome>) -> std::sync::MutexGuard<'_, Outcome> {
    outcome.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn tell(outcome: &Outcome) -> Result<ExitCode, Fatal> {
    for (path, reason) in &outcome.failed {
        say(format!("not sent: {path}: {reason}"))?;
    }
    say(format!(
        "{} sent ({}), {} already there, {} not sent.",
        outcome.sent,
        words(outcome.sent_bytes),
        outcome.present,
        outcome.failed.len()
    ))?;
    Ok(if outcome.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn words(bytes: u64) -> String {
    size(i64::try_from(bytes).unwrap_or(i64::MAX))
}

/// The files below a folder, in the order of their paths. Links are not followed.
fn list(folder: &Path) -> Result<Vec<LocalFile>, Fatal> {
    let whole = folder.canonicalize().map_err(|error| format!("{} cannot be read: {error}", folder.display()))?;
    // The folder's name is part of every path, as it is when a browser uploads the folder.
    let before = match whole.file_name().map(|name| name.to_str()) {
        Some(Some(name)) => format!("{name}/"),
        Some(None) => return Err(format!("{} is no name in Unicode. Rename it.", folder.display()).into()),
        None => String::new(),
    };
    let (mut files, mut folders) = (Vec::new(), vec![(folder.to_owned(), before)]);
    while let Some((folder, before)) = folders.pop() {
        let entries =
            std::fs::read_dir(&folder).map_err(|error| format!("{} cannot be read: {error}", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                return Err(format!("{} is no name in Unicode. Rename it.", entry.path().display()).into());
            };
            if name.starts_with('.') {
                continue;
            }
            let path = format!("{before}{name}");
            let facts = entry.metadata()?;
            if facts.is_dir() {
                folders.push((entry.path(), format!("{path}/")));
            } else if facts.is_file() {
                let modified = facts.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
                let modified = modified.and_then(|since| i64::try_from(since.as_millis()).ok());
                let modified = modified.map(|millis| Timestamp(millis).rfc3339());
                files.push(LocalFile { path, at: entry.path(), bytes: facts.len(), modified });
            }
        }
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}

/// Plans files, for a new dataset where there is none yet.
async fn plan(
    remote: &Remote,
    args: &UploadArgs,
    dataset: &mut Option<String>,
    files: &[LocalFile],
) -> Result<Vec<Value>, Fatal> {
    let listed: Vec<Value> =
        files.iter().map(|file| json!({ "path": file.path, "bytes": file.bytes, "modified": file.modified })).collect();
    let (path, body) = match dataset {
        Some(dataset) => (
            format!("/api/v1/datasets/{dataset}/uploads"),
            json!({ "side": args.side, "on_conflict": args.on_conflict.replace('-', "_"), "files": listed }),
        ),
        None => {
            ("/api/v1/datasets".to_owned(), json!({ "name": name_of(args, files), "side": args.side, "files": listed }))
        }
    };
    let answer = remote.post(Bearer::Key, &path, &body).await.map_err(Trouble::words)?;
    if let (None, Some(made)) = (&dataset, answer["dataset"].as_str()) {
        let name = answer["name"].as_str().unwrap_or_default();
        say(format!("Made the dataset “{name}”. If this is cut, go on with --dataset {made}"))?;
        *dataset = Some(made.to_owned());
    }
    let items = answer["items"].as_array().cloned().unwrap_or_default();
    if items.len() == files.len() { Ok(items) } else { Err("The plan is not understood.".into()) }
}

/// What a new dataset is called: "2026-11-21 Dam", by when the first file was changed and what the folder is called. The server puts the
/// day of today in place of a name that is empty.
fn name_of(args: &UploadArgs, files: &[LocalFile]) -> String {
    if let Some(name) = &args.name {
        return name.clone();
    }
    let day = files.first().and_then(|file| file.modified.as_deref()).and_then(|modified| modified.get(..10));
    let folder = args.folder.canonicalize().ok();
    let folder = folder.as_deref().and_then(Path::file_name).and_then(std::ffi::OsStr::to_str);
    [day, folder].into_iter().flatten().collect::<Vec<_>>().join(" ")
}
