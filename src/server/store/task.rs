//! Tables `task` and `task_transfer`: long work, done under leases, so that another worker goes on after a crash and no two nodes
//! work on the same task.

use super::{Result, Tx, values::from_columns};
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

fn count(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

fn number(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

from_columns! {
    Task: id: TaskId, organization_id: OrganizationId, person_id: PersonId, person_name: String, kind: TaskKind,
        name: String, hidden_root_id: Option<ResourceId>, source_id: Option<ResourceId>,
        destination_id: Option<ResourceId>, cursor_container_id: Option<ResourceId>, cursor_item_id: Option<ResourceId>,
        done: i64, total: i64, cancellable: bool, target_sharing_id: Option<String>;
    Self {
        id,
        organization: organization_id,
        person: person_id,
        person_name,
        kind,
        name,
        top: hidden_root_id,
        source: source_id,
        destination: destination_id,
        at: cursor_container_id.map(|inside| (inside, cursor_item_id)),
        done: count(done),
        total: count(total),
        stoppable: cancellable,
        shared_with: target_sharing_id,
    }
}

// A copy made for another account is not shown to the person who made it, so the view does not name it.
from_columns! {
    TaskView: id: TaskId, kind: TaskKind, state: TaskState, name: String, hidden_root_id: Option<ResourceId>,
        transfer_id: Option<TransferId>, undo_id: Option<UndoId>, cancellable: bool, done: i64, total: i64,
        message: Option<String>, created_at: Timestamp, ended_at: Option<Timestamp>, target_sharing_id: Option<String>;
    Self {
        id,
        kind,
        state,
        name,
        resource: hidden_root_id
            .filter(|_| kind == TaskKind::Copy && state == TaskState::Done && target_sharing_id.is_none()),
        transfer: transfer_id,
        undo: undo_id,
        cancellable: cancellable && state == TaskState::Running,
        done: count(done),
        total: count(total),
        message,
        created_at,
        ended_at,
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
    .bind(task.kind)
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
    tx.sql(
        "SELECT id, organization_id, person_id, person_name, kind, state, name, hidden_root_id, source_id, destination_id, cursor_container_id, cursor_item_id, done, total, message, created_at, ended_at, cancellable, target_sharing_id,
            (SELECT t.transfer_id FROM task_transfer t WHERE t.task_id = task.id) AS transfer_id,
            (SELECT u.id FROM task_transfer t JOIN undo u ON u.id = t.undo_id WHERE t.task_id = task.id) AS undo_id
         FROM task WHERE id = $1 AND person_id = $2 AND state = 'running' AND cancellable",
    )
    .bind(id)
    .bind(person)
    .optional()
    .await
}

/// A task as who began it sees it; nobody else does.
pub async fn find_own(tx: &mut Tx, person: PersonId, id: TaskId) -> Result<Option<TaskView>> {
    tx.sql(
        "SELECT id, organization_id, person_id, person_name, kind, state, name, hidden_root_id, source_id, destination_id, cursor_container_id, cursor_item_id, done, total, message, created_at, ended_at, cancellable, target_sharing_id,
            (SELECT t.transfer_id FROM task_transfer t WHERE t.task_id = task.id) AS transfer_id,
            (SELECT u.id FROM task_transfer t JOIN undo u ON u.id = t.undo_id WHERE t.task_id = task.id) AS undo_id
         FROM task WHERE id = $1 AND person_id = $2",
    )
    .bind(id)
    .bind(person)
    .optional()
    .await
}

/// The tasks that somebody began in an organization and that run, or ended after a moment; newest first.
pub async fn list_own(
    tx: &mut Tx,
    person: PersonId,
    organization: OrganizationId,
    ended_after: Timestamp,
    limit: i64,
) -> Result<Vec<TaskView>> {
    tx.sql(
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
    .await
}

/// Whether there is a running task without a valid lease.
pub async fn is_waiting(tx: &mut Tx, now: Timestamp) -> Result<bool> {
    tx.sql(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT 1 AS one FROM task WHERE state = 'running' AND claimed_until < $1 LIMIT 1) AS first",
    )
    .bind(now)
    .number()
    .await
    .map(|n| n > 0)
}

/// Claims a running task without a valid lease, the longest abandoned first.
pub async fn claim(tx: &mut Tx, now: Timestamp, until: Timestamp) -> Result<Option<Task>> {
    tx.sql(
        "UPDATE task SET claimed_until = $2 WHERE id = (
            SELECT id FROM task WHERE state = 'running' AND claimed_until < $1 ORDER BY claimed_until, id LIMIT 1)
         RETURNING id, organization_id, person_id, person_name, kind, state, name, hidden_root_id, source_id, destination_id, cursor_container_id, cursor_item_id, done, total, message, created_at, ended_at, cancellable, target_sharing_id,
            (SELECT t.transfer_id FROM task_transfer t WHERE t.task_id = task.id) AS transfer_id,
            (SELECT u.id FROM task_transfer t JOIN undo u ON u.id = t.undo_id WHERE t.task_id = task.id) AS undo_id",
    )
    .bind(now)
    .bind(until)
    .optional()
    .await
}

/// Notes how far a task is, under the lease of who is at it, and extends that; `false` if another worker holds the lease.
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

/// Notes what became of a task, under the lease of who is at it; `false` if another worker holds the lease.
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
    .bind(state)
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

/// Notes that a transfer is done, under the lease of who did it, with its receipt; `false` if another worker holds the lease.
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

/// Releases every task. Call it when the only node starts: whoever held a lease is gone.
pub async fn release_all(tx: &mut Tx) -> Result<u64> {
    tx.sql("UPDATE task SET claimed_until = 0 WHERE state = 'running' AND claimed_until > 0").execute().await
}

/// Releases a task untouched, because its worker stops.
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
