//! Vectors that an upsert of v2 leaves out: each is given, or is said to be none.

use serde_json::{Value, json};

use crate::server::{Options, Server};

const WRITE: &str = "/v2/namespaces/a";

fn told(place: &str, name: &str) -> String {
    format!(
        "💔 {place}: vector attribute '{name}' must be given; null says that the document has none"
    )
}

async fn refuses(server: &Server, path: &str, write: Value, place: &str, name: &str) {
    server.refuses(path, &[(write, 400, &told(place, name))]).await;
}

/// A document with a vector, with several in one value, and with weights.
async fn documented() -> Server {
    let server = Server::start(&Options::memory()).await;
    let write = json!({
        "distance_metric": "euclidean_squared",
        "schema": {
            "late": {"type": "[][2]f32", "ann": {"late_interaction": true}}, "words": "{}f16",
        },
        "upsert_rows": [{"id": 1, "vector": [1, 0], "late": [[1, 0]], "words": {"a": 1}, "n": 1}],
    });
    server.write("a", write).await;
    server
}

#[tokio::test]
async fn an_upsert_that_leaves_out_a_vector_is_refused_whole() {
    let server = documented().await;
    let before = server.documents("a").await;
    let whole = json!({"id": 2, "vector": [1, 0], "late": null});
    for (write, place, name) in [
        (
            json!({"upsert_rows": [whole, {"id": 3, "late": null, "n": 1}]}),
            "upsert_rows[1]",
            "vector",
        ),
        (json!({"upsert_rows": [{"id": 3, "vector": "AACAPwAAAEA="}]}), "upsert_rows[0]", "late"),
        (
            json!({"upsert_columns": {"id": [2, 3], "late": [null, []], "n": [1, 2]}}),
            "upsert_columns",
            "vector",
        ),
        (
            json!({"upsert_rows": [whole], "upsert_columns": {"id": [3], "vector": [null]}}),
            "upsert_columns",
            "late",
        ),
        // Whatever would come of it.
        (
            json!({"upsert_rows": [{"id": 1, "late": []}], "upsert_condition": ["id", "Eq", null]}),
            "upsert_rows[0]",
            "vector",
        ),
        (
            json!({"upsert_rows": [{"id": 4, "vector": null}], "deletes": [1]}),
            "upsert_rows[0]",
            "late",
        ),
    ] {
        refuses(&server, WRITE, write, place, name).await;
        assert_eq!(server.documents("a").await, before);
    }
}

#[tokio::test]
async fn null_says_that_a_document_has_no_vector() {
    let server = documented().await;
    // Of weights nothing is asked.
    let row = json!({"id": 1, "vector": null, "late": null, "n": 2});
    server.write("a", json!({"upsert_rows": [row]})).await;
    let columns = json!({"id": [2, 3], "vector": [null, [0, 1]], "late": [null, null]});
    server.write("a", json!({"upsert_columns": columns})).await;
    server.write("a", json!({"patch_rows": [{"id": 2, "n": 3}]})).await;
    let expected = json!([{"id": 1, "n": 2}, {"id": 2, "n": 3}, {"id": 3, "vector": [0.0, 1.0]}]);
    assert_eq!(server.documents("a").await, expected);
    let near = json!({"rank_by": ["vector", "ANN", [1, 0]], "limit": 9});
    assert_eq!(server.ids("a", near).await, [json!(3)]);
}

#[tokio::test]
async fn the_rows_that_make_a_namespace_agree_on_its_vectors() {
    let server = Server::start(&Options::memory()).await;
    let first = |rows: Value| json!({"distance_metric": "cosine_distance", "upsert_rows": rows});
    let (near, bare) = (json!({"id": 1, "vector": [1, 0]}), json!({"id": 2, "n": 1}));
    refuses(&server, WRITE, first(json!([near, bare])), "upsert_rows[1]", "vector").await;
    refuses(&server, WRITE, first(json!([bare, near])), "upsert_rows[0]", "vector").await;
    let mut declared = first(json!([bare]));
    declared["schema"] = json!({"v": {"type": "[2]i8", "ann": true}});
    refuses(&server, WRITE, declared, "upsert_rows[0]", "v").await;
    assert_eq!(server.get("/v1/namespaces/a/schema").await.status, 404);

    let none = json!({"id": 2, "vector": null, "n": 1});
    server.write("a", first(json!([none, near]))).await;
    let expected = json!([{"id": 1, "vector": [1.0, 0.0]}, {"id": 2, "n": 1}]);
    assert_eq!(server.documents("a").await, expected);
    // Of one without vectors nothing is asked.
    server.write("b", json!({"upsert_rows": [bare]})).await;
    server.write("b", json!({"upsert_rows": [{"id": 3}]})).await;
}

#[tokio::test]
async fn a_vector_that_is_dropped_is_not_asked_for() {
    let server = documented().await;
    let path = "/v1/namespaces/a/schema";
    server.post(path, &json!({"late": {"drop": true}})).await.ok();
    server.write("a", json!({"upsert_rows": [{"id": 2, "vector": [1, 1]}]})).await;
    let drops = json!({"schema": {"vector": {"drop": true}}, "upsert_rows": [{"id": 3, "n": 3}]});
    server.write("a", drops).await;
    server.write("a", json!({"upsert_columns": {"id": [4]}})).await;
    let ids = server.matching("a", &json!(["And", []])).await;
    assert_eq!(ids, [json!(1), json!(2), json!(3), json!(4)]);
}

/// What was done under a key is told again, whoever would refuse it now.
#[tokio::test]
async fn documents_of_v1_may_have_no_vector_and_a_key_answers_as_before() {
    let server = documented().await;
    let documents = json!({"documents": [{"id": 2, "attributes": {"n": 2}}]}).to_string();
    let row = json!({"create_namespace": false, "upsert_rows": [{"id": 2, "n": 2}]});
    let key = [("Idempotency-Key", "k")];
    let path = "/v1/namespaces/a/upsert";
    let first = server.call("POST", path, &key, documents.as_bytes()).await.ok();
    assert_eq!(first["count"], 1);
    let again = server.call("POST", WRITE, &key, row.to_string().as_bytes()).await.ok();
    assert_eq!((&again["rows_upserted"], &again["seq"]), (&json!(1), &first["seq"]));
    let place = "upsert_rows[0]";
    let answer = server.post(WRITE, &row).await;
    assert!(answer.status == 400 && answer.refusal().contains(place), "{}", answer.text());
    assert_eq!(server.documents("a").await[1], json!({"id": 2, "n": 2}));
}
