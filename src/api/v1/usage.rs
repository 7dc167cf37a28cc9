//! What a namespace uses: how much lies in it, and what this node has done for it.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use super::{Said, named};
use crate::api::deadline::{Deadline, QUERY_TIME_MAX};
use crate::api::error::{Contract, Refusal};
use crate::api::{Api, json_answer};
use crate::model::{Counted, Usage, datetime};

pub(super) async fn tell(
    State(api): State<Arc<Api>>,
    Said(ns): Said<String>,
) -> Result<Response, Refusal> {
    let deadline = Deadline::start(api.clock, QUERY_TIME_MAX);
    let name = named(&ns)?;
    let usage = deadline.in_time(api.engine.usage(&name), Refusal::late_query).await?;
    let usage = usage.map_err(|error| Contract::V1.refuse(&error))?;
    json_answer(StatusCode::OK, &Told::of(&ns, &usage))
}

#[derive(Serialize)]
struct Told<'a> {
    namespace: &'a str,
    documents: u64,
    logical_bytes: u64,
    writes: u64,
    queries: u64,
    bytes_read: u64,
    store_requests: u64,
    /// The four above, and by whom.
    counted_since: String,
    counted_by: &'a str,
}

impl<'a> Told<'a> {
    fn of(namespace: &'a str, usage: &'a Usage) -> Self {
        let Counted { since_ms, writes, queries, bytes_read, store_requests } = usage.counted;
        Self {
            namespace,
            documents: usage.rows,
            logical_bytes: usage.logical_bytes,
            writes,
            queries,
            bytes_read,
            store_requests,
            counted_since: datetime::print(since_ms.saturating_mul(1000)),
            counted_by: usage.node.as_str(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::NodeId;

    #[test]
    fn what_was_counted_says_since_when_and_by_whom() {
        let counted =
            Counted { since_ms: 1_500, writes: 2, queries: 5, bytes_read: 4096, store_requests: 9 };
        let node = NodeId::new("one").unwrap();
        let usage = Usage { rows: 3, logical_bytes: 48, node, counted };
        let expected = serde_json::json!({
            "namespace": "a", "documents": 3, "logical_bytes": 48, "writes": 2, "queries": 5,
            "bytes_read": 4096, "store_requests": 9,
            "counted_since": "1970-01-01T00:00:01.500000000Z", "counted_by": "one",
        });
        assert_eq!(serde_json::to_value(Told::of("a", &usage)).unwrap(), expected);
    }
}
