//! A vector and a text in one query of v1, made one by the formula of reciprocal rank fusion; what
//! is left out for a low score; the plan beside an answer; and that all of it is of one moment.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::own_texts::{ask, filled, scores, upsert};
use crate::server::Server;

const QUERY: &str = "/v1/namespaces/a/query";
/// More than each ranking has at least.
const MANY: u64 = 130;
const ROUNDS: i64 = 40;

/// What is near has a high id, and two of three have a text, the shorter the better.
async fn many() -> Server {
    let server = filled().await;
    let document = |id: u64| {
        let title = format!("walrus{}", " x".repeat((id as usize * 37) % 131));
        let title = if id.is_multiple_of(3) { json!({}) } else { json!({"title": title}) };
        json!({"id": 100 + id, "vector": [id, 1], "attributes": title})
    };
    upsert(&server, (1..=MANY).map(document).collect()).await;
    server
}

fn ids(answer: &Value) -> Vec<u64> {
    scores(answer).iter().map(|(id, _)| id.as_u64().unwrap()).collect()
}

/// As the formula has it. What counts nothing finds nothing.
fn fused(rankings: [&[u64]; 2], weights: [f64; 2], k: f64) -> Vec<(u64, f32)> {
    let mut sums: BTreeMap<u64, f64> = BTreeMap::new();
    let counted = rankings.into_iter().zip(weights).filter(|(_, weight)| *weight > 0.0);
    for (ranking, weight) in counted {
        for (at, id) in ranking.iter().enumerate() {
            *sums.entry(*id).or_default() += weight / (k + (at + 1) as f64);
        }
    }
    let mut fused: Vec<(u64, f32)> = sums.into_iter().map(|(id, sum)| (id, sum as f32)).collect();
    fused.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    fused
}

#[tokio::test]
async fn a_vector_and_a_text_are_made_one_by_their_ranks() {
    let server = many().await;
    let text = json!({"field": "title", "query": "walrus"});
    let found = async |said: Value, filter: &Value| {
        let mut query = json!({"include_attributes": [], "filter": filter});
        query.as_object_mut().unwrap().extend(said.as_object().unwrap().clone());
        ask(&server, &query).await
    };
    for filter in [json!(null), json!({"field": "id", "op": "gt", "value": 150})] {
        for top_k in [1_usize, 5, 100, 120, 200] {
            let depth = top_k.max(100);
            let nearest = found(json!({"vector": [1, 0], "top_k": depth}), &filter).await;
            let texts = found(json!({"full_text": text, "top_k": depth}), &filter).await;
            let (nearest, texts) = (ids(&nearest), ids(&texts));
            assert!(nearest.len() > texts.len() && texts.len() > 50, "{nearest:?} {texts:?}");
            for (rrf, weight, k, weights) in [
                (json!(null), json!(null), 60.0, [0.5, 0.5]),
                (json!({"k": 1}), json!(null), 1.0, [0.5, 0.5]),
                (json!({"k": 0.5, "vector_weight": 2}), json!(3), 0.5, [2.0, 3.0]),
                (json!({"vector_weight": 0}), json!(1), 60.0, [0.0, 1.0]),
                (json!(null), json!(0), 60.0, [0.5, 0.0]),
                (json!({"vector_weight": 0}), json!(0), 60.0, [0.0, 0.0]),
            ] {
                let text = json!({"field": "title", "query": "walrus", "weight": weight});
                let said = json!({"vector": [1, 0], "full_text": text, "rrf": rrf, "top_k": top_k});
                let told = scores(&found(said.clone(), &filter).await);
                let told: Vec<(u64, f32)> = told
                    .iter()
                    .map(|(id, score)| (id.as_u64().unwrap(), score.as_f64().unwrap() as f32))
                    .collect();
                let mut expected = fused([&nearest, &texts], weights, k);
                expected.truncate(top_k);
                assert_eq!(told, expected, "{said} {filter}");
            }
        }
    }
}

#[tokio::test]
async fn what_scores_less_than_is_asked_for_is_left_out() {
    let server = filled().await;
    let text = json!({"fields": ["title", "body"], "query": "the walrus walks"});
    for query in [
        json!({"vector": [3, 1]}),
        json!({"full_text": text}),
        json!({"vector": [3, 1], "full_text": text}),
    ] {
        let all = scores(&ask(&server, &query).await);
        assert!(all.len() > 5, "{query}: {all:?}");
        let of = |score: &Value| score.as_f64().unwrap();
        // What scores just so much stays, and so does all that is above.
        for (_, least) in &all {
            let mut query = query.clone();
            query["min_score"] = least.clone();
            let enough: Vec<(Value, Value)> =
                all.iter().filter(|(_, score)| of(score) >= of(least)).cloned().collect();
            assert_eq!(scores(&ask(&server, &query).await), enough, "{query}");
            assert!(!enough.is_empty());
        }
        for (least, count) in [(-100, all.len()), (100, 0)] {
            let mut query = query.clone();
            query["min_score"] = json!(least);
            assert_eq!(scores(&ask(&server, &query).await).len(), count, "{query}");
        }
    }
}

