//! Rate limits (AUTH-3, attacks 27, 42, 43) for failed sign-ins, sign-ups and mails, per email address, client and
//! organization. The algorithm is GCRA, the generic cell rate algorithm.
//!
//! # Invariants
//! - An attempt is counted before it starts, and uncounted if it succeeds. Otherwise many attempts at the same moment would
//!   all pass.
//! - A successful attempt is never refused because of other successful ones: it waits for their outcome.
//! - Time is the monotonic clock of the machine. Setting the wall clock locks nobody out and resets no limit.
//! - With too many keys, those closest to their full allowance are dropped. Nobody resets a limit by making many keys.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::Notify;

use crate::domain::refusal::Refusal;

use super::error::{Error, Result};

/// The maximum number of keys in memory.
const MAX_KEYS: usize = 50_000;
/// How long an attempt waits at most for the outcome of others before it is refused.
const MAX_WAIT: Duration = Duration::from_secs(10);
/// How many attempts wait at most for the outcome of others.
const MAX_WAITING: usize = 256;

/// An allowance: `burst` attempts at once, and one more every `refill_millis`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rule {
    burst: i64,
    refill_millis: i64,
}

impl Rule {
    /// Wrong passwords, keys and tokens.
    pub const FAILURES: Self = Self { burst: 20, refill_millis: 6_000 };
    /// Sign-ups of one client without an invitation.
    pub const SIGN_UPS: Self = Self { burst: 20, refill_millis: 20_000 };
    /// Mails to strangers, per client and day.
    pub const EMAILS: Self = Self { burst: 2_000, refill_millis: 43_200 };

    const fn capacity_millis(self) -> i64 {
        self.burst * self.refill_millis
    }
}

/// What attempts are counted by, and the rule for it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Key {
    name: String,
    rule: Rule,
}

impl Key {
    /// A key for failures.
    pub fn failures(name: impl Into<String>) -> Self {
        Self { name: name.into(), rule: Rule::FAILURES }
    }

    /// A key with another rule.
    pub fn of(rule: Rule, name: impl Into<String>) -> Self {
        Self { name: name.into(), rule }
    }
}

