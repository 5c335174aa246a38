//! The trash (DRIVE-4): putting things in, looking, taking them out, deleting them for good.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    domain::{
        access::{Act, Level},
        audit::Action,
        id::{GrantId, OrganizationId, PersonId, ResourceId, TaskId},
        items::Items,
        name::same_key,
        permit::{self, Permit},
        refusal::Refusal,
        resource::{Kind, free_name, name_or_count},
        restriction::Restriction,
        task::{MAX_INLINE_ITEMS, TaskKind},
        text::FieldIssue,
        time::Timestamp,
        transfer::Grantee,
        trash::{RestoreTarget, home, kept_until, outlived, overdue_before, restricted_inside},
        undo::Inverse,
        upload::ABANDONED_KEPT_MILLIS,
    },
    view::{
        Control, Page, RowView,
        outcome::{MovedToTrash, Restored, RestoredItem},
        trash::{TrashRow, TrashView},
    },
};

use super::{
    super::{
        context::{Ctx, Principal},
        error::{Error, Result},
        store::{
            Tx, annotation,
            dataset_file::{self, Doomed},
            grant,
            resource::{self, Step},
            subtree, task,
            trash::{self, Trashed},
        },
    },
    access::{self, AccessPath},
    accounts::AccountNames,
    audit::{self, AuditEvent},
    drive, job, organization,
    pager::Pager,
    undo_token,
};

/// How many rows a page of the trash has in the browser.
pub const PAGE_SIZE: i64 = 50;
/// How many rows are looked through for one that the reader may see, before the page ends without.
const MAX_SCANNED_ROWS: i64 = 1_000;
/// How many things inside are looked at one by one, because they are restricted.
const MAX_RESTRICTED_ITEMS: i64 = 1_000;
/// How many things that have been in the trash long enough are deleted in one step.
const PURGE_BATCH_SIZE: i64 = 20;

/// The items as an audit line keeps them: the first hundred.
fn audit_items(items: &[(ResourceId, String)]) -> serde_json::Value {
    items.iter().take(100).map(|(id, name)| serde_json::json!({ "id": id, "name": name })).collect()
}

/// Puts items into the trash, all of them or none.
///
/// # Errors
/// `Invalid` at `items`; `NotFound` if one does not exist for the caller; `Forbidden` if one may not be deleted by them, or
/// something inside it (POL-1).
pub async fn put(ctx: &Ctx, by: &Principal, items: &Items) -> Result<MovedToTrash> {
    let moved: Result<Vec<(ResourceId, String)>> =
        ctx.db().write(|tx, _| Box::pin(async { put_in(tx, ctx, by, items).await })).await;
    let (ids, names): (Vec<ResourceId>, Vec<String>) = moved?.into_iter().unzip();
    let undo = undo_token::issue(ctx, by, Inverse::Restore { items: ids }).await;
    Ok(MovedToTrash { names, undo })
}

pub(super) async fn put_in(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    items: &[ResourceId],
) -> Result<Vec<(ResourceId, String)>> {
    let access_paths = access::access_paths(tx, by.person, items).await?;
    let selected: BTreeSet<ResourceId> = items.iter().copied().collect();
    let (mut permits, mut gone, mut owners) = (Vec::new(), Vec::new(), BTreeSet::new());
    let mut lesser = Vec::new();
    for id in items {
        let access_path = access_paths.get(id).ok_or(Refusal::NotFound)?;
        let permit = permit::permit(by.who(), Act::Trash, &access_path.facts)?;
        let item = access_path.ancestors.first().ok_or(Refusal::NotFound)?;
        if item.kind == Kind::Root {
            return Err(Refusal::BadRequest("The Drive itself cannot be deleted. Select items in it.".into()).into());
        }
        owners.insert(item.organization);
        // What is inside another item of the selection goes with it.
        if access_path.ancestors.iter().skip(1).any(|step| selected.contains(&step.id)) {
            continue;
        }
        // Whoever manages an item manages everything inside it, so only the others' items are looked into.
        if access_path.level() < Some(Level::Manager) {
            lesser.push(*id);
        }
        permits.push(permit);
        gone.push((*id, item.name.clone()));
    }
    let organization = owners.first().copied().filter(|_| owners.len() == 1);
    let organization = organization.ok_or_else(|| Refusal::field("items", FieldIssue::MixedOrganizations))?;
    may_delete_inside(tx, by, &lesser).await?;
    trash::put(tx, &permits, by.person, ctx.now()).await?;
    let names: Vec<String> = gone.iter().map(|(_, name)| name.clone()).collect();
    let event = AuditEvent {
        organization: Some(organization),
        before: Some(serde_json::json!({ "items": audit_items(&gone) })),
        resources: gone.iter().map(|(id, _)| *id).collect(),
        ..AuditEvent::new(Action::ResourceTrashed, format!("moved {} to the trash", name_or_count(&names)))
    };
    audit::record(tx, ctx, by, event).await?;
    Ok(gone)
}

