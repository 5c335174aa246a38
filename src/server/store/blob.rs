//! Tables `blob`, `blob_piece` and `blob_check`: bytes that are stored once in a cluster, whatever number of files they are (FILE-1).
//!
//! A blob has no counter of its files. Whether it has one is asked in the transaction that deletes it, and only blobs that lost a file
//! are asked about (`blob_check`).

use std::collections::BTreeMap;

use sqlx::FromRow;
use uuid::Uuid;

use super::{CHUNK, Result, Tx, layer, photo};
use crate::domain::{
    file::Media,
    id::{BlobId, ObjectId, UploadId},
    time::Timestamp,
};

/// Bytes that are complete.
#[derive(Debug, Clone)]
pub struct NewBlob<'a> {
    pub id: BlobId,
    pub cluster: &'a str,
    /// In hexadecimal.
    pub sha256: &'a str,
    pub bytes: i64,
    pub crc32: u32,
    pub media: Media,
    pub at: Timestamp,
}

/// The blob of a cluster with these bytes, if they are stored already.
pub async fn find_same(tx: &mut Tx, cluster: &str, sha256: &str, bytes: i64) -> Result<Option<BlobId>> {
    tx.sql("SELECT id FROM blob WHERE cluster = $1 AND sha256 = $2 AND bytes = $3")
        .bind(cluster.to_owned())
        .bind(sha256.to_owned())
        .bind(bytes)
        .value()
        .await
}

/// Makes a blob of the pieces of an upload, which has none afterwards.
pub async fn insert(tx: &mut Tx, new: &NewBlob<'_>, upload: UploadId) -> Result<()> {
    insert_facts(tx, new).await?;
    // Pieces that were given up leave gaps in the numbers.
    tx.sql(
        "INSERT INTO blob_piece (blob_id, number, object_id, bytes)
         SELECT $1, ROW_NUMBER() OVER (ORDER BY p.number), p.object_id, p.bytes
         FROM upload_piece p WHERE p.upload_id = $2 AND p.state = 'written'",
    )
    .bind(new.id)
    .bind(upload)
    .execute()
    .await?;
    tx.sql("DELETE FROM upload_piece WHERE upload_id = $1 AND state = 'written'").bind(upload).execute().await?;
    Ok(())
}

/// Makes a blob of one object that was written.
pub async fn insert_object(tx: &mut Tx, new: &NewBlob<'_>, object: ObjectId) -> Result<()> {
    insert_facts(tx, new).await?;
    tx.sql("INSERT INTO blob_piece (blob_id, number, object_id, bytes) VALUES ($1, 1, $2, $3)")
        .bind(new.id)
        .bind(object)
        .bind(new.bytes)
        .execute()
        .await
        .map(|_| ())
}

