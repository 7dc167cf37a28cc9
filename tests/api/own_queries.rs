//! Queries of v1: similarities, highest first, filters as objects, orders, and the shape of it all.

use serde_json::{Value, json};

use crate::server::{Options, Server};
use crate::talk::without_counts;

const TOLERANCE: f64 = 1e-6;

async fn filled(metric: &str) -> Server {
    let server = Server::start(&Options::memory()).await;
    let schema = json!({"schema": {
        "vector_dim": 2, "vector_metric": metric,
        "attributes": {
            "title": {"type": "string"}, "year": {"type": "integer"},
            "hidden": {"type": "integer", "indexed": false},
            "tags": {"type": "array<string>"}, "seen": {"type": "datetime"},
        },
    }});
    assert_eq!(server.send("PUT", "/v1/namespaces/a", &schema).await.status, 201);
    let documents = json!({"documents": [
        {"id": 1, "vector": [3, 4],
         "attributes": {"title": "x", "year": 3, "tags": ["p"], "seen": "2024-03-01"}},
        {"id": 2, "vector": [6, 8], "attributes": {"title": "y", "year": 1, "tags": ["p", "q"]}},
        {"id": 3, "vector": [-3, -4], "attributes": {"title": "z"}},
        {"id": 4, "attributes": {"year": 2, "hidden": 1}},
    ]});
    assert_eq!(server.post("/v1/namespaces/a/upsert", &documents).await.ok()["count"], 4);
    server
}

async fn ask(server: &Server, query: &Value) -> Value {
    let answer = server.post("/v1/namespaces/a/query", query).await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.text());
    answer.ok()
}

async fn ids(server: &Server, query: &Value) -> Value {
    let answer = ask(server, query).await;
    answer["results"].as_array().unwrap().iter().map(|found| found["id"].clone()).collect()
}

#[tokio::test]
async fn similar_is_high_in_every_metric() {
    for (metric, expected) in [
        ("cosine", [(1, 1.0), (2, 1.0), (3, -1.0)]),
        ("l2", [(1, 0.0), (2, -5.0), (3, -10.0)]),
        ("dot", [(2, 50.0), (1, 25.0), (3, -25.0)]),
    ] {
        let server = filled(metric).await;
        for query in [
            json!({"vector": [3, 4]}),
            json!({"vector": "AABAQAAAgEA=", "top_k": 3, "metric": metric}),
        ] {
            let answer = ask(&server, &query).await;
            let results = answer["results"].as_array().unwrap();
            assert_eq!(results.len(), 3, "{metric}: {answer}");
            for (found, (id, score)) in results.iter().zip(expected) {
                let near = found["score"].as_f64().unwrap() - score;
                assert!(found["id"] == id && near.abs() < TOLERANCE, "{metric} {id}: {answer}");
            }
        }
        assert_eq!(
            ids(&server, &json!({"vector": [3, 4], "top_k": 1})).await,
            json!([expected[0].0])
        );
    }
}

#[tokio::test]
async fn an_answer_has_results_and_what_they_took() {
    let server = filled("cosine").await;
    let query = json!({"vector": [3, 4], "top_k": 1, "include_vector": true});
    let answer = ask(&server, &query).await;
    let counts = ["/took_ms", "/performance/server_total_ms", "/performance/seq"];
    let expected = json!({
        "results": [{
            "id": 1, "score": 1.0, "vector": [3.0, 4.0],
            "attributes": {
                "title": "x", "year": 3, "tags": ["p"], "seen": "2024-03-01T00:00:00.000000000Z",
            },
        }],
        "took_ms": null,
        "performance": {
            "server_total_ms": null, "exhaustive_search_count": 4, "approx_namespace_size": 4,
            "seq": null, "segments": 0, "object_reads": 0, "object_bytes": 0,
        },
    });
    assert_eq!(without_counts(answer, &counts), expected);
}

