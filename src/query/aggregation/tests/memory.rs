//! What aggregations hold is reserved as long as they hold it, and what they tell as it grows: many at
//! once do not come to more than there is.

use super::sample::{living, row};
use super::{Aggregations, Partial, bound};
use crate::error::{Error, ErrorKind, Result};
use crate::eval::Halt;
use crate::memory::Memory;
use crate::model::aggregation::{
    Aggregation, Filters, Histogram, Kind, Layout, Metric, Source, Summary, Terms,
};
use crate::model::{Filter, Given, Op, Operand, Row, Value};
use crate::query::heft;
use crate::query::load::{Load, Overload};
use crate::query::samples::is_halted;

const MIB: u64 = 1 << 20;

fn of_each_text() -> Aggregations {
    let kind = Kind::Terms(Source::of("s"), Terms::default());
    bound(&Aggregation { kind, below: Vec::new() }).unwrap()
}

/// Different ones, of some 4 KiB each.
fn texts(count: u64) -> Vec<Row> {
    let long = "x".repeat(4 << 10);
    let text = |id: u64| Value::String(format!("{id}{long}").into());
    (0..count).map(|id| row(id, &[("s", text(id))])).collect()
}

fn seen(bound: &Aggregations, rows: &[Row], load: &Load) -> Result<Partial> {
    bound.partial(&living(rows, 1000), None, &Halt::default(), load)
}

fn overload(error: &Error) -> Option<Overload> {
    std::error::Error::source(error).and_then(|source| source.downcast_ref()).copied()
}

/// One bucket that has a document at either end, and so many percentiles of each.
fn gaps(buckets: i64) -> (Aggregations, Vec<Row>) {
    let histogram = Histogram { interval: 1.0, offset: 0.0, layout: Layout::default() };
    let percents = (1..=100).map(f64::from).collect();
    let below = vec![("p".into(), Aggregation::metric("f", Metric::Percentiles { percents }))];
    let kind = Kind::Histogram(Source::of("i"), histogram);
    let ends = [0, buckets - 1];
    let rows = (0..).zip(ends).map(|(id, end)| row(id, &[("i", Value::Int(end))])).collect();
    (bound(&Aggregation { kind, below }).unwrap(), rows)
}

#[test]
fn what_is_held_is_reserved_until_it_is_let_go() {
    let (memory, bound, rows) = (Memory::of(1 << 30), of_each_text(), texts(1000));
    let partial = seen(&bound, &rows, &Load::on(&memory)).unwrap();
    let held = memory.used();
    assert!((4 * MIB..7 * MIB).contains(&held), "{held}");
    // What was read from bytes, and what is merged into another, is held as well.
    let bytes = bound.write(&partial).unwrap();
    let read = bound.read(&bytes, &Load::on(&memory)).unwrap();
    assert!(memory.used() > 2 * held - MIB, "{}", memory.used());
    let mut both = bound.nothing(&Load::on(&memory)).unwrap();
    bound.merge(&mut both, read).unwrap();
    drop(partial);
    assert!((4 * MIB..7 * MIB).contains(&memory.used()), "{}", memory.used());
    drop(both);
    assert_eq!(memory.used(), 0);
}

#[test]
fn as_many_aggregate_at_once_as_there_is_memory_for() {
    let (memory, bound, rows) = (Memory::of(64 * MIB), of_each_text(), texts(4000));
    let mut held = Vec::new();
    let told = loop {
        match seen(&bound, &rows, &Load::on(&memory)) {
            Ok(partial) => held.push(partial),
            Err(error) => break error,
        }
    };
    assert_eq!((told.kind(), overload(&told)), (ErrorKind::Unavailable, None), "{told}");
    assert!((2..=3).contains(&held.len()), "{} of some 16 MiB", held.len());
    assert!(memory.used() <= memory.most());
    // When one of them is over, there is room for another.
    held.pop();
    held.push(seen(&bound, &rows, &Load::on(&memory)).unwrap());
    drop(held);
    assert_eq!(memory.used(), 0);
}

