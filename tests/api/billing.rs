//! What is billed: for a write what it wrote, each value under the type of its attribute, whoever
//! declared it and when; and a query where documents had to be read.

use serde_json::{Value, json};

use crate::server::{Options, Server};

fn written(answer: &Value) -> u64 {
    answer["billing"]["billable_logical_bytes_written"].as_u64().unwrap()
}

async fn billed(server: &Server, write: Value) -> u64 {
    written(&server.write("a", write).await)
}

/// Vectors of three kinds, of which no request but the first says what they are.
async fn documented() -> Server {
    let server = Server::start(&Options::memory()).await;
    let write = json!({
        "distance_metric": "euclidean_squared",
        "schema": {
            "vector": {"type": "[2]f16", "ann": true}, "small": {"type": "[4]i8", "ann": true},
            "wide": {"type": "[2]f32", "ann": true}, "seen": "datetime", "weights": "{}f16",
        },
        "upsert_rows": [{"id": 1, "vector": [1, 2], "small": [1, 2, 3, 4], "wide": [1, 2]}],
    });
    assert_eq!(billed(&server, write).await, 8 + 2 * 2 + 4 + 2 * 4);
    server
}

#[tokio::test]
async fn a_value_counts_as_what_it_is_stored_as_in_whichever_form_it_came() {
    let server = documented().await;
    let vectors = 2 * 2 + 4 + 2 * 4;
    let packed = "AACAPwAAAEA=";
    let others = json!({"small": [1, 2, 3, 4], "wide": packed});
    for (values, bytes) in [
        (json!({"vector": [1, 2], "small": [1, 2, 3, 4], "wide": [1, 2]}), vectors),
        (json!({"vector": packed, "small": [1, 2, 3, 4], "wide": packed}), vectors),
        (json!({"seen": "2026-03-01T00:00:00Z", "t": "é", "none": null}), vectors + 8 + 2),
        (json!({"n": 1, "f": 0.5, "b": true, "tags": ["a", "bc"]}), vectors + 8 + 8 + 1 + 3),
        (json!({"weights": {"a": 0.5, "bc": 1}}), vectors + (1 + 2) + (2 + 2)),
    ] {
        let mut row = json!({"id": 2, "vector": packed});
        for part in [&others, &values] {
            for (name, value) in part.as_object().unwrap() {
                row[name] = value.clone();
            }
        }
        let told = billed(&server, json!({"upsert_rows": [row]})).await;
        assert_eq!(told, 8 + bytes, "{values}");
    }
}

#[tokio::test]
async fn what_was_not_written_is_not_billed() {
    let server = documented().await;
    let row = json!({"id": 1, "vector": [1, 2], "small": [1, 2, 3, 4], "wide": [1, 2], "t": "x"});
    for (write, bytes) in [
        (json!({"upsert_rows": [row], "upsert_condition": ["id", "Eq", null]}), 0),
        (json!({"patch_rows": [{"id": 77, "t": "a long text"}]}), 0),
        (json!({"deletes": [77]}), 0),
        (json!({"schema": {"u": "uint"}}), 0),
        (json!({}), 0),
        // A patch brings its own values, and those that stay are not written anew.
        (json!({"patch_rows": [{"id": 1, "t": "xyz", "u": null}]}), 8 + 3),
        (json!({"deletes": [1]}), 8),
    ] {
        assert_eq!(billed(&server, write.clone()).await, bytes, "{write}");
    }
}

#[tokio::test]
async fn what_a_filter_finds_is_billed_like_what_is_named() {
    let server = Server::start(&Options::memory()).await;
    let rows = json!([{"id": "a", "n": 1}, {"id": "bc", "n": 2}, {"id": "def", "n": 3}]);
    assert_eq!(billed(&server, json!({"upsert_rows": rows})).await, 1 + 2 + 3 + 3 * 8);
    let patch = json!({"filters": ["n", "Lt", 3], "patch": {"t": "xyz", "n": null}});
    assert_eq!(billed(&server, json!({"patch_by_filter": patch})).await, (1 + 3) + (2 + 3));
    let both = json!({
        "delete_by_filter": ["t", "Eq", "xyz"],
        "patch_by_filter": {"filters": ["n", "Eq", 3], "patch": {"n": 4}},
    });
    assert_eq!(billed(&server, both).await, (1 + 2) + (3 + 8));
}

/// It was billed like one that is asked of a document.
#[tokio::test]
async fn a_condition_without_its_rows_is_checked_and_asked_of_nobody() {
    let server = Server::start(&Options::memory()).await;
    server.write("a", json!({"upsert_rows": [{"id": 1, "n": 1}]})).await;
    let condition = json!(["n", "Eq", 1]);
    for (write, read) in [
        (json!({"upsert_condition": condition}), false),
        (json!({"patch_condition": condition, "upsert_rows": [{"id": 2, "n": 2}]}), false),
        (json!({"delete_condition": condition, "upsert_rows": [{"id": 2, "n": 2}]}), false),
        (json!({"upsert_condition": condition, "upsert_rows": [{"id": 2, "n": 2}]}), true),
        (json!({"delete_condition": condition, "deletes": [2]}), true),
    ] {
        let billing = server.write("a", write.clone()).await["billing"].take();
        assert_eq!(billing.get("query").is_some(), read, "{write}: {billing}");
    }
    let odd = json!({"upsert_condition": ["unknown", "Eq", 1]});
    server.refuses("/v2/namespaces/a", &[(odd, 400, "`unknown` is not in the schema")]).await;
}

#[tokio::test]
async fn a_request_that_comes_again_is_billed_as_it_was() {
    let server = Server::start(&Options::memory()).await;
    let body = json!({
        "upsert_rows": [{"id": 1, "t": "xyz"}], "upsert_condition": ["id", "Eq", null],
    });
    let body = body.to_string();
    let key = [("Idempotency-Key", "k")];
    let mut bills = Vec::new();
    for _ in 0..2 {
        let answer = server.call("POST", "/v2/namespaces/a", &key, body.as_bytes()).await.ok();
        assert_eq!(written(&answer), 8 + 3);
        bills.push(answer["billing"].clone());
    }
    assert_eq!(bills[0], bills[1]);
}
