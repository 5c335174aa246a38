//! Receiving the bytes of an upload (FILE-3): a request holds the upload, streams them into objects, and the last one makes a file.
//!
//! The row of an object is written before the object, and what was received counts once the object is on the disk. So at any moment a
//! crash loses at most what the last request sent, and leaves nothing that no row knows.
//!
//! # Invariants
//! - The last piece and the file are one transaction.
//! - A connection that is cut keeps what came, unless the sender stated a checksum: then it is not known to be right.

use bytes::Bytes;
use futures::{Stream, StreamExt};
use uuid::Uuid;

use crate::{
    domain::{
        audit::Action,
        file::FilePath,
        id::{BlobId, JobId, ObjectId, UploadId},
        permit::Permit,
        photo::is_photo,
        refusal::Refusal,
        storage::size,
        time::Timestamp,
        upload::{
            ABANDONED_KEPT_MILLIS, Admission, CLAIM_MILLIS, CLAIM_RENEWAL_MILLIS, FINISHED_KEPT_MILLIS,
            MAX_PIECE_BYTES, OnConflict, admit, too_many_bytes,
        },
    },
    server::{
        context::Ctx,
        error::{Error, Result},
        files::{PieceSum, PieceWriter, RunningSum, SumState},
        store::{Tx, blob, dataset_file, job_output, photo, resource, upload},
        usecase::{
            audit::{self, AuditEvent},
            file::find_clash,
        },
    },
    view::file::FileView,
};

use super::{OwnUpload, Sender, check_room_of, own};

/// How often a write is tried again where somebody took the path, or stored the same bytes, at the same moment.
const MAX_TAKEN_RETRIES: u32 = 3;

/// What comes from the sender. A stream that ends without `End` was cut.
#[derive(Debug)]
pub enum Arriving {
    /// Some bytes.
    Chunk(Bytes),
    /// All of them have come.
    End,
}

/// Which checksum a sender states of what a request sends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChecksumKind {
    /// What every server that checks has to know.
    Sha1,
    /// The one that files are known by.
    Sha256,
}

/// The checksum of what a request sends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checksum {
    pub kind: ChecksumKind,
    pub digest: Vec<u8>,
}

impl Checksum {
    /// Reads the name of an algorithm, as the answer to OPTIONS lists them, and a digest.
    pub fn read(algorithm: &str, digest: Vec<u8>) -> Option<Self> {
        let (kind, length) = match algorithm {
            "sha1" => (ChecksumKind::Sha1, 20),
            "sha256" => (ChecksumKind::Sha256, 32),
            _ => return None,
        };
        (digest.len() == length).then_some(Self { kind, digest })
    }

    fn begin(&self) -> ring::digest::Context {
        ring::digest::Context::new(match self.kind {
            ChecksumKind::Sha1 => &ring::digest::SHA1_FOR_LEGACY_USE_ONLY,
            ChecksumKind::Sha256 => &ring::digest::SHA256,
        })
    }
}

/// A request that sends bytes.
#[derive(Debug, Clone, Default)]
pub struct ReceiveRequest {
    /// From which byte of the file on.
    pub offset: i64,
    /// How many, if it says so.
    pub length: Option<i64>,
    pub checksum: Option<Checksum>,
    /// Whether the file is complete when the body ends: a form does not say how large its files are. The upload then says how
    /// large the file is at most, and nothing of a body that is cut is kept.
    pub ends_file: bool,
}

impl ReceiveRequest {
    /// What a request that begins a file of `bytes` is refused for, whatever it is about.
    ///
    /// # Errors
    /// `TooLarge`.
    pub fn check(&self, bytes: i64) -> std::result::Result<(), Refusal> {
        if self.length.is_some_and(|length| length > bytes) {
            return Err(too_many_bytes());
        }
        self.check_length()
    }

