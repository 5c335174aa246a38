//! Sign up (AUTH-1).

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    domain::installation_policy::BY_INVITATION,
    paths,
    rpc::{FormFlash, session::SignUp},
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

/// The page: `/signup?next=…`.
#[component]
pub fn SignUpPage() -> impl IntoView {
    let next =
        use_route_query(|segments, query| (segments == ["signup"]).then(|| query.get("next").unwrap_or_default()));
    let session = Session::get();
    let content = content(move || {
        let next = next.get();
        async move {
            let context = session.context().await;
            Ok(if context.policy.has_sign_up() {
                view! { <SignUpView next flash=context.form about=context.policy.about_sign_up()/> }.into_any()
            } else {
                view! { <ByInvitation next/> }.into_any()
            })
        }
    });
    view! {
        <Title text="Sign up"/>
        <FocusHeading/>
        <PublicLayout>{content}</PublicLayout>
    }
    .into_any()
}

/// Shown where signing up takes an invitation.
#[component]
fn ByInvitation(next: String) -> impl IntoView {
    view! {
        <section class="card">
            <h1 tabindex="-1">"Sign up"</h1>
            <p>{BY_INVITATION}</p>
            <p>"If you have been invited, open the link in the invitation mail to sign up."</p>
            <p class="aside">"Have an account? " <a href=paths::sign_in(&next)>"Sign in"</a></p>
        </section>
    }
}

#[component]
fn SignUpView(
    next: String,
    flash: Option<FormFlash>,
    /// Who may sign up, unless everybody may.
    about: Option<String>,
) -> impl IntoView {
    let action = FormAction::<SignUp>::new();
    let sign_in = paths::sign_in(&next);
    view! {
        <section class="card">
            <h1 tabindex="-1">"Sign up"</h1>
            {about.map(|about| view! { <p>{about}</p> })}
            <Form action flash changes_session=true>
                <Hidden name="next" value=next/>
                <div class="columns">
                    <Field name="first_name" label="First name" autocomplete="given-name" focused=true/>
                    <Field name="last_name" label="Last name" autocomplete="family-name"/>
                </div>
                <Field name="email" label="Email" kind="email" autocomplete="username"/>
                <Field
                    name="password"
                    label="Password"
                    kind="password"
                    autocomplete="new-password"
                    hint="12 to 128 characters. A few unrelated words work well."
                />
                <Submit label="Sign up"/>
            </Form>
            <p class="aside">"Have an account? " <a href=sign_in>"Sign in"</a></p>
        </section>
    }
}
