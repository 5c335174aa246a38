//! The page behind an invitation's link (PEOPLE-4, PEOPLE-10). Opening it changes nothing; accepting takes a button.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    domain::{invitation::InvitationState, refusal::Refusal, text::key, time::Timestamp},
    paths,
    rpc::{
        FormFlash, ask,
        invitation::{AcceptInvitation, AskForInvitation, DeclineInvitation, invitation_page},
        session::{SignOut, SignUp},
    },
    ui::{
        components::{
            avatar::OrganizationAvatar,
            button::{ButtonLink, Tone},
            empty::Empty,
            field::{Field, Hidden},
            form::{Form, Submit},
            note::{Note, Severity},
        },
        form_action::FormAction,
        layout::{FocusHeading, PublicLayout},
        location::use_route_query,
        page::content,
        session::{PageContext, Session},
        words,
    },
    view::{PersonView, people::InvitationView},
};

/// The page: `/invitations/{token}`.
#[component]
pub fn InvitationPage() -> impl IntoView {
    let token = use_route_query(|segments, _| match segments {
        ["invitations", token] => Some((*token).to_owned()),
        _ => None,
    });
    let session = Session::get();
    let invitation = ask(
        move || (token.get(), session.version()),
        |(token, _)| async move { (token.clone(), invitation_page(token).await) },
    );
    let content = content(move || async move {
        let context = session.context().await;
        let (token, invitation) = invitation.await;
        let invitation = invitation?;
        Ok(view! { <Content invitation token context/> }.into_any())
    });
    view! {
        <Title text="Invitation"/>
        <FocusHeading/>
        <PublicLayout>{content}</PublicLayout>
    }
    .into_any()
}

/// The invitation, and what the reader can do about it.
#[component]
fn Content(invitation: InvitationView, token: String, context: PageContext) -> impl IntoView {
    let refusal = match (invitation.state, invitation.replaced_at) {
        (InvitationState::Pending, Some(at)) => Some(Refusal::InvitationReplaced(at, invitation.email.clone())),
        (InvitationState::Pending, None) if invitation.expired => Some(Refusal::InvitationExpired),
        (InvitationState::Pending, None) if invitation.sender_lost => {
            return view! { <SenderLost invitation token flash=context.form/> }.into_any();
        }
        (InvitationState::Pending, None) => None,
        (state, _) => Some(state.closed()),
    };
    if let Some(refusal) = refusal {
        return view! { <Closed invitation refusal/> }.into_any();
    }
    let mine = context.person.as_ref().is_some_and(|person| key(&person.email) == key(&invitation.email));
    let answer = match context.person {
        Some(_) if mine => view! { <Answer token flash=context.form/> }.into_any(),
        Some(person) => view! { <SomebodyElse person email=invitation.email.clone() flash=context.form/> }.into_any(),
        None if invitation.has_account => view! {
            <p>"You have an account with this address. Sign in to accept."</p>
            <ButtonLink href=paths::sign_in(&format!("/invitations/{token}")) tone=Tone::Primary>"Sign in"</ButtonLink>
        }
        .into_any(),
        None => view! { <Newcomer invitation=invitation.clone() token flash=context.form/> }.into_any(),
    };
    view! {
        <section class="card invitation">
            <Introduction invitation now=context.now/>
            {answer}
        </section>
    }
    .into_any()
}

/// Who invites whom, where, and with which role.
#[component]
fn Introduction(invitation: InvitationView, now: Timestamp) -> impl IntoView {
    let heading = if invitation.external {
        format!("Shared by {}", invitation.organization)
    } else {
        format!("Join {}", invitation.organization)
    };
    let sentence = match (invitation.external, invitation.resource) {
        (true, Some(resource)) => {
            view! { <p>{invitation.invited_by} " shares " <b>{resource}</b> " with you."</p> }.into_any()
        }
        (true, None) => view! { <p>{invitation.invited_by} " shares something with you."</p> }.into_any(),
        (false, resource) => {
            let reach = resource.map(|resource| format!(" with access to {resource}"));
            view! { <p>{invitation.invited_by} " invites you as " <b>{invitation.role.with_article()}</b> {reach} "."</p> }
                .into_any()
        }
    };
    view! {
        <div class="bar">
            <OrganizationAvatar name=invitation.organization.clone() hue=words::organization_hue(invitation.organization_id)/>
            <h1 tabindex="-1">{heading}</h1>
        </div>
        {sentence}
        <p class="small">"For " <b>{invitation.email}</b> " · " {words::days_left(invitation.expires_at, now)}</p>
    }
}

