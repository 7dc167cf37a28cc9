//! What is around every answer of either contract: its id, its packing, its method and its path;
//! and what of a request is passed over.

use std::io::Read;

use flate2::read::GzDecoder;
use serde_json::{Value, json};

use crate::server::{Options, Server};
use crate::socket::{Answer, Reads, Socket, head};

const ALL: &str = r#"{"rank_by":["id","asc"],"limit":1000,"include_attributes":true}"#;

async fn packed(server: &Server, codings: Option<&str>, path: &str, body: &str) -> Answer {
    let codings: Vec<(&str, &str)> =
        codings.into_iter().map(|codings| ("Accept-Encoding", codings)).collect();
    let method = if body.is_empty() { "GET" } else { "POST" };
    server.call(method, path, &codings, body.as_bytes()).await
}

#[tokio::test]
async fn a_large_answer_is_packed_for_who_asks_for_it_by_name() {
    let server = Server::start(&Options::memory()).await;
    let rows: Vec<Value> = (0..500).map(|id| json!({"id": id, "t": "some words"})).collect();
    server.write("a", json!({"upsert_rows": rows})).await;
    let path = "/v2/namespaces/a/query";
    let plain = packed(&server, None, path, ALL).await;
    assert_eq!(plain.json()["rows"], json!(rows));
    for codings in ["gzip", "gzip, deflate, br, zstd", "br, GZIP;q=0.5"] {
        let answer = packed(&server, Some(codings), path, ALL).await;
        assert_eq!(answer.header("content-encoding"), Some("gzip"), "{codings}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert!(answer.body.len() < plain.body.len() / 4, "{}", answer.body.len());
        let mut text = String::new();
        GzDecoder::new(&answer.body[..]).read_to_string(&mut text).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["rows"], json!(rows));
    }
    for codings in [None, Some("identity"), Some("br"), Some("gzip;q=0"), Some("*")] {
        let answer = packed(&server, codings, path, ALL).await;
        assert_eq!(answer.header("content-encoding"), None, "{codings:?}");
        assert_eq!(answer.json()["rows"], json!(rows));
    }
    // What is small is sent as it is.
    let small = packed(&server, Some("gzip"), "/v1/namespaces", "").await;
    assert_eq!(small.header("content-encoding"), None);
    small.ok();
}

#[tokio::test]
async fn a_request_keeps_its_id_or_is_given_one() {
    let server = Server::start(&Options::memory()).await;
    for path in ["/v1/namespaces", "/v1/namespaces/absent/schema", "/nowhere", "/healthz"] {
        for id in ["a", "tpreq_0123-ABC.~", &"x".repeat(128)] {
            let answer = server.call("GET", path, &[("X-Request-Id", id)], b"").await;
            assert_eq!(answer.header("x-request-id"), Some(id), "{path}");
        }
        let mut given = Vec::new();
        for odd in ["", "two words", "é", &"x".repeat(129)] {
            let answer = server.call("GET", path, &[("X-Request-Id", odd)], b"").await;
            given.push(answer.header("x-request-id").unwrap().to_owned());
        }
        given.push(server.get(path).await.header("x-request-id").unwrap().to_owned());
        assert!(given.iter().all(|id| id.len() == 32), "{given:?}");
        given.sort();
        given.dedup();
        assert_eq!(given.len(), 5, "each is another one");
    }
    let absent =
        server.call("GET", "/v1/namespaces/x/schema", &[("X-Request-Id", "r7")], b"").await;
    assert_eq!(absent.json()["request_id"], "r7");
}

