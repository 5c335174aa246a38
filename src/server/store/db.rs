//! Two databases, one SQL text: a thin shim over sqlx's two first-class drivers.
//!
//! `sqlx::Any` does not carry booleans and UUIDs on both, twin stores drift apart, and generics over `Database` put
//! bounds everywhere; this pairs a connection with the arguments of its own driver and is all that knows which one it
//! is. See `docs/adr/0002-two-drivers-one-sql.md`.

use std::{
    marker::PhantomData,
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures::{TryStreamExt, future::BoxFuture};
use sqlx::{
    AssertSqlSafe, Connection, Encode, Executor, FromRow, Pool, SqlStr, Transaction, Type, pool::PoolConnection,
};
use sqlx_postgres::{PgArguments, PgConnectOptions, PgConnection, PgPoolOptions, PgRow, Postgres};
use sqlx_sqlite::{
    Sqlite, SqliteArguments, SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteRow, SqliteSynchronous,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError, broadcast};

use super::{
    connectivity::Connectivity,
    fault, health,
    live::{CHANNEL, Change, Changes, Touched},
    together::{self, Unit},
};

/// Lets the closure of [`Db::write`] borrow from its surroundings. It holds nothing: its type alone says that what is borrowed
/// (`'env`) outlives the transaction (`'t`), which `for<'t>` could not say otherwise. An async closure would need no such thing, but
/// nothing can demand of one yet that its future may change threads.
pub type Borrows<'t, 'env> = [&'t &'env (); 0];

/// A value that both drivers can bind.
pub trait Bind:
    Type<Sqlite> + Type<Postgres> + for<'q> Encode<'q, Sqlite> + for<'q> Encode<'q, Postgres> + Send
{
}
impl<T> Bind for T where
    T: Type<Sqlite> + Type<Postgres> + for<'q> Encode<'q, Sqlite> + for<'q> Encode<'q, Postgres> + Send
{
}

/// A value of a list in a statement ([`Tx::sql_list`]).
pub trait ListValue: Bind + Clone + 'static {
    /// How SQLite reads the list back out of its JSON, which is the first thing bound.
    const FROM_JSON: &'static str;

    /// As it stands in that JSON.
    fn json(&self) -> serde_json::Value;
}

impl ListValue for uuid::Uuid {
    // They are stored as 16 bytes.
    const FROM_JSON: &'static str = "SELECT unhex(value) FROM json_each($1)";

    fn json(&self) -> serde_json::Value {
        self.simple().to_string().into()
    }
}

impl ListValue for String {
    const FROM_JSON: &'static str = "SELECT value FROM json_each($1)";

    fn json(&self) -> serde_json::Value {
        self.as_str().into()
    }
}

/// A row that both drivers can read; `#[derive(FromRow)]` makes one.
pub trait Record: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin + 'static {}
impl<T> Record for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin + 'static {}

/// What a database can answer besides rows, by kind: constraint names differ between the two.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// A unique constraint: somebody has this already.
    #[error("a unique value is taken")]
    Taken,
    /// Another transaction was in the way; the write is tried again.
    #[error("another transaction was in the way")]
    Contended,
    /// The write is long and others write meanwhile; it is tried again alone.
    #[error("a long write is not alone")]
    NeedsExclusive,
    /// Others were in the way for so many seconds: nothing was done.
    #[error("others were in the way for {0} seconds")]
    Busy(u64),
    /// The database cannot be reached, is full, or is read-only: try again later.
    #[error("the database is not available: {0}")]
    Unavailable(#[source] sqlx::Error),
    /// The row is there and makes no sense.
    #[error("a stored value makes no sense: {0}")]
    Inconsistent(String),
    /// A text holds a character that the database does not keep: PostgreSQL has no null character.
    #[error("a text holds a null character")]
    NotText,
    /// Anything else: a defect.
    #[error("the database answered: {0}")]
    Other(#[source] sqlx::Error),
}

impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(answer) => {
                let code = answer.code();
                let code = code.as_deref().unwrap_or_default();
                if answer.is_unique_violation() {
                    return Self::Taken;
                }
                match code {
                    // PostgreSQL: a character that is not in its repertoire.
                    "22021" => Self::NotText,
                    // PostgreSQL: serialization failure, deadlock, a lock that did not come. SQLite: busy and its extended
                    // forms, locked.
                    "40001" | "40P01" | "55P03" | "5" | "6" | "261" | "517" | "773" => Self::Contended,
                    // PostgreSQL: shutting down, starting up, dropped, read-only transaction, I/O error, no such database.
                    "57P01" | "57P02" | "57P03" | "57P04" | "25006" | "58030" | "3D000" => Self::Unavailable(error),
                    // PostgreSQL: the connection, the sign-in, what there is of disk, memory and connections.
                    _ if code.len() == 5 && matches!(code.get(..2), Some("08" | "28" | "53")) => {
                        Self::Unavailable(error)
                    }
                    // SQLite: read-only, I/O error, full, cannot open, and their extended forms.
                    _ if code.len() < 5
                        && code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 8 | 10 | 13 | 14)) =>
                    {
                        Self::Unavailable(error)
                    }
                    _ => Self::Other(error),
                }
            }
            sqlx::Error::Io(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::Tls(_)
            | sqlx::Error::WorkerCrashed => Self::Unavailable(error),
            sqlx::Error::ColumnDecode { .. } => Self::Inconsistent(error.to_string()),
            _ => Self::Other(error),
        }
    }
}

/// What a store function answers.
pub type Result<T> = std::result::Result<T, DbError>;

/// How sure SQLite is that a committed change is on the disk (`--synchronous`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Synchronous {
    /// Survives a crash of the program; a power cut may take the last moments, never consistency.
    Normal,
    /// Survives a power cut: one fsync per change.
    Full,
}

/// One database: SQLite with one writer and several readers, or PostgreSQL.
#[derive(Clone, Debug)]
pub enum Db {
    /// A file on this machine.
    Sqlite {
        /// The only connection that writes: writers queue here instead of failing as busy.
        writer: SqlitePool,
        /// Connections that only read, beside the writer (WAL).
        readers: SqlitePool,
        /// Publishes what changed to everyone who has it open.
        changes: Changes,
        /// When the last successful write check was.
        checked: Checked,
    },
    /// A PostgreSQL server, or what speaks its protocol and dialect.
    Postgres {
        /// Its connections.
        pool: Pool<Postgres>,
        /// Whether it can be reached at all.
        connectivity: Arc<Connectivity>,
        /// One permit for each connection that may write, so that some are left to read while writers wait.
        writers: Arc<Semaphore>,
        /// Publishes what changed to everyone who has it open.
        changes: Changes,
        /// When the last successful write check was.
        checked: Checked,
    },
}

