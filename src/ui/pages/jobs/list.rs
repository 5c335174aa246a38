//! Jobs as rows: in Monitor, and on the page of a dataset (JOB-3).

use leptos::prelude::*;

use crate::{
    domain::{job::JobState, time::Timestamp},
    paths,
    ui::words,
    view::job::JobView,
};

/// "64 %": progress in thousandths, as people read it.
pub fn percent(progress: i64) -> String {
    format!("{} %", progress.clamp(0, 1_000) / 10)
}

/// How long a job took, from when an engine was first at it; nothing until it has ended.
pub fn took(job: &JobView) -> Option<String> {
    let (start, end) = job.started_at.zip(job.ended_at)?;
    Some(words::duration(end.0 - start.0))
}

/// A table of jobs. The price column is there for the people of the organization that pays, and for nobody else.
#[component]
pub fn JobsTable(
    jobs: Vec<JobView>,
    org: String,
    /// Whether all of them are on the dataset that the page is about.
    #[prop(optional)]
    of_a_dataset: bool,
    now: Timestamp,
) -> impl IntoView {
    let sees_prices = jobs.iter().any(|job| job.price.is_some());
    let rows =
        jobs.into_iter().map(|job| view! { <Row job org=org.clone() of_a_dataset sees_prices now/> }).collect_view();
    view! {
        <table class="list jobs" role="table" aria-label="Jobs">
            <thead role="rowgroup">
                <tr role="row">
                    <th role="columnheader" scope="col">"State"</th>
                    <th role="columnheader" scope="col">"App"</th>
                    {(!of_a_dataset).then(|| view! { <th role="columnheader" scope="col">"Dataset"</th> })}
                    <th role="columnheader" scope="col">"Started by"</th>
                    <th role="columnheader" scope="col">"Started"</th>
                    <th role="columnheader" scope="col" class="end">"Took"</th>
                    {sees_prices.then(|| view! { <th role="columnheader" scope="col" class="end">"Price"</th> })}
                </tr>
            </thead>
            <tbody role="rowgroup">{rows}</tbody>
        </table>
    }
}

#[component]
fn Row(job: JobView, org: String, of_a_dataset: bool, sees_prices: bool, now: Timestamp) -> impl IntoView {
    let href = paths::job(&org, &job.id.to_string());
    let progress =
        (job.state == JobState::Running).then(|| view! { " " <small class="num">{percent(job.progress)}</small> });
    let took = took(&job).unwrap_or_default();
    let price = words::job_price(&job).unwrap_or_default();
    let dataset =
        (!of_a_dataset).then(|| view! { <td role="cell" class="job-dataset">{job.dataset_name.clone()}</td> });
    let (at, exact) = (job.created_at.rfc3339(), job.created_at.words());
    view! {
        <tr role="row">
            <td role="cell" class="job-state"><span class=words::job_tone(job.state)>{job.state.label()}</span>{progress}</td>
            <td role="cell" class="job-app"><a href=href><b>{job.app_title}</b> " " <small>{job.version_label}</small></a></td>
            {dataset}
            <td role="cell" class="m job-who">{job.person_name}</td>
            <td role="cell" class="m num job-when"><time datetime=at title=exact>{words::lately(job.created_at, now)}</time></td>
            <td role="cell" class="m num end job-took">{took}</td>
            {sees_prices.then(|| view! { <td role="cell" class="num end job-price">{price}</td> })}
        </tr>
    }
}
