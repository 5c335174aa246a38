//! Where uploads begin on a page: the menu **Upload**, and on a dataset's page what was left of an upload.

use leptos::{ev::Event, html, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;

use super::{Chosen, Target, Uploads, plain_form::PlainUploadForm, selected_dataset};
use crate::{
    paths,
    rpc::{FormFlash, upload::DiscardUploads},
    ui::{
        components::{
            button::{BlockedButton, Tone},
            field::Hidden,
            form::{Form, Submit},
            icon::Icon,
            menu::Menu,
            note::{Note, Severity},
        },
        form_action::FormAction,
        session::Session,
        words,
    },
    view::{
        Control,
        file::{UnfinishedView, UploadPlaceView},
    },
};

/// **Upload files** and **Upload folder**, once WebAssembly is there. Absent where nothing can ever be added, disabled with the reason
/// where it cannot now.
#[component]
pub fn UploadMenu(
    target: Target,
    control: Control,
    /// Whether the page shows the reason nearby.
    #[prop(optional)]
    reason_shown: bool,
) -> impl IntoView {
    let session = Session::get();
    match control {
        Control::Absent => ().into_any(),
        Control::Disabled(reason) => {
            view! { <BlockedButton label="Upload" reason icon="upload" reason_shown/> }.into_any()
        }
        Control::Enabled => {
            let target = StoredValue::new(target);
            (move || session.hydrated.get().then(|| view! { <Choices target/> })).into_any()
        }
    }
}

#[component]
fn Choices(target: StoredValue<Target>) -> impl IntoView {
    let (files, folder) = (NodeRef::<html::Input>::new(), NodeRef::<html::Input>::new());
    view! {
        <Menu id="upload-menu" label="Upload" class="button" button=|| view! { <Icon name="upload"/> "Upload" }.into_any()>
            <OpenPicker input=files icon="upload">"Upload files"</OpenPicker>
            <OpenPicker input=folder icon="folder">"Upload folder"</OpenPicker>
        </Menu>
        <Picker input=files label="Upload files" target/>
        <Picker input=folder label="Upload folder" is_folder=true target/>
    }
}

/// An entry of the menu that opens the browser's own dialog.
#[component]
fn OpenPicker(input: NodeRef<html::Input>, icon: &'static str, children: Children) -> impl IntoView {
    let open = move |_| {
        if let Some(input) = input.get_untracked() {
            input.click();
        }
    };
    view! {
        <button type="button" popovertarget="upload-menu" popovertargetaction="hide" on:click=open>
            <Icon name=icon/>
            {children()}
        </button>
    }
}

/// The input behind a button. The button is what is seen and focused.
#[component]
fn Picker(
    input: NodeRef<html::Input>,
    label: &'static str,
    /// Whether a folder is chosen, with everything in it.
    #[prop(optional)]
    is_folder: bool,
    target: StoredValue<Target>,
) -> impl IntoView {
    let uploads = Uploads::get();
    Effect::new(move |_| {
        if let Some(input) = input.get().filter(|_| is_folder) {
            // Not in the list of attributes that Leptos knows.
            drop(input.set_attribute("webkitdirectory", ""));
        }
    });
    let chosen = move |event: Event| {
        let Some(input) = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok()) else { return };
        let files: Vec<web_sys::File> = input
            .files()
            .map(|list| (0..list.length()).filter_map(|index| list.get(index)).collect())
            .unwrap_or_default();
        // So that the same files can be chosen again.
        input.set_value("");
        if !files.is_empty() {
            let target = target.get_value();
            let dataset = target.dataset.clone().or_else(selected_dataset);
            uploads.offer(Target { dataset, ..target }, Chosen::Files(files));
        }
    };
    view! { <input node_ref=input type="file" hidden=true multiple=true aria-label=label on:change=chosen/> }
}

/// What a dataset's page has for uploading: the menu, or without script a form; and what was left of an upload.
#[component]
pub fn DatasetUploads(
    /// The dataset's id and name.
    dataset: (String, String),
    place: UploadPlaceView,
    /// The page's own address.
    back: String,
    flash: Option<FormFlash>,
) -> impl IntoView {
    let session = Session::get();
    let action = paths::upload_form(&dataset.0);
    let refused = flash.clone().filter(|flash| flash.action == action).map(|flash| view! { <Refused flash/> });
    let target = Target { container: None, dataset: Some(dataset.clone()) };
    let left = place.unfinished.map(|unfinished| {
        view! { <Unfinished dataset=dataset.0.clone() target=target.clone() unfinished back flash/> }
    });
    let plain = (place.control == Control::Enabled).then(|| {
        let (dataset, may_replace) = (StoredValue::new(dataset.0.clone()), place.may_replace);
        move || (!session.hydrated.get()).then(|| view! { <PlainUploadForm dataset=dataset.get_value() may_replace/> })
    });
    view! {
        {refused}
        {left}
        <div class="upload-bar">
            {plain}
            <UploadMenu target control=place.control/>
        </div>
    }
}

/// What a form without script could not add.
#[component]
fn Refused(flash: FormFlash) -> impl IntoView {
    let files =
        flash.values.into_iter().map(|(path, reason)| view! { <li><b>{path}</b>": "{reason}</li> }).collect_view();
    view! {
        <div class="problems" role="alert" tabindex="-1" autofocus=true>
            <Note severity=Severity::Error>
                <p><b>{flash.failure.to_string()}</b></p>
                <ul>{files}</ul>
            </Note>
        </div>
    }
}

/// An upload that was left: going on with it, or giving it up.
#[component]
fn Unfinished(
    dataset: String,
    target: Target,
    unfinished: UnfinishedView,
    back: String,
    flash: Option<FormFlash>,
) -> impl IntoView {
    let (session, uploads) = (Session::get(), Uploads::get());
    let action = FormAction::<DiscardUploads>::new();
    let input = NodeRef::<html::Input>::new();
    let (target, id) = (StoredValue::new(target), StoredValue::new(dataset.clone()));
    let UnfinishedView { here, all } = unfinished;
    let far =
        format!("Upload unfinished: {} of {} here.", words::count(here), words::counted(all, "file is", "files are"));
    let choose = move || {
        session.hydrated.get().then(|| {
            view! {
                <button type="button" class=Tone::Plain.class() on:click=move |_| {
                    if let Some(input) = input.get_untracked() {
                        input.click();
                    }
                }>"Choose folder"</button>
                <Picker input label="Choose the same folder" is_folder=true target/>
            }
        })
    };
    // While this window sends them, the panel tells more.
    view! {
        <div hidden=move || uploads.is_under_way(&id.get_value())>
            <Note severity=Severity::Info>
                <p><b>{far}</b>" Choose the same files or folder to go on: only what is missing is sent. Or discard what is not complete."</p>
                <div class="bar">
                    {choose}
                    <Form action flash class="inline-form">
                        <Hidden name="dataset" value=dataset/>
                        <Hidden name="back" value=back/>
                        <Submit label="Discard" tone=Tone::Plain/>
                    </Form>
                </div>
            </Note>
        </div>
    }
}
