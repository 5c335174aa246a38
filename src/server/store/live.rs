//! What changed, published to everyone who has it open: collected in a transaction, published when it commits.
//!
//! A change is noted where rows are written, by [`touch`] and its like, as ids of resources and of people. On one node a
//! channel carries them; on PostgreSQL they go through `NOTIFY` inside the transaction, so that they reach every node,
//! and only if the transaction commits. Nothing but ids is sent: each listener loads what changed, with its own permissions.
//!
//! # Invariants
//! - What is rolled back is not published.
//! - A notification too many is harmless, a missing one is not: where one may have been missed, `Change::Anything` is sent.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use sqlx::Pool;
use sqlx_postgres::{PgListener, Postgres};
use tokio::sync::broadcast;
use uuid::Uuid;

use super::{CHUNK, Result, Tx};
use crate::domain::id::{OrganizationId, PersonId, ResourceId};

/// The channel's name on PostgreSQL.
pub(super) const CHANNEL: &str = "commonhold_changes";
/// How many changes wait for a slow listener. One that falls further behind gets `Change::Anything`.
const WAITING: usize = 1_024;
/// A transaction with more ids than this publishes `Change::Anything`.
const IDS: usize = 400;
/// How many ids fit into one notification of PostgreSQL, which holds 8,000 bytes.
const IN_ONE: usize = 200;
/// The text of a notification that anything may have changed.
const ANYTHING: &str = "*";

/// What a transaction changed.
#[derive(Clone, Debug)]
pub enum Change {
    /// The ids of resources, of people whose access or tickets changed, and of organizations whose jobs changed.
    These(Arc<BTreeSet<Uuid>>),
    /// It is not known what: listeners load everything again.
    Anything,
}

impl Change {
    /// Whether it is about something.
    pub fn is_about(&self, id: Uuid) -> bool {
        match self {
            Self::These(ids) => ids.contains(&id),
            Self::Anything => true,
        }
    }

    /// As notifications carry it.
    pub(super) fn text(&self) -> Vec<String> {
        match self {
            Self::Anything => vec![ANYTHING.to_owned()],
            Self::These(ids) => {
                let ids: Vec<String> = ids.iter().map(|id| id.simple().to_string()).collect();
                ids.chunks(IN_ONE).map(|ids| ids.join(",")).collect()
            }
        }
    }

    fn read(text: &str) -> Self {
        let ids: Option<BTreeSet<Uuid>> = text.split(',').map(|id| id.parse().ok()).collect();
        ids.map_or(Self::Anything, |ids| Self::These(Arc::new(ids)))
    }
}

/// What was noted in a transaction so far.
#[derive(Debug, Default)]
pub struct Touched {
    ids: BTreeSet<Uuid>,
    too_many: bool,
}

impl Touched {
    fn note(&mut self, id: Uuid) {
        if !self.too_many {
            self.ids.insert(id);
            self.too_many = self.ids.len() > IDS;
        }
    }

    /// The change to publish, if there is one.
    pub(super) fn take(&mut self) -> Option<Change> {
        let touched = std::mem::take(self);
        match touched {
            Self { too_many: true, .. } => Some(Change::Anything),
            Self { ids, .. } if ids.is_empty() => None,
            Self { ids, .. } => Some(Change::These(Arc::new(ids))),
        }
    }
}

/// Where changes are published and heard, one for each opened database.
#[derive(Clone, Debug)]
pub struct Changes {
    sender: broadcast::Sender<Change>,
    listening: Arc<AtomicBool>,
}

impl Changes {
    pub(super) fn new() -> Self {
        Self { sender: broadcast::channel(WAITING).0, listening: Arc::new(AtomicBool::new(false)) }
    }

    /// Tells this node.
    pub(super) fn publish(&self, change: Change) {
        // Sending fails only if nobody listens.
        let _ = self.sender.send(change);
    }