/// POL-1: what is restricted further down is not deleted with what it is in, past its restriction.
async fn may_delete_inside(tx: &mut Tx, by: &Principal, items: &[ResourceId]) -> Result<()> {
    if items.is_empty() {
        return Ok(());
    }
    let restricted = subtree::list_restricted(tx, items, Restriction::Delete, MAX_RESTRICTED_ITEMS).await?;
    let ids: Vec<ResourceId> = restricted.iter().map(|inside| ResourceId(inside.id)).collect();
    let access_paths = access::access_paths(tx, by.person, &ids).await?;
    for inside in &restricted {
        let may = access_paths
            .get(&ResourceId(inside.id))
            .is_some_and(|access_path| permit::permit(by.who(), Act::Trash, &access_path.facts).is_ok());
        if !may {
            return Err(restricted_inside(&inside.name).into());
        }
    }
    // There may be more than were looked at, so this is refused rather than let past a restriction.
    if i64::try_from(restricted.len()).unwrap_or(i64::MAX) >= MAX_RESTRICTED_ITEMS {
        let last = restricted.last().map(|inside| inside.name.as_str()).unwrap_or_default();
        return Err(restricted_inside(last).into());
    }
    Ok(())
}

/// Items in the trash that the caller may act on, each with the permit.
async fn find_in_trash(
    tx: &mut Tx,
    by: &Principal,
    items: &[ResourceId],
) -> Result<Vec<(Trashed, Permit, AccessPath)>> {
    let mut found: BTreeMap<ResourceId, Trashed> =
        trash::find_all(tx, items).await?.into_iter().map(|top| (top.id, top)).collect();
    let mut access_paths = access::access_paths_in_trash(tx, by.person, items).await?;
    let mut tops = Vec::with_capacity(items.len());
    for id in items {
        let (Some(top), Some(access_path)) = (found.remove(id), access_paths.remove(id)) else {
            return Err(Refusal::NotFound.into());
        };
        if !may_see(&access_path) {
            return Err(Refusal::NotFound.into());
        }
        let permit = permit::permit(by.who(), Act::Trash, &access_path.facts)?;
        tops.push((top, permit, access_path));
    }
    let owners: BTreeSet<OrganizationId> = tops.iter().map(|(top, ..)| top.organization).collect();
    if owners.len() > 1 {
        return Err(Refusal::field("items", FieldIssue::MixedOrganizations).into());
    }
    Ok(tops)
}

/// Whether the caller sees an item in the trash: if they could have put it there, restrictions aside.
fn may_see(access_path: &AccessPath) -> bool {
    access_path.level() >= Some(Act::Trash.needs())
}

/// Takes items out of the trash: where they were, if that is there; with a number behind the name if somebody else has it
/// by now (DRIVE-5). All of them or none.
///
/// # Errors
/// `Invalid` at `items`; `NotFound` if one is not in the trash for the caller; `Forbidden` (POL-1).
pub async fn restore(ctx: &Ctx, by: &Principal, items: &Items) -> Result<Restored> {
    let restored: Result<Restored> =
        ctx.db().write(|tx, _| Box::pin(async { restore_in(tx, ctx, by, items).await })).await;
    match restored {
        Err(error) if error.is_taken() => Err(Refusal::Conflict.into()),
        restored => restored,
    }
}

/// [`restore`], and what was restored as lists show it.
///
/// # Errors
/// See [`restore`].
pub async fn restore_shown(ctx: &Ctx, by: &Principal, items: &Items) -> Result<Vec<RowView>> {
    let restored = restore(ctx, by, items).await?;
    let mut tx = ctx.db().read().await?;
    drive::list::rows_of(&mut tx, by, restored.organization, items).await
}

