//! The invitations of an organization (PEOPLE-3): resending, revoking or changing pending ones, and the state of the
//! others. Their links are only ever sent by email.

use leptos::prelude::*;
use leptos_router::params::ParamsMap;
use serde::{Deserialize, Serialize};
use wasm_bindgen::JsCast;

use super::header::PeopleHeader;
use crate::{
    domain::{invitation::InvitationState, time::Timestamp},
    paths::{self, Address},
    rpc::{
        Done, Failure, FormFlash, ask,
        invitation::{ResendInvitation, RevokeInvitation, invitations_page},
    },
    ui::{
        components::{
            button::{ButtonLink, Tone},
            empty::Empty,
            form::follow,
            note::{Note, Severity},
            pages::Pages,
            toast::Toaster,
        },
        form_action::{FormAction, function_of},
        layout::Section,
        location::use_route_query,
        page::page,
        session::Session,
        words::{self, When},
    },
    view::people::{InvitationRow, InvitationsView},
};

/// Which invitations are shown, as the address says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct InvitationsRoute {
    org: String,
    state: String,
    cursor: String,
}

impl InvitationsRoute {
    fn read(segments: &[&str], query: &ParamsMap) -> Option<Self> {
        let ["o", org, "people", "invitations"] = segments else { return None };
        let get = |name: &str| query.get(name).unwrap_or_default();
        Some(Self { org: (*org).to_owned(), state: get("status"), cursor: get("cursor") })
    }

    fn address(&self, state: &str, cursor: &str) -> String {
        Address::new(paths::invitations(&self.org)).with("status", state).with("cursor", cursor).text()
    }
}

/// The page: `/o/{org}/people/invitations`.
#[component]
pub fn InvitationsPage() -> impl IntoView {
    let session = Session::get();
    let route = use_route_query(InvitationsRoute::read);
    let invitations = ask(
        move || (route.get(), session.version()),
        |(route, _)| async move {
            let InvitationsRoute { org, state, cursor } = route.clone();
            (route, invitations_page(org, state, cursor).await)
        },
    );
    let org = Signal::derive(move || route.with(|route| route.org.clone()));
    page(Section::People, org, move || async move {
        let context = session.context().await;
        let (route, invitations) = invitations.await;
        let invitations = invitations?;
        Ok(view! { <Content invitations route now=context.now flash=context.form/> }.into_any())
    })
}

const STATES: [(InvitationState, &str); 4] = [
    (InvitationState::Pending, "Waiting"),
    (InvitationState::Accepted, "Accepted"),
    (InvitationState::Declined, "Declined"),
    (InvitationState::Revoked, "Revoked"),
];

#[component]
fn Content(
    invitations: InvitationsView,
    route: InvitationsRoute,
    now: Timestamp,
    flash: Option<FormFlash>,
) -> impl IntoView {
    let state = InvitationState::parse(&route.state).unwrap_or(InvitationState::Pending);
    let links = STATES
        .into_iter()
        .map(|(one, words)| {
            let word = if one == InvitationState::Pending { "" } else { one.as_str() };
            view! { <a class="button quiet" href=route.address(word, "") aria-current=(one == state).then_some("true")>{words}</a> }
        })
        .collect_view();
    let (resend, revoke) = (FormAction::<ResendInvitation>::new(), FormAction::<RevokeInvitation>::new());
    let toaster = Toaster::get();
    let session = Session::get();
    let refused = move |answer: Option<Result<Done, Failure>>| {
        if let Some(Err(failure)) = answer {
            toaster.show(&failure.to_string());
        }
        session.refresh();
    };
    follow(Signal::derive(move || resend.value().get()), false, move || refused(resend.value().get_untracked()));
    follow(Signal::derive(move || revoke.value().get()), false, move || refused(revoke.value().get_untracked()));
    let (resend_path, revoke_path) = (resend.url(), revoke.url());
    let on_submit = move |event: leptos::ev::SubmitEvent| {
        let action = event
            .target()
            .and_then(|form| form.dyn_into::<web_sys::Element>().ok())
            .and_then(|form| form.get_attribute("action"))
            .unwrap_or_default();
        event.prevent_default();
        if function_of(&action) == resend_path {
            resend.submit(&event);
        } else {
            revoke.submit(&event);
        }
    };
    let failed = flash
        .filter(|flash| flash.action == resend_path || flash.action == revoke_path)
        .map(|flash| view! { <div role="alert"><Note severity=Severity::Error><p>{flash.failure.to_string()}</p></Note></div> });
    let back = route.address(&route.state, &route.cursor);
    let org = route.org.clone();
    let empty = invitations.rows.items.is_empty();
    let rows = invitations
        .rows
        .items
        .into_iter()
        .map(|row| view! { <Row row org=org.clone() back=back.clone() now resend_path revoke_path/> })
        .collect_view();
    let start = (!route.cursor.is_empty()).then(|| route.address(&route.state, ""));
    let next = invitations.rows.next_cursor.map(|cursor| route.address(&route.state, &cursor));
    let content = if empty {
        let sentence = match state {
            InvitationState::Pending => "No invitations are waiting for an answer.",
            InvitationState::Accepted => "No one has accepted an invitation yet.",
            InvitationState::Declined => "No one has declined an invitation.",
            InvitationState::Revoked => "No invitations have been revoked.",
        };
        view! {
            <section class="panel">
                <Empty icon="mail" sentence>
                    <ButtonLink href=paths::invite(&route.org, "") tone=Tone::Primary icon="mail">"Invite people"</ButtonLink>
                </Empty>
            </section>
        }
        .into_any()
    } else {
        view! {
            <div class="panel" on:submit=on_submit>
                <table class="list people-table" aria-label="Invitations">
                    <thead>
                        <tr>
                            <th scope="col">"Person"</th>
                            <th scope="col">"Role"</th>
                            <th scope="col">"Status"</th>
                            <th scope="col">"Invited by"</th>
                            <th scope="col">"Sent"</th>
                            <th scope="col"><span class="visually-hidden">"Options"</span></th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            <Pages start next/>
        }
        .into_any()
    };
    view! {
        <PeopleHeader organization=invitations.organization people=invitations.people waiting=invitations.waiting invitations=true/>
        {failed}
        <nav class="bar states" aria-label="Which invitations">{links}</nav>
        {content}
    }
}

