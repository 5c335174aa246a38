//! Organization settings (ORG-4, ORG-5, PEOPLE-7, PEOPLE-11): a page per section, each with its forms. A section that
//! the reader may not see does not exist.

use leptos::prelude::*;

use crate::{
    domain::{
        country::COUNTRIES,
        legal::LegalInformation,
        organization::{INDUSTRIES, OrganizationDetails, OrganizationKind, RESTORABLE_DAYS},
        people_visibility::PeopleVisibility,
        refusal::Refusal,
        resource::CLUSTERS,
    },
    paths::{self, Address},
    rpc::{
        Failure, FormFlash, ask,
        key::keys_page,
        settings::{
            DeleteOrganization, LeaveOrganization, SaveDetails, SaveLegal, SaveSecurity, organization_settings,
        },
    },
    ui::{
        components::{
            button::{BlockedButton, ButtonLink, Tone},
            dialog::{Dialog, DialogBody, DialogButtons},
            field::{Check, Choice, Field, Hidden, Radios},
            form::{Form, FormButtons, Submit},
            table::Fact,
        },
        error_page::ErrorPage,
        form_action::FormAction,
        layout::{PageHeader, Section},
        location::use_route_query,
        page::page,
        pages::{accounts::Accounts, keys::Keys},
        session::Session,
        words,
    },
    view::{Control, settings::SettingsView},
};

/// A section of the settings.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SettingsSection {
    Legal,
    Details,
    Accounts,
    Security,
    Keys,
    Danger,
}

impl SettingsSection {
    const ALL: [Self; 6] = [Self::Legal, Self::Details, Self::Accounts, Self::Security, Self::Keys, Self::Danger];

    /// The last segment of its path.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Legal => "organization",
            Self::Details => "details",
            Self::Accounts => "accounts",
            Self::Security => "security",
            Self::Keys => "keys",
            Self::Danger => "danger",
        }
    }

    const fn label(self) -> &'static str {
        match self {
            Self::Legal => "My Organization",
            Self::Details => "Details",
            Self::Accounts => "Accounts",
            Self::Security => "Security",
            Self::Keys => "Credential keys",
            Self::Danger => "Danger zone",
        }
    }

    /// Whether the reader may see it.
    const fn is_in(self, settings: &SettingsView) -> bool {
        match self {
            Self::Legal => settings.legal.is_some(),
            Self::Details | Self::Security => settings.details.is_some(),
            Self::Accounts => settings.accounts.is_some(),
            Self::Keys => settings.accounts.is_some(),
            Self::Danger => true,
        }
    }
}

/// The dialog that the address opens.
#[derive(Clone, Default, PartialEq)]
struct SettingsDialog {
    dialog: String,
    /// What it is about: an account, a key.
    item: String,
}

/// The page: `/o/{org}/settings/{part}`; without a part, the first section that the reader may see.
#[component]
pub fn SettingsPage() -> impl IntoView {
    let place = use_route_query(|segments, query| match segments {
        ["o", org, "settings", part @ ..] if part.len() < 2 => Some((
            (*org).to_owned(),
            part.first().map(|part| (*part).to_owned()).unwrap_or_default(),
            SettingsDialog {
                dialog: query.get("dialog").unwrap_or_default(),
                item: query.get("item").unwrap_or_default(),
            },
            query.get("made").unwrap_or_default(),
        )),
        _ => None,
    });
    let org = Memo::new(move |_| place.get().0);
    let session = Session::get();
    // Keys are loaded only where they are shown, and not again when a dialog opens over them.
    let wanted = Memo::new(move |_| place.with(|(org, part, _, made)| (org.clone(), part == "keys", made.clone())));
    let keys = ask(
        move || (wanted.get(), session.version()),
        |((org, shown, made), _)| async move { if shown { Some(keys_page(org, made).await) } else { None } },
    );
    let settings = ask(move || (org.get(), session.version()), |(org, _)| organization_settings(org));
    page(Section::Settings, org, move || {
        let (_, part, open, _) = place.get();
        async move {
            let context = session.context().await;
            let (flash, now) = (context.form, context.now);
            let keys = keys.await;
            let settings = settings.await?;
            let section = SettingsSection::ALL
                .into_iter()
                .find(|section| section.is_in(&settings) && (part.is_empty() || section.as_str() == part))
                .ok_or(Failure::Refused(Refusal::NotFound))?;
            if section != SettingsSection::Keys {
                return Ok(view! { <SettingsContent settings part=section open flash/> }.into_any());
            }
            let org = settings.organization.org_id.clone();
            let keys_section = match keys {
                Some(Ok(keys)) => view! { <Keys keys org dialog=open.dialog about=open.item flash now/> }.into_any(),
                Some(Err(failure)) => view! { <ErrorPage failure/> }.into_any(),
                None => ().into_any(),
            };
            Ok(view! { <SettingsFrame settings part=section content=keys_section/> }.into_any())
        }
    })
}

