//! The format page and the samples say the same.
//!
//! A block of `docs/FORMAT.md` whose first line is `vector <name>` holds the bytes of the sample of
//! that name, field by field, with what each is.

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

#[test]
fn the_vectors_of_the_format_page_are_what_is_written() {
    let mut vectors = vectors();
    for name in
        ["head-new", "head-folded", "head-tombstone", "slot-batch", "slot-fence", "keys-some"]
    {
        assert!(vectors.contains_key(name), "{name} is shown on the page");
    }
    for sample in samples::all() {
        if let Some(bytes) = vectors.remove(sample.name) {
            assert_eq!(hex::spell(&bytes), hex::spell(&sample.bytes), "{}", sample.name);
        }
    }
    assert!(vectors.is_empty(), "no sample for {:?}", vectors.keys());
}
