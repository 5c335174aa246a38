//! **Limits** of a person (JOB-5): what their membership lets through to them.

use leptos::prelude::*;

use super::route::PeopleRoute;
use crate::{
    domain::access::Level,
    rpc::{FormFlash, people::ChangeCaps},
    ui::{
        components::{
            dialog::{Dialog, DialogBody, DialogButtons},
            field::{Check, Hidden},
            form::{Form, Submit},
            select::Select,
        },
        form_action::FormAction,
    },
    view::people::CapsView,
};

#[component]
pub fn CapsDialog(caps: CapsView, route: PeopleRoute, flash: Option<FormFlash>) -> impl IntoView {
    let action = FormAction::<ChangeCaps>::new();
    let close = route.address();
    let levels = Level::ALL.map(|level| (level.as_str().to_owned(), level.label().to_owned())).to_vec();
    let level = caps.caps.max_level.as_str().to_owned();
    view! {
        <Dialog label="Limits" heading=format!("Limits of {}", caps.name) close=close.clone() starts_with_text=true>
            <Form action flash class="dialog-form">
                <Hidden name="org" value=route.org.clone()/>
                <Hidden name="person" value=caps.person.to_string()/>
                <Hidden name="back" value=close.clone()/>
                <DialogBody>
                    <p>"What the organization has or was given reaches a person up to these limits. What was given to them alone is not limited."</p>
                    <Select name="level" label="Highest level" options=levels value=level hint="On what others share with the organization."/>
                    <Check name="apps" label="Use of apps" hint="Apps that the organization may run, and any app on what it owns." checked=caps.caps.apps/>
                    <Check name="billable" label="May start what the organization pays for" hint="Jobs and transfers that use its allowance or credits." checked=caps.caps.billable/>
                    <p class="small">{format!("The role stays {}. Another role sets these limits back.", caps.role.label())}</p>
                </DialogBody>
                <DialogButtons close>
                    <Submit label="Save"/>
                </DialogButtons>
            </Form>
        </Dialog>
    }
}
