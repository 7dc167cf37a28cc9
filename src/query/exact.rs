//! Sums that are never rounded, so that neither order nor grouping shows: a number in fixed point
//! that is as wide as it has to be.
//!
//! It is kept in limbs of 32 bits, each in 64 so that a carry can wait for a long time. A sum of
//! numbers of one magnitude has three or four of them, and no sum more than a hundred and forty.

use serde::{Deserialize, Serialize};

use super::fixed::Fixed;

const LIMB_BITS: i32 = 32;
const LOW: i128 = 0xffff_ffff;
/// From here on carries wait no longer: limbs stay far below 2^63.
const LOAD_MAX: u32 = 1 << 29;
/// The squares of floats go from 2^-2148 to 2^2048, and there may be 2^64 of them.
const FIRST_MIN: i32 = -68;
const LIMBS_MAX: usize = 140;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Exact {
    /// The first limb counts 2^(32 · first).
    first: i32,
    limbs: Vec<i64>,
    /// No limb is further from zero than this many times 2^32.
    load: u32,
}

impl Exact {
    pub(super) fn add_int(&mut self, number: i64) {
        self.add(number.into(), 0);
    }

    pub(super) fn add_uint(&mut self, number: u64) {
        self.add(number.into(), 0);
    }

    pub(super) fn add_float(&mut self, number: f64) {
        let (mantissa, exponent) = parts(number);
        self.add(mantissa, exponent);
    }

    pub(super) fn add_square_of_int(&mut self, number: i64) {
        self.add_square_of_uint(number.unsigned_abs());
    }

    pub(super) fn add_square_of_uint(&mut self, number: u64) {
        self.add_wide(u128::from(number) * u128::from(number), 0);
    }

    pub(super) fn add_square_of_float(&mut self, number: f64) {
        let (mantissa, exponent) = parts(number);
        let mantissa = mantissa.unsigned_abs();
        self.add_wide(mantissa * mantissa, 2 * exponent);
    }

    pub(super) fn merge(&mut self, mut other: Self) {
        if other.limbs.is_empty() {
            return;
        }
        if self.load + other.load > LOAD_MAX {
            self.carry();
            other.carry();
        }
        let load = self.load + other.load;
        let limbs = self.window(other.first, other.limbs.len());
        for (mine, theirs) in limbs.iter_mut().zip(&other.limbs) {
            *mine += theirs;
        }
        self.load = load;
    }

    pub(super) fn settled(&self) -> Fixed {
        let mut settled = self.clone();
        settled.carry();
        let negative = settled.limbs.last().is_some_and(|top| *top < 0);
        if negative {
            settled.limbs.iter_mut().for_each(|limb| *limb = -*limb);
            settled.carry();
        }
        // All carries are done, and the number is none below zero.
        let digits = settled.limbs.iter().map(|limb| *limb as u32).collect();
        Fixed::new(negative, settled.first, digits)
    }

    /// What it takes beside itself.
    pub(super) fn heap_bytes(&self) -> usize {
        size_of::<i64>() * self.limbs.capacity()
    }

    /// Whether it is one that sums come to: what was read may be anything.
    pub(super) fn is_sound(&self) -> bool {
        let most = i64::from(self.load) << LIMB_BITS;
        let last = i64::from(self.first) + self.limbs.len() as i64;
        self.load <= LOAD_MAX
            && self.first >= FIRST_MIN
            && last <= i64::from(FIRST_MIN) + LIMBS_MAX as i64
            && self.limbs.iter().all(|limb| limb.unsigned_abs() <= most.unsigned_abs())
    }

    fn add_wide(&mut self, number: u128, exponent: i32) {
        self.add((number as u64).into(), exponent);
        self.add(((number >> 64) as u64).into(), exponent + 64);
    }

    /// A number of at most 64 bits and a sign, times 2^exponent.
    fn add(&mut self, number: i128, exponent: i32) {
        if number == 0 {
            return;
        }
        if self.load == LOAD_MAX {
            self.carry();
        }
        self.load += 1;
        let shifted = number << exponent.rem_euclid(LIMB_BITS);
        let limbs = self.window(exponent.div_euclid(LIMB_BITS), 3);
        limbs[0] += (shifted & LOW) as i64;
        limbs[1] += ((shifted >> LIMB_BITS) & LOW) as i64;
        // What carries the sign.
        limbs[2] += (shifted >> (2 * LIMB_BITS)) as i64;
    }

    fn window(&mut self, from: i32, count: usize) -> &mut [i64] {
        if self.limbs.is_empty() {
            self.first = from;
        }
        if from < self.first {
            let more = (self.first - from) as usize;
            self.limbs.splice(0..0, std::iter::repeat_n(0, more));
            self.first = from;
        }
        let at = (from - self.first) as usize;
        if self.limbs.len() < at + count {
            self.limbs.resize(at + count, 0);
        }
        &mut self.limbs[at..at + count]
    }

