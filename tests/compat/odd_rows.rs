//! Files of rows that nobody wrote so: damaged ones, and ones that say what is not true.
//!
//! The hash in the base vouches for every bit. With that set aside, the decoder of Parquet meets bytes
//! that its writers never made: then the answer is a refusal or other rows, and a panic is contained.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray, UInt64Array};
use bytes::Bytes;
use elacsym::config::Location;
use elacsym::env::{Clock, Dice};
use elacsym::error::{ErrorKind, Result};
use elacsym::memory::Memory;
use elacsym::model::columns::{Columns, column};
use elacsym::model::{AttrType, Element, FileKind, Value};
use elacsym::namespace::base::SegmentEntry;
use elacsym::namespace::segments::{Segment, Unread};
use elacsym::segment::rows::{Extent, FileHash, Packed};
use elacsym::storage;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::file::metadata::KeyValue;

use crate::place::named;
use crate::rows::strings;

const UINTS: [(&str, &str); 3] =
    [("elacsym.format", "1"), ("elacsym.id", "uint"), ("elacsym.attributes", "")];

fn flipped(good: &[u8], bit: usize) -> Bytes {
    let mut bytes = good.to_vec();
    bytes[bit / 8] ^= 1 << (bit % 8);
    bytes.into()
}

#[tokio::test]
async fn whoever_names_a_file_finds_every_flipped_bit_of_it() {
    let (clock, dice) = (Clock::start(), Dice::from_seed(1));
    let store = storage::open(&Location::Memory, [], clock, dice).await.unwrap();
    let memory = Memory::of(1 << 30);
    let good = strings().encode();
    let (bytes, hash) = (good.len() as u64, FileHash::of(&good));
    let rows = named(FileKind::Rows, 7);
    let entry = SegmentEntry { rows, count: 3, bytes, hash, deleted: None };
    store.put(&entry.rows, good.clone()).await.unwrap();
    let whole = Segment::read(&store, &entry, Extent::Whole, None, &memory).await.unwrap();
    assert_eq!(whole.rows().rows(), 3);
    let flips = (0..good.len() * 8).map(|bit| flipped(&good, bit));
    let cuts = (0..good.len()).map(|length| good.slice(..length));
    let longer = Bytes::from([&good[..], &[0]].concat());
    for bytes in flips.chain(cuts).chain([longer]) {
        store.put(&entry.rows, bytes).await.unwrap();
        match Segment::read(&store, &entry, Extent::Ids, None, &memory).await {
            Err(Unread::Failed(error)) => assert_eq!(error.kind(), ErrorKind::Corrupt),
            other => panic!("a damaged file was read as {other:?}"),
        }
    }
}

fn rows(bytes: &Bytes) -> Result<Columns> {
    Packed::open(bytes.clone())?.rows(Extent::Whole)
}

/// Whether the decoder took it.
fn judge(bytes: &Bytes) -> bool {
    let answer = rows(bytes);
    if let Err(error) = &answer {
        // One flip makes a newer format of ours.
        let expected = [ErrorKind::Corrupt, ErrorKind::Unavailable];
        assert!(expected.contains(&error.kind()), "{}", error.chain());
    }
    answer.is_ok()
}

#[test]
fn a_damaged_file_whose_hash_is_set_aside_panics_nowhere() {
    let good = strings().encode();
    assert!(judge(&good));
    let accepted = (0..good.len() * 8).filter(|bit| judge(&flipped(&good, *bit))).count();
    // Such as a bit of a vector.
    assert!(accepted > 0);
    assert!(!(0..good.len()).any(|length| judge(&good.slice(..length))));
}

/// A file that says this of itself.
fn file(said: &[(&str, &str)], columns: Vec<(&str, ArrayRef)>) -> Bytes {
    written(said, columns, ArrowWriterOptions::new())
}

fn written(
    said: &[(&str, &str)],
    columns: Vec<(&str, ArrayRef)>,
    options: ArrowWriterOptions,
) -> Bytes {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer =
        ArrowWriter::try_new_with_options(Vec::new(), batch.schema(), options).unwrap();
    writer.write(&batch).unwrap();
    for (key, value) in said {
        let entry = KeyValue::new((*key).to_owned(), (*value).to_owned());
        writer.append_key_value_metadata(entry);
    }
    writer.into_inner().unwrap().into()
}