/// When the last successful write check was.
type Checked = Arc<tokio::sync::Mutex<Option<Instant>>>;

/// How many connections read from SQLite at once.
const SQLITE_READERS: usize = 4;

/// How many connections a node has to PostgreSQL, and how many of them write at once.
const POSTGRES_CONNECTIONS: u32 = 32;
const POSTGRES_WRITERS: usize = 24;

/// How long a write waits for its turn and is tried again while others are in its way. Its refusal names it.
const WRITE_TIMEOUT: Duration = Duration::from_mins(1);

/// How often a write is tried beside others before it waits for its turn (PostgreSQL).
const MAX_CONCURRENT_ATTEMPTS: u32 = 3;

/// How long a read waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(15);

/// The timeout of the first connection.
const OPEN_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a successful write check stays valid.
const CHECK_VALID_FOR: Duration = Duration::from_secs(1);

/// The timeout of a write check. One that takes longer waits behind other writers.
const CHECK_TIMEOUT: Duration = Duration::from_millis(400);

/// A write that conflicts after this long is tried again alone.
const EXCLUSIVE_AFTER: Duration = Duration::from_millis(300);

/// PostgreSQL compiles statements that it estimates to be expensive, and it overestimates recursive ones: compiling took a hundred
/// times as long as running them.
const JIT_OFF: &str = "SET jit = off";

/// How many values of a list are bound one by one on SQLite; more are bound as one JSON text. SQLite finds the place of each bound
/// value by a linear search, which with a thousand values takes longer than the rest of the statement.
const MAX_BOUND_VALUES: usize = 8;

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");

