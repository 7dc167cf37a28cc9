//! A latch that is taken if nobody has it, and freed if somebody has: one has it at a time, each
//! has it once, and who was told that another has it was told the truth.

use std::collections::{BTreeMap, BTreeSet};

use super::sights::{Sight, Thing};
use super::{Promise, Violation, out_of_place};
use crate::history::{Act, Effect, Reach, Told, What};

/// Who took it, and who may have freed it from them.
struct Latch<'h> {
    takes: Vec<&'h Act>,
    frees: BTreeMap<&'h str, Vec<&'h Act>>,
}

pub(super) fn check(thing: &Thing<'_>, found: &mut Vec<Violation>) {
    let latch = Latch::of(thing);
    for sight in &thing.sights {
        latch.judge(thing, sight, found);
    }
    once_each(thing, found);
    latch.one_at_a_time(thing, found);
    latch.frees_are_of_who_had_it(thing, found);
    latch.who_was_skipped(thing, found);
}

impl<'h> Latch<'h> {
    fn of(thing: &Thing<'h>) -> Self {
        let mut latch = Self { takes: Vec::new(), frees: BTreeMap::new() };
        for act in thing.acts.iter().copied() {
            match &act.draft.what {
                What::Take => latch.takes.push(act),
                What::Free { of } if act.effect() != Effect::None => {
                    latch.frees.entry(of.as_str()).or_default().push(act);
                }
                _ => {}
            }
        }
        latch
    }

    fn frees(&self, of: &str) -> &[&'h Act] {
        self.frees.get(of).map(Vec::as_slice).unwrap_or_default()
    }

    fn judge(&self, thing: &Thing<'_>, sight: &Sight<'_>, found: &mut Vec<Violation>) {
        let read = sight.read;
        if let Some(take) = sight.shows {
            if take.reach(read) == Reach::Cannot {
                found.push(out_of_place(thing, take, sight));
                return;
            }
            let freed = |free: &&&Act| free.reach(read) == Reach::Must;
            if let Some(free) = self.frees(take.token()).iter().find(freed) {
                let told = format!("{} freed it of {}, and {sight}", free.token(), take.token());
                found.push(thing.breaks(Promise::Twice, sight, told));
            }
        }
        let missed = self.takes.iter().filter(|take| {
            let freed = |free: &&Act| free.reach(read) != Reach::Cannot;
            take.reach(read) == Reach::Must
                && sight.token() != Some(take.token())
                && !self.frees(take.token()).iter().any(freed)
        });
        for take in missed {
            let told = format!("{} has it and nobody freed it, and {sight}", take.token());
            found.push(thing.breaks(Promise::Lost, sight, told));
        }
    }

    /// Of two who won, one was freed of it before the other was told.
    fn one_at_a_time(&self, thing: &Thing<'_>, found: &mut Vec<Violation>) {
        let won = |take: &&&Act| take.effect() == Effect::Certain;
        let won: Vec<&&Act> = self.takes.iter().filter(won).collect();
        let freed = |one: &Act, other: &Act| {
            self.frees(one.token()).iter().any(|free| free.call < other.back)
        };
        for (at, one) in won.iter().enumerate() {
            for other in won[at + 1..].iter().filter(|it| !freed(one, it) && !freed(it, one)) {
                let told = format!("{} and {} both won it", one.token(), other.token());
                found.push(thing.breaks_by(Promise::Winners, other, told));
            }
        }
    }

    fn frees_are_of_who_had_it(&self, thing: &Thing<'_>, found: &mut Vec<Violation>) {
        for (of, frees) in &self.frees {
            let certain = |free: &&&Act| free.effect() == Effect::Certain;
            let certain: Vec<&&Act> = frees.iter().filter(certain).collect();
            let Some(free) = certain.last() else { continue };
            if certain.len() > 1 {
                let told = format!("{} were told that they freed it of {of}", certain.len());
                found.push(thing.breaks_by(Promise::Twice, free, told));
            }
            let had = |take: &&Act| take.token() == *of && take.effect() != Effect::None;
            if !self.takes.iter().any(had) {
                let told = format!("{} freed it of {of}, who did not have it", free.token());
                found.push(thing.breaks_by(Promise::Nowhere, free, told));
            }
        }
    }

    fn who_was_skipped(&self, thing: &Thing<'_>, found: &mut Vec<Violation>) {
        let skipped = |act: &&&Act| matches!(act.told, Told::Done { rows: 0, .. });
        for act in thing.acts.iter().filter(skipped) {
            let truth = match &act.draft.what {
                What::Take => self.takes.iter().any(|take| self.may_have_had_it(take, act)),
                What::Free { of } => self.frees(of).iter().any(|free| free.call < act.back),
                _ => true,
            };
            if !truth {
                let told = format!("{} was told that it cannot, and it could", act.token());
                found.push(thing.breaks_by(Promise::Skipped, act, told));
            }
        }
    }

    /// Whether it may have been taken at some moment of another act.
    fn may_have_had_it(&self, take: &Act, during: &Act) -> bool {
        let freed = |free: &&Act| free.effect() == Effect::Certain && free.back < during.call;
        take.effect() != Effect::None
            && take.call < during.back
            && !self.frees(take.token()).iter().any(freed)
    }
}

