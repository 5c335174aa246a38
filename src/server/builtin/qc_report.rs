//! *QC report* (JOB-4): what is wrong with the photos of a survey, each finding with its photos.

use super::{Ended, Host, check_count, json, output, tables};
use crate::domain::{
    qc::{self, QcReport},
    survey::{Survey, SurveyPhoto},
};

/// The files that it writes.
pub const QC_JSON: &str = "qc.json";
pub const QC_CSV: &str = "qc.csv";

/// Runs it on these photos, which are in the order of their paths. It opens none of them: what it needs was measured when they arrived.
///
/// # Errors
/// Too many photos; what the host answers.
pub fn run<H: Host>(photos: &[SurveyPhoto], host: &H) -> Result<QcReport, Ended> {
    check_count(photos)?;
    host.progress(0, "Comparing photos")?;
    let report = qc::report(&Survey::of(photos));
    json(host, QC_JSON, &report)?;
    output(host, QC_CSV, |file| tables::write_findings(&report, file))?;
    host.progress(1_000, "Done")?;
    Ok(report)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::*;
    use crate::{domain::survey::testing::lawn_mower, server::builtin::testing::Memory};

    #[test]
    fn job_4_findings_become_files_and_no_photo_is_opened() {
        let mut photos = lawn_mower(2, 5);
        photos[1].facts.position = None;
        photos[4].blob = photos[3].blob;
        photos[4].path = "@copy;=1.JPG".to_owned();
        let host = Memory::default();
        let report = run(&photos, &host).expect("a report");
        assert_eq!(host.names(), [QC_CSV, QC_JSON]);
        assert_eq!(serde_json::from_slice::<QcReport>(&host.file(QC_JSON)).expect("a report"), report);
        insta::assert_snapshot!(String::from_utf8(host.file(QC_CSV)).expect("text").trim_start_matches('\u{FEFF}'));
        assert_eq!(host.opened.load(Ordering::SeqCst), 0);
        let host = Memory { stop_at: Some(0), ..Memory::default() };
        assert!(matches!(run(&photos, &host), Err(Ended::Stopped)));
        assert!(host.names().is_empty());
    }
}
