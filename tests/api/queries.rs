//! Queries of v2 apart from what they match and in which order: the shape of an answer, how many,
//! with what of each document, counted, several at a time, and how new.

use std::time::Duration;

use elacsym::env::Clock;
use serde_json::{Value, json};

use crate::server::{Options, Server};
use crate::talk::without_counts;

/// Two documents, written in one request, whose `seq` is returned.
async fn two() -> (Server, u64) {
    let server = Server::start(&Options::memory()).await;
    let write = json!({
        "distance_metric": "euclidean_squared",
        "upsert_rows": [
            {"id": 1, "vector": [0.7, 0.7], "title": "x", "n": 1},
            {"id": 2, "vector": [2, 0.1], "title": "y"},
        ],
    });
    let seq = server.write("a", write).await["seq"].as_u64().unwrap();
    (server, seq)
}

#[tokio::test]
async fn an_answer_has_the_shape_that_clients_read() {
    let (server, seq) = two().await;
    let query = json!({"rank_by": ["vector", "ANN", [0.7, 0.7]], "limit": 2});
    let mut answer = server.query("a", query).await;
    let moment = answer["performance"]["last_included_write_at"].take();
    let moment = moment.as_str().unwrap();
    assert!(moment.starts_with("20") && moment.ends_with('Z'), "{moment}");
    for count in ["server_total_ms", "query_execution_ms"] {
        assert!(answer["performance"][count].as_u64() > Some(0), "{answer}");
    }
    assert!(answer["performance"]["seq"].as_u64() >= Some(seq), "{answer}");
    let far = answer["rows"][1]["$dist"].take().as_f64().unwrap();
    assert!((far - 2.05).abs() < 1e-6, "{far}");
    let places = ["server_total_ms", "query_execution_ms", "seq"];
    let places = places.map(|place| format!("/performance/{place}"));
    let expected = json!({
        "rows": [{"id": 1, "$dist": 0.0}, {"id": 2, "$dist": null}],
        "billing": {
            "billable_logical_bytes_queried": 256_000_000, "billable_logical_bytes_returned": 24,
        },
        "performance": {
            "cache_hit_ratio": 1.0, "cache_temperature": "hot", "server_total_ms": null,
            "query_execution_ms": null, "exhaustive_search_count": 2, "approx_namespace_size": 2,
            "last_included_write_at": null, "seq": null,
            "segments": 0, "object_reads": 0, "object_bytes": 0,
        },
    });
    assert_eq!(without_counts(answer, &places.each_ref().map(String::as_str)), expected);
}

