//! Jobs (JOB-2): an app's run on a dataset. Its states and what leads from one to the next, what it costs, and what it does to the
//! dataset. An engine is at a job under a lease, and every write of it names that lease (JOB-6).

use serde::{Deserialize, Serialize};

use super::{
    app::PriceRule,
    id::{OrganizationId, PersonId, ResourceId},
    licence::{Amount, DEFAULT_MEGAPIXELS, Entitlement, Licence, Model, affordable_images, allowance, allows, price},
    permit::Permit,
    refusal::Refusal,
    resource::DatasetStatus,
    role::{Permission, Role, may},
    text::{counted, number},
    time::Timestamp,
};

/// How long a lease is valid without a sign of life, in milliseconds.
pub const LEASE_MILLIS: i64 = 10 * 60_000;

/// How often an engine gives one, in seconds.
pub const HEARTBEAT_SECONDS: i64 = 60;

/// How many engines may be lost until the job has failed.
pub const MAX_ATTEMPTS: i64 = 3;

/// How many jobs are under way on a dataset at most.
pub const MAX_LIVE_JOBS: u64 = 20;

/// How many jobs of an organization are under way at most.
pub const MAX_LIVE_JOBS_OF_ORGANIZATION: u64 = 10_000;

/// The highest progress: thousandths.
pub const MAX_PROGRESS: i64 = 1_000;

/// The longest step, in characters.
pub const MAX_STEP_LENGTH: usize = 200;

/// The longest message of a failure, in characters.
pub const MAX_MESSAGE_LENGTH: usize = 2_000;

/// How many apps an engine asks for at once at most.
pub const MAX_CLAIMED_APPS: usize = 50;

/// How long an engine may wait for a job in one request, in seconds.
pub const MAX_CLAIM_WAIT_SECONDS: i64 = 30;

/// Whoever started a job is told by email that it has ended if that took so long, in milliseconds: of what ends sooner they see it.
pub const TOLD_AFTER_MILLIS: i64 = 2 * 60_000;

/// How far a job is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Until there are enough credits or allowance (LIC-2). Nothing was charged yet.
    WaitingForCredits,
    /// Paid, and waiting for an engine.
    Queued,
    /// An engine is at it.
    Running,
    /// Somebody wants it to end, and its engine does not know yet.
    Cancelling,
    Done,
    Failed,
    Cancelled,
}

words! {
    JobState
    WaitingForCredits => "waiting_for_credits", "Waiting for credits";
    Queued => "queued", "Queued";
    Running => "running", "Running";
    Cancelling => "cancelling", "Cancelling";
    Done => "done", "Done";
    Failed => "failed", "Failed";
    Cancelled => "cancelled", "Cancelled";
}

impl JobState {
    /// Whether nothing becomes of it any more.
    pub const fn has_ended(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }

    /// Whether somebody may still want it to end.
    pub const fn may_be_cancelled(self) -> bool {
        matches!(self, Self::WaitingForCredits | Self::Queued | Self::Running)
    }

    /// Whether it holds the images of its dataset: what it works on was counted and charged.
    pub const fn holds_inputs(self) -> bool {
        matches!(self, Self::Queued | Self::Running | Self::Cancelling)
    }
}

/// Why a job failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The app itself says that it did not work.
    AppError,
    /// It could not work on these images.
    InputError,
    /// The engine has too little memory or disk.
    InsufficientResources,
    /// Its engines were lost, one after the other.
    EngineLost,
    /// It took longer than its version may.
    Timeout,
}

words! {
    FailureKind
    AppError => "app_error", "The app reported an error";
    InputError => "input_error", "The images cannot be processed";
    InsufficientResources => "insufficient_resources", "The engine ran out of memory or disk space";
    EngineLost => "engine_lost", "The engine was lost three times";
    Timeout => "timeout", "It took longer than the app allows";
}

