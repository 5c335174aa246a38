//! Uploads (FILE-2, FILE-3): what a plan answers for each file, when bytes may be received, and the limits.

use serde::{Deserialize, Serialize};

use super::{
    file::Side,
    id::UploadId,
    refusal::Refusal,
    resource::{DatasetStatus, may_count_anew},
    storage::size,
    time::Timestamp,
};

/// How many files one plan names at most.
pub const MAX_PLANNED_FILES: usize = 500;

/// How many uploads of a dataset are under way at most.
pub const MAX_OPEN_UPLOADS: i64 = 50_000;

/// How many of them one person may have, so that nobody takes the place of all others: as many files as a tab sends.
pub const MAX_OPEN_UPLOADS_OF_PERSON: i64 = 10_000;

/// How long an upload waits for its first byte, in milliseconds. A plan alone reserves storage, and costs nothing to make.
pub const FIRST_BYTE_MILLIS: i64 = 24 * 60 * 60_000;

/// How large a file may be, unless the operator says otherwise: 20 GiB.
pub const DEFAULT_MAX_FILE_BYTES: i64 = 20 * 1024 * 1024 * 1024;

/// How many requests of one person send bytes to a node at the same moment: more than any client has at once, and a small part of all.
pub const MAX_RECEIVING_OF_PERSON: usize = 8;

/// How slow a sender may be.
const MIN_BYTES_PER_SECOND: u128 = 1_000;

/// Whether so many bytes in so many milliseconds are too few for a request that holds a turn of the node.
pub const fn is_too_slow(bytes: u64, millis: u128) -> bool {
    (bytes as u128) * 1_000 < millis * MIN_BYTES_PER_SECOND
}

/// How large a piece is at most. A longer request becomes several pieces.
pub const MAX_PIECE_BYTES: i64 = 64 * 1024 * 1024;

/// How many pieces a file has at most.
pub const MAX_PIECES: i64 = 2_000;

/// How long an upload waits for its next byte, in days, unless the operator says otherwise.
pub const DEFAULT_UPLOAD_DAYS: i64 = 7;

/// How long is known what became of an upload, in milliseconds: for who did not hear the answer and asks again.
pub const FINISHED_KEPT_MILLIS: i64 = 24 * 60 * 60_000;

/// How long a request may hold an upload without a sign of life, in milliseconds.
pub const CLAIM_MILLIS: i64 = 60_000;

/// How often it gives one.
pub const CLAIM_RENEWAL_MILLIS: i64 = 15_000;

/// How long objects of an upload that was given up are kept, in milliseconds: longer than a request takes that still writes one.
pub const ABANDONED_KEPT_MILLIS: i64 = 60 * 60_000;

/// How long bytes are kept after their last file was deleted for good, in hours, unless the operator says otherwise (FILE-6).
pub const DEFAULT_GRACE_HOURS: i64 = 24;

/// What is to happen where another file has the path.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnConflict {
    /// Nothing: the answer says so.
    #[default]
    Ask,
    /// Both stay, the new one with a number.
    KeepBoth,
    /// The new one takes the place of the old one. This takes an Editor.
    Replace,
    /// The old one stays.
    Skip,
}

words! {
    OnConflict
    Ask => "ask", "Ask";
    KeepBoth => "keep_both", "Keep both";
    Replace => "replace", "Replace";
    Skip => "skip", "Skip";
}

/// What a plan answers for a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanState {
    /// Send it.
    New,
    /// Go on with it.
    Resume,
    /// It is here already.
    Present,
    /// Another file has its path.
    Conflict,
    /// It cannot be taken; the reason says why.
    Refused,
}

words! {
    PlanState
    New => "new", "New";
    Resume => "resume", "To be continued";
    Present => "present", "Already here";
    Conflict => "conflict", "Name taken";
    Refused => "refused", "Not possible";
}

/// A file as a plan compares it: the same path, size and time of change mean the same file. Whether the bytes are the same is known
/// once they have arrived, and nobody learns it from a checksum that they send (FILE-1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fingerprint {
    pub bytes: i64,
    /// When it was changed last, if the sender says so. Without it, nothing is taken for the same.
    pub modified_at: Option<Timestamp>,
}

impl Fingerprint {
    /// Whether both are taken for the same file.
    pub fn is_same(self, other: Self) -> bool {
        self.modified_at.is_some() && self == other
    }
}

/// An upload of the same person to the same path that is under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OpenUpload {
    pub id: UploadId,
    pub fingerprint: Fingerprint,
    /// Whether all of its bytes are here, and only the end is missing: another file had the path.
    pub complete: bool,
}

