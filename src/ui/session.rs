//! What every page shares: who is signed in, what to show once, and when to look at the data again.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use crate::{
    domain::{id::PersonId, policy::Policy, time::Timestamp},
    rpc::{
        Asked, Failure, Flash, FormFlash, ask,
        billing::missing_licence,
        session::{PageStartView, page_start},
    },
    ui::{paths, words},
    view::{
        OrganizationMembership, PersonView, SessionView, SharedResourceView, billing::LicenceRequestPath,
        people::PendingInvitation, preferences::UiPreferences,
    },
};

/// Whose page it is that the server renders, provided by the server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PageOf(pub PersonId);

/// The one context of the application.
#[derive(Clone, Copy)]
pub struct Session {
    start: Asked<Result<PageStartView, Failure>>,
    /// What can be done about a licence that is missing in the organization of the page.
    way_to_licence: Asked<Result<Option<LicenceRequestPath>, Failure>>,
    /// The organization that the server was asked to name among those of the page.
    told_of: RwSignal<String>,
    version: RwSignal<u64>,
    visited: StoredValue<String>,
    left_first_page: StoredValue<bool>,
    letter_keys: StoredValue<bool>,
    leaving: RwSignal<Option<&'static str>>,
    shown: RwSignal<Option<PageOrganization>>,
    page_of: StoredValue<Option<PersonId>>,
    /// Whether WebAssembly has taken over; `false` in everything the server renders.
    pub hydrated: RwSignal<bool>,
}

impl Session {
    /// Makes it, once, inside the router.
    pub fn provide() -> Self {
        let told_of = RwSignal::new(String::new());
        let path = current_path();
        let org = Memo::new(move |_| path.with(|path| paths::org_of(path)));
        let session = Self {
            start: Resource::new_with_options(move || told_of.get(), page_start, true),
            way_to_licence: ask(
                move || org.get(),
                |org| async move {
                    match org {
                        Some(org) => missing_licence(org).await,
                        None => Ok(None),
                    }
                },
            ),
            told_of,
            version: RwSignal::new(0),
            visited: StoredValue::new(String::new()),
            left_first_page: StoredValue::new(false),
            letter_keys: StoredValue::new(true),
            leaving: RwSignal::new(None),
            shown: RwSignal::new(None),
            page_of: StoredValue::new(use_context::<PageOf>().map(|page| page.0)),
            hydrated: RwSignal::new(false),
        };
        provide_context(session);
        session
    }

    /// The context.
    pub fn get() -> Self {
        expect_context()
    }

    /// Who is signed in, and the server's time. Await it inside `Suspense` or `Transition` only.
    ///
    /// # Errors
    /// What the server function says.
    pub async fn start(self) -> Result<PageStartView, Failure> {
        let mut start = self.start.await?;
        // Nothing can wait for it further inside. Where it fails, nothing is said of it.
        drop(self.way_to_licence.await);
        self.letter_keys.set_value(start.preferences.letter_keys);
        self.page_of.set_value(start.session.person.as_ref().map(|person| person.id));
        if self.left_first_page.get_value() {
            start.flash = Flash::default();
        }
        Ok(start)
    }

    /// What can be done about a licence that is missing, once the page has begun ([`Self::start`]). Nothing for who has no role in
    /// the organization.
    pub fn way_to_licence(self) -> Option<LicenceRequestPath> {
        self.way_to_licence.get_untracked().and_then(Result::ok).flatten()
    }

    /// Whether single letters and signs are commands (WCAG 2.1.4).
    pub fn letter_keys(self) -> bool {
        self.letter_keys.get_value()
    }

    /// A form was answered with another page, which is on its way: until it is there, the form is not done.
    pub fn leave_by(self, form: &'static str) {
        self.leaving.set(Some(form));
    }

    /// Whether the page that this form leads to is on its way.
    pub fn leaves_by(self, form: &'static str) -> bool {
        self.leaving.get() == Some(form)
    }

