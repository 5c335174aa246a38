//! The welcome page: **Your organizations** for people who are signed in (ORG-7), an introduction for others.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::params::ParamsMap;
use serde::{Deserialize, Serialize};

use crate::{
    domain::{
        installation_policy::{BY_OPERATOR, Policy},
        time::Timestamp,
    },
    paths::{self, Address},
    rpc::{
        FormFlash, ask,
        first_steps::first_steps,
        invitation::{AcceptInvitation, DeclineInvitation},
        organization::{my_organizations, shared_with_me},
        settings::{RestoreOrganization, deleted_organizations},
    },
    ui::{
        components::{
            avatar::OrganizationAvatar,
            button::{ButtonLink, Tone},
            empty::{Empty, Skeleton},
            field::Hidden,
            form::{Form, Submit},
            icon::Icon,
            pages::Pages,
        },
        email_banner::EmailBanner,
        error_page::ErrorPage,
        form_action::FormAction,
        layout::{FocusHeading, Frame, PageHeader, PublicLayout, Section},
        location::use_route_query,
        pages::first_steps::FirstStepsList,
        session::Session,
        suspend::rebuilt,
        words,
    },
    view::{
        OrganizationMembership, Page, SessionView, SharedResourceView, first_steps::FirstStepsView,
        people::PendingInvitation, settings::DeletedView,
    },
};

/// What is listed, as the address says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct WelcomeRoute {
    /// The search text.
    query: String,
    /// The cursor of the organizations.
    cursor: String,
    /// The cursor of the shared items.
    shared: String,
}

impl WelcomeRoute {
    fn read(segments: &[&str], query: &ParamsMap) -> Option<Self> {
        let get = |name: &str| query.get(name).unwrap_or_default();
        segments.is_empty().then(|| Self { query: get("q"), cursor: get("cursor"), shared: get("shared") })
    }

    fn address(&self, cursor: &str, shared: &str) -> String {
        Address::new(paths::WELCOME.to_owned())
            .with("q", &self.query)
            .with("cursor", cursor)
            .with("shared", shared)
            .text()
    }
}

const YOUR_ORGANIZATIONS: &str = "Your organizations";

/// The page: `/`.
#[component]
pub fn WelcomePage() -> impl IntoView {
    let session = Session::get();
    let route = use_route_query(WelcomeRoute::read);
    let organizations = ask(
        move || (route.get(), session.version()),
        |(route, _)| async move {
            let found = my_organizations(route.query.clone(), route.cursor.clone()).await;
            (route, found)
        },
    );
    let shared = ask(
        move || (route.with(|route| route.shared.clone()), session.version()),
        |(cursor, _)| async move { shared_with_me(cursor).await },
    );
    let deleted = ask(move || session.version(), |_| deleted_organizations());
    let steps = ask(move || session.version(), |_| first_steps(String::new()));
    view! {
        <Transition fallback=Skeleton>
            {rebuilt(move || async move {
                match session.start().await {
                    Ok(start) if start.session.person.is_some() => {
                        let founding = start.policy.has_founding();
                        // Awaited together with the session, so that the answer to a reader who has just signed out, that nobody
                        // is signed in, is never shown in the frame of before.
                        let (organizations, shared, deleted) = (organizations.await, shared.await, deleted.await);
                        let first_steps = steps.await.ok().flatten();
                        let begins = first_steps.is_some();
                        let list = match organizations {
                            (route, Ok(page)) => {
                                // If these fail, the list of organizations is still worth showing.
                                let shared = shared.ok().filter(|page| !page.items.is_empty());
                                let deleted = deleted.ok().filter(|deleted| !deleted.is_empty());
                                let shared_route = route.clone();
                                view! {
                                    <OrganizationList page route founding begins/>
                                    {shared.map(|page| view! { <SharedList page route=shared_route/> })}
                                    {deleted.map(|deleted| view! { <Deleted deleted/> })}
                                }
                                .into_any()
                            }
                            (_, Err(failure)) => view! { <ErrorPage failure/> }.into_any(),
                        };
                        view! {
                            <Frame section=Section::Welcome org="">
                                <OrganizationsView session=start.session flash=start.flash.form founding first_steps/>
                                {list}
                            </Frame>
                        }
                        .into_any()
                    }
                    Ok(start) => view! { <PublicLayout><WelcomeView policy=start.policy/></PublicLayout> }.into_any(),
                    Err(failure) => view! { <PublicLayout><ErrorPage failure/></PublicLayout> }.into_any(),
                }
            })}
        </Transition>
    }
    .into_any()
}