impl OpenUpload {
    /// Whether a file of a plan is taken for the one that is on its way. Without a time of change that is so only once all of it is here:
    /// then nothing is sent that could be of another file, and it would be sent for nothing.
    fn goes_on_as(self, wanted: Fingerprint) -> bool {
        let is_timeless = self.fingerprint.modified_at.is_none() || wanted.modified_at.is_none();
        self.fingerprint.is_same(wanted) || (self.complete && is_timeless && self.fingerprint.bytes == wanted.bytes)
    }
}

/// What is to be done about a file of a plan.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// An upload begins. One of other content to the same path ends.
    Begin { instead_of: Option<UploadId> },
    /// The upload goes on.
    GoOn(UploadId),
    /// It is here.
    Present,
    /// Another file has the path.
    Conflict(&'static str),
}

/// What is to be done about a file of a plan, given what has its path now.
pub fn decide(
    wanted: Fingerprint,
    there: Option<Fingerprint>,
    own: Option<OpenUpload>,
    on_conflict: OnConflict,
) -> Verdict {
    let begin = match own {
        Some(open) if open.goes_on_as(wanted) => Verdict::GoOn(open.id),
        own => Verdict::Begin { instead_of: own.map(|open| open.id) },
    };
    match (there, on_conflict) {
        (None, _) => begin,
        (Some(there), _) if there.is_same(wanted) => Verdict::Present,
        (Some(_), OnConflict::KeepBoth | OnConflict::Replace) => begin,
        (Some(_), OnConflict::Ask) => {
            Verdict::Conflict("Another file has this name. Replace it, keep both, or skip it.")
        }
        (Some(_), OnConflict::Skip) => Verdict::Conflict("Skipped, because another file has this name."),
    }
}

/// Whether files of a place can be left out of what is processed (FILE-1): images alone are processed.
///
/// # Errors
/// `BadRequest`, saying what to do instead.
pub fn may_leave_out(side: Side) -> Result<(), Refusal> {
    if side == Side::Input {
        return Ok(());
    }
    let text = "Only images can be left out of what is processed. Delete a result that is not wanted.";
    Err(Refusal::BadRequest(text.to_owned()))
}

/// Whether files may be added to this place of a dataset, or changed there. What is charged follows from the images (LIC-2), so these
/// are fixed while a job works on them (JOB-2); results may come at any time.
///
/// # Errors
/// `InputsHeld`.
pub fn may_change_files(side: Side, status: DatasetStatus, live_jobs: i64) -> Result<(), Refusal> {
    match side {
        Side::Output => Ok(()),
        Side::Input => may_count_anew(status, live_jobs).map_err(|_| Refusal::InputsHeld),
    }
}

/// Until when an upload waits for its next byte: for `days` after the last one, and for a day at most until the first one came.
pub fn expires_at(now: Timestamp, has_bytes: bool, days: i64) -> Timestamp {
    let long = now.plus_days(days);
    if has_bytes { long } else { long.min(now.plus_millis(FIRST_BYTE_MILLIS)) }
}

/// Whether so many uploads may begin in a dataset where `own` of the person and `all` of everybody are under way.
///
/// # Errors
/// `BadRequest`, saying what to do.
pub fn may_begin(begun: i64, own: i64, all: i64) -> Result<(), Refusal> {
    if own.saturating_add(begun) > MAX_OPEN_UPLOADS_OF_PERSON {
        return Err(Refusal::BadRequest(format!(
            "You have {own} uploads under way in this dataset, and {MAX_OPEN_UPLOADS_OF_PERSON} is the most. Finish or discard some first."
        )));
    }
    if all.saturating_add(begun) > MAX_OPEN_UPLOADS {
        return Err(Refusal::BadRequest(format!(
            "This dataset has {all} uploads under way, and {MAX_OPEN_UPLOADS} is the most. Try again when some have ended; whoever may edit the dataset can discard them."
        )));
    }
    Ok(())
}

/// Whether a file may be so large.
///
/// # Errors
/// `TooLarge`.
pub fn check_size(bytes: i64, max_file_bytes: i64) -> Result<(), Refusal> {
    if bytes <= max_file_bytes {
        return Ok(());
    }
    Err(Refusal::TooLarge(format!("A file can have at most {}.", size(max_file_bytes))))
}

/// How far an upload is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UploadProgress {
    /// How large the file is.
    pub bytes: i64,
    /// How much of it is here.
    pub received: i64,
    /// In how many pieces.
    pub pieces: i64,
    /// Until when a request holds it.
    pub claimed_until: Option<Timestamp>,
    pub expires_at: Timestamp,
    /// Whether it has become a file.
    pub finished: bool,
}

