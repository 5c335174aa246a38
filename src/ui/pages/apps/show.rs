//! An app's own page: `/apps/{slug}` (JOB-1). Who may not run it sees why, and what to do.

use leptos::prelude::*;

use super::{
    duration,
    edit::{EditDialog, PublishForm, WithdrawDialog},
    list::publisher_of,
    options::OptionList,
    price_sentence,
    refused::Refused,
    route::AppRoute,
    state_tone,
    users::Users,
};
use crate::{
    domain::{app::AppState, id::PersonId, time::Timestamp},
    paths,
    rpc::{FormFlash, app::app_page, ask},
    ui::{
        components::{
            button::{ButtonLink, Tone},
            empty::Empty,
            note::{Note, Severity},
            table::Fact,
        },
        layout::{PageHeader, Section},
        location::use_route_query,
        page::page,
        session::Session,
        words::{self, When},
    },
    view::app::{AppPageView, AppQueue, AppVersionView, AppView},
};

/// The page.
#[component]
pub fn AppPage() -> impl IntoView {
    let route = use_route_query(|segments, query| match segments {
        ["apps", slug] => Some(AppRoute {
            org: query.get("org").unwrap_or_default(),
            slug: (*slug).to_owned(),
            dialog: query.get("dialog").unwrap_or_default(),
        }),
        _ => None,
    });
    let org = Memo::new(move |_| route.get().org);
    let session = Session::get();
    // Without the dialog, so that opening one does not load the page again.
    let slug = Memo::new(move |_| route.get().slug);
    let app = ask(move || (slug.get(), session.version()), |(slug, _)| app_page(slug));
    page(Section::Apps, org, move || {
        let route = route.get();
        async move {
            let context = session.context().await;
            let app = app.await?;
            let me = context.person.as_ref().map(|person| person.id);
            // Who publishes it sees what is withdrawn as well.
            if let (Some(reason), None) = (&app.refused, &app.users) {
                let (reason, organizations) = (reason.clone(), context.organizations);
                return Ok(view! { <Refused app reason organizations me/> }.into_any());
            }
            Ok(view! { <AppContent route app me now=context.now flash=context.form/> }.into_any())
        }
    })
}

#[component]
fn AppContent(
    route: AppRoute,
    app: AppPageView,
    me: Option<PersonId>,
    now: Timestamp,
    flash: Option<FormFlash>,
) -> impl IntoView {
    let AppPageView { app, versions, users, publisher_org_id, queue, .. } = app;
    let route = AppRoute { slug: app.slug.clone(), ..route };
    let publishes = users.is_some();
    let dialog = match route.dialog.as_str() {
        "edit" if publishes => {
            view! { <EditDialog route=route.clone() app=app.clone() flash=flash.clone()/> }.into_any()
        }
        "withdraw" if publishes && app.state == AppState::Published => {
            view! { <WithdrawDialog route=route.clone() app=app.clone() flash=flash.clone()/> }.into_any()
        }
        _ => ().into_any(),
    };
    let actions = publishes.then(|| {
        let edit = paths::app_dialog(&route.org, &app.slug, "edit");
        let withdraw = (app.state == AppState::Published).then(|| {
            let href = paths::app_dialog(&route.org, &app.slug, "withdraw");
            view! { <ButtonLink href in_place=true>"Withdraw"</ButtonLink> }
        });
        let publish = (app.state != AppState::Published)
            .then(|| view! { <PublishForm route=route.clone() app=app.clone() flash=flash.clone()/> });
        view! {
            <ButtonLink href=edit icon="rename" in_place=true>"Edit"</ButtonLink>
            {withdraw}
            {publish}
        }
    });
    let note = match app.state {
        AppState::Draft => Some("This app is a draft: only those who publish it can run it."),
        AppState::Withdrawn => Some("This app has been withdrawn, so no one can run it. Jobs that began go on."),
        AppState::Published => None,
    };
    let note = note.map(|text| view! { <Note severity=Severity::Info><p>{text}</p></Note> });
    let users = users.map(|users| {
        let publisher = publisher_of(app.publisher.as_ref().map(|(_, name)| name.clone()));
        view! { <Users route=route.clone() everybody=app.everybody publisher users me flash/> }
    });
    let lead = Some(app.summary.clone()).filter(|summary| !summary.is_empty());
    let lead = lead.unwrap_or_else(|| "An app that processes datasets.".to_owned());
    view! {
        <PageHeader title=app.title.clone() lead>{actions}</PageHeader>
        {note}
        <div class="app-page">
            <About app=app.clone() publisher_org_id queue/>
            <Versions route versions publishes now/>
            {users}
        </div>
        {dialog}
    }
}

