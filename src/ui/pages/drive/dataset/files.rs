//! The files of one place of a dataset: tiles or rows, with a bar for what is selected (FILE-1, FILE-4).
//!
//! Like the Drive, the list is a form of checkboxes whose buttons lead to dialogs, so everything works without WebAssembly.
//! With it, what can be undone is done at once, and a download begins at once.

use leptos::server_fn::ServerFn;
use leptos::{html, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use wasm_bindgen::JsCast;

use super::{
    super::{
        files_place::{FilesPlace, MAX_SELECTED, Tab},
        grid::write_query,
        route::Listing,
    },
    overview::DownloadAll,
    row::file_row,
};
use crate::{
    domain::{
        file::Side,
        file_command::{FileCommand, FilesTarget, control},
        time::Timestamp,
    },
    paths,
    rpc::{
        Failure, FormFlash,
        file::{DeleteFiles, LeaveOutFiles},
    },
    ui::{
        components::{
            button::ButtonLink,
            dom::while_there,
            empty::Empty,
            form::follow,
            icon::Icon,
            markup::escaped,
            note::{Note, Severity},
            pages::Pages,
            selection::Selection,
        },
        form_action::FormAction,
        words,
    },
    view::{
        Control, Page,
        file::{DatasetFiles, FileView},
    },
};

/// The keys of the list, with the buttons that they press.
const KEYS: [(&str, &str); 2] = [("Delete", "delete-files"), ("F2", "rename-file")];

/// Where the ZIP of some files is; of a single file, where the file is.
pub fn download_address(listing: &Listing, side: Side, files: &[String]) -> String {
    match files {
        [one] => paths::file_content(&listing.resource, one.parse().unwrap_or_default()),
        several => paths::dataset_zip(&listing.resource, side.as_str(), several),
    }
}

/// A tab with files.
#[component]
pub fn FilesTab(
    page: Page<FileView>,
    listing: Listing,
    target: FilesTarget,
    holds: DatasetFiles,
    selection: Selection,
    now: Timestamp,
    flash: Option<FormFlash>,
) -> impl IntoView {
    let (count, bytes) = match target.side {
        Side::Input => (holds.inputs, holds.input_bytes),
        Side::Output => (holds.outputs, holds.output_bytes),
    };
    if count == 0 && page.items.is_empty() && listing.files.find.is_empty() {
        let (icon, sentence) = match target.side {
            Side::Input => ("dataset", "No images yet. Upload files or a folder of them."),
            Side::Output => ("file", "No results yet. They appear here once this dataset has been processed."),
        };
        return view! { <section class="panel"><Empty icon sentence/></section> }.into_any();
    }
    let downloads = (!listing.is_view_as()).then(|| {
        view! { <DownloadAll href=paths::dataset_zip(&listing.resource, target.side.as_str(), &[]) target/> }
    });
    let switch = (target.side == Side::Input).then(|| {
        let rows = !listing.files.rows;
        let href = listing.with_files(FilesPlace { rows, ..listing.files.clone() });
        let (words, icon) = if rows { ("Show as list", "menu") } else { ("Show as grid", "grid") };
        view! {
            <a class="button icon-only quiet" href=href aria-label=words title=words data-noscroll=""><Icon name=icon/></a>
        }
    });
    let find = listing.files.find.clone();
    let list = if page.items.is_empty() {
        let all =
            listing.with_files(FilesPlace { find: String::new(), cursor: String::new(), ..listing.files.clone() });
        let nothing = if find.is_empty() {
            "No more files on this page.".to_owned()
        } else {
            format!("No file has “{find}” in its path.")
        };
        view! {
            <section class="panel">
                <p class="pick-empty" role="status">{nothing}</p>
                <div class="empty-way"><ButtonLink href=all>"Show all files"</ButtonLink></div>
            </section>
        }
        .into_any()
    } else {
        view! { <FileList page listing=listing.clone() target total=(count, bytes) selection now flash/> }.into_any()
    };
    view! {
        <div class="files-tools">
            <Find listing/>
            <div class="end">{downloads}{switch}</div>
        </div>
        {list}
    }
    .into_any()
}

/// A field for a part of the path: a GET form.
#[component]
fn Find(listing: Listing) -> impl IntoView {
    let navigate = use_navigate();
    let input = NodeRef::<html::Input>::new();
    let action = paths::drive(&listing.org, &listing.resource);
    let hidden = hidden_fields(&listing, false);
    let value = listing.files.find.clone();
    let on_submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let find = input.get_untracked().map(|input| input.value().trim().to_owned()).unwrap_or_default();
        let place = FilesPlace { find, cursor: String::new(), selected: Vec::new(), ..listing.files.clone() };
        navigate(&listing.with_files(place), NavigateOptions { scroll: false, ..NavigateOptions::default() });
    };
    view! {
        <form class="drive-search" role="search" method="get" action=action on:submit=on_submit>
            {hidden}
            <Icon name="search"/>
            <input node_ref=input type="search" name="find" aria-label="Find files" placeholder="Find files by name" value=value maxlength="200" autocomplete="off"/>
        </form>
    }
}

