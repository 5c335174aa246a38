//! Copying inside one organization (DRIVE-4), and for the account behind a Sharing ID (ACCT-3): at once where there is little, and behind the scenes where there is much.
//!
//! A copy is made hidden, and shown in one step when all of it is there: a crash never leaves half of one to be seen, and
//! the place it goes to shows nothing until it is done. Small ones are made and shown in one transaction, by the same
//! steps.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    domain::{
        access::Act,
        account::SharingId,
        audit::Action,
        copy::{CopyDestination, Original, may_copy, may_share, receive, restrictions_of_copy},
        id::{OrganizationId, PersonId, ResourceId, TaskId},
        items::Items,
        licence::{Entitlement, allows, making},
        permit::{self, Permit, allow},
        refusal::Refusal,
        requester::Requester,
        resource::{Kind, free_name, name_or_count},
        restriction::Restriction,
        role::Permission,
        task::{MAX_INLINE_ITEMS, MAX_TASKS, TaskKind, go_on},
        text::FieldIssue,
    },
    view::outcome::{Copied, CopyShown, SharedCopies},
};

use super::{
    super::{
        context::{Ctx, Principal},
        error::{Error, Result},
        limit::Key,
        store::{
            Tx, account, annotation, copying, dataset_file, licence, organization as organizations, resource, storage,
            subtree, task, trash as hidden,
        },
    },
    access::{self, AccessPath},
    audit::{self, AuditEvent},
    drive,
    storage::check_room,
};

/// How many items a step of a copy makes at most.
pub const COPY_BATCH_SIZE: u64 = 500;
/// How many files or annotations take as long to copy as an item.
const ROWS_PER_ITEM: u64 = 10;
/// How many things inside are looked for that cannot be copied; one is enough to refuse.
const MAX_NAME_CANDIDATES: i64 = 100;

/// How far a task has come with a copy.
#[derive(Debug, Clone, Copy)]
pub struct CopyProgress {
    /// The copy's top, which is hidden.
    pub top: ResourceId,
    /// The organization that owns the original.
    pub organization: OrganizationId,
    /// Who copies.
    pub person: PersonId,
    /// The container that is being filled, and the last of its content that is.
    pub at: Option<(ResourceId, Option<ResourceId>)>,
    /// How many items are there.
    pub done: u64,
}

/// Copies items to a place, all of them or none; where they are very many, work begins that goes on by itself.
///
/// # Errors
/// `Invalid` at a field; `NotFound` if something does not exist for the caller; `Forbidden` for a level, a restriction
/// (POL-1) or the licence (LIC-6); `BadRequest` where a copy cannot be; `Conflict` if somebody took a name meanwhile.
pub async fn copy(ctx: &Ctx, by: &Principal, items: &Items, destination: ResourceId) -> Result<Copied> {
    let copied: Result<Copied> =
        ctx.db().write(|tx, _| Box::pin(async { copy_in(tx, ctx, by, items, destination).await })).await;
    match copied {
        Err(error) if error.is_taken() => Err(Refusal::Conflict.into()),
        copied => copied,
    }
}

fn place_of(access_path: &AccessPath) -> Result<CopyDestination> {
    let here = access_path.ancestors.first().ok_or(Refusal::NotFound)?;
    Ok(CopyDestination {
        name: if here.kind == Kind::Root { Kind::Root.label().to_owned() } else { here.name.clone() },
        kind: here.kind,
        organization: here.organization,
        level: access_path.level().ok_or(Refusal::NotFound)?,
        depth: access_path.depth(),
        self_and_ancestors: access_path.ancestors.iter().map(|step| step.id).collect(),
    })
}

/// What is to be copied, each with how many items it is, and how many files and annotations they have. What is inside another item of the selection is copied with it.
async fn originals(
    tx: &mut Tx,
    ctx: &Ctx,
    items: &[ResourceId],
    access_paths: &BTreeMap<ResourceId, AccessPath>,
) -> Result<(Vec<(Original, u64)>, u64)> {
    let below = subtree::load(tx, items, None, ctx.now()).await?;
    let restricted = subtree::list_restricted(tx, items, Restriction::Copy, MAX_NAME_CANDIDATES).await?;
    let (mut originals, mut rows) = (Vec::with_capacity(items.len()), 0);
    for id in items {
        let (Some(access_path), Some(inside)) = (access_paths.get(id), below.get(id)) else {
            return Err(Refusal::NotFound.into());
        };
        let (Some(step), Some(level)) = (access_path.ancestors.first(), access_path.level()) else {
            return Err(Refusal::NotFound.into());
        };
        if access_path.ancestors.iter().skip(1).any(|step| items.contains(&step.id)) {
            continue;
        }
        let uncopyable = restricted.iter().find(|inside| inside.root_id == id.0);
        let original = Original {
            id: *id,
            name: step.name.clone(),
            kind: step.kind,
            organization: step.organization,
            level,
            restrictions: access_path.facts.restrictions,
            height: inside.height,
            holds_sites: inside.sites > 0,
            uncopyable: uncopyable.map(|inside| inside.name.clone()),
        };
        rows += inside.contents.files + inside.annotations;
        originals.push((original, inside.contents.folders + inside.contents.datasets));
    }
    Ok((originals, rows))
}

