//! Who is let in where keys are configured: who shows one of them; and what is open to all.

use serde_json::json;

use crate::server::{Options, Server};

/// Every path there is, with what it is asked by.
const PATHS: &[(&str, &str)] = &[
    ("POST", "/v2/namespaces/a"),
    ("DELETE", "/v2/namespaces/a"),
    ("POST", "/v2/namespaces/a/query"),
    ("POST", "/v2/namespaces/a/explain_query"),
    ("GET", "/v2/namespaces/a/metadata"),
    ("PATCH", "/v2/namespaces/a/metadata"),
    ("GET", "/v1/namespaces"),
    ("GET", "/v1/namespaces/a/metadata"),
    ("PATCH", "/v1/namespaces/a/metadata"),
    ("GET", "/v1/namespaces/a/schema"),
    ("POST", "/v1/namespaces/a/schema"),
    ("GET", "/v1/namespaces/a/hint_cache_warm"),
    ("PUT", "/v1/namespaces/a"),
    ("DELETE", "/v1/namespaces/a"),
    ("POST", "/v1/namespaces/a/upsert"),
    ("POST", "/v1/namespaces/a/delete"),
    ("POST", "/v1/namespaces/a/query"),
    ("GET", "/v1/namespaces/a/documents/1"),
    ("GET", "/v1/namespaces/a/usage"),
    ("GET", "/v1/namespaces/a/export"),
    ("GET", "/v1/namespaces/a/operations/1"),
    ("POST", "/v1/namespaces/a/_debug/recall"),
    ("GET", "/v1/namespaces/a/_debug/warm_cache"),
    ("GET", "/v1/namespaces/a/_debug/purge_cache"),
    ("POST", "/v2/namespaces/a/async"),
    ("GET", "/v1/cluster"),
    ("GET", "/v1/cluster/owner/a"),
    ("GET", "/openapi.json"),
];

async fn locked() -> Server {
    Server::start(&Options::memory().with("ELACSYM_API_KEYS", "alpha,beta")).await
}

#[tokio::test]
async fn nothing_is_told_to_who_shows_no_key() {
    let server = locked().await;
    let bearer = [("Authorization", "Bearer alpha")];
    let write = json!({"upsert_rows": [{"id": 1}]}).to_string();
    let written = server.call("POST", "/v2/namespaces/a", &bearer, write.as_bytes()).await;
    assert_eq!(written.status, 200, "{}", written.text());
    let odd = [
        vec![],
        vec![("Authorization", "Bearer gamma")],
        vec![("Authorization", "Bearer alph")],
        vec![("Authorization", "Bearer alpha,beta")],
        vec![("Authorization", "Bearer")],
        vec![("Authorization", "Bearer ")],
        vec![("Authorization", "Basic alpha")],
        vec![("Authorization", "alpha")],
        vec![("X-Api-Key", "alpha")],
    ];
    for (method, path) in PATHS {
        let mut told = Vec::new();
        for headers in &odd {
            let answer = server.call(method, path, headers, b"{}").await;
            told.push(answer.refusal());
            assert_eq!(answer.status, 401, "{method} {path} {headers:?}");
            assert_eq!(answer.json()["code"], "unauthorized");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
            assert!(!answer.text().contains("alpha"), "{}", answer.text());
        }
        assert!(told.iter().all(|one| *one == told[0]), "{told:?}");
    }
    // Whether it is there or not.
    let absent = server.get("/v2/namespaces/absent/metadata").await;
    assert_eq!(absent.status, 401);
    let there = server.call("GET", "/v1/namespaces/a/schema", &bearer, b"").await;
    assert_eq!(there.status, 200, "a delete without a key did nothing: {}", there.text());
}

#[tokio::test]
async fn each_key_opens_every_path() {
    let server = locked().await;
    for key in ["Bearer alpha", "Bearer beta", "bearer alpha", "BEARER  beta"] {
        for (method, path) in PATHS {
            let answer = server.call(method, path, &[("Authorization", key)], b"{}").await;
            assert_ne!(answer.status, 401, "{method} {path}");
            assert!(answer.status < 500, "{method} {path}: {}", answer.text());
        }
    }
}

#[tokio::test]
async fn health_and_figures_need_no_key() {
    let server = locked().await;
    for path in ["/health", "/healthz", "/livez", "/readyz", "/metrics"] {
        for headers in [vec![], vec![("Authorization", "Bearer gamma")]] {
            assert_eq!(server.call("GET", path, &headers, b"").await.status, 200, "{path}");
        }
    }
}

/// Clients of v2 do not start without a key, and always send one.
#[tokio::test]
async fn without_keys_whatever_is_shown_is_taken() {
    let server = Server::start(&Options::memory()).await;
    for headers in [vec![], vec![("Authorization", "Bearer x")], vec![("Authorization", "?")]] {
        assert_eq!(server.call("GET", "/v1/namespaces", &headers, b"").await.status, 200);
    }
}
