//! Ids that may be below zero, where the schema says `int`: both contracts know them in whatever an
//! id goes through, in the log as in segments, and nobody has them unasked.

use serde_json::{Value, json};

use crate::server::{Options, Server};

const WRITE: &str = "/v2/namespaces/a";
const QUERY: &str = "/v2/namespaces/a/query";
/// What no signed id is any more.
const BEYOND: u64 = 1 << 63;

/// Six documents, each in a request of its own.
async fn filled(options: &Options) -> Server {
    let server = Server::start(options).await;
    let declared = json!({"create_namespace": true, "schema": {"id": "int", "n": "int"}});
    server.write("a", declared).await;
    for (id, n) in [(7, 1), (-1, 1), (i64::MAX, 2), (0, 2), (i64::MIN, 3), (-10, 3)] {
        let upsert = json!({"upsert_rows": [{"id": id, "n": n}], "return_affected_ids": true});
        let answer = server.write("a", upsert).await;
        assert_eq!(answer["upserted_ids"], json!([id]));
        assert_eq!(answer["billing"]["billable_logical_bytes_written"], 8 + 8);
    }
    server
}

fn sorted(ids: &Value) -> Vec<i64> {
    let mut ids: Vec<i64> = ids.as_array().unwrap().iter().map(|id| id.as_i64().unwrap()).collect();
    ids.sort_unstable();
    ids
}

/// That everything is found by its id and in the order of ids.
async fn check(server: &Server) {
    let (least, most) = (i64::MIN, i64::MAX);
    for (filter, expected) in [
        (json!(["id", "NotEq", null]), json!([least, -10, -1, 0, 7, most])),
        (json!(["id", "Eq", -1]), json!([-1])),
        (json!(["id", "NotEq", -1]), json!([least, -10, 0, 7, most])),
        (json!(["id", "Lt", 0]), json!([least, -10, -1])),
        (json!(["id", "Lte", least]), json!([least])),
        (json!(["id", "Gt", -0.5]), json!([0, 7, most])),
        (json!(["id", "Gte", -10]), json!([-10, -1, 0, 7, most])),
        (json!(["id", "Lt", BEYOND]), json!([least, -10, -1, 0, 7, most])),
        (json!(["id", "Eq", BEYOND]), json!([])),
        (json!(["id", "In", [-10, 7, 2.5, BEYOND]]), json!([-10, 7])),
        (json!(["id", "In", -10]), json!([-10])),
        (json!(["id", "NotIn", [least, 0]]), json!([-10, -1, 7, most])),
        (json!(["id", "Eq", null]), json!([])),
    ] {
        assert_eq!(json!(server.matching("a", &filter).await), expected, "{filter}");
    }
    for (rank_by, expected) in [
        (json!(["id", "desc"]), json!([most, 7, 0, -1, -10, least])),
        // Of what is equal, the lower id comes first.
        (json!(["n", "desc"]), json!([least, -10, 0, most, -1, 7])),
    ] {
        let found = server.ids("a", json!({"rank_by": rank_by, "limit": 9})).await;
        assert_eq!(json!(found), expected, "{rank_by}");
    }
    let groups = json!({"aggregate_by": {"n": ["Count"]}, "group_by": ["id"], "limit": 2});
    let first = json!([{"id": least, "n": 1}, {"id": -10, "n": 1}]);
    assert_eq!(server.query("a", groups).await["aggregation_groups"], first);
    let per = json!({"total": 2, "per": {"attributes": ["id"], "limit": 1}});
    let found = server.ids("a", json!({"rank_by": ["id", "asc"], "limit": per})).await;
    assert_eq!(json!(found), json!([least, -10]));
    let odd = |filter: Value| json!({"rank_by": ["id", "asc"], "limit": 1, "filters": filter});
    let refused = [
        (odd(json!(["id", "Eq", "-1"])), 400, "Eq expects int, but got '-1'"),
        (odd(json!(["id", "Glob", "-*"])), 400, "key `id`"),
    ];
    server.refuses(QUERY, &refused).await;
}

#[tokio::test]
async fn ids_go_by_their_value_in_the_log_and_in_segments() {
    let options = Options::folder().with("ELACSYM__INDEXER__FOLD_SLOTS", "2");
    let server = filled(&options).await;
    check(&server).await;
    server.folded("a").await;
    check(&server).await;
    let server = server.killed_and_started().await;
    check(&server).await;
    // What lies in a segment is found there, to be replaced, patched and deleted.
    let changes = json!({
        "upsert_rows": [{"id": -10, "n": 5}], "patch_rows": [{"id": i64::MIN, "n": 6}],
        "deletes": [i64::MAX, -7],
    });
    assert_eq!(server.write("a", changes).await["rows_affected"], 3);
    let after = json!([
        {"id": i64::MIN, "n": 6}, {"id": -10, "n": 5}, {"id": -1, "n": 1}, {"id": 0, "n": 2},
        {"id": 7, "n": 1},
    ]);
    assert_eq!(server.documents("a").await, after);
    assert_eq!(server.killed_and_started().await.documents("a").await, after);
}

