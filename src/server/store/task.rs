//! Tables `task` and `task_transfer`: long work, gone on with under leases, so that a crash costs a moment and two nodes are
//! never at the same.

use sqlx::FromRow;
use uuid::Uuid;

use super::{Result, Tx, read};
use crate::{
    domain::{
        id::{OrganizationId, PersonId, ResourceId, TaskId, TransferId, UndoId},
        task::{TaskKind, TaskState},
        time::Timestamp,
    },
    view::task::TaskView,
};

/// A task as a worker needs it.
#[derive(Debug, Clone)]
pub struct Task {
    /// Id.
    pub id: TaskId,
    /// The organization it is in.
    pub organization: OrganizationId,
    /// Who began it.
    pub person: PersonId,
    /// Their name then.
    pub person_name: String,
    /// What it does.
    pub kind: TaskKind,
    /// What it is about, as people call it.
    pub name: String,
    /// What is hidden while it runs; a transfer hides nothing.
    pub top: Option<ResourceId>,
    /// What is copied; copies only.
    pub source: Option<ResourceId>,
    /// Where the copy goes, or the items that are transferred.
    pub destination: Option<ResourceId>,
    /// The container that is being filled, and the last of its content that is.
    pub at: Option<(ResourceId, Option<ResourceId>)>,
    /// How many items are done.
    pub done: u64,
    /// How many there are in all.
    pub total: u64,
    /// The Sharing ID of the account that the copy is for, if it is for another one (ACCT-3).
    pub shared_with: Option<String>,
    /// Whether who began it may cancel it.
    pub stoppable: bool,
}

/// What a task is to transfer.
#[derive(Debug, Clone)]
pub struct TransferRequest {
    /// Ids with commas between them.
    pub items: String,
    /// The plan that was confirmed.
    pub digest: Option<String>,
    /// Where who asked came from.
    pub address: Option<String>,
}

#[derive(FromRow)]
struct TaskRow {
    id: Uuid,
    organization_id: Uuid,
    person_id: Uuid,
    person_name: String,
    kind: String,
    state: String,
    name: String,
    hidden_root_id: Option<Uuid>,
    source_id: Option<Uuid>,
    destination_id: Option<Uuid>,
    cursor_container_id: Option<Uuid>,
    cursor_item_id: Option<Uuid>,
    done: i64,
    total: i64,
    message: Option<String>,
    created_at: i64,
    ended_at: Option<i64>,
    cancellable: bool,
    transfer_id: Option<Uuid>,
    undo_id: Option<Uuid>,
    target_sharing_id: Option<String>,
}

