//! Every document as an object of its own: what clients asked of it and were answered has an order in
//! which it makes sense. It knows nothing of slots: it is what the other checks are checked by.
//!
//! A change of many documents is a call to each. How many of them it touched is told in one number for
//! each part, so that for one document the answer is known where that is all or none. Attributes that
//! come and go are left to others, and of a name whose counts do nothing is said. An eventual read
//! promises nothing here.

use std::collections::BTreeSet;
use std::sync::Arc;

use elacsym::model::Namespace;

use super::super::model::{Counts, Part, applies, ids, merged, shows};
use super::super::words::{Act, Broken, COUNT, Change, Datum, Doc, If, Read, Said, Wish};
use super::events::{Event, What, events};
use super::wgl::{Call, Object, Step, Verdict, linearize};
use super::{Tally, broken, shown};

/// `acts`: of one name, in the order of their calls.
pub(super) fn judge(name: &Namespace, acts: &[&Act], tally: &mut Tally) -> Result<(), Broken> {
    let events = events(acts);
    let (mut all, mut fickle) = (BTreeSet::new(), BTreeSet::new());
    for act in acts {
        if let Wish::Change { change, .. } = &act.wish {
            all.extend(ids(change));
            fickle.extend(change.drop.iter().copied());
        }
        if let Said::Saw(sight) = &act.said {
            all.extend(sight.rows.iter().map(|(id, _)| *id));
        }
    }
    for id in all {
        tally.documents += 1;
        if fickle.contains(COUNT) {
            tally.documents_cut += 1;
            continue;
        }
        let calls = events.iter().filter_map(|event| {
            let op = Op::of(event, id, &fickle)?;
            Some((Call { op, call: event.call, back: event.back }, event.no))
        });
        let (calls, nos): (Vec<_>, Vec<_>) = calls.unzip();
        match linearize(Register(None), &calls) {
            Verdict::Linear => {}
            Verdict::Cut => tally.documents_cut += 1,
            Verdict::Broken { explained, object, stuck } => {
                let stuck =
                    stuck.iter().map(|at| format!("{}, {}", nos[*at], spelt(&calls[*at].op)));
                let stuck = stuck.collect::<Vec<_>>().join("; ");
                let (all, object) = (calls.len(), shown(object.0.as_deref()));
                return broken(format!(
                    "document {id} of {name}: what was asked of it has no order. {explained} of \
                     {all} calls lead to {object}, and then none of these can come: {stuck}"
                ));
            }
        }
    }
    Ok(())
}

/// A document, or none.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Register(Option<Arc<Doc>>);

enum Op<'a> {
    Part {
        part: Part,
        condition: If,
        new: Option<Arc<Doc>>,
        told: Told,
    },
    /// The whole name goes.
    End,
    Saw {
        seen: Option<&'a Doc>,
        fickle: &'a BTreeSet<&'static str>,
    },
    /// What was read are those whose count is below that, and it was not among them.
    NotBelow(i64),
}

/// Whether a part touched it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Yes,
    No,
    /// Some of many, or nobody was told.
    Perhaps,
}

impl Object<Op<'_>> for Register {
    fn after(&self, op: &Op<'_>) -> Step<Self> {
        let old = self.0.as_deref();
        match op {
            Op::Part { part, condition, new, told } => {
                match (applies(*part, *condition, old, new.as_deref()), told) {
                    (true, Told::No) | (false, Told::Yes) => Step::Cannot,
                    (false, Told::No) => Step::Stays,
                    // It may have touched it elsewhere.
                    (false, Told::Perhaps) => Step::Becomes(self.clone()),
                    (true, _) => Step::Becomes(Self(match (part, old, new) {
                        (Part::Patch, Some(old), Some(new)) => Some(Arc::new(merged(old, new))),
                        _ => new.clone(),
                    })),
                }
            }
            // Where nothing is, it changes nothing; elsewhere it would.
            Op::End => Step::Becomes(Self(None)),
            Op::Saw { seen, fickle } if alike(old, *seen, fickle) => Step::Stays,
            Op::NotBelow(bound) if old.is_none_or(|old| !is_below(old, *bound)) => Step::Stays,
            Op::Saw { .. } | Op::NotBelow(_) => Step::Cannot,
        }
    }
}

