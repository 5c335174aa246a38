//! **Manage access**: who can reach a resource and why, giving, changing and taking access (ACCESS-2 to ACCESS-4, ROLE-1,
//! ROLE-3, LIC-4).
//!
//! # Invariants
//! - Whoever gives, changes, takes or looks has Manager access to the very resource, found out in the same transaction.
//! - What is answered about an address that the organization does not know is the same whether or not it has an account
//!   (attack 28): it is invited, and nothing of its account shows until it accepts.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    domain::{
        access::{Act, Level},
        audit::Action,
        fields::Fields,
        grant::{AccessOrigin, InviteAs, NewAccess, left_without_each, may_touch},
        id::{AccountId, GrantId, InvitationId, OrganizationId, PersonId, ResourceId},
        licence::{Entitlement, allows},
        permit::{Permit, RolePermit, allow},
        refusal::Refusal,
        resource::Kind,
        role::{Affiliation, Permission, Role, may},
        text::{Email, FieldIssue, Identifier, key},
        transfer::Grantee,
    },
    paths,
    view::{
        Control, Crumb, Page,
        access::{AccessGiven, AccessReason, AccessRow, AccessView, RoleCount, WaitingAccess, WhyView},
    },
};

use super::{
    super::{
        context::{Ctx, Principal},
        error::Result,
        mail::{self, EmailMessage},
        store::{
            Tx,
            grant::{self, GrantCursor, ListedGrant},
            invitation, licence,
            membership::{self, Cursor},
            organization as organizations, outbox, person, resource,
        },
    },
    access::{self, AccessPath},
    accounts::AccountNames,
    audit::{self, AuditEvent},
    drive, invitation as invitations,
    mail_limit::MailBudget,
    pager::Pager,
};

/// How many rows the dialog shows at a time.
const PAGE_SIZE: i64 = 100;

/// The most waiting invitations that are shown of one resource.
const WAITING: i64 = 200;

/// A resource whose access its reader may manage.
struct ManagedResource {
    permit: Permit,
    access_path: AccessPath,
    /// From the topmost thing that the reader may see down to it.
    visible: Vec<Crumb>,
}

impl ManagedResource {
    async fn of(tx: &mut Tx, by: &Principal, id: ResourceId) -> Result<Self> {
        let (permit, access_path) = access::permit(tx, by, Act::GiveAccess, id).await?;
        Self::with(tx, by, permit, access_path).await
    }

    /// To look at who reaches it.
    async fn with_view(tx: &mut Tx, by: &Principal, id: ResourceId) -> Result<Self> {
        let (permit, access_path) = access::permit_to_look(tx, by, Act::GiveAccess, id).await?;
        Self::with(tx, by, permit, access_path).await
    }

    async fn with(tx: &mut Tx, by: &Principal, permit: Permit, access_path: AccessPath) -> Result<Self> {
        let mut visible = access_path.visible_path();
        AccountNames::of(tx, by, permit.organization()).await?.label(&mut visible);
        Ok(Self { permit, access_path, visible })
    }

    fn id(&self) -> ResourceId {
        self.permit.resource()
    }

    fn name(&self) -> &str {
        self.access_path.ancestors.first().map_or("", |step| step.name.as_str())
    }

    fn kind(&self) -> Kind {
        self.access_path.ancestors.first().map_or(Kind::Folder, |step| step.kind)
    }

    /// "the Drive", "the Drive of North", "“Tunnels”".
    fn words(&self) -> String {
        if self.kind() != Kind::Root {
            return format!("“{}”", self.name());
        }
        match self.visible.first().filter(|crumb| crumb.name != Kind::Root.label()) {
            Some(account) => format!("the Drive of {}", account.name),
            None => "the Drive".to_owned(),
        }
    }

    /// The resource itself and everything above it.
    fn way(&self) -> Vec<ResourceId> {
        self.access_path.ancestors.iter().map(|step| step.id).collect()
    }

    /// The account it is in.
    fn account(&self) -> Result<AccountId> {
        Ok(self.access_path.ancestors.first().map(|step| step.account).ok_or(Refusal::NotFound)?)
    }

    /// Something on the way, if the reader may see it.
    fn crumb(&self, id: ResourceId) -> Option<Crumb> {
        self.visible.iter().find(|crumb| crumb.id == id).cloned()
    }

    /// Whether the reader may look at the Drive as others see it.
    fn may_view_as(&self) -> bool {
        self.access_path.facts.role.is_some_and(|role| may(role, Permission::GiveAccess))
    }

    /// The level of the reader.
    fn own(&self) -> Result<Level> {
        Ok(self.access_path.level().ok_or(Refusal::NotFound)?)
    }

