//! A new password by a mailed link (AUTH-5), or the first one (PEOPLE-8).

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    domain::one_time_link::{LinkState, Purpose},
    rpc::{
        FormFlash,
        account::{ResetPassword, check_link},
        ask,
    },
    ui::{
        components::{
            button::{ButtonLink, Tone},
            field::{Field, Hidden, Username},
            form::{Form, Submit},
        },
        error_page::ErrorPage,
        form_action::FormAction,
        layout::{FocusHeading, PublicLayout},
        paths,
        routes::use_route_query,
        session::{PageContext, Session},
    },
    view::account::OneTimeLinkView,
};

/// The page: `/reset?token=…`.
#[component]
pub fn ResetPage() -> impl IntoView {
    let token =
        use_route_query(|segments, query| (segments == ["reset"]).then(|| query.get("token").unwrap_or_default()));
    let session = Session::get();
    let link = ask(move || token.get(), check_link);
    view! {
        <Title text="Set password"/>
        <FocusHeading/>
        <PublicLayout>
            <Transition>
                {move || {
                    let token = token.get();
                    Suspend::new(async move {
                        let begin = PageContext::from(session.start().await);
                        match link.await {
                            Ok(link) => view! { <ResetView token link flash=begin.form/> }.into_any(),
                            Err(failure) => view! { <ErrorPage failure/> }.into_any(),
                        }
                    })
                }}
            </Transition>
        </PublicLayout>
    }
    .into_any()
}

/// The form, or why there is none.
#[component]
fn ResetView(token: String, link: OneTimeLinkView, flash: Option<FormFlash>) -> impl IntoView {
    let action = FormAction::<ResetPassword>::new();
    let tasks = link.purpose.is_some_and(|purpose| !purpose.proves_address());
    let lead = match link.purpose {
        Some(Purpose::SetPassword) => "Choose a password for your new account.",
        _ => "All your sessions end. Then you sign in with the new password.",
    };
    view! {
        <section class="card">
            <h1 tabindex="-1">"Set password"</h1>
            {if tasks {
                view! {
                    <p>{lead}</p>
                    <Form action flash changes_session=true>
                        <Hidden name="token" value=token/>
                        {link.email.map(|email| view! { <Username email/> })}
                        <Field
                            name="password"
                            label="Password"
                            kind="password"
                            autocomplete="new-password"
                            hint="12 to 128 characters. A few unrelated words work well."
                            focused=true
                        />
                        <Submit label="Set password"/>
                    </Form>
                }
                .into_any()
            } else {
                view! {
                    <LinkTrouble state=link.state/>
                    <ButtonLink href=paths::FORGOT tone=Tone::Primary>"Send another link"</ButtonLink>
                }
                .into_any()
            }}
            <p class="aside"><a href=paths::sign_in("")>"Sign in"</a></p>
        </section>
    }
}

/// Why a link does not work, in the words of the refusal.
#[component]
pub fn LinkTrouble(
    /// What the link can still do.
    state: LinkState,
) -> impl IntoView {
    let words = match (state, state.open()) {
        (LinkState::Used | LinkState::Expired, Err(refusal)) => refusal.to_string(),
        _ => "This link is not complete, or is not one of ours. Open it from the mail, or copy all of it.".to_owned(),
    };
    view! { <p role="alert">{words}</p> }
}
