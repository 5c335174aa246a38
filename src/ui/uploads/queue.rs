//! The queue of the browser's uploads (FILE-2): which file is planned, sent, tried again or asked about next. Pure, without a clock:
//! whoever uses it says what happened and when, in milliseconds.
//!
//! # Invariants
//! - Every file is planned before the first byte of any is sent, so that rights and storage are known for all of them.
//! - What comes of an attempt counts only while it is the file's latest one. Pausing ends all of them, and their answers may still come.
//! - A file fails by itself: the others go on.

use crate::{
    domain::upload::{MAX_PLANNED_FILES, OnConflict, PlanState},
    ui::words,
    view::file::PlannedFileView,
};

/// How many files are sent at the same moment.
pub const PARALLEL_FILES: usize = 3;
/// How much of a file one request sends: 16 MiB.
pub const PIECE_BYTES: i64 = 16 * 1024 * 1024;
/// How often a file is tried again while nothing of it gets through.
const MAX_RETRIES: u32 = 8;
/// How long is waited before a file is tried again: twice as long each time, up to the last.
const FIRST_RETRY_MILLIS: f64 = 1_000.0;
const MAX_RETRY_MILLIS: f64 = 30_000.0;
/// After how long without a byte an attempt is given up.
const STALLED_MILLIS: f64 = 60_000.0;
/// How much text the paths of one plan have at most, encoded: what a server function takes is limited.
const MAX_PLAN_TEXT: usize = 600_000;
/// Over how long the speed is measured.
const SPEED_MILLIS: f64 = 20_000.0;
/// How long is measured before a speed is told.
const MIN_SPEED_MILLIS: f64 = 2_000.0;

/// How far a file is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum State {
    /// The server has not been asked yet.
    Unplanned,
    /// It is being asked.
    Planning,
    /// It can be sent.
    Waiting,
    Sending,
    /// It is there.
    Done,
    /// It was there already.
    Present,
    /// Another file has its name.
    Conflict,
    /// Somebody chose to skip it.
    Skipped,
    /// It cannot be sent, and why.
    Failed(String),
}

/// What is known of a file before it is queued.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct NewItem {
    pub path: String,
    pub bytes: i64,
    /// When it was changed last, as RFC 3339 writes it.
    pub modified: String,
}

/// A file of the queue.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its destination, an index of [`Queue::places`].
    pub place: usize,
    pub path: String,
    pub bytes: i64,
    pub modified: String,
    pub state: State,
    /// How much of it has left the browser.
    pub sent: i64,
    on_conflict: OnConflict,
    url: String,
    /// How much of it the server has.
    offset: i64,
    /// Whether the server has to be asked for that first.
    asks: bool,
    attempt: u32,
    tries: u32,
    ready_at: f64,
    moved_at: f64,
}

/// Where files go.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Place {
    /// The dataset; nothing until one was made.
    pub dataset: Option<String>,
    /// The container that a new dataset is made in.
    pub parent: String,
    /// What the dataset is called, or is to be called.
    pub name: String,
    /// Whether the sender may replace files there.
    pub may_replace: bool,
    /// The address of a dataset that was made for the files.
    pub made: Option<String>,
}

/// Files to ask the server about, all of one destination.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlanBatch {
    /// Its number: an answer counts while nothing else happened to the queue.
    number: u32,
    pub place: usize,
    pub on_conflict: OnConflict,
    pub items: Vec<usize>,
}

/// An attempt to send a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attempt {
    pub item: usize,
    /// Its number: what comes of it is told with it.
    pub number: u32,
    pub url: String,
    pub offset: i64,
    /// Whether to ask for the offset first.
    pub asks: bool,
    pub bytes: i64,
}

/// Why an attempt ended before the file was complete.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// There was no answer.
    Cut,
    /// The server is busy, and says why.
    Later(String),
    /// The upload goes on at another byte.
    Elsewhere,
    /// Another file has taken the name.
    Conflict,
    /// The server knows nothing of this upload any more.
    Gone,
    /// The session has ended.
    SignedOut,
    /// The server says no, and why.
    Refused(String),
}

