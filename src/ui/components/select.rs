//! A `<select>` with an initial value, whose options depend on the page.

use leptos::prelude::*;

use super::form::FormContext;

#[component]
pub fn Select(
    name: &'static str,
    label: &'static str,
    /// Values and their labels.
    options: Vec<(String, String)>,
    /// The initial value.
    value: String,
    /// How to choose.
    #[prop(optional)]
    hint: Option<&'static str>,
) -> impl IntoView {
    let form = FormContext::get();
    let id = form.field_id(name);
    let chosen = form.typed(name).unwrap_or(value);
    let problem = form.problem(name);
    let about = format!("{id}-about");
    let described = {
        let about = about.clone();
        move || (hint.is_some() || problem.with(Option::is_some)).then(|| about.clone())
    };
    let entries = options
        .into_iter()
        .map(|(value, words)| {
            let selected = value == chosen;
            view! { <option value=value selected=selected>{words}</option> }
        })
        .collect_view();
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <select
                class="input"
                id=id
                name=name
                autocomplete="off"
                aria-invalid=move || problem.with(Option::is_some).then_some("true")
                aria-describedby=described
            >
                {entries}
            </select>
            <div class="about" id=about>
                {move || problem.get().map(|text| view! { <p class="problem">{text}</p> })}
                {hint.map(|hint| view! { <p class="hint">{hint}</p> })}
            </div>
        </div>
    }
}
