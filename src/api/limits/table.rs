//! The limits, one by one.

use std::time::Duration;

use super::{Limit, Most, Part};
use crate::api::body::{
    BODY_BYTES_MAX, PAUSE_MAX, RATIO_FREE_BYTES, RATIO_MAX, ZSTD_WINDOW_LOG_MAX,
};
use crate::api::connection::{
    HEAD_BYTES_MAX, HEADERS_MAX, PING_INTERVAL, PING_TIMEOUT, Patience, STREAMS_MAX,
};
use crate::api::deadline::{QUERY_TIME_MAX, WRITE_TIME_MAX};
use crate::api::error::RETRY_AFTER_SECONDS_MAX;
use crate::api::followed::FILE_BYTES_MAX;
use crate::api::journey::REQUEST_ID_BYTES_MAX;
use crate::api::listener::CONNECTIONS_MAX;
use crate::api::sheet::ANSWER_BYTES_MAX;
use crate::api::v1::{FORMAT_BYTES_MAX, TEXT_FIELDS_MAX, WEIGHT_MAX};
use crate::api::v2::{AGGREGATES_MAX, PAGE_NAMES_MAX, QUERIES_MAX, TOKENS_MAX};
use crate::api::{IDEMPOTENCY_KEY_BYTES_MAX, json};
use crate::config::{API_KEY_NAME_CHARS_MAX, API_KEY_RATE_MAX, API_KEYS_MAX};
use crate::model::aggregation::{
    AGGREGATION_BYTES_MAX, AGGREGATION_DEPTH_MAX, AGGREGATION_NAME_BYTES_MAX, AGGREGATIONS_MAX,
    BUCKETS_MAX, CARDINALITY_PRECISION_MAX, FILTERS_MAX, FIXED_MS_MAX, ORDERS_MAX,
    PERCENTILES_EXACT_MAX, PERCENTS_MAX, RANGES_MAX, TERMS_MAX,
};
use crate::model::{
    ATTRIBUTE_NAME_BYTES_MAX, ATTRIBUTES_MAX, COMPUTED_MAX, DELETED_BY_FILTER_MAX, DIMS_MAX,
    DOC_ID_BYTES_MAX, DOCUMENT_BYTES_MAX, FILTER_DEPTH_MAX, FILTER_NODES_MAX, FILTERABLE_BYTES_MAX,
    FRAGMENTS_MAX, GROUP_KEYS_MAX, LIMIT_MAX, MAX_TOKEN_LENGTH_MAX, NAME_BYTES_MAX,
    NAME_PATTERNS_MAX, PATCHED_BY_FILTER_MAX, PER_ATTRIBUTES_MAX, RECALL_SAMPLES_MAX, REPLICAS_MAX,
    SPARSE_ENTRIES_MAX, TEXT_QUERY_CHARS_MAX, VALUE_BYTES_MAX, VECTOR_ATTRIBUTES_MAX,
};
use crate::namespace::keeper::{self, QUEUED_MAX, TAIL_BYTES_MAX, TAIL_SLOTS_MAX};
use crate::protocol::RECEIPTS_MAX;
use crate::{engine, eval, query};

const fn count(part: Part, of: &'static str, most: usize, beyond: &'static str) -> Limit {
    Limit { part, of, most: Most::Count(most as u64), beyond }
}

const fn bytes(part: Part, of: &'static str, most: usize, beyond: &'static str) -> Limit {
    Limit { part, of, most: Most::Bytes(most as u64), beyond }
}

const fn time(part: Part, of: &'static str, most: Duration, beyond: &'static str) -> Limit {
    Limit { part, of, most: Most::Time(most), beyond }
}

const REFUSED: &str = "400";
const TOO_LARGE: &str = "413 `body_too_large`";
const CLOSED: &str = "the connection is closed";
const THROTTLED: &str = "429 `throttled`";
const RUSH: &str = "a rush: who does not fit is told 429 `throttled` at once ([page 19](decisions/0019-overload.md))";

/// Of the file of keys, and of a certificate and its key.
const NOT_OBEYED: &str = "at start it is an error; a file that is changed is not obeyed";

