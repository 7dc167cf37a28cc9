//! The rows of a segment as a file: old ones open, and what is written today is what the format page
//! says.
//!
//! The libraries that write Parquet are free in how they do it, so the bytes of today are compared
//! with those of no file: `v1/rows-*.hex` are old bytes, which must open to the rows below. The test
//! that misses one of them prints it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bytes::Bytes;
use elacsym::model::columns::Columns;
use elacsym::model::{AttrNo, AttrType, DocId, IdType, Row, Value};
use elacsym::segment::rows::{Extent, Packed, Writer};
use half::f16;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, Encoding};
use parquet::file::metadata::ParquetMetaData;
use parquet::schema::printer::print_schema;

use crate::{fixtures, hex, page};

/// Of so many bytes, columns are packed.
const EXPECTED: usize = 1 << 20;

/// What a file holds.
pub(crate) struct Table {
    name: &'static str,
    id_type: IdType,
    attributes: BTreeMap<AttrNo, (Box<str>, AttrType)>,
    rows: Vec<Row>,
}

/// Whether a file of that name is one of those here.
pub(crate) fn is_table(name: &str) -> bool {
    name.starts_with("rows-")
}

impl Table {
    fn columns(&self) -> Columns {
        let kind_of = |number: AttrNo| self.attributes.get(&number).map(|(_, kind)| *kind);
        Columns::of_rows(self.id_type, kind_of, &self.rows).unwrap()
    }

    pub(crate) fn encode(&self) -> Bytes {
        self.encode_expecting(EXPECTED)
    }

    fn encode_expecting(&self, bytes: usize) -> Bytes {
        let mut writer = Writer::new(self.id_type, &self.attributes, bytes).unwrap();
        writer.write(&self.columns()).unwrap();
        writer.end().unwrap()
    }

    /// That these bytes open to it.
    fn check(&self, bytes: &Bytes) {
        let packed = Packed::open(bytes.clone()).unwrap();
        let whole = packed.rows(Extent::Whole).unwrap();
        let read: Vec<Row> = (0..whole.rows()).map(|row| whole.row(row)).collect();
        assert_eq!(read, self.rows, "{}", self.name);
        let kinds = whole.columns().iter().map(|(number, (kind, _))| (*number, *kind));
        assert!(kinds.eq(self.attributes.iter().map(|(number, (_, kind))| (*number, *kind))));
        let ids = packed.rows(Extent::Ids).unwrap();
        assert_eq!((ids.ids(), ids.columns().len()), (whole.ids(), 0), "{}", self.name);
    }
}

/// Every type that there is, in a row that has all, one that has none, and one at the edges.
fn kinds() -> Table {
    let vector = |elements: [f32; 2]| Value::Vector(elements.into());
    let sparse = [("a".into(), 1.0), ("b".into(), -0.5)];
    let values = [
        (0, "string", "string", Value::String("one".into()), Value::String("".into())),
        (1, "int", "int", Value::Int(-1), Value::Int(i64::MIN)),
        (2, "uint", "uint", Value::Uint(1), Value::Uint(u64::MAX)),
        (3, "float", "float", Value::Float(0.5), Value::Float(f64::MAX)),
        (4, "bool", "bool", Value::Bool(true), Value::Bool(false)),
        (5, "uuid", "uuid", Value::Uuid(1), Value::Uuid(u128::MAX)),
        (6, "datetime", "datetime", Value::DateTime(1), Value::DateTime(i64::MIN)),
        (7, "bytes", "bytes", Value::Bytes([0, 255].into()), Value::Bytes(Box::default())),
        // Number 8 was dropped.
        (
            9,
            "strings",
            "[]string",
            Value::Strings(["one".into(), "".into()].into()),
            Value::Strings(Box::default()),
        ),
        (10, "ints", "[]int", Value::Ints([-1, i64::MIN].into()), Value::Ints(Box::default())),
        (11, "uints", "[]uint", Value::Uints([1, u64::MAX].into()), Value::Uints(Box::default())),
        (12, "floats", "[]float", Value::Floats([0.5].into()), Value::Floats(Box::default())),
        (13, "bools", "[]bool", Value::Bools([true, false].into()), Value::Bools(Box::default())),
        (14, "uuids", "[]uuid", Value::Uuids([1].into()), Value::Uuids(Box::default())),
        (
            15,
            "datetimes",
            "[]datetime",
            Value::DateTimes([1].into()),
            Value::DateTimes(Box::default()),
        ),
        (16, "f32", "[2]f32", vector([1.0, -0.5]), vector([f32::MAX, f32::MIN])),
        (17, "f16", "[2]f16", vector([1.0, -0.5]), vector([65_504.0, 0.25])),
        (18, "i8", "[2]i8", vector([1.0, -1.0]), vector([127.0, -128.0])),
        (19, "sparse", "{}f16", Value::Sparse(sparse.into()), Value::Sparse(Box::default())),
        (
            20,
            "vectors",
            "[][2]f32",
            Value::Vectors([1.0, -0.5, 0.25, 2.0].into()),
            Value::Vectors(Box::default()),
        ),
    ];
    let mut attributes = BTreeMap::new();
    let (mut all, mut edges) = (Vec::new(), Vec::new());
    for (number, name, kind, value, edge) in values {
        let number = AttrNo(number);
        attributes.insert(number, (Box::<str>::from(name), kind.parse().unwrap()));
        all.push((number, value));
        edges.push((number, edge));
    }
    let row = |id, values| Row { id: DocId::Uint(id), values };
    let rows = vec![row(1, all), row(2, vec![]), row(u64::MAX, edges)];
    Table { name: "rows-kinds", id_type: IdType::Uint, attributes, rows }
}