impl Trouble {
    /// What an answer that is no success means. `code` and `detail` are those of its problem details.
    pub fn of(status: u16, code: &str, detail: &str) -> Self {
        let reason = || match detail {
            "" => format!("The server answered {status}."),
            detail => detail.to_owned(),
        };
        match (status, code) {
            (0, _) => Self::Cut,
            (401, _) => Self::SignedOut,
            (409, "wrong_offset") => Self::Elsewhere,
            (409, "file_conflict") => Self::Conflict,
            (404 | 410, _) => Self::Gone,
            (408 | 423 | 429 | 500.., _) => Self::Later(reason()),
            _ => Self::Refused(reason()),
        }
    }
}

/// How far everything is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Totals {
    pub files: usize,
    /// Those that are there: sent, or there already.
    pub here: usize,
    pub present: usize,
    pub skipped: usize,
    pub failed: usize,
    pub conflicts: usize,
    /// Those that something is still done about.
    pub busy: usize,
    pub bytes: i64,
    pub sent_bytes: i64,
}

impl Totals {
    /// Whether nothing is done any more, and nothing is asked.
    pub const fn is_over(&self) -> bool {
        self.busy == 0 && self.conflicts == 0
    }
}

/// The queue.
#[derive(Debug, Default)]
pub struct Queue {
    pub items: Vec<Item>,
    pub places: Vec<Place>,
    /// Whether somebody paused it.
    pub paused: bool,
    /// Whether the browser has no connection.
    pub offline: bool,
    /// Why it stopped by itself.
    pub stopped: Option<&'static str>,
    attempts: u32,
    /// The batch that the server is asked about.
    planning: Option<u32>,
    plan_tries: u32,
    plan_ready_at: f64,
    /// How many bytes were sent, ever: what the speed is measured by.
    transferred: i64,
    samples: Vec<(f64, i64)>,
}

impl Queue {
    /// Adds files for a destination; the index of the first.
    pub fn add(&mut self, place: Place, files: impl IntoIterator<Item = NewItem>) -> usize {
        let first = self.items.len();
        let place = match self.places.iter().position(|known| known.dataset.is_some() && known.dataset == place.dataset)
        {
            Some(known) => known,
            None => {
                self.places.push(place);
                self.places.len() - 1
            }
        };
        self.items.extend(files.into_iter().map(|NewItem { path, bytes, modified }| Item {
            place,
            path,
            bytes,
            modified,
            state: State::Unplanned,
            sent: 0,
            on_conflict: OnConflict::Ask,
            url: String::new(),
            offset: 0,
            asks: false,
            attempt: 0,
            tries: 0,
            ready_at: 0.0,
            moved_at: 0.0,
        }));
        first
    }

    /// Whether nothing may be begun now.
    pub const fn is_halted(&self) -> bool {
        self.paused || self.offline || self.stopped.is_some()
    }

    /// The next files to ask the server about. At most one batch is asked about at a time.
    pub fn next_plan(&mut self, now: f64) -> Option<PlanBatch> {
        if self.is_halted() || now < self.plan_ready_at || self.planning.is_some() {
            return None;
        }
        let first = self.items.iter().find(|item| item.state == State::Unplanned)?;
        let (place, on_conflict) = (first.place, first.on_conflict);
        let (mut items, mut text) = (Vec::new(), 0);
        for (index, item) in self.items.iter().enumerate() {
            if item.state != State::Unplanned || item.place != place || item.on_conflict != on_conflict {
                continue;
            }
            // Percent-encoding makes three letters of a byte, and each value has a name of its own.
            text += 3 * item.path.len() + 200;
            if items.len() == MAX_PLANNED_FILES || text > MAX_PLAN_TEXT && !items.is_empty() {
                break;
            }
            items.push(index);
        }
        for index in &items {
            self.items[*index].state = State::Planning;
        }
        self.attempts += 1;
        self.planning = Some(self.attempts);
        Some(PlanBatch { number: self.attempts, place, on_conflict, items })
    }

    /// Whether an answer to a batch counts. It counts once.
    fn take_plan(&mut self, batch: &PlanBatch) -> bool {
        let counts = self.planning == Some(batch.number);
        if counts {
            self.planning = None;
        }
        counts
    }

