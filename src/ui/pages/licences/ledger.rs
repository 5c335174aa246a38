//! The ledger of a licence (LIC-3), newest first, each entry with the balance after it, and with filters in the
//! address.

use leptos::prelude::*;

use super::card::LicenceFacts;
use crate::{
    domain::{
        licence::{Amount, EntryKind, Model},
        time::Timestamp,
    },
    paths::{self, Address},
    rpc::{ask, licence::licence_ledger},
    ui::{
        components::{button::ButtonLink, empty::Empty, pages::Pages, table::Fact},
        layout::{PageHeader, Section},
        location::use_route_query,
        page::page,
        sales::ContactSales,
        session::Session,
        words::{self, Moment, When},
    },
    view::{EntryView, licence::LedgerView, query::LedgerQuery},
};

/// What the address says: which entries of which licence, and from where on.
#[derive(Clone, Default, PartialEq)]
struct LedgerRoute {
    org: String,
    id: String,
    kind: String,
    from: String,
    to: String,
    older: String,
    newer: String,
}

impl LedgerRoute {
    /// Another address with the same filters.
    fn filtered(&self, path: String) -> Address {
        Address::new(path).with("kind", &self.kind).with("from", &self.from).with("to", &self.to)
    }

    fn page(&self) -> Address {
        self.filtered(paths::licence(&self.org, &self.id))
    }

    fn export(&self, format: &'static str) -> String {
        let path = format!("/api/v1/licences/{}/ledger/export", paths::encode(&self.id));
        self.filtered(path).with("format", format).text()
    }

    fn is_filtered(&self) -> bool {
        [&self.kind, &self.from, &self.to].iter().any(|text| !text.is_empty())
    }
}

