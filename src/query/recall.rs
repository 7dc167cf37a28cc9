//! How much of what an exact search finds is found by a search as it is answered. Both are made, and
//! what they found is compared.
//!
//! As long as every row is looked at for an answer, too, nothing is missed.

use std::collections::BTreeSet;

use super::load::Load;
use super::matches::Matches;
use super::nearest::{Goal, Space};
use super::ranking::Ranking;
use super::text::Questions;
use super::winner::{self, Winner};
use crate::error::{Error, Result};
use crate::eval::{Bound, Halt, Place, Purpose};
use crate::model::{
    Asked, AttrType, GroundTruth, Include, LIMIT_MAX, RECALL_SAMPLES_MAX, Recall, Recalled, Schema,
    Truth, Value,
};
use crate::namespace::view::{Living, View};

/// The attribute that is meant if none is named.
const VECTOR: &str = "vector";

/// The nearest so many of the matches, as far as it finds them.
type Search = fn(&Goal, &Matches<'_>, usize, &Halt) -> Result<Vec<Winner>>;

/// It loops over rows, once for each vector that is searched for.
pub fn recall(
    view: &View,
    living: &[Living],
    recall: &Recall,
    halt: &Halt,
    load: &mut Load,
) -> Result<Recalled> {
    measured(view.schema(), living, recall, answered, halt, load)
}

/// As a query is.
fn answered(goal: &Goal, matches: &Matches<'_>, wanted: usize, halt: &Halt) -> Result<Vec<Winner>> {
    let no_texts = Questions::default().read(&[], halt)?;
    Ranking::Nearest(goal.clone()).first(matches, &no_texts, wanted, halt)
}

fn measured(
    schema: &Schema,
    living: &[Living],
    recall: &Recall,
    search: Search,
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
    let (mut parts, mut exact_count, mut found_count) = (0.0, 0, 0);
    let mut truths = Vec::new();
    for goal in &goals {
        let found = search(goal, &matches, recall.top_k, halt)?;
        let exact = goal.first(&matches, recall.top_k, halt)?;
        parts += part_of(&found, &exact);
        exact_count += exact.len();
        found_count += found.len();
        if recall.truth == GroundTruth::Shown {
            let nearest = winner::hits(&exact, living, &include, schema, halt, load)?;
            truths.push(Truth { vector: goal.vector.clone(), nearest });
        }
    }
    let searches = goals.len().max(1) as f64;
    Ok(Recalled {
        recall: if goals.is_empty() { 1.0 } else { parts / searches },
        exact_count: exact_count as f64 / searches,
        found_count: found_count as f64 / searches,
        truths,
    })
}

/// Which part of what there is to find was found, 0 to 1.
fn part_of(found: &[Winner], exact: &[Winner]) -> f64 {
    if exact.is_empty() {
        return 1.0;
    }
    let found: BTreeSet<Place> = found.iter().map(|winner| winner.place).collect();
    let both = exact.iter().filter(|winner| found.contains(&winner.place)).count();
    both as f64 / exact.len() as f64
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
        measured(schema, living, recall, answered, &Halt::default(), &mut load())
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

    /// It was told to be 1, whatever was found, and what was found to be as many as there were.
    #[test]
    fn what_a_search_does_not_find_is_missed() {
        let living = living(&rows(), 2, &[]);
        let by = |search: Search, top_k: usize| {
            let asked = recall(Asked::Stored(3), top_k);
            measured(&schema(), &living, &asked, search, &Halt::default(), &mut load()).unwrap()
        };
        let told = |search: Search, top_k: usize| {
            let Recalled { recall, exact_count, found_count, .. } = by(search, top_k);
            (recall, exact_count, found_count)
        };
        let nothing: Search = |_, _, _, _| Ok(Vec::new());
        let nearest: Search = |goal, matches, _, halt| goal.first(matches, 1, halt);
        let all_but_it: Search =
            |goal, matches, wanted, halt| Ok(goal.first(matches, wanted + 1, halt)?.split_off(1));
        // What is near to the left is all that it finds.
        let left: Search = |goal, matches, wanted, halt| match goal.vector[0] < 1.0 {
            true => goal.first(matches, wanted, halt),
            false => Ok(Vec::new()),
        };
        assert_eq!(told(answered, 2), (1.0, 2.0, 2.0));
        assert_eq!(told(nothing, 2), (0.0, 2.0, 0.0));
        assert_eq!(told(nearest, 2), (0.5, 2.0, 1.0));
        // As many, and not the same.
        assert_eq!(told(all_but_it, 1), (0.0, 1.0, 1.0));
        assert_eq!(told(all_but_it, 2), (0.5, 2.0, 2.0));
        assert_eq!(told(left, 1), (1.0 / 3.0, 1.0, 1.0 / 3.0));
        // The truth is what there was to find.
        let truths = by(nothing, 2).truths;
        assert!(truths.iter().all(|truth| truth.nearest.len() == 2) && truths.len() == 3);
    }

    #[test]
    fn a_search_that_is_halted_ends_and_so_does_one_for_which_there_is_no_room() {
        let at = |id: u64| row(id, &[("v", Value::Vector([id as f32, 0.0].into()))]);
        let many: Vec<Row> = (0..100).map(at).collect();
        let (living, asked) = (living(&many, 40, &[]), recall(Asked::Stored(100), 100));
        assert!(ask(&schema(), &living, &asked).is_ok());

        let halt = Halt::default();
        halt.raise();
        let told = measured(&schema(), &living, &asked, answered, &halt, &mut load());
        let told = told.unwrap_err();
        assert!(is_halted(&told), "{told}");

        // Ten thousand documents are shown, if they are few.
        let mut load = Load::on(&Memory::of(1 << 20));
        let told = measured(&schema(), &living, &asked, answered, &Halt::default(), &mut load);
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
