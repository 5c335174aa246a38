//! **Process** (JOB-2): choosing an app and its options for a dataset, with price and balance, and starting it.

use leptos::{html, prelude::*};

use super::plan::{AgreedPrice, PlanRefused, PlanSummary, StartButton};
use crate::{
    domain::{
        app::{AppOption, OptionKind, PriceRule},
        refusal::Refusal,
        text::FieldError,
    },
    paths,
    rpc::{
        Failure, FormFlash, ask,
        job::{StartJob, process_page},
    },
    ui::{
        components::{
            dialog::{Dialog, DialogBody, DialogButtons},
            empty::Empty,
            field::Hidden,
            form::{Form, FormContext},
        },
        form_action::FormAction,
        page::dialog_content,
        session::Session,
        words,
    },
    view::{
        job::{JobPlanView, ProcessView, RunnableApp},
        query::ProcessQuery,
    },
};

/// What was typed into the options, by app and name, so that it is still there when the price is asked for again.
type Typed = StoredValue<Vec<((String, String), String)>>;

/// The dialog. The chosen app is in the address.
#[component]
pub fn ProcessDialog(
    org: String,
    dataset: String,
    /// The slug of the chosen app; empty for one that makes sense.
    app: Memo<String>,
    /// The page without the dialog.
    close: String,
    /// What the address of that page says besides, for a form that leads back to it.
    place: Vec<(&'static str, String)>,
    /// The dialog with another app.
    choose: Callback<String, String>,
) -> impl IntoView {
    let session = Session::get();
    let asked = ask(
        {
            let dataset = dataset.clone();
            move || (ProcessQuery { dataset: dataset.clone(), app: app.get() }, session.version())
        },
        |(query, _)| process_page(query),
    );
    // Made outside the content, so that the answer and what was typed survive when the price is loaded again.
    let action = FormAction::<StartJob>::new();
    let typed: Typed = StoredValue::new(Vec::new());
    let content = dialog_content(close.clone(), {
        let close = close.clone();
        move || {
            let (org, dataset, close, place) = (org.clone(), dataset.clone(), close.clone(), place.clone());
            async move {
                let flash = session.context().await.form;
                let process = asked.await?;
                Ok(view! { <Content process org dataset close place choose action typed flash/> }.into_any())
            }
        }
    });
    view! { <Dialog label="Process" heading="Process this dataset" close starts_with_text=true>{content}</Dialog> }
}

#[component]
fn Content(
    process: ProcessView,
    org: String,
    dataset: String,
    close: String,
    place: Vec<(&'static str, String)>,
    choose: Callback<String, String>,
    action: FormAction<StartJob>,
    typed: Typed,
    flash: Option<FormFlash>,
) -> impl IntoView {
    let ProcessView { apps, chosen, plan, .. } = process;
    let Some(plan) = plan else {
        return view! {
            <DialogBody>
                <Empty icon="play" sentence="There is no app that you may run. Ask whoever publishes one to authorize this organization, or your administrator."/>
            </DialogBody>
            <DialogButtons close>""</DialogButtons>
        }
        .into_any();
    };
    let picker = match apps.as_slice() {
        [] => ().into_any(),
        // Nothing to choose.
        [only] if only.slug == chosen => {
            view! { <div class="dialog-top"><AppSummary app=only.clone()/></div> }.into_any()
        }
        _ => {
            let action = paths::drive(&org, &dataset);
            view! { <Picker apps chosen=chosen.clone() action place choose/> }.into_any()
        }
    };
    let rest = match plan {
        Err(refusal) => view! {
            <DialogBody><PlanRefused refusal org/></DialogBody>
            <DialogButtons close>""</DialogButtons>
        }
        .into_any(),
        Ok(plan) => view! { <StartForm plan org dataset close action typed flash/> }.into_any(),
    };
    view! {
        {picker}
        {rest}
    }
    .into_any()
}

/// What an app costs, in a word or two.
fn cost(app: &RunnableApp) -> String {
    match (app.price_rule, app.price) {
        (PriceRule::Free, _) => "Free".to_owned(),
        (PriceRule::Processing, Some(price)) if price.is_nothing() => "Nothing to pay".to_owned(),
        (PriceRule::Processing, Some(price)) => words::amount(price),
        (PriceRule::Processing, None) => "Costs".to_owned(),
    }
}

/// An app in words: title, what it costs, who publishes it, what it does.
#[component]
fn AppSummary(app: RunnableApp) -> impl IntoView {
    let cost = cost(&app);
    let from = app.publisher.map_or_else(|| "Built in".to_owned(), |name| format!("by {name}"));
    let summary = (!app.summary.is_empty()).then(|| view! { <small>{app.summary}</small> });
    view! {
        <span class="app-choice">
            <span class="app-line"><b>{app.title}</b> " " <small>{from}</small> <span class="num app-cost">{cost}</span></span>
            {summary}
        </span>
    }
}

/// The apps to choose from: a GET form, so that the choice is in the address. With WebAssembly choosing is enough.
#[component]
fn Picker(
    apps: Vec<RunnableApp>,
    chosen: String,
    /// Where the form leads.
    action: String,
    place: Vec<(&'static str, String)>,
    choose: Callback<String, String>,
) -> impl IntoView {
    let session = Session::get();
    let navigate = leptos_router::hooks::use_navigate();
    let hidden = place
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| view! { <Hidden name value/> })
        .collect_view();
    let radios = apps
        .into_iter()
        .map(|app| {
            let (slug, checked) = (app.slug.clone(), app.slug == chosen);
            view! {
                <label class="radio">
                    <input type="radio" name="app" value=slug prop:checked=checked checked=checked/>
                    <AppSummary app/>
                </label>
            }
        })
        .collect_view();
    let on_change = move |event: leptos::ev::Event| {
        let options = leptos_router::NavigateOptions { replace: true, scroll: false, ..Default::default() };
        navigate(&choose.run(event_target_value(&event)), options);
    };
    view! {
        <form class="dialog-top app-picker" method="get" action=action on:change=on_change>
            {hidden}
            <Hidden name="dialog" value="process"/>
            <fieldset class="field app-radios">
                <legend>"App"</legend>
                {radios}
            </fieldset>
            {move || (!session.hydrated.get()).then(|| view! { <div><button type="submit" class="button">"Choose"</button></div> })}
        </form>
    }
}

/// The options of the chosen app, and **Start**.
#[component]
fn StartForm(
    plan: JobPlanView,
    org: String,
    dataset: String,
    close: String,
    action: FormAction<StartJob>,
    typed: Typed,
    flash: Option<FormFlash>,
) -> impl IntoView {
    let (options, blocked) = (plan.options.clone(), plan.blocked.first().cloned());
    let app = plan.app_slug.clone();
    let version = format!("{}, version {}", plan.app_title, plan.version_label);
    let (remark, label) = match plan.waits {
        Some(_) => ("It waits for credits and starts by itself.".to_owned(), "Start when it can be paid"),
        None => (version, "Start"),
    };
    view! {
        <Form action flash class="dialog-form">
            <Hidden name="org" value=org.clone()/>
            <Hidden name="dataset" value=dataset/>
            <Hidden name="app" value=plan.app_slug.clone()/>
            <Hidden name="version" value=plan.version.to_string()/>
            <AgreedPrice price=plan.price/>
            <DialogBody>
                <PlanSummary plan org/>
                <OptionFields app options typed/>
            </DialogBody>
            <DialogButtons close remark><StartButton label blocked/></DialogButtons>
        </Form>
    }
}

/// The options, if there are any. Inside the form.
#[component]
fn OptionFields(app: String, options: Vec<AppOption>, typed: Typed) -> impl IntoView {
    (!options.is_empty()).then(|| {
        let fields =
            options.into_iter().map(|option| view! { <OptionField app=app.clone() option typed/> }).collect_view();
        view! {
            <fieldset class="field app-options">
                <legend>"Options"</legend>
                {fields}
            </fieldset>
        }
    })
}

/// "feature-quality" as a label: "Feature quality".
pub fn option_label(name: &str) -> String {
    let words = name.replace(['-', '_', '.'], " ");
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| std::iter::once(first.to_ascii_uppercase()).chain(chars).collect())
}

/// A field for one option, with its problem. What it is called is only known when the page is loaded, so it is none of the usual fields.
#[component]
fn OptionField(app: String, option: AppOption, typed: Typed) -> impl IntoView {
    let form = FormContext::get();
    let (field, name) = (format!("options.{}", option.name), format!("options[{}]", option.name));
    let id = form.field_id(&field);
    let about = format!("{id}-about");
    let known_as = (app, option.name.clone());
    let before =
        typed.with_value(|typed| typed.iter().find(|(known, _)| *known == known_as).map(|(_, value)| value.clone()));
    let value = before.or_else(|| form.typed(&name)).unwrap_or_else(|| option.value.clone());
    // Another app's field may have been here, with what was typed there.
    let (input, select) = (NodeRef::<html::Input>::new(), NodeRef::<html::Select>::new());
    if Session::get().hydrated.get_untracked() {
        let wanted = value.clone();
        Effect::new(move |_| {
            if let Some(input) = input.get().filter(|input| input.value() != wanted) {
                input.set_value(&wanted);
            }
            if let Some(select) = select.get().filter(|select| select.value() != wanted) {
                select.set_value(&wanted);
            }
        });
    }
    let failure = form.failure();
    let problem = Memo::new(move |_| {
        failure.with(|failure| match failure {
            Some(Failure::Refused(Refusal::Invalid(problems))) => {
                problems.iter().find(|problem| problem.field == field).map(FieldError::words)
            }
            _ => None,
        })
    });
    let hint: Vec<&str> =
        [option.help.trim(), option.domain.trim()].into_iter().filter(|text| !text.is_empty()).collect();
    let hint = (!hint.is_empty()).then(|| hint.join(" · "));
    let has_hint = hint.is_some();
    let described = {
        let about = about.clone();
        move || (has_hint || problem.with(Option::is_some)).then(|| about.clone())
    };
    let keep = move |value: String| {
        typed.update_value(|typed| {
            typed.retain(|(known, _)| *known != known_as);
            typed.push((known_as.clone(), value));
        });
    };
    let invalid = move || problem.with(Option::is_some).then_some("true");
    let choices: Vec<(String, String)> = match option.kind {
        OptionKind::Bool => vec![("true".to_owned(), "Yes".to_owned()), ("false".to_owned(), "No".to_owned())],
        OptionKind::Enum => option.choices.iter().map(|choice| (choice.clone(), choice.clone())).collect(),
        OptionKind::Int | OptionKind::Float | OptionKind::String => Vec::new(),
    };
    let control = match option.kind {
        OptionKind::Bool | OptionKind::Enum => {
            let entries = choices
                .into_iter()
                .map(|(choice, words)| {
                    let selected = choice == value;
                    view! { <option value=choice selected=selected>{words}</option> }
                })
                .collect_view();
            view! {
                <select
                    node_ref=select
                    class="input"
                    id=id.clone()
                    name=name
                    autocomplete="off"
                    aria-invalid=invalid
                    aria-describedby=described
                    on:change=move |event| keep(event_target_value(&event))
                >
                    {entries}
                </select>
            }
            .into_any()
        }
        OptionKind::Int | OptionKind::Float | OptionKind::String => {
            let mode = match option.kind {
                OptionKind::Int => Some("numeric"),
                OptionKind::Float => Some("decimal"),
                _ => None,
            };
            view! {
                <input
                    node_ref=input
                    class="input"
                    type="text"
                    inputmode=mode
                    id=id.clone()
                    name=name
                    value=value
                    autocomplete="off"
                    aria-invalid=invalid
                    aria-describedby=described
                    on:input=move |event| keep(event_target_value(&event))
                />
            }
            .into_any()
        }
    };
    view! {
        <div class="field">
            <label for=id>{option_label(&option.name)}</label>
            {control}
            <div class="about" id=about>
                {move || problem.get().map(|text| view! { <p class="problem">{text}</p> })}
                {hint.map(|hint| view! { <p class="hint">{hint}</p> })}
            </div>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn job_2_options_are_called_as_people_read() {
        assert_eq!(option_label("feature-quality"), "Feature quality");
        assert_eq!(option_label("orthophoto_resolution"), "Orthophoto resolution");
        assert_eq!(option_label("3d.tiles"), "3d tiles");
    }
}
