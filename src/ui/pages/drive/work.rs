//! Running work: what goes on behind the scenes, at the bottom right of every page of the Drive (ux.md, "Long moves"). It
//! can be left and found again.

use std::time::Duration;

use leptos::prelude::*;

use crate::{
    domain::{
        job::{JobKind, JobState},
        view::work::JobView,
    },
    rpc::{ask, work::running_work},
    ui::{components::icon::Icon, paths, session::Session, words},
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
                (!jobs.is_empty()).then(|| view! { <Panel org jobs/> })
            })}
        </Transition>
    }
}

#[component]
fn Panel(org: String, jobs: Vec<JobView>) -> impl IntoView {
    let jobs = jobs.into_iter().map(|job| view! { <Job org=org.clone() job/> }).collect_view();
    view! {
        <aside class="work" aria-labelledby="running-work">
            <h2 id="running-work">"Running work"</h2>
            <ul>{jobs}</ul>
        </aside>
    }
}

#[component]
fn Job(org: String, job: JobView) -> impl IntoView {
    let verb = match (job.kind, job.state) {
        (JobKind::Copy, JobState::Running) => "Copying",
        (JobKind::Copy, _) => "Copy of",
        (JobKind::Delete, JobState::Running) => "Deleting",
        (JobKind::Delete, _) => "Deletion of",
    };
    let label = format!("{verb} “{}”", job.name);
    let far = format!("{} / {}", words::total(job.done), words::total(job.total));
    let about = match job.state {
        JobState::Running => view! {
            <progress max=job.total.to_string() value=job.done.to_string() aria-label=label.clone()></progress>
            <small class="num">{far}</small>
        }
        .into_any(),
        JobState::Done => {
            let made = job.resource.map(|id| view! { " " <a href=paths::drive(&org, &id.to_string())>"Show"</a> });
            view! { <small><Icon name="check"/>{job.message.unwrap_or_else(|| "Done".to_owned())} {made}</small> }
                .into_any()
        }
        JobState::Failed => {
            view! { <small class="bad"><Icon name="warning"/>{job.message.unwrap_or_default()}</small> }.into_any()
        }
    };
    view! { <li><b>{label}</b>{about}</li> }
}
