//! Where uploads begin on a page: the menu **Upload**, and on a dataset's page what was left of an upload.

use leptos::prelude::*;

use super::{Target, Uploads, plain_form::PlainUploadForm};
use crate::{
    paths,
    rpc::FormFlash,
    ui::{
        components::{
            button::{BlockedButton, ButtonLink, Tone},
            icon::Icon,
            menu::Menu,
            note::{Note, Severity},
        },
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
            (move || session.hydrated.get().then(|| view! { <Choices target=target.clone()/> })).into_any()
        }
    }
}

#[component]
fn Choices(target: Target) -> impl IntoView {
    view! {
        <Menu id="upload-menu" label="Upload" class="button" button=|| view! { <Icon name="upload"/> "Upload" }.into_any()>
            <OpenPicker target=target.clone() icon="upload">"Upload files"</OpenPicker>
            <OpenPicker target=target.clone() icon="folder" is_folder=true>"Upload folder"</OpenPicker>
        </Menu>
    }
}

/// An entry of the menu that opens the browser's own dialog.
#[component]
fn OpenPicker(
    target: Target,
    icon: &'static str,
    #[prop(optional)] is_folder: bool,
    children: Children,
) -> impl IntoView {
    let uploads = Uploads::get();
    // What the button needs is its own: it can still be pressed while a page that was loaded again takes its place.
    let open = move |_| uploads.pick(target.clone(), is_folder);
    view! {
        <button type="button" class="menu-button" popovertarget="upload-menu" popovertargetaction="hide" on:click=open>
            <Icon name=icon/>
            {children()}
        </button>
    }
}

/// What a dataset's page has for uploading besides the menu in its header: without script a form, and what was left of an upload.
#[component]
pub fn DatasetUploads(
    /// The dataset's id and name.
    dataset: (String, String),
    /// Nothing where the reader may not add files.
    place: Option<UploadPlaceView>,
    /// Where the question before **Discard** is.
    discard: String,
    flash: Option<FormFlash>,
) -> impl IntoView {
    let session = Session::get();
    let action = paths::upload_form(&dataset.0);
    let refused = flash.filter(|flash| flash.action == action).map(|flash| view! { <Refused flash/> });
    // Whoever lost the right to add files meanwhile is told as well.
    let Some(place) = place else { return refused.into_any() };
    let target = Target { container: None, dataset: Some(dataset.clone()) };
    let left = place.unfinished.map(|unfinished| {
        view! { <Unfinished dataset=dataset.0.clone() target=target.clone() unfinished discard/> }
    });
    let plain = (place.control == Control::Enabled).then(|| {
        let (dataset, may_replace) = (StoredValue::new(dataset.0.clone()), place.may_replace);
        move || (!session.hydrated.get()).then(|| view! { <PlainUploadForm to=dataset.get_value() may_replace/> })
    });
    view! {
        {refused}
        {left}
        <div class="upload-bar">{plain}</div>
    }
    .into_any()
}

/// What a container has for uploading besides the menu in its header: without script a form that makes a new dataset.
#[component]
pub fn ContainerUploads(
    /// The container's id.
    container: String,
    /// Whether the reader may add a dataset now.
    adds: bool,
    flash: Option<FormFlash>,
) -> impl IntoView {
    let action = paths::upload_form(&container);
    let refused = flash.filter(|flash| flash.action == action).map(|flash| view! { <Refused flash/> });
    let (session, container) = (Session::get(), StoredValue::new(container));
    let plain = move || {
        (adds && !session.hydrated.get())
            .then(|| view! { <PlainUploadForm to=container.get_value() may_replace=false makes_dataset=true/> })
    };
    // Where there is a script, the menu is there in a moment, and the list stays where it is.
    view! {
        {refused}
        <div class="upload-bar upload-unscripted">{plain}</div>
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
    /// Where the question before **Discard** is.
    discard: String,
) -> impl IntoView {
    let (session, uploads) = (Session::get(), Uploads::get());
    let id = dataset;
    let UnfinishedView { here, all } = unfinished;
    let far =
        format!("Upload unfinished: {} of {} here.", words::count(here), words::counted(all, "file is", "files are"));
    let choose = move || {
        session.hydrated.get().then(|| {
            let button = |is_folder, words| {
                let target = target.clone();
                let open = move |_| uploads.pick(target.clone(), is_folder);
                view! { <button type="button" class=Tone::Plain.class() on:click=open>{words}</button> }
            };
            (button(true, "Choose folder"), button(false, "Choose files"))
        })
    };
    // While this window sends them, the panel tells more.
    view! {
        <div hidden=move || uploads.is_under_way(&id)>
            <Note severity=Severity::Info>
                <p><b>{far}</b>" Choose the same files or folder to go on: only what is missing is sent. Or discard what is not complete."</p>
                <div class="bar">
                    {choose}
                    <ButtonLink href=discard in_place=true>"Discard"</ButtonLink>
                </div>
            </Note>
        </div>
    }
}
