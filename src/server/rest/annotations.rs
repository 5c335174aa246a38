//! `/datasets/{id}/annotations` (VIEW-2, VIEW-3).

use axum::{
    body::Bytes,
    extract::{Path, State, rejection::BytesRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    domain::{
        annotation::import_too_large,
        file::safe_segment,
        geo::float,
        geojson::{self, Exported, to_csv, to_geojson},
        refusal::Refusal,
    },
    server::{
        context::Ctx,
        usecase::annotation::{self, AnnotationForm, AnnotationsQuery},
    },
    view::viewer::{AnnotationSaved, AnnotationView},
};

use super::{
    CurrentPerson, Json, PageBody, Params, download::attachment, export::Format, problem::Problem, tasks::undoing,
};

/// A drawing.
#[derive(Debug, Serialize, ToSchema)]
pub struct AnnotationBody {
    /// Its number in the dataset, for good.
    number: i64,
    /// `point`, `line`, `area` or `text`.
    kind: &'static str,
    /// Pairs of a longitude and a latitude, in degrees (WGS 84). The first place of an area is not repeated.
    coordinates: Vec<[f64; 2]>,
    name: String,
    description: String,
    /// `yellow`, `red`, `green`, `blue` or `white`.
    colour: &'static str,
    /// Of a line, or around an area, in metres on the ellipsoid.
    length_m: Option<f64>,
    /// In square metres on the ellipsoid.
    area_m2: Option<f64>,
    /// Rises with each change; the header `ETag` of an answer about one annotation is the same.
    version: i64,
    created_by: Option<String>,
    created_by_name: Option<String>,
    created_at: String,
    modified_at: String,
}

impl From<AnnotationView> for AnnotationBody {
    fn from(view: AnnotationView) -> Self {
        let measured = view.kind.measure(&view.annotation.places);
        let degrees = |nano: i64| float(nano) / 1e9;
        let places = view.annotation.places.iter();
        Self {
            number: view.number,
            kind: view.kind.as_str(),
            coordinates: places.map(|place| [degrees(place.longitude), degrees(place.latitude)]).collect(),
            name: view.annotation.name,
            description: view.annotation.description,
            colour: view.annotation.colour.as_str(),
            length_m: measured.length,
            area_m2: measured.area,
            version: view.version,
            created_by: view.created_by_id.map(|id| id.to_string()),
            created_by_name: view.created_by,
            created_at: view.created_at.rfc3339(),
            modified_at: view.modified_at.rfc3339(),
        }
    }
}

/// What became of a drawing: its version is the tag of the answer. Where somebody else changed it first, the problem has what it is by now.
#[expect(clippy::result_large_err, reason = "as of every handler: a refusal is the rare answer")]
fn answer(status: StatusCode, saved: AnnotationSaved) -> Result<Response, Problem> {
    match saved {
        AnnotationSaved::Saved { annotation, undo } => {
            let tag = [(header::ETAG, format!("\"{}\"", annotation.version))];
            Ok((status, tag, undoing(undo.as_deref()), Json(AnnotationBody::from(*annotation))).into_response())
        }
        AnnotationSaved::Deleted { undo, .. } => Ok((status, undoing(undo.as_deref())).into_response()),
        AnnotationSaved::Changed(present) => {
            Err(Problem::refusal(&Refusal::Conflict).with_current(&AnnotationBody::from(*present)))
        }
    }
}

/// The version that a caller knows: `If-Match` is the tag of the answer that they have. Any other tag is none of ours.
fn known_version(headers: &HeaderMap) -> Option<i64> {
    let tag = headers.get(header::IF_MATCH)?.to_str().unwrap_or_default().trim();
    let tag = tag.strip_prefix("W/").unwrap_or(tag);
    (tag != "*").then(|| tag.trim_matches('"').parse().unwrap_or(0))
}

/// The annotations of a dataset, in the order in which they were drawn.
#[utoipa::path(get, path = "/datasets/{id}/annotations", tag = "annotations", params(("id" = String, Path), AnnotationsQuery),
    responses((status = 200, body = PageBody<AnnotationBody>), (status = 404, body = Problem)))]
pub async fn list(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(id): Path<String>,
    Params(query): Params<AnnotationsQuery>,
) -> Result<Json<PageBody<AnnotationBody>>, Problem> {
    Ok(Json(PageBody::of(annotation::list(&ctx, &by, &id, &query).await?, Into::into)))
}

