//! Fields of a [`super::form::Form`], each with label, hint and problem. After a refusal a field keeps what was typed.

use leptos::{html, prelude::*};

use super::{
    focus::{once_connected, typing},
    form::FormContext,
    markup::escaped,
};

/// A text field.
#[component]
pub fn Field(
    name: &'static str,
    label: &'static str,
    /// The `type` of the input.
    #[prop(default = "text")]
    kind: &'static str,
    /// The initial value.
    #[prop(optional, into)]
    value: Option<String>,
    /// How to fill it in.
    #[prop(optional)]
    hint: Option<&'static str>,
    /// The `autocomplete` attribute.
    #[prop(default = "off")]
    autocomplete: &'static str,
    /// Whether it may stay empty; the label then says so.
    #[prop(optional)]
    optional: bool,
    /// Whether this field takes the focus when the form appears.
    #[prop(optional)]
    focused: bool,
    /// What of the value is selected when the field takes the focus, in UTF-16 units.
    #[prop(optional)]
    selects: Option<(u32, u32)>,
    /// The smallest number or day.
    #[prop(optional)]
    min: Option<&'static str>,
    /// The id of a `<datalist>` with values to choose from.
    #[prop(optional)]
    list: Option<&'static str>,
) -> impl IntoView {
    let form = FormContext::get();
    form.named(name, label);
    let id = form.field_id(name);
    // Passwords are never sent back.
    let value = if kind == "password" { None } else { form.typed(name).or(value) };
    let problem = form.problem(name);
    let described = described_by(&id, hint.is_some(), problem);
    let input = NodeRef::<html::Input>::new();
    // `autofocus` is for pages that are loaded; a form that appears later takes the focus here, unless somebody is
    // typing already, or there is something else to read first.
    Effect::new(move |_| {
        if let (true, Some(input)) = (focused, input.get()) {
            once_connected(&input.clone(), move || {
                let busy = document()
                    .active_element()
                    .is_some_and(|active| active.get_attribute("role").as_deref() == Some("alert"));
                if !busy && !typing() {
                    drop(input.focus());
                }
                // Not under the hands of somebody who has begun to change it.
                if let Some((from, to)) = selects
                    && input.value() == input.default_value()
                {
                    drop(input.set_selection_range(from, to));
                }
            });
        }
    });
    view! {
        <div class="field">
            <label for=id.clone()>{label} {optional.then(|| view! { <span class="optional">"optional"</span> })}</label>
            <input
                node_ref=input
                class="input"
                id=id.clone()
                name=name
                type=kind
                value=value
                autocomplete=autocomplete
                autofocus=focused
                min=min
                list=list
                aria-required=(!optional).then_some("true")
                aria-invalid=move || problem.with(Option::is_some).then_some("true")
                aria-describedby=described
            />
            <About id=id.clone() hint problem/>
        </div>
    }
}

/// A text of several lines, like a list of addresses.
#[component]
pub fn Lines(
    name: &'static str,
    label: &'static str,
    /// How to fill it in.
    hint: &'static str,
    /// Shown while the field is empty.
    placeholder: &'static str,
    /// The text as it is typed. Also the initial text, unless the form was refused and comes back with what was typed.
    text: RwSignal<String>,
    /// Whether it may stay empty; the label then says so.
    #[prop(optional)]
    optional: bool,
) -> impl IntoView {
    let form = FormContext::get();
    form.named(name, label);
    let id = form.field_id(name);
    let problem = form.problem(name);
    let described = described_by(&id, true, problem);
    // Leptos writes the content of this element as it is, so what people typed is escaped here; whoever reads the
    // markup, the browser's parser or `innerHTML`, undoes it.
    let typed = escaped(&form.typed(name).unwrap_or_else(|| text.get_untracked()));
    let area = NodeRef::<html::Textarea>::new();
    // Text typed before hydration fired no event that Leptos could hear.
    Effect::new(move |_| {
        if let Some(written) = area.get().map(|area| area.value()).filter(|written| !written.is_empty())
            && text.with_untracked(|text| *text != written)
        {
            text.set(written);
        }
    });
    view! {
        <div class="field">
            <label for=id.clone()>{label} {optional.then(|| view! { <span class="optional">"optional"</span> })}</label>
            <textarea
                node_ref=area
                class="input lines"
                id=id.clone()
                name=name
                rows="5"
                spellcheck="false"
                placeholder=placeholder
                aria-required=(!optional).then_some("true")
                aria-invalid=move || problem.with(Option::is_some).then_some("true")
                aria-describedby=described
                on:input=move |event| text.set(event_target_value(&event))
                inner_html=typed
            ></textarea>
            <About id=id.clone() hint=Some(hint) problem/>
        </div>
    }
}

