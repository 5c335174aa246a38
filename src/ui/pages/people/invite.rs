//! **Invite people** (PEOPLE-2): a list of addresses, a role, a preview of each row, and the outcome.

use leptos::{html, prelude::*};
use wasm_bindgen::JsCast;

use super::{
    dialogs::{missing_roles, roles_within},
    header::WaitingInvitations,
    route::{PeopleDialog, PeopleRoute},
};
use crate::{
    domain::{
        access::Level,
        id::AccountId,
        invitation_list::{read_list, text_of_file},
        invitation_review::{InvitationReview, InviteOutcome, ReviewedInvitee},
        refusal::Refusal,
        role::Role,
        role_change::may_invite_as,
        text::{FieldIssue, key},
    },
    paths,
    rpc::{Failure, FormFlash, invitation::SendInvitations},
    ui::{
        components::{
            button::Tone,
            dialog::{Dialog, DialogBody, DialogButtons},
            field::{Choice, Hidden, Lines, Radios},
            focus::once_connected,
            form::{Form, FormContext, Submit},
            icon::Icon,
        },
        form_action::FormAction,
        words,
    },
    view::Crumb,
};

#[component]
pub fn InviteDialog(
    route: PeopleRoute,
    places: Vec<Crumb>,
    /// Why the licence does not allow Members (LIC-4, LIC-6).
    lacking: Option<String>,
    mine: Option<Role>,
    refused: Vec<(Role, String)>,
    /// The accounts that people can be limited to; none where there is nothing to choose (ACCT-2, ACCT-4).
    accounts: Vec<(AccountId, String)>,
    flash: Option<FormFlash>,
) -> impl IntoView {
    let action = FormAction::<SendInvitations>::new();
    let close = route.address();
    let (email, resource) = match &route.open {
        PeopleDialog::Invite { email, resource } => (email.clone(), resource.clone()),
        _ => (String::new(), String::new()),
    };
    let (roles, missing) = (roles_within(&refused, mine), missing_roles(refused, mine));
    // Two reasons at most: why nobody can be a Member, and why other roles are missing.
    let first =
        |member: bool| missing.iter().find(|(role, _)| (*role == Role::Member) == member).map(|(_, why)| why.clone());
    let missing: Vec<String> = [first(true), first(false)].into_iter().flatten().collect();
    view! {
        <Dialog label="Invite people" heading="Invite people" close=close.clone()>
            <Form action flash class="dialog-form invite">
                <Hidden name="org" value=route.org.clone()/>
                <Hidden name="back" value=paths::invitations(&route.org)/>
                <Asking fields=Fields { email, roles, missing, places, lacking, resource, mine, accounts } route=route.clone() close/>
            </Form>
        </Dialog>
    }
}

/// What the form of the dialog is made of.
#[derive(Clone)]
struct Fields {
    email: String,
    roles: Vec<(&'static str, &'static str)>,
    missing: Vec<String>,
    places: Vec<Crumb>,
    lacking: Option<String>,
    resource: String,
    mine: Option<Role>,
    accounts: Vec<(AccountId, String)>,
}

/// The fields; after sending, the outcome for each person in their place.
#[component]
fn Asking(fields: Fields, route: PeopleRoute, close: String) -> impl IntoView {
    let failure = FormContext::get().failure();
    let sent = Memo::new(move |_| {
        failure.with(|failure| match failure {
            Some(Failure::Refused(Refusal::Review(review))) if review.sent => Some(review.clone()),
            _ => None,
        })
    });
    let counts = use_context::<WaitingInvitations>();
    Effect::new(move |before: Option<()>| {
        let review = sent.get();
        // An outcome that is there from the start came with the page, whose number of invitations includes it.
        if let (Some(()), Some(review), Some(WaitingInvitations(waiting))) = (before, review, counts) {
            let invited = review.rows.iter().filter(|row| row.outcome == InviteOutcome::Invited).count() as u64;
            waiting.update(|waiting| *waiting += invited);
        }
    });
    move || match sent.get() {
        Some(review) => view! { <Outcomes review route=route.clone()/> }.into_any(),
        None => {
            let (fields, close) = (fields.clone(), close.clone());
            view! {
                <DialogBody>
                    <InviteFields fields/>
                </DialogBody>
                <DialogButtons close remark="Each person gets a link by mail. It works once, within 14 days.">
                    <Preview/>
                    <Submit label="Send invitations"/>
                </DialogButtons>
            }
            .into_any()
        }
    }
}