pub(super) async fn restore_in(tx: &mut Tx, ctx: &Ctx, by: &Principal, items: &[ResourceId]) -> Result<Restored> {
    let tops = find_in_trash(tx, by, items).await?;
    let organization = tops.first().map(|(top, ..)| top.organization).ok_or(Refusal::NotFound)?;
    let now = ctx.now();
    let mut names: BTreeMap<ResourceId, BTreeSet<String>> = BTreeMap::new();
    // Where each goes is not decided yet: back, or to the root.
    for (top, ..) in &tops {
        names.entry(top.container).or_default().insert(top.name.clone());
        names.entry(top.root).or_default().insert(top.name.clone());
    }
    let mut taken: BTreeMap<ResourceId, BTreeSet<String>> = BTreeMap::new();
    for (container, names) in &names {
        taken.insert(*container, resource::list_taken_names(tx, *container, names).await?);
    }
    let (mut restored, mut permits) = (Vec::new(), Vec::new());
    for (top, permit, access_path) in &tops {
        let depth = access_path.ancestors.last().map_or(0, |root| root.distance) - 1;
        let height = subtree::height_with_trash(tx, &[top.id]).await?;
        let place = home(top.container_in_trash, depth, height);
        let container = if place == RestoreTarget::Back { top.container } else { top.root };
        let taken = taken.entry(container).or_default();
        let name = free_name(&top.name, |key| taken.contains(key));
        // Two of the items may have had the same name.
        taken.insert(same_key(&name));
        if container != top.container || name != top.name {
            trash::update_place(tx, permit, container, &name).await?;
        }
        if container != top.container {
            carry_grants(tx, ctx, permit, &access_path.ancestors, now).await?;
        }
        restored.push(RestoredItem {
            name: top.name.clone(),
            renamed_to: Some(name).filter(|name| *name != top.name),
            place,
            container: access_path.visible_path().iter().rev().nth(1).map(|crumb| crumb.name.clone()),
        });
        permits.push(*permit);
    }
    trash::take_out(tx, &permits).await?;
    let listed_items: Vec<(ResourceId, String)> = tops.iter().map(|(top, ..)| (top.id, top.name.clone())).collect();
    let called: Vec<String> = listed_items.iter().map(|(_, name)| name.clone()).collect();
    let event = AuditEvent {
        organization: Some(organization),
        after: Some(serde_json::json!({ "items": audit_items(&listed_items) })),
        resources: listed_items.iter().map(|(id, _)| *id).collect(),
        ..AuditEvent::new(Action::ResourceRestored, format!("restored {} from the trash", name_or_count(&called)))
    };
    audit::record(tx, ctx, by, event).await?;
    Ok(Restored { organization, items: restored })
}

/// Keeps access to an item that is restored to another place (XFER-3): grants on its former ancestors become grants on the item.
/// The last step is the root, which is still above it.
async fn carry_grants(tx: &mut Tx, ctx: &Ctx, permit: &Permit, steps: &[Step], at: Timestamp) -> Result<()> {
    let between: Vec<ResourceId> = steps.iter().map(|step| step.id).rev().skip(1).collect();
    let mut kept: BTreeMap<Grantee, Level> = BTreeMap::new();
    let mut own: BTreeMap<Grantee, Level> = BTreeMap::new();
    for (on, fact) in grant::list_facts(tx, &between).await? {
        let levels = if on == permit.resource() { &mut own } else { &mut kept };
        let level = levels.entry(fact.grantee).or_insert(fact.level);
        *level = (*level).max(fact.level);
    }
    for (grantee, level) in kept {
        if own.get(&grantee).is_none_or(|own| *own < level) {
            let new = grant::NewGrant {
                id: GrantId(ctx.id()),
                resource: permit.resource(),
                grantee,
                level,
                carried: true,
                at,
            };
            grant::upsert(tx, permit, &new).await?;
        }
    }
    Ok(())
}