impl Db {
    /// Opens the database at `sqlite://file.db` or `postgres://…`; with `create`, a SQLite file is made where there is
    /// none.
    ///
    /// # Errors
    /// The address cannot be read, or the database cannot be reached.
    pub async fn open(url: &str, synchronous: Synchronous, create: bool) -> Result<Self> {
        let checked = Checked::default();
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let options = PgConnectOptions::from_str(url)?;
            let connectivity = Connectivity::new(options.clone());
            // The pool would retry until its timeout and report only that; this reports the cause at once.
            connectivity.connect(OPEN_TIMEOUT).await?;
            let pool = PgPoolOptions::new()
                .max_connections(POSTGRES_CONNECTIONS)
                // Longer than any caller's own timeout, so that callers decide how long to wait.
                .acquire_timeout(WRITE_TIMEOUT * 2)
                .after_connect(|connection, _| Box::pin(async move { connection.execute(JIT_OFF).await.map(|_| ()) }))
                .connect_lazy_with(options);
            let (connectivity, writers) = (Arc::new(connectivity), Arc::new(Semaphore::new(POSTGRES_WRITERS)));
            return Ok(Self::Postgres { pool, connectivity, writers, changes: Changes::new(), checked });
        }
        let options = SqliteConnectOptions::from_str(url)?
            .create_if_missing(create)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(match synchronous {
                Synchronous::Normal => SqliteSynchronous::Normal,
                Synchronous::Full => SqliteSynchronous::Full,
            })
            .busy_timeout(ACQUIRE_TIMEOUT)
            .row_buffer_size(256)
            .statement_cache_capacity(256)
            .pragma("cache_size", "-16000")
            .pragma("mmap_size", "268435456");
        // A transaction keeps its connection to the end, so waiting writers queue here.
        let writer = SqlitePool::open(options.clone(), 1, WRITE_TIMEOUT).await?;
        // The writer is opened first: it creates the file, which a connection that only reads cannot do.
        let readers =
            SqlitePool::open(options.read_only(true).create_if_missing(false), SQLITE_READERS, ACQUIRE_TIMEOUT).await?;
        Ok(Self::Sqlite { writer, readers, changes: Changes::new(), checked })
    }

    /// Brings the tables up to date. Two nodes that start at once are safe: on PostgreSQL the migrator takes a lock, and
    /// SQLite has one writer. A database of a newer program is refused.
    ///
    /// # Errors
    /// A migration failed, was changed after it ran, or is unknown to this program.
    pub async fn migrate(&self) -> std::result::Result<(), sqlx::migrate::MigrateError> {
        match self {
            Self::Sqlite { writer, .. } => {
                let mut lent = writer.acquire().await?;
                MIGRATIONS.run(lent.connection()?).await?;
            }
            Self::Postgres { pool, .. } => {
                MIGRATIONS.run(pool).await?;
                compare_by_bytes(pool).await.map_err(sqlx::migrate::MigrateError::from)?;
            }
        }
        Ok(())
    }

    /// Whether every migration of this program has run.
    ///
    /// # Errors
    /// The database cannot be reached, or was never migrated.
    pub async fn is_current(&self) -> Result<bool> {
        #[derive(FromRow)]
        struct Latest {
            version: i64,
        }
        let mut tx = self.read().await?;
        let latest: Option<Latest> = tx
            .sql("SELECT CAST(COALESCE(MAX(version), 0) AS BIGINT) AS version FROM _sqlx_migrations WHERE success = $1")
            .bind(true)
            .optional()
            .await?;
        Ok(latest.map(|row| row.version) == MIGRATIONS.iter().map(|migration| migration.version).max())
    }

    /// A connection to read with. In the middle of [`Db::together`] it reads what was changed there so far.
    ///
    /// # Errors
    /// The database cannot be reached.
    pub async fn read(&self) -> Result<Tx> {
        if let Some(held) = together::held(self.is_sqlite()) {
            return Ok(held);
        }
        Ok(match self {
            Self::Sqlite { readers, .. } => {
                Tx::Sqlite(readers.acquire().await.map_err(|error| queued(error, ACQUIRE_TIMEOUT))?)
            }
            Self::Postgres { pool, connectivity, .. } => {
                Tx::PostgresRead(connectivity.reached(pool.acquire(), ACQUIRE_TIMEOUT).await?)
            }
        })
    }

    /// Runs `work` in one transaction: all of it happens, or none. On PostgreSQL the transaction is serializable, and
    /// both databases try `work` again when another transaction was in the way; so `work` loads its facts inside, and
    /// does nothing that is not in the database.
    ///
    /// On PostgreSQL a serializable transaction that takes seconds conflicts with every write beside it: a transfer of 100,000 things
    /// would never commit. So a long write is tried again alone: other changes of resources wait for it, as they do on SQLite. And
    /// where very many write to the same rows, luck would decide who gets through. So a write that failed a few times waits for a
    /// turn in which nobody else writes at all. Turns come in the order in which they were asked for.
    ///
    /// In the middle of [`Db::together`] it is a part of that transaction.
    ///
    /// # Errors
    /// The errors of `work` and of the database; `Busy` if other transactions were in the way for too long.
    pub async fn write<'env, T, E, F>(&self, work: F) -> std::result::Result<T, E>
    where
        F: for<'t> FnMut(&'t mut Tx, Borrows<'t, 'env>) -> BoxFuture<'t, std::result::Result<T, E>> + Send,
        T: Send,
        E: From<DbError> + AsDbError + Send,
    {
        let mut work = Answering { work, borrows: PhantomData, answer: None };
        self.write_work(&mut work).await?;
        work.answer.unwrap_or_else(|| Err(DbError::Inconsistent("a write ended without an answer".to_owned()).into()))
    }

    /// [`Db::write`] without the types of its work, so that it is compiled once and not for each of the many writes. On the heap,
    /// because every use case has one of these in it, and some several.
    fn write_work<'a>(&'a self, work: &'a mut dyn Work) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            if let Some(unit) = together::current() {
                return unit.write(self, work).await;
            }
            let mut tries = WriteAttempts::new();
            loop {
                let needs_exclusive = match self.attempt(&mut tries, work).await {
                    Ok(Outcome::Contended { needs_exclusive }) => needs_exclusive,
                    // PostgreSQL may find out only at COMMIT, after the work succeeded, that another
                    // transaction was in the way.
                    Err(error) if error.is_contended() => error.needs_exclusive(),
                    ended => return ended.map(|_| ()),
                };
                tries.again(needs_exclusive).await?;
            }
        })
    }

    async fn attempt(&self, tries: &mut WriteAttempts, work: &mut dyn Work) -> Result<Outcome> {
        let mut tx = self.begin(tries).await?;
        tries.has_begun();
        let outcome = work.run(&mut tx).await;
        if !matches!(outcome, Outcome::Done) {
            roll_back(tx).await;
            return Ok(outcome);
        }
        // `COMMIT` counts as a statement for injected faults, too.
        if let Some(error) = fault::next() {
            roll_back(tx).await;
            return Err(error);
        }
        self.commit(tx).await.map(|()| outcome)
    }

    /// Does `work`, which may read and write as often as it likes, and then `last`: all their writes are one transaction. It is
    /// committed if `last` says so, and rolled back if not. `work` and `last` are done again where another transaction was in the
    /// way, and by then nothing of them has happened; so they do nothing outside the database that may not happen twice.
    ///
    /// What `work` hands to another task is not part of it.
    ///
    /// # Errors
    /// Whatever `last` answers, and what the database does: then nothing has happened.
    pub async fn together<T, E, W, Fut, L>(&self, mut work: W, last: L) -> std::result::Result<T, E>
    where
        W: FnMut() -> Fut + Send,
        Fut: Future<Output = T> + Send,
        T: Send + Sync,
        L: for<'t> Fn(&'t mut Tx, &'t T) -> BoxFuture<'t, std::result::Result<bool, E>> + Send + Sync,
        E: From<DbError> + AsDbError + Send,
    {
        let mut tries = WriteAttempts::new();
        loop {
            tries.has_begun();
            let unit = Arc::new(Unit::new(&tries));
            let done = together::during(unit.clone(), work()).await;
            match self.end_together(&unit, &done, &last).await {
                Ok(()) => return Ok(done),
                Err(error) if error.is_contended() => tries.again(error.needs_exclusive()).await?,
                Err(error) => return Err(error),
            }
        }
    }

    async fn end_together<T, E, L>(&self, unit: &Unit, done: &T, last: &L) -> std::result::Result<(), E>
    where
        L: for<'t> Fn(&'t mut Tx, &'t T) -> BoxFuture<'t, std::result::Result<bool, E>> + Send + Sync,
        E: From<DbError> + AsDbError + Send,
    {
        let mut tx = unit.take(self).await?;
        match struck(last(&mut tx, done).await) {
            Ok(true) => {
                fault::crash(fault::Moment::BeforeCommit);
                self.commit(tx).await?;
                fault::crash(fault::Moment::AfterCommit);
                Ok(())
            }
            answer => {
                roll_back(tx).await;
                answer.map(|_| ())
            }
        }
    }

    /// Begins a transaction that writes.
    pub(super) async fn begin(&self, tries: &WriteAttempts) -> Result<Tx> {
        match self {
            Self::Sqlite { writer, .. } => {
                let mut lent = writer.acquire().await.map_err(|error| queued(error, WRITE_TIMEOUT))?;
                lent.begin().await?;
                Ok(Tx::Sqlite(lent))
            }
            Self::Postgres { pool, connectivity, writers, .. } => {
                let left = tries.left();
                let turn = match tokio::time::timeout(left, writers.clone().acquire_owned()).await {
                    Ok(Ok(turn)) => turn,
                    Ok(Err(_)) => return Err(sqlx::Error::PoolClosed.into()),
                    Err(_) => return Err(DbError::Busy(WRITE_TIMEOUT.as_secs())),
                };
                // A serializable transaction takes its snapshot at its first query, and LOCK is none: it sees everything that was
                // committed before it got the lock. Table locks are granted in the order of the requests, so nobody overtakes a
                // write that waits for its turn.
                let locks = match tries.how {
                    WriteMode::Beside => "LOCK TABLE write_lock IN ROW SHARE MODE",
                    WriteMode::Alone => {
                        "LOCK TABLE write_lock IN ROW SHARE MODE; LOCK TABLE resource IN SHARE ROW EXCLUSIVE MODE"
                    }
                    WriteMode::InTurn => "LOCK TABLE write_lock IN EXCLUSIVE MODE",
                };
                // PostgreSQL takes a lock_timeout of 0 for "no timeout".
                let left = tries.left().max(Duration::from_millis(1));
                let first = format!("SET LOCAL lock_timeout = {}; {locks}", left.as_millis());
                // The transaction is begun by itself. SQLx rolls back only what it knows to have begun: a lock that does not come in
                // the same statement would leave a connection in the pool whose transaction has failed, for whoever takes it next.
                let begun = async {
                    let mut transaction = pool.begin_with("BEGIN ISOLATION LEVEL SERIALIZABLE").await?;
                    // The text holds nothing but numbers and literals, so nobody can inject anything.
                    sqlx::raw_sql(AssertSqlSafe(first)).execute(&mut *transaction).await?;
                    Ok(transaction)
                };
                let transaction = connectivity.reached(begun, left).await?;
                let alone = tries.how != WriteMode::Beside;
                Ok(Tx::PostgresWrite(Box::new(Writing {
                    transaction,
                    touched: Touched::default(),
                    alone,
                    _turn: turn,
                })))
            }
        }
    }

    /// Commits, and publishes what changed to everyone who has it open.
    pub(super) async fn commit(&self, tx: Tx) -> Result<()> {
        match tx {
            Tx::Sqlite(mut lent) => {
                lent.end("COMMIT").await?;
                if let (Some(change), Self::Sqlite { changes, .. }) = (lent.touched.take(), self) {
                    changes.publish(change);
                }
            }
            Tx::PostgresWrite(mut writing) => {
                if let Some(change) = writing.touched.take() {
                    notify(&mut writing.transaction, &change).await?;
                }
                writing.transaction.commit().await.map_err(DbError::from)?;
            }
            Tx::PostgresRead(_) | Tx::Held(_) => {}
        }
        Ok(())
    }

    /// Writes something to see whether that is possible, because a full or read-only database still answers reads. It writes at
    /// most once a second, however often it is called.
    ///
    /// # Errors
    /// Nothing can be written now.
    pub async fn check_writable(&self, id: uuid::Uuid, at: i64) -> Result<()> {
        let (Self::Sqlite { checked, .. } | Self::Postgres { checked, .. }) = self;
        // One caller checks; the others wait for its result.
        let mut checked = checked.lock().await;
        if checked.is_some_and(|good| good.elapsed() < CHECK_VALID_FOR) {
            return Ok(());
        }
        let tries = WriteAttempts::until(Instant::now() + CHECK_TIMEOUT);
        // On SQLite `begin` waits a minute for the writer, whatever `tries` says, so the timeout is around it as well.
        let written = match tokio::time::timeout(CHECK_TIMEOUT, self.begin(&tries)).await {
            Ok(Ok(mut tx)) => match health::replace(&mut tx, id, at).await {
                Ok(()) => self.commit(tx).await,
                Err(error) => {
                    roll_back(tx).await;
                    Err(error)
                }
            },
            Ok(Err(error)) => Err(error),
            Err(_) => Err(DbError::Busy(0)),
        };
        let written = match (written, self) {
            // Waiting behind other writers means that the database can be written, if it can be reached.
            (Err(DbError::Busy(_) | DbError::Contended), Self::Postgres { connectivity, .. }) => {
                connectivity.check().await
            }
            (Err(DbError::Busy(_) | DbError::Contended), Self::Sqlite { .. }) => Ok(()),
            (written, _) => written,
        };
        *checked = written.is_ok().then(Instant::now);
        written
    }

    /// Copies a SQLite database into a new file, as it is at one moment, while others write; `false` where this is PostgreSQL, which
    /// has a program for it.
    ///
    /// # Errors
    /// The file cannot be written.
    pub async fn copy_into(&self, file: &str) -> Result<bool> {
        let Self::Sqlite { readers, .. } = self else { return Ok(false) };
        let mut lent = readers.acquire().await.map_err(|error| queued(error, ACQUIRE_TIMEOUT))?;
        let copied = sqlx::query("VACUUM INTO $1").bind(file.to_owned()).execute(lent.connection()?).await;
        lent.checked(copied).map(|_| true)
    }

    /// Has PostgreSQL count what there is, after much of it was made at once: its plans are guesses until it has. It does so by
    /// itself within minutes.
    pub async fn analyze(&self) -> Result<()> {
        if let Self::Postgres { pool, .. } = self {
            pool.execute("ANALYZE").await?;
        }
        Ok(())
    }

    /// Closes every connection; on SQLite the write-ahead log is folded into the file.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers, .. } => {
                // The readers close first: a checkpoint cannot truncate a log that somebody still reads.
                readers.close().await;
                if let Ok(mut lent) = writer.acquire().await
                    && let Ok(connection) = lent.connection()
                {
                    // A checkpoint that does not happen now happens at the next start.
                    let _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").await;
                }
                writer.close().await;
            }
            Self::Postgres { pool, .. } => pool.close().await,
        }
    }

    /// Hears what changes from now on: on PostgreSQL on every node, on SQLite in this program.
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        match self {
            Self::Sqlite { changes, .. } => changes.hear(),
            Self::Postgres { pool, changes, .. } => changes.hear_all(pool),
        }
    }

    /// Whether this is SQLite: the few places that measure or check the file itself ask.
    pub const fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite { .. })
    }
}

