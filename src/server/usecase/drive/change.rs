//! Creating and renaming (DRIVE-4, DRIVE-5).

use crate::{
    domain::{
        access::Act,
        audit::Action,
        fields::Fields,
        id::ResourceId,
        licence::{allows, making},
        refusal::Refusal,
        resource::{CLUSTERS, DatasetStatus, Kind, cluster, may_create},
        text::{FieldIssue, Name},
        time::{Day, Timestamp},
        undo::Inverse,
    },
    server::{
        context::{Ctx, Principal},
        error::{Error, Result},
        store::{Tx, licence, organization as organizations, person, resource},
        usecase::{
            access,
            audit::{self, AuditEvent},
            drive::show::{location, view},
            undo_token,
        },
    },
    view::{DatasetView, ResourceView, outcome::DriveLocation},
};

/// Something new, unread.
#[derive(Debug, Clone, Default)]
pub struct NewResourceForm {
    /// The container's id.
    pub parent: String,
    /// `folder`, `site`, `asset` or `dataset`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Number of images; datasets only.
    pub images: String,
    /// Size in bytes; datasets only.
    pub bytes: String,
    /// The day the images were taken; datasets only.
    pub captured_on: String,
    /// Where it is to be processed and stored; datasets only.
    pub cluster: String,
}

/// A change of one resource, and where to look at it.
#[derive(Debug, Clone)]
pub struct Changed {
    /// The resource.
    pub resource: ResourceView,
    /// The container it is in.
    pub location: DriveLocation,
}

/// The largest number of images or bytes a dataset can say it has.
pub(crate) const MAX_DATASET_AMOUNT: i64 = 1_000_000_000_000_000;

/// Creates a folder, site, asset or dataset (DRIVE-4).
///
/// # Errors
/// `Invalid` with the problem of every field; `NotFound`, `Forbidden`; `NameTaken`; `Licence` (LIC-6).
pub async fn create(ctx: &Ctx, by: &Principal, form: &NewResourceForm) -> Result<Changed> {
    let mut fields = Fields::default();
    let parent = fields.check(
        "parent",
        form.parent
            .trim()
            .parse::<ResourceId>()
            .map_err(|_| if form.parent.trim().is_empty() { FieldIssue::Missing } else { FieldIssue::NotAnId }),
    );
    let kind = fields.check(
        "kind",
        match Kind::parse(form.kind.trim()) {
            Ok(Kind::Root) | Err(_) => {
                Err(if form.kind.trim().is_empty() { FieldIssue::Missing } else { FieldIssue::NotAChoice })
            }
            kind => kind,
        },
    );
    let name = fields.check("name", Name::parse(&form.name));
    let mut number = |field: &str, text: &str| -> Option<i64> {
        if text.trim().is_empty() {
            return None;
        }
        let read = text
            .trim()
            .parse::<i64>()
            .ok()
            .filter(|n| (0..=MAX_DATASET_AMOUNT).contains(n))
            .ok_or(FieldIssue::NotInRange(0, MAX_DATASET_AMOUNT));
        fields.check(field, read)
    };
    let (images, bytes) = (number("images", &form.images), number("bytes", &form.bytes));
    let captured_on = if form.captured_on.trim().is_empty() {
        None
    } else {
        fields.check("captured_on", Day::parse_iso(form.captured_on.trim()).ok_or(FieldIssue::NotADay))
    };
    let stored_in = fields.check("cluster", cluster(&form.cluster));
    if kind.is_some_and(|kind| kind != Kind::Dataset) {
        for (field, text) in [
            ("images", &form.images),
            ("bytes", &form.bytes),
            ("captured_on", &form.captured_on),
            ("cluster", &form.cluster),
        ] {
            if !text.trim().is_empty() {
                fields.check::<()>(field, Err(FieldIssue::NotForThisKind));
            }
        }
    }
    fields.done()?;
    let (Some(parent), Some(kind), Some(name)) = (parent, kind, name) else {
        return Err(Refusal::Invalid(Vec::new()).into());
    };
    let dataset = (kind == Kind::Dataset).then(|| DatasetView {
        status: DatasetStatus::Draft,
        images: images.unwrap_or(0),
        bytes: bytes.unwrap_or(0),
        cluster: stored_in.filter(|_| !form.cluster.trim().is_empty()).unwrap_or_default(),
        captured_on,
        files: 0,
    });
    ctx.db()
        .write(|tx, _| Box::pin(async { create_in(tx, ctx, by, parent, kind, &name, dataset.as_ref()).await }))
        .await
}

