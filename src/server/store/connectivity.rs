//! Whether PostgreSQL can be reached, found out beside the pool: that tries again and again, for as long as it may, and then
//! only says that it took too long. Whoever waits for a connection is told at once why there is none.

use std::time::{Duration, Instant};

use sqlx::Connection;
use sqlx_postgres::{PgConnectOptions, PgConnection};
use tokio::sync::Mutex;

use super::{DbError, Result};

/// After how long of waiting is looked, and how often from then on.
const FIRST_CHECK_AFTER: Duration = Duration::from_millis(250);
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// How long an answer is waited for. A server that is gone refuses at once; one that is busy takes a while to answer a newcomer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long an answer is believed.
const RESULT_VALID_FOR: Duration = Duration::from_millis(500);

/// See the module.
#[derive(Debug)]
pub struct Connectivity {
    options: PgConnectOptions,
    /// When was looked last, and what was in the way then.
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
        // It said what was asked.
        let _ = connection.close().await;
        Ok(())
    }

    /// Looks, unless somebody did just now.
    ///
    /// # Errors
    /// `Unavailable`, with the reason.
    pub(super) async fn check(&self) -> Result<()> {
        // One looks, and the others hear the answer.
        let mut last = self.last.lock().await;
        let known = last.as_ref().filter(|(at, _)| at.elapsed() < RESULT_VALID_FOR).map(|(_, reason)| reason.clone());
        let reason = match known {
            Some(reason) => reason,
            None => {
                let reason = match self.connect(CONNECT_TIMEOUT).await {
                    Ok(()) => None,
                    // Whoever refuses one connection more than there may be is there.
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