    /// Nothing is on its way any more.
    pub fn stay(self) {
        if self.leaving.with_untracked(Option::is_some) {
            self.leaving.set(None);
        }
    }

    /// Says which organization the page is of, if of any.
    pub fn shows(self, belonging: Option<&OrganizationMembership>) {
        let shown = belonging.map(|belonging| PageOrganization {
            name: words::organization_name(belonging),
            hue: words::organization_hue(belonging.id),
        });
        if self.shown.with_untracked(|before| *before != shown) {
            self.shown.set(shown);
        }
    }

    /// The hue of the organization that the page is of.
    pub fn shown_hue(self) -> Option<u8> {
        self.shown.with(|shown| shown.as_ref().map(|shown| shown.hue))
    }

    /// What a tab is called: part, organization, Commonhold.
    pub fn tab(self, title: String) -> String {
        let organization = self.shown.try_get().flatten().map(|shown| shown.name);
        let parts = [Some(title), organization, Some("Commonhold".to_owned())];
        let mut parts: Vec<String> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
        parts.dedup();
        parts.join(" · ")
    }

    /// The address of a server function, with whose page sends it: the server refuses what comes from a page of somebody
    /// else (another person may have signed in in another tab).
    pub fn sent_from(self, url: &str) -> String {
        match self.page_of.get_value() {
            Some(person) => format!("{url}?page_of={person}"),
            None => url.to_owned(),
        }
    }

    /// Asks again who is signed in and where they belong.
    pub fn reload(self) {
        self.left_first_page.set_value(true);
        self.start.refetch();
    }

    /// Asks who is signed in once more with this organization among those that are told: somebody who is in many came to one that
    /// was not.
    pub fn tell_of(self, org: &str) {
        if self.told_of.with_untracked(|told_of| told_of != org) {
            self.left_first_page.set_value(true);
            self.told_of.set(org.to_owned());
        }
    }

    /// Counts up when the data of the page may have changed; part of the source of every page's resource.
    pub fn version(self) -> u64 {
        self.version.get()
    }

    /// Has the page look at its data again.
    pub fn refresh(self) {
        self.version.update(|version| *version += 1);
    }

    /// Notes which path is shown; `true` if this is a page that somebody came to by navigating, for the first time.
    /// Then its heading takes the focus, as it would after loading a page (ux.md, "Focus").
    pub fn arrived(self, path: &str) -> bool {
        let before = self.visited.get_value();
        if before == path {
            return false;
        }
        self.visited.set_value(path.to_owned());
        self.stay();
        let navigated = !before.is_empty();
        if navigated {
            self.left_first_page.set_value(true);
        }
        navigated
    }
}

/// The organization that a page is of.
#[derive(Clone, PartialEq)]
struct PageOrganization {
    name: String,
    hue: u8,
}

/// The path that is shown.
pub fn current_path() -> Memo<String> {
    use_location().pathname
}

/// What a page with forms and times on it needs of [`PageStartView`], with something to show even where it could not be had.
#[derive(Clone)]
pub struct PageContext {
    /// Who is signed in.
    pub person: Option<PersonView>,
    /// The organizations they used last, and the one that is shown.
    pub organizations: Vec<OrganizationMembership>,
    /// Whether there are more.
    pub more_organizations: bool,
    /// What was last shared with them by others (PEOPLE-9).
    pub shared: Vec<SharedResourceView>,
    /// Invitations that wait for their answer (PEOPLE-4).
    pub invitations: Vec<PendingInvitation>,
    /// The server's time.
    pub now: Timestamp,
    /// A form that was refused before WebAssembly took over.
    pub form: Option<FormFlash>,
    /// How they like their pages.
    pub preferences: UiPreferences,
    /// Who may sign up and create organizations here.
    pub policy: Policy,
}

impl PageContext {
    /// The organization with this Org ID, if they belong to it. Org IDs are compared regardless of case (ORG-5).
    pub fn organization(&self, org: &str) -> Option<&OrganizationMembership> {
        self.organizations.iter().find(|belonging| belonging.org_id.eq_ignore_ascii_case(org))
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
