//! Sign in (AUTH-3).

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    domain::installation_policy::{BY_INVITATION, Policy},
    paths,
    rpc::{FormFlash, session::SignIn},
    ui::{
        components::{
            field::{Field, Hidden},
            form::{Form, Submit},
        },
        form_action::FormAction,
        layout::{FocusHeading, PublicLayout},
        location::use_route_query,
        page::content,
        session::Session,
    },
};

/// The page: `/signin?next=…`.
#[component]
pub fn SignInPage() -> impl IntoView {
    let next =
        use_route_query(|segments, query| (segments == ["signin"]).then(|| query.get("next").unwrap_or_default()));
    let session = Session::get();
    let content = content(move || {
        let next = next.get();
        async move {
            let context = session.context().await;
            Ok(view! { <SignInView next flash=context.form policy=context.policy/> }.into_any())
        }
    });
    view! {
        <Title text="Sign in"/>
        <FocusHeading/>
        <PublicLayout>{content}</PublicLayout>
    }
    .into_any()
}

#[component]
fn SignInView(next: String, flash: Option<FormFlash>, policy: Policy) -> impl IntoView {
    let action = FormAction::<SignIn>::new();
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
            {if policy.has_sign_up() {
                view! { <p class="aside">"New here? " <a href=sign_up>"Sign up"</a></p> }.into_any()
            } else {
                view! { <p class="aside">{BY_INVITATION}</p> }.into_any()
            }}
        </section>
    }
}
