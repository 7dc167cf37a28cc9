//! What a change does, as a map of documents can say it: too simple to be wrong.
//!
//! What must hold: a change is taken whole or not at all; what it finds, it finds before it touches what
//! it names; each of its parts asks its condition of the document as it was before; what is missing is
//! lower than any number. No segments, no numbers of attributes, no time. It is written from the contract
//! of the wire, and where that is silent from what the engine says of itself: to drop what is not there is
//! no mistake; a patch of a document that is not there still tells what its attributes are; and of a name
//! that takes no writes, not even one that would change nothing is taken.

mod found;
mod ground;
mod near;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::words::{COUNT, Change, Datum, Doc, If, Read, TEXT, Touched, VECTOR};
pub(crate) use found::is_found;
pub(crate) use ground::{Ground, creates, kind_of};
pub(crate) use near::{distance, nearest};

/// A name, or as much of it as is looked at.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct State {
    pub(crate) ground: Ground,
    pub(crate) docs: BTreeMap<u64, Arc<Doc>>,
}

/// How many documents each part of a change touched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) puts: u64,
    pub(crate) patches: u64,
    pub(crate) deletes: u64,
}

/// Why a change has no effect at all, or a read no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// There is no such name, and this does not make it.
    Absent,
    Wrong(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Put,
    Patch,
    Delete,
}

impl State {
    /// Takes in a change, or refuses it and stays as it was.
    pub(crate) fn take(&mut self, change: &Change) -> Result<Counts, Refusal> {
        self.touch(change).map(|touched| Counts::of(&touched))
    }

    /// The same, and tells which documents.
    pub(crate) fn touch(&mut self, change: &Change) -> Result<Touched, Refusal> {
        self.ground = self.ground.after(change)?;
        for name in &change.drop {
            self.strip(name);
        }
        let mut touched = Touched::default();
        if let Some(find) = change.delete_found {
            for id in self.found(find) {
                self.docs.remove(&id);
                touched.deletes.push(id);
            }
        }
        if let Some((find, new)) = &change.patch_found {
            for id in self.found(*find) {
                let merged = self.doc(id).map(|old| merged(old, new));
                self.docs.extend(merged.map(|merged| (id, Arc::new(merged))));
                touched.patches.push(id);
            }
        }
        for (id, new) in &change.puts {
            if applies(Part::Put, change.put_if, self.doc(*id), Some(new)) {
                self.docs.insert(*id, Arc::new(new.clone()));
                touched.puts.push(*id);
            }
        }
        for (id, new) in &change.patches {
            if let Some(old) = self.doc(*id)
                && applies(Part::Patch, change.patch_if, Some(old), Some(new))
            {
                let merged = merged(old, new);
                self.docs.insert(*id, Arc::new(merged));
                touched.patches.push(*id);
            }
        }
        for id in &change.deletes {
            if applies(Part::Delete, change.delete_if, self.doc(*id), None) {
                self.docs.remove(id);
                touched.deletes.push(*id);
            }
        }
        touched.sort();
        Ok(touched)
    }

    fn doc(&self, id: u64) -> Option<&Doc> {
        self.docs.get(&id).map(Arc::as_ref)
    }

    /// What was stored under an attribute goes with it.
    fn strip(&mut self, name: &str) {
        for doc in self.docs.values_mut().filter(|doc| doc.contains_key(name)) {
            Arc::make_mut(doc).remove(name);
        }
    }
}

impl Counts {
    pub(crate) fn of(Touched { puts, patches, deletes }: &Touched) -> Self {
        let [puts, patches, deletes] = [puts, patches, deletes].map(|ids| ids.len() as u64);
        Self { puts, patches, deletes }
    }
}

impl Touched {
    pub(crate) fn sort(&mut self) {
        let Self { puts, patches, deletes } = self;
        [puts, patches, deletes].into_iter().for_each(|ids| ids.sort_unstable());
    }
}

