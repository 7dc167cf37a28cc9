//! Is there an order of calls, each at one moment between its call and its return, in which a
//! sequential object would have answered as clients were answered? After Wing and Gong, with Lowe's
//! memo of what was tried: a set of calls and what it has led to.
//!
//! A call that was never answered may take effect at any moment after it, or never. One that fits, and
//! by its answer changes nothing wherever it fits, is taken at once: nobody is the worse for it. What
//! has too many calls, or takes too many steps, is not judged, and said to be so.

use std::collections::BTreeSet;

use super::super::words::Moment;

/// An object in one of its states. An operation is what is asked of it, and what was answered.
pub(super) trait Object<Op>: Clone + Ord {
    fn after(&self, op: &Op) -> Step<Self>;
}

pub(super) enum Step<O> {
    /// It would have answered otherwise.
    Cannot,
    /// It answers so, and whatever answers so never changes anything.
    Stays,
    Becomes(O),
}

#[derive(Clone, Debug)]
pub(super) struct Call<Op> {
    pub(super) op: Op,
    pub(super) call: Moment,
    /// None: it was never answered.
    pub(super) back: Option<Moment>,
}

#[derive(Debug, PartialEq)]
pub(super) enum Verdict<O> {
    Linear,
    /// The most that could be explained led to `object`, and none of `stuck` can come next.
    Broken {
        explained: usize,
        object: O,
        stuck: Vec<usize>,
    },
    Cut,
}

/// Calls of one object.
const CALLS_MAX: usize = 1024;
/// Branches that are followed for one object.
const STEPS_MAX: usize = 20_000;

/// `calls` are in the order in which they were called.
pub(super) fn linearize<Op, O: Object<Op>>(start: O, calls: &[Call<Op>]) -> Verdict<O> {
    if calls.len() > CALLS_MAX {
        return Verdict::Cut;
    }
    let lost = (0..calls.len()).filter(|at| calls[*at].back.is_none()).collect();
    let (tried, deepest) = (BTreeSet::new(), (0, start.clone(), Vec::new()));
    let mut search = Search { calls, lost, tried, deepest, steps: 0 };
    match search.go(0, Set::default(), start) {
        None => Verdict::Cut,
        Some(true) => Verdict::Linear,
        Some(false) => {
            let (explained, object, stuck) = search.deepest;
            Verdict::Broken { explained, object, stuck }
        }
    }
}

/// Of calls, by their places.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Set([u64; CALLS_MAX / 64]);

impl Set {
    fn has(&self, at: usize) -> bool {
        self.0[at / 64] & 1 << (at % 64) != 0
    }

    fn with(mut self, at: usize) -> Self {
        self.0[at / 64] |= 1 << (at % 64);
        self
    }

    fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }
}

struct Search<'a, Op, O> {
    calls: &'a [Call<Op>],
    /// Those that were never answered.
    lost: Vec<usize>,
    tried: BTreeSet<(Set, O)>,
    /// How many calls were explained at the most, where that led, and who did not fit in.
    deepest: (usize, O, Vec<usize>),
    steps: usize,
}

