//! Every document as an object of its own: what clients asked of it and were answered has an order in
//! which it makes sense. It knows nothing of slots: it is what the other checks are checked by.
//!
//! A change of many documents is a call to each, and one that finds them is a call to all. Which ones it
//! touched is told but by some stored answers: these say how many, so that for one document the answer is
//! known where that is all or none. Attributes that
//! come and go are left to others, and of a name whose counts do nothing is said. An eventual read
//! promises nothing here.

use std::collections::BTreeSet;
use std::sync::Arc;

use elacsym::model::Namespace;

use super::super::model::{Part, applies, ids, is_found, merged, shows};
use super::super::words::{Act, Broken, COUNT, Change, Datum, Doc, Find, If, Read, Said, Wish};
use super::events::{Event, Heard, What, events};
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
        if let Said::Changed { touched: Some(touched), .. } = &act.said {
            all.extend(touched.puts.iter().chain(&touched.patches).chain(&touched.deletes));
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
    Change(Asked<'a>),
    /// The whole name goes.
    End,
    Saw {
        seen: Option<&'a Doc>,
        fickle: &'a BTreeSet<&'static str>,
    },
    /// What was read are those whose count is below that, and it was not among them.
    NotBelow(i64),
}

/// What a change asks of one document, one after the other.
struct Asked<'a> {
    delete_found: Option<Find>,
    patch_found: Option<&'a (Find, Doc)>,
    named: Option<Named>,
    /// Of puts, patches and deletes.
    told: [Told; 3],
}

struct Named {
    part: Part,
    condition: If,
    new: Option<Arc<Doc>>,
}

/// Whether parts of a kind touched it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// So often.
    Times(u64),
    /// Some of many, or nobody was told.
    Perhaps,
}

impl Object<Op<'_>> for Register {
    fn after(&self, op: &Op<'_>) -> Step<Self> {
        let old = self.0.as_deref();
        match op {
            Op::Change(asked) => self.changed(asked),
            // Where nothing is, it changes nothing; elsewhere it would.
            Op::End => Step::Becomes(Self(None)),
            Op::Saw { seen, fickle } if alike(old, *seen, fickle) => Step::Stays,
            Op::NotBelow(bound) if old.is_none_or(|old| !is_below(old, *bound)) => Step::Stays,
            Op::Saw { .. } | Op::NotBelow(_) => Step::Cannot,
        }
    }
}

impl Register {
    fn changed(&self, Asked { delete_found, patch_found, named, told }: &Asked<'_>) -> Step<Self> {
        let (mut doc, mut touched) = (self.0.clone(), [0; 3]);
        if let (Some(find), Some(old)) = (delete_found, doc.as_deref())
            && is_found(*find, old)
        {
            touched[index(Part::Delete)] += 1;
            doc = None;
        }
        if let (Some((find, new)), Some(old)) = (patch_found, doc.as_deref())
            && is_found(*find, old)
        {
            touched[index(Part::Patch)] += 1;
            doc = Some(Arc::new(merged(old, new)));
        }
        if let Some(Named { part, condition, new }) = named
            && applies(*part, *condition, doc.as_deref(), new.as_deref())
        {
            touched[index(*part)] += 1;
            doc = match (part, doc.as_deref(), new.as_deref()) {
                (Part::Patch, Some(old), Some(new)) => Some(Arc::new(merged(old, new))),
                _ => new.clone(),
            };
        }
        let fits = |(told, touched): (&Told, u64)| match told {
            Told::Times(times) => *times == touched,
            Told::Perhaps => true,
        };
        if !told.iter().zip(touched).all(fits) {
            return Step::Cannot;
        }
        match told.contains(&Told::Perhaps) || touched != [0; 3] {
            // It may touch it elsewhere.
            true => Step::Becomes(Self(doc)),
            false => Step::Stays,
        }
    }
}

fn index(part: Part) -> usize {
    match part {
        Part::Put => 0,
        Part::Patch => 1,
        Part::Delete => 2,
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
        Op::Change(Asked { delete_found, patch_found, named, told }) => {
            let told = |part| match told[index(part)] {
                Told::Times(0) => "told that it did not",
                Told::Times(_) => "told that it touched it",
                Told::Perhaps => "told less",
            };
            let named = named.as_ref().map(|Named { part, condition, new }| {
                let (new, told) = (shown(new.as_deref()), told(*part));
                format!("{part:?} if {condition:?} of {new}, {told}")
            });
            let patch = patch_found.map(|(find, new)| {
                let (new, told) = (shown(Some(new)), told(Part::Patch));
                format!("Patch of those that are {find:?} of {new}, {told}")
            });
            let delete = delete_found
                .map(|find| format!("Delete of those that are {find:?}, {}", told(Part::Delete)));
            let parts: Vec<String> = delete.into_iter().chain(patch).chain(named).collect();
            parts.join(", and ")
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
            What::Change(change, heard) => asked(change, *heard, id).map(Op::Change),
            What::Ended => Some(Op::End),
            What::Absent => Some(Op::Saw { seen: None, fickle }),
            What::Saw(read, rows) => {
                let seen = rows.iter().find(|(other, _)| *other == id).map(|(_, doc)| doc);
                match read {
                    Read::One(one) if *one != id => None,
                    Read::CountBelow(bound) if seen.is_none() => Some(Op::NotBelow(*bound)),
                    // Others are nearer, or it has no vector; or it says something else.
                    Read::Nearest { .. } | Read::Says(_) if seen.is_none() => None,
                    Read::All
                    | Read::One(_)
                    | Read::CountBelow(_)
                    | Read::Says(_)
                    | Read::Nearest { .. } => Some(Op::Saw { seen, fickle }),
                }
            }
        }
    }
}

