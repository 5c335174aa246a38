//! **View as**: the banner over a Drive that shows what somebody else sees.

use leptos::prelude::*;

use super::route::Listing;
use crate::{
    domain::{access::Level, view_as::READ_ONLY_MESSAGE},
    ui::{
        components::{
            avatar::PersonAvatar,
            button::ButtonLink,
            note::{Note, Severity},
        },
        words,
    },
    view::view_as::ViewAs,
};

/// The person, their level here, and **Exit preview**.
#[component]
pub fn ViewAsBanner(
    view_as: ViewAs,
    /// Their level on what is shown; `None` for search results and shared items.
    level: Option<Level>,
    /// The list that is shown.
    listing: Listing,
) -> impl IntoView {
    let ViewAs { person, name, role } = view_as;
    let here = level.map(|level| format!("{} access here. They can {}. ", level.label(), level.summary()));
    let out = listing.with_view_as("", &listing.resource);
    view! {
        <section class="view-as" aria-label="View as">
            <PersonAvatar name=name.clone() hue=words::hue(person.0.as_bytes())/>
            <div class="view-as-words" role="status">
                <b>{format!("You are viewing the Drive as {name}")}</b>
                <small>{words::role(role)} ". " {here} "You cannot change anything."</small>
            </div>
            <ButtonLink href=out icon="close">"Exit preview"</ButtonLink>
        </section>
    }
}

/// Above "not found" in **View as**: perhaps only that person does not see it.
#[component]
pub fn ViewAsNotFound(
    /// The listing that was not found.
    listing: Listing,
) -> impl IntoView {
    listing.is_view_as().then(|| {
        let (root, out) = (listing.container(""), listing.with_view_as("", &listing.resource));
        view! {
            <Note severity=Severity::Info>
                <p>"They cannot see this, or it does not exist. " {READ_ONLY_MESSAGE}</p>
                <p class="bar"><a href=root>"Go to what they can see"</a> <a href=out>"Exit preview"</a></p>
            </Note>
        }
    })
}
