//! Passwords: argon2id at OWASP's parameters, off the async threads, a bounded number at a time (AUTH-1, AUTH-3).

use std::{borrow::Cow, sync::Arc};

use crate::domain::{
    refusal::Refusal,
    share_link::LinkPassword,
    text::{FieldIssue, Password, opaque},
};
use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};

use super::{
    error::{Error, Result},
    queue::{Lane, Queue},
};

/// OWASP's first choice for argon2id: 19 MiB of memory, two passes, one lane.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;

/// Hashes and checks passwords.
#[derive(Clone, Debug)]
pub struct Hasher {
    params: Params,
    queue: Queue,
    /// A hash that no password has. It is checked if there is no such person, so that the response takes as long (AUTH-3).
    nobody: Arc<str>,
}

impl Hasher {
    /// A hasher with OWASP's parameters that computes as many hashes at a time as there are cores.
    pub fn new() -> Result<Self> {
        Self::with(MEMORY_KIB, PASSES)
    }

    /// A fast and weak hasher, for tests and generated data only.
    pub fn quick() -> Result<Self> {
        Self::with(8, 1)
    }

    fn with(memory: u32, passes: u32) -> Result<Self> {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let params = Params::new(memory, passes, 1, None).map_err(|error| Error::Internal(error.to_string()))?;
        let nobody = hash(&params, "the password of nobody at all")?;
        Ok(Self { params, queue: Queue::new(cores), nobody: nobody.into() })
    }

    /// Hashes a password, as a PHC string. `client` says whose turn in the queue it takes.
    ///
    /// # Errors
    /// `RateLimited` if too many are waiting.
    pub async fn hash(&self, client: &str, password: &Password) -> Result<String> {
        let (params, password) = (self.params.clone(), password.as_str().to_owned());
        self.work(Lane::New, client, move || hash(&params, &password)).await?
    }

    /// Hashes the password of a share link (LINK-1).
    ///
    /// # Errors
    /// `RateLimited` if too many are waiting.
    pub async fn hash_of_link(&self, client: &str, password: &LinkPassword) -> Result<String> {
        let (params, password) = (self.params.clone(), password.as_str().to_owned());
        self.work(Lane::New, client, move || hash(&params, &password)).await?
    }

    /// Whether a password matches a PHC string, whatever Unicode form it was typed in (see [`opaque`]). With `None`, for a
    /// person that does not exist, it takes as long and is false.
    ///
    /// # Errors
    /// `RateLimited` if too many are waiting.
    pub async fn verify(&self, client: &str, password: &str, stored: Option<String>) -> Result<bool> {
        let right = self.matches(client, &opaque(password), stored.clone()).await?;
        // Older hashes were made before passwords were normalized, so the text as typed is tried too.
        if right || matches!(opaque(password), Cow::Borrowed(_)) || opaque(password) == password {
            return Ok(right);
        }
        self.matches(client, password, stored).await
    }

    async fn matches(&self, client: &str, password: &str, stored: Option<String>) -> Result<bool> {
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.nobody.to_string());
        let password = password.to_owned();
        let right = self
            .work(Lane::Check, client, move || {
                PasswordHash::new(&stored)
                    // The parameters in the hash are used, not those of `default()`.
                    .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
            })
            .await?;
        Ok(known && right)
    }

    async fn work<T: Send + 'static>(
        &self,
        lane: Lane,
        client: &str,
        task: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let turn = self.queue.enter(lane, client).await?;
        // The turn moves into the work: a caller that disconnects does not free the core before the hash is done.
        tokio::task::spawn_blocking(move || {
            let _held = turn;
            task()
        })
        .await
        .map_err(|error| Error::Internal(error.to_string()))
    }
}

fn hash(params: &Params, password: &str) -> Result<String> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone())
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| Error::Internal(error.to_string()))
}

/// AUTH-1: whether a new password is hard enough to guess, also by who knows the person's name and email.
///
/// # Errors
/// `WeakPassword` at the field `password`.
pub fn judge(password: &Password, about: &[&str]) -> std::result::Result<(), Refusal> {
    // The estimator's time grows with the length; what counts shows in the first 72 characters.
    let start: String = password.as_str().chars().take(72).collect();
    if zxcvbn::zxcvbn(&start, about).score() >= zxcvbn::Score::Three {
        Ok(())
    } else {
        Err(Refusal::field("password", FieldIssue::WeakPassword))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn auth_1_hashes_from_before_keep_working_and_new_ones_are_of_one_writing() {
        let hasher = Hasher::quick().expect("a hasher");
        let (composed, decomposed) = ("Zürich, écluse", "Zu\u{308}rich, e\u{301}cluse");
        // As it was typed, before passwords were made one.
        let before = hash(&hasher.params, decomposed).expect("a hash");
        assert!(hasher.verify("here", decomposed, Some(before.clone())).await.expect("an answer"));
        assert!(!hasher.verify("here", "Zurich, ecluse", Some(before)).await.expect("an answer"));
        let now = hasher.hash("here", &Password::parse(decomposed).expect("a password")).await.expect("a hash");
        for typed in [composed, decomposed] {
            assert!(hasher.verify("here", typed, Some(now.clone())).await.expect("an answer"), "{typed}");
            assert!(!hasher.verify("here", typed, None).await.expect("an answer"), "nobody has it");
        }
        let link = LinkPassword::parse(decomposed).expect("a password").expect("there is one");
        let of_link = hasher.hash_of_link("here", &link).await.expect("a hash");
        assert!(hasher.verify("here", composed, Some(of_link)).await.expect("an answer"));
    }
}
