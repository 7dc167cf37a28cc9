//! The log of a server, for machines: a line for every request, by which it is found again, and
//! nothing in it that was meant for the server alone.

use serde_json::{Value, json};

use crate::server::{Options, Server};

const KEY: &str = "hunter2-alpha";
const WRONG_KEY: &str = "letmein-beta";

async fn locked(level: &str) -> Server {
    let options = Options::memory()
        .with("ELACSYM_API_KEYS", KEY)
        .with("ELACSYM__LOG__FORMAT", "json")
        .with("ELACSYM__LOG__LEVEL", level);
    Server::start(&options).await
}

/// Asks for one thing after the other, each under an id of its own: the ids, with what each was
/// about and how it was answered.
async fn ask(server: &Server) -> Vec<(String, &'static str, &'static str, u16)> {
    let (right, wrong) = (format!("Bearer {KEY}"), format!("Bearer {WRONG_KEY}"));
    let write = json!({"upsert_rows": [{"id": 1, "t": "tusks"}]}).to_string();
    let unknown = json!({"upsert_rowz": []}).to_string();
    let all = json!({"rank_by": ["id", "asc"], "limit": 9, "include_attributes": true}).to_string();
    let mut asked = Vec::new();
    for (method, path, key, body, status) in [
        ("POST", "/v2/namespaces/a", &right, &*write, 200),
        ("POST", "/v2/namespaces/a/query", &right, &*all, 200),
        ("GET", "/v1/namespaces/a/documents/1", &right, "", 200),
        ("POST", "/v2/namespaces/a", &wrong, &*write, 401),
        ("POST", "/v2/namespaces/a", &right, &*unknown, 400),
        ("POST", "/v2/namespaces/a", &right, "{", 400),
        ("GET", "/v1/namespaces/absent/schema", &right, "", 404),
        ("GET", "/nowhere", &right, "", 404),
        ("PUT", "/v2/namespaces/a", &right, "", 405),
        ("GET", "/healthz", &wrong, "", 200),
        ("GET", "/metrics", &wrong, "", 200),
    ] {
        let id = format!("request-{}", asked.len());
        let headers = [("Authorization", key.as_str()), ("X-Request-Id", &*id)];
        // As somebody might send a key who has not read where it goes.
        let with_key = format!("{path}?api_key={KEY}");
        let answer = server.call(method, &with_key, &headers, body.as_bytes()).await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
        asked.push((id, method, path, status));
    }
    asked
}

#[tokio::test]
async fn every_request_has_one_line_with_its_id_and_its_status() {
    let server = locked("info").await;
    let asked = ask(&server).await;
    let log = server.log();
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    for (id, method, path, status) in asked {
        // The audit has lines of its own.
        let about = lines.iter().filter(|line| line["request_id"] == *id);
        let about = about.filter(|line| line["target"] != "audit");
        let about: Vec<&Value> = about.collect();
        assert_eq!(about.len(), 1, "{id}: {about:?}");
        let line = about[0];
        let told = (&line["method"], &line["path"], &line["status"]);
        assert_eq!(told, (&json!(method), &json!(path), &json!(status)), "{line}");
        assert!(line["ms"].as_f64().is_some_and(|ms| ms >= 0.0), "{line}");
        let refused = line["code"].is_string() && line["story"].is_string();
        assert_eq!(refused, status >= 400, "{line}");
    }
}

#[tokio::test]
async fn no_key_and_no_document_is_in_the_log() {
    // Whatever is said, at whatever level, by whatever it is built of.
    let server = locked("trace").await;
    ask(&server).await;
    let log = server.log();
    for secret in [KEY, WRONG_KEY, "tusks"] {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret} is in the log");
    }
}