impl FailureKind {
    /// What whoever started it can do about it.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::AppError => {
                "Read the end of the log. If it does not tell you what to change, ask whoever publishes the app."
            }
            Self::InputError => {
                "Check the images of the dataset, leave out those that do not belong there, and run it again."
            }
            Self::InsufficientResources => {
                "Run it again with fewer images or less demanding options, or ask whoever runs the engine for a larger one."
            }
            Self::EngineLost => {
                "Nothing is wrong with the dataset. Run it again. If it happens again, ask whoever publishes the app."
            }
            Self::Timeout => {
                "Run it again with fewer images or less demanding options, or ask whoever publishes the app for more time."
            }
        }
    }

    /// Whether an engine may say so.
    pub const fn is_said_by_engines(self) -> bool {
        matches!(self, Self::AppError | Self::InputError | Self::InsufficientResources)
    }
}

/// Something that happens to a job.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum JobEvent {
    /// There is enough now, and it was charged.
    Paid,
    /// An engine took it.
    Claimed,
    /// The engine says that it is done.
    Completed,
    /// The engine says that it did not work.
    Broke(FailureKind),
    /// The engine gives it back.
    Released,
    /// The lease ran out without a sign of life, for the so-manyth time.
    LeaseLost(i64),
    /// The time of its version is over.
    TimedOut,
    /// Somebody wants it to end.
    CancelAsked,
    /// Its dataset was deleted for good.
    DatasetGone,
}

/// What an event leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Step {
    pub to: JobState,
    /// Whether what was charged is given back.
    pub refunds: bool,
    pub failure: Option<FailureKind>,
}

const fn to(state: JobState) -> Step {
    Step { to: state, refunds: false, failure: None }
}

const fn failed(kind: FailureKind) -> Step {
    Step { to: JobState::Failed, refunds: true, failure: Some(kind) }
}

/// What an event leads to in a state; `None` where it cannot happen there. What failed, and what was cancelled before an engine
/// was at it, is refunded (JOB-2). What was cancelled while it ran is not.
pub const fn after(state: JobState, event: JobEvent) -> Option<Step> {
    use JobEvent as E;
    use JobState as S;
    Some(match (state, event) {
        (S::WaitingForCredits, E::Paid) => to(S::Queued),
        (S::WaitingForCredits, E::CancelAsked | E::DatasetGone) => to(S::Cancelled),
        (S::Queued, E::Claimed) => to(S::Running),
        (S::Queued, E::CancelAsked | E::DatasetGone) => Step { to: S::Cancelled, refunds: true, failure: None },
        (S::Running, E::Completed) => to(S::Done),
        (S::Running, E::Broke(kind)) => failed(kind),
        (S::Running, E::Released) => to(S::Queued),
        (S::Running, E::LeaseLost(times)) if times < MAX_ATTEMPTS => to(S::Queued),
        (S::Running, E::LeaseLost(_)) => failed(FailureKind::EngineLost),
        (S::Running, E::TimedOut) => failed(FailureKind::Timeout),
        (S::Running | S::Cancelling, E::CancelAsked) => to(S::Cancelling),
        (S::Running, E::DatasetGone) => to(S::Cancelled),
        // Whatever the engine says: somebody wanted it to end, and earlier results stay as they were.
        (S::Cancelling, E::Completed | E::Broke(_) | E::Released | E::LeaseLost(_) | E::TimedOut | E::DatasetGone) => {
            to(S::Cancelled)
        }
        _ => return None,
    })
}

/// [`after`], for what somebody asked for.
///
/// # Errors
/// `JobConflict`, saying what became of it.
pub fn step(state: JobState, event: JobEvent) -> Result<Step, Refusal> {
    after(state, event).ok_or_else(|| {
        Refusal::JobConflict(format!("This job is {} already, so nothing was changed.", state.label().to_lowercase()))
    })
}

/// Whether cancelling a job now gives away what was paid for it: an engine is at it already.
pub fn cancelling_forfeits(state: JobState, rule: PriceRule) -> bool {
    let kept = after(state, JobEvent::CancelAsked).is_some_and(|step| !step.refunds);
    kept && state.holds_inputs() && rule == PriceRule::Processing
}