impl<Op, O: Object<Op>> Search<'_, Op, O> {
    /// Whether the rest can be explained: all that were answered and lie below `from` are done. None:
    /// it is too long to say.
    fn go(&mut self, mut from: usize, mut done: Set, object: O) -> Option<bool> {
        let next = loop {
            let next = self.next(from, &done);
            let Some(first) = next.first() else { return Some(true) };
            from = *first;
            let idle = |at: &&usize| matches!(object.after(&self.calls[**at].op), Step::Stays);
            match next.iter().find(idle) {
                Some(at) => done = done.with(*at),
                None => break next,
            }
        };
        let branches = self.branches(&next, &done, &object);
        let explained = done.len();
        if explained >= self.deepest.0 {
            self.deepest = (explained, object, next);
        }
        for (at, object) in branches {
            self.steps += 1;
            if self.steps > STEPS_MAX {
                return None;
            }
            let with = done.with(at);
            if self.tried.insert((with, object.clone())) && self.go(from, with, object)? {
                return Some(true);
            }
        }
        Some(false)
    }

    /// The answered calls of which one comes next: those called before any of them returned.
    fn next(&self, from: usize, done: &Set) -> Vec<usize> {
        let mut limit = Moment::NEVER;
        let mut next = Vec::new();
        for (at, call) in self.calls.iter().enumerate().skip(from) {
            if call.call > limit {
                break;
            }
            if let Some(back) = call.back.filter(|_| !done.has(at)) {
                limit = limit.min(back);
                next.push(at);
            }
        }
        next
    }

    /// What may come next and changes the object: answered calls first, by their returns.
    fn branches(&self, next: &[usize], done: &Set, object: &O) -> Vec<(usize, O)> {
        let mut next = next.to_vec();
        next.sort_by_key(|at| self.calls[*at].back);
        let limit = next.first().and_then(|at| self.calls[*at].back).unwrap_or(Moment::NEVER);
        let lost = self.lost.iter().copied();
        let lost = lost.filter(|at| !done.has(*at) && self.calls[*at].call < limit);
        let becomes = |at: usize| match object.after(&self.calls[at].op) {
            // It may as well never have taken effect.
            Step::Becomes(next) if self.calls[at].back.is_none() && next == *object => None,
            Step::Becomes(next) => Some((at, next)),
            Step::Stays | Step::Cannot => None,
        };
        next.iter().copied().chain(lost).filter_map(becomes).collect()
    }
}

#[cfg(test)]
mod tests {
    use elacsym::env::Dice;

    use super::*;

    /// A number that is set, raised, and read.
    impl Object<Op> for i64 {
        fn after(&self, op: &Op) -> Step<Self> {
            match *op {
                Op::Set(to) => Step::Becomes(to),
                // Answered with what it was before.
                Op::Raise(was) if was.is_none_or(|was| was == *self) => Step::Becomes(self + 1),
                Op::Saw(seen) if seen == *self => Step::Stays,
                Op::Raise(_) | Op::Saw(_) => Step::Cannot,
            }
        }
    }

    #[derive(Clone, Copy, Debug)]
    enum Op {
        Set(i64),
        Raise(Option<i64>),
        Saw(i64),
    }

    use Op::{Raise, Saw, Set as Sets};

    /// Each with its call and its return; 0: never.
    fn calls(all: &[(Op, u64, u64)]) -> Vec<Call<Op>> {
        let call = |(op, call, back): &(Op, u64, u64)| Call {
            op: *op,
            call: Moment(*call),
            back: (*back > 0).then_some(Moment(*back)),
        };
        all.iter().map(call).collect()
    }

    fn is_linear(all: &[(Op, u64, u64)]) -> bool {
        match linearize(0, &calls(all)) {
            Verdict::Linear => true,
            Verdict::Broken { .. } => false,
            Verdict::Cut => panic!("it is short"),
        }
    }

    #[test]
    fn a_read_sees_what_was_set_before_it() {
        assert!(is_linear(&[(Sets(1), 1, 2), (Saw(1), 3, 4)]));
        assert!(!is_linear(&[(Sets(1), 1, 2), (Saw(0), 3, 4)]), "stale");
        assert!(!is_linear(&[(Saw(1), 1, 2), (Sets(1), 3, 4)]), "of the future");
        assert!(is_linear(&[(Sets(1), 1, 4), (Saw(0), 2, 3)]));
        assert!(is_linear(&[(Sets(1), 1, 4), (Saw(1), 2, 3)]));
    }

    #[test]
    fn what_one_read_saw_the_next_does_not_forget() {
        let sets = (Sets(1), 1, 9);
        assert!(is_linear(&[sets, (Saw(0), 2, 3), (Saw(1), 4, 5)]));
        assert!(!is_linear(&[sets, (Saw(1), 2, 3), (Saw(0), 4, 5)]));
        assert!(is_linear(&[sets, (Saw(1), 2, 5), (Saw(0), 3, 4)]));
    }

    #[test]
    fn two_writers_are_in_one_order_for_all() {
        let both = [(Sets(1), 1, 9), (Sets(2), 2, 9)];
        let reads = |a, b| [(Saw(a), 10, 11), (Saw(b), 12, 13)];
        assert!(is_linear(&[&both[..], &reads(1, 1)].concat()));
        assert!(is_linear(&[&both[..], &reads(2, 2)].concat()));
        assert!(!is_linear(&[&both[..], &reads(1, 2)].concat()));
    }

