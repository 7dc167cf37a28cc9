//! The examples of the published document, as inputs to begin with: what it shows to clients leads to
//! what it has to say, so nothing that it grows by is left out here.

use std::sync::LazyLock;

use serde_json::Value;

use crate::script::{self, Call};

const TEXT: &str = include_str!("../../src/api/openapi/examples.json");
/// Operations that ask something of documents, and where.
const QUESTIONS: [(&str, &str); 4] = [
    ("search", "/v1/namespaces/a/query"),
    ("query", "/v2/namespaces/a/query"),
    ("explainQuery", "/v2/namespaces/a/explain_query"),
    ("measureRecall", "/v1/namespaces/a/_debug/recall"),
];
/// Time stands still here but for timers, of which this is one: who says it may be answered 504.
const TIMER: &str = "deadline_ms";

static ALL: LazyLock<Vec<Example>> = LazyLock::new(read);

#[derive(Debug)]
pub(crate) struct Example {
    pub(crate) operation: &'static str,
    pub(crate) body: Value,
    pub(crate) status: u64,
    /// Behind the requests that it wants to be answered before.
    pub(crate) script: Vec<u8>,
}

impl Example {
    /// Of documents as they lie there: those of other namespaces are for their absence.
    pub(crate) fn all() -> &'static [Self] {
        &ALL
    }

    pub(crate) fn aggregates(&self) -> bool {
        ["aggregate_by", "aggs", "aggregations"].iter().any(|name| self.body.get(name).is_some())
    }
}

fn read() -> Vec<Example> {
    let tree: Value = serde_json::from_str(TEXT).unwrap();
    let body = |operation: &str, name: &str| {
        let its = tree[operation].as_array().unwrap().iter().find(|its| its["name"] == name);
        its.unwrap()["body"].to_string().into_bytes()
    };
    let call = |method: &str, path: &str, body: Vec<u8>| {
        let (method, path) = (method.to_owned(), path.to_owned());
        Call { method, path, body, ..Call::default() }
    };
    let created = call("PUT", "/v1/namespaces/a", body("createNamespace", "created"));
    let filled = call("POST", "/v1/namespaces/a/upsert", body("upsertDocuments", "filled"));
    let mut all = Vec::new();
    for (operation, path) in QUESTIONS {
        let examples = tree[operation].as_array().unwrap();
        for example in examples.iter().filter(|its| its.get("parameters").is_none()) {
            let mut body = example["body"].clone();
            if let Some(fields) = body.as_object_mut() {
                fields.remove(TIMER);
            }
            let asked = call("POST", path, body.to_string().into_bytes());
            let script = script::write(&[created.clone(), filled.clone(), asked]);
            let status = example["status"].as_u64().unwrap();
            all.push(Example { operation, body, status, script });
        }
    }
    all
}