fn uints(ids: Vec<Option<u64>>) -> (&'static str, ArrayRef) {
    ("id", Arc::new(UInt64Array::from(ids)))
}

fn refused(bytes: &Bytes, kind: ErrorKind, expected: &str) {
    let error = rows(bytes).expect_err(expected);
    assert_eq!(error.kind(), kind, "{}", error.chain());
    assert!(error.chain().contains(expected), "{:?} is not {expected:?}", error.chain());
}

#[test]
fn a_file_that_says_what_is_not_true_is_refused() {
    let ids = || uints(vec![Some(1), Some(2)]);
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["a", "b"]));
    let text = || ("a", texts.clone());
    let numbers: ArrayRef = Arc::new(Float64Array::from(vec![1.0, f64::NAN]));
    let [format, id, none] = UINTS;
    let attributes = |lines| ("elacsym.attributes", lines);
    let told = |said: &[(&str, &str)], columns: Vec<(&str, ArrayRef)>, expected: &str| {
        refused(&file(said, columns), ErrorKind::Corrupt, expected);
    };
    told(&[id, none], vec![ids()], "the file says no elacsym.format");
    told(&[format, none], vec![ids()], "the file says no elacsym.id");
    told(&[format, id], vec![ids()], "the file says no elacsym.attributes");
    for (odd, expected) in
        [("0", "format 0, and 1 is known"), ("one", "format one, and 1 is known")]
    {
        told(&[("elacsym.format", odd), id, none], vec![ids()], expected);
    }
    told(&[format, ("elacsym.id", "float"), none], vec![ids()], "unknown type of id 'float'");
    let other = "ids of type String are stored as UInt64";
    told(&[format, ("elacsym.id", "string"), none], vec![ids()], other);
    for (lines, expected) in [
        ("0 text\n", "\"0 text\" is no attribute"),
        ("a string\n", "\"a string\" is no attribute"),
        ("", "1 columns of attributes, and 0 types"),
        ("7 string\n8 int\n", "1 columns of attributes, and 2 types"),
        ("7 int\n", "attribute 7 of type Scalar(Int) is stored as Utf8"),
    ] {
        told(&[format, id, attributes(lines)], vec![ids(), text()], expected);
    }
    let infinite = "attribute 7: a number that is not finite";
    told(&[format, id, attributes("7 float\n")], vec![ids(), ("a", numbers)], infinite);
    told(&UINTS, vec![uints(vec![Some(1), None])], "a row without an id");
    told(&UINTS, vec![uints(vec![])], "a segment without rows");
    let good = file(&[format, id, attributes("7 string\n")], vec![ids(), text()]);
    assert_eq!(rows(&good).unwrap().rows(), 2);
}

#[test]
fn a_file_of_a_newer_format_is_another_nodes_business() {
    let [_, id, none] = UINTS;
    let bytes = file(&[("elacsym.format", "2"), id, none], vec![uints(vec![Some(1)])]);
    refused(&bytes, ErrorKind::Unavailable, "format 2, and 1 is known");
}

/// Parquet has no lists of a fixed size: that a list is a vector is known from Arrow's schema.
#[test]
fn a_file_without_the_schema_of_arrow_has_no_vectors() {
    let kind = AttrType::Vector { dims: 2, element: Element::F32 };
    let vector = Value::Vector([1.0, 2.0].into());
    let vectors = column(kind, [Some(&vector)]).unwrap();
    let columns = || vec![uints(vec![Some(1)]), ("v", vectors.clone())];
    let [format, id, _] = UINTS;
    let said = [format, id, ("elacsym.attributes", "0 [2]f32\n")];
    assert!(rows(&file(&said, columns())).is_ok());
    let bare = ArrowWriterOptions::new().with_skip_arrow_metadata(true);
    let bytes = written(&said, columns(), bare);
    refused(&bytes, ErrorKind::Corrupt, "element: F32 } is stored as List");
}
