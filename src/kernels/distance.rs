//! Exact distances between dense vectors, the same bits on every machine.
//!
//! Element *i* goes to lane *i* mod 16, where it is added by one fused multiply-add; the lanes are
//! added as a tree: 8 to 8, 4 to 4, 2 to 2, 1 to 1. Whoever sums in vector registers has to
//! follow the same order, which is why it is that of vector registers. A shorter last round leaves
//! the lanes beyond it as they are, as would zeros.
//!
//! The elements of an index are widened to f32 first, each exactly.

use std::cmp::Ordering;

use half::f16;

#[cfg(target_arch = "x86_64")]
use super::x86;
use crate::model::Metric;

pub(super) const LANES: usize = 16;
/// The square of a vector between these is as exact in f32 as its terms: below, they are lost one by one,
/// and above there is none.
const SQUARE_MIN: f32 = 1e-30;
const SQUARE_MAX: f32 = 1e37;

/// The vector that the others are measured against.
#[derive(Clone, Debug)]
pub struct Target<'a> {
    metric: Metric,
    vector: &'a [f32],
    /// Its length, where the metric asks for it. None: its square is too small or too large to be told.
    norm: Option<f32>,
}

impl<'a> Target<'a> {
    pub fn new(metric: Metric, vector: &'a [f32]) -> Self {
        let norm = match metric {
            Metric::Cosine => norm(inner(vector, vector)),
            Metric::EuclideanSquared | Metric::DotProduct => None,
        };
        Self { metric, vector, norm }
    }

    /// The less, the nearer. It is never minus zero, so that ties are ties in any order of floats.
    pub fn distance(&self, other: &[f32]) -> f32 {
        assert_eq!(self.vector.len(), other.len(), "two vectors of one space");
        match self.metric {
            // Of equal vectors the cosine may be a little more than one.
            Metric::Cosine => (1.0 - self.cosine(other)).max(0.0),
            Metric::EuclideanSquared => squared(self.vector, other),
            Metric::DotProduct => 0.0 - self.inner(other),
        }
    }

    /// The more, the more alike: what a distance is made of, before it is one.
    pub fn similarity(&self, other: &[f32]) -> f32 {
        assert_eq!(self.vector.len(), other.len(), "two vectors of one space");
        match self.metric {
            Metric::Cosine => self.cosine(other).min(1.0),
            Metric::EuclideanSquared => 0.0 - squared(self.vector, other),
            Metric::DotProduct => 0.0 + self.inner(other),
        }
    }

    /// A vector of zeros has no direction and is 1 from all others.
    fn cosine(&self, other: &[f32]) -> f32 {
        let (product, square) = inner_and_square(self.vector, other);
        match (self.norm, norm(square)) {
            (Some(mine), Some(theirs)) => product / (mine * theirs),
            _ => wide_cosine(self.vector, other),
        }
    }

    /// Terms that are beyond f32 may have cancelled out.
    fn inner(&self, other: &[f32]) -> f32 {
        let sum = inner(self.vector, other);
        if sum.is_finite() { sum } else { wide_inner(self.vector, other) as f32 }
    }
}

fn norm(square: f32) -> Option<f32> {
    (SQUARE_MIN..=SQUARE_MAX).contains(&square).then(|| square.sqrt())
}

/// In f64 no product of two f32 is too small or too large. It is slower, and few vectors need it.
fn wide_inner(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).fold(0.0, |sum, (a, b)| f64::from(*a).mul_add(f64::from(*b), sum))
}

fn wide_cosine(a: &[f32], b: &[f32]) -> f32 {
    let norms = (wide_inner(a, a).sqrt()) * (wide_inner(b, b).sqrt());
    if norms > 0.0 { (wide_inner(a, b) / norms) as f32 } else { 0.0 }
}

/// Something at a distance. Ties go by what it is: the id.
#[derive(Clone, Debug)]
pub struct Near<T> {
    pub distance: f32,
    pub id: T,
}

impl<T: Ord> Ord for Near<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.distance.total_cmp(&other.distance).then_with(|| self.id.cmp(&other.id))
    }
}

impl<T: Ord> PartialOrd for Near<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: Ord> PartialEq for Near<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T: Ord> Eq for Near<T> {}

pub fn widen_f16(from: &[f16], to: &mut [f32]) {
    assert_eq!(from.len(), to.len(), "as many out as in");
    for (from, to) in from.iter().zip(to) {
        *to = from.to_f32();
    }
}

