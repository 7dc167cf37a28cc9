//! What is said of all documents that match, or of those of each group: counts and sums.
//!
//! Sums are exact, and rounded when they are told, so that they do not depend on where the rows happen to
//! lie.

use std::collections::{BTreeSet, HashMap};

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, UInt64Type};
use arrow_array::{Array, ArrayRef};
use foldhash::fast::FixedState;

use super::exact::Exact;
use super::group::Grouping;
use super::heft;
use super::key::Key;
use super::load::Load;
use super::matches::{Matches, Part};
use crate::error::{Error, Result};
use crate::eval::{Halt, Place};
use crate::model::{
    Aggregate, Aggregated, AggregatedGroup, Aggregates, AttrNo, AttrType, Group, Query, Scalar,
    Schema,
};

pub(super) struct Aggregation {
    labels: Vec<Box<str>>,
    measures: Vec<Measure>,
    grouping: Option<Grouping>,
    groups_max: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Measure {
    Count,
    CountOf(AttrNo),
    SumOf(AttrNo, Summed),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Summed {
    Int,
    Uint,
    Float,
}

/// What was added up of one measure.
#[derive(Clone, Debug)]
enum Total {
    Count(u64),
    Whole(i128),
    Float(Exact),
}

/// A measure of one block: its column, if there is one.
#[derive(Clone, Copy)]
struct Reading<'a> {
    measure: Measure,
    column: Option<&'a ArrayRef>,
}

impl Aggregation {
    /// None, if nothing of the kind is asked.
    pub(super) fn bind(query: &Query, schema: &Schema) -> Result<Option<Self>> {
        let Query { aggregates, groups, .. } = query;
        if aggregates.is_empty() {
            return match groups.is_empty() {
                true => Ok(None),
                false => Err(Error::invalid("group_by needs aggregate_by beside it")),
            };
        }
        let labels: Vec<Box<str>> = aggregates.iter().map(|(label, _)| label.clone()).collect();
        let of_groups = groups.iter().map(|group| match group {
            Group::Of(name) => name,
            Group::EachOf { label, .. } => label,
        });
        let mut all: Vec<&str> = labels.iter().chain(of_groups).map(|label| &**label).collect();
        all.sort_unstable();
        if let Some(pair) = all.windows(2).find(|pair| pair[0] == pair[1]) {
            let label = pair[0];
            let message =
                format!("the label '{label}' is given twice in aggregate_by and group_by");
            return Err(Error::invalid(message));
        }
        let measures = aggregates.iter().map(|(_, aggregate)| Measure::bind(aggregate, schema));
        let measures = measures.collect::<Result<Vec<_>>>()?;
        let grouping = (!groups.is_empty()).then(|| Grouping::bind(groups, schema)).transpose()?;
        Ok(Some(Self { labels, measures, grouping, groups_max: query.page.limit }))
    }

    pub(super) fn of(
        &self,
        matches: &Matches<'_>,
        halt: &Halt,
        load: &mut Load,
    ) -> Result<Aggregates> {
        let readings: Vec<Vec<Reading<'_>>> =
            matches.parts.iter().map(|part| self.readings(part)).collect();
        match &self.grouping {
            None => {
                let mut totals = self.nothing();
                self.visit(matches, halt, |place| {
                    add(&mut totals, &readings[place.block], place.row);
                    Ok(())
                })?;
                Ok(Aggregates::OfAll(self.labelled(totals)))
            }
            Some(grouping) => {
                let groups = self.groups(grouping, matches, &readings, halt, load.beside())?;
                let group = |(key, totals): (Vec<Key<'_>>, _)| -> Result<AggregatedGroup> {
                    let (keys, aggregates) = (grouping.labelled(&key), self.labelled(totals));
                    let group = AggregatedGroup { keys, aggregates };
                    load.add(heft::of_group(&group))?;
                    Ok(group)
                };
                let groups = groups.into_iter().map(group);
                let mut groups = groups.collect::<Result<Vec<_>>>()?;
                if crate::slip!("the last group comes first") {
                    groups.reverse();
                }
                Ok(Aggregates::OfGroups(groups))
            }
        }
    }

