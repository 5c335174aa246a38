//! What the built-in apps made of a dataset, as a page (JOB-4).

use leptos::prelude::*;

use super::{Failure, Postcard};
use crate::view::{query::SurveyQuery, survey::SurveyView};

/// The tab **Survey** of a dataset.
#[server(output = Postcard)]
pub async fn dataset_survey(#[server(default)] query: SurveyQuery) -> Result<SurveyView, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    response::read(usecase::survey::show(&ctx, &by, &query.dataset, &query.view_as).await)
}
