//! The files beside this one: what was written opens, what is written is what was written, and
//! what was refused is refused.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use bytes::Bytes;
use elacsym::error::ErrorKind;

use crate::place::{Kind, Place};
use crate::{hex, rows, samples};

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/compat").join(name)
}

pub(crate) fn load(name: &str) -> BTreeMap<String, Bytes> {
    let files = fs::read_dir(folder(name)).unwrap().map(|file| file.unwrap().path());
    let load = |path: PathBuf| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, hex::parse(&fs::read_to_string(path).unwrap()))
    };
    files.map(load).collect()
}

/// The files that version 1 wrote, but for those that are Parquet.
fn written() -> BTreeMap<String, Bytes> {
    let mut files = load("v1");
    files.retain(|name, _| !rows::is_table(name));
    files
}

/// The kind is the first word of a file's name.
fn kind_of(name: &str) -> Kind {
    let kind = name.split('-').next().and_then(Kind::said);
    kind.unwrap_or_else(|| panic!("{name} does not say what it is"))
}

/// What must be refused, by kind.
pub(crate) fn refused() -> impl Iterator<Item = (Kind, String, Bytes)> {
    load("refused").into_iter().map(|(name, bytes)| (kind_of(&name), name, bytes))
}

/// Why a file must be refused, as the decoder tells it: what stands behind `# refused: ` in it.
fn reason(name: &str) -> String {
    let text = fs::read_to_string(folder("refused").join(format!("{name}.hex"))).unwrap();
    let said = text.lines().find_map(|line| line.strip_prefix("# refused: "));
    let said = said.filter(|reason| !reason.is_empty());
    said.unwrap_or_else(|| panic!("{name}.hex does not say why it is refused")).to_owned()
}

#[test]
fn new_bytes_are_the_pinned_bytes() {
    let mut pinned = written();
    for sample in samples::all() {
        let Some(bytes) = pinned.remove(sample.name) else {
            panic!("v1/{}.hex is missing; it is\n{}", sample.name, hex::lines(&sample.bytes));
        };
        assert_eq!(hex::spell(&sample.bytes), hex::spell(&bytes), "{}", sample.name);
    }
    assert!(pinned.is_empty(), "no sample for {:?}", pinned.keys());
}

#[test]
fn old_bytes_open_to_what_they_were() {
    for (name, bytes) in written() {
        let place = Place::named_by(kind_of(&name), &bytes);
        assert_eq!(place.reopen(&bytes).unwrap(), bytes, "{name}");
    }
    for sample in samples::all() {
        assert_eq!(sample.place.reopen(&sample.bytes).unwrap(), sample.bytes, "{}", sample.name);
    }
}

/// Each input is there for one check: were it refused by another, the check could go unseen.
#[test]
fn what_was_refused_is_refused_for_the_same_reason() {
    for (kind, name, bytes) in refused() {
        let error = Place::named_by(kind, &bytes).reopen(&bytes).expect_err(&name);
        let (told, expected) = (error.chain(), reason(&name));
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{name}: {told}");
        assert!(told.contains(&expected), "{name} is refused by {told:?}, not by {expected:?}");
    }
}
