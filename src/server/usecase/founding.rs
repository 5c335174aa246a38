//! Founding an organization (ORG-1, ORG-2).

use crate::{
    domain::{
        account::{PRIMARY, sharing_id},
        audit::Action,
        id::{AccountId, LicenceId, OrganizationId, ResourceId},
        legal::LegalInformation,
        licence::Product,
        organization::{NewOrganization, NewOrganizationForm, OrganizationKind},
        permit::found as founder,
        refusal::Refusal,
        role::Role,
        text::Identifier,
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
/// a Discovery licence, and an Org ID derived from its name.
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
    Ok(Founded { id, org_id: org_id.as_str().to_owned(), account })
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