fn is_below(doc: &Doc, bound: i64) -> bool {
    // Whichever the id, it is the count that decides.
    shows(&Read::CountBelow(bound), 0, doc)
}

/// Whether two are the same but for what comes and goes.
fn alike(one: Option<&Doc>, other: Option<&Doc>, fickle: &BTreeSet<&'static str>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => {
            let stays = |(name, _): &(&&'static str, &Datum)| !fickle.contains(*name);
            one.iter().filter(stays).eq(other.iter().filter(stays))
        }
        (one, other) => one.is_none() && other.is_none(),
    }
}

fn spelt(op: &Op<'_>) -> String {
    match op {
        Op::Part { part, condition, new, told } => {
            let told = match told {
                Told::Yes => "told that it touched it",
                Told::No => "told that it did not",
                Told::Perhaps => "told less",
            };
            format!("{part:?} if {condition:?} of {}, {told}", shown(new.as_deref()))
        }
        Op::End => "the end of the name".into(),
        Op::Saw { seen, .. } => format!("a read of {}", shown(*seen)),
        Op::NotBelow(bound) => format!("a read of what is below {bound}, which is not it"),
    }
}

impl<'a> Op<'a> {
    /// What an event is to one document; nothing, if it does not speak of it.
    fn of(event: &Event<'a>, id: u64, fickle: &'a BTreeSet<&'static str>) -> Option<Op<'a>> {
        match &event.what {
            What::Change(change, told) => part_of(change, *told, id),
            What::Ended => Some(Op::End),
            What::Absent => Some(Op::Saw { seen: None, fickle }),
            What::Saw(read, rows) => {
                let seen = rows.iter().find(|(other, _)| *other == id).map(|(_, doc)| doc);
                match read {
                    Read::One(one) if *one != id => None,
                    Read::CountBelow(bound) if seen.is_none() => Some(Op::NotBelow(*bound)),
                    // Others are nearer, or it has no vector.
                    Read::Nearest { .. } if seen.is_none() => None,
                    Read::All | Read::One(_) | Read::CountBelow(_) | Read::Nearest { .. } => {
                        Some(Op::Saw { seen, fickle })
                    }
                }
            }
        }
    }
}

fn part_of<'b>(change: &Change, told: Option<Counts>, id: u64) -> Option<Op<'b>> {
    let written = |rows: &[(u64, Doc)]| {
        let row = rows.iter().find(|(other, _)| *other == id);
        row.map(|(_, doc)| Arc::new(doc.clone()))
    };
    let touched = |count: fn(&Counts) -> u64, of: usize| match told.as_ref().map(count) {
        Some(count) if count == of as u64 => Told::Yes,
        Some(0) => Told::No,
        _ => Told::Perhaps,
    };
    if let Some(new) = written(&change.puts) {
        let told = touched(|counts| counts.puts, change.puts.len());
        let (part, condition) = (Part::Put, change.put_if);
        return Some(Op::Part { part, condition, new: Some(new), told });
    }
    if let Some(new) = written(&change.patches) {
        let told = touched(|counts| counts.patches, change.patches.len());
        let (part, condition) = (Part::Patch, change.patch_if);
        return Some(Op::Part { part, condition, new: Some(new), told });
    }
    if change.deletes.contains(&id) {
        let told = touched(|counts| counts.deletes, change.deletes.len());
        let (part, condition) = (Part::Delete, change.delete_if);
        return Some(Op::Part { part, condition, new: None, told });
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::super::words::{FICKLE, Kind, MARK};
    use super::super::sketch::{
        Sketch, delete, doc, fickle, keyed, name, of, patch, put, refused, retold, saw, strong,
        told, unknown,
    };
    use super::*;

    const ONE: [u64; 3] = [1, 0, 0];
    const NONE: [u64; 3] = [0, 0, 0];

    fn told_of(sketch: &Sketch, expected: &str) {
        let mut tally = Tally::default();
        let mut acts: Vec<&Act> = sketch.history.acts.iter().collect();
        acts.sort_by_key(|act| act.call);
        let judged = judge(&name(), &acts, &mut tally).err();
        assert_eq!(tally.documents_cut, 0);
        let told = judged.map_or(String::new(), |broken| broken.0);
        assert!(told.contains(expected) && told.is_empty() == expected.is_empty(), "{told}");
    }

    /// One after the other; nobody looks at the slots.
    fn asks(sketch: &mut Sketch, no: i64, wish: Wish, said: Said) {
        let act = sketch.call(no, 0, wish);
        sketch.back(act, said);
    }

    fn reads(sketch: &mut Sketch, rows: &[(u64, Doc)]) {
        asks(sketch, 99, strong(Read::All), saw(1, rows, None));
    }

    /// Document 7, whose count is 1.
    fn there() -> Sketch {
        let mut sketch = Sketch::default();
        asks(&mut sketch, 1, of(put(&[(7, doc(1, 1))])), told(1, ONE));
        sketch
    }

    fn raise(no: i64, to: i64) -> Change {
        Change { put_if: If::CountGrows, ..put(&[(7, doc(no, to))]) }
    }

    #[test]
    fn a_stale_read_has_no_order() {
        for (seen, expected) in [(doc(2, 2), ""), (doc(1, 1), "document 7 of n: what was asked")] {
            let mut sketch = there();
            asks(&mut sketch, 2, of(raise(2, 2)), told(2, ONE));
            reads(&mut sketch, &[(7, seen)]);
            told_of(&sketch, expected);
        }
        let mut lost = there();
        reads(&mut lost, &[]);
        told_of(&lost, "a read of nothing");
    }

    #[test]
    fn a_condition_was_right_when_it_was_asked() {
        for (to, counts, expected) in [
            (2, ONE, ""),
            (2, NONE, "told that it did not"),
            (1, NONE, ""),
            (1, ONE, "told that it touched it"),
        ] {
            let mut sketch = there();
            asks(&mut sketch, 2, of(raise(2, to)), told(2, counts));
            told_of(&sketch, expected);
        }
        // Two that race, and both say that they found 1.
        let swap = |no| Change { put_if: If::CountIs(1), ..put(&[(7, doc(no, 5))]) };
        for (counts, expected) in [(NONE, ""), (ONE, "told that it touched it")] {
            let mut sketch = there();
            let [one, two] = [2, 3].map(|no| sketch.call(no, 0, of(swap(no))));
            sketch.back(one, told(2, ONE));
            sketch.back(two, told(2, counts));
            told_of(&sketch, expected);
        }
    }

    #[test]
    fn a_delete_and_a_patch_tell_whether_it_was_there() {
        for (change, counts, expected) in [
            (delete(&[7]), [0, 0, 1], ""),
            (delete(&[7]), NONE, "Delete if Always"),
            (delete(&[8]), [0, 0, 1], "document 8"),
            (patch(&[(7, doc(2, 2))]), [0, 1, 0], ""),
            (patch(&[(8, doc(2, 2))]), [0, 1, 0], "Patch if Always"),
            // Of two, one: it may be this one.
            (delete(&[7, 8]), [0, 0, 1], ""),
            (delete(&[7, 8]), [0, 0, 2], "document 8"),
        ] {
            let mut sketch = there();
            asks(&mut sketch, 2, of(change), told(2, counts));
            told_of(&sketch, expected);
        }
        let mut patched = there();
        let bare = Doc::from([(MARK, Datum::Int(2))]);
        asks(&mut patched, 2, of(patch(&[(7, bare.clone())])), told(2, [0, 1, 0]));
        let mut whole = patched.clone();
        reads(&mut patched, &[(7, doc(2, 1))]);
        told_of(&patched, "");
        reads(&mut whole, &[(7, bare)]);
        told_of(&whole, "document 7");
    }

    #[test]
    fn what_was_refused_or_not_committed_is_never_seen() {
        let not = Said::NotCommitted("fenced".into());
        for (said, expected) in [(refused(), "document 7"), (not, "document 7"), (unknown(), "")] {
            let mut sketch = there();
            asks(&mut sketch, 2, of(raise(2, 2)), said);
            reads(&mut sketch, &[(7, doc(1, 1))]);
            told_of(&sketch, "");
            reads(&mut sketch, &[(7, doc(2, 2))]);
            told_of(&sketch, expected);
            reads(&mut sketch, &[(7, doc(1, 1))]);
            told_of(&sketch, "document 7");
        }
    }

    #[test]
    fn a_name_that_ended_has_no_documents() {
        let mut sketch = there();
        let end = sketch.call(2, 0, Wish::End);
        reads(&mut sketch, &[(7, doc(1, 1))]);
        sketch.back(end, Said::Ended);
        let mut seen = sketch.clone();
        asks(&mut sketch, 3, strong(Read::All), Said::Absent);
        told_of(&sketch, "");
        reads(&mut seen, &[(7, doc(1, 1))]);
        told_of(&seen, "document 7");
        let mut alive = there();
        asks(&mut alive, 3, of(delete(&[9])), Said::Absent);
        told_of(&alive, "document 7");
    }

    #[test]
    fn a_part_of_the_name_that_was_read_says_who_was_not_in_it() {
        for (below, seen, expected) in [
            (2, vec![(7, doc(1, 1))], ""),
            (2, vec![], "below 2, which is not it"),
            (1, vec![], ""),
            (1, vec![(7, doc(1, 0))], "document 7"),
        ] {
            let mut sketch = there();
            asks(&mut sketch, 9, strong(Read::CountBelow(below)), saw(1, &seen, None));
            told_of(&sketch, expected);
        }
        for (id, seen, expected) in [(8, vec![], ""), (7, vec![], "document 7")] {
            let mut sketch = there();
            asks(&mut sketch, 9, strong(Read::One(id)), saw(1, &seen, None));
            told_of(&sketch, expected);
        }
    }

    #[test]
    fn a_repetition_under_a_key_takes_effect_once() {
        let wish = |no, to| keyed(raise(no, to), "k");
        let over = |sketch: &mut Sketch| {
            asks(sketch, 3, of(put(&[(7, doc(3, 0))])), told(3, ONE));
        };
        // The first time is found: it does not take effect behind what came between.
        for (last, expected) in [(doc(3, 0), ""), (doc(2, 2), "document 7")] {
            let mut sketch = there();
            asks(&mut sketch, 2, wish(2, 2), unknown());
            reads(&mut sketch, &[(7, doc(2, 2))]);
            over(&mut sketch);
            asks(&mut sketch, 2, wish(2, 2), retold(2, ONE));
            reads(&mut sketch, &[(7, last)]);
            told_of(&sketch, expected);
        }
        for said in
            [[unknown(), unknown()], [told(2, ONE), unknown()], [told(2, ONE), retold(2, ONE)]]
        {
            let mut sketch = there();
            let [one, two] = said;
            asks(&mut sketch, 2, wish(2, 2), one);
            reads(&mut sketch, &[(7, doc(2, 2))]);
            over(&mut sketch);
            asks(&mut sketch, 2, wish(2, 2), two);
            let mut again = sketch.clone();
            reads(&mut sketch, &[(7, doc(3, 0))]);
            told_of(&sketch, "");
            reads(&mut again, &[(7, doc(2, 2))]);
            told_of(&again, "document 7");
        }
        // In another life it does.
        let mut sketch = there();
        asks(&mut sketch, 2, wish(2, 2), told(2, ONE));
        asks(&mut sketch, 3, Wish::End, Said::Ended);
        asks(&mut sketch, 2, wish(2, 2), unknown());
        reads(&mut sketch, &[(7, doc(2, 2))]);
        told_of(&sketch, "");
    }

    #[test]
    fn what_comes_and_goes_is_left_to_others() {
        let [a, _] = FICKLE;
        let mut sketch = there();
        asks(&mut sketch, 2, of(put(&[(7, fickle(2, 5))])), told(2, ONE));
        let drops = Change { drop: vec![a], declare: vec![(a, Kind::Int)], ..Change::default() };
        asks(&mut sketch, 3, of(drops), told(3, NONE));
        reads(&mut sketch, &[(7, doc(2, 0))]);
        told_of(&sketch, "");
        reads(&mut sketch, &[(7, doc(2, 1))]);
        told_of(&sketch, "document 7");
    }

    #[test]
    fn what_is_not_judged_is_counted() {
        let mut sketch = there();
        let drops = Change { drop: vec![COUNT], ..Change::default() };
        asks(&mut sketch, 2, of(drops), told(2, NONE));
        reads(&mut sketch, &[]);
        let mut tally = Tally::default();
        let acts: Vec<&Act> = sketch.history.acts.iter().collect();
        judge(&name(), &acts, &mut tally).unwrap();
        assert_eq!((tally.documents, tally.documents_cut), (1, 1));
    }
}
