//! `rrf`: the ranking of a vector and that of a text made one, by the ranks alone.
//!
//! Both go equally deep, and a hundred documents at least: what stands further down in either is
//! worth little, and is passed over if nobody asks for so many.

use std::mem;

use super::text::weight;
use crate::api::error::Refusal;
use crate::api::json::Object;
use crate::model::{Answer, FUSION_CONSTANT, Fusion, Page};
use crate::query::fuse;

const DEPTH_MIN: usize = 100;
const VECTOR_WEIGHT: f64 = 0.5;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rrf {
    constant: f64,
    vector_weight: f64,
}

impl Default for Rrf {
    fn default() -> Self {
        Self { constant: FUSION_CONSTANT, vector_weight: VECTOR_WEIGHT }
    }
}

impl Rrf {
    pub(super) fn read(mut object: Object) -> Result<Self, Refusal> {
        let usual = Self::default();
        let constant = object.number("k")?.unwrap_or(usual.constant);
        if constant <= 0.0 {
            let path = object.path_of("k");
            return Err(Refusal::invalid(format!("{path} is above 0, not {constant}")));
        }
        let vector_weight = weight(&mut object, "vector_weight")?.unwrap_or(usual.vector_weight);
        object.end()?;
        Ok(Self { constant, vector_weight })
    }

    /// Of the ranking of the vector, and of that of a text behind it.
    pub(super) fn of(self, text_weight: f64, limit: usize) -> Fusion {
        let weights = vec![self.vector_weight, text_weight];
        Fusion { constant: self.constant, weights, page: Page::of(limit) }
    }
}

/// How many each of the two has, so that so many can be shown.
pub(super) fn depth(limit: usize) -> usize {
    if limit == 0 { 0 } else { limit.max(DEPTH_MIN) }
}

/// What is said of all that match is said by the first. A ranking that counts 0 finds nothing.
pub(super) fn join(mut answers: Vec<Answer>, fusion: &Fusion) -> Answer {
    let first = answers.first_mut().map(|first| mem::take(&mut first.aggregations));
    for (answer, weight) in answers.iter_mut().zip(&fusion.weights) {
        if *weight == 0.0 {
            answer.rows.clear();
        }
    }
    Answer { aggregations: first.unwrap_or_default(), ..fuse(answers, fusion) }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::sync::Arc;

    use crate::api::json::given;
    use crate::model::aggregation::Summary;
    use crate::model::{DocId, Hit, LIMIT_MAX};

    fn read(text: &str) -> Result<Rrf, Refusal> {
        Rrf::read(Object::of("rrf", given(text)).unwrap())
    }

    #[test]
    fn what_is_not_said_has_its_default() {
        assert_eq!(read("{}").unwrap(), Rrf { constant: 60.0, vector_weight: 0.5 });
        let said = Rrf { constant: 0.5, vector_weight: 2.0 };
        assert_eq!(read(r#"{"k":0.5,"vector_weight":2}"#).unwrap(), said);
        let expected = Fusion { constant: 0.5, weights: vec![2.0, 3.0], page: Page::of(7) };
        assert_eq!(said.of(3.0, 7), expected);
    }

    #[test]
    fn what_is_no_fusion_is_refused_by_name() {
        for (text, told) in [
            (r#"{"k":0}"#, "rrf.k is above 0, not 0"),
            (r#"{"k":-1.5}"#, "rrf.k is above 0, not -1.5"),
            (r#"{"k":"60"}"#, "rrf.k: invalid type: string \"60\", expected a number"),
            (r#"{"vector_weight":-1}"#, "rrf.vector_weight is 0, or 0.000001 to 1000000, not -1.0"),
            (r#"{"vector_weight":1e-60}"#, "rrf.vector_weight is 0, or 0.000001 to 1000000"),
            (r#"{"weights":[1,2]}"#, "unknown field `rrf.weights`"),
        ] {
            let refusal = read(text).unwrap_err();
            assert!(refusal.story().contains(told), "{text}: {}", refusal.story());
        }
    }

    #[test]
    fn both_rankings_go_as_deep_as_is_shown_and_no_less_than_a_hundred() {
        let depths = [0, 1, 100, 101, LIMIT_MAX].map(depth);
        assert_eq!(depths, [0, 100, 100, 101, LIMIT_MAX]);
    }

    fn hit(id: u64) -> Hit {
        Hit { id: DocId::Uint(id), dist: None, values: vec![], made: vec![] }
    }

    /// What the vector alone found came with a score of 0 where the vector counts 0.
    #[test]
    fn a_ranking_that_counts_nothing_finds_nothing() {
        let aggregations = || vec![("n".into(), Summary::Count(7))];
        let nearest = || Answer {
            rows: vec![hit(1), hit(2)],
            aggregations: aggregations(),
            aggregates: None,
        };
        let texts = || Answer { rows: vec![hit(3), hit(2)], ..Answer::default() };
        let no_vector = Rrf { vector_weight: 0.0, ..Rrf::default() };
        for (fusion, ids) in [
            (no_vector.of(0.5, 9), vec![3, 2]),
            (Rrf::default().of(0.0, 9), vec![1, 2]),
            (no_vector.of(0.0, 9), vec![]),
        ] {
            let joined = join(vec![nearest(), texts()], &fusion);
            let found: Vec<DocId> = joined.rows.iter().map(|hit| hit.id.clone()).collect();
            assert_eq!(found, ids.into_iter().map(DocId::Uint).collect::<Vec<_>>());
            assert_eq!(joined.aggregations, aggregations());
        }
    }

    #[test]
    fn two_answers_are_one_with_what_the_first_says_of_all() {
        let aggregations = vec![("n".into(), Summary::Count(7))];
        let nearest = Answer { rows: vec![hit(1), hit(2)], aggregations, aggregates: None };
        let texts = Answer { rows: vec![hit(2)], ..Answer::default() };
        let fusion = Rrf::default().of(0.5, 2);
        let joined = join(vec![nearest, texts], &fusion);
        let ids: Vec<&DocId> = joined.rows.iter().map(|hit| &hit.id).collect();
        assert_eq!(ids, [&DocId::Uint(2), &DocId::Uint(1)]);
        assert_eq!(joined.aggregations, [(Arc::<str>::from("n"), Summary::Count(7))]);
    }
}