/// How long a job that runs takes until it is done, by how far it came in what time, in milliseconds. Nothing is known of one that has
/// hardly begun.
pub fn time_left_millis(progress: i64, started_at: Timestamp, now: Timestamp) -> Option<i64> {
    const FIRST_ESTIMATE: i64 = 20;
    let took = now.0.saturating_sub(started_at.0);
    let known = (FIRST_ESTIMATE..MAX_PROGRESS).contains(&progress) && took > 0;
    let left = known.then(|| took.saturating_mul(MAX_PROGRESS - progress) / progress);
    // Less than a second is nothing to wait for.
    left.filter(|left| *left >= 1_000)
}

/// Which of the apps that somebody may run on a dataset is chosen where they have not: what ran there last; where it is not Processed,
/// the first that makes it so; else the first. Each app is its slug, whether it makes a dataset Processed, and whether they may start
/// it; what they may not start is only chosen where they may start none.
pub fn preselected(apps: &[(&str, bool, bool)], last: Option<&str>, status: DatasetStatus) -> Option<usize> {
    let none = !apps.iter().any(|(_, _, may_start)| *may_start);
    let usable = || apps.iter().enumerate().filter(move |(_, (_, _, may_start))| *may_start || none);
    let ran_last = usable().find(|(_, (slug, _, _))| last == Some(*slug));
    let processes = || usable().find(|(_, (_, makes_processed, _))| *makes_processed);
    let chosen = ran_last.or_else(|| processes().filter(|_| status != DatasetStatus::Processed));
    chosen.or_else(|| usable().next()).map(|(at, _)| at)
}

/// What a queued job waits for, in words: an engine of who publishes its app, or its turn where that is built in. `comes_back` is
/// whether something was paid, for who may see that.
pub fn queued_for(publisher: Option<&str>, comes_back: bool) -> String {
    let waits = publisher.map_or_else(|| "its turn".to_owned(), |publisher| format!("an engine of {publisher}"));
    let paid = if comes_back { " Cancelling it gives back what was paid." } else { "" };
    format!("It waits for {waits}, and begins by itself.{paid}")
}

/// How far a dataset has come while the job that processes it is in a state. An earlier result stays a result, whatever becomes
/// of another job (DRIVE-6, JOB-2).
pub const fn dataset_status(before: DatasetStatus, state: JobState) -> DatasetStatus {
    match (state, before) {
        (JobState::Done, _) | (_, DatasetStatus::Processed) => DatasetStatus::Processed,
        (JobState::WaitingForCredits, _) => DatasetStatus::WaitingForCredits,
        (JobState::Queued, _) => DatasetStatus::Queued,
        (JobState::Running | JobState::Cancelling, _) => DatasetStatus::Processing,
        (JobState::Failed, _) => DatasetStatus::Failed,
        (JobState::Cancelled, before) => before,
    }
}

/// What a dataset goes back to when its job is cancelled. What is under way, as the operator said, is a draft without it.
pub const fn settled(status: DatasetStatus) -> DatasetStatus {
    match status {
        DatasetStatus::Processed => DatasetStatus::Processed,
        DatasetStatus::Failed => DatasetStatus::Failed,
        DatasetStatus::Draft | DatasetStatus::Queued | DatasetStatus::WaitingForCredits | DatasetStatus::Processing => {
            DatasetStatus::Draft
        }
    }
}

/// Whether a dataset has something for an app to work on. What is built in reads files; an engine may know images that were only
/// counted here. What costs is paid by the image, so it takes at least one: nothing is processed for nothing.
///
/// # Errors
/// `BadRequest`.
pub fn has_inputs(rule: PriceRule, is_built_in: bool, files: i64, images: i64) -> Result<(), Refusal> {
    let text = match rule {
        PriceRule::Processing if images == 0 && files > 0 => {
            "This app is paid by the image, and no image of this dataset is processed. Upload images, or take some in again."
        }
        _ if files > 0 || (images > 0 && !is_built_in) => return Ok(()),
        _ => "There are no images in this dataset. Upload some first.",
    };
    Err(Refusal::BadRequest(text.to_owned()))
}

