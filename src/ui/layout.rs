//! The layouts around a page: a rail with the organization switcher, the navigation and the signed-in person, or one
//! card for people who are not signed in.

use leptos::{html, prelude::*, server_fn::ServerFn};
use leptos_meta::Title;

use super::{
    components::{
        avatar::PersonAvatar,
        focus::{once_connected, to_heading},
        form::{Form, IconSubmit},
        icon::Icon,
        menu::Menu,
        toast::Toast,
    },
    form_action::FormAction,
    location::{current_address, current_path},
    session::{PageContext, Session},
    suspend::rebuilt,
    switcher::{AccountEntry, Entry, Switcher},
    undo::Undo,
    words,
};
use crate::{
    domain::{
        person::full_name,
        role::{Permission, Role, may},
        ticket::page_address,
    },
    paths,
    rpc::{session::SignOut, trash::UndoChange},
    view::{OrganizationMembership, PersonView, SharedResourceView},
};

/// The entry of the rail that a page belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Section {
    /// Outside any organization.
    Welcome,
    Home,
    Drive,
    /// Its jobs, and a job.
    Monitor,
    People,
    Roles,
    /// Licences and usage, and a licence's ledger.
    Licences,
    Billing,
    Activity,
    Settings,
    /// Seats of desktop licences.
    Seats,
    /// Licences lent and borrowed.
    Loans,
    /// Its transfers and offers.
    Transfers,
    /// What it publishes, and what one may run.
    Apps,
    Account,
    /// One's tickets, and Contact support.
    Support,
    /// A page that is none of these, like a receipt.
    Other,
}

impl Section {
    /// Whether an organization has this page for me. A personal space has no team pages (SPACE-1).
    fn is_in(self, membership: &OrganizationMembership) -> bool {
        let role = membership.role;
        match self {
            Self::People => membership.sees_people,
            Self::Roles => !membership.personal,
            // A Manager who is limited to some accounts sees the licences of these (ACCT-2).
            Self::Licences => membership.limited.or(role).is_some_and(|role| may(role, Permission::ViewUsage)),
            Self::Billing => role.is_some_and(|role| may(role, Permission::ManageBilling)),
            Self::Activity => role.is_some_and(|role| may(role, Permission::ReadAudit)),
            Self::Settings => !membership.personal && role.is_some(),
            Self::Seats | Self::Loans => role.is_some_and(|role| may(role, Permission::ManageAccounts)),
            Self::Transfers => role.is_some_and(|role| role >= Role::Editor),
            Self::Welcome
            | Self::Home
            | Self::Drive
            | Self::Apps
            | Self::Monitor
            | Self::Account
            | Self::Support
            | Self::Other => true,
        }
    }

    /// The same kind of page in another organization (ORG-6); its Home where it has none.
    fn path(self, membership: &OrganizationMembership) -> String {
        let org = &membership.org_id;
        match self {
            section if !section.is_in(membership) => paths::home(org),
            Self::Drive => paths::drive(org, ""),
            Self::Monitor => paths::monitor(org),
            Self::People => paths::people(org),
            Self::Roles => paths::roles(org),
            Self::Licences => paths::licences(org),
            Self::Billing => paths::billing(org),
            Self::Activity => paths::activity(org),
            Self::Settings => paths::settings(org, ""),
            Self::Seats => paths::seats(org),
            Self::Loans => paths::loans(org),
            Self::Transfers => paths::transfers(org),
            Self::Apps if publishes_apps(membership) => paths::organization_apps(org),
            Self::Apps => paths::apps(org),
            Self::Support => paths::support(org),
            Self::Welcome | Self::Home | Self::Account | Self::Other => paths::home(org),
        }
    }
}

/// Whether I publish apps for an organization. A personal space shows what I may run, as everywhere.
fn publishes_apps(membership: &OrganizationMembership) -> bool {
    !membership.personal && membership.role.is_some_and(|role| may(role, Permission::PublishApps))
}

