//! Filters of v2: what each operator holds for, null by null.

use serde_json::{Value, json};

use crate::server::{Options, Server};

const UUID: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

/// Whom a filter matches, by id.
async fn check(server: &Server, cases: &[(Value, &[u64])]) {
    for (filter, ids) in cases {
        let expected: Vec<Value> = ids.iter().map(|id| json!(id)).collect();
        assert_eq!(server.matching("a", filter).await, expected, "{filter}");
    }
}

/// Of 1 everything is there, of 2 other things, of 3 nothing.
async fn three() -> Server {
    let server = Server::start(&Options::memory()).await;
    let write = json!({
        "schema": {
            "u": "uint", "when": "datetime", "who": "uuid", "raw": "bytes", "tags": "[]string",
            "hidden": {"type": "int", "filterable": false},
        },
        "upsert_rows": [
            {
                "id": 1, "n": 1, "f": 0.5, "s": "a", "flag": true, "tags": ["x", "y"],
                "u": 18_446_744_073_709_551_615_u64, "when": "2024-03-01T00:00:00Z", "who": UUID,
                "raw": "AQI=", "nums": [1, 2], "hidden": 1,
            },
            {
                "id": 2, "n": -2, "f": 2.0, "s": "b", "flag": false, "tags": [], "u": 0,
                "when": "2024-03-01T01:00:00+02:00", "who": UUID.replace('0', "1"), "raw": "AQ==",
                "nums": [2],
            },
            {"id": 3},
        ],
    });
    server.write("a", write).await;
    server
}

#[tokio::test]
async fn scalars_are_equal_among_and_in_order_and_null_is_lowest() {
    let server = three().await;
    let cases: &[(Value, &[u64])] = &[
        (json!(["n", "Eq", 1]), &[1]),
        (json!(["n", "Eq", 1.0]), &[1]),
        (json!(["n", "Eq", 1.5]), &[]),
        (json!(["n", "Eq", null]), &[3]),
        (json!(["n", "NotEq", 1]), &[2, 3]),
        (json!(["n", "NotEq", null]), &[1, 2]),
        (json!(["n", "In", [1, 7]]), &[1]),
        (json!(["n", "In", 1]), &[1]),
        (json!(["n", "In", []]), &[]),
        (json!(["n", "NotIn", [1, 7]]), &[2, 3]),
        (json!(["n", "NotIn", []]), &[1, 2, 3]),
        (json!(["n", "Lt", 1]), &[2, 3]),
        (json!(["n", "Lte", 1]), &[1, 2, 3]),
        (json!(["n", "Gt", -2]), &[1]),
        (json!(["n", "Gte", -2]), &[1, 2]),
        (json!(["n", "Gt", 0.5]), &[1]),
        (json!(["n", "Lt", null]), &[]),
        (json!(["n", "Lte", null]), &[]),
        (json!(["n", "Gt", null]), &[]),
        (json!(["n", "Gte", null]), &[]),
        (json!(["f", "Gte", 2]), &[2]),
        (json!(["f", "Lt", 2]), &[1, 3]),
        (json!(["u", "Gt", 9_223_372_036_854_775_807_u64]), &[1]),
        (json!(["u", "Gte", -1]), &[1, 2]),
        (json!(["u", "Eq", 18_446_744_073_709_551_615_u64]), &[1]),
        (json!(["s", "Eq", "a"]), &[1]),
        (json!(["s", "Gt", "a"]), &[2]),
        (json!(["s", "Lte", "a"]), &[1, 3]),
        (json!(["s", "In", ["b", "c"]]), &[2]),
        (json!(["flag", "Eq", false]), &[2]),
        (json!(["flag", "NotEq", false]), &[1, 3]),
        (json!(["flag", "In", [true]]), &[1]),
        (json!(["when", "Lt", "2024-03-01"]), &[2, 3]),
        (json!(["when", "Eq", "2024-02-29T23:00:00"]), &[2]),
        (json!(["who", "Eq", UUID.to_uppercase()]), &[1]),
        (json!(["who", "Gt", UUID]), &[2]),
        (json!(["raw", "Eq", "AQI="]), &[1]),
        (json!(["raw", "NotIn", ["AQI="]]), &[2, 3]),
    ];
    check(&server, cases).await;
}

