//! Bad days: the store is gone, slow, or stands still for one name until its queue is full; the disk is
//! full. Each of them really happens to a real server. What its clients are told then, what goes on all
//! the same, that nothing acknowledged is lost, and that all is well by itself when the cause is gone.
//!
//! `docs/OPERATIONS.md` tells whoever runs a server what they will see: in those very words, and under
//! those figures. (The days on which its memory is full, or more is asked than it can compute, are those
//! of `tests/api/bad_days.rs`.)

mod full;
mod gone;
mod slow;
mod still;

use std::net::SocketAddr;
use std::time::Duration;

use elacsym::env::Clock;
use serde_json::{Value, json};

use crate::client::{Answer, Client, Reply, Request};
use crate::node::Node;
use crate::site::Site;
use crate::strait::Strait;

/// A server gives up at 50 seconds, and says so.
const ASK_LIMIT: Duration = Duration::from_secs(58);
/// How long a server may take to be well again.
const WELL_LIMIT: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(100);
const OPERATIONS: &str = include_str!("../../docs/OPERATIONS.md");

/// What a client is told on a bad day.
#[derive(Clone, Copy, Debug)]
struct Told {
    status: u16,
    code: &'static str,
    /// Part of the message.
    words: &'static str,
    retry_after: Option<&'static str>,
    should_retry: Option<&'static str>,
}

/// Whoever asks for what is in memory is answered all the same.
#[derive(Clone, Copy, Debug)]
enum View {
    Newest,
    AtHand,
}

const UNKNOWN: Told = Told {
    status: 504,
    code: "outcome_unknown",
    words: "it may or may not be committed",
    retry_after: None,
    should_retry: None,
};
const LATE: Told = Told {
    status: 504,
    code: "deadline",
    words: "the query took longer than its `deadline_ms`",
    retry_after: None,
    should_retry: Some("false"),
};

impl Told {
    fn check(&self, answer: &Answer) {
        let (text, body) = (answer.text(), answer.json());
        assert_eq!((answer.status, &body["code"]), (self.status, &json!(self.code)), "{text}");
        let message = body["error"].as_str().unwrap_or_default();
        assert!(message.contains(self.words), "{text}");
        assert_eq!(answer.header("retry-after"), self.retry_after, "{text}");
        assert_eq!(answer.header("x-should-retry"), self.should_retry, "{text}");
        for told in [self.code, self.words] {
            assert!(OPERATIONS.contains(told), "docs/OPERATIONS.md does not tell of `{told}`");
        }
    }
}

/// A server over a bucket, and the way to that.
async fn behind_a_strait() -> (Site, Strait) {
    let mut site = Site::minio().await;
    let strait = Strait::to(site.minio.as_ref().unwrap().at).await;
    // Of what is said twice, the last is obeyed.
    site.vars.push(("AWS_ENDPOINT_URL".to_owned(), format!("http://{}", strait.at)));
    (site, strait)
}

/// So many rows, from that id on.
fn rows(first: u64, many: u64) -> Value {
    let rows: Vec<Value> = (first..first + many).map(|id| json!({"id": id})).collect();
    json!({"upsert_rows": rows})
}

fn path(name: &str) -> String {
    format!("/v2/namespaces/{name}")
}

async fn write(at: SocketAddr, name: &str, key: Option<&str>, body: &Value) -> Answer {
    ask(at, "POST", &path(name), key, &body.to_string()).await
}

async fn done(at: SocketAddr, name: &str, body: &Value) {
    let answer = write(at, name, None, body).await;
    assert_eq!(answer.status, 200, "{name}: {}", answer.text());
}

/// How many rows there are. `within` is what the client says, of milliseconds.
async fn counted(at: SocketAddr, name: &str, view: View, within: Option<u64>) -> Answer {
    let mut query = json!({"aggregate_by": {"n": ["Count"]}});
    if let View::AtHand = view {
        query["consistency"] = json!({"level": "eventual"});
    }
    if let Some(within) = within {
        query["deadline_ms"] = json!(within);
    }
    ask(at, "POST", &format!("{}/query", path(name)), None, &query.to_string()).await
}

async fn holds(at: SocketAddr, name: &str, view: View, rows: u64) {
    let answer = counted(at, name, view, None).await;
    assert_eq!(answer.status, 200, "{name}: {}", answer.text());
    assert_eq!(answer.json()["aggregations"]["n"], rows, "{name}, {view:?}");
}

async fn get(at: SocketAddr, path: &str) -> Answer {
    ask(at, "GET", path, None, "").await
}

async fn ask(at: SocketAddr, method: &str, path: &str, key: Option<&str>, body: &str) -> Answer {
    let request = Request { method, path, key, body };
    match Client::default().ask(at, &request, ASK_LIMIT).await {
        Reply::Answer(answer) => answer,
        none => panic!("{method} {path}: {none:?}"),
    }
}

/// Whether it lives, and is to be sent requests.
async fn is_healthy(at: SocketAddr) {
    for path in ["/livez", "/readyz", "/metrics"] {
        let answer = get(at, path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    }
}

/// Sends it until it is done, and takes no other answer than that it is too early. How long the last
/// attempt took.
async fn in_the_end(at: SocketAddr, name: &str, key: &str, body: &Value) -> Duration {
    let clock = Clock::start();
    loop {
        let began = clock.now();
        let answer = write(at, name, Some(key), body).await;
        if answer.status == 200 {
            return clock.now() - began;
        }
        assert!(matches!(answer.status, 429 | 503 | 504), "{name}: {}", answer.text());
        assert!(clock.now() < WELL_LIMIT, "{name} is not well again: {}", answer.text());
        clock.sleep(PAUSE).await;
    }
}

/// All samples of a figure that have this label, added up.
async fn figure(at: SocketAddr, name: &str, label: &str) -> f64 {
    assert!(
        OPERATIONS.contains(&format!("`{name}`")),
        "docs/OPERATIONS.md does not tell of {name}"
    );
    sum(&get(at, "/metrics").await.text(), name, label)
}

fn sum(page: &str, name: &str, label: &str) -> f64 {
    let sample = |line: &str| {
        let (series, value) = line.strip_prefix(name)?.rsplit_once(' ')?;
        let ours = series.is_empty() || series.starts_with('{');
        value.parse::<f64>().ok().filter(|_| ours && series.contains(label))
    };
    page.lines().filter_map(sample).sum()
}

/// What lies on the store is all that a server which was just started has.
async fn is_all_there(node: Node, site: &Site, names: &[(&str, u64)]) {
    assert!(node.lives().await, "the server did not outlive the day");
    for (name, rows) in names {
        holds(node.at, name, View::Newest, *rows).await;
    }
    node.kill();
    let node = Node::start(site).await;
    for (name, rows) in names {
        holds(node.at, name, View::Newest, *rows).await;
    }
    node.kill();
}

#[test]
fn samples_are_added_up_by_their_name_and_a_label() {
    let page = "# TYPE a_total counter\na_total{verb=\"x\",outcome=\"late\"} 2\n\
                a_total{verb=\"y\",outcome=\"late\"} 3\na_total{verb=\"y\",outcome=\"done\"} 7\n\
                a_total_b 11\nb 13\n";
    assert_eq!(sum(page, "a_total", "outcome=\"late\""), 5.0);
    assert_eq!(
        (sum(page, "a_total", ""), sum(page, "b", ""), sum(page, "c", "")),
        (12.0, 13.0, 0.0)
    );
}
