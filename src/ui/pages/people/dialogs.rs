//! The dialogs to remove people, to create an account, and to confirm a change of role (PEOPLE-5, PEOPLE-8, ROLE-3).

use leptos::prelude::*;

use super::route::{PeopleDialog, PeopleRoute};
use crate::{
    domain::{
        role::{Permission, Role, may},
        role_change::roles_to_invite_as,
    },
    rpc::{
        FormFlash,
        people::{ChangeRole, CreatePerson, RemovePeople},
    },
    ui::{
        components::{
            avatar::PersonAvatar,
            button::Tone,
            dialog::{Dialog, DialogBody, DialogButtons},
            field::{Choice, Field, Hidden},
            form::{Form, Submit},
            note::{Note, Severity},
        },
        form_action::FormAction,
        words,
    },
    view::people::{PeopleView, PersonRow, PersonStatus},
};

/// How many people a dialog names at most.
const MAX_NAMED_PEOPLE: usize = 8;

/// **Remove user**: whom, and what they lose.
#[component]
pub fn RemoveDialog(people: PeopleView, route: PeopleRoute, flash: Option<FormFlash>) -> impl IntoView {
    let action = FormAction::<RemovePeople>::new();
    let close = route.address();
    let chosen = people.chosen;
    let count = chosen.len() as u64;
    let ids = chosen.iter().filter_map(|row| row.person.map(|id| id.to_string())).collect::<Vec<_>>().join(",");
    let more = chosen.len().saturating_sub(MAX_NAMED_PEOPLE) as u64;
    let myself = chosen.iter().any(|row| row.person == Some(people.me));
    let names = chosen
        .into_iter()
        .take(MAX_NAMED_PEOPLE)
        .map(|row| {
            let name = row.label();
            let about = match row.status {
                PersonStatus::External => {
                    format!("External · loses access to {}", words::totalled(row.resources, "resource", "resources"))
                }
                _ => format!("{} · loses what {} can do", words::role(row.role), article(row.role)),
            };
            let hue = row.person.map_or(0, |id| words::hue(id.0.as_bytes()));
            view! {
                <li>
                    <PersonAvatar name=name.clone() hue/>
                    <span class="two-lines"><b>{name}</b><small>{about}</small></span>
                </li>
            }
        })
        .collect_view();
    let heading =
        if count == 1 { "Remove this person?".to_owned() } else { format!("Remove {} people?", words::total(count)) };
    let sentence = format!(
        "They lose access to {} at once, in every open window. The work they created stays with the organization.",
        people.organization.name
    );
    view! {
        <Dialog label="Remove user" heading close=close.clone() starts_with_text=true>
            <Form action flash class="dialog-form" changes_session=myself>
                <Hidden name="org" value=route.org.clone()/>
                <Hidden name="people" value=ids/>
                <Hidden name="back" value=close.clone()/>
                <DialogBody>
                    <ul class="chosen" aria-label="Who is removed">{names}</ul>
                    {(more > 0).then(|| view! { <p class="small">{format!("and {} more", words::total(more))}</p> })}
                    <p>{sentence}</p>
                    {myself.then(|| view! { <Note severity=Severity::Warning><p>"You are one of them."</p></Note> })}
                </DialogBody>
                <DialogButtons close>
                    <Submit label="Remove user" tone=Tone::Danger/>
                </DialogButtons>
            </Form>
        </Dialog>
    }
}

fn article(role: Option<Role>) -> &'static str {
    role.map_or("an External", Role::with_article)
}

/// The roles that somebody with the role `mine` may give, without the refused ones.
pub fn roles_within(refused: &[(Role, String)], mine: Option<Role>) -> Vec<(&'static str, &'static str)> {
    let all = mine.map(roles_to_invite_as).unwrap_or_default();
    let fits = all.into_iter().filter(|role| !refused.iter().any(|(missing, _)| missing == role));
    fits.map(|role| (role.as_str(), role.label())).collect()
}