/// One page of the trash, newest first.
///
/// # Errors
/// `NotFound` if the organization is not the caller's; `Invalid` at `cursor` or `limit`.
pub async fn list(ctx: &Ctx, by: &Principal, org: &str, cursor: &str, limit: Option<i64>) -> Result<TrashView> {
    let limit = if limit.is_none() { PAGE_SIZE } else { super::limit(limit)? };
    let mut tx = ctx.db().read().await?;
    let organization = organization::belonging(&mut tx, by, org).await?;
    let pager = Pager::new("trash");
    let behind = pager.read(cursor)?;
    let (rows, end) = visible(&mut tx, by, organization.id, behind, limit).await?;
    let next_cursor = end.map(|end| pager.write(&end)).transpose()?;
    let names = AccountNames::of(&mut tx, by, organization.id).await?;
    let rows = rows.into_iter().map(|(top, access_path)| row(by, &names, &top, &access_path)).collect();
    Ok(TrashView { organization, rows: Page { items: rows, next_cursor } })
}

/// What the reader sees of the trash behind a place, and where the next page starts. Looking ends after so many rows,
/// also where the reader sees none of them.
async fn visible(
    tx: &mut Tx,
    by: &Principal,
    organization: OrganizationId,
    mut behind: Option<(Timestamp, ResourceId)>,
    limit: i64,
) -> Result<(Vec<(Trashed, AccessPath)>, Option<(Timestamp, ResourceId)>)> {
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let (mut rows, mut looked) = (Vec::new(), 0);
    loop {
        let batch = trash::list(tx, organization, behind, limit + 1).await?;
        let more = i64::try_from(batch.len()).unwrap_or(i64::MAX) > limit;
        let ids: Vec<ResourceId> = batch.iter().map(|top| top.id).collect();
        let mut access_paths = access::access_paths_in_trash(tx, by.person, &ids).await?;
        for top in batch.into_iter().take(wanted) {
            if rows.len() == wanted {
                return Ok((rows, behind));
            }
            behind = Some((top.at, top.id));
            if let Some(access_path) = access_paths.remove(&top.id).filter(may_see) {
                rows.push((top, access_path));
            }
        }
        looked += limit;
        if !more {
            return Ok((rows, None));
        }
        if rows.len() == wanted || looked >= MAX_SCANNED_ROWS {
            return Ok((rows, behind));
        }
    }
}

fn row(by: &Principal, names: &AccountNames, top: &Trashed, access_path: &AccessPath) -> TrashRow {
    let mut path = access_path.visible_path();
    names.label(&mut path);
    let from = path.iter().find(|crumb| crumb.id == top.container).cloned();
    TrashRow {
        id: top.id,
        kind: top.kind,
        name: top.name.clone(),
        at: top.at,
        by: top.by,
        by_name: top.by_name.clone(),
        from,
        account_name: names.of_account(top.account),
        kept_until: kept_until(top.at),
        change: match permit::permit(by.who(), Act::Trash, &access_path.facts) {
            Ok(_) => Control::Enabled,
            Err(refusal) => Control::Disabled(refusal.to_string()),
        },
    }
}

/// Deletes things of the trash for good, all of them or none: at once, or, where they are very many, from now on and
/// behind the scenes. Their names.
///
/// # Errors
/// `Invalid` at `items`; `NotFound` if one is not in the trash for the caller; `Forbidden` (POL-1).
pub async fn delete(ctx: &Ctx, by: &Principal, items: &Items) -> Result<Vec<String>> {
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let tops: Vec<(Trashed, Permit)> =
                    find_in_trash(tx, by, items).await?.into_iter().map(|(top, permit, _)| (top, permit)).collect();
                delete_in(tx, ctx, Some(by), &tops).await
            })
        })
        .await
}

/// Empties the trash, as far as the caller sees it and may; what is restricted stays (POL-1). One page of
/// [`super::MAX_PAGE_SIZE`] after the other, each a step of its own. How many items were deleted.
///
/// # Errors
/// `NotFound` if the organization is not the caller's.
pub async fn empty(ctx: &Ctx, by: &Principal, org: &str) -> Result<usize> {
    let mut behind = None;
    let (organization, mut deleted) = {
        let mut tx = ctx.db().read().await?;
        (organization::belonging(&mut tx, by, org).await?.id, 0)
    };
    loop {
        let (count, end) = ctx
            .db()
            .write(|tx, _| {
                Box::pin(async {
                    let (rows, end) = visible(tx, by, organization, behind, super::MAX_PAGE_SIZE).await?;
                    let tops: Vec<(Trashed, Permit)> = rows
                        .into_iter()
                        .filter_map(|(top, access_path)| {
                            permit::permit(by.who(), Act::Trash, &access_path.facts).ok().map(|permit| (top, permit))
                        })
                        .collect();
                    if !tops.is_empty() {
                        delete_in(tx, ctx, Some(by), &tops).await?;
                    }
                    Ok::<_, Error>((tops.len(), end))
                })
            })
            .await?;
        deleted += count;
        behind = end;
        if end.is_none() {
            return Ok(deleted);
        }
    }
}

