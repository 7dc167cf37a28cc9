//! Every limit, held: what is at it is done, and what is one beyond it is refused by its name. Where
//! that is more than a request or two, the test stands elsewhere, and is named here. And the page
//! of limits is what the code says.

use std::collections::BTreeSet;
use std::path::Path;

use elacsym::api::limits::{LIMITS, page};
use serde_json::{Map, Value, json};

use crate::server::{Options, Server};
use crate::socket::{Reads, Socket, head};

const WRITE: &str = "/v2/namespaces/a";
const QUERY: &str = "/v2/namespaces/a/query";
const OWN_QUERY: &str = "/v1/namespaces/a/query";
const RECALL: &str = "/v1/namespaces/a/_debug/recall";
const PAGE: &str = "docs/LIMITS.md";
/// Set, it writes the page instead of comparing it.
const WRITE_DOCS: &str = "ELACSYM_WRITE_DOCS";

/// A request that has so many of something.
struct Ask {
    method: &'static str,
    path: String,
    body: Value,
}

/// How a limit is known to hold.
enum Held {
    /// What is asked with so many, and what is said of one too many.
    Asked(fn(usize) -> Ask, &'static str),
    /// In this file, by this test.
    By(&'static str, &'static str),
}

use Held::{Asked, By};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn post(path: &str, body: Value) -> Ask {
    Ask { method: "POST", path: path.to_owned(), body }
}

/// The first of all documents, and something beside.
fn ranked(name: &str, value: Value) -> Ask {
    let mut query = json!({"rank_by": ["id", "asc"], "limit": 1});
    query[name] = value;
    post(QUERY, query)
}

fn filtered(filter: Value) -> Ask {
    ranked("filters", filter)
}

fn by(rank: Value) -> Ask {
    post(QUERY, json!({"rank_by": rank, "limit": 1}))
}

/// So many fields of different names.
fn fields(prefix: &str, many: usize, value: &Value) -> Value {
    let field = |at: usize| (format!("{prefix}{at}"), value.clone());
    Value::Object((0..many).map(field).collect::<Map<String, Value>>())
}

fn nested(many: usize) -> Value {
    (1..many).fold(json!(["n", "Eq", 1]), |inner, _| json!(["Not", inner]))
}

/// A Fuzzy filter with these distances.
fn fuzzy(text: &str, edits: Vec<Value>) -> Ask {
    filtered(json!(["t", "Fuzzy", text, {"max_edit_distance": edits}]))
}

fn edits(min_query_chars: usize, distance: usize) -> Value {
    json!({"min_query_chars": min_query_chars, "distance": distance})
}

/// An aggregation of v2 of this kind, with these options.
fn aggregated(word: &str, attribute: &str, options: Value) -> Ask {
    post(QUERY, json!({"aggregate_by": {"x": [word, attribute, options]}}))
}

/// Terms in terms, so many deep with what is in the last.
fn buckets(deep: usize) -> Value {
    let innermost = json!(["Avg", "n"]);
    (1..deep).fold(innermost, |inner, _| json!(["Terms", "n", {"aggs": {"y": inner}}]))
}

/// A write to a namespace of its own: what is there already must not count.
fn new(ns: &str, many: usize, body: Value) -> Ask {
    post(&format!("/v2/namespaces/{ns}-{many}"), body)
}

#[rustfmt::skip]
const HELD: &[(&str, Held)] = &[
    ("a body, as it is sent and unpacked", By("src/api/body.rs", "a_body_may_be_so_long_and_no_longer")),
    ("a packed body of which no ratio is asked, unpacked", By("src/api/body.rs", "a_packed_body_may_become_so_long_whatever_was_sent")),
    ("how many times longer a body is unpacked", By("src/api/body.rs", "beyond_that_it_may_become_so_many_times_as_long_and_no_longer")),
    ("the window of a body in zstd", By("src/api/body.rs", "a_window_of_zstd_may_be_so_wide_and_no_wider")),
    ("silence in the middle of a body", By("src/api/body.rs", "a_client_that_falls_silent_is_told_so")),
    ("arrays and objects in each other", By("src/api/json/mod.rs", "what_is_too_deep_is_refused_and_harms_nobody")),
    ("the time of a query", By("src/api/deadline.rs", "what_is_done_a_moment_before_is_told_and_what_is_a_moment_late_is_not")),
    ("the time of a write", By("src/api/deadline.rs", "what_is_done_a_moment_before_is_told_and_what_is_a_moment_late_is_not")),
    ("an answer", By("src/api/sheet.rs", "an_answer_may_be_so_long_and_no_longer")),
    ("characters of an `Idempotency-Key`", By("tests/api/idempotency.rs", "a_key_that_is_none_is_refused")),
    ("characters of an `X-Request-Id`", By("tests/api/limits.rs", "the_id_of_a_request_is_kept_if_it_is_short_enough")),
    ("the first line and the headers of a request", By("tests/api/limits.rs", "a_head_may_be_so_long_and_no_longer")),
    ("headers of a request over HTTP/1.1", By("tests/api/limits.rs", "a_request_has_so_many_headers_and_no_more")),
    ("connections, and half of the files that may be open", By("src/api/listener.rs", "one_connection_too_many_waits_for_another_to_end")),
    ("requests at once on a connection of HTTP/2", By("src/api/connection.rs", "so_many_requests_are_under_way_on_a_connection_and_no_more")),
    ("waiting for the rest of a head over HTTP/1.1", By("src/api/connection.rs", "the_rest_of_a_head_is_waited_for_so_long_and_no_longer")),
    ("waiting for a handshake of TLS", By("src/api/connection.rs", "a_handshake_is_waited_for_so_long_and_no_longer")),
    ("waiting for the next request of a connection", By("src/api/connection.rs", "another_request_is_waited_for_so_long_and_no_longer")),
    ("waiting for a client to take its answer", By("src/api/connection.rs", "who_takes_no_answer_is_waited_for_so_long_and_no_longer")),
    ("silence of a client over HTTP/2", By("src/api/connection.rs", "who_does_not_say_in_time_that_it_is_there_is_left")),
    ("waiting for it to say so", By("src/api/connection.rs", "who_does_not_say_in_time_that_it_is_there_is_left")),
    ("a connection on which nothing begins or ends", By("src/api/connection.rs", "a_request_that_comes_to_no_end_is_waited_for_so_long_and_no_longer")),

    ("keys of `auth.api_keys_file`", By("src/config/key_file.rs", "a_file_has_so_much_of_everything_and_no_more")),
    ("characters of the name of a key", By("src/config/key_file.rs", "a_file_has_so_much_of_everything_and_no_more")),
    ("patterns of names of a key", By("src/config/key_file.rs", "a_file_has_so_much_of_everything_and_no_more")),
    ("characters of a pattern of names", By("src/config/key_file.rs", "a_file_has_so_much_of_everything_and_no_more")),
    ("each limit that a key may have", By("src/config/key_file.rs", "a_file_has_so_much_of_everything_and_no_more")),
    ("the file of keys, of a certificate, of its key", By("src/api/followed.rs", "what_cannot_be_read_is_told_by_its_name")),
    ("waiting, as `Retry-After` tells who is over a limit", By("src/api/error.rs", "who_is_over_a_limit_is_told_when_to_come_again")),

    ("characters of a name", By("tests/api/hostile_words.rs", "a_name_has_so_many_characters_and_no_more")),
    ("names on a page of a list", Asked(|many| {
        Ask { method: "GET", path: format!("/v1/namespaces?page_size={many}"), body: Value::Null }
    }, "page_size must be between 1 and 1000")),
    ("attributes", Asked(|many| {
        let mut row = fields("a", many, &json!(1));
        row["id"] = json!(1);
        new("many", many, json!({"upsert_rows": [row]}))
    }, "at most 1024 attributes, not 1025")),
    ("the name of an attribute", Asked(|many| {
        let row = json!({"id": 2, "vector": null, "late": null, "x".repeat(many): 1});
        post(WRITE, json!({"upsert_rows": [row]}))
    }, "a name has at most 128 bytes, this one has 129")),
    ("attributes that are vectors", Asked(|many| {
        let schema = fields("v", many, &json!({"type": "[1]f32", "ann": true}));
        let mut row = fields("v", many, &json!([1]));
        row["id"] = json!(1);
        let write = json!({"distance_metric": "dot_product", "schema": schema, "upsert_rows": [row]});
        new("vectors", many, write)
    }, "at most 8 vector attributes, not 9")),
    ("dimensions of a vector", Asked(|many| {
        let row = json!({"id": 1, "vector": vec![1; many]});
        new("wide", many, json!({"distance_metric": "dot_product", "upsert_rows": [row]}))
    }, "1 to 10752 dimensions")),
    ("`max_token_length`", Asked(|many| {
        let settings = json!({"max_token_length": many});
        new("long", many, json!({
            "schema": {"t": {"type": "string", "full_text_search": settings}},
            "upsert_rows": [{"id": 1}],
        }))
    }, "max_token_length is 1 to 254, not 255")),
    ("`pinning.replicas`", Asked(|many| {
        let body = json!({"pinning": {"replicas": many}});
        Ask { method: "PATCH", path: format!("{WRITE}/metadata"), body }
    }, "pinning.replicas must be between 1 and 64")),
    ("namespaces that are open on a node", By("src/engine/tests.rs", "so_many_names_are_open_and_the_one_least_recently_asked_makes_room")),
    ("namespaces that are open or being closed", By("src/engine/tests.rs", "a_crowd_of_names_is_sent_away_until_others_have_left")),
    ("queries of a namespace that are computed at once, if `query.concurrent_per_namespace` says nothing else", By("src/engine/turns.rs", "a_request_has_places_for_all_of_its_queries")),
    ("of these, what a query counts for that aggregates", By("src/engine/tests.rs", "each_query_of_a_request_has_places_of_its_own")),
    ("what a `kNN` counts for", By("src/engine/places.rs", "what_costs_more_takes_more_places")),
    ("queries of a namespace that are under way, those that wait for the store with them", By("src/engine/turns.rs", "so_many_are_under_way_and_the_next_one_is_sent_away_after_a_while")),
    ("waiting for another query of the namespace", By("src/engine/tests.rs", "a_crowd_of_queries_of_one_name_waits_a_moment_and_is_then_sent_away")),
    ("queries that wait on a node, if not all are computed in the time of the next row", By("src/engine/turns/rush/tests.rs", "so_many_wait_for_so_long_and_with_one_more_it_is_a_rush")),
    ("computing queries that wait, if they are more", By("src/engine/turns/rush/tests.rs", "so_many_wait_for_so_long_and_with_one_more_it_is_a_rush")),
    ("computing queries that wait, if they are not", By("src/engine/turns/rush/tests.rs", "so_many_wait_for_so_long_and_with_one_more_it_is_a_rush")),
    ("writes that wait for a namespace", By("src/namespace/keeper/tests/desks.rs", "so_many_writes_wait_for_a_batch_and_the_next_one_is_sent_away")),
    ("writes that wait for a namespace, if they make its next slot longer by more than the next row", By("src/namespace/keeper/pace.rs", "so_many_wait_or_make_a_slot_so_long_and_with_one_more_it_is_a_rush")),
    ("how much longer they make it, or what three slots take that hold little, if that is more", By("src/namespace/keeper/pace.rs", "so_many_wait_or_make_a_slot_so_long_and_with_one_more_it_is_a_rush")),
    ("what is not folded, and a quarter of `indexer.memory_limit`", By("src/namespace/keeper/pressure.rs", "a_tail_has_a_quarter_of_the_memory_and_two_gib_at_most")),
    ("slots that are not folded", By("src/namespace/keeper/tests.rs", "how_many_slots_are_not_folded_has_a_bound_that_no_wish_lifts")),
    ("idempotency keys that are remembered", By("src/protocol/receipts.rs", "a_full_table_forgets_its_oldest_key")),
    ("closed namespaces whose usage is counted", By("src/engine/accounts.rs", "no_more_are_kept_than_may_be_however_often_names_come_and_go")),

    ("an id that is a text", Asked(|many| {
        new("named", many, json!({"upsert_rows": [{"id": "x".repeat(many)}]}))
    }, "a string of 1 to 64 bytes")),
    ("a value", By("tests/api/types.rs", "values_have_a_size_up_to_which_they_are_taken")),
    ("a value that can be filtered by, or an element of it", By("tests/api/types.rs", "values_have_a_size_up_to_which_they_are_taken")),
    ("a document", By("src/model/value.rs", "a_document_has_a_limit")),
    ("entries of a sparse vector", By("tests/api/types.rs", "values_have_a_size_up_to_which_they_are_taken")),
    ("documents that one `delete_by_filter` deletes", By("src/namespace/commit/found.rs", "a_request_may_change_so_many_by_filter_and_no_more")),
    ("documents that one `patch_by_filter` patches", By("src/namespace/commit/found.rs", "a_request_may_change_so_many_by_filter_and_no_more")),

    ("`limit`, `limit.total` and `top_k`", Asked(|many| {
        post(QUERY, json!({"rank_by": ["id", "asc"], "limit": {"total": many}}))
    }, "top_k must be between 1 and 10000")),
    ("`offset` and `limit` together", Asked(|many| ranked("offset", json!(many - 1)), "come to at most 10000 together")),
    ("queries in one request", Asked(|many| {
        let query = json!({"rank_by": ["id", "asc"], "limit": 1});
        post(QUERY, json!({"queries": vec![query; many]}))
    }, "between 1 and 16 queries, not 17")),
    ("operators of a filter, and of a score", Asked(|many| {
        filtered(json!(["And", vec![json!(["n", "Eq", 1]); many - 1]]))
    }, "at most 4096 operators")),
    ("operators in each other", Asked(|many| filtered(nested(many)), "at most 32 operators deep")),
    ("attributes to order by", Asked(|many| by(json!(vec![json!(["n", "asc"]); many])), "at most 8 attributes to order by")),
    ("attributes of `limit.per`", Asked(|many| {
        let per = json!({"attributes": vec!["n"; many], "limit": 1});
        post(QUERY, json!({"rank_by": ["id", "asc"], "limit": {"total": 1, "per": per}}))
    }, "attributes must be 1 to 8")),
    ("characters of a text that is searched for", Asked(|many| by(json!(["t", "BM25", "ü".repeat(many)])), "at most 8192 characters")),
    ("tokens of a list that `BM25` or `full_text` searches for", Asked(|many| by(json!(["words", "BM25", vec!["x"; many]])), "at most 1024 tokens, not 1025")),
    ("`fields` of a `full_text`", By("src/api/v1/query/text.rs", "so_many_fields_may_be_searched_in_and_no_more")),
    ("each weight of a `full_text` and of an `rrf`", Asked(|many| {
        let text = json!({"field": "t", "query": "x", "weight": many});
        post(OWN_QUERY, json!({"full_text": text}))
    }, "full_text.weight is 0, or 0.000001 to 1000000, not 1000001.0")),
    ("keys of a sparse vector that is searched for", Asked(|many| {
        by(json!(["sparse", "SparseKNN", fields("k", many, &json!(1))]))
    }, "at most 1024 keys, not 1025")),
    ("vectors that are searched for at once", Asked(|many| by(json!(["late", "ANN", vec![[1, 0]; many]])), "1 to 1024 vectors, not by 1025")),
    ("computed attributes", Asked(|many| {
        ranked("compute_attributes", fields("c", many, &json!(["n", "Eq", 1])))
    }, "at most 256 names, not 257")),
    ("the name of a computed attribute or of an aggregate", Asked(|many| {
        ranked("compute_attributes", json!({"y".repeat(many): ["n", "Eq", 1]}))
    }, "a name of 1 to 128 bytes")),
    ("fragments of a highlight", Asked(|many| {
        let mut query = by(json!(["t", "BM25", "x"]));
        query.body["compute_attributes"] = json!({"h": ["Highlight", "t", {"fragment_limit": many}]});
        query
    }, "between 1 and 1024")),
    ("aggregates", Asked(|many| {
        post(QUERY, json!({"aggregate_by": fields("n", many, &json!(["Count"]))}))
    }, "at most 256 labels, not 257")),
    ("keys of `group_by`", Asked(|many| {
        let group = |at: usize| json!({format!("g{at}"): ["ForEachUnique", "tags"]});
        let groups: Vec<Value> = (0..many).map(group).collect();
        post(QUERY, json!({"aggregate_by": {"n": ["Count"]}, "group_by": groups, "filters": ["id", "Eq", 0]}))
    }, "1 to 8 keys, not 9")),
    ("groups that one document is in", By("tests/api/limits.rs", "a_document_may_be_in_so_many_groups_and_no_more")),
    ("`num` of a measure of recall", Asked(|many| post(RECALL, json!({"num": many})), "num must be between 1 and 100")),
    ("`num` times `top_k` of one with `include_ground_truth`", By("tests/api/limits.rs", "the_truth_of_a_measure_of_recall_is_shown_up_to_its_limit")),

    ("aggregations of a query", Asked(|many| {
        post(QUERY, json!({"aggregate_by": fields("x", many, &json!(["Avg", "n"]))}))
    }, "a query has at most 64 aggregations")),
    ("aggregations in each other", Asked(|many| {
        post(QUERY, json!({"aggregate_by": {"x": buckets(many)}}))
    }, "aggregation `x>y>y>y>y`: aggregations nest at most 4 deep")),
    ("the name of an aggregation in a bucket", Asked(|many| {
        aggregated("Terms", "n", json!({"aggs": {"y".repeat(many): ["Avg", "n"]}}))
    }, "a name has 1 to 128 bytes")),
    ("buckets of all aggregations of a query, told or not", By("src/query/aggregation/tests/limits.rs", "more_buckets_than_there_may_be_are_told")),
    ("what all aggregations of a query hold, and what there is for all requests", By("src/query/aggregation/tests/limits.rs", "all_of_a_query_together_hold_so_much_and_no_byte_more")),
    ("`size` of terms", Asked(|many| aggregated("Terms", "n", json!({"size": many})), "size is 1 to 10000, not 10001")),
    ("ranges of one aggregation", Asked(|many| {
        let ranges: Vec<Value> = (0..many).map(|from| json!({"from": from})).collect();
        aggregated("Range", "n", json!({"ranges": ranges}))
    }, "1 to 256 ranges, not 257")),
    ("filters of one aggregation", Asked(|many| {
        let filters = fields("f", many, &json!(["n", "Eq", 1]));
        post(QUERY, json!({"aggregate_by": {"x": ["Filters", filters]}}))
    }, "1 to 256 filters, not 257")),
    ("words of an order", Asked(|many| {
        aggregated("Terms", "n", json!({"order": vec![json!(["_key", "asc"]); many]}))
    }, "at most 8 words, not 9")),
    ("`fixed_interval`, and `offset` of a date histogram", Asked(|many| {
        let interval = format!("{many}ms");
        aggregated("DateHistogram", "seen", json!({"fixed_interval": interval, "offset": interval}))
    }, "fixed_interval is 1 ms to 864000000000 ms, not 864000000001")),
    ("`format` of a date histogram", Asked(|many| {
        let options = json!({"field": "seen", "calendar_interval": "day", "format": "-".repeat(many)});
        post(OWN_QUERY, json!({"top_k": 0, "aggs": {"x": {"date_histogram": options}}}))
    }, "aggs.x.date_histogram.format is of yyyy")),
    ("`percents`", Asked(|many| {
        let percents: Vec<f64> = (0..many).map(|at| at as f64 / 2.0).collect();
        post(QUERY, json!({"aggregate_by": {"x": ["Percentiles", "n", percents]}}))
    }, "1 to 100 percents, not 101")),
    ("values of which percentiles are exact", By("src/query/aggregation/quantiles.rs", "so_many_values_are_told_exactly_and_one_more_by_its_bin")),
    ("`precision_threshold`", By("src/query/aggregation/tests/limits.rs", "no_precision_is_beyond_the_most")),

    ("globs and regular expressions of a query, or of a filter of a write", Asked(|many| {
        filtered(json!(["Or", vec![json!(["t", "Glob", "x*"]); many]]))
    }, "at most 64 globs and regular expressions")),
    ("a glob", Asked(|many| filtered(json!(["t", "Glob", "x".repeat(many)])), "at most 1024 bytes, not 1025")),
    ("braces of a glob in each other", Asked(|many| {
        filtered(json!(["t", "Glob", format!("{}x{}", "{".repeat(many), "}".repeat(many))]))
    }, "at most 32 deep")),
    ("a regular expression", Asked(|many| filtered(json!(["t", "Regex", "x".repeat(many)])), "at most 1024 bytes, not 1025")),
    ("groups of a regular expression in each other", Asked(|many| {
        filtered(json!(["t", "Regex", format!("{}{}", "(".repeat(many), ")".repeat(many))]))
    }, "nested parentheses/brackets (100)")),
    ("a pattern, made ready", By("src/eval/pattern/expression.rs", "a_pattern_may_take_so_much_when_it_is_made_ready_and_no_more")),
    ("one that a document brings, made ready", By("src/eval/made.rs", "what_is_brought_may_take_so_much_and_no_more")),
    ("entries of `max_edit_distance`", Asked(|many| {
        fuzzy("x", (0..many).map(|at| edits(3 + at, 0)).collect())
    }, "1 to 8 entries, not 9")),
    ("`distance` of an entry", Asked(|many| fuzzy("x", vec![edits(30, many)]), "0 to 2, not 3")),
    ("characters that `Fuzzy` looks for", Asked(|many| fuzzy(&"x".repeat(many), vec![edits(3, 0)]), "at most 1024 characters, not 1025")),
];

async fn documented() -> Server {
    let server = Server::start(&Options::memory()).await;
    let schema = json!({
        "n": "int", "tags": "[]int", "more": "[]int", "seen": "datetime",
        "t": {
            "type": "string", "filterable": true, "full_text_search": true, "regex": true,
            "glob": true, "fuzzy": true,
        },
        "words": {"type": "[]string", "full_text_search": {"tokenizer": "pre_tokenized_array"}},
        "sparse": {"type": "{}f16", "sparse_knn": true},
        "late": {"type": "[][2]f32", "ann": {"late_interaction": true}},
    });
    let row = json!({
        "id": 1, "vector": [1, 0], "n": 1, "t": "x", "words": ["x"], "sparse": {"k0": 1},
        "late": [[1, 0]],
    });
    let write =
        json!({"distance_metric": "cosine_distance", "schema": schema, "upsert_rows": [row]});
    server.write("a", write).await;
    server
}

#[tokio::test]
async fn what_is_at_a_limit_is_done_and_what_is_one_beyond_it_is_refused_by_its_name() {
    let server = documented().await;
    for (of, held) in HELD {
        let Asked(ask, told) = held else { continue };
        let limit = LIMITS.iter().find(|limit| limit.of == *of);
        let limit = limit.unwrap_or_else(|| panic!("there is no limit of {of}"));
        let most = limit.number() as usize;
        assert!(limit.beyond.starts_with("400"), "{of}: {}", limit.beyond);
        for (many, expected) in [(most, 200), (most + 1, 400)] {
            let Ask { method, path, body } = ask(many);
            let body = if body.is_null() { String::new() } else { body.to_string() };
            let answer = server.call(method, &path, &[], body.as_bytes()).await;
            assert_eq!(answer.status, expected, "{of}: {many}: {}", answer.text());
            if expected == 400 {
                let refusal = answer.refusal();
                assert!(refusal.contains(*told), "{of}: {refusal}");
            }
        }
    }
    server.is_well().await;
}

#[test]
fn every_limit_is_held_by_a_test() {
    let limits: BTreeSet<&str> = LIMITS.iter().map(|limit| limit.of).collect();
    let held: BTreeSet<&str> = HELD.iter().map(|(of, _)| *of).collect();
    assert_eq!(limits, held);
    assert_eq!(HELD.len(), held.len(), "each is held once");
    for (of, held) in HELD {
        let By(file, test) = held else { continue };
        let text = std::fs::read_to_string(root().join(file));
        let text = text.unwrap_or_else(|error| panic!("{of}: {file}: {error}"));
        let test = format!("fn {test}(");
        let (above, _) = text.split_once(&test).unwrap_or_else(|| panic!("{of}: {test} in {file}"));
        let attributes = above.rsplit("\n\n").next().unwrap_or_default();
        assert!(
            attributes.contains("test]") || attributes.contains("test("),
            "{of}: {test} is none"
        );
    }
}

#[test]
fn the_page_of_limits_is_what_the_code_says() {
    let path = root().join(PAGE);
    if std::env::var_os(WRITE_DOCS).is_some() {
        std::fs::write(&path, page()).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap();
    assert!(committed == page(), "{PAGE} is another page: set {WRITE_DOCS}=1 to write it anew");
}

#[tokio::test]
async fn the_id_of_a_request_is_kept_if_it_is_short_enough() {
    let server = Server::start(&Options::memory()).await;
    for (length, kept) in [(128, true), (129, false)] {
        let id = "r".repeat(length);
        let answer = server.call("GET", "/livez", &[("X-Request-Id", &id)], b"").await;
        assert_eq!(answer.header("x-request-id") == Some(&*id), kept, "{length}");
        assert_eq!(answer.status, 200);
    }
}

#[tokio::test]
async fn a_head_may_be_so_long_and_no_longer() {
    let server = Server::start(&Options::memory()).await;
    for (bytes, status) in [(64 << 10, 200), ((64 << 10) + 1, 431)] {
        let without = head("GET", "/livez", &[("x", "")]).len();
        let padding = "x".repeat(bytes - without);
        let request = head("GET", "/livez", &[("x", &padding)]);
        assert_eq!(request.len(), bytes);
        let mut socket = Socket::open(server.host()).await.unwrap();
        let answer = socket.exchange(&[&request[..]], Reads::Whole).await.unwrap().unwrap();
        assert_eq!(answer.status, status, "{bytes}");
    }
}

/// The host is one of them.
#[tokio::test]
async fn a_request_has_so_many_headers_and_no_more() {
    let server = Server::start(&Options::memory()).await;
    for (many, status) in [(100, 200), (101, 431)] {
        let names: Vec<String> = (1..many).map(|at| format!("x-{at}")).collect();
        let headers: Vec<(&str, &str)> = names.iter().map(|name| (&**name, "y")).collect();
        let request = head("GET", "/livez", &headers);
        let mut socket = Socket::open(server.host()).await.unwrap();
        let answer = socket.exchange(&[&request[..]], Reads::Whole).await.unwrap().unwrap();
        assert_eq!(answer.status, status, "{many}");
    }
}

#[tokio::test]
async fn a_document_may_be_in_so_many_groups_and_no_more() {
    let server = documented().await;
    let each = |label: &str, name: &str| json!({label: ["ForEachUnique", name]});
    let groups = json!({
        "aggregate_by": {"n": ["Count"]}, "limit": 1,
        "group_by": [each("one", "tags"), each("two", "more")],
    });
    for (tags, expected) in [(100, 200), (101, 400)] {
        let tags: Vec<i64> = (0..tags).collect();
        let more: Vec<i64> = (0..100).collect();
        let row = json!({"id": 2, "tags": tags, "more": more, "vector": null, "late": null});
        server.write("a", json!({"upsert_rows": [row]})).await;
        let answer = server.post(QUERY, &groups).await;
        assert_eq!(answer.status, expected, "{}", answer.text());
        let told = "10100 groups, at most 10000 are allowed";
        assert_eq!(answer.text().contains(told), expected == 400, "{}", answer.text());
    }
}

#[tokio::test]
async fn the_truth_of_a_measure_of_recall_is_shown_up_to_its_limit() {
    let server = documented().await;
    for (top_k, expected) in [(100, 200), (101, 400)] {
        let recall = json!({"num": 100, "top_k": top_k, "include_ground_truth": true});
        let answer = server.post(RECALL, &recall).await;
        assert_eq!(answer.status, expected, "{}", answer.text());
    }
}
