//! How warm a namespace is: an answer tells whether segments had to be read for it, a hint has them
//! read before anybody asks, and an operator waits for that, or has them put away.

use std::time::Duration;

use elacsym::env::Clock;
use serde_json::{Value, json};

use crate::figures::Page;
use crate::server::{Options, Server};

const HINT: &str = "/v1/namespaces/a/hint_cache_warm";
const WARM: &str = "/v1/namespaces/a/_debug/warm_cache";
const PURGE: &str = "/v1/namespaces/a/_debug/purge_cache";
/// So many are folded.
const SLOTS: u64 = 4;
const FOLD_LIMIT: Duration = Duration::from_secs(30);
/// Rows of segments are put away after five seconds: what is done within less is judged.
const KEPT: Duration = Duration::from_secs(4);
/// A machine may be busy.
const TRIES_MAX: u64 = 5;

fn options() -> Options {
    Options::folder().with("ELACSYM__INDEXER__FOLD_SLOTS", &SLOTS.to_string())
}

/// The temperature of an answer, and its ratio.
async fn felt(server: &Server) -> (Value, Value) {
    let mut answer = server.query("a", json!({"aggregate_by": {"n": ["Count"]}})).await;
    let mut told = |name: &str| answer["performance"][name].take();
    (told("cache_temperature"), told("cache_hit_ratio"))
}

/// Documents that become a segment of their own. To ask for them would be to read it.
async fn segment(server: &Server, number: u64) {
    for id in number * SLOTS..(number + 1) * SLOTS {
        server.write("a", json!({"upsert_rows": [{"id": id, "n": id}]})).await;
    }
    let clock = Clock::start();
    while Page::of(server).await.sum("elacsym_unindexed_slots", &[]) > 0.0 {
        assert!(clock.now() < FOLD_LIMIT, "it is not folded");
        clock.sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn an_answer_tells_whether_segments_had_to_be_read_for_it() {
    let server = Server::start(&options()).await;
    segment(&server, 0).await;
    assert_eq!(felt(&server).await, (json!("cold"), json!(0.0)));
    let clock = Clock::start();
    for before in 1..=TRIES_MAX {
        felt(&server).await;
        let began = clock.now();
        let again = felt(&server).await;
        segment(&server, before).await;
        let (temperature, ratio) = felt(&server).await;
        if clock.now() - began < KEPT {
            assert_eq!(again, (json!("hot"), json!(1.0)));
            assert_eq!(temperature, "warm");
            let there = before as f64 / (before + 1) as f64;
            assert!((ratio.as_f64().unwrap() - there).abs() < 1e-9, "{ratio} of {there}");
            let documents = server.documents("a").await;
            assert_eq!(documents.as_array().map(Vec::len), Some(((before + 1) * SLOTS) as usize));
            return;
        }
    }
    panic!("this machine is too slow to tell");
}

/// Files that were read, and memory that is taken.
async fn taken(server: &Server) -> (f64, f64) {
    let page = Page::of(server).await;
    let reads = page.sum("elacsym_store_requests_total", &[("verb", "read")]);
    (reads, page.sum("elacsym_memory_bytes", &[]))
}

/// It opened the namespace and no more: the first query read every segment all the same.
#[tokio::test]
async fn after_a_hint_a_query_reads_no_segment() {
    let server = Server::start(&options()).await;
    segment(&server, 0).await;
    let server = server.killed_and_started().await;
    let (cold, _) = taken(&server).await;
    let clock = Clock::start();
    for _ in 0..TRIES_MAX {
        let began = clock.now();
        let said = server.get(HINT).await.ok();
        assert_eq!(said["status"], "ACCEPTED");
        let mut before = taken(&server).await;
        loop {
            clock.sleep(Duration::from_millis(200)).await;
            let now = taken(&server).await;
            if now == before && now.0 > cold {
                break;
            }
            assert!(clock.now() - began < FOLD_LIMIT, "nothing is read for it");
            before = now;
        }
        let told = felt(&server).await;
        if clock.now() - began < KEPT {
            assert_eq!(told, (json!("hot"), json!(1.0)));
            assert_eq!(taken(&server).await.0, before.0);
            return;
        }
    }
    panic!("this machine is too slow to tell");
}

/// What an operator says, and waits for.
#[tokio::test]
async fn what_is_to_be_read_is_there_then_and_what_is_put_away_is_not() {
    let server = Server::start(&options()).await;
    segment(&server, 0).await;
    let clock = Clock::start();
    for _ in 0..TRIES_MAX {
        let began = clock.now();
        server.get(PURGE).await.ok();
        assert_eq!(felt(&server).await, (json!("cold"), json!(0.0)));
        server.get(PURGE).await.ok();
        assert_eq!(server.get(WARM).await.ok()["status"], "OK");
        let again = server.get(WARM).await;
        let told = felt(&server).await;
        if clock.now() - began < KEPT {
            assert_eq!((again.status, &again.json()["code"]), (409, &json!("conflict")));
            assert_eq!(again.header("x-should-retry"), Some("false"));
            assert_eq!(told, (json!("hot"), json!(1.0)));
            return;
        }
    }
    panic!("this machine is too slow to tell");
}