    fn readings<'a>(&self, part: &Part<'a>) -> Vec<Reading<'a>> {
        let reading = |measure: &Measure| Reading {
            measure: *measure,
            column: measure.attribute().and_then(|number| part.column(number)),
        };
        self.measures.iter().map(reading).collect()
    }

    /// The first groups by key, in their order. One that has to go for a lesser one is never among the
    /// first again, and one that stays has had all of its documents.
    fn groups<'a>(
        &self,
        grouping: &Grouping,
        matches: &Matches<'a>,
        readings: &[Vec<Reading<'_>>],
        halt: &Halt,
        mut load: Load,
    ) -> Result<Vec<(Vec<Key<'a>>, Vec<Total>)>> {
        // Rows find theirs by a hash; the order says which has to go.
        let mut groups: HashMap<Vec<Key<'a>>, Vec<Total>, FixedState> = HashMap::default();
        let mut order: BTreeSet<Vec<Key<'a>>> = BTreeSet::new();
        let groups_max = self.groups_max + usize::from(crate::slip!("a limit has a group more"));
        let (mut scratch, mut held) = (grouping.scratch(), 0);
        self.visit(matches, halt, |place| {
            let reading = &readings[place.block];
            let living = matches.parts[place.block].living;
            grouping.each(living, place.row, &mut scratch, halt, |key| {
                if let Some(totals) = groups.get_mut(key) {
                    held += add(totals, reading, place.row);
                    return;
                }
                if order.len() < groups_max || order.last().is_some_and(|last| key < &last[..]) {
                    let mut totals = self.nothing();
                    add(&mut totals, reading, place.row);
                    held += bytes_of(&totals) + bytes_of_keys(key);
                    order.insert(key.to_vec());
                    groups.insert(key.to_vec(), totals);
                    if order.len() > groups_max
                        && let Some(last) = order.pop_last()
                    {
                        let totals = groups.remove(&last);
                        held -= totals.map_or(0, |totals| bytes_of(&totals)) + bytes_of_keys(&last);
                    }
                }
            })?;
            load.weigh(held as u64)
        })?;
        let mut groups: Vec<(Vec<Key<'a>>, Vec<Total>)> = groups.into_iter().collect();
        groups.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        Ok(groups)
    }

    fn visit(
        &self,
        matches: &Matches<'_>,
        halt: &Halt,
        mut each: impl FnMut(Place) -> Result<()>,
    ) -> Result<()> {
        for (block, part) in matches.parts.iter().enumerate() {
            halt.try_each(&part.rows, |row| each(Place { block, row }))?;
        }
        Ok(())
    }

    fn nothing(&self) -> Vec<Total> {
        let nothing = |measure: &Measure| match measure {
            Measure::Count | Measure::CountOf(_) => Total::Count(0),
            Measure::SumOf(_, Summed::Int | Summed::Uint) => Total::Whole(0),
            Measure::SumOf(_, Summed::Float) => Total::Float(Exact::default()),
        };
        self.measures.iter().map(nothing).collect()
    }

    fn labelled(&self, totals: Vec<Total>) -> Vec<(Box<str>, Aggregated)> {
        self.labels.iter().cloned().zip(totals.iter().map(Total::told)).collect()
    }
}

impl Measure {
    fn bind(aggregate: &Aggregate, schema: &Schema) -> Result<Self> {
        match aggregate {
            Aggregate::Count => Ok(Self::Count),
            Aggregate::CountOf(name) if **name == *"id" => Ok(Self::Count),
            Aggregate::CountOf(_) if crate::slip!("Count counts what is missing") => {
                Ok(Self::Count)
            }
            Aggregate::CountOf(name) => Ok(Self::CountOf(schema.attribute(name)?.number)),
            Aggregate::Sum(name) => {
                let attribute = schema.attribute(name)?;
                let summed = match attribute.kind {
                    AttrType::Scalar(Scalar::Int) => Summed::Int,
                    AttrType::Scalar(Scalar::Uint) => Summed::Uint,
                    AttrType::Scalar(Scalar::Float) => Summed::Float,
                    kind => {
                        return Err(Error::invalid(format!(
                            "attribute '{name}' is of type {kind}: Sum takes int, uint or float"
                        )));
                    }
                };
                Ok(Self::SumOf(attribute.number, summed))
            }
        }
    }

    fn attribute(&self) -> Option<AttrNo> {
        match self {
            Self::Count => None,
            Self::CountOf(number) | Self::SumOf(number, _) => Some(*number),
        }
    }
}

