//! Dice, asked as plans and clients ask them. Each part of a run has its own, forked by name: what
//! one part draws more or less of disturbs no other, and a run that is made smaller stays like itself.
//! No arithmetic of theirs comes out otherwise on another machine.

use std::time::Duration;

use elacsym::env::Dice;

#[derive(Clone, Debug)]
pub(crate) struct Chance(Dice);

impl Chance {
    pub(crate) fn of(dice: Dice) -> Self {
        Self(dice)
    }

    pub(crate) fn fork(&self, name: &str) -> Self {
        Self(self.0.fork(name))
    }

    pub(crate) fn dice(&mut self) -> &mut Dice {
        &mut self.0
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.0.draw() % bound.max(1) as u128) as usize
    }

    /// Both ends are among them.
    pub(crate) fn between(&mut self, least: usize, most: usize) -> usize {
        least + self.below(most + 1 - least)
    }

    pub(crate) fn happens(&mut self, chance: f64) -> bool {
        self.0.fraction() < chance
    }

    pub(crate) fn fraction(&mut self) -> f64 {
        self.0.fraction()
    }

    pub(crate) fn one_of<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    /// In proportion to their weights, of which one at least is not zero.
    pub(crate) fn weighted<T: Copy>(&mut self, weights: &[(T, usize)]) -> T {
        let mut left = self.below(weights.iter().map(|(_, weight)| weight).sum());
        for (item, weight) in weights {
            match left.checked_sub(*weight) {
                Some(less) => left = less,
                None => return *item,
            }
        }
        weights[0].0
    }

    /// Below the bound: the low ones often, the high ones rarely, about as Zipf has it.
    pub(crate) fn zipf(&mut self, bound: usize) -> usize {
        let bound = bound.max(1);
        let least = 1 << self.below(bound.ilog2() as usize + 1);
        (least + self.below(least) - 1) % bound
    }

    /// As likely of each order of magnitude.
    pub(crate) fn span(&mut self, shortest: Duration, longest: Duration) -> Duration {
        let doublings = (longest.as_nanos() / shortest.as_nanos()).ilog2() as usize;
        let span = shortest * (1_u32 << self.below(doublings + 1));
        span.mul_f64(1.0 + self.0.fraction()).min(longest)
    }
}