/// Whether a part of a change touches a document; `old` is none where nothing is there.
pub(crate) fn applies(part: Part, condition: If, old: Option<&Doc>, new: Option<&Doc>) -> bool {
    // What is not there is put, whatever the condition, and neither patched nor deleted.
    let Some(old) = old else { return part == Part::Put };
    match condition {
        If::Always => true,
        If::Absent => false,
        If::CountIs(count) => old.get(COUNT) == Some(&Datum::Int(count)),
        // Lower than nothing is nothing, and what is missing is lower than all that is there.
        If::CountGrows => match new.and_then(|new| new.get(COUNT)) {
            Some(new) => old.get(COUNT).is_none_or(|old| old < new),
            None => false,
        },
    }
}

pub(crate) fn merged(old: &Doc, patch: &Doc) -> Doc {
    let mut merged = old.clone();
    merged.extend(patch.iter().map(|(name, datum)| (*name, datum.clone())));
    merged
}

/// Whether a read of all documents shows that one.
pub(crate) fn shows(read: &Read, id: u64, doc: &Doc) -> bool {
    match read {
        Read::All => true,
        Read::One(one) => *one == id,
        Read::CountBelow(bound) => doc.get(COUNT).is_none_or(|count| *count < Datum::Int(*bound)),
        Read::Says(word) => matches!(doc.get(TEXT), Some(Datum::Text(text)) if text == word),
        // It may; others may be nearer.
        Read::Nearest { .. } => doc.contains_key(VECTOR),
    }
}

/// Every document that a change names.
pub(crate) fn ids(change: &Change) -> impl Iterator<Item = u64> {
    let written = change.puts.iter().chain(&change.patches).map(|(id, _)| *id);
    written.chain(change.deletes.iter().copied())
}

#[cfg(test)]
mod tests {
    use elacsym::model::{Create, FILTERABLE_BYTES_MAX, Metric, Pinning, ReadOnly};

    use super::super::words::{BESIDE, FICKLE, Kind, MARK, METRIC, Searched, Without, beside};
    use super::*;

    const A: &str = FICKLE[0];

    fn doc(mark: i64, count: i64) -> Doc {
        Doc::from([(MARK, Datum::Int(mark)), (COUNT, Datum::Int(count))])
    }

    fn with(doc: Doc, name: &'static str, datum: Datum) -> Doc {
        let mut doc = doc;
        doc.insert(name, datum);
        doc
    }

    fn put(id: u64, doc: Doc, put_if: If) -> Change {
        Change { puts: vec![(id, doc)], put_if, ..Change::default() }
    }

    fn patch(id: u64, doc: Doc, patch_if: If) -> Change {
        Change { patches: vec![(id, doc)], patch_if, ..Change::default() }
    }

    fn delete(id: u64, delete_if: If) -> Change {
        Change { deletes: vec![id], delete_if, ..Change::default() }
    }

    fn text(bytes: usize) -> Datum {
        Datum::Text("x".repeat(bytes))
    }

    /// A name with document 7, whose count is 3, and one without a count.
    fn some() -> State {
        let mut state = State::default();
        state.take(&put(7, doc(1, 3), If::Always)).unwrap();
        state.take(&put(8, Doc::from([(MARK, Datum::Int(2))]), If::Always)).unwrap();
        state
    }

    fn counts(puts: u64, patches: u64, deletes: u64) -> Result<Counts, Refusal> {
        Ok(Counts { puts, patches, deletes })
    }

    #[test]
    fn a_name_begins_with_its_first_document_and_with_nothing_else() {
        let mut state = State::default();
        let declares = Change { declare: vec![(A, Kind::Int)], ..Change::default() };
        for change in [
            &patch(7, doc(1, 1), If::Always),
            &delete(7, If::Always),
            &declares,
            &Change::default(),
        ] {
            assert_eq!(state.take(change), Err(Refusal::Absent));
        }
        assert_eq!(state, State::default());
        assert_eq!(state.take(&put(7, doc(1, 1), If::Absent)), counts(1, 0, 0));
        assert!(state.ground.there);
        assert_eq!(state.take(&Change::default()), counts(0, 0, 0));
    }

