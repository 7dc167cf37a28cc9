//! Documents with an attribute of each kind, one or several values of it or none, and aggregations
//! to ask of them.

use std::sync::Arc;

use arrow_buffer::BooleanBuffer;
use proptest::prelude::*;

use crate::model::aggregation::{
    Aggregation, By, Calendar, DateHistogram, Filters, Histogram, Interval, Kind, Layout, Metric,
    Named, Order, Range, Source, Terms,
};
use crate::model::columns::Columns;
use crate::model::{
    AttrNo, AttrType, Attribute, Direction, DocId, Filter, Given, IdType, Op, Operand, Options,
    Row, Scalar, Schema, Value,
};
use crate::namespace::view::Living;

pub(super) const KINDS: [(&str, AttrType); 11] = [
    ("i", AttrType::Scalar(Scalar::Int)),
    ("u", AttrType::Scalar(Scalar::Uint)),
    ("f", AttrType::Scalar(Scalar::Float)),
    ("b", AttrType::Scalar(Scalar::Bool)),
    ("t", AttrType::Scalar(Scalar::DateTime)),
    ("s", AttrType::Scalar(Scalar::String)),
    ("k", AttrType::Scalar(Scalar::Uuid)),
    ("is", AttrType::Array(Scalar::Int)),
    ("fs", AttrType::Array(Scalar::Float)),
    ("ts", AttrType::Array(Scalar::DateTime)),
    ("ss", AttrType::Array(Scalar::String)),
];

pub(super) const DAY: i64 = 86_400_000_000;

pub(super) fn number(name: &str) -> AttrNo {
    AttrNo(KINDS.iter().position(|(known, _)| *known == name).unwrap() as u32)
}

pub(super) fn scalar(name: &str) -> Scalar {
    match KINDS[number(name).0 as usize].1 {
        AttrType::Scalar(scalar) | AttrType::Array(scalar) => scalar,
        kind => panic!("{kind}"),
    }
}

pub(super) fn schema() -> Schema {
    let mut schema = Schema { id: Some(IdType::Uint), ..Schema::default() };
    for (name, kind) in KINDS {
        let options = Options { filterable: true, ..Options::none() };
        schema.attributes.insert(name.into(), Attribute { number: number(name), kind, options });
    }
    schema.numbers = KINDS.len() as u32;
    schema
}

pub(super) fn row(id: u64, values: &[(&str, Value)]) -> Row {
    let mut values: Vec<(AttrNo, Value)> =
        values.iter().map(|(name, value)| (number(name), value.clone())).collect();
    values.sort_by_key(|(number, _)| *number);
    Row { id: DocId::Uint(id), values }
}

/// In blocks of at most so many rows.
pub(super) fn living(rows: &[Row], block_rows: usize) -> Vec<Living> {
    let kind = |number: AttrNo| Some(KINDS[number.0 as usize].1);
    let block = |rows: &[Row]| Living {
        rows: Arc::new(Columns::of_rows(IdType::Uint, kind, rows).unwrap()),
        alive: BooleanBuffer::new_set(rows.len()),
    };
    rows.chunks(block_rows).map(block).collect()
}

/// All that is made of these can be said exactly in a float.
fn any_value(name: &'static str) -> BoxedStrategy<Value> {
    let int = || -5..6_i64;
    let float = || (-20..20_i64).prop_map(|eighths| eighths as f64 / 8.0);
    let moment = || (-3..9_i64, 0..86_400_i64).prop_map(|(days, s)| days * DAY + s * 1_000_000);
    let text = || "[a-d]{0,2}".prop_map(String::into_boxed_str);
    match name {
        "i" => int().prop_map(Value::Int).boxed(),
        "u" => (0..7_u64).prop_map(Value::Uint).boxed(),
        "f" => float().prop_map(Value::Float).boxed(),
        "b" => any::<bool>().prop_map(Value::Bool).boxed(),
        "t" => moment().prop_map(Value::DateTime).boxed(),
        "s" => text().prop_map(Value::String).boxed(),
        "k" => (0..4_u128).prop_map(|low| Value::Uuid(low << 120 | low)).boxed(),
        "is" => prop::collection::vec(int(), 0..4).prop_map(|all| Value::Ints(all.into())).boxed(),
        "fs" => {
            prop::collection::vec(float(), 0..4).prop_map(|all| Value::Floats(all.into())).boxed()
        }
        "ts" => prop::collection::vec(moment(), 0..4)
            .prop_map(|all| Value::DateTimes(all.into()))
            .boxed(),
        _ => prop::collection::vec(text(), 0..4).prop_map(|all| Value::Strings(all.into())).boxed(),
    }
}

