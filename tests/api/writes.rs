//! Writes of v2 without conditions: every form of a document, what the answer says was done, and
//! that a request is done whole or not at all.

use serde_json::{Value, json};

use crate::server::{Options, Server};
use crate::talk::without_counts;

const COUNTS: &[&str] = &["/seq", "/performance/server_total_ms"];

#[tokio::test]
async fn a_write_is_answered_with_what_it_did() {
    let server = Server::start(&Options::memory()).await;
    let first = json!({
        "distance_metric": "cosine_distance",
        "upsert_rows": [{"id": 8, "vector": [1, 0]}, {"id": 9, "vector": [0, 1]}],
    });
    let expected = json!({
        "status": "OK", "message": "documents committed successfully",
        "rows_affected": 2, "rows_upserted": 2, "seq": null,
        "billing": {"billable_logical_bytes_written": 2 * (8 + 8)},
        "performance": {"server_total_ms": null},
    });
    let answer = server.write("a", first).await;
    let seq = answer["seq"].as_u64();
    assert_eq!(without_counts(answer, COUNTS), expected);

    let everything = json!({
        "upsert_rows": [{"id": 1, "vector": [0.1, 0.2], "title": "first"}],
        "upsert_columns": {"id": [2], "vector": ["AACAPwAAAEA="]},
        "patch_rows": [{"id": 8, "title": "new"}], "deletes": [9], "return_affected_ids": true,
    });
    let expected = json!({
        "status": "OK", "message": "documents committed successfully",
        "rows_affected": 4, "rows_upserted": 2, "rows_patched": 1, "rows_deleted": 1, "seq": null,
        "upserted_ids": [1, 2], "patched_ids": [8], "deleted_ids": [9],
        "billing": {
            "billable_logical_bytes_written": (8 + 8 + 5) + (8 + 8) + (8 + 3) + 8,
            "query": {
                "billable_logical_bytes_queried": 256_000_000,
                "billable_logical_bytes_returned": 0,
            },
        },
        "performance": {"server_total_ms": null},
    });
    let answer = server.write("a", everything).await;
    assert!(answer["seq"].as_u64() > seq, "{answer}");
    assert!(answer["performance"]["server_total_ms"].as_u64() > Some(0), "{answer}");
    assert_eq!(without_counts(answer, COUNTS), expected);
    let documents = json!([
        {"id": 1, "vector": [0.1, 0.2], "title": "first"},
        {"id": 2, "vector": [1.0, 2.0]},
        {"id": 8, "vector": [1.0, 0.0], "title": "new"},
    ]);
    assert_eq!(server.documents("a").await, documents);
}

#[tokio::test]
async fn a_document_is_the_same_one_in_every_form() {
    let server = Server::start(&Options::memory()).await;
    let expected = json!([
        {"id": 1, "vector": [0.1, 0.2], "t": "x", "tags": ["a"]},
        {"id": 2, "vector": [1.0, 2.0], "tags": []},
    ]);
    let schema = json!({"t": "string", "tags": "[]string"});
    for (ns, form, documents) in [
        (
            "rows",
            "upsert_rows",
            json!([
                {"id": 1, "vector": [0.1, 0.2], "t": "x", "tags": ["a"]},
                {"tags": [], "t": null, "vector": [1, 2], "id": 2},
            ]),
        ),
        (
            "columns",
            "upsert_columns",
            json!({
                "id": [1, 2], "vector": [[0.1, 0.2], [1, 2]], "t": ["x", null],
                "tags": [["a"], []],
            }),
        ),
        (
            "base64",
            "upsert_rows",
            json!([
                {"id": 1, "vector": "zczMPc3MTD4=", "t": "x", "tags": ["a"]},
                {"id": 2, "vector": "AACAPwAAAEA=", "tags": []},
            ]),
        ),
        (
            "base64-columns",
            "upsert_columns",
            json!({
                "id": [1, 2], "vector": ["zczMPc3MTD4=", "AACAPwAAAEA="], "t": ["x", null],
                "tags": [["a"], []],
            }),
        ),
    ] {
        let write = json!({
            "distance_metric": "euclidean_squared", "schema": schema, form: documents,
        });
        assert_eq!(server.write(ns, write).await["rows_upserted"], 2);
        assert_eq!(server.documents(ns).await, expected, "{ns}");
    }
}

/// The whole document: what is not said of it again is gone.
#[tokio::test]
async fn an_upsert_takes_the_place_of_what_was() {
    let server = Server::start(&Options::memory()).await;
    server.write("a", json!({"upsert_rows": [{"id": 1, "a": "x", "b": 1}]})).await;
    server.write("a", json!({"upsert_rows": [{"id": 1, "b": 2}]})).await;
    assert_eq!(server.documents("a").await, json!([{"id": 1, "b": 2}]));
}