    /// What the server says to a plan.
    pub fn planned(&mut self, batch: &PlanBatch, answers: &[PlannedFileView]) {
        if !self.take_plan(batch) {
            return;
        }
        self.plan_tries = 0;
        for (position, index) in batch.items.iter().enumerate() {
            let Some(item) = self.items.get_mut(*index).filter(|item| item.state == State::Planning) else { continue };
            let Some(answer) = answers.get(position) else {
                item.state = State::Failed("The server did not say what to do with this file.".to_owned());
                continue;
            };
            item.state = match (answer.state, &answer.upload) {
                (PlanState::New | PlanState::Resume, Some(upload)) => {
                    item.url = format!("/api/v1/uploads/{}", upload.id);
                    (item.offset, item.sent, item.asks) = (upload.received, upload.received, false);
                    (item.tries, item.ready_at) = (0, 0.0);
                    State::Waiting
                }
                (PlanState::Present, _) => {
                    item.sent = item.bytes;
                    State::Present
                }
                (PlanState::Conflict, _) => State::Conflict,
                _ => State::Failed(answer.reason.clone().unwrap_or_default()),
            };
        }
    }

    /// A plan was not answered, or was refused as a whole for a reason.
    pub fn plan_failed(&mut self, batch: &PlanBatch, refused: Option<&str>, now: f64) {
        if !self.take_plan(batch) {
            return;
        }
        let gives_up = refused.or((self.plan_tries >= MAX_RETRIES).then_some("The server does not answer."));
        if gives_up.is_some() {
            self.plan_tries = 0;
        } else {
            self.plan_ready_at = now + delay(self.plan_tries);
            self.plan_tries += 1;
        }
        for index in &batch.items {
            if let Some(item) = self.items.get_mut(*index).filter(|item| item.state == State::Planning) {
                item.state = match gives_up {
                    Some(reason) => State::Failed(reason.to_owned()),
                    None => State::Unplanned,
                };
            }
        }
    }

    /// Begins to send the next file, if one may be sent now.
    pub fn start(&mut self, now: f64) -> Option<Attempt> {
        if self.is_halted() {
            return None;
        }
        let (mut sending, mut next) = (0, None);
        for (index, item) in self.items.iter().enumerate() {
            match item.state {
                State::Unplanned | State::Planning => return None,
                State::Sending => sending += 1,
                State::Waiting if next.is_none() && item.ready_at <= now => next = Some(index),
                _ => {}
            }
        }
        let index = next.filter(|_| sending < PARALLEL_FILES)?;
        self.attempts += 1;
        let item = &mut self.items[index];
        item.state = State::Sending;
        (item.attempt, item.moved_at) = (self.attempts, now);
        Some(Attempt {
            item: index,
            number: self.attempts,
            url: item.url.clone(),
            offset: item.offset,
            asks: item.asks,
            bytes: item.bytes,
        })
    }

    /// The file of an attempt, while it is its latest one.
    fn current(&mut self, attempt: &Attempt) -> Option<&mut Item> {
        let item = self.items.get_mut(attempt.item)?;
        (item.state == State::Sending && item.attempt == attempt.number).then_some(item)
    }

    /// So much of a file has left the browser.
    pub fn progress(&mut self, attempt: &Attempt, sent: i64, now: f64) {
        let Some(item) = self.current(attempt) else { return };
        let more = (sent.min(item.bytes) - item.sent).max(0);
        item.sent += more;
        item.moved_at = now;
        self.transferred += more;
    }

    /// The server has said how much of a file it has. Answers whether the attempt goes on.
    pub fn asked(&mut self, attempt: &Attempt, offset: i64, now: f64) -> bool {
        let Some(item) = self.current(attempt) else { return false };
        if offset > item.offset {
            item.tries = 0;
        }
        (item.offset, item.sent, item.asks, item.moved_at) = (offset, offset, false, now);
        true
    }

    /// The server has taken a piece. Answers whether the attempt goes on with the next one.
    pub fn took(&mut self, attempt: &Attempt, offset: i64, now: f64) -> bool {
        let Some(item) = self.current(attempt) else { return false };
        let more = (offset - item.sent).max(0);
        (item.offset, item.sent, item.tries, item.moved_at) = (offset, offset, 0, now);
        let complete = offset >= item.bytes;
        if complete {
            item.state = State::Done;
        }
        self.transferred += more;
        !complete
    }

