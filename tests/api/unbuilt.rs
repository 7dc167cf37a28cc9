//! What a contract has and this server has not: refused with 400, which no client repeats, by the
//! name of the field; and nothing of the request is done.

use serde_json::{Value, json};

use crate::server::{Options, Server};
use crate::talk::first_with;

async fn documented() -> Server {
    let server = Server::start(&Options::memory()).await;
    let write = json!({
        "distance_metric": "cosine_distance",
        "schema": {"t": {"type": "string", "filterable": true, "full_text_search": true}},
        "upsert_rows": [{"id": 1, "vector": [1, 0], "n": 1, "t": "x", "tags": ["x"]}],
    });
    server.write("a", write).await;
    server
}

async fn check(server: &Server, path: &str, cases: &[(Value, &str)]) {
    for (body, named) in cases {
        let answer = server.post(path, body).await;
        let refusal = answer.refusal();
        assert!(refusal.contains(*named), "{body}: {named} is not in {refusal}");
        let code = &answer.json()["code"];
        assert_eq!((answer.status, code), (400, &json!("not_supported")), "{body}: {refusal}");
    }
}

#[tokio::test]
async fn writes_of_v2_that_are_not_built_are_named() {
    let server = documented().await;
    let rows = json!([{"id": 2, "vector": null}]);
    let cases = [
        (json!({"copy_from_namespace": "b"}), "`copy_from_namespace`"),
        (json!({"copy_from_namespace": {"source_namespace": "b"}}), "`copy_from_namespace`"),
        (json!({"branch_from_namespace": "b"}), "`branch_from_namespace`"),
        (json!({"upsert_rows": rows, "sharding": {"num_shards": 2}}), "`sharding`"),
        (json!({"upsert_rows": rows, "encryption": {"mode": "customer-managed"}}), "encryption"),
        // Of what is no flag, `false` is no way to do without.
        (json!({"upsert_rows": rows, "sharding": false}), "`sharding`"),
    ];
    check(&server, "/v2/namespaces/a", &cases).await;
    assert_eq!(server.matching("a", &json!(["And", []])).await, [json!(1)]);
    // To say that it is not wanted is no mistake.
    let without = json!({
        "upsert_rows": rows, "delete_by_filter": null, "delete_by_filter_allow_partial": false,
        "sharding": null, "disable_backpressure": true,
    });
    server.write("a", without).await;
}

#[tokio::test]
async fn queries_of_v2_that_are_not_built_are_named() {
    let server = documented().await;
    let cases = [(first_with("allow_partial", json!(true)), "`allow_partial`")];
    check(&server, "/v2/namespaces/a/query", &cases).await;
    let mut off = first_with("explain", json!(false));
    off["disable_cache"] = json!(false);
    off["allow_partial"] = json!(false);
    off["group_by"] = json!(null);
    assert_eq!(server.ids("a", off).await, [json!(1)]);
    let embed = first_with("rank_by", json!(["vector", "ANN", ["Embed", "x"]]));
    let rerank = first_with("rerank_by", json!({"model": "m", "attribute": "t", "query": "x"}));
    let cases = [(embed, 400, "Embed"), (rerank, 400, "model")];
    server.refuses("/v2/namespaces/a/query", &cases).await;
}

#[tokio::test]
async fn paths_that_are_not_built_are_named() {
    let server = documented().await;
    let copy = "/v2/namespaces/a/async?stainless_overload=startCopyFrom";
    check(&server, copy, &[(json!({}), "start_copy_from")]).await;
    for (path, named) in [
        ("/v1/namespaces/a/operations/t?stainless_overload=pollCopyFrom", "poll_copy_from"),
        ("/v1/namespaces/a/export", "export"),
        ("/v1/namespaces/a/export?format=jsonl", "export"),
        ("/v1/cluster", "cluster"),
        ("/v1/cluster/owner/a", "cluster/owner"),
    ] {
        let answer = server.get(path).await;
        let refusal = answer.refusal();
        let code = &answer.json()["code"];
        assert_eq!((answer.status, code), (400, &json!("not_supported")), "{path}: {refusal}");
        assert!(refusal.contains(&format!("`{named}`")), "{path}: {refusal}");
    }
}

#[tokio::test]
async fn what_v1_has_not_is_named_too() {
    let server = documented().await;
    let noted = json!({"aggs": {"x": {"avg": {"field": "n"}, "meta": {"by": "me"}}}});
    check(&server, "/v1/namespaces/a/query", &[(noted, "`aggs.x.meta`")]).await;
    assert_eq!(server.matching("a", &json!(["And", []])).await, [json!(1)]);
}
