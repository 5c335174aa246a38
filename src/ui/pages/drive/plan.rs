//! The effects of a transfer in words and figures, for the confirmation and for the receipt (XFER-13 to XFER-15,
//! XFER-18).

use leptos::prelude::*;

use crate::{
    domain::{
        licence::Model,
        transfer::{AccessChange, Effects, Grantee, ModelPair, Plan, SideEffect, Truncated},
    },
    ui::{
        components::{
            icon::Icon,
            meter::Meter,
            note::{Note, Severity},
        },
        words,
    },
};

/// "“Dams”", "3 items".
pub fn what(plan: &Plan) -> String {
    match plan.items.as_slice() {
        [one] => format!("“{}”", one.name),
        several => words::totalled(several.len() as u64, "item", "items"),
    }
}

/// "20 datasets, 2,130 images".
pub fn contents(plan: &Plan) -> String {
    let datasets = words::totalled(plan.datasets, "dataset", "datasets");
    format!("{datasets}, {}", words::counted(plan.images, "image", "images"))
}

/// "into “Handover”".
pub fn into(plan: &Plan, target: &str) -> String {
    if plan.is_into_drive(target) {
        "into its Drive".to_owned()
    } else {
        format!("into “{}”", plan.destination.name)
    }
}

/// Both organizations, with the effect on their ledgers. Empty for a move within one.
#[component]
pub fn Sides(
    plan: Plan,
    /// Whether it has been carried out.
    #[prop(optional)]
    done: bool,
) -> impl IntoView {
    let Effects { model_pair, source, target, .. } = plan.effects;
    let pays = model_pair == Some(ModelPair { source: Model::ImagesProjects, target: Model::ImagesProjects });
    source.zip(target).map(|(source, target)| {
        let images = |side: &SideEffect| {
            let (before, after) = side.used();
            words::counted((after.images - before.images).abs(), "image", "images")
        };
        let gets = pays.then(|| format!("{} {}", if done { "got back" } else { "gets back" }, images(&source)));
        let costs = match (pays, done) {
            (true, false) => format!("will pay {}", images(&target)),
            (true, true) => format!("paid {}", images(&target)),
            (false, false) => "pays nothing".to_owned(),
            (false, true) => "paid nothing".to_owned(),
        };
        view! {
            <div class="route">
                <Side side=source remark=gets/>
                <Icon name="arrow-right"/>
                <Side side=target remark=Some(costs)/>
            </div>
        }
    })
}

#[component]
fn Side(side: SideEffect, remark: Option<String>) -> impl IntoView {
    let (before, after) = side.used();
    let books = match side.model {
        Some(Model::ImagesProjects) => view! {
            <Change label="Images used" before=before.images after=after.images/>
            <Meter label=format!("Images used of {}", side.name) used=after.images total=side.total.images/>
            <Change label="Projects used" before=before.projects after=after.projects/>
        }
        .into_any(),
        Some(Model::Credits) => {
            view! { <Change label="Credits left" before=side.left_before.credits after=side.left_after.credits/> }
                .into_any()
        }
        None => ().into_any(),
    };
    let model = side.model.map_or("No cloud licence", Model::label);
    view! {
        <div>
            <b>{side.name}</b>
            <small>{model} {remark.map(|remark| format!(" · {remark}"))}</small>
            {books}
        </div>
    }
}

/// A figure before and after, or once if it stays the same.
#[component]
fn Change(label: &'static str, before: i64, after: i64) -> impl IntoView {
    let figures = if before == after {
        view! { <span>{words::count(after)}</span> }.into_any()
    } else {
        view! { <span>{words::count(before)} <span aria-hidden="true">" → "</span><span class="visually-hidden">" becomes "</span> <b>{words::count(after)}</b></span> }.into_any()
    };
    view! { <div class="kv num"><span>{label}</span>{figures}</div> }
}

