//! What is asked for wrongly or too much of is told, under the name of the aggregation.

use super::super::room::Room;
use super::sample::{living, row};
use super::{bound, finished, seen, sent, told};
use crate::error::ErrorKind;
use crate::memory::Memory;
use crate::model::aggregation::{
    AGGREGATION_BYTES_MAX, Aggregation, By, CARDINALITY_PRECISION_MAX, Calendar, DateHistogram,
    Histogram, Interval, Kind, Layout, Metric, Named, Range, Source, Summary, Terms,
};
use crate::model::{Direction, Given, Row, Value};
use crate::query::load::Load;
use crate::query::samples::load;

fn terms(attribute: &str, below: Vec<Named>) -> Aggregation {
    Aggregation { kind: Kind::Terms(Source::of(attribute), Terms::default()), below }
}

fn refused(aggregation: &Aggregation) -> String {
    let error = bound(aggregation).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    error.to_string()
}

fn ranged(attribute: &str, ranges: usize, below: Vec<Named>) -> Aggregation {
    let range = |at: usize| Range { key: None, from: Some(Given::Int(at as i64)), to: None };
    let ranges = (0..ranges).map(range).collect();
    Aggregation { kind: Kind::Range(Source::of(attribute), ranges), below }
}

#[test]
fn what_cannot_be_aggregated_is_named() {
    let metric = |attribute: &str, metric: Metric| Aggregation::metric(attribute, metric);
    let histogram = |attribute: &str, interval: f64| {
        let histogram = Histogram { interval, offset: 0.0, layout: Layout::default() };
        let kind = Kind::Histogram(Source::of(attribute), histogram);
        Aggregation { kind, below: Vec::new() }
    };
    let dates = |attribute: &str, zone: &str| {
        let histogram = DateHistogram {
            interval: Interval::Calendar(Calendar::Day),
            time_zone: Some(zone.into()),
            offset_ms: 0,
            layout: Layout::default(),
        };
        let kind = Kind::DateHistogram(Source::of(attribute), histogram);
        Aggregation { kind, below: Vec::new() }
    };
    let ordered = |by: &str| {
        let order = vec![(By::Metric(by.into()), Direction::Ascending)];
        let kind = Kind::Terms(Source::of("s"), Terms { order, ..Terms::default() });
        let below =
            vec![("m".into(), metric("i", Metric::Stats)), ("t".into(), terms("s", Vec::new()))];
        Aggregation { kind, below }
    };
    let missing = Source { attribute: "u".into(), missing: Some(Given::Int(-1)) };
    let sized = |size: u64| {
        let kind = Kind::Terms(Source::of("s"), Terms { size, ..Terms::default() });
        Aggregation { kind, below: Vec::new() }
    };
    let percents =
        |percents: &[f64]| metric("i", Metric::Percentiles { percents: percents.into() });
    for (aggregation, what) in [
        (metric("gone", Metric::Avg), "attribute not found: 'gone'"),
        (metric("id", Metric::ValueCount), "`id` is no attribute"),
        (metric("s", Metric::Avg), "attribute 's' is of type string: it takes int, uint, float"),
        (metric("b", Metric::Sum), "is of type bool"),
        (metric("i", Metric::ExtendedStats { sigma: -1.0 }), "sigma is a number from 0 on"),
        (percents(&[]), "1 to 100 percents, not 0"),
        (percents(&[100.5]), "a percent is 0 to 100, not 100.5"),
        (percents(&[5.0, 5.0]), "the percent 5 is asked for twice"),
        (histogram("t", 1.0), "is of type datetime"),
        (histogram("i", 0.0), "interval is above 0"),
        (dates("i", "UTC"), "it takes datetime"),
        (dates("t", "Mars/Olympus"), "time_zone `Mars/Olympus`"),
        (sized(0), "size is 1 to 10000, not 0"),
        (sized(10_001), "size is 1 to 10000, not 10001"),
        (ordered("gone"), "nothing called `gone`"),
        (ordered("m"), "the order `m` names no figure"),
        (ordered("m.variance"), "names no figure"),
        (ordered("t"), "the order `t` is by buckets"),
        (ranged("i", 0, Vec::new()), "1 to 256 ranges, not 0"),
        (ranged("s", 1, Vec::new()), "is of type string"),
        (
            Aggregation { kind: Kind::Metric(missing, Metric::Sum), below: Vec::new() },
            "missing expects uint, but got '-1'",
        ),
        (
            Aggregation { below: vec![("x".into(), sized(1))], ..metric("i", Metric::Avg) },
            "a metric has no buckets",
        ),
    ] {
        let told = refused(&aggregation);
        assert!(told.starts_with("aggregation `a`: ") && told.contains(what), "{told}");
    }
    assert!(bound(&ordered("m.avg")).is_ok());
}

#[test]
fn what_is_nested_is_named_by_its_path() {
    let deep = |depth: usize| {
        (0..depth).fold(Aggregation::metric("i", Metric::Avg), |inner, _| {
            terms("s", vec![("b".into(), inner)])
        })
    };
    assert!(bound(&deep(3)).is_ok());
    let told = refused(&deep(4));
    assert!(told.starts_with("aggregation `a>b>b>b>b`: ") && told.contains("4 deep"), "{told}");
    let many = |count: usize| {
        let one = |at: usize| (format!("n{at}").into(), Aggregation::metric("i", Metric::Avg));
        terms("s", (0..count).map(one).collect())
    };
    assert!(bound(&many(63)).is_ok());
    assert!(refused(&many(64)).contains("at most 64 aggregations"));
    for name in ["", "x[0]", "x>y", "doc_count", "key", &"x".repeat(129)] {
        let inner = Aggregation::metric("i", Metric::Avg);
        let told = refused(&terms("s", vec![(name.into(), inner)]));
        assert!(told.starts_with(&format!("aggregation `a>{name}`: ")), "{told}");
    }
}