#[component]
fn About(
    app: AppView,
    /// The publisher's Org ID, for who publishes it.
    publisher_org_id: Option<String>,
    queue: Option<AppQueue>,
) -> impl IntoView {
    let queue = queue.map(|AppQueue { waiting, running }| {
        let counted = |number: i64| {
            let more = if number >= AppQueue::MOST { " or more" } else { "" };
            format!("{}{more}", words::count(number))
        };
        let said = format!("{} waiting, {} running", counted(waiting), counted(running));
        view! { <Fact label="Jobs now"><span class="num">{said}</span></Fact> }
    });
    let publisher = publisher_of(app.publisher.map(|(_, name)| name));
    let publisher = match publisher_org_id {
        Some(org) => view! { <a class="text-link" href=paths::organization_apps(&org)>{publisher}</a> }.into_any(),
        None => view! { {publisher} }.into_any(),
    };
    let runs = (app.state == AppState::Published).then(|| {
        view! { <p>"You can run it: open a dataset in the Drive and choose Process."</p> }
    });
    let processed = if app.makes_processed {
        "When it succeeds, the dataset is Processed."
    } else {
        "It adds results and leaves the status of the dataset as it is."
    };
    view! {
        <section class="panel tile" aria-labelledby="about-app">
            <h2 id="about-app">"About"</h2>
            <dl class="facts">
                <Fact label="State"><span class=state_tone(app.state)>{app.state.label()}</span></Fact>
                <Fact label="Published by">{publisher}</Fact>
                <Fact label="App ID"><code>{app.slug}</code></Fact>
                <Fact label="Price">{price_sentence(app.price)}</Fact>
                <Fact label="Status">{processed}</Fact>
                {queue}
            </dl>
            {runs}
        </section>
    }
}

#[component]
fn Versions(route: AppRoute, versions: Vec<AppVersionView>, publishes: bool, now: Timestamp) -> impl IntoView {
    let none = versions.is_empty();
    let shown = versions
        .into_iter()
        .enumerate()
        .map(|(index, version)| view! { <Version version newest={index == 0} now/> })
        .collect_view();
    let add = publishes.then(|| {
        let href = paths::new_app_version(&route.org, &route.slug);
        let tone = if none { Tone::Primary } else { Tone::Plain };
        view! { <ButtonLink href tone icon="plus">"New version"</ButtonLink> }
    });
    view! {
        <section class="panel tile app-versions" aria-labelledby="app-versions">
            <div class="bar"><h2 id="app-versions">"Versions"</h2><div class="end">{add}</div></div>
            {if none {
                view! { <Empty icon="app" sentence="No version yet. An app can be published once it has one."/> }.into_any()
            } else {
                view! { <ol class="version-list" aria-label="Versions">{shown}</ol> }.into_any()
            }}
        </section>
    }
}

/// A version: the newest is open.
#[component]
fn Version(version: AppVersionView, newest: bool, now: Timestamp) -> impl IntoView {
    let outputs = version.outputs.iter().map(|role| role.label()).collect::<Vec<_>>().join(", ");
    let outputs = if outputs.is_empty() { "It does not say".to_owned() } else { outputs };
    let notes = version.notes.lines().map(|line| view! { <p>{line.to_owned()}</p> }).collect_view();
    view! {
        <li>
            <details class="app-version" open=newest>
                <summary>
                    <b>{version.label}</b>
                    <small class="num">{format!("Version {} · by {}, ", version.number, version.created_by_name)}<When at=version.created_at now/></small>
                </summary>
                <div class="version-body">
                    <div class="version-notes">{notes}</div>
                    <dl class="facts">
                        <Fact label="Writes">{outputs}</Fact>
                        <Fact label="Time limit">{duration(version.timeout_minutes)}</Fact>
                    </dl>
                    <OptionList options=version.options/>
                </div>
            </details>
        </li>
    }
}
