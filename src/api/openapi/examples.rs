//! The examples of the document: requests that can be sent as they stand, with what is answered. They
//! are data, beside their reader; each says which operation it is of.
//!
//! They speak of a namespace `docs`, which the first of them creates and the second fills; all
//! others find it so.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

const TEXT: &str = include_str!("examples.json");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Example {
    pub(super) name: String,
    pub(super) summary: String,
    pub(super) status: u16,
    /// Of the path, the URL and the headers, by name.
    #[serde(default)]
    pub(super) parameters: BTreeMap<String, Value>,
    pub(super) body: Option<Value>,
    /// As it was given, but for times and counts. None: it is no JSON, and longer than an example.
    pub(super) answer: Option<Value>,
}

/// By the ids of operations.
pub(super) fn read() -> BTreeMap<String, Vec<Example>> {
    serde_json::from_str(TEXT).expect("the examples are what this file says")
}
