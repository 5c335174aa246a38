//! The apps that an organization publishes: `/o/{org}/apps`.

use leptos::prelude::*;

use super::{price_sentence, state_tone};
use crate::{
    domain::app::PriceRule,
    paths::{self, Address},
    rpc::{
        FormFlash,
        app::{CreateApp, organization_apps},
        ask,
    },
    ui::{
        components::{
            button::{ButtonLink, Tone},
            dialog::{Dialog, DialogBody, DialogButtons},
            empty::Empty,
            field::{Check, Field, Hidden, Radios},
            form::{Form, Submit},
            pages::Pages,
        },
        form_action::FormAction,
        layout::{PageHeader, Section},
        location::use_route_query,
        page::page,
        session::Session,
        words,
    },
    view::app::{AppView, OrganizationAppsView, PublishedAppView},
};

/// What the address says.
#[derive(Clone, Default, PartialEq)]
struct AppsRoute {
    org: String,
    cursor: String,
    dialog: String,
}

impl AppsRoute {
    fn list(&self, cursor: &str) -> Address {
        Address::new(paths::organization_apps(&self.org)).with("cursor", cursor)
    }
}

/// The page.
#[component]
pub fn OrganizationAppsPage() -> impl IntoView {
    let route = use_route_query(|segments, query| match segments {
        ["o", org, "apps"] => Some(AppsRoute {
            org: (*org).to_owned(),
            cursor: query.get("cursor").unwrap_or_default(),
            dialog: query.get("dialog").unwrap_or_default(),
        }),
        _ => None,
    });
    let org = Memo::new(move |_| route.get().org);
    let session = Session::get();
    // Without the dialog, so that opening it does not load the page again.
    let wanted = Memo::new(move |_| route.with(|route| (route.org.clone(), route.cursor.clone())));
    let apps = ask(move || (wanted.get(), session.version()), |((org, cursor), _)| organization_apps(org, cursor));
    page(Section::Apps, org, move || {
        let route = route.get();
        async move {
            let flash = session.context().await.form;
            let apps = apps.await?;
            Ok(view! { <AppsContent route apps flash/> }.into_any())
        }
    })
}

#[component]
fn AppsContent(route: AppsRoute, apps: OrganizationAppsView, flash: Option<FormFlash>) -> impl IntoView {
    let route = AppsRoute { org: apps.organization.org_id.clone(), ..route };
    let close = route.list(&route.cursor).text();
    let publishes = apps.publishes;
    let name = words::organization_name(&apps.organization);
    let dialog = (publishes && route.dialog == "new-app")
        .then(|| view! { <NewAppDialog org=route.org.clone() close=close.clone() flash/> });
    let new_app = publishes.then(|| {
        let href = route.list(&route.cursor).with("dialog", "new-app").text();
        view! { <ButtonLink href tone=Tone::Primary icon="plus" in_place=true>"New app"</ButtonLink> }
    });
    let start = (!route.cursor.is_empty()).then(|| route.list("").text());
    let next = apps.apps.next_cursor.as_deref().map(|cursor| route.list(cursor).text());
    let pages = view! { <Pages start next/> };
    let none = apps.apps.items.is_empty();
    let rows = apps
        .apps
        .items
        .into_iter()
        .map(|one| view! { <Row org=route.org.clone() publisher=name.clone() one/> })
        .collect_view();
    let list = if none {
        let sentence = if publishes {
            "No apps yet. Publish one, and say which people and organizations can run it on their datasets."
        } else {
            "No apps yet. Its Owners and Managers can publish some."
        };
        view! { <section class="panel"><Empty icon="app" sentence/></section> }.into_any()
    } else {
        view! {
            <section class="panel apps">
                <table class="list apps-table" aria-label="Apps">
                    <thead>
                        <tr>
                            <th scope="col">"App"</th>
                            <th scope="col">"State"</th>
                            <th scope="col">"Version"</th>
                            <th scope="col">"Price"</th>
                            {publishes.then(|| view! { <th scope="col">"Who can run it"</th> })}
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </section>
        }
        .into_any()
    };
    view! {
        <PageHeader title="Apps" lead=format!("What {name} publishes to process datasets.")>
            <ButtonLink href=paths::apps(&route.org)>"Apps that you can run"</ButtonLink>
            {new_app}
        </PageHeader>
        {list}
        {pages}
        {dialog}
    }
}

/// Who may run an app, in words.
fn who(app: &AppView, publisher: &str, users: u64) -> String {
    match users {
        _ if app.everybody => "Everyone".to_owned(),
        0 => format!("Only {publisher}"),
        users => format!("{publisher} and {}", words::totalled(users, "other", "others")),
    }
}

#[component]
fn Row(org: String, publisher: String, one: PublishedAppView) -> impl IntoView {
    let PublishedAppView { app, users } = one;
    let href = paths::app(&org, &app.slug);
    let who = users.map(|users| view! { <td class="app-fact app-who">{who(&app, &publisher, users)}</td> });
    let version = match app.last_version {
        0 => "No version yet".to_owned(),
        version => format!("Version {version}"),
    };
    view! {
        <tr>
            <td class="app-what"><span class="two-lines"><a href=href>{app.title}</a><small>{app.summary}</small></span></td>
            <td class="app-fact"><span class=state_tone(app.state)>{app.state.label()}</span></td>
            <td class="app-fact num">{version}</td>
            <td class="app-fact">{app.price.label()}</td>
            {who}
        </tr>
    }
}

/// **New app**.
#[component]
fn NewAppDialog(org: String, close: String, flash: Option<FormFlash>) -> impl IntoView {
    let action = FormAction::<CreateApp>::new();
    let prices = PriceRule::ALL.map(|price| (price.as_str(), price.label())).to_vec();
    view! {
        <Dialog label="New app" heading="New app" close=close.clone()>
            <Form action flash class="dialog-form">
                <Hidden name="org" value=org/>
                <DialogBody>
                    <Field name="title" label="Title" hint="What people see, like “Orthophoto”." focused=true/>
                    <Field name="slug" label="App ID" hint="2 to 40 letters, digits and hyphens, like ortho-fast. Engines and the address of the app use it. It cannot be changed, and is never given to another app."/>
                    <Field name="summary" label="Summary" hint="What it does, in a sentence." optional=true/>
                    <Radios name="price" label="Price" options=prices first=PriceRule::Free.as_str()/>
                    <p class="hint">"Processing: " {price_sentence(PriceRule::Processing)}</p>
                    <Check name="makes_processed" label="Its success makes a dataset Processed" hint="For apps that make the results that the dataset is for, like a map. Not for checks and reports."/>
                </DialogBody>
                <DialogButtons close>
                    <Submit label="Create app"/>
                </DialogButtons>
            </Form>
        </Dialog>
    }
}
