//! Annotations of datasets (VIEW-2, VIEW-3): listing, adding, changing, deleting and importing what people draw, and taking it back.
//!
//! # Invariants
//! - Whoever sees a dataset sees its annotations. Editors save them, unless the account's cloud licence has expired (ROLE-4, LIC-6).
//! - Where somebody names the version that they know and it is another by now, nothing is done, and they are told what it is now.

mod geojson;

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::{
    domain::{
        access::{AccessFacts, Act},
        annotation::{
            Annotation, AnnotationKind, Draft, MAX_ANNOTATIONS, MAX_IMPORT_BYTES, NotSaved, TypedPoint,
            import_too_large, may_add, not_saved, place_in_degrees,
        },
        audit::Action,
        id::{AccountId, ResourceId},
        licence::{Entitlement, allows},
        permit::Permit,
        refusal::Refusal,
        text::FieldIssue,
        undo::{DeletedAnnotation, Inverse},
    },
    server::{
        context::{Ctx, Principal},
        error::{Error, Result},
        store::{
            Tx, annotation, licence,
            resource::{self, Resource},
        },
    },
    view::{
        Page,
        outcome::AnnotationsImported,
        viewer::{AnnotationSaved, AnnotationView},
    },
};

use super::{
    access,
    audit::{self, AuditEvent},
    pager::Pager,
    undo_token, view_as,
};

/// Which annotations of a dataset are listed.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct AnnotationsQuery {
    /// Where the page starts: `next_cursor` of the one before.
    pub cursor: String,
    /// 1 to 200. Default: 50.
    pub limit: Option<i64>,
    /// A person's id, to answer as that person would see it. For Owners and Managers of the organization.
    #[serde(rename = "as")]
    #[param(rename = "as")]
    pub view_as: String,
}

/// A drawing, unread.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AnnotationForm {
    /// `point`, `line`, `area` or `text`. It never changes, so it may be left out of a change.
    #[serde(deserialize_with = "crate::server::usecase::null_is_empty")]
    pub kind: String,
    /// Pairs of a longitude and a latitude, in degrees (WGS 84): one of a point or a text, 2 to 10,000 of a line, 3 to 10,000 of an area.
    pub coordinates: Vec<Vec<f64>>,
    /// At most 255 characters.
    #[serde(deserialize_with = "crate::server::usecase::null_is_empty")]
    pub name: String,
    /// At most 2,000 characters.
    #[serde(deserialize_with = "crate::server::usecase::null_is_empty")]
    pub description: String,
    /// `yellow` (the default), `red`, `green`, `blue` or `white`.
    #[serde(deserialize_with = "crate::server::usecase::null_is_empty")]
    pub colour: String,
}

impl AnnotationForm {
    /// As the domain reads it.
    pub fn draft(&self) -> Draft<'_> {
        let place = |pair: &Vec<f64>| match pair.as_slice() {
            [longitude, latitude] => place_in_degrees(*latitude, *longitude),
            _ => Err(FieldIssue::NotAPlace),
        };
        Draft {
            kind: &self.kind,
            places_field: "coordinates",
            places: self.coordinates.iter().map(place).collect(),
            name: &self.name,
            description: &self.description,
            colour: &self.colour,
        }
    }
}

/// The annotations of a dataset in the order in which they were drawn.
///
/// # Errors
/// `NotFound`; `Invalid` at `limit` or `cursor`; `Forbidden` for who may not look as another.
pub async fn list(ctx: &Ctx, by: &Principal, dataset: &str, query: &AnnotationsQuery) -> Result<Page<AnnotationView>> {
    let dataset: ResourceId = super::subject(dataset)?;
    let by = &view_as::at_resource(ctx, by, dataset, &query.view_as).await?.by;
    let mut tx = ctx.db().read().await?;
    access::permit(&mut tx, by, Act::View, dataset).await?;
    dataset_of(&mut tx, dataset).await?;
    let limit = super::limit(query.limit)?;
    let pager = Pager::new(format!("{dataset} annotations"));
    let after = pager.read(&query.cursor)?.unwrap_or(0);
    let annotations = annotation::list(&mut tx, dataset, after, limit + 1).await?;
    pager.page(annotations, limit, |annotation| annotation.number)
}