/// The outcome for each person. It takes the focus, because the button that had it is gone.
#[component]
fn Outcomes(review: InvitationReview, route: PeopleRoute) -> impl IntoView {
    let element = NodeRef::<html::Div>::new();
    Effect::new(move |_| {
        if let Some(element) = element.get() {
            once_connected(&element.clone(), move || drop(element.focus()));
        }
    });
    view! {
        <DialogBody>
            <div node_ref=element class="review" role="status" tabindex="-1">
                <ReviewTable review/>
            </div>
        </DialogBody>
        <footer>
            // A full page load, which empties the form.
            <a class=Tone::Plain.class() rel="external" href=paths::invite(&route.org, "")>"Invite more"</a>
            <a class=Tone::Primary.class() href=route.address() data-noscroll="" prop:replace=true>"Done"</a>
        </footer>
    }
}

/// The list, the role, what a Member gets access to, and the preview.
#[component]
fn InviteFields(fields: Fields) -> impl IntoView {
    let Fields { email, roles, missing, places, lacking, resource, mine, accounts } = fields;
    let form = FormContext::get();
    // A Member sees nothing until something is shared with them, so Member is the initial role only if there is
    // something to share.
    let no_members = lacking.is_some();
    let usual = if resource.is_empty() || no_members { Role::Reader } else { Role::Member };
    let text = RwSignal::new(form.typed("people").unwrap_or(email));
    let chosen = form.typed("resource").unwrap_or(resource);
    let options = places
        .into_iter()
        .map(|route| {
            let id = route.id.to_string();
            view! { <option value=id.clone() selected={id == chosen}>{route.name}</option> }
        })
        .collect_view();
    let levels: Vec<(&'static str, &'static str)> =
        Level::ALL.into_iter().map(|level| (level.as_str(), level.label())).collect();
    form.named("resource", "Access to");
    // Access matters only if **Member** can be chosen.
    let choice = if roles.iter().any(|(word, _)| *word == Role::Member.as_str()) {
        let hint = "A Member sees nothing until something is shared with them.";
        view! { <Choice name="role" label="Role" options=roles value=usual.as_str() hint/> }.into_any()
    } else {
        view! { <Choice name="role" label="Role" options=roles value=usual.as_str()/> }.into_any()
    };
    let missing = missing.into_iter().map(|why| view! { <p class="small">{why}</p> }).collect_view();
    view! {
        <Lines
            name="people"
            label="Email"
            hint="One address a line, or several with commas between them. To give a name and a role: Anna Muster, anna@example.com, Editor"
            placeholder="anna@example.com, John Keller <john@example.com>"
            text
        />
        <CsvFile text/>
        {choice}
        {missing}
        <div class="columns for-members">
            <div class="field">
                <label for="invite-resource">"Access to" <span class="optional">"optional, for Members"</span></label>
                <select
                    class="input"
                    id="invite-resource"
                    name="resource"
                    disabled=no_members
                    title=lacking
                >
                    <option value="">"Nothing yet"</option>
                    {options}
                </select>
            </div>
            <Choice name="level" label="Level" options=levels value=Level::Reader.as_str()/>
        </div>
        {(!accounts.is_empty()).then(|| view! { <Accounts accounts/> })}
        <Rows text mine/>
    }
    .into_any()
}

/// The accounts in which the roles will count (ACCT-2).
#[component]
fn Accounts(accounts: Vec<(AccountId, String)>) -> impl IntoView {
    let form = FormContext::get();
    let boxes = accounts
        .into_iter()
        .map(|(id, name)| {
            let id = id.to_string();
            let ticked = form.typed_among("accounts[]", &id);
            view! {
                <label class="tick">
                    <input type="checkbox" name="accounts[]" value=id checked=ticked/>
                    {name}
                </label>
            }
        })
        .collect_view();
    let options = vec![("everywhere", "In every account, including new ones"), ("chosen", "Only in these accounts:")];
    view! {
        <Radios name="counts" label="Where the role counts" options first="everywhere"/>
        <fieldset class="field account-choices" aria-label="Accounts">{boxes}</fieldset>
    }
}

/// **Preview**: checks each row on the server, without sending anything.
#[component]
fn Preview() -> impl IntoView {
    view! { <button type="submit" class=Tone::Plain.class() name="preview" value="true">"Preview"</button> }
}

/// Reads a file in the browser into the list.
#[component]
fn CsvFile(text: RwSignal<String>) -> impl IntoView {
    let hydrated = crate::ui::session::Session::get().hydrated;
    let input = NodeRef::<html::Input>::new();
    let on_change = move |_| {
        let Some(file) = input.get_untracked().and_then(|input| input.files()).and_then(|files| files.item(0)) else {
            return;
        };
        leptos::task::spawn_local(async move {
            let Ok(buffer) = wasm_bindgen_futures::JsFuture::from(file.array_buffer()).await else { return };
            // Bytes in another encoding become replacement characters, which the preview then reports.
            let bytes = web_sys::js_sys::Uint8Array::new(&buffer).to_vec();
            let read = text_of_file(&bytes).unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into_owned());
            if let Some(lines) = document().get_element_by_id("send_invitations-people")
                && let Ok(lines) = lines.dyn_into::<web_sys::HtmlTextAreaElement>()
            {
                lines.set_value(&read);
                text.set(read);
            }
        });
    };
    view! {
        <label class="button file" hidden=move || !hydrated.get()>
            <Icon name="upload"/>
            "Upload CSV"
            <input node_ref=input class="visually-hidden" type="file" accept=".csv,.txt,text/csv,text/plain" on:change=on_change/>
        </label>
    }
}

