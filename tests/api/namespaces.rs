//! Namespaces come and go and are listed; what is not there is told so, whatever is asked of it.

use serde_json::{Value, json};

use crate::server::{Options, Server};

const ABSENT: &str = "🤷 namespace 'absent' was not found";

async fn create(server: &Server, ns: &str) {
    server.write(ns, json!({"upsert_rows": [{"id": 1}]})).await;
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// A page of names, and the cursor to the next.
async fn page(server: &Server, parameters: &str) -> (Vec<String>, Option<String>) {
    let page = server.get(&format!("/v1/namespaces?{parameters}")).await.ok();
    let name = |named: &Value| {
        assert_eq!(named.as_object().map(serde_json::Map::len), Some(1), "{named}");
        named["id"].as_str().unwrap().to_owned()
    };
    let names = page["namespaces"].as_array().unwrap().iter().map(name).collect();
    (names, page["next_cursor"].as_str().map(str::to_owned))
}

#[tokio::test]
async fn names_are_listed_in_order_page_by_page() {
    let server = Server::start(&Options::memory()).await;
    assert_eq!(page(&server, "").await, (Vec::new(), None));
    let mut names = ["a", "a-", "a.b", "a0", "aB", "a_", "aa", "b", "B-1", "0", "z", "..."];
    for name in names {
        create(&server, name).await;
    }
    names.sort_unstable();
    assert_eq!(page(&server, "").await, (names.map(str::to_owned).to_vec(), None));
    let (mut seen, mut sizes) = (Vec::new(), Vec::new());
    let mut cursor = String::new();
    loop {
        let (names, next) =
            page(&server, &format!("page_size=5&cursor={}", encoded(&cursor))).await;
        sizes.push(names.len());
        seen.extend(names);
        let Some(next) = next.filter(|next| !next.is_empty()) else { break };
        assert_ne!(next, cursor);
        cursor = next;
    }
    assert_eq!((seen, sizes), (names.map(str::to_owned).to_vec(), vec![5, 5, 2]));
}

#[tokio::test]
async fn names_are_listed_by_how_they_begin() {
    let server = Server::start(&Options::memory()).await;
    for name in ["acme-1", "acme-2", "acme", "acm", "b"] {
        create(&server, name).await;
    }
    for (parameters, names, more) in [
        ("prefix=acme", vec!["acme", "acme-1", "acme-2"], false),
        ("prefix=acme-&page_size=1", vec!["acme-1"], true),
        ("prefix=acme-&page_size=3", vec!["acme-1", "acme-2"], false),
        ("prefix=x", vec![], false),
        ("prefix=", vec!["acm", "acme", "acme-1", "acme-2", "b"], false),
        ("prefix=b&unknown=1", vec!["b"], false),
        ("prefix=%61cme-1", vec!["acme-1"], false),
    ] {
        let (listed, next) = page(&server, parameters).await;
        assert_eq!(listed, names, "{parameters}");
        assert_eq!(next.is_some(), more, "{parameters}");
    }
    server.remove("/v2/namespaces/acme").await.ok();
    let left = vec!["acme-1".to_owned(), "acme-2".to_owned()];
    assert_eq!(page(&server, "prefix=acme").await, (left, None));
}

#[tokio::test]
async fn a_page_that_cannot_be_is_refused() {
    let server = Server::start(&Options::memory()).await;
    for odd in ["0", "1001", "-1", "ten", "1.5"] {
        let answer = server.get(&format!("/v1/namespaces?page_size={odd}")).await;
        assert!(answer.refusal().contains("page_size must be between 1 and 1000"), "{odd}");
        assert_eq!(answer.status, 400);
    }
    for odd in ["cursor=%FF", "prefix=%zz", "cursor=no/such!cursor", "prefix=a/b"] {
        let answer = server.get(&format!("/v1/namespaces?{odd}")).await;
        assert!(matches!(answer.status, 200 | 400), "{odd}: {} {}", answer.status, answer.text());
    }
}

#[tokio::test]
async fn a_namespace_that_is_not_there_is_told_so_in_the_words_of_the_contract() {
    let server = Server::start(&Options::memory()).await;
    create(&server, "other").await;
    let all = json!({"rank_by": ["id", "asc"], "limit": 1});
    let never = json!({"create_namespace": false, "upsert_rows": [{"id": 1}]});
    for (method, path, body) in [
        ("POST", "/v2/namespaces/absent", &never),
        ("POST", "/v2/namespaces/absent/query", &all),
        ("GET", "/v2/namespaces/absent/metadata", &json!({})),
        ("GET", "/v1/namespaces/absent/metadata", &json!({})),
        ("PATCH", "/v1/namespaces/absent/metadata", &json!({"read_only": true})),
        ("PATCH", "/v2/namespaces/absent/metadata", &json!({})),
        ("GET", "/v1/namespaces/absent/schema", &json!({})),
        ("POST", "/v1/namespaces/absent/schema", &json!({"a": "int"})),
        ("GET", "/v1/namespaces/absent/hint_cache_warm", &json!({})),
        ("GET", "/v1/namespaces/absent/_debug/warm_cache", &json!({})),
        ("GET", "/v1/namespaces/absent/_debug/purge_cache", &json!({})),
        ("DELETE", "/v2/namespaces/absent", &json!({})),
    ] {
        let answer = match method {
            "GET" | "DELETE" => server.call(method, path, &[], b"").await,
            _ => server.send(method, path, body).await,
        };
        assert_eq!((answer.status, answer.refusal().as_str()), (404, ABSENT), "{method} {path}");
    }
    assert_eq!(page(&server, "").await.0, ["other"]);
}

#[tokio::test]
async fn a_namespace_that_was_deleted_is_gone_at_once_and_its_name_free() {
    let server = Server::start(&Options::folder()).await;
    let numbers = json!({
        "distance_metric": "cosine_distance", "upsert_rows": [{"id": 1, "vector": [1], "n": 1}],
    });
    let texts = json!({
        "distance_metric": "dot_product", "upsert_rows": [{"id": "x", "vector": [1, 2], "n": "y"}],
    });
    for _ in 0..3 {
        server.write("a", numbers.clone()).await;
        let deleted = server.remove("/v2/namespaces/a").await.ok();
        assert_eq!(deleted, json!({"status": "OK"}));
        let all = json!({"rank_by": ["id", "asc"], "limit": 1});
        assert_eq!(server.post("/v2/namespaces/a/query", &all).await.status, 404);
        assert_eq!(server.get("/v1/namespaces/a/schema").await.status, 404);
        assert_eq!(server.remove("/v2/namespaces/a").await.status, 404);
        assert!(page(&server, "").await.0.is_empty());
        // With ids, a metric and types of its own: nothing is left of what was.
        server.write("a", texts.clone()).await;
        let expected = json!([{"id": "x", "vector": [1.0, 2.0], "n": "y"}]);
        assert_eq!(server.documents("a").await, expected);
        server.remove("/v2/namespaces/a").await.ok();
    }
    let server = server.killed_and_started().await;
    assert_eq!(server.get("/v1/namespaces/a/schema").await.status, 404);
    server.write("a", numbers).await;
    let server = server.killed_and_started().await;
    assert_eq!(server.documents("a").await, json!([{"id": 1, "vector": [1.0], "n": 1}]));
    assert_eq!(page(&server, "").await.0, ["a"]);
}

#[tokio::test]
async fn a_hint_to_warm_is_accepted() {
    let server = Server::start(&Options::memory()).await;
    create(&server, "a").await;
    for _ in 0..2 {
        let answer = server.get("/v1/namespaces/a/hint_cache_warm").await;
        assert!(matches!(answer.status, 200 | 202), "{}", answer.text());
        assert!(answer.header("preference-applied").is_none());
        let said = answer.json();
        assert!(matches!(said["status"].as_str(), Some("ACCEPTED" | "OK")), "{said}");
        assert!(said["message"].is_string(), "{said}");
    }
}
