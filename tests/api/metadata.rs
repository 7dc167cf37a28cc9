//! What v2 tells of a namespace, to the key, and what it lets be changed: read-only.

use std::time::Duration;

use elacsym::env::Clock;
use serde_json::{Value, json};

use crate::figures::Page;
use crate::server::{Options, Server};

const FOLD_LIMIT: Duration = Duration::from_secs(30);

async fn three() -> Server {
    let server = Server::start(&Options::memory()).await;
    let rows = json!([{"id": 1, "n": 1}, {"id": 2}, {"id": 3}]);
    server.write("a", json!({"upsert_rows": rows})).await;
    server
}

/// `2026-09-01T00:00:00.000Z`
fn is_moment(value: &Value) -> bool {
    let shape = |(at, c): (usize, char)| match at {
        4 | 7 => c == '-',
        10 => c == 'T',
        13 | 16 => c == ':',
        19 => c == '.',
        23 => c == 'Z',
        _ => c.is_ascii_digit(),
    };
    value.as_str().is_some_and(|text| text.len() == 24 && text.chars().enumerate().all(shape))
}

/// Clients compare every key: what is not worth an index yet counts as indexed, and as nothing.
#[tokio::test]
async fn metadata_have_these_keys_and_no_others() {
    let server = three().await;
    for (version, encryption) in [("v2", json!({"mode": "default"})), ("v1", json!({"sse": true}))]
    {
        let mut metadata = server.get(&format!("/{version}/namespaces/a/metadata")).await.ok();
        for moment in ["created_at", "updated_at", "last_write_at"] {
            let moment = metadata[moment].take();
            assert!(is_moment(&moment), "{moment}");
        }
        let expected = json!({
            "schema": {"id": {"type": "uint"}, "n": {"type": "int", "filterable": true}},
            "approx_logical_bytes": 0, "approx_row_count": 0,
            "created_at": null, "updated_at": null, "last_write_at": null,
            "encryption": encryption, "index": {"status": "up-to-date"},
        });
        assert_eq!(metadata, expected, "{version}");
        // Clients of today change them under `/v1`, and read them as of `/v2`.
        let path = format!("/{version}/namespaces/a/metadata");
        for change in [json!({}), json!({"read_only": false})] {
            let changed = server.send("PATCH", &path, &change).await.ok();
            assert_eq!(changed["encryption"], json!({"mode": "default"}), "{version} {change}");
        }
    }
}

async fn moments(server: &Server) -> (String, String, String) {
    let metadata = server.get("/v2/namespaces/a/metadata").await.ok();
    let moment = |name: &str| metadata[name].as_str().unwrap().to_owned();
    (moment("created_at"), moment("updated_at"), moment("last_write_at"))
}

#[tokio::test]
async fn moments_of_change_go_forward() {
    let server = three().await;
    let before = moments(&server).await;
    assert!(before.0 <= before.1 && before.0 <= before.2, "{before:?}");
    server.post("/v1/namespaces/a/schema", &json!({"later": "int"})).await.ok();
    server.write("a", json!({"deletes": [3]})).await;
    let after = moments(&server).await;
    assert_eq!(after.0, before.0);
    assert!(after.1 >= before.1 && after.2 >= before.2, "{before:?} {after:?}");
}

async fn written_when_it_was_made(server: &Server) -> String {
    let (created, _, written) = moments(server).await;
    assert_eq!(written, created);
    let query = json!({"rank_by": ["id", "asc"], "limit": 1});
    let included = server.query("a", query).await["performance"]["last_included_write_at"].take();
    let included = included.as_str().unwrap();
    assert!(included.starts_with(created.trim_end_matches('Z')), "{included} and {created}");
    assert!(created.starts_with("20"), "{created}");
    created
}

