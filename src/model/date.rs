//! What time it was at the store when it answered.
//!
//! Only a difference between two answers of one store means anything, and only that can be had:
//! nothing compares it with a clock of ours.

use std::time::Duration;

/// Seconds of the store's clock, from an origin that is nobody's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StoreDate(i64);

impl StoreDate {
    pub fn from_seconds(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Nothing, if the store's clock went back. It counts whole seconds, so this may be one short.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_secs(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Moves its origin. To a search over states, the time of day is noise.
    #[cfg(feature = "mutants")]
    pub fn shift(&mut self, by: Duration) {
        self.0 -= by.as_secs() as i64;
    }
}