pub(super) fn any_rows() -> impl Strategy<Value = Vec<Row>> {
    let value = |(name, _): (&'static str, AttrType)| {
        prop::option::weighted(0.8, any_value(name)).prop_map(move |value| (name, value))
    };
    let values = Vec::from(KINDS.map(value));
    prop::collection::vec(values, 0..40).prop_map(|rows| {
        let rows = rows.into_iter().enumerate();
        rows.map(|(at, values)| {
            let there = values.into_iter();
            let there = there.filter_map(|(name, value)| Some((name, value?))).collect::<Vec<_>>();
            row(at as u64, &there)
        })
        .collect()
    })
}

fn of_names(names: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop::sample::select(names)
}

fn any_source(names: &'static [&'static str]) -> impl Strategy<Value = Source> {
    (of_names(names), prop::bool::weighted(0.3)).prop_map(|(name, missing)| {
        let given = match scalar(name) {
            Scalar::Int | Scalar::Uint => Given::Int(2),
            Scalar::Float => Given::Float(0.125),
            Scalar::Bool => Given::Bool(true),
            Scalar::DateTime => Given::Text("1970-01-02T03:00:00Z".into()),
            Scalar::Uuid => Given::Text("00000000-0000-0000-0000-000000000001".into()),
            Scalar::String | Scalar::Bytes => Given::Text("c".into()),
        };
        Source { attribute: name.into(), missing: missing.then_some(given) }
    })
}

const NUMBERS: &[&str] = &["i", "u", "f", "t", "is", "fs", "ts"];
const STEPS: &[&str] = &["i", "u", "f", "is", "fs"];
const MOMENTS: &[&str] = &["t", "ts"];
const ALL: &[&str] = &["i", "u", "f", "b", "t", "s", "k", "is", "fs", "ts", "ss"];

fn any_metric() -> impl Strategy<Value = Aggregation> {
    let metrics = vec![
        Metric::Avg,
        Metric::Min,
        Metric::Max,
        Metric::Sum,
        Metric::Stats,
        Metric::Percentiles { percents: vec![0.0, 12.5, 50.0, 99.0, 100.0] },
    ];
    let of_numbers = (any_source(NUMBERS), prop::sample::select(metrics));
    // Of squares of moments a float cannot say all.
    let spread = any_source(STEPS).prop_map(|of| (of, Metric::ExtendedStats { sigma: 2.0 }));
    let counts = vec![Metric::ValueCount, Metric::Cardinality { precision: 3000 }];
    let of_all = (any_source(ALL), prop::sample::select(counts));
    prop_oneof![6 => of_numbers, 1 => spread, 2 => of_all].prop_map(|(source, metric)| {
        Aggregation { kind: Kind::Metric(source, metric), below: Vec::new() }
    })
}

fn any_order() -> impl Strategy<Value = Vec<Order>> {
    let by = prop_oneof![Just(By::Count), Just(By::Key), Just(By::Metric("m".into()))];
    let direction = prop_oneof![Just(Direction::Ascending), Just(Direction::Descending)];
    prop::collection::vec((by, direction), 0..3)
}

