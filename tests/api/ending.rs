//! A server that is told to end: what was begun is answered, what was acknowledged is there, and
//! nobody holds it up.

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use elacsym::env::Clock;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::server::{Options, Server};
use crate::socket::{Reads, Socket, head};

/// A supervisor that waits for 30 seconds before it kills is a usual one.
const END_LIMIT: Duration = Duration::from_secs(25);
const WRITERS: u64 = 12;

fn write(ns: &str, id: u64) -> (Vec<u8>, Vec<u8>) {
    let body = json!({"upsert_rows": [{"id": id}]}).to_string().into_bytes();
    let length = body.len().to_string();
    (head("POST", &format!("/v2/namespaces/{ns}"), &[("Content-Length", &length)]), body)
}

/// A write of which the server has some, and knows it: it has asked for the body. And the rest.
async fn begun(server: &Server, id: u64) -> (Socket, u64, Vec<u8>) {
    let (_, body) = write("ns-0", id);
    let length = body.len().to_string();
    let headers = [("Content-Length", length.as_str()), ("Expect", "100-continue")];
    let mut socket = Socket::open(server.host()).await.unwrap();
    socket.send(&head("POST", "/v2/namespaces/ns-0", &headers)).await.unwrap();
    assert_eq!(socket.answer(Reads::HeadOnly).await.unwrap().unwrap().status, 100);
    let (some, rest) = body.split_at(10);
    socket.send(some).await.unwrap();
    (socket, id, rest.to_vec())
}

/// Writes one document after the other until the server is gone; which were acknowledged.
async fn write_on(host: String, writer: u64, acknowledged: Arc<AtomicUsize>) -> Vec<(String, u64)> {
    let ns = format!("ns-{}", writer % 3);
    let mut done = Vec::new();
    for at in 0_u64.. {
        let id = 1_000_000 * writer + at;
        let (head, body) = write(&ns, id);
        let Ok(mut socket) = Socket::open(&host).await else { break };
        match socket.exchange(&[&head, &body], Reads::Whole).await {
            Ok(Some(answer)) if answer.status == 200 => {
                done.push((ns.clone(), id));
                acknowledged.fetch_add(1, Relaxed);
            }
            Ok(Some(answer)) => assert!(matches!(answer.status, 429 | 503), "{}", answer.text()),
            // Closed before it was answered, or before it was accepted.
            Ok(None) => break,
            Err(error) => {
                let closed =
                    matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe);
                assert!(closed, "half an answer: {error}");
                break;
            }
        }
    }
    done
}

/// The ids of a namespace, all of them.
async fn ids(server: &Server, ns: &str) -> Vec<Value> {
    let mut ids: Vec<Value> = Vec::new();
    loop {
        let after = ids.last().map_or(json!(null), |last| json!(["id", "Gt", last]));
        let page = json!({"rank_by": ["id", "asc"], "limit": 10000, "filters": after});
        let page = server.ids(ns, page).await;
        if page.is_empty() {
            return ids;
        }
        ids.extend(page);
    }
}