/// The network that a client is counted as: an IPv4 address, or the /64 of an IPv6 address. Providers give each customer a
/// whole /64, so counting single IPv6 addresses would limit nobody.
pub fn network(address: Option<&str>) -> String {
    let Some(address) = address else { return "unknown".to_owned() };
    match address.parse::<IpAddr>().map(|ip| ip.to_canonical()) {
        Ok(IpAddr::V6(six)) => {
            let [a, b, c, d, ..] = six.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Ok(four) => four.to_string(),
        Err(_) => address.to_owned(),
    }
}

/// The source of time.
#[derive(Debug)]
enum ClockSource {
    /// The machine's monotonic clock.
    Running(Instant),
    /// A clock that a test moves.
    Moved(Arc<AtomicI64>),
}

impl ClockSource {
    fn millis(&self) -> i64 {
        match self {
            Self::Running(start) => i64::try_from(start.elapsed().as_millis()).unwrap_or(i64::MAX),
            Self::Moved(millis) => millis.load(Ordering::SeqCst),
        }
    }
}

/// The state of a key.
#[derive(Clone, Copy, Debug, Default)]
struct KeyState {
    /// When the next attempt would be due if attempts came exactly at the refill rate. The further it lies in the future, the
    /// less is left of the allowance.
    theoretical_arrival: i64,
    /// Attempts that have started and whose outcome is not known yet.
    under_way: i64,
}

#[derive(Debug)]
struct Table {
    source: ClockSource,
    /// The last reading of the source.
    last: i64,
    /// The time that has passed. It never goes back, even if the source does.
    now: i64,
    states: HashMap<String, KeyState>,
    waiting: usize,
}

impl Table {
    fn new(source: ClockSource) -> Self {
        let last = source.millis();
        Self { source, last, now: 0, states: HashMap::new(), waiting: 0 }
    }

    fn now(&mut self) -> i64 {
        let said = self.source.millis();
        self.now += (said - self.last).max(0);
        self.last = said;
        self.now
    }

    /// By how many milliseconds a key exceeds its rule if `more` milliseconds are added; negative or 0 if it does not.
    fn excess(&self, key: &Key, more: i64, now: i64) -> i64 {
        let state = self.states.get(&key.name).copied().unwrap_or_default();
        (state.theoretical_arrival - now).max(0) + more - key.rule.capacity_millis()
    }

    /// The state of a key; a new one if there is none.
    fn state(&mut self, key: &Key, now: i64) -> &mut KeyState {
        if self.states.len() >= MAX_KEYS && !self.states.contains_key(&key.name) {
            self.make_room(now);
        }
        self.states.entry(key.name.clone()).or_default()
    }

    /// Drops keys with a full allowance. If that is not enough, drops the tenth of the keys closest to it.
    fn make_room(&mut self, now: i64) {
        // A key with attempts under way stays, because these attempts are still to be settled in it.
        self.states.retain(|_, state| state.under_way > 0 || state.theoretical_arrival > now);
        if self.states.len() < MAX_KEYS {
            return;
        }
        let mut all: Vec<i64> = self.states.values().map(|state| state.theoretical_arrival).collect();
        let (_, least, _) = all.select_nth_unstable(MAX_KEYS / 10);
        let least = *least;
        // Any number of keys may share the boundary value, and no more than a tenth goes.
        let mut room = MAX_KEYS / 10;
        self.states.retain(|_, state| {
            let goes = room > 0 && state.under_way == 0 && state.theoretical_arrival <= least;
            room -= usize::from(goes);
            !goes
        });
    }

    fn charge(&mut self, key: &Key, millis: i64) {
        let now = self.now();
        let state = self.state(key, now);
        state.theoretical_arrival = state.theoretical_arrival.max(now) + millis;
    }
}

/// Counts attempts in the memory of this node. An attacker who uses several nodes gains their number as a factor, no more.
#[derive(Debug)]
pub struct RateLimiter {
    on: bool,
    table: Mutex<Table>,
    settled: Notify,
}

/// Whether an attempt may start now.
enum Admission {
    Yes,
    /// Only once the outcome of those under way is known.
    Wait,
    No(Refusal),
}

/// An attempt that has started. If it is dropped before [`Self::settle`], it counts as a failure: disconnecting does not
/// avoid the count.
#[derive(Debug)]
pub struct Attempt<'a> {
    limits: &'a RateLimiter,
    keys: &'a [Key],
    failed: bool,
}

impl Attempt<'_> {
    /// Ends the attempt with its outcome.
    pub fn settle(mut self, failed: bool) {
        self.failed = failed;
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        let mut table = self.limits.table();
        for key in self.keys {
            if let Some(state) = table.states.get_mut(&key.name) {
                state.under_way -= 1;
            }
            if self.failed {
                table.charge(key, key.rule.refill_millis);
            }
        }
        drop(table);
        self.limits.settled.notify_waiters();
    }
}

impl RateLimiter {
    /// A limiter. With `on` false it limits nothing, for tests and measurements.
    pub fn new(on: bool) -> Self {
        Self { on, table: Mutex::new(Table::new(ClockSource::Running(Instant::now()))), settled: Notify::new() }
    }

    /// The same with a clock that a test moves.
    #[must_use]
    pub fn by(self, clock: Arc<AtomicI64>) -> Self {
        Self { table: Mutex::new(Table::new(ClockSource::Moved(clock))), ..self }
    }

