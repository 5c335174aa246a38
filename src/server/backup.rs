//! `commonhold backup`: copies the SQLite database while the server writes. The SQLite that is built in does it, because one that
//! is installed on the machine may be older than the one that wrote the file.

use std::{
    fs::{self, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use super::{Fatal, config::DatabaseArgs, store::Db};

/// Copies the database into a new file, as of one moment. An existing file is never overwritten. The file gets its name only
/// once it is complete.
pub async fn backup(database: &DatabaseArgs, file: &Path) -> Result<(), Fatal> {
    let url = database.url()?;
    if !url.starts_with("sqlite:") {
        let (file, right) = (file.display(), "pg_dump --format=custom --file");
        return Err(
            format!("PostgreSQL has a program for this: {right}={file} ADDRESS. See docs/operations.md.").into()
        );
    }
    let shown = file.display();
    if file.try_exists().map_err(|error| format!("{shown} cannot be read: {error}"))? {
        return Err(format!("{shown} already exists, and a backup overwrites nothing. Give another name.").into());
    }
    let db = Db::open(&url, database.synchronous(), false)
        .await
        .map_err(|error| format!("The database cannot be opened: {error}"))?;
    let unfinished = unfinished(file);
    let copied = copy(&db, &unfinished).await;
    db.close().await;
    let done = copied.and_then(|()| give_name(&unfinished, file).map_err(|error| error.to_string()));
    if done.is_err() {
        // Either the copy is incomplete, or it has its final name already.
        let _ = fs::remove_file(&unfinished);
    }
    done.map_err(|error| format!("{shown} could not be written: {error}").into())
}

/// The name of a copy until it is complete.
fn unfinished(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.unfinished", std::process::id()));
    file.with_file_name(name)
}

async fn copy(db: &Db, unfinished: &Path) -> Result<(), String> {
    let name = unfinished.to_str().ok_or_else(|| "its name is not in UTF-8".to_owned())?;
    // The file contains everybody's data, so only its owner may read it.
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let made = options.open(unfinished).map_err(|error| error.to_string())?;
    db.copy_into(name).await.map_err(|error| error.to_string())?;
    // The copy must be on the disk before it gets its name.
    made.sync_all().map_err(|error| error.to_string())
}

/// Gives a complete copy its name, unless a file of that name has appeared. Linking fails then; renaming would overwrite it.
fn give_name(unfinished: &Path, file: &Path) -> io::Result<()> {
    match fs::hard_link(unfinished, file) {
        Ok(()) => fs::remove_file(unfinished),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        // The file system has no hard links.
        Err(_) if file.try_exists()? => Err(io::ErrorKind::AlreadyExists.into()),
        Err(_) => fs::rename(unfinished, file),
    }
}
