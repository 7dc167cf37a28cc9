//! Buckets that are there in any case: of each range, and of each filter, under each bucket above.

use serde::{Deserialize, Serialize};

use super::grown;

/// How many documents each has. So many of one bucket above lie beside each other; at the end they
/// may be missing that nobody came to.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Slots {
    counts: Vec<u64>,
}

impl Slots {
    /// A document more.
    pub(super) fn count(&mut self, number: u32) {
        grown(&mut self.counts, number as usize + 1, || 0);
        self.counts[number as usize] += 1;
    }

    pub(super) fn count_of(&self, number: usize) -> u64 {
        self.counts.get(number).copied().unwrap_or(0)
    }

    /// `above` says which of ours each of the buckets above theirs is; returned is the same of these.
    pub(super) fn merge(&mut self, theirs: &Self, above: &[u32], slots: usize) -> Vec<u32> {
        let slots = slots as u32;
        let numbers = above.iter().flat_map(|above| (0..slots).map(move |at| above * slots + at));
        let numbers: Vec<u32> = numbers.collect();
        for (number, count) in numbers.iter().zip(&theirs.counts) {
            grown(&mut self.counts, *number as usize + 1, || 0);
            let ours = &mut self.counts[*number as usize];
            *ours = ours.saturating_add(*count);
        }
        numbers
    }

    pub(super) fn is_sound(&self, buckets: usize) -> bool {
        self.counts.len() <= buckets
    }

    pub(super) fn bytes(&self) -> usize {
        size_of::<u64>() * self.counts.capacity()
    }
}