/// Who had it, and then had it no more, never has it again.
fn once_each(thing: &Thing<'_>, found: &mut Vec<Violation>) {
    let mut past: BTreeSet<&str> = BTreeSet::new();
    let mut now = None;
    for (slot, sight) in thing.by_slot() {
        let has = sight.token();
        if has == now {
            continue;
        }
        past.extend(now);
        now = has;
        if let Some(token) = has.filter(|token| past.contains(token)) {
            let told = format!("{token} had it, had it no more, and at slot {slot} has it again");
            found.push(thing.breaks(Promise::Twice, sight, told));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::check::Promise;
    use crate::check::samples::*;

    #[test]
    fn one_wins_until_it_is_freed() {
        let one = take("w1").at(1, 4).done(1, 1);
        let other = take("w2").at(2, 5).done(1, 2);
        let skipped = take("w2").at(2, 5).told(0);
        assert_eq!(broken_by(&[&one, &skipped], vec![read(6, 7, 3, &[&one])]), []);
        assert!(broken_by(&[&one, &other], vec![]).contains(&Promise::Winners));
        let freed = free("w3", "w1").at(2, 5).told(1);
        assert_eq!(broken_by(&[&one, &freed, &other], vec![read(6, 7, 3, &[&other])]), []);
        let late = free("w3", "w1").at(6, 7).told(1);
        assert_eq!(broken_by(&[&one, &other, &late], vec![]), [Promise::Winners]);
    }

    #[test]
    fn what_was_won_is_there_until_it_is_freed() {
        let one = take("w1").at(1, 2).done(1, 1);
        let freed = free("w2", "w1").at(3, 4).told(1);
        assert_eq!(broken_by(&[&one], vec![read(5, 6, 3, &[&one])]), []);
        assert_eq!(broken_by(&[&one], vec![read(5, 6, 3, &[])]), [Promise::Lost]);
        assert_eq!(broken_by(&[&one, &freed], vec![read(5, 6, 3, &[])]), []);
        let doubt = freed.doubt(3);
        assert_eq!(broken_by(&[&one, &doubt], vec![read(5, 6, 3, &[])]), []);
        assert_eq!(broken_by(&[&one, &doubt], vec![read(5, 6, 3, &[&one])]), []);
        assert_eq!(broken_by(&[&one, &doubt.refused()], vec![read(5, 6, 3, &[])]), [Promise::Lost]);
    }

    #[test]
    fn a_take_that_is_repeated_after_it_was_freed_is_told() {
        let one = take("w1").at(1, 9).told(1);
        let freed = free("w2", "w1").at(3, 4).told(1);
        let again = read(10, 11, 9, &[&one]);
        assert_eq!(broken_by(&[&one, &freed], vec![again]), [Promise::Twice]);
        // The same in doubt: it was seen, then another's, then it again.
        let (one, two) = (take("w1").doubt(1), take("w2").doubt(1));
        let reads = |last| vec![read(3, 4, 5, &[&one]), read(5, 6, 6, &[&two]), last];
        assert_eq!(broken_by(&[&one, &two], reads(read(7, 8, 7, &[&two]))), []);
        assert_eq!(broken_by(&[&one, &two], reads(read(7, 8, 7, &[&one]))), [Promise::Twice]);
    }

    #[test]
    fn two_who_free_it_of_one_are_one_too_many() {
        let one = take("w1").at(1, 2).done(1, 1);
        let freed = |token| free(token, "w1").at(3, 4).told(1);
        assert_eq!(broken_by(&[&one, &freed("w2"), &freed("w3")], vec![]), [Promise::Twice]);
        let refused = take("w1").at(1, 2).refused();
        assert_eq!(broken_by(&[&refused, &freed("w2")], vec![]), [Promise::Nowhere]);
    }

    #[test]
    fn who_is_told_that_another_has_it_is_told_the_truth() {
        let one = take("w1").at(1, 2).done(1, 1);
        let freed = free("w2", "w1").at(3, 4).told(1);
        let skipped = take("w3").at(5, 6).told(0);
        assert_eq!(broken_by(&[&one, &skipped], vec![]), []);
        assert_eq!(broken_by(&[&one, &freed, &skipped], vec![]), [Promise::Skipped]);
        assert_eq!(broken_by(&[&skipped], vec![]), [Promise::Skipped]);
        let missed = free("w4", "w1").at(5, 6).told(0);
        assert_eq!(broken_by(&[&one, &freed, &missed], vec![]), []);
        assert_eq!(broken_by(&[&one, &missed], vec![]), [Promise::Skipped]);
    }

    #[test]
    fn who_was_refused_or_skipped_never_has_it() {
        let refused = take("w1").at(1, 2).refused();
        assert_eq!(broken_by(&[&refused], vec![read(3, 4, 3, &[&refused])]), [Promise::Refused]);
        let one = take("w1").at(1, 2).done(1, 1);
        let skipped = take("w2").at(3, 4).told(0);
        let freed = free("w3", "w1").at(5, 6).told(1);
        let broken = broken_by(&[&one, &skipped, &freed], vec![read(7, 8, 9, &[&skipped])]);
        assert_eq!(broken, [Promise::Refused]);
    }
}