/// Heading, first steps, and pending invitations.
#[component]
fn OrganizationsView(
    session: SessionView,
    flash: Option<FormFlash>,
    founding: bool,
    first_steps: Option<FirstStepsView>,
) -> impl IntoView {
    let SessionView { person, invitations, now, .. } = session;
    let (title, lead) = match person.as_ref().filter(|_| first_steps.is_some()) {
        Some(person) => (
            format!("Welcome, {}", person.first_name),
            "Organizations own licences and data. Your colleagues get a role, and work can move from one organization to another.",
        ),
        None => (
            YOUR_ORGANIZATIONS.to_owned(),
            "Each has its own Drive, licences and people. You may have a different role in each.",
        ),
    };
    view! {
        <EmailBanner person back=paths::WELCOME.to_owned() flash=flash.clone()/>
        <PageHeader title lead>
            {founding.then(|| view! {
                <ButtonLink href=paths::NEW_ORGANIZATION tone=Tone::Primary icon="plus">"New organization"</ButtonLink>
            })}
        </PageHeader>
        // An invitation is answered first: it may be why somebody is here.
        {(!invitations.is_empty()).then(|| view! { <WaitingInvitations invitations flash now/> })}
        {first_steps.map(|first_steps| view! { <FirstStepsList first_steps back=paths::WELCOME.to_owned()/> })}
    }
}

/// One page of organizations by name, with a search field if there are many.
#[component]
fn OrganizationList(
    page: Page<OrganizationMembership>,
    route: WelcomeRoute,
    founding: bool,
    /// Whether the page has another heading, because somebody is at their first steps.
    begins: bool,
) -> impl IntoView {
    let sentence = if founding {
        "You are not in any organization yet. Create one, or ask to be invited.".to_owned()
    } else {
        format!("You are not in any organization yet. Ask to be invited. {BY_OPERATOR}")
    };
    let many = page.next_cursor.is_some() || !route.cursor.is_empty() || !route.query.is_empty();
    let empty = page.items.is_empty();
    let entries =
        page.items.into_iter().map(|membership| view! { <OrganizationEntry membership begins/> }).collect_view();
    let find = many.then(|| {
        view! {
            <form class="people-filters" method="get" action=paths::WELCOME role="search">
                <label class="search">
                    <Icon name="search"/>
                    <span class="visually-hidden">"Search"</span>
                    <input class="input" type="search" name="q" value=route.query.clone() placeholder="Name"/>
                </label>
                <button type="submit" class="button">"Search"</button>
            </form>
        }
    });
    let start = (!route.cursor.is_empty()).then(|| route.address("", ""));
    let next = page.next_cursor.clone().map(|cursor| route.address(&cursor, ""));
    let pages = view! { <Pages start next/> };
    view! {
        {begins.then(|| view! { <h2>{YOUR_ORGANIZATIONS}</h2> })}
        {find}
        {if empty && !route.query.is_empty() {
            view! {
                <section class="panel">
                    <Empty icon="organization" sentence="None of your organizations has a name like that.">
                        <ButtonLink href=paths::WELCOME.to_owned()>"Show all"</ButtonLink>
                    </Empty>
                </section>
            }
            .into_any()
        } else if empty {
            view! {
                <section class="panel">
                    <Empty icon="organization" sentence>
                        {founding.then(|| view! {
                            <ButtonLink href=paths::NEW_ORGANIZATION tone=Tone::Primary icon="plus">"New organization"</ButtonLink>
                        })}
                    </Empty>
                </section>
            }
            .into_any()
        } else {
            view! { <ul class="organizations" aria-label="Your organizations">{entries}</ul> }.into_any()
        }}
        {pages}
    }
    .into_any()
}

/// **Shared with you**: items of organizations that the reader is not a member of (PEOPLE-9).
#[component]
fn SharedList(page: Page<SharedResourceView>, route: WelcomeRoute) -> impl IntoView {
    let entries = page
        .items
        .into_iter()
        .map(|one| {
            let about = format!("{} · {}", one.organization_name, one.level.label());
            view! {
                <li class="panel organization">
                    <span class="mark none" aria-hidden="true"><Icon name=words::kind_icon(one.kind)/></span>
                    <div class="organization-text">
                        <h3><a href=paths::drive(&one.org_id, &one.resource.to_string())>{one.name}</a></h3>
                        <small>{about}</small>
                    </div>
                </li>
            }
        })
        .collect_view();
    let next = page.next_cursor.map(|cursor| route.address(&route.cursor, &cursor));
    let more = view! { <Pages start=None next label="Pages of what is shared"/> };
    view! {
        <section class="waiting-invitations" id="shared" aria-labelledby="shared-heading">
            <h2 id="shared-heading">"Shared with you"</h2>
            <ul class="organizations" aria-label="Shared with you">{entries}</ul>
            {more}
        </section>
    }
    .into_any()
}

