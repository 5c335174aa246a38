//! The first steps of an organization (ORG-9): a list that ticks itself off, on the welcome page and on Home.

use leptos::prelude::*;

use crate::{
    domain::first_steps::Step,
    paths,
    rpc::first_steps::HideFirstSteps,
    ui::{
        components::{
            button::{ButtonLink, Tone},
            field::Hidden,
            form::{Form, Submit},
            icon::Icon,
        },
        form_action::FormAction,
    },
    view::first_steps::{FirstStepsView, ProcessingLicence},
};

#[component]
pub fn FirstStepsList(
    first_steps: FirstStepsView,
    /// The page that it is on.
    back: String,
) -> impl IntoView {
    let hide = FormAction::<HideFirstSteps>::new();
    let count = format!("{} of {} done", first_steps.steps.done(), Step::ALL.len());
    let entries =
        Step::ALL.map(|step| view! { <Entry step first_steps=first_steps.clone()/> }).into_iter().collect_view();
    view! {
        <section class="panel first-steps" aria-labelledby="first-steps">
            <div class="first-steps-head">
                <h2 id="first-steps">"First steps"</h2>
                <small>{count}</small>
                <Form action=hide flash=None class="inline-form" changes_session=true>
                    <Hidden name="back" value=back/>
                    <Submit label="Hide" tone=Tone::Quiet/>
                </Form>
            </div>
            <ul aria-labelledby="first-steps">{entries}</ul>
        </section>
    }
    .into_any()
}

#[component]
fn Entry(step: Step, first_steps: FirstStepsView) -> impl IntoView {
    let done = first_steps.steps.is_done(step);
    let (title, about) = words(step, &first_steps);
    let org = first_steps.organization.map(|organization| organization.org_id);
    let way = match (step, org) {
        (Step::Upload, Some(org)) if !done => {
            view! { <ButtonLink href=paths::drive(&org, "") icon="upload">"Upload"</ButtonLink> }.into_any()
        }
        (Step::Invite, Some(org)) if !done => {
            view! { <ButtonLink href=paths::invite(&org, "")>"Invite people"</ButtonLink> }.into_any()
        }
        // Also once it is done: there one sees what is left of a trial.
        (Step::Process, Some(org)) => {
            view! { <ButtonLink href=paths::licences(&org)>"See licences"</ButtonLink> }.into_any()
        }
        _ => ().into_any(),
    };
    view! {
        <li class=if done { "first-step done" } else { "first-step" }>
            <span class="first-step-mark">{done.then(|| view! { <Icon name="check"/> })}</span>
            <div>
                <b>{title}</b>
                <span class="visually-hidden">{if done { ": done" } else { ": to do" }}</span>
                <small>{about}</small>
            </div>
            {way}
        </li>
    }
}

/// What a step is called, and a line about it.
fn words(step: Step, first_steps: &FirstStepsView) -> (&'static str, String) {
    let done = first_steps.steps.is_done(step);
    let said = |done_already: &str, to_do: &str| if done { done_already.to_owned() } else { to_do.to_owned() };
    match step {
        Step::VerifyEmail => {
            let email = &first_steps.email;
            ("Verify your email", if done { email.clone() } else { format!("Open the link that we sent to {email}") })
        }
        Step::CreateOrganization => (
            "Create an organization",
            first_steps
                .organization
                .as_ref()
                .map_or_else(|| "It owns licences and data; you will be its Owner".to_owned(), |one| one.name.clone()),
        ),
        Step::Upload => (
            "Upload a first flight",
            said("Its files are in the Drive", "Drop a folder of photos; thumbnails and positions appear at once"),
        ),
        Step::Invite => (
            "Invite a colleague",
            said("Somebody else is here, or was invited", "By a link in an email, with a role that you choose"),
        ),
        Step::Process => (
            "Turn on processing",
            first_steps.processing.as_ref().map_or_else(|| "It takes a cloud licence".to_owned(), licence_words),
        ),
    }
}

/// "Your trial of Cloud Pro runs until 28 Dec 2026".
fn licence_words(licence: &ProcessingLicence) -> String {
    let product = licence.product.label();
    let what = if licence.trial { format!("Your trial of {product}") } else { product.to_owned() };
    match licence.last_day {
        Some(day) => format!("{what} runs until {}", day.words()),
        None => format!("{what} is active"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{first_steps::FirstSteps, licence::Product, time::Day},
        view::first_steps::StartedOrganization,
    };

    #[test]
    fn org_9_each_step_says_what_to_do_and_then_what_is_there() {
        let lines = |view: &FirstStepsView| {
            Step::ALL
                .map(|step| {
                    let (title, about) = words(step, view);
                    format!("{} {title}: {about}", if view.steps.is_done(step) { "x" } else { "-" })
                })
                .join("\n")
        };
        let newcomer = FirstStepsView {
            steps: FirstSteps::default(),
            email: "nina@example.com".to_owned(),
            organization: None,
            processing: None,
        };
        insta::assert_snapshot!(lines(&newcomer), @r"
        - Verify your email: Open the link that we sent to nina@example.com
        - Create an organization: It owns licences and data; you will be its Owner
        - Upload a first flight: Drop a folder of photos; thumbnails and positions appear at once
        - Invite a colleague: By a link in an email, with a role that you choose
        - Turn on processing: It takes a cloud licence
        ");
        let done = FirstStepsView {
            steps: FirstSteps {
                email_verified: true,
                organization: true,
                files: true,
                colleague: true,
                processing: true,
            },
            organization: Some(StartedOrganization {
                org_id: "northwind-surveys".to_owned(),
                name: "Northwind Surveys".to_owned(),
            }),
            processing: Some(ProcessingLicence {
                product: Product::CloudPro,
                trial: true,
                last_day: Some(Day::from_civil(2026, 12, 28)),
            }),
            ..newcomer
        };
        insta::assert_snapshot!(lines(&done), @r"
        x Verify your email: nina@example.com
        x Create an organization: Northwind Surveys
        x Upload a first flight: Its files are in the Drive
        x Invite a colleague: Somebody else is here, or was invited
        x Turn on processing: Your trial of Cloud Pro runs until 28 Dec 2026
        ");
        let bought = |last_day| ProcessingLicence { product: Product::Cloud, trial: false, last_day };
        assert_eq!(licence_words(&bought(None)), "Cloud is active");
        assert_eq!(licence_words(&bought(Some(Day::from_civil(2027, 1, 1)))), "Cloud runs until 1 Jan 2027");
    }
}
