//! What v2 refuses, in the words by which clients and their users know it.

use serde_json::json;

use crate::server::{Options, Server};
use crate::talk::first_with;

const WRITE: &str = "/v2/namespaces/a";
const QUERY: &str = "/v2/namespaces/a/query";

async fn documented() -> Server {
    let server = Server::start(&Options::memory()).await;
    let write = json!({
        "distance_metric": "cosine_distance", "schema": {"n": "int"},
        "upsert_rows": [{"id": 1, "vector": [1, 0], "n": 1}],
    });
    server.write("a", write).await;
    server
}

/// The place of a mistake comes first, then what it is, then where in the text.
#[tokio::test]
async fn a_write_of_another_shape_is_told_its_place() {
    let server = documented().await;
    let target = "Failed to deserialize the JSON body into the target type: ";
    let cases = [
        (json!([]), "invalid type: sequence, expected an object"),
        (json!("x"), "invalid type: string \"x\", expected an object"),
        (json!(null), "invalid type: null, expected an object"),
        (json!({"upsert_rows": {}}), "upsert_rows: invalid type: map, expected a sequence"),
        (json!({"upsert_rows": [7]}), "upsert_rows[0]: invalid type: integer `7`"),
        (json!({"upsert_rows": [{}]}), "upsert_rows[0]: missing field `id` at line 1 column"),
        (json!({"upsert_rows": [{"id": 1}, {"n": 1}]}), "upsert_rows[1]: missing field `id`"),
        (
            json!({"upsert_rows": [{"id": true}]}),
            "upsert_rows[0]: data did not match any variant of untagged enum Id at line 1",
        ),
        (
            json!({"upsert_rows": [{"id": 1.5}]}),
            "data did not match any variant of untagged enum Id",
        ),
        (json!({"upsert_rows": [{"id": null}]}), "variant of untagged enum Id"),
        (json!({"patch_rows": [{"id": [1]}]}), "patch_rows[0]: data did not match any variant"),
        (json!({"deletes": [true]}), "data did not match any variant of untagged enum IdVec"),
        (json!({"deletes": {}}), "deletes: invalid type: map, expected a sequence"),
        (json!({"upsert_columns": []}), "upsert_columns: invalid type: sequence"),
        (json!({"upsert_columns": {"n": [1]}}), "upsert_columns: missing field `id`"),
        (json!({"upsert_columns": {"id": [1.5]}}), "variant of untagged enum IdVec"),
        (json!({"upsert_columns": {"id": [1], "n": 1}}), "upsert_columns.n: invalid type"),
        (json!({"distance_metric": "x"}), "unknown variant `x`, expected one of"),
        (json!({"distance_metric": 1}), "distance_metric: invalid type: integer `1`"),
        (json!({"schema": {"x": {}}}), "schema.x: missing field `type`"),
        (json!({"schema": []}), "schema: invalid type: sequence"),
        (json!({"return_affected_ids": "yes"}), "return_affected_ids: invalid type"),
        (json!({"create_namespace": 1}), "create_namespace: invalid type"),
        (json!({"encryption": "default"}), "encryption: invalid type"),
    ];
    for (body, told) in cases {
        let answer = server.post(WRITE, &body).await;
        let refusal = answer.refusal();
        assert_eq!(answer.status, 422, "{body}: {refusal}");
        assert!(refusal.starts_with(target) && refusal.contains(told), "{body}: {refusal}");
    }
}

#[tokio::test]
async fn a_query_of_another_shape_is_told_its_place() {
    let server = documented().await;
    let rank = "data did not match any variant of untagged enum RankInput";
    let limit = "data did not match any variant of untagged enum LimitInput";
    let cases = [
        (
            first_with("consistency", json!("eventual")),
            "string \"eventual\", expected struct Consistency",
        ),
        (
            first_with("consistency", json!({"level": "x"})),
            "unknown variant `x`, expected `strong` or `eventual`",
        ),
        (first_with("consistency", json!({})), "consistency: missing field `level`"),
        (first_with("vector_encoding", json!("x")), "expected `float` or `base64`"),
        (first_with("rank_by", json!("id")), rank),
        (first_with("rank_by", json!({"id": "asc"})), rank),
        (first_with("rank_by", json!(["id"])), rank),
        (first_with("rank_by", json!(["id", 1])), rank),
        (first_with("limit", json!("1")), limit),
        (first_with("limit", json!(1.5)), limit),
        (first_with("limit", json!([1])), limit),
        (first_with("limit", json!({})), limit),
        (first_with("limit", json!({"total": "1"})), limit),
        (first_with("include_attributes", json!("n")), "include_attributes: invalid type"),
        (first_with("include_attributes", json!([1])), "include_attributes[0]: invalid type"),
        (first_with("exclude_attributes", json!(true)), "exclude_attributes: invalid type"),
        (first_with("min_seq", json!(-1)), "min_seq: invalid type: integer `-1`"),
        (first_with("distance_metric", json!("x")), "unknown variant `x`, expected one of"),
        (first_with("aggregate_by", json!(["Count"])), "aggregate_by: invalid type: sequence"),
        (first_with("aggregate_by", json!({"n": "Count"})), "aggregate_by.n: invalid type"),
        (first_with("aggregate_by", json!({"n": []})), "untagged enum AggregateInput"),
        (json!([]), "invalid type: sequence, expected an object"),
    ];
    for (body, told) in cases {
        server.refuses(QUERY, &[(body, 422, told)]).await;
    }
}

