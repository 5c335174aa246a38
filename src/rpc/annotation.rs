//! Annotations of datasets (VIEW-2, VIEW-3). The page that draws asks for what became of each drawing; the forms that work without a
//! script are [`add_point`] and [`delete_annotation`].
//!
//! `places` is `46.63456,8.59123 46.6346,8.59127`: latitudes first, in degrees. `version` is the one that the page knows; where it is
//! another by now, nothing is done. GeoJSON is exported and imported over the REST API.

use leptos::prelude::*;

use super::{Done, Failure, Postcard};
use crate::view::viewer::{AnnotationSaved, AnnotationView};

/// All annotations of a dataset, for a page that hears that they have changed.
#[server(output = Postcard)]
pub async fn annotations(
    #[server(default)] dataset: String,
    #[server(default)] view_as: String,
) -> Result<Vec<AnnotationView>, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    response::read(usecase::annotation::list_all(&ctx, &by, &dataset, &view_as).await)
}

/// Saves a new drawing.
#[server(output = Postcard)]
pub async fn draw_annotation(
    #[server(default)] dataset: String,
    #[server(default)] kind: String,
    #[server(default)] places: String,
    #[server(default)] name: String,
    #[server(default)] description: String,
    #[server(default)] colour: String,
) -> Result<AnnotationSaved, Failure> {
    use crate::domain::annotation::Draft;
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let draft = Draft::of_form(&kind, &places, &name, &description, &colour);
    response::read(usecase::annotation::add(&ctx, &by, &dataset, &draft).await)
}

/// Saves a drawing that was changed.
#[server(output = Postcard)]
pub async fn redraw_annotation(
    #[server(default)] dataset: String,
    #[server(default)] number: String,
    #[server(default)] version: i64,
    #[server(default)] places: String,
    #[server(default)] name: String,
    #[server(default)] description: String,
    #[server(default)] colour: String,
) -> Result<AnnotationSaved, Failure> {
    use crate::domain::annotation::Draft;
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let draft = Draft::of_form("", &places, &name, &description, &colour);
    let at = (dataset.as_str(), number.as_str());
    response::read(usecase::annotation::change(&ctx, &by, at, Some(version), &draft).await)
}

/// Deletes a drawing from the map.
#[server(output = Postcard)]
pub async fn erase_annotation(
    #[server(default)] dataset: String,
    #[server(default)] number: String,
    #[server(default)] version: i64,
) -> Result<AnnotationSaved, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let at = (dataset.as_str(), number.as_str());
    response::read(usecase::annotation::delete(&ctx, &by, at, Some(version)).await)
}

/// **Add point**. Leads to `back`, the page it was asked for on.
#[server(output = Postcard)]
pub async fn add_point(
    #[server(default)] dataset: String,
    #[server(default)] latitude: String,
    #[server(default)] longitude: String,
    #[server(default)] name: String,
    #[server(default)] description: String,
    #[server(default)] back: String,
) -> Result<Done, Failure> {
    use crate::domain::annotation::TypedPoint;
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let (latitude, longitude, name, description) = (&latitude, &longitude, &name, &description);
    let point = TypedPoint { latitude, longitude, name, description };
    let saved = usecase::annotation::add_point(&ctx, &by, &dataset, &point).await;
    let to = response::back_to(&back, "/");
    response::done(saved, |saved| super::outcome::annotation_saved(saved, to)).await
}

/// **Delete** of a drawing in the table, in the version that the page shows. Leads to `back`, the page it was asked for on.
#[server(output = Postcard)]
pub async fn delete_annotation(
    #[server(default)] dataset: String,
    #[server(default)] number: String,
    #[server(default)] version: String,
    #[server(default)] back: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let at = (dataset.as_str(), number.as_str());
    let deleted = usecase::annotation::delete(&ctx, &by, at, version.parse().ok()).await;
    let to = response::back_to(&back, "/");
    response::done(deleted, |deleted| super::outcome::annotation_saved(deleted, to)).await
}
