//! What this node has done for each name, counted since it began: writes and queries that it has
//! answered, and what it asked of the store for them.
//!
//! What must hold: a count says since when it counts, and covers all of that time. A name that is
//! open has its counts with it; of those that were closed so many are kept, and then the counts of
//! the one that was closed first are dropped. Nobody remembers whose these were. So a name without
//! counts is told to be counted since some were last dropped: whoever's they were, it has done
//! nothing since.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::UNIX_EPOCH;

use super::recollections::key_of;
use crate::env::Clock;
use crate::model::{Counted, Namespace};
use crate::storage::Tab;

/// Closed names whose counts are kept: two megabytes of them.
pub(crate) const KEPT_MAX: usize = 10_000;

/// The counts of one name. They order nothing.
#[derive(Debug)]
pub(super) struct Account {
    since_ms: i64,
    writes: AtomicU64,
    queries: AtomicU64,
    tab: Arc<Tab>,
}

impl Account {
    fn since(since_ms: i64) -> Arc<Self> {
        let (writes, queries) = (AtomicU64::new(0), AtomicU64::new(0));
        Arc::new(Self { since_ms, writes, queries, tab: Arc::default() })
    }

    pub(super) fn wrote(&self) {
        self.writes.fetch_add(1, Relaxed);
    }

    /// Several, where one request asked them.
    pub(super) fn queried(&self, queries: usize) {
        self.queries.fetch_add(queries as u64, Relaxed);
    }

    /// Where the store counts.
    pub(super) fn tab(&self) -> Arc<Tab> {
        self.tab.clone()
    }

    pub(super) fn counted(&self) -> Counted {
        Counted {
            since_ms: self.since_ms,
            writes: self.writes.load(Relaxed),
            queries: self.queries.load(Relaxed),
            bytes_read: self.tab.bytes_in(),
            store_requests: self.tab.requests(),
        }
    }
}

/// The accounts of names that are closed.
#[derive(Debug)]
pub(super) struct Accounts {
    /// By the hash of the name.
    kept: BTreeMap<u128, Kept>,
    /// By the moment at which they were put away.
    by_age: BTreeMap<u64, u128>,
    moment: u64,
    kept_max: usize,
    /// All that was done before may have been dropped. Milliseconds since 1970.
    horizon_ms: i64,
}

#[derive(Debug)]
struct Kept {
    put_away: u64,
    account: Arc<Account>,
}

impl Accounts {
    pub(super) fn of(kept_max: usize, now_ms: i64) -> Self {
        let (kept, by_age) = (BTreeMap::new(), BTreeMap::new());
        Self { kept, by_age, moment: 0, kept_max: kept_max.max(1), horizon_ms: now_ms }
    }

    /// Of a name that is opened: its own, or a new one.
    pub(super) fn take(&mut self, name: &Namespace) -> Arc<Account> {
        match self.kept.remove(&key_of(name)) {
            Some(kept) => {
                self.by_age.remove(&kept.put_away);
                kept.account
            }
            None => Account::since(self.horizon_ms),
        }
    }

    /// Of a name that was closed.
    pub(super) fn put(&mut self, name: &Namespace, account: Arc<Account>, now_ms: i64) {
        let key = key_of(name);
        self.moment += 1;
        let kept = Kept { put_away: self.moment, account };
        if let Some(before) = self.kept.insert(key, kept) {
            self.by_age.remove(&before.put_away);
        }
        self.by_age.insert(self.moment, key);
        if self.by_age.len() > self.kept_max
            && let Some((_, oldest)) = self.by_age.pop_first()
        {
            self.kept.remove(&oldest);
            self.horizon_ms = now_ms;
        }
    }

    /// Of a name that is closed, which it stays.
    pub(super) fn look(&self, name: &Namespace) -> Arc<Account> {
        let kept = self.kept.get(&key_of(name));
        kept.map_or_else(|| Account::since(self.horizon_ms), |kept| kept.account.clone())
    }
}

/// For display: milliseconds since 1970.
pub(super) fn wall_ms(clock: Clock) -> i64 {
    let since = clock.wall().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(number: usize) -> Namespace {
        Namespace::new(&format!("name-{number}")).unwrap()
    }

    /// Opens a name, writes to it and closes it.
    fn visit(accounts: &mut Accounts, number: usize, now_ms: i64) {
        let account = accounts.take(&name(number));
        account.wrote();
        accounts.put(&name(number), account, now_ms);
    }

    fn told(accounts: &Accounts, number: usize) -> (i64, u64) {
        let counted = accounts.look(&name(number)).counted();
        (counted.since_ms, counted.writes)
    }

    #[test]
    fn what_was_done_for_a_name_is_counted_however_often_it_is_closed() {
        let mut accounts = Accounts::of(4, 100);
        for now_ms in 200..203 {
            visit(&mut accounts, 1, now_ms);
        }
        let account = accounts.take(&name(1));
        account.queried(5);
        accounts.put(&name(1), account, 300);
        let counted = accounts.look(&name(1)).counted();
        let expected = Counted { since_ms: 100, writes: 3, queries: 5, ..Counted::default() };
        assert_eq!(counted, expected);
        assert_eq!(told(&accounts, 2), (100, 0), "nothing was done for it since the start");
    }

    #[test]
    fn the_count_that_is_dropped_is_that_of_the_name_that_was_closed_first() {
        let mut accounts = Accounts::of(3, 100);
        for (number, now_ms) in [(1, 201), (2, 202), (3, 203), (1, 204), (4, 205)] {
            visit(&mut accounts, number, now_ms);
        }
        assert_eq!([1, 3, 4].map(|number| told(&accounts, number)), [(100, 2), (100, 1), (100, 1)]);
        // Whatever was done for it before is not known, and after it nothing was.
        assert_eq!(told(&accounts, 2), (205, 0));
        assert_eq!(told(&accounts, 9), (205, 0), "it may have been one of those that were dropped");
        visit(&mut accounts, 2, 206);
        assert_eq!(told(&accounts, 2), (205, 1));
        assert_eq!(told(&accounts, 3), (206, 0));
    }

    #[test]
    fn no_more_are_kept_than_may_be_however_often_names_come_and_go() {
        let mut accounts = Accounts::of(10, 0);
        for number in 0..1000 {
            visit(&mut accounts, number % 37, number as i64);
            visit(&mut accounts, 50, number as i64);
            assert!(accounts.kept.len() <= 10 && accounts.kept.len() == accounts.by_age.len());
        }
        assert_eq!(told(&accounts, 50), (0, 1000), "one that is asked for is not forgotten");
    }

    #[test]
    fn a_count_that_comes_late_is_counted_all_the_same() {
        let mut accounts = Accounts::of(3, 100);
        let account = accounts.take(&name(1));
        accounts.put(&name(1), account.clone(), 200);
        account.wrote();
        assert_eq!(told(&accounts, 1), (100, 1));
        assert_eq!(accounts.take(&name(1)).counted().writes, 1);
    }
}
