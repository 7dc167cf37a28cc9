//! What a server tells to whoever watches it: figures in the text format of Prometheus, and whether
//! it lives and is ready, for which it asks its store for one object at the most and lists nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use elacsym::env::Clock;
use serde_json::json;

use crate::server::{Options, Server};

/// How often each question about health is asked, with time in between to forget the answer.
const ROUNDS: u32 = 4;
const PAUSE: Duration = Duration::from_millis(1100);
/// What an operator is told of each figure.
const OPERATIONS: &str = include_str!("../../docs/OPERATIONS.md");

/// All figures of one moment.
pub(crate) struct Page {
    text: String,
    samples: Vec<Sample>,
    /// By name of family.
    kinds: BTreeMap<String, String>,
    helped: BTreeSet<String>,
}

struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

impl Page {
    pub(crate) async fn of(server: &Server) -> Self {
        let answer = server.get("/metrics").await;
        assert_eq!(answer.status, 200);
        assert!(answer.header("content-type").unwrap().starts_with("text/plain; version=0.0.4"));
        let text = answer.text();
        let (mut kinds, mut helped, mut samples) = (BTreeMap::new(), BTreeSet::new(), Vec::new());
        for line in text.lines() {
            if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').unwrap();
                assert!(kinds.insert(name.to_owned(), kind.to_owned()).is_none(), "{name} twice");
            } else if let Some(help) = line.strip_prefix("# HELP ") {
                helped.insert(help.split_once(' ').unwrap().0.to_owned());
            } else {
                samples.push(sample(line));
            }
        }
        Self { text, samples, kinds, helped }
    }

    /// The sum of all samples of a name that have these labels.
    pub(crate) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let has = |sample: &&Sample| {
            let has = |(label, value): &(&str, &str)| {
                sample.labels.get(*label).is_some_and(|known| known == value)
            };
            sample.name == name && labels.iter().all(has)
        };
        self.samples.iter().filter(has).map(|sample| sample.value).sum()
    }
}

/// `name{label="value",label="value"} 7`
fn sample(line: &str) -> Sample {
    let (left, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line:?} is no sample"));
    let value = value.parse().unwrap_or_else(|_| panic!("{line:?} has no value"));
    let (name, labels) = left.split_once('{').unwrap_or((left, "}"));
    let labels = labels.strip_suffix('}').unwrap_or_else(|| panic!("{line:?} has no end"));
    let label = |part: &str| {
        let (label, value) = part.split_once("=\"").unwrap_or_else(|| panic!("{line:?}: {part:?}"));
        (label.to_owned(), value.trim_end_matches('"').to_owned())
    };
    let labels = labels.split("\",").filter(|part| !part.is_empty()).map(label).collect();
    Sample { name: name.to_owned(), labels, value }
}

