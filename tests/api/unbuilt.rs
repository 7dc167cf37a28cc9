//! What a contract has and this server has not: refused with 400, which no client repeats, by the
//! name of the field; and nothing of the request is done.

use serde_json::{Value, json};

use crate::server::{Options, Server};

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
    let rows = json!([{"id": 2}]);
    let cases = [
        (json!({"upsert_rows": rows, "delete_by_filter": ["n", "Eq", 1]}), "`delete_by_filter`"),
        (
            json!({
                "upsert_rows": rows,
                "patch_by_filter": {"filters": ["n", "Eq", 1], "patch": {"n": 2}},
            }),
            "`patch_by_filter`",
        ),
        (json!({"copy_from_namespace": "b"}), "`copy_from_namespace`"),
        (json!({"copy_from_namespace": {"source_namespace": "b"}}), "`copy_from_namespace`"),
        (json!({"branch_from_namespace": "b"}), "`branch_from_namespace`"),
        (json!({"upsert_rows": rows, "sharding": {"num_shards": 2}}), "`sharding`"),
        (json!({"upsert_rows": rows, "upsert_condition": ["tags", "Contains", "x"]}), "`Contains`"),
        (json!({"upsert_rows": rows, "encryption": {"mode": "customer-managed"}}), "encryption"),
        // Of what is no flag, `false` is no way to do without.
        (json!({"upsert_rows": rows, "delete_by_filter": false}), "`delete_by_filter`"),
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
    let with = |name: &str, value: Value| {
        let mut query = json!({"rank_by": ["id", "asc"], "limit": 1});
        query[name] = value;
        query
    };
    let by = |rank_by: Value| with("rank_by", rank_by);
    let aggregate = |expression: Value| json!({"aggregate_by": {"x": expression}});
    let bm25 = json!(["t", "BM25", "x"]);
    let mut cases = vec![
        (with("offset", json!(5)), "`offset`"),
        (with("compute_attributes", json!({"x": bm25})), "`compute_attributes`"),
        (with("rerank_by", json!(["RRF"])), "`rerank_by`"),
        (
            with("limit", json!({"total": 1, "per": {"attributes": ["n"], "limit": 1}})),
            "`limit.per`",
        ),
        (with("deadline_ms", json!(5)), "`deadline_ms`"),
        (with("explain", json!(true)), "`explain`"),
        (by(bm25.clone()), "BM25"),
        (by(json!(["t", "BM25", "x", {"last_as_prefix": true}])), "BM25"),
        (by(json!(["t", "SparseKNN", {"x": 1}])), "SparseKNN"),
        (by(json!(["Sum", [bm25]])), "Sum"),
        (by(json!(["Max", 0, ["Attribute", "n"]])), "Max"),
        (by(json!(["Product", 2, bm25])), "Product"),
        (by(json!(["Attribute", "n"])), "Attribute"),
        (by(json!(["Saturate", ["Attribute", "n"], {"midpoint": 1}])), "Saturate"),
        (by(json!(["Decay", ["Attribute", "n"], {"midpoint": 1}])), "Decay"),
        (by(json!(["Dist", ["Attribute", "n"], 1])), "Dist"),
        (by(json!(["n", "Eq", 1])), "Eq"),
        (by(json!(["And", [["n", "Eq", 1]]])), "And"),
        (by(json!(["vector", "ANN", [[1, 0], [0, 1]]])), "several vectors"),
        (aggregate(json!(["Sum", "n"])), "Sum"),
        (aggregate(json!(["Count", "n"])), "Count"),
        (aggregate(json!(["Terms", "n", {}])), "Terms"),
        (json!({"aggregate_by": {"x": ["Count"]}, "group_by": ["n"], "limit": 5}), "`group_by`"),
        (json!({"aggregate_by": {"x": ["Count"]}, "group_by": false}), "`group_by`"),
        (with("rerank_by", json!(false)), "`rerank_by`"),
        (with("deadline_ms", json!(false)), "`deadline_ms`"),
        (json!({"queries": [by(json!(["id", "asc"]))], "rerank_by": ["RRF"]}), "`rerank_by`"),
    ];
    for op in [
        "Contains",
        "NotContains",
        "ContainsAny",
        "NotContainsAny",
        "AnyLt",
        "AnyLte",
        "AnyGt",
        "AnyGte",
        "Glob",
        "NotGlob",
        "IGlob",
        "NotIGlob",
        "Regex",
        "ContainsAllTokens",
        "ContainsAnyToken",
        "ContainsTokenSequence",
    ] {
        cases.push((with("filters", json!(["t", op, "x"])), op));
    }
    cases.push((with("filters", json!(["t", "Fuzzy", "x", {"max_edit_distance": []}])), "Fuzzy"));
    check(&server, "/v2/namespaces/a/query", &cases).await;
    let mut off = with("explain", json!(false));
    off["disable_cache"] = json!(false);
    off["allow_partial"] = json!(false);
    off["group_by"] = json!(null);
    assert_eq!(server.ids("a", off).await, [json!(1)]);
    let embed = by(json!(["vector", "ANN", ["Embed", "x"]]));
    server.refuses("/v2/namespaces/a/query", &[(embed, 400, "Embed")]).await;
}