    fn row(&self, listed: ListedGrant) -> AccessRow {
        let ListedGrant { grant, name, address, role } = listed;
        let here = grant.resource == self.id();
        let from = self.crumb(grant.resource);
        AccessRow {
            who: grant.grantee,
            name,
            address: Some(address),
            role,
            level: grant.level,
            origin: AccessOrigin::of_grant(here, grant.carried),
            grant: from.is_some().then_some(grant.id),
            from: from.filter(|_| !here),
        }
    }
}

fn row_of_role(member: membership::Member) -> Option<AccessRow> {
    Some(AccessRow {
        who: Grantee::Person(member.id),
        name: member.name,
        address: None,
        role: Some(member.role),
        level: crate::domain::access::role_level(member.role)?,
        origin: AccessOrigin::Role,
        from: None,
        grant: None,
    })
}

/// Where a page of the list starts: among the grants, or among the people by role, who come behind them.
#[derive(Serialize, Deserialize)]
enum ListCursor {
    Grants(GrantCursor),
    Roles(Cursor),
}

fn pager(id: ResourceId) -> Pager<ListCursor> {
    Pager::new(format!("{id} access"))
}

fn read_position(id: ResourceId, cursor: &str) -> Result<ListCursor> {
    Ok(pager(id).read(cursor)?.unwrap_or(ListCursor::Grants(GrantCursor::START)))
}

/// One page of the grants; where the people by role begin if there is room for more.
async fn grants_page(
    tx: &mut Tx,
    managed: &ManagedResource,
    after: GrantCursor,
    limit: i64,
) -> Result<(Vec<AccessRow>, Option<String>)> {
    let id = managed.id();
    let listed = grant::list_on_way(tx, id, &managed.way(), after, limit + 1).await?;
    let page = pager(id).page(listed, limit, |last| {
        ListCursor::Grants(GrantCursor { rank: i64::from(last.grant.resource != id), id: last.grant.id.0 })
    })?;
    Ok((page.items.into_iter().map(|listed| managed.row(listed)).collect(), page.next_cursor))
}

/// One page of the people who reach it by their role.
async fn roles_page(tx: &mut Tx, managed: &ManagedResource, after: &Cursor, limit: i64) -> Result<Page<AccessRow>> {
    let members =
        membership::list_reaching(tx, managed.permit.organization(), managed.account()?, after, limit + 1).await?;
    let page = pager(managed.id()).page(members, limit, |last| {
        ListCursor::Roles(Cursor { rank: membership::rank(last.role), key: last.name_key.clone(), id: last.id.0 })
    })?;
    Ok(Page { items: page.items.into_iter().filter_map(row_of_role).collect(), next_cursor: page.next_cursor })
}

/// One page of who can reach a resource, with level and source: grants first, then people by role (ACCESS-2).
///
/// # Errors
/// `NotFound` and `Forbidden` for who does not manage it; `Invalid` at a field of the query.
pub async fn list(ctx: &Ctx, by: &Principal, id: &str, cursor: &str, limit: Option<i64>) -> Result<Page<AccessRow>> {
    let id: ResourceId = super::id("id", id).map_err(|_| Refusal::NotFound)?;
    let limit = super::limit(limit)?;
    let mut tx = ctx.db().read().await?;
    let managed = ManagedResource::with_view(&mut tx, by, id).await?;
    let after = match read_position(id, cursor)? {
        ListCursor::Roles(after) => return roles_page(&mut tx, &managed, &after, limit).await,
        ListCursor::Grants(after) => after,
    };
    let (mut items, next_cursor) = grants_page(&mut tx, &managed, after, limit).await?;
    if next_cursor.is_some() {
        return Ok(Page { items, next_cursor });
    }
    let room = limit - i64::try_from(items.len()).unwrap_or(limit);
    if room == 0 {
        let next_cursor = Some(pager(id).write(&ListCursor::Roles(Cursor::start(false)))?);
        return Ok(Page { items, next_cursor });
    }
    let people = roles_page(&mut tx, &managed, &Cursor::start(false), room).await?;
    items.extend(people.items);
    Ok(Page { items, next_cursor: people.next_cursor })
}

/// The access to a resource that waits for somebody to accept an invitation, for the API.
///
/// # Errors
/// `NotFound` and `Forbidden` for who does not manage it.
pub async fn waiting(ctx: &Ctx, by: &Principal, id: &str) -> Result<Vec<WaitingAccess>> {
    let id: ResourceId = super::id("id", id).map_err(|_| Refusal::NotFound)?;
    let mut tx = ctx.db().read().await?;
    let managed = ManagedResource::with_view(&mut tx, by, id).await?;
    list_waiting(&mut tx, ctx, &managed).await
}

