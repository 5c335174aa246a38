//! Activity (AUDIT-1): the audit log, newest first, with filters in the address.

use leptos::prelude::*;

use crate::{
    domain::{
        audit::{self, Action},
        id::PersonId,
        time::Timestamp,
    },
    paths::{self, Address},
    rpc::{activity::organization_activity, ask},
    ui::{
        components::{avatar::PersonAvatar, button::ButtonLink, empty::Empty, icon::Icon, pages::Pages, table::Fact},
        layout::{PageHeader, Section},
        location::use_route_query,
        page::page,
        session::Session,
        words::{self, Moment, When},
    },
    view::{
        activity::{AuditLineView, AuditLogView, Change},
        query::ActivityQuery,
    },
};

/// What the address says: which lines, and from where on.
#[derive(Clone, Default, PartialEq)]
struct ActivityRoute {
    org: String,
    actor: String,
    action: String,
    from: String,
    to: String,
    older: String,
    newer: String,
}

impl ActivityRoute {
    /// Another address with the same filters.
    fn filtered(&self, path: String) -> Address {
        Address::new(path)
            .with("actor", &self.actor)
            .with("action", &self.action)
            .with("from", &self.from)
            .with("to", &self.to)
    }

    fn page(&self) -> Address {
        self.filtered(paths::activity(&self.org))
    }

    fn export(&self, format: &'static str) -> String {
        let path = format!("/api/v1/orgs/{}/audit/export", paths::encode(&self.org));
        self.filtered(path).with("format", format).text()
    }

    fn is_filtered(&self) -> bool {
        [&self.actor, &self.action, &self.from, &self.to].iter().any(|text| !text.is_empty())
    }
}

/// The page: `/o/{org}/activity`.
#[component]
pub fn ActivityPage() -> impl IntoView {
    let route = use_route_query(|segments, query| match segments {
        ["o", org, "activity"] => {
            let text = |name: &str| query.get(name).unwrap_or_default();
            Some(ActivityRoute {
                org: (*org).to_owned(),
                actor: text("actor"),
                action: text("action"),
                from: text("from"),
                to: text("to"),
                older: text("older"),
                newer: text("newer"),
            })
        }
        _ => None,
    });
    let org = Memo::new(move |_| route.get().org);
    let session = Session::get();
    let log = ask(
        move || (route.get(), session.version()),
        |(route, _)| async move {
            let ActivityRoute { org, actor, action, from, to, older, newer } = route;
            organization_activity(ActivityQuery { org, actor, action, from, to, older, newer }).await
        },
    );
    page(Section::Activity, org, move || {
        let route = route.get();
        async move {
            let now = session.context().await.now;
            let log = log.await?;
            Ok(view! { <ActivityContent route log now/> }.into_any())
        }
    })
}

#[component]
fn ActivityContent(route: ActivityRoute, log: AuditLogView, now: Timestamp) -> impl IntoView {
    // Org IDs are case-insensitive (ORG-5); links use the organization's own spelling.
    let route = ActivityRoute { org: log.organization.org_id.clone(), ..route };
    let empty = log.lines.is_empty();
    let lines = log.lines.iter().cloned().map(|line| view! { <Line line route=route.clone() now/> }).collect_view();
    let clear = paths::activity(&route.org);
    let list = match (empty, route.is_filtered()) {
        (true, true) => view! {
            <Empty icon="search" sentence="Nothing matches these filters.">
                <ButtonLink href=clear>"Clear filters"</ButtonLink>
            </Empty>
        }
        .into_any(),
        (true, false) => view! { <Empty icon="activity" sentence="No activity yet."/> }.into_any(),
        (false, _) => view! { <ol class="log" aria-label="Activity">{lines}</ol> }.into_any(),
    };
    let newer = log.newer.map(|at| route.page().with("newer", at).text());
    let (csv, json) = (route.export("csv"), route.export("json"));
    let older = log.older.map(|at| route.page().with("older", at).text());
    view! {
        <PageHeader title="Activity" lead="Every change to people, roles, access, licences, transfers and settings. Read-only.">
            <a class="button" rel="external" download="" href=csv>"Export CSV"</a>
            <a class="button" rel="external" download="" href=json>"Export JSON"</a>
        </PageHeader>
        <Filters route people=log.people lines=log.lines/>
        <section class="panel" aria-label="Lines">{list}</section>
        <Pages start=newer next=older words=["Newer", "Older"]/>
    }
}

