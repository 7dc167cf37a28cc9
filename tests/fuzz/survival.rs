//! Each target, with answers that must have been given by the end: a fuzzer that stops at the door finds
//! nothing behind it.

use crate::aggregations::AGGREGATIONS;
use crate::doors::Doors;
use crate::fields::SingleFields;
use crate::filters::Filters;
use crate::frames::Frames;
use crate::objects::Objects;
use crate::partials::Partials;
use crate::parts::Parts;
use crate::paths::Paths;
use crate::questions::Questions;
use crate::requests::{Mix, Requests};
use crate::rows::Files;
use crate::run::{run, way};
use crate::scores::SCORES;
use crate::searches::SEARCHES;
use crate::settings::Settings;
use crate::words::Words;

const BODIES: Mix = Mix { bodies: 18, heads: 2, packings: 0, most: 3 };
const HEADS: Mix = Mix { bodies: 2, heads: 18, packings: 0, most: 3 };
const PACKINGS: Mix = Mix { bodies: 1, heads: 1, packings: 18, most: 3 };

const ANSWERS_TO_BODIES: [&str; 6] =
    ["answered 200", "malformed_json", "wrong_shape", "unknown_field", "not_supported", "invalid"];
/// Of every object whose frame holds one field behind the other.
const ANSWERS_TO_FRAMES: [&str; 3] =
    ["these bytes do not begin", "but was written", "bytes follow the last field"];

fn run_framed(object: &'static str, reach: &[&str]) {
    run(Objects::of(object), &[&ANSWERS_TO_FRAMES[..], reach].concat());
}

fn run_asked(questions: &Questions) {
    let reach = questions.reach();
    let reach: Vec<&str> = reach.iter().map(String::as_str).collect();
    run(questions.target(), &reach);
}

#[test]
fn heads_are_read_or_refused() {
    run_framed(
        "head",
        &[
            "not of acme",
            "version: is out of bounds",
            "is no life",
            "is no ownership",
            "node: no valid name",
            "born: is neither yes nor no",
            "recent is too long",
            "a put id repeats",
            "base: bytes belong here",
            "files: a list of values",
            "files: home: a name that is no text",
            "retired: file: kind: is no kind of file",
            "pins: name: no valid name",
            "parent: inc: bytes belong here",
            "dead: files: epoch: is out of bounds",
            "floor_epoch is beyond epoch",
            "floor is beyond tail",
            "a tombstone names files",
            "a file retired in the future",
            "a head names a chunk",
            "a table of keys stands among the files",
            "keys is no table of keys",
        ],
    );
}

#[test]
fn bases_are_read_or_refused() {
    run(
        Objects::of("base"),
        &[
            "a base of version",
            "numbers: bytes belong here",
            "schema: a list of values",
            "is no edit of a schema",
            "is no IdType",
            "name: a text that is not invalid sequence of bytes from index",
            "is too long",
            "is no type of an attribute",
            "no attribute is of type",
            "filterable: is neither yes nor no",
            "full text: inf is not finite",
            "is no Metric",
            "a schema that nobody would write down so",
            "segments: a list of values",
            "segments: rows: kind: is no kind of file",
            "segments: deleted: is neither yes nor no",
            "a segment's rows lie in a file of another kind",
            "deletions lie in a file of another kind",
            "rows of are deleted",
            "created: bytes belong here",
            "written: bytes belong here",
            "bytes follow the last field",
        ],
    );
}

#[test]
fn slots_are_read_or_refused() {
    run_framed(
        "slot",
        &[
            "seq: is out of bounds",
            "epoch: is out of bounds",
            "is no kind of slot",
            "parts: a list of values",
            "receipts: outcome: bytes belong here",
            "chunks: home: no valid name",
            "no chunk of its own epoch",
            "follows, but",
        ],
    );
}

#[test]
fn tables_of_keys_are_read_or_refused() {
    run_framed(
        "keys",
        &[
            "receipts: a list of values",
            "fingerprint: bytes belong here",
            "outcome: bytes belong here",
            "bytes are too many",
            "a key twice",
        ],
    );
}

#[test]
fn deletions_are_read_or_refused() {
    run_framed(
        "deletions",
        &[
            "segment: bytes belong here",
            "rows: bytes belong here",
            "unknown cookie value",
            "size is greater than supported",
            "container keys are not sorted",
            "An element was out of order",
            "Expected cardinality was",
            "a bitmap that nobody would write down so",
            "is deleted, and there are",
        ],
    );
}

#[test]
fn chunks_are_read_or_refused() {
    run(
        Objects::of("chunk"),
        &["these bytes do not begin", "its body has bytes, but are here", "but was written"],
    );
}

