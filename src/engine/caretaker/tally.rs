//! What the caretaker counts. No figure has the name of a namespace: there may be millions.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::model::{Figure, FigureKind, Sample};
use crate::namespace::garbage::Gone;
use crate::namespace::tally::plain;

#[derive(Debug)]
pub(super) struct Tally {
    gone: Arc<Gone>,
    watches: AtomicU64,
    walks: AtomicU64,
    sweeps: AtomicU64,
    failures: AtomicU64,
}

impl Tally {
    pub(super) fn of(gone: Arc<Gone>) -> Self {
        let zero = AtomicU64::default;
        Self { gone, watches: zero(), walks: zero(), sweeps: zero(), failures: zero() }
    }

    pub(super) fn watching(&self, lives: usize) {
        self.watches.store(lives as u64, Relaxed);
    }

    pub(super) fn walked(&self) {
        self.walks.fetch_add(1, Relaxed);
    }

    pub(super) fn swept(&self) {
        self.sweeps.fetch_add(1, Relaxed);
    }

    pub(super) fn failed(&self) {
        self.failures.fetch_add(1, Relaxed);
    }

    pub(super) fn figures(&self) -> Vec<Figure> {
        let deleted = |(kind, count): (&str, u64)| {
            let labels = vec![("kind", kind.to_owned())];
            Sample { suffix: "", labels, value: count as f64 }
        };
        let of = |count: &AtomicU64| count.load(Relaxed) as f64;
        vec![
            Figure {
                name: "elacsym_garbage_deleted_total",
                help: "Objects that were deleted since nothing needs them, by what they were",
                kind: FigureKind::Counter,
                samples: self.gone.counts().map(deleted).collect(),
            },
            plain(
                "elacsym_garbage_watches",
                "Namespaces with something to collect that is watched for half an hour first",
                FigureKind::Gauge,
                of(&self.watches),
            ),
            plain(
                "elacsym_garbage_walks_total",
                "Walks past all namespaces, in search of what nobody reported, that came to an end",
                FigureKind::Counter,
                of(&self.walks),
            ),
            plain(
                "elacsym_garbage_sweeps_total",
                "Sweeps of one namespace that came to an end",
                FigureKind::Counter,
                of(&self.sweeps),
            ),
            plain(
                "elacsym_garbage_sweeps_failed_total",
                "Sweeps that met damaged objects, or a bug; the log names the namespace",
                FigureKind::Counter,
                of(&self.failures),
            ),
        ]
    }
}