/// It was told to have been written to in 1970, and so were its queries.
#[tokio::test]
async fn a_namespace_that_was_only_made_was_written_to_when_it_was_made() {
    let options = Options::folder().with("ELACSYM__INDEXER__FOLD_SLOTS", "1");
    let server = Server::start(&options).await;
    server.write("a", json!({"create_namespace": true, "schema": {"id": "uint"}})).await;
    let made = written_when_it_was_made(&server).await;
    let clock = Clock::start();
    while Page::of(&server).await.sum("elacsym_unindexed_slots", &[]) > 0.0 {
        assert!(clock.now() < FOLD_LIMIT, "it is not folded");
        clock.sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(written_when_it_was_made(&server).await, made);
    let server = server.killed_and_started().await;
    assert_eq!(written_when_it_was_made(&server).await, made);
    server.post("/v1/namespaces/a/schema", &json!({"later": "int"})).await.ok();
    assert_eq!(written_when_it_was_made(&server).await, made, "a schema is no document");
}

#[tokio::test]
async fn what_is_read_only_is_read_and_not_written_until_it_is_let() {
    let server = three().await;
    let path = "/v1/namespaces/a/metadata";
    let before = moments(&server).await;
    let set = server.send("PATCH", path, &json!({"read_only": true})).await.ok();
    assert_eq!(set["read_only"], true);
    assert_eq!(moments(&server).await, before, "neither schema nor documents changed");
    assert_eq!(server.get("/v2/namespaces/a/metadata").await.ok()["read_only"], true);
    let documents = json!([{"id": 1, "n": 1}, {"id": 2}, {"id": 3}]);
    for (path, body) in [
        ("/v2/namespaces/a", json!({"upsert_rows": [{"id": 4}]})),
        ("/v2/namespaces/a", json!({"patch_rows": [{"id": 1, "n": 2}]})),
        ("/v2/namespaces/a", json!({"deletes": [1]})),
        ("/v2/namespaces/a", json!({"schema": {"more": "int"}})),
        ("/v1/namespaces/a/schema", json!({"more": "int"})),
        ("/v1/namespaces/a/upsert", json!({"documents": [{"id": 4}]})),
        ("/v1/namespaces/a/delete", json!({"ids": [1]})),
    ] {
        let answer = server.post(path, &body).await;
        let refusal = answer.refusal();
        assert!((400..500).contains(&answer.status) && answer.status != 409, "{body}: {refusal}");
        assert!(refusal.contains("read-only"), "{body}: {refusal}");
        assert_eq!(server.documents("a").await, documents);
    }
    let nothing = server.send("PATCH", path, &json!({})).await.ok();
    assert_eq!(nothing["read_only"], true, "what is not said stays");
    let unset = server.send("PATCH", path, &json!({"read_only": false})).await.ok();
    assert!(unset.get("read_only").is_none(), "{unset}");
    server.write("a", json!({"deletes": [1, 2, 3]})).await;
    assert_eq!(server.documents("a").await, json!([]));
}

#[tokio::test]
async fn a_change_of_metadata_of_another_shape_is_refused() {
    let server = three().await;
    for (body, status, told) in [
        (json!({"read_only": "yes"}), 422, "read_only: invalid type"),
        (json!([]), 422, "invalid type: sequence"),
        (json!({"readonly": true}), 400, "unknown field `readonly`"),
    ] {
        let answer = server.send("PATCH", "/v2/namespaces/a/metadata", &body).await;
        let refusal = answer.refusal();
        assert!(answer.status == status && refusal.contains(told), "{body}: {refusal}");
    }
}

#[tokio::test]
async fn a_setting_outlives_the_process() {
    let server = Server::start(&Options::folder()).await;
    server.write("a", json!({"upsert_rows": [{"id": 1}]})).await;
    let path = "/v2/namespaces/a/metadata";
    server.send("PATCH", path, &json!({"read_only": true})).await.ok();
    let before = server.get(path).await.ok();
    let server = server.killed_and_started().await;
    assert_eq!(server.get(path).await.ok(), before);
    let write = json!({"upsert_rows": [{"id": 2}]});
    server.refuses("/v2/namespaces/a", &[(write, 400, "read-only")]).await;
}
