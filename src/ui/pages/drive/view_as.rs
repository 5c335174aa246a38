//! **View as**: the banner over a Drive that is shown as somebody else sees it, and the way out.

use leptos::prelude::*;

use super::route::Listing;
use crate::{
    domain::{access::Level, view_as::READ_ONLY_MESSAGE},
    ui::{
        components::{
            avatar::Face,
            button::ButtonLink,
            note::{Mood, Note},
        },
        words,
    },
    view::view_as::ViewAs,
};

/// Whose eyes these are, what they may do here, and **Exit preview**.
#[component]
pub fn ViewAsBanner(
    /// Who.
    view_as: ViewAs,
    /// Their level on what is shown; `None` where that is a list from all over.
    level: Option<Level>,
    /// The list under it.
    listing: Listing,
) -> impl IntoView {
    let ViewAs { person, name, role } = view_as;
    let here = level.map(|level| format!("{} access here. They can {}. ", level.label(), level.summary()));
    let out = listing.with_view_as("", &listing.resource);
    view! {
        <section class="view-as" aria-label="View as">
            <Face name=name.clone() hue=words::hue(person.0.as_bytes())/>
            <div class="view-as-words" role="status">
                <b>{format!("You are viewing the Drive as {name}")}</b>
                <small>{words::role(role)} ". " {here} "You cannot change anything."</small>
            </div>
            <ButtonLink href=out icon="close">"Exit preview"</ButtonLink>
        </section>
    }
}

/// What stands over "not found" where one looks as somebody else: perhaps only they do not see it.
#[component]
pub fn ViewAsNotFound(
    /// What was to be shown.
    listing: Listing,
) -> impl IntoView {
    listing.is_view_as().then(|| {
        let (root, out) = (listing.container(""), listing.with_view_as("", &listing.resource));
        view! {
            <Note mood=Mood::Info>
                <p>"They cannot see this, or it does not exist. " {READ_ONLY_MESSAGE}</p>
                <p class="bar"><a href=root>"Go to what they can see"</a> <a href=out>"Exit preview"</a></p>
            </Note>
        }
    })
}