/// What a GET form of this page sends along, so that it leads back to the same place.
fn hidden_fields(listing: &Listing, whole: bool) -> impl IntoView + use<> {
    let FilesPlace { tab, rows, find, cursor, .. } = listing.files.clone();
    let hidden = |name: &'static str, value: String| {
        (!value.is_empty()).then(|| view! { <input type="hidden" name=name value=value/> })
    };
    view! {
        {hidden("as", listing.view_as.clone())}
        {hidden("tab", tab.as_str().to_owned())}
        {hidden("view", if rows { "list".to_owned() } else { String::new() })}
        {hidden("find", if whole { find } else { String::new() })}
        {hidden("cursor", if whole { cursor } else { String::new() })}
    }
}

/// The command whose button sent the form.
fn pressed(event: &leptos::ev::SubmitEvent) -> Option<FileCommand> {
    let button = event.submitter()?.dyn_into::<web_sys::Element>().ok()?;
    FileCommand::parse(&button.get_attribute("value")?).ok()
}

#[component]
fn FileList(
    page: Page<FileView>,
    listing: Listing,
    target: FilesTarget,
    /// How many files are in this place, and their bytes.
    total: (i64, i64),
    selection: Selection,
    now: Timestamp,
    flash: Option<FormFlash>,
) -> impl IntoView {
    let form = selection.form();
    let (leave_out, delete, navigate) =
        (FormAction::<LeaveOutFiles>::new(), FormAction::<DeleteFiles>::new(), use_navigate());
    // Both can be undone, so nothing is asked first.
    let answer = Signal::derive(move || delete.value().get().or_else(|| leave_out.value().get()));
    follow(answer, false, || ());
    // What was left out or deleted is done with.
    Effect::new(move |before: Option<()>| {
        let done = answer.with(|answer| matches!(answer, Some(Ok(_))));
        if before.is_some() && done {
            selection.clear();
        }
    });
    Effect::new(move |_| {
        if form.get().is_some() {
            request_animation_frame(while_there(move || selection.prepare()));
        }
    });
    Effect::new({
        let listing = listing.clone();
        move |before: Option<()>| {
            selection.bytes.track();
            selection.count.track();
            if before.is_some() {
                let selected = selection.selected();
                let selected = if selected.len() > MAX_SELECTED { Vec::new() } else { selected };
                write_query(&listing.with_files(FilesPlace { selected, ..listing.files.clone() }));
            }
        }
    });
    let on_submit = {
        let listing = listing.clone();
        move |event: leptos::ev::SubmitEvent| {
            event.prevent_default();
            let files = selection.selected();
            let Some(command) = pressed(&event).filter(|_| !files.is_empty()) else { return };
            match command {
                FileCommand::LeaveOut | FileCommand::TakeIn => leave_out.dispatch(LeaveOutFiles {
                    dataset: listing.resource.clone(),
                    numbers: files.join(","),
                    left_out: command == FileCommand::LeaveOut,
                    back: listing.address(),
                }),
                // An attachment: the page stays.
                FileCommand::Download => {
                    drop(window().location().assign(&download_address(&listing, target.side, &files)));
                }
                FileCommand::Delete => delete.dispatch(DeleteFiles {
                    dataset: listing.resource.clone(),
                    numbers: files.join(","),
                    back: listing.with_files(listing.files_alone()),
                }),
                FileCommand::Rename => {
                    let to = listing.files_dialog(command, &files);
                    navigate(&to, NavigateOptions { scroll: false, ..NavigateOptions::default() });
                }
            }
        }
    };
    let refused_before = flash
        .filter(|flash| [LeaveOutFiles::PATH, DeleteFiles::PATH].contains(&flash.action.as_str()))
        .map(|flash| flash.failure);
    let refused = move || {
        let now = answer.get().and_then(Result::err);
        now.or_else(|| refused_before.clone()).map(|failure: Failure| {
            view! { <div role="alert"><Note severity=Severity::Error><p>{failure.to_string()}</p></Note></div> }
        })
    };
    let shown = page.items.len() as u64;
    let partly = page.next_cursor.is_some() || !listing.files.cursor.is_empty() || !listing.files.find.is_empty();
    let count_line = {
        let (count, bytes) = total;
        let (one, many) = ("file", "files");
        let all = format!("{} · {}", words::counted(count, one, many), words::size(bytes));
        if partly { format!("{} of {all}", words::total(shown)) } else { all }
    };
    let tiles = listing.files.tab == Tab::Images && !listing.files.rows;
    let label = listing.files.tab.label();
    let downloads = !listing.is_view_as() && control(FileCommand::Download, target) == Control::Enabled;
    let rows = page
        .items
        .iter()
        .enumerate()
        .map(|(index, file)| {
            let checked = selection.has(&file.number.to_string());
            file_row(index, file, &listing, checked, downloads, now)
        })
        .collect_view();
    let to = |cursor: String| {
        let files = FilesPlace { cursor, ..listing.files.clone() };
        Listing { files, ..listing.clone() }.address()
    };
    let start = (!listing.files.cursor.is_empty()).then(|| to(String::new()));
    let next = page.next_cursor.clone().map(to);
    let pages = view! { <Pages start next/> };
    let bar = (!listing.is_view_as()).then(|| view! { <Bar selection target/> });
    view! {
        <form
            node_ref=form
            class="drive file-list"
            class:as-photos=tiles
            class:picking=move || { selection.count.get() > 0 }
            method="get"
            action=paths::drive(&listing.org, &listing.resource)
            on:submit=on_submit
            on:click=move |event| selection.click(&event)
            on:dblclick=move |event| selection.open(&event)
            on:change=move |event| selection.change(&event)
            on:keydown=move |event| selection.key(&event, &KEYS)
        >
            {hidden_fields(&listing, true)}
            {refused}
            <div class="drive-bar">
                <p class="drive-count small num">{count_line}</p>
                {bar}
            </div>
            <div class="panel">
                <table class="list files" role="grid" aria-label=label aria-multiselectable="true">
                    <thead role="rowgroup">
                        <tr role="row">
                            <th role="columnheader" scope="col" class="first">
                                <label class="check-target"><input class="check" type="checkbox" data-all="" aria-label="Select all"/></label>
                            </th>
                            <th role="columnheader" scope="col" class="picture"><span class="visually-hidden">"Picture"</span></th>
                            <th role="columnheader" scope="col" class="name-cell">"Name"</th>
                            <th role="columnheader" scope="col" class="type-cell">"Type"</th>
                            <th role="columnheader" scope="col" class="end size-cell">"Size"</th>
                            <th role="columnheader" scope="col" class="added-cell">"Added"</th>
                            <th role="columnheader" scope="col" class="act"><span class="visually-hidden">"Download"</span></th>
                        </tr>
                    </thead>
                    <tbody role="rowgroup">{rows}</tbody>
                </table>
            </div>
            {pages}
        </form>
    }
}