#[component]
fn Row(
    row: InvitationRow,
    org: String,
    back: String,
    now: Timestamp,
    resend_path: &'static str,
    revoke_path: &'static str,
) -> impl IntoView {
    let id = row.id.to_string();
    let (first, second) = match row.name {
        Some(name) => (name, row.email.clone()),
        None => (row.email.clone(), String::new()),
    };
    let (status, tone) = match (row.state, row.expires_at <= now) {
        (InvitationState::Pending, false) if row.sender_lost => {
            (format!("{} can no longer send this invitation", row.invited_by), "status fail")
        }
        (InvitationState::Pending, _) if row.undelivered => {
            ("The mail could not be delivered".to_owned(), "status fail")
        }
        (InvitationState::Pending, false) => {
            (format!("Waiting · {}", words::days_left(row.expires_at, now)), "status wait")
        }
        (InvitationState::Pending, true) => ("Expired".to_owned(), "status fail"),
        (InvitationState::Accepted, _) => ("Accepted".to_owned(), "status ok"),
        (InvitationState::Declined, _) => ("Declined".to_owned(), "status fail"),
        (InvitationState::Revoked, _) => ("Revoked".to_owned(), "status"),
    };
    let hint = (row.state == InvitationState::Pending && row.sender_lost)
        .then(|| view! { <small class="reaches">"Resend it in your own name, or revoke it."</small> });
    let accounts = (!row.accounts.is_empty()).then(|| {
        let names: Vec<&str> = row.accounts.iter().map(String::as_str).collect();
        let text = format!("In {}", words::some_of(&names, names.len() as u64));
        view! { <small class="of-account">{text}</small> }
    });
    let reach = row.resource_name.zip(row.level).map(|(name, level)| format!("{} of {name}", level.label()));
    let buttons = (row.state == InvitationState::Pending).then(|| {
        let form = |path: &'static str, label: &'static str| {
            view! {
                <form class="inline-form" method="post" action=Session::get().sent_from(path)>
                    <input type="hidden" name="org" value=org.clone()/>
                    <input type="hidden" name="invitation" value=id.clone()/>
                    <input type="hidden" name="back" value=back.clone()/>
                    <button type="submit" class="button quiet" aria-label=format!("{label} {}", row.email)>{label}</button>
                </form>
            }
        };
        view! { {form(resend_path, "Resend")} {form(revoke_path, "Revoke")} }
    });
    view! {
        <tr class="person">
            <td class="name-cell"><span class="two-lines"><b>{first}</b><small>{second}</small></span></td>
            <td class="role-cell"><span class="two-lines"><span>{if row.external { "External" } else { row.role.label() }}</span>{reach.map(|reach| view! { <small>{reach}</small> })}</span>{accounts}</td>
            <td class="status-cell"><span class=tone>{status}</span>{hint}</td>
            <td class="m">{row.invited_by}</td>
            <td class="m num seen-cell"><When at=row.sent_at now/></td>
            <td class="act-wide">{buttons}</td>
        </tr>
    }
    .into_any()
}