    fn check_length(&self) -> std::result::Result<(), Refusal> {
        if self.checksum.is_some() && self.length.is_some_and(|length| length > MAX_PIECE_BYTES) {
            return Err(too_long_to_check());
        }
        Ok(())
    }
}

/// How far the upload is afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    pub offset: i64,
    pub expires_at: Timestamp,
    /// The file that it has become.
    pub number: Option<i64>,
    /// Whether that file was there before, with the very same bytes.
    pub present: bool,
}

/// The file that an upload has become.
#[derive(Clone, Copy)]
struct Finished {
    number: i64,
    /// As in [`Received::present`].
    present: bool,
}

/// What a request holds.
#[derive(Debug, Clone)]
struct Claim {
    id: UploadId,
    token: Uuid,
    cluster: String,
    /// What is being written.
    object: ObjectId,
    /// How much of the file is here.
    received: i64,
    bytes: i64,
    expires_at: Timestamp,
}

enum Begun {
    /// There is nothing to receive.
    Done(Received),
    Claimed(Box<(Claim, RunningSum)>),
}

/// Receives bytes of an upload of the caller's, and makes a file of it once they are complete.
///
/// # Errors
/// `NotFound`, `Forbidden`, `InputsHeld`; `UploadExpired`; `UploadBusy`; `WrongOffset`; `WrongChecksum`; `TooLarge`; `FileConflict`
/// where another file has taken the path: the bytes are kept, and a new plan says what is to happen; `Unavailable` where storage fails.
pub async fn receive(
    ctx: &Ctx,
    by: &Sender,
    id: &str,
    request: &ReceiveRequest,
    body: impl Stream<Item = Arriving> + Send + Unpin,
) -> Result<Received> {
    let id: UploadId = super::super::subject(id)?;
    request.check_length()?;
    check_room_of(ctx, by, id).await?;
    let mut tries = 0;
    let begun = loop {
        let begun: Result<Begun> =
            ctx.db().write(|tx, _| Box::pin(async { begin_in(tx, ctx, by, id, request).await })).await;
        match begun {
            Err(error) if error.is_taken() && tries < MAX_TAKEN_RETRIES => tries += 1,
            begun => break begun?,
        }
    };
    let (claim, sum) = match begun {
        Begun::Done(received) => return Ok(received),
        Begun::Claimed(claimed) => *claimed,
    };
    let mut holder = Receiver { ctx, by, claim, sum, renewed_at: ctx.now() };
    let received = holder.receive(request, body).await;
    if received.is_err() {
        // What was not counted is given up at once, so that the next request need not wait. If this fails, the claim runs out.
        holder.give_up().await;
    }
    received
}

fn too_long_to_check() -> Refusal {
    Refusal::TooLarge(format!("A request with a checksum can send at most {}.", size(MAX_PIECE_BYTES)))
}

async fn begin_in(tx: &mut Tx, ctx: &Ctx, by: &Sender, id: UploadId, request: &ReceiveRequest) -> Result<Begun> {
    let own = own(tx, by, id).await?;
    let (upload, permit, now) = (&own.upload, &own.permit, ctx.now());
    match admit(&upload.progress(), request.offset, request.length, now)? {
        Admission::Finished => {
            let (offset, expires_at, number) = (upload.bytes, upload.expires_at, upload.file_number);
            Ok(Begun::Done(Received { offset, expires_at, number, present: false }))
        }
        Admission::Receive(left) => {
            own.check_place(tx, now).await?;
            let sum = sum_of(upload)?;
            if left == 0 && !request.ends_file {
                let expires_at = now.plus_millis(FINISHED_KEPT_MILLIS);
                let Finished { number, present } =
                    finish_in(tx, ctx, by, permit, upload, &sum).await?.map_err(Error::from)?;
                return Ok(Begun::Done(Received { offset: upload.bytes, expires_at, number: Some(number), present }));
            }
            let (claim, object) = (ctx.id(), ObjectId(ctx.id()));
            upload::claim(tx, upload, claim, now.plus_millis(CLAIM_MILLIS), now.plus_millis(ABANDONED_KEPT_MILLIS))
                .await?;
            upload::insert_piece(tx, id, claim, object).await?;
            let (cluster, received, bytes) = (upload.cluster.clone(), upload.received, upload.bytes);
            let held = Claim { id, token: claim, cluster, object, received, bytes, expires_at: upload.expires_at };
            Ok(Begun::Claimed(Box::new((held, sum))))
        }
    }
}