/// The bar over the list while something is selected.
#[component]
fn Bar(selection: Selection, target: FilesTarget) -> impl IntoView {
    let words = move || match selection.count.get() {
        0 => "Selected".to_owned(),
        count => format!("{} selected", words::total(count)),
    };
    let sum = move || match selection.bytes.get() {
        0 => String::new(),
        bytes => words::size(bytes),
    };
    let buttons = FileCommand::ALL
        .into_iter()
        .filter_map(|command| {
            let why = match control(command, target) {
                Control::Absent => return None,
                Control::Disabled(reason) => Some(reason),
                Control::Enabled => None,
            };
            let one_only = !command.takes_several();
            let off = why.is_some();
            // Without WebAssembly nothing is counted here, and the dialog takes the first.
            let disabled = move || off || (one_only && selection.count.get() > 1);
            Some(view! {
                <button type="submit" class="button" name="dialog" value=command.as_str() disabled=disabled title=why>
                    <Icon name=command.icon()/>
                    {command.label()}
                </button>
            })
        })
        .collect_view();
    // A reason that only a tooltip says is none on touch.
    let mut reasons: Vec<String> = FileCommand::ALL
        .into_iter()
        .filter_map(|command| match control(command, target) {
            Control::Disabled(reason) => Some(reason),
            _ => None,
        })
        .collect();
    reasons.dedup();
    view! {
        <div class="selection" role="toolbar" aria-label="Selection">
            <span class="two-lines">
                // Set as markup, as the heading of a `Dialog` is: a page translator replaces text nodes.
                <span aria-live="polite" inner_html=move || escaped(&words())></span>
                <small class="sum num" inner_html=move || escaped(&sum())></small>
            </span>
            <span class="gap"></span>
            {buttons}
            // Without WebAssembly the browser itself unchecks the boxes, because the button resets the form.
            <button type="reset" class="button icon-only quiet" aria-label="Clear selection" on:click=move |event| {
                event.prevent_default();
                selection.clear();
            }>
                <Icon name="close"/>
            </button>
            {reasons.into_iter().map(|reason| view! { <small class="why-off">{reason}</small> }).collect_view()}
        </div>
    }
}