/// All annotations of a dataset, for who may see it; what somebody else sees of them where `view_as` says whom.
///
/// # Errors
/// `NotFound`; `Forbidden` for who may not look as another.
pub async fn list_all(ctx: &Ctx, by: &Principal, dataset: &str, view_as: &str) -> Result<Vec<AnnotationView>> {
    Ok(export(ctx, by, dataset, view_as).await?.1)
}

/// [`list_all`] with the name of the dataset, which is that of the file.
///
/// # Errors
/// See [`list_all`].
pub async fn export(ctx: &Ctx, by: &Principal, dataset: &str, view_as: &str) -> Result<(String, Vec<AnnotationView>)> {
    let dataset: ResourceId = super::subject(dataset)?;
    let by = &view_as::at_resource(ctx, by, dataset, view_as).await?.by;
    let mut tx = ctx.db().read().await?;
    access::permit(&mut tx, by, Act::View, dataset).await?;
    let name = dataset_of(&mut tx, dataset).await?.name;
    Ok((name, list_all_in(&mut tx, dataset).await?))
}

/// [`list_all`], for whom has been found to see the dataset.
pub(super) async fn list_all_in(tx: &mut Tx, dataset: ResourceId) -> Result<Vec<AnnotationView>> {
    let most = i64::try_from(MAX_ANNOTATIONS).unwrap_or(i64::MAX);
    Ok(annotation::list(tx, dataset, 0, most).await?)
}

/// All annotations of a dataset for a visitor of a link that shows it: without names (VIEW-4). Whether the link shows it was asked
/// before.
pub async fn list_all_for_visitor(tx: &mut Tx, dataset: ResourceId) -> Result<Vec<AnnotationView>> {
    let annotations = list_all_in(tx, dataset).await?.into_iter();
    Ok(annotations.map(|view| AnnotationView { created_by: None, created_by_id: None, ..view }).collect())
}

/// Whether what somebody draws on a dataset of an account is saved, and why not (ROLE-4, LIC-6).
pub async fn find_not_saved(
    tx: &mut Tx,
    ctx: &Ctx,
    facts: &AccessFacts,
    account: AccountId,
) -> Result<Option<NotSaved>> {
    let now = ctx.now();
    let licences = licence::list_of_account(tx, account, now).await?;
    Ok(not_saved(facts, allows(&licences, Entitlement::Annotate, now).is_ok()))
}

async fn dataset_of(tx: &mut Tx, id: ResourceId) -> Result<Resource> {
    let found = resource::find(tx, id).await?.ok_or(Refusal::NotFound)?;
    if found.dataset.is_some() { Ok(found) } else { Err(Refusal::NotFound.into()) }
}

/// Leave to save annotations on a dataset, and the dataset.
async fn annotatable(tx: &mut Tx, ctx: &Ctx, by: &Principal, dataset: ResourceId) -> Result<(Permit, Resource)> {
    let (permit, _) = access::permit(tx, by, Act::Annotate, dataset).await?;
    let found = dataset_of(tx, dataset).await?;
    let now = ctx.now();
    allows(&licence::list_of_account(tx, found.account, now).await?, Entitlement::Annotate, now)?;
    Ok((permit, found))
}

async fn annotation_of(tx: &mut Tx, dataset: ResourceId, number: i64) -> Result<AnnotationView> {
    Ok(annotation::find(tx, dataset, number).await?.ok_or(Refusal::NotFound)?)
}

/// Reads the number of an annotation in an address: what is none does not exist.
///
/// # Errors
/// `NotFound`.
fn number_of(number: &str) -> Result<i64> {
    Ok(number.parse().map_err(|_| Refusal::NotFound)?)
}

/// Refuses more annotations or places than a dataset may have.
async fn check_room(tx: &mut Tx, dataset: ResourceId, new: &[(AnnotationKind, Annotation)]) -> Result<()> {
    let (annotations, places) = annotation::count(tx, dataset).await?;
    let count = |stored: i64| usize::try_from(stored).unwrap_or(0);
    let more = new.iter().map(|(_, annotation)| annotation.places.len()).sum();
    Ok(may_add((count(annotations), new.len()), (count(places), more))?)
}

/// An annotation in the words of the audit log.
fn told(dataset: ResourceId, number: i64, kind: AnnotationKind, annotation: &Annotation) -> serde_json::Value {
    serde_json::json!({
        "resource": dataset, "annotation": number, "kind": kind.as_str(), "name": annotation.name,
        "description": annotation.description, "colour": annotation.colour.as_str(), "places": annotation.places.len(),
    })
}

