//! Bad days on which more is asked than there is room for: memory is full, more queries come than can be
//! computed, or more writes than can be committed. Each really happens; what its clients are told, who feels nothing of it, and that it
//! passes by itself.
//!
//! `docs/OPERATIONS.md` tells the same, in those words. (The days on which the store is to blame are
//! those of `tests/cluster/bad_days.rs`, and a tail that is too long that of `tests/api/backlog.rs`.)

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use elacsym::env::{Clock, cores, raise_open_files};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::figures::Page;
use crate::server::{Options, Server};
use crate::socket::{Answer, Reads, Socket, head};

const OPERATIONS: &str = include_str!("../../docs/OPERATIONS.md");
/// How long anything may take to be as it was.
const WELL_LIMIT: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(50);

/// Of 256 MiB an eighth is kept from those who ask.
const MEMORY: &str = "256MiB";
const HELD_BYTES: usize = 212 << 20;
/// Some 16 MB, as JSON.
const TEXT_ROWS: u64 = 4000;
const TEXT_BYTES: usize = 4000;

/// Each of them is looked at, sixteen times in one request.
const DOCUMENTS: u64 = 20_000;
const DOCUMENTS_OF_A_WRITE: u64 = 5000;
/// Four queries compute for each core, and as many may wait for them: so many are far more.
const CLIENTS_PER_CORE: usize = 32;
const REFUSALS: usize = 50;
/// Queries of a namespace that asks little, and within what each of them is answered: the line that
/// was there when it began has to go first.
const QUIET: usize = 10;
const QUIET_LIMIT: Duration = Duration::from_secs(20);

/// Who write to one name. All that they send would go into its next slot, which takes longer than 50 ms.
const WRITERS: u64 = 400;
const ROWS_OF_A_WRITER: u64 = 300;

/// What a client is told that may come again, and when.
fn is_sent_away(answer: &Answer, status: u16, code: &str, words: &[&str]) {
    let refusal = answer.refusal();
    assert_eq!((answer.status, &answer.json()["code"]), (status, &json!(code)), "{refusal}");
    let said = words.iter().find(|words| refusal.contains(**words));
    let said = said.unwrap_or_else(|| panic!("{refusal:?} says none of {words:?}"));
    assert_eq!(answer.header("retry-after"), Some("1"), "{refusal}");
    assert_eq!(answer.header("x-should-retry"), None, "{refusal}");
    for told in [code, *said] {
        assert!(OPERATIONS.contains(told), "docs/OPERATIONS.md does not tell of {told:?}");
    }
}

async fn figure(server: &Server, name: &str) -> f64 {
    assert!(
        OPERATIONS.contains(&format!("`{name}`")),
        "docs/OPERATIONS.md does not tell of {name}"
    );
    Page::of(server).await.sum(name, &[])
}

async fn is_healthy(server: &Server) {
    for path in ["/livez", "/readyz"] {
        assert_eq!(server.get(path).await.status, 200, "{path}");
    }
}

fn texts() -> Value {
    let text = "x".repeat(TEXT_BYTES);
    let rows: Vec<Value> = (0..TEXT_ROWS).map(|id| json!({"id": id, "t": text.clone()})).collect();
    json!({"upsert_rows": rows})
}

fn counting() -> Value {
    json!({"aggregate_by": {"n": ["Count"]}})
}

async fn count(server: &Server, ns: &str) -> Value {
    let mut answer = server.query(ns, counting()).await;
    answer["aggregations"]["n"].take()
}