async fn list_waiting(tx: &mut Tx, ctx: &Ctx, managed: &ManagedResource) -> Result<Vec<WaitingAccess>> {
    let found = invitation::list_on(tx, managed.id(), ctx.now(), WAITING).await?;
    Ok(found
        .into_iter()
        .map(|one| WaitingAccess {
            invitation: one.id,
            email: one.email,
            level: one.level,
            way: if one.external { InviteAs::External } else { InviteAs::Member },
            expires_at: one.expires_at,
        })
        .collect())
}

/// Whether the licences of what a resource is in allow access to single items (LIC-4).
async fn team_access(tx: &mut Tx, ctx: &Ctx, account: AccountId) -> Result<std::result::Result<(), Refusal>> {
    Ok(allows(&licence::list_of_account(tx, account, ctx.now()).await?, Entitlement::TeamAccess, ctx.now()))
}

/// What the dialog **Manage access** shows: a page of grants, or of the people by role where `shown` is `roles`.
///
/// # Errors
/// `NotFound` and `Forbidden` for who does not manage it; `Invalid` at the cursor.
pub async fn view(ctx: &Ctx, by: &Principal, id: &str, shown: &str, cursor: &str) -> Result<AccessView> {
    let id: ResourceId = super::id("id", id).map_err(|_| Refusal::NotFound)?;
    let mut tx = ctx.db().read().await?;
    let managed = ManagedResource::of(&mut tx, by, id).await?;
    let (by_role, rows) = match read_position(id, cursor)? {
        ListCursor::Roles(after) => (true, roles_page(&mut tx, &managed, &after, PAGE_SIZE).await?),
        ListCursor::Grants(_) if shown == "roles" => {
            (true, roles_page(&mut tx, &managed, &Cursor::start(false), PAGE_SIZE).await?)
        }
        ListCursor::Grants(after) => {
            let (items, next_cursor) = grants_page(&mut tx, &managed, after, PAGE_SIZE).await?;
            (false, Page { items, next_cursor })
        }
    };
    let mut roles: Vec<RoleCount> =
        membership::count_by_role(&mut tx, managed.permit.organization(), managed.account()?)
            .await?
            .into_iter()
            .filter(|(role, _)| crate::domain::access::role_level(*role).is_some())
            .map(|(role, people)| RoleCount { role, people })
            .collect();
    roles.sort_by_key(|count| std::cmp::Reverse(count.role));
    let found = resource::find(&mut tx, id).await?.ok_or(Refusal::NotFound)?;
    let owner = organizations::find(&mut tx, found.organization).await?.ok_or(Refusal::NotFound)?;
    let role = managed.access_path.facts.role;
    Ok(AccessView {
        resource: managed.visible.last().cloned().unwrap_or(Crumb { id, name: found.name, kind: found.kind }),
        organization: owner.id,
        organization_name: owner.name,
        me: by.person,
        rows,
        by_role,
        roles,
        waiting: list_waiting(&mut tx, ctx, &managed).await?,
        give: match team_access(&mut tx, ctx, found.account).await? {
            Ok(()) => Control::Enabled,
            Err(refusal) => Control::Disabled(refusal.to_string()),
        },
        looks: managed.may_view_as(),
        invites: owner.space_of.is_none() && role.is_some_and(|role| may(role, Permission::ManagePeople)),
    })
}

/// Access to be given: to one of `email`, `person` and `organization`.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GiveForm {
    /// An address or an Org ID: the dialog has one field for both, and the API has none.
    #[serde(skip)]
    pub who: String,
    /// An address. One that the organization does not know is invited.
    #[serde(deserialize_with = "super::null_is_empty")]
    #[schema(value_type = Option<String>)]
    pub email: String,
    /// Someone in the organization, or with access to something in it.
    #[serde(deserialize_with = "super::null_is_empty")]
    #[schema(value_type = Option<String>)]
    pub person: String,
    /// The Org ID of an organization: each of its people gets the level.
    #[serde(deserialize_with = "super::null_is_empty")]
    #[schema(value_type = Option<String>)]
    pub organization: String,
    /// `reader`, `uploader`, `editor` or `manager`.
    pub level: String,
    /// How an unknown address is invited: `external`, without a membership, or `member`.
    #[serde(rename = "as", deserialize_with = "super::null_is_empty")]
    #[schema(value_type = Option<String>)]
    pub way: String,
}

/// To whom access is to be given, read.
#[derive(Debug, Clone)]
enum Recipient {
    Address(Email),
    Person(PersonId),
    Organization(String),
}