/// The filters: a GET form, so that they are in the address.
#[component]
fn Filters(route: ActivityRoute, people: Vec<(PersonId, String)>, lines: Vec<AuditLineView>) -> impl IntoView {
    let mut people: Vec<(String, String)> = people.into_iter().map(|(id, name)| (id.to_string(), name)).collect();
    if !route.actor.is_empty() && !people.iter().any(|(id, _)| *id == route.actor) {
        // The chosen person is not among the options: they left, or there are too many people to list.
        let name = lines.first().map_or_else(|| "One person".to_owned(), |line| line.actor_name.clone());
        people.push((route.actor.clone(), name));
    }
    let people = people
        .into_iter()
        .map(|(id, name)| view! { <option value=id.clone() selected={id == route.actor}>{name}</option> })
        .collect_view();
    let actions = Action::ALL
        .into_iter()
        .filter(|action| action.is_of_an_organization())
        .map(|action| (action.as_str(), action.label()))
        .map(|(word, label)| view! { <option value=word selected={word == route.action}>{label}</option> })
        .collect_view();
    view! {
        <form class="panel filters" method="get" action=paths::activity(&route.org) role="search" aria-label="Filter">
            <div class="field">
                <label for="filter-actor">"Person"</label>
                <select class="input" id="filter-actor" name="actor"><option value="">"Everyone"</option>{people}</select>
            </div>
            <div class="field">
                <label for="filter-action">"Action"</label>
                <select class="input" id="filter-action" name="action"><option value="">"Everything"</option>{actions}</select>
            </div>
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
                {route.is_filtered().then(|| view! { <ButtonLink href=paths::activity(&route.org)>"Clear filters"</ButtonLink> })}
            </div>
        </form>
    }
}

/// One line, with details that can be opened.
#[component]
fn Line(line: AuditLineView, route: ActivityRoute, now: Timestamp) -> impl IntoView {
    let name = line.actor_name.clone();
    let hue = line.actor.map_or_else(|| words::hue(name.as_bytes()), |actor| words::hue(actor.0.as_bytes()));
    let address = line.address.clone().unwrap_or_else(|| "–".to_owned());
    let only = line.actor.map(|actor| {
        let route = ActivityRoute { actor: actor.to_string(), ..route.clone() };
        view! { <a class="text-link" href=route.page().text()>"Only this person"</a> }
    });
    let receipt = line.transfer.map(|transfer| {
        view! { <a class="text-link" href=paths::receipt(&route.org, &transfer.to_string())>"Receipt"</a> }
    });
    let changes = (!line.changes.is_empty()).then(|| view! { <Changes changes=line.changes/> });
    view! {
        <li>
            <details>
                <summary>
                    <PersonAvatar name=name.clone() hue/>
                    <span class="log-what"><b>{name}</b> " " {line.summary}</span>
                    <small class="log-from num">{address.clone()}</small>
                    <small class="num"><When at=line.at now/></small>
                    <Icon name="chevron-right"/>
                </summary>
                <div class="log-more">
                    <dl class="facts">
                        <Fact label="Action">{audit::label(&line.action).to_owned()}</Fact>
                        <Fact label="When"><Moment at=line.at/></Fact>
                        <Fact label="From">{address}</Fact>
                    </dl>
                    {changes}
                    <div class="bar">{receipt}{only}</div>
                </div>
            </details>
        </li>
    }
}

#[component]
fn Changes(changes: Vec<Change>) -> impl IntoView {
    let text = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
    let rows = changes
        .into_iter()
        .map(|change| {
            view! {
                <tr>
                    <th scope="row">{change.what}</th>
                    <td>{text(change.before)}</td>
                    <td>{text(change.after)}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <table class="list changes">
            <thead><tr><th scope="col">"What"</th><th scope="col">"Before"</th><th scope="col">"After"</th></tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
}
