//! A job (JOB-2, JOB-3): how far it is, what it works on, what it made or why it failed, and its log. What changes appears by itself.

use leptos::prelude::*;

use super::{
    again::{AgainDialog, CancelDialog, cancelled_at_once},
    list::{percent, took},
    log::LogPanel,
    process::option_label,
};
use crate::{
    domain::{
        app::BuiltIn,
        job::{JobState, MAX_ATTEMPTS, MAX_PROGRESS, time_left_millis},
        layer::LayerKind,
        time::Timestamp,
    },
    paths::{self, Address},
    rpc::{
        FormFlash, ask,
        job::{CancelJob, RunAgain, job_page},
    },
    ui::{
        components::{
            button::{BlockedButton, ButtonLink, Tone},
            field::Hidden,
            form::{Form, Submit},
            icon::Icon,
            note::{Note, Severity},
            table::Fact,
        },
        form_action::FormAction,
        layout::{PageHeader, Section},
        live,
        location::use_route_query,
        page::page,
        sales::GetMore,
        session::Session,
        words::{self, Moment},
    },
    view::{
        Control,
        job::{JobOutputView, JobPageView, JobView},
        query::{JobQuery, LogQuery},
    },
};

/// What the address says: which job, which lines of its log, and which dialog is open.
#[derive(Clone, Default, PartialEq)]
struct JobRoute {
    org: String,
    id: String,
    log: LogQuery,
    dialog: String,
}

impl JobRoute {
    fn base(&self, log: &LogQuery) -> Address {
        Address::new(paths::job(&self.org, &self.id))
            .with("find", &log.find)
            .with("level", &log.level)
            .with("line", &log.from)
            .with("before", &log.before)
    }

    fn address(&self) -> String {
        self.base(&self.log).text()
    }

    fn dialog(&self, dialog: &'static str) -> String {
        self.base(&self.log).with("dialog", dialog).text()
    }
}

/// The forms of the page: made outside its content, so that an answer survives when that is loaded again.
#[derive(Clone, Copy)]
struct Forms {
    cancel: FormAction<CancelJob>,
    again: FormAction<RunAgain>,
}

/// The page: `/o/{org}/monitor/{job}`.
#[component]
pub fn JobPage() -> impl IntoView {
    let route = use_route_query(|segments, query| match segments {
        ["o", org, "monitor", id] => {
            let text = |name: &str| query.get(name).unwrap_or_default();
            Some(JobRoute {
                org: (*org).to_owned(),
                id: (*id).to_owned(),
                log: LogQuery { from: text("line"), before: text("before"), find: text("find"), level: text("level") },
                dialog: text("dialog"),
            })
        }
        _ => None,
    });
    let org = Memo::new(move |_| route.get().org);
    let session = Session::get();
    let job = ask(
        move || (route.get(), session.version()),
        |(route, _)| async move {
            let again = route.dialog == "again";
            job_page(JobQuery { org: route.org, id: route.id, log: route.log, again }).await
        },
    );
    let forms = Forms { cancel: FormAction::new(), again: FormAction::new() };
    let at_end = StoredValue::new(true);
    let stream = RwSignal::new(None::<String>);
    live::follow_closely(stream.into());
    page(Section::Monitor, org, move || {
        let route = route.get();
        async move {
            let context = session.context().await;
            let page = job.await?;
            // A job that has ended changes no more.
            let shows = (!page.job.state.has_ended()).then(|| match (page.sees_dataset, page.organization.role) {
                (true, _) => Some(page.job.dataset.to_string()),
                (false, Some(_)) => Some(page.organization.id.to_string()),
                (false, None) => None,
            });
            let shows = shows.flatten();
            if stream.with_untracked(|before| *before != shows) {
                stream.set(shows);
            }
            Ok(view! { <JobContent route page forms at_end now=context.now flash=context.form/> }.into_any())
        }
    })
}

