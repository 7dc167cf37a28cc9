//! Stored bytes that are not what was written, as a disk or a bucket gives them back some day: their
//! namespace stops and says so, no other notices, and once the bytes are back, so is the namespace.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::life;
use crate::server::{Options, Server};

const QUERY: &str = "/v2/namespaces/a/query";
const WRITE: &str = "/v2/namespaces/a";

fn everything() -> Value {
    json!({"rank_by": ["id", "asc"], "limit": 100, "include_attributes": true})
}

async fn is_corrupt(server: &Server, path: &str, body: &Value) {
    let answer = server.post(path, body).await;
    let refusal = answer.refusal();
    let code = &answer.json()["code"];
    assert_eq!((answer.status, code), (500, &json!("corrupt")), "{path}: {refusal}");
    // Sent again it would meet the same bytes.
    assert_eq!(answer.header("x-should-retry"), Some("false"), "{path}");
}

/// A server over what another has left, with one bit in one object turned.
async fn damaged(options: &Options, object: &Path) -> Server {
    life::flip(object);
    let server = Server::start(options).await;
    for _ in 0..3 {
        is_corrupt(&server, QUERY, &everything()).await;
        assert_eq!(server.documents("b").await, json!([{"id": 1, "n": 1}]));
    }
    server.stands().await;
    server
}

/// And with the bit turned back.
async fn mended(options: &Options, object: &Path, documents: &Value) {
    life::flip(object);
    let server = Server::start(options).await;
    assert_eq!(server.documents("a").await, *documents);
    server.write("a", json!({"upsert_rows": [{"id": 100, "n": 100}]})).await;
    assert_eq!(server.documents("a").await.as_array().map(Vec::len), Some(7));
}

/// Namespaces of some documents, each of which came in a slot of its own.
async fn written(server: &Server) -> Value {
    for id in 1..=6 {
        server.write("a", json!({"upsert_rows": [{"id": id, "n": id}]})).await;
    }
    server.write("b", json!({"upsert_rows": [{"id": 1, "n": 1}]})).await;
    server.documents("a").await
}

#[tokio::test]
async fn a_damaged_slot_stops_its_namespace_and_no_other() {
    let options = Options::folder();
    let server = Server::start(&options).await;
    let documents = written(&server).await;
    // Killed, or it might fold what is to be damaged.
    drop(server);
    let slots = life::within(&life::of(&options, "a").join("w"));
    assert!(slots.len() >= 6, "{slots:?}");
    let server = damaged(&options, &slots[2]).await;
    // To write is to know what was written.
    is_corrupt(&server, WRITE, &json!({"upsert_rows": [{"id": 7}]})).await;
    drop(server);
    mended(&options, &slots[2], &documents).await;
}

#[tokio::test]
async fn a_damaged_segment_stops_its_namespace_and_no_other() {
    let options = Options::folder().with("ELACSYM__INDEXER__FOLD_SLOTS", "4");
    let server = Server::start(&options).await;
    let documents = written(&server).await;
    server.folded("a").await;
    drop(server);
    let files = life::within(&life::of(&options, "a").join("s"));
    let is_segment = |path: &&PathBuf| path.extension().is_some_and(|it| it == "parquet");
    let segment = files.iter().find(is_segment).expect("it is folded").clone();
    drop(damaged(&options, &segment).await);
    mended(&options, &segment, &documents).await;
}