    #[test]
    fn what_is_missing_is_put_whatever_the_condition_and_neither_patched_nor_deleted() {
        for condition in [If::Always, If::Absent, If::CountIs(9), If::CountGrows] {
            assert_eq!(some().take(&put(9, doc(3, 1), condition)), counts(1, 0, 0));
            assert_eq!(some().take(&patch(9, doc(3, 1), condition)), counts(0, 0, 0));
            assert_eq!(some().take(&delete(9, condition)), counts(0, 0, 0));
        }
    }

    #[test]
    fn a_condition_is_asked_of_each_document_by_itself() {
        for (condition, of_three, of_none) in [
            (If::Always, true, true),
            (If::Absent, false, false),
            (If::CountIs(3), true, false),
            (If::CountIs(4), false, false),
        ] {
            for (id, holds) in [(7, of_three), (8, of_none)] {
                let touched = u64::from(holds);
                assert_eq!(some().take(&put(id, doc(3, 4), condition)), counts(touched, 0, 0));
                assert_eq!(some().take(&patch(id, doc(3, 4), condition)), counts(0, touched, 0));
                assert_eq!(some().take(&delete(id, condition)), counts(0, 0, touched));
            }
        }
        let both = Change { puts: vec![(7, doc(3, 4)), (8, doc(3, 4))], ..Change::default() };
        let both = Change { put_if: If::CountIs(3), ..both };
        let mut state = some();
        assert_eq!(state.take(&both), counts(1, 0, 0));
        assert_eq!((&*state.docs[&7], &state.docs[&8]), (&doc(3, 4), &some().docs[&8]));
    }

    #[test]
    fn a_count_grows_from_a_lower_one_or_from_none_and_never_to_none() {
        let without = Doc::from([(MARK, Datum::Int(3))]);
        for (id, new, grows) in [
            (7, doc(3, 4), 1),
            (7, doc(3, 3), 0),
            (7, without.clone(), 0),
            (8, doc(3, -9), 1),
            (8, without, 0),
        ] {
            assert_eq!(some().take(&put(id, new.clone(), If::CountGrows)), counts(grows, 0, 0));
            assert_eq!(some().take(&patch(id, new, If::CountGrows)), counts(0, grows, 0));
            assert_eq!(some().take(&delete(id, If::CountGrows)), counts(0, 0, 0));
        }
    }

    #[test]
    fn a_put_replaces_the_document_and_a_patch_what_it_names() {
        let mut state = some();
        state.take(&put(7, with(doc(3, 1), TEXT, text(2)), If::Always)).unwrap();
        state.take(&patch(7, doc(4, 2), If::Always)).unwrap();
        assert_eq!(*state.docs[&7], with(doc(4, 2), TEXT, text(2)));
        state.take(&put(7, doc(5, 3), If::Always)).unwrap();
        assert_eq!(*state.docs[&7], doc(5, 3));
    }

    #[test]
    fn a_name_is_made_as_the_change_has_it() {
        let bare = |create| Change { create, ..Change::default() };
        let full = |create| Change { create, ..put(7, doc(1, 1), If::Always) };
        for (create, empty, first) in [
            (Create::ByDocument, Err(Refusal::Absent), counts(1, 0, 0)),
            (Create::Always, counts(0, 0, 0), counts(1, 0, 0)),
            (Create::New, counts(0, 0, 0), counts(1, 0, 0)),
            (Create::Never, Err(Refusal::Absent), Err(Refusal::Absent)),
        ] {
            assert_eq!(State::default().take(&bare(create)), empty, "{create:?}");
            assert_eq!(State::default().take(&full(create)), first, "{create:?}");
            assert_eq!(some().take(&full(create)).is_err(), create == Create::New);
        }
        // Vectors may come until there is a document.
        let mut state = State::default();
        state.take(&bare(Create::Always)).unwrap();
        let declare = vec![(VECTOR, Kind::Vector(2))];
        assert!(state.take(&Change { declare, ..Change::default() }).is_ok());
        assert!(!state.ground.settled);
    }