/// Whether somebody who may process the dataset may cancel a job on it (JOB-2). What others paid for is given away by who could have
/// paid for it; see [`may_spend`].
///
/// # Errors
/// `Forbidden`, saying whom to ask.
pub fn may_cancel(
    state: JobState,
    rule: PriceRule,
    is_own: bool,
    billable: Option<bool>,
    is_machine: bool,
) -> Result<(), Refusal> {
    if is_own || !cancelling_forfeits(state, rule) {
        return Ok(());
    }
    may_spend(rule, billable, is_machine).map_err(|_| {
        let text = "An engine is at this job, and what was paid for it is not given back. Only who may start what costs can cancel it: ask an Owner or a Manager.";
        Refusal::Forbidden(text.to_owned())
    })
}

/// Whether whoever started a job is told by email that it has come to this: it is over, and took so long that they are not looking.
pub fn is_told(state: JobState, created_at: Timestamp, now: Timestamp) -> bool {
    matches!(state, JobState::Done | JobState::Failed) && now >= created_at.plus_millis(TOLD_AFTER_MILLIS)
}

/// Whether no other job like it may be under way on the dataset: what is charged, and what makes it Processed, is one at a time.
pub const fn is_exclusive(rule: PriceRule, makes_processed: bool) -> bool {
    matches!(rule, PriceRule::Processing) || makes_processed
}

/// The images of a dataset, as its price depends on them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PricedImages {
    /// How many would be processed.
    pub total: i64,
    /// How many of them no licence has paid for; `None` if the dataset was never charged.
    pub unpaid: Option<i64>,
}

/// LIC-2: what a job costs. Images & Projects pays the images that were not paid for yet, and a project the first time; Credits pays
/// each job.
pub fn price_of(rule: PriceRule, model: Option<Model>, images: PricedImages) -> Amount {
    match (rule, model) {
        (PriceRule::Free, _) | (_, None) => Amount::default(),
        (PriceRule::Processing, Some(Model::ImagesProjects)) => Amount {
            images: images.unpaid.unwrap_or(images.total).max(0),
            projects: i64::from(images.unpaid.is_none()),
            credits: 0,
        },
        (PriceRule::Processing, Some(Model::Credits)) => price(Model::Credits, images.total, DEFAULT_MEGAPIXELS),
    }
}

/// What a price leaves out, in words, where it is not that of all images: what was paid for before (LIC-2).
pub fn paid_before(rule: PriceRule, model: Option<Model>, price: Amount) -> Option<&'static str> {
    if (rule, model, price.projects) != (PriceRule::Processing, Some(Model::ImagesProjects), 0) {
        return None;
    }
    Some(if price.images == 0 {
        "These images were paid for before."
    } else {
        "For the images that are new. The others were paid for before."
    })
}

/// How many images what waits may have at most to be paid.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Affordable {
    /// Of a dataset that was never charged; below zero where none can be paid.
    pub images: i64,
    /// Of a dataset that was charged before: those that were not paid for.
    pub unpaid_images: i64,
    /// Whether each job is paid, whatever was charged before.
    pub pays_each: bool,
}

/// LIC-2: what can be paid from what is left; it leaves out what cannot, and [`price_of`] says what each costs.
pub fn affordable(model: Model, left: Amount) -> Affordable {
    Affordable {
        images: affordable_images(model, left, DEFAULT_MEGAPIXELS).unwrap_or(-1),
        unpaid_images: left.images,
        pays_each: model == Model::Credits,
    }
}

/// Why a job that could be paid waits all the same.
pub const COSTS_MORE_THAN_AGREED: &str =
    "It now costs more than was agreed to when it was started. Cancel it, and start it again at this price.";

