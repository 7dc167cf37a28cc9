//! Schemas, metadata, lists of names, usage.

use serde_json::Value;

use crate::api::openapi::shape::{
    Field, count, either, list_of, map_of, named, nothing, number, object, object_of, one_of, only,
    open_object, text, text_like, told, truth, within,
};
use crate::api::v2::PAGE_NAMES_MAX;
use crate::model::{LANGUAGES_WITHOUT_STOP_WORDS, MAX_TOKEN_LENGTH_MAX, REPLICAS_MAX};

const TYPE: &str = r"^(\[\])?(string|int|uint|float|bool|uuid|datetime)$|^bytes$|^\[[0-9]+\](f32|f16|i8)$|^\[\]\[[0-9]+\]f32$|^\{\}f16$";

pub(super) fn all() -> Vec<(&'static str, Value)> {
    vec![
        ("AttributeType", told(text_like(TYPE), "Such as `string`, `[]int`, `[768]f32`, `{}f16`")),
        ("FullTextSettings", declared_settings()),
        ("FullText", object_of(&EVERY_SETTING, settings())),
        ("Ann", ann()),
        ("AttributeDeclaration", declaration()),
        ("SchemaDeclaration", schema_declaration()),
        ("AttributeShown", shown()),
        ("SchemaShown", map_of(named("AttributeShown"))),
        ("AttributeInMetadata", in_metadata()),
        ("Metadata", metadata()),
        ("MetadataChange", change()),
        ("NamespaceList", names()),
        ("Usage", usage()),
    ]
}

const EVERY_SETTING: [&str; 10] = [
    "k1",
    "k3",
    "b",
    "language",
    "stemming",
    "max_token_length",
    "remove_stopwords",
    "ascii_folding",
    "case_sensitive",
    "tokenizer",
];

fn settings() -> Vec<Field> {
    let listed = format!("Not of {}", LANGUAGES_WITHOUT_STOP_WORDS.join(", "));
    vec![
        ("tokenizer", told(text(), "`word_v4` to `word_v0`, or `pre_tokenized_array`")),
        ("language", text()),
        ("case_sensitive", truth()),
        ("stemming", truth()),
        ("remove_stopwords", told(truth(), &listed)),
        ("ascii_folding", truth()),
        ("max_token_length", within(1, MAX_TOKEN_LENGTH_MAX as usize)),
        ("k1", number()),
        ("b", number()),
        ("k3", number()),
    ]
}

/// Whoever sets them may say one that is never told.
fn declared_settings() -> Value {
    let words = "It changes nothing: beginnings of words are found without";
    let mut settings = settings();
    settings.push(("index_prefixes", told(truth(), words)));
    object_of(&[], settings)
}

fn ann() -> Value {
    let fields = [("distance_metric", named("DistanceMetric")), ("late_interaction", truth())];
    object(&[], fields)
}

fn declaration() -> Value {
    let options = open_object(
        &["type"],
        [
            ("type", named("AttributeType")),
            ("filterable", told(truth(), "True, unless it is searched in in another way")),
            ("full_text_search", either([truth(), named("FullTextSettings"), nothing()])),
            ("ann", told(either([truth(), named("Ann")]), "Of dense vectors, true")),
            ("sparse_knn", either([truth(), named("Ann")])),
            ("regex", truth()),
            ("glob", truth()),
            ("fuzzy", truth()),
        ],
    );
    let dropped = told(object(&["drop"], [("drop", only(true))]), "It is there no more");
    either([named("AttributeType"), options, dropped])
}

fn schema_declaration() -> Value {
    let words = "Attributes by their names, and the type of ids under `id`: `uint`, `uuid`, \
                 `string`, `int`";
    told(map_of(named("AttributeDeclaration")), words)
}

/// By itself.
fn shown() -> Value {
    object(
        &["type", "filterable", "full_text_search"],
        [
            ("type", named("AttributeType")),
            ("filterable", either([truth(), nothing()])),
            ("full_text_search", either([named("FullText"), nothing()])),
            ("ann", only(true)),
            ("sparse_knn", named("Ann")),
            ("regex", only(true)),
            ("glob", only(true)),
            ("fuzzy", only(true)),
        ],
    )
}

fn in_metadata() -> Value {
    object(
        &["type"],
        [
            ("type", named("AttributeType")),
            ("filterable", truth()),
            ("full_text_search", named("FullText")),
            ("ann", named("Ann")),
            ("sparse_knn", named("Ann")),
            ("regex", only(true)),
            ("glob", only(true)),
            ("fuzzy", only(true)),
        ],
    )
}

fn metadata() -> Value {
    let index = object(
        &["status"],
        [
            ("status", one_of(&["up-to-date", "updating"])),
            ("unindexed_bytes", count()),
            ("unindexed_rows", count()),
        ],
    );
    let encryption = either([
        told(object(&["mode"], [("mode", only("default"))]), "Under `/v2`"),
        told(object(&["sse"], [("sse", only(true))]), "Under `/v1`"),
    ]);
    object(
        &[
            "schema",
            "approx_logical_bytes",
            "approx_row_count",
            "created_at",
            "updated_at",
            "last_write_at",
            "encryption",
            "index",
        ],
        [
            ("schema", map_of(named("AttributeInMetadata"))),
            ("approx_logical_bytes", told(count(), "Of what is folded")),
            ("approx_row_count", told(count(), "Of what is folded")),
            ("created_at", text()),
            ("updated_at", told(text(), "When the schema changed, or a document")),
            ("last_write_at", told(text(), "When a document changed, or the namespace was made")),
            ("encryption", encryption),
            ("index", index),
            ("pinning", pinned()),
            ("read_only", only(true)),
        ],
    )
}

fn pinned() -> Value {
    let status = object(
        &["ready_replicas", "replicas", "updated_at", "utilization"],
        [
            ("ready_replicas", count()),
            ("replicas", count()),
            ("updated_at", text()),
            ("utilization", number()),
        ],
    );
    object(&["replicas", "status"], [("replicas", count()), ("status", status)])
}

fn change() -> Value {
    let replicas = object(&[], [("replicas", within(1, REPLICAS_MAX as usize))]);
    let pinning = either([truth(), replicas, nothing()]);
    object(
        &[],
        [
            ("read_only", told(truth(), "Whether writes are refused from then on")),
            ("pinning", told(pinning, "Null and false unpin; what is not said stays")),
        ],
    )
}

fn names() -> Value {
    let name = object(&["id"], [("id", named("Name"))]);
    object(
        &["namespaces"],
        [
            ("namespaces", list_of(name, 0, PAGE_NAMES_MAX)),
            ("next_cursor", told(text(), "For the next page, if there is one")),
        ],
    )
}

fn usage() -> Value {
    let requests = "Requests that the store was sent, each attempt of them";
    object(
        &[
            "namespace",
            "documents",
            "logical_bytes",
            "writes",
            "queries",
            "bytes_read",
            "store_requests",
            "counted_since",
            "counted_by",
        ],
        [
            ("namespace", named("Name")),
            ("documents", told(count(), "Exactly, as a strong read has them")),
            ("logical_bytes", told(count(), "Of their ids and values, exactly")),
            ("writes", told(count(), "Changes that were answered as done")),
            ("queries", told(count(), "Queries that were answered")),
            ("bytes_read", told(count(), "Bytes that came from the store")),
            ("store_requests", told(count(), requests)),
            ("counted_since", told(text(), "RFC 3339: when the four counts began")),
            ("counted_by", told(text(), "The node whose counts they are")),
        ],
    )
}