/// How a write is begun.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum WriteMode {
    /// Beside others.
    Beside,
    /// While nobody else changes resources.
    Alone,
    /// While nobody else writes.
    InTurn,
}

/// How often a write was tried, and how it is tried next.
#[derive(Clone, Debug)]
pub(super) struct WriteAttempts {
    until: Instant,
    begun: Instant,
    failed: u32,
    how: WriteMode,
}

impl WriteAttempts {
    fn new() -> Self {
        Self::until(Instant::now() + WRITE_TIMEOUT)
    }

    fn until(until: Instant) -> Self {
        Self { until, begun: Instant::now(), failed: 0, how: WriteMode::Beside }
    }

    /// How much time is left.
    fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// The transaction has begun: waiting for it is no work.
    fn has_begun(&mut self) {
        self.begun = Instant::now();
    }

    /// Something was in the way: says how to go on, and waits a moment.
    async fn again(&mut self, needs_exclusive: bool) -> Result<()> {
        if self.left().is_zero() {
            return Err(DbError::Busy(WRITE_TIMEOUT.as_secs()));
        }
        self.failed += 1;
        match self.how {
            WriteMode::Beside if needs_exclusive || self.begun.elapsed() >= EXCLUSIVE_AFTER => {
                (self.how, self.failed) = (WriteMode::Alone, 0);
            }
            _ if self.failed >= MAX_CONCURRENT_ATTEMPTS => self.how = WriteMode::InTurn,
            _ => {}
        }
        // A write that is to have its turn waits for the lock itself, and a pause would only put it further
        // back in that queue.
        if self.how != WriteMode::InTurn {
            let longest = 2_u64 << self.failed;
            tokio::time::sleep(Duration::from_millis(rand::random_range(1..=longest))).await;
        }
        Ok(())
    }
}

