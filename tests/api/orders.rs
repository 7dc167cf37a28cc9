//! Orders of v2: by attributes and by id, nulls lowest, ties by id.

use serde_json::{Value, json};

use crate::server::{Options, Server};

async fn check(server: &Server, ns: &str, cases: &[(Value, Value)]) {
    for (rank_by, ids) in cases {
        let found = server.ids(ns, json!({"rank_by": rank_by, "limit": 100})).await;
        assert_eq!(json!(found), *ids, "{rank_by}");
    }
}

#[tokio::test]
async fn nulls_come_first_ascending_and_last_descending() {
    let server = Server::start(&Options::memory()).await;
    let rows = json!([
        {"id": 1, "n": 2, "s": "b", "f": 0.5, "flag": true},
        {"id": 2, "s": "B", "f": -1.5},
        {"id": 3, "n": 1, "s": "é", "flag": false},
        {"id": 4, "n": 2, "s": "ab", "f": 0.25, "flag": true},
        {"id": 5, "n": -7, "f": 1e300},
    ]);
    server.write("a", json!({"upsert_rows": rows})).await;
    let cases = [
        (json!(["id", "asc"]), json!([1, 2, 3, 4, 5])),
        (json!(["id", "desc"]), json!([5, 4, 3, 2, 1])),
        (json!(["n", "asc"]), json!([2, 5, 3, 1, 4])),
        // Of what is equal, the lower id comes first in either direction.
        (json!(["n", "desc"]), json!([1, 4, 3, 5, 2])),
        (json!(["s", "asc"]), json!([5, 2, 4, 1, 3])),
        (json!(["s", "desc"]), json!([3, 1, 4, 2, 5])),
        (json!(["f", "asc"]), json!([3, 2, 4, 1, 5])),
        (json!(["flag", "asc"]), json!([2, 5, 3, 1, 4])),
        (json!([["n", "desc"], ["s", "asc"]]), json!([4, 1, 3, 5, 2])),
        (json!([["n", "asc"], ["id", "desc"]]), json!([2, 5, 3, 4, 1])),
        (json!([["flag", "desc"], ["f", "desc"], ["n", "asc"]]), json!([1, 4, 3, 5, 2])),
    ];
    check(&server, "a", &cases).await;
}

/// A score is a float of 32 bits: what lies too close together is the same to it, and goes by id.
#[tokio::test]
async fn an_order_is_exact_where_a_score_is_not() {
    let server = Server::start(&Options::memory()).await;
    let rows = json!([
        {"id": 1, "views": 16_777_216, "seen": "2026-01-01T00:00:00Z"},
        {"id": 2, "views": 16_777_217, "seen": "2026-01-01T00:00:01Z"},
        {"id": 3, "views": 16_777_218, "seen": "2026-01-01T00:05:00Z"},
    ]);
    let schema = json!({"views": "uint", "seen": "datetime"});
    server.write("a", json!({"schema": schema, "upsert_rows": rows})).await;
    let cases = [
        (json!(["views", "desc"]), json!([3, 2, 1])),
        (json!(["Attribute", "views"]), json!([3, 1, 2])),
        (json!(["seen", "desc"]), json!([3, 2, 1])),
        (json!(["Attribute", "seen"]), json!([3, 1, 2])),
    ];
    check(&server, "a", &cases).await;
}

#[tokio::test]
async fn moments_uuids_and_unsigned_numbers_have_their_own_order() {
    let server = Server::start(&Options::memory()).await;
    let uuid = |digit: &str| "00000000-0000-0000-0000-000000000000".replace('0', digit);
    let write = json!({
        "schema": {"when": "datetime", "who": "uuid", "u": "uint"},
        "upsert_rows": [
            {"id": "a", "when": "2024-03-01T00:00:00+02:00", "who": uuid("b"), "u": 2},
            {"id": "b", "when": "2024-02-29T23:00:00Z", "who": uuid("1"),
             "u": 18_446_744_073_709_551_615_u64},
            {"id": "c", "when": "1969-12-31", "who": uuid("A"), "u": 9_223_372_036_854_775_808_u64},
        ],
    });
    server.write("a", write).await;
    let cases = [
        (json!(["when", "asc"]), json!(["c", "a", "b"])),
        (json!(["who", "asc"]), json!(["b", "c", "a"])),
        (json!(["u", "desc"]), json!(["b", "c", "a"])),
        (json!(["id", "desc"]), json!(["c", "b", "a"])),
    ];
    check(&server, "a", &cases).await;
}

/// As an export does it: from the last id on, and through zero.
#[tokio::test]
async fn pages_go_from_the_last_id_on() {
    let server = Server::start(&Options::memory()).await;
    for (name, id_type, ids) in [("a", "uint", 0..25), ("b", "int", -12..13)] {
        let ids: Vec<i64> = ids.collect();
        let write = json!({"schema": {"id": id_type}, "upsert_columns": {"id": ids}});
        server.write(name, write).await;
        let (mut seen, mut pages) = (Vec::<Value>::new(), 0);
        loop {
            let mut query = json!({"rank_by": ["id", "asc"], "limit": 10});
            if let Some(last) = seen.last() {
                query["filters"] = json!(["id", "Gt", last]);
            }
            let page = server.ids(name, query).await;
            if page.is_empty() {
                break;
            }
            pages += 1;
            seen.extend(page);
        }
        assert_eq!((json!(seen), pages), (json!(ids), 3), "{name}");
    }
}

#[tokio::test]
async fn what_has_no_order_is_refused() {
    let server = Server::start(&Options::memory()).await;
    let write = json!({
        "distance_metric": "cosine_distance",
        "upsert_rows": [{"id": 1, "tags": ["x"], "vector": [1, 0]}],
    });
    server.write("a", write).await;
    let by = |rank_by: Value| json!({"rank_by": rank_by, "limit": 1});
    let nine = vec![json!(["id", "asc"]); 9];
    let cases = [
        (by(json!(["tags", "asc"])), 400, "cannot order by attribute `tags`"),
        (by(json!(["vector", "asc"])), 400, "cannot order by attribute `vector`"),
        (by(json!(["gone", "asc"])), 400, "attribute not found"),
        (by(json!(nine)), 400, "at most 8"),
        (by(json!(["id", "up"])), 422, "data did not match any variant of untagged enum RankInput"),
    ];
    server.refuses("/v2/namespaces/a/query", &cases).await;
}