/// The checksums of what is here.
fn sum_of(upload: &upload::Upload) -> Result<RunningSum> {
    let state = SumState {
        hash_state: upload.hash_state.clone(),
        crc32: u32::try_from(upload.crc32).unwrap_or(0),
        head: upload.head.clone(),
    };
    RunningSum::from_state(&state)
        .ok_or_else(|| Error::Internal(format!("the checksums of upload {} cannot be read", upload.id)))
}

/// What ends where an object ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ObjectEnds {
    /// Nothing else: the same request fills another one.
    Itself,
    /// The request. The file is complete if all of its bytes are here.
    Request,
    /// The file, however many bytes it has.
    File,
}

/// What comes of an object that was written.
enum Committed {
    /// The file is complete.
    Finished(Finished),
    /// The file is complete, and another one has its path.
    Refused(Refusal),
    /// More of it is to come.
    More(ObjectId),
}

/// A request that holds an upload.
struct Receiver<'a> {
    ctx: &'a Ctx,
    by: &'a Sender,
    claim: Claim,
    /// Of everything that was received, counted or not.
    sum: RunningSum,
    renewed_at: Timestamp,
}

impl Receiver<'_> {
    async fn receive(
        &mut self,
        request: &ReceiveRequest,
        mut body: impl Stream<Item = Arriving> + Send + Unpin,
    ) -> Result<Received> {
        let files = self.ctx.files()?.clone();
        let mut check = request.checksum.as_ref().map(Checksum::begin);
        let mut rest: Option<Bytes> = None;
        loop {
            let mut writer = files.write(&self.claim.cluster, self.claim.object);
            let mut written: i64 = 0;
            // Until the body ends, or the object is as large as one may be.
            let complete = loop {
                let arrived = match rest.take() {
                    Some(rest) => Some(Arriving::Chunk(rest)),
                    None => body.next().await,
                };
                let mut chunk = match arrived {
                    Some(Arriving::Chunk(chunk)) => chunk,
                    Some(Arriving::End) => break Some(true),
                    None => break Some(false),
                };
                let length = i64::try_from(chunk.len()).unwrap_or(i64::MAX);
                if length > self.claim.bytes - self.claim.received - written {
                    writer.abort().await;
                    return Err(too_many_bytes().into());
                }
                let room = MAX_PIECE_BYTES - written;
                if length > room {
                    if check.is_some() {
                        writer.abort().await;
                        return Err(too_long_to_check().into());
                    }
                    rest = Some(chunk.split_off(usize::try_from(room).unwrap_or(usize::MAX)));
                }
                if let Some(check) = &mut check {
                    check.update(&chunk);
                }
                self.sum.update(&chunk);
                written += i64::try_from(chunk.len()).unwrap_or(i64::MAX);
                writer.put(chunk).await?;
                self.renew().await?;
                if rest.is_some() {
                    break None;
                }
            };
            if let (Some(stated), Some(check), Some(complete)) = (&request.checksum, check.take(), complete) {
                let right = complete && check.finish().as_ref() == stated.digest.as_slice();
                if !right {
                    writer.abort().await;
                    return Err(Refusal::WrongChecksum.into());
                }
            }
            let ends = match complete {
                Some(false) if request.ends_file => {
                    writer.abort().await;
                    return Err(
                        Refusal::BadRequest("The connection was cut before the file was complete.".to_owned()).into()
                    );
                }
                Some(true) if request.ends_file => ObjectEnds::File,
                Some(_) => ObjectEnds::Request,
                None => ObjectEnds::Itself,
            };
            match self.commit(writer, written, ends).await? {
                Some(Committed::Finished(Finished { number, present })) => {
                    let expires_at = self.ctx.now().plus_millis(FINISHED_KEPT_MILLIS);
                    return Ok(Received { offset: self.claim.received, expires_at, number: Some(number), present });
                }
                Some(Committed::Refused(refusal)) => return Err(refusal.into()),
                Some(Committed::More(object)) => self.claim.object = object,
                None => {
                    let (offset, expires_at) = (self.claim.received, self.claim.expires_at);
                    return Ok(Received { offset, expires_at, number: None, present: false });
                }
            }
        }
    }

    /// Holds the upload for longer, now and then.
    async fn renew(&mut self) -> Result<()> {
        let (now, id, claim) = (self.ctx.now(), self.claim.id, self.claim.token);
        if now < self.renewed_at.plus_millis(CLAIM_RENEWAL_MILLIS) {
            return Ok(());
        }
        let until = now.plus_millis(CLAIM_MILLIS);
        let held: Result<bool> =
            self.ctx.db().write(|tx, _| Box::pin(async { Ok(upload::renew(tx, id, claim, until).await?) })).await;
        self.renewed_at = now;
        if held? { Ok(()) } else { Err(Refusal::UploadBusy.into()) }
    }

    /// Counts an object. Nothing where the request ends here and the file is not complete.
    async fn commit(&mut self, writer: PieceWriter, written: i64, ends: ObjectEnds) -> Result<Option<Committed>> {
        if written > 0 {
            writer.finish().await?;
        } else {
            writer.abort().await;
            if ends != ObjectEnds::File {
                self.give_up().await;
                return Ok(None);
            }
        }
        let now = self.ctx.now();
        let expires_at = now.plus_days(self.ctx.files()?.limits().upload_days);
        let (state, next) = (self.sum.state(), ObjectId(self.ctx.id()));
        let (ctx, by, held, sum) = (self.ctx, self.by, &self.claim, &self.sum);
        check_room_of(ctx, by, held.id).await?;
        let piece = upload::WrittenPiece {
            object: held.object,
            bytes: written,
            hash_state: &state.hash_state,
            crc32: state.crc32,
            head: &state.head,
            expires_at,
        };
        let mut tries = 0;
        let committed = loop {
            let committed: Result<Option<Committed>> = ctx
                .db()
                .write(|tx, _| {
                    Box::pin(async {
                        // Rights may have changed while the bytes came.
                        let own = own(tx, by, held.id).await?;
                        own.check_place(tx, now).await?;
                        let OwnUpload { mut upload, permit, .. } = own;
                        let counted = if written > 0 {
                            upload::update_written(tx, held.id, held.token, &piece).await?
                        } else {
                            // The object that was begun for nothing.
                            upload::discard_unwritten(tx, &[held.id], now).await?;
                            upload::renew(tx, held.id, held.token, now.plus_millis(CLAIM_MILLIS)).await?
                        };
                        if !counted {
                            return Err(Refusal::UploadBusy.into());
                        }
                        let received = held.received + written;
                        if ends == ObjectEnds::File {
                            upload::update_bytes(tx, held.id, received).await?;
                            upload.bytes = received;
                        }
                        if received == upload.bytes {
                            return Ok(Some(match finish_in(tx, ctx, by, &permit, &upload, sum).await? {
                                Ok(finished) => Committed::Finished(finished),
                                Err(refusal) => {
                                    upload::release(tx, held.id, held.token).await?;
                                    Committed::Refused(refusal)
                                }
                            }));
                        }
                        if ends == ObjectEnds::Itself {
                            upload::insert_piece(tx, held.id, held.token, next).await?;
                            return Ok(Some(Committed::More(next)));
                        }
                        upload::release(tx, held.id, held.token).await?;
                        Ok(None)
                    })
                })
                .await;
            match committed {
                Err(error) if error.is_taken() && tries < MAX_TAKEN_RETRIES => tries += 1,
                committed => break committed?,
            }
        };
        self.claim.received += written;
        self.claim.expires_at = expires_at;
        Ok(committed)
    }

    /// Lets go of the upload. What was not counted goes to the trash.
    async fn give_up(&self) {
        let (id, claim, now) = (self.claim.id, self.claim.token, self.ctx.now());
        let given_up: Result<()> = self
            .ctx
            .db()
            .write(|tx, _| {
                Box::pin(async {
                    // Only who still holds it may say that nobody writes.
                    if upload::renew(tx, id, claim, now).await? {
                        upload::discard_unwritten(tx, &[id], now).await?;
                        upload::release(tx, id, claim).await?;
                    }
                    Ok(())
                })
            })
            .await;
        if let Err(error) = given_up {
            tracing::warn!(%error, "an upload is held until its claim runs out");
        }
    }
}

