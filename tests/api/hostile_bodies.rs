//! Bodies that are not what they say, or are more than they say: refused before they have taken
//! what they would, and the server goes on.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use crate::server::{Options, Server};

const WRITE: &str = "/v2/namespaces/a";
const QUERY: &str = "/v2/namespaces/a/query";
const SCHEMA: &str = "/v1/namespaces/a/schema";
const UPSERT: &str = "/v1/namespaces/a/upsert";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstandard(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

async fn started() -> Server {
    let server = Server::start(&Options::memory()).await;
    server.write("a", json!({"upsert_rows": [{"id": 1, "n": 1}]})).await;
    server
}

/// It goes on as if nothing had come.
async fn stands(server: &Server) {
    assert_eq!(server.documents("a").await, json!([{"id": 1, "n": 1}]));
    server.stands().await;
}

async fn explodes(server: &Server, coding: &str, bomb: &[u8]) {
    for path in [WRITE, QUERY, SCHEMA, UPSERT] {
        let answer = server.call("POST", path, &[("Content-Encoding", coding)], bomb).await;
        assert_eq!(answer.status, 413, "{path}: {}", answer.text());
        assert_eq!(answer.json()["code"], "body_too_large");
        answer.refusal();
        stands(server).await;
    }
}

#[tokio::test]
async fn a_gigabyte_of_zeros_in_gzip_does_not_go_off() {
    let server = started().await;
    explodes(&server, "gzip", &gzip(&vec![0; 256 << 20])).await;
    // Members behind each other are one body.
    explodes(&server, "gzip", &gzip(&vec![0; 8 << 20]).repeat(128)).await;
    stands(&server).await;
}

#[tokio::test]
async fn a_gigabyte_of_zeros_in_zstd_does_not_go_off() {
    let server = started().await;
    let bomb = zstd::encode_all(std::io::repeat(0).take(1 << 30), 1).unwrap();
    assert!(bomb.len() < 1 << 20, "{}", bomb.len());
    explodes(&server, "zstd", &bomb).await;
    explodes(&server, "zstd", &zstandard(&vec![0; 8 << 20]).repeat(128)).await;
    // The window alone would take 128 MiB.
    let mut wide = zstd::Encoder::new(Vec::new(), 1).unwrap();
    wide.window_log(27).unwrap();
    wide.write_all(b"{}").unwrap();
    let wide = wide.finish().unwrap();
    let answer = server.call("POST", WRITE, &[("Content-Encoding", "zstd")], &wide).await;
    assert_eq!(answer.status, 400, "{}", answer.text());
    stands(&server).await;
}

#[tokio::test]
async fn what_is_packed_well_is_no_bomb() {
    let server = started().await;
    let rows: Vec<_> = (2..5000).map(|id| json!({"id": id, "t": "x".repeat(200)})).collect();
    let body = json!({"upsert_rows": rows}).to_string();
    for (coding, packed) in [
        ("gzip", gzip(body.as_bytes())),
        ("GZIP", gzip(body.as_bytes())),
        ("x-gzip", gzip(body.as_bytes())),
        ("zstd", zstandard(body.as_bytes())),
        ("identity", body.clone().into_bytes()),
    ] {
        let answer = server.call("POST", WRITE, &[("Content-Encoding", coding)], &packed).await;
        assert_eq!(answer.ok()["rows_upserted"], 4998, "{coding}");
        server.stands().await;
    }
}

#[tokio::test]
async fn what_is_not_packed_as_it_says_is_refused() {
    let server = started().await;
    // After what a reader of JSON needs comes a part that only a reader of the packing misses.
    let body = format!("{{\"deletes\":[1]}}{}", " ".repeat(100));
    let body = body.as_bytes();
    let (gzipped, zstded) = (gzip(body), {
        let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
        encoder.include_checksum(true).unwrap();
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    });
    let mut flipped = gzipped.clone();
    let crc = flipped.len() - 8;
    flipped[crc] ^= 1;
    for (coding, sent, status) in [
        ("br", body, 415),
        ("deflate", body, 415),
        ("gzip, gzip", body, 415),
        ("gzip", body, 400),
        ("gzip", &gzipped[..gzipped.len() - 1], 400),
        ("gzip", &gzipped[..gzipped.len() / 2], 400),
        ("gzip", &gzipped[..5], 400),
        ("gzip", &flipped[..], 400),
        ("gzip", &[&gzipped[..], &b"more"[..]].concat()[..], 400),
        ("zstd", body, 400),
        ("zstd", &zstded[..zstded.len() - 1], 400),
        ("zstd", &zstded[..zstded.len() / 2], 400),
        ("zstd", &zstded[..5], 400),
        ("zstd", &[&zstded[..], &b"more"[..]].concat()[..], 400),
        ("identity", &gzipped[..], 400),
    ] {
        let answer = server.call("POST", WRITE, &[("Content-Encoding", coding)], sent).await;
        assert_eq!(answer.status, status, "{coding} of {} bytes: {}", sent.len(), answer.text());
        answer.refusal();
        stands(&server).await;
    }
}

#[tokio::test]
async fn what_is_nested_too_deep_is_refused() {
    let server = started().await;
    let (lists, maps) = ("[".repeat(100_000), "{\"a\":".repeat(100_000));
    let nots = format!("{}{}", "[\"Not\",".repeat(100_000), "]".repeat(100_000));
    let ranked = |rest: &str| format!("{{\"rank_by\":[\"id\",\"asc\"],\"limit\":1,{rest}}}");
    for (path, body) in [
        (WRITE, maps.clone()),
        (WRITE, format!("{{\"upsert_rows\":[{{\"id\":1,\"a\":{lists}")),
        (WRITE, format!("{{\"upsert_rows\":[{{\"id\":1,\"a\":{maps}")),
        (WRITE, format!("{{\"upsert_condition\":{nots}}}")),
        (QUERY, ranked(&format!("\"filters\":{lists}"))),
        (QUERY, ranked(&format!("\"filters\":{nots}"))),
        (SCHEMA, maps.clone()),
        (UPSERT, format!("{{\"documents\":[{{\"id\":1,\"attributes\":{maps}")),
        ("/v1/namespaces/a/query", format!("{{\"filter\":{maps}")),
        ("/v1/namespaces/a/delete", format!("{{\"ids\":{lists}")),
    ] {
        let answer = server.call("POST", path, &[], body.as_bytes()).await;
        let refusal = answer.refusal();
        assert!(answer.status == 400 && refusal.contains("recursion limit"), "{path}: {refusal}");
        stands(&server).await;
    }
}

#[tokio::test]
async fn what_is_no_json_is_refused() {
    let server = started().await;
    let told = "Failed to parse the request body as JSON: ";
    for text in [
        "",
        " ",
        "{",
        "{\"upsert_rows\":[",
        "{\"deletes\":[1}",
        "{\"deletes\":}",
        "nul",
        "{} {}",
        "{}x",
        "{'deletes':[]}",
        "{\"deletes\":[1,]}",
        "{deletes:[]}",
        "{\"deletes\" [1]}",
        "\u{feff}{}",
        "{\"deletes\":[1]]",
        "{\"deletes\":[01]}",
        "{\"deletes\":[+1]}",
        "{\"upsert_rows\":[{\"id\":\"\\ud800\"}]}",
        "{\"upsert_rows\":[{\"id\":\"a\nb\"}]}",
        "{\"upsert_rows\":[{\"id\":\"\\x\"}]}",
        "<html>",
        "\0",
        "//{}",
    ] {
        for path in [WRITE, QUERY, SCHEMA, UPSERT] {
            let answer = server.call("POST", path, &[], text.as_bytes()).await;
            let refusal = answer.refusal();
            assert_eq!(answer.status, 400, "{path} {text:?}: {refusal}");
            assert!(refusal.starts_with(told), "{path} {text:?}: {refusal}");
            assert_eq!(answer.json()["code"], "malformed_json");
        }
        stands(&server).await;
    }
    for text in ["null", "1", "\"x\"", "true", "[]", "[{}]"] {
        for path in [WRITE, QUERY, SCHEMA, UPSERT] {
            let answer = server.call("POST", path, &[], text.as_bytes()).await;
            assert_eq!(answer.status, 422, "{path} {text}: {}", answer.text());
            answer.refusal();
        }
        stands(&server).await;
    }
}

#[tokio::test]
async fn what_is_no_utf_8_is_refused() {
    let server = started().await;
    for body in [
        &b"{\"upsert_rows\":[{\"id\":2,\"t\":\"\xff\xfe\"}]}"[..],
        b"{\"upsert_rows\":[{\"id\":2,\"\xff\":1}]}",
        b"{\"upsert_rows\":[{\"id\":\"\xc3\"}]}",
        b"{\"upsert_rows\":[{\"id\":2,\"t\":\"\xed\xa0\x80\"}]}",
        b"{\"\xc0\xaf\":1}",
        b"\xff\xfe{\0}\0",
    ] {
        let answer = server.call("POST", WRITE, &[], body).await;
        assert_eq!(answer.status, 400, "{body:?}: {}", answer.text());
        answer.refusal();
        stands(&server).await;
    }
}

/// Nobody knows which of the two was meant.
#[tokio::test]
async fn what_is_said_twice_is_refused() {
    let server = started().await;
    for (path, body) in [
        (WRITE, r#"{"deletes":[1],"deletes":[2]}"#),
        (WRITE, r#"{"upsert_rows":[{"id":1}],"upsert_rows":[{"id":2}]}"#),
        (WRITE, r#"{"upsert_rows":[{"id":1,"id":2}]}"#),
        (WRITE, r#"{"upsert_rows":[{"id":1,"a":1,"a":2}]}"#),
        (WRITE, r#"{"upsert_rows":[{"id":1,"a":{"x":1,"x":2}}]}"#),
        (WRITE, r#"{"upsert_columns":{"id":[1],"a":[1],"a":[2]}}"#),
        (WRITE, r#"{"schema":{"a":"int","a":"uint"}}"#),
        (WRITE, r#"{"del\u0065tes":[1],"deletes":[1]}"#),
        (QUERY, r#"{"rank_by":["id","asc"],"limit":1,"limit":2}"#),
        (SCHEMA, r#"{"a":"int","a":"uint"}"#),
        (UPSERT, r#"{"documents":[{"id":1,"attributes":{"a":1},"attributes":{"a":2}}]}"#),
    ] {
        let answer = server.call("POST", path, &[], body.as_bytes()).await;
        let refusal = answer.refusal();
        assert!(answer.status == 422 && refusal.contains("duplicate field"), "{body}: {refusal}");
        stands(&server).await;
    }
}