/// The sections, and the one that is shown.
#[component]
fn SettingsContent(
    settings: SettingsView,
    part: SettingsSection,
    open: SettingsDialog,
    flash: Option<FormFlash>,
) -> impl IntoView {
    let SettingsDialog { dialog, item } = open;
    let org = settings.organization.org_id.clone();
    let frame = settings.clone();
    let content = match (part, settings.legal.clone(), settings.details.clone()) {
        (SettingsSection::Legal, Some(legal), _) if settings.edits_legal => {
            view! { <LegalForm settings legal flash/> }.into_any()
        }
        (SettingsSection::Legal, Some(legal), _) => view! { <LegalFacts settings legal/> }.into_any(),
        (SettingsSection::Details, _, Some(details)) => view! { <DetailsForm org details flash/> }.into_any(),
        (SettingsSection::Accounts, ..) => settings
            .accounts
            .clone()
            .map(|accounts| view! { <Accounts accounts org dialog chosen=item flash/> })
            .into_any(),
        (SettingsSection::Security, _, Some(details)) => view! { <SecurityForm org details flash/> }.into_any(),
        _ => view! { <Danger settings dialog flash/> }.into_any(),
    };
    view! { <SettingsFrame settings=frame part content/> }
}

/// The navigation between sections, and the current one.
#[component]
fn SettingsFrame(settings: SettingsView, part: SettingsSection, content: AnyView) -> impl IntoView {
    let org = settings.organization.org_id.clone();
    let links = SettingsSection::ALL
        .into_iter()
        .filter(|one| one.is_in(&settings))
        .map(|one| {
            let current = (one == part).then_some("page");
            view! { <li><a href=paths::settings(&org, one.as_str()) aria-current=current>{one.label()}</a></li> }
        })
        .collect_view();
    let name = settings.organization.name;
    view! {
        <PageHeader title="Organization settings" lead=name/>
        <div class="settings">
            <nav class="settings-nav" aria-label="Organization settings"><ul>{links}</ul></nav>
            <section class="panel sheet settings-part" aria-labelledby="part">
                <h2 id="part">{part.label()}</h2>
                {content}
            </section>
        </div>
    }
}

