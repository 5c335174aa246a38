//! Taking a change back (DRIVE-4): the inverse is a normal command, authorized afresh, on what the server itself wrote
//! down. Where the facts have changed since, it is refused.

use std::collections::BTreeMap;

use crate::{
    domain::{
        access::Act,
        id::{ResourceId, UndoId},
        permit::permit,
        refusal::Refusal,
        time::Timestamp,
        undo::{FormerPlace, Inverse, gone},
    },
    server::{
        context::{Ctx, Principal},
        error::{Error, Result},
        store::{Tx, grant, resource, undo},
        usecase::{
            access::{self, AccessPath},
            annotation, drive, file, transfer, trash,
        },
    },
    view::outcome::{LeftOut, Undone},
};

/// Takes a change back, once.
///
/// # Errors
/// `BadRequest` if it was taken back already, or too long ago; `Conflict` if what it is about has been changed since;
/// else what the inverse command says.
pub async fn undo(ctx: &Ctx, by: &Principal, token: &str) -> Result<Undone> {
    let id: UndoId = token.trim().parse().map_err(|_| gone())?;
    let undone: Result<Undone> = ctx
        .db()
        .write(|tx, _| {
            Box::pin(async {
                let text = undo::take(tx, id, by.person).await?.ok_or_else(gone)?;
                let inverse: Inverse =
                    serde_json::from_str(&text).map_err(|error| Error::Internal(error.to_string()))?;
                match inverse {
                    Inverse::Rename { item, from, to, modified_at } => {
                        let (_, access_path) = access::permit(tx, by, Act::Rename, item).await?;
                        if access_path.ancestors.first().is_none_or(|step| step.name != from) {
                            return Err(Refusal::Conflict.into());
                        }
                        let modified_at = modified_at.unwrap_or_else(|| ctx.now());
                        drive::change::rename_in(tx, ctx, by, item, &to, modified_at).await?;
                        Ok(Undone::Renamed { name: to })
                    }
                    Inverse::Restore { items } => Ok(Undone::Restored(trash::restore_in(tx, ctx, by, &items).await?)),
                    Inverse::PutBack { from, at, items } => {
                        let names = put_back(tx, ctx, by, from, at, &items).await?;
                        Ok(Undone::MovedBack { names, site_in_trash: None })
                    }
                    Inverse::LeaveOut { dataset, numbers, left_out } => {
                        let files = file::leave_out_in(tx, ctx, by, dataset, Ok(numbers), left_out).await?;
                        let files = files.into_iter().map(|file| file.path).collect();
                        Ok(Undone::LeftOut(LeftOut { files, left_out, undo: None }))
                    }
                    Inverse::RenameFile { dataset, number, from, to } => {
                        file::rename_back_in(tx, ctx, by, dataset, number, (&from, &to)).await?;
                        Ok(Undone::Renamed { name: to })
                    }
                    Inverse::RestoreFiles { dataset, organization, numbers } => {
                        let files = file::restore_in(tx, ctx, by, dataset, organization, &numbers).await?;
                        Ok(Undone::FilesRestored { files })
                    }
                    Inverse::DeleteAnnotations { dataset, annotations } => {
                        let names = annotation::delete_added_in(tx, ctx, by, dataset, &annotations).await?;
                        Ok(Undone::AnnotationsDeleted { names })
                    }
                    Inverse::ChangeAnnotation { dataset, number, version, to } => {
                        let name = annotation::change_back_in(tx, ctx, by, dataset, (number, version), to).await?;
                        Ok(Undone::AnnotationChanged { name })
                    }
                    Inverse::RestoreAnnotation { dataset, deleted } => {
                        let name = annotation::restore_in(tx, ctx, by, dataset, deleted).await?;
                        Ok(Undone::AnnotationRestored { name })
                    }
                    Inverse::Unassign { put_back: inner, site } => match *inner {
                        Inverse::PutBack { from, at, items } => {
                            let names = put_back(tx, ctx, by, from, at, &items).await?;
                            let site_in_trash = put_away(tx, ctx, by, site).await?;
                            Ok(Undone::MovedBack { names, site_in_trash })
                        }
                        _ => Err(gone().into()),
                    },
                }
            })
        })
        .await;
    match undone {
        Err(error) if error.is_taken() => Err(Refusal::Conflict.into()),
        undone => undone,
    }
}

/// Moves items back to where they were, under the names they had. Returns their names.
async fn put_back(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    from: ResourceId,
    at: Timestamp,
    items: &[FormerPlace],
) -> Result<Vec<String>> {
    let ids: Vec<ResourceId> = items.iter().map(|was| was.item).collect();
    let found: BTreeMap<ResourceId, resource::Resource> =
        resource::find_all(tx, &ids).await?.into_iter().map(|item| (item.id, item)).collect();
    // Access comes first: whoever sees an item no more does not learn either whether it was moved.
    let visible = access::access_paths(tx, by.person, &ids).await?;
    if ids.iter().any(|id| visible.get(id).and_then(AccessPath::level).is_none()) {
        return Err(Refusal::NotFound.into());
    }
    let mut groups: BTreeMap<ResourceId, Vec<ResourceId>> = BTreeMap::new();
    for was in items {
        let item = found.get(&was.item).ok_or(Refusal::NotFound)?;
        let renamed_since = was.name.as_ref().is_some_and(|(_, since)| *since != item.name);
        if item.parent != Some(from) || renamed_since {
            return Err(Refusal::Conflict.into());
        }
        groups.entry(was.container).or_default().push(was.item);
    }
    for (container, items) in &groups {
        let moved = transfer::execute::put_back_in(tx, ctx, by, items, *container).await?;
        // What came along from there with the move is there again.
        grant::delete_carried_at(tx, &moved, items, at).await?;
    }
    for (item, name) in items.iter().filter_map(|was| was.name.as_ref().map(|(name, _)| (was.item, name))) {
        // Undo leaves the time of the last change as it was before.
        let modified_at = found.get(&item).map_or_else(|| ctx.now(), |item| item.modified_at);
        drive::change::rename_in(tx, ctx, by, item, name, modified_at).await?;
    }
    Ok(found.into_values().map(|item| item.name).collect())
}

/// Moves a site to the trash that was created for what has just been put back, if nothing else is in it and the caller may. Its
/// name, if it went.
async fn put_away(tx: &mut Tx, ctx: &Ctx, by: &Principal, site: ResourceId) -> Result<Option<String>> {
    let Some(shown) = resource::find_shown(tx, site, 1).await? else { return Ok(None) };
    let access_path = access::access_paths(tx, by.person, &[site]).await?.remove(&site);
    let may = access_path.is_some_and(|access_path| permit(by.who(), Act::Trash, &access_path.facts).is_ok());
    if shown.children > 0 || !may {
        return Ok(None);
    }
    trash::put_in(tx, ctx, by, &[site]).await?;
    Ok(Some(shown.resource.name))
}
