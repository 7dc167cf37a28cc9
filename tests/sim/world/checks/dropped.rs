//! What was stored under an attribute goes with it, and comes back neither with its name nor under another.
//! It is asked of answers alone: a drop that was acknowledged takes whatever was acknowledged before it,
//! and a value that is seen was written there by somebody.
//!
//! A value stands where any change may have written it later than that, also one of which nobody was
//! told. A read that is content with the past promises nothing here.

use std::collections::BTreeMap;

use elacsym::model::Namespace;

use super::super::words::{Act, Broken, Change, Datum, FICKLE, Moment, Newest, Said, Wish};
use super::{broken, spelt};

/// An attribute that was dropped, between two moments.
struct Dropped<'a> {
    act: &'a Act,
    attribute: &'static str,
}

/// `acts`: of one name.
pub(super) fn judge(name: &Namespace, acts: &[&Act]) -> Result<(), Broken> {
    let (drops, written) = (drops(acts), written(acts));
    for act in acts {
        let Said::Saw(sight) = &act.said else { continue };
        let strong = matches!(act.wish, Wish::Read { newest: Newest::Strong, .. });
        for (id, doc) in &sight.rows {
            for (attribute, datum) in doc.iter().filter(|(name, _)| FICKLE.contains(*name)) {
                let seen = || {
                    format!("{}: document {id} of {name} has {attribute}: {datum:?}", spelt(act))
                };
                let Some(last) = written.get(&(*id, *attribute, datum)) else {
                    return broken(format!("{}, which nobody wrote", seen()));
                };
                let takes = |drop: &&Dropped<'_>| {
                    let known = drop.attribute == *attribute && drop.act.back < act.call;
                    strong && known && *last < drop.act.call
                };
                if let Some(drop) = drops.iter().find(takes) {
                    let drop = spelt(drop.act);
                    return broken(format!("{}, which {drop} had dropped", seen()));
                }
            }
        }
    }
    Ok(())
}

fn drops<'a>(acts: &[&'a Act]) -> Vec<Dropped<'a>> {
    let of_act = |act: &&'a Act| {
        let act = *act;
        let change = executed(act).filter(|_| matches!(act.said, Said::Changed { .. }));
        let dropped = change.into_iter().flat_map(|change| change.drop.iter().copied());
        dropped.map(move |attribute| Dropped { act, attribute }).collect::<Vec<_>>()
    };
    acts.iter().flat_map(of_act).collect()
}

/// By when each value had landed last, at the latest.
fn written<'a>(acts: &[&'a Act]) -> BTreeMap<(u64, &'static str, &'a Datum), Moment> {
    let mut written = BTreeMap::new();
    for act in acts.iter().copied() {
        let Some(change) = executed(act) else { continue };
        let by = match act.said {
            Said::Changed { .. } => act.back,
            _ => Moment::NEVER,
        };
        for (id, doc) in change.puts.iter().chain(&change.patches) {
            for (attribute, datum) in doc.iter().filter(|(name, _)| FICKLE.contains(*name)) {
                let last = written.entry((*id, *attribute, datum)).or_insert(by);
                *last = by.max(*last);
            }
        }
    }
    written
}

/// The change of an act that may have taken effect itself.
fn executed(act: &Act) -> Option<&Change> {
    match (&act.wish, &act.said) {
        (Wish::Change { change, .. }, Said::Changed { stored: false, .. } | Said::Unknown(_)) => {
            Some(change)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::words::Read;
    use super::super::sketch::{Sketch, fickle, name, of, put, saw, strong, told, unknown};
    use super::*;

    fn told_of(sketch: &Sketch, expected: &str) {
        let acts: Vec<&Act> = sketch.history.acts.iter().collect();
        let told = judge(&name(), &acts).err().map_or(String::new(), |broken| broken.0);
        assert!(told.contains(expected) && told.is_empty() == expected.is_empty(), "{told}");
    }

    fn asks(sketch: &mut Sketch, no: i64, wish: Wish, said: Said) {
        let act = sketch.call(no, 0, wish);
        sketch.back(act, said);
    }

    fn drops() -> Wish {
        of(Change { drop: vec![FICKLE[0]], ..Change::default() })
    }

    fn reads(sketch: &mut Sketch) {
        asks(sketch, 9, strong(Read::One(7)), saw(2, &[(7, fickle(1, 5))], None));
    }

    #[test]
    fn a_value_that_was_dropped_does_not_come_back() {
        let mut sketch = Sketch::default();
        asks(&mut sketch, 1, of(put(&[(7, fickle(1, 5))])), told(1, [1, 0, 0]));
        reads(&mut sketch);
        told_of(&sketch, "");
        let mut lost = sketch.clone();
        asks(&mut lost, 2, drops(), unknown());
        reads(&mut lost);
        told_of(&lost, "");
        asks(&mut sketch, 2, drops(), told(2, [0; 3]));
        reads(&mut sketch);
        told_of(&sketch, "document 7 of n has fickle: Int(5), which act 2");
    }

    #[test]
    fn a_value_that_is_seen_was_written_there() {
        for (id, datum, expected) in [(7, 5, ""), (7, 4, "nobody wrote"), (8, 5, "nobody wrote")] {
            let mut sketch = Sketch::default();
            asks(&mut sketch, 1, of(put(&[(7, fickle(1, 5))])), unknown());
            let seen = saw(1, &[(id, fickle(1, datum))], None);
            asks(&mut sketch, 9, strong(Read::One(id)), seen);
            told_of(&sketch, expected);
        }
    }

    #[test]
    fn a_value_that_may_have_been_written_since_stands() {
        for said in [told(3, [1, 0, 0]), unknown()] {
            let mut sketch = Sketch::default();
            asks(&mut sketch, 1, of(put(&[(7, fickle(1, 5))])), said.clone());
            asks(&mut sketch, 2, drops(), told(2, [0; 3]));
            asks(&mut sketch, 3, of(put(&[(7, fickle(3, 5))])), said);
            reads(&mut sketch);
            told_of(&sketch, "");
        }
        let mut beside = Sketch::default();
        let write = beside.call(1, 0, of(put(&[(7, fickle(1, 5))])));
        asks(&mut beside, 2, drops(), told(2, [0; 3]));
        beside.back(write, told(3, [1, 0, 0]));
        reads(&mut beside);
        told_of(&beside, "");
    }
}