#[tokio::test]
async fn an_answer_says_how_many_segments_it_is_of_and_what_it_waited_for_to_be_read() {
    let server = Server::start(&Options::folder().with("ELACSYM__INDEXER__FOLD_SLOTS", "4")).await;
    for id in 0..6 {
        server.write("a", json!({"upsert_rows": [{"id": id, "n": id}]})).await;
    }
    server.folded("a").await;
    let told = |answer: &Value| {
        ["segments", "object_reads", "object_bytes"]
            .map(|name| answer["performance"][name].as_u64().unwrap())
    };
    let is_cold = |answer: &Value| {
        let [segments, reads, bytes] = told(answer);
        assert!(segments > 0 && reads >= segments && bytes > 0, "{answer}");
    };
    // What is read for the plan is there for the answer, which tells it all the same.
    let says_so = |answer: &Value| {
        let [_, reads, bytes] = told(answer);
        let line = format!("reads of the store: {reads}, of {bytes} bytes\n");
        assert!(answer["explain"].as_str().unwrap().contains(&line), "{answer}");
    };
    let own = json!({"explain": true});
    let other = json!({"rank_by": ["id", "asc"], "limit": 1, "explain": true});
    // Killed, it has nothing at hand when it is asked again.
    let server = server.killed_and_started().await;
    let cold = ask(&server, &own).await;
    is_cold(&cold);
    says_so(&cold);
    let warm = [ask(&server, &own).await, server.query("a", other.clone()).await];
    for answer in &warm {
        assert_eq!(told(answer), [told(&cold)[0], 0, 0], "{answer}");
        says_so(answer);
    }
    let server = server.killed_and_started().await;
    let cold = server.query("a", other).await;
    is_cold(&cold);
    says_so(&cold);
    let server = server.killed_and_started().await;
    is_cold(&ask(&server, &json!({})).await);
}

#[tokio::test]
async fn what_comes_with_a_document_is_said() {
    let server = filled("cosine").await;
    let vector = json!([3.0, 4.0]);
    for (said, found) in [
        (
            json!({"include_attributes": ["year"]}),
            json!({"id": 1, "score": 0.0, "attributes": {"year": 3}}),
        ),
        (json!({"include_attributes": []}), json!({"id": 1, "score": 0.0, "attributes": {}})),
        // Named, it comes like any other.
        (
            json!({"include_attributes": ["vector"]}),
            json!({"id": 1, "score": 0.0, "vector": vector, "attributes": {}}),
        ),
        (
            json!({"include_attributes": ["year"], "include_vector": true}),
            json!({"id": 1, "score": 0.0, "vector": vector, "attributes": {"year": 3}}),
        ),
        (
            json!({"include_attributes": [], "include_vector": true}),
            json!({"id": 1, "score": 0.0, "vector": vector, "attributes": {}}),
        ),
    ] {
        let mut query = json!({"filter": {"field": "id", "op": "eq", "value": 1}});
        query.as_object_mut().unwrap().extend(said.as_object().unwrap().clone());
        assert_eq!(ask(&server, &query).await["results"], json!([found]), "{said}");
    }
}

#[tokio::test]
async fn filters_are_objects_with_the_rules_of_v2() {
    let server = filled("cosine").await;
    let one = |op: &str, value: Value| json!({"field": "year", "op": op, "value": value});
    let cases = [
        (one("eq", json!(1)), json!([2])),
        (one("eq", json!(null)), json!([3])),
        (one("ne", json!(1)), json!([1, 3, 4])),
        (one("gt", json!(1)), json!([1, 4])),
        (one("gte", json!(1)), json!([1, 2, 4])),
        // Null is lowest.
        (one("lt", json!(2)), json!([2, 3])),
        (one("lte", json!(2)), json!([2, 3, 4])),
        (one("in", json!([1, 3])), json!([1, 2])),
        (one("not_in", json!([1, 3])), json!([3, 4])),
        (one("exists", json!(true)), json!([1, 2, 4])),
        (one("exists", json!(false)), json!([3])),
        (json!({"field": "year", "op": "exists"}), json!([1, 2, 4])),
        (json!({"field": "tags", "op": "in", "value": ["q"]}), json!([2])),
        (json!({"field": "seen", "op": "gte", "value": "2024-02-29"}), json!([1])),
        (json!({"field": "title", "op": "glob", "value": "[xy]"}), json!([1, 2])),
        (json!({"field": "title", "op": "regex", "value": "^[yz]$"}), json!([2, 3])),
        (json!({"type": "and", "conditions": []}), json!([1, 2, 3, 4])),
        (json!({"type": "or", "conditions": []}), json!([])),
        (
            json!({"type": "and", "conditions": [
                one("gt", json!(0)),
                {"type": "or", "conditions": [one("eq", json!(1)), one("eq", json!(2))]},
            ]}),
            json!([2, 4]),
        ),
        // Of several, none may hold.
        (
            json!({"type": "not", "conditions": [one("eq", json!(1)), one("eq", json!(2))]}),
            json!([1, 3]),
        ),
    ];
    for (filter, expected) in cases {
        assert_eq!(ids(&server, &json!({"filter": filter})).await, expected, "{filter}");
    }
    let near = json!({"vector": [3, 4], "filter": one("lt", json!(3))});
    assert_eq!(ids(&server, &near).await, json!([2, 3]));
}