    #[test]
    fn a_name_is_pinned_also_while_it_takes_no_writes() {
        let mut state = some();
        let one = Pinning::Replicas(std::num::NonZeroU32::MIN);
        let frozen = Change { read_only: Some(ReadOnly::Yes), ..Change::default() };
        let pinned = Change { pinning: Some(one), ..Change::default() };
        assert_eq!(state.take(&frozen), counts(0, 0, 0));
        assert_eq!(state.take(&pinned), counts(0, 0, 0));
        assert_eq!((state.ground.read_only, state.ground.pinning), (true, one));
    }

    #[test]
    fn what_was_stored_under_an_attribute_goes_with_it() {
        let mut state = some();
        state.take(&put(7, with(doc(3, 1), A, Datum::Int(5)), If::Always)).unwrap();
        let again = Change {
            declare: vec![(A, Kind::Int)],
            drop: vec![A],
            patches: vec![(8, Doc::from([(MARK, Datum::Int(4)), (A, text(1))]))],
            ..Change::default()
        };
        assert_eq!(state.take(&again), counts(0, 1, 0));
        assert_eq!(*state.docs[&7], doc(3, 1));
        assert_eq!(state.docs[&8][A], text(1));
        assert_eq!(state.ground.kinds[A], Kind::Text);
        let gone = Change { drop: vec![A, FICKLE[1]], ..Change::default() };
        assert_eq!(state.take(&gone), counts(0, 0, 0), "what is not there may be dropped");
    }

    #[test]
    fn a_name_that_is_read_only_takes_nothing_but_that_it_is_so_no_more() {
        let mut state = some();
        let set = |read_only| Change { read_only: Some(read_only), ..Change::default() };
        assert_eq!(State::default().take(&set(ReadOnly::Yes)), Err(Refusal::Absent));
        assert_eq!(state.take(&set(ReadOnly::Yes)), counts(0, 0, 0));
        let before = state.clone();
        for change in [put(9, doc(3, 1), If::Always), delete(99, If::Always), Change::default()] {
            let told = state.take(&change);
            assert!(matches!(told, Err(Refusal::Wrong(_))), "{change:?}: {told:?}");
        }
        assert_eq!(state, before);
        assert!(state.ground.answers(&Read::All).is_ok());
        assert_eq!(state.take(&set(ReadOnly::No)), counts(0, 0, 0));
        assert_eq!(state, some());
    }

    #[test]
    fn who_says_by_what_vectors_are_measured_need_not_declare_them() {
        let vector = with(doc(1, 1), VECTOR, Datum::Vector(vec![1, 2]));
        let says = |metric, change: &Change| Change { metric: Some(metric), ..change.clone() };
        let bare = put(7, vector, If::Always);
        let mut state = State::default();
        assert_eq!(state.take(&says(METRIC, &bare)), counts(1, 0, 0));
        assert_eq!(state.ground.kinds[VECTOR], Kind::Vector(2));
        let other = says(Metric::Cosine, &put(8, doc(2, 1), If::Always));
        assert!(matches!(state.take(&other), Err(Refusal::Wrong(_))));
        assert_eq!(some().take(&other), counts(1, 0, 0), "there is no vector");
        let late = some().take(&says(METRIC, &bare));
        assert!(matches!(late, Err(Refusal::Wrong(_))), "there is a document");
        // Another vector says it, too; weights are not measured.
        for ((name, of), says_it) in beside().zip([true, true, false, true]) {
            let declare = vec![(name, Kind::Other(of))];
            let taken = State::default().take(&Change { declare, ..bare.clone() });
            assert_eq!(taken.is_ok(), says_it, "{name}");
        }
    }

