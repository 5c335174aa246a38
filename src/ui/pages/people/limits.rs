//! **Accounts** of a person (ACCT-2): in which of them their role counts.

use leptos::prelude::*;

use super::route::PeopleRoute;
use crate::{
    rpc::{FormFlash, accounts::LimitPerson},
    ui::{
        components::{
            button::BlockedButton,
            dialog::{Dialog, DialogBody, DialogButtons},
            field::{Hidden, Radios},
            form::{Form, FormContext, Submit},
            note::{Note, Severity},
        },
        form_action::FormAction,
    },
    view::{Control, accounts::LimitsView},
};

#[component]
pub fn LimitsDialog(limits: LimitsView, route: PeopleRoute, flash: Option<FormFlash>) -> impl IntoView {
    let action = FormAction::<LimitPerson>::new();
    let close = route.address();
    let reason = match &limits.change {
        Control::Enabled | Control::Absent => None,
        Control::Disabled(reason) => Some(reason.clone()),
    };
    // An existing limit can be removed on every plan.
    let blocked = reason.clone().filter(|_| !limits.limited);
    let note = reason.map(|reason| view! { <Note severity=Severity::Warning><p>{reason}</p></Note> });
    view! {
        <Dialog label="Accounts" heading=format!("Accounts of {}", limits.name) close=close.clone() starts_with_text=true>
            <Form action flash class="dialog-form">
                <Hidden name="org" value=route.org.clone()/>
                <Hidden name="person" value=limits.person.to_string()/>
                <Hidden name="back" value=close.clone()/>
                <DialogBody>
                    {note}
                    <Choices limits=limits.clone()/>
                    <p class="small">"In other accounts they see only what is shared with them, like a Member. A Manager of chosen accounts cannot manage people or settings."</p>
                </DialogBody>
                <DialogButtons close>
                    // Made inside the form, whose context a submit button needs.
                    {match blocked.clone() {
                        Some(reason) => view! { <BlockedButton label="Save" reason=reason/> }.into_any(),
                        None => view! { <Submit label="Save"/> }.into_any(),
                    }}
                </DialogButtons>
            </Form>
        </Dialog>
    }
}

/// All accounts, or the checked ones.
#[component]
fn Choices(limits: LimitsView) -> impl IntoView {
    let form = FormContext::get();
    let options = vec![("everywhere", "In every account, including new ones"), ("chosen", "Only in these accounts:")];
    let boxes = limits
        .accounts
        .into_iter()
        .map(|account| {
            let id = account.id.to_string();
            let ticked = if form.came_back() { form.typed_among("accounts[]", &id) } else { account.chosen };
            view! {
                <label class="tick">
                    <input type="checkbox" name="accounts[]" value=id checked=ticked/>
                    {account.name}
                </label>
            }
        })
        .collect_view();
    view! {
        <Radios name="counts" label="Where the role counts" options first=if limits.limited { "chosen" } else { "everywhere" }/>
        <fieldset class="field account-choices" aria-label="Accounts">{boxes}</fieldset>
    }
}