#[tokio::test]
async fn paths_that_are_not_built_are_named() {
    let server = documented().await;
    let empty = || json!({});
    for (path, named) in [
        ("/v2/namespaces/a/explain_query", "explain_query"),
        ("/v2/namespaces/a/async?stainless_overload=startCopyFrom", "start_copy_from"),
        ("/v1/namespaces/a/_debug/recall", "recall"),
    ] {
        check(&server, path, &[(empty(), named)]).await;
    }
    for (path, named) in [
        ("/v1/namespaces/a/operations/t?stainless_overload=pollCopyFrom", "poll_copy_from"),
        ("/v1/namespaces/a/_debug/warm_cache", "warm_cache"),
        ("/v1/namespaces/a/_debug/purge_cache", "purge_cache"),
        ("/v1/namespaces/a/export", "export"),
        ("/v1/namespaces/a/export?format=jsonl", "export"),
        ("/v1/cluster", "cluster"),
        ("/v1/cluster/owner/a", "cluster/owner"),
        ("/openapi.json", "openapi.json"),
    ] {
        let answer = server.get(path).await;
        let refusal = answer.refusal();
        let code = &answer.json()["code"];
        assert_eq!((answer.status, code), (400, &json!("not_supported")), "{path}: {refusal}");
        assert!(refusal.contains(&format!("`{named}`")), "{path}: {refusal}");
    }
    let pinned = json!({"pinning": {"replicas": 1}});
    for version in ["v1", "v2"] {
        let path = format!("/{version}/namespaces/a/metadata");
        let answer = server.send("PATCH", &path, &pinned).await;
        assert!(answer.refusal().contains("`pinning`"), "{}", answer.text());
        assert_eq!(answer.status, 400);
        server.send("PATCH", &path, &json!({"pinning": null})).await.ok();
    }
}

#[tokio::test]
async fn what_v1_has_not_is_named_too() {
    let server = documented().await;
    let filter = |op: &str| json!({"filter": {"field": "t", "op": op, "value": "x"}});
    let cases = [
        (json!({"full_text": {"field": "t", "query": "x"}}), "`full_text`"),
        (json!({"full_text": false}), "`full_text`"),
        (json!({"vector": [1, 0], "rrf": {"k": 60}}), "`rrf`"),
        (json!({"aggs": {"n": {"terms": {"field": "n"}}}}), "`aggs`"),
        (json!({"vector": [1, 0], "min_score": 0.5}), "`min_score`"),
        (json!({"explain": true}), "`explain`"),
        (filter("contains"), "contains"),
        (filter("contains_any"), "contains_any"),
        (filter("glob"), "glob"),
        (filter("regex"), "regex"),
    ];
    check(&server, "/v1/namespaces/a/query", &cases).await;
    let by_filter = json!({"filter": {"field": "n", "op": "eq", "value": 1}});
    check(&server, "/v1/namespaces/a/delete", &[(by_filter, "`filter`")]).await;
    assert_eq!(server.matching("a", &json!(["And", []])).await, [json!(1)]);
}
