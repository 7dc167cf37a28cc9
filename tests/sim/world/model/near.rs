//! The nearest, by looking at each: no index, no lanes, and no number that is not whole.

use crate::world::words::{Datum, Doc, VECTOR};

/// Those that have a vector, the nearest first; of two that are as far, the one with the lower id.
pub(crate) fn nearest<'a>(
    docs: impl Iterator<Item = (u64, &'a Doc)>,
    from: &[i8],
    limit: usize,
) -> Vec<(u64, &'a Doc)> {
    let mut all: Vec<(i32, u64, &Doc)> =
        docs.filter_map(|(id, doc)| Some((distance(from, doc)?, id, doc))).collect();
    all.sort_unstable_by_key(|(distance, id, _)| (*distance, *id));
    all.into_iter().take(limit).map(|(_, id, doc)| (id, doc)).collect()
}

/// Squared, as the engine has it; none, where there is no vector.
pub(crate) fn distance(from: &[i8], doc: &Doc) -> Option<i32> {
    let Some(Datum::Vector(to)) = doc.get(VECTOR) else { return None };
    let pairs = from.iter().zip(to);
    Some(pairs.map(|(from, to)| (i32::from(*from) - i32::from(*to)).pow(2)).sum())
}

#[test]
fn the_nearest_come_first_and_ties_go_by_id() {
    let doc = |numbers: &[i8]| Doc::from([(VECTOR, Datum::Vector(numbers.to_vec()))]);
    let docs = [(1, doc(&[3, 0])), (2, doc(&[0, -1])), (3, doc(&[1, 0])), (4, Doc::new())];
    let ids = |limit| {
        let found = nearest(docs.iter().map(|(id, doc)| (*id, doc)), &[0, 0], limit);
        found.into_iter().map(|(id, _)| id).collect::<Vec<u64>>()
    };
    assert_eq!((ids(9), ids(2)), (vec![2, 3, 1], vec![2, 3]));
    assert_eq!(distance(&[-100, 100], &docs[0].1), Some(103 * 103 + 100 * 100));
}
