//! Words of v2 about what is not there: they are taken, checked, and change nothing. The page of the
//! contract lists them, and nothing else is read and then ignored.

use serde_json::{Value, json};

use crate::server::{Options, Server};

async fn documented() -> Server {
    let server = Server::start(&Options::memory()).await;
    let schema = json!({"t": {"type": "string", "full_text_search": true}});
    let rows = json!([{"id": 1, "n": 1}, {"id": 2, "n": 2}]);
    server.write("a", json!({"schema": schema, "upsert_rows": rows})).await;
    server
}

async fn state(server: &Server) -> Value {
    let seq = server.query("a", json!({"aggregate_by": {"n": ["Count"]}})).await;
    let seq = seq["performance"]["seq"].clone();
    json!([server.documents("a").await, server.get("/v1/namespaces/a/schema").await.ok(), seq])
}

#[tokio::test]
async fn a_write_that_speaks_of_what_is_not_there_changes_nothing() {
    let server = documented().await;
    let before = state(&server).await;
    let condition = json!(["n", "Eq", 1]);
    for write in [
        json!({"delete_by_filter_allow_partial": true}),
        json!({"patch_by_filter_allow_partial": true}),
        json!({"upsert_condition": condition}),
        json!({"patch_condition": condition}),
        json!({"delete_condition": condition}),
        json!({"distance_metric": "cosine_distance"}),
        json!({"create_namespace": true}),
        json!({"encryption": {"mode": "default"}}),
        json!({"schema": {"zz": {"drop": true}}}),
        json!({"schema": {"n": {"type": "int", "ann": false, "sparse_knn": false}}}),
        json!({"schema": {"t": {"type": "string", "full_text_search": {"index_prefixes": true}}}}),
    ] {
        let answer = server.write("a", write.clone()).await;
        assert_eq!(answer["rows_affected"], 0, "{write}: {answer}");
        assert_eq!(state(&server).await, before, "{write}");
    }
}

#[tokio::test]
async fn a_query_that_speaks_of_what_is_not_there_is_answered_as_without_it() {
    let server = documented().await;
    let counted = json!({"aggregate_by": {"n": ["Count"]}});
    let all = json!({"rank_by": ["id", "asc"], "limit": 9});
    for (query, name, value) in [
        (&counted, "vector_encoding", json!("base64")),
        (&counted, "limit", json!(1)),
        (&all, "distance_metric", json!("euclidean_squared")),
        (&all, "vector_encoding", json!("base64")),
    ] {
        let mut more = query.clone();
        more[name] = value;
        let (with, without) =
            (server.query("a", more).await, server.query("a", query.clone()).await);
        for told in ["rows", "aggregations"] {
            assert_eq!(with.get(told), without.get(told), "{name}");
        }
    }
    let excluded = json!({"rank_by": ["id", "asc"], "limit": 9, "exclude_attributes": ["zz"]});
    let rows = server.query("a", excluded).await["rows"].take();
    assert_eq!(rows, server.documents("a").await);
}

/// What changes nothing has to make sense all the same.
#[tokio::test]
async fn what_is_not_there_is_spoken_of_in_the_words_of_the_contract() {
    let server = documented().await;
    let prefixes = json!({"type": "string", "full_text_search": {"index_prefixes": 1}});
    let writes = [
        (json!({"delete_by_filter_allow_partial": 1}), 422, "delete_by_filter_allow_partial"),
        (json!({"patch_by_filter_allow_partial": 1}), 422, "patch_by_filter_allow_partial"),
        (json!({"upsert_condition": ["zz", "Eq", 1]}), 400, "`zz` is not in the schema"),
        (json!({"distance_metric": "manhattan"}), 422, "manhattan"),
        (json!({"schema": {"t": prefixes}}), 422, "schema.t.full_text_search.index_prefixes"),
        (json!({"schema": {"zz": {"drop": true, "x": 1}}}), 400, "unknown field `schema.zz.x`"),
    ];
    server.refuses("/v2/namespaces/a", &writes).await;
    let counted = json!({"aggregate_by": {"n": ["Count"]}, "vector_encoding": "octal"});
    server.refuses("/v2/namespaces/a/query", &[(counted, 422, "octal")]).await;
}