impl GiveForm {
    fn read(&self) -> Result<(Recipient, Level, InviteAs)> {
        let mut fields = Fields::default();
        let who = self.who.trim();
        // What has no "@" in it is no address, and may be an Org ID.
        let names_organization = !who.contains('@') && Identifier::parse(who).is_ok();
        let (address_in_who, word_in_who) = if names_organization { ("", who) } else { (who, "") };
        let one_of = |typed, otherwise| if str::is_empty(typed) { otherwise } else { typed };
        let (email, organization) =
            (one_of(self.email.trim(), address_in_who), one_of(self.organization.trim(), word_in_who));
        let whom = match (email, self.person.trim(), organization) {
            ("", "", "") => fields.check("email", Err(FieldIssue::Missing)),
            (address, "", "") => fields.check("email", Email::parse(address).map(Recipient::Address)),
            ("", id, "") => fields.check("person", id.parse().map(Recipient::Person).map_err(|_| FieldIssue::NotAnId)),
            ("", "", word) => Some(Recipient::Organization(word.to_owned())),
            _ => {
                return Err(
                    Refusal::BadRequest("Send one of email, person and organization, not several.".to_owned()).into()
                );
            }
        };
        let level = fields.check(
            "level",
            if self.level.trim().is_empty() { Err(FieldIssue::Missing) } else { Level::parse(self.level.trim()) },
        );
        let way = fields.check("as", InviteAs::parse(self.way.trim()));
        fields.done()?;
        match (whom, level, way) {
            (Some(whom), Some(level), Some(way)) => Ok((whom, level, way)),
            _ => Err(Refusal::Invalid(Vec::new()).into()),
        }
    }
}

/// Somebody known who is to get access.
struct KnownRecipient {
    grantee: Grantee,
    name: String,
    address: String,
    standing: Affiliation,
}

/// Gives access, or sets what was given to another level (ACCESS-2, ACCESS-4). An address that the organization does not
/// know is invited.
///
/// # Errors
/// `Invalid` at a field; `NotFound` and `Forbidden`, also for a person or an organization that does not exist for the
/// caller; `BadRequest` by ROLE-1; `Licence` (LIC-4); `EmailUnverified` for who invites; `RateLimited` for too many
/// invitations.
pub async fn give(ctx: &Ctx, by: &Principal, id: &str, form: &GiveForm) -> Result<AccessGiven> {
    let id: ResourceId = super::id("id", id).map_err(|_| Refusal::NotFound)?;
    let (whom, level, way) = form.read()?;
    let budget = MailBudget::about(ctx, by, usize::from(matches!(whom, Recipient::Address(_))))?;
    let given: Result<AccessGiven> = ctx
        .db()
        .write(|tx, _| {
            Box::pin(async {
                let managed = ManagedResource::of(tx, by, id).await?;
                let found = match &whom {
                    Recipient::Address(email) => find_known(tx, &managed, email).await?,
                    Recipient::Person(person) => Some(find_person(tx, &managed, *person).await?),
                    Recipient::Organization(word) => Some(find_organization(tx, by, &managed, word).await?),
                };
                match (found, &whom) {
                    (Some(receiver), _) => give_to(tx, ctx, by, &managed, receiver, level).await.map(AccessGiven::Now),
                    (None, Recipient::Address(email)) => {
                        ask(tx, ctx, by, &managed, email, level, way).await.map(AccessGiven::Invited)
                    }
                    (None, _) => Err(Refusal::NotFound.into()),
                }
            })
        })
        .await;
    let given = given?;
    budget.sent(usize::from(matches!(given, AccessGiven::Invited(_))));
    Ok(given)
}

/// Who an address belongs to, if the organization knows them: they are in it, or reach something in it.
async fn find_known(tx: &mut Tx, managed: &ManagedResource, email: &Email) -> Result<Option<KnownRecipient>> {
    match person::find_by_email(tx, &email.key()).await? {
        Some(found) => find_receiver(tx, managed, found.id).await,
        None => Ok(None),
    }
}

async fn find_person(tx: &mut Tx, managed: &ManagedResource, id: PersonId) -> Result<KnownRecipient> {
    Ok(find_receiver(tx, managed, id).await?.ok_or(Refusal::NotFound)?)
}

