//! My account (SET-1, SET-2, AUTH-4): pages for the profile, for security, and for privacy and data.

pub mod privacy;
pub mod profile;
pub mod security;

use leptos::prelude::*;

use crate::{
    paths,
    rpc::my_account::SendVerificationAgain,
    ui::{
        components::{
            button::Tone,
            form::{Form, Submit},
            note::{Note, Severity},
        },
        form_action::FormAction,
        layout::{Frame, PageHeader, Section},
        session::Session,
    },
    view::PersonView,
};

const PARTS: [(&str, &str); 3] = [("", "Profile"), ("security", "Security"), ("privacy", "Privacy and data")];

/// The layout of the account's pages.
#[component]
pub fn AccountFrame(
    /// The current page, as in `PARTS`.
    part: &'static str,
    children: Children,
) -> impl IntoView {
    let session = Session::get();
    let title = PARTS.iter().find(|(known, _)| *known == part).map_or("", |(_, title)| *title);
    let ways = PARTS
        .into_iter()
        .map(|(to, words)| view! { <a href=paths::account(to) aria-current=(to == part).then_some("page")>{words}</a> })
        .collect_view();
    view! {
        <Frame section=Section::Account org="">
            <PageHeader title/>
            <nav class="account-parts" aria-label="My account">{ways}</nav>
            <Transition>
                {move || Suspend::new(async move {
                    let context = session.context().await;
                    context.person.filter(|person| !person.email_verified).map(|person| view! { <Unverified person/> })
                })}
            </Transition>
            <div class="account">{children()}</div>
        </Frame>
    }
}

/// A reminder while the email address is not verified (AUTH-2).
#[component]
fn Unverified(person: PersonView) -> impl IntoView {
    let action = FormAction::<SendVerificationAgain>::new();
    view! {
        <section class="unverified" aria-label="Verify your email">
            <Note severity=Severity::Warning>
                <p><b>"Verify your email"</b></p>
                <p>{format!("We sent a link to {}. Open it to confirm that the address is yours.", person.email)}</p>
                <Form action flash=None class="bar">
                    <Submit label="Send the link again" tone=Tone::Plain/>
                </Form>
            </Note>
        </section>
    }
}
