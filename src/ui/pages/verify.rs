//! Verifying an email address through a link (AUTH-2, SET-1). Opening the link changes nothing, because mail scanners
//! open links; the button does.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    domain::one_time_link::LinkState,
    paths,
    rpc::{
        FormFlash, ask,
        my_account::{VerifyEmail, check_link},
    },
    ui::{
        components::{
            button::{ButtonLink, Tone},
            field::Hidden,
            form::{Form, Submit},
        },
        form_action::FormAction,
        layout::{FocusHeading, PublicLayout},
        location::use_route_query,
        page::content,
        pages::reset::LinkProblem,
        session::Session,
    },
    view::my_account::OneTimeLinkView,
};

/// The page: `/verify?token=…`.
#[component]
pub fn VerifyPage() -> impl IntoView {
    let token =
        use_route_query(|segments, query| (segments == ["verify"]).then(|| query.get("token").unwrap_or_default()));
    let session = Session::get();
    let link = ask(move || token.get(), check_link);
    let content = content(move || {
        let token = token.get();
        async move {
            let flash = session.context().await.form;
            let link = link.await?;
            Ok(view! { <VerifyView token link flash/> }.into_any())
        }
    });
    view! {
        <Title text="Verify email"/>
        <FocusHeading/>
        <PublicLayout>{content}</PublicLayout>
    }
    .into_any()
}

/// The button, or why the link does not work.
#[component]
fn VerifyView(token: String, link: OneTimeLinkView, flash: Option<FormFlash>) -> impl IntoView {
    let action = FormAction::<VerifyEmail>::new();
    let email = link.purpose.filter(|purpose| purpose.proves_address()).and(link.email);
    view! {
        <section class="card">
            <h1 tabindex="-1">"Verify email"</h1>
            {match email {
                Some(email) => view! {
                    <p>"Is " <b>{email}</b> " your address?"</p>
                    <Form action flash changes_session=true>
                        <Hidden name="token" value=token/>
                        <Submit label="Verify email"/>
                    </Form>
                }
                .into_any(),
                None => view! {
                    <LinkProblem state=link.state/>
                    <p>{match link.state {
                        LinkState::Used => "The address was verified with it, so there is nothing left to do.",
                        _ => "You can send the link again under My account.",
                    }}</p>
                    <ButtonLink href=paths::account("") tone=Tone::Primary>"My account"</ButtonLink>
                }
                .into_any(),
            }}
        </section>
    }
}