/// The frame of a signed-in page. `org` is the Org ID from the address; empty outside any organization.
#[component]
pub fn Frame(
    /// The current entry of the rail.
    section: Section,
    #[prop(into)] org: Signal<String>,
    children: Children,
) -> impl IntoView {
    let session = Session::get();
    view! {
        <a class="skip" rel="external" href="#content">"Skip to content"</a>
        <div class="frame">
            <header class="rail">
                <Transition>
                    {rebuilt(move || {
                        let org = org.get();
                        async move {
                            let context = session.context().await;
                            view! { <Rail section org context/> }
                        }
                    })}
                </Transition>
            </header>
            <main class="page" id="content" tabindex="-1">{children()}</main>
        </div>
    }
}

#[component]
fn Rail(section: Section, org: String, context: PageContext) -> impl IntoView {
    let Some(person) = context.person.clone() else {
        Session::get().shows(None);
        return view! {
            <a class="brand" href=paths::WELCOME><Brand/></a>
            <a class="button" href=paths::sign_in("")>"Sign in"</a>
        }
        .into_any();
    };
    let current = context.organization(&org).cloned();
    Session::get().shows(current.as_ref());
    // The frame names only the organizations used last; the one that is shown is asked for in addition.
    if context.more_organizations && current.is_none() && !org.is_empty() {
        let (session, org) = (Session::get(), org.clone());
        Effect::new(move |_| session.include_organization(&org));
    }
    let path = current_path().get_untracked();
    let entries = context
        .organizations
        .iter()
        .map(|membership| {
            let shown = current.as_ref().is_some_and(|current| current.id == membership.id);
            let accounts = if shown { accounts_of(membership, &path) } else { Vec::new() };
            Entry { href: section.path(membership), current: shown, membership: membership.clone(), accounts }
        })
        .collect();
    let waiting = context.invitations.len() as u64;
    let (inside, founding) = (current.is_some(), context.policy.has_founding());
    let ways = current.clone().map(|membership| view! { <SideNav section membership/> });
    let invite = current
        .as_ref()
        .filter(|membership| !membership.personal)
        .filter(|membership| membership.role.is_some_and(|role| may(role, Permission::ManagePeople)))
        .map(|membership| paths::invite(&membership.org_id, ""));
    view! {
        <Switcher id="switcher" current entries more=context.more_organizations find_all=true>
            {(!context.shared.is_empty()).then(|| view! { <SharedNav shared=context.shared.clone()/> })}
            {(waiting > 0).then(|| view! {
                <a class="waiting" href=paths::WELCOME><Icon name="mail"/>{words::totalled(waiting, "invitation to answer", "invitations to answer")}</a>
            })}
            {invite.map(|href| view! { <a href=href><Icon name="mail"/>"Invite people"</a> })}
            {founding.then(|| view! {
                <a href=paths::NEW_ORGANIZATION><Icon name="plus"/>"New organization"</a>
            })}
            <a href=paths::WELCOME><Icon name="organization"/>"Your organizations"</a>
        </Switcher>
        <button type="button" class="button icon-only rail-open" popovertarget="rail-menu" aria-label="Menu">
            <Icon name="menu"/>
        </button>
        <div class="rail-menu" id="rail-menu" popover="auto">
            <nav aria-label=if inside { "Organization" } else { "Main" }>
                {ways}
                {(!inside).then(|| view! {
                    <a href=paths::WELCOME aria-current=(section == Section::Welcome).then_some("page")>
                        <Icon name="organization"/>
                        "Your organizations"
                    </a>
                    <a href=paths::apps("") aria-current=(section == Section::Apps).then_some("page")>
                        <Icon name="app"/>
                        "Apps"
                    </a>
                })}
            </nav>
            <div class="rail-foot">
                <HelpMenu section org/>
                <CurrentPerson person/>
            </div>
        </div>
    }
    .into_any()
}