/// `COMMIT` counts as a statement for injected faults, too.
pub(super) fn struck<T, E: From<DbError>>(answer: std::result::Result<T, E>) -> std::result::Result<T, E> {
    match answer {
        Ok(done) => fault::next().map_or(Ok(done), |error| Err(error.into())),
        refused => refused,
    }
}

/// Rolls back. If that fails, closing the connection rolls back as well, so the error is dropped: the caller already has the
/// one that matters.
pub(super) async fn roll_back(tx: Tx) {
    match tx {
        Tx::Sqlite(mut lent) => drop(lent.end("ROLLBACK").await),
        Tx::PostgresWrite(writing) => drop(writing.transaction.rollback().await),
        Tx::PostgresRead(_) | Tx::Held(_) => {}
    }
}

/// A timeout of the pool means that others had all connections.
fn queued(error: sqlx::Error, timeout: Duration) -> DbError {
    match error {
        sqlx::Error::PoolTimedOut => DbError::Busy(timeout.as_secs()),
        error => error.into(),
    }
}

/// Makes PostgreSQL notify every node of the change when the transaction commits.
async fn notify(transaction: &mut Transaction<'static, Postgres>, change: &Change) -> Result<()> {
    for text in change.text() {
        sqlx::query("SELECT pg_notify($1, $2)").bind(CHANNEL).bind(text).execute(&mut **transaction).await?;
    }
    Ok(())
}

/// Columns that are sorted or searched by range. PostgreSQL must compare them byte by byte, as SQLite does.
const ORDERED: [(&str, &str); 15] = [
    ("resource", "name_key"),
    ("resource", "name_unique"),
    ("resource_word", "word"),
    ("resource", "owner_name_key"),
    ("organization", "org_id_key"),
    ("org_alias", "org_id_key"),
    ("account", "handle_key"),
    ("membership", "name_key"),
    ("membership", "email_key"),
    ("membership", "organization_name_key"),
    ("invitation", "name_key"),
    ("invitation", "email_key"),
    ("person", "name_key"),
    ("dataset_file", "path_key"),
    ("dataset_file", "path_sort"),
];

/// Gives PostgreSQL's ordered columns the collation "C". The migrations cannot say it: SQLite knows no such collation.
/// Safe to repeat, and by two nodes at once.
async fn compare_by_bytes(pool: &Pool<Postgres>) -> std::result::Result<(), sqlx::Error> {
    let mut transaction = pool.begin().await?;
    // The number is arbitrary. It only has to be the same on every node.
    transaction.execute("SELECT pg_advisory_xact_lock(47112026)").await?;
    for (table, column) in ORDERED {
        let done: Option<(Option<String>,)> = sqlx::query_as(
            "SELECT collation_name::TEXT FROM information_schema.columns
             WHERE table_schema = current_schema() AND table_name = $1 AND column_name = $2",
        )
        .bind(table)
        .bind(column)
        .fetch_optional(&mut *transaction)
        .await?;
        // Changing the collation rebuilds the indexes of the column under an exclusive lock, so it is done once.
        if done.is_some_and(|(collation,)| collation.as_deref() != Some("C")) {
            let sql = format!("ALTER TABLE {table} ALTER COLUMN {column} TYPE TEXT COLLATE \"C\"");
            transaction.execute(AssertSqlSafe(sql)).await?;
        }
    }
    transaction.commit().await
}

/// A pool of SQLite connections. Unlike sqlx's own it does not ping a connection before lending it or after: a local file does not
/// go away, and every statement costs two switches between threads.
#[derive(Clone, Debug)]
pub struct SqlitePool(Arc<PoolInner>);

#[derive(Debug)]
struct PoolInner {
    options: SqliteConnectOptions,
    idle: Mutex<Vec<SqliteConnection>>,
    /// One permit for each connection that may be open.
    free: Arc<Semaphore>,
    max_size: usize,
    timeout: Duration,
}

impl PoolInner {
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<SqliteConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SqlitePool {
    async fn open(
        options: SqliteConnectOptions,
        max_size: usize,
        timeout: Duration,
    ) -> std::result::Result<Self, sqlx::Error> {
        let first = SqliteConnection::connect_with(&options).await?;
        let (idle, free) = (Mutex::new(vec![first]), Arc::new(Semaphore::new(max_size)));
        Ok(Self(Arc::new(PoolInner { options, idle, free, max_size, timeout })))
    }

    async fn acquire(&self) -> std::result::Result<PooledConnection, sqlx::Error> {
        let turns = &self.0;
        let turn = match turns.free.clone().try_acquire_owned() {
            Ok(turn) => turn,
            Err(TryAcquireError::Closed) => return Err(sqlx::Error::PoolClosed),
            Err(TryAcquireError::NoPermits) => tokio::time::timeout(turns.timeout, turns.free.clone().acquire_owned())
                .await
                .map_err(|_| sqlx::Error::PoolTimedOut)?
                .map_err(|_| sqlx::Error::PoolClosed)?,
        };
        let idle = turns.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => SqliteConnection::connect_with(&turns.options).await?,
        };
        let touched = Touched::default();
        Ok(PooledConnection {
            connection: Some(connection),
            changing: false,
            touched,
            turns: turns.clone(),
            _turn: turn,
        })
    }

    /// Waits until every connection has come back, and closes them.
    async fn close(&self) {
        // An error means that it is closed already.
        let _ = self.0.free.acquire_many(u32::try_from(self.0.max_size).unwrap_or(u32::MAX)).await;
        self.0.free.close();
        let idle = std::mem::take(&mut *self.0.idle());
        for connection in idle {
            // A connection that reports an error on closing is closed all the same.
            let _ = connection.close().await;
        }
    }
}

/// A SQLite connection whose turn it is.
#[derive(Debug)]
pub struct PooledConnection {
    connection: Option<SqliteConnection>,
    /// In the middle of a transaction.
    changing: bool,
    /// What the transaction changed.
    touched: Touched,
    turns: Arc<PoolInner>,
    _turn: OwnedSemaphorePermit,
}

