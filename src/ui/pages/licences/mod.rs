//! Licences and usage (LIC-1): every licence of an organization with what is left of it. A licence's own page has its books.

pub mod card;
pub mod ledger;

use leptos::prelude::*;

use card::LicenceFacts;

use crate::{
    domain::{licence::Product, loan::LoanDirection, time::Timestamp},
    rpc::{ask, licence::organization_licences},
    ui::{
        components::{
            button::{ButtonLink, Tone},
            empty::{Empty, Skeleton},
        },
        error_page::ErrorPage,
        layout::{Frame, PageHeader, Section},
        paths,
        routes::use_route_query,
        sales::{ContactSales, GetLicence},
        session::{PageContext, Session},
        words,
    },
    view::{
        LicenceView,
        licence::{AccountLicences, LicencesView},
    },
};

/// The page: `/o/{org}/licences`.
#[component]
pub fn LicencesPage() -> impl IntoView {
    let org = use_route_query(|segments, _| match segments {
        ["o", org, "licences"] => Some((*org).to_owned()),
        _ => None,
    });
    let session = Session::get();
    let licences = ask(move || (org.get(), session.version()), |(org, _)| organization_licences(org));
    view! {
        <Frame section=Section::Licences org>
            <Transition fallback=Skeleton>
                {move || Suspend::new(async move {
                    let now = PageContext::from(session.start().await).now;
                    match licences.await {
                        Ok(licences) => view! { <LicencesContent licences now/> }.into_any(),
                        Err(failure) => view! { <ErrorPage failure/> }.into_any(),
                    }
                })}
            </Transition>
        </Frame>
    }
    .into_any()
}

/// The page, loaded.
#[component]
fn LicencesContent(licences: LicencesView, now: Timestamp) -> impl IntoView {
    let LicencesView { organization, accounts, may_buy, manages } = licences;
    let org = organization.org_id.clone();
    let lead = format!("What {} may use, and what is left of it.", words::organization_name(&organization));
    // Discovery comes with every organization: it alone is nothing that was bought.
    let bought =
        accounts.iter().any(|account| account.licences.iter().any(|licence| licence.product != Product::Discovery));
    let several = accounts.len() > 1;
    let lists = accounts
        .into_iter()
        .filter(|account| !account.licences.is_empty())
        .map(|account| view! { <OfAccount account org=org.clone() several now/> })
        .collect_view();
    let nothing = (!bought).then(|| {
        let sentence = "There is no licence for processing here yet. With one, datasets are processed, assigned to sites and transferred.";
        let org = org.clone();
        view! {
            <section class="panel" aria-label="No licence yet">
                <Empty icon="licence" sentence>
                    <GetLicence org tone=Tone::Primary/>
                </Empty>
            </section>
        }
    });
    let managing = manages.then(|| {
        view! {
            <ButtonLink href=paths::seats(&org)>"Seats"</ButtonLink>
            <ButtonLink href=paths::loans(&org)>"Loans"</ButtonLink>
        }
    });
    let buying = may_buy.then(|| {
        let org = org.clone();
        view! {
            <ButtonLink href=paths::billing(&org)>"Billing"</ButtonLink>
            {bought.then(|| view! { <ContactSales org tone=Tone::Primary/> })}
        }
    });
    view! {
        <PageHeader title="Licences" lead>{managing} {buying}</PageHeader>
        {nothing}
        {lists}
    }
}

/// The licences of an account; its name stands above them where there are several (ACCT-4).
#[component]
fn OfAccount(account: AccountLicences, org: String, several: bool, now: Timestamp) -> impl IntoView {
    let AccountLicences { name, licences, .. } = account;
    let label = if several { format!("Licences of {name}") } else { "Licences".to_owned() };
    let cards = licences.into_iter().map(|licence| view! { <LicenceCard licence org=org.clone() now/> }).collect_view();
    view! {
        <div class="account-licences">
            {several.then(|| view! { <h2>{name}</h2> })}
            <ul class="licence-cards" aria-label=label>{cards}</ul>
        </div>
    }
}

/// One licence, with the way to its books.
#[component]
fn LicenceCard(licence: LicenceView, org: String, now: Timestamp) -> impl IntoView {
    let href = paths::licence(&org, &licence.id.to_string());
    // The books of what is borrowed are its owner's.
    let borrowed = licence.loan.as_ref().is_some_and(|loan| loan.direction == LoanDirection::Borrowed);
    let (title, books) = (licence.product.label(), licence.model.is_some() && !borrowed);
    view! {
        <li class="panel tile licence-card">
            <LicenceFacts licence now heading=true/>
            {books.then(|| {
                let label = format!("Ledger of {title}");
                view! { <div class="bar tile-foot"><a class="button" href=href aria-label=label>"Ledger"</a></div> }
            })}
        </li>
    }
}
