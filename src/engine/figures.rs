//! What a node tells of itself beside its requests: memory, names, queries, and what goes to the store.

use super::Engine;
use crate::model::{Figure, FigureKind, Sample};
use crate::namespace::tally::plain;
use crate::storage::{Counts, Outcome, Verb};

impl Engine {
    pub fn figures(&self) -> Vec<Figure> {
        let gauge = |name, help, value: u64| plain(name, help, FigureKind::Gauge, value as f64);
        let counter = |name, help, value: u64| plain(name, help, FigureKind::Counter, value as f64);
        let counts = self.store.counts();
        let mut figures = vec![
            gauge("elacsym_memory_bytes", "Memory that is reserved", self.memory.used()),
            gauge(
                "elacsym_memory_limit_bytes",
                "Memory that may be reserved: indexer.memory_limit",
                self.memory.limit(),
            ),
            counter(
                "elacsym_memory_refused_total",
                "Requests that were refused for want of memory",
                self.memory.refused(),
            ),
            gauge(
                "elacsym_remembered_namespaces",
                "Namespaces that were closed and can be opened without a claim",
                self.names.remembered() as u64,
            ),
            gauge(
                "elacsym_queries_computing",
                "Queries that compute",
                self.turns.computing() as u64,
            ),
            counter(
                "elacsym_queries_refused_total",
                "Queries that were refused because more came than can be computed, or than one namespace may have computed",
                self.turns.refused(),
            ),
            requests(&counts),
            bytes(&counts),
        ];
        figures.extend(self.tally.figures());
        figures.extend(self.caretaker.figures());
        figures
    }
}

/// Only what has happened: most verbs have few ways to end.
fn requests(counts: &Counts) -> Figure {
    let all = Verb::ALL.into_iter().flat_map(|verb| Outcome::ALL.map(|outcome| (verb, outcome)));
    let sample = |(verb, outcome)| {
        let labels = vec![("verb", of_verb(verb)), ("outcome", of_outcome(outcome))];
        let labels = labels.into_iter().map(|(label, word)| (label, word.to_owned())).collect();
        Sample { suffix: "", labels, value: counts.of(verb, outcome) as f64 }
    };
    Figure {
        name: "elacsym_store_requests_total",
        help: "Requests to the store, each attempt of them, by how it ended",
        kind: FigureKind::Counter,
        samples: all.map(sample).filter(|sample| sample.value > 0.0).collect(),
    }
}

fn bytes(counts: &Counts) -> Figure {
    let sample = |(direction, bytes): (&str, u64)| {
        let labels = vec![("direction", direction.to_owned())];
        Sample { suffix: "", labels, value: bytes as f64 }
    };
    let directions = [("in", counts.bytes_in), ("out", counts.bytes_out)];
    Figure {
        name: "elacsym_store_bytes_total",
        help: "Bytes of objects that came from the store, and that went there",
        kind: FigureKind::Counter,
        samples: directions.into_iter().map(sample).collect(),
    }
}

fn of_verb(verb: Verb) -> &'static str {
    match verb {
        Verb::Read => "read",
        Verb::Slot => "slot",
        Verb::Load => "load",
        Verb::List => "list",
        Verb::Create => "create",
        Verb::Swap => "swap",
        Verb::Put => "put",
        Verb::Delete => "delete",
    }
}

fn of_outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done",
        Outcome::Missing => "missing",
        Outcome::Refused => "refused",
        Outcome::Denied => "denied",
        Outcome::Throttled => "throttled",
        Outcome::Late => "late",
        Outcome::Away => "away",
        Outcome::Broken => "broken",
    }
}