#[tokio::test]
async fn a_patch_changes_what_it_names_of_documents_that_are_there() {
    let server = Server::start(&Options::memory()).await;
    let rows = json!([
        {"id": 1, "vector": [1], "t": "x", "n": 1}, {"id": 2, "vector": [2], "t": "y"},
    ]);
    let first = json!({"distance_metric": "euclidean_squared", "upsert_rows": rows});
    server.write("a", first).await;
    let patch = json!({"patch_rows": [{"id": 1, "n": 5}, {"id": 99, "n": 6}]});
    let answer = server.write("a", patch).await;
    assert_eq!((&answer["rows_affected"], &answer["rows_patched"]), (&json!(1), &json!(1)));
    let patch = json!({"patch_columns": {"id": [2, 1], "t": ["z", null]}});
    assert_eq!(server.write("a", patch).await["rows_patched"], 2);
    let expected = json!([
        {"id": 1, "vector": [1.0], "n": 5}, {"id": 2, "vector": [2.0], "t": "z"},
    ]);
    assert_eq!(server.documents("a").await, expected);
    let vector = json!({"patch_rows": [{"id": 1, "vector": [3]}]});
    server.refuses("/v2/namespaces/a", &[(vector, 400, "vector")]).await;
    assert_eq!(server.documents("a").await, expected);
}

#[tokio::test]
async fn what_is_not_there_can_be_deleted_and_what_was_deleted_can_come_back() {
    let server = Server::start(&Options::memory()).await;
    server.write("a", json!({"upsert_rows": [{"id": 1, "n": 1}, {"id": 2, "n": 2}]})).await;
    server.write("a", json!({"deletes": [1, 77]})).await;
    assert_eq!(server.documents("a").await, json!([{"id": 2, "n": 2}]));
    server.write("a", json!({"upsert_rows": [{"id": 1}], "deletes": [2]})).await;
    assert_eq!(server.documents("a").await, json!([{"id": 1}]));
    server.write("a", json!({"deletes": [1]})).await;
    assert_eq!(server.documents("a").await, json!([]), "a namespace without documents is there");
}

#[tokio::test]
async fn one_request_says_one_thing_of_a_document() {
    let server = Server::start(&Options::memory()).await;
    server.write("a", json!({"upsert_rows": [{"id": 1, "n": 1}]})).await;
    let twice = |write: Value| (write, 400, "id '1' is there twice");
    let cases = [
        twice(json!({"upsert_rows": [{"id": 1}, {"id": 1}]})),
        twice(json!({"upsert_rows": [{"id": 1}], "upsert_columns": {"id": [1]}})),
        twice(json!({"upsert_rows": [{"id": 1}], "patch_rows": [{"id": 1, "n": 2}]})),
        twice(json!({"patch_rows": [{"id": 1, "n": 2}], "deletes": [1]})),
        twice(json!({"deletes": [1, 1]})),
    ];
    server.refuses("/v2/namespaces/a", &cases).await;
    assert_eq!(server.documents("a").await, json!([{"id": 1, "n": 1}]));

    let lower = "0f8fad5b-d9cb-469f-a165-70867728950e";
    let rows = json!([{"id": lower}, {"id": lower.to_uppercase()}]);
    let both = json!({"schema": {"id": "uuid"}, "upsert_rows": rows});
    server.refuses("/v2/namespaces/b", &[(both, 400, "is there twice")]).await;
}

#[tokio::test]
async fn the_first_id_says_what_ids_are() {
    let server = Server::start(&Options::memory()).await;
    let upsert = |id: Value| json!({"upsert_rows": [{"id": id}]});
    server.write("numbers", upsert(json!(18_446_744_073_709_551_615_u64))).await;
    server.write("numbers", upsert(json!(0))).await;
    let known = json!([{"id": 0}, {"id": 18_446_744_073_709_551_615_u64}]);
    assert_eq!(server.documents("numbers").await, known);
    let others = [
        (upsert(json!("7")), 400, "id '7' must be a non-negative integer"),
        (upsert(json!(-1)), 400, "id '-1' must be a non-negative integer"),
        (json!({"deletes": ["7"]}), 400, "id '7'"),
        (json!({"upsert_rows": [{"id": 1}, {"id": "a"}]}), 400, "id 'a'"),
    ];
    server.refuses("/v2/namespaces/numbers", &others).await;

    for id in ["b", "B", "é", "7"] {
        server.write("texts", upsert(json!(id))).await;
    }
    let longest = "x".repeat(64);
    server.write("texts", upsert(json!(longest))).await;
    let by_bytes = json!([{"id": "7"}, {"id": "B"}, {"id": "b"}, {"id": longest}, {"id": "é"}]);
    assert_eq!(server.documents("texts").await, by_bytes);
    let others = [
        (upsert(json!(7)), 400, "id '7' must be a string"),
        (upsert(json!("x".repeat(65))), 400, "must be a string of 1 to 64 bytes"),
        (upsert(json!("")), 400, "must be a string of 1 to 64 bytes"),
    ];
    server.refuses("/v2/namespaces/texts", &others).await;
}