/// **Accept** or **Decline**.
#[component]
fn Answer(token: String, flash: Option<FormFlash>) -> impl IntoView {
    let (accept, decline) = (FormAction::<AcceptInvitation>::new(), FormAction::<DeclineInvitation>::new());
    let same = token.clone();
    view! {
        <Form action=accept flash=flash.clone() changes_session=true>
            <Hidden name="token" value=same/>
            <Submit label="Accept"/>
        </Form>
        <Form action=decline flash changes_session=true>
            <Hidden name="token" value=token/>
            <Submit label="Decline" tone=Tone::Plain/>
        </Form>
    }
}

/// Signed in with another address: shows both, with **Sign out**.
#[component]
fn SomebodyElse(person: PersonView, email: String, flash: Option<FormFlash>) -> impl IntoView {
    let action = FormAction::<SignOut>::new();
    view! {
        <Note severity=Severity::Warning>
            <p>"You are signed in as " <b>{person.email}</b> ". This invitation is for " <b>{email}</b> "."</p>
        </Note>
        <Form action flash loads_page=true>
            <Submit label="Sign out"/>
        </Form>
        <p class="small">"Then open the link in the mail again, and sign in or sign up with that address."</p>
    }
}

/// **Sign up** as part of accepting (PEOPLE-4a), with the invitation's address.
#[component]
fn Newcomer(invitation: InvitationView, token: String, flash: Option<FormFlash>) -> impl IntoView {
    let action = FormAction::<SignUp>::new();
    // A guess that the person can correct: the last word is the last name.
    let (first, last) = invitation
        .name
        .as_deref()
        .and_then(|name| name.trim().rsplit_once(' '))
        .map_or((invitation.name.clone().unwrap_or_default(), String::new()), |(first, last)| {
            (first.to_owned(), last.to_owned())
        });
    view! {
        <Form action flash changes_session=true>
            <Hidden name="invitation" value=token/>
            <Hidden name="email" value=invitation.email/>
            <Hidden name="next" value={if invitation.external {
                paths::drive(&invitation.org_id, "")
            } else {
                paths::home(&invitation.org_id)
            }}/>
            <div class="columns">
                <Field name="first_name" label="First name" value=first autocomplete="given-name" focused=true/>
                <Field name="last_name" label="Last name" value=last autocomplete="family-name"/>
            </div>
            <Field
                name="password"
                label="Password"
                kind="password"
                autocomplete="new-password"
                hint="12 to 128 characters. A few unrelated words work well."
            />
            <Submit label="Sign up"/>
        </Form>
        <p class="small">"Signing up accepts the invitation."</p>
    }
}

/// The sender may no longer give this role (ROLE-3): whom to ask instead.
#[component]
fn SenderLost(invitation: InvitationView, token: String, flash: Option<FormFlash>) -> impl IntoView {
    let action = FormAction::<AskForInvitation>::new();
    view! {
        <section class="card invitation">
            <h1 tabindex="-1">"Invitation to " {invitation.organization.clone()}</h1>
            <Note severity=Severity::Warning>
                <p>{format!("This invitation is no longer valid, because {} can no longer send it.", invitation.invited_by)}</p>
            </Note>
            <p>{format!("Ask an Owner of {} to send it again.", invitation.organization)}</p>
            <Form action flash>
                <Hidden name="token" value=token/>
                <Submit label="Tell the Owners"/>
            </Form>
        </section>
    }
}

/// The invitation was used, declined, withdrawn, replaced or has expired.
#[component]
fn Closed(invitation: InvitationView, refusal: Refusal) -> impl IntoView {
    let (href, words) = if invitation.inside {
        (paths::home(&invitation.org_id), format!("Open {}", invitation.organization))
    } else {
        (paths::WELCOME.to_owned(), "Your organizations".to_owned())
    };
    view! {
        <section class="error-page">
            <h1 tabindex="-1">"Invitation to " {invitation.organization}</h1>
            <Empty icon="mail" sentence=refusal.to_string()>
                <ButtonLink href tone=Tone::Primary>{words}</ButtonLink>
            </Empty>
        </section>
    }
}