/// Pending invitations to the reader's verified address (PEOPLE-4), which need no emailed link.
#[component]
fn WaitingInvitations(invitations: Vec<PendingInvitation>, flash: Option<FormFlash>, now: Timestamp) -> impl IntoView {
    let entries = invitations
        .into_iter()
        .map(|waiting| {
            let left = words::days_left(waiting.expires_at, now);
            let Some((name, inviter)) = waiting.organization.zip(waiting.invited_by) else {
                return view! {
                    <li class="panel organization">
                        <span class="mark none" aria-hidden="true"><Icon name="mail"/></span>
                        <div class="organization-text">
                            <h3>"Someone invited you"</h3>
                            <small>"Verify your email address to see the invitation and accept it."</small>
                        </div>
                        <div class="bar"><a class="button" href=paths::account("")>"My account"</a></div>
                    </li>
                }
                .into_any();
            };
            let (accept, decline) = (FormAction::<AcceptInvitation>::new(), FormAction::<DeclineInvitation>::new());
            let id = waiting.id.to_string();
            let same = id.clone();
            view! {
                <li class="panel organization">
                    <OrganizationAvatar name=name.clone() hue=words::hue(waiting.id.0.as_bytes())/>
                    <div class="organization-text">
                        <h3>{name}</h3>
                        <small>{format!("{inviter} {} · {left}", if waiting.external {
                            "shares something with you".to_owned()
                        } else {
                            format!("invites you as {}", waiting.role.with_article())
                        })}</small>
                    </div>
                    <div class="bar">
                        <Form action=decline flash=flash.clone() class="inline-form" changes_session=true>
                            <Hidden name="id" value=same/>
                            <Submit label="Decline" tone=Tone::Quiet/>
                        </Form>
                        <Form action=accept flash=flash.clone() class="inline-form" changes_session=true>
                            <Hidden name="id" value=id/>
                            <Submit label="Accept"/>
                        </Form>
                    </div>
                </li>
            }
            .into_any()
        })
        .collect_view();
    view! {
        <section class="waiting-invitations" aria-labelledby="waiting">
            <h2 id="waiting">"Invitations"</h2>
            <ul class="organizations">{entries}</ul>
        </section>
    }
}

#[component]
fn OrganizationEntry(membership: OrganizationMembership, begins: bool) -> impl IntoView {
    let link = paths::home(&membership.org_id);
    let name = words::organization_name(&membership);
    let about = if membership.personal { "Yours alone".to_owned() } else { words::role_here(&membership) };
    view! {
        <li class="panel organization">
            <OrganizationAvatar name=name.clone() hue=words::organization_hue(membership.id)/>
            <div class="organization-text">
                {if begins {
                    view! { <h3><a href=link>{name}</a></h3> }.into_any()
                } else {
                    view! { <h2><a href=link>{name}</a></h2> }.into_any()
                }}
                <small>{about}</small>
            </div>
            <div class="bar">
                <a class="button quiet" href=paths::drive(&membership.org_id, "")><Icon name="drive"/>"Drive"</a>
                <a class="button" href=paths::home(&membership.org_id)>"Manage"</a>
            </div>
        </li>
    }
}

/// Deleted organizations that can be restored (ORG-4).
#[component]
fn Deleted(deleted: Vec<DeletedView>) -> impl IntoView {
    let action = FormAction::<RestoreOrganization>::new();
    let entries = deleted
        .into_iter()
        .map(|one| {
            let until = format!("Deleted. Can be restored until {}.", one.until.day().words());
            view! {
                <li class="panel organization deleted">
                    <OrganizationAvatar name=one.name.clone() hue=words::organization_hue(one.id)/>
                    <div class="organization-text">
                        <h3>{one.name}</h3>
                        <small>{until}</small>
                    </div>
                    <Form action flash=None class="inline-form" changes_session=true>
                        <Hidden name="org" value=one.id.to_string()/>
                        <Submit label="Restore" tone=Tone::Plain/>
                    </Form>
                </li>
            }
        })
        .collect_view();
    view! {
        <h2>"Deleted"</h2>
        <ul class="organizations" aria-label="Deleted organizations">{entries}</ul>
    }
}

/// The introduction.
#[component]
fn WelcomeView(policy: Policy) -> impl IntoView {
    let (has_sign_up, about) = (policy.has_sign_up(), policy.about_sign_up());
    let sign_in_tone = if has_sign_up { Tone::Plain } else { Tone::Primary };
    view! {
        <Title text=""/>
        <FocusHeading/>
        <section class="welcome">
            <h1 tabindex="-1">"Where a company’s data, licences and people live together."</h1>
            <p class="lead">
                "Organizations own the work. People act through roles. And a project can move from one organization to another with nothing lost on the way."
            </p>
            <div class="bar">
                {has_sign_up.then(|| view! { <ButtonLink href=paths::sign_up("") tone=Tone::Primary>"Sign up"</ButtonLink> })}
                <ButtonLink href=paths::sign_in("") tone=sign_in_tone>"Sign in"</ButtonLink>
            </div>
            {about.map(|about| view! { <p class="small">{about}</p> })}
            <ul class="promises">
                <li><span class="promise-icon drive-tint"><Icon name="drive"/></span><h2>"One Drive for all of it"</h2><p>"Folders, sites, assets and datasets, with names that stay unique and access that follows the work."</p></li>
                <li><span class="promise-icon roles-tint"><Icon name="roles"/></span><h2>"Roles you can read"</h2><p>"Five roles, and one table that says who can do what: shown to everyone, and enforced everywhere."</p></li>
                <li><span class="promise-icon move-tint"><Icon name="transfer"/></span><h2>"Transfers without surprises"</h2><p>"See what will change on both sides before it does. Then everything moves, or nothing does."</p></li>
            </ul>
        </section>
    }
}
