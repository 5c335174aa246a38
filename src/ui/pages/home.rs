//! Home of an organization (ORG-7): company information, team, licences, offers and recent activity.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    domain::{
        id::PersonId,
        organization::OrganizationKind,
        role::{Permission, may},
        time::Timestamp,
    },
    paths::{self, Address},
    rpc::{FormFlash, ask, first_steps::first_steps, organization::organization_home},
    ui::{
        components::{
            avatar::{OrganizationAvatar, PersonAvatar},
            button::{ButtonLink, Tone},
            empty::Empty,
            meter::Meter,
            table::Fact,
        },
        email_banner::EmailBanner,
        layout::{FocusHeading, Section},
        location::use_route_query,
        page::page,
        pages::{first_steps::FirstStepsList, licences::card::LicenceFacts, transfers::OfferRow},
        session::Session,
        words::{self, Moment, When},
    },
    view::{
        HomeView, LicenceView, PersonView, activity::RecentActivity, file::StorageView, first_steps::FirstStepsView,
        transfer::OfferView,
    },
};

/// The page: `/o/{org}`.
#[component]
pub fn HomePage() -> impl IntoView {
    let org = use_route_query(|segments, _| match segments {
        ["o", org] => Some((*org).to_owned()),
        _ => None,
    });
    let session = Session::get();
    let home = ask(move || (org.get(), session.version()), |(org, _)| organization_home(org));
    let first_steps = ask(move || (org.get(), session.version()), |(org, _)| first_steps(org));
    page(Section::Home, org, move || async move {
        let context = session.context().await;
        let home = home.await?;
        // If they cannot be had, the rest is still worth showing.
        let first_steps = first_steps.await.ok().flatten();
        let back = paths::home(&home.organization.org_id);
        Ok(view! { <HomeContent home first_steps back person=context.person flash=context.form now=context.now/> }
            .into_any())
    })
}

#[component]
fn HomeContent(
    home: HomeView,
    first_steps: Option<FirstStepsView>,
    back: String,
    person: Option<PersonView>,
    flash: Option<FormFlash>,
    now: Timestamp,
) -> impl IntoView {
    let name = words::organization_name(&home.organization);
    let org = home.organization.org_id.clone();
    let personal = home.organization.personal;
    let role = words::role_here(&home.organization);
    let invites = home.organization.role.is_some_and(|role| may(role, Permission::ManagePeople));
    let manages = home.organization.role.is_some_and(|role| may(role, Permission::ManageAccounts));
    let hue = words::organization_hue(home.organization.id);
    view! {
        <EmailBanner person back=back.clone() flash/>
        <Title text=name.clone()/>
        <FocusHeading/>
        <header class="bar page-header">
            <OrganizationAvatar name=name.clone() hue/>
            <div>
                <h1 tabindex="-1">{name}</h1>
                <p class="lead">{if personal { "Yours alone".to_owned() } else { format!("Your role here: {role}") }}</p>
            </div>
            <div class="end">
                <ButtonLink href=paths::drive(&org, "") tone=Tone::Primary icon="drive">"Open Drive"</ButtonLink>
            </div>
        </header>
        {first_steps.map(|first_steps| view! { <FirstStepsList first_steps back/> })}
        {(!home.limits.is_empty()).then(|| view! { <Limits limits=home.limits.clone()/> })}
        <div class="tiles">
            {(!home.offers.is_empty()).then(|| view! { <Offers offers=home.offers.clone() org=org.clone() now/> })}
            <div class="tiles-column">
                <Company home=home.clone()/>
                {home.people.map(|people| view! { <Team people owners=home.owners.clone() org=org.clone() invites/> })}
            </div>
            {home.licences.map(|licences| view! { <Licences licences org=org.clone() manages now/> })}
            {home.activity.map(|activity| view! { <Activity activity org now/> })}
        </div>
    }
}

/// What one's own membership does not let through (JOB-5).
#[component]
fn Limits(limits: Vec<String>) -> impl IntoView {
    let entries = limits.into_iter().map(|text| view! { <li>{text}</li> }).collect_view();
    view! {
        <section class="own-limits" aria-labelledby="own-limits">
            <h2 id="own-limits" class="small">"Limits of your membership"</h2>
            <ul>{entries}</ul>
            <p class="small">"An Owner or a Manager of the organization can change them."</p>
        </section>
    }
}

/// Company information at a glance.
#[component]
fn Company(home: HomeView) -> impl IntoView {
    let plan = home.plan.label();
    let changes =
        !home.organization.personal && home.organization.role.is_some_and(|role| may(role, Permission::EditDetails));
    let settings = changes.then(|| {
        let href = paths::settings(&home.organization.org_id, "");
        view! { <div class="bar tile-foot"><ButtonLink href>"Organization settings"</ButtonLink></div> }
    });
    let legal = home.legal.map(|legal| {
        let place = [legal.postal_code, legal.city].into_iter().flatten().collect::<Vec<_>>().join(" ");
        let lines = [legal.address, Some(place).filter(|place| !place.is_empty())].into_iter().flatten().collect::<Vec<_>>();
        view! {
            {legal.legal_name.map(|name| view! { <Fact label="Legal company name">{name}</Fact> })}
            {(!lines.is_empty()).then(|| view! { <Fact label="Address">{lines.into_iter().map(|line| view! { <span class="line">{line}</span> }).collect_view()}</Fact> })}
            {legal.vat_number.map(|number| view! { <Fact label="VAT number">{number}</Fact> })}
        }
    });
    view! {
        <section class="panel tile" aria-labelledby="company">
            <h2 id="company">{match home.kind { OrganizationKind::Business => "Company information", OrganizationKind::Individual => "About" }}</h2>
            <dl class="facts">
                <Fact label="Org ID"><code>{home.organization.org_id}</code></Fact>
                {legal}
                <Fact label="Country">{words::country(&home.country)}</Fact>
                <Fact label="Plan">{plan}</Fact>
                <Fact label="Created"><Moment at=home.created_at/></Fact>
            </dl>
            {home.storage.map(|storage| view! { <Storage storage/> })}
            {settings}
        </section>
    }
}

