//! The options of a version: to read, and as rows to fill in.

use leptos::prelude::*;

use crate::{
    domain::app::{AppOption, MAX_OPTIONS, OptionKind, OptionRow},
    ui::components::{
        button::{ButtonLink, Tone},
        form::FormContext,
        icon::Icon,
    },
};

/// How many rows there are without script; more are asked for by the address.
pub const ROWS: usize = 16;

/// The options that somebody chooses from when they start a job.
#[component]
pub fn OptionList(options: Vec<AppOption>) -> impl IntoView {
    if options.is_empty() {
        return view! { <p class="small">"It has no options."</p> }.into_any();
    }
    let entries = options
        .into_iter()
        .map(|option| {
            let shown = OptionRow::from(&option);
            let default = if shown.value.is_empty() { "empty".to_owned() } else { shown.value };
            let help = option.help.lines().map(|line| view! { <p>{line.to_owned()}</p> }).collect_view();
            let values = (!shown.domain.is_empty()).then(|| view! { <p class="small">"Values: " {shown.domain}</p> });
            view! {
                <li>
                    <p><code>{option.name}</code>" "<small>{format!("{}, by default {default}", option.kind.label())}</small></p>
                    {help}
                    {values}
                </li>
            }
        })
        .collect_view();
    view! { <ul class="option-list" aria-label="Options">{entries}</ul> }.into_any()
}

/// The rows of a form. Without script all of them are there, and those that are left empty count for nothing; with it, one is added at
/// a time.
#[component]
pub fn OptionRows(
    /// What the rows hold at first.
    rows: Vec<OptionRow>,
    /// How many there are without script.
    room: usize,
    /// The same page with more of them, for who has no script.
    more: String,
) -> impl IntoView {
    let form = FormContext::get();
    let came_back = (0..MAX_OPTIONS).rev().find(|row| {
        ["name", "type", "value", "domain", "help"]
            .iter()
            .any(|part| form.typed(&format!("options[{row}][{part}]")).is_some_and(|text| !text.is_empty()))
    });
    let filled = came_back.map_or(0, |last| last + 1).max(rows.len());
    // With script: how many are shown, and how many there are.
    let shown = RwSignal::new(filled.max(1));
    let all = RwSignal::new(room.max(filled).min(MAX_OPTIONS));
    let rows = StoredValue::new(rows);
    let entries = move || {
        (0..all.get())
            .map(|index| {
                let row = rows.with_value(|rows| rows.get(index).cloned().unwrap_or_default());
                (index, row)
            })
            .collect::<Vec<_>>()
    };
    view! {
        <fieldset class="group option-rows" id=form.field_id("options") tabindex="-1">
            <legend>"Options"</legend>
            <p class="hint">"What somebody can choose when they run the app. Rows that stay empty are left out."</p>
            <For each=entries key=|(index, _)| *index let((index, row))>
                <OptionFields index row hidden=Signal::derive(move || index >= shown.get())/>
            </For>
            <div class="bar">
                <button type="button" class="button with-script" disabled={move || shown.get() >= MAX_OPTIONS} on:click=move |_| {
                    shown.update(|shown| *shown = (*shown + 1).min(MAX_OPTIONS));
                    all.update(|all| *all = (*all).max(shown.get_untracked()));
                }>
                    <Icon name="plus"/>"Add option"
                </button>
                <span class="without-script"><ButtonLink href=more tone=Tone::Quiet>"Start again with more rows"</ButtonLink></span>
            </div>
        </fieldset>
    }
}

/// One row.
#[component]
fn OptionFields(
    index: usize,
    row: OptionRow,
    /// Whether it waits to be added; without script it does not.
    hidden: Signal<bool>,
) -> impl IntoView {
    let OptionRow { name, kind, value, domain, help } = row;
    let kinds: Vec<(&'static str, &'static str)> =
        OptionKind::ALL.into_iter().map(|kind| (kind.as_str(), kind.label())).collect();
    view! {
        <fieldset class="option-row" class:without-script=move || hidden.get()>
            <legend>{format!("Option {}", index + 1)}</legend>
            <Part index part="name" label="Name" value=name hint="Like tile-size"/>
            <Part index part="type" label="Type" value=kind kinds hint=""/>
            <Part index part="value" label="Default" value=value hint="Yes or No for a yes or no"/>
            <Part index part="domain" label="Values" value=domain hint="Of a choice, with commas between them; of a number, like 64..1024"/>
            <Part index part="help" label="Help" value=help hint="What it does, for who chooses"/>
        </fieldset>
    }
}

/// One field of a row: a text, or a choice where there are `kinds`.
#[component]
fn Part(
    index: usize,
    part: &'static str,
    label: &'static str,
    value: String,
    hint: &'static str,
    #[prop(optional)] kinds: Vec<(&'static str, &'static str)>,
) -> impl IntoView {
    let form = FormContext::get();
    let (field, name) = (format!("options.{index}.{part}"), format!("options[{index}][{part}]"));
    form.named(field.clone(), format!("Option {}: {label}", index + 1));
    let id = form.field_id(&field);
    let value = form.typed(&name).unwrap_or(value);
    let problem = form.problem(field);
    let about = format!("{id}-about");
    let described = {
        let about = about.clone();
        move || problem.with(Option::is_some).then(|| about.clone())
    };
    let invalid = move || problem.with(Option::is_some).then_some("true");
    let input = if kinds.is_empty() {
        view! {
            <input class="input" id=id.clone() name=name type="text" value=value placeholder=hint autocomplete="off" spellcheck="false" aria-invalid=invalid aria-describedby=described/>
        }
        .into_any()
    } else {
        let entries = kinds
            .into_iter()
            .map(|(kind, words)| view! { <option value=kind selected={kind == value}>{words}</option> })
            .collect_view();
        view! {
            <select class="input" id=id.clone() name=name autocomplete="off" aria-invalid=invalid aria-describedby=described>
                <option value="">"Choose…"</option>
                {entries}
            </select>
        }
        .into_any()
    };
    view! {
        <div class=format!("field option-{part}")>
            <label for=id>{label}</label>
            {input}
            <div class="about" id=about>{move || problem.get().map(|text| view! { <p class="problem">{text}</p> })}</div>
        </div>
    }
}