/// Saves a drawing, with a token to take it back.
///
/// # Errors
/// `NotFound`; `Forbidden` (ROLE-4); `Licence` (LIC-6); `Invalid` with the problem of every field; `BadRequest` where there are too many.
pub async fn add(ctx: &Ctx, by: &Principal, dataset: &str, draft: &Draft<'_>) -> Result<AnnotationSaved> {
    add_read(ctx, by, dataset, draft.read()).await
}

/// Saves a point that somebody typed (VIEW-5), with a token to take it back.
///
/// # Errors
/// See [`add`]; `Invalid` at `latitude` and `longitude`.
pub async fn add_point(ctx: &Ctx, by: &Principal, dataset: &str, point: &TypedPoint<'_>) -> Result<AnnotationSaved> {
    add_read(ctx, by, dataset, point.read()).await
}

/// Saves a drawing that was read.
async fn add_read(
    ctx: &Ctx,
    by: &Principal,
    dataset: &str,
    new: std::result::Result<(AnnotationKind, Annotation), Refusal>,
) -> Result<AnnotationSaved> {
    let dataset: ResourceId = super::subject(dataset)?;
    let annotation = Box::new(added(ctx, by, dataset, new).await?);
    let annotations = vec![(annotation.number, annotation.version)];
    let undo = undo_token::issue(ctx, by, Inverse::DeleteAnnotations { dataset, annotations }).await;
    Ok(AnnotationSaved::Saved { annotation, undo })
}

async fn added(
    ctx: &Ctx,
    by: &Principal,
    dataset: ResourceId,
    new: std::result::Result<(AnnotationKind, Annotation), Refusal>,
) -> Result<AnnotationView> {
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let (permit, found) = annotatable(tx, ctx, by, dataset).await?;
                // Nobody learns from a wrong value that something is there.
                let new = [new.clone()?];
                check_room(tx, dataset, &new).await?;
                let numbers = annotation::insert(tx, &permit, &new, ctx.now()).await?;
                let [(kind, annotation)] = &new;
                let number = numbers.first().copied().ok_or(Refusal::NotFound)?;
                let summary = format!("added {} to “{}”", kind.called(&annotation.name), found.name);
                let event = AuditEvent {
                    organization: Some(permit.organization()),
                    after: Some(told(dataset, number, *kind, annotation)),
                    resources: vec![dataset],
                    ..AuditEvent::new(Action::AnnotationAdded, summary)
                };
                audit::record(tx, ctx, by, event).await?;
                annotation_of(tx, dataset, number).await
            })
        })
        .await
}

/// Changes an annotation to what was sent, with a token to take it back. Where `version` names another one than the present, nothing
/// is done.
///
/// # Errors
/// See [`add`]; `BadRequest` for another kind.
pub async fn change(
    ctx: &Ctx,
    by: &Principal,
    (dataset, number): (&str, &str),
    version: Option<i64>,
    draft: &Draft<'_>,
) -> Result<AnnotationSaved> {
    let (dataset, number): (ResourceId, i64) = (super::subject(dataset)?, number_of(number)?);
    let (before, after) = match changed(ctx, by, dataset, number, version, draft).await? {
        Ok(changed) => changed,
        Err(present) => return Ok(AnnotationSaved::Changed(present)),
    };
    let undo = if after.version == before.version {
        None
    } else {
        let inverse =
            Inverse::ChangeAnnotation { dataset, number, version: after.version, to: before.annotation.clone() };
        undo_token::issue(ctx, by, inverse).await
    };
    Ok(AnnotationSaved::Saved { annotation: Box::new(after), undo })
}

/// An annotation before a change and after it, or, where it is of another version, as it is.
type Changed = std::result::Result<(AnnotationView, AnnotationView), Box<AnnotationView>>;

async fn changed(
    ctx: &Ctx,
    by: &Principal,
    dataset: ResourceId,
    number: i64,
    version: Option<i64>,
    draft: &Draft<'_>,
) -> Result<Changed> {
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let (permit, found) = annotatable(tx, ctx, by, dataset).await?;
                let before = annotation_of(tx, dataset, number).await?;
                let kind = if draft.kind.is_empty() { before.kind.as_str() } else { draft.kind };
                let (kind, annotation) = Draft { kind, ..draft.clone() }.read()?;
                if kind != before.kind {
                    let text = "The kind of an annotation never changes. Add a new one instead.";
                    return Err(Refusal::BadRequest(text.to_owned()).into());
                }
                if version.is_some_and(|known| known != before.version) {
                    return Ok(Err(Box::new(before)));
                }
                if annotation == before.annotation {
                    return Ok(Ok((before.clone(), before)));
                }
                let after = change_in(tx, ctx, by, (&permit, &found), &before, annotation).await?;
                Ok(Ok((before, after)))
            })
        })
        .await
}

