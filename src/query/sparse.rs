//! The inner product of sparse vectors: over the keys that both have.

use arrow_array::ArrayRef;
use arrow_array::cast::AsArray;
use arrow_array::types::Float16Type;
use arrow_buffer::BooleanBuffer;

use super::score::finite;
use crate::error::{Error, Result};
use crate::eval::Halt;
use crate::model::{AttrNo, AttrType, Given, SPARSE_ENTRIES_MAX, Schema};

#[derive(Debug)]
pub(super) struct Sparse {
    number: AttrNo,
    /// Sorted by key. What is asked for is not stored: it is not rounded to what is.
    weights: Vec<(Box<str>, f64)>,
}

impl Sparse {
    pub(super) fn bind(schema: &Schema, name: &str, weights: &Given) -> Result<Self> {
        let attribute = schema.attribute(name)?;
        let refused = |why: &str| Err(Error::invalid(format!("attribute '{name}' {why}")));
        if attribute.kind != AttrType::Sparse {
            let kind = attribute.kind;
            return refused(&format!("is of type {kind}: SparseKNN is for {{}}f16"));
        }
        if !attribute.options.sparse_knn {
            return refused("has to be declared with sparse_knn to be ranked by SparseKNN");
        }
        let Given::Map(entries) = weights else {
            return refused(&format!("is ranked by an object of weights, but got '{weights}'"));
        };
        if entries.len() > SPARSE_ENTRIES_MAX {
            let got = entries.len();
            return refused(&format!("is ranked by at most {SPARSE_ENTRIES_MAX} keys, not {got}"));
        }
        let mut weights = Vec::with_capacity(entries.len());
        for (key, weight) in entries {
            match weight.number().filter(|weight| weight.is_finite()) {
                Some(weight) => weights.push((key.clone(), weight)),
                None => return refused(&format!("is ranked by numbers, but got '{weight}'")),
            }
        }
        weights.sort_by(|(a, _), (b, _)| a.cmp(b));
        if weights.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return refused("is ranked by a key that is given twice");
        }
        Ok(Self { number: attribute.number, weights })
    }

    pub(super) fn number(&self) -> AttrNo {
        self.number
    }

    /// Of these rows, each of which has a value; zero for the others.
    pub(super) fn scores(
        &self,
        column: &ArrayRef,
        rows: &BooleanBuffer,
        halt: &Halt,
    ) -> Result<Vec<f64>> {
        let map = column.as_map();
        let offsets = map.value_offsets();
        let keys = map.keys().as_string::<i32>();
        let values = map.values().as_primitive::<Float16Type>().values();
        let missing =
            if crate::slip!("a sparse key that is not asked for is one") { 1.0 } else { 0.0 };
        let mut scores = vec![0.0; rows.len()];
        halt.each(rows, |row| {
            let held = offsets[row] as usize..offsets[row + 1] as usize;
            let part = |at: usize| {
                let asked = self.weights.binary_search_by(|(key, _)| (**key).cmp(keys.value(at)));
                asked.map_or(missing, |asked| self.weights[asked].1 * values[at].to_f64())
            };
            scores[row] = held.fold(0.0, |sum, at| finite(sum + part(at)));
        })?;
        Ok(scores)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::samples::{ask, living, ranked, row, same, sorted};
    use super::*;
    use crate::model::{Rank, Row, Score, Value};

    fn query(weights: &[(String, f64)]) -> crate::model::Query {
        let entry = |(key, weight): &(String, f64)| (key.as_str().into(), Given::Float(*weight));
        let weights = Given::Map(weights.iter().map(entry).collect());
        ranked(Rank::Score(Score::Sparse { attribute: "sparse".into(), weights }))
    }

    proptest! {
        /// Halves and wholes, so that sums are exact and zeros are zeros.
        #[test]
        fn only_what_both_have_counts_and_nothing_is_no_score(
            documents in prop::collection::vec(
                prop::option::of(prop::collection::btree_map("[a-e]", -4..5_i32, 0..4)), 0..20
            ),
            asked in prop::collection::btree_map("[a-f]", -3..4_i32, 0..5),
            block_rows in 1..21_usize,
        ) {
            let rows: Vec<Row> = documents.iter().enumerate().map(|(at, weights)| {
                let value = weights.as_ref().map(|weights| {
                    let half = |(key, weight): (&String, &i32)| {
                        (Box::<str>::from(key.as_str()), *weight as f32 / 2.0)
                    };
                    ("sparse", Value::Sparse(weights.iter().map(half).collect()))
                });
                row(at as u64, value.as_slice())
            }).collect();
            let asked: Vec<(String, f64)> =
                asked.into_iter().map(|(key, weight)| (key, f64::from(weight))).collect();
            let score = |weights: &std::collections::BTreeMap<String, i32>| {
                let part = |(key, weight): &(String, f64)| {
                    weights.get(key).map_or(0.0, |held| weight * f64::from(*held) / 2.0)
                };
                asked.iter().map(part).sum::<f64>()
            };
            let scores = documents.iter().enumerate();
            let scores = scores.filter_map(|(at, it)| Some((at as u64, score(it.as_ref()?))));
            let expected = sorted(scores.filter(|(_, score)| *score != 0.0).collect());
            let answer = ask(&living(&rows, block_rows, &[]), &query(&asked)).unwrap();
            prop_assert!(same(&answer, &expected), "{answer:?} {expected:?}");
        }
    }

    #[test]
    fn what_is_asked_for_is_weights_by_key() {
        let refused = |attribute: &str, weights: Given| {
            let score = Score::Sparse { attribute: attribute.into(), weights };
            ask(&[], &ranked(Rank::Score(score))).unwrap_err().to_string()
        };
        let one = |weight: Given| Given::Map(vec![("a".into(), weight)]);
        assert!(refused("s", one(Given::Int(1))).contains("SparseKNN is for {}f16"));
        assert!(refused("sparse", Given::List(vec![])).contains("an object of weights"));
        assert!(refused("sparse", one(Given::Null)).contains("'null'"));
        assert!(refused("sparse", one(Given::Float(f64::INFINITY))).contains("numbers"));
        let twice = Given::Map(vec![("a".into(), Given::Int(1)), ("a".into(), Given::Int(2))]);
        assert!(refused("sparse", twice).contains("given twice"));
    }
}
