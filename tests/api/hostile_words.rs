//! Names, numbers, vectors and texts that nobody sends who means well: each is refused, and the
//! server goes on.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::server::{Options, Server};

fn base64(numbers: &[f32]) -> String {
    let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    STANDARD.encode(bytes)
}

#[tokio::test]
async fn names_that_are_none_are_refused_and_lead_nowhere() {
    let server = Server::start(&Options::folder()).await;
    let write = json!({"upsert_rows": [{"id": 1}]}).to_string();
    let odd = "Invalid URL: Namespace contains invalid characters, must be [A-Za-z0-9-_.]";
    for ns in [
        ".",
        "..",
        "%2e",
        "%2E%2e",
        "a%2Fb",
        "..%2F..%2Fx",
        "%2Fetc%2Fpasswd",
        "a%5Cb",
        "a%00b",
        "a%20b",
        "a+b",
        "a!b",
        "a*",
        "a~",
        "%C3%A9",
        "a%0Ab",
        "a:b",
        "a@b",
        "a%3Fb",
        "a%23b",
    ] {
        for (method, path, body) in [
            ("POST", format!("/v2/namespaces/{ns}"), &*write),
            ("POST", format!("/v2/namespaces/{ns}/query"), "{}"),
            ("GET", format!("/v2/namespaces/{ns}/metadata"), ""),
            ("GET", format!("/v1/namespaces/{ns}/schema"), ""),
            ("DELETE", format!("/v2/namespaces/{ns}"), ""),
        ] {
            let answer = server.call(method, &path, &[], body.as_bytes()).await;
            assert_eq!((answer.status, answer.text().as_str()), (400, odd), "{method} {path}");
            assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
        }
        let own =
            server.call("PUT", &format!("/v1/namespaces/{ns}"), &[], b"{\"schema\":{}}").await;
        assert!(own.status == 400 && own.refusal().contains("namespace name"), "{ns}");
        server.stands().await;
    }
    for ns in ["%FF", "%C3", "a%"] {
        let path = format!("/v2/namespaces/{ns}");
        let answer = server.call("POST", &path, &[], write.as_bytes()).await;
        assert_eq!(answer.status, 400, "{ns}");
        for (method, own) in [
            ("PUT", ns.to_owned()),
            ("POST", format!("{ns}/query")),
            ("GET", format!("{ns}/usage")),
            ("GET", format!("a/documents/{ns}")),
        ] {
            let answer = server.call(method, &format!("/v1/namespaces/{own}"), &[], b"{}").await;
            let (status, told) = (answer.status, answer.refusal());
            // What stands behind a `%` alone is a `%`.
            assert!(
                (status == 400 && (told.contains("UTF-8") || told.contains("namespace name")))
                    || (own == "a/documents/a%" && status == 404),
                "{method} {own}: {told}"
            );
        }
        server.stands().await;
    }
    let empty = server.call("POST", "/v2/namespaces/", &[], write.as_bytes()).await;
    assert_eq!(empty.status, 404);
    // And that is what asks whether it is well.
    let only = json!({"namespaces": [{"id": "wellness"}]});
    assert_eq!(server.get("/v1/namespaces").await.ok(), only);
    server.stands().await;
}

#[tokio::test]
async fn a_name_has_so_many_characters_and_no_more() {
    let server = Server::start(&Options::folder()).await;
    let longest = "x".repeat(128);
    server.write(&longest, json!({"upsert_rows": [{"id": 1}]})).await;
    assert_eq!(server.documents(&longest).await, json!([{"id": 1}]));
    for length in [129, 1000, 60_000] {
        let long = "x".repeat(length);
        let answer = server.post(&format!("/v2/namespaces/{long}"), &json!({})).await;
        let told = format!(
            "Invalid URL: Namespace `{long}` is too long, limit is currently 128 characters"
        );
        assert_eq!((answer.status, answer.text()), (400, told));
        server.stands().await;
    }
}

#[tokio::test]
async fn vectors_of_what_is_no_number_are_refused() {
    let server = Server::start(&Options::memory()).await;
    let first = json!({
        "distance_metric": "cosine_distance", "upsert_rows": [{"id": 1, "vector": [1, 0]}],
    });
    server.write("a", first).await;
    let write = |vector: Value| json!({"upsert_rows": [{"id": 2, "vector": vector}]});
    let query = |vector: Value| json!({"rank_by": ["vector", "ANN", vector], "limit": 1});
    for (vector, told) in [
        (json!(base64(&[f32::NAN, 1.0])), "NaN at index 0"),
        (json!(base64(&[1.0, f32::INFINITY])), "inf at index 1"),
        (json!(base64(&[1.0, f32::NEG_INFINITY])), "-inf at index 1"),
        (json!([1, 1e39]), "1e39 at index 1"),
        (json!([1, 1e308]), "1e308 at index 1"),
        (json!(base64(&[1.0])), "1 numbers"),
        (json!(STANDARD.encode([0; 7])), "not f32 numbers in base64"),
        (json!("%%%%"), "not f32 numbers in base64"),
        (json!([true, false]), "'true' at index 0"),
    ] {
        server.refuses("/v2/namespaces/a", &[(write(vector.clone()), 400, told)]).await;
        server.refuses("/v2/namespaces/a/query", &[(query(vector), 400, told)]).await;
        server.stands().await;
    }
    // Into a namespace that knows no vector yet.
    let mut new = write(json!(base64(&[f32::NAN; 3])));
    new["distance_metric"] = json!("cosine_distance");
    server.refuses("/v2/namespaces/b", &[(new, 400, "NaN at index 0")]).await;
    assert_eq!(server.documents("a").await, json!([{"id": 1, "vector": [1.0, 0.0]}]));
    server.stands().await;
}

