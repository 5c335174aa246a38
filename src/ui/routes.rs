//! The table of pages: which page an address shows, and which bundle its code is in.

use leptos::{children::ToChildren, prelude::*};
use leptos_router::{
    ChooseView, MatchInterface, MatchNestedRoutes, RouteDefs, SsrMode,
    components::{FlatRoutes, FlatRoutesProps, Route, RouteChildren},
    path,
};

use super::lazy::lazy;
use super::pages::{
    activity::ActivityPage,
    apps::{list::AppsPage, organization::OrganizationAppsPage, show::AppPage, version::NewVersionPage},
    billing::BillingPage,
    drive::DrivePage,
    forgot::ForgotPage,
    home::HomePage,
    invitation::InvitationPage,
    jobs::{monitor::MonitorPage, show::JobPage},
    licences::{LicencesPage, ledger::LedgerPage},
    loans::LoansPage,
    my_account::{privacy::PrivacyPage, profile::ProfilePage, security::SecurityPage},
    new_organization::NewOrganizationPage,
    not_found::NotFoundPage,
    offer::OfferPage,
    people::{PeoplePage, invitations::InvitationsPage},
    receipt::ReceiptPage,
    reset::ResetPage,
    roles::RolesPage,
    seats::SeatsPage,
    settings::SettingsPage,
    sign_in::SignInPage,
    sign_up::SignUpPage,
    support::{list::TicketsPage, new::NewTicketPage, show::TicketPage},
    transfers::TransfersPage,
    trash::TrashPage,
    verify::VerifyPage,
    viewer::{LinkViewerPage, ViewerPage},
    welcome::WelcomePage,
};

/// Every page, and the bundle that its code is in. `SsrMode::Async` sends complete pages, which can be read without a
/// script.
fn pages() -> impl MatchNestedRoutes + Clone + Send + 'static {
    view! {
        <RouteList>
            <Route path=path!("/") view=lazy!(welcome, WelcomePage) ssr=SsrMode::Async/>
            <Route path=path!("/signin") view=lazy!(entry, SignInPage) ssr=SsrMode::Async/>
            <Route path=path!("/signup") view=lazy!(entry, SignUpPage) ssr=SsrMode::Async/>
            <Route path=path!("/verify") view=lazy!(entry, VerifyPage) ssr=SsrMode::Async/>
            <Route path=path!("/forgot") view=lazy!(entry, ForgotPage) ssr=SsrMode::Async/>
            <Route path=path!("/reset") view=lazy!(entry, ResetPage) ssr=SsrMode::Async/>
            <Route path=path!("/account") view=lazy!(account, ProfilePage) ssr=SsrMode::Async/>
            <Route path=path!("/account/security") view=lazy!(account, SecurityPage) ssr=SsrMode::Async/>
            <Route path=path!("/account/privacy") view=lazy!(account, PrivacyPage) ssr=SsrMode::Async/>
            <Route path=path!("/organizations/new") view=lazy!(home, NewOrganizationPage) ssr=SsrMode::Async/>
            <Route path=path!("/o/:org") view=lazy!(home, HomePage) ssr=SsrMode::Async/>
            <Route path=path!("/invitations/:token") view=lazy!(invitation, InvitationPage) ssr=SsrMode::Async/>
            <Route path=path!("/o/:org/people") view=lazy!(people, PeoplePage) ssr=SsrMode::Async/>
            <Route path=path!("/o/:org/people/invitations") view=lazy!(people, InvitationsPage) ssr=SsrMode::Async/>
            <Route path=path!("/o/:org/roles") view=lazy!(roles, RolesPage) ssr=SsrMode::Async/>
            <Route path=path!("/o/:org/monitor") view=lazy!(jobs, MonitorPage) ssr=SsrMode::Async/>
            <Route path=path!("/o/:org/monitor/:job") view=lazy!(jobs, JobPage) ssr=SsrMode::Async/>
            <Route path=path!("/o/:org/activity") view=lazy!(activity, ActivityPage) ssr=SsrMode::Async/>
            <Route path=path!("/o/:org/licences") view=lazy!(licences, LicencesPage) ssr=SsrMode::Async/>
            <Route path=path!("/o/:org/licences/:id") view=lazy!(licences, LedgerPage) ssr=SsrMode::Async/>
            <Route path=path!("/o/:org/billing") view=lazy!(licences, BillingPage) ssr=SsrMode::Async/>
            <Route path=path!("/o/:org/seats") view=lazy!(licences, SeatsPage) ssr=SsrMode::Async/>
            <Route path=path!("/o/:org/loans") view=lazy!(licences, LoansPage) ssr=SsrMode::Async/>
            <Route path=path!("/o/:org/settings/:part?") view=lazy!(settings, SettingsPage) ssr=SsrMode::Async/>
            <Route path=path!("/o/:org/apps") view=lazy!(apps, OrganizationAppsPage) ssr=SsrMode::Async/>
            <Route path=path!("/apps") view=lazy!(apps, AppsPage) ssr=SsrMode::Async/>
            <Route path=path!("/apps/:slug") view=lazy!(apps, AppPage) ssr=SsrMode::Async/>
            <Route path=path!("/apps/:slug/new-version") view=lazy!(apps, NewVersionPage) ssr=SsrMode::Async/>
            <Route path=path!("/support") view=lazy!(support, TicketsPage) ssr=SsrMode::Async/>
            <Route path=path!("/support/new") view=lazy!(support, NewTicketPage) ssr=SsrMode::Async/>
            <Route path=path!("/support/:number") view=lazy!(support, TicketPage) ssr=SsrMode::Async/>
            <Route path=path!("/o/:org/transfers") view=lazy!(transfers, TransfersPage) ssr=SsrMode::Async/>
            <Route path=path!("/o/:org/offers/:id") view=lazy!(transfers, OfferPage) ssr=SsrMode::Async/>
            <Route path=path!("/o/:org/transfers/:id") view=lazy!(transfers, ReceiptPage) ssr=SsrMode::Async/>
            // Before the next route, whose `:resource?` would match `trash`.
            <Route path=path!("/o/:org/drive/trash") view=lazy!(trash, TrashPage) ssr=SsrMode::Async/>
            <Route path=path!("/o/:org/drive/:resource/view") view=lazy!(viewer, ViewerPage) ssr=SsrMode::Async/>
            // The server has a door of its own for it (`server/shared/viewer.rs`).
            <Route path=path!("/s/:token/view/:dataset") view=lazy!(viewer, LinkViewerPage) ssr=SsrMode::Async/>
            <Route path=path!("/o/:org/drive/:resource?") view=lazy!(drive, DrivePage) ssr=SsrMode::Async/>
        </RouteList>
    }
    .into_inner()
}

/// Returns the routes themselves, so that `view!` can be used to write them.
#[component(transparent)]
fn RouteList<Routes>(children: RouteChildren<Routes>) -> Routes {
    children.into_inner()
}

/// The page that the address asks for.
#[component]
pub fn Pages() -> impl IntoView {
    FlatRoutes(FlatRoutesProps::builder().fallback(NotFoundPage).children(ToChildren::to_children(pages)).build())
}

/// Loads the code of the page that the server sent: hydration is synchronous and cannot wait for it.
pub async fn preload_current_page() {
    let path = window().location().pathname().unwrap_or_default();
    if let Some(page) = RouteDefs::new(pages()).match_route(&path) {
        page.into_view_and_child().0.preload().await;
    }
}
