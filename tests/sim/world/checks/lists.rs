//! What lists showed: every name that was there all the time, each once, in their order, and no name
//! that nobody has ever asked for.
//!
//! A list reads markers, and of these there may be one too many, never one too few: a claim that came
//! to nothing leaves one, and so does a delayed one, until the walk mends it. So a name that is gone
//! and shown breaks no promise; that none is left in the end, the objects of the store tell.

use std::collections::BTreeMap;

use elacsym::model::Namespace;

use super::super::model::creates;
use super::super::words::{Act, Broken, History, Moment, Said, Wish};
use super::past::Past;
use super::{broken, spelt};

pub(super) fn judge(
    history: &History,
    pasts: &BTreeMap<&Namespace, Past<'_>>,
) -> Result<(), Broken> {
    let begun = begun(history);
    for act in history.acts.iter().filter(|act| act.wish == Wish::List) {
        let Said::Names(names) = &act.said else { continue };
        if let Some([one, two]) = names.array_windows().find(|[one, two]| one >= two) {
            return broken(format!("{}, a list: {two} comes after {one}", spelt(act)));
        }
        let there = |past: &&Past<'_>| past.gone_between(act.call, act.back).is_none();
        let mut missing = pasts.values().filter(there).filter(|past| !names.contains(past.name));
        if let Some(past) = missing.next() {
            let name = past.name;
            return broken(format!(
                "{}, a list, lacks {name}: it was there all the time",
                spelt(act)
            ));
        }
        let never = |name: &&Namespace| begun.get(name).is_none_or(|begun| *begun > act.back);
        if let Some(name) = names.iter().find(never) {
            return broken(format!("{}, a list, shows {name}: nobody had made it", spelt(act)));
        }
    }
    Ok(())
}

/// When each name may have been claimed first, because of a change that makes it.
fn begun(history: &History) -> BTreeMap<&Namespace, Moment> {
    let makes = |act: &&Act| match &act.wish {
        Wish::Change { change, .. } | Wish::Set(change) => creates(change),
        _ => false,
    };
    let mut begun = BTreeMap::new();
    for act in history.acts.iter().filter(makes) {
        let first = begun.entry(&act.name).or_insert(act.call);
        *first = act.call.min(*first);
    }
    begun
}

#[cfg(test)]
mod tests {
    use super::super::super::words::Entry;
    use super::super::sketch::{Sketch, delete, doc, name, of, opening, put};
    use super::*;

    fn told_of(sketch: &Sketch, expected: &str) {
        let pasts = Past::all(&sketch.history).unwrap();
        let told = judge(&sketch.history, &pasts).err().map_or(String::new(), |broken| broken.0);
        assert!(told.contains(expected) && told.is_empty() == expected.is_empty(), "{told}");
    }

    fn list(sketch: &mut Sketch, names: &[Namespace]) {
        let act = sketch.call(9, 0, Wish::List);
        sketch.back(act, Said::Names(names.to_vec()));
    }

    fn born(sketch: &mut Sketch) {
        sketch.call(1, 0, of(put(&[(7, doc(1, 0))])));
        sketch.land(1, 1, 1, opening(&[(7, doc(1, 0))], &[]));
    }

    #[test]
    fn a_name_that_was_there_all_the_time_is_shown() {
        let mut sketch = Sketch::default();
        list(&mut sketch, &[]);
        let beside = sketch.call(8, 0, Wish::List);
        born(&mut sketch);
        sketch.back(beside, Said::Names(vec![]));
        list(&mut sketch, &[name()]);
        told_of(&sketch, "");
        let beside = sketch.call(8, 0, Wish::List);
        let mut lacks = sketch.clone();
        list(&mut lacks, &[]);
        told_of(&lacks, "lacks n");
        sketch.land(1, 2, 1, Entry::End);
        sketch.back(beside, Said::Names(vec![]));
        list(&mut sketch, &[]);
        told_of(&sketch, "");
        list(&mut sketch, &[name()]);
        told_of(&sketch, "");
    }

    #[test]
    fn a_name_that_nobody_made_is_not_shown() {
        let mut sketch = Sketch::default();
        sketch.call(1, 0, of(delete(&[7])));
        list(&mut sketch, &[name()]);
        told_of(&sketch, "shows n");
        let mut other = Sketch::default();
        born(&mut other);
        list(&mut other, &[Namespace::new("m").unwrap(), name()]);
        told_of(&other, "shows m");
    }

    #[test]
    fn names_come_in_their_order_each_once() {
        let mut sketch = Sketch::default();
        born(&mut sketch);
        list(&mut sketch, &[name(), name()]);
        told_of(&sketch, "n comes after n");
    }
}
