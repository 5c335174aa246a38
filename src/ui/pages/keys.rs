//! Credential keys (AUTH-6), a section of the settings: how machines sign in for an account. A secret is shown once.

use leptos::prelude::*;

use crate::{
    domain::{key::Scope, time::Timestamp},
    rpc::{
        FormFlash,
        key::{CreateKey, RevokeKey},
    },
    ui::{
        components::{
            button::{ButtonLink, Tone},
            copy::CopyField,
            dialog::{Dialog, DialogBody, DialogButtons},
            empty::Empty,
            field::{Check, Field, Hidden},
            form::{Form, FormContext, Submit},
            note::{Note, Severity},
            select::Select,
            table::Fact,
        },
        form_action::FormAction,
        paths::{self, Address},
        words::{self, When},
    },
    view::key::{KeyView, KeysView, NewSecret},
};

/// The section, with the dialog that is open over it.
#[component]
pub fn Keys(
    /// The loaded data.
    keys: KeysView,
    org: String,
    dialog: String,
    /// The key that the dialog is about.
    about: String,
    /// A form that was refused before WebAssembly took over.
    flash: Option<FormFlash>,
    now: Timestamp,
) -> impl IntoView {
    let here = paths::settings(&org, "keys");
    let several = keys.accounts.len() > 1;
    let chosen = keys.keys.iter().find(|key| key.id.to_string() == about).cloned();
    let open = match (dialog.as_str(), chosen) {
        ("new-key", _) => {
            view! { <NewKey org=org.clone() accounts=keys.accounts.clone() close=here.clone() flash/> }.into_any()
        }
        ("revoke", Some(key)) => view! { <Revoke org=org.clone() key close=here.clone() flash/> }.into_any(),
        _ => ().into_any(),
    };
    let secret = keys.secret.map(|secret| view! { <Secret secret/> });
    let none = keys.keys.is_empty();
    let entries = keys
        .keys
        .into_iter()
        .map(|key| {
            let revoke = Address::new(here.clone()).with("dialog", "revoke").with("item", key.id.to_string()).text();
            view! { <Entry key revoke several now/> }
        })
        .collect_view();
    let new_key = Address::new(here.clone()).with("dialog", "new-key").text();
    view! {
        <p class="lead">"Programs exchange a client ID and a client secret for a token that works for one hour. A key works in its account only. Activity lists what it does, under its name."</p>
        {secret}
        {if none {
            view! { <Empty icon="lock" sentence="No credential keys yet. Create one to let a program sign in."/> }.into_any()
        } else {
            view! { <ul class="credential-keys" aria-label="Credential keys">{entries}</ul> }.into_any()
        }}
        <div class="bar"><ButtonLink href=new_key icon="plus" in_place=true>"New key"</ButtonLink></div>
        {open}
    }
}

/// The secret of a key that was just made.
#[component]
fn Secret(secret: NewSecret) -> impl IntoView {
    view! {
        <section class="new-secret" aria-labelledby="new-secret">
            <h3 id="new-secret">{format!("The secret of “{}”", secret.name)}</h3>
            <Note severity=Severity::Warning><p>"Copy the secret now. You will not be able to see it again."</p></Note>
            <p class="small">"Client ID"</p>
            <CopyField value=secret.client_id label="Client ID" action="Copy client ID"/>
            <p class="small">"Client secret"</p>
            <CopyField value=secret.secret label="Client secret" action="Copy secret"/>
        </section>
    }
}

#[component]
fn Entry(key: KeyView, revoke: String, several: bool, now: Timestamp) -> impl IntoView {
    let label = format!("Revoke {}", key.name);
    view! {
        <li class="credential-key">
            <div class="bar">
                <b>{key.name}</b>
                <div class="end"><a class="button" href=revoke aria-label=label data-noscroll="">"Revoke"</a></div>
            </div>
            <dl class="facts">
                <Fact label="Client ID"><code>{key.client_id}</code></Fact>
                {several.then(|| view! { <Fact label="Account">{key.account}</Fact> })}
                <Fact label="Permissions">{key.scopes.list().iter().map(|scope| scope.label()).collect::<Vec<_>>().join("; ")}</Fact>
                <Fact label="Created"><When at=key.created_at now/>{format!(" by {}", key.created_by)}</Fact>
                <Fact label="Last used">{key.last_used_at.map_or_else(|| "Never".to_owned(), |at| words::ago(at, now))}</Fact>
            </dl>
        </li>
    }
}

/// **New key**.
#[component]
fn NewKey(org: String, accounts: Vec<(String, String)>, close: String, flash: Option<FormFlash>) -> impl IntoView {
    let action = FormAction::<CreateKey>::new();
    let first = accounts.first().map(|(id, _)| id.clone()).unwrap_or_default();
    let several = accounts.len() > 1;
    view! {
        <Dialog label="New key" heading="New key" close=close.clone()>
            <Form action flash class="dialog-form">
                <Hidden name="org" value=org/>
                <DialogBody>
                    <Field name="name" label="Name" hint="The program appears under this name in Activity." focused=true/>
                    {several.then(|| view! { <Select name="account" label="Account" options=accounts value=first/> })}
                    <ScopeChecks/>
                </DialogBody>
                <DialogButtons close>
                    <Submit label="Create key"/>
                </DialogButtons>
            </Form>
        </Dialog>
    }
}

/// The scopes to choose from.
#[component]
fn ScopeChecks() -> impl IntoView {
    let form = FormContext::get();
    form.named("scopes", "Permissions");
    let problem = form.problem("scopes");
    let checks = Scope::ALL
        .into_iter()
        .map(|scope| {
            view! { <Check name=scope.as_str() label=scope.label() hint=scope.summary()/> }
        })
        .collect_view();
    view! {
        <fieldset class="group" id=form.field_id("scopes") tabindex="-1">
            <legend>"Permissions"</legend>
            {move || problem.get().map(|text| view! { <p class="problem">{text}</p> })}
            {checks}
        </fieldset>
    }
}

/// **Revoke**.
#[component]
fn Revoke(org: String, key: KeyView, close: String, flash: Option<FormFlash>) -> impl IntoView {
    let action = FormAction::<RevokeKey>::new();
    view! {
        <Dialog label="Revoke" heading=format!("Revoke “{}”?", key.name) close=close.clone() starts_with_text=true>
            <Form action flash class="dialog-form">
                <Hidden name="org" value=org/>
                <Hidden name="key" value=key.id.to_string()/>
                <DialogBody>
                    <p>"Programs that use this key are signed out at once and can no longer sign in. This cannot be undone."</p>
                </DialogBody>
                <DialogButtons close>
                    <Submit label="Revoke" tone=Tone::Danger/>
                </DialogButtons>
            </Form>
        </Dialog>
    }
}