#[tokio::test]
async fn what_is_written_may_speak_of_the_id() {
    let server = filled(&Options::memory()).await;
    let listed = |mut write: Value| {
        write["return_affected_ids"] = json!(true);
        server.write("a", write)
    };
    let below = listed(json!({
        "patch_rows": [{"id": -1, "n": -1}, {"id": 0, "n": -1}, {"id": -2, "n": 0}],
        "patch_condition": ["id", "Lte", {"$ref_new": "n"}],
    }));
    assert_eq!(below.await["patched_ids"], json!([-1]));
    let listed_among = listed(json!({
        "upsert_rows": [{"id": -10, "n": -10}, {"id": 7, "n": -10}],
        "upsert_condition": ["id", "In", [{"$ref_new": "n"}, 1]],
    }));
    assert_eq!(listed_among.await["upserted_ids"], json!([-10]));
    let patched = listed(json!({
        "patch_by_filter": {"filters": ["id", "Gt", 0], "patch": {"n": 9}},
    }));
    assert_eq!(sorted(&patched.await["patched_ids"]), [7, i64::MAX]);
    let deleted = listed(json!({"delete_by_filter": ["id", "Lt", -1]}));
    assert_eq!(sorted(&deleted.await["deleted_ids"]), [i64::MIN, -10]);
    let left = json!([
        {"id": -1, "n": -1}, {"id": 0, "n": 2}, {"id": 7, "n": 9}, {"id": i64::MAX, "n": 9},
    ]);
    assert_eq!(server.documents("a").await, left);
}

#[tokio::test]
async fn a_request_that_comes_again_is_told_its_ids_again() {
    let server = filled(&Options::memory()).await;
    let insert = json!({
        "upsert_rows": [{"id": -4}], "upsert_condition": ["id", "Eq", null],
        "return_affected_ids": true,
    });
    for _ in 0..2 {
        let key = [("Idempotency-Key", "k")];
        let answer = server.call("POST", WRITE, &key, insert.to_string().as_bytes()).await.ok();
        assert_eq!(answer["upserted_ids"], json!([-4]));
    }
    assert_eq!(server.write("a", insert).await["rows_affected"], 0);
}

#[tokio::test]
async fn both_contracts_know_them() {
    let server = filled(&Options::memory()).await;
    let shown = server.get("/v2/namespaces/a/metadata").await.ok();
    assert_eq!(shown["schema"]["id"], json!({"type": "int"}));
    let shown = server.get("/v1/namespaces/a/schema").await.ok();
    let alone = json!({"type": "int", "filterable": null, "full_text_search": null});
    assert_eq!(shown["id"], alone);
    let again = json!({"id": "int"});
    server.post("/v1/namespaces/a/schema", &again).await.ok();

    for (path, id, n) in [("-10", -10, 3), ("7", 7, 1), ("-9223372036854775808", i64::MIN, 3)] {
        let document = server.get(&format!("/v1/namespaces/a/documents/{path}")).await.ok();
        assert_eq!(document, json!({"id": id, "attributes": {"n": n}}));
    }
    let absent = ["-11", "x", "+7", "--7", "9223372036854775808", "-9223372036854775809"];
    for path in absent {
        let answer = server.get(&format!("/v1/namespaces/a/documents/{path}")).await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.text());
    }
    let below = json!({"filter": {"field": "id", "op": "lt", "value": 0}});
    let answer = server.post("/v1/namespaces/a/query", &below).await.ok();
    let found = answer["results"].as_array().unwrap().iter().map(|found| found["id"].clone());
    assert_eq!(json!(found.collect::<Vec<Value>>()), json!([i64::MIN, -10, -1]));
    let documents = json!({"documents": [{"id": -5, "attributes": {"n": 4}}]});
    let upserted = server.post("/v1/namespaces/a/upsert", &documents).await.ok();
    assert_eq!(upserted["count"], 1);
    let deleted = server.post("/v1/namespaces/a/delete", &json!({"ids": [-5, -6]})).await.ok();
    assert_eq!(deleted["count"], 1);
}

#[tokio::test]
async fn nobody_has_them_unasked() {
    let server = Server::start(&Options::memory()).await;
    let upsert = |id: Value| json!({"upsert_rows": [{"id": id}]});
    let unasked = "unless the schema declares ids as int";
    server.refuses(WRITE, &[(upsert(json!(-1)), 400, unasked)]).await;
    assert_eq!(server.get("/v1/namespaces/a/schema").await.status, 404);
    server.write("a", upsert(json!(1))).await;
    let late = json!({"schema": {"id": "int"}, "upsert_rows": [{"id": -1}]});
    let refused = [
        (upsert(json!(-1)), 400, "id '-1' must be a non-negative integer"),
        (json!({"deletes": [-1]}), 400, "id '-1' must be a non-negative integer"),
        (late, 400, "from uint to int"),
    ];
    server.refuses(WRITE, &refused).await;
}

#[tokio::test]
async fn what_is_no_signed_integer_is_refused_by_name() {
    let server = filled(&Options::memory()).await;
    let upsert = |id: Value| json!({"upsert_rows": [{"id": id}]});
    let integer = "must be an integer from -2^63 to 2^63 - 1: ids here are of type int";
    let refused = [
        (upsert(json!(BEYOND)), 400, integer),
        (upsert(json!("-1")), 400, integer),
        (json!({"deletes": [u64::MAX]}), 400, integer),
        (json!({"upsert_columns": {"id": ["a"]}}), 400, integer),
        (upsert(json!(-1.5)), 422, "untagged enum Id"),
        (json!({"upsert_rows": [{"id": -3}, {"id": -3}]}), 400, "id '-3' is there twice"),
        (json!({"upsert_rows": [{"id": -3}], "deletes": [-3]}), 400, "id '-3' is there twice"),
    ];
    server.refuses(WRITE, &refused).await;
    let zeros = r#"{"upsert_rows":[{"id":0},{"id":-0}]}"#;
    let answer = server.call("POST", WRITE, &[], zeros.as_bytes()).await;
    assert!(answer.refusal().contains("id '0' is there twice"), "{}", answer.text());
    assert_eq!(server.matching("a", &json!(["id", "Lt", 0])).await, [i64::MIN, -10, -1]);
}
