//! Everything about me, to take along (SET-2): a ZIP of JSON files. Read in pages and packed as it is read, so that it takes
//! little memory however much there is; no password, no token and nothing that I may not see is in it.

use std::io::{Cursor, Write};

use serde_json::{Value, json};
use uuid::Uuid;
use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions};

use crate::domain::time::Timestamp;

use super::{
    super::super::{
        context::{Ctx, Principal},
        error::{Error, Result},
        store::{
            annotation, audit as audit_store, dataset_file, grant, invitation, membership, resource, seat, session,
        },
    },
    profile_in,
};

/// How many rows are read at a time.
const BATCH_SIZE: i64 = 500;
/// How many rows of one sort are exported at most; the file says so if there are more.
const MAX_EXPORT_ROWS: usize = 50_000;

fn write_failed(error: impl std::fmt::Display) -> Error {
    Error::Internal(error.to_string())
}

/// The archive while it is being written.
struct Archive {
    zip: ZipWriter<Cursor<Vec<u8>>>,
    rows: usize,
    /// How its files are packed and dated.
    how: SimpleFileOptions,
}

/// Now, as archives write it: in steps of two seconds, from 1980 on.
fn dated(now: Timestamp) -> Option<DateTime> {
    let ((year, month, day), seconds) = (now.day().civil(), now.0.rem_euclid(86_400_000) / 1_000);
    let small = |number: i64| u8::try_from(number).ok();
    DateTime::from_date_and_time(
        u16::try_from(year).ok()?,
        small(month)?,
        small(day)?,
        small(seconds / 3_600)?,
        small(seconds / 60 % 60)?,
        small(seconds % 60)?,
    )
    .ok()
}

impl Archive {
    fn new(now: Timestamp) -> Self {
        let how = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        let how = how.last_modified_time(dated(now).unwrap_or_default());
        Self { zip: ZipWriter::new(Cursor::new(Vec::new())), rows: 0, how }
    }

    /// Begins a file that lists things.
    fn begin(&mut self, name: &str) -> Result<()> {
        self.rows = 0;
        self.zip.start_file(name, self.how).map_err(write_failed)?;
        self.zip.write_all(b"{\"items\":[").map_err(write_failed)
    }

    fn row(&mut self, row: &Value) -> Result<()> {
        let comma = if self.rows == 0 { "\n" } else { ",\n" };
        self.rows += 1;
        write!(self.zip, "{comma}{row}").map_err(write_failed)
    }

    /// Ends it.
    fn end(&mut self, complete: bool) -> Result<()> {
        write!(self.zip, "\n],\"complete\":{complete}}}\n").map_err(write_failed)
    }

    /// A file of its own.
    fn add_file(&mut self, name: &str, value: &Value) -> Result<()> {
        self.zip.start_file(name, self.how).map_err(write_failed)?;
        writeln!(self.zip, "{value:#}").map_err(write_failed)
    }

    fn finish(self) -> Result<Vec<u8>> {
        Ok(self.zip.finish().map_err(write_failed)?.into_inner())
    }
}

/// A moment as the API writes it.
fn moment(millis: i64) -> String {
    Timestamp(millis).rfc3339()
}