/// Somebody that the organization of something knows, in the role that counts there (ACCT-2).
async fn find_receiver(tx: &mut Tx, managed: &ManagedResource, id: PersonId) -> Result<Option<KnownRecipient>> {
    let (organization, account) = (managed.permit.organization(), managed.account()?);
    let role = membership::find_role_in(tx, account, id).await?;
    if role.is_none() && grant::list_known(tx, organization, &[id]).await?.is_empty() {
        return Ok(None);
    }
    Ok(person::find(tx, id).await?.map(|found| KnownRecipient {
        grantee: Grantee::Person(id),
        name: crate::domain::person::full_name(&found.first_name, &found.last_name),
        address: found.email,
        standing: role.map_or(Affiliation::External, Affiliation::In),
    }))
}

/// An organization by its Org ID. By its id it is found only where the caller is in it: who does not know its Org ID learns
/// nothing of it (attack 5).
async fn find_organization(
    tx: &mut Tx,
    by: &Principal,
    managed: &ManagedResource,
    word: &str,
) -> Result<KnownRecipient> {
    let id = match word.parse::<OrganizationId>() {
        Ok(id) if membership::find_role(tx, id, by.person).await?.is_some() => Some(id),
        Ok(_) => None,
        Err(_) => organizations::find_id(tx, &key(word)).await?,
    };
    let found = organizations::find(tx, id.ok_or(Refusal::NotFound)?).await?.ok_or(Refusal::NotFound)?;
    let own = found.id == managed.permit.organization();
    if found.space_of.is_some() && !own {
        return Err(Refusal::NotFound.into());
    }
    Ok(KnownRecipient {
        grantee: Grantee::Organization(found.id),
        name: found.name,
        address: found.org_id,
        // Its own people are at least Members; another organization stands outside, as its people do.
        standing: if own { Affiliation::In(Role::Member) } else { Affiliation::External },
    })
}

async fn give_to(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    managed: &ManagedResource,
    receiver: KnownRecipient,
    level: Level,
) -> Result<AccessRow> {
    let held = grant::find_of(tx, managed.id(), receiver.grantee).await?;
    let from = held.iter().map(|one| one.level).max();
    let gift = NewAccess { own: managed.own()?, name: &receiver.name, standing: receiver.standing, from, to: level };
    gift.check()?;
    let found = resource::find(tx, managed.id()).await?.ok_or(Refusal::NotFound)?;
    if gift.takes() == Entitlement::TeamAccess {
        team_access(tx, ctx, found.account).await??;
    }
    // What is given by hand takes the place of what was carried along.
    for carried in held.iter().filter(|one| one.carried) {
        grant::delete(tx, &managed.permit, carried.id).await?;
    }
    let by_hand = held.iter().find(|one| !one.carried);
    let id = by_hand.map_or_else(|| GrantId(ctx.id()), |one| one.id);
    let row = AccessRow {
        who: receiver.grantee,
        name: receiver.name,
        address: Some(receiver.address),
        role: match receiver.standing {
            Affiliation::In(role) if matches!(receiver.grantee, Grantee::Person(_)) => Some(role),
            _ => None,
        },
        level,
        origin: AccessOrigin::Direct,
        from: None,
        grant: Some(id),
    };
    if by_hand.is_some_and(|one| one.level == level) {
        return Ok(row);
    }
    let new =
        grant::NewGrant { id, resource: managed.id(), grantee: receiver.grantee, level, carried: false, at: ctx.now() };
    grant::upsert(tx, &managed.permit, &new).await?;
    let state = |level: Level| serde_json::json!({ "resource": managed.id(), "to": receiver.grantee, "name": row.name, "level": level });
    let action = if from.is_some() { Action::AccessChanged } else { Action::AccessGiven };
    let summary = match from {
        Some(from) => format!(
            "changed the access of {} to {} from {} to {}",
            row.name,
            managed.words(),
            from.label(),
            level.label()
        ),
        None => format!("gave {} {} access to {}", row.name, level.label(), managed.words()),
    };
    let what = AuditEvent {
        organization: Some(managed.permit.organization()),
        before: from.map(state),
        after: Some(state(level)),
        resources: vec![managed.id()],
        ..AuditEvent::new(action, summary)
    };
    audit::record(tx, ctx, by, what).await?;
    // Somebody who changes their mind is told of once: what waits to be told is told as it is now.
    let waited = outbox::delete_held_about(tx, &topic(managed, row.who), ctx.now()).await? > 0;
    if waited || from.is_none_or(|from| from < level) {
        tell(tx, ctx, by, managed, &row).await?;
    }
    Ok(row)
}

/// What letters about one's access to a resource have in common.
fn topic(managed: &ManagedResource, who: Grantee) -> String {
    match who {
        Grantee::Person(id) => format!("access {} person {id}", managed.id()),
        Grantee::Organization(id) => format!("access {} organization {id}", managed.id()),
    }
}