/// The refused ones among the roles that they could give, each with its reason.
pub fn missing_roles(refused: Vec<(Role, String)>, mine: Option<Role>) -> Vec<(Role, String)> {
    let all = mine.map(roles_to_invite_as).unwrap_or_default();
    refused.into_iter().filter(|(role, _)| all.contains(role)).collect()
}

/// Creates a person's account directly (PEOPLE-8).
#[component]
pub fn CreateDialog(
    route: PeopleRoute,
    mine: Option<Role>,
    refused: Vec<(Role, String)>,
    flash: Option<FormFlash>,
) -> impl IntoView {
    let action = FormAction::<CreatePerson>::new();
    let close = route.address();
    let (roles, missing) = (roles_within(&refused, mine), missing_roles(refused, mine));
    view! {
        <Dialog label="Create an account" heading="Create an account" close=close.clone()>
            <Form action flash class="dialog-form">
                <Hidden name="org" value=route.org.clone()/>
                <Hidden name="back" value=close.clone()/>
                <DialogBody>
                    <div class="columns">
                        <Field name="first_name" label="First name" focused=true/>
                        <Field name="last_name" label="Last name"/>
                    </div>
                    <Field name="email" label="Email" kind="email"/>
                    <Choice name="role" label="Role" options=roles value=if missing.iter().any(|(role, _)| *role == Role::Member) { Role::Reader } else { Role::Member }.as_str()/>
                    {missing.into_iter().map(|(_, why)| view! { <p class="small">{why}</p> }).collect_view()}
                </DialogBody>
                <DialogButtons close remark="They get a mail with a link to set their password.">
                    <Submit label="Create"/>
                </DialogButtons>
            </Form>
        </Dialog>
    }
}

/// Asks before somebody becomes an Owner, and before people give up permissions of their own.
#[component]
pub fn RoleDialog(people: PeopleView, route: PeopleRoute, flash: Option<FormFlash>) -> impl IntoView {
    let action = FormAction::<ChangeRole>::new();
    let close = route.address();
    let (person, to) = match &route.open {
        PeopleDialog::Role { person, to } => (person.clone(), Role::parse(to).ok()),
        _ => (String::new(), None),
    };
    let row: Option<PersonRow> = people.chosen.into_iter().next();
    let name = row.as_ref().map(PersonRow::label).unwrap_or_default();
    let myself = row.as_ref().is_some_and(|row| row.person == Some(people.me));
    let before = row.as_ref().and_then(|row| row.role);
    let (Some(to), Some(before)) = (to, before) else { return ().into_any() };
    let gains = to > before;
    let changed: Vec<&'static str> = Permission::ALL
        .into_iter()
        .filter(|permission| may(to, *permission) != may(before, *permission))
        .map(Permission::label)
        .collect();
    let list = changed.into_iter().map(|title| view! { <li>{title}</li> }).collect_view();
    let heading = if gains { format!("Make {name} {}?", to.with_article()) } else { "Give up this role?".to_owned() };
    let sentence = match (gains, myself) {
        (true, _) => format!("{name} will be able to:"),
        (false, true) => {
            format!("As {} of {}, you will no longer be able to:", to.with_article(), people.organization.name)
        }
        (false, false) => format!("{name} will no longer be able to:"),
    };
    view! {
        <Dialog label="Change role" heading close=close.clone() starts_with_text=true>
            <Form action flash class="dialog-form" changes_session=myself>
                <Hidden name="org" value=route.org.clone()/>
                <Hidden name="person" value=person/>
                <Hidden name="role" value=to.as_str()/>
                <Hidden name="confirmed" value="true"/>
                <Hidden name="back" value=close.clone()/>
                <DialogBody>
                    <p>{sentence}</p>
                    <ul class="bullets">{list}</ul>
                    {gains.then(|| view! { <Note severity=Severity::Warning><p>"An Owner can also remove you as an Owner."</p></Note> })}
                </DialogBody>
                <DialogButtons close>
                    <Submit label="Change role"/>
                </DialogButtons>
            </Form>
        </Dialog>
    }
    .into_any()
}
