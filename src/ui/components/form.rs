//! Forms that change something. This is the only component that knows [`crate::rpc`]: it sends a form to a server
//! function, and shows its [`Done`], [`Failure`] or [`FormFlash`].
//!
//! Without WebAssembly the browser posts the form and the server redirects. A refused form is kept in a cookie, and the
//! next page shows it again as its flash. With WebAssembly the page is not reloaded, and the result looks the same.

use std::borrow::Cow;

use leptos::{context::Provider, ev::SubmitEvent, html, oco::Oco, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;

use super::{
    button::Tone,
    focus::typing,
    icon::Icon,
    note::{Note, Severity},
    toast::Toaster,
};
use crate::{
    domain::{refusal::Refusal, text::FieldError},
    paths,
    rpc::{Done, Failure, FormFlash},
    ui::{
        error_page::ContactSupport,
        form_action::{AnyFormAction, FormAction},
        location::{current_address, current_path},
        sales::GetLicence,
        session::Session,
    },
};

/// What the fields and buttons of a form share.
#[derive(Clone, Copy)]
pub struct FormContext {
    name: StoredValue<String>,
    failure: Signal<Option<Failure>>,
    pending: Signal<bool>,
    typed: StoredValue<Vec<(String, String)>>,
    labels: StoredValue<Vec<(Cow<'static, str>, Cow<'static, str>)>>,
}

impl FormContext {
    /// Whether an answer, or the page that it leads to, is awaited. A form that is being replaced is still on the page for a
    /// moment when its signals are disposed of already, and its button still hears that navigation has ended.
    fn is_pending(self) -> bool {
        self.pending.try_get().unwrap_or(false)
    }

    pub fn get() -> Self {
        expect_context()
    }

    pub fn field_id(self, field: &str) -> String {
        self.name.with_value(|name| format!("{name}-{field}"))
    }

    /// Records a field's label, which the summary of problems uses.
    pub fn named(self, field: impl Into<Cow<'static, str>>, label: impl Into<Cow<'static, str>>) {
        let (field, label) = (field.into(), label.into());
        self.labels.update_value(|labels| {
            if !labels.iter().any(|(known, _)| *known == field) {
                labels.push((field, label));
            }
        });
    }

    /// The label of a field, if it was recorded.
    fn label_of(self, field: &str) -> Option<String> {
        self.labels.with_value(|labels| {
            labels.iter().find(|(known, _)| *known == field).map(|(_, label)| label.clone().into_owned())
        })
    }

    /// The value that a field had when the form was refused.
    pub fn typed(self, field: &str) -> Option<String> {
        self.typed.with_value(|typed| typed.iter().find(|(name, _)| name == field).map(|(_, value)| value.clone()))
    }

    /// Whether a field with several values had this one when the form was refused.
    pub fn typed_among(self, field: &str, wanted: &str) -> bool {
        self.typed.with_value(|typed| typed.iter().any(|(name, value)| name == field && value == wanted))
    }

    pub fn failure(self) -> Signal<Option<Failure>> {
        self.failure
    }

    /// Whether the server sent the refused form back with the page: a checkbox that was not sent was then unchecked. `false`
    /// if it was refused through WebAssembly: the fields then keep what was typed.
    pub fn came_back(self) -> bool {
        self.typed.with_value(|typed| !typed.is_empty())
    }

    /// The problem with a field.
    pub fn problem(self, field: impl Into<Cow<'static, str>>) -> Memo<Option<String>> {
        let (failure, field) = (self.failure, field.into());
        Memo::new(move |_| {
            failure.with(|failure| match failure {
                Some(Failure::Refused(Refusal::Invalid(problems))) => {
                    problems.iter().find(|problem| *problem.field == *field).map(FieldError::words)
                }
                // The refusals about a single field that are not in `Invalid` (DRIVE-5, FILE-1).
                Some(Failure::Refused(refusal @ Refusal::NameTaken(_))) if *field == *"name" => {
                    Some(refusal.to_string())
                }
                Some(Failure::Refused(refusal @ Refusal::FileConflict(_))) if *field == *"path" => {
                    Some(refusal.to_string())
                }
                _ => None,
            })
        })
    }
}

/// A form that is sent to a server function.
#[component]
pub fn Form<F>(
    action: FormAction<F>,
    /// A form that was refused before WebAssembly took over.
    flash: Option<FormFlash>,
    #[prop(default = "form")] class: &'static str,
    /// Whether the browser sends it itself and loads the page that it leads to, as without WebAssembly. Signing out does: nothing
    /// that was loaded for the person stays in memory, and nothing is asked for in their name any more.
    #[prop(optional)]
    loads_page: bool,
    /// Whether it changes the person who is signed in, or their memberships.
    #[prop(optional)]
    changes_session: bool,
    children: Children,
) -> impl IntoView
where
    F: 'static,
{
    form_view(&action.any(), flash, class, (loads_page, changes_session), children)
}

/// [`Form`] without its type parameter, so that the bundle has only one copy.
fn form_view(
    action: &AnyFormAction,
    flash: Option<FormFlash>,
    class: &'static str,
    (loads_page, changes_session): (bool, bool),
    children: Children,
) -> AnyView {
    let action = *action;
    let url = action.url();
    let value = action.value();
    let answer = Signal::derive(move || value.get());
    let (session, sending, path) = (Session::get(), action.pending(), current_path());
    // A form stays pending until the page that its answer leads to is shown.
    let pending = Signal::derive(move || sending.try_get().unwrap_or(false) || session.is_leaving(url));
    let flash = flash.filter(|flash| flash.action == url);
    let from_flash = flash.is_some();
    let (typed, refused) = flash.map_or_else(Default::default, |flash| (flash.values, Some(flash.failure)));
    let failure = Signal::derive(move || {
        answer.with(|answer| match answer {
            Some(Err(failure)) => Some(failure.clone()),
            Some(Ok(_)) => None,
            None => refused.clone(),
        })
    });
    let element = NodeRef::<html::Form>::new();
    // Leptos ends the address of a server function with a hash, which is not part of the name.
    let name = url.rsplit('/').next().unwrap_or(url).trim_end_matches(|c: char| c.is_ascii_digit()).to_owned();

    let context = FormContext {
        name: StoredValue::new(name),
        failure,
        pending,
        typed: StoredValue::new(typed),
        labels: StoredValue::new(Vec::new()),
    };

    Effect::new(move |before: Option<()>| {
        let leads = answer.with(|answer| match answer {
            // Untracked: an answer runs this effect, not the navigation that follows it.
            Some(Ok(done)) => path.with_untracked(|path| done.to.split('?').next() != Some(path)),
            _ => false,
        });
        // As in `follow`: an answer that exists from the start belongs to the form that this one replaces.
        if leads && before.is_some() {
            session.set_leaving(url);
        }
    });
    follow(answer, changes_session, move || empty_passwords(element));

    let on_submit = move |event: SubmitEvent| {
        if loads_page {
            return;
        }
        event.prevent_default();
        // A second submission is ignored while the first is pending.
        if !pending.try_get_untracked().unwrap_or(false) {
            action.submit(&event);
        }
    };

    // `novalidate`, so that people see our own messages, with and without WebAssembly.
    view! {
        <form node_ref=element class=class action=action.sent_from() method="post" novalidate=true on:submit=on_submit>
            // Not `provide_context`: two sibling forms would both get the last one's context.
            <Provider value=context>
                {
                    // Built before the summary above them, which needs their labels.
                    let fields = children();
                    view! {
                        <Summary failure from_flash=Signal::derive(move || from_flash && answer.with(Option::is_none))/>
                        {fields}
                    }
                }
            </Provider>
        </form>
    }
    .into_any()
}

/// Acts on an answer: shows its message, navigates, loads data again. `refused` is called for refusals that do not show
/// that the page is out of date.
pub fn follow(answer: Signal<Option<Result<Done, Failure>>>, changes_session: bool, refused: impl Fn() + 'static) {
    let session = Session::get();
    let toaster = Toaster::get();
    let navigate = use_navigate();
    let (path, address) = (current_path(), current_address());
    Effect::new(move |before: Option<()>| {
        let answer = answer.get();
        // An answer that exists from the start was handled by the form that this one replaces.
        if before.is_none() {
            return;
        }
        let done = match answer {
            Some(Ok(done)) => done,
            // The page is out of date: load its data again.
            Some(Err(Failure::Refused(
                Refusal::PlanChanged | Refusal::PriceChanged(_) | Refusal::Conflict | Refusal::Blocked(_),
            ))) => {
                return session.refresh();
            }
            Some(Err(_)) => return refused(),
            None => return,
        };
        // Only the answer may run this effect again, not what is read below.
        untrack(|| {
            toaster.show_with_undo(&done.toast, done.undo.clone());
            if changes_session {
                session.reload();
            }
            let (to_path, _) = done.to.split_once('?').unwrap_or((&done.to, ""));
            let same_page = path.with_untracked(|path| path == to_path);
            // An answered dialog is replaced in the history, so that Back does not open it again.
            let from_dialog = address.with_untracked(|address| has_dialog(address));
            if same_page {
                session.refresh();
            }
            navigate(
                &done.to,
                NavigateOptions { replace: same_page || from_dialog, scroll: !same_page, ..NavigateOptions::default() },
            );
        });
    });
}

/// Whether an address opens a dialog.
fn has_dialog(address: &str) -> bool {
    let (_, query) = address.split_once('?').unwrap_or_default();
    query.split('&').any(|part| part.starts_with("dialog="))
}

/// Empties password fields after a refusal, as it happens without WebAssembly, where passwords are not sent back.
fn empty_passwords(form: NodeRef<html::Form>) {
    let Some(found) = form.get_untracked().and_then(|form| form.query_selector_all("input[type=password]").ok()) else {
        return;
    };
    for index in 0..found.length() {
        if let Some(input) = found.item(index).and_then(|node| node.dyn_into::<HtmlInputElement>().ok()) {
            input.set_value("");
        }
    }
}

/// The submit button.
#[component]
pub fn Submit(
    #[prop(into)] label: Oco<'static, str>,
    #[prop(default = Tone::Primary)] tone: Tone,
    #[prop(optional)] icon: Option<&'static str>,
) -> impl IntoView {
    let form = FormContext::get();
    view! {
        <button
            type="submit"
            class=tone.class()
            disabled=move || form.is_pending()
            aria-busy=move || form.is_pending().then_some("true")
        >
            {icon.map(|name| view! { <Icon name/> })}
            {label}
        </button>
    }
}

/// The summary of problems above the fields.
#[component]
fn Summary(failure: Signal<Option<Failure>>, from_flash: Signal<bool>) -> impl IntoView {
    move || {
        // A preview of a list is shown by the list itself.
        let told = failure.get().filter(|failure| !matches!(failure, Failure::Refused(Refusal::Review(_))));
        told.map(|failure| view! { <Problems failure from_flash=from_flash.get_untracked()/> })
    }
}

/// The failure, with what can be done about it. It takes the focus, so that screen readers announce it.
#[component]
fn Problems(failure: Failure, from_flash: bool) -> impl IntoView {
    let form = FormContext::get();
    let element = NodeRef::<html::Div>::new();
    let address = current_address();
    Effect::new(move |_| {
        // If the refused form came with the page, people may already be typing in it: leave the focus there.
        if let Some(element) = element.get()
            && !(from_flash && typing())
        {
            drop(element.focus());
        }
    });
    let at_fields: Vec<(String, String)> = match &failure {
        Failure::Refused(refusal @ Refusal::NameTaken(_)) => vec![("name".to_owned(), refusal.to_string())],
        Failure::Refused(refusal @ Refusal::FileConflict(_)) => vec![("path".to_owned(), refusal.to_string())],
        Failure::Refused(Refusal::Invalid(problems)) => {
            problems.iter().map(|problem| (problem.field.clone(), problem.words())).collect()
        }
        _ => Vec::new(),
    };
    let heading = match at_fields.len() {
        0 => Some(failure.to_string()),
        // A single field shows its problem itself.
        1 => None,
        _ => Some("Check the fields below.".to_owned()),
    };
    let more = match failure {
        Failure::Refused(Refusal::NameTaken(_) | Refusal::FileConflict(_) | Refusal::Invalid(_)) => {
            let entries = at_fields
                .into_iter()
                .map(|(field, text)| {
                    let called = form.label_of(&field).unwrap_or_else(|| field_words(&field));
                    // `external` leaves the jump within the page to the browser instead of the router.
                    view! { <li><a rel="external" href=format!("#{}", form.field_id(&field))>{called}</a> ": " {text}</li> }
                })
                .collect_view();
            view! { <ul>{entries}</ul> }.into_any()
        }
        Failure::Refused(Refusal::Unauthenticated) => view! {
            <p>
                <a target="_blank" href=move || paths::sign_in(&address.get())>"Sign in again"</a>
                " in a new tab, then come back and send this again. What you typed stays here."
            </p>
        }
        .into_any(),
        Failure::Refused(Refusal::Blocked(blockers)) => {
            let entries = blockers.into_iter().map(|blocker| view! { <li>{blocker.message}</li> }).collect_view();
            view! { <ul>{entries}</ul> }.into_any()
        }
        Failure::Transport(_) | Failure::Refused(Refusal::SignedInAs(_)) => {
            view! { <p><a rel="external" href=move || address.get()>"Reload the page"</a></p> }.into_any()
        }
        // What helps depends on the reader and on this installation.
        Failure::Refused(Refusal::Licence(_)) => match address.with_untracked(|address| paths::org_of(address)) {
            Some(org) => view! { <GetLicence org/> }.into_any(),
            None => ().into_any(),
        },
        Failure::Refused(Refusal::EmailUnverified) => view! {
            <p>
                <a target="_blank" href=paths::account("")>"Send the link again under My account"</a>
                ", open it, then come back and send this again. What you typed stays here."
            </p>
        }
        .into_any(),
        Failure::Unexpected { request_id } => {
            view! { <p><ContactSupport request=request_id class="text-link"/></p> }.into_any()
        }
        Failure::Refused(_) => ().into_any(),
    };
    view! {
        <div node_ref=element class="problems" role="alert" tabindex="-1" autofocus=from_flash>
            <Note severity=Severity::Error>
                {heading.map(|heading| view! { <p><b>{heading}</b></p> })}
                {more}
            </Note>
        </div>
    }
}

/// A fallback for a field without a recorded label: `first_name` is "First name".
fn field_words(field: &str) -> String {
    let words = field.replace('_', " ");
    let mut chars = words.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect::<String>().replace("Vat", "VAT"),
        None => words,
    }
}

/// The line of buttons at the end of a form.
#[component]
pub fn FormButtons(children: Children) -> impl IntoView {
    view! { <div class="form-buttons">{children()}</div> }
}

/// A submit button with only an icon.
#[component]
pub fn IconSubmit(label: &'static str, icon: &'static str) -> impl IntoView {
    let form = FormContext::get();
    view! {
        <button type="submit" class="button icon-only quiet" aria-label=label title=label disabled=move || form.is_pending()>
            <Icon name=icon/>
        </button>
    }
}
