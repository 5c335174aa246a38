//! Security (AUTH-4): changing the password, and the list of sessions.

use leptos::prelude::*;

use crate::{
    domain::time::Timestamp,
    paths,
    rpc::{
        FormFlash, ask,
        my_account::{ChangePassword, EndOtherSessions, EndSession, account_sessions},
    },
    ui::{
        components::{
            button::Tone,
            field::{Field, Hidden, Username},
            form::{Form, FormButtons, Submit},
            icon::Icon,
        },
        form_action::FormAction,
        page::content,
        session::Session,
        words::When,
    },
    view::my_account::SessionItem,
};

use super::AccountFrame;

/// The page: `/account/security`.
#[component]
pub fn SecurityPage() -> impl IntoView {
    let session = Session::get();
    let sessions = ask(move || session.version(), |_| account_sessions());
    let content = content(move || async move {
        let context = session.context().await;
        let sessions = sessions.await?;
        let email = context.person.map(|person| person.email).unwrap_or_default();
        Ok(view! {
            <Passwords email flash=context.form/>
            <Sessions sessions now=context.now/>
        }
        .into_any())
    });
    view! { <AccountFrame part="security">{content}</AccountFrame> }.into_any()
}

/// Changing the password.
#[component]
fn Passwords(email: String, flash: Option<FormFlash>) -> impl IntoView {
    let action = FormAction::<ChangePassword>::new();
    view! {
        <section class="panel account-part" aria-labelledby="change-password">
            <h2 id="change-password">"Change password"</h2>
            <p class="lead">"This signs you out everywhere else. We confirm the change by mail."</p>
            <Form action flash>
                <Username email/>
                <div class="columns">
                    <Field name="current" label="Current password" kind="password" autocomplete="current-password"/>
                    <Field
                        name="password"
                        label="New password"
                        kind="password"
                        autocomplete="new-password"
                        hint="12 to 128 characters. A few unrelated words work well."
                    />
                </div>
                <FormButtons>
                    <a class="button quiet" href=paths::FORGOT>"Forgot password?"</a>
                    <Submit label="Change password"/>
                </FormButtons>
            </Form>
        </section>
    }
}

/// The sessions of the account.
#[component]
fn Sessions(sessions: Vec<SessionItem>, now: Timestamp) -> impl IntoView {
    let action = FormAction::<EndOtherSessions>::new();
    let others = sessions.iter().any(|session| !session.current);
    let entries = sessions.into_iter().map(|item| view! { <SessionEntry item now/> }).collect_view();
    view! {
        <section class="panel account-part" aria-labelledby="sessions">
            <div class="bar">
                <h2 id="sessions">"Where you are signed in"</h2>
                {others.then(|| view! {
                    <Form action flash=None class="inline-form">
                        <Submit label="End all other sessions" tone=Tone::Plain/>
                    </Form>
                })}
            </div>
            <ul class="sessions" aria-label="Sessions">{entries}</ul>
        </section>
    }
}

#[component]
fn SessionEntry(item: SessionItem, now: Timestamp) -> impl IntoView {
    let action = FormAction::<EndSession>::new();
    let from = item.address.map(|address| format!("{address} · ")).unwrap_or_default();
    let end = if item.current {
        view! { <span class="tag">"This device"</span> }.into_any()
    } else {
        view! {
            <Form action flash=None class="inline-form">
                <Hidden name="id" value=item.id.to_string()/>
                <Submit label="End" tone=Tone::Plain/>
            </Form>
        }
        .into_any()
    };
    view! {
        <li>
            <Icon name="device"/>
            <div>
                <b>{item.device}</b>
                <small>{from} "last used " <When at=item.last_seen now/> ", signed in " <When at=item.created_at now/></small>
            </div>
            {end}
        </li>
    }
}
