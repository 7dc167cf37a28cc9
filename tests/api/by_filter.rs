//! What is deleted and patched by filter, in both contracts: in which order, and what is answered.

use serde_json::{Value, json};

use crate::server::{Options, Server};
use crate::talk::without_counts;

const COUNTS: &[&str] =
    &["/seq", "/billing/billable_logical_bytes_written", "/performance/server_total_ms"];

async fn documented() -> Server {
    let server = Server::start(&Options::memory()).await;
    let write = json!({
        "schema": {"silent": {"type": "string", "filterable": false}},
        "upsert_rows": [
            {"id": 1, "owner": "bob", "n": 1}, {"id": 2, "owner": "bob", "n": 2},
            {"id": 3, "owner": "eve", "n": 3}, {"id": 4, "n": 4},
        ],
    });
    server.write("a", write).await;
    server
}

async fn told(server: &Server, write: Value) -> Value {
    without_counts(server.write("a", write).await, COUNTS)
}

fn answer(changed: Value) -> Value {
    let queried = json!({"billable_logical_bytes_queried": 256_000_000, "billable_logical_bytes_returned": 0});
    let mut answer = json!({
        "status": "OK", "message": "documents committed successfully", "rows_remaining": false,
        "seq": null, "billing": {"billable_logical_bytes_written": null, "query": queried},
        "performance": {"server_total_ms": null},
    });
    for (name, value) in changed.as_object().unwrap() {
        answer[name] = value.clone();
    }
    answer
}

#[tokio::test]
async fn all_that_matches_is_deleted_and_counted() {
    let server = documented().await;
    let delete = json!({"delete_by_filter": ["owner", "Eq", "bob"], "return_affected_ids": true});
    let two = answer(json!({"rows_affected": 2, "rows_deleted": 2, "deleted_ids": [1, 2]}));
    assert_eq!(told(&server, delete.clone()).await, two);
    let none = answer(json!({"rows_affected": 0, "rows_deleted": 0}));
    assert_eq!(told(&server, delete).await, none);
    assert_eq!(server.ids("a", json!({"rank_by": ["id", "asc"], "limit": 9})).await, [3, 4]);
}

#[tokio::test]
async fn all_that_matches_is_patched_and_keeps_the_rest() {
    let server = documented().await;
    let patch = json!({
        "patch_by_filter": {"filters": ["owner", "Eq", "bob"], "patch": {"owner": "eve", "x": true}},
        "patch_by_filter_allow_partial": true, "return_affected_ids": true,
    });
    let two = answer(json!({"rows_affected": 2, "rows_patched": 2, "patched_ids": [1, 2]}));
    assert_eq!(told(&server, patch).await, two);
    let documents = json!([
        {"id": 1, "owner": "eve", "n": 1, "x": true}, {"id": 2, "owner": "eve", "n": 2, "x": true},
        {"id": 3, "owner": "eve", "n": 3}, {"id": 4, "n": 4},
    ]);
    assert_eq!(server.documents("a").await, documents);
    let cleared = json!({"patch_by_filter": {"filters": ["n", "Gt", 1], "patch": {"owner": null}}});
    assert_eq!(told(&server, cleared).await["rows_patched"], 3);
    assert_eq!(server.matching("a", &json!(["owner", "Eq", null])).await, [2, 3, 4]);
}

/// What is deleted is not patched, what is patched by filter may be deleted by id, and all of it is
/// one request.
#[tokio::test]
async fn one_request_deletes_by_filter_then_patches_by_filter_then_does_what_is_named() {
    let server = documented().await;
    let write = json!({
        "upsert_rows": [{"id": 1, "n": 10}], "patch_rows": [{"id": 2, "n": 20}], "deletes": [4],
        "delete_by_filter": ["owner", "Eq", "bob"],
        "patch_by_filter": {"filters": ["And", []], "patch": {"n": 0}},
        "return_affected_ids": true,
    });
    let all = answer(json!({
        "rows_affected": 6, "rows_upserted": 1, "rows_patched": 2, "rows_deleted": 3,
        "upserted_ids": [1], "patched_ids": [3, 4], "deleted_ids": [1, 2, 4],
    }));
    assert_eq!(told(&server, write).await, all);
    let documents = json!([{"id": 1, "n": 10}, {"id": 3, "owner": "eve", "n": 0}]);
    assert_eq!(server.documents("a").await, documents);
}

