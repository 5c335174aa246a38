//! Table `job_log`: the lines of jobs' logs (JOB-2).

use sqlx::FromRow;

use super::{Result, Tx};
use crate::domain::{
    id::{JobId, LeaseId},
    job_log::{LogLevel, LogSize},
    time::Timestamp,
};

/// A line of a job's log.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct LogLine {
    /// From 1.
    pub number: i64,
    #[sqlx(rename = "logged_at")]
    pub at: Timestamp,
    pub level: LogLevel,
    #[sqlx(rename = "line")]
    pub text: String,
}

/// How many lines one statement inserts.
const INSERT_BATCH: usize = 200;

/// Adds lines of a job, each once: what has a number already stays as it is.
pub async fn insert_all(tx: &mut Tx, job: JobId, lines: &[LogLine]) -> Result<()> {
    for chunk in lines.chunks(INSERT_BATCH) {
        tx.sql_rows(
            "INSERT INTO job_log (job_id, number, logged_at, level, line)
             WITH listed(number, logged_at, level, line) AS (VALUES {rows:4})
             SELECT {1}, number, logged_at, level, line FROM listed WHERE TRUE
             ON CONFLICT (job_id, number) DO NOTHING",
            chunk,
            |statement, line| statement.bind(line.number).bind(line.at).bind(line.level).bind(line.text.clone()),
        )
        .bind(job)
        .execute()
        .await?;
    }
    Ok(())
}

/// Writes how large the log of a job is, under the lease of its engine; whether that still holds.
pub async fn update_size(tx: &mut Tx, job: JobId, lease: LeaseId, size: LogSize) -> Result<bool> {
    tx.sql("UPDATE job SET log_lines = $3, log_bytes = $4 WHERE id = $1 AND lease_id = $2")
        .bind(job)
        .bind(lease)
        .bind(size.lines)
        .bind(size.bytes)
        .execute()
        .await
        .map(|rows| rows > 0)
}

/// Adds a line of the server itself behind the others.
pub async fn append(tx: &mut Tx, job: JobId, level: LogLevel, text: &str, at: Timestamp) -> Result<()> {
    let number =
        tx.sql("UPDATE job SET log_lines = log_lines + 1 WHERE id = $1 RETURNING log_lines").bind(job).number().await?;
    insert_all(tx, job, &[LogLine { number, at, level, text: text.to_owned() }]).await
}

/// Lines of a job's log before a number, the last of them first.
pub async fn list_before(tx: &mut Tx, job: JobId, before: i64, limit: i64) -> Result<Vec<LogLine>> {
    tx.sql(
        "SELECT number, logged_at, level, line FROM job_log WHERE job_id = $1 AND number < $2 ORDER BY number DESC LIMIT CAST($3 AS BIGINT)",
    )
    .bind(job)
    .bind(before)
    .bind(limit)
    .all()
    .await
}

/// Lines of a job's log from a number on, in order.
pub async fn list(tx: &mut Tx, job: JobId, from: i64, limit: i64) -> Result<Vec<LogLine>> {
    tx.sql(
        "SELECT number, logged_at, level, line FROM job_log WHERE job_id = $1 AND number >= $2 ORDER BY number LIMIT CAST($3 AS BIGINT)",
    )
    .bind(job)
    .bind(from)
    .bind(limit)
    .all()
    .await
}
