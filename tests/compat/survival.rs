//! Each decoder under the fuzzer, with the checks that must have refused something by the end: a
//! fuzzer that stops at the door finds nothing behind it.

use elacsym::storage::frame::FrameKind;

use crate::fuzz::run;
use crate::place::Kind;

#[test]
fn heads_survive_the_fuzzer() {
    run(
        Kind::Framed(FrameKind::Head),
        &[
            "these bytes do not begin",
            "but was written",
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
            "bytes follow the last field",
        ],
    );
}

#[test]
fn slots_survive_the_fuzzer() {
    run(
        Kind::Framed(FrameKind::Slot),
        &[
            "these bytes do not begin",
            "but was written",
            "seq: is out of bounds",
            "epoch: is out of bounds",
            "is no kind of slot",
            "parts: a list of values",
            "receipts: outcome: bytes belong here",
            "chunks: home: no valid name",
            "no chunk of its own epoch",
            "follows, but",
            "bytes follow the last field",
        ],
    );
}

#[test]
fn tables_of_keys_survive_the_fuzzer() {
    run(
        Kind::Framed(FrameKind::Keys),
        &[
            "these bytes do not begin",
            "but was written",
            "receipts: a list of values",
            "fingerprint: bytes belong here",
            "outcome: bytes belong here",
            "bytes are too many",
            "a key twice",
            "bytes follow the last field",
        ],
    );
}

#[test]
fn bases_survive_the_fuzzer() {
    run(
        Kind::Base,
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
fn deletions_survive_the_fuzzer() {
    run(
        Kind::Framed(FrameKind::Deletions),
        &[
            "these bytes do not begin",
            "but was written",
            "segment: bytes belong here",
            "rows: bytes belong here",
            "unknown cookie value",
            "size is greater than supported",
            "container keys are not sorted",
            "An element was out of order",
            "Expected cardinality was",
            "a bitmap that nobody would write down so",
            "is deleted, and there are",
            "bytes follow the last field",
        ],
    );
}

#[test]
fn chunks_survive_the_fuzzer() {
    run(
        Kind::Framed(FrameKind::Chunk),
        &["these bytes do not begin", "its body has bytes, but are here", "but was written"],
    );
}

#[test]
fn outcomes_survive_the_fuzzer() {
    run(
        Kind::Outcome,
        &[
            "seq: bytes belong here",
            "count: bytes belong here",
            "listed: is neither yes nor no",
            "ids: a list of values",
            "an id of type",
            "ids: id: bytes belong here",
            "ids: id: a text that is not invalid sequence of bytes from index",
            "the ids of an outcome are not those that were counted",
            "bytes follow the last field",
        ],
    );
}
