//! Activity (AUDIT-1): the audit log, newest first, filtered by a form whose answers are in the address.

use leptos::prelude::*;

use crate::{
    domain::{
        audit::{ACTIONS, is_of_an_organization, title},
        id::PersonId,
        time::Timestamp,
        view::activity::{Change, LineView, LogView},
    },
    rpc::{activity::organization_activity, ask},
    ui::{
        components::{
            avatar::Face,
            button::ButtonLink,
            empty::{Empty, Skeleton},
            icon::Icon,
            table::Fact,
        },
        layout::{Frame, PageHeader, Section},
        paths::{self, Address},
        routes::here,
        session::{Beginning, Session},
        trouble::Trouble,
        words::{self, Moment, When},
    },
};

/// What the address says: which lines, and from where on.
#[derive(Clone, Default, PartialEq)]
struct Asked {
    org: String,
    actor: String,
    action: String,
    from: String,
    to: String,
    older: String,
    newer: String,
}

impl Asked {
    /// The same lines at another address.
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
    let asked = here(|segments, query| match segments {
        ["o", org, "activity"] => {
            let text = |name: &str| query.get(name).unwrap_or_default();
            Some(Asked {
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
    let org = Memo::new(move |_| asked.get().org);
    let session = Session::get();
    let log = ask(
        move || (asked.get(), session.version()),
        |(asked, _)| async move {
            let log = organization_activity(
                asked.org.clone(),
                asked.actor.clone(),
                asked.action.clone(),
                asked.from.clone(),
                asked.to.clone(),
                asked.older.clone(),
                asked.newer.clone(),
            );
            log.await
        },
    );
    view! {
        <Frame section=Section::Activity org>
            <Transition fallback=Skeleton>
                {move || {
                    let asked = asked.get();
                    Suspend::new(async move {
                        let now = Beginning::from(session.start().await).now;
                        match log.await {
                            Ok(log) => view! { <ActivityContent asked log now/> }.into_any(),
                            Err(failure) => view! { <Trouble failure/> }.into_any(),
                        }
                    })
                }}
            </Transition>
        </Frame>
    }
    .into_any()
}

/// The page, loaded.
#[component]
fn ActivityContent(asked: Asked, log: LogView, now: Timestamp) -> impl IntoView {
    let asked = Asked { org: log.organization.org_id.clone(), ..asked };
    let empty = log.lines.is_empty();
    let lines = log.lines.iter().cloned().map(|line| view! { <Line line asked=asked.clone() now/> }).collect_view();
    let clear = paths::activity(&asked.org);
    let list = match (empty, asked.is_filtered()) {
        (true, true) => view! {
            <Empty icon="search" sentence="Nothing matches these filters.">
                <ButtonLink href=clear>"Clear filters"</ButtonLink>
            </Empty>
        }
        .into_any(),
        (true, false) => view! { <Empty icon="activity" sentence="No activity yet."/> }.into_any(),
        (false, _) => view! { <ol class="log" aria-label="Activity">{lines}</ol> }.into_any(),
    };
    let newer = log.newer.map(|at| asked.page().with("newer", at).text());
    let (csv, json) = (asked.export("csv"), asked.export("json"));
    let older = log.older.map(|at| asked.page().with("older", at).text());
    view! {
        <PageHeader title="Activity" lead="Every change to people, roles, access, licences, transfers and settings. Read-only.">
            <a class="button" rel="external" download="" href=csv>"Export CSV"</a>
            <a class="button" rel="external" download="" href=json>"Export JSON"</a>
        </PageHeader>
        <Filters asked people=log.people lines=log.lines/>
        <section class="panel" aria-label="Lines">{list}</section>
        <nav class="bar" aria-label="Pages">
            {newer.map(|href| view! { <ButtonLink href>"Newer"</ButtonLink> })}
            {older.map(|href| view! { <ButtonLink href>"Older"</ButtonLink> })}
        </nav>
    }
}

/// Which lines are wanted. A plain form that asks: its answers are in the address.
#[component]
fn Filters(asked: Asked, people: Vec<(PersonId, String)>, lines: Vec<LineView>) -> impl IntoView {
    let mut people: Vec<(String, String)> = people.into_iter().map(|(id, name)| (id.to_string(), name)).collect();
    if !asked.actor.is_empty() && !people.iter().any(|(id, _)| *id == asked.actor) {
        // Somebody who is not in the list: who left, or one of very many.
        let name = lines.first().map_or_else(|| "One person".to_owned(), |line| line.actor_name.clone());
        people.push((asked.actor.clone(), name));
    }
    let people = people
        .into_iter()
        .map(|(id, name)| view! { <option value=id.clone() selected={id == asked.actor}>{name}</option> })
        .collect_view();
    let actions = ACTIONS
        .iter()
        .filter(|(word, _)| is_of_an_organization(word))
        .map(|(word, title)| view! { <option value=*word selected={*word == asked.action}>{*title}</option> })
        .collect_view();
    view! {
        <form class="panel filters" method="get" action=paths::activity(&asked.org) role="search" aria-label="Filter">
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
                <input class="input" id="filter-from" type="date" name="from" value=asked.from.clone()/>
            </div>
            <div class="field">
                <label for="filter-to">"To"</label>
                <input class="input" id="filter-to" type="date" name="to" value=asked.to.clone()/>
            </div>
            <div class="bar">
                <button class="button primary" type="submit">"Filter"</button>
                {asked.is_filtered().then(|| view! { <ButtonLink href=paths::activity(&asked.org)>"Clear filters"</ButtonLink> })}
            </div>
        </form>
    }
}

/// One line; more of it where it is opened.
#[component]
fn Line(line: LineView, asked: Asked, now: Timestamp) -> impl IntoView {
    let name = line.actor_name.clone();
    let hue = line.actor.map_or_else(|| words::hue(name.as_bytes()), |actor| words::hue(actor.0.as_bytes()));
    let address = line.address.clone().unwrap_or_else(|| "–".to_owned());
    let only = line.actor.map(|actor| {
        let asked = Asked { actor: actor.to_string(), ..asked.clone() };
        view! { <a class="text-link" href=asked.page().text()>"Only this person"</a> }
    });
    let receipt = line.transfer.map(|transfer| {
        view! { <a class="text-link" href=paths::receipt(&asked.org, &transfer.to_string())>"Receipt"</a> }
    });
    let changes = (!line.changes.is_empty()).then(|| view! { <Changes changes=line.changes/> });
    view! {
        <li>
            <details>
                <summary>
                    <Face name=name.clone() hue/>
                    <span class="log-what"><b>{name}</b> " " {line.summary}</span>
                    <small class="log-from num">{address.clone()}</small>
                    <small class="num"><When at=line.at now/></small>
                    <Icon name="chevron-right"/>
                </summary>
                <div class="log-more">
                    <dl class="facts">
                        <Fact label="Action">{title(&line.action).to_owned()}</Fact>
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

/// Before and after.
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
