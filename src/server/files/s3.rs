//! S3, and what speaks like it. Keys, region and endpoint come from the usual `AWS_` variables.
//!
//! Objects are put, read by ranges and deleted; nothing else is asked of the service.

use std::sync::Arc;

use object_store::{aws::AmazonS3Builder, path::Path};

use super::Place;

/// The parts of an object: S3 takes none smaller than 5 MiB.
const PART_BYTES: usize = 8 * 1024 * 1024;

/// Opens a bucket.
pub(super) fn open(bucket: &str, prefix: &str) -> Result<Place, String> {
    // Two libraries choose a provider of cryptography for themselves if none is installed. An error says that one is.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let store = AmazonS3Builder::from_env()
        .with_bucket_name(bucket)
        .build()
        .map_err(|error| format!("Files cannot be stored in s3://{bucket}: {error}"))?;
    Ok(Place { store: Arc::new(store), prefix: Path::from(prefix), folder: None, part_bytes: PART_BYTES })
}