    #[test]
    fn what_was_never_answered_took_effect_at_any_time_or_never() {
        let lost = (Sets(1), 1, 0);
        assert!(is_linear(&[lost, (Saw(0), 2, 3), (Saw(1), 4, 5)]), "late");
        assert!(is_linear(&[lost, (Saw(0), 2, 3), (Saw(0), 4, 5)]), "never");
        assert!(!is_linear(&[lost, (Saw(1), 2, 3), (Saw(0), 4, 5)]), "and not undone");
        let again = (Sets(2), 4, 5);
        assert!(is_linear(&[lost, (Saw(0), 2, 3), again, (Saw(1), 6, 7)]));
        assert!(!is_linear(&[lost, (Saw(1), 2, 3), again, (Saw(1), 6, 7)]), "and not twice");
        assert!(!is_linear(&[(Saw(1), 1, 2), (Sets(1), 3, 0)]), "and not before it was asked");
    }

    #[test]
    fn an_answer_tells_the_order() {
        assert!(is_linear(&[(Raise(Some(1)), 1, 9), (Raise(Some(0)), 2, 9), (Saw(2), 10, 11)]));
        assert!(!is_linear(&[(Raise(Some(0)), 1, 9), (Raise(Some(0)), 2, 9)]), "one was lost");
        assert!(is_linear(&[(Raise(Some(1)), 1, 9), (Raise(None), 2, 0)]));
    }

    #[test]
    fn it_says_where_it_is_stuck() {
        let all = calls(&[(Sets(1), 1, 2), (Saw(1), 3, 4), (Sets(3), 5, 6), (Saw(2), 7, 8)]);
        let stuck = Verdict::Broken { explained: 3, object: 3, stuck: vec![3] };
        assert_eq!(linearize(0, &all), stuck);
    }

    #[test]
    fn what_is_too_much_is_cut() {
        let many: Vec<_> = (0..=CALLS_MAX as u64).map(|at| (Sets(1), at, at + 1)).collect();
        assert_eq!(linearize(0, &calls(&many)), Verdict::Cut);
        let mut wide: Vec<_> = (1..20).map(|no| (Sets(no), no as u64, 99)).collect();
        wide.push((Saw(77), 100, 101));
        assert_eq!(linearize(0, &calls(&wide)), Verdict::Cut);
    }

    /// Tries all orders.
    fn brute(object: i64, all: &[Call<Op>], done: &mut Vec<usize>) -> bool {
        let left: Vec<usize> = (0..all.len()).filter(|at| !done.contains(at)).collect();
        if left.iter().all(|at| all[*at].back.is_none()) {
            return true;
        }
        left.iter().any(|at| {
            let before = |other: &usize| all[*other].back.is_some_and(|back| back < all[*at].call);
            let next = match object.after(&all[*at].op) {
                _ if left.iter().any(before) => return false,
                Step::Cannot => return false,
                Step::Stays => object,
                Step::Becomes(next) => next,
            };
            done.push(*at);
            let found = brute(next, all, done);
            done.pop();
            found
        })
    }

    #[test]
    fn it_judges_as_trying_all_orders_does() {
        let mut dice = Dice::from_seed(5);
        let mut roll = |sides: u128| (dice.draw() % sides) as u64;
        let mut linear = 0;
        for _ in 0..4_000 {
            let mut all = Vec::new();
            for _ in 0..2 + roll(5) {
                let op = match roll(4) {
                    0 => Sets(roll(3) as i64),
                    1 => Raise((roll(2) == 0).then_some(roll(3) as i64)),
                    _ => Saw(roll(3) as i64),
                };
                let call = 1 + roll(12);
                // A read that was never answered says nothing.
                let lost = roll(4) == 0 && !matches!(op, Saw(_));
                all.push((op, 2 * call, if lost { 0 } else { 2 * (call + roll(8)) + 1 }));
            }
            all.sort_by_key(|(_, call, _)| *call);
            let expected = brute(0, &calls(&all), &mut Vec::new());
            assert_eq!(is_linear(&all), expected, "{all:?}");
            linear += u32::from(expected);
        }
        assert!((400..3_600).contains(&linear), "{linear} of 4000 were linear: both kinds count");
    }
}