/// Writes a change, and records it.
async fn change_in(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    (permit, found): (&Permit, &Resource),
    before: &AnnotationView,
    annotation: Annotation,
) -> Result<AnnotationView> {
    annotation::update(tx, permit, before.number, &annotation, ctx.now()).await?;
    // What it had before makes room.
    check_room(tx, found.id, &[]).await?;
    let event = AuditEvent {
        organization: Some(permit.organization()),
        before: Some(told(found.id, before.number, before.kind, &before.annotation)),
        after: Some(told(found.id, before.number, before.kind, &annotation)),
        resources: vec![found.id],
        ..AuditEvent::new(
            Action::AnnotationChanged,
            format!("changed {} of “{}”", before.kind.called(&annotation.name), found.name),
        )
    };
    audit::record(tx, ctx, by, event).await?;
    annotation_of(tx, found.id, before.number).await
}

/// Deletes an annotation, with a token to take it back. Where `version` names another one than the present, nothing is done.
///
/// # Errors
/// `NotFound`; `Forbidden` (ROLE-4); `Licence` (LIC-6).
pub async fn delete(
    ctx: &Ctx,
    by: &Principal,
    (dataset, number): (&str, &str),
    version: Option<i64>,
) -> Result<AnnotationSaved> {
    let (dataset, number): (ResourceId, i64) = (super::subject(dataset)?, number_of(number)?);
    let (annotation, is_known) = ctx
        .db()
        .write(|tx, _| {
            Box::pin(async {
                let (permit, found) = annotatable(tx, ctx, by, dataset).await?;
                let before = annotation_of(tx, dataset, number).await?;
                if version.is_some_and(|known| known != before.version) {
                    return Ok((before, false));
                }
                annotation::delete(tx, &permit, &[number], ctx.now()).await?;
                let summary = format!("deleted {} of “{}”", before.kind.called(&before.annotation.name), found.name);
                let event = AuditEvent {
                    organization: Some(permit.organization()),
                    before: Some(told(dataset, number, before.kind, &before.annotation)),
                    resources: vec![dataset],
                    ..AuditEvent::new(Action::AnnotationDeleted, summary)
                };
                audit::record(tx, ctx, by, event).await?;
                Ok::<_, Error>((before, true))
            })
        })
        .await?;
    let annotation = Box::new(annotation);
    if !is_known {
        return Ok(AnnotationSaved::Changed(annotation));
    }
    let deleted = DeletedAnnotation {
        number,
        kind: annotation.kind,
        annotation: annotation.annotation.clone(),
        version: annotation.version,
        created_by: annotation.created_by_id.unwrap_or(by.person),
        created_at: annotation.created_at,
    };
    let undo = undo_token::issue(ctx, by, Inverse::RestoreAnnotation { dataset, deleted }).await;
    Ok(AnnotationSaved::Deleted { annotation, undo })
}

/// Adds everything that GeoJSON holds, or nothing of it, with a token to take it back.
///
/// # Errors
/// `NotFound`; `Forbidden` (ROLE-4); `Licence` (LIC-6); `TooLarge`; `BadRequest` for what is no GeoJSON, and for too many; `Invalid` with
/// the number of each feature with a problem, and the member that has it.
pub async fn import(ctx: &Ctx, by: &Principal, dataset: &str, geojson: &[u8]) -> Result<AnnotationsImported> {
    let dataset: ResourceId = super::subject(dataset)?;
    {
        // Nothing is read for who may not save it.
        let mut tx = ctx.db().read().await?;
        annotatable(&mut tx, ctx, by, dataset).await?;
    }
    if geojson.len() > MAX_IMPORT_BYTES {
        return Err(import_too_large().into());
    }
    let new = geojson::read(geojson)?;
    let numbers = ctx
        .db()
        .write(|tx, _| {
            Box::pin(async {
                let (permit, found) = annotatable(tx, ctx, by, dataset).await?;
                check_room(tx, dataset, &new).await?;
                let numbers = annotation::insert(tx, &permit, &new, ctx.now()).await?;
                let what = match new.as_slice() {
                    [(kind, one)] => kind.called(&one.name),
                    several => format!("{} annotations", several.len()),
                };
                let event = AuditEvent {
                    organization: Some(permit.organization()),
                    after: Some(serde_json::json!({
                        "resource": dataset, "annotations": numbers.len(), "first": numbers.first(), "last": numbers.last(),
                    })),
                    resources: vec![dataset],
                    ..AuditEvent::new(Action::AnnotationsImported, format!("imported {what} into “{}”", found.name))
                };
                audit::record(tx, ctx, by, event).await?;
                Ok::<_, Error>(numbers)
            })
        })
        .await?;
    let annotations = numbers.iter().map(|number| (*number, 1)).collect();
    let undo = undo_token::issue(ctx, by, Inverse::DeleteAnnotations { dataset, annotations }).await;
    Ok(AnnotationsImported { numbers, undo })
}