#[tokio::test]
async fn the_plan_is_that_of_v2_and_of_two_rankings_that_of_each_and_of_what_is_made_of_them() {
    let server = filled().await;
    let plan = async |rank_by: Value, limit: u64| {
        let filters = json!(["year", "Gte", 2000]);
        let query = json!({"rank_by": rank_by, "filters": filters, "limit": limit});
        let told = server.post("/v2/namespaces/a/explain_query", &query).await.ok();
        told["plan_text"].as_str().unwrap().to_owned()
    };
    let filter = json!({"field": "year", "op": "gte", "value": 2000});
    let explained = async |said: Value| {
        let mut query = json!({"filter": filter, "top_k": 3, "explain": true});
        query.as_object_mut().unwrap().extend(said.as_object().unwrap().clone());
        let answer = ask(&server, &query).await;
        assert!(!scores(&answer).is_empty(), "{answer}");
        answer["explain"].as_str().unwrap().to_owned()
    };
    let (near, words) = (json!(["vector", "ANN", [1, 0]]), json!(["title", "BM25", "walrus"]));
    let text = json!({"field": "title", "query": "walrus", "weight": 2});
    assert_eq!(explained(json!({"vector": [1, 0]})).await, plan(near.clone(), 3).await);
    assert_eq!(explained(json!({"full_text": text})).await, plan(words.clone(), 3).await);
    assert_eq!(explained(json!({})).await, plan(json!(["id", "asc"]), 3).await);
    let fusion = "fusion: the highest sum of 0.5 / (7 + rank) and 2 / (7 + rank), the first 3\n";
    let of_each = [plan(near.clone(), 100).await, plan(words.clone(), 100).await];
    let parts = [&of_each[..], &[fusion.to_owned()]].concat().join("\n");
    let both = json!({"vector": [1, 0], "full_text": text, "rrf": {"k": 7}});
    assert_eq!(explained(both).await, parts);
    let since = json!(["year", "Gte", 2000]);
    let ranked = |by: Value| json!({"rank_by": by, "filters": since, "limit": 100});
    let mut both = json!({
        "queries": [ranked(near), ranked(words)], "limit": 3,
        "rerank_by": ["RRF", {"rank_constant": 7, "weights": [0.5, 2]}],
    });
    let told = server.post("/v2/namespaces/a/explain_query", &both).await.ok();
    assert_eq!(told["plan_text"], parts);
    both["explain"] = json!(true);
    let told = server.post("/v2/namespaces/a/query", &both).await.ok();
    assert_eq!(told["explain"], parts);
    for explain in [json!(false), json!(null)] {
        let answer = ask(&server, &json!({"full_text": text, "explain": explain})).await;
        assert!(answer.get("explain").is_none(), "{answer}");
    }
}

#[tokio::test]
async fn hits_and_what_is_said_of_all_are_of_one_moment() {
    let server = filled().await;
    // From one write to the next, all of them have another year.
    let of_year = |year: i64| -> Value {
        let attributes = json!({"title": "walrus", "year": year});
        let document = |id: u64| json!({"id": id, "vector": [id, 1], "attributes": attributes});
        (1..=20).map(document).collect()
    };
    upsert(&server, of_year(0)).await;
    let write = async {
        for year in 1..=ROUNDS {
            upsert(&server, of_year(year)).await;
        }
    };
    let read = async {
        for _ in 0..ROUNDS {
            let query = json!({
                "vector": [1, 0], "full_text": {"field": "title", "query": "walrus"}, "top_k": 50,
                "include_attributes": ["year"], "aggs": {"years": {"stats": {"field": "year"}}},
            });
            let answer = ask(&server, &query).await;
            let stats = &answer["aggregations"]["years"];
            let results = answer["results"].as_array().unwrap();
            assert_eq!((&stats["count"], results.len()), (&json!(20), 20), "{answer}");
            assert_eq!(stats["min"], stats["max"], "{answer}");
            for found in results {
                assert_eq!(found["attributes"]["year"].as_f64(), stats["min"].as_f64(), "{answer}");
            }
        }
    };
    tokio::join!(write, read);
}

#[tokio::test]
async fn what_fuses_nothing_or_leaves_nothing_out_is_refused_by_name() {
    let server = filled().await;
    let text = json!({"field": "title", "query": "walrus"});
    let both = |rrf: Value| json!({"vector": [1, 0], "full_text": text, "rrf": rrf});
    let sort = json!([{"field": "year"}]);
    let alone = "`rrf` makes one of two rankings: give `vector` and `full_text` with it";
    let cases = [
        (json!({"vector": [1, 0], "rrf": {}}), 400, alone),
        (json!({"full_text": text, "rrf": {"k": 60}}), 400, alone),
        (json!({"rrf": {}}), 400, alone),
        (both(json!({"k": 0})), 400, "rrf.k is above 0, not 0"),
        (both(json!({"k": "60"})), 422, "rrf.k: invalid type: string"),
        (both(json!({"vector_weight": -1})), 400, "rrf.vector_weight is 0, or 0.000001 to 1000000"),
        (both(json!({"weights": [1, 2]})), 400, "unknown field `rrf.weights`"),
        (both(json!([])), 422, "rrf: invalid type: sequence, expected an object"),
        (json!({"min_score": 0.5}), 400, "`min_score` is of scores"),
        (json!({"min_score": 0.5, "sort": sort}), 400, "`min_score` is of scores"),
        (json!({"vector": [1, 0], "min_score": "high"}), 422, "min_score: invalid type"),
        (json!({"vector": [1, 0], "full_text": text, "sort": sort}), 400, "are two orders"),
        (json!({"vector": [1], "full_text": text}), 400, "expects [2]f32, but got 1 numbers"),
        (json!({"vector": [1, 0], "explain": 1}), 422, "explain: invalid type"),
    ];
    server.refuses(QUERY, &cases).await;
}
