//! Our own contract: namespaces with a schema, documents with their attributes apart.

use serde_json::Value;

use crate::api::openapi::shape::{
    any, at_least, between, count, either, list, list_of, map_of, named, number, object, object_of,
    one_of, only, text, text_like, text_of, told, truth, within,
};
use crate::api::v1::{TEXT_FIELDS_MAX, WEIGHT_MAX, WEIGHT_MIN};
use crate::api::v2::TOKENS_MAX;
use crate::model::{DIMS_MAX, LIMIT_MAX, TEXT_QUERY_CHARS_MAX};

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
        ("OwnText", full_text()),
        ("OwnFusion", fusion()),
        ("Search", search()),
        ("Shown", object(&["id", "attributes"], shown())),
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
    object(&["id"], shown())
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

fn full_text() -> Value {
    let asked = || {
        let tokens = list_of(text(), 0, TOKENS_MAX);
        let words = "A text; its tokens, where the field holds tokens as they are";
        ("query", told(either([text_of(0, TEXT_QUERY_CHARS_MAX), tokens]), words))
    };
    let beside = || {
        let words = "How much it counts beside a vector, 0.5 if nothing is said; alone, nothing";
        ("weight", told(weight(), words))
    };
    let fields = list_of(text(), 1, TEXT_FIELDS_MAX);
    let weights = either([list_of(weight(), 1, TEXT_FIELDS_MAX), map_of(weight())]);
    let weights = told(weights, "Of each field, in their order or by name: 1, if nothing is said");
    either([
        object(&["field", "query"], [("field", text()), asked(), beside()]),
        object(
            &["fields", "query"],
            [
                ("fields", told(fields, "None of them twice: their scores are added")),
                asked(),
                ("weights", weights),
                beside(),
            ],
        ),
    ])
}

/// Nothing, or not too little.
fn weight() -> Value {
    either([only(0), between(WEIGHT_MIN, WEIGHT_MAX)])
}

fn fusion() -> Value {
    let weight = told(weight(), "How much the vector counts: 0.5, if nothing is said");
    let constant = told(at_least(0), "Above 0: 60, if nothing is said");
    object(&[], [("k", constant), ("vector_weight", weight)])
}

fn search() -> Value {
    let sort = object(&["field"], [("field", text()), ("order", one_of(&["asc", "desc"]))]);
    let min_seq = "At least what a write said its `seq` was";
    object(
        &[],
        [
            ("vector", told(named("Vector"), "The most similar to it come first")),
            ("full_text", told(named("OwnText"), "What has one of the words, by BM25")),
            ("rrf", told(named("OwnFusion"), "How the rankings of the two are made one")),
            ("sort", told(list(sort), "Instead of the two; without any, by id")),
            ("filter", named("OwnFilter")),
            ("top_k", told(within(0, LIMIT_MAX), "10, if nothing is said; 0 beside aggregations")),
            ("aggs", told(named("OwnAggregations"), "Of all that match, whatever is shown of it")),
            ("aggregations", told(named("OwnAggregations"), "The same: one of them is there")),
            ("metric", told(metric(), "It must be that of the namespace")),
            ("include_attributes", list(text())),
            ("include_vector", truth()),
            ("min_score", told(number(), "Of a vector, a text or both: what has less is left out")),
            ("min_seq", told(count(), min_seq)),
            ("explain", told(truth(), "Whether the answer has its plan")),
        ],
    )
}

fn found() -> Value {
    let score = told(number(), "Of a vector, a text or both, the highest first; 0 without them");
    object_of(&["id", "score", "attributes"], [&shown()[..], &[("score", score)]].concat())
}

/// A document as it is told.
fn shown() -> [(&'static str, Value); 3] {
    [("id", named("Id")), ("vector", named("Vector")), ("attributes", map_of(named("Value")))]
}

fn results() -> Value {
    let performance = object(
        &[
            "server_total_ms",
            "exhaustive_search_count",
            "approx_namespace_size",
            "seq",
            "segments",
            "object_reads",
            "object_bytes",
        ],
        [
            ("server_total_ms", count()),
            ("exhaustive_search_count", count()),
            ("approx_namespace_size", count()),
            ("seq", count()),
            ("segments", told(count(), "Those of the namespace: all were looked at")),
            ("object_reads", told(count(), "Requests to the store for its rows, each attempt")),
            ("object_bytes", told(count(), "What came of them")),
        ],
    );
    object(
        &["results", "took_ms", "performance"],
        [
            ("results", list(named("Found"))),
            ("aggregations", told(map_of(named("OwnSummary")), "If they were asked for")),
            ("explain", told(text(), "The plan, if it was asked for")),
            ("took_ms", count()),
            ("performance", performance),
        ],
    )
}
