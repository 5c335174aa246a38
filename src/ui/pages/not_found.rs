//! The page for unknown addresses.

use leptos::prelude::*;

use crate::ui::{error_page::NothingHere, layout::PublicLayout};

#[component]
pub fn NotFoundPage() -> impl IntoView {
    view! {
        <PublicLayout>
            <NothingHere/>
        </PublicLayout>
    }
    .into_any()
}