/// What others share with me (PEOPLE-9), in the switcher.
#[component]
fn SharedNav(shared: Vec<SharedResourceView>) -> impl IntoView {
    let links = shared
        .into_iter()
        .map(|one| {
            view! {
                <li>
                    <a class="switcher-entry" href=paths::drive(&one.org_id, &one.resource.to_string())>
                        <Icon name=words::kind_icon(one.kind)/>
                        <span class="switcher-text"><b>{one.name}</b><small>{one.organization_name}</small></span>
                    </a>
                </li>
            }
        })
        .collect_view();
    view! {
        <div class="switcher-shared">
            <a class="small" href=format!("{}#shared", paths::WELCOME)>"Shared with you"</a>
            <ul class="switcher-list" aria-label="Shared with you">{links}</ul>
        </div>
    }
    .into_any()
}

/// The accounts of an organization as links to their Drives. The current one is marked if the page shows its root.
fn accounts_of(membership: &OrganizationMembership, path: &str) -> Vec<AccountEntry> {
    let first = membership.accounts.first().map(|first| first.id);
    membership
        .accounts
        .iter()
        .map(|account| {
            let href = paths::drive(&membership.org_id, &account.root.to_string());
            let at_start = Some(account.id) == first && path == paths::drive(&membership.org_id, "");
            AccountEntry { name: account.name.clone(), current: at_start || path == href, href }
        })
        .collect()
}

/// The pages of an organization. A personal space has no team pages (SPACE-1).
#[component]
fn SideNav(section: Section, membership: OrganizationMembership) -> impl IntoView {
    let here = move |of: Section| (section == of).then_some("page");
    let org = membership.org_id.clone();
    view! {
        <a href=paths::home(&org) aria-current=here(Section::Home)><Icon name="home"/>"Home"</a>
        <a href=paths::drive(&org, "") aria-current=here(Section::Drive)><Icon name="drive"/>"Drive"</a>
        <a href=paths::monitor(&org) aria-current=here(Section::Monitor)><Icon name="monitor"/>"Monitor"</a>
        {Section::Transfers.is_in(&membership).then(|| view! {
            <a href=paths::transfers(&org) aria-current=here(Section::Transfers)><Icon name="transfer"/>"Transfers"</a>
        })}
        <a href=Section::Apps.path(&membership) aria-current=here(Section::Apps)><Icon name="app"/>"Apps"</a>
        {Section::People.is_in(&membership).then(|| view! {
            <a href=paths::people(&org) aria-current=here(Section::People)><Icon name="people"/>"People"</a>
        })}
        {Section::Roles.is_in(&membership).then(|| view! {
            <a href=paths::roles(&org) aria-current=here(Section::Roles)><Icon name="roles"/>"Who can do what"</a>
        })}
        {Section::Licences.is_in(&membership).then(|| {
            // Billing belongs to the same topic and has no entry of its own.
            let billing = (section == Section::Billing).then_some("true");
            view! { <a href=paths::licences(&org) aria-current=here(Section::Licences).or(billing)><Icon name="licence"/>"Licences"</a> }
        })}
        {Section::Activity.is_in(&membership).then(|| view! {
            <a href=paths::activity(&org) aria-current=here(Section::Activity)><Icon name="activity"/>"Activity"</a>
        })}
        {Section::Settings.is_in(&membership).then(|| view! {
            <a href=paths::settings(&org, "") aria-current=here(Section::Settings)><Icon name="settings"/>"Organization settings"</a>
        })}
    }
    .into_any()
}

/// **Help** (HELP-1). **Contact support** takes along where the reader is.
#[component]
fn HelpMenu(section: Section, org: String) -> impl IntoView {
    let (session, address) = (Session::get(), current_address());
    let tickets = paths::support(&org);
    let contact = move || {
        let page = if section == Section::Support { String::new() } else { page_address(&address.get()) };
        paths::contact_support(&org, &page, &session.failed_request())
    };
    view! {
        <Menu id="help-menu" class="help-open" button=|| view! { <Icon name="help"/> "Help" }.into_any()>
            <a href=contact><Icon name="mail"/>"Contact support"</a>
            <a href=tickets><Icon name="ticket"/>"Your tickets"</a>
            <a rel="external" href="/api/docs"><Icon name="file"/>"REST API"</a>
        </Menu>
    }
    .into_any()
}

