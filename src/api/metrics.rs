//! What is counted of requests, and all figures as a page for Prometheus.
//!
//! No figure has the name of a namespace: there may be millions. A route is counted as it is
//! written in the router, so that there are as many series as routes, methods and statuses.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::Method;

use crate::model::{Figure, FigureKind, Sample};

/// Upper bounds in seconds: from a read in memory to the longest that a write may take.
const BOUNDS: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0];

#[derive(Debug, Default)]
pub(super) struct Metrics {
    begun: AtomicU64,
    ended: AtomicU64,
    left: AtomicU64,
    routes: Mutex<BTreeMap<Route, Served>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Route {
    pub(super) method: &'static str,
    pub(super) path: String,
}

#[derive(Debug, Default)]
struct Served {
    by_status: BTreeMap<u16, u64>,
    /// As many as fell below each bound and not below the one before.
    by_bound: [u64; BOUNDS.len()],
    count: u64,
    seconds: f64,
}

impl Metrics {
    pub(super) fn begin(&self) {
        self.begun.fetch_add(1, Relaxed);
    }

    pub(super) fn end(&self, route: Route, status: u16, took: Duration) {
        self.ended.fetch_add(1, Relaxed);
        let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        let served = routes.entry(route).or_default();
        let seconds = took.as_secs_f64();
        *served.by_status.entry(status).or_default() += 1;
        if let Some(bound) = BOUNDS.iter().position(|bound| seconds <= *bound) {
            served.by_bound[bound] += 1;
        }
        served.count += 1;
        served.seconds += seconds;
    }

    /// The client went away before it was answered.
    pub(super) fn leave(&self) {
        self.left.fetch_add(1, Relaxed);
    }

    pub(super) fn figures(&self) -> Vec<Figure> {
        let ended = self.ended.load(Relaxed);
        let left = self.left.load(Relaxed);
        let begun = self.begun.load(Relaxed);
        let routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        let requests = Figure {
            name: "elacsym_http_requests_total",
            help: "Requests that were answered",
            kind: FigureKind::Counter,
            samples: routes.iter().flat_map(|(route, served)| served.counted(route)).collect(),
        };
        let seconds = Figure {
            name: "elacsym_http_request_seconds",
            help: "From the head of a request to its answer, with the time that its body took",
            kind: FigureKind::Histogram,
            samples: routes.iter().flat_map(|(route, served)| served.timed(route)).collect(),
        };
        vec![
            requests,
            seconds,
            plain(
                "elacsym_http_requests_in_flight",
                "Requests that are being answered",
                FigureKind::Gauge,
                begun.saturating_sub(ended + left),
            ),
            plain(
                "elacsym_http_requests_left_total",
                "Requests whose client went away before the answer",
                FigureKind::Counter,
                left,
            ),
        ]
    }
}

impl Served {
    fn counted(&self, route: &Route) -> Vec<Sample> {
        let sample = |(status, count): (&u16, &u64)| {
            let mut labels = labels(route);
            labels.push(("status", status.to_string()));
            Sample { suffix: "", labels, value: *count as f64 }
        };
        self.by_status.iter().map(sample).collect()
    }

    fn timed(&self, route: &Route) -> Vec<Sample> {
        let mut samples = Vec::with_capacity(BOUNDS.len() + 3);
        let mut bucket = |bound: String, below: u64| {
            let mut labels = labels(route);
            labels.push(("le", bound));
            samples.push(Sample { suffix: "_bucket", labels, value: below as f64 });
        };
        let mut below = 0;
        for (bound, count) in BOUNDS.iter().zip(self.by_bound) {
            below += count;
            bucket(bound.to_string(), below);
        }
        bucket("+Inf".to_owned(), self.count);
        samples.push(Sample { suffix: "_sum", labels: labels(route), value: self.seconds });
        samples.push(Sample { suffix: "_count", labels: labels(route), value: self.count as f64 });
        samples
    }
}

fn labels(route: &Route) -> Vec<(&'static str, String)> {
    vec![("method", route.method.to_owned()), ("route", route.path.clone())]
}

fn plain(name: &'static str, help: &'static str, kind: FigureKind, value: u64) -> Figure {
    let sample = Sample { suffix: "", labels: Vec::new(), value: value as f64 };
    Figure { name, help, kind, samples: vec![sample] }
}

/// A method may be any word; those that nobody answers are counted as one.
pub(super) fn method(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        _ => "OTHER",
    }
}

/// The text format of Prometheus.
pub(super) fn page(figures: &[Figure]) -> String {
    let mut page = String::new();
    for figure in figures {
        // To write to a string cannot fail.
        write_figure(&mut page, figure).ok();
    }
    page
}

fn write_figure(page: &mut String, figure: &Figure) -> std::fmt::Result {
    let kind = match figure.kind {
        FigureKind::Counter => "counter",
        FigureKind::Gauge => "gauge",
        FigureKind::Histogram => "histogram",
    };
    writeln!(page, "# HELP {} {}", figure.name, figure.help)?;
    writeln!(page, "# TYPE {} {kind}", figure.name)?;
    for sample in &figure.samples {
        write!(page, "{}{}", figure.name, sample.suffix)?;
        for (at, (label, value)) in sample.labels.iter().enumerate() {
            let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            write!(page, "{}{label}=\"{value}\"", if at == 0 { '{' } else { ',' })?;
        }
        let end = if sample.labels.is_empty() { "" } else { "}" };
        writeln!(page, "{end} {}", sample.value)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route() -> Route {
        Route { method: "POST", path: "/v2/namespaces/{ns}".to_owned() }
    }

    #[test]
    fn requests_are_counted_by_route_and_status() {
        let metrics = Metrics::default();
        for (status, ms) in [(200, 3), (200, 4), (400, 400_000)] {
            metrics.begin();
            metrics.end(route(), status, Duration::from_millis(ms));
        }
        metrics.begin();
        metrics.begin();
        metrics.leave();
        let page = page(&metrics.figures());
        let of = "method=\"POST\",route=\"/v2/namespaces/{ns}\"";
        for line in [
            format!("elacsym_http_requests_total{{{of},status=\"200\"}} 2\n"),
            format!("elacsym_http_requests_total{{{of},status=\"400\"}} 1\n"),
            format!("elacsym_http_request_seconds_bucket{{{of},le=\"0.0025\"}} 0\n"),
            format!("elacsym_http_request_seconds_bucket{{{of},le=\"0.005\"}} 2\n"),
            format!("elacsym_http_request_seconds_bucket{{{of},le=\"60\"}} 2\n"),
            format!("elacsym_http_request_seconds_bucket{{{of},le=\"+Inf\"}} 3\n"),
            format!("elacsym_http_request_seconds_sum{{{of}}} 400.007\n"),
            format!("elacsym_http_request_seconds_count{{{of}}} 3\n"),
            "# TYPE elacsym_http_request_seconds histogram\n".to_owned(),
            "elacsym_http_requests_in_flight 1\n".to_owned(),
            "elacsym_http_requests_left_total 1\n".to_owned(),
        ] {
            assert!(page.contains(&line), "{line} is not in\n{page}");
        }
    }

    #[test]
    fn a_label_may_hold_anything() {
        let labels = vec![("a", "\"\\\n".to_owned())];
        let sample = Sample { suffix: "", labels, value: 0.5 };
        let figure =
            Figure { name: "n", help: "h", kind: FigureKind::Gauge, samples: vec![sample] };
        let text = "# HELP n h\n# TYPE n gauge\nn{a=\"\\\"\\\\\\n\"} 0.5\n";
        assert_eq!(page(&[figure]), text);
    }
}