/// What a change asks of that document; nothing, if it has nothing to do with it.
fn asked<'a>(change: &'a Change, heard: Option<Heard<'_>>, id: u64) -> Option<Asked<'a>> {
    let named = named(change, id);
    if named.is_none() && !change.finds() {
        return None;
    }
    let (delete_found, patch_found) = (change.delete_found, change.patch_found.as_ref());
    let told = |part: Part| {
        let is_named = named.as_ref().is_some_and(|named| named.part == part);
        let (finds, rows) = match part {
            Part::Put => (false, change.puts.len()),
            Part::Patch => (patch_found.is_some(), change.patches.len()),
            Part::Delete => (delete_found.is_some(), change.deletes.len()),
        };
        if !is_named && !finds {
            return Told::Times(0);
        }
        let Some(Heard { counts, touched }) = heard else { return Told::Perhaps };
        let ids = touched.map(|touched| match part {
            Part::Put => &touched.puts,
            Part::Patch => &touched.patches,
            Part::Delete => &touched.deletes,
        });
        if let Some(ids) = ids {
            return Told::Times(ids.iter().filter(|touched| **touched == id).count() as u64);
        }
        let count = [counts.puts, counts.patches, counts.deletes][index(part)];
        match count {
            0 => Told::Times(0),
            all if !finds && all == rows as u64 => Told::Times(1),
            _ => Told::Perhaps,
        }
    };
    let told = [Part::Put, Part::Patch, Part::Delete].map(told);
    Some(Asked { delete_found, patch_found, named, told })
}

fn named(change: &Change, id: u64) -> Option<Named> {
    let written = |rows: &[(u64, Doc)]| {
        let row = rows.iter().find(|(other, _)| *other == id);
        row.map(|(_, doc)| Arc::new(doc.clone()))
    };
    if let new @ Some(_) = written(&change.puts) {
        return Some(Named { part: Part::Put, condition: change.put_if, new });
    }
    if let new @ Some(_) = written(&change.patches) {
        return Some(Named { part: Part::Patch, condition: change.patch_if, new });
    }
    let deleted = change.deletes.contains(&id);
    deleted.then_some(Named { part: Part::Delete, condition: change.delete_if, new: None })
}

#[cfg(test)]
mod tests {
    use super::super::super::words::{FICKLE, Kind, MARK, Touched};
    use super::super::sketch::{
        Sketch, delete, doc, fickle, keyed, name, of, patch, put, refused, retold, saw, strong,
        told, told_which, unknown,
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
    fn what_is_found_is_each_that_is_so_at_that_moment() {
        let below = |count| Change {
            delete_found: Some(Find::CountBelow(count)),
            patch_found: Some((Find::MarkIs(1), doc(2, 9))),
            ..Change::default()
        };
        let touched = |patches: &[u64], deletes: &[u64]| {
            let (patches, deletes) = (patches.to_vec(), deletes.to_vec());
            told_which(2, Touched { patches, deletes, ..Touched::default() })
        };
        for (count, said, seen, expected) in [
            (2, touched(&[], &[7]), vec![], ""),
            (2, touched(&[], &[7]), vec![(7, doc(1, 1))], "document 7"),
            (2, touched(&[], &[8]), vec![], "Delete of those that are CountBelow(2)"),
            (1, touched(&[7], &[]), vec![(7, doc(2, 9))], ""),
            (1, touched(&[7], &[]), vec![(7, doc(1, 1))], "document 7"),
            (1, touched(&[], &[]), vec![(7, doc(1, 1))], "told that it did not"),
            (1, told(2, [0, 1, 0]), vec![(7, doc(2, 9))], ""),
            (2, unknown(), vec![], ""),
            (2, unknown(), vec![(7, doc(1, 1))], ""),
            (2, unknown(), vec![(7, doc(2, 9))], "document 7"),
        ] {
            let mut sketch = there();
            asks(&mut sketch, 2, of(below(count)), said);
            reads(&mut sketch, &seen);
            told_of(&sketch, expected);
        }
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
