//! Names, ids, values, and what answers have in common.

use serde_json::Value;

use crate::api::openapi::shape::{
    any, count, either, list, named, number, object, one_of, only, open_object, text, text_like,
    text_of, told, whole,
};
use crate::model::{DOC_ID_BYTES_MAX, NAME_BYTES_MAX};

pub(super) fn all() -> Vec<(&'static str, Value)> {
    vec![
        ("Name", name()),
        ("Token", text()),
        ("IdInPath", told(text(), "Percent-encoded")),
        ("Id", id()),
        ("Ids", list(named("Id"))),
        ("Value", value()),
        ("Vector", vector()),
        ("DistanceMetric", metric()),
        (
            "Status",
            object(&["status"], [("status", one_of(&["OK", "ACCEPTED"])), ("message", text())]),
        ),
        ("Health", object(&["status"], [("status", one_of(&["ok", "ready"]))])),
        ("Billing", billing()),
        ("OpenApi", document()),
    ]
}

fn name() -> Value {
    let pattern = format!("^[A-Za-z0-9._-]{{1,{NAME_BYTES_MAX}}}$");
    told(text_like(&pattern), "Neither `.` nor `..`")
}

fn id() -> Value {
    let words = "An integer, or a text of so many bytes, which may be a UUID: the first write of a \
                 namespace says which, or the `id` of its schema. No integer is negative, unless \
                 that says `int`";
    told(either([whole(), text_of(1, DOC_ID_BYTES_MAX)]), words)
}

fn value() -> Value {
    any(
        "As the type of its attribute has it: a text, a number, a truth, a list of these, a vector, \
         or an object of weights. Null is no value",
    )
}

fn vector() -> Value {
    let words = "Numbers, or the base64 of little-endian f32";
    told(either([list(number()), text()]), words)
}

fn metric() -> Value {
    let words = "Which `$dist` is told. `dot_product`, minus the product, is an extension";
    told(one_of(&["cosine_distance", "euclidean_squared", "dot_product"]), words)
}

fn billing() -> Value {
    object(
        &["billable_logical_bytes_queried", "billable_logical_bytes_returned"],
        [("billable_logical_bytes_queried", count()), ("billable_logical_bytes_returned", count())],
    )
}

fn document() -> Value {
    let words = "This document";
    let fields = [("openapi", only("3.1.0")), ("info", any("")), ("paths", any(""))];
    told(open_object(&["openapi", "info", "paths"], fields), words)
}
