//! How much of what an exact search finds is found by a search as it is answered.
//!
//! As long as every row is looked at these two are one search: nothing is missed, and what is told
//! is how much there was to find.

use super::load::Load;
use super::matches::Matches;
use super::nearest::{Goal, Space};
use super::winner;
use crate::error::{Error, Result};
use crate::eval::{Bound, Halt, Place, Purpose};
use crate::model::{
    Asked, AttrType, GroundTruth, Include, LIMIT_MAX, RECALL_SAMPLES_MAX, Recall, Recalled, Schema,
    Truth, Value,
};
use crate::namespace::view::{Living, View};

/// The attribute that is meant if none is named.
const VECTOR: &str = "vector";

/// It loops over rows, once for each vector that is searched for.
pub fn recall(
    view: &View,
    living: &[Living],
    recall: &Recall,
    halt: &Halt,
    load: &mut Load,
) -> Result<Recalled> {
    of_blocks(view.schema(), living, recall, halt, load)
}

fn of_blocks(
    schema: &Schema,
    living: &[Living],
    recall: &Recall,
    halt: &Halt,
    load: &mut Load,
) -> Result<Recalled> {
    if !(1..=LIMIT_MAX).contains(&recall.top_k) {
        return Err(Error::invalid(format!("💔 top_k must be between 1 and {LIMIT_MAX}")));
    }
    let filter = recall.filter.as_ref();
    let filter = filter.map(|filter| Bound::bind(filter, schema, Purpose::Query)).transpose()?;
    let (name, goals): (&str, Vec<Goal>) = match &recall.asked {
        Asked::This { attribute, vector } => {
            (&**attribute, vec![Goal::bind(schema, attribute, vector)?])
        }
        Asked::Stored(count) => {
            if !(1..=RECALL_SAMPLES_MAX).contains(count) {
                let message = format!("num must be between 1 and {RECALL_SAMPLES_MAX}");
                return Err(Error::invalid(message));
            }
            let name = searched(schema)?;
            (name, stored(living, Space::of(schema, name)?, *count, halt)?)
        }
    };
    let matches = Matches::of(living, filter.as_ref(), halt)?;
    let include = Include::These(vec![name.into()]);
    let mut found = 0;
    let mut truths = Vec::new();
    for goal in &goals {
        let nearest = goal.first(&matches, recall.top_k, halt)?;
        found += nearest.len();
        if recall.truth == GroundTruth::Shown {
            let nearest = winner::hits(&nearest, living, &include, schema, halt, load)?;
            truths.push(Truth { vector: goal.vector.clone(), nearest });
        }
    }
    let on_average = found as f64 / goals.len().max(1) as f64;
    Ok(Recalled { recall: 1.0, exact_count: on_average, found_count: on_average, truths })
}

fn searched(schema: &Schema) -> Result<&str> {
    let dense = schema.attributes.iter();
    let dense = dense.filter(|(_, attribute)| matches!(attribute.kind, AttrType::Vector { .. }));
    let mut names = dense.map(|(name, _)| &**name);
    let named = names.clone().find(|name| *name == VECTOR);
    named
        .or_else(|| names.next())
        .ok_or_else(|| Error::invalid("the namespace has no vector to search for"))
}

/// So many of the vectors that are there, or all of them: evenly spread over the rows.
fn stored(living: &[Living], space: Space, count: usize, halt: &Halt) -> Result<Vec<Goal>> {
    let mut places = Vec::new();
    for (block, part) in Matches::of(living, None, halt)?.parts.iter().enumerate() {
        let Some(column) = part.column(space.number) else { continue };
        places.extend(part.with_value(column).set_indices().map(|row| Place { block, row }));
    }
    let count = count.min(places.len());
    let goal = |at: usize| {
        let Place { block, row } = places[at * places.len() / count];
        match living[block].rows.value(row, space.number) {
            Some(Value::Vector(vector)) => Ok(Goal { space, vector }),
            _ => Err(Error::internal("a vector that was there is none")),
        }
    };
    (0..count).map(goal).collect()
}

#[cfg(test)]
mod tests {
    use super::super::load::Overload;
    use super::super::samples::{is_halted, living, load, row, schema};
    use super::*;
    use crate::memory::Memory;
    use crate::model::{Given, Row};

    fn ask(schema: &Schema, living: &[Living], recall: &Recall) -> Result<Recalled> {
        of_blocks(schema, living, recall, &Halt::default(), &mut load())
    }

    fn rows() -> Vec<Row> {
        let at = |id, x: f32| row(id, &[("v", Value::Vector([x, 0.0].into()))]);
        vec![at(1, 0.0), at(2, 1.0), at(3, 5.0), row(4, &[])]
    }

    fn recall(asked: Asked, top_k: usize) -> Recall {
        Recall { asked, top_k, filter: None, truth: GroundTruth::Shown }
    }

    #[test]
    fn what_there_is_to_find_is_counted() {
        let living = living(&rows(), 2, &[]);
        let recalled = ask(&schema(), &living, &recall(Asked::Stored(1), 2)).unwrap();
        assert_eq!((recalled.recall, recalled.exact_count, recalled.found_count), (1.0, 2.0, 2.0));
        let [truth] = &recalled.truths[..] else { panic!("{recalled:?}") };
        assert_eq!(*truth.vector, [0.0, 0.0]);
        let told: Vec<Option<f32>> = truth.nearest.iter().map(|hit| hit.dist).collect();
        assert_eq!(told, [Some(0.0), Some(1.0)]);
        assert_eq!(truth.nearest[1].values.len(), 1);

        // No more are searched for than there are, and no more are found.
        let recalled = ask(&schema(), &living, &recall(Asked::Stored(9), 9)).unwrap();
        assert_eq!((recalled.truths.len(), recalled.found_count), (3, 3.0));
    }

    #[test]
    fn a_search_that_is_halted_ends_and_so_does_one_for_which_there_is_no_room() {
        let at = |id: u64| row(id, &[("v", Value::Vector([id as f32, 0.0].into()))]);
        let many: Vec<Row> = (0..100).map(at).collect();
        let (living, asked) = (living(&many, 40, &[]), recall(Asked::Stored(100), 100));
        assert!(ask(&schema(), &living, &asked).is_ok());

        let halt = Halt::default();
        halt.raise();
        let told = of_blocks(&schema(), &living, &asked, &halt, &mut load()).unwrap_err();
        assert!(is_halted(&told), "{told}");

        // Ten thousand documents are shown, if they are few.
        let mut load = Load::on(&Memory::of(1 << 20));
        let told = of_blocks(&schema(), &living, &asked, &Halt::default(), &mut load);
        let told = told.unwrap_err();
        assert!(std::error::Error::source(&told).unwrap().is::<Overload>(), "{told}");
    }

    #[test]
    fn nothing_is_missed_where_there_is_nothing() {
        let recalled = ask(&schema(), &[], &recall(Asked::Stored(3), 2)).unwrap();
        assert_eq!((recalled.recall, recalled.found_count), (1.0, 0.0));
        let refused = |recall: &Recall| ask(&Schema::default(), &[], recall).unwrap_err();
        let told = refused(&recall(Asked::Stored(3), 2)).to_string();
        assert!(told.contains("no vector"), "{told}");
        let this = Asked::This { attribute: "v".into(), vector: Given::Null };
        assert!(refused(&recall(this, 2)).to_string().contains("attribute not found"));
        assert!(refused(&recall(Asked::Stored(0), 2)).to_string().contains("num"));
        assert!(refused(&recall(Asked::Stored(1), 0)).to_string().contains("top_k"));
    }
}