#[test]
fn more_buckets_than_there_may_be_are_told() {
    let rows: Vec<Row> = (0..70_000_u64).map(|id| row(id, &[("u", Value::Uint(id))])).collect();
    let count = |rows: &[Row], aggregation: &Aggregation| {
        let partial = seen(&bound(aggregation).unwrap(), &living(rows, 10_000));
        partial.map(|_| ()).map_err(|error| error.to_string())
    };
    let all = terms("u", Vec::new());
    assert_eq!(count(&rows[..65_536], &all), Ok(()));
    let told = count(&rows[..65_537], &all).unwrap_err();
    assert!(told.starts_with("aggregation `a`: ") && told.contains("65536 buckets"), "{told}");
    // Each of these has two ranges of its own.
    let ranged_below = terms("u", vec![("r".into(), ranged("u", 2, Vec::new()))]);
    assert_eq!(count(&rows[..21_845], &ranged_below), Ok(()));
    assert!(count(&rows[..21_846], &ranged_below).is_err());

    // Two partials that fit do not, together.
    let bound = bound(&all).unwrap();
    let part = |rows: &[Row]| seen(&bound, &living(rows, 10_000)).unwrap();
    let mut first = part(&rows[..40_000]);
    assert!(bound.merge(&mut sent(&bound, &first), part(&rows[20_000..60_000])).is_ok());
    let told = bound.merge(&mut first, part(&rows[30_000..])).unwrap_err().to_string();
    assert!(told.contains("65536 buckets"), "{told}");
}

#[test]
fn no_precision_is_beyond_the_most() {
    let rows: Vec<Row> = (0..40_001_u64).map(|id| row(id, &[("u", Value::Uint(id))])).collect();
    let count = |precision: u64, rows: &[Row]| {
        let asked = Aggregation::metric("u", Metric::Cardinality { precision });
        let bound = bound(&asked).unwrap();
        finished(&bound, &seen(&bound, &living(rows, 10_000)).unwrap()).unwrap()
    };
    for precision in [CARDINALITY_PRECISION_MAX, u64::MAX] {
        assert_eq!(count(precision, &rows[..40_000]), Summary::Count(40_000));
    }
    let estimated = count(CARDINALITY_PRECISION_MAX, &rows);
    assert_eq!(count(u64::MAX, &rows), estimated);
    assert_eq!(count(0, &rows), estimated);
}

#[test]
fn ranges_of_ranges_are_counted_before_there_is_a_document() {
    let two = ranged("i", 255, vec![("b".into(), ranged("i", 256, Vec::new()))]);
    assert!(bound(&two).unwrap().nothing(&load()).is_ok());
    let three = ranged("i", 256, vec![("b".into(), ranged("i", 256, Vec::new()))]);
    let told = bound(&three).unwrap().nothing(&load()).unwrap_err().to_string();
    assert!(told.starts_with("aggregation `a`: ") && told.contains("65536 buckets"), "{told}");
}

#[test]
fn gaps_are_counted_and_steps_that_cannot_be_told_apart_are_none() {
    let rows = [row(1, &[("i", Value::Int(0))]), row(2, &[("i", Value::Int(1 << 60))])];
    let histogram = |interval: f64| {
        let histogram = Histogram { interval, offset: 0.0, layout: Layout::default() };
        Aggregation { kind: Kind::Histogram(Source::of("i"), histogram), below: Vec::new() }
    };
    let wide = bound(&histogram(1e12)).unwrap();
    let partial = seen(&wide, &living(&rows, 9)).unwrap();
    let error = finished(&wide, &partial).unwrap_err().to_string();
    assert!(error.contains("65536 buckets"), "{error}");
    let narrow = bound(&histogram(1.0)).unwrap();
    let error = seen(&narrow, &living(&rows, 9)).unwrap_err().to_string();
    assert!(error.starts_with("aggregation `a`: too many intervals lie before"), "{error}");
    let Summary::Buckets(buckets) = told(&histogram(1e15), &rows) else { panic!("asked for") };
    assert_eq!(buckets.buckets.len(), 1153);
}

#[test]
fn all_of_a_query_together_hold_so_much_and_no_byte_more() {
    let all = bound(&terms("s", Vec::new())).unwrap();
    let (node, load) = (&all.nodes[0], Load::on(&Memory::of(1 << 30)));
    let mut room = Room::beside(&load);
    assert!(room.hold(node, 0, AGGREGATION_BYTES_MAX - 1).is_ok());
    assert!(room.hold(node, 0, 1).is_ok());
    let told = room.hold(node, 0, 1).unwrap_err().to_string();
    assert!(told.starts_with("aggregation `a`: ") && told.contains("64 MiB"), "{told}");
}

#[test]
fn more_memory_than_there_may_be_is_told() {
    let long = "x".repeat(4000);
    let rows: Vec<Row> = (0..20_000)
        .map(|id| row(id, &[("s", Value::String(format!("{id}{long}").into()))]))
        .collect();
    let all = bound(&terms("s", Vec::new())).unwrap();
    let told = seen(&all, &living(&rows, 1000)).unwrap_err().to_string();
    assert!(told.starts_with("aggregation `a`: ") && told.contains("64 MiB"), "{told}");
}