/// Whether a job may cost so much: what somebody confirmed is the most.
///
/// # Errors
/// `PriceChanged`, naming what it costs.
pub fn within(price: Amount, max_price: Option<Amount>) -> Result<(), Refusal> {
    if max_price.is_none_or(|most| most.covers(price)) {
        return Ok(());
    }
    let cost = if price.credits > 0 { counted(price.credits, "credit", "credits") } else { allowance(price) };
    Err(Refusal::PriceChanged(format!(
        "This now costs {cost}, which is more than you agreed to. Nothing was started. Check the price and start it again."
    )))
}

/// Whether the licences of an account allow a job: one that costs takes a cloud licence, and one that is free is only taken away by
/// an expired one (LIC-6).
///
/// # Errors
/// `Licence`, saying what is missing.
pub fn may_process(rule: PriceRule, licences: &[Licence], now: Timestamp) -> Result<(), Refusal> {
    let wanted = match rule {
        PriceRule::Free => Entitlement::Create,
        PriceRule::Processing => Entitlement::Process,
    };
    allows(licences, wanted, now)
}

/// Whether somebody may start what their organization pays for (JOB-5): people of the organization that pays, as far as their
/// membership includes billable activity; nobody from outside. A machine of the account may.
///
/// # Errors
/// `Forbidden`, saying whom to ask.
pub fn may_spend(rule: PriceRule, billable: Option<bool>, is_machine: bool) -> Result<(), Refusal> {
    if rule == PriceRule::Free || is_machine {
        return Ok(());
    }
    let text = match billable {
        Some(true) => return Ok(()),
        Some(false) => {
            "Your membership in this organization does not include billable activity, and this app costs. Ask an Owner or a Manager."
        }
        None => "Only people of the organization that pays can start this app, because it costs. Ask someone there.",
    };
    Err(Refusal::Forbidden(text.to_owned()))
}

/// Whether somebody sees what a job costs (JOB-3): the people of the organization that pays.
pub fn sees_price(role: Option<Role>) -> bool {
    role.is_some_and(|role| may(role, Permission::SeePrices))
}

/// Whether one more job may begin on a dataset of an organization with so many under way.
///
/// # Errors
/// `JobConflict`.
pub fn may_begin(on_dataset: u64, of_organization: u64, exclusive: bool, other_exclusive: bool) -> Result<(), Refusal> {
    let text = if exclusive && other_exclusive {
        "Another job is processing this dataset. Wait until it has ended, or cancel it.".to_owned()
    } else if on_dataset >= MAX_LIVE_JOBS {
        format!("{MAX_LIVE_JOBS} jobs are under way on this dataset, and that is the most. Wait until one has ended.")
    } else if of_organization >= MAX_LIVE_JOBS_OF_ORGANIZATION {
        format!(
            "{} jobs of this organization are under way, and that is the most.",
            number(i64::try_from(MAX_LIVE_JOBS_OF_ORGANIZATION).unwrap_or(i64::MAX))
        )
    } else {
        return Ok(());
    };
    Err(Refusal::JobConflict(text))
}

/// Whether the operator may say how far a dataset has come: not while a job does.
///
/// # Errors
/// `JobConflict`.
pub fn may_set_status(is_processed_by_a_job: bool) -> Result<(), Refusal> {
    if is_processed_by_a_job {
        let text = "A job is processing this dataset, and its status follows from the job. Cancel the job first.";
        return Err(Refusal::JobConflict(text.to_owned()));
    }
    Ok(())
}

/// Leave to write what a job does to its dataset. Whoever started it was allowed to.
pub const fn go_on(person: PersonId, organization: OrganizationId, dataset: ResourceId) -> Permit {
    Permit::of_task(person, organization, dataset)
}

/// A result of a dataset, and what it was made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeOf {
    /// Its number among the files of the dataset.
    pub number: i64,
    /// The title of the app that made it.
    pub app: String,
    /// The digest of the inputs of its job.
    pub inputs_digest: String,
}