/// Mails those to whom something was given: the person, or the Owners of the organization.
async fn tell(tx: &mut Tx, ctx: &Ctx, by: &Principal, managed: &ManagedResource, row: &AccessRow) -> Result<()> {
    let owner = organizations::find(tx, managed.permit.organization()).await?.ok_or(Refusal::NotFound)?;
    let location = drive::show::location(tx, owner.id, Some(managed.id())).await?;
    let container = location.container.map(|id| id.to_string()).unwrap_or_default();
    let path = paths::drive(&location.org_id, &container);
    let (to, group) = match row.who {
        Grantee::Person(person) if person == by.person => return Ok(()),
        Grantee::Person(_) => (row.address.iter().cloned().collect(), None),
        Grantee::Organization(organization) => {
            (membership::list_owner_addresses(tx, organization).await?, Some(row.name.as_str()))
        }
    };
    let name = if managed.kind() == Kind::Root { "the Drive" } else { managed.name() };
    let message = EmailMessage::AccessGiven {
        organization: &owner.name,
        path: &path,
        resource: name,
        by: &by.name,
        level: row.level,
        group,
    };
    let topic = topic(managed, row.who);
    for address in &to {
        mail::post_about(tx, ctx, address, &message, &topic).await?;
    }
    Ok(())
}

/// Leave to invite Members, where that is asked for.
fn member_permit(by: &Principal, managed: &ManagedResource) -> Result<RolePermit> {
    let facts = &managed.access_path.facts;
    // Somebody who manages only this resource sees the organization, so this is "forbidden", not "not found".
    facts.role.ok_or_else(|| {
        Refusal::Forbidden(
            "Only Owners and Managers of the organization can invite Members. Share it with someone outside instead."
                .to_owned(),
        )
    })?;
    Ok(allow(by.who(), facts.organization, facts.role, Permission::ManagePeople)?)
}

/// Invites an address that the organization does not know, or adds to the invitation that waits for it.
async fn ask(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    managed: &ManagedResource,
    email: &Email,
    level: Level,
    way: InviteAs,
) -> Result<WaitingAccess> {
    let id = managed.id();
    let gift = NewAccess { own: managed.own()?, name: email.as_str(), standing: way.standing(), from: None, to: level };
    let found = resource::find(tx, id).await?.ok_or(Refusal::NotFound)?;
    let member = if way == InviteAs::Member { Some(member_permit(by, managed)?) } else { None };
    let pending = invitation::find_pending(tx, managed.permit.organization(), &email.key(), ctx.now()).await?;
    let standing = match &pending {
        Some(waiting) if !waiting.external => Affiliation::In(waiting.role),
        _ => way.standing(),
    };
    NewAccess { standing, ..gift }.check()?;
    team_access(tx, ctx, found.account).await??;
    let Some(waiting) = pending else {
        let owner = organizations::find(tx, managed.permit.organization()).await?.ok_or(Refusal::NotFound)?;
        if member.is_some() && owner.space_of.is_some() {
            return Err(Refusal::NotFound.into());
        }
        let asked = invitations::AccessInvitation { email, resource: id, name: managed.name(), level };
        let (invitation, expires_at) = invitations::ask(tx, ctx, by, &managed.permit, member.as_ref(), &asked).await?;
        return Ok(WaitingAccess { invitation, email: email.as_str().to_owned(), level, way, expires_at });
    };
    invitation::upsert_grant(tx, &managed.permit, waiting.id, level, ctx.now()).await?;
    if let Some(member) = member.filter(|_| waiting.external) {
        invitation::update_role(tx, &member, waiting.id, Role::Member).await?;
    }
    let way = if waiting.external { way } else { InviteAs::Member };
    let summary = format!(
        "gave {} {} access to {}, once the invitation is accepted",
        waiting.email,
        level.label(),
        managed.words()
    );
    let what = AuditEvent {
        organization: Some(managed.permit.organization()),
        after: Some(
            serde_json::json!({ "resource": id, "email": waiting.email, "level": level, "invitation": waiting.id }),
        ),
        resources: vec![id],
        ..AuditEvent::new(Action::AccessGiven, summary)
    };
    audit::record(tx, ctx, by, what).await?;
    Ok(WaitingAccess { invitation: waiting.id, email: waiting.email, level, way, expires_at: waiting.expires_at })
}

