//! What every use case is given: the database, the clock, ids and randomness, and how passwords are hashed.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicI64, Ordering},
};

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::domain::{
    id::{AccountId, JobId, KeyId, LeaseId, OrganizationId, PersonId},
    installation_policy::Policy,
    key::Scopes,
    plan::PlanTier,
    requester::Requester,
    seat::Holder,
    time::Timestamp,
    trial::Trial,
};

use super::{
    error::{Error, Result},
    files::Files,
    limit::RateLimiter,
    live::Live,
    password::Hasher,
    pictures::TileIndexes,
    secret::Secret,
    store::Db,
    task_progress::TaskRegistry,
};

/// The source of time. Tests move it by hand.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The clock of the machine.
    System,
    /// The time that a test set, in milliseconds since 1970. It moves by `step` with each reading, which is 0 for most tests.
    Test { millis: Arc<AtomicI64>, step: Arc<AtomicI64> },
}

/// What all use cases share. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Ctx(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    db: Db,
    clock: Clock,
    hasher: Hasher,
    limits: RateLimiter,
    public_url: String,
    mail_posted: tokio::sync::Notify,
    secret: Secret,
    live: Live,
    default_plan: OnceLock<PlanTier>,
    trial: OnceLock<Trial>,
    default_storage: OnceLock<i64>,
    policy: OnceLock<Policy>,
    credits_came: tokio::sync::Notify,
    jobs_queued: tokio::sync::Notify,
    operator_mail: OnceLock<String>,
    tasks: TaskRegistry,
    files: OnceLock<Files>,
    tile_indexes: TileIndexes,
}

impl Ctx {
    /// A context over an open database. Links in mail begin with `public_url`, which has no slash at its end.
    pub fn new(db: Db, clock: Clock, hasher: Hasher, limits: RateLimiter, public_url: &str) -> Self {
        Self::with_secret(db, clock, hasher, limits, public_url, Secret::random())
    }

    /// A context with the secret of its installation.
    pub fn with_secret(
        db: Db,
        clock: Clock,
        hasher: Hasher,
        limits: RateLimiter,
        public_url: &str,
        secret: Secret,
    ) -> Self {
        let (public_url, mail_posted) = (public_url.to_owned(), tokio::sync::Notify::new());
        let limits = match &clock {
            Clock::System => limits,
            Clock::Test { millis, .. } => limits.by(millis.clone()),
        };
        Self(Arc::new(Inner {
            db,
            clock,
            hasher,
            limits,
            public_url,
            mail_posted,
            secret,
            live: Live::default(),
            credits_came: tokio::sync::Notify::new(),
            jobs_queued: tokio::sync::Notify::new(),
            operator_mail: OnceLock::new(),
            tasks: TaskRegistry::default(),
            default_plan: OnceLock::new(),
            trial: OnceLock::new(),
            default_storage: OnceLock::new(),
            policy: OnceLock::new(),
            files: OnceLock::new(),
            tile_indexes: TileIndexes::default(),
        }))
    }

    /// Sets the plan of new organizations (ACCT-2). Only the first call counts.
    #[must_use]
    pub fn with_default_plan(self, plan: PlanTier) -> Self {
        self.0.default_plan.get_or_init(|| plan);
        self
    }

    /// The plan of new organizations (ACCT-2).
    pub fn default_plan(&self) -> PlanTier {
        self.0.default_plan.get().copied().unwrap_or(PlanTier::Enterprise)
    }

    /// Sets the trial of new organizations (LIC-7). Only the first call counts.
    #[must_use]
    pub fn with_trial(self, trial: Option<Trial>) -> Self {
        if let Some(trial) = trial {
            self.0.trial.get_or_init(|| trial);
        }
        self
    }

    /// The trial of new organizations, if they get one (LIC-7).
    pub fn trial(&self) -> Option<Trial> {
        self.0.trial.get().copied()
    }

