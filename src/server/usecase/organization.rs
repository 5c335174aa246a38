//! Creating organizations and looking at one (ORG).

use std::collections::BTreeSet;

use crate::{
    domain::{
        account::{PRIMARY, sharing_id},
        fields::Fields,
        id::{AccountId, LicenceId, OrganizationId, PersonId, ResourceId},
        legal::LegalInformation,
        licence::Product,
        name::search_key,
        organization::{NewOrganization, NewOrganizationForm, OrganizationKind, becomes_organization},
        permit::{allow, allow_to_look, found as founder},
        person::full_name,
        plan::PlanTier,
        refusal::Refusal,
        resource::CLUSTERS,
        role::{Permission, Role, may},
        text::{Email, FieldIssue, Identifier, Name, Password, key},
    },
    view::{HomeView, OrganizationMembership, Page, PersonView, SharedResourceView},
};

use super::{
    super::{
        context::{Ctx, Principal},
        error::{Error, Result},
        store::{Tx, account, audit as audit_store, grant, licence, membership, organization, person},
    },
    access, accounts,
    audit::{self, AuditEvent},
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
    fn of(new: NewOrganization) -> Self {
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
///
/// # Errors
/// The database.
pub async fn found(tx: &mut Tx, ctx: &Ctx, by: &Principal, new: &Founding) -> Result<Founded> {
    let (id, now) = (OrganizationId(ctx.id()), ctx.now());
    let permit = founder(by.person, id);
    let wanted = Identifier::derive(&new.name, if new.personal { "space" } else { "organization" });
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
        action: "organization.created",
        summary: format!("created {}", new.name),
        after: Some(serde_json::json!({ "name": new.name, "org_id": org_id.as_str(), "kind": new.kind.as_str() })),
        ..AuditEvent::default()
    };
    audit::record(tx, ctx, by, what).await?;
    Ok(Founded { id, org_id: org_id.as_str().to_owned(), account })
}

/// An organization as the API shows it.
#[derive(Debug, Clone)]
pub struct OrganizationView {
    /// Id.
    pub id: OrganizationId,
    /// Org ID.
    pub org_id: String,
    /// Display name.
    pub name: String,
    /// Legal definition.
    pub kind: OrganizationKind,
    /// My role.
    pub role: Option<Role>,
    /// Plan.
    pub plan: PlanTier,
    /// The accounts whose Drive I see, with their Sharing IDs, oldest first.
    pub accounts: Vec<(account::Account, String)>,
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

/// Creates an organization at the operator's command line, for an Owner who may not have an account yet: then they get one,
/// and a mail to set its password. The Org ID.
///
/// # Errors
/// `Invalid` with the problem of every field.
pub async fn create_for(ctx: &Ctx, owner: &OwnerForm, form: &NewOrganizationForm) -> Result<String> {
    let email = Email::parse(&owner.email).map_err(|problem| Refusal::field("owner", problem))?;
    let founding = Founding::of(NewOrganization::parse(form)?);
    // Nobody knows this password: the account opens with the mailed link alone.
    let unknown = Password::parse(&ctx.token()).map_err(|problem| Refusal::field("password", problem))?;
    let password_hash = ctx.hasher().hash("", &unknown).await?;
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let known = person::find_by_email(tx, &email.key()).await?;
                let new = known.is_none();
                let owner = match known {
                    Some(known) => known,
                    None => insert_owner(tx, ctx, owner, &email, &password_hash).await?,
                };
                let by = Principal {
                    person: owner.id,
                    name: full_name(&owner.first_name, &owner.last_name),
                    email_key: email.key(),
                    address: None,
                    session: None,
                    key: None,
                };
                let founded = found(tx, ctx, &by, &founding).await?;
                turn_space_of(tx, owner.id).await?;
                let what = AuditEvent {
                    organization: Some(founded.id),
                    action: "organization.created_for",
                    summary: format!("created {} for {}", founding.name, by.name),
                    ..AuditEvent::default()
                };
                audit::note_operator(tx, ctx, what).await?;
                if new {
                    let operator = Principal { name: "The operator".to_owned(), ..by };
                    let (address, name) = (email.as_str(), &founding.name);
                    super::account::invite_to_set_password(tx, ctx, owner.id, address, name, &operator).await?;
                }
                Ok(founded.org_id)
            })
        })
        .await
}

