//! Jobs as people see them (JOB-2, JOB-3).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::{
    app::{AppOption, PriceRule},
    id::{JobId, OrganizationId, PersonId, ResourceId},
    job::{FailureKind, JobState},
    job_log::LogLevel,
    licence::{Amount, Model},
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
    pub options: Vec<AppOption>,
    pub price_rule: PriceRule,
    /// Both only for the people of the organization that pays (JOB-3).
    pub price: Option<Amount>,
    pub balance: Option<Amount>,
    /// How the licence is billed.
    pub model: Option<Model>,
    /// Why it cannot begin, or would wait, in words.
    pub missing: Vec<String>,
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
