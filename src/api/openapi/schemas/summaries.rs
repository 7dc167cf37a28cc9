//! What aggregations are answered, in either contract.

use serde_json::Value;

use crate::api::openapi::shape::{
    Field, any, count, either, list, map_of, named, named_object, nothing, number, object,
    object_of, only, text, told,
};

const OF_STATS: [&str; 5] = ["count", "min", "max", "avg", "sum"];

pub(super) fn all() -> Vec<(&'static str, Value)> {
    vec![
        ("Summary", summary()),
        ("Bucket", bucket()),
        ("OwnSummary", own_summary()),
        ("OwnBucket", own_bucket()),
        ("AroundMean", around_mean()),
    ]
}

fn figure() -> Value {
    either([number(), nothing()])
}

/// A value of the attribute: a moment is a text.
fn bound() -> Value {
    either([number(), text(), nothing()])
}

fn summary() -> Value {
    let stats = [
        vec![
            ("count", count()),
            ("min", bound()),
            ("max", bound()),
            ("avg", figure()),
            ("sum", number()),
        ],
        spread(),
    ];
    let buckets = object(
        &["buckets"],
        [
            ("buckets", list(named("Bucket"))),
            ("other_count", told(count(), "Of terms: the documents of those that are not told")),
        ],
    );
    told(
        either([bound(), object_of(&OF_STATS, stats.concat()), buckets, map_of(figure())]),
        "A number, or of Min and Max a value; stats; buckets; or percentiles, as `{\"50.0\": 7.5}`",
    )
}

fn bucket() -> Value {
    let fields = [
        ("key", any("A value, or the name of a range or a filter")),
        ("count", told(count(), "Its documents")),
        ("from", bound()),
        ("to", bound()),
    ];
    named_object(&["key", "count"], fields, named("Summary"))
}

fn own_summary() -> Value {
    let value = [vec![("value", figure())], as_text(&["value_as_string"])];
    let stats = [
        vec![
            ("count", count()),
            ("min", figure()),
            ("max", figure()),
            ("avg", figure()),
            ("sum", number()),
        ],
        as_text(&["min_as_string", "max_as_string", "avg_as_string", "sum_as_string"]),
        spread(),
    ];
    let percentile = [
        vec![("key", told(number(), "The percent")), ("value", figure())],
        as_text(&["value_as_string"]),
    ];
    let percentiles = either([
        told(map_of(bound()), "Each percent, and `50.0_as_string` beside it of a moment"),
        list(object_of(&["key", "value"], percentile.concat())),
    ]);
    let buckets = object(
        &["buckets"],
        [
            ("doc_count_error_upper_bound", told(only(0), "Of terms: all are counted")),
            ("sum_other_doc_count", told(count(), "Of terms: of those that are not told")),
            ("buckets", either([list(named("OwnBucket")), map_of(named("OwnBucket"))])),
        ],
    );
    either([
        object_of(&["value"], value.concat()),
        object_of(&OF_STATS, stats.concat()),
        object(&["values"], [("values", percentiles)]),
        buckets,
    ])
}

fn own_bucket() -> Value {
    let fields = [
        ("key", any("A value; a truth is 1 or 0, and a moment its milliseconds")),
        ("key_as_string", text()),
        ("doc_count", count()),
        ("from", number()),
        ("from_as_string", text()),
        ("to", number()),
        ("to_as_string", text()),
    ];
    named_object(&["doc_count"], fields, named("OwnSummary"))
}

/// What moments have beside their milliseconds.
fn as_text(names: &[&'static str]) -> Vec<Field> {
    names.iter().map(|name| (*name, text())).collect()
}

/// What `extended_stats` adds.
fn spread() -> Vec<Field> {
    let names = [
        "sum_of_squares",
        "variance",
        "variance_population",
        "variance_sampling",
        "std_deviation",
        "std_deviation_population",
        "std_deviation_sampling",
    ];
    let figures = names.map(|name| (name, figure()));
    [Vec::from(figures), vec![("std_deviation_bounds", named("AroundMean"))]].concat()
}

fn around_mean() -> Value {
    let names = [
        "upper",
        "lower",
        "upper_population",
        "lower_population",
        "upper_sampling",
        "lower_sampling",
    ];
    object(&names, names.map(|name| (name, figure())))
}
