//! Keys that may have so much and no more: who asks for more is told when to come again, and nobody
//! else feels it.

use std::time::Duration;

use elacsym::env::Clock;
use serde_json::{Value, json};

use crate::figures::Page;
use crate::key_file::{entry, locked};
use crate::server::Server;
use crate::socket::{Answer, Reads, Socket, head};

const ALL: &[&str] = &["read", "write", "list"];

async fn list(server: &Server, key: &str) -> Answer {
    server.call_as(key, "GET", "/v1/namespaces", &Value::Null).await
}

/// How long it is told to wait.
fn wait(answer: &Answer, limit: &str) -> u64 {
    assert_eq!(answer.status, 429, "{}", answer.text());
    assert_eq!(answer.json()["code"], "throttled");
    assert!(answer.refusal().contains(limit), "{}", answer.refusal());
    answer.header("retry-after").unwrap().parse().unwrap()
}

#[tokio::test]
async fn so_many_requests_come_in_a_second_and_the_next_is_told_to_wait() {
    let server = Server::start(&locked(&[
        entry("slow", ALL, &["*"], "requests_per_second = 1"),
        entry("free", ALL, &["*"], ""),
    ]))
    .await;
    let clock = Clock::start();
    assert_eq!(list(&server, "slow").await.status, 200);
    let mut refused = list(&server, "slow").await;
    // A machine may be so busy that a second goes by in between.
    while refused.status == 200 {
        assert!(clock.now() < Duration::from_secs(60), "it is never over its limit");
        refused = list(&server, "slow").await;
    }
    assert_eq!(wait(&refused, "1 requests a second"), 1);
    assert_eq!(list(&server, "free").await.status, 200);
    // Also what it has no right to counts.
    for _ in 0..20 {
        let told = server.call_as("slow", "DELETE", "/v2/namespaces/a", &Value::Null).await;
        assert!(matches!(told.status, 403 | 429), "{}", told.text());
    }
    // Who waits as long as they are told is let in.
    clock.sleep(Duration::from_secs(2)).await;
    assert_eq!(list(&server, "slow").await.status, 200);
}

#[tokio::test]
async fn a_large_request_is_let_in_and_paid_off_by_those_that_follow() {
    let limits = "bytes_per_second = \"1KiB\"";
    let server = Server::start(&locked(&[entry("small", ALL, &["*"], limits)])).await;
    let text = "x".repeat(100_000);
    let schema = json!({"t": {"type": "string", "filterable": false}});
    let large = json!({"schema": schema, "upsert_rows": [{"id": 1, "t": text}]});
    let written = server.call_as("small", "POST", "/v2/namespaces/a", &large).await;
    assert_eq!(written.status, 200, "{}", written.text());
    let seconds = wait(&list(&server, "small").await, "1024 bytes a second");
    // Some 97 seconds, less what has gone by.
    assert!((10..=120).contains(&seconds), "{seconds}");
}

/// What comes back is counted as well.
#[tokio::test]
async fn a_large_answer_is_paid_off_too() {
    let server = Server::start(&locked(&[
        entry("free", ALL, &["*"], ""),
        entry("small", ALL, &["*"], "bytes_per_second = 1000"),
    ]))
    .await;
    let schema = json!({"t": {"type": "string", "filterable": false}});
    let rows = json!([{"id": 1, "t": "x".repeat(100_000)}]);
    let write = json!({"schema": schema, "upsert_rows": rows});
    server.call_as("free", "POST", "/v2/namespaces/a", &write).await.ok();
    let all = json!({"rank_by": ["id", "asc"], "limit": 1, "include_attributes": true});
    let answer = server.call_as("small", "POST", "/v2/namespaces/a/query", &all).await;
    assert_eq!(answer.ok()["rows"][0]["t"].as_str().map(str::len), Some(100_000));
    wait(&list(&server, "small").await, "1000 bytes a second");
}

#[tokio::test]
async fn so_many_queries_are_under_way_and_no_more() {
    let server =
        Server::start(&locked(&[entry("one", ALL, &["*"], "queries_in_flight = 1")])).await;
    let write = json!({"upsert_rows": [{"id": 1}]});
    server.call_as("one", "POST", "/v2/namespaces/a", &write).await.ok();
    let all = json!({"rank_by": ["id", "asc"], "limit": 1});
    let body = all.to_string();
    // One whose body is not there yet is under way.
    let mut waiting = Socket::open(server.host()).await.unwrap();
    let length = body.len().to_string();
    let headers = [("Authorization", "Bearer one"), ("Content-Length", length.as_str())];
    waiting.send(&head("POST", "/v2/namespaces/a/query", &headers)).await.unwrap();
    let clock = Clock::start();
    // That one, and whoever asks for the figures.
    while Page::of(&server).await.sum("elacsym_http_requests_in_flight", &[]) < 2.0 {
        assert!(clock.now() < Duration::from_secs(5), "the head of a request is not heard");
        clock.sleep(Duration::from_millis(20)).await;
    }
    let refused = server.call_as("one", "POST", "/v2/namespaces/a/query", &all).await;
    assert_eq!(wait(&refused, "1 queries under way"), 1);
    // What is no query is none too many.
    server.call_as("one", "POST", "/v2/namespaces/a", &write).await.ok();
    assert_eq!(list(&server, "one").await.status, 200);
    waiting.send(body.as_bytes()).await.unwrap();
    assert_eq!(waiting.answer(Reads::Whole).await.unwrap().unwrap().status, 200);
    server.call_as("one", "POST", "/v2/namespaces/a/query", &all).await.ok();
}
