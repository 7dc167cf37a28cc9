//! Partial aggregations: what one node would tell another of the documents that it has seen, as bytes.
//!
//! What is accepted is written in bytes that are read as the same; it is told, and merged with a good one,
//! which is told too, unless that is too much. The first byte says which aggregations are asked.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_buffer::BooleanBuffer;
use elacsym::error::ErrorKind;
use elacsym::eval::Halt;
use elacsym::memory::Memory;
use elacsym::model::aggregation::{
    Aggregation, Calendar, DateHistogram, Filters, Histogram, Interval, Kind, Layout, Metric,
    Named, Range, Source, Terms,
};
use elacsym::model::{
    AttrNo, AttrType, Attribute, Columns, DocId, Filter, Given, IdType, Op, Operand, Options, Row,
    Schema, Value,
};
use elacsym::namespace::view::Living;
use elacsym::query::{Aggregations, Load, Partial};

use crate::random::Random;
use crate::target::{Answer, Target, refused};
use crate::{bend, memory, table};

/// Of a list that claims to be long, Serde makes room for a mebibyte; lists lie in each other.
const READ_BYTES: usize = 16 << 20;
/// A word of one byte is some 150 in a book of words.
const READ_PER_BYTE: usize = 256;
/// What there is for an answer. Rooms are reserved, and what lies in them is not much more.
const ANSWER_BYTES: u64 = 32 << 20;
const TOLD_BYTES: usize = 4 * ANSWER_BYTES as usize;
/// More values than percentiles are exact of, and more different ones than are counted one by one.
const ROWS: u64 = 5000;

pub(crate) struct Partials(Vec<Asked>);

struct Asked {
    aggregations: Aggregations,
    /// Of a few documents of all types, and of many.
    good: [Vec<u8>; 2],
}

impl Partials {
    pub(crate) fn all() -> Self {
        let (kinds, schema) = (table::kinds(), schema());
        let living = [table::rows(), many()].map(|rows| {
            let kind_of = |number: AttrNo| kinds.get(&number).copied();
            let alive = BooleanBuffer::new_set(rows.len());
            let rows = Columns::of_rows(IdType::Uint, kind_of, &rows).unwrap();
            [Living { rows: Arc::new(rows), alive }]
        });
        let asked = |named: Vec<Named>| {
            let aggregations = Aggregations::bind(&named, &schema).unwrap();
            let good = living.each_ref().map(|living| {
                let halt = Halt::default();
                let partial = aggregations.partial(living, None, &halt, &load()).unwrap();
                aggregations.write(&partial).unwrap()
            });
            Asked { aggregations, good }
        };
        Self([metrics(), sketches(), keyed(), dated(), slotted()].into_iter().map(asked).collect())
    }
}

impl Target for Partials {
    fn name(&self) -> &'static str {
        "partials"
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        let all = (0_u8..).zip(&self.0);
        let all = all.flat_map(|(at, asked)| asked.good.iter().map(move |good| (at, good)));
        all.map(|(at, good)| [&[at][..], good].concat()).collect()
    }

    fn bend(&self, random: &mut Random, input: &[u8], other: &[u8]) -> Vec<u8> {
        let Some((at, bytes)) = input.split_first() else { return vec![0] };
        let donor = other.get(1..).unwrap_or_default();
        let bent = bend::times(3, random, (bytes, donor), bend::bytes);
        let at = if random.percent(5) { random.draw() as u8 } else { *at };
        [&[at][..], &bent].concat()
    }

    fn judge(&self, input: &[u8]) -> Result<Answer, String> {
        let Some((at, bytes)) = input.split_first() else {
            return Ok(Answer::Refused("nothing".to_owned()));
        };
        let Asked { aggregations, good } = &self.0[usize::from(*at) % self.0.len()];
        let bytes_max = READ_BYTES + READ_PER_BYTE * bytes.len();
        let partial = match memory::bounded(bytes_max, || aggregations.read(bytes, &load()))? {
            Err(error) => return refused(&error, &[ErrorKind::Corrupt, ErrorKind::Invalid]),
            Ok(partial) => partial,
        };
        let again = aggregations.write(&partial).map_err(|error| error.chain())?;
        match aggregations.read(&again, &load()) {
            Ok(same) if aggregations.write(&same).is_ok_and(|bytes| bytes == again) => {}
            other => return Err(format!("{partial:?} is written, and read as {other:?}")),
        }
        let alone = told(aggregations, &partial)?;
        let mut both = aggregations.read(&good[0], &load()).map_err(|error| error.chain())?;
        match aggregations.merge(&mut both, partial) {
            Ok(()) => told(aggregations, &both)?,
            Err(error) => refused(&error, &[ErrorKind::Invalid])?,
        };
        Ok(alone)
    }
}

