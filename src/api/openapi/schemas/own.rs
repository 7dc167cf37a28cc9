//! Our own contract: namespaces with a schema, documents with their attributes apart.

use serde_json::Value;

use crate::api::openapi::shape::{
    any, count, either, list, map_of, named, number, object, one_of, text, text_like, told, truth,
    within,
};
use crate::model::{DIMS_MAX, LIMIT_MAX};

const TYPE: &str = "^(string|integer|float|boolean|datetime|uuid)$|^array<(string|integer|float|boolean|datetime|uuid)>$";

pub(super) fn all() -> Vec<(&'static str, Value)> {
    vec![
        ("Creation", creation()),
        ("Created", created()),
        ("Document", document()),
        ("Documents", object(&["documents"], [("documents", list(named("Document")))])),
        ("Deletion", deletion()),
        ("Done", done()),
        ("OwnFilter", condition()),
        ("Search", search()),
        ("Found", found()),
        ("Results", results()),
    ]
}

fn creation() -> Value {
    let kind = || told(text_like(TYPE), "Such as `string`, `array<integer>`");
    let simple = object(&["Simple"], [("Simple", truth())]);
    let full_text = either([truth(), simple, named("FullTextSettings")]);
    let attribute = object(
        &[],
        [
            ("type", kind()),
            ("attr_type", told(kind(), "Another word for `type`: one of them is there")),
            ("indexed", told(truth(), "Whether it may be filtered by")),
            ("full_text", full_text),
        ],
    );
    let schema = object(
        &[],
        [
            ("vector_dim", within(1, DIMS_MAX as usize)),
            ("vector_metric", metric()),
            ("attributes", map_of(attribute)),
        ],
    );
    object(&["schema"], [("schema", told(schema, "The two of the vector go together"))])
}

fn metric() -> Value {
    one_of(&["cosine", "l2", "dot"])
}

fn created() -> Value {
    let words = "False: it is there already, as it was asked for";
    object(
        &["namespace", "created"],
        [("namespace", named("Name")), ("created", told(truth(), words))],
    )
}

fn document() -> Value {
    object(
        &["id"],
        [("id", named("Id")), ("vector", named("Vector")), ("attributes", map_of(named("Value")))],
    )
}

fn deletion() -> Value {
    either([
        object(&["ids"], [("ids", named("Ids"))]),
        object(&["filter"], [("filter", named("OwnFilter"))]),
    ])
}

fn done() -> Value {
    object(
        &["count", "seq"],
        [
            ("count", told(count(), "The documents that were changed")),
            ("seq", told(count(), "Whoever reads at this point of the log sees it")),
        ],
    )
}

fn condition() -> Value {
    let operators = [
        "eq",
        "ne",
        "gt",
        "gte",
        "lt",
        "lte",
        "in",
        "not_in",
        "contains",
        "contains_any",
        "exists",
        "glob",
        "regex",
    ];
    let test = object(
        &["field", "op"],
        [("field", text()), ("op", one_of(&operators)), ("value", any("An operand"))],
    );
    let around = object(
        &["type", "conditions"],
        [
            ("type", told(one_of(&["and", "or", "not"]), "`not`: none of them holds")),
            ("conditions", list(named("OwnFilter"))),
        ],
    );
    either([test, around])
}

fn search() -> Value {
    let sort = object(&["field"], [("field", text()), ("order", one_of(&["asc", "desc"]))]);
    let min_seq = "At least what a write said its `seq` was";
    object(
        &[],
        [
            ("vector", told(named("Vector"), "The most similar to it come first")),
            ("sort", told(list(sort), "Instead of a vector; without either, by id")),
            ("filter", named("OwnFilter")),
            ("top_k", told(within(0, LIMIT_MAX), "10, if nothing is said; 0 beside aggregations")),
            ("aggs", told(named("OwnAggregations"), "Of all that match, whatever is shown of it")),
            ("aggregations", told(named("OwnAggregations"), "The same: one of them is there")),
            ("metric", told(metric(), "It must be that of the namespace")),
            ("include_attributes", list(text())),
            ("include_vector", truth()),
            ("min_seq", told(count(), min_seq)),
        ],
    )
}

fn found() -> Value {
    object(
        &["id", "attributes"],
        [
            ("id", named("Id")),
            ("score", told(number(), "Of a search by vector: the highest first")),
            ("vector", named("Vector")),
            ("attributes", map_of(named("Value"))),
        ],
    )
}

fn results() -> Value {
    let performance = object(
        &["server_total_ms", "exhaustive_search_count", "approx_namespace_size", "seq"],
        [
            ("server_total_ms", count()),
            ("exhaustive_search_count", count()),
            ("approx_namespace_size", count()),
            ("seq", count()),
        ],
    );
    object(
        &["results", "took_ms", "performance"],
        [
            ("results", list(named("Found"))),
            ("aggregations", told(map_of(named("OwnSummary")), "If they were asked for")),
            ("took_ms", count()),
            ("performance", performance),
        ],
    )
}
