//! What every page shares: the signed-in person, messages to show once, and when to load data again.

use leptos::{ev, prelude::*};

use crate::{
    domain::{id::PersonId, installation_policy::Policy, time::Timestamp},
    paths,
    rpc::{
        Asked, Failure, Flash, FormFlash, ask,
        billing::missing_licence,
        session::{PageStartView, page_start},
    },
    ui::{location::current_path, words},
    view::{
        OrganizationMembership, PersonView, SessionView, SharedResourceView, billing::LicenceRequestPath,
        people::PendingInvitation, preferences::UiPreferences,
    },
};

/// The person that the server renders the page for, provided by the server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PageOf(pub PersonId);

/// The context of the application.
#[derive(Clone, Copy)]
pub struct Session {
    start: Asked<Result<PageStartView, Failure>>,
    /// What the reader can do about a missing licence in the current organization.
    way_to_licence: Asked<Result<Option<LicenceRequestPath>, Failure>>,
    /// An organization that the server must include in the list, because the page is about it.
    included_organization: RwSignal<String>,
    version: RwSignal<u64>,
    visited: StoredValue<String>,
    left_first_page: StoredValue<bool>,
    letter_keys: StoredValue<bool>,
    leaving: RwSignal<Option<&'static str>>,
    failed_request: RwSignal<String>,
    shown: RwSignal<Option<PageOrganization>>,
    page_of: StoredValue<Option<PersonId>>,
    /// Whether WebAssembly has taken over; `false` in everything the server renders.
    pub hydrated: RwSignal<bool>,
}

impl Session {
    /// Creates and provides the session. Called once, inside the router.
    pub fn provide() -> Self {
        let included_organization = RwSignal::new(String::new());
        let path = current_path();
        let org = Memo::new(move |_| path.with(|path| paths::org_of(path)));
        let session = Self {
            start: Resource::new_with_options(move || included_organization.get(), page_start, true),
            way_to_licence: ask(
                move || org.get(),
                |org| async move {
                    match org {
                        Some(org) => missing_licence(org).await,
                        None => Ok(None),
                    }
                },
            ),
            included_organization,
            version: RwSignal::new(0),
            visited: StoredValue::new(String::new()),
            left_first_page: StoredValue::new(false),
            letter_keys: StoredValue::new(true),
            leaving: RwSignal::new(None),
            failed_request: RwSignal::new(String::new()),
            shown: RwSignal::new(None),
            page_of: StoredValue::new(use_context::<PageOf>().map(|page| page.0)),
            hydrated: RwSignal::new(false),
        };
        provide_context(session);
        Effect::new(move |_| {
            // What was not loaded, or failed to be, while there was no connection. For as long as the window is open.
            drop(window_event_listener(ev::online, move |_| session.refresh()));
        });
        session
    }

    pub fn get() -> Self {
        expect_context()
    }

    /// The signed-in person, messages and the server's time. Await it only inside `Suspense` or `Transition`.
    pub async fn start(self) -> Result<PageStartView, Failure> {
        let mut start = self.start.await?;
        // Awaited here, because components inside `Suspend` must not wait. If it fails, nothing is offered.
        drop(self.way_to_licence.await);
        self.letter_keys.set_value(start.preferences.letter_keys);
        self.page_of.set_value(start.session.person.as_ref().map(|person| person.id));
        // Every page awaits the same answer, and its message belongs to the page that the server rendered.
        if self.left_first_page.get_value() {
            start.flash = Flash::default();
        }
        Ok(start)
    }

    /// What a page needs of [`Self::start`], with defaults if that failed.
    pub async fn context(self) -> PageContext {
        self.start().await.into()
    }

    /// What the reader can do about a missing licence, available after [`Self::start`]. `None` for people without a
    /// role in the organization.
    pub fn way_to_licence(self) -> Option<LicenceRequestPath> {
        self.way_to_licence.get_untracked().and_then(Result::ok).flatten()
    }

    /// Whether single letters and signs are commands (WCAG 2.1.4).
    pub fn letter_keys(self) -> bool {
        self.letter_keys.get_value()
    }

    /// Keeps a form pending after its answer led to another page, until that page is shown.
    pub fn set_leaving(self, form: &'static str) {
        self.leaving.set(Some(form));
    }

    /// Whether the page that this form led to is still loading.
    pub fn is_leaving(self, form: &'static str) -> bool {
        self.leaving.get() == Some(form)
    }

    /// Navigation has ended.
    pub fn clear_leaving(self) {
        if self.leaving.with_untracked(Option::is_some) {
            self.leaving.set(None);
        }
    }

    /// Notes the id of a request that failed, in an effect: it is for the pages that follow.
    pub fn note_failed_request(self, id: &str) {
        self.failed_request.set(id.to_owned());
    }

    /// The id of the last request that failed since this window was opened; empty if none did.
    pub fn failed_request(self) -> String {
        self.failed_request.get()
    }