async fn copy_in(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    items: &[ResourceId],
    destination: ResourceId,
) -> Result<Copied> {
    let access_paths = access::access_paths(tx, by.person, items).await?;
    for id in items {
        access_paths.get(id).and_then(AccessPath::level).ok_or(Refusal::NotFound)?;
    }
    let there = access::access_path(tx, by, destination).await?;
    let place = place_of(&there)?;
    let container = resource::find(tx, destination).await?.ok_or(Refusal::NotFound)?;
    let (originals, rows) = originals(tx, ctx, items, &access_paths).await?;
    for (original, _) in &originals {
        may_copy(original, &place)?;
    }
    let total: u64 = originals.iter().map(|(_, size)| size).sum();
    let permit = permit::permit(by.who(), Act::Create, &there.facts)?;
    let licences = licence::list_of_account(tx, container.account, ctx.now()).await?;
    for (original, _) in &originals {
        // A folder with a site in it makes a site as well.
        let kind = if original.holds_sites { Kind::Site } else { original.kind };
        allows(&licences, making(kind, place.kind), ctx.now())?;
    }
    if total + rows / ROWS_PER_ITEM > MAX_INLINE_ITEMS && originals.len() > MAX_TASKS {
        return Err(Refusal::field("items", FieldIssue::TooMany(MAX_TASKS)).into());
    }
    let location = drive::show::location(tx, place.organization, Some(destination)).await?;
    let (mut made, mut tasks) = (Vec::new(), Vec::new());
    for (original, size) in originals {
        let top = ResourceId(ctx.id());
        let new = copying::NewTop {
            id: top,
            original: original.id,
            owner: original.organization,
            account: container.account,
            by: by.person,
            restrictions: restrictions_of_copy(original.restrictions),
            at: ctx.now(),
        };
        copying::insert_top(tx, &permit, &new).await?;
        copy_contents(tx, ctx, &permit, top, original.id).await?;
        super::organization::turn_space(tx, permit.organization()).await?;
        let mut making = CopyProgress { top, organization: place.organization, person: by.person, at: None, done: 1 };
        if total + rows / ROWS_PER_ITEM > MAX_INLINE_ITEMS {
            let progress = task::Task {
                id: TaskId(ctx.id()),
                organization: place.organization,
                person: by.person,
                person_name: by.name.clone(),
                kind: TaskKind::Copy,
                name: original.name.clone(),
                top: Some(top),
                source: Some(original.id),
                destination: Some(destination),
                at: None,
                done: 1,
                total: size,
                stoppable: true,
                shared_with: None,
            };
            task::insert(tx, &progress, ctx.now()).await?;
            tasks.push(task::find_own(tx, by.person, progress.id).await?.ok_or(Refusal::NotFound)?);
            continue;
        }
        while !step(tx, ctx, &mut making).await? {}
        let (copy, _) = show(tx, ctx, by, &making, destination, &original.name).await?;
        made.push((drive::show::view_in(tx, by, top).await?, copy));
    }
    Ok(Copied { made, tasks, to: place.name, location })
}

