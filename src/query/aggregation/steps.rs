//! The steps of a histogram: which one a number is on, and where each begins.

use crate::query::score::finite;

/// Beyond, two steps may begin at the same float.
pub(super) const STEP_MAX: i64 = 1 << 53;

#[derive(Clone, Copy, Debug)]
pub(super) struct Steps {
    pub(super) interval: f64,
    pub(super) offset: f64,
}

impl Steps {
    /// None: there are too many between the number and the offset to tell them apart.
    pub(super) fn step(&self, number: f64) -> Option<i64> {
        let offset = if crate::slip!("a Histogram has no offset") { 0.0 } else { self.offset };
        let step = ((number - offset) / self.interval).floor();
        // What is no number is not below, either.
        (step.abs() <= STEP_MAX as f64).then_some(step as i64)
    }

    pub(super) fn key(&self, step: i64) -> f64 {
        // In a sum of two zeros the positive one wins.
        finite(step as f64 * self.interval + self.offset) + 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_begins_at_its_key() {
        let steps = Steps { interval: 10.0, offset: 3.0 };
        for (number, step, key) in [(3.0, 0, 3.0), (12.9, 0, 3.0), (13.0, 1, 13.0), (2.9, -1, -7.0)]
        {
            assert_eq!(steps.step(number), Some(step));
            assert_eq!(steps.key(step), key);
        }
        let fine = Steps { interval: 5e-324, offset: 0.0 };
        assert_eq!(fine.step(1.0), None);
        assert_eq!(fine.step(0.0), Some(0));
        let far = Steps { interval: 1.0, offset: f64::MAX };
        assert_eq!(far.step(-f64::MAX), None);
        assert!(Steps { interval: 1.0, offset: 0.0 }.key(0).is_sign_positive());
    }
}