#[component]
fn JobContent(
    route: JobRoute,
    page: JobPageView,
    forms: Forms,
    at_end: StoredValue<bool>,
    now: Timestamp,
    flash: Option<FormFlash>,
) -> impl IntoView {
    let route = JobRoute { org: page.organization.org_id.clone(), ..route };
    let JobPageView { job, sees_dataset, outputs, log, cancel, again, forfeits, heard_at, plan, waits_for, .. } = page;
    let org = route.org.clone();
    let title = format!("{} on “{}”", job.app_title, job.dataset_name);
    let close = route.address();
    let dialog = match (route.dialog.as_str(), plan) {
        ("again", Some(plan)) => view! {
            <AgainDialog job=job.clone() plan org=org.clone() close action=forms.again flash=flash.clone()/>
        }
        .into_any(),
        ("cancel", _) if cancel == Control::Enabled => {
            view! { <CancelDialog job=job.clone() close action=forms.cancel flash=flash.clone()/> }.into_any()
        }
        _ => ().into_any(),
    };
    let cancel = (cancel == Control::Enabled).then(|| {
        if forfeits {
            return view! { <ButtonLink href=route.dialog("cancel") in_place=true>"Cancel job"</ButtonLink> }
                .into_any();
        }
        let back = route.address();
        view! {
            <div title=cancelled_at_once(job.state)>
                <Form action=forms.cancel flash=flash.clone() class="inline-form">
                    <Hidden name="job" value=job.id.to_string()/>
                    <Hidden name="back" value=back/>
                    <Submit label="Cancel job" tone=Tone::Plain/>
                </Form>
            </div>
        }
        .into_any()
    });
    let again = match again {
        Control::Absent => ().into_any(),
        Control::Disabled(reason) => view! { <BlockedButton label="Run again" reason icon="play"/> }.into_any(),
        Control::Enabled => {
            view! { <ButtonLink href=route.dialog("again") icon="play" in_place=true>"Run again"</ButtonLink> }
                .into_any()
        }
    };
    let (open, all) = (!job.state.has_ended(), paths::monitor(&org));
    let id = job.id.to_string();
    let query = route.log.clone();
    let to = {
        let route = route.clone();
        Callback::new(move |log: LogQuery| route.base(&log).text())
    };
    let outputs = (job.state == JobState::Done && sees_dataset)
        .then(|| view! { <Outputs outputs org=org.clone() dataset=job.dataset.to_string()/> });
    view! {
        <PageHeader title>
            <ButtonLink href=all icon="monitor">"All jobs"</ButtonLink>
            {cancel}
            {again}
        </PageHeader>
        <div class="job-columns">
            <section class="panel tile" aria-labelledby="job-progress">
                <h2 id="job-progress">"Progress"</h2>
                <Progress job=job.clone() waits_for org=org.clone() now/>
            </section>
            <section class="panel tile" aria-labelledby="job-facts">
                <h2 id="job-facts">"Details"</h2>
                <Facts job sees_dataset org heard_at now/>
            </section>
        </div>
        {outputs}
        <LogPanel log query to job=id open at_end/>
        {dialog}
    }
}

/// How far it is, or how it ended and what to do about that.
#[component]
fn Progress(
    job: JobView,
    /// What it waits for, in words.
    waits_for: Option<String>,
    org: String,
    now: Timestamp,
) -> impl IntoView {
    let state = view! { <p><span class=words::job_tone(job.state)>{job.state.label()}</span></p> };
    let said = match job.state {
        JobState::WaitingForCredits => view! {
            <Note severity=Severity::Warning>
                <p>{waits_for} " It waits for credits, and starts by itself once there is enough. Nothing has been paid yet."</p>
                <GetMore org/>
            </Note>
        }
        .into_any(),
        JobState::Queued => view! { <p>{waits_for}</p> }.into_any(),
        JobState::Running => {
            let left = job.started_at.and_then(|start| time_left_millis(job.progress, start, now));
            let left = left.map(|left| format!(" · about {} left", words::duration(left)));
            let step = if job.step.is_empty() { "Under way".to_owned() } else { job.step.clone() };
            view! {
                <div class="job-step"><b>{step}</b><span class="num">{percent(job.progress)} {left}</span></div>
                <progress class="meter" aria-label="Progress of the job" max=MAX_PROGRESS.to_string() value=job.progress.to_string()></progress>
            }
            .into_any()
        }
        JobState::Cancelling => {
            view! { <p>"It ends once its engine has stopped, within ten minutes at the latest."</p> }.into_any()
        }
        JobState::Done => {
            let survey = BuiltIn::of_slug(&job.app_slug).map(|_| {
                let href = Address::new(paths::drive(&org, &job.dataset.to_string())).with("tab", "survey").text();
                view! { " "<a href=href>"See them in the survey of the dataset"</a>"." }
            });
            view! { <p>"Its results are in the dataset."{survey}</p> }.into_any()
        }
        JobState::Cancelled => {
            let ended = if job.started_at.is_some() {
                "It was cancelled while it ran. Earlier results stayed as they were."
            } else {
                "It was cancelled before it ran. Earlier results stayed as they were."
            };
            view! { <p>{ended}</p> }.into_any()
        }
        JobState::Failed => job
            .failure
            .map(|(kind, message)| {
                let message = (!message.is_empty()).then(|| view! { <p class="job-message">{message}</p> });
                view! {
                    <Note severity=Severity::Error>
                        <p><b>{kind.label()} "."</b></p>
                        {message}
                        <p>{kind.advice()}</p>
                        <p>"Earlier results stayed as they were."</p>
                    </Note>
                }
            })
            .into_any(),
    };
    view! {
        {state}
        {said}
    }
}

