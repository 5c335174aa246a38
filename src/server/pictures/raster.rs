//! Rasters that jobs made, read piece by piece (VIEW-1).

use tiff::decoder::Limits;

/// What a reader of TIFFs may take.
pub fn limits() -> Limits {
    Limits::default()
}