/// Sets a grant on the very resource to another level. A carried one becomes one made by hand.
///
/// # Errors
/// As [`give`]; `NotFound` for a grant on something else.
pub async fn change(ctx: &Ctx, by: &Principal, id: &str, grant_id: &str, level: &str) -> Result<AccessRow> {
    let id: ResourceId = super::id("id", id).map_err(|_| Refusal::NotFound)?;
    let grant_id: GrantId = super::id("grant", grant_id).map_err(|_| Refusal::NotFound)?;
    let level = Level::parse(level).map_err(|problem| Refusal::field("level", problem))?;
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let managed = ManagedResource::of(tx, by, id).await?;
                let found =
                    grant::find(tx, grant_id).await?.filter(|found| found.resource == id).ok_or(Refusal::NotFound)?;
                let receiver = receiver_of(tx, &managed, found.grantee).await?;
                give_to(tx, ctx, by, &managed, receiver, level).await
            })
        })
        .await
}

/// Who holds a grant already.
async fn receiver_of(tx: &mut Tx, managed: &ManagedResource, grantee: Grantee) -> Result<KnownRecipient> {
    match grantee {
        Grantee::Person(id) => find_person(tx, managed, id).await,
        Grantee::Organization(id) => {
            let found = organizations::find(tx, id).await?.ok_or(Refusal::NotFound)?;
            let own = found.id == managed.permit.organization();
            Ok(KnownRecipient {
                grantee,
                name: found.name,
                address: found.org_id,
                standing: if own { Affiliation::In(Role::Member) } else { Affiliation::External },
            })
        }
    }
}

/// Takes a grant on the very resource away, made by hand or carried along; or what waits there with an invitation, by the
/// invitation's id. Answers whose it was.
///
/// # Errors
/// `NotFound` and `Forbidden`, also for a grant on something else.
pub async fn remove(ctx: &Ctx, by: &Principal, id: &str, grant_id: &str) -> Result<String> {
    let id: ResourceId = super::id("id", id).map_err(|_| Refusal::NotFound)?;
    let grant_id: GrantId = super::id("grant", grant_id).map_err(|_| Refusal::NotFound)?;
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let managed = ManagedResource::of(tx, by, id).await?;
                let found = grant::find(tx, grant_id).await?.filter(|found| found.resource == id);
                let Some(found) = found else {
                    return take_back(tx, ctx, by, &managed, InvitationId(grant_id.0)).await;
                };
                let name = name_of(tx, found.grantee).await?;
                take(tx, ctx, by, &managed, found, &name).await?;
                Ok(name)
            })
        })
        .await
}

async fn name_of(tx: &mut Tx, grantee: Grantee) -> Result<String> {
    Ok(match grantee {
        Grantee::Person(id) => person::find(tx, id)
            .await?
            .map(|found| crate::domain::person::full_name(&found.first_name, &found.last_name))
            .unwrap_or_default(),
        Grantee::Organization(id) => organizations::find(tx, id).await?.map(|found| found.name).unwrap_or_default(),
    })
}

/// Ends one grant, and writes it down.
async fn take(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    managed: &ManagedResource,
    found: grant::StoredGrant,
    name: &str,
) -> Result<()> {
    may_touch(managed.own()?, Some(found.level))?;
    if !grant::delete(tx, &managed.permit, found.id).await? {
        return Err(Refusal::NotFound.into());
    }
    outbox::delete_held_about(tx, &topic(managed, found.grantee), ctx.now()).await?;
    let summary = format!("removed the {} access of {name} to {}", found.level.label(), managed.words());
    let what = AuditEvent {
        organization: Some(managed.permit.organization()),
        before: Some(serde_json::json!({
            "resource": managed.id(), "to": found.grantee, "name": name, "level": found.level, "carried": found.carried,
        })),
        resources: vec![managed.id()],
        ..AuditEvent::new(Action::AccessRemoved, summary)
    };
    audit::record(tx, ctx, by, what).await
}

/// Takes back what waits with an invitation. One that was made only for it, from outside, is taken back with it.
async fn take_back(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    managed: &ManagedResource,
    id: InvitationId,
) -> Result<String> {
    let found = invitation::find(tx, id)
        .await?
        .filter(|found| found.organization == managed.permit.organization())
        .filter(|found| found.state == crate::domain::invitation::InvitationState::Pending)
        .ok_or(Refusal::NotFound)?;
    if !invitation::delete_grant(tx, &managed.permit, id).await? {
        return Err(Refusal::NotFound.into());
    }
    let others = found.reach.is_some_and(|(resource, _)| resource != managed.id())
        || !invitation::list_grants(tx, id).await?.is_empty();
    if found.external && !others {
        invitation::update_state(tx, id, crate::domain::invitation::InvitationState::Revoked, ctx.now()).await?;
    }
    let summary = format!("revoked the access of {} to {}", found.email, managed.words());
    let what = AuditEvent {
        organization: Some(managed.permit.organization()),
        before: Some(serde_json::json!({ "resource": managed.id(), "email": found.email, "invitation": id })),
        resources: vec![managed.id()],
        ..AuditEvent::new(Action::AccessRemoved, summary)
    };
    audit::record(tx, ctx, by, what).await?;
    Ok(found.email)
}

