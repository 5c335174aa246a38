//! The layers of a dataset (VIEW-1), and their tiles.
//!
//! A tile is one range of a file that the server wrote. Whoever asks for one is checked each time, and that downloading is restricted
//! takes no tiles away (POL-1), as with previews.

use std::ops::Range;

use bytes::Bytes;
use futures::{TryStreamExt, stream::BoxStream};

use crate::{
    domain::{
        access::Act,
        file::{FilePath, Media},
        id::{ObjectId, ResourceId},
        layer::tiled_name,
        refusal::Refusal,
    },
    server::{
        context::{Ctx, Principal},
        error::{Error, Result},
        files::StorageError,
        pictures::TileIndex,
        store::{
            Tx, blob,
            layer::{self, ReadyLayer},
        },
    },
    view::viewer::LayerView,
};

use super::{access, file::dataset_of, outdated};

/// The layers of a dataset, from the lowest to the highest, with those that are not ready.
///
/// # Errors
/// `NotFound`.
pub async fn list(ctx: &Ctx, by: &Principal, dataset: &str) -> Result<Vec<LayerView>> {
    let dataset: ResourceId = super::subject(dataset)?;
    let mut tx = ctx.db().read().await?;
    access::permit(&mut tx, by, Act::View, dataset).await?;
    // A folder has none.
    dataset_of(&mut tx, dataset).await?;
    list_in(&mut tx, dataset).await
}

/// [`list`], for whom has been found to see the dataset.
pub(super) async fn list_in(tx: &mut Tx, dataset: ResourceId) -> Result<Vec<LayerView>> {
    let mut layers = layer::list(tx, dataset).await?;
    if !layers.is_empty() {
        let outdated = outdated::numbers(tx, dataset).await?;
        for layer in &mut layers {
            layer.outdated = outdated.contains(&layer.number);
        }
    }
    Ok(layers)
}

/// Which tile of a layer is asked for, as it is in the address.
#[derive(Debug, Clone, Default)]
pub struct TileAddress {
    /// Level 0 is the coarsest.
    pub level: String,
    /// The column, from the left.
    pub x: String,
    /// The row, from above.
    pub y: String,
}

impl TileAddress {
    /// What is no number is no tile's.
    fn parse(&self) -> Result<(u32, u32, u32)> {
        let number = |text: &str| {
            let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|_| is_plain).ok_or(Refusal::NotFound)
        };
        Ok((number(&self.level)?, number(&self.x)?, number(&self.y)?))
    }
}

/// Part of a file of tiles, or all of it.
#[derive(Debug, Clone)]
pub struct LayerBytes {
    /// The same for the same bytes, and for no others.
    pub tag: String,
    pub bytes: i64,
    /// A JPEG, or a WebP where the tile has transparent pixels; a TIFF for all of it.
    pub media: Media,
    /// What all of it is called as a file.
    pub name: String,
    begins: i64,
    cluster: String,
    pieces: Vec<(ObjectId, i64)>,
}

impl LayerBytes {
    /// A range of its bytes. The first of them are read before this returns.
    ///
    /// # Errors
    /// `Unavailable` where storage does not answer; `Internal` where it is missing.
    pub async fn read(
        &self,
        ctx: &Ctx,
        range: Range<i64>,
    ) -> Result<BoxStream<'static, std::result::Result<Bytes, StorageError>>> {
        let range = self.begins + range.start..self.begins + range.end;
        Ok(ctx.files()?.read(&self.cluster, &self.pieces, range).await?)
    }
}

/// A tile of a layer that the server encoded: a JPEG, or a WebP that is transparent where pixels are missing.
///
/// # Errors
/// `NotFound`, also while the layer is not ready.
pub async fn tile(ctx: &Ctx, by: &Principal, dataset: &str, number: &str, at: &TileAddress) -> Result<LayerBytes> {
    let dataset: ResourceId = super::subject(dataset)?;
    let mut tx = ctx.db().read().await?;
    access::permit(&mut tx, by, Act::View, dataset).await?;
    tile_in(ctx, tx, dataset, number, at).await
}

/// [`tile`], for whom has been found to see the dataset.
pub(super) async fn tile_in(
    ctx: &Ctx,
    mut tx: Tx,
    dataset: ResourceId,
    number: &str,
    at: &TileAddress,
) -> Result<LayerBytes> {
    let (level, x, y) = at.parse()?;
    let (found, whole) = whole_in(&mut tx, dataset, number).await?;
    // Storage may take a while.
    drop(tx);
    let index = match ctx.tile_indexes().find(found.tiles) {
        Some(index) => index,
        None => {
            let mut chunks = whole.read(ctx, 0..found.index_bytes).await?;
            let mut head = Vec::new();
            while let Some(chunk) = chunks.try_next().await? {
                head.extend_from_slice(&chunk);
            }
            let read = TileIndex::read(&head)
                .ok_or_else(|| Error::Internal(format!("the blob {} is no file of tiles", found.tiles)))?;
            ctx.tile_indexes().remember(found.tiles, read)
        }
    };
    let found_tile = index.find(level, x, y).filter(|(range, _)| range.end <= whole.bytes);
    let (range, media) = found_tile.ok_or(Refusal::NotFound)?;
    Ok(LayerBytes {
        tag: format!("{}-{level}-{x}-{y}", found.tiles),
        bytes: range.end - range.start,
        media,
        begins: range.start,
        ..whole
    })
}

/// All tiles of a layer as one file, a GeoTIFF, for who may download results.
///
/// # Errors
/// `NotFound`, also while the layer is not ready; `Forbidden` where downloading is restricted.
pub async fn content(ctx: &Ctx, by: &Principal, dataset: &str, number: &str) -> Result<LayerBytes> {
    let dataset: ResourceId = super::subject(dataset)?;
    let mut tx = ctx.db().read().await?;
    access::permit(&mut tx, by, Act::Download, dataset).await?;
    Ok(whole_in(&mut tx, dataset, number).await?.1)
}

async fn whole_in(tx: &mut Tx, dataset: ResourceId, number: &str) -> Result<(ReadyLayer, LayerBytes)> {
    let number: i64 = number.parse().map_err(|_| Refusal::NotFound)?;
    let found = layer::find_ready(tx, dataset, number).await?.ok_or(Refusal::NotFound)?;
    let pieces = blob::list_pieces(tx, found.tiles).await?;
    let name = FilePath::parse(&found.path).map_or_else(|_| "layer.tif".to_owned(), |path| tiled_name(&path));
    let (tag, cluster) = (found.sha256.clone(), found.cluster.clone());
    let whole = LayerBytes { tag, bytes: found.bytes, media: Media::Tiff, name, begins: 0, cluster, pieces };
    Ok((found, whole))
}