    /// Whether there are limits at all.
    pub const fn is_on(&self) -> bool {
        self.on
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does some work as an attempt, counted at every key before it starts. It failed if `is_failure` says so of its refusal.
    /// If attempts under way could use up the rest of the allowance, it waits for them first.
    ///
    /// # Errors
    /// `RateLimited` with the seconds until the next attempt; else the error of the work.
    pub async fn guard<T>(
        &self,
        keys: &[Key],
        is_failure: impl Fn(&Refusal) -> bool,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let work = Box::pin(work);
        let attempt = self.admit(keys).await?;
        let answer = work.await;
        attempt.settle(matches!(&answer, Err(Error::Refused(refusal)) if is_failure(refusal)));
        answer
    }

    /// Starts an attempt as [`Self::guard`] does. The caller settles it.
    ///
    /// # Errors
    /// `RateLimited` with the seconds until the next attempt.
    pub async fn admit<'a>(&'a self, keys: &'a [Key]) -> Result<Attempt<'a>> {
        if !self.on {
            return Ok(Attempt { limits: self, keys: &[], failed: false });
        }
        let deadline = tokio::time::Instant::now() + MAX_WAIT;
        let mut waits = Waits(None);
        loop {
            // Registered before the check, so that an outcome between the check and the wait is not missed.
            let settled = self.settled.notified();
            tokio::pin!(settled);
            settled.as_mut().enable();
            match self.try_admit(keys) {
                Admission::Yes => return Ok(Attempt { limits: self, keys, failed: true }),
                Admission::No(refusal) => return Err(refusal.into()),
                Admission::Wait => {
                    if waits.0.is_none() {
                        let mut table = self.table();
                        if table.waiting >= MAX_WAITING {
                            return Err(Refusal::RateLimited(1).into());
                        }
                        table.waiting += 1;
                        waits.0 = Some(self);
                    }
                    if tokio::time::timeout_at(deadline, settled).await.is_err() {
                        return Err(Refusal::RateLimited(1).into());
                    }
                }
            }
        }
    }

    fn try_admit(&self, keys: &[Key]) -> Admission {
        let mut table = self.table();
        let now = table.now();
        let mut wait = false;
        for key in keys {
            let over = table.excess(key, key.rule.refill_millis, now);
            if over > 0 {
                return Admission::No(come_back_after(over));
            }
            let under_way = table.states.get(&key.name).map_or(0, |state| state.under_way);
            wait |= table.excess(key, (under_way + 1) * key.rule.refill_millis, now) > 0;
        }
        if wait {
            return Admission::Wait;
        }
        for key in keys {
            table.state(key, now).under_way += 1;
        }
        Admission::Yes
    }

    /// Counts `times` at every key, or nothing if that is too much for one of them.
    ///
    /// # Errors
    /// `RateLimited` with the seconds until it is possible.
    pub fn take(&self, keys: &[Key], times: usize) -> std::result::Result<(), Refusal> {
        let times = i64::try_from(times).unwrap_or(i64::MAX);
        if !self.on || times == 0 {
            return Ok(());
        }
        let mut table = self.table();
        let now = table.now();
        let over = keys.iter().map(|key| table.excess(key, times.saturating_mul(key.rule.refill_millis), now)).max();
        if let Some(over) = over.filter(|over| *over > 0) {
            return Err(come_back_after(over));
        }
        for key in keys {
            table.charge(key, times * key.rule.refill_millis);
        }
        Ok(())
    }

    /// Gives back what [`Self::take`] took and was not used.
    pub fn give_back(&self, keys: &[Key], times: usize) {
        let times = i64::try_from(times).unwrap_or_default();
        let mut table = self.table();
        for key in keys {
            if let Some(state) = table.states.get_mut(&key.name) {
                state.theoretical_arrival -= times * key.rule.refill_millis;
            }
        }
    }
}

/// Counts one waiting attempt until it is dropped.
struct Waits<'a>(Option<&'a RateLimiter>);

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        if let Some(limits) = self.0 {
            limits.table().waiting -= 1;
        }
    }
}

