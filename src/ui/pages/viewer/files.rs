//! Drawings as files (VIEW-3): saved ones come from the server, those of this page alone are written here.

use leptos::{html, prelude::*};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{
    Blob, HtmlElement, HtmlInputElement, Url, XmlHttpRequest,
    js_sys::{Array, JSON, Reflect},
};

use super::state::Viewer;
use crate::{
    domain::{
        geo::whole,
        geojson::{Exported, to_csv, to_geojson},
    },
    paths,
    ui::components::{icon::Icon, menu::Menu},
};

/// The menu of the panel: export, and import where drawings are saved.
#[component]
pub fn FilesMenu(viewer: Viewer) -> impl IntoView {
    let input = NodeRef::<html::Input>::new();
    let dataset = viewer.door.with_value(|door| door.dataset().to_owned());
    let (geojson, csv) = (paths::annotations_file(&dataset, "geojson"), paths::annotations_file(&dataset, "csv"));
    let import_to = paths::annotations_import(&dataset);
    let saves = Memo::new(move |_| viewer.save.with(|save| *save == crate::view::Control::Enabled));
    let is_empty = move || viewer.drawings.with(Vec::is_empty);
    let has_unsaved = move || viewer.drawings.with(|drawings| drawings.iter().any(|one| !one.is_clean()));
    let is_link = viewer.door.with_value(super::state::Door::is_link);
    let chosen = move |_| {
        let Some(input) = input.get_untracked() else { return };
        import(viewer, &input, &import_to);
    };
    view! {
        <Menu id="viewer-files" label="Export and import" class="button icon-only quiet" button=|| view! { <Icon name="download"/> }.into_any()>
            {move || (!is_link && !has_unsaved()).then(|| view! {
                <a rel="external" download="" href=geojson.clone()><Icon name="download"/>"Export as GeoJSON"</a>
                <a rel="external" download="" href=csv.clone()><Icon name="download"/>"Export as CSV"</a>
            })}
            {move || (is_link || has_unsaved()).then(|| view! {
                <a href="#viewer-drawings" class:viewer-off=is_empty on:click=move |event| { event.prevent_default(); export(viewer, false); }>
                    <Icon name="download"/>"Export as GeoJSON"
                </a>
                <a href="#viewer-drawings" class:viewer-off=is_empty on:click=move |event| { event.prevent_default(); export(viewer, true); }>
                    <Icon name="download"/>"Export as CSV"
                </a>
            })}
            {move || saves.get().then(|| view! {
                <a href="#viewer-drawings" on:click=move |event| {
                    event.prevent_default();
                    if let Some(input) = input.get_untracked() {
                        input.click();
                    }
                }>
                    <Icon name="upload"/>"Import GeoJSON"
                </a>
            })}
        </Menu>
        <input node_ref=input type="file" class="visually-hidden" tabindex="-1" aria-label="GeoJSON to import" accept=".geojson,.json,application/geo+json" on:change=chosen/>
    }
}

/// Has the browser keep all drawings of this page as a file, saved or not.
fn export(viewer: Viewer, as_csv: bool) {
    let text = viewer.drawings.with_untracked(|drawings| {
        let drawings = drawings.iter().map(|one| Exported {
            number: one.saved.as_ref().map(|saved| saved.number),
            kind: one.kind,
            annotation: &one.annotation,
            created_by: one.saved.as_ref().and_then(|saved| saved.created_by.as_deref()),
            created_at: one.saved.as_ref().map(|saved| saved.created_at),
            modified_at: None,
        });
        if as_csv { to_csv(drawings) } else { to_geojson(drawings) }
    });
    let ending = if as_csv { "csv" } else { "geojson" };
    let name = viewer.name.with_value(|name| format!("{name} drawings.{ending}"));
    let parts = Array::of1(&JsValue::from_str(&text));
    let kept = Blob::new_with_str_sequence(&parts).and_then(|blob| {
        let address = Url::create_object_url_with_blob(&blob)?;
        let link = document().create_element("a")?;
        link.set_attribute("href", &address)?;
        link.set_attribute("download", &name)?;
        if let Ok(link) = link.dyn_into::<HtmlElement>() {
            link.click();
        }
        Url::revoke_object_url(&address)
    });
    if kept.is_err() {
        viewer.say("The browser could not write the file.");
    }
}

/// A member of a value of JSON.
fn member(of: &JsValue, name: &str) -> Option<JsValue> {
    Reflect::get(of, &JsValue::from_str(name)).ok().filter(|member| !member.is_undefined())
}

/// Sends a chosen file, and shows what came of it.
fn import(viewer: Viewer, input: &HtmlInputElement, to: &str) {
    let Some(file) = input.files().and_then(|files| files.get(0)) else { return };
    // The same file can be chosen once more.
    input.set_value("");
    let Ok(request) = XmlHttpRequest::new() else { return };
    let sent = request
        .open_with_async("POST", to, true)
        .and_then(|()| request.set_request_header("content-type", "application/geo+json"))
        .and_then(|()| request.send_with_opt_blob(Some(&file)));
    if sent.is_err() {
        viewer.say("The file could not be sent.");
        return;
    }
    viewer.say("Importing…");
    let answered = Closure::once_into_js({
        let request = request.clone();
        move || {
            if viewer.said.try_with_untracked(|_| ()).is_none() {
                return;
            }
            let body = request.response_text().ok().flatten().and_then(|text| JSON::parse(&text).ok());
            let body = body.unwrap_or(JsValue::UNDEFINED);
            if request.status().is_ok_and(|status| status == 201) {
                let numbers = member(&body, "numbers").map(|numbers| Array::from(&numbers)).unwrap_or_default();
                let numbers = numbers.iter().filter_map(|number| number.as_f64()).map(whole).collect();
                viewer.imported(numbers, request.get_response_header("undo-token").ok().flatten());
            } else {
                // What is wrong with the first feature says more than that something is.
                let first = member(&body, "errors").and_then(|errors| member(&Array::from(&errors).get(0), "message"));
                let why = first.or_else(|| member(&body, "detail")).and_then(|why| why.as_string());
                viewer.say(why.unwrap_or_else(|| "The file could not be imported.".to_owned()));
            }
        }
    });
    request.set_onloadend(Some(answered.unchecked_ref()));
}
