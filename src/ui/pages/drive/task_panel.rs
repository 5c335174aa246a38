//! The panel of background tasks, at the bottom right of every page of the Drive (ux.md, "Long moves").

use std::time::Duration;

use leptos::prelude::*;

use crate::{
    domain::task::{TaskKind, TaskState},
    paths,
    rpc::{
        ask,
        task::{CancelTask, running_tasks},
    },
    ui::{
        components::{
            button::Tone,
            field::Hidden,
            form::{Form, Submit},
            icon::Icon,
        },
        form_action::FormAction,
        location::current_address,
        session::Session,
        suspend::rebuilt,
        undo::Undo,
        words,
    },
    view::task::TaskView,
};

/// How often the progress is loaded.
const REFRESH_INTERVAL: Duration = Duration::from_secs(2);

/// The panel; empty while no task runs.
#[component]
pub fn TaskPanel(org: Signal<String>) -> impl IntoView {
    let session = Session::get();
    let asked = RwSignal::new(0_u32);
    let tasks = ask(
        move || (org.get(), session.version(), asked.get()),
        |(org, ..)| async move {
            let tasks = if org.is_empty() { Vec::new() } else { running_tasks(org.clone()).await.unwrap_or_default() };
            (org, tasks)
        },
    );
    // Made outside the panel, which is built again with every refresh.
    let cancel = FormAction::<CancelTask>::new();
    // While a task runs, its progress is polled; once it has ended, the page loads its data again.
    // One timer at a time: live updates load the tasks as well.
    let timer = StoredValue::new(None::<TimeoutHandle>);
    Effect::new(move |before: Option<usize>| {
        if let Some(timer) = timer.try_update_value(Option::take).flatten() {
            timer.clear();
        }
        let running =
            tasks.get().map_or(0, |(_, tasks)| tasks.iter().filter(|task| task.state == TaskState::Running).count());
        if running > 0 {
            let next = set_timeout_with_handle(
                move || {
                    // Fails if the page was left meanwhile.
                    let _ = asked.try_update(|asked| *asked += 1);
                },
                REFRESH_INTERVAL,
            );
            timer.set_value(next.ok());
        }
        if before.is_some_and(|before| running < before) {
            session.refresh();
        }
        running
    });
    view! {
        <Transition>
            {rebuilt(move || async move {
                let (org, tasks) = tasks.await;
                (!tasks.is_empty()).then(|| view! { <Panel org tasks cancel/> })
            })}
        </Transition>
    }
}

#[component]
fn Panel(org: String, tasks: Vec<TaskView>, cancel: FormAction<CancelTask>) -> impl IntoView {
    let tasks = tasks.into_iter().map(|task| view! { <Task org=org.clone() task cancel/> }).collect_view();
    view! {
        <aside class="work" aria-labelledby="running-work">
            <h2 id="running-work">"Background tasks"</h2>
            <ul>{tasks}</ul>
        </aside>
    }
}

#[component]
fn Task(org: String, task: TaskView, cancel: FormAction<CancelTask>) -> impl IntoView {
    let verb = match (task.kind, task.state) {
        (TaskKind::Copy, TaskState::Running) => "Copying",
        (TaskKind::Copy, _) => "Copy of",
        (TaskKind::Delete, TaskState::Running) => "Deleting",
        (TaskKind::Delete, _) => "Deletion of",
        (TaskKind::Transfer, TaskState::Running) => "Moving",
        (TaskKind::Transfer, _) => "Move of",
    };
    let label = format!("{verb} “{}”", task.name);
    let message = task.message.clone();
    let about = match task.state {
        TaskState::Running => view! { <TaskProgress label=label.clone() task cancel/> }.into_any(),
        TaskState::Done => {
            let made = task.resource.map(|id| view! { " " <a href=paths::drive(&org, &id.to_string())>"Show"</a> });
            let receipt =
                task.transfer.map(|id| view! { " " <a href=paths::receipt(&org, &id.to_string())>"Receipt"</a> });
            let undo = task.undo.map(|id| view! { <Undo token=id.to_string()/> });
            view! {
                <small><Icon name="check"/>{message.unwrap_or_else(|| "Done".to_owned())} {made} {receipt}</small>
                {undo}
            }
            .into_any()
        }
        TaskState::Cancelled => view! { <small>{message.unwrap_or_default()}</small> }.into_any(),
        TaskState::Failed => {
            view! { <small class="bad"><Icon name="warning"/>{message.unwrap_or_default()}</small> }.into_any()
        }
    };
    view! { <li><b>{label}</b>{about}</li> }
}

/// The progress of a task, if it is counted, and **Cancel**.
#[component]
fn TaskProgress(label: String, task: TaskView, cancel: FormAction<CancelTask>) -> impl IntoView {
    // The panel stays while people go from folder to folder, so the address is followed, not read once.
    let address = current_address();
    // A transfer is a single step, which has no progress until it runs (XFER-16), and none at all on another node.
    let counted = task.kind != TaskKind::Transfer || task.done > 0;
    let (total, done) = (task.total.to_string(), task.done.to_string());
    let bar = if counted {
        view! { <progress max=total value=done aria-label=label></progress> }.into_any()
    } else {
        view! { <progress aria-label=label></progress> }.into_any()
    };
    let far = if counted {
        format!("{} / {}", words::total(task.done), words::total(task.total))
    } else {
        format!("Working on {}", words::totalled(task.total, "item", "items"))
    };
    view! {
        {bar}
        <div class="bar">
            <small class="num">{far}</small>
            {task.cancellable.then(|| view! {
                <Form action=cancel flash=None class="cancel">
                    <Hidden name="task" value=task.id.to_string()/>
                    <input type="hidden" name="back" value=move || address.get()/>
                    <Submit label="Cancel" tone=Tone::Quiet/>
                </Form>
            })}
        </div>
    }
}
