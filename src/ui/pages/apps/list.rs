//! The apps that the reader may run: `/apps`.

use leptos::prelude::*;

use crate::{
    paths::{self, Address},
    rpc::{app::usable_apps, ask},
    ui::{
        components::{empty::Empty, pages::Pages},
        layout::{PageHeader, Section},
        location::use_route_query,
        page::page,
        session::Session,
    },
    view::{Page, app::AppView},
};

/// The page. `org` in its address is the organization in whose frame it is.
#[component]
pub fn AppsPage() -> impl IntoView {
    let route = use_route_query(|segments, query| match segments {
        ["apps"] => Some((query.get("org").unwrap_or_default(), query.get("cursor").unwrap_or_default())),
        _ => None,
    });
    let org = Memo::new(move |_| route.get().0);
    let cursor = Memo::new(move |_| route.get().1);
    let session = Session::get();
    let apps = ask(move || (cursor.get(), session.version()), |(cursor, _)| usable_apps(cursor));
    page(Section::Apps, org, move || {
        let (org, cursor) = route.get();
        async move {
            let apps = apps.await?;
            Ok(view! { <AppsContent org cursor apps/> }.into_any())
        }
    })
}

#[component]
fn AppsContent(org: String, cursor: String, apps: Page<AppView>) -> impl IntoView {
    let to = |cursor: &str| Address::new("/apps").with("org", &org).with("cursor", cursor).text();
    let start = (!cursor.is_empty()).then(|| to(""));
    let next = apps.next_cursor.as_deref().map(to);
    let pages = view! { <Pages start next/> };
    let none = apps.items.is_empty();
    let rows = apps.items.into_iter().map(|app| view! { <Row org=org.clone() app/> }).collect_view();
    let list = if none {
        view! {
            <section class="panel">
                <Empty icon="app" sentence="No apps yet that you can run. An organization that publishes one can authorize yours, or you alone."/>
            </section>
        }
        .into_any()
    } else {
        view! {
            <section class="panel apps">
                <table class="list apps-table" aria-label="Apps that you can run">
                    <thead>
                        <tr>
                            <th scope="col">"App"</th>
                            <th scope="col">"Published by"</th>
                            <th scope="col">"Version"</th>
                            <th scope="col">"Price"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </section>
        }
        .into_any()
    };
    view! {
        <PageHeader title="Apps that you can run" lead="An app processes a dataset: open a dataset in the Drive and choose Process."/>
        {list}
        {pages}
    }
}

#[component]
fn Row(org: String, app: AppView) -> impl IntoView {
    let href = paths::app(&org, &app.slug);
    view! {
        <tr>
            <td class="app-what"><span class="two-lines"><a href=href>{app.title}</a><small>{app.summary}</small></span></td>
            <td class="app-fact">{publisher_of(app.publisher.map(|(_, name)| name))}</td>
            <td class="app-fact num">"Version " {app.last_version}</td>
            <td class="app-fact">{app.price.label()}</td>
        </tr>
    }
}

/// Who publishes an app, in words.
pub fn publisher_of(name: Option<String>) -> String {
    name.unwrap_or_else(|| "Built in".to_owned())
}
