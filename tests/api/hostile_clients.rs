//! Clients that are slow, fall silent, go away, send what no client would, or more than is taken:
//! each is answered or left, and nobody else waits for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use elacsym::env::Clock;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::figures::Page;
use crate::server::{Options, Server};
use crate::socket::{Reads, Socket, head};

const BODY: &[u8] = br#"{"upsert_rows":[{"id":1}]}"#;

fn write_head(length: &str) -> Vec<u8> {
    head("POST", "/v2/namespaces/a", &[("Content-Length", length)])
}

/// Sends a body byte by byte until others have had their answers.
async fn dribble(host: String, others: Arc<AtomicBool>) -> u16 {
    let clock = Clock::start();
    let mut rest = [BODY, " ".repeat(2000).as_bytes()].concat();
    let mut socket = Socket::open(&host).await.unwrap();
    socket.send(&write_head(&rest.len().to_string())).await.unwrap();
    while rest.len() > 1 && !others.load(Relaxed) {
        socket.send(&[rest.remove(0)]).await.unwrap();
        clock.sleep(Duration::from_millis(50)).await;
    }
    socket.send(&rest).await.unwrap();
    socket.answer(Reads::Whole).await.unwrap().unwrap().status
}

#[tokio::test]
async fn slow_bodies_are_waited_for_and_hold_up_nobody() {
    let server = Server::start(&Options::memory()).await;
    let (mut slow, answered) = (JoinSet::new(), Arc::new(AtomicBool::new(false)));
    for _ in 0..40 {
        slow.spawn(dribble(server.host().to_owned(), answered.clone()));
    }
    for _ in 0..20 {
        server.is_well().await;
    }
    answered.store(true, Relaxed);
    let statuses = slow.join_all().await;
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    assert_eq!(server.documents("a").await, json!([{"id": 1}]));
    server.stands().await;
}

/// Its connection is needed for others.
#[tokio::test]
async fn a_body_that_falls_silent_is_cut() {
    let server = Server::start(&Options::memory()).await;
    let mut socket = Socket::open(server.host()).await.unwrap();
    socket.send(&write_head("1000")).await.unwrap();
    socket.send(BODY).await.unwrap();
    let answer = timeout(Duration::from_secs(20), socket.answer(Reads::Whole)).await;
    let answer = answer.expect("it was not cut").unwrap().expect("it was cut without a word");
    assert_eq!(answer.status, 408, "{}", answer.text());
    assert!(answer.refusal().contains("nothing was done"), "{}", answer.text());
    assert_eq!(answer.json()["code"], "body_too_slow");
    assert_eq!(server.get("/v1/namespaces/a/schema").await.status, 404);
    server.stands().await;
}

#[tokio::test]
async fn a_body_of_more_than_is_taken_is_refused_when_it_says_so() {
    let server = Server::start(&Options::memory()).await;
    for length in ["536870913", "537919488", "1099511627776"] {
        let mut socket = Socket::open(server.host()).await.unwrap();
        socket.send(&write_head(length)).await.unwrap();
        let answer = timeout(Duration::from_secs(10), socket.answer(Reads::Whole)).await;
        let answer = answer.expect("it waits for the body").unwrap().unwrap();
        assert_eq!(answer.status, 413, "{length}: {}", answer.text());
        assert!(answer.refusal().contains("536870912"), "{}", answer.text());
        server.stands().await;
    }
}

#[tokio::test]
async fn a_body_of_more_than_is_taken_is_refused_when_it_has_come() {
    let options = Options::memory().with("ELACSYM__INDEXER__MEMORY_LIMIT", "4GiB");
    let server = Server::start(&options).await;
    let chunked = [("Transfer-Encoding", "chunked")];
    let head = head("POST", "/v2/namespaces/a", &chunked);
    let chunk = format!("100000\r\n{}\r\n", " ".repeat(1 << 20)).into_bytes();
    let mut parts = vec![&head[..]];
    parts.extend(vec![&chunk[..]; 513]);
    parts.push(b"0\r\n\r\n");
    let mut socket = Socket::open(server.host()).await.unwrap();
    let answer = timeout(Duration::from_secs(60), socket.exchange(&parts, Reads::Whole)).await;
    let answer = answer.expect("it was not refused").unwrap().unwrap();
    assert_eq!(answer.status, 413, "{}", answer.text());
    answer.refusal();
    // What was taken of it, until it was too much, and little besides.
    let memory = server.memory_bytes_max();
    assert!(memory < 812 << 20, "{} MiB", memory >> 20);
    server.is_well().await;
}

