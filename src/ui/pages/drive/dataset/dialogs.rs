//! The dialogs of commands for files. With WebAssembly only renaming asks; the others are for browsers without.

use leptos::prelude::*;

use super::{
    super::{dialogs::LoadedDrive, route::Listing},
    files::download_address,
};
use crate::{
    domain::{
        file::stem_range,
        file_command::{FileCommand, FilesTarget, may_use},
        refusal::Refusal,
    },
    rpc::{
        FormFlash, ask,
        file::{DeleteFiles, LeaveOutFiles, RenameFile, file_page},
    },
    ui::{
        components::{
            dialog::{Dialog, DialogBody, DialogButtons},
            field::{Field, Hidden},
            form::{Form, Submit},
            icon::Icon,
            note::Note,
        },
        form_action::FormAction,
        page::dialog_content,
        session::Session,
        words,
    },
    view::query::FilePageQuery,
};

/// What a dialog asks about: a file by its path, or so many.
fn what(files: &[String], path: Option<&str>) -> String {
    match path {
        Some(path) => format!("“{path}”"),
        None => words::totalled(files.len() as u64, "file", "files"),
    }
}

#[component]
pub fn FilesCommandDialog(
    command: FileCommand,
    /// Their numbers.
    files: Vec<String>,
    /// The list behind the dialog.
    listing: Listing,
    drive: LoadedDrive,
) -> impl IntoView {
    let session = Session::get();
    let close = listing.address();
    let asked = FilePageQuery {
        dataset: listing.resource.clone(),
        // One is named, several are counted.
        number: if files.len() == 1 || !command.takes_several() {
            files.first().cloned().unwrap_or_default()
        } else {
            String::new()
        },
        view_as: String::new(),
    };
    let one = ask(
        move || asked.clone(),
        |asked| async move { if asked.number.is_empty() { Ok(None) } else { file_page(asked).await.map(Some) } },
    );
    let heading = match command {
        FileCommand::LeaveOut => "Leave files out?",
        FileCommand::TakeIn => "Take files in again?",
        FileCommand::Download => "Download files",
        FileCommand::Rename => "Rename file",
        FileCommand::Delete => "Delete files?",
    };
    let content = dialog_content(close.clone(), {
        let close = close.clone();
        move || {
            let (files, listing, close) = (files.clone(), listing.clone(), close.clone());
            async move {
                let flash = session.context().await.form;
                let path = one.await?.map(|found| found.file.path);
                let (_, drive) = drive.await;
                let drive = drive?;
                let side = listing.files.tab.side().unwrap_or_default();
                let held = drive.files.is_some_and(|files| files.held);
                let target = drive.resource.as_ref().map(|resource| {
                    let (level, restrictions) = (resource.level, resource.restrictions);
                    FilesTarget { side, level, restrictions, held }
                });
                let usable = target.ok_or(Refusal::NotFound).and_then(|target| may_use(command, target));
                let dataset = listing.resource.clone();
                Ok(match usable {
                    Ok(()) => view! { <Question command files path listing dataset close flash/> }.into_any(),
                    Err(refusal) => view! { <No reason=refusal.to_string() close/> }.into_any(),
                })
            }
        }
    });
    view! {
        <Dialog label=command.label() heading close starts_with_text={command != FileCommand::Rename}>{content}</Dialog>
    }
}

/// Why there is nothing to confirm.
#[component]
fn No(reason: String, close: String) -> impl IntoView {
    view! {
        <DialogBody><Note><p>{reason}</p></Note></DialogBody>
        <DialogButtons close>""</DialogButtons>
    }
}

#[component]
fn Question(
    command: FileCommand,
    files: Vec<String>,
    /// The path of a single file.
    path: Option<String>,
    listing: Listing,
    dataset: String,
    close: String,
    flash: Option<FormFlash>,
) -> impl IntoView {
    let about = what(&files, path.as_deref());
    let numbers = files.join(",");
    match command {
        FileCommand::LeaveOut | FileCommand::TakeIn => {
            let action = FormAction::<LeaveOutFiles>::new();
            let leaves = command == FileCommand::LeaveOut;
            let sentence = if leaves {
                format!("{about} will be kept here, but neither processed nor counted.")
            } else {
                format!("{about} will be processed and counted again.")
            };
            view! {
                <Form action flash class="dialog-form">
                    <Hidden name="dataset" value=dataset/>
                    <Hidden name="numbers" value=numbers/>
                    <Hidden name="left_out" value=leaves.to_string()/>
                    <Hidden name="back" value=close.clone()/>
                    <DialogBody><p>{sentence}</p></DialogBody>
                    <DialogButtons close><Submit label=command.label()/></DialogButtons>
                </Form>
            }
            .into_any()
        }
        FileCommand::Download => {
            let side = listing.files.tab.side().unwrap_or_default();
            let href = download_address(&listing, side, &files);
            let sentence = match files.len() {
                1 => format!("{about} is downloaded as it was uploaded."),
                _ => format!("{about} are downloaded together, as a ZIP."),
            };
            view! {
                <DialogBody><p>{sentence}</p></DialogBody>
                <DialogButtons close>
                    <a class="button primary" rel="external" download="" href=href><Icon name="download"/>"Download"</a>
                </DialogButtons>
            }
            .into_any()
        }
        FileCommand::Rename => {
            let action = FormAction::<RenameFile>::new();
            let number = files.into_iter().next().unwrap_or_default();
            let path = path.unwrap_or_default();
            let selects = stem_range(&path);
            view! {
                <Form action flash class="dialog-form">
                    <Hidden name="dataset" value=dataset/>
                    <Hidden name="number" value=number/>
                    <Hidden name="back" value=close.clone()/>
                    <DialogBody>
                        <Field name="path" label="Path" selects=selects value=path focused=true hint="Folders are separated by slashes. Another folder moves the file."/>
                    </DialogBody>
                    <DialogButtons close><Submit label="Rename"/></DialogButtons>
                </Form>
            }
            .into_any()
        }
        FileCommand::Delete => {
            let action = FormAction::<DeleteFiles>::new();
            view! {
                <Form action flash class="dialog-form">
                    <Hidden name="dataset" value=dataset/>
                    <Hidden name="numbers" value=numbers/>
                    <Hidden name="back" value=listing.with_files(listing.files_alone())/>
                    <DialogBody><p>{format!("{about} will be deleted. The message that comes next has Undo. To keep files without processing them, leave them out.")}</p></DialogBody>
                    <DialogButtons close><Submit label="Delete"/></DialogButtons>
                </Form>
            }
            .into_any()
        }
    }
}
