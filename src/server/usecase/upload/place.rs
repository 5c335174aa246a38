//! Where files can be sent: what the page of a dataset says about it, and a new dataset for what has no place yet (FILE-2, SET-1).

use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    domain::{
        access::Act,
        file::Side,
        id::ResourceId,
        licence::{Licence, allows, making},
        permit::permit,
        refusal::Refusal,
        resource::{DatasetStatus, Kind, free_name},
        text::{FieldIssue, Name},
        time::Timestamp,
        upload::{OnConflict, may_change_files},
    },
    server::{
        context::{Ctx, Principal},
        error::{Error, Result, at_field},
        store::{Tx, account, resource, upload},
        usecase::{access::AccessPath, desktop, drive::change},
    },
    view::{
        Control, DatasetView,
        file::{NewPlaceView, UnfinishedView, UploadPlaceView},
        outcome::DriveLocation,
    },
};

use super::{PlanForm, ReadPlan, may_upload, note_begun, plan_in, rights, same_plan_twice};

/// The files of an upload that has no place yet.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NewPlaceForm {
    /// The container; without it, the Drive of the caller's default organization.
    #[serde(deserialize_with = "crate::server::usecase::null_is_empty")]
    #[schema(value_type = Option<String>)]
    pub parent: String,
    /// What the dataset is called, with a number behind it where that is taken; without it, the day, like `2026-11-21 Upload`.
    #[serde(deserialize_with = "crate::server::usecase::null_is_empty")]
    #[schema(value_type = Option<String>)]
    pub name: String,
}

/// Makes a dataset for files and plans their upload, as [`super::plan`] does. If the plan as a whole is refused, no dataset is made.
///
/// # Errors
/// As [`super::plan`] and `drive::change::create`; `ChooseOrganization` where no place is named, and no default organization is known.
pub async fn plan_new(ctx: &Ctx, by: &Principal, place: &NewPlaceForm, form: &PlanForm) -> Result<NewPlaceView> {
    let read = ReadPlan::read(ctx, form)?;
    let parent = match place.parent.trim() {
        "" => None,
        id => Some(id.parse::<ResourceId>().map_err(|_| Error::from(Refusal::field("parent", FieldIssue::NotAnId)))?),
    };
    let name = name_of(ctx, &place.name).map_err(at_field("name"))?;
    let planned = ctx
        .db()
        .write(|tx, _| {
            Box::pin(async {
                let parent = match parent {
                    Some(parent) => parent,
                    None => default_place(tx, by).await?,
                };
                let dataset = new_dataset(tx, ctx, by, parent, &name).await?;
                let place = may_upload(tx, ctx, by, dataset.0, read.side, read.on_conflict).await?;
                read.wrong.clone()?;
                let (items, begun) = plan_in(tx, ctx, by, (&place, read.on_conflict), &read.wanted).await?;
                if items.iter().all(|item| item.upload.is_none()) {
                    // Not a single file can come, so there is nothing to make a dataset for.
                    let reason = items.into_iter().find_map(|item| item.reason).unwrap_or_default();
                    return Err(Refusal::BadRequest(reason).into());
                }
                if let Some(begun) = begun {
                    note_begun(tx, ctx, by, &place, read.on_conflict, &begun).await?;
                }
                let (dataset, name, location) = dataset;
                Ok(NewPlaceView { dataset, name, org_id: location.org_id, items })
            })
        })
        .await;
    planned.map_err(same_plan_twice)
}

/// What a new dataset is called: as somebody says, or else after the day.
pub(super) fn name_of(ctx: &Ctx, said: &str) -> std::result::Result<Name, FieldIssue> {
    let name = match said.trim() {
        "" => format!("{} Upload", ctx.now().day().iso()),
        name => name.to_owned(),
    };
    Name::parse(&name)
}

/// A new dataset in a container, under the first free name.
pub(super) async fn new_dataset(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    parent: ResourceId,
    name: &Name,
) -> Result<(ResourceId, String, DriveLocation)> {
    // Nobody learns from a name that it is taken where they may not make anything.
    crate::server::usecase::access::permit(tx, by, Act::Create, parent).await?;
    let taken = resource::list_taken_names(tx, parent, &[name.to_string()].into()).await?;
    let name = Name::parse(&free_name(name.as_str(), |key| taken.contains(key))).map_err(at_field("name"))?;
    let facts = DatasetView {
        status: DatasetStatus::Draft,
        images: 0,
        bytes: 0,
        cluster: String::new(),
        captured_on: None,
        files: 0,
    };
    let made = change::create_in(tx, ctx, by, parent, Kind::Dataset, &name, Some(&facts)).await?;
    Ok((made.resource.id, made.resource.name, made.location))
}

/// Where an upload goes that names no place (SET-1): the Drive of the default organization; for a machine, that of its account.
async fn default_place(tx: &mut Tx, by: &Principal) -> Result<ResourceId> {
    if let Some(key) = &by.key {
        return Ok(account::find(tx, key.account).await?.ok_or(Refusal::NotFound)?.root);
    }
    let organization = desktop::organization_of(tx, by.person).await?;
    let visible = account::list_visible(tx, organization.id, by.person).await?;
    let place = visible.first().map(|account| account.root);
    place.ok_or_else(|| {
        Refusal::Forbidden(format!(
            "You cannot add anything to the Drive of {} itself. Name a dataset to upload to.",
            organization.name
        ))
        .into()
    })
}

/// What the page of a dataset says about uploading to it.
pub(crate) async fn upload_place(
    tx: &mut Tx,
    by: &Principal,
    access_path: &AccessPath,
    dataset: ResourceId,
    licences: &[Licence],
    now: Timestamp,
) -> Result<Option<UploadPlaceView>> {
    if permit(by.who(), Act::Create, &access_path.facts).is_err() {
        return Ok(None);
    }
    let found = resource::find(tx, dataset).await?.ok_or(Refusal::NotFound)?;
    let Some(facts) = &found.dataset else { return Ok(None) };
    let container = access_path.ancestors.get(1).map_or(Kind::Root, |step| step.kind);
    let refused = allows(licences, making(Kind::Dataset, container), now)
        .and_then(|()| may_change_files(Side::Input, facts.status, found.live_jobs))
        .err();
    let (open, done) = upload::count_of_person(tx, found.id, by.person).await?;
    let unfinished = (open > 0).then_some(UnfinishedView { here: done, all: open + done });
    Ok(Some(UploadPlaceView {
        control: refused.map_or(Control::Enabled, |refusal| Control::Disabled(refusal.to_string())),
        may_replace: rights(by, access_path, OnConflict::Replace).is_ok(),
        unfinished,
    }))
}
