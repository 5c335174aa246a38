//! **Discard** of uploads that were left: what arrived of files that are not complete is lost with it, so it is asked about first (FILE-3).

use leptos::prelude::*;

use super::{dialogs::LoadedDrive, route::Listing};
use crate::{
    domain::refusal::Refusal,
    rpc::{FormFlash, upload::DiscardUploads},
    ui::{
        components::{
            button::Tone,
            dialog::{Dialog, DialogBody, DialogButtons},
            field::Hidden,
            form::{Form, Submit},
        },
        form_action::FormAction,
        page::dialog_content,
        session::Session,
        words,
    },
};

#[component]
pub fn DiscardDialog(listing: Listing, drive: LoadedDrive) -> impl IntoView {
    let session = Session::get();
    let close = listing.address();
    let content = dialog_content(close.clone(), {
        let close = close.clone();
        move || {
            let (dataset, close) = (listing.resource.clone(), close.clone());
            async move {
                let flash = session.context().await.form;
                let (_, drive) = drive.await;
                let left = drive?.upload.and_then(|place| place.unfinished).ok_or(Refusal::NotFound)?;
                let missing = left.all - left.here;
                Ok(view! { <Question missing dataset close flash/> }.into_any())
            }
        }
    });
    view! {
        <Dialog label="Discard" heading="Discard what is not complete?" close starts_with_text=true>{content}</Dialog>
    }
}

#[component]
fn Question(
    /// How many files are not complete.
    missing: i64,
    dataset: String,
    close: String,
    flash: Option<FormFlash>,
) -> impl IntoView {
    let action = FormAction::<DiscardUploads>::new();
    let files = words::counted(missing, "file is not complete", "files are not complete");
    let lost = if missing == 1 {
        "What arrived of it is lost, and it has to be sent from its beginning."
    } else {
        "What arrived of them is lost, and they have to be sent from their beginning."
    };
    view! {
        <Form action flash class="dialog-form">
            <Hidden name="dataset" value=dataset/>
            <Hidden name="back" value=close.clone()/>
            <DialogBody><p>{format!("{files}. {lost} Files that are complete stay.")}</p></DialogBody>
            <DialogButtons close><Submit label="Discard" tone=Tone::Danger/></DialogButtons>
        </Form>
    }
}