/// Makes a file of an upload that is complete. Bytes that its cluster has already are not kept twice (FILE-1). Where
/// another file has the path, what the plan said happens, or a refusal that changes nothing.
async fn finish_in(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Sender,
    permit: &Permit,
    upload: &upload::Upload,
    sum: &RunningSum,
) -> Result<std::result::Result<Finished, Refusal>> {
    let (now, sum) = (ctx.now(), sum.sum());
    let finished_until = now.plus_millis(FINISHED_KEPT_MILLIS);
    if let Some(job) = upload.job {
        let number = finish_output_in(tx, ctx, job, upload, &sum).await?;
        upload::update_finished(tx, upload.id, number, finished_until).await?;
        return Ok(Ok(Finished { number, present: false }));
    }
    let same = blob::find_same(tx, &upload.cluster, &sum.sha256, upload.bytes).await?;
    // What a path may be can have changed since the plan.
    let mut path = FilePath::parse(&upload.path).map_err(|issue| Refusal::BadRequest(issue.to_string()))?;
    let there =
        dataset_file::list_by_keys(tx, permit.resource(), upload.side, std::slice::from_ref(&upload.path_key)).await?;
    let mut replaced = None;
    if let Some((number, _)) = there.get(&upload.path_key).copied() {
        let file = dataset_file::find(tx, permit.resource(), number).await?;
        if same.is_some() && file.as_ref().map(|file| file.blob) == same {
            // Somebody sent the very same file meanwhile.
            upload::discard_pieces(tx, &[upload.id], now).await?;
            upload::update_finished(tx, upload.id, number, finished_until).await?;
            return Ok(Ok(Finished { number, present: true }));
        }
        let taken = |path: &FilePath| {
            Refusal::FileConflict(format!(
                "Another file is called “{path}” by now. Plan this upload again to replace it, to keep both, or to skip it."
            ))
        };
        match upload.on_conflict {
            OnConflict::Ask | OnConflict::Skip => return Ok(Err(taken(&path))),
            OnConflict::Replace => {
                dataset_file::delete(tx, permit, &[number], now).await?;
                replaced = file.map(|file| file.file);
            }
            OnConflict::KeepBoth => {
                let keys: Vec<String> = path.candidates().iter().map(FilePath::key).collect();
                let mut others = dataset_file::list_by_keys(tx, permit.resource(), upload.side, &keys).await?;
                others.extend(there);
                let folders = dataset_file::list_folder_keys(tx, permit.resource(), upload.side, &keys).await?;
                match path.free(|key| others.contains_key(key) || folders.contains(key)) {
                    Some(free) => path = free,
                    None => return Ok(Err(taken(&path))),
                }
            }
        }
    } else if let Some(clash) = find_clash(tx, permit.resource(), upload.side, &path).await? {
        return Ok(Err(Refusal::FileConflict(clash.to_string())));
    }
    let blob_id = blob_of(tx, ctx, upload, &sum, same).await?;
    let new = dataset_file::NewFile {
        side: upload.side,
        path: &path,
        blob: blob_id,
        media: sum.media,
        bytes: upload.bytes,
        modified_at: upload.modified_at,
        by: upload.person,
        at: now,
    };
    let number = dataset_file::insert(tx, permit, &new).await?;
    if is_photo(upload.side, sum.media) {
        // Its bytes may be known already, and when they were taken.
        photo::update_captured(tx, blob_id).await?;
    }
    if let Some(replaced) = &replaced {
        if replaced.left_out {
            // Somebody left the file of this path out, and nobody has said that it is taken in again.
            dataset_file::update_left_out(tx, permit, &[number], true, now).await?;
        }
        note_replaced(tx, ctx, by, permit, replaced, (number, path.as_str())).await?;
    }
    upload::update_finished(tx, upload.id, number, finished_until).await?;
    Ok(Ok(Finished { number, present: false }))
}

