//! What is shown instead of a page: not found, not allowed, not signed in, or something went wrong.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{NavigateOptions, hooks::use_navigate};

use super::{
    components::{
        button::{ButtonLink, Tone},
        empty::Empty,
    },
    location::current_address,
    session::Session,
    status,
};
use crate::{
    domain::{refusal::Refusal, ticket::page_address},
    paths,
    rpc::Failure,
};

/// The failure in words, what to do about it, and the status code that goes with it.
#[component]
pub fn ErrorPage(
    /// Why there is no page.
    failure: Failure,
) -> impl IntoView {
    let address = current_address();
    match failure {
        Failure::Refused(Refusal::Unauthenticated) => view! { <SignInFirst/> }.into_any(),
        Failure::Refused(Refusal::NotFound) => view! { <NothingHere/> }.into_any(),
        failure @ (Failure::Unexpected { .. }
        | Failure::Transport(_)
        | Failure::Refused(Refusal::Unavailable | Refusal::Busy(_))) => {
            status::set_status(if matches!(failure, Failure::Refused(_)) { 503 } else { 500 });
            // Without a connection a link would end what is being uploaded. The page is loaded by itself when there is one again.
            let is_cut = matches!(failure, Failure::Transport(_));
            let again = move |event: leptos::ev::MouseEvent| {
                if is_cut && !window().navigator().on_line() {
                    event.prevent_default();
                }
            };
            let request = match &failure {
                Failure::Unexpected { request_id } => Some(request_id.clone()),
                _ => None,
            };
            view! {
                <Title text="Something went wrong"/>
                <section class="error-page" role="alert">
                    <h1 tabindex="-1">"Something went wrong"</h1>
                    <Empty icon="warning" sentence=failure.to_string()>
                        <a class="button primary" rel="external" href=move || address.get() on:click=again>"Try again"</a>
                        {request.map(|id| view! { <ContactSupport request=id class="button"/> })}
                    </Empty>
                </section>
            }
            .into_any()
        }
        Failure::Refused(refusal) => {
            status::set_status(match refusal.code() {
                "invalid" => 400,
                "conflict" => 409,
                "rate_limited" => 429,
                _ => 403,
            });
            view! {
                <Title text="Not possible"/>
                <section class="error-page">
                    <h1 tabindex="-1">"This is not possible"</h1>
                    <Empty icon="lock" sentence=refusal.to_string()>
                        <ButtonLink href=paths::WELCOME tone=Tone::Primary>"Your organizations"</ButtonLink>
                    </Empty>
                </section>
            }
            .into_any()
        }
    }
}

/// A link to **Contact support** about a request that failed on this page (HELP-1).
#[component]
pub fn ContactSupport(request: String, class: &'static str) -> impl IntoView {
    let (session, address) = (Session::get(), current_address());
    Effect::new({
        let request = request.clone();
        move |_| session.note_failed_request(&request)
    });
    let href = move || {
        let address = address.get();
        paths::contact_support(&paths::org_of(&address).unwrap_or_default(), &page_address(&address), &request)
    };
    // In a tab of its own: what was typed on this page stays.
    view! { <a class=class target="_blank" href=href>"Contact support"</a> }
}

/// Not found, or not visible to this reader: the page does not say which (ACCESS-3).
#[component]
pub fn NothingHere() -> impl IntoView {
    status::set_status(404);
    view! {
        <Title text="Not found"/>
        <section class="error-page">
            <h1 tabindex="-1">"Not found"</h1>
            <Empty icon="search" sentence=format!("{} Check the address, or ask for access.", Refusal::NotFound)>
                <ButtonLink href=paths::WELCOME tone=Tone::Primary>"Your organizations"</ButtonLink>
            </Empty>
        </section>
    }
}

/// The session has ended: leads to **Sign in**, which leads back here.
#[component]
fn SignInFirst() -> impl IntoView {
    let to = paths::sign_in(&current_address().get_untracked());
    status::redirect(&to);
    let navigate = use_navigate();
    Effect::new({
        let to = to.clone();
        move |_| navigate(&to, NavigateOptions { replace: true, ..NavigateOptions::default() })
    });
    view! {
        <section class="error-page">
            <h1 tabindex="-1">"Sign in to continue"</h1>
            <Empty icon="lock" sentence="Your session has ended.">
                <ButtonLink href=to tone=Tone::Primary>"Sign in"</ButtonLink>
            </Empty>
        </section>
    }
}