    /// Sets how many bytes a new organization may store (FILE-6). Only the first call counts.
    #[must_use]
    pub fn with_default_storage(self, limit: Option<i64>) -> Self {
        if let Some(limit) = limit {
            self.0.default_storage.get_or_init(|| limit);
        }
        self
    }

    /// How many bytes a new organization may store, if there is a limit (FILE-6).
    pub fn default_storage(&self) -> Option<i64> {
        self.0.default_storage.get().copied()
    }

    /// Sets where the bytes of files are (FILE-1). Only the first call counts.
    #[must_use]
    pub fn with_files(self, files: Files) -> Self {
        self.0.files.get_or_init(|| files);
        self
    }

    /// Where the bytes of files are.
    ///
    /// # Errors
    /// `Internal` in a command that was started without storage.
    pub fn files(&self) -> Result<&Files> {
        self.0.files.get().ok_or_else(|| Error::Internal("this command was started without storage".to_owned()))
    }

    /// Where the tiles of layers are, as far as this node remembers it.
    pub fn tile_indexes(&self) -> &TileIndexes {
        &self.0.tile_indexes
    }

    /// Sets who may sign up and create organizations. Only the first call counts.
    #[must_use]
    pub fn with_policy(self, policy: Policy) -> Self {
        self.0.policy.get_or_init(|| policy);
        self
    }

    /// Who may sign up and create organizations.
    pub fn policy(&self) -> &Policy {
        self.0.policy.get_or_init(Policy::default)
    }

    /// Wakes the credit worker when more waiting datasets can start than one transaction starts (LIC-2). The transaction that
    /// notifies may not have committed yet.
    pub fn credits_came(&self) -> &tokio::sync::Notify {
        &self.0.credits_came
    }

    /// Wakes engines that wait for a job on this node. The transaction that notifies may not have committed yet.
    pub fn jobs_queued(&self) -> &tokio::sync::Notify {
        &self.0.jobs_queued
    }

    /// The email address of the operator, if it is configured.
    pub fn operator_mail(&self) -> Option<&str> {
        self.0.operator_mail.get().map(String::as_str)
    }

    /// Sets the email address of the operator. Only the first call counts.
    pub fn set_operator_mail(&self, address: String) {
        // Called once at the start; an error says that it was set before.
        let _ = self.0.operator_mail.set(address);
    }

    /// The secret of this installation.
    pub fn secret(&self) -> &Secret {
        &self.0.secret
    }

    /// The open event streams of this node.
    pub fn live(&self) -> &Live {
        &self.0.live
    }

    /// The background tasks that this node is running.
    pub fn tasks(&self) -> &TaskRegistry {
        &self.0.tasks
    }

    /// The public URL, without a slash at its end. Links are made from nothing else: a `Host` header may be forged (attack 25).
    pub fn public_url(&self) -> &str {
        &self.0.public_url
    }

    /// Wakes the mail worker when mail was queued on this node. The transaction that notifies may not have committed yet.
    pub fn mail_posted(&self) -> &tokio::sync::Notify {
        &self.0.mail_posted
    }

    /// The database.
    pub fn db(&self) -> &Db {
        &self.0.db
    }

    /// How passwords are hashed.
    pub fn hasher(&self) -> &Hasher {
        &self.0.hasher
    }

    /// The rate limiter.
    pub fn limits(&self) -> &RateLimiter {
        &self.0.limits
    }

    /// Now.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    pub fn now(&self) -> Timestamp {
        match &self.0.clock {
            Clock::System => {
                let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
                Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }
            Clock::Test { millis, step } => Timestamp(millis.fetch_add(step.load(Ordering::SeqCst), Ordering::SeqCst)),
        }
    }

    /// A new id (UUID v7). Ids sort by the time they were made.
    #[expect(clippy::disallowed_methods, reason = "the one place that makes ids")]
    pub fn id(&self) -> Uuid {
        Uuid::now_v7()
    }

    /// A new random token of 256 bits for a mailed or shared link.
    #[expect(clippy::disallowed_methods, reason = "the one place that makes secrets")]
    pub fn token(&self) -> String {
        use base64::Engine;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
    }
}

