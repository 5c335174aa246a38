//! The dialogs to create and to rename (DRIVE-4).

use leptos::prelude::*;

use super::route::Listing;
use crate::{
    domain::resource::Kind,
    rpc::{
        FormFlash,
        drive::{CreateResource, RenameResource},
    },
    ui::{
        components::{
            dialog::{Dialog, DialogBody, DialogButtons},
            field::{Field, Hidden},
            form::{Form, Submit},
        },
        form_action::FormAction,
    },
    view::DriveView,
};

/// **New folder**, **New site**, **New asset**, **New dataset**.
#[component]
pub fn NewDialog(kind: Kind, listing: Listing, drive: DriveView, flash: Option<FormFlash>) -> impl IntoView {
    let action = FormAction::<CreateResource>::new();
    let title = format!("New {}", kind.label().to_lowercase());
    let close = listing.address();
    let parent = drive.resource.map(|resource| resource.id.to_string()).unwrap_or_default();
    view! {
        <Dialog label=title.clone() heading=title close=close.clone()>
            <Form action flash class="dialog-form">
                <Hidden name="parent" value=parent/>
                <Hidden name="kind" value=kind.as_str()/>
                <Hidden name="back" value=close.clone()/>
                <DialogBody>
                    <Field name="name" label="Name" focused=true/>
                    {(kind == Kind::Dataset).then(|| view! {
                        <div class="columns">
                            <Field name="images" label="Images" kind="number" min="0" optional=true/>
                            <Field name="captured_on" label="Captured on" kind="date" optional=true/>
                        </div>
                    })}
                </DialogBody>
                <DialogButtons close>
                    <Submit label="Create"/>
                </DialogButtons>
            </Form>
        </Dialog>
    }
}

#[component]
pub fn RenameDialog(item: String, listing: Listing, drive: DriveView, flash: Option<FormFlash>) -> impl IntoView {
    let action = FormAction::<RenameResource>::new();
    let close = listing.address();
    let row = drive.rows.items.iter().find(|row| row.id.to_string() == item).map(|row| (row.name.clone(), row.kind));
    let resource = drive
        .resource
        .as_ref()
        .filter(|resource| resource.id.to_string() == item)
        .map(|resource| (resource.name.clone(), resource.kind));
    let (name, kind) = row.or(resource).unwrap_or((String::new(), Kind::Folder));
    let whole = (0, u32::try_from(name.encode_utf16().count()).unwrap_or(u32::MAX));
    view! {
        <Dialog label="Rename" heading=format!("Rename {}", kind.label().to_lowercase()) close=close.clone()>
            <Form action flash class="dialog-form">
                <Hidden name="id" value=item/>
                <Hidden name="back" value=close.clone()/>
                <DialogBody>
                    <Field name="name" label="Name" value=name selects=whole focused=true/>
                </DialogBody>
                <DialogButtons close>
                    <Submit label="Rename"/>
                </DialogButtons>
            </Form>
        </Dialog>
    }
}
