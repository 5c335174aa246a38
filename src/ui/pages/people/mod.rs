//! Manage People (PEOPLE): who is in an organization, invited into it, or reaches something of it from outside.

pub mod caps;
pub mod dialogs;
pub mod header;
pub mod invitations;
pub mod invite;
pub mod limits;
pub mod list;
pub mod route;

use leptos::prelude::*;

use self::{
    caps::CapsDialog,
    dialogs::{CreateDialog, RemoveDialog, RoleDialog},
    header::{PeopleHeader, WaitingInvitations, manages},
    invite::InviteDialog,
    limits::LimitsDialog,
    list::PeopleList,
    route::{PeopleDialog, PeopleRoute},
};
use crate::{
    domain::time::Timestamp,
    rpc::{FormFlash, ask, people::people_page},
    ui::{
        components::empty::Skeleton,
        error_page::ErrorPage,
        layout::{Frame, Section},
        location::use_route_query,
        session::Session,
        suspend::rebuilt,
    },
    view::{
        people::PeopleView,
        query::{PeopleDialogQuery, PeopleQuery},
    },
};

/// The page: `/o/{org}/people`.
#[component]
pub fn PeoplePage() -> impl IntoView {
    let session = Session::get();
    let route = use_route_query(PeopleRoute::read);
    let people = ask(
        move || (route.get(), session.version()),
        |(route, _)| async move {
            let PeopleRoute { org, query, role, status, sort, cursor, open } = route.clone();
            let (chosen, inviting, resource) = open.asks();
            let dialog =
                PeopleDialogQuery { chosen, inviting, resource, limits_of: open.limits_of(), caps_of: open.caps_of() };
            let query = PeopleQuery { org, query, role, status, sort, cursor, dialog };
            (route, people_page(query).await)
        },
    );
    let loading = RwSignal::new(false);
    let org = Signal::derive(move || route.with(|route| route.org.clone()));
    view! {
        <Frame section=Section::People org>
            <div class="loadable" aria-busy=move || (session.hydrated.get() && loading.get()).then_some("true")>
                <Transition fallback=Skeleton set_pending=loading>
                    {rebuilt(move || async move {
                        let context = session.context().await;
                        match people.await {
                            (route, Ok(people)) => view! { <PeopleContent people route now=context.now flash=context.form/> }.into_any(),
                            (_, Err(failure)) => view! { <ErrorPage failure/> }.into_any(),
                        }
                    })}
                </Transition>
            </div>
        </Frame>
    }
    .into_any()
}

#[component]
fn PeopleContent(people: PeopleView, route: PeopleRoute, now: Timestamp, flash: Option<FormFlash>) -> impl IntoView {
    let waiting = RwSignal::new(people.waiting);
    provide_context(WaitingInvitations(waiting));
    let dialog = match (&route.open, manages(&people.organization)) {
        (PeopleDialog::Nothing, _) | (_, false) => ().into_any(),
        (PeopleDialog::Invite { .. }, true) => {
            view! { <InviteDialog route=route.clone() places=people.places.clone() lacking=people.members_lacking.clone() mine=people.organization.role refused=people.refused_roles() accounts=people.account_choices.clone() flash=flash.clone()/> }
                .into_any()
        }
        (PeopleDialog::Create, true) => {
            view! { <CreateDialog route=route.clone() mine=people.organization.role refused=people.refused_roles() flash=flash.clone()/> }.into_any()
        }
        (PeopleDialog::Remove(_), true) => {
            view! { <RemoveDialog people=people.clone() route=route.clone() flash=flash.clone()/> }.into_any()
        }
        (PeopleDialog::Limits(_), true) => people
            .limits
            .clone()
            .map(|limits| view! { <LimitsDialog limits route=route.clone() flash=flash.clone()/> })
            .into_any(),
        (PeopleDialog::Caps(_), true) => people
            .caps
            .clone()
            .map(|caps| view! { <CapsDialog caps route=route.clone() flash=flash.clone()/> })
            .into_any(),
        (PeopleDialog::Role { .. }, true) => {
            view! { <RoleDialog people=people.clone() route=route.clone() flash=flash.clone()/> }.into_any()
        }
    };
    view! {
        <PeopleHeader organization=people.organization.clone() people=people.people waiting invitations=false/>
        <PeopleList people route now flash waiting/>
        {dialog}
    }
}
