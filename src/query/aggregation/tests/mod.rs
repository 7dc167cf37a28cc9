//! What is said of documents is what can be read off them, in whatever parts they were seen.

mod limits;
mod memory;
mod oracle;
mod sample;
mod sketches;

use proptest::prelude::*;

use super::{Aggregations, Partial};
use crate::error::{ErrorKind, Result};
use crate::eval::Halt;
use crate::model::aggregation::{
    Aggregation, Bucket, Buckets, Calendar, DateHistogram, Histogram, Interval, Key, Kind, Layout,
    Metric, Source, Summary, Terms,
};
use crate::model::{Given, Row, Value};
use crate::namespace::view::Living;
use crate::query::samples::load;
use oracle::{ms, restated};
use sample::{any_aggregation, any_rows, living, row, schema};

fn bound(aggregation: &Aggregation) -> Result<Aggregations> {
    Aggregations::bind(&[("a".into(), aggregation.clone())], &schema())
}

fn seen(bound: &Aggregations, living: &[Living]) -> Result<Partial> {
    bound.partial(living, None, &Halt::default(), &load())
}

fn told(aggregation: &Aggregation, rows: &[Row]) -> Summary {
    let bound = bound(aggregation).unwrap();
    let partial = seen(&bound, &living(rows, 7)).unwrap();
    finished(&bound, &partial).unwrap()
}

fn finished(bound: &Aggregations, partial: &Partial) -> Result<Summary> {
    let mut told = bound.finish(partial, &Halt::default(), &mut load())?;
    assert_eq!(told.len(), 1);
    Ok(told.remove(0).1)
}

/// As if it came from another node.
fn sent(bound: &Aggregations, partial: &Partial) -> Partial {
    bound.read(&bound.write(partial).unwrap(), &load()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]
    #[test]
    fn what_is_said_can_be_read_off_the_documents(
        rows in any_rows(),
        aggregation in any_aggregation(),
        block_rows in 1..41_usize,
        picks in prop::collection::vec(any::<(prop::sample::Index, prop::sample::Index)>(), 40),
    ) {
        let expected = restated(&aggregation, &rows.iter().collect::<Vec<_>>());
        let bound = bound(&aggregation).unwrap();
        let living = living(&rows, block_rows);
        let whole = seen(&bound, &living).unwrap();
        prop_assert_eq!(&finished(&bound, &whole).unwrap(), &expected);
        prop_assert_eq!(&finished(&bound, &sent(&bound, &whole)).unwrap(), &expected);

        let part = |at: usize| seen(&bound, &living[at..at + 1]).unwrap();
        let mut parts: Vec<Partial> = (0..living.len()).map(part).collect();
        parts.push(bound.nothing(&load()).unwrap());
        for (one, other) in picks {
            if parts.len() < 2 {
                break;
            }
            let one = parts.swap_remove(one.index(parts.len()));
            let into = other.index(parts.len());
            bound.merge(&mut parts[into], sent(&bound, &one)).unwrap();
        }
        prop_assert_eq!(parts.len(), 1);
        prop_assert_eq!(&finished(&bound, &parts[0]).unwrap(), &expected);
    }

    #[test]
    fn bytes_that_were_not_written_are_told(
        rows in any_rows(),
        aggregation in any_aggregation(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), 0..8_u8), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let bound = bound(&aggregation).unwrap();
        let partial = seen(&bound, &living(&rows, 9)).unwrap();
        let bytes = bound.write(&partial).unwrap();
        let mut flipped = bytes.clone();
        for (at, bit) in flips {
            flipped[at.index(bytes.len())] ^= 1 << bit;
        }
        // What is read all the same is taken for what it says, and nothing panics over it.
        if let Ok(read) = bound.read(&flipped, &load()) {
            let _ = finished(&bound, &read);
            let _ = bound.merge(&mut sent(&bound, &partial), read);
        }
        let refused = |bytes: &[u8]| bound.read(bytes, &load()).unwrap_err().kind();
        prop_assert_eq!(refused(&bytes[..cut.index(bytes.len())]), ErrorKind::Corrupt);
        prop_assert_eq!(refused(&[&bytes[..], &[0]].concat()), ErrorKind::Corrupt);
    }
}

fn date_histogram(interval: Interval, time_zone: Option<&str>) -> Kind {
    let time_zone = time_zone.map(Box::from);
    let layout = Layout::default();
    let histogram = DateHistogram { interval, time_zone, offset_ms: 0, layout };
    Kind::DateHistogram(Source::of("t"), histogram)
}

fn counts(summary: Summary) -> Vec<(Key, u64)> {
    let Summary::Buckets(Buckets { buckets, .. }) = summary else { panic!("{summary:?}") };
    buckets.into_iter().map(|Bucket { key, count, .. }| (key, count)).collect()
}