/// What a request that sends bytes may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Admission {
    /// The file is here already: the request is a repeated one.
    Finished,
    /// Receive at most so many bytes.
    Receive(i64),
}

/// Whether bytes may be received at an offset, and how many. `length` is how many the request says it has.
///
/// # Errors
/// `UploadExpired`; `WrongOffset`; `UploadBusy` while another request sends; `TooLarge` for more than is left, or too many pieces.
pub fn admit(
    progress: &UploadProgress,
    offset: i64,
    length: Option<i64>,
    now: Timestamp,
) -> Result<Admission, Refusal> {
    if progress.finished {
        return if offset == progress.bytes {
            Ok(Admission::Finished)
        } else {
            Err(Refusal::WrongOffset(progress.bytes))
        };
    }
    if progress.expires_at <= now {
        return Err(Refusal::UploadExpired);
    }
    if progress.claimed_until.is_some_and(|until| until > now) {
        return Err(Refusal::UploadBusy);
    }
    if offset != progress.received {
        return Err(Refusal::WrongOffset(progress.received));
    }
    let left = progress.bytes - progress.received;
    if length.is_some_and(|length| length > left) {
        return Err(too_many_bytes());
    }
    if left > 0 && progress.pieces >= MAX_PIECES {
        return Err(Refusal::TooLarge(format!(
            "This file came in {MAX_PIECES} pieces and is not complete. Begin it again and send larger pieces."
        )));
    }
    Ok(Admission::Receive(left))
}

