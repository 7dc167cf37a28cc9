//! Several vectors against several (late interaction): for each that is asked for, how similar the
//! most similar of the document is; the sum of these, the highest first.

use arrow_array::cast::AsArray;
use arrow_array::types::Float32Type;

use super::matches::Matches;
use super::top::{Better, Top, rounded};
use super::winner::Winner;
use crate::error::{Error, Result};
use crate::eval::{Halt, Place};
use crate::kernels::Target;
use crate::model::{AttrNo, AttrType, Element, Given, Metric, Schema, Value};

pub(crate) const VECTORS_MAX: usize = 1024;

#[derive(Clone, Debug)]
pub(super) struct Similar {
    number: AttrNo,
    metric: Metric,
    dims: usize,
    vectors: Vec<Box<[f32]>>,
}

impl Similar {
    pub(super) fn bind(schema: &Schema, name: &str, vectors: &[Given]) -> Result<Self> {
        let attribute = schema.attribute(name)?;
        let refused = |why: &str| Err(Error::invalid(format!("attribute '{name}' {why}")));
        let AttrType::Vectors { dims } = attribute.kind else {
            let kind = attribute.kind;
            return refused(&format!("is of type {kind}: several vectors are for [][N]f32"));
        };
        let (true, Some(metric)) = (attribute.options.late_interaction, attribute.options.metric)
        else {
            return refused("has to be declared with late_interaction to be ranked by vectors");
        };
        if !(1..=VECTORS_MAX).contains(&vectors.len()) {
            let got = vectors.len();
            return refused(&format!("is ranked by 1 to {VECTORS_MAX} vectors, not by {got}"));
        }
        let one = AttrType::Vector { dims, element: Element::F32 };
        let vector = |given: &Given| match Value::of_attribute(name, one, given)? {
            Some(Value::Vector(vector)) => Ok(vector),
            _ => Err(Error::invalid(format!("a vector that '{name}' is ranked by is null"))),
        };
        Ok(Self {
            number: attribute.number,
            metric,
            dims: dims as usize,
            vectors: vectors.iter().map(vector).collect::<Result<_>>()?,
        })
    }

    /// One vector where several are asked for.
    pub(super) fn refuse_one(schema: &Schema, name: &str) -> Result<()> {
        match schema.attribute(name)?.kind {
            AttrType::Vectors { .. } => Err(Error::invalid(format!(
                "attribute '{name}' is ranked by several vectors: give a list of vectors, be it of one. \
                 /v1 does not rank by several"
            ))),
            _ => Ok(()),
        }
    }

    /// A document without a vector is not similar to anything.
    pub(super) fn first(
        &self,
        matches: &Matches<'_>,
        wanted: usize,
        halt: &Halt,
    ) -> Result<Vec<Winner>> {
        let targets: Vec<Target<'_>> =
            self.vectors.iter().map(|vector| Target::new(self.metric, vector)).collect();
        let mut top = Top::new(wanted, Better::More);
        for (block, part) in matches.parts.iter().enumerate() {
            let Some(column) = part.column(self.number) else { continue };
            let lists = column.as_list::<i32>();
            let offsets = lists.value_offsets();
            let vectors = lists.values().as_fixed_size_list().values();
            let numbers = &vectors.as_primitive::<Float32Type>().values()[..];
            // All of it is read once for each vector that is asked for.
            let read = targets.len() * size_of_val(numbers);
            halt.try_each_of(&part.with_value(column), read, |row| {
                let (from, to) = (offsets[row] as usize, offsets[row + 1] as usize);
                let held = &numbers[from * self.dims..to * self.dims];
                if !held.is_empty() {
                    let score = rounded(self.score(&targets, held));
                    top.offer(score, part.living, Place { block, row });
                }
                Ok(())
            })?;
        }
        top.into_winners(halt)
    }

    fn score(&self, targets: &[Target<'_>], held: &[f32]) -> f64 {
        let most = |target: &Target<'_>| {
            let similar = held.chunks_exact(self.dims).map(|one| target.similarity(one));
            // What is beyond f32 is at its end: a sum of these is a number.
            f64::from(similar.fold(f32::MIN, f32::max).min(f32::MAX))
        };
        if crate::slip!("MaxSim is the most of all, and no sum") {
            return targets.iter().map(most).fold(f64::MIN, f64::max);
        }
        targets.iter().map(most).sum()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::samples::{ask, living, ranked, row, same, sorted};
    use super::*;
    use crate::model::{Rank, Row, Search};

    fn any_vectors() -> impl Strategy<Value = Vec<[i8; 2]>> {
        prop::collection::vec([-5..6_i8, -5..6_i8], 0..4)
    }

    fn query(vectors: &[[i8; 2]]) -> crate::model::Query {
        let vector = |vector: &[i8; 2]| {
            Given::List(vector.iter().map(|it| Given::Int((*it).into())).collect())
        };
        let vectors = vectors.iter().map(vector).collect();
        ranked(Rank::Similar { attribute: "late".into(), vectors, search: Search::Approximate })
    }

    proptest! {
        #[test]
        fn each_that_is_asked_for_counts_by_the_most_similar(
            documents in prop::collection::vec(prop::option::of(any_vectors()), 0..20),
            asked in any_vectors(),
            block_rows in 1..21_usize,
        ) {
            let rows: Vec<Row> = documents.iter().enumerate().map(|(at, vectors)| {
                let value = vectors.as_ref().map(|vectors| {
                    let numbers = vectors.concat().into_iter().map(f32::from);
                    ("late", crate::model::Value::Vectors(numbers.collect()))
                });
                row(at as u64, value.as_slice())
            }).collect();
            let apart = |a: &[i8; 2], b: &[i8; 2]| {
                let square = |at: usize| (f64::from(a[at]) - f64::from(b[at])).powi(2);
                square(0) + square(1)
            };
            let score = |held: &[[i8; 2]]| {
                let most = |one: &[i8; 2]| {
                    held.iter().map(|other| -apart(one, other)).fold(f64::NEG_INFINITY, f64::max)
                };
                asked.iter().map(most).sum::<f64>()
            };
            let held = documents.iter().enumerate();
            let held = held.filter_map(|(at, held)| Some((at as u64, held.as_ref()?)));
            let held = held.filter(|(_, held)| !held.is_empty());
            let expected = sorted(held.map(|(id, held)| (id, score(held))).collect());
            let answer = ask(&living(&rows, block_rows, &[]), &query(&asked));
            match asked.is_empty() {
                true => prop_assert!(answer.is_err()),
                false => {
                    let answer = answer.unwrap();
                    prop_assert!(same(&answer, &expected), "{answer:?} {expected:?}");
                }
            }
        }
    }

    #[test]
    fn several_vectors_are_asked_of_what_holds_several() {
        let refused = |attribute: &str, vectors: Vec<Given>| {
            let rank =
                Rank::Similar { attribute: attribute.into(), vectors, search: Search::Approximate };
            ask(&[], &ranked(rank)).unwrap_err().to_string()
        };
        let one = || Given::List(vec![Given::Int(1), Given::Int(2)]);
        assert!(refused("v", vec![one()]).contains("for [][N]f32"));
        assert!(refused("late", vec![one(), Given::List(vec![])]).contains("0 numbers"));
        assert!(refused("late", vec![Given::Null]).contains("is null"));
        assert!(refused("late", vec![one(); VECTORS_MAX + 1]).contains("1024"));
    }
}
