//! **Share a copy** (ACCT-3): with the account behind a Sharing ID.

use leptos::prelude::*;

use super::route::Listing;
use crate::{
    rpc::{FormFlash, task::ShareCopy},
    ui::{
        components::{
            dialog::{Dialog, DialogBody, DialogButtons},
            field::{Field, Hidden},
            form::{Form, Submit},
        },
        form_action::FormAction,
        session::Session,
        suspend::rebuilt,
        words,
    },
};

#[component]
pub fn ShareCopyDialog(items: Vec<String>, listing: Listing) -> impl IntoView {
    let session = Session::get();
    let close = listing.address();
    let heading = format!("Share a copy of {}", words::totalled(items.len() as u64, "item", "items"));
    let items = items.join(",");
    view! {
        <Dialog label="Share a copy" heading close=close.clone()>
            <Suspense>
                {rebuilt(move || {
                    let (items, close) = (items.clone(), close.clone());
                    async move {
                        let flash = session.context().await.form;
                        view! { <ShareCopyForm items close flash/> }
                    }
                })}
            </Suspense>
        </Dialog>
    }
}

#[component]
fn ShareCopyForm(items: String, close: String, flash: Option<FormFlash>) -> impl IntoView {
    let action = FormAction::<ShareCopy>::new();
    view! {
        <Form action flash class="dialog-form">
            <Hidden name="items" value=items/>
            <Hidden name="back" value=close.clone()/>
            <DialogBody>
                <p>"The copy appears at the top of the other Drive and belongs to the organization there. Your own items stay as they are."</p>
                <Field name="sharing_id" label="Sharing ID" hint="Ask the recipient for it. It looks like Table/Chair; upper and lower case are the same." focused=true/>
                <p class="small">"Access and links are not copied."</p>
            </DialogBody>
            <DialogButtons close><Submit label="Share a copy"/></DialogButtons>
        </Form>
    }
}