/// How many bytes more they take by it.
fn add(totals: &mut [Total], readings: &[Reading<'_>], row: usize) -> usize {
    totals.iter_mut().zip(readings).map(|(total, reading)| reading.add(total, row)).sum()
}

/// They are kept twice.
fn bytes_of_keys(keys: &[Key<'_>]) -> usize {
    2 * (size_of::<Vec<Key>>() + size_of_val(keys))
}

fn bytes_of(totals: &[Total]) -> usize {
    totals.iter().map(|total| size_of::<Total>() + total.heap_bytes()).sum()
}

impl Total {
    fn told(&self) -> Aggregated {
        match self {
            Self::Count(count) => Aggregated::Count(*count),
            Self::Whole(sum) => Aggregated::Whole(*sum),
            Self::Float(sum) => Aggregated::Float(sum.settled().over(&[])),
        }
    }

    fn heap_bytes(&self) -> usize {
        match self {
            Self::Count(_) | Self::Whole(_) => 0,
            Self::Float(sum) => sum.heap_bytes(),
        }
    }
}

impl Reading<'_> {
    fn add(&self, total: &mut Total, row: usize) -> usize {
        let column = self.column.filter(|column| column.is_valid(row));
        match (self.measure, total, column) {
            (Measure::Count, Total::Count(count), _)
            | (Measure::CountOf(_), Total::Count(count), Some(_)) => *count += 1,
            (Measure::SumOf(_, Summed::Int), Total::Whole(sum), Some(column)) => {
                *sum += i128::from(column.as_primitive::<Int64Type>().value(row));
            }
            (Measure::SumOf(_, Summed::Uint), Total::Whole(sum), Some(column)) => {
                *sum += i128::from(column.as_primitive::<UInt64Type>().value(row));
            }
            (Measure::SumOf(_, Summed::Float), Total::Float(sum), Some(column)) => {
                let number = column.as_primitive::<Float64Type>().value(row);
                let before = sum.heap_bytes();
                if crate::slip!("a Sum of floats adds integers") {
                    sum.add_float(number.trunc());
                } else {
                    sum.add_float(number);
                }
                return sum.heap_bytes() - before;
            }
            _ => {}
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::samples::{alive, ask, living, number, query, row, string, strings};
    use super::*;
    use crate::model::{Page, Row, Value};

    type Told = Vec<(Vec<Option<Value>>, Vec<Aggregated>)>;

    fn aggregates() -> Vec<(Box<str>, Aggregate)> {
        vec![
            ("n".into(), Aggregate::Count),
            ("is".into(), Aggregate::CountOf("i".into())),
            ("i".into(), Aggregate::Sum("i".into())),
            ("f".into(), Aggregate::Sum("f".into())),
        ]
    }

    fn of(rows: &[&Row]) -> Vec<Aggregated> {
        let ints = rows.iter().filter_map(|row| match row.value(number("i"))? {
            Value::Int(int) => Some(i128::from(*int)),
            _ => None,
        });
        let eighths = rows.iter().filter_map(|row| match row.value(number("f"))? {
            Value::Float(float) => Some((float * 8.0) as i128),
            _ => None,
        });
        vec![
            Aggregated::Count(rows.len() as u64),
            Aggregated::Count(ints.clone().count() as u64),
            Aggregated::Whole(ints.sum()),
            Aggregated::Float(eighths.sum::<i128>() as f64 / 8.0),
        ]
    }

    /// Every pair of keys that a row has, the slow way.
    fn restated(rows: &[&Row]) -> Told {
        let mut pairs: Vec<(Option<Value>, Value)> = Vec::new();
        let text = |row: &Row| row.value(number("s")).cloned();
        let tags = |row: &Row| match row.value(number("tags")) {
            Some(Value::Strings(tags)) => tags.iter().map(|tag| string(tag)).collect(),
            _ => Vec::new(),
        };
        for row in rows {
            for tag in tags(row) {
                if !pairs.contains(&(text(row), tag.clone())) {
                    pairs.push((text(row), tag));
                }
            }
        }
        // As text: those that have none come last.
        pairs.sort_by_key(|(text, tag)| (text.is_none(), format!("{text:?}"), format!("{tag:?}")));
        let group = |(key, tag): &(Option<Value>, Value)| {
            let of_group = rows.iter().filter(|row| text(row) == *key && tags(row).contains(tag));
            (vec![key.clone(), Some(tag.clone())], of(&of_group.copied().collect::<Vec<_>>()))
        };
        pairs.iter().map(group).collect()
    }

    fn any_documents() -> impl Strategy<Value = Vec<Row>> {
        let text = prop::option::of("[a-c]");
        let tags = prop::option::of(prop::collection::vec("[x-z]", 0..4));
        let int = prop::option::of(prop_oneof![Just(i64::MAX), -5..5_i64]);
        let eighth = (-16..16_i32).prop_map(|eighths| f64::from(eighths) / 8.0);
        let float = prop::option::of(prop_oneof![Just(1e16), Just(-1e16), eighth]);
        prop::collection::vec((text, tags, int, float), 0..20).prop_map(|documents| {
            let mut rows = Vec::new();
            for (at, (text, tags, int, float)) in documents.into_iter().enumerate() {
                let mut values = Vec::new();
                values.extend(text.map(|text| ("s", string(&text))));
                values.extend(tags.map(|tags| {
                    let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
                    ("tags", strings(&tags))
                }));
                values.extend(int.map(|int| ("i", Value::Int(int))));
                values.extend(float.map(|float| ("f", Value::Float(float))));
                // Not in the order of their places.
                rows.push(row((at as u64 * 7) % 20, &values));
            }
            rows
        })
    }

    proptest! {
        #[test]
        fn groups_are_those_of_the_rows_and_sums_are_exact(
            rows in any_documents(),
            dead in prop::collection::vec(prop::bool::weighted(0.2), 20),
            block_rows in 1..21_usize,
            limit in 1..12_usize,
        ) {
            let living = living(&rows, block_rows, &dead);
            let query = Query { aggregates: aggregates(), ..query() };
            let alive = alive(&rows, &dead);
            let labels = ["n", "is", "i", "f"].map(Box::<str>::from);
            let all = labels.iter().cloned().zip(of(&alive)).collect();
            let answer = ask(&living, &query).unwrap();
            prop_assert_eq!(answer.aggregates, Some(Aggregates::OfAll(all)));

            let each = Group::EachOf { label: "tag".into(), attribute: "tags".into() };
            let groups = vec![Group::Of("s".into()), each];
            let page = Page { limit, offset: 0, per: None };
            let answer = ask(&living, &Query { groups, page, ..query }).unwrap();
            let Some(Aggregates::OfGroups(groups)) = answer.aggregates else {
                panic!("groups were asked for");
            };
            let told: Told = groups.into_iter().map(|group| {
                let keys = group.keys.into_iter().map(|(_, key)| key.map(|(_, value)| value));
                let totals = group.aggregates.into_iter().map(|(_, total)| total);
                (keys.collect(), totals.collect())
            }).collect();
            let mut expected = restated(&alive);
            expected.truncate(limit);
            prop_assert_eq!(told, expected);
        }
    }

    #[test]
    fn what_cannot_be_summed_or_grouped_is_refused() {
        let refused = |aggregates: &[Aggregate], groups: &[Group]| {
            let label = |(at, one): (usize, &Aggregate)| (format!("l{at}").into(), one.clone());
            let aggregates = aggregates.iter().enumerate().map(label).collect();
            let query = Query { aggregates, groups: groups.to_vec(), ..query() };
            ask(&[], &query).unwrap_err().to_string()
        };
        let each = |name: &str| Group::EachOf { label: "e".into(), attribute: name.into() };
        let sum = |name: &str| Aggregate::Sum(name.into());
        assert!(refused(&[sum("s")], &[]).contains("Sum takes int, uint or float"));
        assert!(refused(&[sum("gone")], &[]).contains("attribute not found"));
        assert!(refused(&[], &[Group::Of("s".into())]).contains("aggregate_by"));
        let count = [Aggregate::Count];
        assert!(refused(&count, &[Group::Of("tags".into())]).contains("takes scalar attributes"));
        assert!(refused(&count, &[each("s")]).contains("ForEachUnique takes arrays"));
        assert!(refused(&count, &[each("tags"), each("tags")]).contains("'e' is given twice"));
        let nine: Vec<Group> = ["text", "lines", "words", "s", "i", "u", "f", "t", "tags"]
            .map(|name| Group::Of(name.into()))
            .into();
        assert!(refused(&count, &nine).contains("at most 8"));
    }
}
