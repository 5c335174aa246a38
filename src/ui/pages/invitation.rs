//! The page of an invitation's mailed link (PEOPLE-4, PEOPLE-10). Looking at it changes nothing; accepting is a button.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    domain::{invitation::InvitationState, refusal::Refusal, text::key, time::Timestamp},
    rpc::{
        FormFlash, ask,
        invitation::{AcceptInvitation, AskForInvitation, DeclineInvitation, invitation_page},
        session::{SignOut, SignUp},
    },
    ui::{
        components::{
            avatar::Mark,
            button::{ButtonLink, Tone},
            empty::{Empty, Skeleton},
            field::{Field, Hidden},
            form::{Form, Submit},
            note::{Mood, Note},
        },
        error_page::ErrorPage,
        form_action::FormAction,
        layout::{FocusHeading, PublicLayout},
        paths,
        routes::use_route_query,
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
    view! {
        <Title text="Invitation"/>
        <FocusHeading/>
        <PublicLayout>
            <Transition fallback=Skeleton>
                {move || Suspend::new(async move {
                    let begin = PageContext::from(session.start().await);
                    match invitation.await {
                        (token, Ok(invitation)) => view! { <Content invitation token begin/> }.into_any(),
                        (_, Err(failure)) => view! { <ErrorPage failure/> }.into_any(),
                    }
                })}
            </Transition>
        </PublicLayout>
    }
    .into_any()
}

/// The invitation, and what can be done about it by who looks at it.
#[component]
fn Content(invitation: InvitationView, token: String, begin: PageContext) -> impl IntoView {
    let refusal = match (invitation.state, invitation.replaced_at) {
        (InvitationState::Pending, Some(at)) => Some(Refusal::InvitationReplaced(at, invitation.email.clone())),
        (InvitationState::Pending, None) if invitation.expired => Some(Refusal::InvitationExpired),
        (InvitationState::Pending, None) if invitation.sender_lost => {
            return view! { <SenderLost invitation token flash=begin.form/> }.into_any();
        }
        (InvitationState::Pending, None) => None,
        (state, _) => Some(state.closed()),
    };
    if let Some(refusal) = refusal {
        return view! { <Closed invitation refusal/> }.into_any();
    }
    let mine = begin.person.as_ref().is_some_and(|person| key(&person.email) == key(&invitation.email));
    let answer = match begin.person {
        Some(_) if mine => view! { <Answer token flash=begin.form/> }.into_any(),
        Some(person) => view! { <SomebodyElse person email=invitation.email.clone() flash=begin.form/> }.into_any(),
        None if invitation.has_account => view! {
            <p>"You have an account with this address. Sign in to accept."</p>
            <ButtonLink href=paths::sign_in(&format!("/invitations/{token}")) tone=Tone::Primary>"Sign in"</ButtonLink>
        }
        .into_any(),
        None => view! { <Newcomer invitation=invitation.clone() token flash=begin.form/> }.into_any(),
    };
    view! {
        <section class="card invitation">
            <Introduction invitation now=begin.now/>
            {answer}
        </section>
    }
    .into_any()
}

/// Who invites whom where, as what.
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
            view! { <p>{invitation.invited_by} " invites you as " <b>{invitation.role.label()}</b> {reach} "."</p> }
                .into_any()
        }
    };
    view! {
        <div class="bar">
            <Mark name=invitation.organization.clone() hue=words::organization_hue(invitation.organization_id)/>
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

/// Signed in under another address: both are shown, and the way to change.
#[component]
fn SomebodyElse(person: PersonView, email: String, flash: Option<FormFlash>) -> impl IntoView {
    let action = FormAction::<SignOut>::new();
    view! {
        <Note mood=Mood::Warning>
            <p>"You are signed in as " <b>{person.email}</b> ". This invitation is for " <b>{email}</b> "."</p>
        </Note>
        <Form action flash changes_session=true>
            <Submit label="Sign out"/>
        </Form>
        <p class="small">"Then open the link in the mail again, and sign in or sign up with that address."</p>
    }
}

/// **Sign up** on the way in (PEOPLE-4a): the address is the invitation's.
#[component]
fn Newcomer(invitation: InvitationView, token: String, flash: Option<FormFlash>) -> impl IntoView {
    let action = FormAction::<SignUp>::new();
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

/// Who sent it can no longer give it (ROLE-3): whom to ask, and a way to.
#[component]
fn SenderLost(invitation: InvitationView, token: String, flash: Option<FormFlash>) -> impl IntoView {
    let action = FormAction::<AskForInvitation>::new();
    view! {
        <section class="card invitation">
            <h1 tabindex="-1">"Invitation to " {invitation.organization.clone()}</h1>
            <Note mood=Mood::Warning>
                <p>{format!("This invitation is no longer valid: {} can no longer give this.", invitation.invited_by)}</p>
            </Note>
            <p>{format!("Ask an Owner of {} to send it again.", invitation.organization)}</p>
            <Form action flash>
                <Hidden name="token" value=token/>
                <Submit label="Tell the Owners"/>
            </Form>
        </section>
    }
}

/// Used, declined, withdrawn, replaced or expired: which, and where to go.
#[component]
fn Closed(invitation: InvitationView, refusal: Refusal) -> impl IntoView {
    let (href, words) = if invitation.inside {
        (paths::home(&invitation.org_id), format!("Open {}", invitation.organization))
    } else {
        (paths::WELCOME.to_owned(), "Your organizations".to_owned())
    };
    view! {
        <section class="trouble">
            <h1 tabindex="-1">"Invitation to " {invitation.organization}</h1>
            <Empty icon="mail" sentence=refusal.to_string()>
                <ButtonLink href tone=Tone::Primary>{words}</ButtonLink>
            </Empty>
        </section>
    }
}
