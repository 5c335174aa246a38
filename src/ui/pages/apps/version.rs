//! The form of a new version of an app: `/apps/{slug}/new-version`. It starts with what the last version has.

use leptos::prelude::*;

use super::options::{OptionRows, ROWS};
use crate::{
    domain::{
        app::{DEFAULT_TIMEOUT_MINUTES, MAX_OPTIONS, OptionRow, OutputRole},
        refusal::Refusal,
    },
    paths::{self, Address},
    rpc::{
        Failure, FormFlash,
        app::{PublishAppVersion, app_page},
        ask,
    },
    ui::{
        components::{
            button::ButtonLink,
            field::{Field, Hidden, Lines},
            form::{Form, FormButtons, FormContext, Submit},
        },
        form_action::FormAction,
        layout::{PageHeader, Section},
        location::use_route_query,
        page::page,
        session::Session,
    },
    view::app::AppPageView,
};

/// What the address says.
#[derive(Clone, Default, PartialEq)]
struct VersionRoute {
    org: String,
    slug: String,
    /// Whether all rows of options are wanted, not only the first ones.
    all_rows: bool,
}

/// The page.
#[component]
pub fn NewVersionPage() -> impl IntoView {
    let route = use_route_query(|segments, query| match segments {
        ["apps", slug, "new-version"] => Some(VersionRoute {
            org: query.get("org").unwrap_or_default(),
            slug: (*slug).to_owned(),
            all_rows: query.get("rows").is_some(),
        }),
        _ => None,
    });
    let org = Memo::new(move |_| route.get().org);
    let session = Session::get();
    let slug = Memo::new(move |_| route.get().slug);
    let app = ask(move || (slug.get(), session.version()), |(slug, _)| app_page(slug));
    page(Section::Apps, org, move || {
        let route = route.get();
        async move {
            let flash = session.context().await.form;
            let app = app.await?;
            if app.users.is_none() {
                // Only who publishes it has this page.
                return Err(Failure::Refused(Refusal::NotFound));
            }
            Ok(view! { <VersionContent route app flash/> }.into_any())
        }
    })
}

#[component]
fn VersionContent(route: VersionRoute, app: AppPageView, flash: Option<FormFlash>) -> impl IntoView {
    let action = FormAction::<PublishAppVersion>::new();
    let last = app.versions.into_iter().next();
    let rows: Vec<OptionRow> = last.iter().flat_map(|version| &version.options).map(OptionRow::from).collect();
    let outputs = last.as_ref().map(|version| version.outputs.clone()).unwrap_or_default();
    let minutes = last.as_ref().map_or(DEFAULT_TIMEOUT_MINUTES, |version| version.timeout_minutes);
    let lead = match &last {
        Some(version) => {
            format!("It starts with what {} has. A version never changes once it is added.", version.label)
        }
        None => "A version never changes once it is added. The next one can.".to_owned(),
    };
    let app = app.app;
    let close = paths::app(&route.org, &app.slug);
    let more = Address::new(paths::new_app_version("", &app.slug)).with("org", &route.org).with("rows", "all").text();
    let room = if route.all_rows { MAX_OPTIONS } else { ROWS.max(rows.len() + 2) };
    let notes = RwSignal::new(String::new());
    view! {
        <PageHeader title=format!("New version of “{}”", app.title) lead/>
        <section class="panel sheet version-form">
            <Form action flash class="form">
                <Hidden name="org" value=route.org/>
                <Hidden name="app" value=app.slug/>
                <div class="columns">
                    <Field name="label" label="Label" hint="What people call it, like 1.4."/>
                    <Field name="timeout_minutes" label="Time limit in minutes" value=minutes.to_string() hint="A job that takes longer has failed. At most a week: 10080."/>
                </div>
                <Lines name="notes" label="Notes" hint="What is new. Shown on the app’s page." placeholder="" text=notes optional=true/>
                <Outputs chosen=outputs/>
                <OptionRows rows room more/>
                <FormButtons>
                    <ButtonLink href=close>"Cancel"</ButtonLink>
                    <Submit label="Add version"/>
                </FormButtons>
            </Form>
        </section>
    }
}

/// The roles of the files that the version writes.
#[component]
fn Outputs(chosen: Vec<OutputRole>) -> impl IntoView {
    let form = FormContext::get();
    form.named("outputs", "Results");
    let problem = form.problem("outputs");
    let boxes = OutputRole::ALL
        .into_iter()
        .map(|role| {
            let word = role.as_str();
            let ticked =
                if form.came_back() { form.typed_among("outputs[]", word) } else { chosen.contains(&role) };
            view! {
                <label class="tick"><input type="checkbox" name="outputs[]" value=word checked=ticked/>{role.label()}</label>
            }
        })
        .collect_view();
    view! {
        <fieldset class="group output-roles" id=form.field_id("outputs") tabindex="-1">
            <legend>"Results"</legend>
            {move || problem.get().map(|text| view! { <p class="problem">{text}</p> })}
            <div class="output-choices">{boxes}</div>
        </fieldset>
    }
}
