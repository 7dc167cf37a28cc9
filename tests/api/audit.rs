//! The audit log: who did what an operator may have to answer for, and who was refused. It has the
//! names of keys, and no keys.

use serde_json::{Value, json};

use crate::key_file::{entry, locked};
use crate::server::{Options, Server};

const ALL: &[&str] = &["read", "write", "list", "admin"];

fn lines(server: &Server) -> Vec<Value> {
    let log = server.log();
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["target"] == "audit").collect()
}

fn told(line: &Value) -> Value {
    let field = |name: &str| line[name].clone();
    json!([field("who"), field("what"), field("namespace"), field("outcome")])
}

fn audit(server: &Server) -> Vec<Value> {
    lines(server).iter().map(told).collect()
}

fn with_log(options: Options) -> Options {
    options.with("ELACSYM__LOG__FORMAT", "json").with("ELACSYM__LOG__LEVEL", "info")
}

#[tokio::test]
async fn administrative_actions_and_refusals_are_told_and_nothing_else() {
    let server = Server::start(&with_log(locked(&[
        entry("boss", ALL, &["*"], ""),
        entry("tenant", &["read"], &["acme-*"], ""),
        entry("gone", ALL, &["*"], "expires = 2001-02-03"),
    ])))
    .await;
    let rows = json!({"upsert_rows": [{"id": 1}]});
    let read_only = json!({"read_only": true});
    for (key, method, path, body, status) in [
        ("boss", "POST", "/v2/namespaces/acme-1", &rows, 200),
        ("boss", "GET", "/v1/namespaces", &Value::Null, 200),
        ("tenant", "GET", "/v1/namespaces/acme-1/schema", &Value::Null, 200),
        ("tenant", "POST", "/v2/namespaces/acme-1", &rows, 403),
        ("tenant", "GET", "/v1/namespaces/other/schema", &Value::Null, 403),
        ("tenant", "GET", "/v1/namespaces/no%0Aname/schema", &Value::Null, 403),
        ("gone", "GET", "/v1/namespaces", &Value::Null, 401),
        ("letmein", "GET", "/v1/namespaces", &Value::Null, 401),
        ("boss", "PATCH", "/v2/namespaces/acme-1/metadata", &read_only, 200),
        ("boss", "DELETE", "/v2/namespaces/absent", &Value::Null, 404),
        ("boss", "DELETE", "/v1/namespaces/acme-1", &Value::Null, 200),
    ] {
        let answer = server.call_as(key, method, path, body).await;
        assert_eq!(answer.status, status, "{key} {method} {path}: {}", answer.text());
    }
    let expected = [
        json!(["tenant", "POST /v2/namespaces/{ns}", "acme-1", "refused"]),
        json!(["tenant", "GET /v1/namespaces/{ns}/schema", "other", "refused"]),
        json!(["tenant", "GET /v1/namespaces/{ns}/schema", null, "refused"]),
        json!(["gone", "GET /v1/namespaces", null, "refused"]),
        json!(["nobody", "GET /v1/namespaces", null, "refused"]),
        json!(["boss", "PATCH /v2/namespaces/{ns}/metadata", "acme-1", "done"]),
        json!(["boss", "DELETE /v2/namespaces/{ns}", "absent", "refused"]),
        json!(["boss", "DELETE /v1/namespaces/{ns}", "acme-1", "done"]),
    ];
    assert_eq!(audit(&server), expected);
    let log = server.log();
    let of_audit = log.lines().filter(|line| line.contains("\"audit\""));
    assert!(of_audit.clone().count() > 0);
    for line in of_audit {
        assert!(line.contains("\"request_id\":\"the-same\""), "{line}");
    }
    assert!(!log.contains("letmein"), "a key is in the log");
}

#[tokio::test]
async fn whoever_is_over_a_limit_is_told_by_the_name_of_their_key() {
    let keys = [
        entry("small", ALL, &["*"], "bytes_per_second = \"1KiB\""),
        entry("free", ALL, &["*"], ""),
    ];
    let server = Server::start(&with_log(locked(&keys))).await;
    let schema = json!({"t": {"type": "string", "filterable": false}});
    // It is paid off by whatever comes in the next three minutes.
    let rows = json!({"schema": schema, "upsert_rows": [{"id": 1, "t": "x".repeat(200_000)}]});
    server.call_as("small", "POST", "/v2/namespaces/acme-1", &rows).await.ok();
    let query = json!({"rank_by": ["id", "asc"], "limit": 1});
    for (key, method, path, body, status) in [
        ("small", "POST", "/v2/namespaces/acme-1", &rows, 429),
        ("small", "POST", "/v2/namespaces/acme-1/query", &query, 429),
        ("small", "GET", "/v1/namespaces", &Value::Null, 429),
        ("small", "GET", "/v1/namespaces/no%0Aname/schema", &Value::Null, 429),
        ("small", "DELETE", "/v2/namespaces/acme-1", &Value::Null, 429),
        ("free", "POST", "/v2/namespaces/acme-1/query", &query, 200),
    ] {
        let answer = server.call_as(key, method, path, body).await;
        assert_eq!(answer.status, status, "{key} {method} {path}: {}", answer.text());
    }
    let expected = [
        json!(["small", "POST /v2/namespaces/{ns}", "acme-1", "refused"]),
        json!(["small", "POST /v2/namespaces/{ns}/query", "acme-1", "refused"]),
        json!(["small", "GET /v1/namespaces", null, "refused"]),
        json!(["small", "GET /v1/namespaces/{ns}/schema", null, "refused"]),
        json!(["small", "DELETE /v2/namespaces/{ns}", "acme-1", "refused"]),
    ];
    assert_eq!(audit(&server), expected);
    for line in lines(&server) {
        assert_eq!(line["code"], "throttled", "{line}");
        let why = line["why"].as_str().unwrap();
        assert!(why.contains("1024 bytes a second"), "{line}");
    }
}

/// Whoever is logged by a place in a list is found there.
#[tokio::test]
async fn keys_of_the_configuration_go_by_their_place() {
    let options = Options::memory().with("ELACSYM_API_KEYS", "alpha,beta");
    let server = Server::start(&with_log(options)).await;
    server.call_as("beta", "DELETE", "/v2/namespaces/a", &Value::Null).await;
    let what = "DELETE /v2/namespaces/{ns}";
    assert_eq!(audit(&server), [json!(["auth.api_keys[1]", what, "a", "refused"])]);
    let open = Server::start(&with_log(Options::memory())).await;
    open.remove("/v2/namespaces/a").await;
    assert_eq!(audit(&open), [json!(["everybody", what, "a", "refused"])]);
}