#[tokio::test]
async fn chunks_of_any_size_are_a_body() {
    let server = Server::start(&Options::memory()).await;
    let head = head("POST", "/v2/namespaces/a", &[("Transfer-Encoding", "chunked")]);
    for size in [1, 7, BODY.len()] {
        let mut parts = head.clone();
        for chunk in BODY.chunks(size) {
            parts.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
            parts.extend(chunk);
            parts.extend(b"\r\n");
        }
        parts.extend(b"0\r\n\r\n");
        let mut socket = Socket::open(server.host()).await.unwrap();
        let answer = socket.exchange(&[&parts], Reads::Whole).await.unwrap().unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        server.stands().await;
    }
}

#[tokio::test]
async fn who_waits_to_be_asked_for_a_body_is_asked_or_refused() {
    let server = Server::start(&Options::memory()).await;
    let expects = |length: &str| {
        let headers = [("Content-Length", length), ("Expect", "100-continue")];
        head("POST", "/v2/namespaces/a", &headers)
    };
    let mut socket = Socket::open(server.host()).await.unwrap();
    socket.send(&expects(&BODY.len().to_string())).await.unwrap();
    let asked = socket.answer(Reads::HeadOnly).await.unwrap().unwrap();
    assert_eq!(asked.status, 100);
    socket.send(BODY).await.unwrap();
    assert_eq!(socket.answer(Reads::Whole).await.unwrap().unwrap().status, 200);

    let mut socket = Socket::open(server.host()).await.unwrap();
    socket.send(&expects("600000000")).await.unwrap();
    let refused = socket.answer(Reads::Whole).await.unwrap().unwrap();
    assert_eq!(refused.status, 413, "and not asked for what is not wanted");
    server.stands().await;
}

#[tokio::test]
async fn who_goes_away_is_left() {
    let server = Server::start(&Options::folder()).await;
    server.write("a", json!({"upsert_rows": [{"id": 0}]})).await;
    for id in 1..=50 {
        let body = json!({"upsert_rows": [{"id": id}]}).to_string();
        let head = write_head(&body.len().to_string());
        // In the middle of the head, of the body, and behind it.
        for parts in [
            vec![&head[..20]],
            vec![&head[..], &body.as_bytes()[..10]],
            vec![&head[..], body.as_bytes()],
        ] {
            let mut socket = Socket::open(server.host()).await.unwrap();
            for part in parts {
                socket.send(part).await.unwrap();
            }
        }
    }
    let clock = Clock::start();
    // The one that asks is under way itself.
    while Page::of(&server).await.sum("elacsym_http_requests_in_flight", &[]) > 1.0 {
        assert!(clock.now() < Duration::from_secs(15), "some are waited for");
        clock.sleep(Duration::from_millis(50)).await;
    }
    // Each was done or not, and that does not change once another has come behind them.
    server.write("a", json!({"upsert_rows": [{"id": 100}]})).await;
    let seen = server.documents("a").await;
    assert_eq!(server.documents("a").await, seen);
    server.stands().await;
    let server = server.killed_and_started().await;
    assert_eq!(server.documents("a").await, seen);
}