/// Takes away everything that was given by hand on some resources, within a transaction that goes on with what it was in the
/// way of (XFER-2). How many grants ended.
///
/// # Errors
/// `NotFound` and `Forbidden` if access to one of them is not the caller's to manage: then nothing is to be done.
pub async fn take_by_hand(tx: &mut Tx, ctx: &Ctx, by: &Principal, resources: &[ResourceId]) -> Result<usize> {
    let listed = grant::list_by_hand(tx, resources, 100_000).await?;
    let on: Vec<ResourceId> =
        listed.iter().map(|one| one.grant.resource).collect::<BTreeSet<_>>().into_iter().collect();
    let mut managed = BTreeMap::new();
    for (id, access_path) in access::access_paths(tx, by.person, &on).await? {
        let permit = crate::domain::permit::permit(by.who(), Act::GiveAccess, &access_path.facts)?;
        managed.insert(id, ManagedResource { permit, visible: access_path.visible_path(), access_path });
    }
    for one in &listed {
        let managed = managed.get(&one.grant.resource).ok_or(Refusal::NotFound)?;
        take(tx, ctx, by, managed, one.grant, &one.name).await?;
    }
    Ok(listed.len())
}

/// Whether somebody may manage the access to all of some resources, and these have any made by hand.
pub async fn may_take_by_hand(tx: &mut Tx, by: &Principal, resources: &[ResourceId]) -> Result<bool> {
    let access_paths = access::access_paths(tx, by.person, resources).await?;
    let manages = |id| {
        access_paths.get(id).is_some_and(|access_path: &AccessPath| {
            crate::domain::permit::permit(by.who(), Act::GiveAccess, &access_path.facts).is_ok()
        })
    };
    Ok(!resources.is_empty() && resources.iter().all(manages))
}

/// "Why can they see this?": every reason, the highest first (ACCESS-1), and what would be left without it.
///
/// # Errors
/// `NotFound` and `Forbidden` for who does not manage the resource; `NotFound` for a person whom the organization does not
/// know.
pub async fn why(ctx: &Ctx, by: &Principal, id: &str, person_id: &str) -> Result<WhyView> {
    let id: ResourceId = super::id("id", id).map_err(|_| Refusal::NotFound)?;
    let person_id: PersonId = super::id("person", person_id).map_err(|_| Refusal::NotFound)?;
    let mut tx = ctx.db().read().await?;
    let managed = ManagedResource::with_view(&mut tx, by, id).await?;
    let theirs = access::access_paths(&mut tx, person_id, &[id]).await?.remove(&id).ok_or(Refusal::NotFound)?;
    // Somebody who does not reach it, and is not known here, does not exist.
    let known = find_receiver(&mut tx, &managed, person_id).await?;
    let looks = known.is_some() && person_id != by.person && managed.may_view_as();
    let name = match (known, theirs.level()) {
        (Some(receiver), _) => receiver.name,
        (None, Some(_)) => name_of(&mut tx, Grantee::Person(person_id)).await?,
        (None, None) => return Err(Refusal::NotFound.into()),
    };
    let role = theirs.facts.role;
    let mut reasons: Vec<AccessReason> = role
        .and_then(|role| crate::domain::access::role_level(role).map(|level| (role, level)))
        .map(|(role, level)| AccessReason {
            level,
            origin: AccessOrigin::Role,
            role: Some(role),
            through: None,
            from: None,
            carried: false,
            by: None,
            at: None,
            left: None,
        })
        .into_iter()
        .collect();
    for found in grant::list_reaching(&mut tx, person_id, &managed.way()).await? {
        let here = found.grant.resource == id;
        reasons.push(AccessReason {
            level: found.grant.level,
            origin: AccessOrigin::of_grant(here, found.grant.carried),
            role: None,
            through: found.through,
            from: managed.crumb(found.grant.resource).filter(|_| !here),
            carried: found.grant.carried,
            by: found.by,
            at: Some(found.at),
            left: None,
        });
    }
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.level));
    let levels: Vec<Level> = reasons.iter().map(|reason| reason.level).collect();
    for (reason, left) in reasons.iter_mut().zip(left_without_each(&levels)) {
        reason.left = left;
    }
    let resource = Crumb { id, name: managed.name().to_owned(), kind: managed.kind() };
    Ok(WhyView { person: person_id, name, resource, looks, level: theirs.level(), reasons })
}
