//! What the built-in apps made of a dataset, as a page (JOB-4).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::{
    command::Control,
    qc::QcReport,
    survey::{Index, map::SurveyMap},
    time::Timestamp,
};

/// The newest results of both apps.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SurveyView {
    pub index: Option<IndexView>,
    pub report: Option<ReportView>,
}

/// What *Survey index* made.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct IndexView {
    pub index: Index,
    /// `None` where no photo has a position, or there are too many to draw them.
    pub map: Option<SurveyMap>,
    /// The number of the mosaic's picture among the results, once there is a preview of it, and how many pixels it has.
    pub mosaic: Option<(i64, u32, u32)>,
    pub made_at: Timestamp,
    /// How many photos the dataset has by now.
    pub images: i64,
    /// Whether it was made of other images than there are now (JOB-3).
    pub outdated: bool,
}

/// What *QC report* made.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ReportView {
    /// Of each finding, the first photos.
    pub report: QcReport,
    /// How many photos each finding has.
    pub photos: Vec<usize>,
    /// Of each finding, the photos that it proposes to leave out and that are in: at most as many as one command takes.
    pub proposed: Vec<Vec<i64>>,
    /// Those of the photos that are left out by now.
    pub left_out: BTreeSet<i64>,
    pub made_at: Timestamp,
    /// How many photos the dataset has by now.
    pub images: i64,
    /// Whether it was made of other images than there are now (JOB-3).
    pub outdated: bool,
    /// Whether the reader may leave photos out.
    pub leave_out: Control,
}