/// The bytes of a vector of i8, as they are stored.
pub fn widen_i8(from: &[u8], to: &mut [f32]) {
    assert_eq!(from.len(), to.len(), "as many out as in");
    for (from, to) in from.iter().zip(to) {
        *to = f32::from(i8::from_ne_bytes([*from]));
    }
}

/// Of both vectors what is added up.
fn summands<'v>(a: &'v [f32], b: &'v [f32]) -> (&'v [f32], &'v [f32]) {
    let rounds = a.len() / LANES * LANES;
    if rounds > 0 && crate::slip!("what is left after whole rounds is not added") {
        return (&a[..rounds], &b[..rounds]);
    }
    (a, b)
}

fn inner(a: &[f32], b: &[f32]) -> f32 {
    let (a, b) = summands(a, b);
    #[cfg(target_arch = "x86_64")]
    if let Some(sum) = x86::inner(a, b) {
        return sum;
    }
    inner_by_lanes(a, b)
}

/// The inner product of both, and that of the second with itself: the same bits as one after the
/// other, in one pass over what has to come from memory.
fn inner_and_square(a: &[f32], b: &[f32]) -> (f32, f32) {
    let (a, b) = summands(a, b);
    #[cfg(target_arch = "x86_64")]
    if let Some(sums) = x86::inner_and_square(a, b) {
        return sums;
    }
    inner_and_square_by_lanes(a, b)
}

fn squared(a: &[f32], b: &[f32]) -> f32 {
    let (a, b) = summands(a, b);
    #[cfg(target_arch = "x86_64")]
    if let Some(sum) = x86::squared(a, b) {
        return sum;
    }
    squared_by_lanes(a, b)
}

/// The twin of every other way to say it: without an instruction for it, a fused multiply-add is a
/// call into a library.
pub(super) fn inner_by_lanes(a: &[f32], b: &[f32]) -> f32 {
    summed(a, b, |a, b, sum| a.mul_add(b, sum))
}

