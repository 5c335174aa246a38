//! Proving an address by a mailed link (AUTH-2, SET-1). Opening the link changes nothing, as mail scanners open links; the
//! button does.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    rpc::{
        FormFlash,
        account::{VerifyEmail, check_link},
        ask,
    },
    ui::{
        components::{
            button::{ButtonLink, Tone},
            field::Hidden,
            form::{Form, Submit},
        },
        error_page::ErrorPage,
        form_action::FormAction,
        layout::{FocusHeading, PublicLayout},
        pages::reset::LinkTrouble,
        paths,
        routes::use_route_query,
        session::{PageContext, Session},
    },
    view::account::OneTimeLinkView,
};

/// The page: `/verify?token=…`.
#[component]
pub fn VerifyPage() -> impl IntoView {
    let token =
        use_route_query(|segments, query| (segments == ["verify"]).then(|| query.get("token").unwrap_or_default()));
    let session = Session::get();
    let link = ask(move || token.get(), check_link);
    view! {
        <Title text="Verify email"/>
        <FocusHeading/>
        <PublicLayout>
            <Transition>
                {move || {
                    let token = token.get();
                    Suspend::new(async move {
                        let begin = PageContext::from(session.start().await);
                        match link.await {
                            Ok(link) => view! { <VerifyView token link flash=begin.form/> }.into_any(),
                            Err(failure) => view! { <ErrorPage failure/> }.into_any(),
                        }
                    })
                }}
            </Transition>
        </PublicLayout>
    }
    .into_any()
}

/// The button, or why there is none.
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
                    <LinkTrouble state=link.state/>
                    <p>"Under My account you can have the link sent again."</p>
                    <ButtonLink href=paths::account("") tone=Tone::Primary>"My account"</ButtonLink>
                }
                .into_any(),
            }}
        </section>
    }
}