/// Clients tell `1` from `1.0`, and a reader a number from its nearest neighbour in f64.
#[tokio::test]
async fn numbers_are_printed_as_short_as_they_can_be_read_again() {
    let (server, _) = two().await;
    let all = json!({"rank_by": ["id", "asc"], "limit": 2, "include_attributes": true});
    let text = server.post("/v2/namespaces/a/query", &all).await.text();
    for part in [r#""vector":[0.7,0.7]"#, r#""vector":[2.0,0.1]"#, r#""cache_hit_ratio":1.0"#] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let mut packed = all;
    packed["vector_encoding"] = json!("base64");
    let rows = server.query("a", packed.clone()).await["rows"].take();
    assert_eq!(rows[0]["vector"], "MzMzPzMzMz8=");
    packed["vector_encoding"] = json!("float");
    let rows = server.query("a", packed).await["rows"].take();
    assert_eq!(rows[0]["vector"], json!([0.7, 0.7]));
}

#[tokio::test]
async fn how_many_is_said_in_three_ways() {
    let (server, _) = two().await;
    for limit in [json!({"limit": 1}), json!({"top_k": 1}), json!({"limit": {"total": 1}})] {
        let mut query = json!({"rank_by": ["id", "asc"]});
        query.as_object_mut().unwrap().extend(limit.as_object().unwrap().clone());
        assert_eq!(server.ids("a", query).await, [json!(1)], "{limit}");
    }
    let nothing = json!({"rank_by": ["id", "asc"], "limit": 10000, "filters": ["id", "Gt", 7]});
    assert_eq!(server.query("a", nothing).await["rows"], json!([]));
}

#[tokio::test]
async fn a_row_has_what_was_asked_for_and_what_is_missing_is_absent() {
    let (server, _) = two().await;
    let (one, two) = (json!([0.7, 0.7]), json!([2.0, 0.1]));
    for (said, rows) in [
        (json!({}), json!([{"id": 1}, {"id": 2}])),
        (json!({"include_attributes": false}), json!([{"id": 1}, {"id": 2}])),
        (json!({"include_attributes": []}), json!([{"id": 1}, {"id": 2}])),
        (json!({"include_attributes": ["id", "n"]}), json!([{"id": 1, "n": 1}, {"id": 2}])),
        (
            json!({"include_attributes": ["vector"]}),
            json!([{"id": 1, "vector": one}, {"id": 2, "vector": two}]),
        ),
        (
            json!({"include_attributes": true}),
            json!([
                {"id": 1, "vector": one, "title": "x", "n": 1},
                {"id": 2, "vector": two, "title": "y"},
            ]),
        ),
        (
            json!({"exclude_attributes": ["vector", "gone"]}),
            json!([{"id": 1, "title": "x", "n": 1}, {"id": 2, "title": "y"}]),
        ),
        (
            json!({"exclude_attributes": []}),
            json!([
                {"id": 1, "vector": one, "title": "x", "n": 1},
                {"id": 2, "vector": two, "title": "y"},
            ]),
        ),
    ] {
        let mut query = json!({"rank_by": ["id", "asc"], "limit": 2});
        query.as_object_mut().unwrap().extend(said.as_object().unwrap().clone());
        assert_eq!(server.query("a", query).await["rows"], rows, "{said}");
    }
}

#[tokio::test]
async fn matches_are_counted_without_rows_and_beside_them() {
    let (server, _) = two().await;
    let counted = |filter: Value| {
        let labels = json!({"all": ["Count"], "again": ["Count"]});
        json!({"aggregate_by": labels, "filters": filter})
    };
    for (filter, count) in
        [(json!(null), 2), (json!(["n", "Eq", 1]), 1), (json!(["n", "Eq", 7]), 0)]
    {
        let answer = server.query("a", counted(filter)).await;
        assert_eq!(answer["aggregations"], json!({"all": count, "again": count}));
        assert!(answer.get("rows").is_none(), "{answer}");
    }
    // The contract once refused a limit here, and now it is passed over.
    let limited = json!({"aggregate_by": {"n": ["Count"]}, "top_k": 1});
    assert_eq!(server.query("a", limited).await["aggregations"]["n"], 2);
    let both = json!({"aggregate_by": {"n": ["Count"]}, "rank_by": ["id", "desc"], "limit": 1});
    let answer = server.query("a", both).await;
    assert_eq!((&answer["rows"], &answer["aggregations"]["n"]), (&json!([{"id": 2}]), &json!(2)));
}

#[tokio::test]
async fn several_queries_are_answered_in_their_order_from_one_moment() {
    let (server, _) = two().await;
    let queries = json!({
        "queries": [
            {"rank_by": ["id", "desc"], "limit": 1, "consistency": "whatever"},
            {"aggregate_by": {"n": ["Count"]}, "filters": ["id", "Gt", 1]},
            {"rank_by": ["vector", "ANN", [0.7, 0.7]], "limit": 1,
             "include_attributes": ["vector"]},
        ],
        "consistency": {"level": "strong"}, "vector_encoding": "base64",
    });
    let answer = server.query("a", queries).await;
    let results = json!([
        {"rows": [{"id": 2}]},
        {"aggregations": {"n": 1}},
        {"rows": [{"id": 1, "$dist": 0.0, "vector": "MzMzPzMzMz8="}]},
    ]);
    assert_eq!(answer["results"], results);
    assert!(answer.get("rows").is_none() && answer["billing"].is_object(), "{answer}");
    assert!(answer["performance"].is_object(), "{answer}");

    let one = json!({"aggregate_by": {"n": ["Count"]}});
    let sixteen = server.query("a", json!({"queries": vec![one.clone(); 16]})).await;
    assert_eq!(sixteen["results"].as_array().map(Vec::len), Some(16));
    let nested = json!({"queries": [{"queries": [one]}]});
    let cases = [
        (json!({"queries": []}), 400, "between 1 and 16"),
        (json!({"queries": vec![one.clone(); 17]}), 400, "between 1 and 16"),
        (json!({"queries": [one], "filters": ["id", "Eq", 1]}), 400, "`filters`"),
        (nested, 400, "`queries[0].queries`"),
        (json!({"queries": {}}), 422, "queries: invalid type"),
    ];
    server.refuses("/v2/namespaces/a/query", &cases).await;
}

#[tokio::test]
async fn whoever_wrote_reads_what_was_written_however_stale_others_may_be() {
    let (server, mut seq) = two().await;
    for n in 0..20 {
        let write = json!({"upsert_rows": [{"id": 1, "vector": null, "n": n}]});
        let next = server.write("a", write).await["seq"].as_u64().unwrap();
        assert!(next > seq);
        seq = next;
        for consistency in [json!(null), json!({"level": "strong"}), json!({"level": "eventual"})] {
            let mut query = json!({
                "rank_by": ["id", "asc"], "limit": 1, "include_attributes": ["n"],
                "consistency": consistency,
            });
            if consistency["level"] == "eventual" {
                query["min_seq"] = json!(seq);
            }
            assert_eq!(server.query("a", query).await["rows"], json!([{"id": 1, "n": n}]));
        }
    }
    let ahead = json!({"rank_by": ["id", "asc"], "limit": 1, "min_seq": seq + 1_000_000});
    server.refuses("/v2/namespaces/a/query", &[(ahead, 400, "min_seq")]).await;
}

/// What a server has at hand once it was asked does not grow by what another one writes.
#[tokio::test]
async fn what_another_server_wrote_is_seen_when_staleness_has_reached_its_bound() {
    let options = Options::folder();
    let (one, two) = (Server::start(&options).await, Server::start(&options).await);
    let seen = async |max_staleness_seconds: u64| {
        let consistency =
            json!({"level": "eventual", "max_staleness_seconds": max_staleness_seconds});
        two.ids("a", json!({"rank_by": ["id", "asc"], "limit": 9, "consistency": consistency}))
            .await
    };
    one.write("a", json!({"upsert_rows": [{"id": 1}]})).await;
    assert_eq!(seen(60).await, [json!(1)]);
    one.write("a", json!({"upsert_rows": [{"id": 2}]})).await;
    assert_eq!(seen(60).await, [json!(1)]);
    Clock::start().sleep(Duration::from_millis(1100)).await;
    assert_eq!(seen(1).await, [json!(1), json!(2)]);
    one.write("a", json!({"upsert_rows": [{"id": 3}]})).await;
    assert_eq!(seen(0).await, [json!(1), json!(2), json!(3)]);
}
