//! The tree of pages, and how a page reads its address.

use leptos::prelude::*;
use leptos_router::{
    SsrMode,
    components::{FlatRoutes, Route},
    hooks::use_location,
    params::ParamsMap,
    path,
};

use super::pages::{
    account::{privacy::PrivacyPage, profile::ProfilePage, security::SecurityPage},
    activity::ActivityPage,
    billing::BillingPage,
    drive::DrivePage,
    forgot::ForgotPage,
    home::HomePage,
    invitation::InvitationPage,
    licences::{LicencesPage, ledger::LedgerPage},
    new_organization::NewOrganizationPage,
    not_found::NotFoundPage,
    people::{PeoplePage, invitations::InvitationsPage},
    receipt::ReceiptPage,
    reset::ResetPage,
    roles::RolesPage,
    settings::SettingsPage,
    sign_in::SignInPage,
    sign_up::SignUpPage,
    trash::TrashPage,
    verify::VerifyPage,
    welcome::WelcomePage,
};

/// Every page. `SsrMode::Async`: a page leaves the server whole, so that it needs no script to be read.
#[component]
pub fn Pages() -> impl IntoView {
    view! {
        <FlatRoutes fallback=NotFoundPage>
            <Route path=path!("/") view=WelcomePage ssr=SsrMode::Async/>
            <Route path=path!("/signin") view=SignInPage ssr=SsrMode::Async/>
            <Route path=path!("/signup") view=SignUpPage ssr=SsrMode::Async/>
            <Route path=path!("/verify") view=VerifyPage ssr=SsrMode::Async/>
            <Route path=path!("/forgot") view=ForgotPage ssr=SsrMode::Async/>
            <Route path=path!("/reset") view=ResetPage ssr=SsrMode::Async/>
            <Route path=path!("/account") view=ProfilePage ssr=SsrMode::Async/>
            <Route path=path!("/account/security") view=SecurityPage ssr=SsrMode::Async/>
            <Route path=path!("/account/privacy") view=PrivacyPage ssr=SsrMode::Async/>
            <Route path=path!("/organizations/new") view=NewOrganizationPage ssr=SsrMode::Async/>
            <Route path=path!("/o/:org") view=HomePage ssr=SsrMode::Async/>
            <Route path=path!("/invitations/:token") view=InvitationPage ssr=SsrMode::Async/>
            <Route path=path!("/o/:org/people") view=PeoplePage ssr=SsrMode::Async/>
            <Route path=path!("/o/:org/people/invitations") view=InvitationsPage ssr=SsrMode::Async/>
            <Route path=path!("/o/:org/roles") view=RolesPage ssr=SsrMode::Async/>
            <Route path=path!("/o/:org/activity") view=ActivityPage ssr=SsrMode::Async/>
            <Route path=path!("/o/:org/licences") view=LicencesPage ssr=SsrMode::Async/>
            <Route path=path!("/o/:org/licences/:id") view=LedgerPage ssr=SsrMode::Async/>
            <Route path=path!("/o/:org/billing") view=BillingPage ssr=SsrMode::Async/>
            <Route path=path!("/o/:org/settings/:part?") view=SettingsPage ssr=SsrMode::Async/>
            <Route path=path!("/o/:org/transfers/:id") view=ReceiptPage ssr=SsrMode::Async/>
            <Route path=path!("/o/:org/drive/trash") view=TrashPage ssr=SsrMode::Async/>
            <Route path=path!("/o/:org/drive/:resource?") view=DrivePage ssr=SsrMode::Async/>
        </FlatRoutes>
    }
}

/// What a page reads from the address: `read` is given the segments of the path and the query, and answers `None` for
/// an address of another page. Then the last answer stays: a page that is being left neither reloads nor flickers, and
/// path and query always belong together (the router updates its own two signals one after the other).
pub fn here<T>(read: impl Fn(&[&str], &ParamsMap) -> Option<T> + Send + Sync + 'static) -> Memo<T>
where
    T: Clone + Default + PartialEq + Send + Sync + 'static,
{
    let location = use_location();
    Memo::new(move |before: Option<&T>| {
        let fresh = location.pathname.with(|path| {
            let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
            location.query.with(|query| read(&segments, query))
        });
        fresh.or_else(|| before.cloned()).unwrap_or_default()
    })
}

/// The path and query as they are now: where a form or a link comes back to.
pub fn current_address() -> Signal<String> {
    let location = use_location();
    Signal::derive(move || {
        let (path, search) = (location.pathname.get(), location.search.get());
        if search.is_empty() { path } else { format!("{path}?{search}") }
    })
}