fn count(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

fn number(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

impl TryFrom<TaskRow> for Task {
    type Error = super::DbError;

    fn try_from(row: TaskRow) -> Result<Self> {
        Ok(Self {
            id: TaskId(row.id),
            organization: OrganizationId(row.organization_id),
            person: PersonId(row.person_id),
            person_name: row.person_name,
            kind: read("task", "kind", &row.kind, TaskKind::parse)?,
            name: row.name,
            top: row.hidden_root_id.map(ResourceId),
            source: row.source_id.map(ResourceId),
            destination: row.destination_id.map(ResourceId),
            at: row.cursor_container_id.map(|inside| (ResourceId(inside), row.cursor_item_id.map(ResourceId))),
            done: count(row.done),
            total: count(row.total),
            stoppable: row.cancellable,
            shared_with: row.target_sharing_id,
        })
    }
}

impl TaskRow {
    fn view(self) -> Result<TaskView> {
        let kind = read("task", "kind", &self.kind, TaskKind::parse)?;
        let state = read("task", "state", &self.state, TaskState::parse)?;
        // What was made for another account is not the copier's to open.
        let made = kind == TaskKind::Copy && state == TaskState::Done && self.target_sharing_id.is_none();
        Ok(TaskView {
            id: TaskId(self.id),
            kind,
            state,
            name: self.name,
            resource: self.hidden_root_id.filter(|_| made).map(ResourceId),
            transfer: self.transfer_id.map(TransferId),
            undo: self.undo_id.map(UndoId),
            cancellable: self.cancellable && state == TaskState::Running,
            done: count(self.done),
            total: count(self.total),
            message: self.message,
            created_at: Timestamp(self.created_at),
            ended_at: self.ended_at.map(Timestamp),
        })
    }
}

/// Notes work that is to be done.
pub async fn insert(tx: &mut Tx, task: &Task, at: Timestamp) -> Result<()> {
    tx.sql(
        "INSERT INTO task (id, organization_id, person_id, person_name, kind, state, name, hidden_root_id, source_id, destination_id, done, total, claimed_until, created_at, cancellable, target_sharing_id)
         VALUES ($1, $2, $3, $4, $5, 'running', $6, $7, $8, $9, $10, $11, 0, $12, $13, $14)",
    )
    .bind(task.id)
    .bind(task.organization)
    .bind(task.person)
    .bind(task.person_name.clone())
    .bind(task.kind.as_str())
    .bind(task.name.clone())
    .bind(task.top)
    .bind(task.source)
    .bind(task.destination)
    .bind(number(task.done))
    .bind(number(task.total))
    .bind(at)
    .bind(task.stoppable)
    .bind(task.shared_with.clone())
    .execute()
    .await
    .map(|_| ())
}

/// Notes what a task is to transfer.
pub async fn insert_asked(tx: &mut Tx, id: TaskId, asked: &TransferRequest) -> Result<()> {
    tx.sql("INSERT INTO task_transfer (task_id, items, digest, ip_address) VALUES ($1, $2, $3, $4)")
        .bind(id)
        .bind(asked.items.clone())
        .bind(asked.digest.clone())
        .bind(asked.address.clone())
        .execute()
        .await
        .map(|_| ())
}

/// What a task is to transfer; nothing for other tasks.
pub async fn find_asked(tx: &mut Tx, id: TaskId) -> Result<Option<TransferRequest>> {
    let row: Option<(String, Option<String>, Option<String>)> =
        tx.sql("SELECT items, digest, ip_address FROM task_transfer WHERE task_id = $1").bind(id).optional().await?;
    Ok(row.map(|(items, digest, address)| TransferRequest { items, digest, address }))
}

/// A task by id, as a worker needs it, while it runs and may be cancelled by who asks.
pub async fn find_stoppable(tx: &mut Tx, person: PersonId, id: TaskId) -> Result<Option<Task>> {
    let row: Option<TaskRow> = tx
        .sql(
            "SELECT id, organization_id, person_id, person_name, kind, state, name, hidden_root_id, source_id, destination_id, cursor_container_id, cursor_item_id, done, total, message, created_at, ended_at, cancellable, target_sharing_id,
                (SELECT t.transfer_id FROM task_transfer t WHERE t.task_id = task.id) AS transfer_id,
                (SELECT u.id FROM task_transfer t JOIN undo u ON u.id = t.undo_id WHERE t.task_id = task.id) AS undo_id
             FROM task WHERE id = $1 AND person_id = $2 AND state = 'running' AND cancellable",
        )
        .bind(id)
        .bind(person)
        .optional()
        .await?;
    row.map(TryInto::try_into).transpose()
}

/// A task as who began it sees it; nobody else does.
pub async fn find_own(tx: &mut Tx, person: PersonId, id: TaskId) -> Result<Option<TaskView>> {
    let row: Option<TaskRow> = tx
        .sql(
            "SELECT id, organization_id, person_id, person_name, kind, state, name, hidden_root_id, source_id, destination_id, cursor_container_id, cursor_item_id, done, total, message, created_at, ended_at, cancellable, target_sharing_id,
                (SELECT t.transfer_id FROM task_transfer t WHERE t.task_id = task.id) AS transfer_id,
                (SELECT u.id FROM task_transfer t JOIN undo u ON u.id = t.undo_id WHERE t.task_id = task.id) AS undo_id
             FROM task WHERE id = $1 AND person_id = $2",
        )
        .bind(id)
        .bind(person)
        .optional()
        .await?;
    row.map(TaskRow::view).transpose()
}

/// The tasks that somebody began in an organization and that run, or ended after a moment; newest first.
pub async fn list_own(
    tx: &mut Tx,
    person: PersonId,
    organization: OrganizationId,
    ended_after: Timestamp,
    limit: i64,
) -> Result<Vec<TaskView>> {
    let rows: Vec<TaskRow> = tx
        .sql(
            "SELECT id, organization_id, person_id, person_name, kind, state, name, hidden_root_id, source_id, destination_id, cursor_container_id, cursor_item_id, done, total, message, created_at, ended_at, cancellable, target_sharing_id,
                (SELECT t.transfer_id FROM task_transfer t WHERE t.task_id = task.id) AS transfer_id,
                (SELECT u.id FROM task_transfer t JOIN undo u ON u.id = t.undo_id WHERE t.task_id = task.id) AS undo_id
             FROM task WHERE person_id = $1 AND organization_id = $2 AND (ended_at IS NULL OR ended_at > $3) ORDER BY id DESC LIMIT CAST($4 AS BIGINT)",
        )
        .bind(person)
        .bind(organization)
        .bind(ended_after)
        .bind(limit)
        .all()
        .await?;
    rows.into_iter().map(TaskRow::view).collect()
}

/// Whether there is work that nobody is at.
pub async fn is_waiting(tx: &mut Tx, now: Timestamp) -> Result<bool> {
    tx.sql(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT 1 AS one FROM task WHERE state = 'running' AND claimed_until < $1 LIMIT 1) AS first",
    )
    .bind(now)
    .number()
    .await
    .map(|n| n > 0)
}

/// Takes on work that nobody is at, the longest left alone first.
pub async fn claim(tx: &mut Tx, now: Timestamp, until: Timestamp) -> Result<Option<Task>> {
    let row: Option<TaskRow> = tx
        .sql(
            "UPDATE task SET claimed_until = $2 WHERE id = (
                SELECT id FROM task WHERE state = 'running' AND claimed_until < $1 ORDER BY claimed_until, id LIMIT 1)
             RETURNING id, organization_id, person_id, person_name, kind, state, name, hidden_root_id, source_id, destination_id, cursor_container_id, cursor_item_id, done, total, message, created_at, ended_at, cancellable, target_sharing_id,
                (SELECT t.transfer_id FROM task_transfer t WHERE t.task_id = task.id) AS transfer_id,
                (SELECT u.id FROM task_transfer t JOIN undo u ON u.id = t.undo_id WHERE t.task_id = task.id) AS undo_id",
        )
        .bind(now)
        .bind(until)
        .optional()
        .await?;
    row.map(TryInto::try_into).transpose()
}

