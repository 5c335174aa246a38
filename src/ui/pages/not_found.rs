//! An address that no page has.

use leptos::prelude::*;

use crate::ui::{layout::PublicLayout, error_page::NothingHere};

/// The page.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    view! {
        <PublicLayout>
            <NothingHere/>
        </PublicLayout>
    }
    .into_any()
}
