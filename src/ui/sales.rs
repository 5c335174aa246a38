//! **Contact sales** (ORG-8): the way to it, wherever a missing licence is explained to somebody who may ask for one.

use leptos::prelude::*;

use super::{
    components::button::{ButtonLink, Tone},
    paths,
};
use crate::domain::{
    role::{Permission, may},
    view::Belonging,
};

/// Whether somebody may ask for licences here: Owners.
pub fn may_buy(belonging: &Belonging) -> bool {
    belonging.role.is_some_and(|role| may(role, Permission::ManageBilling))
}

/// A link that leads to the dialog.
#[component]
pub fn ContactSales(
    /// The Org ID.
    #[prop(into)]
    org: String,
    /// How much it matters.
    #[prop(optional)]
    tone: Tone,
) -> impl IntoView {
    view! { <ButtonLink href=paths::contact_sales(&org) tone icon="mail">"Contact sales"</ButtonLink> }
}