/// All other effects.
#[component]
pub fn Consequences(
    plan: Plan,
    /// Whether the transfer is done: then the effects are in the past tense.
    #[prop(optional)]
    done: bool,
) -> impl IntoView {
    let Effects {
        links_stopped,
        people_losing_access,
        renamed,
        carried,
        carried_grants_ended,
        clusters,
        gaining,
        keeping,
        losing,
        ..
    } = plan.effects;
    let mut lines = Vec::new();
    let mut grave = false;
    if links_stopped.total > 0 {
        grave = true;
        let names: Vec<&str> = links_stopped.first.iter().map(|link| link.name.as_str()).collect();
        let verb = match (done, links_stopped.total) {
            (true, _) => "stopped working",
            (false, 1) => "stops working",
            (false, _) => "stop working",
        };
        lines.push(line(
            format!("{} {verb}", words::totalled(links_stopped.total, "shared link", "shared links")),
            &names_of(&names, links_stopped.total),
        ));
    }
    if people_losing_access.total > 0 {
        grave = true;
        let names: Vec<&str> = people_losing_access.first.iter().map(|person| person.name.as_str()).collect();
        let verb = match (done, people_losing_access.total) {
            (true, _) => "lost access",
            (false, 1) => "loses access",
            (false, _) => "lose access",
        };
        lines.push(line(
            format!("{} {verb}", words::totalled(people_losing_access.total, "person", "people")),
            &names_of(&names, people_losing_access.total),
        ));
    }
    for change in renamed.iter().take(5) {
        let verb = if done { "was renamed to" } else { "is renamed to" };
        lines.push(line(format!("“{}” {verb} “{}”", change.from, change.to), "that name is already taken there"));
    }
    if renamed.len() > 5 {
        lines.push(line(
            format!("{} more {} renamed", words::total((renamed.len() - 5) as u64), if done { "were" } else { "are" }),
            "",
        ));
    }
    for (list, one, many, past, serious) in [
        (&gaining, "gains access", "gain access", "gained access", true),
        (&keeping, "keeps access", "keep access", "kept access", false),
        (&losing, "loses access", "lose access", "lost access", true),
    ] {
        if list.total > 0 {
            grave |= serious;
            let verb = match (done, list.total) {
                (true, _) => past,
                (false, 1) => one,
                (false, _) => many,
            };
            lines.push(reached_line(list, verb));
        }
    }
    if !carried.is_empty() && keeping.total == 0 {
        lines.push(line("Everyone who has access keeps it".to_owned(), "inherited access is carried over"));
    }
    if !carried_grants_ended.is_empty() {
        grave = true;
        lines.push(line(
            "Access carried over from earlier moves ends".to_owned(),
            "in a site, only people with access to the site have access",
        ));
    }
    if !clusters.is_empty() {
        let names = clusters.iter().map(|cluster| words::cluster(cluster)).collect::<Vec<_>>().join(", ");
        let words = if done { "Data stayed in " } else { "Data stays in " };
        lines.push(view! { <li>{words}<b>{names}</b></li> }.into_any());
    }
    let severity = if grave { Severity::Warning } else { Severity::Info };
    (!lines.is_empty()).then(|| view! { <Note severity><ul>{lines}</ul></Note> })
}

/// "2 keep access · Chris Weber (Reader), everyone in Partner (Editor)".
fn reached_line(list: &Truncated<AccessChange>, verb: &str) -> AnyView {
    let name = |one: &AccessChange| {
        let whom = match one.grantee {
            Grantee::Person(_) => one.name.clone(),
            Grantee::Organization(_) => format!("everyone in {}", one.name),
        };
        format!("{whom} ({})", one.level.label())
    };
    let names: Vec<String> = list.first.iter().take(20).map(name).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    line(format!("{} {verb}", words::total(list.total)), &words::some_of(&names, list.total))
}

/// Some of the names; empty if they are not disclosed but only counted (XFER-18).
fn names_of(names: &[&str], total: u64) -> String {
    if names.is_empty() { String::new() } else { words::some_of(names, total) }
}

/// A fact, with names after it.
fn line(fact: String, names: &str) -> AnyView {
    let names = (!names.is_empty()).then(|| format!(" · {names}"));
    view! { <li><b>{fact}</b>{names}</li> }.into_any()
}