/// The archive.
pub async fn export(ctx: &Ctx, by: &Principal) -> Result<Vec<u8>> {
    let mut tx = ctx.db().read().await?;
    let me = profile_in(&mut tx, ctx, by).await?;
    let mut archive = Archive::new(ctx.now());
    archive.add_file(
        "profile.json",
        &json!({
            "id": me.person.id, "email": me.person.email, "email_verified": me.person.email_verified,
            "first_name": me.person.first_name, "last_name": me.person.last_name, "language": me.language,
            "cluster": me.cluster, "default_organization": me.default_organization, "new_email": me.new_email,
            "allows_usage_statistics": me.allows_usage_statistics, "allows_product_news": me.allows_product_news,
            "created_at": me.created_at.rfc3339(),
        }),
    )?;

    archive.begin("sessions.json")?;
    for one in session::list_of_person(&mut tx, by.person, by.session.as_deref(), ctx.now(), BATCH_SIZE).await? {
        archive.row(&json!({
            "id": one.id, "device": one.device, "address": one.address, "created_at": one.created_at.rfc3339(),
            "last_seen": one.last_seen.rfc3339(),
        }))?;
    }
    archive.end(true)?;

    archive.begin("memberships.json")?;
    for one in membership::list_own(&mut tx, by.person, BATCH_SIZE).await? {
        archive.row(&json!({
            "organization": one.organization, "org_id": one.org_id, "name": one.name, "role": one.role.as_str(),
            "personal_space": one.personal, "since": one.since.rfc3339(),
        }))?;
    }
    let complete = i64::try_from(archive.rows).unwrap_or(BATCH_SIZE) < BATCH_SIZE;
    archive.end(complete)?;

    archive.begin("invitations.json")?;
    // Until an address is proven, what was sent there may be somebody else's (attack 19).
    if me.person.email_verified {
        for one in invitation::list_sent_to(&mut tx, &by.email_key, BATCH_SIZE).await? {
            archive.row(&json!({
                "id": one.id, "organization": one.organization, "role": one.role, "state": one.state,
                "created_at": moment(one.created_at), "expires_at": moment(one.expires_at),
            }))?;
        }
    }
    let complete = i64::try_from(archive.rows).unwrap_or(BATCH_SIZE) < BATCH_SIZE;
    archive.end(complete)?;

    archive.begin("grants.json")?;
    let mut after = Uuid::nil();
    loop {
        let rows = grant::list_own(&mut tx, by.person, after, BATCH_SIZE).await?;
        let Some(last) = rows.last().map(|row| row.id).filter(|_| archive.rows < MAX_EXPORT_ROWS) else { break };
        after = last;
        for one in rows {
            archive.row(&json!({
                "resource": one.resource_id, "name": one.resource, "organization": one.organization,
                "level": one.level, "since": moment(one.created_at),
            }))?;
        }
    }
    let complete = archive.rows < MAX_EXPORT_ROWS;
    archive.end(complete)?;

    archive.begin("seats.json")?;
    for one in seat::list_own(&mut tx, by.person, BATCH_SIZE).await? {
        archive.row(&json!({
            "licence": one.licence_id, "organization": one.organization_id, "given_at": one.given_at.map(moment),
            "device": one.device, "taken_at": one.taken_at.map(moment), "last_seen": one.seen_at.map(moment),
        }))?;
    }
    let complete = i64::try_from(archive.rows).unwrap_or(BATCH_SIZE) < BATCH_SIZE;
    archive.end(complete)?;

    archive.begin("created.json")?;
    let mut after = Uuid::nil();
    loop {
        let rows = resource::list_own(&mut tx, by.person, after, BATCH_SIZE).await?;
        let Some(last) = rows.last().map(|row| row.id).filter(|_| archive.rows < MAX_EXPORT_ROWS) else { break };
        after = last;
        for one in rows {
            archive.row(&json!({
                "id": one.id, "kind": one.kind, "name": one.name, "organization": one.organization,
                "created_at": moment(one.created_at),
            }))?;
        }
    }
    let complete = archive.rows < MAX_EXPORT_ROWS;
    archive.end(complete)?;

    archive.begin("files.json")?;
    let mut after = (Uuid::nil(), 0);
    loop {
        let rows = dataset_file::list_own(&mut tx, by.person, after, BATCH_SIZE).await?;
        let Some(last) = rows.last().filter(|_| archive.rows < MAX_EXPORT_ROWS) else { break };
        after = (last.dataset_id, last.number);
        for one in rows {
            archive.row(&json!({
                "dataset": one.dataset_id, "number": one.number, "dataset_name": one.dataset,
                "organization": one.organization, "side": one.side, "path": one.path, "bytes": one.bytes,
                "sha256": one.sha256, "created_at": one.created_at.rfc3339(),
            }))?;
        }
    }
    let complete = archive.rows < MAX_EXPORT_ROWS;
    archive.end(complete)?;

    archive.begin("annotations.json")?;
    let mut after = (Uuid::nil(), 0);
    loop {
        let rows = annotation::list_own(&mut tx, by.person, after, BATCH_SIZE).await?;
        let Some(last) = rows.last().filter(|_| archive.rows < MAX_EXPORT_ROWS) else { break };
        after = (last.dataset_id, last.number);
        for one in rows {
            archive.row(&json!({
                "dataset": one.dataset_id, "number": one.number, "dataset_name": one.dataset,
                "organization": one.organization, "kind": one.kind.as_str(), "name": one.name,
                "description": one.description, "created_at": one.created_at.rfc3339(),
            }))?;
        }
    }
    let complete = archive.rows < MAX_EXPORT_ROWS;
    archive.end(complete)?;

    archive.begin("activity.json")?;
    let mut after = Uuid::nil();
    loop {
        let rows = audit_store::list_own(&mut tx, by.person, after, BATCH_SIZE).await?;
        let Some(last) = rows.last().map(|row| row.id).filter(|_| archive.rows < MAX_EXPORT_ROWS) else { break };
        after = last;
        for one in rows {
            archive.row(&json!({
                "action": one.action, "summary": one.summary, "address": one.address, "at": moment(one.at),
            }))?;
        }
    }
    let complete = archive.rows < MAX_EXPORT_ROWS;
    archive.end(complete)?;
    archive.finish()
}