/// Goes on with a copy by at most [`COPY_BATCH_SIZE`] items; `true` when all of them are there.
///
/// # Errors
/// `NotFound`, `Forbidden` or `Conflict` where the copier may no more, or the original is gone; the database.
pub async fn step(tx: &mut Tx, ctx: &Ctx, making: &mut CopyProgress) -> Result<bool> {
    let permit = go_on(making.person, making.organization, making.top);
    let mut room = COPY_BATCH_SIZE;
    while room > 0 {
        let Some((inside, original)) = copying::find_unfilled(tx, making.top).await? else { return Ok(true) };
        let behind = making.at.filter(|(at, _)| *at == inside).and_then(|(_, behind)| behind);
        // Things move while this goes on. What is gone from inside is not copied; where the whole is, or the copier may no
        // more, nothing is.
        let limit = i64::try_from(room).unwrap_or(i64::MAX);
        let next = match access::access_paths(tx, making.person, &[original]).await?.remove(&original) {
            Some(access_path) => {
                permit::permit(Requester::person(making.person), Act::Copy, &access_path.facts)?;
                copying::list_originals(tx, making.organization, original, behind, limit).await?
            }
            None if inside == making.top => return Err(Refusal::Conflict.into()),
            None => Vec::new(),
        };
        let is_rest = u64::try_from(next.len()).unwrap_or(0) < room;
        // A container that holds nothing counts as well, so that a step has an end.
        room = room.saturating_sub(u64::from(next.is_empty()));
        let mut last = None;
        for id in &next {
            let copy = ResourceId(ctx.id());
            let copied = copying::insert(tx, &permit, copy, *id, inside, ctx.now()).await?;
            let rows = if copied > 0 { copy_contents(tx, ctx, &permit, copy, *id).await? } else { 0 };
            making.done += copied;
            last = Some(*id);
            room = room.saturating_sub(1 + rows / ROWS_PER_ITEM);
            if room == 0 {
                break;
            }
        }
        if is_rest && last == next.last().copied() {
            copying::update_filled(tx, &permit, inside).await?;
            making.at = None;
        } else {
            making.at = Some((inside, last));
        }
    }
    Ok(false)
}

/// Gives a copy of a dataset the files of the original, if the storage of who gets it has room (FILE-6), and its annotations. How many
/// rows that are.
async fn copy_contents(tx: &mut Tx, ctx: &Ctx, permit: &Permit, copy: ResourceId, original: ResourceId) -> Result<u64> {
    let files = dataset_file::copy(tx, permit, copy, original, ctx.now()).await?;
    let owner = storage::find_owner(tx, copy).await?.unwrap_or(permit.organization());
    if files > 0 {
        let copied = storage::find_bytes(tx, copy).await?;
        let room = check_room(tx, Some(Requester::person(permit.person())), owner, copied, copied).await;
        // How much another organization stores is nobody else's business (ACCT-3).
        if owner != permit.organization() && matches!(room, Err(Error::Refused(Refusal::QuotaExceeded(_)))) {
            return Err(Refusal::field("sharing_id", FieldIssue::CannotReceive).into());
        }
        room?;
    }
    Ok(files + annotation::copy(tx, permit, copy, original, ctx.now()).await?)
}

/// Shows a copy that is complete, where the copier may still put it. What it is called, and the name of the container.
///
/// # Errors
/// `NotFound` or `Forbidden` if they may not any more, or the place is gone; `BadRequest` if it became too deep.
pub async fn show(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    making: &CopyProgress,
    destination: ResourceId,
    original: &str,
) -> Result<(CopyShown, String)> {
    let (_, there) = access::permit(tx, by, Act::Create, destination).await?;
    let (container, kind, name, height) = copying::find_hidden(tx, making.top).await?.ok_or(Refusal::NotFound)?;
    let place = place_of(&there)?;
    // A transfer or a deletion of the place moves what is hidden in it to the root of its Drive, so it may be
    // elsewhere by now.
    if container != destination || place.organization != making.organization {
        return Err(Refusal::NotFound.into());
    }
    crate::domain::copy::fits(&name, kind, height, &place)?;
    let taken = resource::list_taken_names(tx, destination, &[name.clone()].into()).await?;
    let free = free_name(&name, |key| taken.contains(key));
    let permit: Permit = go_on(making.person, making.organization, making.top);
    if free != name {
        hidden::update_place(tx, &permit, destination, &free).await?;
    }
    hidden::take_out(tx, &[permit]).await?;
    let renamed_to = Some(free).filter(|free| *free != name);
    let called = renamed_to.as_ref().map(|name| format!(" as “{name}”")).unwrap_or_default();
    let summary = format!("copied {} to “{}”{called}", name_or_count(&[original.to_owned()]), place.name);
    let event = AuditEvent {
        organization: Some(making.organization),
        after: Some(serde_json::json!({ "resource": making.top, "parent": destination, "items": making.done })),
        resources: vec![making.top],
        ..AuditEvent::new(Action::ResourceCopied, summary)
    };
    audit::record(tx, ctx, by, event).await?;
    Ok((CopyShown { original: original.to_owned(), renamed_to }, place.name))
}

/// What asking for Sharing IDs that do not exist is counted under.
fn asking_key(by: &Principal) -> Key {
    Key::failures(format!("sharing-id:{}", by.person))
}

