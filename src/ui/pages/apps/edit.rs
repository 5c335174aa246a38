//! What those who publish an app change about it: its title and summary, and whether it can be run.

use leptos::prelude::*;

use super::route::AppRoute;
use crate::{
    domain::app::AppState,
    paths,
    rpc::{
        FormFlash,
        app::{ChangeApp, SetAppState},
    },
    ui::{
        components::{
            button::{BlockedButton, Tone},
            dialog::{Dialog, DialogBody, DialogButtons},
            field::{Field, Hidden},
            form::{Form, Submit},
        },
        form_action::FormAction,
    },
    view::app::AppView,
};

/// **Edit**.
#[component]
pub fn EditDialog(route: AppRoute, app: AppView, flash: Option<FormFlash>) -> impl IntoView {
    let action = FormAction::<ChangeApp>::new();
    let close = paths::app(&route.org, &app.slug);
    view! {
        <Dialog label="Edit" heading=format!("Edit “{}”", app.title) close=close.clone()>
            <Form action flash class="dialog-form">
                <Hidden name="org" value=route.org/>
                <Hidden name="app" value=app.slug/>
                <DialogBody>
                    <Field name="title" label="Title" value=app.title focused=true/>
                    <Field name="summary" label="Summary" value=app.summary hint="What it does, in a sentence." optional=true/>
                </DialogBody>
                <DialogButtons close>
                    <Submit label="Save"/>
                </DialogButtons>
            </Form>
        </Dialog>
    }
}

/// **Publish**, or why that is not possible yet.
#[component]
pub fn PublishForm(route: AppRoute, app: AppView, flash: Option<FormFlash>) -> impl IntoView {
    if let Err(refusal) = app.state.may_become(AppState::Published, app.last_version) {
        return view! { <BlockedButton label="Publish" reason=refusal.to_string() tone=Tone::Primary/> }.into_any();
    }
    let action = FormAction::<SetAppState>::new();
    view! {
        <Form action flash class="inline-form">
            <Hidden name="org" value=route.org/>
            <Hidden name="app" value=app.slug/>
            <Hidden name="state" value=AppState::Published.as_str()/>
            <Submit label="Publish"/>
        </Form>
    }
    .into_any()
}

/// **Withdraw**.
#[component]
pub fn WithdrawDialog(route: AppRoute, app: AppView, flash: Option<FormFlash>) -> impl IntoView {
    let action = FormAction::<SetAppState>::new();
    let close = paths::app(&route.org, &app.slug);
    view! {
        <Dialog label="Withdraw" heading=format!("Withdraw “{}”?", app.title) close=close.clone() starts_with_text=true>
            <Form action flash class="dialog-form">
                <Hidden name="org" value=route.org/>
                <Hidden name="app" value=app.slug/>
                <Hidden name="state" value=AppState::Withdrawn.as_str()/>
                <DialogBody>
                    <p>"No one can run it then, not even your own organization. Jobs that began go on, and results stay."</p>
                    <p>"You can publish it again."</p>
                </DialogBody>
                <DialogButtons close>
                    <Submit label="Withdraw" tone=Tone::Danger/>
                </DialogButtons>
            </Form>
        </Dialog>
    }
}