/// The preview: the server's if the list was checked, otherwise what the browser can tell.
#[component]
fn Rows(text: RwSignal<String>, mine: Option<Role>) -> impl IntoView {
    let form = FormContext::get();
    let failure = form.failure();
    let reviewed = Memo::new(move |_| {
        failure.with(|failure| match failure {
            Some(Failure::Refused(Refusal::Review(review))) => Some(review.clone()),
            _ => None,
        })
    });
    // The text that the server's answer is about: it no longer counts once the text changes.
    let answered = RwSignal::new(String::new());
    Effect::new(move |_| {
        reviewed.track();
        answered.set(text.get_untracked());
    });
    let review = move || match reviewed.get() {
        // `answered` is empty on the server and in the first rendering, before any effect has run.
        Some(review) if review.sent || answered.get() == text.get() || answered.with(String::is_empty) => Some(review),
        _ => text.with(|text| typed_review(text, mine)),
    };
    view! { <div role="status" class="review">{move || review().map(|review| view! { <ReviewTable review/> })}</div> }
}

/// A preview without the server: syntax and roles only.
fn typed_review(text: &str, mine: Option<Role>) -> Option<InvitationReview> {
    let listed = match read_list(text) {
        Ok(listed) if listed.is_empty() => return None,
        Ok(listed) => listed,
        Err(problem) => return Some(InvitationReview { rows: vec![of_problem(text, &problem)], sent: false }),
    };
    let mut seen: Vec<String> = Vec::new();
    let rows = listed
        .iter()
        .map(|one| match one.preview(Role::Member) {
            Err(problem) => of_problem(&one.email, &problem),
            Ok((email, name, role)) => {
                let key = key(&email);
                let twice = seen.contains(&key);
                seen.push(key);
                let given = (!one.role.is_empty()).then_some(role);
                let refused = given.zip(mine).and_then(|(role, mine)| may_invite_as(mine, role).err());
                let why = refused
                    .as_ref()
                    .map(ToString::to_string)
                    .or_else(|| twice.then(|| "This address is listed twice.".to_owned()));
                ReviewedInvitee {
                    email,
                    name,
                    role: given,
                    outcome: match (&refused, twice) {
                        (Some(_), _) => InviteOutcome::Invalid,
                        (None, true) => InviteOutcome::AlreadyInvited,
                        (None, false) => InviteOutcome::Invited,
                    },
                    why,
                    invitation: None,
                    expires_at: None,
                }
            }
        })
        .collect();
    Some(InvitationReview { rows, sent: false })
}

fn of_problem(text: &str, problem: &FieldIssue) -> ReviewedInvitee {
    ReviewedInvitee {
        email: text.chars().take(80).collect(),
        name: None,
        role: None,
        outcome: InviteOutcome::Invalid,
        why: Some(problem.to_string()),
        invitation: None,
        expires_at: None,
    }
}

/// One line per person.
#[component]
fn ReviewTable(review: InvitationReview) -> impl IntoView {
    let count = |wanted: InviteOutcome| review.rows.iter().filter(|row| row.outcome == wanted).count() as u64;
    let (good, all) = (count(InviteOutcome::Invited), review.rows.len() as u64);
    let verb = if review.sent { "invited" } else { "will be invited" };
    let heading = format!("{} of {} {verb}", words::total(good), words::totalled(all, "person", "people"));
    let sent = review.sent;
    let rows = review
        .rows
        .into_iter()
        .map(|row| {
            let (tone, words) = match (row.outcome, row.why) {
                (InviteOutcome::Invited, _) => ("status ok", if sent { "Invited".to_owned() } else { "Ready".to_owned() }),
                (InviteOutcome::Invalid, why) => ("status fail", why.unwrap_or_default()),
                (_, why) => ("status wait", why.unwrap_or_default()),
            };
            let about = [row.name, row.role.map(|role| role.label().to_owned())].into_iter().flatten().collect::<Vec<_>>().join(" · ");
            view! {
                <li>
                    <span class="two-lines"><b>{row.email}</b>{(!about.is_empty()).then(|| view! { <small>{about}</small> })}</span>
                    <span class=tone>{words}</span>
                </li>
            }
        })
        .collect_view();
    view! {
        <h3>{heading}</h3>
        <ul class="verdicts">{rows}</ul>
    }
}