    /// Afterwards every limb is one of 32 bits, but that the last has the sign.
    fn carry(&mut self) {
        let mut carry = 0;
        for limb in &mut self.limbs {
            let full = *limb + carry;
            *limb = full & LOW as i64;
            carry = full >> LIMB_BITS;
        }
        if carry != 0 {
            self.limbs.push(carry);
        }
        self.load = 1;
    }
}

/// A float is its mantissa, times two to the power of its exponent.
fn parts(number: f64) -> (i128, i32) {
    let bits = number.to_bits();
    let fraction = i128::from(bits & ((1 << 52) - 1));
    let (mantissa, exponent) = match (bits >> 52 & 0x7ff) as i32 {
        0 => (fraction, -1074),
        exponent => (fraction | 1 << 52, exponent - 1075),
    };
    (if number.is_sign_negative() { -mantissa } else { mantissa }, exponent)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(floats: &[f64]) -> Exact {
        let mut sum = Exact::default();
        floats.iter().for_each(|float| sum.add_float(*float));
        sum
    }

    fn any_float() -> impl Strategy<Value = f64> {
        let any = any::<f64>().prop_filter("infinite", |float| float.is_finite());
        let near = (-1e6..1e6_f64).prop_map(|float| float.round() / 8.0);
        prop_oneof![any, near, Just(f64::MAX), Just(-f64::MAX), Just(5e-324), Just(-0.0)]
    }

    proptest! {
        #[test]
        fn neither_order_nor_grouping_shows(
            floats in prop::collection::vec(any_float(), 0..40),
            cut in 0..40_usize,
        ) {
            let whole = of(&floats).settled();
            let (left, right) = floats.split_at(cut.min(floats.len()));
            let (mut left, mut right) = (of(left), of(right));
            prop_assert!(left.is_sound() && right.is_sound());
            left.carry();
            let both = (left.clone(), right.clone());
            left.merge(both.1);
            right.merge(both.0);
            let mut backwards = floats.clone();
            backwards.reverse();
            for other in [left, right, of(&backwards)] {
                prop_assert_eq!(other.settled().over(&[]).to_bits(), whole.over(&[]).to_bits());
            }
            // What is added and taken away is as if it had never been.
            let mut nothing = of(&floats);
            floats.iter().for_each(|float| nothing.add_float(-float));
            prop_assert_eq!(nothing.settled().over(&[]), 0.0);
        }

        #[test]
        fn integers_are_added_as_integers(
            ints in prop::collection::vec(any::<i64>(), 0..50),
            uints in prop::collection::vec(any::<u64>(), 0..50),
        ) {
            let mut sum = Exact::default();
            ints.iter().for_each(|int| sum.add_int(*int));
            uints.iter().for_each(|uint| sum.add_uint(*uint));
            let whole = ints.iter().map(|int| i128::from(*int)).sum::<i128>()
                + uints.iter().map(|uint| i128::from(*uint)).sum::<i128>();
            prop_assert_eq!(sum.settled().whole(), Some(whole));
            prop_assert_eq!(sum.settled().over(&[]), whole as f64);
        }

        #[test]
        fn squares_are_whole(ints in prop::collection::vec(-1_000_000..1_000_000_i64, 0..50)) {
            let (mut of_ints, mut of_floats) = (Exact::default(), Exact::default());
            for int in &ints {
                of_ints.add_square_of_int(*int);
                of_floats.add_square_of_float(*int as f64);
            }
            let whole: i128 = ints.iter().map(|int| i128::from(*int) * i128::from(*int)).sum();
            prop_assert_eq!(of_ints.settled().whole(), Some(whole));
            prop_assert_eq!(of_floats.settled().whole(), Some(whole));
        }
    }

    #[test]
    fn what_rounding_would_lose_is_kept() {
        assert_eq!(of(&[1e100, 1.0, -1e100]).settled().over(&[]), 1.0);
        assert_eq!(of(&[0.1; 10]).settled().over(&[]), 1.0);
        assert_eq!(of(&[f64::MAX, f64::MAX, -f64::MAX]).settled().over(&[]), f64::MAX);
        let mut squares = Exact::default();
        squares.add_square_of_float(5e-324);
        squares.add_square_of_float(f64::MAX);
        squares.add_square_of_uint(u64::MAX);
        assert!(squares.is_sound());
        assert_eq!(squares.settled().over(&[]), f64::MAX);
    }

    #[test]
    fn what_no_sum_comes_to_is_told() {
        let sound = Exact { first: -2, limbs: vec![1, 2], load: 1 };
        assert!(sound.is_sound());
        for odd in [
            Exact { first: i32::MIN, ..sound.clone() },
            Exact { first: i32::MAX, ..sound.clone() },
            Exact { limbs: vec![0; 1000], ..sound.clone() },
            Exact { limbs: vec![i64::MIN], ..sound.clone() },
            Exact { load: u32::MAX, ..sound },
        ] {
            assert!(!odd.is_sound(), "{odd:?}");
        }
    }
}