/// Those of the results that were made of other inputs than there are now (JOB-3): images were added, replaced, deleted or left out since.
/// Without any inputs nothing could be made anew, so nothing is out of date.
pub fn outdated(results: Vec<MadeOf>, inputs_now: Option<&str>) -> Vec<MadeOf> {
    let differs = |result: &MadeOf| inputs_now.is_some_and(|now| now != result.inputs_digest);
    results.into_iter().filter(differs).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::testing::table;

    const EVENTS: [JobEvent; 11] = [
        JobEvent::Paid,
        JobEvent::Claimed,
        JobEvent::Completed,
        JobEvent::Broke(FailureKind::AppError),
        JobEvent::Released,
        JobEvent::LeaseLost(1),
        JobEvent::LeaseLost(2),
        JobEvent::LeaseLost(3),
        JobEvent::TimedOut,
        JobEvent::CancelAsked,
        JobEvent::DatasetGone,
    ];

    #[test]
    fn job_2_every_state_and_every_event() {
        let header = ["event"].into_iter().chain(JobState::ALL.map(JobState::label)).map(str::to_owned);
        let mut rows = vec![header.collect::<Vec<_>>()];
        for event in EVENTS {
            let cells = JobState::ALL.map(|state| {
                after(state, event).map_or_else(String::new, |step| {
                    let refund = if step.refunds { ", refunded" } else { "" };
                    format!("{}{refund}", step.to.label())
                })
            });
            rows.push(std::iter::once(format!("{event:?}")).chain(cells).collect());
        }
        insta::assert_snapshot!(table(&rows));
    }

    #[test]
    fn job_2_cancelling_gives_away_what_an_engine_is_at_and_nothing_else() {
        for state in JobState::ALL {
            let forfeits = matches!(state, JobState::Running | JobState::Cancelling);
            assert_eq!(cancelling_forfeits(state, PriceRule::Processing), forfeits, "{state:?}");
            assert!(!cancelling_forfeits(state, PriceRule::Free), "{state:?}");
            let asks = after(state, JobEvent::CancelAsked).is_some_and(|step| step.to != state);
            assert_eq!(state.may_be_cancelled(), asks, "{state:?}");
        }
    }

    #[test]
    fn job_2_what_is_built_in_reads_files_and_engines_may_know_counted_images() {
        use PriceRule::{Free, Processing};
        for (rule, is_built_in, files, images, fits) in [
            (Free, true, 0, 50, false),
            (Free, true, 1, 0, true),
            (Free, false, 0, 50, true),
            (Free, false, 0, 0, false),
            (Free, false, 1, 0, true),
            (Processing, true, 0, 50, false),
            (Processing, true, 1, 1, true),
            (Processing, false, 0, 50, true),
            (Processing, false, 0, 0, false),
        ] {
            assert_eq!(
                has_inputs(rule, is_built_in, files, images).is_ok(),
                fits,
                "{rule:?} {is_built_in} {files} {images}"
            );
        }
    }

    #[test]
    fn attack_98_lic_2_videos_alone_are_not_processed_for_nothing() {
        for is_built_in in [true, false] {
            let refusal = has_inputs(PriceRule::Processing, is_built_in, 3, 0).err().map(|refusal| refusal.to_string());
            assert!(refusal.is_some_and(|text| text.contains("paid by the image")), "{is_built_in}");
        }
    }

    #[test]
    fn job_2_job_5_what_others_paid_for_is_given_away_by_who_could_have_paid() {
        use {JobState as S, PriceRule as P};
        for (state, rule, is_own, billable, may) in [
            (S::Running, P::Processing, false, None, false),
            (S::Running, P::Processing, false, Some(false), false),
            (S::Running, P::Processing, false, Some(true), true),
            (S::Running, P::Processing, true, None, true),
            (S::Running, P::Free, false, None, true),
            (S::Queued, P::Processing, false, None, true),
        ] {
            assert_eq!(
                may_cancel(state, rule, is_own, billable, false).is_ok(),
                may,
                "{state:?} {rule:?} {billable:?}"
            );
        }
    }

    #[test]
    fn job_2_who_started_a_job_is_told_of_its_end_if_it_took_long() {
        let at = |millis| Timestamp(millis);
        assert!(
            is_told(JobState::Done, at(0), at(TOLD_AFTER_MILLIS))
                && is_told(JobState::Failed, at(0), at(TOLD_AFTER_MILLIS))
        );
        assert!(!is_told(JobState::Done, at(0), at(TOLD_AFTER_MILLIS - 1)), "they see it");
        for state in [JobState::Cancelled, JobState::Queued, JobState::Running] {
            assert!(!is_told(state, at(0), at(TOLD_AFTER_MILLIS)), "{state:?}");
        }
    }

    #[test]
    fn job_3_the_time_left_follows_from_the_time_taken() {
        let begun = Timestamp(1_000);
        for (progress, after_millis, left) in [
            (0, 60_000, None),
            (19, 60_000, None),
            (500, 0, None),
            (500, 60_000, Some(60_000)),
            (250, 60_000, Some(180_000)),
            (999, 999_000, Some(1_000)),
            (999, 998_000, None),
            (1_000, 60_000, None),
        ] {
            assert_eq!(time_left_millis(progress, begun, begun.plus_millis(after_millis)), left, "{progress}");
        }
    }

    #[test]
    fn job_2_an_app_is_preselected() {
        use DatasetStatus::{Draft, Processed};
        let apps = [("count", false, true), ("ortho", true, true), ("qc", false, true)];
        assert_eq!(preselected(&apps, None, Draft), Some(1), "what processes it");
        assert_eq!(preselected(&apps, None, Processed), Some(0));
        assert_eq!(preselected(&apps, Some("qc"), Draft), Some(2), "what ran last");
        assert_eq!(preselected(&apps, Some("gone"), Draft), Some(1), "what is gone is not chosen");
        assert_eq!(preselected(&[("qc", false, true)], None, Draft), Some(0));
        assert_eq!(preselected(&[], Some("qc"), Draft), None);
        // What somebody may not start is passed over while there is something that they may.
        let apps = [("index", true, false), ("ortho", true, false), ("qc", false, true)];
        assert_eq!(preselected(&apps, None, Draft), Some(2));
        assert_eq!(preselected(&apps, Some("ortho"), Processed), Some(2));
        assert_eq!(preselected(&[("qc", false, false), ("ortho", true, false)], None, Draft), Some(1));
    }

    #[test]
    fn job_2_a_queued_job_says_whom_it_waits_for() {
        assert_eq!(queued_for(None, false), "It waits for its turn, and begins by itself.");
        assert_eq!(
            queued_for(Some("Tunnel North"), true),
            "It waits for an engine of Tunnel North, and begins by itself. Cancelling it gives back what was paid."
        );
    }

    #[test]
    fn job_2_drive_6_what_a_job_makes_of_its_dataset() {
        let befores = [DatasetStatus::Draft, DatasetStatus::Failed, DatasetStatus::Processed];
        let header = ["job"].into_iter().chain(befores.map(DatasetStatus::label)).map(str::to_owned);
        let mut rows = vec![header.collect::<Vec<_>>()];
        for state in JobState::ALL {
            let cells = befores.map(|before| dataset_status(before, state).label());
            rows.push([state.label()].into_iter().chain(cells).map(str::to_owned).collect());
        }
        insta::assert_snapshot!(table(&rows));
    }

    #[test]
    fn lic_2_what_a_job_costs() {
        let amount = |images, projects, credits| Amount { images, projects, credits };
        let of = |total, unpaid| PricedImages { total, unpaid };
        let processing = |model, total, unpaid| price_of(PriceRule::Processing, Some(model), of(total, unpaid));
        assert_eq!(processing(Model::ImagesProjects, 50, None), amount(50, 1, 0));
        assert_eq!(processing(Model::ImagesProjects, 50, Some(0)), amount(0, 0, 0), "it was paid for before");
        assert_eq!(processing(Model::ImagesProjects, 60, Some(10)), amount(10, 0, 0), "ten came since");
        assert_eq!(processing(Model::ImagesProjects, 50, Some(50)), amount(50, 0, 0), "all were replaced since");
        assert_eq!(processing(Model::Credits, 50, Some(0)), amount(0, 0, 10), "each job is paid");
        assert_eq!(price_of(PriceRule::Free, Some(Model::Credits), of(50, None)), Amount::default());
        let told = |model, price| paid_before(PriceRule::Processing, Some(model), price).unwrap_or_default();
        assert_eq!(told(Model::ImagesProjects, amount(50, 1, 0)), "");
        assert_eq!(told(Model::ImagesProjects, amount(0, 0, 0)), "These images were paid for before.");
        assert!(told(Model::ImagesProjects, amount(10, 0, 0)).contains("images that are new"));
        assert_eq!(told(Model::Credits, amount(0, 0, 10)), "");
        assert_eq!(within(amount(0, 0, 10), Some(amount(0, 0, 10))), Ok(()));
        assert!(matches!(within(amount(0, 0, 11), Some(amount(0, 0, 10))), Err(Refusal::PriceChanged(_))));
        assert_eq!(within(amount(9, 9, 9), None), Ok(()));
    }

    #[test]
    fn job_5_who_may_start_what_costs() {
        let fine = |billable| may_spend(PriceRule::Processing, billable, false).is_ok();
        assert_eq!((fine(None), fine(Some(true)), fine(Some(false))), (false, true, false));
        assert!(may_spend(PriceRule::Processing, None, true).is_ok());
        assert!(may_spend(PriceRule::Free, Some(false), false).is_ok());
        assert!(Role::ALL.into_iter().all(|role| sees_price(Some(role))) && !sees_price(None), "JOB-3");
    }

    #[test]
    fn job_2_how_many_may_be_under_way() {
        for (on_dataset, of_organization, exclusive, other, fine) in [
            (0, 0, true, false, true),
            (1, 1, true, true, false),
            (1, 1, false, true, true),
            (MAX_LIVE_JOBS, 1, false, false, false),
            (1, MAX_LIVE_JOBS_OF_ORGANIZATION, false, false, false),
        ] {
            let answer = may_begin(on_dataset, of_organization, exclusive, other);
            assert_eq!(answer.is_ok(), fine, "{on_dataset} {of_organization} {exclusive} {other}");
        }
    }

    proptest! {
        /// Whatever happens in whatever order: what was paid once is given back at most once, and what ended stays as it is.
        #[test]
        fn job_2_whatever_happens_a_job_is_refunded_at_most_once_and_ends_once(
            events in proptest::collection::vec(0..EVENTS.len(), 0..60),
            waits: bool,
        ) {
            let mut state = if waits { JobState::WaitingForCredits } else { JobState::Queued };
            let (mut paid, mut refunds) = (!waits, 0);
            for event in events.into_iter().map(|at| EVENTS[at]) {
                let Some(step) = after(state, event) else { continue };
                prop_assert!(!state.has_ended());
                paid |= event == JobEvent::Paid;
                refunds += u32::from(step.refunds);
                prop_assert!(!step.refunds || (paid && step.to.has_ended()));
                prop_assert_eq!(step.failure.is_some(), step.to == JobState::Failed);
                state = step.to;
            }
            prop_assert!(refunds <= 1);
            if state == JobState::Done {
                prop_assert!(paid && refunds == 0);
            }
        }
    }

    #[test]
    fn job_3_results_of_other_inputs_are_out_of_date_unless_there_are_none_now() {
        let made = |number, digest: &str| MadeOf { number, app: "A".to_owned(), inputs_digest: digest.to_owned() };
        let numbers = |now| {
            let old = outdated(vec![made(1, "x"), made(2, "y"), made(3, "x")], now);
            old.into_iter().map(|result| result.number).collect::<Vec<i64>>()
        };
        assert_eq!(numbers(Some("y")), [1, 3]);
        assert_eq!(numbers(Some("z")), [1, 2, 3]);
        assert!(numbers(None).is_empty());
    }
}
