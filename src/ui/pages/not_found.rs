//! An address that no page has.

use leptos::prelude::*;

use crate::ui::{error_page::NothingHere, layout::PublicLayout};

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