#[tokio::test]
async fn a_key_that_comes_again_deletes_nothing_more() {
    let server = documented().await;
    let (delete, key) = (json!({"delete_by_filter": ["n", "Gt", 0]}), [("Idempotency-Key", "k")]);
    let body = delete.to_string();
    for _ in 0..2 {
        let answer = server.call("POST", "/v2/namespaces/a", &key, body.as_bytes()).await.ok();
        assert_eq!(
            (&answer["rows_deleted"], &answer["rows_remaining"]),
            (&json!(4), &json!(false))
        );
        server.write("a", json!({"upsert_rows": [{"id": 9, "n": 9}]})).await;
    }
    assert_eq!(server.documents("a").await, json!([{"id": 9, "n": 9}]));
}

#[tokio::test]
async fn what_no_filter_can_do_is_refused_and_nothing_is_done() {
    let server = documented().await;
    let patch = |filters: Value, patch: Value| json!({"patch_by_filter": {"filters": filters, "patch": patch}, "deletes": [1]});
    let all = || json!(["And", []]);
    let cases = [
        (json!({"delete_by_filter": ["silent", "Eq", "x"]}), 400, "not filterable"),
        (json!({"delete_by_filter": ["absent", "Eq", 1]}), 400, "attribute not found"),
        (json!({"delete_by_filter": ["n", "Eq", "x"]}), 400, "type mismatch"),
        (json!({"delete_by_filter": ["n", "Eq", {"$ref_new": "n"}]}), 400, "$ref_new"),
        (patch(all(), json!({"n": "x"})), 400, "attribute 'n'"),
        (patch(all(), json!({"id": 7})), 400, "cannot change the id"),
        (patch(json!(["owner"]), json!({"n": 1})), 422, "patch_by_filter.filters"),
    ];
    server.refuses("/v2/namespaces/a", &cases).await;
    assert_eq!(server.matching("a", &json!(["And", []])).await, [1, 2, 3, 4]);
    let absent = json!({"delete_by_filter": ["n", "Eq", 1]});
    server.refuses("/v2/namespaces/absent", &[(absent, 404, "was not found")]).await;
}

#[tokio::test]
async fn of_v1_a_delete_may_have_a_filter_instead_of_ids() {
    let server = documented().await;
    let path = "/v1/namespaces/a/delete";
    let by_filter = json!({"filter": {"field": "n", "op": "gte", "value": 3}});
    for count in [2, 0] {
        let answer = server.post(path, &by_filter).await.ok();
        assert_eq!(answer["count"], count);
    }
    assert_eq!(server.matching("a", &json!(["And", []])).await, [1, 2]);
    let both = json!({"filter": {"field": "n", "op": "eq", "value": 1}, "ids": [1]});
    server.refuses(path, &[(both, 400, "cannot both be given"), (json!({}), 422, "`ids`")]).await;
}

#[tokio::test]
async fn a_namespace_is_pinned_until_it_is_not_and_says_so() {
    let server = documented().await;
    let path = "/v1/namespaces/a/metadata";
    for (pinning, replicas) in [(json!(true), 1), (json!({"replicas": 2}), 2), (json!({}), 1)] {
        let set = server.send("PATCH", path, &json!({"pinning": pinning})).await.ok();
        assert_eq!(set["pinning"]["replicas"], replicas);
        assert_eq!(set["pinning"]["status"]["ready_replicas"], 0, "none is set aside");
        let mut again = server.get(path).await.ok()["pinning"].take();
        // What is known of it is known now.
        again["status"]["updated_at"] = set["pinning"]["status"]["updated_at"].clone();
        assert_eq!(again, set["pinning"]);
    }
    let other = server.send("PATCH", path, &json!({"read_only": true})).await.ok();
    assert_eq!(other["pinning"]["replicas"], 1, "what is not said stays");
    for nothing in [json!(null), json!(false)] {
        server.send("PATCH", path, &json!({"pinning": true})).await.ok();
        let unset = server.send("PATCH", path, &json!({"pinning": nothing})).await.ok();
        assert!(unset.get("pinning").is_none() && unset["read_only"] == true, "{unset}");
    }
    let odd = server.send("PATCH", path, &json!({"pinning": {"replicas": 0}})).await;
    assert_eq!(odd.status, 400, "{}", odd.text());
}