/// The signed-in person, and **Sign out**.
#[component]
fn CurrentPerson(person: PersonView) -> impl IntoView {
    let name = full_name(&person.first_name, &person.last_name);
    let action = FormAction::<SignOut>::new();
    view! {
        <div class="current-person">
            <PersonAvatar name=name.clone() hue=words::hue(person.id.0.as_bytes())/>
            <a class="current-person-text" href=paths::account("")>
                <span class="visually-hidden">"My account, "</span>
                <b>{name.clone()}</b>
                <small>{person.email}</small>
            </a>
            <Form action flash=None class="inline-form" loads_page=true>
                <IconSubmit label="Sign out" icon="sign-out"/>
            </Form>
        </div>
    }
    .into_any()
}

/// The product's name and logo: plots around a common.
#[component]
pub fn Brand() -> impl IntoView {
    view! {
        <svg class="brand-sign" viewBox="0 0 32 32" aria-hidden="true">
            <rect x="3" y="3" width="11" height="11" rx="3"></rect>
            <rect x="18" y="3" width="11" height="11" rx="3"></rect>
            <rect x="3" y="18" width="11" height="11" rx="3"></rect>
            <circle cx="23.5" cy="23.5" r="5.5"></circle>
        </svg>
        <span>"Commonhold"</span>
    }
}

/// The layout for people who are not signed in: one card in the middle.
#[component]
pub fn PublicLayout(children: Children) -> impl IntoView {
    Session::get().shows(None);
    view! {
        <div class="outside">
            <header><a class="brand" href=paths::WELCOME><Brand/></a></header>
            <main id="content" tabindex="-1">{children()}</main>
        </div>
    }
}

/// The title bar of a page, with its actions.
#[component]
pub fn PageHeader(
    #[prop(into)] title: String,
    /// A line under the heading.
    #[prop(optional, into)]
    lead: Option<String>,
    /// Actions at the end of the line.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <Title text=title.clone()/>
        <FocusHeading/>
        <header class="bar page-header">
            <div>
                <h1 tabindex="-1">{title}</h1>
                {lead.map(|lead| view! { <p class="lead">{lead}</p> })}
            </div>
            {children.map(|children| view! { <div class="end">{children()}</div> })}
        </header>
    }
}

/// Moves the focus to the heading after navigation within the application, as loading the page would (ux.md, "Focus").
#[component]
pub fn FocusHeading() -> impl IntoView {
    let session = Session::get();
    let path = current_path();
    let here = NodeRef::<html::Span>::new();
    Effect::new(move |_| {
        let Some(here) = here.get() else { return };
        if session.arrived(&path.get_untracked()) {
            once_connected(&here, || {
                let in_dialog = document().query_selector("dialog[open]").is_ok_and(|dialog| dialog.is_some());
                if !in_dialog {
                    to_heading();
                }
            });
        }
    });
    view! { <span node_ref=here hidden=true></span> }
}

/// The message that came with the page, after a form was sent without WebAssembly.
#[component]
pub fn FlashMessage() -> impl IntoView {
    let session = Session::get();
    let dismissed = RwSignal::new(false);
    view! {
        <Suspense>
            {Suspend::new(async move {
                let flash = session.start().await.map(|start| start.flash).unwrap_or_default();
                let message = flash.toast.filter(|message| !message.is_empty());
                let undo = flash.undo;
                // An undo that was refused: the form that sent it was in a message that is gone.
                let refused = flash.form.filter(|form| form.action == UndoChange::url()).map(|form| form.failure.to_string());
                move || {
                    let dismiss = Callback::new(move |()| dismissed.set(true));
                    let told = message.clone().filter(|_| !dismissed.get()).map(|message| {
                        let button = undo.clone().map(|token| view! { <Undo token/> }.into_any());
                        view! { <Toast message button dismiss/> }
                    });
                    let refused = refused.clone().filter(|_| !dismissed.get()).map(|message| {
                        view! { <div role="alert"><Toast message dismiss/></div> }
                    });
                    (told, refused)
                }
            })}
        </Suspense>
    }
}
