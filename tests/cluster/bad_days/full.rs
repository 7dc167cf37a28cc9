//! The disk is full, to the last block that a write needs.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    UNKNOWN, View, done, figure, holds, in_the_end, is_all_there, is_healthy, rows, write,
};
use crate::chance::{Chance, replay, seed};
use crate::node::Node;
use crate::site::Site;

const SMALL: &str = "16m";
const LARGE: &str = "64m";
/// A write here is of 144 KiB that hardly pack.
const ROWS: u64 = 48;
const TEXT_BYTES: usize = 3000;
const WRITES_MAX: u64 = 400;
const FREE_KIB_MAX: u64 = 1024;
/// A write that is not answered within this has met the end of the disk.
const STUCK_AFTER: Duration = Duration::from_secs(5);

fn large(chance: &mut Chance, at: u64) -> Value {
    let row = |id: u64| json!({"id": id, "t": chance.text(TEXT_BYTES)});
    let rows: Vec<Value> = (at * ROWS..(at + 1) * ROWS).map(row).collect();
    json!({"upsert_rows": rows})
}

/// Of one write, however often it is sent.
fn key(at: u64) -> String {
    format!("write-{at}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_full_disk_reads_go_on_and_a_write_is_done_when_there_is_room() {
    let (site, seed) = (Site::small_disk(SMALL).await, seed());
    eprintln!("{}: {}", site.title, replay(seed));
    let (mut chance, node) = (Chance::of(seed, "bad day"), Node::start(&site).await);
    let (at, disk) = (node.at, site.disk.as_ref().unwrap());
    done(at, "calm", &rows(0, 10)).await;

    let mut written = 0;
    let (body, stuck) = loop {
        assert!(written < WRITES_MAX, "the disk is never full");
        let body = large(&mut chance, written);
        let (sent, key) = (body.clone(), key(written));
        let mut writing = tokio::spawn(async move { write(at, "full", Some(&key), &sent).await });
        let answer = match tokio::time::timeout(STUCK_AFTER, &mut writing).await {
            Err(_) if disk.free_kib() < FREE_KIB_MAX => break (body, writing),
            Err(_) => writing.await,
            Ok(answer) => answer,
        };
        let answer = answer.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        written += 1;
    };
    is_healthy(at).await;
    holds(at, "full", View::Newest, written * ROWS).await;
    holds(at, "calm", View::Newest, 10).await;
    UNKNOWN.check(&stuck.await.unwrap());
    assert!(figure(at, "elacsym_store_requests_total", "outcome=\"away\"").await > 0.0);
    let log = std::fs::read_to_string(site.log()).unwrap();
    assert!(log.contains("No space left on device"), "{}", site.log_end());
    is_healthy(at).await;
    holds(at, "full", View::Newest, written * ROWS).await;

    disk.grow(LARGE);
    in_the_end(at, "full", &key(written), &body).await;
    done(at, "calm", &rows(10, 10)).await;
    let names = [("full", (written + 1) * ROWS), ("calm", 20)];
    is_all_there(node, &site, &names).await;
}
