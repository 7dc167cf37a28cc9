//! A hash that never changes: sketches of values travel between nodes. It is quick where keys are
//! numbers; whoever made them up so that they meet is held to the limit of buckets.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

pub(super) type NumberMap<K, V> = HashMap<K, V, BuildHasherDefault<Mixer>>;

/// What ends MurmurHash3: each number becomes another one, and none twice.
pub(super) fn mix(number: u64) -> u64 {
    let mut mixed = number;
    mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    mixed ^ (mixed >> 33)
}

pub(super) fn mix_bytes(bytes: &[u8]) -> u64 {
    mix(seahash::hash(bytes))
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mixer(u64);

impl Hasher for Mixer {
    fn write(&mut self, bytes: &[u8]) {
        self.write_u64(seahash::hash(bytes));
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(number.into());
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = mix(self.0.rotate_left(23) ^ number);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
