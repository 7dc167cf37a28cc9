//! The sums of `distance`, compiled for processors that multiply and add in one instruction: the same
//! lanes, the same tree, the same bits.

#![allow(
    unsafe_code,
    reason = "a function for some processors is called where one of them was found"
)]

use super::distance::{inner_and_square_by_lanes, inner_by_lanes, squared_by_lanes};

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

#[target_feature(enable = "avx2,fma")]
fn inner_fused(a: &[f32], b: &[f32]) -> f32 {
    inner_by_lanes(a, b)
}

#[target_feature(enable = "avx2,fma")]
fn inner_and_square_fused(a: &[f32], b: &[f32]) -> (f32, f32) {
    inner_and_square_by_lanes(a, b)
}

#[target_feature(enable = "avx2,fma")]
fn squared_fused(a: &[f32], b: &[f32]) -> f32 {
    squared_by_lanes(a, b)
}

#[cfg(test)]
mod tests {
    use super::*;

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