pub(crate) async fn create_in(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    parent: ResourceId,
    kind: Kind,
    name: &Name,
    dataset: Option<&DatasetView>,
) -> Result<Changed> {
    let (permit, access_path) = access::permit(tx, by, Act::Create, parent).await?;
    let container = resource::find(tx, parent).await?.ok_or(Refusal::NotFound)?;
    may_create(container.kind, access_path.depth(), kind)?;
    let now = ctx.now();
    allows(&licence::list_of_account(tx, container.account, now).await?, making(kind, container.kind), now)?;
    let id = ResourceId(ctx.id());
    let dataset = match dataset {
        Some(dataset) if dataset.cluster.is_empty() => {
            // Where its organization has chosen (ORG-4), else where its maker prefers (SET-1).
            let found = organizations::find(tx, permit.organization()).await?.ok_or(Refusal::NotFound)?;
            let cluster = match found.details.cluster {
                Some(chosen) => chosen,
                // A machine prefers nothing.
                None => person::find_profile(tx, by.person)
                    .await?
                    .map_or_else(|| CLUSTERS[0].0.to_owned(), |profile| profile.cluster),
            };
            Some(DatasetView { cluster, ..dataset.clone() })
        }
        dataset => dataset.cloned(),
    };
    let new = resource::NewResource {
        id,
        account: container.account,
        kind,
        name: name.as_str(),
        dataset: dataset.as_ref(),
        at: now,
    };
    resource::insert(tx, &permit, &new).await.map_err(|error| name_taken(error.into(), name.as_str()))?;
    crate::server::usecase::organization::turn_space(tx, permit.organization()).await?;
    let what = AuditEvent {
        organization: Some(permit.organization()),
        after: Some(serde_json::json!({ "resource": id, "kind": kind, "name": name, "parent": parent })),
        resources: vec![id],
        ..AuditEvent::new(Action::ResourceCreated, format!("created the {} “{name}”", kind.label().to_lowercase()))
    };
    audit::record(tx, ctx, by, what).await?;
    changed(tx, by, id).await
}

/// Gives a resource another name (DRIVE-4, DRIVE-5).
///
/// # Errors
/// `Invalid` at `name`; `NotFound`, `Forbidden`; `NameTaken`.
pub async fn rename(ctx: &Ctx, by: &Principal, id: &str, name: &str) -> Result<Changed> {
    renamed(ctx, by, id, name).await.map(|(changed, _)| changed)
}

/// [`rename`], with the resource as it was before.
async fn renamed(ctx: &Ctx, by: &Principal, id: &str, name: &str) -> Result<(Changed, resource::Resource)> {
    let id: ResourceId = crate::server::usecase::id("id", id).map_err(|_| Refusal::NotFound)?;
    let name = Name::parse(name).map_err(crate::server::error::at_field("name"))?;
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let before = rename_in(tx, ctx, by, id, name.as_str(), ctx.now()).await?;
                Ok((changed(tx, by, id).await?, before))
            })
        })
        .await
}

/// [`rename`] in a transaction; the resource as it was before. `modified_at` is when it counts as changed: now, or, where a name
/// is given back, when it was changed before.
pub(crate) async fn rename_in(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    id: ResourceId,
    name: &str,
    modified_at: Timestamp,
) -> Result<resource::Resource> {
    let (permit, _) = access::permit(tx, by, Act::Rename, id).await?;
    let before = resource::find(tx, id).await?.ok_or(Refusal::NotFound)?;
    if before.kind == Kind::Root {
        return Err(Refusal::BadRequest("The Drive itself cannot be renamed.".to_owned()).into());
    }
    resource::update_name(tx, &permit, name, modified_at, ctx.now())
        .await
        .map_err(|error| name_taken(error.into(), name))?;
    let what = AuditEvent {
        organization: Some(permit.organization()),
        before: Some(serde_json::json!({ "resource": id, "name": before.name })),
        after: Some(serde_json::json!({ "resource": id, "name": name })),
        resources: vec![id],
        ..AuditEvent::new(Action::ResourceRenamed, format!("renamed “{}” to “{name}”", before.name))
    };
    audit::record(tx, ctx, by, what).await?;
    Ok(before)
}

/// [`rename`], and how to take it back.
///
/// # Errors
/// See [`rename`].
pub async fn rename_with_undo(ctx: &Ctx, by: &Principal, id: &str, name: &str) -> Result<(Changed, Option<String>)> {
    let (changed, before) = renamed(ctx, by, id, name).await?;
    let from = changed.resource.name.clone();
    let inverse = (before.name != from).then_some(Inverse::Rename {
        item: changed.resource.id,
        from,
        to: before.name,
        modified_at: Some(before.modified_at),
    });
    let undo = match inverse {
        Some(inverse) => undo_token::issue(ctx, by, inverse).await,
        None => None,
    };
    Ok((changed, undo))
}

/// The only unique value of a resource that a person chooses is its name in its container.
fn name_taken(error: Error, name: &str) -> Error {
    if error.is_taken() { Refusal::NameTaken(name.to_owned()).into() } else { error }
}

pub(crate) async fn changed(tx: &mut Tx, by: &Principal, id: ResourceId) -> Result<Changed> {
    let access_path = access::access_path(tx, by, id).await?;
    let resource = view(tx, by, id, &access_path, i64::MAX).await?;
    let location = location(tx, resource.organization, resource.parent).await?;
    Ok(Changed { resource, location })
}
