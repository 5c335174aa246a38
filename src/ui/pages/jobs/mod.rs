//! The pages of jobs (JOB-2, JOB-3): Monitor and a job, and what the page of a dataset shows of them.

pub mod again;
pub mod list;
pub mod log;
pub mod monitor;
pub mod plan;
pub mod process;
pub mod show;