/// SHA-256 in hexadecimal: secrets are stored and looked up by it.
pub fn digest(text: &[u8]) -> String {
    super::files::hex(&Sha256::digest(text))
}

/// Compares two digests in constant time.
pub fn same_digest(one: &str, other: &str) -> bool {
    one.len() == other.len() && one.bytes().zip(other.bytes()).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

/// Who is asking: a signed-in person, and where from.
#[derive(Clone, Debug)]
pub struct Principal {
    /// The person.
    pub person: PersonId,
    /// Their full name, for the audit log.
    pub name: String,
    /// Their email address in the form in which addresses are compared, for invitations.
    pub email_key: String,
    /// The network address they came from.
    pub address: Option<String>,
    /// The digest of their session, if they use one.
    pub session: Option<String>,
    /// The credential key, if a machine is asking (AUTH-6). `person` is then its identity.
    pub key: Option<Box<KeyPrincipal>>,
}

impl Principal {
    /// Who acts, for the checks of the domain.
    pub fn who(&self) -> Requester<'_> {
        match &self.key {
            Some(key) => Requester::machine(self.person, &key.scopes),
            None => Requester::person(self.person),
        }
    }
}

/// A machine that is asking with the token of a credential key (AUTH-6), and where from.
#[derive(Clone, Debug)]
pub struct KeyPrincipal {
    /// The key.
    pub key: KeyId,
    /// Its name, for the audit log.
    pub name: String,
    /// The organization it belongs to.
    pub organization: OrganizationId,
    /// Its account: a key reaches nothing else.
    pub account: AccountId,
    /// What it may do.
    pub scopes: Scopes,
    /// The network address it came from.
    pub address: Option<String>,
}

impl KeyPrincipal {
    /// The person id that stands for this machine in rows that it creates.
    pub const fn identity(&self) -> PersonId {
        machine_identity(self.key)
    }

    /// The machine as a principal.
    pub fn principal(&self) -> Principal {
        Principal {
            person: self.identity(),
            name: machine_name(&self.name),
            email_key: String::new(),
            address: self.address.clone(),
            session: None,
            key: Some(Box::new(self.clone())),
        }
    }
}

/// An engine that is at a job (JOB-6), by the token that it got with it. It has no right on anything but that job.
#[derive(Clone, Debug)]
pub struct JobPrincipal {
    pub job: JobId,
    /// The lease that the token is bound to. Whether it is still the job's is asked in each transaction.
    pub lease: LeaseId,
    /// Who stands for the engine in rows that it creates: its machine, or for what is built in whoever started the job.
    pub identity: PersonId,
    /// What the engine is called.
    pub name: String,
    /// The network address it came from.
    pub address: Option<String>,
}

/// The person id that stands for the machine of a key in rows that it creates.
pub const fn machine_identity(key: KeyId) -> PersonId {
    PersonId(key.0)
}

/// The name of a machine in lists of people.
pub fn machine_name(key: &str) -> String {
    format!("{key} (key)")
}

/// Who is asking, where both people and machines may.
#[derive(Clone, Debug)]
pub enum Actor {
    /// A signed-in person.
    Person(Principal),
    /// A machine with a key.
    Key(KeyPrincipal),
}

impl Actor {
    /// Who would take a seat of a desktop licence (LIC-5).
    pub const fn holder(&self) -> Holder {
        match self {
            Self::Person(by) => Holder::Person(by.person),
            Self::Key(by) => Holder::Key(by.key),
        }
    }
}

/// Somebody who is not signed in (yet), and where from.
#[derive(Clone, Debug, Default)]
pub struct Client {
    /// The network address they came from.
    pub address: Option<String>,
    /// Browser and operating system, from the `User-Agent`.
    pub device: String,
}