/// Who is to own an organization that the operator creates.
#[derive(Debug, Clone, Default)]
pub struct OwnerForm {
    /// Address.
    pub email: String,
    /// First name, where there is no such account yet.
    pub first_name: String,
    /// Last name, where there is no such account yet.
    pub last_name: String,
}

async fn insert_owner(tx: &mut Tx, ctx: &Ctx, owner: &OwnerForm, email: &Email, hash: &str) -> Result<PersonView> {
    let mut fields = Fields::default();
    let first_name = fields.check("first_name", Name::parse(&owner.first_name));
    let last_name = fields.check("last_name", Name::parse(&owner.last_name));
    fields.done()?;
    let (Some(first_name), Some(last_name)) = (first_name, last_name) else {
        return Err(Refusal::Invalid(Vec::new()).into());
    };
    let view = PersonView {
        id: PersonId(ctx.id()),
        email: email.as_str().to_owned(),
        first_name: first_name.to_string(),
        last_name: last_name.to_string(),
        email_verified: false,
    };
    let row = person::NewPerson {
        id: view.id,
        email: &view.email,
        email_key: &email.key(),
        first_name: &view.first_name,
        last_name: &view.last_name,
        password_hash: hash,
        cluster: CLUSTERS[0].0,
        at: ctx.now(),
    };
    person::insert(tx, &row).await?;
    Ok(view)
}

/// Makes a personal space an organization if it has to become one (PEOPLE-4b, SPACE-1); whether it did. To be called after
/// whatever may be the reason: work that came into it, a licence, or a membership elsewhere. Nothing happens to an
/// organization.
///
/// # Errors
/// The database.
pub async fn turn_space(tx: &mut Tx, id: OrganizationId) -> Result<bool> {
    let Some(space) = organization::find_space_facts(tx, id).await? else { return Ok(false) };
    if !becomes_organization(space) {
        return Ok(false);
    }
    organization::release_space(tx, id).await?;
    Ok(true)
}

/// [`turn_space`] of somebody's personal space; the organization that it became.
///
/// # Errors
/// The database.
pub async fn turn_space_of(tx: &mut Tx, person: PersonId) -> Result<Option<OrganizationId>> {
    let Some(space) = organization::find_space(tx, person).await? else { return Ok(None) };
    Ok(turn_space(tx, space).await?.then_some(space))
}

/// The organization behind an Org ID or an id, for somebody who may see it: a member, or who reaches something in it.
///
/// # Errors
/// `NotFound` for everybody else.
pub async fn find(tx: &mut Tx, by: &Principal, org: &str) -> Result<organization::Organization> {
    find_with_role(tx, by, org).await.map(|(found, _)| found)
}

/// [`find`], with the role that they have in it.
///
/// # Errors
/// See [`find`].
pub async fn find_with_role(
    tx: &mut Tx,
    by: &Principal,
    org: &str,
) -> Result<(organization::Organization, Option<Role>)> {
    let id = match org.parse::<OrganizationId>() {
        Ok(id) => Some(id),
        Err(_) => organization::find_id(tx, &key(org)).await?,
    };
    let id = id.ok_or(Refusal::NotFound)?;
    let (found, role) = organization::find_with_role(tx, id, by.person).await?.ok_or(Refusal::NotFound)?;
    if role.is_none() && grant::list_shared(tx, by.person, id, 1).await?.is_empty() {
        return Err(Refusal::NotFound.into());
    }
    Ok((found, role))
}

/// How somebody belongs to an organization they may see.
///
/// # Errors
/// `NotFound` if they may not.
pub async fn belonging(tx: &mut Tx, by: &Principal, org: &str) -> Result<OrganizationMembership> {
    let (found, role) = find_with_role(tx, by, org).await?;
    let shown_to = found.details.people_visible_to;
    let given = membership::find_limited(tx, found.id, by.person).await?;
    let personal = found.space_of.is_some();
    Ok(OrganizationMembership::new(found.id, found.org_id, found.name, role, personal, shown_to)
        .limited_to_accounts(given))
}