/// **Share a copy** (ACCT-3): copies items into the root of the account behind a Sharing ID, in whatever organization, all of
/// them or none. Access and links stay with the originals. Nothing is told of the account but that it is there.
///
/// # Errors
/// `Invalid` at `items`, and at `sharing_id`: missing, malformed, nobody's, of the very account that an item is in, or of one
/// that cannot receive anything; `NotFound` if an item does not exist for the caller; `Forbidden` for who does not manage
/// accounts there, and for a restriction (POL-1); `Licence` (LIC-6); `RateLimited` for who asks for many that do not exist.
pub async fn share(ctx: &Ctx, by: &Principal, items: &Items, sharing_id: &str) -> Result<SharedCopies> {
    // A malformed Sharing ID is refused only after the items were looked at: what one may not see does not exist,
    // whatever else is wrong.
    let wanted = SharingId::parse(sharing_id).map_err(super::super::error::at_field("sharing_id"));
    let (asking, nobodys) = ([asking_key(by)], Refusal::field("sharing_id", FieldIssue::NoSuchSharingId));
    let typed = sharing_id.trim();
    let wanted = wanted.map_err(|error| match error {
        Error::Refused(refusal) => refusal,
        other => Refusal::BadRequest(other.to_string()),
    });
    let sharing = ctx.db().write(|tx, _| Box::pin(async { share_in(tx, ctx, by, items, wanted.clone(), typed).await }));
    match ctx.limits().guard(&asking, |refusal| *refusal == nobodys, sharing).await {
        Err(error) if error.is_taken() => Err(Refusal::Conflict.into()),
        shared => shared,
    }
}

async fn share_in(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    items: &[ResourceId],
    wanted: std::result::Result<SharingId, Refusal>,
    typed: &str,
) -> Result<SharedCopies> {
    let access_paths = access::access_paths(tx, by.person, items).await?;
    let (mut accounts, mut permits) = (BTreeSet::new(), BTreeMap::new());
    for id in items {
        let access_path =
            access_paths.get(id).filter(|access_path| access_path.level().is_some()).ok_or(Refusal::NotFound)?;
        let (organization, role) = (access_path.facts.organization, access_path.facts.role);
        accounts.extend(access_path.ancestors.first().map(|step| step.account));
        // Who reaches it from outside sees it, and is told so.
        let permit = role.map(|role| allow(by.who(), organization, Some(role), Permission::ManageAccounts));
        permits.insert(organization, permit.unwrap_or_else(|| Err(only_managers()))?);
    }
    let (Some((organization, sharer)), 1) = (permits.first_key_value(), permits.len()) else {
        return Err(Refusal::field("items", FieldIssue::MixedOrganizations).into());
    };
    for account in &accounts {
        allows(&licence::list_of_account(tx, *account, ctx.now()).await?, Entitlement::Share, ctx.now())?;
    }
    let at = |problem| Error::from(Refusal::field("sharing_id", problem));
    let wanted = wanted?;
    let found = account::find_by_sharing_id(tx, &wanted.org_key, &wanted.account_key).await?;
    let target = found.ok_or_else(|| at(FieldIssue::NoSuchSharingId))?;
    if accounts.contains(&target.id) {
        return Err(at(FieldIssue::SameAccount));
    }
    if allows(&licence::list_of_account(tx, target.id, ctx.now()).await?, Entitlement::Create, ctx.now()).is_err() {
        return Err(at(FieldIssue::CannotReceive));
    }
    let place = root_of(&target, typed);
    let (originals, rows) = originals(tx, ctx, items, &access_paths).await?;
    for (original, _) in &originals {
        may_share(original, &place)?;
    }
    let total: u64 = originals.iter().map(|(_, size)| size).sum();
    if total + rows / ROWS_PER_ITEM > MAX_INLINE_ITEMS && originals.len() > MAX_TASKS {
        return Err(Refusal::field("items", FieldIssue::TooMany(MAX_TASKS)).into());
    }
    let permit = receive(sharer, target.organization, target.root);
    let (mut made, mut tasks) = (0, Vec::new());
    let names: Vec<String> = originals.iter().map(|(original, _)| original.name.clone()).collect();
    for (original, size) in originals {
        let top = ResourceId(ctx.id());
        let new = copying::NewTop {
            id: top,
            original: original.id,
            owner: original.organization,
            account: target.id,
            by: by.person,
            restrictions: restrictions_of_copy(original.restrictions),
            at: ctx.now(),
        };
        copying::insert_top(tx, &permit, &new).await?;
        copy_contents(tx, ctx, &go_on(by.person, *organization, top), top, original.id).await?;
        super::organization::turn_space(tx, permit.organization()).await?;
        let mut making = CopyProgress { top, organization: *organization, person: by.person, at: None, done: 1 };
        if total + rows / ROWS_PER_ITEM > MAX_INLINE_ITEMS {
            let progress = task::Task {
                id: TaskId(ctx.id()),
                organization: *organization,
                person: by.person,
                person_name: by.name.clone(),
                kind: TaskKind::Copy,
                name: original.name.clone(),
                top: Some(top),
                source: Some(original.id),
                destination: Some(target.root),
                at: None,
                done: 1,
                total: size,
                stoppable: true,
                shared_with: Some(typed.to_owned()),
            };
            task::insert(tx, &progress, ctx.now()).await?;
            tasks.push(task::find_own(tx, by.person, progress.id).await?.ok_or(Refusal::NotFound)?);
            continue;
        }
        while !step(tx, ctx, &mut making).await? {}
        show_shared(tx, ctx, by, &making, (original.id, target.root), &original.name, typed).await?;
        made += 1;
    }
    Ok(SharedCopies { names, sharing_id: typed.to_owned(), made, tasks })
}

