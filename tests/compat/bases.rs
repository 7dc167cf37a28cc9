//! Bases of heads: one that says every word of a schema, one with segments.

use std::collections::BTreeMap;

use elacsym::model::{
    AttrNo, Attribute, FileKind, FileName, FullText, IdType, Metric, Options, Schema, Settings,
};
use elacsym::namespace::base::{Base, DeletedEntry, SegmentEntry, Times};
use elacsym::segment::rows::FileHash;

use crate::place::{Kind, Place, ROWS};
use crate::samples::{Sample, ULID, file};

const TIMES: Times =
    Times { created: 1_700_000_000_000, changed: 1_700_000_001_000, written: 1_700_000_001_000 };

pub(crate) fn all() -> Vec<Sample> {
    let base = |name, base: Base| {
        let (kind, place) = (Kind::Base, Place::Base);
        Sample { name, kind, place, bytes: base.encode() }
    };
    vec![base("base-schema", declared()), base("base-segments", grown())]
}

/// Every word of a schema, of which two attributes were dropped; and no rows.
fn declared() -> Base {
    let metric = Some(Metric::DotProduct);
    let full_text = FullText { stemming: true, remove_stopwords: true, ..FullText::default() };
    let body = Options { full_text: Some(full_text), glob: true, ..Options::none() };
    let late = Options { metric, late_interaction: true, ..Options::none() };
    let sparse = Options { sparse_knn: true, ..Options::none() };
    let tags = Options { filterable: true, regex: true, fuzzy: true, ..Options::none() };
    let vector = Options { metric, ..Options::none() };
    let attributes = attributes([
        ("body", 4, "string", body),
        ("late", 0, "[][2]f32", late),
        ("sparse", 3, "{}f16", sparse),
        ("tags", 6, "[]string", tags),
        ("vector", 2, "[3]f16", vector),
    ]);
    let settings = Settings { read_only: true, ..Settings::default() };
    Base {
        schema: Schema {
            id: Some(IdType::String),
            attributes,
            numbers: 7,
            settled: true,
            settings,
        },
        segments: vec![],
        times: Times { changed: 1_700_000_002_000, ..TIMES },
    }
}

/// Two segments, rows of the first superseded by the second.
fn grown() -> Base {
    let file = |kind, ulid| FileName { ulid, ..file(kind) };
    let first = SegmentEntry {
        rows: file(FileKind::Rows, ULID),
        count: ROWS,
        bytes: 4096,
        hash: FileHash::of(b"hello"),
        deleted: Some(DeletedEntry { file: file(FileKind::Deletions, ULID + 1), count: 3 }),
    };
    let second = SegmentEntry {
        rows: file(FileKind::Rows, ULID + 2),
        count: 3,
        bytes: 1500,
        hash: FileHash::of(b""),
        deleted: None,
    };
    let filterable = Options { filterable: true, ..Options::none() };
    let attributes = attributes([("a", 0, "int", filterable)]);
    let settings = Settings::default();
    Base {
        schema: Schema { id: Some(IdType::Uint), attributes, numbers: 1, settled: true, settings },
        segments: vec![first, second],
        times: TIMES,
    }
}

fn attributes<const N: usize>(
    named: [(&str, u32, &str, Options); N],
) -> BTreeMap<Box<str>, Attribute> {
    let attribute = |(name, number, kind, options): (&str, u32, &str, Options)| {
        let (number, kind) = (AttrNo(number), kind.parse().unwrap());
        (Box::<str>::from(name), Attribute { number, kind, options })
    };
    named.into_iter().map(attribute).collect()
}
