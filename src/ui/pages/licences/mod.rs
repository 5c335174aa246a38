//! Licences and usage (LIC-1): every licence of an organization with its balance. A licence's own page has its ledger.

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
            empty::Empty,
        },
        layout::{PageHeader, Section},
        location::use_route_query,
        page::page,
        paths,
        sales::{ContactSales, GetLicence},
        session::Session,
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
    page(Section::Licences, org, move || async move {
        let now = session.context().await.now;
        let licences = licences.await?;
        Ok(view! { <LicencesContent licences now/> }.into_any())
    })
}

#[component]
fn LicencesContent(licences: LicencesView, now: Timestamp) -> impl IntoView {
    let LicencesView { organization, accounts, may_buy, manages } = licences;
    let org = organization.org_id.clone();
    let lead = format!("The licences of {}, and what is left of them.", words::organization_name(&organization));
    // Every organization has Discovery, so it does not count as bought.
    let bought =
        accounts.iter().any(|account| account.licences.iter().any(|licence| licence.product != Product::Discovery));
    let several = accounts.len() > 1;
    let lists = accounts
        .into_iter()
        .filter(|account| !account.licences.is_empty())
        .map(|account| view! { <OfAccount account org=org.clone() several now/> })
        .collect_view();
    let nothing = (!bought).then(|| {
        let sentence = "No licence for processing yet. With one, you can process datasets, assign them to sites and transfer them.";
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

/// One licence, with the link to its ledger.
#[component]
fn LicenceCard(licence: LicenceView, org: String, now: Timestamp) -> impl IntoView {
    let href = paths::licence(&org, &licence.id.to_string());
    // The ledger of a borrowed licence belongs to the lender.
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