/// The page: `/o/{org}/licences/{id}`.
#[component]
pub fn LedgerPage() -> impl IntoView {
    let route = use_route_query(|segments, query| match segments {
        ["o", org, "licences", id] => {
            let text = |name: &str| query.get(name).unwrap_or_default();
            Some(LedgerRoute {
                org: (*org).to_owned(),
                id: (*id).to_owned(),
                kind: text("kind"),
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
    let ledger = ask(
        move || (route.get(), session.version()),
        |(route, _)| async move {
            let LedgerRoute { org, id, kind, from, to, older, newer } = route;
            licence_ledger(LedgerQuery { org, id, kind, from, to, older, newer }).await
        },
    );
    page(Section::Licences, org, move || {
        let route = route.get();
        async move {
            let now = session.context().await.now;
            let ledger = ledger.await?;
            Ok(view! { <LedgerContent route ledger now/> }.into_any())
        }
    })
}

#[component]
fn LedgerContent(route: LedgerRoute, ledger: LedgerView, now: Timestamp) -> impl IntoView {
    let route = LedgerRoute { org: ledger.organization.org_id.clone(), ..route };
    let org = route.org.clone();
    let licence = ledger.licence.clone();
    let title = licence.product.label();
    let lead = "All changes to the balance, newest first. Read-only.";
    let empty = ledger.entries.is_empty();
    let rows = ledger
        .entries
        .into_iter()
        .map(|entry| view! { <Row entry model=licence.model org=org.clone() now/> })
        .collect_view();
    let (clear, all, sales) = (paths::licence(&org, &route.id), paths::licences(&org), org.clone());
    let list = match (empty, route.is_filtered()) {
        (true, true) => view! {
            <Empty icon="search" sentence="Nothing matches these filters.">
                <ButtonLink href=clear>"Clear filters"</ButtonLink>
            </Empty>
        }
        .into_any(),
        (true, false) => view! { <Empty icon="licence" sentence="No entries yet."/> }.into_any(),
        (false, _) => view! {
            <table class="list ledger" role="table" aria-label="Ledger">
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">"When"</th>
                        <th role="columnheader" scope="col">"What"</th>
                        <th role="columnheader" scope="col" class="end">"Change"</th>
                        <th role="columnheader" scope="col" class="end">"Remaining"</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{rows}</tbody>
            </table>
        }
        .into_any(),
    };
    let newer = ledger.newer.map(|at| route.page().with("newer", at).text());
    let older = ledger.older.map(|at| route.page().with("older", at).text());
    let (csv, json) = (route.export("csv"), route.export("json"));
    let account = ledger.account_name;
    view! {
        <PageHeader title lead>
            <ButtonLink href=all>"All licences"</ButtonLink>
            <a class="button" rel="external" download="" href=csv>"Export CSV"</a>
            <a class="button" rel="external" download="" href=json>"Export JSON"</a>
        </PageHeader>
        <section class="panel tile licence-card" aria-labelledby="usage">
            <h2 id="usage" class="visually-hidden">"Usage"</h2>
            <LicenceFacts licence=licence.clone() now/>
            <dl class="facts">
                {account.map(|name| view! { <Fact label="Account">{name}</Fact> })}
                <Fact label="First day">{licence.active_from.day().words()}</Fact>
                <Fact label="Last day">{licence.active_until.map_or_else(|| "No end".to_owned(), |until| crate::domain::licence::last_day(until).words())}</Fact>
                <Fact label="Licence"><code>{licence.id.to_string()}</code></Fact>
            </dl>
            {ledger.may_buy.then(|| view! { <div class="bar tile-foot"><ContactSales org=sales/></div> })}
        </section>
        <Filters route/>
        <section class="panel" aria-label="Entries">{list}</section>
        <Pages start=newer next=older words=["Newer", "Older"]/>
    }
}

/// The filters: a GET form, so that they are in the address.
#[component]
fn Filters(route: LedgerRoute) -> impl IntoView {
    let kinds = EntryKind::ALL
        .map(
            |kind| view! { <option value=kind.as_str() selected={kind.as_str() == route.kind}>{kind.label()}</option> },
        )
        .collect_view();
    let path = paths::licence(&route.org, &route.id);
    let clear = route.is_filtered().then(|| path.clone());
    view! {
        <form class="panel filters" method="get" action=path role="search" aria-label="Filter">
            <div class="field">
                <label for="filter-kind">"Entry"</label>
                <select class="input" id="filter-kind" name="kind"><option value="">"Everything"</option>{kinds}</select>
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
                {clear.map(|href| view! { <ButtonLink href>"Clear filters"</ButtonLink> })}
            </div>
        </form>
    }
}

#[component]
fn Row(entry: EntryView, model: Option<Model>, org: String, now: Timestamp) -> impl IntoView {
    let about = match (&entry.resource, &entry.resource_name) {
        (Some(id), Some(name)) => {
            Some(view! { <a class="text-link" href=paths::drive(&org, &id.to_string())>{name.clone()}</a> }.into_any())
        }
        (Some(_), None) => Some(view! { <small>"A dataset that is no longer here"</small> }.into_any()),
        (None, _) => None,
    };
    let receipt = entry.transfer.map(|transfer| {
        view! { <a class="text-link" href=paths::receipt(&org, &transfer.to_string())>"Receipt"</a> }
    });
    let job = entry.job.zip(entry.app_title).map(|(id, app)| {
        view! { <a class="text-link" href=paths::job(&org, &id.to_string())>"Job: "{app}</a> }
    });
    let gained = entry.change.covers(Amount::default());
    view! {
        <tr role="row">
            <td role="cell" class="num m when"><span title=entry.at.words()><When at=entry.at now/></span> <small class="at"><Moment at=entry.at/></small></td>
            <td role="cell" class="what"><b>{entry.kind.label()}</b> {about} {job} {receipt}</td>
            <td role="cell" class="num end change" class:gained=gained>{amounts(entry.change, model, true)}</td>
            <td role="cell" class="num end left"><span class="label">"Remaining "</span>{amounts(entry.left, model, false)}</td>
        </tr>
    }
}

/// "+20,000 images, +50 projects": an amount in the licence's units, with a sign if it is a change.
fn amounts(amount: Amount, model: Option<Model>, signed: bool) -> String {
    let one = |n: i64, one: &str, many: &str| {
        let sign = if signed && n > 0 { "+" } else { "" };
        format!("{sign}{}", words::counted(n, one, if n.abs() == 1 { one } else { many }))
    };
    match model {
        Some(Model::ImagesProjects) => {
            format!("{}, {}", one(amount.images, "image", "images"), one(amount.projects, "project", "projects"))
        }
        Some(Model::Credits) => one(amount.credits, "credit", "credits"),
        None => "–".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lic_3_changes_have_signs_and_what_is_left_has_none() {
        let amount = Amount { images: -40, projects: -1, credits: 0 };
        assert_eq!(amounts(amount, Some(Model::ImagesProjects), true), "−40 images, −1 project");
        let amount = Amount { images: 20_000, projects: 1, credits: 0 };
        assert_eq!(amounts(amount, Some(Model::ImagesProjects), true), "+20,000 images, +1 project");
        assert_eq!(amounts(amount, Some(Model::ImagesProjects), false), "20,000 images, 1 project");
        let amount = Amount { credits: 1, ..Amount::default() };
        assert_eq!(amounts(amount, Some(Model::Credits), true), "+1 credit");
    }
}
