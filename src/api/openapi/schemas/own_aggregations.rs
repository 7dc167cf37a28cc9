//! Aggregations of our own contract, which are those of Elasticsearch, with the queries that filters
//! of buckets may be.

use serde_json::Value;

use super::aggregations::{
    cardinality, date_histogram, extended_stats, histogram, missing, percents, ranges, terms,
};
use crate::api::openapi::shape::{
    Field, any, count, either, list, list_of, map_of, named, object, object_of, one_of, text, told,
    truth, within,
};
use crate::model::aggregation::{AGGREGATION_DEPTH_MAX, AGGREGATIONS_MAX, FILTERS_MAX, ORDERS_MAX};

pub(super) fn all() -> Vec<(&'static str, Value)> {
    vec![
        ("OwnAggregations", aggregations()),
        ("OwnAggregation", aggregation()),
        ("OwnBucketOrder", order()),
        ("BucketFilter", told(either([named("OwnFilter"), named("ElasticQuery")]), "Either form")),
        ("ElasticQuery", query()),
    ]
}

fn aggregations() -> Value {
    let words = format!(
        "By their names. A query has {AGGREGATIONS_MAX} of them in all, which nest \
         {AGGREGATION_DEPTH_MAX} deep"
    );
    told(map_of(named("OwnAggregation")), &words)
}

/// An aggregation has one type. A metric has no buckets, and nothing in them.
fn aggregation() -> Value {
    let metric =
        |name: &'static str, more: Vec<Field>| object(&[name], [(name, options(&[], more))]);
    let below = || named("OwnAggregations");
    let buckets = |name: &'static str, options: Value| {
        object(&[name], [(name, options), ("aggs", below()), ("aggregations", below())])
    };
    let order = || named("OwnBucketOrder");
    let keyed = || ("keyed", told(truth(), "Whether it is an object by key, and no list"));
    let percentiles = vec![("percents", percents()), keyed(), missing()];
    let with_keyed = |mut fields: Vec<Field>| {
        fields.push(keyed());
        fields
    };
    let mut of_terms = terms(order());
    of_terms.push(("shard_size", told(within(1, usize::MAX), "Changes nothing: all are counted")));
    let mut of_dates = with_keyed(date_histogram(order()));
    of_dates.push(("format", told(text(), "Such as `yyyy-MM-dd'T'HH:mm`, or `epoch_millis`")));
    either([
        metric("avg", vec![missing()]),
        metric("min", vec![missing()]),
        metric("max", vec![missing()]),
        metric("sum", vec![missing()]),
        metric("value_count", vec![missing()]),
        metric("stats", vec![missing()]),
        metric("extended_stats", extended_stats()),
        metric("percentiles", percentiles),
        metric("cardinality", cardinality()),
        buckets("terms", options(&[], of_terms)),
        buckets("histogram", options(&["interval"], with_keyed(histogram(order())))),
        buckets("date_histogram", options(&[], of_dates)),
        buckets("range", options(&["ranges"], with_keyed(vec![ranges(), missing()]))),
        buckets("filters", filters(keyed())),
    ])
}

/// Over a field, with these beside it.
fn options(required: &[&str], more: Vec<Field>) -> Value {
    let field = ("field", told(text(), "An attribute"));
    object_of(&[&["field"][..], required].concat(), [vec![field], more].concat())
}

fn filters(keyed: Field) -> Value {
    let named_filters = told(map_of(named("BucketFilter")), "By name");
    let listed = told(list_of(named("BucketFilter"), 1, FILTERS_MAX), "Without names");
    object(
        &["filters"],
        [
            ("filters", either([named_filters, listed])),
            ("other_bucket", told(truth(), "Whether those have one that no filter holds for")),
            ("other_bucket_key", told(text(), "What it is called: `_other_`, if nothing is said")),
            keyed,
        ],
    )
}

fn order() -> Value {
    let word = || map_of(one_of(&["asc", "desc"]));
    told(
        either([word(), list_of(word(), 1, ORDERS_MAX)]),
        "`{\"_count\": \"desc\"}`: by `_count`, `_key`, or a metric below",
    )
}

/// What says yes or no. Each is about one field, which is its name.
fn query() -> Value {
    let value = || any("A value, or `{\"value\": …}`");
    let several = || list(any("A value"));
    let text_of_field = || {
        let whole = object(&["value"], [("value", text())]);
        map_of(either([text(), whole]))
    };
    let ends = [("gt", any("")), ("gte", any("")), ("lt", any("")), ("lte", any(""))];
    let clauses = || either([named("ElasticQuery"), list(named("ElasticQuery"))]);
    let combined = object(
        &[],
        [
            ("must", clauses()),
            ("filter", clauses()),
            ("must_not", clauses()),
            ("should", clauses()),
            ("minimum_should_match", told(count(), "0 or 1")),
        ],
    );
    let one = |name: &'static str, of: Value| object(&[name], [(name, of)]);
    either([
        one("match_all", object(&[], [])),
        one("match_none", object(&[], [])),
        one("term", map_of(value())),
        one("terms", map_of(several())),
        one("range", map_of(object(&[], ends))),
        one("exists", object(&["field"], [("field", text())])),
        one("prefix", text_of_field()),
        one("wildcard", text_of_field()),
        one("bool", combined),
    ])
}