#[tokio::test]
async fn a_query_that_cannot_be_meant_is_refused() {
    let server = documented().await;
    let mut both = json!({"rank_by": ["id", "asc"], "limit": 1, "include_attributes": true});
    both["exclude_attributes"] = json!([]);
    let strong = json!({"level": "strong", "max_staleness_seconds": 5});
    let cases = [
        (json!({"rank_by": [], "limit": 1}), "💔 rank_by cannot be empty"),
        (json!({"rank_by": ["id", "asc"]}), "💔 rank_by queries must specify top_k or limit"),
        (json!({"rank_by": ["id", "asc"], "limit": 0}), "💔 top_k must be between 1 and 10000"),
        (json!({"rank_by": ["id", "asc"], "top_k": -1}), "💔 top_k must be between 1 and 10000"),
        (
            json!({"rank_by": ["id", "asc"], "limit": {"total": 10001}}),
            "💔 top_k must be between 1 and 10000",
        ),
        (json!({"rank_by": ["id", "asc"], "limit": 1, "top_k": 1}), "limit"),
        (both, "💔 cannot specify both include_attributes and exclude_attributes"),
        (
            json!({"rank_by": ["id", "asc"], "limit": 1, "include_attributes": ["n", "x"]}),
            "💔 attribute \"x\" not found in schema, cannot be part of `include_attributes`. ",
        ),
        (json!({"rank_by": ["id", "asc"], "limit": 1, "consistency": strong}), "strong"),
        (json!({}), "rank_by or aggregate_by"),
        (json!({"aggregate_by": {}}), "aggregate_by cannot be empty"),
        (json!({"aggregate_by": {"n": ["Count"]}, "include_attributes": true}), "rank_by"),
    ];
    for (body, told) in cases {
        server.refuses(QUERY, &[(body, 400, told)]).await;
    }
}

#[tokio::test]
async fn a_vector_where_there_can_be_none_is_refused() {
    let server = documented().await;
    let rows = json!([{"id": 1, "vector": [1, 2]}]);
    let declared = |kind: &str| {
        json!({
            "distance_metric": "cosine_distance", "schema": {kind: "[2]f32"}, "upsert_rows": rows,
        })
    };
    let metric = "💔 distance_metric must be specified for write to namespace with a vector";
    let mismatch = "💔 distance metric mismatch, expected cosine_distance, got euclidean_squared";
    let other = json!({"distance_metric": "euclidean_squared", "upsert_rows": rows});
    let cases = [
        ("new", json!({"upsert_rows": rows}), metric),
        ("new", declared("vector"), "💔 the `vector` attribute must have `ann` set to `true`"),
        ("new", declared("embedding"), "vector attribute 'embedding' must have ann:true"),
        ("a", other, mismatch),
    ];
    for (ns, body, told) in cases {
        server.refuses(&format!("/v2/namespaces/{ns}"), &[(body, 400, told)]).await;
    }
    server.write("without", json!({"upsert_rows": [{"id": 1}]})).await;
    let named = json!({"distance_metric": "cosine_distance", "upsert_rows": rows});
    let without = "💔 Vector provided for namespace without vector attribute";
    server.refuses("/v2/namespaces/without", &[(named, 400, without)]).await;
}

#[tokio::test]
async fn an_unknown_field_is_refused_by_its_name() {
    let server = documented().await;
    let query = |name: &str| json!({"rank_by": ["id", "asc"], "limit": 1, name: 1});
    for (path, body, field) in [
        (WRITE, json!({"upserts": []}), "upserts"),
        (WRITE, json!({"upsert_row": [{"id": 1}]}), "upsert_row"),
        (WRITE, json!({"encryption": {"mode": "default", "x": 1}}), "encryption.x"),
        (WRITE, json!({"schema": {"v": {"type": "[1]f32", "ann": {"x": 1}}}}), "schema.v.ann.x"),
        (QUERY, query("topk"), "topk"),
        (QUERY, query("filter"), "filter"),
        (QUERY, query("upsert_rows"), "upsert_rows"),
        (QUERY, json!({"rank_by": ["id", "asc"], "limit": {"total": 1, "x": 1}}), "limit.x"),
        (
            QUERY,
            json!({
                "rank_by": ["id", "asc"], "limit": 1,
                "consistency": {"level": "strong", "x": 1},
            }),
            "consistency.x",
        ),
    ] {
        let answer = server.post(path, &body).await;
        assert_eq!(answer.refusal(), format!("unknown field `{field}`"));
        assert_eq!((answer.status, &answer.json()["code"]), (400, &json!("unknown_field")));
    }
    let patched = server.send("PATCH", "/v2/namespaces/a/metadata", &json!({"x": 1})).await;
    assert_eq!((patched.status, patched.refusal()), (400, "unknown field `x`".to_owned()));
}

#[tokio::test]
async fn columns_are_of_one_length() {
    let server = documented().await;
    let uneven = json!({"upsert_columns": {"id": [1, 2], "n": [1]}});
    server.refuses(WRITE, &[(uneven, 400, "upsert_columns.n has 1")]).await;
    let uneven = json!({"patch_columns": {"id": [1], "n": []}});
    server.refuses(WRITE, &[(uneven, 400, "patch_columns.n has 0")]).await;
}

#[tokio::test]
async fn a_key_of_somebody_else_is_told_to_be_malformed() {
    let server = documented().await;
    let told = "Malformed Cloud KMS crypto key: mykey";
    for encryption in [
        json!({"mode": "customer-managed", "key_name": "mykey"}),
        json!({"cmek": {"key_name": "mykey"}}),
    ] {
        let write = json!({"upsert_rows": [{"id": 2, "vector": null}], "encryption": encryption});
        server.refuses(WRITE, &[(write, 400, told)]).await;
    }
    let row = json!({"id": 2, "vector": null});
    let default = json!({"upsert_rows": [row], "encryption": {"mode": "default"}});
    server.write("a", default).await;
}
