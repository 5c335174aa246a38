//! Whether PostgreSQL can be reached, found out beside the pool. The pool retries until its timeout and then reports only the
//! timeout; this tells whoever waits for a connection at once why there is none.

use std::time::{Duration, Instant};

use sqlx::Connection;
use sqlx_postgres::{PgConnectOptions, PgConnection};
use tokio::sync::Mutex;

use super::{DbError, Result};

/// How long a caller waits before the server is checked, and how often it is checked from then on.
const FIRST_CHECK_AFTER: Duration = Duration::from_millis(250);
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// The timeout of a check. A server that is down refuses at once; a busy one takes a while to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the result of a check stays valid.
const RESULT_VALID_FOR: Duration = Duration::from_millis(500);

/// See the module.
#[derive(Debug)]
pub struct Connectivity {
    options: PgConnectOptions,
    /// When the last check was, and its error.
    last: Mutex<Option<(Instant, Option<String>)>>,
}

impl Connectivity {
    pub(super) fn new(options: PgConnectOptions) -> Self {
        Self { options, last: Mutex::new(None) }
    }

    /// A connection of its own, once.
    pub(super) async fn connect(&self, within: Duration) -> std::result::Result<(), sqlx::Error> {
        let connected = tokio::time::timeout(within, PgConnection::connect_with(&self.options)).await;
        let late =
            || std::io::Error::new(std::io::ErrorKind::TimedOut, format!("no answer within {} s", within.as_secs()));
        let connection = connected.map_err(|_| sqlx::Error::Io(late()))??;
        // The connection worked; errors on closing it do not matter.
        let _ = connection.close().await;
        Ok(())
    }

    /// Checks the server, unless that was just done.
    ///
    /// # Errors
    /// `Unavailable`, with the reason.
    pub(super) async fn check(&self) -> Result<()> {
        // One caller checks; the others wait for its result.
        let mut last = self.last.lock().await;
        let known = last.as_ref().filter(|(at, _)| at.elapsed() < RESULT_VALID_FOR).map(|(_, reason)| reason.clone());
        let reason = match known {
            Some(reason) => reason,
            None => {
                let reason = match self.connect(CONNECT_TIMEOUT).await {
                    Ok(()) => None,
                    // A server that refuses because of its connection limit is running.
                    Err(sqlx::Error::Database(told)) if told.code().as_deref() == Some("53300") => None,
                    Err(error) => Some(error.to_string()),
                };
                *last = Some((Instant::now(), reason.clone()));
                reason
            }
        };
        match reason {
            None => Ok(()),
            Some(reason) => Err(DbError::Unavailable(sqlx::Error::Io(std::io::Error::other(reason)))),
        }
    }

    /// Waits for a connection, for as long as the database can be reached at all.
    ///
    /// # Errors
    /// `Unavailable` as soon as it is known; `Busy` where others have all connections for too long.
    pub(super) async fn reached<T>(
        &self,
        asked: impl Future<Output = std::result::Result<T, sqlx::Error>>,
        patience: Duration,
    ) -> Result<T> {
        let watch = async {
            tokio::time::sleep(FIRST_CHECK_AFTER).await;
            loop {
                if let Err(error) = self.check().await {
                    return error;
                }
                tokio::time::sleep(CHECK_INTERVAL).await;
            }
        };
        tokio::select! {
            biased;
            answer = asked => answer.map_err(|error| match error {
                sqlx::Error::PoolTimedOut => DbError::Busy(patience.as_secs()),
                error => error.into(),
            }),
            error = watch => Err(error),
            () = tokio::time::sleep(patience) => Err(DbError::Busy(patience.as_secs())),
        }
    }
}
