//! The part "Accounts" of the organization settings (ACCT-1, ACCT-2): what there is, opening, changing and deleting.

use leptos::prelude::*;

use crate::{
    paths::{self, Address},
    rpc::{
        FormFlash,
        accounts::{ChangeAccount, CreateAccount, DeleteAccount},
    },
    ui::{
        components::{
            button::{BlockedButton, ButtonLink, Tone},
            copy::CopyField,
            dialog::{Dialog, DialogBody, DialogButtons},
            field::{Field, Hidden},
            form::{Form, Submit},
        },
        form_action::FormAction,
    },
    view::{
        Control,
        accounts::{AccountRow, AccountsView},
    },
};

/// The hint for Account IDs.
const ACCOUNT_ID: &str = "Letters, digits and hyphens. If you leave it empty, it is made from the name.";

/// The list, and the dialog that is open over it.
#[component]
pub fn Accounts(
    /// The loaded data.
    accounts: AccountsView,
    org: String,
    dialog: String,
    /// The account that the dialog is about.
    chosen: String,
    /// A form that was refused before WebAssembly took over.
    flash: Option<FormFlash>,
) -> impl IntoView {
    let here = paths::settings(&org, "accounts");
    let opened = |dialog: &str, id: &str| Address::new(here.clone()).with("dialog", dialog).with("item", id).text();
    let new = match &accounts.create {
        Control::Enabled => view! {
            <ButtonLink href=opened("new", "") tone=Tone::Primary icon="plus" in_place=true>"New account"</ButtonLink>
        }
        .into_any(),
        Control::Disabled(reason) => view! {
            <BlockedButton label="New account" reason=reason.clone() tone=Tone::Primary icon="plus"/>
            <p class="small">{reason.clone()}</p>
        }
        .into_any(),
        Control::Absent => ().into_any(),
    };
    let one = accounts.rows.iter().find(|row| row.id.to_string() == chosen).cloned();
    // An address can name a dialog that this reader is not offered.
    let shown = match (dialog.as_str(), one) {
        ("new", _) if accounts.create == Control::Enabled => {
            view! { <NewDialog org=org.clone() close=here.clone() flash/> }.into_any()
        }
        ("change", Some(row)) => view! { <ChangeDialog row org=org.clone() close=here.clone() flash/> }.into_any(),
        ("delete", Some(row)) if row.delete == Control::Enabled => {
            view! { <DeleteDialog row org=org.clone() close=here.clone() flash/> }.into_any()
        }
        _ => ().into_any(),
    };
    let rows = accounts
        .rows
        .iter()
        .map(|row| {
            let id = row.id.to_string();
            view! { <Entry row=row.clone() org=org.clone() change=opened("change", &id) delete=opened("delete", &id)/> }
        })
        .collect_view();
    view! {
        <p class="lead">"An account is a part of the organization with its own Drive and licences. Other organizations can send copies to it by its Sharing ID."</p>
        <ul class="accounts" aria-label="Accounts">{rows}</ul>
        <div class="bar">{new}</div>
        <p class="small">{format!("Plan: {}. {}", accounts.plan.label(), accounts.plan.summary())}</p>
        {shown}
    }
}

#[component]
fn Entry(row: AccountRow, org: String, change: String, delete: String) -> impl IntoView {
    let AccountRow { name, account_id, sharing_id, root, delete: deletable, .. } = row;
    let delete = match deletable {
        Control::Disabled(reason) => view! {
            <BlockedButton label="Delete account" reason=reason tone=Tone::Danger/>
        }
        .into_any(),
        Control::Enabled => {
            view! { <ButtonLink href=delete tone=Tone::Danger in_place=true>"Delete account"</ButtonLink> }.into_any()
        }
        Control::Absent => ().into_any(),
    };
    view! {
        <li aria-label=name.clone()>
            <div class="bar account-head">
                <div>
                    <h3><a href=paths::drive(&org, &root.to_string())>{name.clone()}</a></h3>
                    <p class="small">"Account ID " <code>{account_id}</code></p>
                </div>
                <div class="end">
                    <ButtonLink href=change in_place=true>"Change"</ButtonLink>
                    {delete}
                </div>
            </div>
            <CopyField value=sharing_id label=format!("Sharing ID of {name}") action="Copy" action_label=format!("Copy the Sharing ID of {name}")/>
        </li>
    }
}

#[component]
fn NewDialog(org: String, close: String, flash: Option<FormFlash>) -> impl IntoView {
    let action = FormAction::<CreateAccount>::new();
    view! {
        <Dialog label="New account" heading="New account" close=close.clone()>
            <Form action flash class="dialog-form" changes_session=true>
                <Hidden name="org" value=org/>
                <DialogBody>
                    <Field name="name" label="Name" focused=true/>
                    <Field name="account_id" label="Account ID" hint=ACCOUNT_ID optional=true/>
                </DialogBody>
                <DialogButtons close remark="The new account has its own Drive and no licences yet.">
                    <Submit label="Create"/>
                </DialogButtons>
            </Form>
        </Dialog>
    }
}

#[component]
fn ChangeDialog(row: AccountRow, org: String, close: String, flash: Option<FormFlash>) -> impl IntoView {
    let action = FormAction::<ChangeAccount>::new();
    view! {
        <Dialog label="Change account" heading=format!("Change {}", row.name) close=close.clone()>
            <Form action flash class="dialog-form" changes_session=true>
                <Hidden name="org" value=org/>
                <Hidden name="id" value=row.id.to_string()/>
                <DialogBody>
                    <Field name="name" label="Name" value=row.name focused=true/>
                    <Field name="account_id" label="Account ID" value=row.account_id hint=ACCOUNT_ID optional=true/>
                    <p class="small">"If you change the Account ID, the Sharing ID changes too, and the old one stops working."</p>
                </DialogBody>
                <DialogButtons close>
                    <Submit label="Save"/>
                </DialogButtons>
            </Form>
        </Dialog>
    }
}

#[component]
fn DeleteDialog(row: AccountRow, org: String, close: String, flash: Option<FormFlash>) -> impl IntoView {
    let action = FormAction::<DeleteAccount>::new();
    view! {
        <Dialog label="Delete account" heading=format!("Delete {}?", row.name) close=close.clone() starts_with_text=true>
            <Form action flash class="dialog-form" changes_session=true>
                <Hidden name="org" value=org/>
                <Hidden name="id" value=row.id.to_string()/>
                <DialogBody>
                    <p>"This account is empty. Its Sharing ID stops working, and people who were limited to it lose access to it. The ledgers of its licences are kept."</p>
                </DialogBody>
                <DialogButtons close>
                    <Submit label="Delete account" tone=Tone::Danger/>
                </DialogButtons>
            </Form>
        </Dialog>
    }
}