#[tokio::test]
async fn arrays_are_equal_as_a_whole_and_meet_a_list_by_their_elements() {
    let server = three().await;
    let cases: &[(Value, &[u64])] = &[
        (json!(["tags", "Eq", ["x", "y"]]), &[1]),
        (json!(["tags", "Eq", ["y", "x"]]), &[]),
        (json!(["tags", "Eq", []]), &[2]),
        (json!(["tags", "Eq", null]), &[3]),
        (json!(["tags", "NotEq", ["x", "y"]]), &[2, 3]),
        (json!(["tags", "NotEq", null]), &[1, 2]),
        (json!(["tags", "In", ["y", "z"]]), &[1]),
        // The official suite of the contract does this.
        (json!(["tags", "In", "x"]), &[1]),
        (json!(["tags", "NotIn", ["y"]]), &[2, 3]),
        (json!(["nums", "In", [2]]), &[1, 2]),
        (json!(["nums", "In", [1.0]]), &[1]),
    ];
    check(&server, cases).await;
}

#[tokio::test]
async fn filters_are_joined_and_turned_round() {
    let server = three().await;
    let cases: &[(Value, &[u64])] = &[
        (json!(["And", []]), &[1, 2, 3]),
        (json!(["Or", []]), &[]),
        (json!(["And", [["n", "Gt", 0], ["s", "Eq", "a"]]]), &[1]),
        (json!(["Or", [["n", "Gt", 0], ["s", "Eq", "b"]]]), &[1, 2]),
        (json!(["Not", ["n", "Lt", 1]]), &[1]),
        (json!(["Not", ["n", "Gt", 0]]), &[2, 3]),
        (json!(["Not", ["And", [["n", "Gt", 0], ["Or", [["s", "Eq", "a"]]]]]]), &[2, 3]),
        (json!(["id", "Eq", 2]), &[2]),
        (json!(["id", "NotEq", 2]), &[1, 3]),
        (json!(["id", "In", [3, 1, 9]]), &[1, 3]),
        (json!(["id", "NotIn", [3, 1]]), &[2]),
        (json!(["id", "Gt", 1]), &[2, 3]),
        (json!(["id", "Lte", 1]), &[1]),
        (json!(["id", "Eq", null]), &[]),
    ];
    check(&server, cases).await;
}

#[tokio::test]
async fn a_filter_that_means_nothing_is_refused_in_the_words_of_the_contract() {
    let server = three().await;
    let with = |filter: Value| json!({"rank_by": ["id", "asc"], "limit": 1, "filters": filter});
    let misshapen = "filters: data did not match any variant of untagged enum Filter";
    let deep = (0..40).fold(json!(["n", "Eq", 1]), |inner, _| json!(["Not", inner]));
    let wide = json!(["Or", vec![json!(["n", "Eq", 1]); 5000]]);
    let cases = [
        (with(json!(["gone", "Eq", 1])), 400, "attribute not found"),
        (with(json!(["hidden", "Eq", 1])), 400, "not filterable"),
        (
            with(json!(["tags", "Eq", "python"])),
            400,
            "filter error in key `tags`: type mismatch, Eq expects []string, but got 'python'",
        ),
        (
            with(json!(["n", "Eq", ["python", "javascript"]])),
            400,
            "type mismatch, Eq expects int, but got '[python, javascript]'",
        ),
        (with(json!(["tags", "In", [7]])), 400, "In expects []string, but got '[7]'"),
        (with(json!(["id", "Eq", "one"])), 400, "filter error in key `id`: type mismatch"),
        (with(json!(["flag", "Lt", true])), 400, "does not apply to bool"),
        (with(json!(["n", "Eq", {"$ref_new": "n"}])), 400, "`$ref_new`"),
        (with(json!(["n", "Like", "x"])), 400, "unknown filter operator `Like`"),
        (with(deep), 400, "at most 32"),
        (with(wide), 400, "at most 4096"),
        (with(json!({"n": 1})), 422, misshapen),
        (with(json!("n")), 422, misshapen),
        (with(json!([])), 422, misshapen),
        (with(json!(["n", "Eq"])), 422, misshapen),
        (with(json!(["And", ["n", "Eq", 1]])), 422, "filters[1][0]: data did not match"),
        (with(json!(["Not", ["Or", [["n"]]]])), 422, "filters[1][1][0]: data did not match"),
    ];
    server.refuses("/v2/namespaces/a/query", &cases).await;
}
