//! The header `Idempotency-Key`: the same request is done once, however often it comes, and another
//! one under the same key is refused.

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::server::{Options, Server};
use crate::socket::{Answer, Reads, Socket, head};

const WRITE: &str = "/v2/namespaces/a";

async fn keyed(host: &str, path: &str, key: &str, body: &Value) -> Answer {
    let body = body.to_string();
    let length = body.len().to_string();
    let headers = [("Idempotency-Key", key), ("Content-Length", length.as_str())];
    let head = head("POST", path, &headers);
    let mut socket = Socket::open(host).await.unwrap();
    let answer = socket.exchange(&[head.as_slice(), body.as_bytes()], Reads::Whole).await;
    answer.unwrap().unwrap()
}

/// A write that changes something each time it is done: it inserts what is not there.
fn insert(id: u64) -> Value {
    json!({
        "upsert_rows": [{"id": id, "n": 1}], "upsert_condition": ["id", "Eq", null],
        "return_affected_ids": true,
    })
}

/// What an answer says was done, and when.
fn done(answer: &Answer) -> (Value, Value, Value) {
    let mut said = answer.ok();
    (said["rows_affected"].take(), said["upserted_ids"].take(), said["seq"].take())
}

#[tokio::test]
async fn a_request_that_comes_again_is_answered_and_not_done_again() {
    let server = Server::start(&Options::memory()).await;
    let first = done(&keyed(server.host(), WRITE, "k1", &insert(1)).await);
    assert_eq!((&first.0, &first.1), (&json!(1), &json!([1])));
    server.write("a", json!({"deletes": [1]})).await;
    for _ in 0..3 {
        assert_eq!(done(&keyed(server.host(), WRITE, "k1", &insert(1)).await), first);
        assert_eq!(server.documents("a").await, json!([]));
    }
    // Under another key, it is another request.
    let second = done(&keyed(server.host(), WRITE, "k2", &insert(1)).await);
    assert_eq!(second.0, 1);
    assert!(second.2.as_u64() > first.2.as_u64(), "{second:?}");
    assert_eq!(server.documents("a").await, json!([{"id": 1, "n": 1}]));
}

#[tokio::test]
async fn a_key_belongs_to_one_request() {
    let server = Server::start(&Options::memory()).await;
    done(&keyed(server.host(), WRITE, "k", &insert(1)).await);
    for other in [insert(2), json!({"deletes": [1]}), json!({"upsert_rows": [{"id": 1, "n": 1}]})] {
        let answer = keyed(server.host(), WRITE, "k", &other).await;
        assert_eq!(answer.status, 422, "{}", answer.text());
        assert_eq!(answer.json()["code"], "idempotency_key_reused");
        answer.refusal();
    }
    assert_eq!(server.documents("a").await, json!([{"id": 1, "n": 1}]));
    // Of another namespace, it is another key.
    let elsewhere = keyed(server.host(), "/v2/namespaces/b", "k", &insert(2)).await;
    assert_eq!(done(&elsewhere).1, json!([2]));
}

#[tokio::test]
async fn an_answer_without_effect_is_an_answer_too() {
    let server = Server::start(&Options::memory()).await;
    server.write("a", json!({"upsert_rows": [{"id": 1, "n": 7}]})).await;
    let skipped = done(&keyed(server.host(), WRITE, "k", &insert(1)).await);
    assert_eq!(skipped.0, 0);
    // Now it would hold, and it is too late for that.
    server.write("a", json!({"deletes": [1]})).await;
    let again = done(&keyed(server.host(), WRITE, "k", &insert(1)).await);
    assert_eq!(again, skipped);
    assert_eq!(server.documents("a").await, json!([]));
}

#[tokio::test]
async fn a_refusal_is_not_kept() {
    let server = Server::start(&Options::memory()).await;
    server.write("a", json!({"upsert_rows": [{"id": 1, "n": 7}]})).await;
    let metadata = "/v2/namespaces/a/metadata";
    server.send("PATCH", metadata, &json!({"read_only": true})).await.ok();
    for _ in 0..2 {
        assert_eq!(keyed(server.host(), WRITE, "k", &insert(2)).await.status, 400);
    }
    server.send("PATCH", metadata, &json!({"read_only": false})).await.ok();
    assert_eq!(done(&keyed(server.host(), WRITE, "k", &insert(2)).await).0, 1);
}

#[tokio::test]
async fn keys_outlive_the_process_and_the_slots_they_came_in() {
    let options = Options::folder().with("ELACSYM__INDEXER__FOLD_SLOTS", "4");
    let server = Server::start(&options).await;
    let first = done(&keyed(server.host(), WRITE, "k", &insert(1)).await);
    server.write("a", json!({"deletes": [1]})).await;
    let server = server.killed_and_started().await;
    assert_eq!(done(&keyed(server.host(), WRITE, "k", &insert(1)).await), first);
    for id in 10..20 {
        server.write("a", json!({"upsert_rows": [{"id": id}]})).await;
    }
    server.folded("a").await;
    let server = server.killed_and_started().await;
    assert_eq!(done(&keyed(server.host(), WRITE, "k", &insert(1)).await), first);
    assert_eq!(keyed(server.host(), WRITE, "k", &insert(2)).await.status, 422);
    assert_eq!(server.documents("a").await.as_array().map(Vec::len), Some(10));
}

/// As it happens when a proxy sends again what it got no answer to yet.
#[tokio::test]
async fn requests_of_one_key_at_one_time_are_one_request() {
    let server = Server::start(&Options::folder()).await;
    for round in 0..10_u64 {
        let mut tasks = JoinSet::new();
        for _ in 0..8 {
            let host = server.host().to_owned();
            tasks.spawn(async move {
                done(&keyed(&host, WRITE, &format!("k{round}"), &insert(round)).await)
            });
        }
        let all = tasks.join_all().await;
        assert_eq!(all[0].1, json!([round]));
        assert!(all.iter().all(|one| *one == all[0]), "{all:?}");
    }
}

#[tokio::test]
async fn v1_has_keys_too() {
    let server = Server::start(&Options::memory()).await;
    let created = server.send("PUT", "/v1/namespaces/a", &json!({"schema": {}})).await;
    assert_eq!(created.status, 201);
    let upsert = |id: u64| json!({"documents": [{"id": id}]});
    let path = "/v1/namespaces/a/upsert";
    let first = keyed(server.host(), path, "k", &upsert(1)).await.ok();
    let deleted = server.post("/v1/namespaces/a/delete", &json!({"ids": [1]})).await.ok();
    assert_eq!(deleted["count"], 1);
    assert_eq!(keyed(server.host(), path, "k", &upsert(1)).await.ok(), first);
    assert_eq!(server.get("/v1/namespaces/a/documents/1").await.status, 404);
    assert_eq!(keyed(server.host(), path, "k", &upsert(2)).await.status, 422);
}

#[tokio::test]
async fn a_key_that_is_none_is_refused() {
    let server = Server::start(&Options::memory()).await;
    for odd in ["", &"k".repeat(256), "é"] {
        let answer = keyed(server.host(), WRITE, odd, &insert(1)).await;
        assert!(answer.refusal().contains("Idempotency-Key"), "{}", answer.text());
        assert_eq!(answer.status, 400);
    }
    done(&keyed(server.host(), WRITE, &"k".repeat(255), &insert(1)).await);
}