use Part::{Aggregations, Documents, Keys, Namespaces, Patterns, Queries, Requests};

#[rustfmt::skip]
pub const LIMITS: &[Limit] = &[
    bytes(Requests, "a body, as it is sent and unpacked", BODY_BYTES_MAX, TOO_LARGE),
    bytes(Requests, "a packed body of which no ratio is asked, unpacked", RATIO_FREE_BYTES, "the next row holds"),
    count(Requests, "how many times longer a body is unpacked", RATIO_MAX, TOO_LARGE),
    bytes(Requests, "the window of a body in zstd", 1 << ZSTD_WINDOW_LOG_MAX, "400 `malformed_json`"),
    time(Requests, "silence in the middle of a body", PAUSE_MAX, "408 `body_too_slow`: nothing was done"),
    count(Requests, "arrays and objects in each other", json::DEPTH_MAX, "400 `malformed_json`"),
    time(Requests, "the time of a query", QUERY_TIME_MAX, "504 `deadline`; not begun, 408 `body_too_slow` or 503 `deadline`"),
    time(Requests, "the time of a write", WRITE_TIME_MAX, "504 `outcome_unknown`; not begun, 408 `body_too_slow` or 503 `deadline`"),
    bytes(Requests, "an answer", ANSWER_BYTES_MAX, "400 `answer_too_large`"),
    count(Requests, "characters of an `Idempotency-Key`", IDEMPOTENCY_KEY_BYTES_MAX, REFUSED),
    count(Requests, "characters of an `X-Request-Id`", REQUEST_ID_BYTES_MAX, "another one is drawn"),
    bytes(Requests, "the first line and the headers of a request", HEAD_BYTES_MAX as usize, "431, and the connection is closed"),
    count(Requests, "headers of a request over HTTP/1.1", HEADERS_MAX, "431, and the connection is closed"),
    count(Requests, "connections, and half of the files that may be open", CONNECTIONS_MAX, "the next one waits for another to end"),
    count(Requests, "requests at once on a connection of HTTP/2", STREAMS_MAX as usize, "that one is refused with `REFUSED_STREAM`"),
    time(Requests, "waiting for the rest of a head over HTTP/1.1", Patience::USUAL.head, CLOSED),
    time(Requests, "waiting for a handshake of TLS", Patience::USUAL.head, CLOSED),
    time(Requests, "waiting for the next request of a connection", Patience::USUAL.idle, CLOSED),
    time(Requests, "waiting for a client to take its answer", Patience::USUAL.stalled, CLOSED),
    time(Requests, "silence of a client over HTTP/2", PING_INTERVAL, "it is asked whether it is there"),
    time(Requests, "waiting for it to say so", PING_TIMEOUT, CLOSED),
    time(Requests, "a connection on which nothing begins or ends", Patience::USUAL.busy, CLOSED),

    count(Keys, "keys of `auth.api_keys_file`", API_KEYS_MAX, NOT_OBEYED),
    count(Keys, "characters of the name of a key", API_KEY_NAME_CHARS_MAX, NOT_OBEYED),
    count(Keys, "patterns of names of a key", NAME_PATTERNS_MAX, NOT_OBEYED),
    count(Keys, "characters of a pattern of names", NAME_BYTES_MAX, NOT_OBEYED),
    count(Keys, "each limit that a key may have", API_KEY_RATE_MAX as usize, NOT_OBEYED),
    bytes(Keys, "the file of keys, of a certificate, of its key", FILE_BYTES_MAX as usize, NOT_OBEYED),
    time(Keys, "waiting, as `Retry-After` tells who is over a limit", Duration::from_secs(RETRY_AFTER_SECONDS_MAX), "that is told, and it may be too early"),

    count(Namespaces, "characters of a name", NAME_BYTES_MAX, "400, in `/v2` as plain text"),
    count(Namespaces, "names on a page of a list", PAGE_NAMES_MAX, REFUSED),
    count(Namespaces, "attributes", ATTRIBUTES_MAX, REFUSED),
    bytes(Namespaces, "the name of an attribute", ATTRIBUTE_NAME_BYTES_MAX, REFUSED),
    count(Namespaces, "attributes that are vectors", VECTOR_ATTRIBUTES_MAX, REFUSED),
    count(Namespaces, "dimensions of a vector", DIMS_MAX as usize, REFUSED),
    count(Namespaces, "`max_token_length`", MAX_TOKEN_LENGTH_MAX as usize, REFUSED),
    count(Namespaces, "`pinning.replicas`", REPLICAS_MAX as usize, REFUSED),
    count(Namespaces, "namespaces that are open on a node", engine::OPEN_MAX, "the one that was asked least lately is closed"),
    count(Namespaces, "namespaces that are open or being closed", 2 * engine::OPEN_MAX, THROTTLED),
    count(Namespaces, "queries of a namespace that are computed at once, if `query.concurrent_per_namespace` says nothing else", engine::PLACES, "the next one waits"),
    count(Namespaces, "of these, what a query counts for that aggregates", engine::AGGREGATING_PLACES, "a request that counts for more than there are has all"),
    count(Namespaces, "what a `kNN` counts for", engine::EXACT_PLACES, "a request that counts for more than there are has all"),
    count(Namespaces, "queries of a namespace that are under way, those that wait for the store with them", engine::ASKING_MAX, "the next one waits"),
    time(Namespaces, "waiting for another query of the namespace", engine::PLACES_WAIT_MAX, THROTTLED),
    count(Namespaces, "queries that wait on a node, if not all are computed in the time of the next row", engine::CROWD_MAX, RUSH),
    time(Namespaces, "computing queries that wait, if they are more", engine::CROWD_TIME_MAX, RUSH),
    time(Namespaces, "computing queries that wait, if they are not", engine::LINE_TIME_MAX, RUSH),
    count(Namespaces, "writes that wait for a namespace", QUEUED_MAX, THROTTLED),
    count(Namespaces, "writes that wait for a namespace, if they make its next slot longer by more than the next row", keeper::CROWD_WRITES, RUSH),
    time(Namespaces, "how much longer they make it, or what three slots take that hold little, if that is more", keeper::LONGER_MAX, RUSH),
    bytes(Namespaces, "what is not folded, and a quarter of `indexer.memory_limit`", TAIL_BYTES_MAX as usize, THROTTLED),
    count(Namespaces, "slots that are not folded", TAIL_SLOTS_MAX as usize, THROTTLED),
    count(Namespaces, "idempotency keys that are remembered", RECEIPTS_MAX, "the oldest is forgotten"),
    count(Namespaces, "closed namespaces whose usage is counted", engine::KEPT_MAX, "the count of the one that was closed first begins anew"),

    bytes(Documents, "an id that is a text", DOC_ID_BYTES_MAX, REFUSED),
    bytes(Documents, "a value", VALUE_BYTES_MAX, REFUSED),
    bytes(Documents, "a value that can be filtered by, or an element of it", FILTERABLE_BYTES_MAX, REFUSED),
    bytes(Documents, "a document", DOCUMENT_BYTES_MAX, REFUSED),
    count(Documents, "entries of a sparse vector", SPARSE_ENTRIES_MAX, REFUSED),
    count(Documents, "documents that one `delete_by_filter` deletes", DELETED_BY_FILTER_MAX, "400, or the rest stays with `delete_by_filter_allow_partial`"),
    count(Documents, "documents that one `patch_by_filter` patches", PATCHED_BY_FILTER_MAX, "400, or the rest stays with `patch_by_filter_allow_partial`"),

    count(Queries, "`limit`, `limit.total` and `top_k`", LIMIT_MAX, REFUSED),
    count(Queries, "`offset` and `limit` together", LIMIT_MAX, REFUSED),
    count(Queries, "queries in one request", QUERIES_MAX, REFUSED),
    count(Queries, "operators of a filter, and of a score", FILTER_NODES_MAX, REFUSED),
    count(Queries, "operators in each other", FILTER_DEPTH_MAX, REFUSED),
    count(Queries, "attributes to order by", eval::ORDER_KEYS_MAX, REFUSED),
    count(Queries, "attributes of `limit.per`", PER_ATTRIBUTES_MAX, REFUSED),
    count(Queries, "characters of a text that is searched for", TEXT_QUERY_CHARS_MAX, REFUSED),
    count(Queries, "tokens of a list that `BM25` or `full_text` searches for", TOKENS_MAX, REFUSED),
    count(Queries, "`fields` of a `full_text`", TEXT_FIELDS_MAX, REFUSED),
    count(Queries, "each weight of a `full_text` and of an `rrf`", WEIGHT_MAX as usize, REFUSED),
    count(Queries, "keys of a sparse vector that is searched for", SPARSE_ENTRIES_MAX, REFUSED),
    count(Queries, "vectors that are searched for at once", query::VECTORS_MAX, REFUSED),
    count(Queries, "computed attributes", COMPUTED_MAX, REFUSED),
    bytes(Queries, "the name of a computed attribute or of an aggregate", ATTRIBUTE_NAME_BYTES_MAX, REFUSED),
    count(Queries, "fragments of a highlight", FRAGMENTS_MAX, REFUSED),
    count(Queries, "aggregates", AGGREGATES_MAX, REFUSED),
    count(Queries, "keys of `group_by`", GROUP_KEYS_MAX, REFUSED),
    count(Queries, "groups that one document is in", query::GROUPS_OF_A_DOCUMENT_MAX, REFUSED),
    count(Queries, "`num` of a measure of recall", RECALL_SAMPLES_MAX, REFUSED),
    count(Queries, "`num` times `top_k` of one with `include_ground_truth`", LIMIT_MAX, REFUSED),

    count(Aggregations, "aggregations of a query", AGGREGATIONS_MAX, REFUSED),
    count(Aggregations, "aggregations in each other", AGGREGATION_DEPTH_MAX, REFUSED),
    bytes(Aggregations, "the name of an aggregation in a bucket", AGGREGATION_NAME_BYTES_MAX, REFUSED),
    count(Aggregations, "buckets of all aggregations of a query, told or not", BUCKETS_MAX as usize, REFUSED),
    bytes(Aggregations, "what all aggregations of a query hold, and what there is for all requests", AGGREGATION_BYTES_MAX, REFUSED),
    count(Aggregations, "`size` of terms", TERMS_MAX as usize, REFUSED),
    count(Aggregations, "ranges of one aggregation", RANGES_MAX, REFUSED),
    count(Aggregations, "filters of one aggregation", FILTERS_MAX, REFUSED),
    count(Aggregations, "words of an order", ORDERS_MAX, REFUSED),
    time(Aggregations, "`fixed_interval`, and `offset` of a date histogram", Duration::from_millis(FIXED_MS_MAX as u64), REFUSED),
    bytes(Aggregations, "`format` of a date histogram", FORMAT_BYTES_MAX, REFUSED),
    count(Aggregations, "`percents`", PERCENTS_MAX, REFUSED),
    count(Aggregations, "values of which percentiles are exact", PERCENTILES_EXACT_MAX, "at most 1/256 of the value off"),
    count(Aggregations, "`precision_threshold`", CARDINALITY_PRECISION_MAX as usize, "it counts as that"),

    count(Patterns, "globs and regular expressions of a query, or of a filter of a write", eval::EXPRESSIONS_MAX, REFUSED),
    bytes(Patterns, "a glob", eval::GLOB_BYTES_MAX, REFUSED),
    count(Patterns, "braces of a glob in each other", eval::BRACES_DEPTH_MAX, REFUSED),
    bytes(Patterns, "a regular expression", eval::PATTERN_BYTES_MAX, REFUSED),
    count(Patterns, "groups of a regular expression in each other", eval::NEST_MAX as usize, REFUSED),
    bytes(Patterns, "a pattern, made ready", eval::READY_BYTES_MAX, REFUSED),
    bytes(Patterns, "one that a document brings, made ready", eval::BROUGHT_BYTES_MAX, "nothing is like it"),
    count(Patterns, "entries of `max_edit_distance`", eval::EDITS_MAX, REFUSED),
    count(Patterns, "`distance` of an entry", eval::DISTANCE_MAX, REFUSED),
    count(Patterns, "characters that `Fuzzy` looks for", eval::QUESTION_CHARS_MAX, REFUSED),
];