#[tokio::test]
async fn a_uuid_comes_in_any_case_and_goes_out_in_lower() {
    let server = Server::start(&Options::memory()).await;
    let lower = "0f8fad5b-d9cb-469f-a165-70867728950e";
    let upper = lower.to_uppercase();
    let first = json!({
        "schema": {"id": "uuid"}, "upsert_rows": [{"id": upper, "n": 1}],
        "return_affected_ids": true,
    });
    assert_eq!(server.write("a", first).await["upserted_ids"], json!([lower]));
    assert_eq!(server.matching("a", &json!(["id", "Eq", upper])).await, [json!(lower)]);
    let odd = json!({"upsert_rows": [{"id": "0f8fad5bd9cb469fa16570867728950e"}]});
    server.refuses("/v2/namespaces/a", &[(odd, 400, "must be a uuid")]).await;
    server.write("a", json!({"deletes": [upper]})).await;
    assert_eq!(server.documents("a").await, json!([]));
}

#[tokio::test]
async fn a_request_is_done_whole_or_not_at_all() {
    let server = Server::start(&Options::memory()).await;
    let bad = json!({
        "schema": {"n": "int", "more": "string"},
        "upsert_rows": [{"id": 1, "n": 1}, {"id": 2, "n": "two"}],
    });
    let refused = [(bad, 400, "attribute 'n' expects int, but got 'two' (document '2')")];
    let odd = json!({"upsert_rows": [{"id": 1, "n": 1}, {"id": 2, "new": {"a": 1}}]});
    let told = "🙅 invalid schema update for attribute 'new': the type of '{a: 1}' cannot be inferred, \
                declare it (document '2')";
    server.refuses("/v2/namespaces/a", &[(odd.clone(), 400, told)]).await;
    assert_eq!(server.post("/v2/namespaces/a", &odd).await.json()["attribute"], "new");
    server.refuses("/v2/namespaces/a", &refused).await;
    assert_eq!(server.get("/v1/namespaces/a/schema").await.status, 404);

    server.write("a", json!({"upsert_rows": [{"id": 1, "n": 1}], "schema": {"n": "int"}})).await;
    server.refuses("/v2/namespaces/a", &refused).await;
    assert_eq!(server.documents("a").await, json!([{"id": 1, "n": 1}]));
    let schema = server.get("/v1/namespaces/a/schema").await.ok();
    assert!(schema.get("more").is_none(), "{schema}");
}

#[tokio::test]
async fn who_creates_a_namespace_is_said_or_is_the_first_document() {
    let server = Server::start(&Options::memory()).await;
    let absent = "🤷 namespace 'a' was not found";
    let cases = [
        (json!({"create_namespace": false, "upsert_rows": [{"id": 1}]}), 404, absent),
        (json!({"schema": {"n": "int"}}), 404, absent),
        (json!({}), 404, absent),
        (json!({"create_namespace": true}), 400, "`schema.id`"),
        (json!({"create_namespace": true, "deletes": [1]}), 400, "`schema.id`"),
    ];
    server.refuses("/v2/namespaces/a", &cases).await;
    let empty = json!({"create_namespace": true, "schema": {"id": "string", "n": "int"}});
    assert_eq!(server.write("a", empty.clone()).await["rows_affected"], 0);
    assert_eq!(server.documents("a").await, json!([]));
    server.write("a", empty).await;
    server.write("a", json!({})).await;
    // It is there, and knows what ids are.
    for write in
        [json!({"create_namespace": true}), json!({"create_namespace": true, "deletes": ["z"]})]
    {
        assert_eq!(server.write("a", write).await["rows_affected"], 0);
    }
    let allowed = json!({"create_namespace": false, "upsert_rows": [{"id": "x", "n": 1}]});
    server.write("a", allowed).await;
    assert_eq!(server.documents("a").await, json!([{"id": "x", "n": 1}]));
}

#[tokio::test]
async fn a_metric_is_named_once_and_may_be_named_again() {
    let server = Server::start(&Options::memory()).await;
    let upsert = json!([{"id": 1, "vector": [1, 0]}]);
    for metric in ["cosine_distance", "euclidean_squared", "dot_product"] {
        let named = json!({"distance_metric": metric, "upsert_rows": upsert});
        server.write(metric, named.clone()).await;
        server.write(metric, json!({"upsert_rows": upsert})).await;
        server.write(metric, named).await;
        let shown = server.get(&format!("/v2/namespaces/{metric}/metadata")).await.ok();
        assert_eq!(shown["schema"]["vector"]["ann"], json!({"distance_metric": metric}));
    }
}