/// Deletes tops: the small ones at once, for the others a task goes on. `by` is nobody where their days have passed.
async fn delete_in(tx: &mut Tx, ctx: &Ctx, by: Option<&Principal>, tops: &[(Trashed, Permit)]) -> Result<Vec<String>> {
    let organization = tops.first().map(|(top, _)| top.organization).ok_or(Refusal::NotFound)?;
    let permits: Vec<Permit> = tops.iter().map(|(_, permit)| *permit).collect();
    trash::leave_behind(tx, &permits).await?;
    job::settle::end_of_doomed(tx, ctx, &permits).await?;
    // What fits into one step together; what does not is left to tasks.
    let (mut room, mut now) = (MAX_INLINE_ITEMS, Vec::new());
    let ids: Vec<ResourceId> = tops.iter().map(|(top, _)| top.id).collect();
    let (sizes, inside) = (trash::count_inside(tx, &ids).await?, trash::count_rows_of_datasets(tx, &ids).await?);
    for (top, permit) in tops {
        let size = sizes.get(&top.id).copied().unwrap_or(1);
        let rows = size + inside.get(&top.id).copied().unwrap_or(0);
        if rows <= room {
            room -= rows;
            now.push(*permit);
            continue;
        }
        // It leaves the trash view at once, because it cannot be restored as a whole any more.
        trash::hide(tx, &[*permit]).await?;
        let progress = task::Task {
            id: TaskId(ctx.id()),
            organization: top.organization,
            person: permit.person(),
            person_name: by.map(|by| by.name.clone()).unwrap_or_default(),
            kind: TaskKind::Delete,
            name: top.name.clone(),
            top: Some(top.id),
            source: None,
            destination: None,
            at: None,
            done: 0,
            total: size,
            // Nobody is there to cancel what its days in the trash have ended.
            stoppable: by.is_some(),
            shared_with: None,
        };
        task::insert(tx, &progress, ctx.now()).await?;
    }
    let unused_at = ctx.now().plus_millis(ABANDONED_KEPT_MILLIS);
    dataset_file::delete_doomed(tx, Doomed::WithTops(&now), i64::MAX, ctx.now(), unused_at).await?;
    annotation::delete_in_trash(tx, &now, i64::MAX).await?;
    trash::delete(tx, &now).await?;
    let items: Vec<(ResourceId, String)> = tops.iter().map(|(top, _)| (top.id, top.name.clone())).collect();
    let names: Vec<String> = items.iter().map(|(_, name)| name.clone()).collect();
    let reason = if by.is_none() { ", after its days in the trash" } else { "" };
    let event = AuditEvent {
        organization: Some(organization),
        before: Some(serde_json::json!({ "items": audit_items(&items) })),
        resources: items.iter().map(|(id, _)| *id).collect(),
        ..AuditEvent::new(Action::ResourceDeleted, format!("deleted {} for good{reason}", name_or_count(&names)))
    };
    match by {
        Some(by) => audit::record(tx, ctx, by, event).await?,
        None => audit::note_operator(tx, ctx, event).await?,
    }
    Ok(names)
}

/// Deletes for good what has been in the trash for its days, a few at a time; how many. Several nodes may do so at once:
/// each thing is deleted by whoever comes first.
pub async fn purge(ctx: &Ctx) -> Result<u64> {
    let now = ctx.now();
    {
        // Mostly there is nothing to do, and then nothing is written.
        let mut tx = ctx.db().read().await?;
        if trash::list_overdue(&mut tx, overdue_before(now), 1).await?.is_empty() {
            return Ok(0);
        }
    }
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let mut purged = 0;
                for top in trash::list_overdue(tx, overdue_before(now), PURGE_BATCH_SIZE).await? {
                    let by = top.by.unwrap_or(PersonId(uuid::Uuid::nil()));
                    let Some(permit) = outlived(by, top.organization, top.id, top.at, now) else { continue };
                    delete_in(tx, ctx, None, &[(top, permit)]).await?;
                    purged += 1;
                }
                Ok::<_, Error>(purged)
            })
        })
        .await
}
