//! A namespace whose folds come to nothing: writes are sent away before its tail takes what memory
//! there is, what was acknowledged is seen all the while, and when it is folded, writes are taken.

use std::fs;
use std::time::Duration;

use elacsym::env::Clock;
use serde_json::{Value, json};

use crate::life;
use crate::server::{Options, Server};
use crate::socket::Answer;

const WRITE: &str = "/v2/namespaces/a";
const ROWS: u64 = 256;
/// A write is a megabyte. A quarter of the memory may wait to be folded: that is 16 of them.
const TEXT_BYTES: usize = 4096;
const WRITES_MAX: u64 = 40;
const WRITES_MIN: u64 = 12;
/// Longer than a store is asked again, and a fold waits after one that failed.
const FOLD_LIMIT: Duration = Duration::from_secs(60);

fn batch(first: u64) -> Value {
    let text = "x".repeat(TEXT_BYTES);
    let rows: Vec<Value> =
        (first..first + ROWS).map(|id| json!({"id": id, "t": text.clone()})).collect();
    json!({"upsert_rows": rows})
}

fn is_sent_away(answer: &Answer) {
    let refusal = answer.refusal();
    assert_eq!((answer.status, &answer.json()["code"]), (429, &json!("throttled")), "{refusal}");
    assert!(refusal.contains("not folded yet"), "{refusal}");
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(answer.header("x-should-retry"), None);
}

async fn holds(server: &Server, rows: u64) {
    let count = server.query("a", json!({"aggregate_by": {"n": ["Count"]}})).await;
    assert_eq!(count["aggregations"]["n"], rows);
}

#[tokio::test]
async fn writes_are_sent_away_until_what_is_there_is_folded() {
    let options = Options::folder()
        .with("ELACSYM__INDEXER__MEMORY_LIMIT", "64MiB")
        .with("ELACSYM__INDEXER__FOLD_BYTES", "1MiB");
    let server = Server::start(&options).await;
    server.write("a", json!({"upsert_rows": [{"id": 0, "t": "x"}]})).await;
    // A file, where the folder of segments would be.
    let obstacle = life::of(&options, "a").join("s");
    fs::write(&obstacle, "").unwrap();
    let mut rows = 1;
    let refused = loop {
        let answer = server.post(WRITE, &batch(rows)).await;
        if answer.status != 200 {
            break answer;
        }
        rows += ROWS;
        assert!(rows < WRITES_MAX * ROWS, "nobody is sent away");
    };
    is_sent_away(&refused);
    assert!(rows > WRITES_MIN * ROWS, "{rows} rows are too much already");
    holds(&server, rows).await;
    server.stands().await;

    // Whoever insists is let in, unless rows have to be read for it.
    let mut insisting = json!({"upsert_rows": [{"id": rows}], "disable_backpressure": true});
    server.write("a", insisting.clone()).await;
    rows += 1;
    insisting["upsert_condition"] = json!(["id", "Eq", null]);
    is_sent_away(&server.post(WRITE, &insisting).await);

    fs::remove_file(&obstacle).unwrap();
    let clock = Clock::start();
    loop {
        let answer = server.post(WRITE, &json!({"upsert_rows": [{"id": rows}]})).await;
        if answer.status == 200 {
            break;
        }
        is_sent_away(&answer);
        assert!(clock.now() < FOLD_LIMIT, "it is not folded");
        clock.sleep(Duration::from_millis(100)).await;
    }
    rows += 1;
    holds(&server, rows).await;
    holds(&server.killed_and_started().await, rows).await;
}