#[tokio::test]
async fn a_vector_has_so_many_dimensions_and_no_more() {
    let server = Server::start(&Options::memory()).await;
    let write = |vector: Value| {
        let rows = json!([{"id": 1, "vector": vector}]);
        json!({"distance_metric": "dot_product", "upsert_rows": rows})
    };
    let many = vec![0.5_f32; 100_000];
    for vector in [json!(many), json!(base64(&many)), json!(base64(&many[..10_753]))] {
        server.refuses("/v2/namespaces/a", &[(write(vector), 400, "1 to 10752 dimensions")]).await;
        server.stands().await;
    }
    server.write("a", write(json!(base64(&many[..10_752])))).await;
    let query = json!({"rank_by": ["vector", "ANN", many], "limit": 1});
    server.refuses("/v2/namespaces/a/query", &[(query, 400, "100000 numbers")]).await;
    server.stands().await;
}

#[tokio::test]
async fn numbers_beyond_their_type_are_refused_and_not_bent() {
    let server = Server::start(&Options::memory()).await;
    let first =
        json!({"schema": {"n": "int", "u": "uint", "f": "float"}, "upsert_rows": [{"id": 1}]});
    server.write("a", first).await;
    let write = |row: &str| ("/v2/namespaces/a", format!("{{\"upsert_rows\":[{{{row}}}]}}"));
    let query =
        |rest: &str| ("/v2/namespaces/a/query", format!("{{\"rank_by\":[\"id\",\"asc\"],{rest}}}"));
    for ((path, body), status, told) in [
        (write(r#""id":1,"f":1e999"#), 400, "number out of range"),
        (write(r#""id":1,"f":-1e999"#), 400, "number out of range"),
        (write(r#""id":1,"f":NaN"#), 400, "Failed to parse the request body as JSON"),
        (write(r#""id":1,"f":Infinity"#), 400, "Failed to parse the request body as JSON"),
        (write(r#""id":1,"f":01"#), 400, "Failed to parse the request body as JSON"),
        (write(r#""id":1,"n":9223372036854775808"#), 400, "'n' expects int"),
        (write(r#""id":1,"n":-9223372036854775809"#), 400, "'n' expects int"),
        (write(r#""id":1,"n":1.0"#), 400, "'n' expects int"),
        (write(r#""id":1,"u":18446744073709551616"#), 400, "'u' expects uint"),
        (write(r#""id":1,"u":-1"#), 400, "'u' expects uint"),
        (write(r#""id":18446744073709551616"#), 422, "untagged enum Id"),
        (write(r#""id":1e2"#), 422, "untagged enum Id"),
        (write(r#""id":-1"#), 400, "id '-1'"),
        (query(r#""limit":18446744073709551615"#), 400, "between 1 and 10000"),
        (query(r#""limit":18446744073709551616"#), 422, "LimitInput"),
        (query(r#""limit":-9223372036854775808"#), 400, "between 1 and 10000"),
        (query(r#""limit":1,"min_seq":18446744073709551616"#), 422, "min_seq"),
        (query(r#""limit":1,"min_seq":18446744073709551615"#), 400, ""),
    ] {
        let answer = server.call("POST", path, &[], body.as_bytes()).await;
        let refusal = answer.refusal();
        assert!(answer.status == status && refusal.contains(told), "{body}: {refusal}");
        server.stands().await;
    }
    assert_eq!(server.documents("a").await, json!([{"id": 1}]));
}

#[tokio::test]
async fn attributes_may_be_called_what_hurts_elsewhere() {
    let server = Server::start(&Options::memory()).await;
    let odd = ["__proto__", "constructor", "a.b", "a b", "é", "\"", "\\", "\u{0}", "a\nb", "_id"];
    let mut row = json!({"id": 1});
    for name in odd {
        row[name] = json!(name);
    }
    server.write("a", json!({"upsert_rows": [row]})).await;
    assert_eq!(server.documents("a").await, json!([row]));
    for name in odd {
        assert_eq!(server.matching("a", &json!([name, "Eq", name])).await, [json!(1)], "{name:?}");
    }
    for name in ["", "$dist", "$", &"x".repeat(129)] {
        let write = json!({"upsert_rows": [{"id": 1, name: "x"}]});
        server.refuses("/v2/namespaces/a", &[(write, 400, "invalid schema update")]).await;
        server.stands().await;
    }
}
