//! How much of something is used.

use leptos::prelude::*;

/// A bar. It is a `<progress>`, because the content security policy forbids inline styles.
#[component]
pub fn Meter(
    /// What it measures, for screen readers.
    #[prop(into)]
    label: String,
    /// How much is used.
    used: i64,
    /// How much there is.
    total: i64,
) -> impl IntoView {
    let tone = if total > 0 && used.saturating_mul(10) >= total.saturating_mul(9) { "meter high" } else { "meter" };
    view! {
        <progress class=tone aria-label=label max=total.max(1).to_string() value=used.clamp(0, total.max(0)).to_string()></progress>
    }
}
