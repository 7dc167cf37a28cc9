//! The sums of `distance` in registers, for processors that multiply and add in one instruction: the
//! same lanes, the same tree, the same bits.
//!
//! They are spelt in instructions, for what a compiler makes of the lanes is, from one version to the
//! next, as fast as memory or half as fast. And they ask for what comes after: of vectors that stand
//! one behind the other, a processor by itself asks too late.

#![allow(
    unsafe_code,
    reason = "a function for some processors is called where one of them was found, and reads within \
              the rounds that it was given"
)]

use std::arch::x86_64::{
    __m256, _MM_HINT_T0, _mm_prefetch, _mm256_add_ps, _mm256_fmadd_ps, _mm256_loadu_ps,
    _mm256_setzero_ps, _mm256_storeu_ps, _mm256_sub_ps,
};

use super::distance::LANES;

/// So far ahead of what is added: at 10 GB/s it is there when its turn comes. Where nothing is, nothing
/// comes.
const AHEAD_BYTES: usize = 8 << 10;

type Round = [f32; LANES];

/// None: this processor has no such instruction.
pub(super) fn inner(a: &[f32], b: &[f32]) -> Option<f32> {
    // SAFETY: `fuses` found the instructions that `inner_fused` is compiled for.
    fuses().then(|| unsafe { inner_fused(a, b) })
}

pub(super) fn inner_and_square(a: &[f32], b: &[f32]) -> Option<(f32, f32)> {
    // SAFETY: `fuses` found the instructions that `inner_and_square_fused` is compiled for.
    fuses().then(|| unsafe { inner_and_square_fused(a, b) })
}

pub(super) fn squared(a: &[f32], b: &[f32]) -> Option<f32> {
    // SAFETY: `fuses` found the instructions that `squared_fused` is compiled for.
    fuses().then(|| unsafe { squared_fused(a, b) })
}

/// Asked once per process; the standard library remembers.
fn fuses() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
}

/// Sixteen lanes.
#[derive(Clone, Copy)]
struct Lanes(__m256, __m256);

impl Lanes {
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn zero() -> Self {
        Self(_mm256_setzero_ps(), _mm256_setzero_ps())
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn of(round: &Round) -> Self {
        let (low, high) = round.split_at(LANES / 2);
        // SAFETY: either has the eight numbers that are read.
        unsafe { Self(_mm256_loadu_ps(low.as_ptr()), _mm256_loadu_ps(high.as_ptr())) }
    }

    /// What is left after the last round is one with zeros behind it: they change no lane.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn of_rest(rest: &[f32]) -> Self {
        let mut round = [0.0; LANES];
        round[..rest.len()].copy_from_slice(rest);
        Self::of(&round)
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn minus(self, other: Self) -> Self {
        Self(_mm256_sub_ps(self.0, other.0), _mm256_sub_ps(self.1, other.1))
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn plus_product(self, a: Self, b: Self) -> Self {
        Self(_mm256_fmadd_ps(a.0, b.0, self.0), _mm256_fmadd_ps(a.1, b.1, self.1))
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn folded(self) -> f32 {
        let mut lanes = [0.0_f32; LANES / 2];
        // SAFETY: it has room for the eight numbers that are written.
        unsafe { _mm256_storeu_ps(lanes.as_mut_ptr(), _mm256_add_ps(self.0, self.1)) };
        let [a, b, c, d, e, f, g, h] = lanes;
        ((a + e) + (c + g)) + ((b + f) + (d + h))
    }
}

#[inline]
fn ask_for_what_comes_after(round: &Round) {
    let there = round.as_ptr().wrapping_byte_add(AHEAD_BYTES);
    // SAFETY: it is a hint, and an address without memory is no fault.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(there.cast()) };
}

/// Both, as sixteen lanes at a time; the second is what comes from memory.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn in_rounds(a: &[f32], b: &[f32], mut round: impl FnMut(Lanes, Lanes)) {
    let (a_rounds, a_rest) = a.as_chunks::<LANES>();
    let (b_rounds, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a_rounds.iter().zip(b_rounds) {
        ask_for_what_comes_after(b);
        round(Lanes::of(a), Lanes::of(b));
    }
    if !a_rest.is_empty() {
        round(Lanes::of_rest(a_rest), Lanes::of_rest(b_rest));
    }
}

#[target_feature(enable = "avx2,fma")]
fn inner_fused(a: &[f32], b: &[f32]) -> f32 {
    let mut sum = Lanes::zero();
    in_rounds(a, b, |a, b| sum = sum.plus_product(a, b));
    sum.folded()
}

#[target_feature(enable = "avx2,fma")]
fn inner_and_square_fused(a: &[f32], b: &[f32]) -> (f32, f32) {
    let (mut products, mut squares) = (Lanes::zero(), Lanes::zero());
    in_rounds(a, b, |a, b| {
        products = products.plus_product(a, b);
        squares = squares.plus_product(b, b);
    });
    (products.folded(), squares.folded())
}

#[target_feature(enable = "avx2,fma")]
fn squared_fused(a: &[f32], b: &[f32]) -> f32 {
    let mut sum = Lanes::zero();
    in_rounds(a, b, |a, b| {
        let apart = a.minus(b);
        sum = sum.plus_product(apart, apart);
    });
    sum.folded()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::distance::{inner_by_lanes, squared_by_lanes};

    /// Every length up to where rounds repeat, at every offset into a register, and the odd numbers.
    #[test]
    fn the_sums_are_those_of_the_scalar_twin_to_the_bit() {
        let mut state = 7_u64;
        let mut draw = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as usize
        };
        let odd = [0.0, -0.0, f32::NAN, f32::INFINITY, f32::MIN_POSITIVE / 2.0, f32::MAX, 1e-30];
        let mut number = || match draw() % 16 {
            0 => odd[draw() % odd.len()],
            _ => draw() as f32 / 1e9 - 1.0,
        };
        let (a, b): (Vec<f32>, Vec<f32>) = (0..300).map(|_| (number(), number())).unzip();
        let same = |sum: Option<f32>, twin: f32| {
            sum.is_none_or(|sum| sum.to_bits() == twin.to_bits() || sum.is_nan() && twin.is_nan())
        };
        for length in 0..=257 {
            for offset in 0..8 {
                let (a, b) = (&a[offset..offset + length], &b[8 - offset..8 - offset + length]);
                assert!(same(inner(a, b), inner_by_lanes(a, b)), "inner, {length} at {offset}");
                let both = inner_and_square(a, b).unzip();
                assert!(same(both.0, inner_by_lanes(a, b)), "both, {length} at {offset}");
                assert!(same(both.1, inner_by_lanes(b, b)), "both, {length} at {offset}");
                assert!(
                    same(squared(a, b), squared_by_lanes(a, b)),
                    "squared, {length} at {offset}"
                );
            }
        }
    }
}
