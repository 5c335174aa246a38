//! How often somebody may fail to sign in (AUTH-3): counted per email and per client, and only failures count, so that
//! nobody is locked out by signing in correctly often.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use crate::domain::{refusal::Refusal, time::Timestamp};

/// Failures that are forgiven at once.
const BURST: i64 = 20;
/// After that, one more every so many milliseconds.
const REFILL: i64 = 6_000;
/// More keys than this are never remembered; the oldest debts are forgotten first.
const KEYS: usize = 50_000;

/// Counts failures. One node's memory: an attacker who spreads over nodes gains their number, no more.
#[derive(Debug)]
pub struct Limits {
    on: bool,
    /// The moment at which each key's debt is paid off.
    paid_off: Mutex<HashMap<String, i64>>,
}

impl Limits {
    /// Limits, or none where `on` is false: only for tests and measuring.
    pub fn new(on: bool) -> Self {
        Self { on, paid_off: Mutex::new(HashMap::new()) }
    }

    /// Whether there are limits at all.
    pub const fn is_on(&self) -> bool {
        self.on
    }

    /// Whether any of the keys has failed too often.
    ///
    /// # Errors
    /// `RateLimited` with the seconds until the next try.
    pub fn check(&self, keys: &[String], now: Timestamp) -> Result<(), Refusal> {
        if !self.on {
            return Ok(());
        }
        let debts = self.paid_off.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = keys.iter().filter_map(|key| debts.get(key)).map(|at| at - now.0 - (BURST - 1) * REFILL).max();
        match wait {
            Some(wait) if wait > 0 => Err(Refusal::RateLimited(u64::try_from(wait / 1000 + 1).unwrap_or(1))),
            _ => Ok(()),
        }
    }

    /// Notes a failure at every key.
    pub fn failed(&self, keys: &[String], now: Timestamp) {
        if !self.on {
            return;
        }
        let mut debts = self.paid_off.lock().unwrap_or_else(PoisonError::into_inner);
        if debts.len() >= KEYS {
            debts.retain(|_, at| *at > now.0);
            if debts.len() >= KEYS {
                debts.clear();
            }
        }
        for key in keys {
            let at = debts.entry(key.clone()).or_insert(now.0);
            *at = (*at).max(now.0) + REFILL;
        }
    }
}

impl Limits {
    /// Takes back one failure at every key that was noted in advance: it was none.
    pub fn forgive(&self, keys: &[String]) {
        let mut debts = self.paid_off.lock().unwrap_or_else(PoisonError::into_inner);
        for key in keys {
            if let Some(at) = debts.get_mut(key) {
                *at -= REFILL;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auth_3_failures_are_limited_and_forgiven_with_time() {
        let limits = Limits::new(true);
        let keys = ["email anna".to_owned(), "client ::1".to_owned()];
        let mut now = Timestamp(1_000_000);
        for _ in 0..BURST {
            assert_eq!(limits.check(&keys, now), Ok(()));
            limits.failed(&keys, now);
        }
        assert!(matches!(limits.check(&keys, now), Err(Refusal::RateLimited(1..=7))));
        assert_eq!(limits.check(&["email john".to_owned()], now), Ok(()), "others are not held up");
        now = now.plus_millis(REFILL + 1);
        assert_eq!(limits.check(&keys, now), Ok(()), "time forgives");
    }

    #[test]
    fn auth_3_memory_is_bounded() {
        let limits = Limits::new(true);
        for n in 0..(KEYS + 10) {
            limits.failed(&[format!("key {n}")], Timestamp(0));
        }
        assert!(limits.paid_off.lock().is_ok_and(|debts| debts.len() <= KEYS));
    }
}
