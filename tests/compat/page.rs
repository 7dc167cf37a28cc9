//! The format page and the samples say the same.
//!
//! A block of `docs/FORMAT.md` whose first line is `vector <name>` holds the bytes of the sample of
//! that name, field by field, with what each is. Blocks that begin otherwise are for whoever asks
//! for them by their first line.

use std::collections::BTreeMap;

use crate::{hex, samples};

const PAGE: &str = include_str!("../../docs/FORMAT.md");

fn vectors() -> BTreeMap<&'static str, bytes::Bytes> {
    let blocks = PAGE.split("```text\nvector ").skip(1);
    let open = |block: &'static str| {
        let block = block.split("```").next().unwrap();
        let (name, bytes) = block.split_once('\n').unwrap();
        (name, hex::parse(bytes))
    };
    blocks.map(open).collect()
}

/// What a block holds below its first line.
pub(crate) fn block(title: &str) -> &'static str {
    let mark = format!("```text\n{title}\n");
    let (_, rest) = PAGE.split_once(&mark).unwrap_or_else(|| panic!("{title:?} is no block"));
    rest.split("```").next().unwrap()
}

#[test]
fn the_vectors_of_the_format_page_are_what_is_written() {
    let mut vectors = vectors();
    for name in [
        "head-new",
        "head-folded",
        "head-tombstone",
        "slot-batch",
        "slot-chunked",
        "slot-fence",
        "keys-some",
        "base-schema",
        "base-segments",
        "deletions-some",
        "chunk-some",
        "outcome-strings",
        "outcome-counted",
        "outcome-billed",
    ] {
        assert!(vectors.contains_key(name), "{name} is shown on the page");
    }
    for sample in samples::all() {
        if let Some(bytes) = vectors.remove(sample.name) {
            assert_eq!(hex::spell(&bytes), hex::spell(&sample.bytes), "{}", sample.name);
        }
    }
    assert!(vectors.is_empty(), "no sample for {:?}", vectors.keys());
}