#[tokio::test]
async fn when_memory_is_full_what_is_large_waits_and_what_is_small_goes_on() {
    let options = Options::memory().with("ELACSYM__INDEXER__MEMORY_LIMIT", MEMORY);
    let server = Server::start(&options).await;
    server.write("a", json!({"upsert_rows": [{"id": 1_000_000, "t": "x"}]})).await;
    // Whoever says how much is to come has the room for it, until it came or nobody waits any more.
    let mut large = Socket::open(server.host()).await.unwrap();
    let length = HELD_BYTES.to_string();
    let announced = head("POST", "/v2/namespaces/b", &[("Content-Length", &length)]);
    large.send(&announced).await.unwrap();
    let clock = Clock::start();
    while figure(&server, "elacsym_memory_bytes").await < HELD_BYTES as f64 {
        assert!(clock.now() < WELL_LIMIT, "no memory is reserved");
        large.send(b" ").await.unwrap();
        clock.sleep(PAUSE).await;
    }
    let body = texts();
    let words = "more do not fit now: send it again in a moment, send less at once, or raise \
                 indexer.memory_limit";
    is_sent_away(&server.post("/v2/namespaces/a", &body).await, 503, "unavailable", &[words]);
    assert!(figure(&server, "elacsym_memory_refused_total").await > 0.0);
    server.is_well().await;
    is_healthy(&server).await;
    assert_eq!(count(&server, "a").await, 1);

    drop(large);
    let clock = Clock::start();
    loop {
        let answer = server.post("/v2/namespaces/a", &body).await;
        if answer.status == 200 {
            break;
        }
        is_sent_away(&answer, 503, "unavailable", &[words]);
        assert!(clock.now() < WELL_LIMIT, "there is no room again");
        clock.sleep(PAUSE).await;
    }
    assert_eq!(count(&server, "a").await, TEXT_ROWS + 1);
    server.is_well().await;
}

/// Sixteen at once, each of which looks at every document for what none of them has.
fn heavy() -> Value {
    let query = json!({
        "rank_by": ["id", "asc"], "limit": 1, "filters": ["t", "Glob", "*a*b*c*d*e*"],
    });
    json!({"queries": vec![query; 16]})
}

/// Asks on when it is answered, until it is told to stop: whoever was sent away.
async fn ask_on(host: String, request: Arc<Vec<u8>>, stop: Arc<AtomicBool>) -> Vec<Answer> {
    let (mut socket, clock) = (Socket::open(&host).await.unwrap(), Clock::start());
    let mut refusals = Vec::new();
    while !stop.load(Relaxed) && refusals.len() < REFUSALS {
        let answer = socket.exchange(&[request.as_slice()], Reads::Whole).await.unwrap().unwrap();
        if answer.status != 200 {
            refusals.push(answer);
            clock.sleep(PAUSE).await;
        }
    }
    refusals
}