/// Notes how far a task is, under the lease of who is at it, and extends that; `false`: somebody else has it.
pub async fn update_progress(tx: &mut Tx, task: &Task, held_until: Timestamp, until: Timestamp) -> Result<bool> {
    tx.sql(
        "UPDATE task SET cursor_container_id = $2, cursor_item_id = $3, done = $4, total = CASE WHEN total < $4 THEN $4 ELSE total END, claimed_until = $5
         WHERE id = $1 AND state = 'running' AND claimed_until = $6",
    )
    .bind(task.id)
    .bind(task.at.map(|(inside, _)| inside.0))
    .bind(task.at.and_then(|(_, behind)| behind).map(|behind| behind.0))
    .bind(number(task.done))
    .bind(until)
    .bind(held_until)
    .execute()
    .await
    .map(|changed| changed > 0)
}

/// Notes what became of a task, under the lease of who is at it; `false`: somebody else has it.
pub async fn update_ended(
    tx: &mut Tx,
    id: TaskId,
    held_until: Timestamp,
    state: TaskState,
    message: &str,
    at: Timestamp,
) -> Result<bool> {
    tx.sql(
        "UPDATE task SET state = $2, message = $3, ended_at = $4, claimed_until = 0, total = CASE WHEN $2 = 'done' THEN done ELSE total END
         WHERE id = $1 AND state = 'running' AND claimed_until = $5",
    )
    .bind(id)
    .bind(state.as_str())
    .bind(Some(message.to_owned()).filter(|message| !message.is_empty()))
    .bind(at)
    .bind(held_until)
    .execute()
    .await
    .map(|changed| changed > 0)
}

/// Whether a task still runs under the lease of who is at it.
pub async fn is_held(tx: &mut Tx, id: TaskId, held_until: Timestamp) -> Result<bool> {
    tx.sql("SELECT CAST(COUNT(*) AS BIGINT) FROM task WHERE id = $1 AND state = 'running' AND claimed_until = $2")
        .bind(id)
        .bind(held_until)
        .number()
        .await
        .map(|n| n > 0)
}

/// Notes that a transfer is done, under the lease of who did it, with its receipt; `false`: somebody else has it.
pub async fn update_transferred(
    tx: &mut Tx,
    task: &Task,
    held_until: Timestamp,
    transfer: TransferId,
    undo: Option<UndoId>,
    message: &str,
    at: Timestamp,
) -> Result<bool> {
    let changed = tx
        .sql(
            "UPDATE task SET state = 'done', message = $2, ended_at = $3, claimed_until = 0, done = $4, total = $4
             WHERE id = $1 AND state = 'running' AND claimed_until = $5",
        )
        .bind(task.id)
        .bind(message.to_owned())
        .bind(at)
        .bind(number(task.done))
        .bind(held_until)
        .execute()
        .await?;
    tx.sql("UPDATE task_transfer SET transfer_id = $2, undo_id = $3 WHERE task_id = $1")
        .bind(task.id)
        .bind(transfer)
        .bind(undo)
        .execute()
        .await?;
    Ok(changed > 0)
}

/// Ends a task that runs and may be cancelled, whoever is at it; `false`: it has ended.
pub async fn update_cancelled(tx: &mut Tx, id: TaskId, message: &str, at: Timestamp) -> Result<bool> {
    tx.sql(
        "UPDATE task SET state = 'cancelled', message = $2, ended_at = $3, claimed_until = 0
         WHERE id = $1 AND state = 'running' AND cancellable",
    )
    .bind(id)
    .bind(message.to_owned())
    .bind(at)
    .execute()
    .await
    .map(|changed| changed > 0)
}

/// Gives every task back: nobody was at one. Where there is one node, that is so when it starts.
pub async fn release_all(tx: &mut Tx) -> Result<u64> {
    tx.sql("UPDATE task SET claimed_until = 0 WHERE state = 'running' AND claimed_until > 0").execute().await
}

/// Gives a task back untouched: its worker stops.
pub async fn release(tx: &mut Tx, id: TaskId, held_until: Timestamp) -> Result<()> {
    tx.sql("UPDATE task SET claimed_until = 0 WHERE id = $1 AND claimed_until = $2")
        .bind(id)
        .bind(held_until)
        .execute()
        .await
        .map(|_| ())
}

/// Forgets tasks that ended before a moment.
pub async fn delete_before(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    tx.sql("DELETE FROM task WHERE ended_at IS NOT NULL AND ended_at < $1").bind(before).execute().await
}
