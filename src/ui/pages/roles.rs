//! **Who can do what** (ROLE): the permission table that every check uses.

use leptos::prelude::*;

use crate::{
    domain::{
        refusal::Refusal,
        role::{Affiliation, Cell, Permission, Role, cell},
    },
    rpc::Failure,
    ui::{
        components::icon::Icon,
        layout::{PageHeader, Section},
        location::use_route_query,
        page::page,
        session::Session,
    },
    view::OrganizationMembership,
};

/// The page: `/o/{org}/roles`.
#[component]
pub fn RolesPage() -> impl IntoView {
    let org = use_route_query(|segments, _| match segments {
        ["o", org, "roles"] => Some((*org).to_owned()),
        _ => None,
    });
    let session = Session::get();
    page(Section::Roles, org, move || {
        let org = org.get();
        async move {
            let context = session.context().await;
            if context.person.is_none() {
                return Err(Failure::Refused(Refusal::Unauthenticated));
            }
            let membership = context.organization(&org).ok_or(Failure::Refused(Refusal::NotFound))?;
            Ok(view! { <RolesView membership=membership.clone()/> }.into_any())
        }
    })
}

#[component]
fn RolesView(membership: OrganizationMembership) -> impl IntoView {
    let standings: Vec<(&'static str, Affiliation, bool)> = Role::ALL
        .into_iter()
        .map(|role| (role.label(), Affiliation::In(role), membership.role == Some(role)))
        .chain([("External", Affiliation::External, membership.role.is_none())])
        .collect();
    let heads = standings
        .iter()
        .map(|(title, _, mine)| view! { <th scope="col" class:mine=*mine>{*title} {mine.then(|| view! { <span class="tag" aria-hidden="true">"you"</span> })}</th> })
        .collect_view();
    let rows = Permission::ALL
        .into_iter()
        .map(|permission| {
            let cells = standings
                .iter()
                .map(|(title, standing, mine)| view! { <RoleCell of=title cell=cell(permission, *standing) mine=*mine/> })
                .collect_view();
            view! {
                <tr>
                    <th scope="row">{permission.label()}</th>
                    {cells}
                </tr>
            }
        })
        .collect_view();
    view! {
        <PageHeader title="Who can do what" lead="What each role can do in an organization. An External has no role, only access to single items."/>
        <section class="panel">
            <table class="list roles" aria-label="Who can do what">
                <thead>
                    <tr>
                        <th scope="col">"Permission"</th>
                        {heads}
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </section>
    }
}

/// One cell, with an icon and a word. On a phone it also names the role, because the column heading is not in view.
#[component]
fn RoleCell(of: &'static str, cell: Cell, mine: bool) -> impl IntoView {
    let content = match cell {
        Cell::Yes => {
            view! { <span class="yes"><Icon name="check"/><span class="visually-hidden">"Yes"</span></span> }.into_any()
        }
        Cell::No => {
            view! { <span class="no"><span aria-hidden="true">"–"</span><span class="visually-hidden">"No"</span></span> }
                .into_any()
        }
        other => view! { <span class="partly">{other.label()}</span> }.into_any(),
    };
    view! { <td class:mine=mine class:refused={cell == Cell::No}><span class="of" aria-hidden="true">{of}</span>{content}</td> }
}