#[test]
fn outcomes_are_read_or_refused() {
    run(
        Objects::of("outcome"),
        &[
            "seq: bytes belong here",
            "count: bytes belong here",
            "is more than there is to tell",
            "ids: a list of values",
            "an id of type",
            "ids: id: bytes belong here",
            "ids: id: a text that is not invalid sequence of bytes from index",
            "the ids of an outcome are not those that were counted",
            "bytes follow the last field",
        ],
    );
}

#[test]
fn frames_are_read_or_refused() {
    run(
        Frames,
        &[
            "too few for a frame",
            "these bytes do not begin",
            "but are here",
            "but was written",
            "stands where",
        ],
    );
}

#[test]
fn fields_are_read_or_refused() {
    run(
        SingleFields::all(),
        &[
            "it: bytes belong here",
            "it: is neither yes nor no",
            "it: is out of bounds",
            "is not finite",
            "no valid name",
            "a list of values",
            "bytes follow the last field",
        ],
    );
}

#[test]
fn parts_of_slots_are_read_or_refused() {
    run(
        Parts,
        &[
            "no frame of zstd",
            "is no edit of a schema",
            "no Arrow stream",
            "bytes follow the last field",
        ],
    );
}

#[test]
fn partial_aggregations_are_read_or_refused() {
    run(
        Partials::all(),
        &["these bytes are no partial", "a partial has version", "have at most buckets", "told"],
    );
}

#[test]
fn files_of_rows_are_read_or_refused() {
    run(
        Files,
        &[
            "reading Parquet",
            "the file says no",
            "is no attribute",
            "are stored as",
            "a row without an id",
        ],
    );
}

#[test]
fn paths_of_objects_are_read_or_refused() {
    run(
        Paths,
        &["a head", "a node", "a marker", "a slot", "a file: Rows", "a file: Chunk", "parts"],
    );
}

#[test]
fn words_are_read_or_refused() {
    run(
        Words,
        &["a moment", "a date", "a uuid", "a namespace", "a node", "a type", "an id", "[2]f32"],
    );
}

#[test]
fn settings_are_read_or_refused() {
    run(Settings, &["there is no such key", "there is no such section", "is not a port", "keys, "]);
}

#[test]
fn writes_are_obeyed_or_refused() {
    run(Requests::of("writes", BODIES, &[]), &ANSWERS_TO_BODIES);
}

#[test]
fn schemas_are_obeyed_or_refused() {
    run(
        Requests::of("schemas", BODIES, &[]),
        &["answered 200", "malformed_json", "wrong_shape", "invalid", "invalid schema update"],
    );
}

#[test]
fn queries_are_answered_or_refused() {
    run(Requests::of("queries", BODIES, &[]), &ANSWERS_TO_BODIES);
}

#[test]
fn the_requests_of_our_own_contract_are_answered_or_refused() {
    run(
        Requests::of("own", BODIES, &[]),
        &[
            "answered 200",
            "answered 201",
            "malformed_json",
            "wrong_shape",
            "unknown_field",
            "invalid",
        ],
    );
}

#[test]
fn scores_are_told_or_refused() {
    run_asked(&SCORES);
}

#[test]
fn aggregations_are_told_or_refused() {
    run_asked(&AGGREGATIONS);
}

#[test]
fn searches_are_answered_or_refused() {
    run_asked(&SEARCHES);
}

#[test]
fn urls_and_headers_are_obeyed_or_refused() {
    run(
        Requests::of("urls", HEADS, &["own"]),
        &[
            "answered 200",
            "answered 400",
            "answered 404",
            "answered 405",
            "a list has given",
            "unknown_encoding",
        ],
    );
}

#[test]
fn filters_hold_for_the_same_rows_however_they_are_asked() {
    run(
        Filters,
        &[
            "v1 finds",
            "v2 finds",
            "a condition holds for",
            "attribute not found",
            "attribute is not filterable",
            "type mismatch",
            "does not apply",
            "unknown filter operator",
            "missing field",
            "wrong_shape",
            "operators deep",
        ],
    );
}

#[test]
fn doors_open_to_the_right_key_alone() {
    run(
        Doors::with_keys(),
        &[
            "let in",
            "without a header",
            "another scheme",
            "no key",
            "a part of a key",
            "more than a key",
            "another key",
            "too late",
        ],
    );
}

#[test]
fn packed_bodies_are_obeyed_or_refused() {
    run(
        Requests::of("packed", PACKINGS, &["writes", "queries"]),
        &["answered 200", "malformed_json", "unknown_encoding"],
    );
}

#[test]
fn a_seed_goes_the_same_way_again() {
    let slots = |seed| way(Objects::of("slot"), seed, 2_000);
    assert_eq!(slots(7), slots(7));
    assert_ne!(slots(7), slots(8));
    let writes = |seed| way(Requests::of("seeds", BODIES, &["writes"]), seed, 40);
    assert_eq!(writes(7), writes(7));
}
