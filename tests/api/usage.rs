//! What a namespace uses: how much lies in it, exactly, and what a node has done for it since a
//! moment that it tells.

use std::time::Duration;

use elacsym::env::Clock;
use serde_json::{Value, json};

use crate::figures::Page;
use crate::server::{Options, Server};

async fn usage(server: &Server, ns: &str) -> Value {
    server.get(&format!("/v1/namespaces/{ns}/usage")).await.ok()
}

fn count(usage: &Value, name: &str) -> u64 {
    usage[name].as_u64().unwrap_or_else(|| panic!("{name} of {usage}"))
}

fn since(usage: &Value) -> &str {
    usage["counted_since"].as_str().unwrap_or_else(|| panic!("since when is {usage}"))
}

fn counts(usage: &Value) -> [u64; 4] {
    ["documents", "logical_bytes", "writes", "queries"].map(|name| count(usage, name))
}

#[tokio::test]
async fn documents_and_bytes_are_exact_and_what_was_done_is_counted() {
    let server = Server::start(&Options::memory()).await;
    server.write("a", json!({"upsert_rows": [{"id": 1, "t": "four"}, {"id": 2, "n": 7}]})).await;
    let first = usage(&server, "a").await;
    assert_eq!((&first["namespace"], counts(&first)), (&json!("a"), [2, 28, 1, 0]), "{first}");
    // To look at it is a request to the store, and neither a write nor a query.
    let second = usage(&server, "a").await;
    assert_eq!(counts(&second), counts(&first));
    let asked = |usage: &Value| count(usage, "store_requests");
    assert!(asked(&first) > 0 && asked(&second) > asked(&first), "{first} {second}");

    server.write("a", json!({"deletes": [2]})).await;
    let count_all = json!({"aggregate_by": {"n": ["Count"]}});
    server.query("a", count_all.clone()).await;
    server.query("a", json!({"queries": [count_all, count_all]})).await;
    assert_eq!(server.get("/v1/namespaces/a/documents/1").await.status, 200);
    // What is refused was not done.
    let refused = server.post("/v2/namespaces/a", &json!({"upsert_rows": [{"id": "x"}]})).await;
    assert_eq!(refused.status, 400, "{}", refused.text());
    let last = usage(&server, "a").await;
    assert_eq!(counts(&last), [1, 12, 2, 4], "{last}");
    assert_eq!(since(&last), since(&first));
}

#[tokio::test]
async fn each_namespace_is_counted_for_itself() {
    let server = Server::start(&Options::memory()).await;
    for (ns, writes) in [("a", 1), ("b", 3)] {
        for id in 0..writes {
            server.write(ns, json!({"upsert_rows": [{"id": id}]})).await;
        }
    }
    assert_eq!(counts(&usage(&server, "a").await), [1, 8, 1, 0]);
    assert_eq!(counts(&usage(&server, "b").await), [3, 24, 3, 0]);
    let absent = server.get("/v1/namespaces/c/usage").await;
    assert_eq!((absent.status, &absent.json()["code"]), (404, &json!("not_found")));
    let odd = server.get("/v1/namespaces/a%20b/usage").await;
    assert_eq!(odd.status, 400, "{}", odd.text());
}

/// A count that did not say so would be taken for that of all time.
#[tokio::test]
async fn a_node_that_is_started_again_counts_anew_and_says_so() {
    let server = Server::start(&Options::folder().with("ELACSYM_NODE_ID", "teller")).await;
    server.write("a", json!({"upsert_rows": [{"id": 1, "t": "four"}]})).await;
    let before = usage(&server, "a").await;
    let server = server.killed_and_started().await;
    let after = usage(&server, "a").await;
    assert_eq!((counts(&before), counts(&after)), ([1, 12, 1, 0], [1, 12, 0, 0]));
    assert!(since(&after) > since(&before), "{before} {after}");
    // What was written before had to be read.
    assert!(count(&after, "bytes_read") > 0, "{after}");
    assert_eq!((&before["counted_by"], &after["counted_by"]), (&json!("teller"), &json!("teller")));
}

/// Requests and bytes: of both namespaces as they tell it, and of the store as it counts itself.
async fn asked(server: &Server) -> [[f64; 2]; 2] {
    let mut told = [0.0, 0.0];
    for ns in ["a", "b"] {
        let usage = usage(server, ns).await;
        told[0] += count(&usage, "store_requests") as f64;
        told[1] += count(&usage, "bytes_read") as f64;
    }
    let page = Page::of(server).await;
    let requests = page.sum("elacsym_store_requests_total", &[]);
    [told, [requests, page.sum("elacsym_store_bytes_total", &[("direction", "in")])]]
}

/// What both say, once they say the same: what one of the two asks while the other tells is in no count
/// that was told. A request that nobody counts would keep them apart for ever.
async fn agreed(server: &Server) -> [f64; 2] {
    let clock = Clock::start();
    for _ in 0..20 {
        let [told, of_store] = asked(server).await;
        if told == of_store {
            return told;
        }
        clock.sleep(Duration::from_millis(50)).await;
    }
    panic!("they do not agree: {:?}", asked(server).await)
}

#[tokio::test]
async fn what_namespaces_have_asked_of_the_store_is_all_that_it_was_asked() {
    let server = Server::start(&Options::folder()).await;
    let count_all = json!({"aggregate_by": {"n": ["Count"]}});
    for (ns, writes) in [("a", 1), ("b", 3)] {
        for id in 0..writes {
            server.write(ns, json!({"upsert_rows": [{"id": id, "t": "four"}]})).await;
            server.query(ns, count_all.clone()).await;
        }
    }
    agreed(&server).await;
    // What was written has to be read now.
    let server = server.killed_and_started().await;
    server.query("b", count_all).await;
    let told = agreed(&server).await;
    assert!(told[1] > 0.0, "{told:?}");
}
