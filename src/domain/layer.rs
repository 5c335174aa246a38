//! Rasters that jobs made, as layers of the viewer (VIEW-1).

use serde::{Deserialize, Serialize};

/// What a layer shows, from the lowest to the highest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum LayerKind {
    Mosaic,
    Orthophoto,
    Elevation,
    Coverage,
}

words! {
    LayerKind
    Mosaic => "mosaic", "Preview mosaic";
    Orthophoto => "orthophoto", "Orthophoto";
    Elevation => "elevation", "Elevation";
    Coverage => "coverage", "Coverage";
}

/// How far a layer is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum LayerState {
    /// Its tiles are being made.
    Waiting,
    Ready,
    /// It cannot be shown, and why; the file can be downloaded.
    Failed(String),
}
