//! Queries of the second contract, and their answers.

use serde_json::Value;

use crate::api::openapi::shape::{
    Field, any, count, either, list, list_of, map_of, named, number, object, object_of, one_of,
    only, text, told, truth, tuple, within,
};
use crate::api::v2::QUERIES_MAX;
use crate::model::{GROUP_KEYS_MAX, LIMIT_MAX, PER_ATTRIBUTES_MAX, RECALL_SAMPLES_MAX};

const CACHE: &str = "Changes nothing: rows are kept in memory or not as the node decides";

pub(super) fn all() -> Vec<(&'static str, Value)> {
    vec![
        ("Limit", limit()),
        ("Consistency", consistency()),
        ("SubQuery", object_of(&[], of_each())),
        ("Query", query()),
        ("Hit", hit()),
        ("Answer", answer()),
        ("Performance", performance()),
        ("Plan", object(&["plan_text"], [("plan_text", text())])),
        ("Recall", recall()),
        ("Recalled", recalled()),
    ]
}

fn limit() -> Value {
    let per = object(
        &["attributes", "limit"],
        [("attributes", list_of(text(), 1, PER_ATTRIBUTES_MAX)), ("limit", within(1, usize::MAX))],
    );
    let total = within(1, LIMIT_MAX);
    let both = object(&["total"], [("total", total.clone()), ("per", per)]);
    either([total, both])
}

fn consistency() -> Value {
    let eventual = told(count(), "Of `eventual`: 60, if nothing is said");
    object(
        &["level"],
        [("level", one_of(&["strong", "eventual"])), ("max_staleness_seconds", eventual)],
    )
}

/// What each of several queries says for itself.
fn of_each() -> Vec<Field> {
    let names = || list(text());
    vec![
        ("rank_by", named("Rank")),
        ("limit", named("Limit")),
        ("top_k", told(within(1, LIMIT_MAX), "The older name of `limit`")),
        ("offset", within(0, LIMIT_MAX)),
        ("filters", named("Filter")),
        ("include_attributes", either([truth(), names()])),
        ("exclude_attributes", names()),
        ("aggregate_by", told(map_of(named("Aggregate")), "By their labels")),
        ("group_by", list_of(named("Group"), 1, GROUP_KEYS_MAX)),
        ("compute_attributes", told(map_of(named("Computed")), "By their labels")),
        ("distance_metric", named("DistanceMetric")),
        ("disable_cache", told(truth(), CACHE)),
        ("allow_partial", told(only(false), "`true` is not built yet")),
    ]
}

/// What is said once, of one query or of several.
fn of_all() -> Vec<Field> {
    let min_seq = "At least what a write said its `seq` was: an extension";
    let deadline = "Milliseconds, past which the answer is a 504: an extension";
    vec![
        ("consistency", named("Consistency")),
        ("vector_encoding", one_of(&["float", "base64"])),
        ("min_seq", told(count(), min_seq)),
        ("deadline_ms", told(within(1, usize::MAX), deadline)),
        ("explain", told(truth(), "Whether the answer has its plan: an extension")),
    ]
}

fn query() -> Value {
    let one = [of_each(), of_all()].concat();
    let settings = object(&[], [("rank_constant", number()), ("weights", list(number()))]);
    let mut several = of_all();
    several.extend([
        ("queries", list_of(named("SubQuery"), 1, QUERIES_MAX)),
        ("rerank_by", told(tuple([only("RRF"), settings], 1), "Makes one of their answers")),
        ("limit", told(named("Limit"), "Of what `rerank_by` makes")),
        ("offset", within(0, LIMIT_MAX)),
        ("disable_cache", told(truth(), CACHE)),
        ("allow_partial", only(false)),
    ]);
    let several = object_of(&["queries"], several);
    either([object_of(&[], one), told(several, "Up to sixteen, over one moment")])
}

fn hit() -> Value {
    let dist = "A distance, the nearest first, or a score, the highest first; none of an order";
    let mut hit = object(&["id"], [("id", named("Id")), ("$dist", told(number(), dist))]);
    hit["additionalProperties"] = any("An attribute, or what was computed");
    hit
}

fn answer() -> Value {
    let aggregations = || told(map_of(named("Summary")), "By their labels");
    let of_one = || {
        [
            ("rows", list(named("Hit"))),
            ("aggregations", aggregations()),
            ("aggregation_groups", told(list(map_of(any(""))), "Their keys, and their aggregates")),
        ]
    };
    let [rows, aggregations, groups] = of_one();
    object(
        &["billing", "performance"],
        [
            rows,
            aggregations,
            groups,
            ("results", told(list(object(&[], of_one())), "Of several queries, in their order")),
            ("explain", text()),
            ("billing", named("Billing")),
            ("performance", named("Performance")),
        ],
    )
}

fn performance() -> Value {
    let unfolded = "Documents that are in no segment yet, whether they match or not";
    object(
        &[
            "cache_hit_ratio",
            "cache_temperature",
            "server_total_ms",
            "query_execution_ms",
            "exhaustive_search_count",
            "approx_namespace_size",
            "last_included_write_at",
            "seq",
            "segments",
            "object_reads",
            "object_bytes",
        ],
        [
            ("cache_hit_ratio", number()),
            ("cache_temperature", one_of(&["hot", "warm", "cold"])),
            ("server_total_ms", count()),
            ("query_execution_ms", count()),
            ("exhaustive_search_count", told(count(), unfolded)),
            ("approx_namespace_size", count()),
            ("last_included_write_at", told(text(), "As `last_write_at` of the metadata")),
            ("seq", told(count(), "The last slot of the log that was seen")),
            ("segments", told(count(), "Those of the namespace: all were looked at")),
            ("object_reads", told(count(), "Requests to the store for its rows, each attempt")),
            ("object_bytes", told(count(), "What came of them")),
        ],
    )
}

fn recall() -> Value {
    object(
        &[],
        [
            ("num", told(within(1, RECALL_SAMPLES_MAX), "Vectors that are searched for: 25")),
            ("top_k", told(within(1, LIMIT_MAX), "10, if nothing is said")),
            ("filters", named("Filter")),
            ("rank_by", told(named("Nearest"), "To search for this one instead")),
            ("include_ground_truth", truth()),
        ],
    )
}

fn recalled() -> Value {
    let truth = object(
        &["query_vector", "nearest_neighbors"],
        [("query_vector", list(number())), ("nearest_neighbors", list(named("Hit")))],
    );
    object(
        &["avg_recall", "avg_exhaustive_count", "avg_ann_count"],
        [
            ("avg_recall", told(number(), "Which part of the exact answer was found, 0 to 1")),
            ("avg_exhaustive_count", number()),
            ("avg_ann_count", number()),
            ("ground_truth", list(truth)),
        ],
    )
}
