//! Every type of attribute there and back, bit for bit: from the log, and from the segment that the
//! log is folded into.

use serde_json::{Value, json};

use crate::server::{Options, Server};

/// A type as a schema declares it, a value as it is sent, and the same as it is answered: as text,
/// for a number is more than what a reader makes of it.
const TYPES: &[(&str, &str, &str)] = &[
    (r#""string""#, r#""é\n\"\u0000😀""#, r#""é\n\"\u0000😀""#),
    (r#""string""#, r#""""#, r#""""#),
    (r#""int""#, "-9223372036854775808", "-9223372036854775808"),
    (r#""int""#, "9223372036854775807", "9223372036854775807"),
    (r#""uint""#, "18446744073709551615", "18446744073709551615"),
    (r#""float""#, "2", "2.0"),
    (r#""float""#, "-0.1", "-0.1"),
    // Each of these was read as its neighbour: off by the last bit.
    (r#""float""#, "0.09059673990867223", "0.09059673990867223"),
    (r#""float""#, "232620734219.92026", "232620734219.92026"),
    (r#""float""#, "142.71290665527403", "142.71290665527403"),
    (r#""bool""#, "false", "false"),
    (
        r#""uuid""#,
        r#""0F8FAD5B-D9CB-469F-A165-70867728950E""#,
        r#""0f8fad5b-d9cb-469f-a165-70867728950e""#,
    ),
    (r#""datetime""#, r#""2024-03-01""#, r#""2024-03-01T00:00:00.000000000Z""#),
    (r#""datetime""#, r#""2024-03-01T18:30:00.5""#, r#""2024-03-01T18:30:00.500000000Z""#),
    (r#""datetime""#, r#""2024-03-01T00:00:00.123+02:00""#, r#""2024-02-29T22:00:00.123000000Z""#),
    (r#""datetime""#, r#""1969-12-31T23:59:59.999Z""#, r#""1969-12-31T23:59:59.999000000Z""#),
    (r#""bytes""#, r#""AAH/""#, r#""AAH/""#),
    (r#""[]string""#, r#"["b","","b"]"#, r#"["b","","b"]"#),
    (r#""[]string""#, "[]", "[]"),
    (r#""[]int""#, "[3,-1]", "[3,-1]"),
    (r#""[]uint""#, "[18446744073709551615]", "[18446744073709551615]"),
    (r#""[]float""#, "[1,0.5]", "[1.0,0.5]"),
    (r#""[]bool""#, "[true,false]", "[true,false]"),
    (
        r#""[]uuid""#,
        r#"["0F8FAD5B-D9CB-469F-A165-70867728950E"]"#,
        r#"["0f8fad5b-d9cb-469f-a165-70867728950e"]"#,
    ),
    (r#""[]datetime""#, r#"["2024-03-01"]"#, r#"["2024-03-01T00:00:00.000000000Z"]"#),
    (r#"{"type":"[2]f32","ann":true}"#, "[0.7,2]", "[0.7,2.0]"),
    (r#"{"type":"[2]f32","ann":true}"#, r#""zczMPc3MTD4=""#, "[0.1,0.2]"),
    (r#"{"type":"[2]f16","ann":true}"#, "[0.1,65504]", "[0.099975586,65504.0]"),
    (r#"{"type":"[2]f16","ann":true}"#, r#""zczMPc3MTD4=""#, "[0.099975586,0.19995117]"),
    (r#"{"type":"[3]i8","ann":true}"#, "[-128,0,127]", "[-128.0,0.0,127.0]"),
    (r#""{}f16""#, r#"{"b":0.5,"a":2}"#, r#"{"a":2.0,"b":0.5}"#),
    (
        r#"{"type":"[][2]f32","ann":{"late_interaction":true}}"#,
        "[[1,2],[3,0.7]]",
        "[[1.0,2.0],[3.0,0.7]]",
    ),
];

async fn check(server: &Server) {
    for (at, (kind, _, expected)) in TYPES.iter().enumerate() {
        let query = json!({
            "rank_by": ["id", "asc"], "limit": 1, "include_attributes": true,
        });
        let text = server.post(&format!("/v2/namespaces/type-{at}/query"), &query).await.text();
        let row = format!("{{\"id\":1,\"a\":{expected}}}");
        assert!(text.contains(&row), "{kind}: {row} is not in {text}");
    }
}

#[tokio::test]
async fn a_value_of_each_type_is_answered_as_it_was_written_and_again_from_a_segment() {
    let server = Server::start(&Options::folder().with("ELACSYM__INDEXER__FOLD_SLOTS", "4")).await;
    for (at, (kind, value, _)) in TYPES.iter().enumerate() {
        let write = format!(
            "{{\"distance_metric\":\"euclidean_squared\",\"schema\":{{\"a\":{kind}}},\
             \"upsert_rows\":[{{\"id\":1,\"a\":{value}}}]}}"
        );
        let path = format!("/v2/namespaces/type-{at}");
        let answer = server.call("POST", &path, &[], write.as_bytes()).await;
        assert_eq!(answer.status, 200, "{kind} {value}: {}", answer.text());
    }
    check(&server).await;
    for at in 0..TYPES.len() {
        for id in 2..8 {
            let row = json!({"id": id, "a": null});
            server.write(&format!("type-{at}"), json!({"upsert_rows": [row]})).await;
        }
    }
    for at in 0..TYPES.len() {
        server.folded(&format!("type-{at}")).await;
    }
    check(&server).await;
    let server = server.killed_and_started().await;
    check(&server).await;
}

#[tokio::test]
async fn what_nobody_declared_is_what_json_says_it_is() {
    let server = Server::start(&Options::memory()).await;
    let row = json!({
        "id": 1, "s": "x", "i": -1, "f": 0.5, "b": true, "ss": ["x"], "is": [1], "fs": [1, 0.5],
        "bs": [true], "vector": [1, 2], "nothing": null, "empty": [],
    });
    let write = json!({"distance_metric": "cosine_distance", "upsert_rows": [row]});
    server.write("a", write).await;
    let schema = server.get("/v1/namespaces/a/schema").await.ok();
    let kind = |(name, shown): (&String, &Value)| (name.clone(), shown["type"].clone());
    let kinds: Value = schema.as_object().unwrap().iter().map(kind).collect();
    let expected = json!({
        "id": "uint", "s": "string", "i": "int", "f": "float", "b": "bool", "ss": "[]string",
        "is": "[]int", "fs": "[]float", "bs": "[]bool", "vector": "[2]f32",
    });
    assert_eq!(kinds, expected);
    // Null told nothing, so any type may still come.
    server.write("a", json!({"upsert_rows": [{"id": 2, "vector": [1, 1], "nothing": "x"}]})).await;
    let of = |value: Value| json!({"upsert_rows": [{"id": 1, "vector": null, "new": value}]});
    let cases = [
        (of(json!(18_446_744_073_709_551_615_u64)), 400, "declare it as uint"),
        (of(json!({"a": 1})), 400, "attribute 'new'"),
        (of(json!([null])), 400, "attribute 'new'"),
        (of(json!([[1]])), 400, "attribute 'new'"),
        (of(json!([1, "a"])), 400, "an array holds one type"),
    ];
    server.refuses("/v2/namespaces/a", &cases).await;
}

#[tokio::test]
async fn nothing_is_converted_silently() {
    let server = Server::start(&Options::memory()).await;
    let ann = |kind: &str| json!({"type": kind, "ann": true});
    let schema = json!({
        "s": "string", "i": "int", "u": "uint", "f": "float", "b": "bool", "w": "uuid",
        "t": "datetime", "y": "bytes", "ss": "[]string", "is": "[]int", "p": "{}f16",
        "v": ann("[2]f32"), "h": ann("[1]f16"), "c": ann("[1]i8"),
    });
    let none = json!({"id": 1, "v": null, "h": null, "c": null});
    let first = json!({
        "distance_metric": "cosine_distance", "schema": schema, "upsert_rows": [none],
    });
    server.write("a", first).await;
    for (name, value, told) in [
        ("s", json!(1), "attribute 's' expects string, but got '1'"),
        ("i", json!(2.5), "attribute 'i' expects int, but got '2.5'"),
        ("i", json!("2"), "attribute 'i' expects int, but got '2'"),
        ("i", json!(9_223_372_036_854_775_808_u64), "attribute 'i' expects int"),
        ("u", json!(-1), "attribute 'u' expects uint, but got '-1'"),
        ("f", json!("0.5"), "attribute 'f' expects float"),
        ("b", json!(1), "attribute 'b' expects bool"),
        ("w", json!("0f8fad5bd9cb469fa16570867728950e"), "attribute 'w' expects uuid"),
        ("t", json!("yesterday"), "attribute 't' expects datetime, but got 'yesterday'"),
        ("t", json!(0), "attribute 't' expects datetime"),
        ("y", json!("no base64!"), "attribute 'y' expects bytes"),
        ("ss", json!("a"), "attribute 'ss' expects []string, but got 'a'"),
        ("is", json!([1, null]), "attribute 'is' expects []int, but got 'null' at index 1"),
        ("is", json!([[1]]), "attribute 'is' expects []int, but got '[1]' at index 0"),
        ("p", json!([1]), "attribute 'p' expects {}f16"),
        ("p", json!({"a": 1e6}), "f16 can hold"),
        ("v", json!([1]), "attribute 'v' expects [2]f32, but got 1 numbers"),
        ("v", json!([1, 1e39]), "1e39 at index 1"),
        ("v", json!([1, null]), "'null' at index 1"),
        ("h", json!([1e6]), "does not fit f16"),
        ("c", json!([128]), "does not fit i8"),
        ("c", json!([0.5]), "does not fit i8"),
    ] {
        let mut row = none.clone();
        row[name] = value;
        let write = json!({"upsert_rows": [row]});
        server.refuses("/v2/namespaces/a", &[(write, 400, told)]).await;
    }
    assert_eq!(server.documents("a").await, json!([{"id": 1}]));
}

#[tokio::test]
async fn values_have_a_size_up_to_which_they_are_taken() {
    let server = Server::start(&Options::memory()).await;
    let first = json!({
        "schema": {"s": "string", "long": {"type": "string", "filterable": false}, "p": "{}f16"},
        "upsert_rows": [{"id": 1}],
    });
    server.write("a", first).await;
    let text = |bytes: usize| "x".repeat(bytes);
    let weights =
        |count: usize| -> Value { (0..count).map(|at| (at.to_string(), json!(1))).collect() };
    let row = |name: &str, value: Value| json!({"upsert_rows": [{"id": 1, name: value}]});
    for (name, value) in [
        ("s", json!(text(4096))),
        ("long", json!(text(8 << 20))),
        ("p", weights(1024)),
        ("long", json!(text(1))),
    ] {
        server.write("a", row(name, value)).await;
    }
    let cases = [
        (
            row("s", json!(text(4097))),
            400,
            "takes at most 4096 bytes, but got 4097; one with `filterable: false`",
        ),
        (row("long", json!(text((8 << 20) + 1))), 400, "at most 8388608 bytes"),
        (row("p", weights(1025)), 400, "1025 entries"),
    ];
    for (body, status, told) in cases {
        let answer = server.post("/v2/namespaces/a", &body).await;
        let refusal = answer.refusal();
        assert!(answer.status == status && refusal.contains(told), "{refusal}");
    }
}
