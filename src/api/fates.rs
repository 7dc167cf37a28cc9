//! The fate of a write, as its client is told it, where it is not a plain yes or no: the store does
//! not say what became of it, or another server has taken the namespace over. A client meets either
//! so seldom that all it needs to go on has to stand in the answer.

use std::num::NonZeroU64;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::Request;
use serde_json::{Value, json};

use super::IDEMPOTENCY_KEY;
use super::alone::Alone;
use super::deadline::WRITE_TIME_MAX;
use crate::config::Location;
use crate::env::{Clock, Dice};
use crate::storage::{self, Pace};

const WRITE: &str = "/v2/namespaces/a";

/// A head passes in time, and so does a small slot. A large one never does, and never lands either.
const TRICKLE: Pace =
    Pace { put: Duration::ZERO, get: Duration::ZERO, bytes_per_second: NonZeroU64::new(1000) };

#[derive(Debug, PartialEq)]
struct Told {
    status: u16,
    /// Null, if it is no refusal.
    code: Value,
    retry_after: Option<String>,
    should_retry: Option<String>,
}

async fn send(alone: &Alone, path: &str, key: Option<&str>, body: &Value) -> Told {
    let mut request = Request::builder().method("POST").uri(path);
    if let Some(key) = key {
        request = request.header(IDEMPOTENCY_KEY, key);
    }
    let response = alone.respond(request.body(Body::from(body.to_string())).unwrap()).await;
    let header =
        |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    let (retry_after, should_retry) = (header("retry-after"), header("x-should-retry"));
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    Told { status, code: body["code"].clone(), retry_after, should_retry }
}

async fn is_done(alone: &Alone, path: &str, key: Option<&str>, body: &Value) {
    let told = send(alone, path, key, body).await;
    assert_eq!((told.status, &told.code), (200, &Value::Null), "{path} {body}: {told:?}");
}

/// Some kilobytes that nothing makes smaller than half of them.
fn large(dice: &mut Dice) -> Value {
    let rows = (1..=8).map(|id| {
        let text: String = (0..100).map(|_| format!("{:032x}", dice.draw())).collect();
        json!({"id": id, "text": text})
    });
    rows.collect()
}

#[tokio::test(start_paused = true)]
async fn of_a_slot_in_doubt_a_client_is_told_whether_it_may_send_the_write_again() {
    let absent = json!(["id", "Eq", null]);
    for (condition, key, should_retry) in [
        (Value::Null, None, None),
        (absent.clone(), None, Some("false".to_owned())),
        (absent, Some("k"), None),
    ] {
        let (clock, mut dice) = (Clock::start(), Dice::from_seed(1));
        let opened = storage::open_slow(&Location::Memory, [], clock, dice.clone(), TRICKLE).await;
        let (store, _) = opened.unwrap();
        let alone = Alone::over(store, clock, dice.clone());
        is_done(&alone, WRITE, None, &json!({"upsert_rows": [{"id": 0}]})).await;
        let body = json!({"upsert_rows": large(&mut dice), "upsert_condition": condition});
        let began = clock.now();
        let expected =
            Told { status: 504, code: json!("outcome_unknown"), retry_after: None, should_retry };
        assert_eq!(send(&alone, WRITE, key, &body).await, expected, "{condition} {key:?}");
        assert_eq!((clock.now() - began).as_secs(), WRITE_TIME_MAX.as_secs());
    }
}

/// Each of two servers believes that it owns the namespace. One that was overtaken finds a fence where
/// its slot would lie, so its write is certainly not there: whatever it is, it may come again.
#[tokio::test]
async fn whoever_was_overtaken_is_told_that_nothing_was_done_and_to_come_again() {
    let clock = Clock::start();
    let opened = storage::open(&Location::Memory, [], clock, Dice::from_seed(1)).await;
    let store = opened.unwrap();
    let servers = [2, 3].map(|seed| Alone::over(store.clone(), clock, Dice::from_seed(seed)));
    for (server, id) in servers.iter().zip([1, 2]) {
        is_done(server, WRITE, None, &json!({"upsert_rows": [{"id": id}]})).await;
    }
    let insert = json!({"upsert_rows": [{"id": 3}], "upsert_condition": ["id", "Eq", null]});
    for (at, (path, key, body)) in [
        (WRITE, None, json!({"patch_rows": [{"id": 1, "n": 1}]})),
        (WRITE, None, json!({"upsert_rows": [{"id": 2, "n": 2}]})),
        (WRITE, Some("k"), insert),
        ("/v1/namespaces/a/upsert", None, json!({"documents": [{"id": 4}]})),
    ]
    .into_iter()
    .enumerate()
    {
        // The one before has just taken the name over from this one.
        let overtaken = &servers[at % servers.len()];
        let expected = Told {
            status: 503,
            code: json!("not_committed"),
            retry_after: Some("1".to_owned()),
            should_retry: None,
        };
        assert_eq!(send(overtaken, path, key, &body).await, expected, "{path} {body}");
        is_done(overtaken, path, key, &body).await;
    }
    let ids = r#"{"rank_by":["id","asc"],"limit":9}"#;
    for server in &servers {
        let (status, found) = server.call("POST", "/v2/namespaces/a/query", ids).await;
        let rows = r#""rows":[{"id":1},{"id":2},{"id":3},{"id":4}]"#;
        assert!(status == 200 && found.contains(rows), "{found}");
    }
}
