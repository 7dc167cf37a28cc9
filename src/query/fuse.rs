//! Several rankings made one, by the ranks alone (reciprocal rank fusion).
//!
//! A document is worth `w / (k + rank)` in each answer that it stands in, where ranks begin at one
//! and w is the answer's weight; the highest sum comes first, and ties go by id. What any of the
//! answers shows of it is shown.

use std::collections::BTreeMap;

use super::top::rounded;
use crate::model::{Answer, DocId, Fusion, Hit};

pub fn fuse(answers: Vec<Answer>, fusion: &Fusion) -> Answer {
    assert_eq!(answers.len(), fusion.weights.len(), "a weight of each answer");
    let mut fused: BTreeMap<DocId, (f64, Hit)> = BTreeMap::new();
    let first: u32 = if crate::slip!("the ranks of RRF begin at zero") { 0 } else { 1 };
    for (answer, weight) in answers.into_iter().zip(&fusion.weights) {
        let weight = if crate::slip!("RRF knows no weights") { 1.0 } else { *weight };
        for (rank, hit) in (first..).zip(answer.rows) {
            let worth = weight / (fusion.constant + f64::from(rank));
            match fused.get_mut(&hit.id) {
                None => {
                    fused.insert(hit.id.clone(), (worth, hit));
                }
                Some((score, known)) => {
                    *score += worth;
                    join(known, hit);
                }
            }
        }
    }
    let mut rows: Vec<Hit> = fused.into_values().map(scored).collect();
    // They are sorted by id, and what is equal stays in its order.
    rows.sort_by(|a, b| score(b).total_cmp(&score(a)));
    let rows = rows.into_iter().skip(fusion.page.offset).take(fusion.page.limit);
    Answer { rows: rows.collect(), ..Answer::default() }
}

fn scored((score, hit): (f64, Hit)) -> Hit {
    Hit { dist: Some(rounded(score)), ..hit }
}

fn score(hit: &Hit) -> f32 {
    hit.dist.unwrap_or(0.0)
}

/// The same document of the same view: what both show is the same. Of two computations that bear
/// one label, the first stands.
fn join(known: &mut Hit, other: Hit) {
    for value in other.values {
        if let Err(at) = known.values.binary_search_by(|(name, ..)| name.cmp(&value.0)) {
            known.values.insert(at, value);
        }
    }
    for made in other.made {
        if !known.made.iter().any(|(label, _)| *label == made.0) {
            known.made.push(made);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{AttrType, Made, Page, Scalar, Value};

    fn hit(id: u64, names: &[&str]) -> Hit {
        let value = |name: &&str| ((*name).into(), AttrType::Scalar(Scalar::Uint), Value::Uint(id));
        let values = names.iter().map(value).collect();
        Hit { id: DocId::Uint(id), dist: Some(9.0), values, made: Vec::new() }
    }

    fn answer(rows: Vec<Hit>) -> Answer {
        Answer { rows, ..Answer::default() }
    }

    fn fusion(weights: &[f64], limit: usize, offset: usize) -> Fusion {
        let page = Page { limit, offset, per: None };
        Fusion { constant: 60.0, weights: weights.into(), page }
    }

    fn ids(answer: &Answer) -> Vec<u64> {
        let id = |hit: &Hit| match hit.id {
            DocId::Uint(id) => id,
            _ => panic!("ids are numbers here"),
        };
        answer.rows.iter().map(id).collect()
    }

    #[test]
    fn a_document_that_both_rank_high_comes_first_and_ties_go_by_id() {
        let first = || answer(vec![hit(7, &["b"]), hit(3, &["b"]), hit(9, &["b"])]);
        let second = || answer(vec![hit(3, &["a", "c"]), hit(7, &["a", "c"]), hit(1, &[])]);
        let fused = fuse(vec![first(), second()], &fusion(&[1.0, 1.0], 10, 0));
        assert_eq!(ids(&fused), [3, 7, 1, 9]);
        let both = (1.0 / 61.0 + 1.0 / 62.0) as f32;
        assert_eq!((fused.rows[0].dist, fused.rows[1].dist), (Some(both), Some(both)));
        let names: Vec<&str> = fused.rows[0].values.iter().map(|(name, ..)| &**name).collect();
        assert_eq!(names, ["a", "b", "c"]);

        let weighed = fuse(vec![first(), second()], &fusion(&[2.0, 1.0], 2, 1));
        assert_eq!(ids(&weighed), [3, 9]);
        assert_eq!(weighed.rows[1].dist, Some((2.0_f64 / 63.0) as f32));
    }

    proptest! {
        #[test]
        fn the_rank_is_all_that_counts(
            rankings in prop::collection::vec(
                prop::sample::subsequence((0..12_u64).collect::<Vec<u64>>(), 0..12)
                    .prop_shuffle(),
                2..4,
            ),
            weights in prop::collection::vec(prop::sample::select(vec![0.5, 1.0, 3.0]), 4),
            limit in 1..13_usize,
            offset in 0..4_usize,
        ) {
            let weights = &weights[..rankings.len()];
            let score = |id: &u64| {
                let mut score = 0.0;
                for (ranking, weight) in rankings.iter().zip(weights) {
                    if let Some(at) = ranking.iter().position(|other| other == id) {
                        score += weight / (60.0 + at as f64 + 1.0);
                    }
                }
                score as f32
            };
            let found = (0..12_u64).filter(|id| rankings.iter().any(|one| one.contains(id)));
            let mut expected: Vec<u64> = found.collect();
            expected.sort_by(|a, b| score(b).total_cmp(&score(a)).then(a.cmp(b)));
            let expected: Vec<u64> = expected.into_iter().skip(offset).take(limit).collect();
            let hits = |ids: &Vec<u64>| answer(ids.iter().map(|id| hit(*id, &[])).collect());
            let answers = rankings.iter().map(hits).collect();
            let fused = fuse(answers, &fusion(weights, limit, offset));
            prop_assert_eq!(ids(&fused), expected);
        }
    }

    #[test]
    fn of_two_computations_of_one_label_the_first_stands() {
        let with = |number| Hit { made: vec![("m".into(), Made::Number(number))], ..hit(1, &[]) };
        let answers = vec![answer(vec![with(1.0)]), answer(vec![with(2.0)])];
        let fused = fuse(answers, &fusion(&[1.0, 1.0], 10, 0));
        assert_eq!(fused.rows[0].made, [(Box::<str>::from("m"), Made::Number(1.0))]);
    }
}
