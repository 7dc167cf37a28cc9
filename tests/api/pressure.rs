//! More at once than fits into memory: each client is answered, what does not fit is told to come
//! again, the limit holds, and what was acknowledged is there.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use elacsym::env::Clock;
use serde_json::{Value, json};
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::server::{Options, Server};
use crate::socket::{Answer, Reads, Socket, head};

const CLIENTS: usize = 64;
const BODY_BYTES: usize = 64 << 20;
const LIMIT_BYTES: u64 = 1 << 30;
/// For code, stacks, and what an allocator keeps.
const BESIDES_BYTES: u64 = 256 << 20;
const DIMS: usize = 1024;
const PATIENCE: Duration = Duration::from_secs(120);

/// Of rows that take next to nothing as a file.
const SMALL_LIMIT_BYTES: u64 = 256 << 20;
const TEXT_ROWS: u64 = 1000;
const TEXT_BYTES: usize = 4000;
/// Some 64 MB in memory, and some 320.
const FEW_WRITES: u64 = 16;
const MANY_WRITES: u64 = 80;
const READERS: u64 = 8;
const ROUNDS: usize = 3;
/// Some 16 MB of different texts: to count them takes as much again, to tell them too, and to print
/// them.
const BOOK_WRITES: u64 = 4;
const COUNTERS: u64 = 8;

/// As a client sends vectors that has many of them; and how many they are.
fn body() -> (Bytes, usize) {
    let vector: Vec<u8> =
        (0..DIMS).flat_map(|at| (at as f32 / DIMS as f32).to_le_bytes()).collect();
    let vector = STANDARD.encode(vector);
    let mut body = String::with_capacity(BODY_BYTES + (1 << 20));
    body += "{\"distance_metric\":\"cosine_distance\",\"upsert_rows\":[{\"id\":0,\"vector\":null}";
    let mut rows = 1;
    while body.len() < BODY_BYTES - 2 * vector.len() {
        body += &format!(",{{\"id\":{rows},\"vector\":\"{vector}\"}}");
        rows += 1;
    }
    body += "]}";
    (body.into(), rows)
}