    /// Hears what is published from now on.
    pub(super) fn hear(&self) -> broadcast::Receiver<Change> {
        self.sender.subscribe()
    }

    /// Hears what any node publishes from now on. The first who asks has the node listen.
    pub(super) fn hear_all(&self, pool: &Pool<Postgres>) -> broadcast::Receiver<Change> {
        let receiver = self.hear();
        if !self.listening.swap(true, Ordering::SeqCst) {
            tokio::spawn(listen(pool.clone(), self.clone()));
        }
        receiver
    }
}

/// Hands on what any node publishes, until the pool is closed.
async fn listen(pool: Pool<Postgres>, changes: Changes) {
    while !pool.is_closed() {
        if let Err(error) = listen_once(&pool, &changes).await
            && !pool.is_closed()
        {
            tracing::warn!(%error, "cannot receive changes from other nodes; trying again");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}

async fn listen_once(pool: &Pool<Postgres>, changes: &Changes) -> std::result::Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    // Changes from before listening began may have been missed.
    changes.publish(Change::Anything);
    loop {
        match listener.try_recv().await? {
            Some(told) => changes.publish(Change::read(told.payload())),
            // The connection was lost for a moment, so notifications may have been missed.
            None => changes.publish(Change::Anything),
        }
    }
}

/// Notes that items changed: everyone who has one of them or its container open is told when the transaction commits. Call it where
/// rows of resources or grants are written, and for a move both before and after it, because each container has its own readers.
pub async fn touch(tx: &mut Tx, items: &[ResourceId]) -> Result<()> {
    let Some(touched) = tx.touched() else { return Ok(()) };
    if items.len() > IDS {
        touched.too_many = true;
    }
    for item in items.iter().take(IDS) {
        touched.note(item.0);
    }
    if touched.too_many {
        return Ok(());
    }
    for chunk in items.chunks(CHUNK) {
        let parents: Vec<ResourceId> = tx
            .sql_list("SELECT parent_id FROM resource WHERE id IN ({ids}) AND parent_id IS NOT NULL", chunk)
            .column()
            .await?;
        for parent in parents {
            touch_container(tx, parent);
        }
    }
    Ok(())
}

/// Notes that what is in a container changed.
pub fn touch_container(tx: &mut Tx, container: ResourceId) {
    if let Some(touched) = tx.touched() {
        touched.note(container.0);
    }
}

/// Notes that what somebody may see changed, or a ticket of theirs.
pub fn touch_person(tx: &mut Tx, person: PersonId) {
    if let Some(touched) = tx.touched() {
        touched.note(person.0);
    }
}

/// Notes that a job of an organization changed: everyone there who looks at jobs is told.
pub fn touch_jobs(tx: &mut Tx, organization: OrganizationId) {
    if let Some(touched) = tx.touched() {
        touched.note(organization.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_read_as_they_are_written() {
        let ids: BTreeSet<Uuid> = (0..450).map(Uuid::from_u128).collect();
        let texts = Change::These(Arc::new(ids.clone())).text();
        assert_eq!(texts.len(), 3);
        assert!(texts.iter().all(|text| text.len() < 8_000));
        let read: Vec<Change> = texts.iter().map(|text| Change::read(text)).collect();
        assert!(ids.iter().all(|id| read.iter().any(|change| change.is_about(*id))));
        assert!(!read.iter().any(|change| change.is_about(Uuid::from_u128(1_000))));
        assert!(matches!(Change::read(&Change::Anything.text().concat()), Change::Anything));
        assert!(matches!(Change::read("nonsense"), Change::Anything));
    }

    #[test]
    fn many_changes_are_anything() {
        let mut touched = Touched::default();
        assert!(touched.take().is_none());
        for id in 0..=IDS {
            touched.note(Uuid::from_u128(id as u128));
        }
        assert!(matches!(touched.take(), Some(Change::Anything)));
        assert!(touched.take().is_none(), "told once");
    }
}
