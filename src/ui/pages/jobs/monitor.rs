//! Monitor (JOB-3): the jobs of an organization, newest first, with filters in the address. What changes appears by itself.

use leptos::prelude::*;

use super::list::JobsTable;
use crate::{
    domain::{job::JobState, time::Timestamp},
    paths::{self, Address},
    rpc::{ask, job::monitor_page},
    ui::{
        components::{button::ButtonLink, empty::Empty, field::Hidden, pages::Pages},
        layout::{PageHeader, Section},
        live,
        location::use_route_query,
        page::page,
        session::Session,
    },
    view::{job::MonitorView, query::MonitorQuery},
};

/// The page with the same filters, at its first page.
fn filtered(route: &MonitorQuery) -> Address {
    with_filters(paths::monitor(&route.org), route)
}

/// Another address with the same filters.
fn with_filters(path: String, route: &MonitorQuery) -> Address {
    Address::new(path)
        .with("state", &route.state)
        .with("app", &route.app)
        .with("person", &route.person)
        .with("dataset", &route.dataset)
        .with("from", &route.from)
        .with("to", &route.to)
}

fn is_filtered(route: &MonitorQuery) -> bool {
    let MonitorQuery { state, app, person, dataset, from, to, .. } = route;
    [state, app, person, dataset, from, to].iter().any(|text| !text.is_empty())
}

/// The page: `/o/{org}/monitor`.
#[component]
pub fn MonitorPage() -> impl IntoView {
    let route = use_route_query(|segments, query| match segments {
        ["o", org, "monitor"] => {
            let text = |name: &str| query.get(name).unwrap_or_default();
            Some(MonitorQuery {
                org: (*org).to_owned(),
                state: text("state"),
                app: text("app"),
                person: text("person"),
                dataset: text("dataset"),
                from: text("from"),
                to: text("to"),
                cursor: text("cursor"),
            })
        }
        _ => None,
    });
    let org = Memo::new(move |_| route.get().org);
    let session = Session::get();
    let monitor = ask(move || (route.get(), session.version()), |(route, _)| monitor_page(route));
    let stream = RwSignal::new(None::<String>);
    live::follow(stream.into());
    page(Section::Monitor, org, move || {
        let route = route.get();
        async move {
            let now = session.context().await.now;
            let monitor = monitor.await?;
            // The organization tells its people of its jobs; nobody else can watch it.
            let shows = monitor.organization.role.map(|_| monitor.organization.id.to_string());
            if stream.with_untracked(|before| *before != shows) {
                stream.set(shows);
            }
            Ok(view! { <MonitorContent route monitor now/> }.into_any())
        }
    })
}

#[component]
fn MonitorContent(route: MonitorQuery, monitor: MonitorView, now: Timestamp) -> impl IntoView {
    // Org IDs are case-insensitive (ORG-5); links use the organization's own spelling.
    let route = MonitorQuery { org: monitor.organization.org_id.clone(), ..route };
    let org = route.org.clone();
    let lead = if monitor.sees_all {
        "What apps do with the datasets of this organization."
    } else {
        "What apps do with datasets for you: the jobs that you started."
    };
    let MonitorView { jobs, apps, people, sees_all, dataset_name, .. } = monitor;
    let start = (!route.cursor.is_empty()).then(|| filtered(&route).text());
    let next = jobs.next_cursor.map(|cursor| filtered(&route).with("cursor", cursor).text());
    let export = (!jobs.items.is_empty()).then(|| with_filters(paths::jobs_export(&org), &route).text());
    let list = match (jobs.items.is_empty(), is_filtered(&route) || start.is_some()) {
        (true, true) => view! {
            <Empty icon="search" sentence="Nothing matches these filters.">
                <ButtonLink href=paths::monitor(&org)>"Clear filters"</ButtonLink>
            </Empty>
        }
        .into_any(),
        (true, false) => view! {
            <Empty icon="monitor" sentence="No jobs yet. Open a dataset in the Drive and choose Process to start one.">
                <ButtonLink href=paths::drive(&org, "")>"Open the Drive"</ButtonLink>
            </Empty>
        }
        .into_any(),
        (false, _) => view! { <JobsTable jobs=jobs.items org=org.clone() now/> }.into_any(),
    };
    view! {
        <PageHeader title="Monitor" lead>
            {export.map(|href| view! { <a class="button" rel="external" download="" href=href>"Export CSV"</a> })}
        </PageHeader>
        <Filters route apps people sees_all dataset_name/>
        <section class="panel" aria-label="List of jobs">{list}</section>
        <Pages start next/>
    }
}

