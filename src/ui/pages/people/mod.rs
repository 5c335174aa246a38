//! Manage People (PEOPLE): who is in an organization, invited into it, or reaches something of it from outside.

pub mod dialogs;
pub mod invitations;
pub mod invite;
pub mod limits;
pub mod list;
pub mod place;

use leptos::prelude::*;

use self::{
    dialogs::{CreateDialog, RemoveDialog, RoleDialog},
    invite::InviteDialog,
    limits::LimitsDialog,
    list::PeopleList,
    place::{Open, Place},
};
use crate::{
    domain::{
        role::{Permission, may},
        time::Timestamp,
        view::{Belonging, people::PeopleView},
    },
    rpc::{FormFlash, ask, people::people_page},
    ui::{
        components::{
            button::{ButtonLink, Tone},
            empty::Skeleton,
        },
        layout::{Frame, PageHeader, Section},
        paths,
        routes::here,
        session::{Beginning, Session},
        trouble::Trouble,
        words,
    },
};

/// The page: `/o/{org}/people`.
#[component]
pub fn PeoplePage() -> impl IntoView {
    let session = Session::get();
    let place = here(Place::read);
    let people = ask(
        move || (place.get(), session.version()),
        |(place, _)| async move {
            let Place { org, query, role, status, sort, cursor, open } = place.clone();
            let (chosen, inviting, resource) = open.asks();
            let limits_of = open.limits_of();
            let answer =
                people_page(org, query, role, status, sort, cursor, chosen, inviting, resource, limits_of).await;
            (place, answer)
        },
    );
    let loading = RwSignal::new(false);
    let org = Signal::derive(move || place.with(|place| place.org.clone()));
    view! {
        <Frame section=Section::People org>
            <div class="loadable" aria-busy=move || (session.hydrated.get() && loading.get()).then_some("true")>
                <Transition fallback=Skeleton set_pending=loading>
                    {move || Suspend::new(async move {
                        let begin = Beginning::from(session.start().await);
                        match people.await {
                            (place, Ok(people)) => view! { <PeopleContent people place now=begin.now flash=begin.form/> }.into_any(),
                            (_, Err(failure)) => view! { <Trouble failure/> }.into_any(),
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
fn PeopleContent(people: PeopleView, place: Place, now: Timestamp, flash: Option<FormFlash>) -> impl IntoView {
    let waiting = RwSignal::new(people.waiting);
    provide_context(Counts(waiting));
    let dialog = match (&place.open, manages(&people.organization)) {
        (Open::Nothing, _) | (_, false) => ().into_any(),
        (Open::Invite { .. }, true) => {
            view! { <InviteDialog place=place.clone() places=people.places.clone() lacking=people.members_lacking.clone() mine=people.organization.role refused=people.refused_roles() accounts=people.account_choices.clone() flash=flash.clone()/> }
                .into_any()
        }
        (Open::Create, true) => {
            view! { <CreateDialog place=place.clone() mine=people.organization.role refused=people.refused_roles() flash=flash.clone()/> }.into_any()
        }
        (Open::Remove(_), true) => {
            view! { <RemoveDialog people=people.clone() place=place.clone() flash=flash.clone()/> }.into_any()
        }
        (Open::Limits(_), true) => people
            .limits
            .clone()
            .map(|limits| view! { <LimitsDialog limits place=place.clone() flash=flash.clone()/> })
            .into_any(),
        (Open::Role { .. }, true) => {
            view! { <RoleDialog people=people.clone() place=place.clone() flash=flash.clone()/> }.into_any()
        }
    };
    view! {
        <PeopleHeader organization=people.organization.clone() people=people.people waiting invitations=false/>
        <PeopleList people place now flash waiting/>
        {dialog}
    }
}

/// Whether somebody manages people here.
pub fn manages(organization: &Belonging) -> bool {
    organization.role.is_some_and(|role| may(role, Permission::ManagePeople))
}

/// Title, **Invite people**, and the way between people and invitations.
#[component]
pub fn PeopleHeader(
    /// Where.
    organization: Belonging,
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