/// Long before a silent one is cut.
#[tokio::test]
async fn who_goes_away_in_the_middle_of_a_large_body_leaves_no_memory_taken() {
    const ANNOUNCED: usize = 8 << 20;
    const PATIENCE: Duration = Duration::from_secs(8);
    let server = Server::start(&Options::memory()).await;
    let reserved = async || Page::of(&server).await.sum("elacsym_memory_bytes", &[]);
    let clock = Clock::start();
    let before = reserved().await;
    let mut socket = Socket::open(server.host()).await.unwrap();
    socket.send(&write_head(&ANNOUNCED.to_string())).await.unwrap();
    socket.send(&vec![b' '; ANNOUNCED / 2]).await.unwrap();
    while reserved().await < before + ANNOUNCED as f64 {
        assert!(clock.now() < PATIENCE, "nothing is reserved for a body that is on its way");
        clock.sleep(Duration::from_millis(10)).await;
    }
    drop(socket);
    let left = clock.now();
    while reserved().await != before {
        assert!(clock.now() - left < PATIENCE, "memory is kept for a body that never comes");
        clock.sleep(Duration::from_millis(10)).await;
    }
    server.stands().await;
}

#[tokio::test]
async fn a_refusal_does_not_spoil_the_connection() {
    let server = Server::start(&Options::memory()).await;
    for (refused, status) in [
        (
            head(
                "POST",
                "/v2/namespaces/a",
                &[("Content-Encoding", "br"), ("Content-Length", "9")],
            ),
            415,
        ),
        (head("POST", "/v2/namespaces/a%20b", &[("Content-Length", "9")]), 400),
        (head("POST", "/nowhere", &[("Content-Length", "9")]), 404),
        (head("PUT", "/v2/namespaces/a", &[("Content-Length", "9")]), 405),
    ] {
        let mut socket = Socket::open(server.host()).await.unwrap();
        for _ in 0..3 {
            let whole = [&refused[..], &b"123456789"[..]].concat();
            let answer = socket.exchange(&[&whole], Reads::Whole).await.unwrap();
            assert_eq!(answer.unwrap().status, status);
            let next = head("GET", "/healthz", &[]);
            let answer = socket.exchange(&[&next], Reads::Whole).await.unwrap();
            assert_eq!(answer.unwrap().status, 200, "after a {status}");
        }
        server.stands().await;
    }
}

#[tokio::test]
async fn what_is_no_request_is_refused_or_the_connection_closed() {
    let server = Server::start(&Options::memory()).await;
    let mut bad_chunk = head("POST", "/v2/namespaces/a", &[("Transfer-Encoding", "chunked")]);
    bad_chunk.extend(b"zz\r\n{}\r\n0\r\n\r\n");
    let many: String = (0..200).map(|at| format!("x-{at}: 1\r\n")).collect();
    for (request, statuses) in [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(), &[400][..]),
        (b"hello\r\n\r\n".to_vec(), &[400]),
        (b"GET / HTTP/9.9\r\n\r\n".to_vec(), &[400, 505]),
        (head("POST", "/v2/namespaces/a", &[("Content-Length", "-1")]), &[400]),
        (head("POST", "/v2/namespaces/a", &[("Content-Length", "1x")]), &[400]),
        (
            head("POST", "/v2/namespaces/a", &[("Content-Length", "1"), ("Content-Length", "2")]),
            &[400],
        ),
        (head("GET", "/healthz", &[("x-long", &"x".repeat(1 << 20))]), &[400, 431]),
        (head("GET", &format!("/{}", "x".repeat(100_000)), &[]), &[400, 414, 431]),
        (format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{many}\r\n").into_bytes(), &[400, 431]),
        (bad_chunk, &[400]),
    ] {
        let mut socket = Socket::open(server.host()).await.unwrap();
        let shown = String::from_utf8_lossy(&request[..request.len().min(60)]).into_owned();
        let parts = [&request[..]];
        let answer = timeout(Duration::from_secs(10), socket.exchange(&parts, Reads::Whole)).await;
        // A reset is a connection that was closed.
        let answer = answer.unwrap_or_else(|_| panic!("{shown:?} is waited for"));
        if let Ok(Some(answer)) = answer {
            assert!(statuses.contains(&answer.status), "{shown:?}: {}", answer.status);
        }
        server.stands().await;
    }
}
