//! Conditional writes of v2: each document on its own, against what is committed of it, and what
//! was skipped is not counted.

use serde_json::{Value, json};

use crate::server::{Options, Server};

/// What is there, a write, how many documents it changes, and what is there afterwards.
type Case = (Value, Value, u64, Value);

fn upsert(rows: Value, condition: &Value) -> Value {
    json!({"upsert_rows": rows, "upsert_condition": condition})
}

async fn check(cases: impl IntoIterator<Item = Case>) {
    let server = Server::start(&Options::memory()).await;
    for (at, (before, write, affected, after)) in cases.into_iter().enumerate() {
        let ns = format!("case-{at}");
        let first = json!({
            "create_namespace": true, "upsert_rows": before,
            "schema": {"id": "uint", "version": "int", "t": "string"},
        });
        server.write(&ns, first).await;
        let answer = server.write(&ns, write.clone()).await;
        assert_eq!(answer["rows_affected"], affected, "{before} {write}: {answer}");
        assert_eq!(server.documents(&ns).await, after, "{before} {write}");
    }
}

#[tokio::test]
async fn an_upsert_is_skipped_where_its_condition_does_not_hold() {
    let newer = json!(["version", "Lt", {"$ref_new": "version"}]);
    let two = || json!([{"id": 1, "version": 2}]);
    check([
        (two(), upsert(json!([{"id": 1, "version": 1}]), &newer), 0, two()),
        (two(), upsert(json!([{"id": 1, "version": 2}]), &newer), 0, two()),
        (
            two(),
            upsert(json!([{"id": 1, "version": 3}]), &newer),
            1,
            json!([{"id": 1, "version": 3}]),
        ),
        // What is not there is inserted, and the condition not looked at.
        (
            two(),
            upsert(json!([{"id": 2, "version": 0}]), &newer),
            1,
            json!([{"id": 1, "version": 2}, {"id": 2, "version": 0}]),
        ),
        // A guard passes where there is no version yet, and not where there is no newer one.
        (
            json!([{"id": 1, "t": "x"}]),
            upsert(json!([{"id": 1, "version": 1}]), &newer),
            1,
            json!([{"id": 1, "version": 1}]),
        ),
        (two(), upsert(json!([{"id": 1, "t": "x"}]), &newer), 0, two()),
        // Insert if absent.
        (
            two(),
            upsert(json!([{"id": 1}, {"id": 2}]), &json!(["id", "Eq", null])),
            1,
            json!([{"id": 1, "version": 2}, {"id": 2}]),
        ),
        // Each on its own.
        (
            json!([{"id": 1, "version": 2}, {"id": 2, "version": 2}, {"id": 3, "version": 2}]),
            upsert(
                json!([{"id": 1, "version": 1}, {"id": 2, "version": 9}, {"id": 3, "version": 3}]),
                &newer,
            ),
            2,
            json!([{"id": 1, "version": 2}, {"id": 2, "version": 9}, {"id": 3, "version": 3}]),
        ),
        (
            two(),
            upsert(
                json!([{"id": 1, "t": "new"}]),
                &json!(["And", [["version", "Gte", 2], ["Not", ["t", "Eq", {"$ref_new": "t"}]]]]),
            ),
            1,
            json!([{"id": 1, "t": "new"}]),
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_patch_or_a_delete_is_skipped_where_nothing_is_there_to_hold() {
    let two = || json!([{"id": 1, "version": 2}]);
    let newer = json!(["version", "Lt", {"$ref_new": "version"}]);
    check([
        (
            two(),
            json!({"patch_rows": [{"id": 1, "version": 3}], "patch_condition": newer}),
            1,
            json!([{"id": 1, "version": 3}]),
        ),
        (
            two(),
            json!({"patch_rows": [{"id": 1, "version": 2}], "patch_condition": newer}),
            0,
            two(),
        ),
        (
            two(),
            json!({"patch_rows": [{"id": 7, "version": 9}], "patch_condition": newer}),
            0,
            two(),
        ),
        (two(), json!({"deletes": [1], "delete_condition": ["version", "Lt", 2]}), 0, two()),
        (two(), json!({"deletes": [1], "delete_condition": ["version", "Lte", 2]}), 1, json!([])),
        (two(), json!({"deletes": [7], "delete_condition": ["version", "Lte", 2]}), 0, two()),
        // Of a delete, nothing comes: what it is asked for is null.
        (
            json!([{"id": 1, "version": 2}, {"id": 2}]),
            json!({
                "deletes": [1, 2], "delete_condition": ["version", "Eq", {"$ref_new": "version"}],
            }),
            1,
            two(),
        ),
        (
            two(),
            json!({"deletes": [1], "delete_condition": ["version", "Gt", {"$ref_new": "id"}]}),
            0,
            two(),
        ),
        // A condition is about its own kind of write.
        (
            two(),
            json!({
                "upsert_rows": [{"id": 2, "version": 1}], "deletes": [1],
                "delete_condition": ["version", "Gt", 5], "upsert_condition": ["id", "Eq", null],
            }),
            1,
            json!([{"id": 1, "version": 2}, {"id": 2, "version": 1}]),
        ),
    ])
    .await;
}

#[tokio::test]
async fn what_was_skipped_is_not_among_the_affected() {
    let server = Server::start(&Options::memory()).await;
    server.write("a", json!({"upsert_rows": [{"id": 1, "n": 1}, {"id": 2, "n": 5}]})).await;
    let guarded = json!({
        "upsert_rows": [{"id": 1, "n": 3}, {"id": 2, "n": 3}, {"id": 3, "n": 3}],
        "upsert_condition": ["n", "Lt", {"$ref_new": "n"}], "return_affected_ids": true,
    });
    let answer = server.write("a", guarded).await;
    assert_eq!(answer["upserted_ids"], json!([1, 3]), "{answer}");
    assert_eq!(answer["rows_upserted"], 2, "{answer}");
    let never = json!({
        "deletes": [1], "delete_condition": ["n", "Eq", 77], "return_affected_ids": true,
    });
    let answer = server.write("a", never).await;
    assert_eq!(answer["rows_deleted"], 0, "{answer}");
    assert!(answer.get("deleted_ids").is_none(), "{answer}");
}

#[tokio::test]
async fn vectors_may_be_compared_with_those_that_come() {
    let server = Server::start(&Options::memory()).await;
    let upsert = |vector: Value| {
        json!({
            "distance_metric": "cosine_distance", "upsert_rows": [{"id": 1, "vector": vector}],
            "upsert_condition": ["vector", "NotEq", {"$ref_new": "vector"}],
        })
    };
    for (vector, affected) in
        [(json!([0.1, 0.2]), 1), (json!("zczMPc3MTD4="), 0), (json!([0.1, 0.3]), 1)]
    {
        let answer = server.write("a", upsert(vector.clone())).await;
        assert_eq!(answer["rows_affected"], affected, "{vector}");
    }
}

#[tokio::test]
async fn a_condition_that_means_nothing_is_refused_and_nothing_is_written() {
    let server = Server::start(&Options::memory()).await;
    let first = json!({
        "schema": {"hidden": {"type": "int", "filterable": false}},
        "upsert_rows": [{"id": 1, "n": 1, "t": "x", "hidden": 1}],
    });
    server.write("a", first).await;
    let when = |condition: Value| upsert(json!([{"id": 1, "n": 2}]), &condition);
    let cases = [
        (when(json!(["gone", "Eq", 1])), 400, "attribute not found"),
        (when(json!(["n", "Lt", {"$ref_new": "gone"}])), 400, "attribute not found"),
        (when(json!(["n", "Lt", {"$ref_new": "t"}])), 400, "type mismatch, Lt expects int"),
        (when(json!(["hidden", "Lt", 1])), 400, "not filterable"),
        (when(json!(["n", "Like", 1])), 400, "unknown filter operator `Like`"),
        (when(json!({"n": 1})), 422, "upsert_condition: data did not match any variant"),
    ];
    server.refuses("/v2/namespaces/a", &cases).await;
    let found = server.documents("a").await;
    assert_eq!(found, json!([{"id": 1, "n": 1, "t": "x", "hidden": 1}]));
}

/// The clients send vectors packed, wherever they send one.
#[tokio::test]
async fn a_vector_is_compared_with_one_that_came_as_numbers_or_packed() {
    let server = Server::start(&Options::memory()).await;
    let row = json!({"id": 1, "vector": [1, 2]});
    let first = json!({"distance_metric": "euclidean_squared", "upsert_rows": [row]});
    server.write("a", first).await;
    let guarded = |op: &str, vector: Value| {
        let condition = json!(["vector", op, vector]);
        json!({"patch_rows": [{"id": 1, "n": 1}], "patch_condition": condition})
    };
    let (same, other) = ("AACAPwAAAEA=", "AACAPwAAAEE=");
    for (write, affected) in [
        (guarded("Eq", json!([1, 2])), 1),
        (guarded("Eq", json!(same)), 1),
        (guarded("Eq", json!(same.trim_end_matches('='))), 1),
        (guarded("NotEq", json!(same)), 0),
        (guarded("Eq", json!(other)), 0),
        (guarded("NotEq", json!(other)), 1),
    ] {
        assert_eq!(server.write("a", write.clone()).await["rows_affected"], affected, "{write}");
    }
    let odd = ["AAAA", "AACAPw==", "no vector", "AACAPwAAwH8="];
    let odd = odd.map(|odd| (guarded("Eq", json!(odd)), 400, "Eq expects [2]f32, but got"));
    server.refuses("/v2/namespaces/a", &odd).await;
}

#[tokio::test]
async fn a_vector_of_any_type_is_compared_with_one_that_might_be_written() {
    let server = Server::start(&Options::memory()).await;
    let schema = json!({
        "small": {"type": "[2]i8", "ann": true}, "half": {"type": "[2]f16", "ann": true},
        "late": {"type": "[][2]f32", "ann": {"late_interaction": true}}, "words": "{}f16",
    });
    let row = json!({
        "id": 1, "small": [1, 2], "half": [0.1, 2], "late": [[1, 1], [2, 0]],
        "words": {"b": 0.1, "a": 2},
    });
    let write = json!({
        "distance_metric": "euclidean_squared", "schema": schema, "upsert_rows": [row],
    });
    server.write("a", write).await;
    for (name, same, other, none) in [
        ("small", json!([1, 2]), json!([1, 3]), json!([1.5, 2])),
        ("half", json!([0.1, 2]), json!([0.2, 2]), json!([65520, 2])),
        ("late", json!([[1, 1], [2, 0]]), json!([[1, 1]]), json!([[1]])),
        ("words", json!({"a": 2, "b": 0.1}), json!({"a": 2}), json!({"a": 1e6})),
    ] {
        let patch = |value: &Value| json!({"patch_rows": [{"id": 1, "n": 1}], "patch_condition": [name, "Eq", value]});
        for (value, affected) in [(same, 1), (other, 0)] {
            let answer = server.write("a", patch(&value)).await;
            assert_eq!(answer["rows_affected"], affected, "{name} {value}");
        }
        let told = format!("filter error in key `{name}`");
        server.refuses("/v2/namespaces/a", &[(patch(&none), 400, &told)]).await;
    }
}