#[component]
fn Facts(job: JobView, sees_dataset: bool, org: String, heard_at: Option<Timestamp>, now: Timestamp) -> impl IntoView {
    let price = words::job_price(&job);
    let took = took(&job);
    let running = matches!(job.state, JobState::Running | JobState::Cancelling);
    let dataset = if sees_dataset {
        view! { <a class="text-link" href=paths::drive(&org, &job.dataset.to_string())>{job.dataset_name}</a> }
            .into_any()
    } else {
        job.dataset_name.into_any()
    };
    let options = job
        .options
        .into_iter()
        .map(|(name, value)| {
            let value = match value.as_str() {
                "" => "—".to_owned(),
                "true" => "Yes".to_owned(),
                "false" => "No".to_owned(),
                _ => value,
            };
            let said = format!("{}: {value}", option_label(&name));
            view! { <span class="line">{said}</span> }
        })
        .collect::<Vec<_>>();
    let options = (!options.is_empty()).then(|| view! { <Fact label="Options">{options}</Fact> });
    let attempt = (job.attempts > 1).then(|| format!("{} of {MAX_ATTEMPTS}", job.attempts));
    let digest = job.inputs_digest.map(|digest| {
        let short: String = digest.chars().take(12).collect();
        view! { <span class="line"><code title=digest>{short}</code></span> }
    });
    let heard = heard_at.filter(|_| running).map(|at| words::duration(now.0 - at.0));
    view! {
        <dl class="facts">
            <Fact label="App">{job.app_title} " " {job.version_label}</Fact>
            <Fact label="Dataset">{dataset}</Fact>
            <Fact label="Started by">{job.person_name}</Fact>
            <Fact label="Started"><Moment at=job.created_at/></Fact>
            {took.map(|took| view! { <Fact label="Took"><span class="num">{took}</span></Fact> })}
            {price.map(|price| view! { <Fact label="Price"><span class="num">{price}</span></Fact> })}
            <Fact label="Inputs"><span class="num">{words::counted(job.images, "image", "images")}</span>{digest}</Fact>
            {options}
            {job.engine.map(|engine| view! { <Fact label="Engine">{engine}</Fact> })}
            {attempt.map(|attempt| view! { <Fact label="Attempt"><span class="num">{attempt}</span></Fact> })}
            {heard.map(|heard| view! { <Fact label="Last heard of"><span class="num">{heard} " ago"</span></Fact> })}
        </dl>
    }
}

/// What the job has made.
#[component]
fn Outputs(outputs: Vec<JobOutputView>, org: String, dataset: String) -> impl IntoView {
    let results = Address::new(paths::drive(&org, &dataset)).with("tab", "results");
    let all = results.text();
    let shows = outputs.iter().any(|file| LayerKind::of_role(file.role).is_some());
    let viewer = shows.then(|| view! { <ButtonLink href=paths::viewer(&org, &dataset)>"Open viewer"</ButtonLink> });
    let list = if outputs.is_empty() {
        view! { <p>"Its results were deleted, or a later job has taken their place."</p> }.into_any()
    } else {
        let rows = outputs
            .into_iter()
            .map(|file| {
                let href = results.clone().with("file", file.number.to_string()).text();
                let (content, label) = (paths::file_content(&dataset, file.number), format!("Download {}", file.path));
                view! {
                    <li>
                        <a class="text-link" href=href>{file.path}</a>
                        <small>{file.role.label()}</small>
                        <small class="num">{words::size(file.bytes)}</small>
                        <a class="button icon-only quiet" rel="external" download="" href=content aria-label=label><Icon name="download"/></a>
                    </li>
                }
            })
            .collect_view();
        view! { <ul class="job-outputs" aria-label="Results of this job">{rows}</ul> }.into_any()
    };
    view! {
        <section class="panel tile" aria-labelledby="job-results">
            <header class="bar">
                <h2 id="job-results">"Results"</h2>
                <div class="end"><ButtonLink href=all>"All results of the dataset"</ButtonLink>{viewer}</div>
            </header>
            {list}
        </section>
    }
}
