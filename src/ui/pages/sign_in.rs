//! Sign in (AUTH-3).

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    rpc::{FormFlash, session::SignIn},
    ui::{
        components::{
            field::{Field, Hidden},
            form::{Form, Submit},
        },
        layout::{Arrival, OutsideFrame},
        paths,
        routes::here,
        sending::ServerAction,
        session::{Beginning, Session},
    },
};

/// The page: `/signin?next=…`.
#[component]
pub fn SignInPage() -> impl IntoView {
    let next = here(|segments, query| (segments == ["signin"]).then(|| query.get("next").unwrap_or_default()));
    let session = Session::get();
    view! {
        <Title text="Sign in"/>
        <Arrival/>
        <OutsideFrame>
            <Transition>
                {move || {
                    let next = next.get();
                    Suspend::new(async move {
                        let begin = Beginning::from(session.start().await);
                        view! { <SignInView next flash=begin.form/> }
                    })
                }}
            </Transition>
        </OutsideFrame>
    }
    .into_any()
}

/// The form.
#[component]
fn SignInView(next: String, flash: Option<FormFlash>) -> impl IntoView {
    let action = ServerAction::<SignIn>::new();
    let sign_up = paths::sign_up(&next);
    view! {
        <section class="card">
            <h1 tabindex="-1">"Sign in"</h1>
            <Form action flash changes_session=true>
                <Hidden name="next" value=next/>
                <Field name="email" label="Email" kind="email" autocomplete="username" focused=true/>
                <Field name="password" label="Password" kind="password" autocomplete="current-password"/>
                <Submit label="Sign in"/>
            </Form>
            <p class="aside"><a href=paths::FORGOT>"Forgot password?"</a></p>
            <p class="aside">"New here? " <a href=sign_up>"Sign up"</a></p>
        </section>
    }
}