    /// Sets the organization that the page belongs to.
    pub fn shows(self, membership: Option<&OrganizationMembership>) {
        let shown = membership.map(|membership| PageOrganization {
            name: words::organization_name(membership),
            hue: words::organization_hue(membership.id),
        });
        if self.shown.with_untracked(|before| *before != shown) {
            self.shown.set(shown);
        }
    }

    /// The hue of the current organization.
    pub fn shown_hue(self) -> Option<u8> {
        self.shown.with(|shown| shown.as_ref().map(|shown| shown.hue))
    }

    /// What makes the title of the browser tab of that of a page: page, organization, Commonhold. The server asks for it when the page
    /// is rendered, outside of its arena, where other signals cannot be read any more.
    pub fn tab_title(self) -> impl Fn(String) -> String + Send + Sync + 'static {
        let shown = ArcRwSignal::from(self.shown);
        move |title| {
            let organization = shown.get().map(|shown| shown.name);
            let parts = [Some(title), organization, Some("Commonhold".to_owned())];
            let mut parts: Vec<String> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
            parts.dedup();
            parts.join(" · ")
        }
    }

    /// The address of a server function, with the person that this page was rendered for. The server refuses a form
    /// whose page belongs to another person than the session, who may have signed in in another tab.
    pub fn sent_from(self, url: &str) -> String {
        match self.page_of.get_value() {
            Some(person) => format!("{url}?page_of={person}"),
            None => url.to_owned(),
        }
    }

    /// Loads the person and their organizations again.
    pub fn reload(self) {
        self.left_first_page.set_value(true);
        self.start.refetch();
    }

    /// Loads the list of organizations again, including this one: people in many organizations get only the recent
    /// ones.
    pub fn include_organization(self, org: &str) {
        if self.included_organization.with_untracked(|included_organization| included_organization != org) {
            self.left_first_page.set_value(true);
            self.included_organization.set(org.to_owned());
        }
    }

    /// Changes when data must be loaded again; part of the source of every page's resource.
    pub fn version(self) -> u64 {
        self.version.get()
    }

    /// [`Self::version`] as it is now.
    pub fn version_untracked(self) -> u64 {
        self.version.get_untracked()
    }

    /// Makes the page load its data again. Without a connection that would only take away what is shown: then it is loaded as soon
    /// as there is one (see [`Self::provide`]).
    pub fn refresh(self) {
        if window().navigator().on_line() {
            self.version.update(|version| *version += 1);
        }
    }

    /// Records the path that is shown. Returns `true` if it was reached by navigation within the application; its
    /// heading then takes the focus, as it would after loading a page (ux.md, "Focus").
    pub fn arrived(self, path: &str) -> bool {
        let before = self.visited.get_value();
        if before == path {
            return false;
        }
        self.visited.set_value(path.to_owned());
        self.clear_leaving();
        let navigated = !before.is_empty();
        if navigated {
            self.left_first_page.set_value(true);
        }
        navigated
    }
}

/// The organization that a page belongs to.
#[derive(Clone, PartialEq)]
struct PageOrganization {
    name: String,
    hue: u8,
}

/// What pages need of [`PageStartView`], with defaults where it could not be loaded.
#[derive(Clone)]
pub struct PageContext {
    /// Who is signed in.
    pub person: Option<PersonView>,
    /// The organizations used last, and the current one.
    pub organizations: Vec<OrganizationMembership>,
    /// Whether there are more.
    pub more_organizations: bool,
    /// The items last shared with them (PEOPLE-9).
    pub shared: Vec<SharedResourceView>,
    /// Pending invitations (PEOPLE-4).
    pub invitations: Vec<PendingInvitation>,
    pub now: Timestamp,
    /// A form that was refused before WebAssembly took over.
    pub form: Option<FormFlash>,
    /// Display preferences.
    pub preferences: UiPreferences,
    /// Who may sign up and create organizations here.
    pub policy: Policy,
}

impl PageContext {
    /// The organization with this Org ID, if the person is a member. Org IDs are case-insensitive (ORG-5).
    pub fn organization(&self, org: &str) -> Option<&OrganizationMembership> {
        self.organizations.iter().find(|membership| membership.org_id.eq_ignore_ascii_case(org))
    }
}

impl From<Result<PageStartView, Failure>> for PageContext {
    fn from(start: Result<PageStartView, Failure>) -> Self {
        match start {
            Ok(PageStartView { session, flash, preferences, policy }) => {
                let SessionView { person, organizations, more_organizations, shared, invitations, now } = session;
                Self {
                    person,
                    organizations,
                    more_organizations,
                    shared,
                    invitations,
                    now,
                    form: flash.form,
                    preferences,
                    policy,
                }
            }
            Err(_) => Self {
                person: None,
                organizations: Vec::new(),
                more_organizations: false,
                shared: Vec::new(),
                invitations: Vec::new(),
                now: Timestamp::default(),
                form: None,
                preferences: UiPreferences::default(),
                policy: Policy::default(),
            },
        }
    }
}