fn moments(texts: &[&str]) -> Vec<Row> {
    let moment = |text: &&str| Value::DateTime(ms(text) * 1000);
    let rows = (0..).zip(texts);
    rows.map(|(id, text)| row(id, &[("t", moment(text))])).collect()
}

#[test]
fn days_are_those_of_the_zone_and_none_is_left_out() {
    let rows = moments(&["2024-03-30T12:00:00Z", "2024-03-31T22:30:00Z", "2024-04-02T10:00:00Z"]);
    let kind = date_histogram(Interval::Calendar(Calendar::Day), Some("Europe/Berlin"));
    let day = |text: &str, ahead_s: i32| Key::Moment { ms: ms(text), ahead_s };
    let expected = vec![
        (day("2024-03-30T00:00:00+01:00", 3600), 1),
        (day("2024-03-31T00:00:00+01:00", 3600), 0),
        (day("2024-04-01T00:00:00+02:00", 7200), 1),
        (day("2024-04-02T00:00:00+02:00", 7200), 1),
    ];
    assert_eq!(counts(told(&Aggregation { kind, below: Vec::new() }, &rows)), expected);
}

/// They were read as UTC: a day that was asked for was not there, and the one before it was.
#[test]
fn a_moment_that_is_given_without_an_offset_is_of_the_zone() {
    let rows = [moments(&["2024-02-29T17:00:00Z"]), vec![row(9, &[])]].concat();
    let text = |text: &str| Given::Text(text.into());
    let layout = Layout {
        extended: Some((Some(text("2024-02-28")), Some(text("2024-03-02T04:59:59Z")))),
        ..Layout::default()
    };
    let source = Source { attribute: "t".into(), missing: Some(text("2024-03-01")) };
    let histogram = DateHistogram {
        interval: Interval::Calendar(Calendar::Day),
        time_zone: Some("America/New_York".into()),
        offset_ms: 0,
        layout,
    };
    let kind = Kind::DateHistogram(source, histogram);
    let day = |text: &str| Key::Moment { ms: ms(text), ahead_s: -5 * 3600 };
    let expected = vec![
        (day("2024-02-28T00:00:00-05:00"), 0),
        (day("2024-02-29T00:00:00-05:00"), 1),
        (day("2024-03-01T00:00:00-05:00"), 1),
    ];
    assert_eq!(counts(told(&Aggregation { kind, below: Vec::new() }, &rows)), expected);
}

#[test]
fn months_are_as_long_as_they_are() {
    let rows = moments(&["2024-01-31T23:59:59Z", "2024-04-01"]);
    let kind = date_histogram(Interval::Calendar(Calendar::Month), None);
    let month = |text: &str| Key::Moment { ms: ms(text), ahead_s: 0 };
    let expected = [("2024-01-01", 1), ("2024-02-01", 0), ("2024-03-01", 0), ("2024-04-01", 1)];
    let expected: Vec<_> = expected.iter().map(|(text, count)| (month(text), *count)).collect();
    assert_eq!(counts(told(&Aggregation { kind, below: Vec::new() }, &rows)), expected);
}

/// Where a clock is set, buckets without documents were left out: long ones that it made an hour
/// short, and those that begin at that moment.
#[test]
fn gaps_are_filled_with_what_dense_documents_would_be_in() {
    const DAY_MINUTES: usize = 24 * 60;
    for (zone, minutes, first, last, apart_minutes) in [
        ("America/New_York", 90 * DAY_MINUTES, "2016-05-01", "2024-05-20", DAY_MINUTES),
        ("Europe/Berlin", 100 * DAY_MINUTES, "2016-05-01", "2024-05-20", DAY_MINUTES),
        ("Australia/Sydney", 180 * DAY_MINUTES, "2016-05-01", "2024-05-20", DAY_MINUTES),
        ("Antarctica/Troll", 120, "2024-03-30", "2024-04-01", 30),
        ("Pacific/Apia", 7 * 60, "2011-12-28", "2012-01-02", 60),
        ("Australia/Lord_Howe", 17, "2024-10-05T12:00", "2024-10-05T18:00", 1),
        ("America/Sao_Paulo", 17, "2018-11-04", "2018-11-04T06:00", 1),
        ("America/Sao_Paulo", 17, "2018-02-18", "2018-02-18T06:00", 1),
    ] {
        let keys = |moments_ms: &[i64], min_doc_count: u64| -> Vec<Key> {
            let row = |(id, ms): (u64, &i64)| row(id, &[("t", Value::DateTime(ms * 1000))]);
            let rows: Vec<Row> = (0..).zip(moments_ms).map(row).collect();
            let layout = Layout { min_doc_count, ..Layout::default() };
            let interval = Interval::FixedMs(minutes as i64 * 60_000);
            let time_zone = Some(zone.into());
            let histogram = DateHistogram { interval, time_zone, offset_ms: 0, layout };
            let kind = Kind::DateHistogram(Source::of("t"), histogram);
            let counted = counts(told(&Aggregation { kind, below: Vec::new() }, &rows));
            counted.into_iter().map(|(key, _)| key).collect()
        };
        let dense: Vec<i64> = (ms(first)..=ms(last)).step_by(apart_minutes * 60_000).collect();
        let filled = keys(&[dense[0], dense[dense.len() - 1]], 0);
        assert_eq!(filled, keys(&dense, 1), "{zone} {minutes}");
        assert!(filled.len() > 10, "{zone} {minutes}");
    }
}

