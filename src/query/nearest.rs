//! The nearest vectors, by looking at each.

use arrow_array::ArrayRef;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float16Type, Float32Type};
use arrow_buffer::BooleanBuffer;

use super::matches::Matches;
use super::top::{Better, Top};
use super::winner::Winner;
use crate::error::{Error, Result};
use crate::eval::{Halt, Place};
use crate::kernels::{Target, widen_f16, widen_i8};
use crate::model::{AttrNo, AttrType, Element, Given, Metric, Schema, Value};

/// Where the vectors of an attribute are, and how far from each other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Space {
    pub(super) number: AttrNo,
    pub(super) metric: Metric,
    dims: u32,
    element: Element,
}

/// The vector that they are measured against.
#[derive(Clone, Debug)]
pub(super) struct Goal {
    pub(super) space: Space,
    pub(super) vector: Box<[f32]>,
}

impl Space {
    pub(super) fn of(schema: &Schema, name: &str) -> Result<Self> {
        let attribute = schema.attribute(name)?;
        let (AttrType::Vector { dims, element }, Some(metric)) =
            (attribute.kind, attribute.options.metric)
        else {
            let kind = attribute.kind;
            return Err(Error::invalid(format!(
                "attribute '{name}' is of type {kind}: only a dense vector has neighbours"
            )));
        };
        Ok(Self { number: attribute.number, metric, dims, element })
    }
}

impl Goal {
    pub(super) fn bind(schema: &Schema, name: &str, vector: &Given) -> Result<Self> {
        let space = Space::of(schema, name)?;
        // What is searched for is not stored: it is not rounded to what is.
        let wide = AttrType::Vector { dims: space.dims, element: Element::F32 };
        let Some(Value::Vector(vector)) = Value::of_attribute(name, wide, vector)? else {
            return Err(Error::invalid(format!("the vector that '{name}' is ranked by is null")));
        };
        Ok(Self { space, vector })
    }

    pub(super) fn first(
        &self,
        matches: &Matches<'_>,
        wanted: usize,
        halt: &Halt,
    ) -> Result<Vec<Winner>> {
        let mut top = Top::new(wanted, Better::Less);
        for (block, part) in matches.parts.iter().enumerate() {
            let Some(column) = part.column(self.space.number) else { continue };
            self.each(column, &part.with_value(column), halt, |row, distance| {
                top.offer(distance, part.living, Place { block, row });
            })?;
        }
        top.into_winners(halt)
    }

    /// The distances of these rows, each of which has a vector.
    pub(super) fn each(
        &self,
        column: &ArrayRef,
        rows: &BooleanBuffer,
        halt: &Halt,
        mut each: impl FnMut(usize, f32),
    ) -> Result<()> {
        let target = Target::new(self.space.metric, &self.vector);
        let mut each = |row: usize, vector: &[f32]| each(row, finite(target.distance(vector)));
        let dims = self.vector.len();
        match self.space.element {
            Element::F32 => {
                let vectors = column.as_fixed_size_list().values();
                let numbers = &vectors.as_primitive::<Float32Type>().values()[..];
                halt.each(rows, |row| each(row, &numbers[row * dims..(row + 1) * dims]))
            }
            Element::F16 => {
                let vectors = column.as_fixed_size_list().values();
                let numbers = &vectors.as_primitive::<Float16Type>().values()[..];
                let mut wide = vec![0.0; dims];
                halt.each(rows, |row| {
                    widen_f16(&numbers[row * dims..(row + 1) * dims], &mut wide);
                    each(row, &wide);
                })
            }
            Element::I8 => {
                let vectors = column.as_fixed_size_binary();
                let mut wide = vec![0.0; dims];
                halt.each(rows, |row| {
                    widen_i8(vectors.value(row), &mut wide);
                    each(row, &wide);
                })
            }
        }
    }
}

/// An answer holds no other numbers: what is beyond f32, or is lost out there, is as far as can be.
fn finite(distance: f32) -> f32 {
    if distance.is_nan() { f32::MAX } else { distance.clamp(f32::MIN, f32::MAX) }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{ask, living, ranked, row, told};
    use crate::model::{Given, Rank, Search, Value};

    fn nearest(attribute: &str, vector: &[i64]) -> Rank {
        let vector = Given::List(vector.iter().map(|it| Given::Int(*it)).collect());
        Rank::Nearest { attribute: attribute.into(), vector, search: Search::Approximate }
    }

    #[test]
    fn the_nearest_come_first_and_what_is_superseded_is_not_there() {
        let at = |id, x: f32| row(id, &[("v", Value::Vector([x, 0.0].into()))]);
        let rows = [at(5, 3.0), at(4, -1.0), at(3, 1.0), row(2, &[]), at(1, 0.0)];
        let dead = [false, false, false, false, true];
        for block_rows in 1..6 {
            let answer = ask(&living(&rows, block_rows, &dead), &ranked(nearest("v", &[0, 0])));
            let expected = [(3, Some(1.0)), (4, Some(1.0)), (5, Some(9.0))];
            assert_eq!(told(&answer.unwrap()), expected);
        }
    }

    #[test]
    fn what_is_too_far_to_tell_is_as_far_as_can_be() {
        let at = |id, x: f32| row(id, &[("v", Value::Vector([x, -x].into()))]);
        let living = living(&[at(1, 3e38), at(2, 1.0)], 2, &[]);
        let vector = Given::List(vec![Given::Float(-3e38), Given::Float(3e38)]);
        let rank = Rank::Nearest { attribute: "v".into(), vector, search: Search::Approximate };
        let answer = ask(&living, &ranked(rank)).unwrap();
        assert_eq!(told(&answer), [(1, Some(f32::MAX)), (2, Some(f32::MAX))]);
    }

    #[test]
    fn only_what_is_a_vector_has_neighbours() {
        let refused = |attribute: &str, vector: &[i64]| {
            ask(&[], &ranked(nearest(attribute, vector))).unwrap_err().to_string()
        };
        assert!(refused("i", &[1]).contains("only a dense vector"));
        assert!(refused("late", &[1, 2]).contains("give a list of vectors"));
        assert!(refused("v", &[1]).contains("'v' expects [2]f32"));
        assert!(refused("gone", &[1]).contains("attribute not found"));
    }
}