#[tokio::test]
async fn without_a_vector_the_order_is_said_or_is_that_of_ids() {
    let server = filled("cosine").await;
    for (query, expected) in [
        (json!({}), json!([1, 2, 3, 4])),
        (json!({"top_k": 2}), json!([1, 2])),
        (json!({"sort": [{"field": "year"}]}), json!([3, 2, 4, 1])),
        (json!({"sort": [{"field": "year", "order": "desc"}]}), json!([1, 4, 2, 3])),
        (json!({"sort": [{"field": "id", "order": "desc"}], "top_k": 1}), json!([4])),
    ] {
        let answer = ask(&server, &query).await;
        let results = answer["results"].as_array().unwrap();
        assert!(results.iter().all(|found| found["score"] == 0.0), "{answer}");
        assert_eq!(ids(&server, &query).await, expected, "{query}");
    }
    let many: Vec<Value> = (10..40).map(|id| json!({"id": id})).collect();
    let upserted = server.post("/v1/namespaces/a/upsert", &json!({"documents": many})).await.ok();
    let default = ask(&server, &json!({"min_seq": upserted["seq"]})).await;
    assert_eq!(default["results"].as_array().map(Vec::len), Some(10));
}

#[tokio::test]
async fn a_query_that_means_nothing_is_refused_by_name() {
    let server = filled("cosine").await;
    let filter = |filter: Value| json!({"filter": filter});
    let cases = [
        (json!({"metric": "l2"}), 400, "that of this namespace is `cosine`, and not `l2`"),
        (json!({"metric": "x"}), 422, "unknown variant `x`"),
        (json!({"vector": [1]}), 400, "expects [2]f32, but got 1 numbers"),
        (json!({"vector": [1, 0], "sort": [{"field": "year"}]}), 400, "two orders"),
        (json!({"top_k": 0}), 400, "top_k is 1 to 10000"),
        (json!({"top_k": 10001}), 400, "top_k is 1 to 10000"),
        (json!({"top_k": "ten"}), 422, "top_k: invalid type"),
        (json!({"limit": 1}), 400, "unknown field `limit`"),
        (json!({"sort": [{"field": "year", "order": "up"}]}), 400, "sort[0].order"),
        (json!({"sort": [{}]}), 422, "sort[0]: missing field `field`"),
        (json!({"include_attributes": ["gone"]}), 400, "\"gone\" not found in schema"),
        (filter(json!([])), 422, "filter: invalid type: sequence"),
        (filter(json!({"op": "eq"})), 422, "filter: missing field `field`"),
        (filter(json!({"field": "year", "op": "like"})), 400, "unknown filter operator `like`"),
        (filter(json!({"field": "gone", "op": "eq", "value": 1})), 400, "attribute not found"),
        (filter(json!({"field": "hidden", "op": "eq", "value": 1})), 400, "`indexed: true` in /v1"),
        (filter(json!({"field": "year", "op": "eq", "vlaue": 1})), 400, "`filter.vlaue`"),
        (filter(json!({"type": "xor", "conditions": []})), 400, "`and`, `or` or `not`"),
        (filter(json!({"type": "and"})), 422, "filter: missing field `conditions`"),
    ];
    server.refuses("/v1/namespaces/a/query", &cases).await;
}

/// What would give a namespace its vectors is said when it is created, and this contract says it in
/// words of its own.
#[tokio::test]
async fn where_there_are_no_vectors_none_is_taken_and_none_is_asked_for() {
    let server = Server::start(&Options::memory()).await;
    assert_eq!(server.send("PUT", "/v1/namespaces/a", &json!({"schema": {}})).await.status, 201);
    let upsert = "/v1/namespaces/a/upsert";
    let vector = json!({"documents": [{"id": 1, "vector": [1, 2]}]});
    let told = "`vector_dim` and `vector_metric` in its schema";
    server.refuses(upsert, &[(vector.clone(), 400, told)]).await;
    for odd in [json!(7), json!(true), json!(["a"]), json!([[1, 0]]), json!({"a": 1}), json!("x")] {
        let under = json!({"documents": [{"id": 1, "attributes": {"vector": odd}}]});
        server.refuses(upsert, &[(under, 422, "`vector` stands beside them")]).await;
    }
    let nothing = json!({"documents": [{"id": 2, "vector": null}, {"id": 3, "vector": []}]});
    server.post(upsert, &nothing).await.ok();
    server.post(upsert, &json!({"documents": [{"id": 1}]})).await.ok();
    server.refuses(upsert, &[(vector, 400, told)]).await;
    let query = "/v1/namespaces/a/query";
    server.refuses(query, &[(json!({"metric": "l2"}), 400, told)]).await;
    server.refuses(query, &[(json!({"vector": [1, 2]}), 400, told)]).await;
    let words = json!({"vector": [1], "full_text": {"field": "title", "query": "x"}});
    server.refuses(query, &[(words, 400, told)]).await;
    let exists = json!({"field": "vector", "op": "exists"});
    server.refuses(query, &[(json!({"filter": exists}), 400, "`vector` is not in")]).await;
    let absent = json!({"field": "absent", "op": "eq", "value": 1});
    let both = json!({"vector": [1, 2], "min_seq": 99_999, "filter": absent});
    server.refuses(query, &[(both, 400, "99999")]).await;
    // What /v2 has declared by that name is written by both.
    let odd = json!({"schema": {"vector": "int"}, "upsert_rows": [{"id": 1, "vector": 7}]});
    server.write("odd", odd).await;
    let eight = json!({"documents": [{"id": 1, "vector": 8}]});
    server.post("/v1/namespaces/odd/upsert", &eight).await.ok();
    assert_eq!(server.documents("odd").await, json!([{"id": 1, "vector": 8}]));
    let filled = filled("cosine").await;
    let exists = json!({"filter": {"field": "vector", "op": "exists"}});
    filled.refuses(query, &[(exists, 400, "searched for, and not filtered by")]).await;
}