async fn insert_facts(tx: &mut Tx, new: &NewBlob<'_>) -> Result<()> {
    tx.sql(
        "INSERT INTO blob (id, cluster, sha256, bytes, crc32, media, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(new.id)
    .bind(new.cluster.to_owned())
    .bind(new.sha256.to_owned())
    .bind(new.bytes)
    .bind(i64::from(new.crc32))
    .bind(new.media)
    .bind(new.at)
    .execute()
    .await
    .map(|_| ())
}

/// The objects of a blob with their sizes, in order.
pub async fn list_pieces(tx: &mut Tx, blob: BlobId) -> Result<Vec<(ObjectId, i64)>> {
    tx.sql("SELECT object_id, bytes FROM blob_piece WHERE blob_id = $1 ORDER BY number").bind(blob).all().await
}

/// The objects of some blobs with their sizes, in order; at most `limit` for every `CHUNK` blobs.
pub async fn list_pieces_of(
    tx: &mut Tx,
    blobs: &[BlobId],
    limit: i64,
) -> Result<BTreeMap<BlobId, Vec<(ObjectId, i64)>>> {
    let mut found: BTreeMap<BlobId, Vec<(i64, ObjectId, i64)>> = BTreeMap::new();
    for chunk in blobs.chunks(CHUNK) {
        let rows: Vec<(BlobId, i64, ObjectId, i64)> = tx
            .sql_list(
                "SELECT blob_id, number, object_id, bytes FROM blob_piece WHERE blob_id IN ({ids}) LIMIT CAST({1} AS BIGINT)",
                chunk,
            )
            .bind(limit)
            .all()
            .await?;
        for (blob, number, object, bytes) in rows {
            found.entry(blob).or_default().push((number, object, bytes));
        }
    }
    let in_order = |mut pieces: Vec<(i64, ObjectId, i64)>| {
        pieces.sort_unstable_by_key(|(number, ..)| *number);
        pieces.into_iter().map(|(_, object, bytes)| (object, bytes)).collect()
    };
    Ok(found.into_iter().map(|(blob, pieces)| (blob, in_order(pieces))).collect())
}

/// Blobs that lost a file.
pub async fn list_checks(tx: &mut Tx, limit: i64) -> Result<Vec<BlobId>> {
    tx.sql("SELECT blob_id FROM blob_check WHERE blob_id > $1 ORDER BY blob_id LIMIT CAST($2 AS BIGINT)")
        .bind(BlobId(Uuid::nil()))
        .bind(limit)
        .column()
        .await
}

/// Deletes those of some blobs that no file has, none that can be brought back, and no layer; their objects go to the trash until `not_before`, those of
/// their previews, and of layers that are being made of them, until `previews_not_before`. How many. The tiles of their layers are to
/// be looked at next.
pub async fn delete_unused(
    tx: &mut Tx,
    blobs: &[BlobId],
    at: Timestamp,
    not_before: Timestamp,
    previews_not_before: Timestamp,
) -> Result<u64> {
    let mut deleted = 0;
    for chunk in blobs.chunks(CHUNK) {
        tx.sql_list("DELETE FROM blob_check WHERE blob_id IN ({ids})", chunk).execute().await?;
        let unused: Vec<BlobId> = tx
            .sql_list(
                "SELECT b.id FROM blob b WHERE b.id IN ({ids}) AND NOT EXISTS (SELECT 1 FROM dataset_file f WHERE f.blob_id = b.id)
                    AND NOT EXISTS (SELECT 1 FROM deleted_file d WHERE d.blob_id = b.id)
                    AND NOT EXISTS (SELECT 1 FROM job_output o WHERE o.blob_id = b.id)
                    AND NOT EXISTS (SELECT 1 FROM view_layer l WHERE l.tiles_blob_id = b.id)",
                chunk,
            )
            .column()
            .await?;
        if unused.is_empty() {
            continue;
        }
        tx.sql_list(
            "INSERT INTO object_trash (object_id, cluster, not_before, attempts)
             SELECT p.object_id, b.cluster, {1}, 0 FROM blob_piece p JOIN blob b ON b.id = p.blob_id WHERE p.blob_id IN ({ids})",
            &unused,
        )
        .bind(not_before)
        .execute()
        .await?;
        tx.sql_list("DELETE FROM blob_piece WHERE blob_id IN ({ids})", &unused).execute().await?;
        photo::delete(tx, &unused, previews_not_before).await?;
        layer::delete(tx, &unused, at, previews_not_before).await?;
        deleted += tx.sql_list("DELETE FROM blob WHERE id IN ({ids})", &unused).execute().await?;
    }
    Ok(deleted)
}

/// An object that has to be there.
#[derive(Debug, Clone, FromRow)]
pub struct StoredObject {
    #[sqlx(rename = "object_id")]
    pub object: ObjectId,
    pub cluster: String,
    pub bytes: i64,
}

/// The objects of all blobs by their ids, after a given one.
pub async fn list_objects(tx: &mut Tx, after: ObjectId, limit: i64) -> Result<Vec<StoredObject>> {
    tx.sql(
        "SELECT p.object_id, b.cluster, p.bytes FROM blob_piece p JOIN blob b ON b.id = p.blob_id
         WHERE p.object_id > $1 ORDER BY p.object_id LIMIT CAST($2 AS BIGINT)",
    )
    .bind(after)
    .bind(limit)
    .all()
    .await
}

/// The objects of all previews that are written by their ids, after a given one.
pub async fn list_preview_objects(tx: &mut Tx, after: ObjectId, limit: i64) -> Result<Vec<StoredObject>> {
    tx.sql(
        "SELECT v.object_id, b.cluster, v.bytes FROM photo_preview v JOIN blob b ON b.id = v.blob_id
         WHERE v.object_id > $1 AND v.bytes > 0 ORDER BY v.object_id LIMIT CAST($2 AS BIGINT)",
    )
    .bind(after)
    .bind(limit)
    .all()
    .await
}

/// Those of some objects that any row knows: of a blob, of a preview, of a layer that is being made, of an upload, or in the trash.
pub async fn list_known(tx: &mut Tx, objects: &[ObjectId]) -> Result<Vec<Uuid>> {
    let mut known = Vec::new();
    for chunk in objects.chunks(CHUNK) {
        for sql in [
            "SELECT object_id FROM blob_piece WHERE object_id IN ({ids})",
            "SELECT object_id FROM photo_preview WHERE object_id IN ({ids})",
            "SELECT object_id FROM view_layer WHERE object_id IN ({ids})",
            "SELECT object_id FROM upload_piece WHERE object_id IN ({ids})",
            "SELECT object_id FROM object_trash WHERE object_id IN ({ids})",
        ] {
            known.extend(tx.sql_list(sql, chunk).column::<Uuid>().await?);
        }
    }
    Ok(known)
}
