//! Files of datasets (FILE-1, FILE-4). `numbers` is a list of files with commas between them.

use leptos::prelude::*;

use super::{Done, Failure, Postcard};
use crate::view::{
    Page,
    file::{FileView, FileWithNeighbours},
    query::{DatasetFilesQuery, FilePageQuery},
};

/// One page of the images of a dataset, or of its results, by path.
#[server(output = Postcard)]
pub async fn dataset_files(#[server(default)] query: DatasetFilesQuery) -> Result<Page<FileView>, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let DatasetFilesQuery { dataset, side, query, cursor, view_as } = query;
    let limit = Some(usecase::file::PAGE_SIZE);
    let query = usecase::file::FilesQuery { side, query, cursor, limit, view_as };
    response::read(usecase::file::list(&ctx, &by, &dataset, &query).await)
}

/// One file, with its neighbours in the list.
#[server(output = Postcard)]
pub async fn file_page(#[server(default)] query: FilePageQuery) -> Result<FileWithNeighbours, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    response::read(usecase::file::page(&ctx, &by, &query.dataset, &query.number, &query.view_as).await)
}

/// **Leave out** and **Take in again**. Leads to `back`, the page it was asked for on.
#[server(output = Postcard)]
pub async fn leave_out_files(
    #[server(default)] dataset: String,
    #[server(default)] numbers: String,
    #[server(default)] left_out: bool,
    #[server(default)] back: String,
) -> Result<Done, Failure> {
    use crate::domain::file::parse_numbers;
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let numbers = parse_numbers(&numbers);
    let changed = async { usecase::file::leave_out(&ctx, &by, &dataset, &numbers?, left_out).await }.await;
    let to = response::back_to(&back, "/");
    response::done(changed, |files| Done { to, toast: super::outcome::left_out(files), undo: files.undo.clone() }).await
}

/// **Rename** of a file. Leads to `back`, the page the dialog was opened on.
#[server(output = Postcard)]
pub async fn rename_file(
    #[server(default)] dataset: String,
    #[server(default)] number: String,
    #[server(default)] path: String,
    #[server(default)] back: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let renamed = usecase::file::rename_with_undo(&ctx, &by, &dataset, &number, &path).await;
    let to = response::back_to(&back, "/");
    response::done(renamed, |file| Done {
        to, toast: format!("Renamed to “{}”", file.path), undo: file.undo.clone()
    })
    .await
}

/// **Delete** of files. Leads to `back`, the page they were on.
#[server(output = Postcard)]
pub async fn delete_files(
    #[server(default)] dataset: String,
    #[server(default)] numbers: String,
    #[server(default)] back: String,
) -> Result<Done, Failure> {
    use crate::domain::file::parse_numbers;
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let numbers = parse_numbers(&numbers);
    let deleted = async { usecase::file::delete(&ctx, &by, &dataset, &numbers?).await }.await;
    let to = response::back_to(&back, "/");
    response::done(deleted, |deleted| super::outcome::files_deleted(deleted, to)).await
}
