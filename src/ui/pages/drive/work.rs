//! Background tasks: what goes on behind the scenes, at the bottom right of every page of the Drive (ux.md, "Long
//! moves"). It
//! can be left and found again.

use std::time::Duration;

use leptos::prelude::*;

use crate::{
    domain::{
        job::{JobKind, JobState},
        view::work::JobView,
    },
    rpc::{
        ask,
        work::{CancelWork, running_work},
    },
    ui::{
        components::{
            button::Tone,
            field::Hidden,
            form::{Form, Submit},
            icon::Icon,
        },
        paths,
        routes::current_address,
        sending::ServerAction,
        session::Session,
        undo::Undo,
        words,
    },
};

/// How often is looked how far it is.
const EVERY: Duration = Duration::from_secs(2);

/// The panel; nothing where nothing goes on.
#[component]
pub fn RunningWork(
    /// The Org ID.
    org: Signal<String>,
) -> impl IntoView {
    let session = Session::get();
    let asked = RwSignal::new(0_u32);
    let work = ask(
        move || (org.get(), session.version(), asked.get()),
        |(org, ..)| async move {
            let jobs = if org.is_empty() { Vec::new() } else { running_work(org.clone()).await.unwrap_or_default() };
            (org, jobs)
        },
    );
    // Here and not in the panel, which is made anew at every look.
    let cancel = ServerAction::<CancelWork>::new();
    // While something runs, looks again and again; when it has ended, the page shows what came of it.
    Effect::new(move |before: Option<usize>| {
        let running =
            work.get().map_or(0, |(_, jobs)| jobs.iter().filter(|job| job.state == JobState::Running).count());
        if running > 0 {
            set_timeout(
                move || {
                    // The page may have been left meanwhile.
                    let _ = asked.try_update(|asked| *asked += 1);
                },
                EVERY,
            );
        }
        if before.is_some_and(|before| running < before) {
            session.refresh();
        }
        running
    });
    view! {
        <Transition>
            {move || Suspend::new(async move {
                let (org, jobs) = work.await;
                (!jobs.is_empty()).then(|| view! { <Panel org jobs cancel/> })
            })}
        </Transition>
    }
}

#[component]
fn Panel(org: String, jobs: Vec<JobView>, cancel: ServerAction<CancelWork>) -> impl IntoView {
    let jobs = jobs.into_iter().map(|job| view! { <Job org=org.clone() job cancel/> }).collect_view();
    view! {
        <aside class="work" aria-labelledby="running-work">
            <h2 id="running-work">"Background tasks"</h2>
            <ul>{jobs}</ul>
        </aside>
    }
}

#[component]
fn Job(org: String, job: JobView, cancel: ServerAction<CancelWork>) -> impl IntoView {
    let verb = match (job.kind, job.state) {
        (JobKind::Copy, JobState::Running) => "Copying",
        (JobKind::Copy, _) => "Copy of",
        (JobKind::Delete, JobState::Running) => "Deleting",
        (JobKind::Delete, _) => "Deletion of",
        (JobKind::Transfer, JobState::Running) => "Moving",
        (JobKind::Transfer, _) => "Move of",
    };
    let label = format!("{verb} “{}”", job.name);
    let message = job.message.clone();
    let about = match job.state {
        JobState::Running => view! { <HowFar label=label.clone() job cancel/> }.into_any(),
        JobState::Done => {
            let made = job.resource.map(|id| view! { " " <a href=paths::drive(&org, &id.to_string())>"Show"</a> });
            let receipt =
                job.transfer.map(|id| view! { " " <a href=paths::receipt(&org, &id.to_string())>"Receipt"</a> });
            let undo = job.undo.map(|id| view! { <Undo token=id.to_string()/> });
            view! {
                <small><Icon name="check"/>{message.unwrap_or_else(|| "Done".to_owned())} {made} {receipt}</small>
                {undo}
            }
            .into_any()
        }
        JobState::Cancelled => view! { <small>{message.unwrap_or_default()}</small> }.into_any(),
        JobState::Failed => {
            view! { <small class="bad"><Icon name="warning"/>{message.unwrap_or_default()}</small> }.into_any()
        }
    };
    view! { <li><b>{label}</b>{about}</li> }
}

/// How far it is, where somebody counts, and **Cancel**.
#[component]
fn HowFar(label: String, job: JobView, cancel: ServerAction<CancelWork>) -> impl IntoView {
    let address = current_address();
    // One step tells nothing until it is under way (XFER-16), and nothing at all on another node.
    let counted = job.kind != JobKind::Transfer || job.done > 0;
    let (total, done) = (job.total.to_string(), job.done.to_string());
    let bar = if counted {
        view! { <progress max=total value=done aria-label=label></progress> }.into_any()
    } else {
        view! { <progress aria-label=label></progress> }.into_any()
    };
    let far = if counted {
        format!("{} / {}", words::total(job.done), words::total(job.total))
    } else {
        format!("Working on {}", words::totalled(job.total, "item", "items"))
    };
    view! {
        {bar}
        <div class="bar">
            <small class="num">{far}</small>
            {job.cancellable.then(|| view! {
                <Form action=cancel flash=None class="cancel">
                    <Hidden name="job" value=job.id.to_string()/>
                    <input type="hidden" name="back" value=move || address.get()/>
                    <Submit label="Cancel" tone=Tone::Quiet/>
                </Form>
            })}
        </div>
    }
}