async fn filled() -> Server {
    let server = Server::start(&Options::memory()).await;
    let schema = json!({"t": {"type": "string", "filterable": true, "glob": true}});
    for first in (0..DOCUMENTS).step_by(DOCUMENTS_OF_A_WRITE as usize) {
        let ids = first..first + DOCUMENTS_OF_A_WRITE;
        let text = |id: u64| format!("{}{id:08}", "abcd".repeat(20));
        let rows: Vec<Value> = ids.map(|id| json!({"id": id, "t": text(id)})).collect();
        server.write("busy", json!({"schema": schema, "upsert_rows": rows})).await;
    }
    server.write("calm", json!({"upsert_rows": [{"id": 1}]})).await;
    server
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_more_queries_come_than_can_be_computed_some_are_sent_away_and_no_one_else_feels_it() {
    let server = filled().await;
    let body = heavy().to_string();
    let length = body.len().to_string();
    let request = head("POST", "/v2/namespaces/busy/query", &[("Content-Length", &length)]);
    let request = Arc::new([&request[..], body.as_bytes()].concat());
    let (stop, mut clients) = (Arc::new(AtomicBool::new(false)), JoinSet::new());
    raise_open_files();
    for _ in 0..CLIENTS_PER_CORE * cores() {
        clients.spawn(ask_on(server.host().to_owned(), request.clone(), stop.clone()));
    }
    let clock = Clock::start();
    while figure(&server, "elacsym_queries_refused_total").await == 0.0 {
        assert!(clock.now() < WELL_LIMIT, "nobody is sent away");
        clock.sleep(PAUSE).await;
    }
    is_healthy(&server).await;
    assert!(figure(&server, "elacsym_queries_computing").await > 0.0);
    for id in 0..QUIET {
        // A write computes nothing that a query waits for.
        server.write("calm", json!({"upsert_rows": [{"id": 2 + id}]})).await;
        let began = clock.now();
        while server.post("/v2/namespaces/calm/query", &counting()).await.status != 200 {
            assert!(clock.now() - began < QUIET_LIMIT, "who asks little is not let in");
            clock.sleep(PAUSE).await;
        }
    }
    stop.store(true, Relaxed);
    let refusals: Vec<Answer> = clients.join_all().await.into_iter().flatten().collect();
    assert!(!refusals.is_empty());
    let words = [
        "more queries come than this node can compute: come again in a moment",
        "Too many concurrent queries to a single namespace",
    ];
    for refusal in &refusals {
        is_sent_away(refusal, 429, "throttled", &words);
    }

    let clock = Clock::start();
    while server.post("/v2/namespaces/busy/query", &heavy()).await.status != 200 {
        assert!(clock.now() < WELL_LIMIT, "it does not pass");
        clock.sleep(PAUSE).await;
    }
    assert_eq!(count(&server, "busy").await, DOCUMENTS);
    assert_eq!(count(&server, "calm").await, 1 + QUIET);
}

/// Writes rows of its own, from that id on, and more when it is answered, until it is told to stop: how many
/// writes were answered, and whoever was sent away.
async fn write_on(host: String, first: u64, stop: Arc<AtomicBool>) -> (u64, Vec<Answer>) {
    let (mut socket, clock) = (Socket::open(&host).await.unwrap(), Clock::start());
    let (mut done, mut refusals) = (0, Vec::new());
    while !stop.load(Relaxed) && refusals.len() < REFUSALS {
        let first = first + done * ROWS_OF_A_WRITER;
        let text = |id: u64| format!("{}{id:08}", "abcd".repeat(40));
        let ids = first..first + ROWS_OF_A_WRITER;
        let rows: Vec<Value> = ids.map(|id| json!({"id": id, "t": text(id)})).collect();
        let body = json!({"upsert_rows": rows}).to_string();
        let head = head(
            "POST",
            "/v2/namespaces/busy",
            &[("Content-Length", &body.len().to_string()), ("Content-Type", "application/json")],
        );
        let request = [&head[..], body.as_bytes()].concat();
        let answer = socket.exchange(&[request.as_slice()], Reads::Whole).await.unwrap().unwrap();
        if answer.status == 200 {
            done += 1;
        } else {
            refusals.push(answer);
            clock.sleep(PAUSE).await;
        }
    }
    (done, refusals)
}

/// Whoever is sent away has written nothing, and whoever is not has.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_more_writes_come_than_can_be_committed_some_are_sent_away_and_no_one_else_feels_it() {
    let server = Server::start(&Options::memory()).await;
    server.write("busy", json!({"upsert_rows": [{"id": 0, "t": ""}]})).await;
    server.write("calm", json!({"upsert_rows": [{"id": 0}]})).await;
    let (stop, mut clients) = (Arc::new(AtomicBool::new(false)), JoinSet::new());
    raise_open_files();
    for writer in 1..=WRITERS {
        clients.spawn(write_on(server.host().to_owned(), writer << 32, stop.clone()));
    }
    let clock = Clock::start();
    let refused = async || {
        let page = Page::of(&server).await;
        page.sum("elacsym_http_requests_total", &[("status", "429")])
    };
    while refused().await == 0.0 {
        assert!(clock.now() < WELL_LIMIT, "nobody is sent away");
        clock.sleep(PAUSE).await;
    }
    is_healthy(&server).await;
    for id in 1..=QUIET {
        server.write("calm", json!({"upsert_rows": [{"id": id}]})).await;
    }
    stop.store(true, Relaxed);
    let told: Vec<(u64, Vec<Answer>)> = clients.join_all().await;
    let words = ["more writes come to this namespace than it can commit: come again in a moment"];
    for refusal in told.iter().flat_map(|(_, refusals)| refusals) {
        is_sent_away(refusal, 429, "throttled", &words);
    }
    let done: u64 = told.iter().map(|(done, _)| done).sum();
    assert!(done > 0, "nobody is let in");

    let clock = Clock::start();
    let again = json!({"upsert_rows": [{"id": 0, "t": "again"}]});
    while server.post("/v2/namespaces/busy", &again).await.status != 200 {
        assert!(clock.now() < WELL_LIMIT, "it does not pass");
        clock.sleep(PAUSE).await;
    }
    assert_eq!(count(&server, "busy").await, 1 + done * ROWS_OF_A_WRITER);
    assert_eq!(count(&server, "calm").await, 1 + QUIET);
}
