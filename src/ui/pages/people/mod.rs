//! Manage People (PEOPLE): who is in an organization, invited into it, or reaches something of it from outside.

pub mod dialogs;
pub mod invitations;
pub mod invite;
pub mod limits;
pub mod list;
pub mod route;

use leptos::prelude::*;

use self::{
    dialogs::{CreateDialog, RemoveDialog, RoleDialog},
    invite::InviteDialog,
    limits::LimitsDialog,
    list::PeopleList,
    route::{PeopleDialog, PeopleRoute},
};
use crate::{
    domain::{
        role::{Permission, may},
        time::Timestamp,
    },
    rpc::{FormFlash, ask, people::people_page},
    ui::{
        components::{
            button::{ButtonLink, Tone},
            empty::Skeleton,
        },
        error_page::ErrorPage,
        layout::{Frame, PageHeader, Section},
        paths,
        routes::use_route_query,
        session::{PageContext, Session},
        words,
    },
    view::{
        OrganizationMembership,
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
            let dialog = PeopleDialogQuery { chosen, inviting, resource, limits_of: open.limits_of() };
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
                    {move || Suspend::new(async move {
                        let begin = PageContext::from(session.start().await);
                        match people.await {
                            (route, Ok(people)) => view! { <PeopleContent people route now=begin.now flash=begin.form/> }.into_any(),
                            (_, Err(failure)) => view! { <ErrorPage failure/> }.into_any(),
                        }
                    })}
                </Transition>
            </div>
        </Frame>
    }
    .into_any()
}

/// How many invitations wait, as the page shows it: **Invite people** adds those that it sent.
#[derive(Clone, Copy)]
pub struct Counts(pub RwSignal<u64>);

/// The page, loaded, with the dialog that is open over it.
#[component]
fn PeopleContent(people: PeopleView, route: PeopleRoute, now: Timestamp, flash: Option<FormFlash>) -> impl IntoView {
    let waiting = RwSignal::new(people.waiting);
    provide_context(Counts(waiting));
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

/// Whether somebody manages people here.
pub fn manages(organization: &OrganizationMembership) -> bool {
    organization.role.is_some_and(|role| may(role, Permission::ManagePeople))
}

/// Title, **Invite people**, and the way between people and invitations.
#[component]
pub fn PeopleHeader(
    /// Where.
    organization: OrganizationMembership,
    /// How many people there are.
    people: u64,
    /// How many invitations wait.
    #[prop(into)]
    waiting: Signal<u64>,
    /// Whether the invitations are shown.
    invitations: bool,
) -> impl IntoView {
    let org = organization.org_id.clone();
    let tabs = manages(&organization).then(|| {
        view! {
            <nav class="tabs" aria-label="People and invitations">
                <a href=paths::people(&org) aria-current=(!invitations).then_some("page")>"People " <small class="num">{words::total(people)}</small></a>
                <a href=paths::invitations(&org) aria-current=invitations.then_some("page")>"Invitations " <small class="num">{move || words::total(waiting.get())}</small></a>
            </nav>
        }
    });
    let invite = manages(&organization).then(|| {
        view! { <ButtonLink href=paths::invite(&organization.org_id, "") tone=Tone::Primary icon="mail" in_place=true>"Invite people"</ButtonLink> }
    });
    view! {
        <PageHeader title=if invitations { "Invitations" } else { "People" }>
            <ButtonLink href=paths::roles(&organization.org_id)>"Who can do what"</ButtonLink>
            {invite}
        </PageHeader>
        {tabs}
    }
}