/// Legal information and the Org ID, to change.
#[component]
fn LegalForm(settings: SettingsView, legal: LegalInformation, flash: Option<FormFlash>) -> impl IntoView {
    let action = FormAction::<SaveLegal>::new();
    let org = settings.organization.org_id;
    let business = settings.kind == OrganizationKind::Business;
    let text = Option::<String>::unwrap_or_default;
    view! {
        <Form action flash changes_session=true>
            <Hidden name="org" value=org.clone()/>
            <p class="small">{format!("Plan: {}. {}", settings.plan.label(), settings.plan.summary())}</p>
            <Field name="org_id" label="Org ID" value=org hint="Part of every link. Links with the old Org ID keep working until another organization takes it."/>
            {business.then(|| view! { <Field name="legal_name" label="Legal company name" value=text(legal.legal_name) autocomplete="organization"/> })}
            <Field name="address" label="Address" value=text(legal.address) autocomplete="street-address" optional=true/>
            <div class="columns place">
                <Field name="postal_code" label="Postal code" value=text(legal.postal_code) autocomplete="postal-code" optional=true/>
                <Field name="city" label="City" value=text(legal.city) autocomplete="address-level2" optional=true/>
            </div>
            <Choice name="country" label="Country" options=COUNTRIES value=legal.country autocomplete="country"/>
            {business.then(|| view! {
                <Field name="vat_number" label="VAT number" value=text(legal.vat_number) hint="As on your invoices. Leave it empty if you are VAT exempt."/>
                <Check name="vat_exempt" label="VAT exempt" checked=legal.vat_exempt/>
            })}
            <Field name="legal_contact" label="Legal contact" value=text(legal.legal_contact) hint="Who to contact about contracts: a name and an email address." optional=true/>
            <fieldset class="group">
                <legend>"Data protection officer"</legend>
                <Field name="officer_name" label="Name" value=text(legal.officer_name) optional=true/>
                <Field name="officer_position" label="Position" value=text(legal.officer_position) optional=true/>
                <Field name="officer_phone" label="Phone" kind="tel" value=text(legal.officer_phone) optional=true/>
            </fieldset>
            <FormButtons><Submit label="Save"/></FormButtons>
        </Form>
    }
}

/// Legal information and the Org ID, to read.
#[component]
fn LegalFacts(settings: SettingsView, legal: LegalInformation) -> impl IntoView {
    let facts = [
        ("Org ID", Some(settings.organization.org_id)),
        ("Plan", Some(settings.plan.label().to_owned())),
        ("Legal company name", legal.legal_name),
        ("Address", legal.address),
        ("Postal code", legal.postal_code),
        ("City", legal.city),
        ("Country", Some(words::country(&legal.country))),
        ("VAT number", legal.vat_number.or_else(|| legal.vat_exempt.then(|| "VAT exempt".to_owned()))),
        ("Legal contact", legal.legal_contact),
        ("Data protection officer", legal.officer_name),
        ("Position", legal.officer_position),
        ("Phone", legal.officer_phone),
    ];
    let facts = facts
        .into_iter()
        .map(|(label, value)| view! { <Fact label>{value.unwrap_or_else(|| "–".to_owned())}</Fact> })
        .collect_view();
    view! {
        <p class="lead">"Only an Owner can change this."</p>
        <dl class="facts">{facts}</dl>
    }
}

/// What Owners and Managers change.
#[component]
fn DetailsForm(org: String, details: OrganizationDetails, flash: Option<FormFlash>) -> impl IntoView {
    let action = FormAction::<SaveDetails>::new();
    let text = Option::<String>::unwrap_or_default;
    view! {
        <Form action flash changes_session=true>
            <Hidden name="org" value=org/>
            <Field name="name" label="Organization name" value=details.name autocomplete="organization"/>
            <Field name="website" label="Website" kind="url" value=text(details.website) optional=true/>
            <Choice name="industry" label="Industry" options=INDUSTRIES value=text(details.industry) optional=true/>
            <Choice name="cluster"
                label="Default cluster location"
                options=&CLUSTERS
                value=text(details.cluster)
                optional=true
                hint="Where new work is processed and stored. If you do not choose one, each person’s own choice applies. Existing data is not moved."
            />
            <FormButtons><Submit label="Save"/></FormButtons>
        </Form>
    }
}

/// Who sees the people list.
#[component]
fn SecurityForm(org: String, details: OrganizationDetails, flash: Option<FormFlash>) -> impl IntoView {
    let action = FormAction::<SaveSecurity>::new();
    let options = PeopleVisibility::ALL.map(|choice| (choice.as_str(), choice.label())).to_vec();
    view! {
        <Form action flash>
            <Hidden name="org" value=org/>
            <Radios name="people_visible_to" label="Who can see the people list" options first=details.people_visible_to.as_str()/>
            <p class="hint">"Members never see the whole list, only people they share something with."</p>
            <FormButtons><Submit label="Save"/></FormButtons>
        </Form>
    }
}