    /// An attempt ended before the file was complete.
    pub fn trouble(&mut self, attempt: &Attempt, trouble: Trouble, now: f64) {
        let Some(item) = self.current(attempt) else { return };
        let reason = match trouble {
            Trouble::Cut => format!("The connection was cut. {} are here.", of_sizes(item.offset, item.bytes)),
            Trouble::Later(reason) | Trouble::Refused(reason) if item.tries >= MAX_RETRIES => reason,
            Trouble::Refused(reason) => {
                item.state = State::Failed(reason);
                return;
            }
            Trouble::Later(_) => String::new(),
            Trouble::Elsewhere => "The server lost track of this file.".to_owned(),
            Trouble::Conflict => {
                item.state = State::Conflict;
                return;
            }
            Trouble::Gone => {
                // It expired, or somebody discarded it. The plan says whether it can begin anew.
                (item.state, item.sent, item.offset) = (State::Unplanned, 0, 0);
                item.tries += 1;
                if item.tries > MAX_RETRIES {
                    item.state = State::Failed("The server does not know this upload any more.".to_owned());
                }
                return;
            }
            Trouble::SignedOut => {
                (item.state, item.asks) = (State::Waiting, true);
                self.sign_out();
                return;
            }
        };
        if item.tries >= MAX_RETRIES {
            item.state = State::Failed(reason);
            return;
        }
        item.state = State::Waiting;
        item.asks = true;
        item.ready_at = now + delay(item.tries);
        item.tries += 1;
    }

    /// The numbers of the attempts that nothing came of for too long.
    pub fn stalled(&self, now: f64) -> Vec<u32> {
        let stalled = |item: &Item| item.state == State::Sending && now - item.moved_at > STALLED_MILLIS;
        self.items.iter().filter(|item| stalled(item)).map(|item| item.attempt).collect()
    }

    /// Ends all attempts. What the server has of each file is asked before it goes on.
    fn halt(&mut self) {
        for item in self.items.iter_mut().filter(|item| item.state == State::Sending) {
            (item.state, item.asks, item.sent, item.ready_at) = (State::Waiting, true, item.offset, 0.0);
        }
        self.samples.clear();
    }

    /// The session has ended: nothing goes on until somebody says so.
    pub fn sign_out(&mut self) {
        self.stopped = Some("You are signed out. Sign in again in another tab, then choose Resume.");
    }

    /// Forgets all files. Numbers go on, so that nothing of before counts.
    pub fn clear(&mut self) {
        *self = Self { attempts: self.attempts, offline: self.offline, ..Self::default() };
    }

    /// Somebody pauses everything.
    pub fn pause(&mut self) {
        self.paused = true;
        self.halt();
    }

    /// It goes on, also after it has stopped by itself.
    pub fn resume(&mut self) {
        (self.paused, self.stopped, self.plan_ready_at) = (false, None, 0.0);
    }

    /// The connection is gone, or back. Nothing counts as a failure meanwhile.
    pub fn set_offline(&mut self, offline: bool) {
        if offline && !self.offline {
            self.halt();
        }
        self.offline = offline;
        self.plan_ready_at = 0.0;
        for item in &mut self.items {
            item.ready_at = 0.0;
        }
    }

    /// Tries a file that failed again. The server is asked anew: it may have a part of it, or say no.
    pub fn retry(&mut self, index: usize) {
        if let Some(item) = self.items.get_mut(index).filter(|item| matches!(item.state, State::Failed(_))) {
            (item.state, item.tries, item.ready_at) = (State::Unplanned, 0, 0.0);
        }
    }

    /// [`Self::retry`] for all that failed.
    pub fn retry_failed(&mut self) {
        (0..self.items.len()).for_each(|index| self.retry(index));
    }

    /// The one answer for all files whose names are taken.
    pub fn answer_conflicts(&mut self, choice: OnConflict) {
        for item in self.items.iter_mut().filter(|item| item.state == State::Conflict) {
            item.state = match choice {
                OnConflict::Skip => State::Skipped,
                _ => State::Unplanned,
            };
            item.on_conflict = choice;
        }
    }

    /// Whether all files whose names are taken may be replaced by their sender.
    pub fn may_replace(&self) -> bool {
        let mut conflicts = self.items.iter().filter(|item| item.state == State::Conflict);
        conflicts.all(|item| self.places.get(item.place).is_some_and(|place| place.may_replace))
    }