/// A `<select>` without an initial choice.
#[component]
pub fn Choice(
    name: &'static str,
    label: &'static str,
    /// Values and their labels.
    #[prop(into)]
    options: Vec<(&'static str, &'static str)>,
    /// The initial choice.
    #[prop(optional, into)]
    value: Option<String>,
    /// How to choose.
    #[prop(optional)]
    hint: Option<&'static str>,
    /// Whether nothing may be chosen; the label then says so.
    #[prop(optional)]
    optional: bool,
    /// The `autocomplete` attribute.
    #[prop(default = "off")]
    autocomplete: &'static str,
) -> impl IntoView {
    let form = FormContext::get();
    form.named(name, label);
    let id = form.field_id(name);
    let chosen = form.typed(name).or(value).unwrap_or_default();
    let problem = form.problem(name);
    let described = described_by(&id, hint.is_some(), problem);
    let entries = options
        .into_iter()
        .map(|(value, words)| view! { <option value=value selected={value == chosen}>{words}</option> })
        .collect_view();
    view! {
        <div class="field">
            <label for=id.clone()>{label} {optional.then(|| view! { <span class="optional">"optional"</span> })}</label>
            <select
                class="input"
                id=id.clone()
                name=name
                autocomplete=autocomplete
                aria-required=(!optional).then_some("true")
                aria-invalid=move || problem.with(Option::is_some).then_some("true")
                aria-describedby=described
            >
                <option value="">"Choose…"</option>
                {entries}
            </select>
            <About id=id.clone() hint problem/>
        </div>
    }
}

/// Radio buttons.
#[component]
pub fn Radios(
    name: &'static str,
    label: &'static str,
    /// Values and their labels.
    options: Vec<(&'static str, &'static str)>,
    /// The initial choice.
    first: &'static str,
) -> impl IntoView {
    let form = FormContext::get();
    form.named(name, label);
    let id = form.field_id(name);
    let chosen = form.typed(name).unwrap_or_else(|| first.to_owned());
    let problem = form.problem(name);
    let described = described_by(&id, false, problem);
    let entries = options
        .into_iter()
        .map(|(value, words)| {
            view! {
                <label class="radio">
                    <input type="radio" name=name value=value checked={value == chosen}/>
                    {words}
                </label>
            }
        })
        .collect_view();
    view! {
        // The link in the summary of problems leads here, and only what can take the focus gets it.
        <fieldset class="field radios" id=id.clone() tabindex="-1" aria-describedby=described>
            <legend>{label}</legend>
            {entries}
            <About id=id.clone() hint=None problem/>
        </fieldset>
    }
}

/// A checkbox. Unchecked, it is not part of the form that is sent.
#[component]
pub fn Check(
    name: &'static str,
    label: &'static str,
    #[prop(optional)] hint: Option<&'static str>,
    /// Whether it is checked initially.
    #[prop(optional)]
    checked: bool,
) -> impl IntoView {
    let form = FormContext::get();
    form.named(name, label);
    let id = form.field_id(name);
    let checked = if form.came_back() { form.typed(name).is_some() } else { checked };
    let problem = form.problem(name);
    let described = described_by(&id, hint.is_some(), problem);
    view! {
        <div class="field">
            <label class="tick">
                <input
                    type="checkbox"
                    id=id.clone()
                    name=name
                    value="yes"
                    checked=checked
                    aria-invalid=move || problem.with(Option::is_some).then_some("true")
                    aria-describedby=described
                />
                {label}
            </label>
            <About id=id.clone() hint problem/>
        </div>
    }
}

/// A hidden field.
#[component]
pub fn Hidden(name: &'static str, #[prop(into)] value: String) -> impl IntoView {
    view! { <input type="hidden" name=name value=value/> }
}

/// A hidden user name for password managers, which store a new password under it. The server does not read it.
#[component]
pub fn Username(
    /// The email address that the person signs in with.
    #[prop(into)]
    email: String,
) -> impl IntoView {
    view! { <input type="text" name="username" autocomplete="username" value=email readonly=true hidden=true/> }
}

/// The problem and the hint under a field.
#[component]
fn About(id: String, hint: Option<&'static str>, problem: Memo<Option<String>>) -> impl IntoView {
    view! {
        <div class="about" id=format!("{id}-about")>
            {move || problem.get().map(|text| view! { <p class="problem">{text}</p> })}
            {hint.map(|hint| view! { <p class="hint">{hint}</p> })}
        </div>
    }
}

/// The id of [`About`] for `aria-describedby`, while it has content.
fn described_by(
    id: &str,
    hint: bool,
    problem: Memo<Option<String>>,
) -> impl Fn() -> Option<String> + Clone + Send + Sync + 'static + use<> {
    let about = format!("{id}-about");
    move || (hint || problem.with(Option::is_some)).then(|| about.clone())
}