impl PooledConnection {
    fn connection(&mut self) -> std::result::Result<&mut SqliteConnection, sqlx::Error> {
        self.connection.as_mut().ok_or(sqlx::Error::WorkerCrashed)
    }

    /// Passes a result on, and drops a connection that is of no more use: its thread has ended, or it met an I/O error,
    /// found the file read-only or could not open it. SQLite opens a file that it may not write as read-only, and never
    /// looks again whether it may by now.
    fn checked<T>(&mut self, answer: std::result::Result<T, sqlx::Error>) -> Result<T> {
        let spoilt = match &answer {
            Err(sqlx::Error::WorkerCrashed) => true,
            Err(sqlx::Error::Database(told)) => {
                let code = told.code().and_then(|code| code.parse::<u32>().ok()).unwrap_or_default();
                matches!(code & 0xff, 8 | 10 | 14)
            }
            _ => false,
        };
        if spoilt {
            self.connection = None;
        }
        answer.map_err(Into::into)
    }

    /// A statement without values.
    pub(super) async fn simple(&mut self, sql: &'static str) -> Result<()> {
        let done = sqlx::query(sql).execute(self.connection()?).await;
        self.checked(done).map(|_| ())
    }

    async fn begin(&mut self) -> Result<()> {
        // Set before BEGIN runs: if this future is dropped meanwhile, `Drop` must close the connection instead
        // of returning it.
        self.changing = true;
        let begun = sqlx::query("BEGIN IMMEDIATE").execute(self.connection()?).await;
        self.changing = begun.is_ok();
        self.checked(begun).map(|_| ())
    }

    /// Ends the transaction, with `COMMIT` or `ROLLBACK`.
    async fn end(&mut self, how: &'static str) -> Result<()> {
        let ended = sqlx::query(how).execute(self.connection()?).await;
        // After a failed COMMIT or ROLLBACK the transaction may still be open. `Drop` then closes the connection.
        self.changing = ended.is_err();
        self.checked(ended).map(|_| ())
    }
}

impl Drop for PooledConnection {
    /// A connection left in the middle of a transaction, because the request was cancelled, is closed instead of returned:
    /// closing rolls the transaction back.
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take().filter(|_| !self.changing) {
            self.turns.idle().push(connection);
        }
    }
}

/// An error that may stand for a contended transaction, so that [`Db::write`] tries again.
pub trait AsDbError {
    /// Whether trying again can help.
    fn is_contended(&self) -> bool;

    /// Whether it has to be tried again alone ([`Tx::require_exclusive`]).
    fn needs_exclusive(&self) -> bool;
}

impl AsDbError for DbError {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Contended | Self::NeedsExclusive)
    }

    fn needs_exclusive(&self) -> bool {
        matches!(self, Self::NeedsExclusive)
    }
}

/// A connection, to read with or in the middle of a write.
#[derive(Debug)]
pub enum Tx {
    /// SQLite.
    Sqlite(PooledConnection),
    /// Reads from PostgreSQL.
    PostgresRead(PoolConnection<Postgres>),
    /// Writes to PostgreSQL.
    PostgresWrite(Box<Writing>),
    /// Reads in the middle of [`Db::together`] what was written there.
    Held(together::SharedTransaction),
}

/// A transaction that writes to PostgreSQL.
#[derive(Debug)]
pub struct Writing {
    pub(super) transaction: Transaction<'static, Postgres>,
    touched: Touched,
    /// Nobody else changes resources meanwhile.
    alone: bool,
    _turn: OwnedSemaphorePermit,
}

impl Tx {
    /// For a write that turns out to be long: starts it again with nobody else changing resources, unless that is so already
    /// ([`Db::write`]). Call it before anything is written. On SQLite a writer is always alone.
    ///
    /// # Errors
    /// `NeedsExclusive`, for [`Db::write`] alone.
    pub fn require_exclusive(&self) -> Result<()> {
        match self {
            Self::PostgresWrite(writing) if !writing.alone => Err(DbError::NeedsExclusive),
            _ => Ok(()),
        }
    }

    /// A statement. `$1`, `$2`, … are bound in order.
    pub fn sql(&mut self, sql: &'static str) -> Statement<'_> {
        self.statement(SqlStr::from_static(sql))
    }

    /// A statement about a list of ids, or of other values: `{ids}` stands for their placeholders, which come *first* (`$1` on), so that
    /// the statement's own start behind them and are written `{1}`, `{2}`, …
    ///
    /// The list is padded to a power of two by repeating its last id, so that few different statements are prepared; on SQLite a
    /// long one is one value.
    /// The list must not be empty, because SQL has no empty list.
    pub fn sql_list<T: ListValue>(&mut self, sql: &'static str, ids: &[T]) -> Statement<'_> {
        let as_json = self.is_sqlite() && ids.len() > MAX_BOUND_VALUES;
        let bound = if as_json { 1 } else { ids.len().next_power_of_two() };
        let list = if as_json {
            T::FROM_JSON.to_owned()
        } else {
            (1..=bound).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ")
        };
        let statement = self.statement_behind(sql.replace("{ids}", &list), bound);
        if as_json {
            let values = ids.iter().map(ListValue::json).collect();
            return statement.bind(serde_json::Value::Array(values).to_string());
        }
        (0..bound).fold(statement, |statement, n| statement.bind(ids[n.min(ids.len() - 1)].clone()))
    }

    /// A statement about a list of rows: `{rows:3}` stands for the placeholders of rows of three values, which come *first*
    /// (`$1` on) and are bound by `bind`, so that the statement's own start behind them and are written `{1}`, `{2}`, …
    ///
    /// The list is padded to a power of two by repeating its last row: the statement has to mean the same with a row twice.
    pub fn sql_rows<'t, R>(
        &'t mut self,
        sql: &'static str,
        rows: &[R],
        bind: impl Fn(Statement<'t>, &R) -> Statement<'t>,
    ) -> Statement<'t> {
        let after = sql.split("{rows:").nth(1).unwrap_or_default();
        let width: usize = after.split('}').next().and_then(|width| width.parse().ok()).unwrap_or(0);
        let padded = rows.len().next_power_of_two();
        let placeholders = (0..padded)
            .map(|row| (1..=width).map(|n| format!("${}", row * width + n)).collect::<Vec<_>>().join(", "))
            .map(|row| format!("({row})"))
            .collect::<Vec<_>>()
            .join(", ");
        let text = sql.replace(&format!("{{rows:{width}}}"), &placeholders);
        let mut statement = self.statement_behind(text, padded * width);
        for n in 0..padded {
            if let Some(row) = rows.get(n).or_else(|| rows.last()) {
                statement = bind(statement, row);
            }
        }
        statement
    }

    /// A statement that begins with so many placeholders of a list; its own, `{1}` and so on, are numbered behind them.
    fn statement_behind(&mut self, mut sql: String, bound: usize) -> Statement<'_> {
        for n in 1..=9 {
            sql = sql.replace(&format!("{{{n}}}"), &format!("${}", bound + n));
        }
        // The text is the program's own with nothing but placeholders put in, so nobody can inject anything.
        self.statement(sqlx::SqlSafeStr::into_sql_str(AssertSqlSafe(sql)))
    }