/// Leaving and deleting.
#[component]
fn Danger(settings: SettingsView, dialog: String, flash: Option<FormFlash>) -> impl IntoView {
    let org = settings.organization.org_id.clone();
    let name = settings.organization.name.clone();
    let use_route_query = paths::settings(&org, SettingsSection::Danger.as_str());
    let opened = |dialog: &str| Address::new(use_route_query.clone()).with("dialog", dialog).text();
    let leave = match &settings.leave {
        Control::Disabled(reason) => view! {
            <BlockedButton label="Leave organization" reason=reason.clone() tone=Tone::Danger/>
            <a class="text-link" href=paths::people(&org)>"Manage People"</a>
        }
        .into_any(),
        _ => {
            view! { <ButtonLink href=opened("leave") tone=Tone::Danger in_place=true>"Leave organization"</ButtonLink> }
                .into_any()
        }
    };
    let delete = (settings.delete == Control::Enabled).then(|| view! {
        <div class="risk">
            <h3>"Delete this organization"</h3>
            <p>{format!("It disappears for everyone, including its Drive, links and invitations. Its Owners can restore it for {RESTORABLE_DAYS} days.")}</p>
            <ButtonLink href=opened("delete") tone=Tone::Danger in_place=true>"Delete organization"</ButtonLink>
        </div>
    });
    let shown = match dialog.as_str() {
        "leave" if settings.leave == Control::Enabled => {
            view! { <LeaveDialog org name close=use_route_query flash/> }.into_any()
        }
        "delete" if settings.delete == Control::Enabled => {
            view! { <DeleteDialog org name close=use_route_query flash/> }.into_any()
        }
        _ => ().into_any(),
    };
    view! {
        <div class="risk">
            <h3>"Leave this organization"</h3>
            <p>"You lose access at once. The work you created stays here."</p>
            <div class="bar">{leave}</div>
        </div>
        {delete}
        {shown}
    }
}

#[component]
fn LeaveDialog(org: String, name: String, close: String, flash: Option<FormFlash>) -> impl IntoView {
    let action = FormAction::<LeaveOrganization>::new();
    view! {
        <Dialog label="Leave organization" heading=format!("Leave {name}?") close=close.clone() starts_with_text=true>
            <Form action flash class="dialog-form" changes_session=true>
                <Hidden name="org" value=org/>
                <DialogBody>
                    <p>"You lose access to its Drive, its licences and its people at once, in every open session. Only someone who is still in it can invite you back."</p>
                    <p>"The work you created stays with the organization."</p>
                </DialogBody>
                <DialogButtons close>
                    <Submit label="Leave organization" tone=Tone::Danger/>
                </DialogButtons>
            </Form>
        </Dialog>
    }
}

#[component]
fn DeleteDialog(org: String, name: String, close: String, flash: Option<FormFlash>) -> impl IntoView {
    let action = FormAction::<DeleteOrganization>::new();
    view! {
        <Dialog label="Delete organization" heading=format!("Delete {name}?") close=close.clone() starts_with_text=true>
            <Form action flash class="dialog-form" changes_session=true>
                <Hidden name="org" value=org/>
                <DialogBody>
                    <p>{format!("No one will be able to open it, or its Drive, share links, invitations and licences. Its Owners can restore everything for {RESTORABLE_DAYS} days, under “Your organizations”.")}</p>
                    <p>"Type its name to confirm: " <b>{name}</b></p>
                    <Field name="confirm" label="Organization name"/>
                </DialogBody>
                <DialogButtons close>
                    <Submit label="Delete organization" tone=Tone::Danger/>
                </DialogButtons>
            </Form>
        </Dialog>
    }
}