    /// The datasets that something is still sent to.
    pub fn under_way(&self) -> Vec<String> {
        let mut datasets: Vec<String> = Vec::new();
        for item in self.items.iter().filter(|item| !is_settled(&item.state)) {
            let dataset = self.places.get(item.place).and_then(|place| place.dataset.as_ref());
            if let Some(dataset) = dataset.filter(|dataset| !datasets.contains(dataset)) {
                datasets.push(dataset.clone());
            }
        }
        datasets
    }

    pub fn totals(&self) -> Totals {
        let mut totals = Totals { files: self.items.len(), ..Totals::default() };
        for item in &self.items {
            totals.bytes = totals.bytes.saturating_add(item.bytes);
            totals.sent_bytes = totals.sent_bytes.saturating_add(item.sent);
            match item.state {
                State::Done => totals.here += 1,
                State::Present => {
                    totals.here += 1;
                    totals.present += 1;
                }
                State::Skipped => totals.skipped += 1,
                State::Failed(_) => totals.failed += 1,
                State::Conflict => totals.conflicts += 1,
                State::Unplanned | State::Planning | State::Waiting | State::Sending => totals.busy += 1,
            }
        }
        totals
    }

    /// The rows to list, in their order: what is sent, what asks for something, what waits. What is there is told as a number.
    pub fn rows(&self, only_failed: bool) -> Vec<usize> {
        let rank = |state: &State| match state {
            State::Sending => Some(0),
            State::Failed(_) => Some(1),
            State::Conflict => Some(2),
            State::Waiting | State::Planning | State::Unplanned => Some(3),
            State::Done | State::Present | State::Skipped => None,
        };
        let mut rows: Vec<(u8, usize)> = Vec::new();
        for (index, item) in self.items.iter().enumerate() {
            if let Some(rank) = rank(&item.state).filter(|rank| !only_failed || *rank == 1) {
                rows.push((rank, index));
            }
        }
        rows.sort_unstable();
        rows.into_iter().map(|(_, index)| index).collect()
    }

    /// Notes how much was sent by now, for the speed. Call it a few times a second.
    pub fn sample(&mut self, now: f64) {
        if self.is_halted() {
            self.samples.clear();
            return;
        }
        self.samples.push((now, self.transferred));
        self.samples.retain(|(at, _)| now - at <= SPEED_MILLIS);
    }

    /// How many seconds it takes at the speed of the last seconds; nothing while that is not known.
    pub fn seconds_left(&self) -> Option<f64> {
        let ((first, before), (last, after)) = (*self.samples.first()?, *self.samples.last()?);
        let (millis, bytes) = (last - first, after - before);
        if millis < MIN_SPEED_MILLIS || bytes <= 0 {
            return None;
        }
        let left: i64 =
            self.items.iter().filter(|item| !is_settled(&item.state)).map(|item| item.bytes - item.sent).sum();
        Some(number(left) / number(bytes) * millis / 1_000.0)
    }
}

/// Whether nothing more happens to a file unless somebody wants it.
const fn is_settled(state: &State) -> bool {
    matches!(state, State::Done | State::Present | State::Skipped | State::Failed(_))
}

/// How long is waited after so many tries.
fn delay(tries: u32) -> f64 {
    (FIRST_RETRY_MILLIS * f64::from(1_u32 << tries.min(10))).min(MAX_RETRY_MILLIS)
}

/// A number of bytes for a rough calculation.
#[expect(clippy::cast_precision_loss, reason = "what is calculated from it is a rounded time")]
pub fn number(bytes: i64) -> f64 {
    bytes as f64
}

/// "1.2 of 9.4 MB": a part of a size, with the unit once where both have the same.
pub fn of_sizes(part: i64, whole: i64) -> String {
    let (part, whole) = (words::size(part), words::size(whole));
    match (part.rsplit_once(' '), whole.rsplit_once(' ')) {
        (Some((number, unit)), Some((_, other))) if unit == other => format!("{number} of {whole}"),
        _ => format!("{part} of {whole}"),
    }
}

