//! An address that no page has.

use leptos::prelude::*;

use crate::ui::{layout::OutsideFrame, trouble::NothingHere};

/// The page.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    view! {
        <OutsideFrame>
            <NothingHere/>
        </OutsideFrame>
    }
    .into_any()
}