/// It would be told to come again for ever.
#[test]
fn what_is_more_than_all_requests_may_have_is_told_so() {
    let (memory, bound) = (Memory::of(16 * MIB), of_each_text());
    assert!(seen(&bound, &texts(2000), &Load::on(&memory)).is_ok());
    let told = seen(&bound, &texts(4000), &Load::on(&memory)).unwrap_err();
    assert_eq!(told.kind(), ErrorKind::Invalid);
    let text = told.to_string();
    assert!(text.starts_with("aggregation `a`: ") && text.contains("at most 14 MiB"), "{text}");
    // With what the rows of the same answer have.
    let mut rows = Load::on(&memory);
    rows.add(7 << 20).unwrap();
    let told = seen(&bound, &texts(2000), &rows).unwrap_err();
    assert_eq!((told.kind(), overload(&told).is_some()), (ErrorKind::Invalid, true), "{told}");
    drop(rows);
    assert_eq!(memory.used(), 0);
}

/// A document at either end of sixty thousand buckets was a few bytes, and told as some 150 MB.
#[test]
fn what_is_told_is_reserved_as_it_grows() {
    let halt = Halt::default();
    let (bound, rows) = gaps(60_000);
    let memory = Memory::of(16 * MIB);
    let mut load = Load::on(&memory);
    let partial = seen(&bound, &rows, &load).unwrap();
    assert!(memory.used() < MIB);
    let told = bound.finish(&partial, &halt, &mut load).unwrap_err();
    let Overload { bytes } = overload(&told).unwrap();
    assert!(bytes > memory.most() && bytes < memory.most() + MIB, "{bytes}");
    drop((partial, load));
    assert_eq!(memory.used(), 0);

    // No more and no less than what it takes.
    let (bound, rows) = gaps(300);
    let mut load = Load::on(&memory);
    let partial = seen(&bound, &rows, &load).unwrap();
    let told = bound.finish(&partial, &halt, &mut load).unwrap();
    let bytes = told.iter().map(|(_, summary)| heft::of_summary(summary)).sum::<usize>();
    assert_eq!(load.into_share().bytes(), bytes as u64);
    assert_eq!(told.iter().map(|(_, summary)| Summary::buckets(summary)).sum::<usize>(), 300);
}

#[test]
fn what_nobody_waits_for_is_not_told() {
    let (bound, rows) = gaps(300);
    let (memory, halt) = (Memory::of(1 << 30), Halt::default());
    let mut load = Load::on(&memory);
    let partial = seen(&bound, &rows, &load).unwrap();
    halt.raise();
    let told = bound.finish(&partial, &halt, &mut load).unwrap_err();
    assert!(is_halted(&told), "{told}");
}

#[test]
fn the_rows_that_filters_hold_for_are_reserved_before_they_are_known() {
    let filter = |at: i64| {
        let operand = Operand::Literal(Given::Int(at));
        (format!("f{at}").into(), Filter::Test { attribute: "i".into(), op: Op::Eq, operand })
    };
    let filters = Filters { filters: (0..256).map(filter).collect(), other: None };
    let bound = bound(&Aggregation { kind: Kind::Filters(filters), below: Vec::new() }).unwrap();
    let rows: Vec<Row> = (0..10_000).map(|id| row(id, &[("i", Value::Int(7))])).collect();
    let living = living(&rows, 10_000);
    let memory = Memory::of(16 * MIB);
    let halt = Halt::default();
    {
        // A bit for each of them and each row are more than is granted to whoever asks.
        let _others = memory.take(14 * MIB);
        let told = bound.partial(&living, None, &halt, &Load::on(&memory)).unwrap_err();
        assert_eq!(told.kind(), ErrorKind::Unavailable, "{told}");
    }
    assert!(bound.partial(&living, None, &halt, &Load::on(&memory)).is_ok());
    assert_eq!(memory.used(), 0);
}
