//! Nearest neighbours of v2: exact over what is there, three metrics, ties by id.

use serde_json::{Value, json};

use crate::server::{Options, Server};

/// How far a distance in f32 may be from the true one.
const TOLERANCE: f64 = 1e-6;

/// The ids of an answer, and how far each is.
fn found(answer: &Value) -> Vec<(u64, f64)> {
    let rows = answer["rows"].as_array().unwrap();
    let row = |row: &Value| (row["id"].as_u64().unwrap(), row["$dist"].as_f64().unwrap());
    rows.iter().map(row).collect()
}

fn assert_near(found: &[(u64, f64)], expected: &[(u64, f64)]) {
    let same = |(a, b): (&(u64, f64), &(u64, f64))| a.0 == b.0 && (a.1 - b.1).abs() < TOLERANCE;
    let all = found.len() == expected.len() && found.iter().zip(expected).all(same);
    assert!(all, "{found:?} is not {expected:?}");
}

#[tokio::test]
async fn each_metric_has_its_distances_and_the_nearest_come_first() {
    let server = Server::start(&Options::memory()).await;
    let rows = json!([
        {"id": 5, "vector": [3, 4]}, {"id": 1, "vector": [1, 0]}, {"id": 2, "vector": [-1, 0]},
        {"id": 4, "vector": [6, 8]}, {"id": 3, "vector": [0, 0]},
        {"id": 6, "vector": null, "n": 1},
    ]);
    for (metric, expected) in [
        // Vectors of zeros have no direction; of one direction, the lower id comes first.
        ("cosine_distance", [(4, 0.0), (5, 0.0), (1, 0.4), (3, 1.0), (2, 1.6)]),
        ("euclidean_squared", [(5, 0.0), (1, 20.0), (3, 25.0), (4, 25.0), (2, 32.0)]),
        ("dot_product", [(4, -50.0), (5, -25.0), (1, -3.0), (3, 0.0), (2, 3.0)]),
    ] {
        server.write(metric, json!({"distance_metric": metric, "upsert_rows": rows})).await;
        for vector in [json!([3, 4]), json!([3.0, 4.0]), json!("AABAQAAAgEA=")] {
            let query = json!({"rank_by": ["vector", "ANN", vector], "limit": 10});
            let answer = server.query(metric, query).await;
            assert_near(&found(&answer), &expected);
        }
        let filtered = json!({
            "rank_by": ["vector", "kNN", [3, 4]], "limit": 2, "filters": ["id", "NotIn", [4, 5]],
        });
        let answer = server.query(metric, filtered).await;
        let rest: Vec<(u64, f64)> =
            expected.into_iter().filter(|(id, _)| ![4, 5].contains(id)).take(2).collect();
        assert_near(&found(&answer), &rest);
    }
}

/// A cosine may be a little more than one, and a distance below zero is none.
#[tokio::test]
async fn no_distance_of_directions_is_negative() {
    let server = Server::start(&Options::memory()).await;
    let vector: Vec<f64> = (0..37).map(|at| 0.1 + f64::from(at) / 7.0).collect();
    let write = json!({
        "distance_metric": "cosine_distance", "upsert_rows": [{"id": 1, "vector": vector}],
    });
    server.write("a", write).await;
    let answer = server.query("a", json!({"rank_by": ["vector", "ANN", vector], "limit": 1})).await;
    let (_, dist) = found(&answer)[0];
    assert!((0.0..TOLERANCE).contains(&dist), "{dist}");
}

#[tokio::test]
async fn vectors_of_each_element_are_searched_as_they_are_stored() {
    let server = Server::start(&Options::memory()).await;
    let ann = |kind: &str| json!({"type": kind, "ann": true});
    let write = json!({
        "distance_metric": "euclidean_squared",
        "schema": {"wide": ann("[2]f32"), "half": ann("[2]f16"), "byte": ann("[2]i8")},
        "upsert_rows": [
            {"id": 1, "wide": [0.5, 1], "half": [0.5, 1], "byte": [-128, 127]},
            {"id": 2, "wide": [0.5, 3], "half": "AAAAPwAAQEA=", "byte": [0, 0]},
            {"id": 3, "wide": [0, 0], "half": null, "byte": null},
        ],
    });
    server.write("a", write).await;
    for (attribute, vector, expected) in [
        ("wide", json!([0, 0]), vec![(3, 0.0), (1, 1.25), (2, 9.25)]),
        ("half", json!([0.5, 3]), vec![(2, 0.0), (1, 4.0)]),
        // What is searched for is not rounded to what is stored.
        ("byte", json!([0.5, 0]), vec![(2, 0.25), (1, 128.5 * 128.5 + 127.0 * 127.0)]),
    ] {
        let query = json!({"rank_by": [attribute, "ANN", vector], "limit": 10});
        assert_near(&found(&server.query("a", query).await), &expected);
    }
}

#[tokio::test]
async fn ties_go_by_id_and_the_limit_cuts_them() {
    let server = Server::start(&Options::memory()).await;
    let ids: Vec<u64> = (0..50).rev().collect();
    let vectors = vec![json!([0.6, 0.8]); ids.len()];
    let write = json!({
        "distance_metric": "cosine_distance",
        "upsert_columns": {"id": ids, "vector": vectors},
    });
    server.write("a", write).await;
    let query = json!({"rank_by": ["vector", "ANN", [1, 0]], "limit": 3});
    assert_eq!(server.ids("a", query).await, [json!(0), json!(1), json!(2)]);
}

#[tokio::test]
async fn what_has_no_neighbours_is_refused() {
    let server = Server::start(&Options::memory()).await;
    let write = json!({
        "distance_metric": "cosine_distance",
        "upsert_rows": [{"id": 1, "vector": [1, 0], "n": 1}],
    });
    server.write("a", write).await;
    let by = |rank_by: Value| json!({"rank_by": rank_by, "limit": 1});
    let mut other = by(json!(["vector", "ANN", [1, 0]]));
    other["distance_metric"] = json!("euclidean_squared");
    let mismatch = "💔 distance metric mismatch, expected cosine_distance, got euclidean_squared";
    let input = "data did not match any variant of untagged enum RankInput";
    let cases = [
        (by(json!(["vector", "ANN", [1, 0, 0]])), 400, "expects [2]f32, but got 3 numbers"),
        (by(json!(["vector", "ANN", []])), 400, "expects [2]f32, but got 0 numbers"),
        (by(json!(["vector", "ANN", ["x", "y"]])), 400, "expects [2]f32"),
        (by(json!(["vector", "ANN", "no base64!"])), 400, "base64"),
        (by(json!(["gone", "ANN", [1, 0]])), 400, "attribute not found"),
        (by(json!(["n", "ANN", [1, 0]])), 400, "only a dense vector"),
        (by(json!(["vector", "kNN", [1, 0]])), 400, "kNN requires filters"),
        (by(json!(["vector", "ANN", 1])), 422, input),
        (by(json!(["vector", "HNSW", [1, 0]])), 422, input),
        (by(json!(["vector", "ANN"])), 422, input),
        (other, 400, mismatch),
    ];
    server.refuses("/v2/namespaces/a/query", &cases).await;
}