/// How much is stored, and of how much where the operator has set a limit (FILE-6).
#[component]
fn Storage(storage: StorageView) -> impl IntoView {
    let used = words::size(storage.used);
    let of = storage.limit.map(|limit| format!(" of {}", words::size(limit)));
    let meter = storage.limit.map(|total| view! { <Meter label="Storage used" used=storage.used total/> });
    view! {
        <div class="allowance">
            <div class="kv num"><span>"Storage"</span><span>{used} {of} " used"</span></div>
            {meter}
        </div>
    }
}

/// The team, for people who may see it; "Build your team" for people who may invite.
#[component]
fn Team(people: u64, owners: Vec<(PersonId, String)>, org: String, invites: bool) -> impl IntoView {
    let several = owners.len() != 1;
    let faces = owners
        .into_iter()
        .map(|(id, name)| view! { <li><PersonAvatar name=name.clone() hue=words::hue(id.0.as_bytes())/>{name}</li> })
        .collect_view();
    view! {
        <section class="panel tile" aria-labelledby="team">
            <h2 id="team">{if invites { "Build your team" } else { "People" }}</h2>
            <p class="figure"><b>{words::total(people)}</b> {if people == 1 { "person" } else { "people" }}</p>
            <h3>{if several { "Owners" } else { "Owner" }}</h3>
            <ul class="faces">{faces}</ul>
            <div class="bar tile-foot">
                <ButtonLink href=paths::people(&org)>{if invites { "Manage People" } else { "See people" }}</ButtonLink>
                {invites.then(|| view! { <ButtonLink href=paths::invite(&org, "") icon="mail">"Invite people"</ButtonLink> })}
            </div>
        </section>
    }
}

/// The licences, with what has been used of each.
#[component]
fn Licences(licences: Vec<LicenceView>, org: String, manages: bool, now: Timestamp) -> impl IntoView {
    let entries = licences
        .into_iter()
        .map(|licence| view! { <li class="licence"><LicenceFacts licence now/></li> })
        .collect_view();
    view! {
        <section class="panel tile" aria-labelledby="licences">
            <h2 id="licences">"Licences"</h2>
            <ul class="licences">{entries}</ul>
            <div class="bar tile-foot">
                <ButtonLink href=paths::licences(&org)>"Licences and usage"</ButtonLink>
                {manages.then(|| view! {
                    <ButtonLink href=paths::seats(&org)>"Seats"</ButtonLink>
                    <ButtonLink href=paths::loans(&org)>"Loans"</ButtonLink>
                })}
            </div>
        </section>
    }
}

/// Offers of other organizations that wait for an answer (XFER-18).
#[component]
fn Offers(offers: Vec<OfferView>, org: String, now: Timestamp) -> impl IntoView {
    let all = Address::new(paths::transfers(&org)).with("show", "offers").text();
    let rows = offers.into_iter().map(|offer| view! { <OfferRow offer org=org.clone() now/> }).collect_view();
    view! {
        <section class="panel tile wide" aria-labelledby="offers">
            <h2 id="offers">"Offered to this organization"</h2>
            <ul class="transfers" aria-label="Offers">{rows}</ul>
            <div class="bar tile-foot"><ButtonLink href=all>"All offers"</ButtonLink></div>
        </section>
    }
}

/// Recent activity.
#[component]
fn Activity(activity: Vec<RecentActivity>, org: String, now: Timestamp) -> impl IntoView {
    let empty = activity.is_empty();
    let entries = activity
        .into_iter()
        .map(|entry| {
            let receipt = entry.transfer.map(|transfer| view! { " " <a class="text-link" href=paths::receipt(&org, &transfer.to_string())>"Receipt"</a> });
            view! {
                <li>
                    <PersonAvatar name=entry.actor_name.clone() hue=entry.actor.map_or_else(|| words::hue(entry.actor_name.as_bytes()), |actor| words::hue(actor.0.as_bytes()))/>
                    <span><b>{entry.actor_name}</b> " " {entry.summary} {receipt}</span>
                    <small class="num"><When at=entry.at now/></small>
                </li>
            }
        })
        .collect_view();
    view! {
        <section class="panel tile wide" aria-labelledby="activity">
            <h2 id="activity">"Recent activity"</h2>
            {if empty {
                view! { <Empty icon="activity" sentence="No activity yet."/> }.into_any()
            } else {
                view! { <ul class="activity">{entries}</ul> }.into_any()
            }}
        </section>
    }
}
