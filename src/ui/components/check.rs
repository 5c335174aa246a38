//! A yes or no in a form. One that is not ticked is not sent.

use leptos::prelude::*;

/// The box, its words, and a line that says more.
#[component]
pub fn Check(
    /// The field's name in the form.
    name: &'static str,
    /// The words.
    label: &'static str,
    /// What it means.
    #[prop(optional)]
    hint: Option<&'static str>,
    /// Whether it is ticked.
    #[prop(optional)]
    checked: bool,
) -> impl IntoView {
    let about = format!("check-{name}-about");
    view! {
        <div class="check">
            <label>
                <input type="checkbox" name=name value="yes" checked=checked aria-describedby=hint.is_some().then(|| about.clone())/>
                {label}
            </label>
            {hint.map(|hint| view! { <p class="hint" id=about>{hint}</p> })}
        </div>
    }
}
