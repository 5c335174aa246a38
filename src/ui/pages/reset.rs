//! Setting a new password (AUTH-5) or the first one (PEOPLE-8) through an emailed link.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    domain::one_time_link::{LinkState, Purpose},
    paths,
    rpc::{
        FormFlash, ask,
        my_account::{ResetPassword, check_link},
    },
    ui::{
        components::{
            button::{ButtonLink, Tone},
            field::{Field, Hidden, Username},
            form::{Form, Submit},
        },
        form_action::FormAction,
        layout::{FocusHeading, PublicLayout},
        location::use_route_query,
        page::content,
        session::Session,
    },
    view::my_account::OneTimeLinkView,
};

/// The page: `/reset?token=…`.
#[component]
pub fn ResetPage() -> impl IntoView {
    let token =
        use_route_query(|segments, query| (segments == ["reset"]).then(|| query.get("token").unwrap_or_default()));
    let session = Session::get();
    let link = ask(move || token.get(), check_link);
    let content = content(move || {
        let token = token.get();
        async move {
            let flash = session.context().await.form;
            let link = link.await?;
            Ok(view! { <ResetView token link flash/> }.into_any())
        }
    });
    view! {
        <Title text="Set password"/>
        <FocusHeading/>
        <PublicLayout>{content}</PublicLayout>
    }
    .into_any()
}

#[component]
fn ResetView(token: String, link: OneTimeLinkView, flash: Option<FormFlash>) -> impl IntoView {
    let action = FormAction::<ResetPassword>::new();
    let tasks = link.purpose.is_some_and(|purpose| !purpose.proves_address());
    let lead = match link.purpose {
        Some(Purpose::SetPassword) => "Choose a password for your new account.",
        _ => "This signs you out everywhere. Then sign in with the new password.",
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
                    <LinkProblem state=link.state/>
                    <ButtonLink href=paths::FORGOT tone=Tone::Primary>"Send another link"</ButtonLink>
                }
                .into_any()
            }}
            <p class="aside"><a href=paths::sign_in("")>"Sign in"</a></p>
        </section>
    }
}

/// Why a link does not work.
#[component]
pub fn LinkProblem(
    /// The state of the link.
    state: LinkState,
) -> impl IntoView {
    let words = match (state, state.open()) {
        (LinkState::Used | LinkState::Expired, Err(refusal)) => refusal.to_string(),
        _ => "This link is incomplete or not one of ours. Open it from the mail, or copy the whole link.".to_owned(),
    };
    view! { <p role="alert">{words}</p> }
}
