//! **View as**: the banner over a Drive that is shown as somebody else sees it, and the way out.

use leptos::prelude::*;

use super::place::Listing;
use crate::{
    domain::{access::Level, looking::ONLY_LOOKING, view::looking::Looking},
    ui::{
        components::{
            avatar::Face,
            button::ButtonLink,
            note::{Mood, Note},
        },
        words,
    },
};

/// Whose eyes these are, what they may do here, and **Exit preview**.
#[component]
pub fn LookingNote(
    /// Who.
    looking: Looking,
    /// Their level on what is shown; `None` where that is a list from all over.
    level: Option<Level>,
    /// The list under it.
    listing: Listing,
) -> impl IntoView {
    let Looking { person, name, role } = looking;
    let here = level.map(|level| format!("{} access here. They can {}. ", level.title(), level.summary()));
    let out = listing.seen_by("", &listing.resource);
    view! {
        <section class="looking" aria-label="View as">
            <Face name=name.clone() hue=words::hue(person.0.as_bytes())/>
            <div class="looking-words" role="status">
                <b>{format!("You are viewing the Drive as {name}")}</b>
                <small>{words::role(role)} ". " {here} "You cannot change anything."</small>
            </div>
            <ButtonLink href=out icon="close">"Exit preview"</ButtonLink>
        </section>
    }
}

/// What stands over "not found" where one looks as somebody else: perhaps only they do not see it.
#[component]
pub fn NotSeen(
    /// What was to be shown.
    listing: Listing,
) -> impl IntoView {
    listing.only_looks().then(|| {
        let (root, out) = (listing.container(""), listing.seen_by("", &listing.resource));
        view! {
            <Note mood=Mood::Info>
                <p>"They cannot see this, or it does not exist. " {ONLY_LOOKING}</p>
                <p class="bar"><a href=root>"Go to what they can see"</a> <a href=out>"Exit preview"</a></p>
            </Note>
        }
    })
}
