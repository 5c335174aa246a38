//! What the operator says about storage, by flag or environment variable.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{FileLimits, Files, PATIENCE};
use crate::domain::{
    storage::MAX_STORAGE_LIMIT,
    upload::{DEFAULT_GRACE_HOURS, DEFAULT_MAX_FILE_BYTES, DEFAULT_UPLOAD_DAYS},
};

/// A place for objects.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StoragePlace {
    /// A folder of this machine, or one that several nodes share.
    Folder(PathBuf),
    /// A bucket, and what the names of all objects begin with.
    S3 { bucket: String, prefix: String },
}

impl StoragePlace {
    /// Reads `file:///srv/files` or `s3://bucket/prefix`.
    fn parse(text: &str) -> Result<Self, String> {
        let right = "use CLUSTER=file:///srv/files or CLUSTER=s3://BUCKET/PREFIX";
        if let Some(folder) = text.strip_prefix("file://") {
            let folder = PathBuf::from(folder);
            return if folder.is_absolute() { Ok(Self::Folder(folder)) } else { Err(right.to_owned()) };
        }
        let (bucket, prefix) = match text.strip_prefix("s3://") {
            Some(rest) => rest.split_once('/').unwrap_or((rest, "")),
            None => return Err(right.to_owned()),
        };
        let fine = !bucket.is_empty() && !bucket.contains(['?', '#', '@', ' ']);
        let place = Self::S3 { bucket: bucket.to_owned(), prefix: prefix.trim_matches('/').to_owned() };
        if fine { Ok(place) } else { Err(right.to_owned()) }
    }
}

/// Reads `CLUSTER=URL`.
fn storage(text: &str) -> Result<(String, StoragePlace), String> {
    match text.split_once('=') {
        Some((cluster, url)) if !cluster.trim().is_empty() => {
            Ok((cluster.trim().to_owned(), StoragePlace::parse(url.trim())?))
        }
        _ => Err("use CLUSTER=file:///srv/files or CLUSTER=s3://BUCKET/PREFIX".to_owned()),
    }
}

/// The storage of files.
#[derive(Args, Clone, Debug)]
pub struct StorageArgs {
    /// Where a cluster's files are: CLUSTER=file:///FOLDER or CLUSTER=s3://BUCKET/PREFIX, with S3's keys and region in the usual
    /// AWS_ variables. Repeat it for several clusters. Default: the folder "files" in the --data folder.
    #[arg(long, env = "COMMONHOLD_STORAGE", value_delimiter = ',', value_parser = storage)]
    pub storage: Vec<(String, StoragePlace)>,

    /// The largest file, in bytes.
    #[arg(long, env = "COMMONHOLD_MAX_FILE", default_value_t = DEFAULT_MAX_FILE_BYTES, value_parser = clap::value_parser!(i64).range(1..))]
    pub max_file: i64,

    /// How many days an unfinished upload is kept after its last byte.
    #[arg(long, env = "COMMONHOLD_UPLOAD_DAYS", default_value_t = DEFAULT_UPLOAD_DAYS, value_parser = clap::value_parser!(i64).range(1..=365))]
    pub upload_days: i64,

    /// How many hours the bytes of files that were deleted for good are kept, so that a backup of the database and then of the files is
    /// consistent.
    #[arg(long, env = "COMMONHOLD_FILE_GRACE", default_value_t = DEFAULT_GRACE_HOURS, value_parser = clap::value_parser!(i64).range(0..=8760))]
    pub file_grace: i64,

    /// How many bytes a new organization, or a personal space, may store, until `commonhold storage set` says otherwise. Default: as many
    /// as it likes.
    #[arg(long, env = "COMMONHOLD_DEFAULT_STORAGE", value_parser = clap::value_parser!(i64).range(0..=MAX_STORAGE_LIMIT))]
    pub default_storage: Option<i64>,
}

impl StorageArgs {
    /// Opens the storage. Clusters without a place of their own are in `files` below the data folder.
    ///
    /// # Errors
    /// A place cannot be opened, in a sentence.
    pub fn open(&self, data: &Path) -> Result<Files, String> {
        let limits = FileLimits {
            max_file_bytes: self.max_file,
            upload_days: self.upload_days,
            grace_hours: self.file_grace,
            patience: PATIENCE,
        };
        Files::open(&StoragePlace::Folder(data.join("files")), &self.storage, limits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_1_a_cluster_is_stored_in_a_folder_or_a_bucket() {
        let s3 = |bucket: &str, prefix: &str| StoragePlace::S3 { bucket: bucket.to_owned(), prefix: prefix.to_owned() };
        for (text, cluster, place) in [
            ("eu=file:///srv/files", "eu", StoragePlace::Folder("/srv/files".into())),
            ("us = s3://survey/files/", "us", s3("survey", "files")),
            ("us=s3://survey", "us", s3("survey", "")),
            ("us=s3://survey/a/b", "us", s3("survey", "a/b")),
        ] {
            assert_eq!(storage(text), Ok((cluster.to_owned(), place)), "{text}");
        }
        for wrong in
            ["", "eu", "=file:///srv", "eu=/srv/files", "eu=file://srv", "eu=s3://", "eu=https://x", "eu=s3://a@b/c"]
        {
            assert!(storage(wrong).is_err(), "{wrong}");
        }
    }
}
