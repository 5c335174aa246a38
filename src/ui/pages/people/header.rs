//! The header of the people and invitations pages: title, **Invite people**, and the tabs between the two.

use leptos::prelude::*;

use crate::{
    domain::role::{Permission, may},
    ui::{
        components::button::{ButtonLink, Tone},
        layout::PageHeader,
        paths, words,
    },
    view::OrganizationMembership,
};

/// The number of pending invitations that the page shows: **Invite people** adds those that it sent.
#[derive(Clone, Copy)]
pub struct WaitingInvitations(pub RwSignal<u64>);

/// Whether the reader manages people here.
pub fn manages(organization: &OrganizationMembership) -> bool {
    organization.role.is_some_and(|role| may(role, Permission::ManagePeople))
}

/// Title, buttons and tabs.
#[component]
pub fn PeopleHeader(
    organization: OrganizationMembership,
    people: u64,
    #[prop(into)] waiting: Signal<u64>,
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
