//! The random choices of a run, from one seed: who writes what, where, and how long a pause is.
//! When a kill hits is not among them: the processes run in real time.

use elacsym::env::Dice;

const SEED: &str = "ELACSYM_KILL_SEED";

#[derive(Debug)]
pub(crate) struct Chance(Dice);

impl Chance {
    /// Choices of its own for each part of a run.
    pub(crate) fn of(seed: u64, part: &str) -> Self {
        Self(Dice::from_seed(seed).fork(part))
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        (self.0.draw() % u128::from(bound)) as u64
    }

    pub(crate) fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len() as u64) as usize]
    }

    /// Text that hardly packs.
    pub(crate) fn text(&mut self, bytes: usize) -> String {
        let mut text = String::with_capacity(bytes + 32);
        while text.len() < bytes {
            text += &format!("{:032x}", self.0.draw());
        }
        text.truncate(bytes);
        text
    }
}

/// The seed of this run: the one that was asked for, or a new one.
pub(crate) fn seed() -> u64 {
    number(SEED).unwrap_or_else(|| Dice::from_os().draw() as u64)
}

/// How to make the same choices again.
pub(crate) fn replay(seed: u64) -> String {
    format!("{SEED}={seed}")
}

/// What a variable says, if it is set.
pub(crate) fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

#[test]
fn a_seed_makes_the_same_choices_again() {
    let choices = |seed, part: &str| {
        let mut chance = Chance::of(seed, part);
        (chance.below(1000), chance.text(100), *chance.pick(&[1, 2, 3]))
    };
    assert_eq!(choices(7, "writer 1"), choices(7, "writer 1"));
    assert_ne!(choices(7, "writer 1"), choices(7, "writer 2"));
    assert_ne!(choices(7, "writer 1"), choices(8, "writer 1"));
    assert_eq!(choices(7, "writer 1").1.len(), 100);
}