/// Deletes annotations again that were added, in the middle of a change (DRIVE-4). What they are called.
///
/// # Errors
/// `NotFound`, `Forbidden`, `Licence`; `Conflict` if one of them was changed since.
pub(crate) async fn delete_added_in(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    dataset: ResourceId,
    annotations: &[(i64, i64)],
) -> Result<Vec<String>> {
    let (permit, found) = annotatable(tx, ctx, by, dataset).await?;
    if annotation::count_unchanged(tx, dataset, annotations).await? < annotations.len() as u64 {
        return Err(Refusal::Conflict.into());
    }
    let numbers: Vec<i64> = annotations.iter().map(|(number, _)| *number).collect();
    let one = match numbers.as_slice() {
        [number] => Some(annotation_of(tx, dataset, *number).await?),
        _ => None,
    };
    annotation::delete(tx, &permit, &numbers, ctx.now()).await?;
    let names = match &one {
        Some(one) => vec![one.kind.called(&one.annotation.name)],
        None => numbers.iter().map(ToString::to_string).collect(),
    };
    let what = match names.as_slice() {
        [one] => one.clone(),
        several => format!("{} annotations", several.len()),
    };
    let event = AuditEvent {
        organization: Some(permit.organization()),
        before: Some(match &one {
            Some(one) => told(dataset, one.number, one.kind, &one.annotation),
            None => serde_json::json!({ "resource": dataset, "annotations": numbers.len() }),
        }),
        resources: vec![dataset],
        ..AuditEvent::new(Action::AnnotationDeleted, format!("deleted {what} of “{}”", found.name))
    };
    audit::record(tx, ctx, by, event).await?;
    Ok(names)
}

/// Makes an annotation what it was, in the middle of a change (DRIVE-4). What it is called.
///
/// # Errors
/// `NotFound`, `Forbidden`, `Licence`; `Conflict` if it was changed since.
pub(crate) async fn change_back_in(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    dataset: ResourceId,
    (number, version): (i64, i64),
    to: Annotation,
) -> Result<String> {
    let (permit, found) = annotatable(tx, ctx, by, dataset).await?;
    let before = annotation::find(tx, dataset, number).await?.filter(|found| found.version == version);
    let before = before.ok_or(Refusal::Conflict)?;
    let after = change_in(tx, ctx, by, (&permit, &found), &before, to).await?;
    Ok(after.kind.called(&after.annotation.name))
}

/// Brings an annotation back that was deleted, in the middle of a change (DRIVE-4). What it is called.
///
/// # Errors
/// `NotFound`, `Forbidden`, `Licence`; `BadRequest` where there are too many by now; `Taken` if it is there.
pub(crate) async fn restore_in(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    dataset: ResourceId,
    deleted: DeletedAnnotation,
) -> Result<String> {
    let (permit, found) = annotatable(tx, ctx, by, dataset).await?;
    check_room(tx, dataset, &[(deleted.kind, deleted.annotation.clone())]).await?;
    annotation::restore(tx, &permit, &deleted, ctx.now()).await?;
    let called = deleted.kind.called(&deleted.annotation.name);
    let event = AuditEvent {
        organization: Some(permit.organization()),
        after: Some(told(dataset, deleted.number, deleted.kind, &deleted.annotation)),
        resources: vec![dataset],
        ..AuditEvent::new(Action::AnnotationAdded, format!("brought {called} of “{}” back", found.name))
    };
    audit::record(tx, ctx, by, event).await?;
    Ok(called)
}
