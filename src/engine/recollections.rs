//! What is remembered of the names that were closed: a few bytes each, which spare whoever opens one
//! again a claim and a fence.
//!
//! A name may have 128 bytes, and all that is spent on one here must not be more. So a name is known
//! by 128 bits of its hash, which belongs to the name and not to one of its lives: what is
//! remembered of a former life does not fit the head, and is as good as forgotten. There are two
//! generations; when the younger one has had its share of entries, it takes the place of the older
//! one, and that is forgotten. So what falls out is the oldest, and the tables never grow beyond
//! what they were made for, however often a name comes and goes.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::model::Namespace;
use crate::protocol::Remembered;

/// Names that are remembered, on one node.
pub(super) const REMEMBERED_MAX: usize = 100_000;

pub(super) struct Recollections {
    younger: Generation,
    older: Generation,
    /// Entries that the younger one has had, those that were taken out again among them.
    had: usize,
    generation_max: usize,
}

/// Whose order no answer depends on.
type Generation = HashMap<u128, Remembered, BuildHasherDefault<AsItIs>>;

/// The first bytes of a hash are a hash.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn write(&mut self, bytes: &[u8]) {
        let mut first = [0; 8];
        let length = bytes.len().min(8);
        first[..length].copy_from_slice(&bytes[..length]);
        self.0 = u64::from_le_bytes(first);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Recollections {
    pub(super) fn of(names_max: usize) -> Self {
        let generation_max = (names_max / 2).max(1);
        Self {
            younger: Generation::default(),
            older: Generation::default(),
            had: 0,
            generation_max,
        }
    }

    pub(super) fn put(&mut self, name: &Namespace, remembered: Remembered) {
        let key = key_of(name);
        if self.had >= self.generation_max {
            self.older = std::mem::take(&mut self.younger);
            self.had = 0;
        }
        self.older.remove(&key);
        self.younger.insert(key, remembered);
        self.had += 1;
    }

    pub(super) fn take(&mut self, name: &Namespace) -> Option<Remembered> {
        let key = key_of(name);
        self.younger.remove(&key).or_else(|| self.older.remove(&key))
    }

    pub(super) fn len(&self) -> usize {
        self.younger.len() + self.older.len()
    }
}

/// 128 bits of its hash.
pub(super) fn key_of(name: &Namespace) -> u128 {
    let mut key = [0; 16];
    key.copy_from_slice(&blake3::hash(name.as_str().as_bytes()).as_bytes()[..16]);
    u128::from_le_bytes(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Epoch, Incarnation, Seq};

    fn name(number: usize) -> Namespace {
        Namespace::new(&format!("name-{number}")).unwrap()
    }

    fn remembered(number: usize) -> Remembered {
        let (epoch, next) = (Epoch(number as u64), Seq(7));
        Remembered { inc: Incarnation(1), epoch, next, marked: true }
    }

    #[test]
    fn what_was_put_away_is_taken_once() {
        let mut recollections = Recollections::of(10);
        recollections.put(&name(1), remembered(1));
        recollections.put(&name(2), remembered(2));
        recollections.put(&name(1), remembered(3));
        assert_eq!(recollections.take(&name(1)), Some(remembered(3)));
        assert_eq!(recollections.take(&name(1)), None);
        assert_eq!(recollections.take(&name(2)), Some(remembered(2)));
        assert_eq!(recollections.len(), 0);
    }

    #[test]
    fn the_oldest_fall_out_and_never_one_of_the_newer_half() {
        let mut recollections = Recollections::of(100);
        for number in 0..1_000 {
            recollections.put(&name(number), remembered(number));
            assert!(recollections.len() <= 100);
        }
        let kept = (0..1_000).filter(|number| recollections.take(&name(*number)).is_some());
        let kept: Vec<usize> = kept.collect();
        assert!(kept.len() >= 50 && kept.iter().eq(&(kept[0]..1_000).collect::<Vec<_>>()));
    }

    #[test]
    fn an_old_entry_does_not_come_back_behind_a_new_one() {
        let mut recollections = Recollections::of(4);
        recollections.put(&name(1), remembered(1));
        recollections.put(&name(2), remembered(2));
        recollections.put(&name(1), remembered(3));
        assert_eq!(recollections.take(&name(1)), Some(remembered(3)));
        assert_eq!(recollections.take(&name(1)), None);
    }

    /// A table has a power of two of places, and is at most seven eighths full.
    #[test]
    fn a_name_that_is_remembered_takes_less_than_128_bytes_however_often_names_come_and_go() {
        const EACH: usize = REMEMBERED_MAX / 2;
        let places = (EACH * 8 / 7 + 1).next_power_of_two();
        let place_bytes = size_of::<(u128, Remembered)>() + 1;
        assert!(2 * places * place_bytes <= 128 * REMEMBERED_MAX);

        let mut recollections = Recollections::of(REMEMBERED_MAX);
        let steady = name(0);
        for number in 0..3 * EACH {
            recollections.put(&steady, remembered(number));
            recollections.take(&steady);
            recollections.put(&name(number), remembered(number));
        }
        for generation in [&recollections.younger, &recollections.older] {
            assert!(generation.capacity() <= places * 7 / 8, "{}", generation.capacity());
        }
    }
}
