//! The form that uploads without script (FILE-2). The browser sends the files itself, so nothing of it needs WebAssembly.

use leptos::prelude::*;

use crate::{
    domain::upload::OnConflict,
    paths,
    ui::{components::icon::Icon, session::Session},
};

/// **Upload files** as a form that opens. What happens where a name is taken stands before the files, because a form sends its fields in
/// their order, and the server has to know it before the first file.
#[component]
pub fn PlainUploadForm(
    /// The id of the dataset, or of the container that is to get a new one.
    to: String,
    /// Whether the reader may replace files.
    may_replace: bool,
    /// Whether the files go into a new dataset.
    #[prop(optional)]
    makes_dataset: bool,
) -> impl IntoView {
    let action = Session::get().sent_from(&paths::upload_form(&to));
    let choices = [
        (OnConflict::KeepBoth, "Keep both, the new one with a number"),
        (OnConflict::Skip, "Skip the new one"),
        (OnConflict::Replace, "Replace the old one, which is deleted for good"),
    ];
    let options = choices
        .into_iter()
        .filter(|(choice, _)| may_replace || *choice != OnConflict::Replace)
        .map(|(choice, label)| view! { <option value=choice.as_str()>{label}</option> })
        .collect_view();
    // A name has to be known before the first file, as well.
    let first = if makes_dataset {
        view! {
            <div class="field">
                <label for="upload-new-name">"Name of the new dataset" <span class="optional">"optional"</span></label>
                <input class="input" id="upload-new-name" type="text" name="name" maxlength="255" autocomplete="off"/>
            </div>
        }
        .into_any()
    } else {
        view! {
            <div class="field">
                <label for="upload-on-conflict">"If a name is taken"</label>
                <select class="input" id="upload-on-conflict" name="on_conflict">{options}</select>
            </div>
        }
        .into_any()
    };
    let hint = if makes_dataset {
        "They become a new dataset here. Keep this page open until the next one appears."
    } else {
        "Keep this page open until the next one appears. A file that was here already is not added twice."
    };
    view! {
        <details class="upload-form">
            <summary class="button"><Icon name="upload"/>"Upload files"</summary>
            <form class="form panel tile" action=action method="post" enctype="multipart/form-data">
                {first}
                <div class="field">
                    <label for="upload-files">"Files"</label>
                    <input class="input" id="upload-files" type="file" name="files" multiple=true required=true/>
                    <small class="hint">{hint}</small>
                </div>
                <div class="form-buttons"><button type="submit" class="button primary">"Upload"</button></div>
            </form>
        </details>
    }
}
