//! Forgotten password (AUTH-5). The answer never tells whether such an account exists.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    paths,
    rpc::{FormFlash, my_account::ForgotPassword},
    ui::{
        components::{
            field::Field,
            form::{Form, Submit},
            note::Note,
        },
        form_action::FormAction,
        layout::{FocusHeading, PublicLayout},
        location::use_route_query,
        page::content,
        session::Session,
    },
};

/// The page: `/forgot`, and `/forgot?sent=yes` afterwards.
#[component]
pub fn ForgotPage() -> impl IntoView {
    let sent = use_route_query(|segments, query| (segments == ["forgot"]).then(|| query.get("sent").is_some()));
    let session = Session::get();
    let content = content(move || {
        let sent = sent.get();
        async move {
            let flash = session.context().await.form;
            Ok(view! { <ForgotView sent flash/> }.into_any())
        }
    });
    view! {
        <Title text="Forgot password"/>
        <FocusHeading/>
        <PublicLayout>{content}</PublicLayout>
    }
    .into_any()
}

#[component]
fn ForgotView(sent: bool, flash: Option<FormFlash>) -> impl IntoView {
    let action = FormAction::<ForgotPassword>::new();
    view! {
        <section class="card">
            <h1 tabindex="-1">"Forgot password"</h1>
            {if sent {
                view! {
                    <div role="status">
                        <Note>
                            <p><b>"Check your inbox"</b></p>
                            <p>"If an account uses that address, we sent a link to it. The link works once, within one hour."</p>
                        </Note>
                    </div>
                }
                .into_any()
            } else {
                view! { <p>"We will mail you a link to set a new password."</p> }.into_any()
            }}
            <Form action flash>
                <Field name="email" label="Email" kind="email" autocomplete="username" focused=!sent/>
                <Submit label="Send link"/>
            </Form>
            <p class="aside"><a href=paths::sign_in("")>"Sign in"</a></p>
        </section>
    }
}