fn inner_and_square_by_lanes(a: &[f32], b: &[f32]) -> (f32, f32) {
    let (mut products, mut squares) = ([0.0_f32; LANES], [0.0_f32; LANES]);
    let mut round = |a: &[f32], b: &[f32]| {
        let lanes = products.iter_mut().zip(&mut squares);
        for (((product, square), a), b) in lanes.zip(a).zip(b) {
            *product = a.mul_add(*b, *product);
            *square = b.mul_add(*b, *square);
        }
    };
    let (a_rounds, a_rest) = a.as_chunks::<LANES>();
    let (b_rounds, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a_rounds.iter().zip(b_rounds) {
        round(a, b);
    }
    round(a_rest, b_rest);
    (folded(products), folded(squares))
}

pub(super) fn squared_by_lanes(a: &[f32], b: &[f32]) -> f32 {
    summed(a, b, |a, b, sum| {
        let apart = a - b;
        apart.mul_add(apart, sum)
    })
}

#[inline]
fn summed(a: &[f32], b: &[f32], add: impl Fn(f32, f32, f32) -> f32) -> f32 {
    let mut lanes = [0.0_f32; LANES];
    let mut round = |a: &[f32], b: &[f32]| {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane = add(*a, *b, *lane);
        }
    };
    let (a_rounds, a_rest) = a.as_chunks::<LANES>();
    let (b_rounds, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a_rounds.iter().zip(b_rounds) {
        round(a, b);
    }
    round(a_rest, b_rest);
    folded(lanes)
}

fn folded(mut lanes: [f32; LANES]) -> f32 {
    let mut width = LANES / 2;
    while width > 0 {
        let (low, high) = lanes.split_at_mut(width);
        for (low, high) in low.iter_mut().zip(high) {
            *low += *high;
        }
        width /= 2;
    }
    lanes[0]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernels::Least;

    const METRICS: [Metric; 3] = [Metric::Cosine, Metric::EuclideanSquared, Metric::DotProduct];

    fn distance(metric: Metric, a: &[f32], b: &[f32]) -> f32 {
        Target::new(metric, a).distance(b)
    }

    /// The same tree in other words: each lane by itself, then neighbours at half the width.
    fn restated(a: &[f32], b: &[f32], squares: bool) -> f32 {
        let lane = |lane: usize| {
            let mut sum = 0.0_f32;
            for at in (lane..a.len()).step_by(16) {
                sum = match squares {
                    true => (a[at] - b[at]).mul_add(a[at] - b[at], sum),
                    false => a[at].mul_add(b[at], sum),
                };
            }
            sum
        };
        let mut sums: Vec<f32> = (0..16).map(lane).collect();
        while sums.len() > 1 {
            let (low, high) = sums.split_at(sums.len() / 2);
            sums = low.iter().zip(high).map(|(a, b)| a + b).collect();
        }
        sums[0]
    }

    /// Two vectors of one length.
    fn any_pair() -> impl Strategy<Value = (Vec<f32>, Vec<f32>)> {
        let element = || prop_oneof![Just(0.0_f32), -1.0..1.0_f32, -1000.0..1000.0_f32];
        (0..100_usize).prop_flat_map(move |dims| {
            let vector = || prop::collection::vec(element(), dims);
            (vector(), vector())
        })
    }

    #[test]
    fn the_three_distances_are_what_they_are_called() {
        let (a, b) = ([3.0, 0.0, 4.0], [0.0, 0.0, 2.0]);
        assert_eq!(distance(Metric::EuclideanSquared, &a, &b), 13.0);
        assert_eq!(distance(Metric::DotProduct, &a, &b), -8.0);
        assert_eq!(distance(Metric::Cosine, &a, &b), 1.0 - 8.0 / 10.0);
        assert_eq!(distance(Metric::Cosine, &a, &[-3.0, 0.0, -4.0]), 2.0);
        for metric in METRICS {
            assert_eq!(distance(metric, &[], &[]), f32::from(u8::from(metric == Metric::Cosine)));
        }
    }

    #[test]
    fn what_has_no_direction_is_one_from_everything() {
        for odd in [[0.0, 0.0], [-0.0, 0.0]] {
            for other in [[1.0, 2.0], [0.0, 0.0], [1e20, 1e20]] {
                assert_eq!(distance(Metric::Cosine, &odd, &other), 1.0, "{odd:?} {other:?}");
                assert_eq!(distance(Metric::Cosine, &other, &odd), 1.0, "{other:?} {odd:?}");
            }
        }
    }

    /// They were 1 from everything, themselves included, and what cancels out was the largest float.
    #[test]
    fn what_is_very_long_or_very_short_is_measured_all_the_same() {
        for size in [1e-38, 1e-30, 1e-22, 1e20, 1e38] {
            let [a, b] = [[size, size], [size, -size]];
            assert!(distance(Metric::Cosine, &a, &a) < 1e-6, "{size}");
            assert_eq!(distance(Metric::Cosine, &a, &b), 1.0, "{size}");
            assert!(distance(Metric::Cosine, &a, &[2.0, 2.0]) < 1e-6, "{size}");
        }
        let (long, across) = ([3e38, 3e38], [-3e38, 3e38]);
        assert_eq!(distance(Metric::DotProduct, &long, &across), 0.0);
        assert_eq!(distance(Metric::DotProduct, &long, &long), f32::NEG_INFINITY);
    }

    #[test]
    fn what_is_near_is_similar() {
        let (a, b) = ([3.0, 0.0, 4.0], [0.0, 0.0, 2.0]);
        for (metric, similarity) in
            [(Metric::EuclideanSquared, -13.0), (Metric::DotProduct, 8.0), (Metric::Cosine, 0.8)]
        {
            assert_eq!(Target::new(metric, &a).similarity(&b), similarity, "{metric:?}");
        }
        assert_eq!(Target::new(Metric::Cosine, &a).similarity(&[0.0; 3]), 0.0);
    }

    #[test]
    fn no_distance_is_minus_zero() {
        for (a, b) in [([0.0], [0.0]), ([0.0], [-1.0]), ([-0.0], [1.0]), ([1.0], [1.0])] {
            for metric in METRICS {
                let distance = distance(metric, &a, &b);
                assert!(distance != 0.0 || distance.is_sign_positive(), "{metric:?} {a:?} {b:?}");
            }
        }
    }

    #[test]
    fn ties_go_by_id() {
        let mut least = Least::new(3);
        for (distance, id) in [(0.5, 9), (0.25, 7), (0.5, 2), (0.25, 8), (0.5, 1)] {
            least.offer(Near { distance, id });
        }
        let found: Vec<i32> = least.into_sorted().into_iter().map(|near| near.id).collect();
        assert_eq!(found, [7, 8, 1]);
    }

    #[test]
    fn narrow_elements_widen_exactly() {
        let mut wide = [9.0; 3];
        widen_f16(&[f16::from_f32(0.5), f16::MAX, f16::from_f32(-2.0)], &mut wide);
        assert_eq!(wide, [0.5, 65504.0, -2.0]);
        widen_i8(&[0x7f, 0x80, 0xff], &mut wide);
        assert_eq!(wide, [127.0, -128.0, -1.0]);
    }

    proptest! {
        #[test]
        fn sums_are_added_in_the_order_that_is_written_down((a, b) in any_pair()) {
            prop_assert_eq!(inner(&a, &b).to_bits(), restated(&a, &b, false).to_bits());
            prop_assert_eq!(squared(&a, &b).to_bits(), restated(&a, &b, true).to_bits());
            let (product, square) = inner_and_square(&a, &b);
            prop_assert_eq!(product.to_bits(), restated(&a, &b, false).to_bits());
            prop_assert_eq!(square.to_bits(), restated(&b, &b, false).to_bits());
        }

        #[test]
        fn zeros_at_the_end_change_nothing((a, b) in any_pair(), zeros in 0..40_usize) {
            let longer = |vector: &[f32]| [vector, &vec![0.0_f32; zeros][..]].concat();
            for metric in METRICS {
                let padded = distance(metric, &longer(&a), &longer(&b));
                prop_assert_eq!(padded.to_bits(), distance(metric, &a, &b).to_bits());
            }
        }

        /// Their squares are far below what f32 can tell, or far above it, or one is here and one there.
        #[test]
        fn the_cosine_is_that_of_the_directions_however_long_they_are(
            (a, b) in any_pair(), scales in prop::array::uniform2(-36..=34_i32),
        ) {
            let scaled = |vector: &[f32], scale: i32| -> Vec<f32> {
                vector.iter().map(|x| (f64::from(*x) * 10_f64.powi(scale)) as f32).collect()
            };
            let (a, b) = (scaled(&a, scales[0]), scaled(&b, scales[1]));
            let norms = wide_inner(&a, &a).sqrt() * wide_inner(&b, &b).sqrt();
            let exact = if norms == 0.0 { 1.0 } else { 1.0 - wide_inner(&a, &b) / norms };
            let got = f64::from(distance(Metric::Cosine, &a, &b));
            prop_assert!((got - exact.max(0.0)).abs() < 1e-5, "{got} {exact}");
        }

        /// A sum of n products is off by at most n / 16 + 4 roundings of the sum of their sizes,
        /// a square of a difference by two more, and a cosine by that of three sums and a few.
        #[test]
        fn distances_are_near_those_in_f64((a, b) in any_pair()) {
            let rounding = 2.0_f64.powi(-24) * 1.001;
            let roundings = a.len().div_ceil(16) as f64 + 4.0;
            let wide = |vector: &[f32]| vector.iter().map(|x| f64::from(*x)).collect::<Vec<f64>>();
            let (x, y) = (wide(&a), wide(&b));
            let sum = |term: fn(f64, f64) -> f64, x: &[f64], y: &[f64]| {
                x.iter().zip(y).map(|(x, y)| term(*x, *y)).sum::<f64>()
            };
            // What underflows is lost absolutely, and is next to nothing.
            let within = |got: f32, exact: f64, bound: f64| {
                (f64::from(got) - exact).abs() <= bound + f64::from(f32::MIN_POSITIVE)
            };
            let dot = sum(|x, y| x * y, &x, &y);
            let sizes = sum(|x, y| (x * y).abs(), &x, &y);
            let got = distance(Metric::DotProduct, &a, &b);
            prop_assert!(within(got, -dot, roundings * rounding * sizes), "{got} {dot}");

            let apart = sum(|x, y| (x - y) * (x - y), &x, &y);
            let got = distance(Metric::EuclideanSquared, &a, &b);
            prop_assert!(within(got, apart, (roundings + 2.0) * rounding * apart), "{got} {apart}");

            let norms = (sum(|x, y| x * y, &x, &x) * sum(|x, y| x * y, &y, &y)).sqrt();
            let exact = if norms == 0.0 { 1.0 } else { 1.0 - dot / norms };
            let got = distance(Metric::Cosine, &a, &b);
            prop_assert!(got >= 0.0);
            prop_assert!(within(got, exact, (3.0 * roundings + 8.0) * rounding), "{got} {exact}");
        }
    }
}
