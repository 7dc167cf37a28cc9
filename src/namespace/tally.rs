//! What the keepers of a node count: how many names are open, what commits and folds take, how much
//! waits to be folded.
//!
//! Atomics that order nothing: the figures of one moment need not fit each other to the last one. No
//! figure has the name of a namespace, for there may be millions.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::model::{Figure, FigureKind, Sample};

/// From an append to a local disk to what a store in trouble takes.
const COMMIT_MICROS: [u64; 14] = [
    1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    5_000_000, 15_000_000, 60_000_000,
];
/// Up to what one slot takes.
const COMMIT_REQUESTS: [u64; 7] = [1, 4, 16, 64, 256, 1024, 4096];
const COMMIT_BYTES: [u64; 9] =
    [1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20, 64 << 20];
const FOLD_MICROS: [u64; 10] = [
    10_000,
    50_000,
    100_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    15_000_000,
    60_000_000,
    300_000_000,
];

/// As seconds are told of what is summed in microseconds.
const MICROS_PER_SECOND: f64 = 1e6;

#[derive(Debug)]
pub struct Tally {
    open: AtomicI64,
    commit_micros: Histogram<{ COMMIT_MICROS.len() }>,
    commit_requests: Histogram<{ COMMIT_REQUESTS.len() }>,
    commit_bytes: Histogram<{ COMMIT_BYTES.len() }>,
    tail_slots: AtomicI64,
    tail_bytes: AtomicI64,
    folded_rows: AtomicU64,
    fold_micros: Histogram<{ FOLD_MICROS.len() }>,
    folds_failed: AtomicU64,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            open: AtomicI64::new(0),
            commit_micros: Histogram::new(COMMIT_MICROS),
            commit_requests: Histogram::new(COMMIT_REQUESTS),
            commit_bytes: Histogram::new(COMMIT_BYTES),
            tail_slots: AtomicI64::new(0),
            tail_bytes: AtomicI64::new(0),
            folded_rows: AtomicU64::new(0),
            fold_micros: Histogram::new(FOLD_MICROS),
            folds_failed: AtomicU64::new(0),
        }
    }
}

impl Tally {
    pub fn opened(&self) {
        self.open.fetch_add(1, Relaxed);
    }

    pub fn closed(&self) {
        self.open.fetch_sub(1, Relaxed);
    }

    /// A batch of so many requests is in a slot, and took so long from its first attempt.
    pub fn committed(&self, requests: usize, bytes: usize, took: Duration) {
        self.commit_micros.count(micros(took));
        self.commit_requests.count(requests as u64);
        self.commit_bytes.count(bytes as u64);
    }

    /// So much more is in memory and in no segment; less, where it is negative.
    pub fn tail_grew(&self, slots: i64, bytes: i64) {
        self.tail_slots.fetch_add(slots, Relaxed);
        self.tail_bytes.fetch_add(bytes, Relaxed);
    }

    pub fn folded(&self, rows: u64, took: Duration) {
        self.folded_rows.fetch_add(rows, Relaxed);
        self.fold_micros.count(micros(took));
    }

    pub fn fold_failed(&self) {
        self.folds_failed.fetch_add(1, Relaxed);
    }