/// One organization, for the API.
///
/// # Errors
/// `NotFound` if the caller may not see it.
pub async fn show(ctx: &Ctx, by: &Principal, org: &str) -> Result<OrganizationView> {
    let mut tx = ctx.db().read().await?;
    let (found, role) = find_with_role(&mut tx, by, org).await?;
    // A Member or an External learns of the organization what the shared resource says, not its accounts.
    let accounts = account::list_visible(&mut tx, found.id, by.person).await?;
    let accounts = accounts
        .into_iter()
        .map(|account| {
            let sharing = sharing_id(&found.org_id, &account.account_id);
            (account, sharing)
        })
        .collect();
    Ok(OrganizationView {
        id: found.id,
        org_id: found.org_id,
        name: found.name,
        kind: found.kind,
        role,
        plan: found.plan,
        accounts,
    })
}

/// One page of the organizations of the caller by name, their personal space among them; `query` is what the name contains.
///
/// # Errors
/// `Invalid` at a field of the query.
pub async fn list(
    ctx: &Ctx,
    by: &Principal,
    query: &str,
    cursor: &str,
    limit: Option<i64>,
) -> Result<Page<OrganizationMembership>> {
    let mut tx = ctx.db().read().await?;
    list_in(&mut tx, by, query, cursor, super::limit(limit)?).await
}

/// [`list`] in a transaction.
///
/// # Errors
/// `Invalid` at a field of the query.
pub(super) async fn list_in(
    tx: &mut Tx,
    by: &Principal,
    query: &str,
    cursor: &str,
    limit: i64,
) -> Result<Page<OrganizationMembership>> {
    let typed = search_key(query);
    if typed.chars().count() > 255 {
        return Err(Refusal::field("query", FieldIssue::TooLong(255)).into());
    }
    let escaped = typed.replace('!', "!!").replace('%', "!%").replace('_', "!_");
    // The cursor names the list it is of, so that one from another list is noticed.
    let wrong = || Error::from(Refusal::field("cursor", FieldIssue::NotAnId));
    let after = match super::read_cursor(cursor, 3)? {
        None => organization::Cursor::default(),
        Some(parts) if parts[0] != typed => return Err(wrong()),
        Some(parts) => organization::Cursor { key: parts[1].clone(), id: parts[2].parse().map_err(|_| wrong())? },
    };
    let rows = organization::list_by_name(tx, by.person, &format!("%{escaped}%"), &after, limit + 1).await?;
    let page = super::page(rows, limit, |(_, after)| super::cursor(&[&typed, &after.key, &after.id.to_string()]));
    Ok(Page { items: page.items.into_iter().map(|(one, _)| one).collect(), next_cursor: page.next_cursor })
}

/// How many organizations the switcher names.
const MAX_IN_SWITCHER: i64 = 20;

/// The organizations that the frame of a page names: those used last, the personal space behind them, and the one that is shown
/// (`org`, if it is one of theirs). Whether there are more.
///
/// # Errors
/// The database.
pub(super) async fn listed(tx: &mut Tx, by: &Principal, org: &str) -> Result<(Vec<OrganizationMembership>, bool)> {
    let mut used = organization::list_used(tx, by.person, MAX_IN_SWITCHER + 1).await?;
    let more = i64::try_from(used.len()).is_ok_and(|many| many > MAX_IN_SWITCHER);
    if more {
        used.pop();
    }
    let known = used.iter().any(|one| one.org_id.eq_ignore_ascii_case(org) || one.id.to_string() == org);
    if more && !known && !org.is_empty() {
        match belonging(tx, by, org).await {
            Ok(shown) if shown.role.is_some() => used.insert(0, shown),
            Ok(_) | Err(Error::Refused(Refusal::NotFound)) => {}
            Err(error) => return Err(error),
        }
    }
    used.sort_by_key(|one| one.personal);
    Ok((used, more))
}

/// What organizations that the caller is not in share with them, or with an organization of theirs, the newest first (PEOPLE-9).
///
/// # Errors
/// `Invalid` at a field of the query.
pub async fn shared_with(
    ctx: &Ctx,
    by: &Principal,
    cursor: &str,
    limit: Option<i64>,
) -> Result<Page<SharedResourceView>> {
    let limit = super::limit(limit)?;
    let wrong = || Error::from(Refusal::field("cursor", FieldIssue::NotAnId));
    let after = match super::read_cursor(cursor, 2)? {
        None => None,
        Some(parts) if parts[0] != "shared" => return Err(wrong()),
        Some(parts) => Some(parts[1].parse().map_err(|_| wrong())?),
    };
    let mut tx = ctx.db().read().await?;
    let rows = grant::list_shared_with(&mut tx, by.person, after, limit + 1).await?;
    let page = super::page(rows, limit, |last| super::cursor(&["shared", &last.grant.to_string()]));
    Ok(Page { items: levels_of(&mut tx, by, page.items).await?, next_cursor: page.next_cursor })
}

