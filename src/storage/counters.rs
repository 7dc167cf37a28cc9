//! How many requests were sent, and how each one ended. What a request costs is money and time,
//! so every attempt counts, the repeated ones too.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(usize)]
pub enum Verb {
    /// Bytes of an immutable object.
    Read,
    /// Is this slot filled?
    Slot,
    /// A cell and its tag.
    Load,
    /// A page of a listing.
    List,
    /// A slot, if absent.
    Create,
    /// A cell, if unchanged.
    Swap,
    /// A file or marker under a name of its own.
    Put,
    Delete,
}

/// How it ended, as far as this end can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(usize)]
pub enum Outcome {
    Done,
    /// 404.
    Missing,
    /// 412, 409.
    Refused,
    /// 401, 403.
    Denied,
    /// 429, 503.
    Throttled,
    /// No answer in time.
    Late,
    /// Other 5xx, a broken connection, a short body.
    Away,
    /// An answer that no repetition changes.
    Broken,
}

impl Verb {
    pub const ALL: [Self; 8] = [
        Self::Read,
        Self::Slot,
        Self::Load,
        Self::List,
        Self::Create,
        Self::Swap,
        Self::Put,
        Self::Delete,
    ];
}

impl Outcome {
    pub const ALL: [Self; 8] = [
        Self::Done,
        Self::Missing,
        Self::Refused,
        Self::Denied,
        Self::Throttled,
        Self::Late,
        Self::Away,
        Self::Broken,
    ];
}

/// Counts that only grow. They order nothing, so relaxed is enough.
#[derive(Debug, Default)]
pub(super) struct Counters {
    requests: [[AtomicU64; Outcome::ALL.len()]; Verb::ALL.len()],
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
}

/// What one of those who share a store has asked of it: each attempt of every request, and the bytes
/// that came. It goes on as long as anybody writes on it.
#[derive(Debug, Default)]
pub struct Tab {
    requests: AtomicU64,
    bytes_in: AtomicU64,
    /// What stands on this one stands on that one too.
    whole: Option<Arc<Tab>>,
}

/// The counters at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    requests: [[u64; Outcome::ALL.len()]; Verb::ALL.len()],
    /// Bodies received.
    pub bytes_in: u64,
    /// Bodies sent, whether they arrived or not.
    pub bytes_out: u64,
}

impl Counters {
    pub(super) fn count(&self, verb: Verb, outcome: Outcome) {
        self.requests[verb as usize][outcome as usize].fetch_add(1, Relaxed);
    }

    pub(super) fn received(&self, bytes: u64) {
        self.bytes_in.fetch_add(bytes, Relaxed);
    }

    pub(super) fn sent(&self, bytes: u64) {
        self.bytes_out.fetch_add(bytes, Relaxed);
    }

    pub(super) fn snapshot(&self) -> Counts {
        Counts {
            requests: self.requests.each_ref().map(|row| row.each_ref().map(|n| n.load(Relaxed))),
            bytes_in: self.bytes_in.load(Relaxed),
            bytes_out: self.bytes_out.load(Relaxed),
        }
    }
}

impl Tab {
    pub(super) fn part_of(whole: Option<Arc<Self>>) -> Self {
        Self { whole, ..Self::default() }
    }

    pub(super) fn count(&self) {
        self.requests.fetch_add(1, Relaxed);
        if let Some(whole) = &self.whole {
            whole.count();
        }
    }

    pub(super) fn received(&self, bytes: u64) {
        self.bytes_in.fetch_add(bytes, Relaxed);
        if let Some(whole) = &self.whole {
            whole.received(bytes);
        }
    }

    pub fn requests(&self) -> u64 {
        self.requests.load(Relaxed)
    }

    pub fn bytes_in(&self) -> u64 {
        self.bytes_in.load(Relaxed)
    }
}

impl Counts {
    pub fn of(&self, verb: Verb, outcome: Outcome) -> u64 {
        self.requests[verb as usize][outcome as usize]
    }

    /// All requests of a verb, however they ended.
    pub fn sent(&self, verb: Verb) -> u64 {
        self.requests[verb as usize].iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use object_store::memory::InMemory;

    use super::*;
    use crate::env::{Clock, Dice};
    use crate::model::NodeId;
    use crate::storage::{Attempt, CellKey, Store};

    #[tokio::test]
    async fn a_tab_has_what_was_asked_on_it_and_the_store_has_everything() {
        let store = Store::new(InMemory::new(), Clock::start(), Dice::from_seed(1));
        let tabs: [Arc<Tab>; 2] = Default::default();
        let [one, two] = tabs.clone().map(|tab| store.on_tab(tab));
        let cell = CellKey::Node(NodeId::new("one").unwrap());
        assert!(matches!(store.load(&cell).await, Ok(None)));
        assert!(matches!(one.load(&cell).await, Ok(None)));
        let body = Bytes::from_static(b"seven b");
        assert!(matches!(one.swap(&cell, None, body).await, Attempt::Done(_)));
        for _ in 0..2 {
            assert!(two.load(&cell).await.unwrap().is_some());
        }
        let told = tabs.map(|tab| (tab.requests(), tab.bytes_in()));
        assert_eq!(told, [(2, 0), (2, 14)]);
        let counts = two.counts();
        assert_eq!((counts.sent(Verb::Load), counts.sent(Verb::Swap), counts.bytes_in), (4, 1, 14));
        assert_eq!(store.counts(), counts);
    }

    #[tokio::test]
    async fn a_part_of_a_tab_has_its_own_and_the_whole_has_that_too() {
        let store = Store::new(InMemory::new(), Clock::start(), Dice::from_seed(1));
        let whole: Arc<Tab> = Arc::default();
        let all = store.on_tab(whole.clone());
        let cell = CellKey::Node(NodeId::new("one").unwrap());
        let body = Bytes::from_static(b"seven b");
        assert!(matches!(all.swap(&cell, None, body).await, Attempt::Done(_)));
        for (reader, times) in [(all.reader(), 1), (store.reader(), 2)] {
            let (reader, part) = reader.apart();
            for _ in 0..times {
                assert!(reader.load(&cell).await.unwrap().is_some());
            }
            assert_eq!((part.requests(), part.bytes_in()), (times, 7 * times));
        }
        assert_eq!((whole.requests(), whole.bytes_in()), (2, 7));
        assert_eq!(store.counts().bytes_in, 21);
    }
}