/// Notes in the audit log that a file took the place of another, which is gone for good.
async fn note_replaced(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Sender,
    permit: &Permit,
    replaced: &FileView,
    new: (i64, &str),
) -> Result<()> {
    // What an engine sends takes the place of nothing before its job is done.
    let Sender::Person(by) = by else { return Ok(()) };
    let dataset = permit.resource();
    let name = resource::find(tx, dataset).await?.ok_or(Refusal::NotFound)?.name;
    let told = |(number, path): (i64, &str)| serde_json::json!({ "resource": dataset, "number": number, "path": path, "left_out": replaced.left_out });
    let event = AuditEvent {
        organization: Some(permit.organization()),
        before: Some(told((replaced.number, &replaced.path))),
        after: Some(told(new)),
        resources: vec![dataset],
        ..AuditEvent::new(Action::FilesDeleted, format!("replaced “{}” of “{name}” for good", replaced.path))
    };
    audit::record(tx, ctx, by, event).await
}

/// The blob of an upload that is complete: the one with the same bytes, if its cluster has it, else one of its pieces.
async fn blob_of(
    tx: &mut Tx,
    ctx: &Ctx,
    upload: &upload::Upload,
    sum: &PieceSum,
    same: Option<BlobId>,
) -> Result<BlobId> {
    let now = ctx.now();
    let id = if let Some(id) = same {
        upload::discard_pieces(tx, &[upload.id], now).await?;
        id
    } else {
        let id = BlobId(ctx.id());
        let (cluster, sha256) = (upload.cluster.as_str(), sum.sha256.as_str());
        let (bytes, crc32, media) = (upload.bytes, sum.crc32, sum.media);
        blob::insert(tx, &blob::NewBlob { id, cluster, sha256, bytes, crc32, media, at: now }, upload.id).await?;
        id
    };
    if is_photo(upload.side, sum.media) {
        photo::insert(tx, id, (upload.person, upload.organization), now).await?;
    }
    Ok(id)
}

/// Makes an output of a job of an upload that is complete (JOB-6). It is no file of the dataset until the job is done.
async fn finish_output_in(tx: &mut Tx, ctx: &Ctx, job: JobId, upload: &upload::Upload, sum: &PieceSum) -> Result<i64> {
    let path = FilePath::parse(&upload.path)
        .map_err(|issue| Error::Internal(format!("upload {} has no path: {issue}", upload.id)))?;
    let same = blob::find_same(tx, &upload.cluster, &sum.sha256, upload.bytes).await?;
    let blob_id = blob_of(tx, ctx, upload, sum, same).await?;
    let new = job_output::NewOutput {
        path: &path,
        role: upload.role.unwrap_or_default(),
        blob: blob_id,
        modified_at: upload.modified_at,
        at: ctx.now(),
    };
    Ok(job_output::insert(tx, job, &new).await?)
}