    #[test]
    fn a_vector_of_any_type_is_declared_and_a_dense_one_before_the_first_document() {
        let wrong = |state: &mut State, change: &Change| {
            matches!(state.take(change), Err(Refusal::Wrong(_)))
        };
        for (name, of) in beside() {
            let (kind, dense) = (Kind::Other(of), name != BESIDE[2]);
            let datum = || Datum::Other(of.samples().last().unwrap());
            let bare = put(7, with(doc(1, 1), name, datum()), If::Always);
            let declared = Change { declare: vec![(name, kind)], ..bare.clone() };
            assert!(wrong(&mut State::default(), &bare), "{name}");
            let mut state = State::default();
            assert_eq!(state.take(&declared), counts(1, 0, 0));
            assert_eq!(state.ground.kinds[name], kind);
            assert_eq!(state.take(&bare), counts(1, 0, 0));
            let other = Change { metric: Some(Metric::Cosine), ..put(8, doc(2, 1), If::Always) };
            assert_eq!(wrong(&mut state.clone(), &other), dense, "{name}");
            let touches = patch(7, with(doc(2, 1), name, datum()), If::Always);
            assert_eq!(wrong(&mut state, &touches), dense, "{name}");
            assert_eq!(wrong(&mut some(), &declared), dense, "{name}");
        }
    }

    #[test]
    fn words_are_asked_for_where_texts_are_searched() {
        let says = Read::Says("xx".to_owned());
        let set = |searched| Change { searched: Some(searched), ..Change::default() };
        let mut state = some();
        assert!(matches!(state.ground.answers(&says), Err(Refusal::Wrong(_))));
        assert_eq!(state.take(&set(Searched::Yes)), counts(0, 0, 0));
        assert_eq!(state.ground.kinds[TEXT], Kind::Text);
        assert!(state.ground.answers(&says).is_ok());
        assert_eq!(state.take(&set(Searched::No)), counts(0, 0, 0));
        assert!(matches!(state.ground.answers(&says), Err(Refusal::Wrong(_))));
        for (length, shown) in [(1, false), (2, true), (3, false)] {
            assert_eq!(shows(&says, 7, &with(doc(1, 1), TEXT, text(length))), shown, "{length}");
        }
        assert!(!shows(&says, 7, &doc(1, 1)));
    }

    #[test]
    fn vectors_come_with_the_first_document_or_never() {
        let vector = |numbers: &[i8]| with(doc(1, 1), VECTOR, Datum::Vector(numbers.to_vec()));
        let declares = |dims| Change {
            declare: vec![(VECTOR, Kind::Vector(dims))],
            ..put(7, vector(&[1, 2]), If::Always)
        };
        let wrong = |state: &mut State, change: &Change| {
            matches!(state.take(change), Err(Refusal::Wrong(_)))
        };
        assert!(wrong(&mut some(), &declares(2)), "there is a document");
        assert!(wrong(&mut State::default(), &put(7, vector(&[1, 2]), If::Always)));
        assert!(wrong(&mut State::default(), &declares(3)));
        let mut state = State::default();
        assert_eq!(state.take(&declares(2)), counts(1, 0, 0));
        assert_eq!(state.take(&declares(2)), counts(1, 0, 0), "it is that already");
        assert!(wrong(&mut state, &patch(7, vector(&[1, 2]), If::Always)));
        assert!(wrong(&mut state, &put(8, vector(&[1, 2, 3]), If::Always)));
        let near = |numbers: &[i8]| Read::Nearest { vector: numbers.to_vec(), limit: 1 };
        assert!(state.ground.answers(&near(&[0, 0])).is_ok());
        assert!(state.ground.answers(&near(&[0])).is_err());
        assert!(some().ground.answers(&near(&[0, 0])).is_err());
    }

