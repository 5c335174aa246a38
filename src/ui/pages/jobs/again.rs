//! **Run again** and **Cancel job**: the dialogs of a job's page.

use leptos::prelude::*;

use super::plan::{AgreedPrice, PlanRefused, PlanSummary, StartButton};
use crate::{
    domain::{job::JobState, refusal::Refusal},
    rpc::{
        FormFlash,
        job::{CancelJob, RunAgain},
    },
    ui::{
        components::{
            button::Tone,
            dialog::{Dialog, DialogBody, DialogButtons},
            field::Hidden,
            form::{Form, Submit},
        },
        form_action::FormAction,
    },
    view::job::{JobPlanView, JobView},
};

/// **Run again**: what it costs now, and what is in the way.
#[component]
pub fn AgainDialog(
    job: JobView,
    plan: Result<JobPlanView, Refusal>,
    org: String,
    /// The page without the dialog.
    close: String,
    action: FormAction<RunAgain>,
    flash: Option<FormFlash>,
) -> impl IntoView {
    let heading = format!("Run “{}” again?", job.app_title);
    let content = match plan {
        Err(refusal) => view! {
            <DialogBody><PlanRefused refusal org/></DialogBody>
            <DialogButtons close=close.clone()>""</DialogButtons>
        }
        .into_any(),
        Ok(plan) => {
            let blocked = plan.blocked.first().cloned();
            let (price, back) = (plan.price, close.clone());
            let what = format!(
                "The same version with the same options, on what “{}” holds now. Earlier results stay until this is done.",
                job.dataset_name
            );
            view! {
                <Form action flash class="dialog-form">
                    <Hidden name="org" value=org.clone()/>
                    <Hidden name="job" value=job.id.to_string()/>
                    <AgreedPrice price/>
                    <DialogBody>
                        <p>{what}</p>
                        <PlanSummary plan org/>
                    </DialogBody>
                    <DialogButtons close=back><StartButton label="Run again" blocked/></DialogButtons>
                </Form>
            }
            .into_any()
        }
    };
    view! { <Dialog label="Run again" heading close starts_with_text=true>{content}</Dialog> }
}

/// **Cancel job**, where that gives away what was paid.
#[component]
pub fn CancelDialog(
    job: JobView,
    close: String,
    action: FormAction<CancelJob>,
    flash: Option<FormFlash>,
) -> impl IntoView {
    let heading = format!("Cancel “{}”?", job.app_title);
    view! {
        <Dialog label="Cancel job" heading close=close.clone() starts_with_text=true>
            <Form action flash class="dialog-form">
                <Hidden name="job" value=job.id.to_string()/>
                <Hidden name="back" value=close.clone()/>
                <DialogBody>
                    <p>"An engine is at it already, so what was paid for it is not given back."</p>
                    <p>{format!("“{}” keeps the results that it has.", job.dataset_name)}</p>
                </DialogBody>
                <DialogButtons close cancel="Keep it running"><Submit label="Cancel job" tone=Tone::Danger/></DialogButtons>
            </Form>
        </Dialog>
    }
}

/// What cancelling a job does that is done without a question.
pub fn cancelled_at_once(state: JobState) -> &'static str {
    match state {
        JobState::Queued => "It has not begun. What was paid for it is given back.",
        JobState::WaitingForCredits => "It has not begun, and nothing was paid for it.",
        _ => "Its engine is told to stop.",
    }
}