    fn statement(&mut self, sql: SqlStr) -> Statement<'_> {
        let error = if self.touched().is_some() { fault::next() } else { None };
        let (on, args) = match self {
            Self::Sqlite(lent) => (On::Sqlite(lent), Args::Sqlite(SqliteArguments::default())),
            Self::PostgresRead(connection) => (On::Postgres(connection), Args::Postgres(PgArguments::default())),
            Self::PostgresWrite(writing) => {
                (On::Postgres(&mut writing.transaction), Args::Postgres(PgArguments::default()))
            }
            Self::Held(held) if held.is_sqlite() => (On::Held(held.clone()), Args::Sqlite(SqliteArguments::default())),
            Self::Held(held) => (On::Held(held.clone()), Args::Postgres(PgArguments::default())),
        };
        Statement { sql, on, args, bound: 0, error }
    }

    /// A statement without values, in the middle of a transaction.
    pub(super) async fn simple(&mut self, sql: &'static str) -> Result<()> {
        match self {
            Self::Sqlite(lent) => lent.simple(sql).await,
            Self::PostgresWrite(writing) => Ok(writing.transaction.execute(sql).await.map(|_| ())?),
            Self::PostgresRead(_) | Self::Held(_) => Ok(()),
        }
    }

    /// Where changes are noted; `None` outside a write.
    pub(super) fn touched(&mut self) -> Option<&mut Touched> {
        match self {
            Self::Sqlite(lent) => lent.changing.then_some(&mut lent.touched),
            Self::PostgresRead(_) | Self::Held(_) => None,
            Self::PostgresWrite(writing) => Some(&mut writing.touched),
        }
    }

    /// Whether long values of a list go as one value.
    const fn is_sqlite(&self) -> bool {
        match self {
            Self::Sqlite(_) => true,
            Self::Held(held) => held.is_sqlite(),
            Self::PostgresRead(_) | Self::PostgresWrite(_) => false,
        }
    }
}

/// What came of the work of a write.
#[derive(Clone, Copy)]
pub(super) enum Outcome {
    /// It is to be committed.
    Done,
    /// It is to be rolled back.
    Refused,
    /// Another transaction was in the way.
    Contended {
        /// It has to be tried again alone.
        needs_exclusive: bool,
    },
}

/// The work of a write, without its types. It keeps its answer.
pub(super) trait Work: Send {
    /// Does it once.
    fn run<'t>(&'t mut self, tx: &'t mut Tx) -> BoxFuture<'t, Outcome>;
}

/// The work of a write with the answer that it gave last.
struct Answering<'env, F, T, E> {
    work: F,
    borrows: PhantomData<&'env ()>,
    answer: Option<std::result::Result<T, E>>,
}

impl<'env, F, T, E> Work for Answering<'env, F, T, E>
where
    F: for<'t> FnMut(&'t mut Tx, Borrows<'t, 'env>) -> BoxFuture<'t, std::result::Result<T, E>> + Send,
    T: Send,
    E: AsDbError + Send,
{
    fn run<'t>(&'t mut self, tx: &'t mut Tx) -> BoxFuture<'t, Outcome> {
        keep_answer((self.work)(tx, []), &mut self.answer)
    }
}

fn keep_answer<'t, T, E>(
    work: BoxFuture<'t, std::result::Result<T, E>>,
    kept: &'t mut Option<std::result::Result<T, E>>,
) -> BoxFuture<'t, Outcome>
where
    T: Send,
    E: AsDbError + Send,
{
    Box::pin(async move {
        match kept.insert(work.await) {
            Ok(_) => Outcome::Done,
            Err(error) if error.is_contended() => Outcome::Contended { needs_exclusive: error.needs_exclusive() },
            Err(_) => Outcome::Refused,
        }
    })
}