fn only_managers() -> Refusal {
    Refusal::Forbidden("Only Owners and Managers of the organization can share copies with other accounts.".to_owned())
}

/// The root of an account as the place of a shared copy; the sharer needs no level there.
fn root_of(target: &account::Account, called: &str) -> CopyDestination {
    CopyDestination {
        name: called.to_owned(),
        kind: Kind::Root,
        organization: target.organization,
        level: Act::Create.needs(),
        depth: 0,
        self_and_ancestors: vec![target.root],
    }
}

/// Shows a shared copy that is complete, where the sharer may still share and the account can still receive. A number behind
/// its name is for the account to see.
///
/// # Errors
/// `NotFound`, `Forbidden` or `Conflict` if they may not any more, or the original or the account is gone; `Invalid` at
/// `sharing_id` if the account cannot receive anything any more.
pub async fn show_shared(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    making: &CopyProgress,
    (original, root): (ResourceId, ResourceId),
    name: &str,
    sharing_id: &str,
) -> Result<()> {
    let access_path =
        access::access_paths(tx, by.person, &[original]).await?.remove(&original).ok_or(Refusal::Conflict)?;
    permit::permit(by.who(), Act::Copy, &access_path.facts)?;
    allow(by.who(), making.organization, access_path.facts.role, Permission::ManageAccounts)?;
    let target = resource::find(tx, root).await?.ok_or(Refusal::Conflict)?;
    let owner = organizations::find(tx, target.organization).await?.ok_or(Refusal::Conflict)?;
    if allows(&licence::list_of_account(tx, target.account, ctx.now()).await?, Entitlement::Create, ctx.now()).is_err()
    {
        return Err(Refusal::field("sharing_id", FieldIssue::CannotReceive).into());
    }
    let (container, _, called, height) = copying::find_hidden(tx, making.top).await?.ok_or(Refusal::Conflict)?;
    if container != root || height >= crate::domain::resource::MAX_DEPTH {
        return Err(Refusal::Conflict.into());
    }
    let taken = resource::list_taken_names(tx, root, &[called.clone()].into()).await?;
    let free = free_name(&called, |key| taken.contains(key));
    let permit: Permit = go_on(making.person, owner.id, making.top);
    if free != called {
        hidden::update_place(tx, &permit, root, &free).await?;
    }
    hidden::take_out(tx, &[permit]).await?;
    let source = organizations::find(tx, making.organization).await?.ok_or(Refusal::Conflict)?;
    let what = name_or_count(&[name.to_owned()]);
    let sent = AuditEvent {
        organization: Some(source.id),
        after: Some(serde_json::json!({ "resource": original, "sharing_id": sharing_id, "items": making.done })),
        resources: vec![original],
        ..AuditEvent::new(Action::ResourceShared, format!("shared a copy of {what} with {sharing_id}"))
    };
    audit::record(tx, ctx, by, sent).await?;
    let numbered = if free == called { String::new() } else { format!(" as “{free}”") };
    let summary = format!("shared a copy of {what} here from {}{numbered}", source.name);
    let received = AuditEvent {
        organization: Some(owner.id),
        after: Some(serde_json::json!({ "resource": making.top, "account": target.account, "items": making.done })),
        resources: vec![making.top],
        ..AuditEvent::new(Action::ResourceReceived, summary)
    };
    audit::record(tx, ctx, by, received).await
}
