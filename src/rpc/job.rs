//! Jobs (JOB-2, JOB-3): the dialog **Process**, Monitor, and a job.

use std::collections::BTreeMap;

use leptos::prelude::*;

use super::{Done, Failure, Postcard};
use crate::{
    domain::licence::Amount,
    view::{
        Page,
        job::{JobPageView, JobView, MonitorView, ProcessView},
        query::{DatasetJobsQuery, JobQuery, MonitorQuery, ProcessQuery},
    },
};

/// What the dialog **Process** shows of a dataset, with an app chosen.
#[server(output = Postcard)]
pub async fn process_page(#[server(default)] query: ProcessQuery) -> Result<ProcessView, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    response::read(usecase::job::page::process(&ctx, &by, &query.dataset, &query.app).await)
}

/// One page of the jobs of a dataset, newest first.
#[server(output = Postcard)]
pub async fn dataset_jobs(#[server(default)] query: DatasetJobsQuery) -> Result<Page<JobView>, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    response::read(usecase::job::list::list_of_dataset(&ctx, &by, &query.dataset, &query.cursor, None).await)
}

/// The page Monitor.
#[server(output = Postcard)]
pub async fn monitor_page(#[server(default)] query: MonitorQuery) -> Result<MonitorView, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    response::read(usecase::job::page::monitor(&ctx, &by, &query).await)
}

/// The page of a job.
#[server(output = Postcard)]
pub async fn job_page(#[server(default)] query: JobQuery) -> Result<JobPageView, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    response::read(usecase::job::page::page(&ctx, &by, &query).await)
}

/// **Start** of an app on a dataset. `price` is what was shown; without it, whatever it costs. Leads to the job.
#[server(output = Postcard)]
pub async fn start_job(
    #[server(default)] org: String,
    #[server(default)] dataset: String,
    #[server(default)] app: String,
    #[server(default)] version: Option<i64>,
    #[server(default)] options: BTreeMap<String, String>,
    #[server(default)] price: Option<Amount>,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let form = usecase::job::StartForm { app, version, options, max_price: price };
    let started = usecase::job::start(&ctx, &by, &dataset, &form).await;
    response::done(started, |job| super::outcome::job_started(job, &org)).await
}

/// **Run again**: the same version with the same options. The price is as in [`start_job`]. Leads to the new job.
#[server(output = Postcard)]
pub async fn run_again(
    #[server(default)] org: String,
    #[server(default)] job: String,
    #[server(default)] price: Option<Amount>,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let started = usecase::job::again(&ctx, &by, &job, price).await;
    response::done(started, |job| super::outcome::job_started(job, &org)).await
}

/// **Cancel job**. Leads to `back`, the page it was asked for on.
#[server(output = Postcard)]
pub async fn cancel_job(#[server(default)] job: String, #[server(default)] back: String) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let cancelled = usecase::job::cancel(&ctx, &by, &job).await;
    let to = response::back_to(&back, "/");
    response::done(cancelled, |job| (to, super::outcome::job_cancelled(job))).await
}
