//! The table of idempotency keys: what was answered to which request.
//!
//! It is rebuilt from slots, and published as an immutable object in the same swap as `floor`: a
//! retry that comes after the fold must find its first try, or it would be applied twice.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::{Payload, Slot};

pub const RECEIPTS_MAX: usize = 10_000;

/// The key of a request (its hash), what the request was, and what was answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Receipt<P: Payload> {
    pub key: u128,
    pub fingerprint: u128,
    pub outcome: P::Outcome,
}

/// The last [`RECEIPTS_MAX`] of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Receipts<P: Payload> {
    by_key: BTreeMap<u128, Receipt<P>>,
    /// Keys from the oldest to the newest.
    order: VecDeque<u128>,
}

impl<P: Payload> Default for Receipts<P> {
    fn default() -> Self {
        Self { by_key: BTreeMap::new(), order: VecDeque::new() }
    }
}

impl<P: Payload> Receipts<P> {
    pub fn get(&self, key: u128) -> Option<&Receipt<P>> {
        self.by_key.get(&key)
    }

    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// From the oldest to the newest.
    pub fn iter(&self) -> impl Iterator<Item = &Receipt<P>> {
        self.order.iter().filter_map(|key| self.by_key.get(key))
    }

    /// The first answer to a key stands: a slot replayed over a table that has it changes nothing.
    pub fn insert(&mut self, receipt: Receipt<P>) {
        if self.by_key.contains_key(&receipt.key) {
            return;
        }
        self.order.push_back(receipt.key);
        self.by_key.insert(receipt.key, receipt);
        if self.order.len() > RECEIPTS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_key.remove(&oldest);
        }
    }

    pub fn learn(&mut self, slot: &Arc<Slot<P>>) {
        for receipt in slot.body().into_iter().flat_map(|body| &body.receipts) {
            self.insert(receipt.clone());
        }
    }
}