/// It may be too much to tell.
fn told(aggregations: &Aggregations, partial: &Partial) -> Result<Answer, String> {
    let (halt, mut load) = (Halt::default(), load());
    match memory::bounded(TOLD_BYTES, || aggregations.finish(partial, &halt, &mut load))? {
        Ok(_) => Ok(Answer::Accepted("told".to_owned())),
        Err(error) => refused(&error, &[ErrorKind::Invalid]),
    }
}

fn load() -> Load {
    Load::on(&Memory::of(ANSWER_BYTES))
}

/// An attribute of each type, which is its name.
fn schema() -> Schema {
    let options = Options { filterable: true, ..Options::none() };
    let named = |(number, kind): (AttrNo, AttrType)| {
        let attribute = Attribute { number, kind, options: options.clone() };
        (kind.to_string().into_boxed_str(), attribute)
    };
    let attributes: BTreeMap<Box<str>, Attribute> = table::kinds().into_iter().map(named).collect();
    let numbers = attributes.len() as u32;
    Schema { id: Some(IdType::Uint), attributes, numbers, ..Schema::default() }
}

fn many() -> Vec<Row> {
    let schema = schema();
    let [int, float] = ["int", "float"].map(|name| schema.attributes[name].number);
    let row = |id: u64| {
        let values = vec![(int, Value::Int(id as i64)), (float, Value::Float((id % 3) as f64))];
        Row { id: DocId::Uint(id), values }
    };
    (0..ROWS).map(row).collect()
}

fn named(all: impl IntoIterator<Item = Aggregation>) -> Vec<Named> {
    let all = all.into_iter().enumerate();
    all.map(|(at, one)| (format!("n{at}").into(), one)).collect()
}

fn above(kind: Kind, below: impl IntoIterator<Item = Aggregation>) -> Aggregation {
    Aggregation { kind, below: named(below) }
}

fn terms(attribute: &str, below: impl IntoIterator<Item = Aggregation>) -> Aggregation {
    above(Kind::Terms(Source::of(attribute), Terms::default()), below)
}

fn percentiles(attribute: &str) -> Aggregation {
    Aggregation::metric(attribute, Metric::Percentiles { percents: vec![0.0, 50.0, 99.0] })
}

fn metrics() -> Vec<Named> {
    named([
        Aggregation::metric("int", Metric::Avg),
        Aggregation::metric("float", Metric::Stats),
        Aggregation::metric("float", Metric::ExtendedStats { sigma: 2.0 }),
        Aggregation::metric("uint", Metric::Sum),
        Aggregation::metric("datetime", Metric::Min),
        Aggregation::metric("[]string", Metric::ValueCount),
    ])
}

fn sketches() -> Vec<Named> {
    named([
        percentiles("float"),
        Aggregation::metric("int", Metric::Cardinality { precision: 100 }),
        Aggregation::metric("string", Metric::Cardinality { precision: 3000 }),
    ])
}

fn keyed() -> Vec<Named> {
    let histogram = Histogram { interval: 0.5, offset: 0.25, layout: Layout::default() };
    let histogram = Kind::Histogram(Source::of("float"), histogram);
    let sum = Aggregation::metric("uint", Metric::Sum);
    named([
        terms("string", [above(histogram.clone(), [sum])]),
        terms("uuid", []),
        terms("bool", [percentiles("int")]),
        above(histogram, [Aggregation::metric("int", Metric::Max)]),
    ])
}

fn dated() -> Vec<Named> {
    let days = DateHistogram {
        interval: Interval::Calendar(Calendar::Day),
        time_zone: Some("Europe/Berlin".into()),
        offset_ms: 0,
        layout: Layout::default(),
    };
    let different = Aggregation::metric("string", Metric::Cardinality { precision: 100 });
    named([above(Kind::DateHistogram(Source::of("datetime"), days), [different])])
}

fn slotted() -> Vec<Named> {
    let range = |from: i64| Range { key: None, from: Some(Given::Int(from)), to: None };
    let ranges = Kind::Range(Source::of("int"), vec![range(-5), range(0)]);
    let filter = Filter::Test {
        attribute: "uint".into(),
        op: Op::Gte,
        operand: Operand::Literal(Given::Int(1)),
    };
    let filters = Filters { filters: vec![("some".into(), filter)], other: Some("rest".into()) };
    named([
        above(ranges, [terms("string", [])]),
        above(Kind::Filters(filters), [percentiles("int")]),
    ])
}