/// "about 2 min left".
pub fn left(seconds: f64) -> String {
    let rounded = |value: f64| format!("{value:.0}");
    match seconds {
        ..10.0 => "a few seconds left".to_owned(),
        ..60.0 => "less than a minute left".to_owned(),
        ..5_400.0 => format!("about {} min left", rounded(seconds / 60.0)),
        _ => format!("about {} h left", rounded(seconds / 3_600.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{file::Side, id::UploadId, time::Timestamp},
        view::file::UploadView,
    };

    fn files(number: usize, bytes: i64) -> Vec<NewItem> {
        (0..number).map(|n| NewItem { path: format!("DJI_{n:04}.JPG"), bytes, modified: String::new() }).collect()
    }

    fn dataset() -> Place {
        Place { dataset: Some("d".to_owned()), name: "Flight".to_owned(), ..Place::default() }
    }

    fn answer(state: PlanState, received: i64) -> PlannedFileView {
        let upload = matches!(state, PlanState::New | PlanState::Resume).then(|| UploadView {
            id: UploadId(uuid::Uuid::from_u128(1)),
            side: Side::Input,
            path: String::new(),
            bytes: 100,
            received,
            modified_at: None,
            expires_at: Timestamp(0),
        });
        let reason = (state == PlanState::Refused).then(|| "No.".to_owned());
        PlannedFileView { path: String::new(), state, upload, reason }
    }

    /// A queue of files of 100 bytes, of which the plan says the same.
    fn planned(number: usize, state: PlanState) -> Queue {
        let mut queue = Queue::default();
        queue.add(dataset(), files(number, 100));
        while let Some(batch) = queue.next_plan(0.0) {
            let answers = vec![answer(state, 0); batch.items.len()];
            queue.planned(&batch, &answers);
        }
        queue
    }

    #[test]
    fn file_2_all_is_planned_in_batches_before_anything_is_sent() {
        let mut queue = Queue::default();
        queue.add(dataset(), files(1_204, 100));
        let mut sizes = Vec::new();
        while let Some(batch) = queue.next_plan(0.0) {
            assert_eq!(queue.next_plan(0.0), None, "one batch at a time");
            assert_eq!(queue.start(0.0), None, "nothing is sent before all is planned");
            sizes.push(batch.items.len());
            let answers = vec![answer(PlanState::New, 0); batch.items.len()];
            queue.planned(&batch, &answers);
        }
        assert_eq!(sizes, [500, 500, 204]);
        let started: Vec<_> = std::iter::from_fn(|| queue.start(0.0)).map(|attempt| attempt.item).collect();
        assert_eq!(started, [0, 1, 2], "three at a time");
    }

    #[test]
    fn file_2_long_paths_make_smaller_plans() {
        let mut queue = Queue::default();
        let long = (0..500).map(|n| NewItem { path: format!("{n}{}", "ä".repeat(450)), ..NewItem::default() });
        queue.add(dataset(), long);
        let batch = queue.next_plan(0.0).expect("a batch");
        assert!((100..300).contains(&batch.items.len()), "{}", batch.items.len());
    }

    #[test]
    fn file_2_a_file_goes_on_piece_by_piece_until_it_is_there() {
        let mut queue = planned(1, PlanState::New);
        let attempt = queue.start(0.0).expect("an attempt");
        queue.progress(&attempt, 30, 10.0);
        assert_eq!(queue.totals().sent_bytes, 30);
        assert!(queue.took(&attempt, 60, 20.0), "there is more");
        assert!(!queue.took(&attempt, 100, 30.0));
        let totals = queue.totals();
        assert_eq!((totals.here, totals.busy, totals.sent_bytes), (1, 0, 100));
        assert!(totals.is_over());
    }

    #[test]
    fn file_2_what_was_there_is_told_and_a_refused_file_says_why() {
        assert_eq!(planned(12, PlanState::Present).totals().present, 12);
        let queue = planned(2, PlanState::Refused);
        assert_eq!(queue.items[0].state, State::Failed("No.".to_owned()));
        assert!(queue.totals().is_over());
    }

    #[test]
    fn file_2_each_file_is_tried_again_by_itself_after_one_to_thirty_seconds() {
        let mut queue = planned(2, PlanState::New);
        let (cut, other) = (queue.start(0.0).expect("an attempt"), queue.start(0.0).expect("another"));
        queue.trouble(&cut, Trouble::Cut, 0.0);
        assert!(!queue.took(&other, 100, 1.0), "the other one is not held up");
        let mut now = 0.0;
        let mut delays = Vec::new();
        loop {
            let begun = now;
            let next = loop {
                if let Some(attempt) = queue.start(now) {
                    break Some(attempt);
                }
                if queue.totals().busy == 0 {
                    break None;
                }
                now += 500.0;
            };
            let Some(attempt) = next else { break };
            assert!(attempt.asks, "how far it came is asked first");
            delays.push(((now - begun) / 1_000.0).to_string());
            queue.trouble(&attempt, Trouble::Cut, now);
        }
        assert_eq!(delays, ["1", "2", "4", "8", "16", "30", "30", "30"]);
        let State::Failed(reason) = &queue.items[0].state else { panic!("failed") };
        assert_eq!(reason, "The connection was cut. 0 of 100 bytes are here.");
        // Retry asks the server anew, and what gets through begins the count anew.
        queue.retry_failed();
        let batch = queue.next_plan(now).expect("a batch");
        queue.planned(&batch, &[answer(PlanState::Resume, 40)]);
        let attempt = queue.start(now).expect("an attempt");
        assert_eq!((attempt.offset, attempt.asks), (40, false));
    }

    #[test]
    fn file_2_without_a_connection_nothing_fails_and_all_goes_on_afterwards() {
        let mut queue = planned(5, PlanState::New);
        let attempt = queue.start(0.0).expect("an attempt");
        queue.progress(&attempt, 50, 1.0);
        queue.set_offline(true);
        // The answer of the attempt that was ended comes late, and counts for nothing.
        queue.trouble(&attempt, Trouble::Cut, 2.0);
        assert_eq!((queue.start(1e9), queue.totals().failed, queue.items[0].sent), (None, 0, 0));
        queue.set_offline(false);
        let again = queue.start(3.0).expect("an attempt");
        assert!(again.asks && again.item == 0 && again.number != attempt.number);
        assert!(queue.asked(&again, 60, 4.0));
        assert!(!queue.took(&again, 100, 5.0));
    }

    #[test]
    fn file_2_pausing_ends_what_is_sent_and_resuming_asks_how_far_it_came() {
        let mut queue = planned(4, PlanState::New);
        let attempts: Vec<_> = std::iter::from_fn(|| queue.start(0.0)).collect();
        queue.pause();
        assert!(attempts.iter().all(|attempt| !queue.took(attempt, 50, 1.0)), "late answers count for nothing");
        assert_eq!(queue.start(1.0), None);
        queue.resume();
        assert!(queue.start(1.0).is_some_and(|attempt| attempt.asks));
    }

    #[test]
    fn file_2_one_answer_counts_for_all_names_that_are_taken() {
        let mut queue = planned(3, PlanState::Conflict);
        assert_eq!((queue.totals().conflicts, queue.totals().is_over()), (3, false));
        assert!(!queue.may_replace());
        queue.places[0].may_replace = true;
        assert!(queue.may_replace());
        queue.answer_conflicts(OnConflict::KeepBoth);
        let batch = queue.next_plan(0.0).expect("a batch");
        assert_eq!((batch.on_conflict, batch.items.len()), (OnConflict::KeepBoth, 3));
        queue.planned(&batch, &[answer(PlanState::Conflict, 0), answer(PlanState::New, 0), answer(PlanState::New, 0)]);
        queue.answer_conflicts(OnConflict::Skip);
        assert_eq!((queue.totals().skipped, queue.totals().busy), (1, 2));
        // Another file took the name while this one was sent.
        let attempt = queue.start(0.0).expect("an attempt");
        queue.trouble(&attempt, Trouble::Conflict, 0.0);
        assert_eq!(queue.totals().conflicts, 1);
    }

    #[test]
    fn file_2_answers_are_understood() {
        let rows = [
            (0, "", Trouble::Cut),
            (401, "unauthenticated", Trouble::SignedOut),
            (409, "wrong_offset", Trouble::Elsewhere),
            (409, "file_conflict", Trouble::Conflict),
            (409, "inputs_held", Trouble::Refused("Why.".to_owned())),
            (403, "forbidden", Trouble::Refused("Why.".to_owned())),
            (404, "not_found", Trouble::Gone),
            (410, "upload_expired", Trouble::Gone),
            (423, "upload_busy", Trouble::Later("Why.".to_owned())),
            (503, "busy", Trouble::Later("Why.".to_owned())),
        ];
        for (status, code, trouble) in rows {
            assert_eq!(Trouble::of(status, code, "Why."), trouble, "{status} {code}");
        }
        assert_eq!(Trouble::of(418, "", ""), Trouble::Refused("The server answered 418.".to_owned()));
    }

    #[test]
    fn file_2_whoever_is_signed_out_fails_nothing() {
        let mut queue = planned(2, PlanState::New);
        let attempt = queue.start(0.0).expect("an attempt");
        queue.trouble(&attempt, Trouble::SignedOut, 0.0);
        assert!(queue.is_halted() && queue.totals().failed == 0);
        queue.resume();
        assert!(queue.start(0.0).is_some());
    }

    #[test]
    fn file_2_an_upload_that_is_gone_is_planned_anew_and_not_for_ever() {
        let mut queue = planned(1, PlanState::New);
        let mut plans = 0;
        while let Some(attempt) = queue.start(0.0) {
            queue.trouble(&attempt, Trouble::Gone, 0.0);
            if let Some(batch) = queue.next_plan(0.0) {
                plans += 1;
                assert!(plans < 100);
                let keep = queue.items[0].tries;
                queue.planned(&batch, &[answer(PlanState::New, 0)]);
                queue.items[0].tries = keep;
            }
        }
        assert!(matches!(queue.items[0].state, State::Failed(_)));
    }

    #[test]
    fn file_2_a_plan_that_is_not_answered_is_asked_again_and_one_that_is_refused_is_not() {
        let mut queue = Queue::default();
        queue.add(dataset(), files(2, 100));
        let batch = queue.next_plan(0.0).expect("a batch");
        queue.plan_failed(&batch, None, 0.0);
        assert_eq!(queue.next_plan(999.0), None);
        let batch = queue.next_plan(1_000.0).expect("a batch");
        queue.plan_failed(&batch, Some("There is no room."), 1_000.0);
        assert_eq!(queue.totals().failed, 2);
    }

    #[test]
    fn file_2_speed_and_time_left_are_those_of_the_last_seconds() {
        let mut queue = planned(2, PlanState::New);
        let attempt = queue.start(0.0).expect("an attempt");
        queue.sample(0.0);
        assert_eq!(queue.seconds_left(), None);
        queue.progress(&attempt, 50, 5_000.0);
        queue.sample(5_000.0);
        // 10 bytes a second, and 150 are left.
        assert!(queue.seconds_left().is_some_and(|seconds| (seconds - 15.0).abs() < 0.01));
        queue.pause();
        assert_eq!(queue.seconds_left(), None);
    }

    #[test]
    fn file_2_what_moves_stands_first_and_what_is_there_is_no_row() {
        let mut queue = planned(6, PlanState::New);
        let attempts: Vec<_> = std::iter::from_fn(|| queue.start(0.0)).collect();
        queue.took(&attempts[0], 100, 0.0);
        queue.trouble(&attempts[1], Trouble::Refused("No.".to_owned()), 0.0);
        assert_eq!(queue.rows(false), [2, 1, 3, 4, 5]);
        assert_eq!(queue.rows(true), [1]);
        assert_eq!(queue.stalled(60_001.0), [attempts[2].number]);
        assert_eq!(queue.under_way(), ["d"]);
    }

    #[test]
    fn file_2_sizes_and_times_are_short() {
        assert_eq!(of_sizes(1_300_000_000, 2_100_000_000), "1.3 of 2.1 GB");
        assert_eq!(of_sizes(900_000, 9_400_000), "900 kB of 9.4 MB");
        for (seconds, words) in [
            (3.0, "a few seconds left"),
            (45.0, "less than a minute left"),
            (125.0, "about 2 min left"),
            (4_000.0, "about 67 min left"),
            (7_300.0, "about 2 h left"),
        ] {
            assert_eq!(left(seconds), words);
        }
    }

    #[test]
    fn file_2_new_files_for_the_same_dataset_have_the_same_place() {
        let mut queue = planned(1, PlanState::New);
        assert_eq!(queue.add(dataset(), files(1, 1)), 1);
        queue.add(Place { parent: "p".to_owned(), ..Place::default() }, files(1, 1));
        queue.add(Place { parent: "p".to_owned(), ..Place::default() }, files(1, 1));
        assert_eq!(queue.places.len(), 3, "each new dataset is one of its own");
    }
}