/// What a statement runs on.
enum On<'t> {
    Sqlite(&'t mut PooledConnection),
    Postgres(&'t mut PgConnection),
    Held(together::SharedTransaction),
}

enum Args {
    Sqlite(SqliteArguments),
    Postgres(PgArguments),
}

/// Which rows of a statement are wanted.
#[derive(Clone, Copy)]
enum Fetch {
    /// That it runs.
    Nothing,
    /// Its first row.
    First,
    /// All its rows.
    All,
}

/// A row of either database.
enum Row<'r> {
    Sqlite(&'r SqliteRow),
    Postgres(&'r PgRow),
}

impl Row<'_> {
    fn read<T: Record>(self) -> std::result::Result<T, sqlx::Error> {
        match self {
            Self::Sqlite(row) => T::from_row(row),
            Self::Postgres(row) => T::from_row(row),
        }
    }
}

/// Takes the rows of a statement as they come.
type TakeRow<'a> = &'a mut (dyn FnMut(Row<'_>) -> std::result::Result<(), sqlx::Error> + Send);

/// Runs a statement on a connection of `$driver`; the number of rows it changed.
macro_rules! run {
    ($driver:ident, $connection:expr, $sql:expr, $values:expr, $fetch:expr, $take:expr) => {{
        let query = sqlx::query_with::<$driver, _>($sql, $values);
        match $fetch {
            Fetch::Nothing => query.execute($connection).await.map(|done| done.rows_affected()),
            Fetch::First => match query.fetch_optional($connection).await {
                Ok(Some(row)) => $take(Row::$driver(&row)).map(|()| 0),
                Ok(None) => Ok(0),
                Err(error) => Err(error),
            },
            Fetch::All => {
                let mut rows = query.fetch($connection);
                loop {
                    match rows.try_next().await {
                        Ok(Some(row)) => match $take(Row::$driver(&row)) {
                            Ok(()) => {}
                            Err(error) => break Err(error),
                        },
                        Ok(None) => break Ok(0),
                        Err(error) => break Err(error),
                    }
                }
            }
        }
    }};
}

/// A statement with what is bound to it so far.
pub struct Statement<'t> {
    sql: SqlStr,
    on: On<'t>,
    args: Args,
    bound: usize,
    error: Option<DbError>,
}

impl Statement<'_> {
    /// Binds the next value.
    #[must_use]
    pub fn bind(mut self, value: impl Bind) -> Self {
        use sqlx::Arguments;
        let added = match &mut self.args {
            Args::Sqlite(arguments) => arguments.add(value),
            Args::Postgres(arguments) => arguments.add(value),
        };
        if let Err(error) = added {
            self.error = Some(sqlx::Error::Encode(error).into());
        }
        self.bound += 1;
        self
    }

    /// A value that was not bound would be NULL on SQLite and an error on PostgreSQL, so debug builds count them.
    fn check(&mut self) -> Result<()> {
        #[cfg(debug_assertions)]
        {
            let text = self.sql.as_str();
            let highest = text
                .split('$')
                .skip(1)
                .filter_map(|rest| {
                    rest.split(|c: char| !c.is_ascii_digit()).next().and_then(|n| n.parse::<usize>().ok())
                })
                .max()
                .unwrap_or(0);
            debug_assert_eq!(highest, self.bound, "placeholders and values differ: {text}");
        }
        self.error.take().map_or(Ok(()), Err)
    }

    /// Runs the statement on its connection. This is not generic over the type of the rows, so that it is compiled once and only the
    /// small callers once per type. Generic futures here used to be most of the program.
    fn run<'a>(mut self, fetch: Fetch, take: TakeRow<'a>) -> BoxFuture<'a, Result<u64>>
    where
        Self: 'a,
    {
        Box::pin(async move {
            self.check()?;
            let Statement { sql, on, args, .. } = self;
            match (on, args) {
                (On::Sqlite(lent), Args::Sqlite(values)) => run_on_sqlite(lent, sql, values, fetch, take).await,
                (On::Postgres(connection), Args::Postgres(values)) => {
                    run_on_postgres(connection, sql, values, fetch, take).await
                }
                (On::Held(held), args) => match (&mut *held.lock().await, args) {
                    (Some(Tx::Sqlite(lent)), Args::Sqlite(values)) => {
                        run_on_sqlite(lent, sql, values, fetch, take).await
                    }
                    (Some(Tx::PostgresWrite(writing)), Args::Postgres(values)) => {
                        run_on_postgres(&mut writing.transaction, sql, values, fetch, take).await
                    }
                    _ => Err(DbError::Inconsistent("a transaction had ended before it was read in".to_owned())),
                },
                _ => Err(DbError::Inconsistent("a statement's values are another database's".to_owned())),
            }
        })
    }

    /// Runs it; the number of rows it changed.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn execute(self) -> Result<u64> {
        self.run(Fetch::Nothing, &mut |_| Ok(())).await
    }

    /// Runs it; all its rows.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn all<T: Record>(self) -> Result<Vec<T>> {
        let mut found = Vec::new();
        self.run(Fetch::All, &mut |row| row.read().map(|row| found.push(row))).await?;
        Ok(found)
    }

    /// Runs it; its first row, if it has one.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn optional<T: Record>(self) -> Result<Option<T>> {
        let mut found = None;
        self.run(Fetch::First, &mut |row| row.read().map(|row| found = Some(row))).await?;
        Ok(found)
    }

    /// Runs it; its one row.
    ///
    /// # Errors
    /// See [`DbError`]; no row is a defect.
    pub async fn one<T: Record>(self) -> Result<T> {
        self.optional()
            .await?
            .ok_or_else(|| DbError::Inconsistent("a statement that always has a row had none".to_owned()))
    }

    /// Runs a statement that has one column; its values.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn column<T>(self) -> Result<Vec<T>>
    where
        (T,): Record,
    {
        Ok(self.all().await?.into_iter().map(|(value,)| value).collect())
    }

    /// Runs a statement that has one column and at most one row; its value.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn value<T>(self) -> Result<Option<T>>
    where
        (T,): Record,
    {
        Ok(self.optional().await?.map(|(value,)| value))
    }

    /// Runs a statement that counts.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn count(self) -> Result<u64> {
        self.number().await.map(|count| u64::try_from(count).unwrap_or(0))
    }

    /// Runs a statement whose one row is one number.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn number(self) -> Result<i64> {
        self.one::<(i64,)>().await.map(|(number,)| number)
    }
}

async fn run_on_sqlite(
    lent: &mut PooledConnection,
    sql: SqlStr,
    values: SqliteArguments,
    fetch: Fetch,
    take: TakeRow<'_>,
) -> Result<u64> {
    let done = run!(Sqlite, lent.connection()?, sql, values, fetch, take);
    lent.checked(done)
}

async fn run_on_postgres(
    connection: &mut PgConnection,
    sql: SqlStr,
    values: PgArguments,
    fetch: Fetch,
    take: TakeRow<'_>,
) -> Result<u64> {
    Ok(run!(Postgres, connection, sql, values, fetch, take)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn attack_53_what_failed_a_few_times_waits_for_its_turn_and_is_busy_after_the_deadline() {
        let mut tries = WriteAttempts::new();
        let mut ways = vec![tries.how];
        for _ in 0..MAX_CONCURRENT_ATTEMPTS {
            tries.has_begun();
            tries.again(false).await.expect("there is time");
            ways.push(tries.how);
        }
        assert_eq!(ways, [WriteMode::Beside, WriteMode::Beside, WriteMode::Beside, WriteMode::InTurn]);
        let mut tries = WriteAttempts::new();
        tries.again(true).await.expect("there is time");
        assert_eq!(tries.how, WriteMode::Alone);
        for _ in 0..MAX_CONCURRENT_ATTEMPTS {
            tries.again(true).await.expect("there is time");
        }
        assert_eq!(tries.how, WriteMode::InTurn, "nor is that a matter of luck");
        let mut late = WriteAttempts::until(Instant::now());
        let refused = late.again(false).await;
        assert!(matches!(refused, Err(DbError::Busy(60))), "{refused:?}");
    }
}
