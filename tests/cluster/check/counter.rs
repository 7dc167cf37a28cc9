//! A counter that is raised by one if it is what it was: each value has one maker, the value only
//! goes up, and who was told that it had moved on was told the truth.

use std::collections::BTreeMap;

use super::sights::{Sight, Thing};
use super::{Promise, Violation, out_of_place};
use crate::history::{Act, Effect, Reach, Told, What};

pub(super) fn check(thing: &Thing<'_>, found: &mut Vec<Violation>) {
    let mut makers: BTreeMap<i64, &Act> = BTreeMap::new();
    for act in thing.acts.iter().filter(|act| act.effect() == Effect::Certain) {
        if let Some(other) = makers.insert(made(act), act) {
            let (one, other, value) = (act.token(), other.token(), made(act));
            let told = format!("{one} and {other} were both told that they made it {value}");
            found.push(thing.breaks_by(Promise::Twice, act, told));
        }
    }
    for sight in &thing.sights {
        judge(thing, sight, &makers, found);
    }
    upwards(thing, found);
    every_value_has_a_maker(thing, found);
}

/// The value that an act makes.
fn made(act: &Act) -> i64 {
    match act.draft.what {
        What::Step { from } => from + 1,
        _ => -1,
    }
}

fn judge(
    thing: &Thing<'_>,
    sight: &Sight<'_>,
    makers: &BTreeMap<i64, &Act>,
    found: &mut Vec<Violation>,
) {
    let read = sight.read;
    if let Some(act) = sight.shows
        && act.reach(read) == Reach::Cannot
    {
        found.push(out_of_place(thing, act, sight));
        return;
    }
    let value = sight.shows.map_or(-1, made);
    let maker = makers.get(&value).filter(|maker| sight.token() != Some(maker.token()));
    if let Some(maker) = maker {
        let told = format!("{} was told that it made it {value}, and {sight}", maker.token());
        found.push(thing.breaks(Promise::Forked, sight, told));
    }
    for act in &thing.acts {
        if act.reach(read) == Reach::Must && made(act) > value {
            let told = format!("{} made it {}, and {sight}", act.token(), made(act));
            found.push(thing.breaks(Promise::Lost, sight, told));
        }
        let skipped = matches!(act.told, Told::Done { rows: 0, .. });
        if skipped && act.precedes(read) && value < made(act) {
            let (token, from) = (act.token(), made(act) - 1);
            let told = format!("{token} was told that it is not {from} any more, and {sight}");
            found.push(thing.breaks(Promise::Skipped, sight, told));
        }
    }
}

fn upwards(thing: &Thing<'_>, found: &mut Vec<Violation>) {
    let mut reached = -1;
    for (slot, sight) in thing.by_slot() {
        let value = sight.shows.map_or(-1, made);
        if value < reached {
            let told = format!("it was {reached} below slot {slot}, where {sight}: {value}");
            found.push(thing.breaks(Promise::Back, sight, told));
        }
        reached = reached.max(value);
    }
}

/// The number of successes is the value: each step up to it was taken by one who was told so, or
/// who does not know.
fn every_value_has_a_maker(thing: &Thing<'_>, found: &mut Vec<Violation>) {
    let value = |sight: &&Sight<'_>| sight.shows.map_or(-1, made);
    // Of the others it was told that they cannot be.
    let can_be =
        |sight: &&Sight<'_>| sight.shows.is_none_or(|act| act.reach(sight.read) != Reach::Cannot);
    let Some(last) = thing.sights.iter().filter(can_be).max_by_key(value) else { return };
    for value in 0..=value(&last) {
        let possible = |act: &&Act| made(act) == value && act.effect() != Effect::None;
        if !thing.acts.iter().any(possible) {
            let told = format!("nobody can have made it {value}, and {last}");
            found.push(thing.breaks(Promise::Nowhere, last, told));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::check::Promise;
    use crate::check::samples::*;
    use crate::history::Act;

    fn made() -> (Act, Act) {
        (step("w0", -1).at(1, 2).done(1, 1), step("w1", 0).at(3, 4).done(1, 2))
    }

    #[test]
    fn a_counter_is_what_its_successes_made_it() {
        let (zero, one) = made();
        assert_eq!(broken_by(&[&zero, &one], vec![read(5, 6, 9, &[&one])]), []);
        assert_eq!(broken_by(&[&zero, &one], vec![read(5, 6, 9, &[&zero])]), [Promise::Lost]);
        assert_eq!(broken_by(&[&zero, &one], vec![read(5, 6, 9, &[])]), [Promise::Lost]);
    }

    #[test]
    fn two_cannot_make_one_value() {
        let (zero, one) = made();
        let other = step("w2", 0).at(3, 4).done(1, 3);
        let broken = broken_by(&[&zero, &one, &other], vec![read(5, 6, 9, &[&one])]);
        assert_eq!(broken, [Promise::Forked, Promise::Twice]);
        // The value is there, by another than was told so.
        let doubt = step("w2", 0).doubt(3);
        let broken = broken_by(&[&zero, &one, &doubt], vec![read(5, 6, 9, &[&doubt])]);
        assert_eq!(broken, [Promise::Forked]);
    }

    #[test]
    fn a_step_in_doubt_counts_once_or_never() {
        let (zero, _) = made();
        let doubt = step("w1", 0).doubt(3);
        let next = step("w2", 1).at(7, 8).done(1, 9);
        assert_eq!(broken_by(&[&zero, &doubt], vec![read(5, 6, 9, &[&zero])]), []);
        assert_eq!(broken_by(&[&zero, &doubt], vec![read(5, 6, 9, &[&doubt])]), []);
        assert_eq!(broken_by(&[&zero, &doubt, &next], vec![read(9, 10, 9, &[&next])]), []);
        assert_eq!(broken_by(&[&zero, &next], vec![read(9, 10, 9, &[&next])]), [Promise::Nowhere]);
        let (seen, back) = (read(5, 6, 7, &[&doubt]), read(5, 6, 8, &[&zero]));
        assert_eq!(broken_by(&[&zero, &doubt], vec![seen, back]), [Promise::Back]);
    }

    #[test]
    fn a_step_that_was_refused_or_did_not_apply_is_not_there() {
        let (zero, one) = made();
        let refused = step("w2", 0).at(3, 4).refused();
        let skipped = step("w2", 0).at(3, 4).told(0);
        for act in [refused, skipped.clone()] {
            let broken = broken_by(&[&zero, &act], vec![read(5, 6, 9, &[&act])]);
            assert_eq!(broken, [Promise::Refused]);
        }
        assert_eq!(broken_by(&[&zero, &one, &skipped], vec![read(5, 6, 9, &[&one])]), []);
        assert_eq!(
            broken_by(&[&zero, &skipped], vec![read(5, 6, 9, &[&zero])]),
            [Promise::Skipped]
        );
    }
}