/// Buckets are called by milliseconds, and whoever looks into one has nothing else.
#[tokio::test]
async fn a_moment_may_be_asked_for_by_its_milliseconds() {
    let server = Server::start(&Options::memory()).await;
    let schema = json!({"schema": {"attributes": {
        "t": {"type": "datetime"}, "ts": {"type": "array<datetime>"}, "n": {"type": "integer"},
    }}});
    assert_eq!(server.send("PUT", "/v1/namespaces/a", &schema).await.status, 201);
    let [day, night] = ["2024-03-01T00:00:00Z", "2024-03-01T00:00:00.001Z"];
    let document = |id: u64, t: &str| json!({"id": id, "attributes": {"t": t, "ts": [t], "n": 1_709_251_200_000_u64}});
    let documents = json!({"documents": [document(1, day), document(2, night)]});
    server.post("/v1/namespaces/a/upsert", &documents).await.ok();
    let ms = 1_709_251_200_000_u64;
    for (field, op, value, expected) in [
        ("t", "eq", json!(ms), json!([1])),
        ("t", "gt", json!(ms), json!([2])),
        ("t", "lte", json!(ms as f64), json!([1])),
        ("t", "ne", json!(ms), json!([2])),
        ("t", "in", json!([ms, night]), json!([1, 2])),
        ("t", "not_in", json!([ms + 1]), json!([1])),
        ("ts", "contains", json!(ms + 1), json!([2])),
        ("ts", "contains_any", json!([ms, ms + 1]), json!([1, 2])),
        ("ts", "eq", json!([ms]), json!([1])),
        ("n", "eq", json!(ms), json!([1, 2])),
    ] {
        let filter = json!({"filter": {"field": field, "op": op, "value": value}});
        assert_eq!(ids(&server, &filter).await, expected, "{filter}");
    }
    let counts =
        |query: Value| json!({"aggs": {"x": {"filters": {"filters": {"b": query}}}}, "top_k": 0});
    for (query, expected) in [
        (json!({"range": {"t": {"gte": ms, "lt": ms + 1}}}), 1),
        (json!({"term": {"t": ms}}), 1),
        (json!({"terms": {"ts": [ms, ms + 1]}}), 2),
    ] {
        let told = ask(&server, &counts(query.clone())).await;
        assert_eq!(told["aggregations"]["x"]["buckets"]["b"]["doc_count"], expected, "{query}");
    }
    let path = "/v1/namespaces/a/query";
    for odd in [json!(0.5), json!(1e300), json!(true)] {
        let filter = json!({"filter": {"field": "t", "op": "gt", "value": odd}});
        server.refuses(path, &[(filter, 400, "Gt expects datetime")]).await;
    }
    let mixed = json!({"filter": {"field": "t", "op": "in", "value": [-1, "x"]}});
    server.refuses(path, &[(mixed, 400, "In expects []datetime, but got '[-1, x]'")]).await;
    let null = counts(json!({"term": {"t": null}}));
    server.refuses(path, &[(null, 400, "term.t is a value, and null is none")]).await;
    let null = counts(json!({"term": {"t": {"value": null}}}));
    server.refuses(path, &[(null, 400, "term.t is a value, and null is none")]).await;
    let null = counts(json!({"terms": {"t": [ms, null]}}));
    server.refuses(path, &[(null, 400, "terms.t[1] is a value, and null is none")]).await;
    // The other contract has moments as texts alone.
    let by = json!({"rank_by": ["id", "asc"], "limit": 1, "filters": ["t", "Gt", ms]});
    server.refuses("/v2/namespaces/a/query", &[(by, 400, "Gt expects datetime")]).await;
}