/// Saves a drawing.
#[utoipa::path(post, path = "/datasets/{id}/annotations", tag = "annotations", params(("id" = String, Path)), request_body = AnnotationForm,
    responses((status = 201, body = AnnotationBody, headers(("undo-token" = String, description = "How to undo it: see `POST /undo`"))), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn create(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(id): Path<String>,
    Json(form): Json<AnnotationForm>,
) -> Result<Response, Problem> {
    answer(StatusCode::CREATED, annotation::add(&ctx, &by, &id, &form.draft()).await?)
}

/// Changes an annotation to what is sent; its kind stays. With `If-Match` nothing is done if it is of another version by now: then the
/// problem has the annotation as `current`.
#[utoipa::path(put, path = "/datasets/{id}/annotations/{number}", tag = "annotations",
    params(("id" = String, Path), ("number" = i64, Path), ("If-Match" = Option<String>, Header)), request_body = AnnotationForm,
    responses((status = 200, body = AnnotationBody, headers(("undo-token" = String, description = "How to undo it: see `POST /undo`"))), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn change(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path((id, number)): Path<(String, String)>,
    headers: HeaderMap,
    Json(form): Json<AnnotationForm>,
) -> Result<Response, Problem> {
    let version = known_version(&headers);
    answer(StatusCode::OK, annotation::change(&ctx, &by, (&id, &number), version, &form.draft()).await?)
}

/// Deletes an annotation. With `If-Match` nothing is done if it is of another version by now: then the problem has the annotation as
/// `current`.
#[utoipa::path(delete, path = "/datasets/{id}/annotations/{number}", tag = "annotations",
    params(("id" = String, Path), ("number" = i64, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 204, headers(("undo-token" = String, description = "How to undo it: see `POST /undo`"))), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn delete(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path((id, number)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    answer(StatusCode::NO_CONTENT, annotation::delete(&ctx, &by, (&id, &number), known_version(&headers)).await?)
}

/// Through whose eyes annotations are exported.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct AnnotationsExportParams {
    /// A person's id, to answer as that person would see it. For Owners and Managers of the organization.
    #[serde(rename = "as")]
    #[param(rename = "as")]
    view_as: String,
}

/// All annotations of a dataset as GeoJSON (RFC 7946).
#[utoipa::path(get, path = "/datasets/{id}/annotations.geojson", tag = "annotations", params(("id" = String, Path), AnnotationsExportParams),
    responses((status = 200, body = String, content_type = "application/geo+json"), (status = 404, body = Problem)))]
pub async fn as_geojson(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(id): Path<String>,
    Params(params): Params<AnnotationsExportParams>,
) -> Result<Response, Problem> {
    let (dataset, annotations) = annotation::export(&ctx, &by, &id, &params.view_as).await?;
    Ok(file(&dataset, "geojson", geojson::MEDIA, to_geojson(exported(&annotations))))
}

fn exported(annotations: &[AnnotationView]) -> impl Iterator<Item = Exported<'_>> {
    annotations.iter().map(|view| Exported {
        number: Some(view.number),
        kind: view.kind,
        annotation: &view.annotation,
        created_by: view.created_by.as_deref(),
        created_at: Some(view.created_at),
        modified_at: Some(view.modified_at),
    })
}

/// Drawings as a file that is called like their dataset (attack 96).
fn file(dataset: &str, ending: &str, media: &'static str, text: String) -> Response {
    let disposition = attachment(&format!("{} drawings.{ending}", safe_segment(dataset)));
    let headers = [(header::CONTENT_TYPE, HeaderValue::from_static(media)), (header::CONTENT_DISPOSITION, disposition)];
    (headers, text).into_response()
}

/// All annotations of a dataset as CSV: where each is stands there as WKT, lengths and areas in metres.
#[utoipa::path(get, path = "/datasets/{id}/annotations.csv", tag = "annotations", params(("id" = String, Path), AnnotationsExportParams),
    responses((status = 200, body = String, content_type = "text/csv"), (status = 404, body = Problem)))]
pub async fn as_csv(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(id): Path<String>,
    Params(params): Params<AnnotationsExportParams>,
) -> Result<Response, Problem> {
    let (dataset, annotations) = annotation::export(&ctx, &by, &id, &params.view_as).await?;
    Ok(file(&dataset, "csv", Format::Csv.content_type(), to_csv(exported(&annotations))))
}

/// What was imported.
#[derive(Debug, Serialize, ToSchema)]
pub struct AnnotationsImportedBody {
    /// The numbers of what was added, in the order of the features.
    numbers: Vec<i64>,
}

/// Adds everything that GeoJSON holds, or nothing of it. A feature of several parts becomes one annotation for each. At most 2 MB.
#[utoipa::path(post, path = "/datasets/{id}/annotations/import", tag = "annotations", params(("id" = String, Path)),
    request_body(content = String, content_type = "application/geo+json", description = "A FeatureCollection, a Feature or a geometry, in WGS 84"),
    responses((status = 201, body = AnnotationsImportedBody, headers(("undo-token" = String, description = "How to undo it: see `POST /undo`"))), (status = 403, body = Problem), (status = 404, body = Problem), (status = 413, body = Problem), (status = 422, body = Problem)))]
pub async fn import(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(id): Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let geojson = body.map_err(|_| Problem::refusal(&import_too_large()))?;
    let imported = annotation::import(&ctx, &by, &id, &geojson).await?;
    let body = Json(AnnotationsImportedBody { numbers: imported.numbers });
    Ok((StatusCode::CREATED, undoing(imported.undo.as_deref()), body).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn view_3_the_version_that_somebody_knows_is_the_tag_of_the_answer() {
        let of = |tag: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.extend(tag.map(|tag| (header::IF_MATCH, axum::http::HeaderValue::from_static(tag))));
            known_version(&headers)
        };
        let tags = [
            None,
            Some("*"),
            Some("\"3\""),
            Some("W/\"3\""),
            Some(" 3 "),
            Some("\"x\""),
            Some("\"1\", \"2\""),
            Some(""),
        ];
        assert_eq!(tags.map(of), [None, None, Some(3), Some(3), Some(3), Some(0), Some(0), Some(0)]);
    }
}
