//! The reminder of somebody whose email address is not verified (AUTH-2), on top of the pages where one begins.

use leptos::prelude::*;

use super::{
    components::{
        button::Tone,
        field::Hidden,
        form::{Form, Submit},
    },
    form_action::FormAction,
};
use crate::{
    rpc::{FormFlash, my_account::SendVerificationAgain},
    view::PersonView,
};

/// The reminder; nothing for who has verified the address.
#[component]
pub fn EmailBanner(
    person: Option<PersonView>,
    /// The page that it is on.
    back: String,
    flash: Option<FormFlash>,
) -> impl IntoView {
    let unverified = person.filter(|person| !person.email_verified);
    unverified.map(|person| {
        let action = FormAction::<SendVerificationAgain>::new();
        view! {
            <section class="banner" aria-label="Verify your email">
                <p>"We sent a link to " <b>{person.email}</b> ". Open it, so that others can find you."</p>
                <Form action flash class="banner-form">
                    <Hidden name="back" value=back/>
                    <Submit label="Send again" tone=Tone::Plain/>
                </Form>
            </section>
        }
    })
}