/// That more bytes came than the file was said to have.
pub fn too_many_bytes() -> Refusal {
    Refusal::TooLarge("These are more bytes than this upload was said to have. Begin it again.".to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::testing::{id, table};

    const NOW: Timestamp = Timestamp(1_000_000);

    fn print(bytes: i64, modified_at: Option<i64>) -> Fingerprint {
        Fingerprint { bytes, modified_at: modified_at.map(Timestamp) }
    }

    fn progress() -> UploadProgress {
        UploadProgress {
            bytes: 100,
            received: 40,
            pieces: 1,
            claimed_until: None,
            expires_at: NOW.plus_days(7),
            finished: false,
        }
    }

    #[test]
    fn file_3_what_a_plan_answers() {
        let (wanted, other, timeless) = (print(10, Some(5)), print(11, Some(5)), print(10, None));
        let open = |fingerprint| Some(OpenUpload { id: UploadId(id(1)), fingerprint, complete: false });
        let mut rows =
            vec![["wanted", "has the path", "own upload", "on conflict", "verdict"].map(str::to_owned).to_vec()];
        for (wanted_name, wanted) in [("a file", wanted), ("without time", timeless)] {
            for (there_name, there) in [("nothing", None), ("the same", Some(wanted)), ("another", Some(other))] {
                for (own_name, own) in [("none", None), ("of the same", open(wanted)), ("of another", open(other))] {
                    for on_conflict in OnConflict::ALL {
                        let verdict = match decide(wanted, there, own, on_conflict) {
                            Verdict::Begin { instead_of: None } => "begin",
                            Verdict::Begin { instead_of: Some(_) } => "begin instead",
                            Verdict::GoOn(_) => "go on",
                            Verdict::Present => "present",
                            Verdict::Conflict(_) => "conflict",
                        };
                        let cells = [wanted_name, there_name, own_name, on_conflict.as_str(), verdict];
                        rows.push(cells.map(str::to_owned).to_vec());
                    }
                }
            }
        }
        insta::assert_snapshot!(table(&rows));
    }

    #[test]
    fn file_3_what_is_complete_goes_on_without_a_time_of_change() {
        let verdict = |open, wanted, complete| {
            let own = OpenUpload { id: UploadId(id(1)), fingerprint: open, complete };
            matches!(decide(wanted, None, Some(own), OnConflict::Ask), Verdict::GoOn(_))
        };
        let (timeless, early, late) = (print(10, None), print(10, Some(5)), print(10, Some(6)));
        for (open, wanted) in [(timeless, timeless), (timeless, early), (early, timeless)] {
            assert!(verdict(open, wanted, true) && !verdict(open, wanted, false), "{open:?} {wanted:?}");
        }
        assert!(!verdict(early, late, true), "it was changed");
        assert!(!verdict(timeless, print(11, None), true));
    }

    #[test]
    fn file_3_when_bytes_are_received() {
        let at = |offset, length| admit(&progress(), offset, length, NOW);
        assert_eq!(at(40, None), Ok(Admission::Receive(60)));
        assert_eq!(at(40, Some(60)), Ok(Admission::Receive(60)));
        assert!(matches!(at(40, Some(61)), Err(Refusal::TooLarge(_))));
        for offset in [0, 39, 41, 100] {
            assert_eq!(at(offset, None), Err(Refusal::WrongOffset(40)));
        }
        let held = UploadProgress { claimed_until: Some(NOW.plus_millis(1)), ..progress() };
        assert_eq!(admit(&held, 40, None, NOW), Err(Refusal::UploadBusy));
        let lost = UploadProgress { claimed_until: Some(NOW), ..progress() };
        assert_eq!(admit(&lost, 40, None, NOW), Ok(Admission::Receive(60)));
        let expired = UploadProgress { expires_at: NOW, ..progress() };
        assert_eq!(admit(&expired, 40, None, NOW), Err(Refusal::UploadExpired));
        let finished = UploadProgress { received: 100, finished: true, ..expired };
        assert_eq!(admit(&finished, 100, None, NOW), Ok(Admission::Finished));
        assert_eq!(admit(&finished, 0, None, NOW), Err(Refusal::WrongOffset(100)));
        let crumbs = UploadProgress { pieces: MAX_PIECES, ..progress() };
        assert!(matches!(admit(&crumbs, 40, None, NOW), Err(Refusal::TooLarge(_))));
        // All is here, and only the end is missing: another file had the path.
        let complete = UploadProgress { received: 100, pieces: MAX_PIECES, ..progress() };
        assert_eq!(admit(&complete, 100, Some(0), NOW), Ok(Admission::Receive(0)));
    }

    #[test]
    fn attack_40_a_thousand_bytes_a_second_are_enough() {
        assert!(!is_too_slow(30_000, 30_000) && is_too_slow(29_999, 30_000));
        assert!(!is_too_slow(0, 0) && is_too_slow(0, 1) && !is_too_slow(u64::MAX, u128::from(u64::MAX)));
    }

    #[test]
    fn file_3_a_file_has_at_most_what_the_operator_says() {
        assert_eq!(check_size(DEFAULT_MAX_FILE_BYTES, DEFAULT_MAX_FILE_BYTES), Ok(()));
        let refused = check_size(DEFAULT_MAX_FILE_BYTES + 1, DEFAULT_MAX_FILE_BYTES);
        assert!(refused.is_err_and(|refusal| refusal.to_string().contains("21.4 GB")));
    }

    #[test]
    fn attack_40_a_plan_alone_reserves_for_a_day() {
        let day = NOW.plus_days(1);
        assert_eq!((expires_at(NOW, false, 7), expires_at(NOW, true, 7)), (day, NOW.plus_days(7)));
        assert_eq!((expires_at(NOW, false, 1), expires_at(NOW, true, 1)), (day, day));
    }

    #[test]
    fn attack_40_one_person_never_takes_the_place_of_all() {
        assert_eq!(may_begin(500, MAX_OPEN_UPLOADS_OF_PERSON - 500, MAX_OPEN_UPLOADS - 500), Ok(()));
        let own = may_begin(1, MAX_OPEN_UPLOADS_OF_PERSON, 0).expect_err("refused").to_string();
        assert!(own.contains("You have 10000 uploads"), "{own}");
        let all = may_begin(1, 0, MAX_OPEN_UPLOADS).expect_err("refused").to_string();
        assert!(all.contains("This dataset has 50000 uploads"), "{all}");
    }

    #[test]
    fn job_2_images_are_fixed_while_a_job_works_on_them_and_results_are_not() {
        for status in DatasetStatus::ALL {
            for jobs in [0, 1] {
                assert_eq!(may_change_files(Side::Output, status, jobs), Ok(()));
                let free = jobs == 0 && !matches!(status, DatasetStatus::Queued | DatasetStatus::Processing);
                let answer = may_change_files(Side::Input, status, jobs);
                assert_eq!(answer.is_ok(), free, "{status:?} {jobs}");
                assert!(free || answer == Err(Refusal::InputsHeld), "{status:?} {jobs}");
            }
        }
    }

    proptest! {
        #[test]
        fn file_3_never_more_is_received_than_is_missing(
            bytes in 0_i64..1_000, received in 0_i64..1_000, offset in 0_i64..1_000, length in proptest::option::of(0_i64..1_000),
        ) {
            let progress = UploadProgress { bytes, received: received.min(bytes), ..progress() };
            if let Ok(Admission::Receive(room)) = admit(&progress, offset, length, NOW) {
                prop_assert_eq!(offset + room, bytes);
                prop_assert!(length.unwrap_or(0) <= room);
            }
        }
    }
}