/// Two large numbers that are close to each other had no variance, once their squares were rounded.
#[test]
fn what_squares_differ_by_is_not_lost() {
    let stats = Aggregation::metric("i", Metric::ExtendedStats { sigma: 1.0 });
    let base = 1_i64 << 60;
    let rows: Vec<Row> =
        (0..2).map(|id| row(id as u64, &[("i", Value::Int(base + 2 * id))])).collect();
    let Summary::Stats(stats) = told(&stats, &rows) else { panic!("stats were asked for") };
    let spread = stats.spread.unwrap();
    assert_eq!((spread.variance, spread.variance_sampling), (Some(1.0), Some(2.0)));
    assert_eq!(stats.avg, Some((base + 1) as f64));
    assert_eq!(stats.sum.whole, Some(2 * i128::from(base) + 2));

    let stats = Aggregation::metric("t", Metric::ExtendedStats { sigma: 1.0 });
    let rows = moments(&["2024-03-01T00:00:00Z", "2024-03-01T00:00:02Z"]);
    let Summary::Stats(stats) = told(&stats, &rows) else { panic!("stats were asked for") };
    assert_eq!(stats.avg, Some(ms("2024-03-01T00:00:01Z") as f64));
    assert_eq!(stats.spread.unwrap().deviation, Some(1000.0));
}

#[test]
fn many_values_are_told_within_the_error_that_is_said() {
    let rows: Vec<Row> = (0..10_000_u64)
        .map(|id| row(id, &[("f", Value::Float(id as f64)), ("u", Value::Uint(id))]))
        .collect();
    let percentiles = Aggregation::metric("f", Metric::Percentiles { percents: vec![50.0, 99.0] });
    let Summary::Percentiles(percentiles) = told(&percentiles, &rows) else { panic!("asked for") };
    for (percent, value) in percentiles.figures {
        let exact = percent / 100.0 * 9999.0;
        assert!((value.unwrap() - exact).abs() <= exact / 256.0 + 1.0, "{percent}: {value:?}");
    }
    let distinct = Aggregation::metric("u", Metric::Cardinality { precision: 3000 });
    let Summary::Count(count) = told(&distinct, &rows) else { panic!("a count was asked for") };
    assert!((9500..10_500).contains(&count), "{count}");
}

#[test]
fn a_document_is_in_a_bucket_once_and_its_values_all_count() {
    let rows = [
        row(1, &[("is", Value::Ints([1, 1, 2].into()))]),
        row(2, &[("is", Value::Ints([1].into()))]),
    ];
    let kind = Kind::Terms(Source::of("is"), Terms::default());
    let below = vec![("n".into(), Aggregation::metric("is", Metric::ValueCount))];
    let Summary::Buckets(Buckets { buckets, others }) = told(&Aggregation { kind, below }, &rows)
    else {
        panic!("buckets were asked for")
    };
    let flat: Vec<(Key, u64, Summary)> =
        buckets.into_iter().map(|one| (one.key, one.count, one.below[0].1.clone())).collect();
    let term = |int: i64| Key::Term(Value::Int(int));
    assert_eq!(flat, [(term(1), 2, Summary::Count(4)), (term(2), 1, Summary::Count(3))],);
    assert_eq!(others, Some(0));
}

#[test]
fn gaps_have_buckets_with_nothing_in_them() {
    let rows = [row(1, &[("i", Value::Int(0))]), row(2, &[("i", Value::Int(20))])];
    let extended = Some((None, Some(Given::Int(35))));
    let layout = Layout { extended, ..Layout::default() };
    let histogram = Histogram { interval: 10.0, offset: 0.0, layout };
    let kind = Kind::Histogram(Source::of("i"), histogram);
    let below = vec![("m".into(), Aggregation::metric("i", Metric::Max))];
    let Summary::Buckets(Buckets { buckets, .. }) = told(&Aggregation { kind, below }, &rows)
    else {
        panic!("buckets were asked for")
    };
    let most = |bucket: &Bucket| bucket.below[0].1.clone();
    let bound = |int: Option<i64>| Summary::Bound(int.map(Value::Int));
    let expected = [(0.0, Some(0)), (10.0, None), (20.0, Some(20)), (30.0, None)];
    assert_eq!(buckets.len(), expected.len());
    for (bucket, (key, int)) in buckets.iter().zip(expected) {
        assert_eq!((&bucket.key, most(bucket)), (&Key::Number(key), bound(int)));
    }
}
