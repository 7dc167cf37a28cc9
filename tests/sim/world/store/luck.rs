//! The luck of one request: everything that is left to chance about it, from one draw of the dice.
//!
//! So a request draws once, whatever befalls it, and the luck of those after it is the same in a run
//! that has fewer faults. It is arithmetic on whole numbers, and comes out alike on every machine.

use std::time::Duration;

use elacsym::env::Dice;

/// SplitMix64.
#[derive(Clone, Debug)]
pub(super) struct Luck(u64);

impl Luck {
    pub(super) fn drawn(dice: &mut Dice) -> Self {
        Self(dice.draw() as u64)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(super) fn happens(&mut self, chance: f64) -> bool {
        self.fraction() < chance
    }

    pub(super) fn coin(&mut self) -> bool {
        self.next() & 1 == 1
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    pub(super) fn one_of<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    /// As likely of each order of magnitude.
    pub(super) fn span(&mut self, shortest: Duration, longest: Duration) -> Duration {
        let ratio = longest.as_nanos() / shortest.as_nanos().max(1);
        let doublings = ratio.max(1).ilog2() as usize;
        let span = shortest * (1_u32 << self.below(doublings + 1));
        span.mul_f64(1.0 + self.fraction()).min(longest)
    }
}
