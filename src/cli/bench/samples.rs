//! How long requests took, by rank: what half of them, and what all but the slowest, stayed below.

use std::time::Duration;

/// No more is kept of one client, which stops there.
pub(super) const SAMPLES_MAX: usize = 1 << 20;

/// A time in microseconds.
pub(super) fn sample(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or(u32::MAX)
}

/// In order.
#[derive(Debug, Default)]
pub(super) struct Samples {
    micros: Vec<u32>,
}

impl Samples {
    pub(super) fn of(mut micros: Vec<u32>) -> Self {
        micros.sort_unstable();
        Self { micros }
    }

    /// Those of another run with them.
    pub(super) fn and(self, other: Self) -> Self {
        Self::of([self.micros, other.micros].concat())
    }

    pub(super) fn count(&self) -> usize {
        self.micros.len()
    }

    /// The sample that so large a part of all does not exceed, in milliseconds: one that was
    /// measured, and none in between. Of nothing it is no number.
    pub(super) fn quantile_ms(&self, part: f64) -> f64 {
        let rank = (part * self.micros.len() as f64).ceil() as usize;
        let last = self.micros.len().saturating_sub(1);
        let sample = self.micros.get(rank.saturating_sub(1).min(last));
        sample.map_or(f64::NAN, |micros| f64::from(*micros) / 1000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_a_sample_that_so_many_do_not_exceed() {
        let samples = Samples::of((1..=100).rev().map(|n| n * 1000).collect());
        for (part, expected) in
            [(0.0, 1.0), (0.001, 1.0), (0.5, 50.0), (0.501, 51.0), (0.99, 99.0), (1.0, 100.0)]
        {
            assert_eq!(samples.quantile_ms(part), expected, "{part}");
        }
        assert_eq!(samples.count(), 100);
        let both = samples.and(Samples::of(vec![0; 100]));
        assert_eq!((both.count(), both.quantile_ms(0.5), both.quantile_ms(1.0)), (200, 0.0, 100.0));
    }

    #[test]
    fn of_few_samples_the_slowest_is_what_all_but_one_in_a_hundred_stay_below() {
        assert_eq!(Samples::of(vec![1500]).quantile_ms(0.5), 1.5);
        assert_eq!(Samples::of(vec![7000, 3000]).quantile_ms(0.99), 7.0);
        assert!(Samples::default().quantile_ms(0.5).is_nan());
    }
}
