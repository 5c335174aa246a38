//! Uploads (FILE-2, FILE-3): what the browser asks before it sends bytes, and giving them up. The bytes go to `/api/v1/uploads`.

use leptos::prelude::*;

use super::{Done, Failure, Postcard};
use crate::view::{
    file::{NewPlaceView, UploadPlanView},
    query::UploadPlanQuery,
};

/// Plans an upload to a dataset.
#[server(output = Postcard)]
pub async fn plan_upload(#[server(default)] query: UploadPlanQuery) -> Result<UploadPlanView, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let dataset = query.place.clone();
    response::read(usecase::upload::plan(&ctx, &by, &dataset, &query.into()).await)
}

/// Makes a dataset for files, and plans their upload to it.
#[server(output = Postcard)]
pub async fn plan_new_dataset(#[server(default)] query: UploadPlanQuery) -> Result<NewPlaceView, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let UploadPlanQuery { place, name, .. } = &query;
    let place = usecase::upload::place::NewPlaceForm { parent: place.clone(), name: name.clone() };
    response::read(usecase::upload::place::plan_new(&ctx, &by, &place, &query.into()).await)
}

/// **Discard** what of my uploads to a dataset is not complete. Leads to `back`, the page of the dataset.
#[server(output = Postcard)]
pub async fn discard_uploads(
    #[server(default)] dataset: String,
    #[server(default)] back: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let discarded = usecase::upload::discard_all(&ctx, &by, &dataset, usecase::upload::Reach::Own).await;
    response::done(discarded, |files| (response::back_to(&back, "/"), super::outcome::uploads_discarded(*files))).await
}
