//! My account (SET-1, SET-2, AUTH-4): pages for the profile, for security, and for privacy and data.

pub mod privacy;
pub mod profile;
pub mod security;

use leptos::prelude::*;

use crate::{
    paths,
    ui::{
        email_banner::EmailBanner,
        layout::{Frame, PageHeader, Section},
        session::Session,
        suspend::rebuilt,
    },
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
            <Transition>
                {rebuilt(move || async move {
                    let context = session.context().await;
                    view! { <EmailBanner person=context.person back=paths::account(part) flash=context.form/> }
                })}
            </Transition>
            <PageHeader title/>
            <nav class="account-parts" aria-label="My account">{ways}</nav>
            <div class="account">{children()}</div>
        </Frame>
    }
}
