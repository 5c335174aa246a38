//! My account (SET-1, SET-2, AUTH-4): one page for who I am, one for how I sign in, one for my data.

pub mod privacy;
pub mod profile;
pub mod security;

use leptos::prelude::*;

use crate::{
    rpc::account::SendVerificationAgain,
    ui::{
        components::{
            button::Tone,
            form::{Form, Submit},
            note::{Mood, Note},
        },
        form_action::FormAction,
        layout::{Frame, PageHeader, Section},
        paths,
        session::{PageContext, Session},
    },
    view::PersonView,
};

const PARTS: [(&str, &str); 3] = [("", "Profile"), ("security", "Security"), ("privacy", "Privacy and data")];

/// The frame around each of the pages.
#[component]
pub fn AccountFrame(
    /// Which of them.
    part: &'static str,
    /// The page.
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
                    let begin = PageContext::from(session.start().await);
                    begin.person.filter(|person| !person.email_verified).map(|person| view! { <Unverified person/> })
                })}
            </Transition>
            <div class="account">{children()}</div>
        </Frame>
    }
}

/// A quiet reminder while the address is not proven (AUTH-2).
#[component]
fn Unverified(person: PersonView) -> impl IntoView {
    let action = FormAction::<SendVerificationAgain>::new();
    view! {
        <section class="unverified" aria-label="Verify your email">
            <Note mood=Mood::Warning>
                <p><b>"Verify your email"</b></p>
                <p>{format!("We sent a link to {}. Open it to confirm that the address is yours.", person.email)}</p>
                <Form action flash=None class="bar">
                    <Submit label="Send the link again" tone=Tone::Plain/>
                </Form>
            </Note>
        </section>
    }
}
