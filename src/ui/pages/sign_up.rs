//! Sign up (AUTH-1).

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    domain::policy::BY_INVITATION,
    rpc::{FormFlash, session::SignUp},
    ui::{
        components::{
            field::{Field, Hidden},
            form::{Form, Submit},
        },
        form_action::FormAction,
        layout::{FocusHeading, PublicLayout},
        location::use_route_query,
        paths,
        session::{PageContext, Session},
    },
};

/// The page: `/signup?next=…`.
#[component]
pub fn SignUpPage() -> impl IntoView {
    let next =
        use_route_query(|segments, query| (segments == ["signup"]).then(|| query.get("next").unwrap_or_default()));
    let session = Session::get();
    view! {
        <Title text="Sign up"/>
        <FocusHeading/>
        <PublicLayout>
            <Transition>
                {move || {
                    let next = next.get();
                    Suspend::new(async move {
                        let begin = PageContext::from(session.start().await);
                        if begin.policy.has_sign_up() {
                            view! { <SignUpView next flash=begin.form about=begin.policy.about_sign_up()/> }.into_any()
                        } else {
                            view! { <ByInvitation next/> }.into_any()
                        }
                    })
                }}
            </Transition>
        </PublicLayout>
    }
    .into_any()
}

/// No form: one signs up by invitation here.
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

/// The form.
#[component]
fn SignUpView(
    next: String,
    flash: Option<FormFlash>,
    /// For whom it is, unless it is for everybody.
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