    pub fn figures(&self) -> Vec<Figure> {
        let gauge = |name, help, value: &AtomicI64| {
            plain(name, help, FigureKind::Gauge, value.load(Relaxed) as f64)
        };
        let counter = |name, help, value: u64| plain(name, help, FigureKind::Counter, value as f64);
        vec![
            gauge("elacsym_open_namespaces", "Namespaces that are open here", &self.open),
            self.commit_micros.figure(
                "elacsym_commit_seconds",
                "From the first attempt at a slot until it was there",
                MICROS_PER_SECOND,
            ),
            self.commit_requests.figure("elacsym_commit_requests", "Requests in one slot", 1.0),
            self.commit_bytes.figure("elacsym_commit_bytes", "Bytes in one slot", 1.0),
            gauge(
                "elacsym_unindexed_slots",
                "Slots of open namespaces that are in no segment yet",
                &self.tail_slots,
            ),
            gauge("elacsym_unindexed_bytes", "What these take in memory", &self.tail_bytes),
            counter(
                "elacsym_folds_total",
                "Folds that became part of a namespace",
                self.fold_micros.counted(),
            ),
            counter(
                "elacsym_folded_rows_total",
                "Rows that folds wrote",
                self.folded_rows.load(Relaxed),
            ),
            self.fold_micros.figure("elacsym_fold_seconds", "What a fold took", MICROS_PER_SECOND),
            counter(
                "elacsym_folds_failed_total",
                "Folds that came to nothing and begin again",
                self.folds_failed.load(Relaxed),
            ),
        ]
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// A figure of one number.
pub(crate) fn plain(
    name: &'static str,
    help: &'static str,
    kind: FigureKind,
    value: f64,
) -> Figure {
    let sample = Sample { suffix: "", labels: Vec::new(), value };
    Figure { name, help, kind, samples: vec![sample] }
}

/// How often a number fell below each of some bounds.
#[derive(Debug)]
struct Histogram<const N: usize> {
    /// Ascending.
    bounds: [u64; N],
    /// At a bound or below it, and above the one before.
    within: [AtomicU64; N],
    beyond: AtomicU64,
    sum: AtomicU64,
}

impl<const N: usize> Histogram<N> {
    fn new(bounds: [u64; N]) -> Self {
        let within = [const { AtomicU64::new(0) }; N];
        Self { bounds, within, beyond: AtomicU64::new(0), sum: AtomicU64::new(0) }
    }

    fn count(&self, number: u64) {
        let bound = self.bounds.partition_point(|bound| *bound < number);
        self.within.get(bound).unwrap_or(&self.beyond).fetch_add(1, Relaxed);
        self.sum.fetch_add(number, Relaxed);
    }

    fn counted(&self) -> u64 {
        let within = self.within.iter().map(|count| count.load(Relaxed));
        within.sum::<u64>() + self.beyond.load(Relaxed)
    }

    /// Told in a unit of which each is `per` of what was counted.
    fn figure(&self, name: &'static str, help: &'static str, per: f64) -> Figure {
        let mut samples = Vec::with_capacity(N + 3);
        let mut bucket = |bound: String, below: u64| {
            let labels = vec![("le", bound)];
            samples.push(Sample { suffix: "_bucket", labels, value: below as f64 });
        };
        let mut below = 0;
        for (bound, count) in self.bounds.iter().zip(&self.within) {
            below += count.load(Relaxed);
            bucket((*bound as f64 / per).to_string(), below);
        }
        // Whoever reads a histogram counts on it that these two are equal.
        let all = below + self.beyond.load(Relaxed);
        bucket("+Inf".to_owned(), all);
        let sum = self.sum.load(Relaxed) as f64 / per;
        samples.push(Sample { suffix: "_sum", labels: Vec::new(), value: sum });
        samples.push(Sample { suffix: "_count", labels: Vec::new(), value: all as f64 });
        Figure { name, help, kind: FigureKind::Histogram, samples }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of<'a>(figures: &'a [Figure], name: &str) -> &'a Figure {
        figures.iter().find(|figure| figure.name == name).unwrap()
    }

    fn value(figures: &[Figure], name: &str) -> f64 {
        of(figures, name).samples[0].value
    }

    #[test]
    fn what_was_counted_is_told() {
        let tally = Tally::default();
        tally.opened();
        tally.opened();
        tally.closed();
        tally.tail_grew(3, 400);
        tally.tail_grew(-2, -100);
        tally.folded(7, Duration::from_secs(1));
        tally.folded(5, Duration::from_secs(1000));
        tally.fold_failed();
        let figures = tally.figures();
        for (name, expected) in [
            ("elacsym_open_namespaces", 1.0),
            ("elacsym_unindexed_slots", 1.0),
            ("elacsym_unindexed_bytes", 300.0),
            ("elacsym_folds_total", 2.0),
            ("elacsym_folded_rows_total", 12.0),
            ("elacsym_folds_failed_total", 1.0),
        ] {
            assert_eq!(value(&figures, name), expected, "{name}");
        }
    }

    #[test]
    fn a_histogram_counts_up_to_each_bound_and_beyond_the_last() {
        let tally = Tally::default();
        for (requests, ms) in [(1, 1), (1, 2), (5, 60_000), (5000, 60_001)] {
            tally.committed(requests, 1 << 20, Duration::from_millis(ms));
        }
        let figures = tally.figures();
        let shown = |name: &str| -> Vec<(String, f64)> {
            let show = |sample: &Sample| {
                let bound = sample.labels.first().map_or("", |(_, bound)| bound);
                (format!("{}{bound}", sample.suffix), sample.value)
            };
            of(&figures, name).samples.iter().map(show).collect()
        };
        let requests = [("1", 2), ("4", 2), ("16", 3), ("64", 3), ("256", 3), ("1024", 3)];
        let requests = requests.map(|(bound, below)| (format!("_bucket{bound}"), below as f64));
        let rest = [("_bucket4096", 3.0), ("_bucket+Inf", 4.0), ("_sum", 5007.0), ("_count", 4.0)];
        let rest = rest.map(|(at, value)| (at.to_owned(), value));
        assert_eq!(shown("elacsym_commit_requests"), [&requests[..], &rest[..]].concat());

        let seconds = shown("elacsym_commit_seconds");
        assert_eq!(seconds[0], ("_bucket0.001".to_owned(), 1.0));
        assert_eq!(seconds[1], ("_bucket0.0025".to_owned(), 2.0));
        assert_eq!(seconds[13], ("_bucket60".to_owned(), 3.0));
        assert_eq!(seconds[14], ("_bucket+Inf".to_owned(), 4.0));
        assert_eq!(seconds[15], ("_sum".to_owned(), 120.004));
        let bytes = shown("elacsym_commit_bytes");
        assert_eq!(bytes[5], ("_bucket1048576".to_owned(), 4.0));
    }

    #[test]
    fn bounds_ascend() {
        let ascend = |bounds: &[u64]| bounds.is_sorted_by(|a, b| a < b);
        assert!(ascend(&COMMIT_MICROS) && ascend(&COMMIT_REQUESTS));
        assert!(ascend(&COMMIT_BYTES) && ascend(&FOLD_MICROS));
    }
}