/// The filters: a GET form, so that they are in the address.
#[component]
fn Filters(
    route: MonitorQuery,
    apps: Vec<(String, String)>,
    people: Vec<(crate::domain::id::PersonId, String)>,
    sees_all: bool,
    dataset_name: Option<String>,
) -> impl IntoView {
    let states = JobState::ALL
        .map(|state| view! { <option value=state.as_str() selected={state.as_str() == route.state}>{state.label()}</option> })
        .collect_view();
    let apps = apps
        .into_iter()
        .map(|(slug, title)| {
            let selected = slug == route.app;
            view! { <option value=slug selected=selected>{title}</option> }
        })
        .collect_view();
    let mut people: Vec<(String, String)> = people.into_iter().map(|(id, name)| (id.to_string(), name)).collect();
    if !matches!(route.person.as_str(), "" | "me") && !people.iter().any(|(id, _)| *id == route.person) {
        // They left, or there are too many people to list.
        people.push((route.person.clone(), "One person".to_owned()));
    }
    let people = people
        .into_iter()
        .map(|(id, name)| {
            let selected = id == route.person;
            view! { <option value=id selected=selected>{name}</option> }
        })
        .collect_view();
    let person = sees_all.then(|| {
        view! {
            <div class="field">
                <label for="filter-person">"Started by"</label>
                <select class="input" id="filter-person" name="person">
                    <option value="">"Everyone"</option>
                    <option value="me" selected={route.person == "me"}>"Me"</option>
                    {people}
                </select>
            </div>
        }
    });
    let dataset = (!route.dataset.is_empty()).then(|| {
        let all = filtered(&MonitorQuery { dataset: String::new(), ..route.clone() }).text();
        let name = dataset_name.map_or_else(|| "One dataset".to_owned(), |name| format!("“{name}”"));
        view! {
            <div class="field">
                <span class="field-label">"Dataset"</span>
                <p class="filter-chip">
                    <span>{name}</span>
                    <a class="text-link" href=all>"All datasets"</a>
                </p>
            </div>
            <Hidden name="dataset" value=route.dataset.clone()/>
        }
    });
    let clear =
        is_filtered(&route).then(|| view! { <ButtonLink href=paths::monitor(&route.org)>"Clear filters"</ButtonLink> });
    view! {
        <form class="panel filters" method="get" action=paths::monitor(&route.org) role="search" aria-label="Filter">
            <div class="field">
                <label for="filter-state">"State"</label>
                <select class="input" id="filter-state" name="state"><option value="">"Every state"</option>{states}</select>
            </div>
            <div class="field">
                <label for="filter-app">"App"</label>
                <select class="input" id="filter-app" name="app"><option value="">"Every app"</option>{apps}</select>
            </div>
            {person}
            {dataset}
            <div class="field">
                <label for="filter-from">"From"</label>
                <input class="input" id="filter-from" type="date" name="from" value=route.from.clone()/>
            </div>
            <div class="field">
                <label for="filter-to">"To"</label>
                <input class="input" id="filter-to" type="date" name="to" value=route.to.clone()/>
            </div>
            <div class="bar">
                <button class="button primary" type="submit">"Filter"</button>
                {clear}
            </div>
        </form>
    }
}