#[tokio::test]
async fn clients_are_told_to_send_no_reports_and_are_never_kept_waiting() {
    let server = Server::start(&Options::memory()).await;
    server.write("a", json!({"upsert_rows": [{"id": 1}]})).await;
    // As the official clients send it.
    let headers = [
        ("Authorization", "Bearer x"),
        ("Accept", "application/json"),
        ("Accept-Encoding", "identity"),
        ("prefer", "respond-async"),
        ("X-Stainless-Lang", "python"),
        ("X-Stainless-retry-count", "0"),
        ("User-Agent", "Turbopuffer/Python 3.1.0"),
    ];
    let write = br#"{"upsert_rows":[{"id":2}]}"#;
    for (method, path, body) in [
        ("POST", "/v2/namespaces/a?stainless_overload=write", &write[..]),
        ("POST", "/v2/namespaces/a/query?stainless_overload=query&x=%FF", ALL.as_bytes()),
        ("GET", "/v1/namespaces?unknown=1", &[]),
        ("GET", "/v1/namespaces/a/schema?x", &[]),
    ] {
        let answer = server.call(method, path, &headers, body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert_eq!(answer.header("x-turbopuffer-client-telemetry-sample-rate"), Some("0"));
        assert_eq!(answer.header("preference-applied"), None);
        answer.ok();
    }
}

#[tokio::test]
async fn a_path_that_is_none_or_does_not_take_a_method_says_so() {
    let server = Server::start(&Options::memory()).await;
    server.write("a", json!({"upsert_rows": [{"id": 1}]})).await;
    for path in ["/", "/v2", "/v2/namespaces", "/v3/namespaces/a", "/v2/namespaces/a/b/c", "/V1/x"]
    {
        let answer = server.get(path).await;
        assert_eq!((answer.status, &answer.json()["code"]), (404, &json!("not_found")), "{path}");
        answer.refusal();
    }
    for (method, path) in [
        ("GET", "/v2/namespaces/a"),
        ("PUT", "/v2/namespaces/a"),
        ("HEAD", "/v2/namespaces/a"),
        ("PATCH", "/v2/namespaces/a"),
        ("GET", "/v2/namespaces/a/query"),
        ("PUT", "/v2/namespaces/a/query"),
        ("POST", "/v1/namespaces"),
        ("PUT", "/v1/namespaces/a/schema"),
        ("POST", "/v1/namespaces/a"),
        ("DELETE", "/v1/namespaces/a/documents/1"),
        ("POST", "/metrics"),
        ("BREW", "/v1/namespaces"),
    ] {
        let answer = server.call(method, path, &[], b"").await;
        assert_eq!(answer.status, 405, "{method} {path}");
        assert!(answer.header("allow").is_some(), "{method} {path} says what is taken");
        if method != "HEAD" {
            assert_eq!(answer.json()["code"], "wrong_method");
            answer.refusal();
        }
    }
    assert_eq!(server.documents("a").await, json!([{"id": 1}]));
}

#[tokio::test]
async fn the_head_of_what_can_be_got_can_be_got() {
    let server = Server::start(&Options::memory()).await;
    server.write("a", json!({"upsert_rows": [{"id": 1}]})).await;
    for (path, status) in [
        ("/v1/namespaces", 200),
        ("/v1/namespaces/a/schema", 200),
        ("/v1/namespaces/absent/schema", 404),
        ("/healthz", 200),
    ] {
        assert_eq!(server.call("HEAD", path, &[], b"").await.status, status, "{path}");
    }
}

#[tokio::test]
async fn a_connection_serves_one_request_after_the_other() {
    let server = Server::start(&Options::memory()).await;
    let mut socket = Socket::open(server.host()).await.unwrap();
    let body = br#"{"upsert_rows":[{"id":1}]}"#;
    let length = body.len().to_string();
    let write = head("POST", "/v2/namespaces/a", &[("Content-Length", &length)]);
    let get = head("GET", "/v1/namespaces/a/schema", &[]);
    let absent = head("GET", "/v1/namespaces/b/schema", &[]);
    for _ in 0..5 {
        for (parts, status) in
            [(vec![&write[..], &body[..]], 200), (vec![&get[..]], 200), (vec![&absent[..]], 404)]
        {
            let answer = socket.exchange(&parts, Reads::Whole).await.unwrap().unwrap();
            assert_eq!(answer.status, status, "{}", answer.text());
        }
    }
    // And several that were sent at once, in their order.
    socket.send(&[&get[..], &absent[..], &get[..]].concat()).await.unwrap();
    for status in [200, 404, 200] {
        assert_eq!(socket.answer(Reads::Whole).await.unwrap().unwrap().status, status);
    }
}
