//! What a filter finds of the documents of a name: each is asked by itself.

use super::{Ground, Refusal, State};
use crate::world::words::{COUNT, Datum, Doc, Find, Kind, MARK, TEXT};

pub(crate) fn is_found(find: Find, doc: &Doc) -> bool {
    match find {
        Find::CountBelow(bound) => doc.get(COUNT).is_none_or(|count| *count < Datum::Int(bound)),
        Find::MarkIs(no) => doc.get(MARK) == Some(&Datum::Int(no)),
        Find::Without(name) => !doc.contains_key(name),
        Find::Begins(text) => {
            matches!(doc.get(TEXT), Some(Datum::Text(held)) if held.starts_with(text))
        }
    }
}

impl Ground {
    /// What is found by is there, and of its kind.
    pub(super) fn check_find(&self, find: Find) -> Result<(), Refusal> {
        let (name, kind) = match find {
            Find::CountBelow(_) => (COUNT, Some(Kind::Int)),
            Find::MarkIs(_) => (MARK, Some(Kind::Int)),
            Find::Begins(_) => (TEXT, Some(Kind::Text)),
            Find::Without(name) => (name, None),
        };
        match self.kinds.get(name) {
            Some(known) if kind.is_none_or(|kind| *known == kind) => Ok(()),
            known => Err(Refusal::Wrong(format!("{find:?} where '{name}' is {known:?}"))),
        }
    }
}

impl State {
    /// Ascending.
    pub(super) fn found(&self, find: Find) -> Vec<u64> {
        let docs = self.docs.iter().filter(|(_, doc)| is_found(find, doc));
        docs.map(|(id, _)| *id).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::words::{Change, If, Touched, VECTOR};

    fn doc(mark: i64, count: i64) -> Doc {
        Doc::from([(MARK, Datum::Int(mark)), (COUNT, Datum::Int(count))])
    }

    /// Document 7, whose count is 3, and 8 without a count.
    fn some() -> State {
        let mut state = State::default();
        let puts = vec![(7, doc(1, 3)), (8, Doc::from([(MARK, Datum::Int(2))]))];
        state.take(&Change { puts, ..Change::default() }).unwrap();
        state
    }

    #[test]
    fn what_is_found_is_touched_before_what_is_named() {
        let mut state = some();
        let mut nine = doc(3, 5);
        nine.insert(TEXT, Datum::Text("xx".to_owned()));
        state.take(&Change { puts: vec![(9, nine)], ..Change::default() }).unwrap();
        for (find, found) in [
            (Find::CountBelow(4), vec![7, 8]),
            (Find::CountBelow(3), vec![8]),
            (Find::MarkIs(3), vec![9]),
            (Find::MarkIs(4), vec![]),
            (Find::Without(COUNT), vec![8]),
            (Find::Without(TEXT), vec![7, 8]),
            (Find::Begins("xx"), vec![9]),
            (Find::Begins("xxx"), vec![]),
        ] {
            let change = Change { delete_found: Some(find), ..Change::default() };
            let deletes = Touched { deletes: found, ..Touched::default() };
            assert_eq!(state.clone().touch(&change), Ok(deletes), "{find:?}");
        }
        // 8 goes, 7 is found where 8 is no more, and then named.
        let change = Change {
            delete_found: Some(Find::Without(COUNT)),
            patch_found: Some((Find::Without(TEXT), doc(4, 9))),
            puts: vec![(8, doc(4, 1))],
            patches: vec![(7, doc(4, 10))],
            patch_if: If::CountIs(9),
            ..Change::default()
        };
        let touched = Touched { puts: vec![8], patches: vec![7, 7], deletes: vec![8] };
        assert_eq!(state.touch(&change), Ok(touched));
        assert_eq!((&*state.docs[&7], &*state.docs[&8]), (&doc(4, 10), &doc(4, 1)));
    }

    #[test]
    fn what_is_found_by_must_be_there() {
        let mut state = some();
        let gone = |find| Change { delete_found: Some(find), ..Change::default() };
        assert_eq!(State::default().take(&gone(Find::MarkIs(1))), Err(Refusal::Absent));
        for find in [Find::Begins("x"), Find::Without(TEXT)] {
            let told = state.take(&gone(find));
            assert!(matches!(told, Err(Refusal::Wrong(_))), "{find:?}: {told:?}");
        }
        let vector = Doc::from([(VECTOR, Datum::Vector(vec![1]))]);
        let patch = Change { patch_found: Some((Find::MarkIs(1), vector)), ..Change::default() };
        assert!(matches!(state.take(&patch), Err(Refusal::Wrong(_))));
        assert_eq!(state, some());
    }
}
