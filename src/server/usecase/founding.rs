//! Founding an organization (ORG-1, ORG-2).

use crate::{
    domain::{
        account::{PRIMARY, sharing_id},
        audit::Action,
        id::{AccountId, EntryId, LicenceId, OrganizationId, ResourceId},
        legal::LegalInformation,
        licence::{EntryKind, Model, Product, last_day},
        organization::{NewOrganization, NewOrganizationForm, OrganizationKind},
        permit::found as founder,
        refusal::Refusal,
        role::Role,
        text::Identifier,
        trial::{TRIAL_ALLOWANCE, Trial},
    },
    server::{
        context::{Ctx, Principal},
        error::Result,
        store::{Tx, account, licence, membership, organization, person},
        usecase::{
            accounts,
            audit::{self, AuditEvent},
            organization::{OrganizationView, turn_space_of},
        },
    },
};

/// An organization to be founded.
#[derive(Debug, Clone)]
pub struct Founding {
    /// Display name.
    pub name: String,
    /// Legal definition.
    pub kind: OrganizationKind,
    /// Whether it is the founder's personal space (SPACE-1).
    pub personal: bool,
    /// Legal information.
    pub legal: LegalInformation,
}

impl Founding {
    /// The personal space of somebody who just signed up (SPACE-1).
    pub fn space(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind: OrganizationKind::Individual,
            personal: true,
            legal: LegalInformation::default(),
        }
    }

    /// An organization with what its form said (ORG-1).
    pub(super) fn of(new: NewOrganization) -> Self {
        Self {
            name: new.name.to_string(),
            kind: new.kind,
            personal: false,
            legal: LegalInformation {
                legal_name: new.legal_name,
                address: new.address,
                postal_code: new.postal_code,
                city: new.city,
                country: new.country,
                vat_number: new.vat_number,
                ..LegalInformation::default()
            },
        }
    }
}

/// What founding made.
#[derive(Debug, Clone)]
pub struct Founded {
    /// The organization.
    pub id: OrganizationId,
    /// Its Org ID.
    pub org_id: String,
    /// Its first account.
    pub account: account::Account,
}

/// Founds an organization with everything that it starts with (ORG-2): an Owner, the account "Primary" with its Drive,
/// a Discovery licence, an Org ID derived from its name, and a trial where the operator gives one (LIC-7).
pub async fn found(tx: &mut Tx, ctx: &Ctx, by: &Principal, new: &Founding) -> Result<Founded> {
    let (id, now) = (OrganizationId(ctx.id()), ctx.now());
    let permit = founder(by.person, id);
    let wanted = Identifier::derive(&new.name, if new.personal { "space" } else { "organization" });
    // As they are read first, PostgreSQL reports a race for an Org ID as a conflict to be tried again, not
    // as a taken value.
    let taken = organization::taken_keys(tx, &wanted.key()).await?;
    let org_id = (1..=u32::MAX)
        .map(|number| wanted.numbered(number))
        .find(|candidate| !taken.contains(&candidate.key()))
        .unwrap_or(wanted);
    let row = organization::NewOrganizationRow {
        org_id: org_id.as_str(),
        org_key: &org_id.key(),
        name: &new.name,
        kind: new.kind,
        plan: ctx.default_plan(),
        space_of: new.personal.then_some(by.person),
        legal: &new.legal,
        storage_limit: ctx.default_storage(),
        at: now,
    };
    organization::insert(tx, &permit, &row).await?;
    membership::insert(tx, &permit, by.person, Role::Owner, now).await?;
    let account = account::Account {
        id: AccountId(ctx.id()),
        organization: id,
        name: PRIMARY.to_owned(),
        account_id: Identifier::derive(PRIMARY, "primary").as_str().to_owned(),
        root: ResourceId(ctx.id()),
    };
    accounts::insert(tx, ctx, &permit, &account).await?;
    let discovery = licence::NewLicence {
        id: LicenceId(ctx.id()),
        organization: id,
        account: account.id,
        product: Product::Discovery,
        model: None,
        seats: None,
        trial: false,
        // Not this moment: a clock that is set back would have it begin later.
        active_from: now.day().start(),
        active_until: None,
        at: now,
    };
    licence::insert(tx, &discovery).await?;
    let what = AuditEvent {
        organization: Some(id),
        after: Some(serde_json::json!({ "name": new.name, "org_id": org_id.as_str(), "kind": new.kind.as_str() })),
        ..AuditEvent::new(Action::OrganizationCreated, format!("created {}", new.name))
    };
    audit::record(tx, ctx, by, what).await?;
    // A personal space may still become an organization, and then without a trial: only founding one gives it.
    if let Some(trial) = ctx.trial().filter(|_| !new.personal) {
        begin_trial(tx, ctx, &account, trial).await?;
    }
    Ok(Founded { id, org_id: org_id.as_str().to_owned(), account })
}

/// Gives the account of a new organization its trial (LIC-7), with an entry in the ledger and one in the audit log.
async fn begin_trial(tx: &mut Tx, ctx: &Ctx, account: &account::Account, trial: Trial) -> Result<()> {
    let (id, now) = (LicenceId(ctx.id()), ctx.now());
    let (product, end) = (trial.product(), trial.end(now));
    let licence = licence::NewLicence {
        id,
        organization: account.organization,
        account: account.id,
        product,
        model: Some(Model::ImagesProjects),
        seats: None,
        trial: true,
        active_from: now.day().start(),
        active_until: Some(end),
        at: now,
    };
    licence::insert(tx, &licence).await?;
    let entry = licence::NewEntry {
        id: EntryId(ctx.id()),
        licence: id,
        kind: EntryKind::Grant,
        change: TRIAL_ALLOWANCE,
        transfer: None,
        resource: None,
        job: None,
        at: now,
    };
    licence::append(tx, &entry).await?;
    let summary = format!("began a trial of {} until {}", product.label(), last_day(end).words());
    let after = serde_json::json!({
        "licence": id, "product": product, "model": Model::ImagesProjects, "amount": TRIAL_ALLOWANCE, "active_until": end.rfc3339(),
    });
    let what = AuditEvent {
        organization: Some(account.organization),
        after: Some(after),
        ..AuditEvent::new(Action::LicenceGranted, summary)
    };
    audit::note_by_itself(tx, ctx, what).await
}

/// **Create organization** (ORG-1, ORG-2).
///
/// # Errors
/// `Invalid` with the problem of every field; `Forbidden` and `EmailUnverified` by the policy of the installation.
pub async fn create(ctx: &Ctx, by: &Principal, form: &NewOrganizationForm) -> Result<OrganizationView> {
    let founding = Founding::of(NewOrganization::parse(form)?);
    let founded: Result<Founded> = ctx
        .db()
        .write(|tx, _| {
            Box::pin(async {
                let me = person::find(tx, by.person).await?.ok_or(Refusal::Unauthenticated)?;
                ctx.policy().may_found(me.email_verified)?;
                let founded = found(tx, ctx, by, &founding).await?;
                turn_space_of(tx, by.person).await?;
                Ok(founded)
            })
        })
        .await;
    let founded = founded?;
    let sharing = sharing_id(&founded.org_id, &founded.account.account_id);
    Ok(OrganizationView {
        id: founded.id,
        org_id: founded.org_id,
        name: founding.name,
        kind: founding.kind,
        role: Some(Role::Owner),
        plan: ctx.default_plan(),
        accounts: vec![(founded.account, sharing)],
    })
}
