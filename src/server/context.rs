//! What every use case is given: the database, the clock, ids and randomness, and how passwords are hashed.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicI64, Ordering},
};

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::domain::{
    id::{AccountId, KeyId, OrganizationId, PersonId},
    key::Scopes,
    plan::PlanTier,
    policy::Policy,
    requester::Requester,
    seat::Holder,
    time::Timestamp,
};

use super::{limit::RateLimiter, live::Live, password::Hasher, secret::Secret, store::Db, task_progress::TaskRegistry};

/// What time it is. Frozen in tests, which move it by hand.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's.
    System,
    /// The one a test set.
    Frozen(Arc<AtomicI64>),
}

/// Shared by everything on the server; cheap to clone.
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
    policy: OnceLock<Policy>,
    credits_came: tokio::sync::Notify,
    operator_mail: OnceLock<String>,
    tasks: TaskRegistry,
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
            Clock::Frozen(millis) => limits.by(millis.clone()),
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
            operator_mail: OnceLock::new(),
            tasks: TaskRegistry::default(),
            default_plan: OnceLock::new(),
            policy: OnceLock::new(),
        }))
    }

    /// Says, once, which plan new organizations get (ACCT-2).
    #[must_use]
    pub fn with_default_plan(self, plan: PlanTier) -> Self {
        self.0.default_plan.get_or_init(|| plan);
        self
    }

    /// The plan of new organizations (ACCT-2).
    pub fn default_plan(&self) -> PlanTier {
        self.0.default_plan.get().copied().unwrap_or(PlanTier::Enterprise)
    }

    /// Says, once, who may sign up and create organizations.
    #[must_use]
    pub fn with_policy(self, policy: Policy) -> Self {
        self.0.policy.get_or_init(|| policy);
        self
    }

    /// Who may sign up and create organizations.
    pub fn policy(&self) -> &Policy {
        self.0.policy.get_or_init(Policy::default)
    }

    /// Told when more datasets that waited for credits can start than one transaction starts (LIC-2). Its transaction may
    /// not be through yet.
    pub fn credits_came(&self) -> &tokio::sync::Notify {
        &self.0.credits_came
    }

    /// Where the operator of this installation reads mail, if they said so.
    pub fn operator_mail(&self) -> Option<&str> {
        self.0.operator_mail.get().map(String::as_str)
    }

    /// Says where the operator reads mail; the first time counts.
    pub fn set_operator_mail(&self, address: String) {
        // It is said once, at the start; somebody who says it again changes nothing.
        let _ = self.0.operator_mail.set(address);
    }

    /// What only this installation knows.
    pub fn secret(&self) -> &Secret {
        &self.0.secret
    }

    /// Who looks at what just now.
    pub fn live(&self) -> &Live {
        &self.0.live
    }

    /// The long work that this node is at.
    pub fn tasks(&self) -> &TaskRegistry {
        &self.0.tasks
    }

    /// The address people use, without a slash at its end: the only one that links are made of (attack 25).
    pub fn public_url(&self) -> &str {
        &self.0.public_url
    }

    /// Told when a letter was posted on this node, so that it goes out at once. Its transaction may not be through yet.
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

    /// How often somebody may fail.
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
            Clock::Frozen(millis) => Timestamp(millis.load(Ordering::SeqCst)),
        }
    }

    /// A new id; later ids sort behind earlier ones.
    #[expect(clippy::disallowed_methods, reason = "the one place that makes ids")]
    pub fn id(&self) -> Uuid {
        Uuid::now_v7()
    }

    /// A new secret of 256 bits for a mailed or shared link, as it stands in the link.
    #[expect(clippy::disallowed_methods, reason = "the one place that makes secrets")]
    pub fn token(&self) -> String {
        use base64::Engine;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
    }
}

/// The digest under which a secret or a long text is stored or compared: SHA-256, in hexadecimal.
pub fn digest(text: &[u8]) -> String {
    use std::fmt::Write;
    Sha256::digest(text).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a String does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Whether two digests are the same, in a time that does not tell how far they agree.
pub fn same_digest(one: &str, other: &str) -> bool {
    one.len() == other.len() && one.bytes().zip(other.bytes()).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

/// Who is asking: a signed-in person, and where from.
#[derive(Clone, Debug)]
pub struct Principal {
    /// Who.
    pub person: PersonId,
    /// Their full name, for the audit log.
    pub name: String,
    /// Their email as it is compared, for invitations.
    pub email_key: String,
    /// The network address they came from.
    pub address: Option<String>,
    /// The digest of the session they ask in, if it is one.
    pub session: Option<String>,
    /// The credential key, where it is a machine that asks (AUTH-6); `person` is then its identity.
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
    /// Which key.
    pub key: KeyId,
    /// What it is called, for the audit log.
    pub name: String,
    /// The organization it is of.
    pub organization: OrganizationId,
    /// Its account: a key reaches nothing else.
    pub account: AccountId,
    /// What it may do.
    pub scopes: Scopes,
    /// The network address it came from.
    pub address: Option<String>,
}

impl KeyPrincipal {
    /// Whom the rows name that the machine makes.
    pub const fn identity(&self) -> PersonId {
        machine_identity(self.key)
    }

    /// The machine as somebody who asks.
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

/// Whom the rows name that the machine of a key makes.
pub const fn machine_identity(key: KeyId) -> PersonId {
    PersonId(key.0)
}

/// What a machine is called where it stands beside people.
pub fn machine_name(key: &str) -> String {
    format!("{key} (key)")
}

/// Who is asking, where people and machines may.
#[derive(Clone, Debug)]
pub enum Actor {
    /// A signed-in person.
    Person(Principal),
    /// A machine with a key.
    Key(KeyPrincipal),
}

impl Actor {
    /// Who would hold a seat of a desktop licence (LIC-5).
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
    /// What their browser says it is, in a few words.
    pub device: String,
}
