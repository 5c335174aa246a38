//! Privacy and data (SET-2): consents, data export, and deleting the account.

use leptos::prelude::*;

use crate::{
    domain::refusal::Refusal,
    paths::{self, Address},
    rpc::{
        FormFlash, ask,
        my_account::{DeleteAccount, SavePrivacy, account_farewell, account_profile},
    },
    ui::{
        components::{
            button::{BlockedButton, ButtonLink, Tone},
            dialog::{Dialog, DialogBody, DialogButtons},
            field::{Check, Field},
            form::{Form, FormButtons, Submit},
            icon::Icon,
        },
        form_action::FormAction,
        location::use_route_query,
        page::content,
        session::Session,
    },
    view::my_account::{AccountDeletionView, ProfileView},
};

use super::AccountFrame;

/// The page: `/account/privacy`, with the dialog `?dialog=delete`.
#[component]
pub fn PrivacyPage() -> impl IntoView {
    let deleting = use_route_query(|segments, query| {
        (segments == ["account", "privacy"]).then(|| query.get("dialog").as_deref() == Some("delete"))
    });
    let session = Session::get();
    let mine = ask(
        move || session.version(),
        |_| async move { Ok::<_, crate::rpc::Failure>((account_profile().await?, account_farewell().await?)) },
    );
    let content = content(move || {
        let deleting = deleting.get();
        async move {
            let flash = session.context().await.form;
            let (profile, farewell) = mine.await?;
            Ok(view! {
                <Consents profile/>
                <Export/>
                <Delete farewell deleting flash/>
            }
            .into_any())
        }
    });
    view! { <AccountFrame part="privacy">{content}</AccountFrame> }.into_any()
}

/// Consents.
#[component]
fn Consents(profile: ProfileView) -> impl IntoView {
    let action = FormAction::<SavePrivacy>::new();
    view! {
        <section class="panel account-part" aria-labelledby="consents">
            <h2 id="consents">"Consent"</h2>
            <Form action flash=None>
                <Check
                    name="usage_statistics"
                    label="Usage statistics"
                    hint="We count how you use the service, to improve it."
                    checked=profile.allows_usage_statistics
                />
                <Check
                    name="product_news"
                    label="Product news"
                    hint="We mail you about new features. You get mail about your account and your organizations either way."
                    checked=profile.allows_product_news
                />
                <FormButtons><Submit label="Save"/></FormButtons>
            </Form>
        </section>
    }
}

/// Data export.
#[component]
fn Export() -> impl IntoView {
    view! {
        <section class="panel account-part" aria-labelledby="export">
            <h2 id="export">"Export"</h2>
            <p>"Download a ZIP archive of everything about you: your profile, sessions, organizations and access, what you created, what you did and what you wrote to support."</p>
            <div class="bar">
                <a class="button" rel="external" download="commonhold-my-data.zip" href="/api/v1/me/export">
                    <Icon name="download"/>
                    "Export my data"
                </a>
            </div>
        </section>
    }
}

/// Deleting the account.
#[component]
fn Delete(farewell: AccountDeletionView, deleting: bool, flash: Option<FormFlash>) -> impl IntoView {
    let address = Address::new(paths::account("privacy")).with("dialog", "delete").text();
    let names: Vec<&str> = farewell.last_owner_of.iter().map(|one| one.name.as_str()).collect();
    let last = (!names.is_empty()).then(|| Refusal::LastOwnerOf(names.join(", ")).to_string());
    let ways = farewell
        .last_owner_of
        .iter()
        .map(|one| view! { <li><a class="text-link" href=paths::people(&one.org_id)>{one.name.clone()}</a></li> })
        .collect_view();
    let possible = last.is_none();
    view! {
        <section class="panel account-part" aria-labelledby="delete-account">
            <h2 id="delete-account">"Delete account"</h2>
            <p>"This deletes your name, email address, password, support tickets and personal space, and signs you out everywhere. Work that you created in organizations stays there, under the name “Deleted person”. Only their activity logs keep your name."</p>
            {match last {
                Some(reason) => view! {
                    <BlockedButton label="Delete my account" reason tone=Tone::Danger/>
                    <ul class="plain-list" aria-label="Organizations that need another Owner">{ways}</ul>
                }
                .into_any(),
                None => view! {
                    <div class="bar"><ButtonLink href=address icon="trash" tone=Tone::Danger in_place=true>"Delete my account"</ButtonLink></div>
                }
                .into_any(),
            }}
        </section>
        {(deleting && possible).then(|| view! { <DeleteDialog farewell flash/> })}
    }
}

#[component]
fn DeleteDialog(farewell: AccountDeletionView, flash: Option<FormFlash>) -> impl IntoView {
    let action = FormAction::<DeleteAccount>::new();
    let close = paths::account("privacy");
    view! {
        <Dialog label="Delete my account" heading="Delete my account" close=close.clone()>
            <Form action flash class="dialog-form" changes_session=true>
                <DialogBody>
                    <p>"This cannot be undone. To confirm, type your email address, " <b>{farewell.email}</b> ", and your password."</p>
                    <Field name="confirm" label="Email" kind="email" focused=true/>
                    <Field name="password" label="Password" kind="password" autocomplete="current-password"/>
                    {farewell.space_holds_work.then(|| view! {
                        <Check
                            name="delete_space"
                            label="Delete the work in my personal space too"
                            hint="Without this, your account cannot be deleted. To keep the work, move it to an organization first."
                        />
                    })}
                </DialogBody>
                <DialogButtons close>
                    <Submit label="Delete my account" tone=Tone::Danger/>
                </DialogButtons>
            </Form>
        </Dialog>
    }
}
