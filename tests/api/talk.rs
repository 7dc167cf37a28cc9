//! What a test says to a server, and how it takes the answer: in JSON, a table at a time.

use std::time::Duration;

use elacsym::env::Clock;
use serde_json::{Value, json};

use crate::server::Server;
use crate::socket::{Answer, Reads, Socket, head};

/// No request of a test takes longer, unless something is stuck.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a fold may take that nothing stands in the way of.
const FOLD_LIMIT: Duration = Duration::from_secs(30);
/// No refusal takes more memory than this, with all that a server has anyway.
const SMALL_BYTES_MAX: u64 = 300 << 20;

impl Server {
    pub(crate) async fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let length = body.len().to_string();
        let mut headers = headers.to_vec();
        if !body.is_empty() || matches!(method, "POST" | "PUT" | "PATCH") {
            headers.push(("Content-Length", &length));
        }
        let head = head(method, path, &headers);
        let reads = if method == "HEAD" { Reads::HeadOnly } else { Reads::Whole };
        let asked = async {
            let mut socket = Socket::open(self.host()).await?;
            socket.exchange(&[head.as_slice(), body], reads).await
        };
        let answered = tokio::time::timeout(PATIENCE, asked).await;
        let answered = answered.unwrap_or_else(|_| panic!("{method} {path} is not answered"));
        let answered = answered.unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        answered.unwrap_or_else(|| panic!("{method} {path}: closed without an answer"))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, &[], b"").await
    }

    pub(crate) async fn remove(&self, path: &str) -> Answer {
        self.call("DELETE", path, &[], b"").await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, body).await
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.call(method, path, &[], body.to_string().as_bytes()).await
    }

    /// A write of v2 that is done.
    pub(crate) async fn write(&self, ns: &str, body: Value) -> Value {
        let answer = self.post(&format!("/v2/namespaces/{ns}"), &body).await;
        assert_eq!(answer.status, 200, "{body}: {}", answer.text());
        answer.ok()
    }

    /// A query of v2 that is answered.
    pub(crate) async fn query(&self, ns: &str, body: Value) -> Value {
        let answer = self.post(&format!("/v2/namespaces/{ns}/query"), &body).await;
        assert_eq!(answer.status, 200, "{body}: {}", answer.text());
        answer.ok()
    }

    /// All documents, whole, by id.
    pub(crate) async fn documents(&self, ns: &str) -> Value {
        let all = json!({"rank_by": ["id", "asc"], "limit": 10000, "include_attributes": true});
        self.query(ns, all).await["rows"].take()
    }

    /// The ids of what a query finds, in its order.
    pub(crate) async fn ids(&self, ns: &str, query: Value) -> Vec<Value> {
        let answer = self.query(ns, query).await;
        let rows = answer["rows"].as_array();
        let rows = rows.unwrap_or_else(|| panic!("no rows in {answer}"));
        rows.iter().map(|row| row["id"].clone()).collect()
    }

    /// The ids of what matches a filter.
    pub(crate) async fn matching(&self, ns: &str, filter: &Value) -> Vec<Value> {
        let query = json!({"rank_by": ["id", "asc"], "limit": 10000, "filters": filter});
        self.ids(ns, query).await
    }

    /// Each of these is refused, with that status and in words that hold those.
    pub(crate) async fn refuses(&self, path: &str, cases: &[(Value, u16, &str)]) {
        for (body, status, told) in cases {
            let answer = self.post(path, body).await;
            let refusal = answer.refusal();
            assert!(
                answer.status == *status && refusal.contains(*told),
                "{path} {body}: expected {status} {told:?}, got {} {refusal:?}",
                answer.status
            );
        }
    }

    /// It takes a write and finds it, which is what it is for.
    pub(crate) async fn is_well(&self) {
        self.write("wellness", json!({"upsert_rows": [{"id": 1, "n": 7}]})).await;
        assert_eq!(self.documents("wellness").await, json!([{"id": 1, "n": 7}]));
    }

    /// It goes on as it did before, and has not grown over what came.
    pub(crate) async fn stands(&self) {
        let memory = self.memory_bytes_max();
        assert!(memory < SMALL_BYTES_MAX, "{} MiB", memory >> 20);
        self.is_well().await;
    }

    /// Waits until some documents of a namespace lie in a segment.
    pub(crate) async fn folded(&self, ns: &str) {
        let clock = Clock::start();
        loop {
            let answer = self.query(ns, json!({"aggregate_by": {"n": ["Count"]}})).await;
            let performance = &answer["performance"];
            let unfolded = performance["exhaustive_search_count"].as_u64().unwrap();
            if unfolded < performance["approx_namespace_size"].as_u64().unwrap() {
                return;
            }
            assert!(clock.now() < FOLD_LIMIT, "{ns} is not folded: {performance}");
            clock.sleep(Duration::from_millis(20)).await;
        }
    }
}

/// A query for the first document, but for one field of it.
pub(crate) fn first_with(name: &str, value: Value) -> Value {
    let mut query = json!({"rank_by": ["id", "asc"], "limit": 1});
    query[name] = value;
    query
}

/// An answer with null in these places, where it had a count that differs from run to run.
pub(crate) fn without_counts(mut answer: Value, places: &[&str]) -> Value {
    for place in places {
        let count = answer.pointer_mut(place).map(Value::take);
        assert!(count.as_ref().is_some_and(Value::is_u64), "{place} of {answer} was {count:?}");
    }
    answer
}
