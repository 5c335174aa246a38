//! Commands that run immediately and offer **Undo** instead of asking first (ux.md, "Delete"): **Move to trash** and
//! **Remove from site**. Without WebAssembly a dialog has the button that sends them.

use leptos::prelude::*;

use super::route::Listing;
use crate::{
    domain::command::Command,
    rpc::{Done, Failure, FormFlash, task::RemoveFromSite, trash::MoveToTrash},
    ui::{
        components::{
            dialog::{Dialog, DialogBody, DialogButtons},
            field::Hidden,
            form::{Form, Submit, follow},
            note::{Note, Severity},
        },
        form_action::FormAction,
        session::Session,
        suspend::rebuilt,
        words,
    },
};

/// Runs these commands for items of a list.
#[derive(Clone, Copy)]
pub struct ImmediateCommand {
    trash: FormAction<MoveToTrash>,
    unassign: FormAction<RemoveFromSite>,
    back: StoredValue<String>,
}

impl ImmediateCommand {
    /// For the list at the address `back`.
    pub fn new(back: String) -> Self {
        let (trash, unassign) = (FormAction::<MoveToTrash>::new(), FormAction::<RemoveFromSite>::new());
        follow(Signal::derive(move || trash.value().get()), false, || ());
        follow(Signal::derive(move || unassign.value().get()), false, || ());
        Self { trash, unassign, back: StoredValue::new(back) }
    }

    /// Runs the command; `false` if it is not an immediate one.
    pub fn run(self, command: Command, items: &[String]) -> bool {
        let (items, back) = (items.join(","), self.back.get_value());
        match command {
            Command::Trash => self.trash.dispatch(MoveToTrash { items, back }),
            Command::Unassign => self.unassign.dispatch(RemoveFromSite { items, back }),
            _ => return false,
        }
        true
    }

    /// Why the last command was refused.
    pub fn refusal(self) -> impl IntoView {
        let failure = move || {
            let refused = |answer: Option<Result<Done, Failure>>| answer.and_then(Result::err);
            refused(self.trash.value().get()).or_else(|| refused(self.unassign.value().get()))
        };
        move || {
            failure().map(|failure| {
                view! { <div role="alert"><Note severity=Severity::Error><p>{failure.to_string()}</p></Note></div> }
            })
        }
    }
}

/// The confirmation for browsers without WebAssembly.
#[component]
pub fn ConfirmDialog(
    /// **Move to trash** or **Remove from site**.
    command: Command,
    items: Vec<String>,
    /// The list behind the dialog.
    listing: Listing,
) -> impl IntoView {
    let session = Session::get();
    let close = listing.address();
    let count = words::totalled(items.len() as u64, "item", "items");
    let (heading, sentence) = match command {
        Command::Trash => (
            format!("Move {count} to the trash?"),
            "You can restore them for 30 days. Links to them do not work while they are in the trash.",
        ),
        _ => (format!("Remove {count} from the site?"), "They move to the folder that the site is in."),
    };
    let items = items.join(",");
    view! {
        <Dialog label=command.label() heading close=close.clone() starts_with_text=true>
            <Suspense>
                {rebuilt(move || {
                    let (items, close) = (items.clone(), close.clone());
                    async move {
                        let flash = session.context().await.form;
                        if command == Command::Trash {
                            let action = FormAction::<MoveToTrash>::new();
                            view! {
                                <Form action flash class="dialog-form">
                                    <Hidden name="items" value=items/>
                                    <Hidden name="back" value=close.clone()/>
                                    <DialogBody><p>{sentence}</p></DialogBody>
                                    <DialogButtons close><Submit label="Move to trash"/></DialogButtons>
                                </Form>
                            }
                            .into_any()
                        } else {
                            let action = FormAction::<RemoveFromSite>::new();
                            view! {
                                <Form action flash class="dialog-form">
                                    <Hidden name="items" value=items/>
                                    <Hidden name="back" value=close.clone()/>
                                    <DialogBody><p>{sentence}</p></DialogBody>
                                    <DialogButtons close><Submit label="Remove from site"/></DialogButtons>
                                </Form>
                            }
                            .into_any()
                        }
                    }
                })}
            </Suspense>
        </Dialog>
    }
}

/// **Move to trash** as a button of its own.
#[component]
pub fn TrashForm(item: String, back: String, flash: Option<FormFlash>) -> impl IntoView {
    let action = FormAction::<MoveToTrash>::new();
    view! {
        <Form action flash class="inline-form">
            <Hidden name="items" value=item/>
            <Hidden name="back" value=back/>
            <Submit label="Move to trash" tone=crate::ui::components::button::Tone::Plain icon=Command::Trash.icon()/>
        </Form>
    }
}

/// **Remove from site** as a button of its own.
#[component]
pub fn UnassignForm(item: String, back: String, flash: Option<FormFlash>) -> impl IntoView {
    let action = FormAction::<RemoveFromSite>::new();
    view! {
        <Form action flash class="inline-form">
            <Hidden name="items" value=item/>
            <Hidden name="back" value=back/>
            <Submit label="Remove from site" tone=crate::ui::components::button::Tone::Plain icon=Command::Unassign.icon()/>
        </Form>
    }
}