fn any_layout(bound: impl Strategy<Value = Given> + 'static) -> impl Strategy<Value = Layout> {
    (0..3_u64, prop::option::of(bound), any_order()).prop_map(|(min_doc_count, bound, order)| {
        // They reach nowhere else than to this one.
        let extended = bound.filter(|_| min_doc_count == 0).map(|bound| (Some(bound), None));
        Layout { min_doc_count, extended, order }
    })
}

fn any_kind() -> impl Strategy<Value = Kind> {
    let terms = (any_source(ALL), 1..6_u64, 1..3_u64, any_order()).prop_map(
        |(source, size, min_doc_count, order)| {
            Kind::Terms(source, Terms { size, min_doc_count, order })
        },
    );
    let intervals = prop::sample::select(vec![1.0, 2.5, 0.5]);
    let number = (-9..9_i64).prop_map(Given::Int);
    let histogram = (any_source(STEPS), intervals, -3..3_i32, any_layout(number)).prop_map(
        |(source, interval, offset, layout)| {
            let offset = f64::from(offset) / 4.0;
            Kind::Histogram(source, Histogram { interval, offset, layout })
        },
    );
    let interval = prop_oneof![
        Just(Interval::Calendar(Calendar::Day)),
        Just(Interval::FixedMs(36 * 3_600_000)),
    ];
    let zone = prop::option::of(Just(Box::<str>::from("+01:00")));
    let moment = (0..20 * 86_400_000_i64).prop_map(Given::Int);
    let dates = (any_source(MOMENTS), interval, zone, -2..3_i64, any_layout(moment)).prop_map(
        |(source, interval, time_zone, hours, layout)| {
            let offset_ms = hours * 3_600_000;
            Kind::DateHistogram(source, DateHistogram { interval, time_zone, offset_ms, layout })
        },
    );
    let end = || prop::option::of(-6..7_i64);
    let ranges = prop::collection::vec((end(), end()), 1..4);
    let ranges = (any_source(NUMBERS), ranges).prop_map(|(source, ranges)| {
        // Of moments, a day each.
        let unit = if scalar(&source.attribute) == Scalar::DateTime { 86_400_000 } else { 1 };
        let given = |end: Option<i64>| end.map(|end| Given::Int(end * unit));
        let range = |(at, (from, to)): (usize, (Option<i64>, Option<i64>))| Range {
            key: Some(format!("range {at}").into()),
            from: given(from),
            to: given(to),
        };
        Kind::Range(source, ranges.into_iter().enumerate().map(range).collect())
    });
    let filter = (of_names(&["i", "u"]), 0..4_i64).prop_map(|(name, with)| Filter::Test {
        attribute: name.into(),
        op: Op::Gte,
        operand: Operand::Literal(Given::Int(with)),
    });
    let other = prop::option::of(Just(Box::<str>::from("rest")));
    let filters = (prop::collection::vec(filter, 1..4), other).prop_map(|(filters, other)| {
        let named = filters.into_iter().enumerate();
        let filters = named.map(|(at, filter)| (format!("filter {at}").into(), filter)).collect();
        Kind::Filters(Filters { filters, other })
    });
    prop_oneof![3 => terms, 2 => histogram, 2 => dates, 1 => ranges, 1 => filters]
}

/// There is always a metric by which buckets can be ordered.
pub(super) fn any_aggregation() -> BoxedStrategy<Aggregation> {
    let by = (any_source(NUMBERS), prop::sample::select(vec![Metric::Avg, Metric::Max]));
    let by = by.prop_map(|(source, metric)| -> Named {
        let kind = Kind::Metric(source, metric);
        ("m".into(), Aggregation { kind, below: Vec::new() })
    });
    let by = by.boxed();
    any_metric()
        .prop_recursive(3, 8, 2, move |inner| {
            let below = prop::collection::vec(inner, 0..3);
            (any_kind(), below, by.clone()).prop_map(|(kind, below, by): (_, _, Named)| {
                let named = below.into_iter().enumerate();
                let named = named.map(|(at, one)| (format!("n{at}").into(), one));
                Aggregation { kind, below: named.chain([by]).collect() }
            })
        })
        .boxed()
}
