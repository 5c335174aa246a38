//! `commonhold job list`: the jobs of an organization as its people see them (JOB-3), over the public API.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use commonhold::{
    domain::{job::JobState, text::counted},
    server::Fatal,
};
use reqwest::Method;
use serde_json::Value;

use super::{
    client::{Bearer, Remote, ServerArgs, Trouble},
    output::say,
};

/// How many jobs one request asks for at most.
const PAGE_SIZE: u64 = 200;

#[derive(Subcommand)]
pub enum JobCommand {
    /// List jobs, newest first, separated by tabs: id, state, app and version, dataset, who started it, when, when it ended, and
    /// what it cost, if the key's organization paid.
    ///
    /// For example: commonhold job list --org alpine-survey --state failed
    List(ListArgs),
}

/// The options of `job list`.
#[derive(Args)]
pub struct ListArgs {
    /// Org ID or id of the organization.
    #[arg(long)]
    org: String,

    /// Only jobs in this state, for example failed.
    #[arg(long, value_parser = state)]
    state: Option<JobState>,

    /// Only jobs of the app with this slug.
    #[arg(long)]
    app: Option<String>,

    /// Only jobs on the dataset with this id.
    #[arg(long)]
    dataset: Option<String>,

    /// Only jobs that began on this day or later, like 2026-11-21.
    #[arg(long)]
    from: Option<String>,

    /// Only jobs that began on this day or earlier.
    #[arg(long)]
    to: Option<String>,

    /// How many jobs at most.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    limit: u64,

    #[command(flatten)]
    server: ServerArgs,
}

fn state(word: &str) -> Result<JobState, String> {
    let words = JobState::ALL.map(JobState::as_str).join(", ");
    JobState::parse(word).map_err(|_| format!("use one of {words}"))
}

pub async fn run(command: JobCommand) -> Result<ExitCode, Fatal> {
    let JobCommand::List(args) = command;
    let remote = Remote::connect(&args.server).await?;
    let (mut left, mut cursor) = (args.limit, Some(String::new()));
    while let Some(after) = cursor.filter(|_| left > 0) {
        let page = PAGE_SIZE.min(left);
        let path = path(&args, &after, page);
        let (_, answer) = remote.ask(Bearer::Key, Method::GET, &path, &[], Vec::new()).await.map_err(Trouble::words)?;
        let jobs = answer["items"].as_array().map(Vec::as_slice).unwrap_or_default();
        for job in jobs {
            say(line(job))?;
        }
        left -= page;
        cursor = answer["next_cursor"].as_str().map(str::to_owned);
    }
    Ok(ExitCode::SUCCESS)
}

/// The address of a page of the list.
fn path(args: &ListArgs, cursor: &str, limit: u64) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("limit", &limit.to_string());
    let filters = [
        ("state", args.state.map(JobState::as_str)),
        ("app", args.app.as_deref()),
        ("dataset", args.dataset.as_deref()),
        ("from", args.from.as_deref()),
        ("to", args.to.as_deref()),
        ("cursor", Some(cursor).filter(|cursor| !cursor.is_empty())),
    ];
    for (name, value) in filters {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    format!("/api/v1/orgs/{}/jobs?{}", commonhold::paths::encode(&args.org), query.finish())
}

/// A job in a line. Names are quoted by nothing, so characters that would end a field or the line become blanks.
fn line(job: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("-").replace(|c: char| c.is_control(), " ");
    let mut fields = vec![
        text(&job["id"]),
        text(&job["state"]),
        format!("{} {}", text(&job["app"]), job["version"]),
        text(&job["dataset"]["name"]),
        text(&job["person"]["name"]),
        text(&job["created_at"]),
        text(&job["ended_at"]),
    ];
    if let Some(price) = job["price"].as_object() {
        fields.push(cost(price));
    }
    fields.join("\t")
}

/// What a job cost.
fn cost(price: &serde_json::Map<String, Value>) -> String {
    if price["refunded"] == true {
        return "refunded".to_owned();
    }
    let parts: Vec<String> = [("credits", "credit"), ("images", "image"), ("projects", "project")]
        .iter()
        .filter_map(|(many, one)| Some(counted(price[*many].as_i64().filter(|amount| *amount != 0)?, one, many)))
        .collect();
    if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::line;

    #[test]
    fn job_3_a_price_is_in_the_line_only_where_the_server_tells_it() {
        let job = json!({
            "id": "1", "state": "done", "app": "ortho", "version": 2, "dataset": { "name": "A\tB\nC" },
            "person": { "name": "Anna" }, "created_at": "2026-11-21T10:00:00Z", "ended_at": null,
        });
        let bare = "1\tdone\tortho 2\tA B C\tAnna\t2026-11-21T10:00:00Z\t-";
        assert_eq!(line(&job), bare);
        for (price, words) in [
            (json!({ "images": 26, "projects": 1, "credits": 0, "refunded": false }), "26 images, 1 project"),
            (json!({ "images": 0, "projects": 0, "credits": 26, "refunded": true }), "refunded"),
            (json!({ "images": 0, "projects": 0, "credits": 0, "refunded": false }), "nothing"),
        ] {
            let mut job = job.clone();
            job["price"] = price;
            assert_eq!(line(&job), format!("{bare}\t{words}"));
        }
    }
}