/// Says what is to come, and sends it when all others have said so too.
async fn write(host: &str, client: usize, body: &Bytes, all: &Barrier) -> io::Result<Answer> {
    let length = body.len().to_string();
    let path = format!("/v2/namespaces/client-{client}");
    let mut socket = Socket::open(host).await?;
    socket.send(&head("POST", &path, &[("Content-Length", &length)])).await?;
    all.wait().await;
    let answer = socket.exchange(&[body], Reads::Whole).await?;
    answer.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

fn is_told_to_come_again(answer: &Answer) {
    assert!(matches!(answer.status, 429 | 503), "{} {}", answer.status, answer.text());
    assert!(answer.header("retry-after").is_some(), "{}", answer.text());
    answer.refusal();
}

fn keeps_to(server: &Server, limit: u64) {
    let memory = server.memory_bytes_max();
    assert!(memory <= limit + BESIDES_BYTES, "{} MiB", memory >> 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_with_large_bodies_is_answered_within_the_limit_of_memory() {
    let options = Options::folder().with("ELACSYM__INDEXER__MEMORY_LIMIT", "1GiB");
    let server = Server::start(&options).await;
    let ((body, rows), all) = (body(), Arc::new(Barrier::new(CLIENTS)));
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let (host, body, all) = (server.host().to_owned(), body.clone(), all.clone());
        clients.spawn(async move {
            (client, timeout(PATIENCE, write(&host, client, &body, &all)).await)
        });
    }
    let mut acknowledged = Vec::new();
    for (client, answer) in clients.join_all().await {
        let answer = answer.unwrap_or_else(|_| panic!("client {client} was not answered"));
        let answer = answer.unwrap_or_else(|error| panic!("client {client}: {error}"));
        match answer.status {
            200 => acknowledged.push(client),
            _ => is_told_to_come_again(&answer),
        }
    }
    keeps_to(&server, LIMIT_BYTES);
    assert!(!acknowledged.is_empty(), "nobody was served");
    // Four times the limit was announced at one time.
    assert!(acknowledged.len() < CLIENTS, "nobody was sent away");
    server.get("/livez").await.ok();

    // Killed, and with room to look at all of it.
    drop(server);
    let server = Server::start(&options.with("ELACSYM__INDEXER__MEMORY_LIMIT", "8GiB")).await;
    for client in acknowledged {
        let count = json!({"aggregate_by": {"n": ["Count"]}});
        let answer = server.query(&format!("client-{client}"), count).await;
        assert_eq!(answer["aggregations"]["n"], rows, "client {client}");
    }
}

/// One that never fits is told so, and not to come again.
#[tokio::test]
async fn a_write_of_more_than_the_limit_is_refused_for_good() {
    let options = Options::memory().with("ELACSYM__INDEXER__MEMORY_LIMIT", "64MiB");
    let server = Server::start(&options).await;
    let numbers = ",1".repeat(4_000_000);
    let large = format!("{{\"upsert_rows\":[{{\"id\":1,\"n\":[1{numbers}]}}]}}");
    let answer = server.call("POST", "/v2/namespaces/a", &[], large.as_bytes()).await;
    let refusal = answer.refusal();
    assert!(matches!(answer.status, 400 | 413), "{} {refusal}", answer.status);
    assert!(refusal.contains("memory"), "{refusal}");
    server.stands().await;
}

/// Of one letter.
fn alike(_: u64) -> String {
    "x".repeat(TEXT_BYTES)
}

/// Writes rows with these texts, however often it takes to be let in.
async fn fill(server: &Server, ns: &str, writes: u64, text: impl Fn(u64) -> String) {
    let path = format!("/v2/namespaces/{ns}");
    let clock = Clock::start();
    for write in 0..writes {
        let ids = write * TEXT_ROWS..(write + 1) * TEXT_ROWS;
        let rows: Vec<Value> = ids.map(|id| json!({"id": id, "t": text(id)})).collect();
        let body = json!({"upsert_rows": rows});
        loop {
            let answer = server.post(&path, &body).await;
            if answer.status == 200 {
                break;
            }
            is_told_to_come_again(&answer);
            assert!(clock.now() < PATIENCE, "{ns} takes no more: {}", answer.text());
            clock.sleep(Duration::from_millis(200)).await;
        }
    }
}

/// A file of such rows is a thousandth of what it is unpacked, and a query needs them unpacked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_were_packed_well_are_queried_within_the_limit_of_memory() {
    let options = Options::folder().with("ELACSYM__INDEXER__MEMORY_LIMIT", "256MiB");
    let server = Server::start(&options).await;
    fill(&server, "few", FEW_WRITES, alike).await;
    fill(&server, "many", MANY_WRITES, alike).await;
    keeps_to(&server, SMALL_LIMIT_BYTES);
    // What was written is away, and so is what was known of it.
    let server = server.killed_and_started().await;
    let some = json!({
        "rank_by": ["id", "desc"], "limit": 500, "include_attributes": true,
        "filters": ["t", "NotEq", "y"], "aggregate_by": {"n": ["Count"]},
    });
    for _ in 0..ROUNDS {
        let reads = (0..READERS).map(|reader| {
            let ns = if reader % 2 == 0 { "few" } else { "many" };
            let (server, some) = (&server, &some);
            async move { (ns, server.post(&format!("/v2/namespaces/{ns}/query"), some).await) }
        });
        for (ns, answer) in futures::future::join_all(reads).await {
            match answer.status {
                200 => {
                    let writes = if ns == "few" { FEW_WRITES } else { MANY_WRITES };
                    assert_eq!(answer.ok()["aggregations"]["n"], writes * TEXT_ROWS, "{ns}");
                }
                400 => assert!(answer.refusal().contains("memory"), "{}", answer.text()),
                _ => is_told_to_come_again(&answer),
            }
        }
        keeps_to(&server, SMALL_LIMIT_BYTES);
    }
    // Nobody is sent away who fits, once the others are gone.
    let clock = Clock::start();
    while server.post("/v2/namespaces/few/query", &some).await.status != 200 {
        assert!(clock.now() < PATIENCE, "few of them do not fit");
        clock.sleep(Duration::from_millis(200)).await;
    }
    keeps_to(&server, SMALL_LIMIT_BYTES);
}

/// Whether each book has a bucket, or whoever asks is to come again.
async fn is_counted(server: &Server, texts: &Value) -> bool {
    let answer = server.post("/v2/namespaces/books/query", texts).await;
    if answer.status != 200 {
        is_told_to_come_again(&answer);
        return false;
    }
    let told = answer.ok();
    let buckets = told["aggregations"]["texts"]["buckets"].as_array().map(Vec::len);
    assert_eq!(buckets, Some((BOOK_WRITES * TEXT_ROWS) as usize));
    true
}

/// What they held was bounded for each of them, and was nobody's: so many at once were beyond any limit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_that_aggregates_is_answered_within_the_limit_of_memory() {
    let options = Options::folder().with("ELACSYM__INDEXER__MEMORY_LIMIT", "256MiB");
    let server = Server::start(&options).await;
    fill(&server, "books", BOOK_WRITES, |id| format!("{id}{}", alike(id))).await;
    let texts = json!({"aggregate_by": {"texts": ["Terms", "t", {"size": 10_000}]}});
    for _ in 0..ROUNDS {
        futures::future::join_all((0..COUNTERS).map(|_| is_counted(&server, &texts))).await;
        keeps_to(&server, SMALL_LIMIT_BYTES);
    }
    // One of them fits, when it is alone.
    let clock = Clock::start();
    while !is_counted(&server, &texts).await {
        assert!(clock.now() < PATIENCE, "one of them does not fit");
        clock.sleep(Duration::from_millis(200)).await;
    }
    keeps_to(&server, SMALL_LIMIT_BYTES);
}
