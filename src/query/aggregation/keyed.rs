//! Buckets that are found as they are met: of each different value, or of each stretch of a
//! histogram, under each bucket above.

use std::collections::hash_map::Entry;

use serde::{Deserialize, Serialize};

use super::hash::NumberMap;
use super::room::{Full, Seats};
use super::words::WordBook;

/// About what a map takes for each.
const ENTRY_BYTES: usize = 32;

/// By number, in the order in which they came.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Keyed {
    /// The bucket above.
    above: Vec<u32>,
    /// In their order as numbers; of words, the number of the word.
    keys: Vec<u64>,
    counts: Vec<u64>,
    pub(super) words: WordBook,
    #[serde(skip)]
    numbers: NumberMap<(u32, u64), u32>,
}

impl Keyed {
    /// The number of a bucket; a new one takes so many seats.
    pub(super) fn number(
        &mut self,
        above: u32,
        key: u64,
        weight: u64,
        seats: &mut Seats,
    ) -> Result<u32, Full> {
        match self.numbers.entry((above, key)) {
            Entry::Occupied(known) => Ok(*known.get()),
            Entry::Vacant(vacant) => {
                seats.take(weight)?;
                let number = self.keys.len() as u32;
                vacant.insert(number);
                self.above.push(above);
                self.keys.push(key);
                self.counts.push(0);
                Ok(number)
            }
        }
    }

    /// A document more.
    pub(super) fn count(&mut self, number: u32) {
        self.counts[number as usize] += 1;
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn above(&self) -> &[u32] {
        &self.above
    }

    pub(super) fn key_of(&self, number: u32) -> u64 {
        self.keys[number as usize]
    }

    pub(super) fn count_of(&self, number: u32) -> u64 {
        self.counts[number as usize]
    }

    /// `above` says which of ours each of the buckets above theirs is; returned is the same of these.
    pub(super) fn merge(
        &mut self,
        theirs: &Self,
        above: &[u32],
        weight: u64,
        seats: &mut Seats,
    ) -> Result<Vec<u32>, Full> {
        let words: Vec<u64> = theirs.words.iter().map(|word| self.words.number(word)).collect();
        let mut numbers = Vec::with_capacity(theirs.len());
        for at in 0..theirs.len() {
            let key = match words.is_empty() {
                true => theirs.keys[at],
                false => words[theirs.keys[at] as usize],
            };
            let number = self.number(above[theirs.above[at] as usize], key, weight, seats)?;
            let count = &mut self.counts[number as usize];
            *count = count.saturating_add(theirs.counts[at]);
            numbers.push(number);
        }
        Ok(numbers)
    }

    /// Finds its way again in what was read. Whether all of it is what collecting comes to.
    pub(super) fn index(&mut self, above: usize, sound: impl Fn(u64, &WordBook) -> bool) -> bool {
        let length = self.keys.len();
        if (self.above.len(), self.counts.len()) != (length, length) {
            return false;
        }
        let mut known = NumberMap::default();
        for (number, (bucket, key)) in (0..).zip(self.above.iter().zip(&self.keys)) {
            let twice = known.insert((*bucket, *key), number).is_some();
            if twice || *bucket as usize >= above || !sound(*key, &self.words) {
                return false;
            }
        }
        self.numbers = known;
        true
    }

    pub(super) fn bytes(&self) -> usize {
        let each = size_of::<u32>() + 2 * size_of::<u64>() + ENTRY_BYTES;
        each * self.keys.capacity() + self.words.bytes()
    }
}