async fn holds(server: &Server, acknowledged: &[(String, u64)]) {
    for ns in ["ns-0", "ns-1", "ns-2"] {
        let there = ids(server, ns).await;
        for (_, id) in acknowledged.iter().filter(|(written, _)| written == ns) {
            let found = there.binary_search_by_key(id, |there| there.as_u64().unwrap());
            assert!(found.is_ok(), "{id} of {ns} was acknowledged and is lost");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_begun_at_a_signal_is_answered_and_what_was_acknowledged_is_there() {
    let options = Options::folder().with("ELACSYM__INDEXER__FOLD_SLOTS", "64");
    let mut server = Server::start(&options).await;
    for ns in 0..3 {
        server.write(&format!("ns-{ns}"), json!({"upsert_rows": [{"id": 77_000_000}]})).await;
    }
    let count = Arc::new(AtomicUsize::new(0));
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        writers.spawn(write_on(server.host().to_owned(), writer, count.clone()));
    }
    // One that has nothing to say, and one that keeps its connection.
    let _silent = Socket::open(server.host()).await.unwrap();
    let mut idle = Socket::open(server.host()).await.unwrap();
    let health = head("GET", "/healthz", &[]);
    idle.exchange(&[&health], Reads::Whole).await.unwrap().unwrap();

    let clock = Clock::start();
    while count.load(Relaxed) < 200 {
        assert!(clock.now() < Duration::from_secs(60), "the writers are too slow");
        clock.sleep(Duration::from_millis(10)).await;
    }
    let mut halves = Vec::new();
    for id in 90_000_000..90_000_008 {
        halves.push(begun(&server, id).await);
    }
    server.terminate();
    let mut acknowledged = Vec::new();
    for (mut socket, id, rest) in halves {
        let answer = timeout(END_LIMIT, socket.exchange(&[&rest], Reads::Whole)).await;
        let answer = answer.expect("a write that was begun is waited for");
        let answer = answer.unwrap().expect("a write that was begun is not answered");
        assert!(matches!(answer.status, 200 | 503), "{} {}", answer.status, answer.text());
        if answer.status == 200 {
            acknowledged.push(("ns-0".to_owned(), id));
        }
    }
    let exit = server.exit(END_LIMIT).await.expect("it does not end");
    assert_eq!(exit.code(), Some(0));
    acknowledged.extend(writers.join_all().await.concat());
    assert!(acknowledged.len() >= 200);

    drop(server);
    let server = Server::start(&options).await;
    holds(&server, &acknowledged).await;
    server.is_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_outlives_a_kill() {
    let options = Options::folder().with("ELACSYM__INDEXER__FOLD_SLOTS", "8");
    let mut acknowledged = Vec::new();
    for round in 0..3 {
        let server = Server::start(&options).await;
        let count = Arc::new(AtomicUsize::new(0));
        let mut writers = JoinSet::new();
        for writer in 0..WRITERS {
            let writer = writer + round * WRITERS;
            writers.spawn(write_on(server.host().to_owned(), writer, count.clone()));
        }
        let clock = Clock::start();
        while count.load(Relaxed) < 100 {
            assert!(clock.now() < Duration::from_secs(60), "the writers are too slow");
            clock.sleep(Duration::from_millis(10)).await;
        }
        drop(server);
        acknowledged.extend(writers.join_all().await.concat());
    }
    let server = Server::start(&options).await;
    holds(&server, &acknowledged).await;
}

#[tokio::test]
async fn nobody_who_is_slow_holds_up_the_end() {
    let mut server = Server::start(&Options::folder()).await;
    server.write("a", json!({"upsert_rows": [{"id": 1}]})).await;
    // Half a head, half a body, and a body that comes byte by byte.
    let (head, body) = write("a", 2);
    let mut half_head = Socket::open(server.host()).await.unwrap();
    half_head.send(&head[..20]).await.unwrap();
    let mut half_body = Socket::open(server.host()).await.unwrap();
    half_body.send(&[&head[..], &body[..10]].concat()).await.unwrap();
    let mut dribbling = Socket::open(server.host()).await.unwrap();
    let long = crate::socket::head("POST", "/v2/namespaces/a", &[("Content-Length", "1000")]);
    dribbling.send(&long).await.unwrap();
    let dribble = tokio::spawn(async move {
        let clock = Clock::start();
        while dribbling.send(b" ").await.is_ok() {
            clock.sleep(Duration::from_millis(200)).await;
        }
    });
    server.get("/readyz").await.ok();
    server.terminate();
    let exit = server.exit(END_LIMIT).await.expect("it does not end");
    assert_eq!(exit.code(), Some(0));
    dribble.await.unwrap();
    let server = server.killed_and_started().await;
    assert_eq!(server.documents("a").await, json!([{"id": 1}]));
}