fn uuids() -> Table {
    let attributes = BTreeMap::from([(AttrNo(3), ("\u{e9}".into(), "string".parse().unwrap()))]);
    let row = |id, text: &str| Row {
        id: DocId::Uuid(id),
        values: vec![(AttrNo(3), Value::String(text.into()))],
    };
    let rows = vec![row(255, "a"), row(256, "b"), row(u128::MAX, "a")];
    Table { name: "rows-uuids", id_type: IdType::Uuid, attributes, rows }
}

fn ints() -> Table {
    let attributes = BTreeMap::from([(AttrNo(3), ("\u{e9}".into(), "string".parse().unwrap()))]);
    let row = |id, text: &str| Row {
        id: DocId::Int(id),
        values: vec![(AttrNo(3), Value::String(text.into()))],
    };
    let rows = vec![row(i64::MIN, "a"), row(-1, "b"), row(i64::MAX, "a")];
    Table { name: "rows-ints", id_type: IdType::Int, attributes, rows }
}

/// A small one.
pub(crate) fn strings() -> Table {
    let attributes = BTreeMap::from([(AttrNo(0), ("v".into(), "[2]f32".parse().unwrap()))]);
    let row = |id: &str, vector: &[[f32; 2]]| Row {
        id: DocId::String(id.into()),
        values: vector.iter().map(|it| (AttrNo(0), Value::Vector((*it).into()))).collect(),
    };
    let rows = vec![row("B", &[[1.0, 2.0]]), row("a", &[]), row("\u{e9}", &[[0.0, -1.0]])];
    Table { name: "rows-strings", id_type: IdType::String, attributes, rows }
}

fn metadata(bytes: &Bytes) -> ParquetMetaData {
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes.clone()).unwrap();
    builder.metadata().as_ref().clone()
}

#[test]
fn old_files_open_to_the_rows_that_they_held() {
    let mut pinned = fixtures::load("v1");
    pinned.retain(|name, _| is_table(name));
    let mut missing = String::new();
    for table in [kinds(), uuids(), strings(), ints()] {
        let name = table.name;
        match pinned.remove(name) {
            Some(bytes) => table.check(&bytes),
            None => {
                let today = hex::lines(&table.encode());
                writeln!(missing, "# tests/compat/v1/{name}.hex\n{today}").unwrap();
            }
        }
    }
    assert!(missing.is_empty(), "files are missing; today they are\n{missing}");
    assert!(pinned.is_empty(), "no rows for {:?}", pinned.keys());
}

#[test]
fn what_is_written_today_opens_to_the_same_rows() {
    for table in [kinds(), uuids(), strings(), ints()] {
        table.check(&table.encode());
        table.check(&table.encode_expecting(0));
    }
}

#[test]
fn names_numbers_and_types_are_those_of_the_format_page() {
    let mut told = Vec::new();
    print_schema(&mut told, metadata(&kinds().encode()).file_metadata().schema());
    assert_eq!(String::from_utf8(told).unwrap(), page::block("schema rows-kinds"));
}

/// Each line of a value behind its key; what Arrow says for itself is Arrow's.
#[test]
fn key_values_are_those_of_the_format_page() {
    let metadata = metadata(&kinds().encode());
    let entries = metadata.file_metadata().key_value_metadata().unwrap();
    let (arrow, ours): (Vec<_>, Vec<_>) =
        entries.iter().partition(|entry| entry.key == "ARROW:schema");
    assert_eq!(arrow.len(), 1);
    let mut told = String::new();
    for entry in ours {
        for line in entry.value.as_deref().unwrap_or_default().lines() {
            writeln!(told, "{:<20}{line}", entry.key).unwrap();
        }
    }
    assert_eq!(told, page::block("key-value rows-kinds"));
}

#[test]
fn what_is_little_is_not_packed() {
    let compressions = |expected: usize| {
        let metadata = metadata(&kinds().encode_expecting(expected));
        let columns = metadata.row_group(0).columns();
        columns.iter().map(|column| column.compression()).collect::<Vec<_>>()
    };
    let is_plain = |compression: &Compression| *compression == Compression::UNCOMPRESSED;
    assert!(compressions((16 << 10) - 1).iter().all(is_plain));
    assert!(!compressions(16 << 10).iter().all(is_plain));
}

#[test]
fn vectors_lie_plain_one_after_the_other_and_the_rest_is_packed() {
    let bytes = kinds().encode();
    let metadata = metadata(&bytes);
    for column in metadata.row_group(0).columns() {
        let name = column.column_path().parts()[0].as_str();
        if !["f32", "f16", "i8"].contains(&name) {
            assert!(matches!(column.compression(), Compression::ZSTD(_)), "{name}");
            continue;
        }
        assert_eq!(column.compression(), Compression::UNCOMPRESSED, "{name}");
        // Runs are what says which rows have a vector.
        let known = |encoding| matches!(encoding, Encoding::PLAIN | Encoding::RLE);
        assert!(column.encodings().all(known), "{name}");
        assert_eq!(column.dictionary_page_offset(), None, "{name}");
        assert!(column.statistics().is_none(), "{name}");
    }
    let f32s = [1.0, -0.5, f32::MAX, f32::MIN].map(f32::to_le_bytes).concat();
    let f16s = [1.0, -0.5, 65_504.0, 0.25].map(|it| f16::from_f32(it).to_le_bytes()).concat();
    let i8s = [1_i8, -1, 127, -128].map(i8::to_le_bytes).concat();
    for vectors in [f32s, f16s, i8s] {
        assert!(bytes.windows(vectors.len()).any(|window| window == vectors), "{vectors:?}");
    }
}