    #[test]
    fn a_put_that_leaves_out_a_vector_is_wrong_where_it_has_to_name_it() {
        let vector = with(doc(1, 1), VECTOR, Datum::Vector(vec![1, 2]));
        let first = Change {
            metric: Some(METRIC),
            without: Without::LeftOut,
            ..put(7, vector, If::Always)
        };
        let mut both = first.clone();
        both.puts.insert(0, (8, doc(1, 1)));
        let mut state = State::default();
        assert!(matches!(state.take(&both), Err(Refusal::Wrong(_))), "there is one by then");
        assert_eq!(state.take(&first), counts(1, 0, 0));
        let bare = |without| Change { without, ..put(7, doc(2, 1), If::Absent) };
        for (without, is_taken) in
            [(Without::Nothing, true), (Without::Null, true), (Without::LeftOut, false)]
        {
            assert_eq!(state.clone().take(&bare(without)).is_ok(), is_taken, "{without:?}");
            assert!(some().take(&bare(without)).is_ok(), "there is no vector");
        }
    }

    #[test]
    fn a_patch_of_nothing_still_tells_what_its_attributes_are() {
        let mut state = some();
        assert_eq!(state.take(&patch(9, with(doc(3, 1), A, text(1)), If::Always)), counts(0, 0, 0));
        assert_eq!(state.ground.kinds.get(A), Some(&Kind::Text));
    }

    #[test]
    fn what_contradicts_the_state_is_refused_whole() {
        let mut state = some();
        let declare = |kind| Change { declare: vec![(A, kind)], ..Change::default() };
        assert_eq!(state.take(&declare(Kind::Int)), counts(0, 0, 0));
        assert_eq!(state.take(&declare(Kind::Int)), counts(0, 0, 0));
        let before = state.clone();
        let mut two = put(9, doc(3, 1), If::Always);
        two.puts.push((10, with(doc(3, 1), A, text(1))));
        let mut twice = put(9, doc(3, 1), If::Always);
        twice.deletes.push(9);
        let long = with(doc(3, 1), TEXT, text(FILTERABLE_BYTES_MAX + 1));
        for change in [declare(Kind::Text), two, twice, put(9, long, If::Always)] {
            let told = state.take(&change);
            assert!(matches!(told, Err(Refusal::Wrong(_))), "{change:?}: {told:?}");
        }
        assert_eq!(state, before);
        let fits = with(doc(3, 1), TEXT, text(FILTERABLE_BYTES_MAX));
        assert_eq!(state.take(&put(9, fits, If::Always)), counts(1, 0, 0));
    }

    #[test]
    fn a_condition_speaks_of_an_attribute_that_is_there() {
        let bare = Doc::from([(MARK, Datum::Int(1))]);
        let mut state = State::default();
        assert!(state.take(&put(7, bare.clone(), If::CountIs(1))).is_err());
        state.take(&put(7, bare.clone(), If::Absent)).unwrap();
        for condition in [If::CountIs(1), If::CountGrows] {
            let told = state.take(&delete(7, condition));
            assert!(matches!(told, Err(Refusal::Wrong(_))), "{condition:?}: {told:?}");
        }
        assert!(state.ground.answers(&Read::CountBelow(1)).is_err());
        assert_eq!(state.take(&put(7, doc(2, 1), If::CountGrows)), counts(1, 0, 0));
        assert!(state.ground.answers(&Read::CountBelow(1)).is_ok());
        assert_eq!(Ground::default().answers(&Read::All), Err(Refusal::Absent));
    }

    #[test]
    fn a_read_shows_what_it_asks_for() {
        let bare = Doc::from([(MARK, Datum::Int(1))]);
        for (read, id, doc, shown) in [
            (Read::All, 7, &doc(1, 3), true),
            (Read::One(7), 7, &doc(1, 3), true),
            (Read::One(8), 7, &doc(1, 3), false),
            (Read::CountBelow(4), 7, &doc(1, 3), true),
            (Read::CountBelow(3), 7, &doc(1, 3), false),
            (Read::CountBelow(-9), 7, &bare, true),
        ] {
            assert_eq!(shows(&read, id, doc), shown, "{read:?} {doc:?}");
        }
    }
}