#[tokio::test]
async fn the_figures_that_an_operator_watches_are_there() {
    let server = Server::start(&Options::folder()).await;
    for id in 0..3 {
        server.write("tenant-of-acme", json!({"upsert_rows": [{"id": id}]})).await;
    }
    server.documents("tenant-of-acme").await;
    server.refuses("/v2/namespaces/tenant-of-acme", &[(json!({"x": 1}), 400, "")]).await;
    server.get("/v1/namespaces/nobody-is-here/schema").await.refusal();
    server.get("/nowhere").await.refusal();
    server.get("/v1/namespaces").await.ok();
    let page = Page::of(&server).await;
    for (name, kind) in [
        ("elacsym_http_requests_total", "counter"),
        ("elacsym_http_request_seconds", "histogram"),
        ("elacsym_http_requests_in_flight", "gauge"),
        ("elacsym_commit_seconds", "histogram"),
        ("elacsym_commit_requests", "histogram"),
        ("elacsym_commit_bytes", "histogram"),
        ("elacsym_store_requests_total", "counter"),
        ("elacsym_unindexed_bytes", "gauge"),
        ("elacsym_unindexed_slots", "gauge"),
        ("elacsym_open_namespaces", "gauge"),
        ("elacsym_folds_total", "counter"),
    ] {
        assert_eq!(page.kinds.get(name).map(String::as_str), Some(kind), "{name}");
    }
    let writes = ("route", "/v2/namespaces/{ns}");
    for (name, labels, value) in [
        ("elacsym_http_requests_total", vec![writes, ("method", "POST"), ("status", "200")], 3.0),
        ("elacsym_http_requests_total", vec![writes, ("status", "400")], 1.0),
        ("elacsym_http_requests_total", vec![("status", "404")], 2.0),
        ("elacsym_http_request_seconds_count", vec![writes], 4.0),
        ("elacsym_http_requests_in_flight", vec![], 1.0),
        ("elacsym_commit_seconds_count", vec![], 3.0),
        ("elacsym_commit_requests_sum", vec![], 3.0),
        ("elacsym_unindexed_slots", vec![], 3.0),
    ] {
        assert_eq!(page.sum(name, &labels), value, "{name} {labels:?}\n{}", page.text);
    }
    assert!(page.sum("elacsym_unindexed_bytes", &[]) > 0.0);
    assert!(page.sum("elacsym_open_namespaces", &[]) >= 1.0);
    for (verb, least) in [("create", 3.0), ("list", 1.0)] {
        let done = [("verb", verb), ("outcome", "done")];
        assert!(page.sum("elacsym_store_requests_total", &done) >= least, "{verb} {}", page.text);
    }
    // There may be millions of them, and they are nobody's business.
    for name in ["tenant-of-acme", "nobody-is-here", "nowhere"] {
        assert!(!page.text.contains(name), "{name} is in {}", page.text);
    }
}

#[tokio::test]
async fn figures_are_spelt_so_that_they_can_be_read() {
    let server = Server::start(&Options::memory()).await;
    server.write("a", json!({"upsert_rows": [{"id": 1}]})).await;
    let page = Page::of(&server).await;
    for Sample { name, labels, value } in &page.samples {
        let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(*end));
        let family = family.filter(|family| page.kinds.contains_key(*family)).unwrap_or(name);
        let known = page.kinds.contains_key(family) && page.helped.contains(family);
        assert!(known, "{name} has no type or no help");
        assert!(family.starts_with("elacsym_") && value.is_finite(), "{name} {value}");
        assert_eq!(name.ends_with("_bucket"), labels.contains_key("le"), "{name} {labels:?}");
    }
    let histograms = page.kinds.iter().filter(|(_, kind)| *kind == "histogram");
    for (name, _) in histograms {
        let (bucket, count) = (format!("{name}_bucket"), format!("{name}_count"));
        assert_eq!(page.sum(&bucket, &[("le", "+Inf")]), page.sum(&count, &[]), "{name}");
    }
}

#[tokio::test]
async fn to_ask_for_health_lists_nothing() {
    let server = Server::start(&Options::folder()).await;
    server.write("a", json!({"upsert_rows": [{"id": 1}]})).await;
    let asked = |page: &Page, verb| page.sum("elacsym_store_requests_total", &[("verb", verb)]);
    let clock = Clock::start();
    let before = Page::of(&server).await;
    for _ in 0..ROUNDS {
        for path in ["/health", "/healthz", "/livez"] {
            assert_eq!(server.get(path).await.ok(), json!({"status": "ok"}), "{path}");
        }
        for path in ["/readyz", "/readyz?deep=1"] {
            assert_eq!(server.get(path).await.ok(), json!({"status": "ready"}), "{path}");
        }
        clock.sleep(PAUSE).await;
    }
    let after = Page::of(&server).await;
    assert_eq!(asked(&after, "list"), asked(&before, "list"));
    let loads = asked(&after, "load") - asked(&before, "load");
    assert!(loads >= f64::from(ROUNDS), "the store was asked {loads} times");
}

#[tokio::test]
async fn what_every_figure_is_stands_among_the_operations() {
    let page = Page::of(&Server::start(&Options::memory()).await).await;
    let documented: BTreeSet<&str> =
        OPERATIONS.split('`').filter(|word| word.starts_with("elacsym_")).collect();
    let told: BTreeSet<&str> = page.kinds.keys().map(String::as_str).collect();
    assert_eq!(told, documented, "docs/OPERATIONS.md names each figure, and no other");
}