/// The first of what is shared with somebody, for the frame of a page.
///
/// # Errors
/// The database.
pub(super) async fn shared_lately(
    tx: &mut Tx,
    by: &Principal,
    listed: &[OrganizationMembership],
) -> Result<Vec<SharedResourceView>> {
    let ids: Vec<OrganizationId> = listed.iter().map(|one| one.id).collect();
    let rows = grant::list_shared_lately(tx, by.person, &ids, SHARED).await?;
    if rows.is_empty() { Ok(Vec::new()) } else { levels_of(tx, by, rows).await }
}

/// How much of what is shared the switcher names.
const SHARED: i64 = 5;

/// Each thing once, with the level that counts on it.
async fn levels_of(tx: &mut Tx, by: &Principal, rows: Vec<grant::SharedWith>) -> Result<Vec<SharedResourceView>> {
    let mut seen = BTreeSet::new();
    let mut shared: Vec<SharedResourceView> =
        rows.into_iter().map(|row| row.view).filter(|view| seen.insert(view.resource)).collect();
    let ids: Vec<ResourceId> = seen.into_iter().collect();
    for (id, access_path) in access::access_paths(tx, by.person, &ids).await? {
        if let (Some(view), Some(level)) = (shared.iter_mut().find(|view| view.resource == id), access_path.level()) {
            view.level = level;
        }
    }
    Ok(shared)
}

/// Home of an organization (ORG-7), cut down to what the role may see.
///
/// # Errors
/// `NotFound` if the reader may not see it.
pub async fn home(ctx: &Ctx, by: &Principal, org: &str) -> Result<HomeView> {
    let mut tx = ctx.db().read().await?;
    let (found, role) = find_with_role(&mut tx, by, org).await?;
    let may = |permission| role.is_some_and(|role| may(role, permission));
    let given = membership::find_limited(&mut tx, found.id, by.person).await?;
    let legal = may(Permission::ViewLegal).then(|| found.legal.clone());
    let sees_people = role.is_some_and(|role| found.details.people_visible_to.shows_to(role));
    let people = if sees_people { Some(membership::count(&mut tx, found.id).await?) } else { None };
    let owners = if sees_people { membership::list_owner_names(&mut tx, found.id).await? } else { Vec::new() };
    let managed = super::licence::accounts_with_usage(&mut tx, found.id, by.person).await?;
    let licences = if managed.is_empty() {
        None
    } else {
        Some(super::licence::of_accounts(&mut tx, found.id, &managed, ctx.now()).await?)
    };
    let activity = if may(Permission::ReadAudit) {
        let lines = audit_store::list(&mut tx, found.id, &audit_store::Filter::default(), None, 8).await?;
        Some(lines.into_iter().map(|(_, line)| line).collect())
    } else {
        None
    };
    let (personal, shown_to) = (found.space_of.is_some(), found.details.people_visible_to);
    let belonging = OrganizationMembership::new(found.id, found.org_id, found.name, role, personal, shown_to)
        .limited_to_accounts(given);
    let offers = super::offer::waiting(&mut tx, ctx, by, &belonging).await?;
    Ok(HomeView {
        organization: belonging,
        kind: found.kind,
        plan: found.plan,
        country: found.legal.country.clone(),
        created_at: found.created_at,
        legal,
        people,
        owners,
        licences,
        activity,
        offers,
    })
}

/// Leave to do, as one of an organization, what a permission says.
///
/// # Errors
/// `NotFound` or `Forbidden`.
pub async fn permit(
    tx: &mut Tx,
    by: &Principal,
    org: &str,
    permission: Permission,
) -> Result<crate::domain::permit::RolePermit> {
    let (found, role) = find_with_role(tx, by, org).await?;
    Ok(allow(by.who(), found.id, role, permission)?)
}

/// Leave to look at what a permission is about: see [`allow_to_look`].
///
/// # Errors
/// `NotFound` or `Forbidden`.
pub async fn permit_to_look(
    tx: &mut Tx,
    by: &Principal,
    org: &str,
    permission: Permission,
) -> Result<crate::domain::permit::RolePermit> {
    let (found, role) = find_with_role(tx, by, org).await?;
    Ok(allow_to_look(by.who(), found.id, role, permission)?)
}
