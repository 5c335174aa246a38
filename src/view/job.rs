//! Jobs as people see them (JOB-2, JOB-3).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{membership::OrganizationMembership, page::Page};
use crate::domain::{
    app::{AppOption, OutputRole, PriceRule},
    command::Control,
    id::{JobId, OrganizationId, PersonId, ResourceId},
    job::{FailureKind, JobState},
    job_log::LogLevel,
    licence::{Amount, Model, Product},
    refusal::Refusal,
    time::Timestamp,
};

/// A job.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct JobView {
    pub id: JobId,
    /// The organization that pays.
    pub organization: OrganizationId,
    pub state: JobState,
    /// In thousandths.
    pub progress: i64,
    pub step: String,
    pub app_slug: String,
    pub app_title: String,
    pub app_version: i64,
    /// What its version is called.
    pub version_label: String,
    pub price_rule: PriceRule,
    pub options: BTreeMap<String, String>,
    pub dataset: ResourceId,
    pub dataset_name: String,
    pub person: PersonId,
    pub person_name: String,
    pub engine: Option<String>,
    pub attempts: i64,
    /// How many images it works on.
    pub images: i64,
    pub inputs_digest: Option<String>,
    pub log_lines: i64,
    pub failure: Option<(FailureKind, String)>,
    pub created_at: Timestamp,
    pub queued_at: Option<Timestamp>,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    /// What it cost; only for the people of the organization that pays (JOB-3).
    pub price: Option<JobPrice>,
}

/// What a job cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct JobPrice {
    pub amount: Amount,
    /// Whether it was given back.
    pub refunded: bool,
}

/// What a job would cost, and what is in the way.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct JobPlanView {
    pub app_slug: String,
    pub app_title: String,
    pub version: i64,
    /// What that version is called.
    pub version_label: String,
    pub options: Vec<AppOption>,
    pub price_rule: PriceRule,
    /// These are only for the people of the organization that pays (JOB-3). There is no price where there is nothing to pay for.
    pub price: Option<Amount>,
    pub balance: Option<Amount>,
    /// The product that has the balance.
    pub product: Option<Product>,
    /// How the licence is billed.
    pub model: Option<Model>,
    /// Why it cannot begin, in words.
    pub blocked: Vec<String>,
    /// Why it would wait for credits, in words; only for the people of the organization that pays.
    pub waits: Option<String>,
}

/// A line of a job's log.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LogLineView {
    pub number: i64,
    pub at: Timestamp,
    pub level: LogLevel,
    pub text: String,
}

/// Lines of a job's log, and where the next ones begin.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LogView {
    pub lines: Vec<LogLineView>,
    /// The number of the first line behind these.
    pub next: i64,
    /// Whether more may come.
    pub is_open: bool,
}

/// An app that somebody may run on a dataset.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RunnableApp {
    pub slug: String,
    pub title: String,
    pub summary: String,
    /// The name of who publishes it; `None` for what is built in.
    pub publisher: Option<String>,
    pub price_rule: PriceRule,
    /// What it would cost; only for the people of the organization that pays, and only where there is something to pay for.
    pub price: Option<Amount>,
}

/// What the dialog **Process** shows.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ProcessView {
    pub dataset_name: String,
    pub apps: Vec<RunnableApp>,
    /// How the licence is billed that would pay; only with its prices.
    pub model: Option<Model>,
    /// The slug of the chosen app; empty where there is none to choose.
    pub chosen: String,
    /// What running that one would mean, or why it cannot be run.
    pub plan: Option<Result<JobPlanView, Refusal>>,
}

/// Monitor: one page of the jobs of an organization, and what its filters offer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MonitorView {
    pub organization: OrganizationMembership,
    pub jobs: Page<JobView>,
    /// Whether the reader sees all jobs, and not only those that they started.
    pub sees_all: bool,
    /// Apps to filter by: slug and title.
    pub apps: Vec<(String, String)>,
    /// People to filter by.
    pub people: Vec<(PersonId, String)>,
    /// The name of the dataset that is filtered by.
    pub dataset_name: Option<String>,
}

/// A result that a job has made.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct JobOutputView {
    /// Its number in the dataset.
    pub number: i64,
    pub path: String,
    pub bytes: i64,
    pub role: OutputRole,
}

/// Some lines of a job's log that fit a search, in order.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct LogPageView {
    pub lines: Vec<LogLineView>,
    /// How many lines the log has in all.
    pub total: i64,
    /// Lines before this number may fit too.
    pub earlier: Option<i64>,
    /// Lines from this number on may fit too.
    pub later: Option<i64>,
}

/// The page of a job.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct JobPageView {
    pub organization: OrganizationMembership,
    pub job: JobView,
    /// Whether the reader sees its dataset, so that it can be a link.
    pub sees_dataset: bool,
    pub outputs: Vec<JobOutputView>,
    pub log: LogPageView,
    pub cancel: Control,
    pub again: Control,
    /// Whether cancelling it now gives away what was paid.
    pub forfeits: bool,
    /// What it waits for, in words: while it is queued, whose engine; while it waits for credits, what it still needs and what is left,
    /// only for people of the organization that pays.
    pub waits_for: Option<String>,
    /// When its engine was heard of last, while one is at it.
    pub heard_at: Option<Timestamp>,
    /// What running it again would mean, or why it cannot be run. Only where that was asked for.
    pub plan: Option<Result<JobPlanView, Refusal>>,
}
