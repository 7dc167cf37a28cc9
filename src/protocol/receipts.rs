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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Body;

    #[derive(Clone, Debug, PartialEq, Eq, Hash)]
    struct Plain;

    impl Payload for Plain {
        type Batch = ();
        type Base = ();
        type Outcome = u32;
        type Tag = ();

        fn digest(_: &Body<Self>) -> [u8; 32] {
            [0; 32]
        }
    }

    fn receipt(key: usize, outcome: u32) -> Receipt<Plain> {
        Receipt { key: key as u128, fingerprint: 0, outcome }
    }

    #[test]
    fn the_first_answer_to_a_key_stands() {
        let mut table = Receipts::default();
        table.insert(receipt(7, 1));
        table.insert(receipt(7, 2));
        assert_eq!(table.len(), 1);
        assert_eq!(table.get(7), Some(&receipt(7, 1)));
    }

    #[test]
    fn a_full_table_forgets_its_oldest_key() {
        let mut table = Receipts::default();
        (0..RECEIPTS_MAX).for_each(|key| table.insert(receipt(key, 0)));
        // To come again makes no key younger.
        table.insert(receipt(0, 0));
        assert_eq!((table.len(), table.get(0).is_some()), (RECEIPTS_MAX, true));
        table.insert(receipt(RECEIPTS_MAX, 0));
        assert_eq!((table.len(), table.get(0).is_some()), (RECEIPTS_MAX, false));
        assert!((1..=RECEIPTS_MAX).all(|key| table.get(key as u128).is_some()));
        let kept = table.iter().map(|receipt| receipt.key);
        assert!(kept.eq((1..=RECEIPTS_MAX).map(|key| key as u128)));
    }
}