fn come_back_after(millis: i64) -> Refusal {
    Refusal::RateLimited(u64::try_from(millis / 1000 + 1).unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved() -> (RateLimiter, Arc<AtomicI64>) {
        let clock = Arc::new(AtomicI64::new(1_000_000));
        (RateLimiter::new(true).by(clock.clone()), clock)
    }

    async fn try_once(limits: &RateLimiter, keys: &[Key], right: bool) -> bool {
        let work = async { if right { Ok(()) } else { Err(Refusal::WrongCredentials.into()) } };
        let attempt = limits.guard(keys, |refusal| *refusal == Refusal::WrongCredentials, work).await;
        !matches!(attempt, Err(Error::Refused(Refusal::RateLimited(_))))
    }

    #[tokio::test]
    async fn auth_3_failures_are_limited_and_forgiven_with_time() {
        let (limits, clock) = moved();
        let keys = [Key::failures("email anna"), Key::failures("client ::1")];
        for _ in 0..20 {
            assert!(try_once(&limits, &keys, false).await);
        }
        assert!(!try_once(&limits, &keys, true).await);
        assert!(!try_once(&limits, &[Key::failures("email john"), keys[1].clone()], false).await, "the client is");
        assert!(try_once(&limits, &[Key::failures("email john")], false).await, "others are not held up");
        clock.fetch_add(6_001, Ordering::SeqCst);
        assert!(try_once(&limits, &keys, true).await, "time forgives");
        for _ in 0..100 {
            assert!(try_once(&limits, &keys, true).await, "what is right costs nothing");
        }
    }

    #[tokio::test]
    async fn auth_3_a_clock_that_is_set_back_locks_nobody_out_and_forgives_nothing() {
        let (limits, clock) = moved();
        let keys = [Key::failures("client 192.0.2.1")];
        try_once(&limits, &keys, false).await;
        clock.fetch_sub(3_600_000, Ordering::SeqCst);
        assert!(try_once(&limits, &keys, true).await);
        for _ in 0..19 {
            assert!(try_once(&limits, &keys, false).await);
        }
        assert!(!try_once(&limits, &keys, true).await, "what was owed is still owed");
        clock.fetch_add(6_001, Ordering::SeqCst);
        assert!(try_once(&limits, &keys, true).await, "and time goes on from there");
    }

    #[tokio::test]
    async fn attack_42_two_hundred_wrong_ones_at_once_are_tried_as_often_as_one_after_the_other() {
        let (limits, _) = moved();
        let (limits, tried) = (Arc::new(limits), Arc::new(AtomicI64::new(0)));
        let all: Vec<_> = (0..200)
            .map(|_| {
                let (limits, tried) = (limits.clone(), tried.clone());
                tokio::spawn(async move {
                    let work = async {
                        tried.fetch_add(1, Ordering::SeqCst);
                        tokio::task::yield_now().await;
                        Err::<(), _>(Refusal::WrongCredentials.into())
                    };
                    let _ = limits.guard(&[Key::failures("client 192.0.2.1")], |_| true, work).await;
                })
            })
            .collect();
        for one in all {
            one.await.expect("well");
        }
        assert_eq!(tried.load(Ordering::SeqCst), 20);
    }

    #[tokio::test]
    async fn attack_43_right_ones_at_once_all_pass() {
        let (limits, _) = moved();
        let limits = Arc::new(limits);
        let all: Vec<_> = (0..200)
            .map(|_| {
                let limits = limits.clone();
                tokio::spawn(async move {
                    let work = async {
                        tokio::task::yield_now().await;
                        Ok(())
                    };
                    limits.guard(&[Key::failures("email anna")], |_| true, work).await.is_ok()
                })
            })
            .collect();
        for one in all {
            assert!(one.await.expect("well"));
        }
    }

    #[tokio::test]
    async fn auth_3_hanging_up_counts() {
        let (limits, _) = moved();
        let keys = [Key::failures("client 192.0.2.1")];
        for _ in 0..20 {
            let never = limits.guard(&keys, |_| true, std::future::pending::<Result<()>>());
            assert!(tokio::time::timeout(Duration::from_millis(1), never).await.is_err());
        }
        assert!(!try_once(&limits, &keys, true).await);
    }

    #[test]
    fn attack_27_what_is_counted_in_advance_is_given_back() {
        let (limits, clock) = moved();
        let keys = [Key::of(Rule::EMAILS, "letters 192.0.2.1")];
        assert!(limits.take(&keys, 2_001).is_err(), "all or nothing");
        assert_eq!(limits.take(&keys, 2_000), Ok(()));
        assert!(limits.take(&keys, 1).is_err());
        limits.give_back(&keys, 500);
        assert_eq!(limits.take(&keys, 500), Ok(()));
        clock.fetch_add(86_400_000, Ordering::SeqCst);
        assert_eq!(limits.take(&keys, 2_000), Ok(()), "a day later");
    }

    #[test]
    fn auth_3_memory_is_bounded_and_those_who_owe_most_are_remembered() {
        let (limits, _) = moved();
        let guilty = [Key::failures("client 192.0.2.1")];
        limits.take(&guilty, 20).expect("free at first");
        for n in 0..(MAX_KEYS * 2) {
            limits.take(&[Key::failures(format!("key {n}"))], 1).expect("once is free");
        }
        assert!(limits.table().states.len() <= MAX_KEYS);
        assert!(limits.take(&guilty, 1).is_err(), "not forgiven");
    }

    #[test]
    fn attack_42_a_client_is_a_network() {
        for (address, counted) in [
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
            ("nonsense", "nonsense"),
        ] {
            assert_eq!(network(Some(address)), counted);
        }
        assert_eq!(network(None), "unknown");
    }
}
