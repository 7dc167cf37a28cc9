//! Rows come back as they were written, whichever columns are read.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryArray, RecordBatch};
use arrow_schema::{DataType, Field, Schema as ArrowSchema};
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::arrow::{ARROW_SCHEMA_META_KEY, ArrowWriter, encode_arrow_schema};
use parquet::basic::Compression;
use parquet::file::metadata::KeyValue;

use super::*;
use crate::error::ErrorKind;
use crate::model::columns::Columns;
use crate::model::{AttrNo, AttrType, DocId, Element, IdType, Row, Scalar, Value};

fn sample() -> Columns {
    let kinds = [
        AttrType::Scalar(Scalar::String),
        AttrType::Vector { dims: 3, element: Element::F32 },
        AttrType::Vector { dims: 3, element: Element::I8 },
        AttrType::Array(Scalar::Int),
    ];
    let row = |id: u64| {
        let mut values = vec![
            (AttrNo(0), Value::String(format!("row {id}").into())),
            (AttrNo(1), Value::Vector(vec![id as f32, 0.5, -1.0].into())),
            (AttrNo(3), Value::Ints(vec![1, id as i64].into())),
        ];
        if id.is_multiple_of(3) {
            values.insert(2, (AttrNo(2), Value::Vector(vec![-128.0, 0.0, 127.0].into())));
        }
        Row { id: DocId::Uint(id), values }
    };
    let rows: Vec<Row> = (0..100_000).map(row).collect();
    Columns::of_rows(IdType::Uint, |number| kinds.get(number.0 as usize).copied(), &rows).unwrap()
}

/// Attributes are called a0, a1 and so on; the rows come in pieces.
fn encode(rows: &Columns) -> Bytes {
    let attributes = rows.columns().iter();
    let attributes = attributes
        .map(|(number, (kind, _))| (*number, (format!("a{}", number.0).into(), *kind)))
        .collect();
    let mut writer = Writer::new(rows.id_type(), &attributes, rows.bytes()).unwrap();
    let all: Vec<u32> = (0..rows.rows() as u32).collect();
    for piece in all.chunks(7000) {
        writer.write(&rows.take(piece).unwrap()).unwrap();
    }
    writer.end().unwrap()
}

#[test]
fn rows_are_read_as_they_were_written_over_several_groups() {
    let rows = sample();
    let bytes = encode(&rows);
    let least = bytes.len() as u64;
    let packed = Packed::open(bytes).unwrap();
    assert!(packed.unpacked_bytes().unwrap() > least, "more than {least}");
    let ids = packed.rows(Extent::Ids).unwrap();
    assert_eq!((ids.ids(), ids.columns().len()), (rows.ids(), 0));
    let back = packed.rows(Extent::Whole).unwrap();
    assert_eq!(back.rows(), rows.rows());
    for row in [0, 1, 2, 65_535, 65_536, 99_999] {
        assert_eq!(back.row(row), rows.row(row));
    }
    assert_eq!(
        back.columns().keys().collect::<Vec<_>>(),
        rows.columns().keys().collect::<Vec<_>>()
    );
}

/// Whoever reads the file elsewhere sees names and numbers, and vectors where they are computed.
#[test]
fn columns_have_names_and_numbers_and_vectors_lie_plain() {
    let bytes = encode(&sample());
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
    let names: Vec<_> = builder.schema().fields().iter().map(|f| f.name().clone()).collect();
    assert_eq!(names, ["id", "a0", "a1", "a2", "a3"]);
    let numbers = builder
        .metadata()
        .file_metadata()
        .schema_descr()
        .root_schema()
        .get_fields()
        .iter()
        .map(|field| field.get_basic_info().id())
        .collect::<Vec<_>>();
    assert_eq!(numbers, [0, 1, 2, 3, 4]);
    for column in builder.metadata().row_group(0).columns() {
        let name = column.column_path().parts()[0].clone();
        let plain = column.compression() == Compression::UNCOMPRESSED;
        assert_eq!(plain, name == "a1" || name == "a2", "{name}");
    }
}

#[test]
fn rows_of_other_attributes_are_our_bug_and_hostile_bytes_are_corrupt() {
    let few = sample().take(&[0, 1, 2]).unwrap();
    let mut writer = Writer::new(IdType::Uint, &BTreeMap::new(), 0).unwrap();
    assert_eq!(writer.write(&few).unwrap_err().kind(), ErrorKind::Internal);
    let bytes = encode(&few);
    for cut in [0, 4, bytes.len() / 2, bytes.len() - 1] {
        let error = Packed::open(bytes.slice(..cut)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{cut}");
    }
}

/// A file of Parquet that says this of itself.
fn file(said: &[(&str, &str)], ids: ArrayRef) -> Bytes {
    let batch = RecordBatch::try_from_iter([("id", ids)]).unwrap();
    let bare = ArrowWriterOptions::new().with_skip_arrow_metadata(true);
    let mut writer = ArrowWriter::try_new_with_options(Vec::new(), batch.schema(), bare).unwrap();
    writer.write(&batch).unwrap();
    for (key, value) in said {
        let entry = KeyValue::new((*key).to_owned(), (*value).to_owned());
        writer.append_key_value_metadata(entry);
    }
    writer.into_inner().unwrap().into()
}

/// One flipped bit makes of Parquet's word for a text one that it does not know, and Arrow's stays.
#[test]
fn ids_that_arrow_alone_calls_texts_are_read_with_the_rest_and_without() {
    let fields = vec![Field::new("id", DataType::Utf8, false)];
    let arrow = encode_arrow_schema(&ArrowSchema::new(fields));
    let said = [(FORMAT, "1"), (ID, "string"), (ATTRIBUTES, ""), (ARROW_SCHEMA_META_KEY, &*arrow)];
    let ids: ArrayRef = Arc::new(BinaryArray::from_vec(vec![&b"a"[..], &b"b"[..]]));
    let packed = Packed::open(file(&said, ids.clone())).unwrap();
    let whole = packed.rows(Extent::Whole).unwrap();
    assert_eq!(whole.id(1), DocId::String("b".into()));
    assert_eq!(packed.rows(Extent::Ids).unwrap(), whole);
    let packed = Packed::open(file(&said[..3], ids)).unwrap();
    for extent in [Extent::Ids, Extent::Whole] {
        let error = packed.rows(extent).unwrap_err();
        assert_eq!(error.chain(), "ids of type String are stored as Binary");
    }
}

#[test]
fn what_rows_will_take_is_a_number_or_the_file_is_corrupt() {
    let ids: ArrayRef = Arc::new(BinaryArray::from_vec(vec![&b"a"[..]]));
    let told = |bytes: Option<&'static str>| {
        let known = [(FORMAT, "1"), (ID, "string"), (ATTRIBUTES, "")];
        let said: Vec<_> = known.into_iter().chain(bytes.map(|bytes| (BYTES, bytes))).collect();
        let packed = Packed::open(file(&said, ids.clone())).unwrap();
        packed.unpacked_bytes().map_err(|error| (error.kind(), error.chain()))
    };
    assert_eq!(told(Some("12")), Ok(12));
    let corrupt = |why: &str| -> Result<u64, _> { Err((ErrorKind::Corrupt, why.to_owned())) };
    assert_eq!(told(None), corrupt("the file says no elacsym.bytes"));
    assert_eq!(told(Some("-1")), corrupt("elacsym.bytes is \"-1\", which is no number"));
}
