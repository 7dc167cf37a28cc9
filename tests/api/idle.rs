//! Namespaces that nobody asks for cost the store nothing: neither one that is open here, nor one
//! that this server has yet to hear of.

use std::time::Duration;

use elacsym::env::Clock;
use serde_json::json;

use crate::figures::Page;
use crate::server::{Options, Server};

/// Past the moment at which an open namespace puts its rows away.
const QUIET: Duration = Duration::from_secs(8);

#[tokio::test]
async fn a_store_is_asked_nothing_for_namespaces_that_nobody_asks_for() {
    let options = Options::folder().with("ELACSYM__INDEXER__FOLD_SLOTS", "4");
    let server = Server::start(&options).await;
    for ns in ["closed", "open"] {
        for id in 0..6 {
            server.write(ns, json!({"upsert_rows": [{"id": id}]})).await;
        }
        server.folded(ns).await;
    }
    // Of the one, the next server has heard nothing; the other it has open.
    let server = server.killed_and_started().await;
    server.write("open", json!({"upsert_rows": [{"id": 6}]})).await;
    server.documents("open").await;
    let asked = |page: &Page| page.sum("elacsym_store_requests_total", &[]);
    let clock = Clock::start();
    // What follows a write by itself, such as a fold, is followed to its end.
    let mut before = Page::of(&server).await;
    loop {
        clock.sleep(Duration::from_secs(1)).await;
        let now = Page::of(&server).await;
        if asked(&now) == asked(&before) {
            break;
        }
        assert!(clock.now() < Duration::from_secs(15), "it comes to no rest");
        before = now;
    }
    clock.sleep(QUIET).await;
    let after = Page::of(&server).await;
    assert_eq!(after.sum("elacsym_open_namespaces", &[]), 1.0);
    assert_eq!(asked(&after), asked(&before));
}
