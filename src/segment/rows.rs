//! The rows of a segment, as a Parquet file that anybody can read.
//!
//! ```text
//! columns          `id`, then one for each attribute that a row has, under its name at that time.
//!                  The field id is 0 for `id`, and 1 + the attribute's number for the others.
//! rows             sorted by id, no id twice
//! vectors          PLAIN and uncompressed, so that the vector of a row is one range of bytes
//! the rest         zstd
//! key-value        elacsym.format       1
//!                  elacsym.id           uint, uuid or string
//!                  elacsym.attributes   lines of `<number> <type>`, in the order of the columns
//!                  elacsym.bytes        about what all columns take in memory, unpacked
//! ```
//!
//! The types of attributes are said beside the columns, for two of them may lie in the same type of
//! Parquet. Whoever names the file keeps a hash of it: a decoder meets no byte that it does not vouch
//! for, and one that panics all the same is contained.

use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{Field, Schema as ArrowSchema};
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::{ArrowWriter, PARQUET_FIELD_ID_META_KEY, ProjectionMask};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use crate::error::{Error, Result};
use crate::model::columns::{Columns, data_type, id_data_type};
use crate::model::{AttrNo, AttrType, Element, IdType};

const FORMAT: &str = "elacsym.format";
const ID: &str = "elacsym.id";
const ATTRIBUTES: &str = "elacsym.attributes";
const BYTES: &str = "elacsym.bytes";
/// Rows in a group: a reader takes one at a time.
const GROUP_ROWS_MAX: usize = 64 << 10;
/// A group that is so large is ended: a writer holds it in memory.
const GROUP_BYTES_MIN: usize = 16 << 20;

/// The first 16 bytes of BLAKE3 of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileHash(pub [u8; 16]);

impl FileHash {
    pub fn of(bytes: &[u8]) -> Self {
        let mut hash = [0; 16];
        hash.copy_from_slice(&blake3::hash(bytes).as_bytes()[..16]);
        Self(hash)
    }
}

/// Writes a file block by block: what it holds besides the file is one group of rows.
#[derive(Debug)]
pub struct Writer {
    writer: ArrowWriter<Vec<u8>>,
    schema: Arc<ArrowSchema>,
    id_type: IdType,
    kinds: BTreeMap<AttrNo, AttrType>,
    /// What the rows take in memory.
    bytes: usize,
}

impl Writer {
    /// For rows of these attributes, each under its name. So many bytes are expected.
    pub fn new(
        id_type: IdType,
        attributes: &BTreeMap<AttrNo, (Box<str>, AttrType)>,
        expected: usize,
    ) -> Result<Self> {
        let mut fields = vec![numbered(Field::new("id", id_data_type(id_type), false), 0)];
        let mut properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(GROUP_ROWS_MAX))
            .set_created_by(concat!("elacsym ", env!("CARGO_PKG_VERSION")).into());
        for (number, (name, kind)) in attributes {
            fields.push(numbered(Field::new(&**name, data_type(*kind), true), number.0 + 1));
            let AttrType::Vector { element, .. } = kind else { continue };
            let path = match element {
                Element::F32 | Element::F16 => vec![(&**name).into(), "list".into(), "item".into()],
                Element::I8 => vec![(&**name).into()],
            };
            let path = ColumnPath::new(path);
            properties = properties
                .set_column_encoding(path.clone(), Encoding::PLAIN)
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_compression(path.clone(), Compression::UNCOMPRESSED)
                .set_column_statistics_enabled(path, EnabledStatistics::None);
        }
        let schema = Arc::new(ArrowSchema::new(fields));
        let out = Vec::with_capacity(expected);
        let writer =
            ArrowWriter::try_new(out, schema.clone(), Some(properties.build())).map_err(ours)?;
        let kinds = attributes.iter().map(|(number, (_, kind))| (*number, *kind)).collect();
        Ok(Self { writer, schema, id_type, kinds, bytes: 0 })
    }

    /// The next rows, in the order of their ids, with all of the attributes and no other.
    pub fn write(&mut self, rows: &Columns) -> Result<()> {
        let known = rows.columns().iter().map(|(number, (kind, _))| (*number, *kind));
        if rows.id_type() != self.id_type || !known.eq(self.kinds.clone()) {
            return Err(Error::internal("rows of other attributes than the file's"));
        }
        let arrays = rows.columns().values().map(|(_, array)| array.clone());
        let arrays = std::iter::once(rows.ids().clone()).chain(arrays).collect();
        let batch = RecordBatch::try_new(self.schema.clone(), arrays).map_err(ours)?;
        self.bytes += rows.bytes();
        self.writer.write(&batch).map_err(ours)?;
        if self.writer.in_progress_size() >= GROUP_BYTES_MIN {
            self.writer.flush().map_err(ours)?;
        }
        Ok(())
    }

    pub fn end(mut self) -> Result<Bytes> {
        let types = self.kinds.iter().map(|(number, kind)| format!("{} {kind}\n", number.0));
        let said = [
            (FORMAT, "1".to_owned()),
            (ID, self.id_type.to_string()),
            (ATTRIBUTES, types.collect()),
            (BYTES, self.bytes.to_string()),
        ];
        for (key, value) in said {
            self.writer.append_key_value_metadata(KeyValue::new(key.to_owned(), value));
        }
        self.writer.into_inner().map(Bytes::from).map_err(ours)
    }
}

/// Which columns are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extent {
    Ids,
    Whole,
}

/// What the rows of a file take when they are unpacked, as its footer says.
pub fn unpacked_bytes(bytes: &Bytes) -> Result<u64> {
    let open = || ParquetRecordBatchReaderBuilder::try_new(bytes.clone()).map_err(theirs);
    let builder = catch_unwind(AssertUnwindSafe(open));
    let builder =
        builder.unwrap_or_else(|_| Err(Error::corrupt("the Parquet decoder panicked")))?;
    let said = builder.metadata().file_metadata().key_value_metadata().into_iter().flatten();
    let bytes = said.filter(|said| said.key == BYTES).find_map(|said| said.value.clone());
    let bytes = bytes.and_then(|bytes| bytes.parse().ok());
    bytes.ok_or_else(|| Error::corrupt(format!("the file says no {BYTES}")))
}

/// The rows of a file whose bytes were vouched for.
pub fn decode(bytes: &Bytes, extent: Extent) -> Result<Columns> {
    let decoded = catch_unwind(AssertUnwindSafe(|| read(bytes.clone(), extent)));
    decoded.unwrap_or_else(|_| Err(Error::corrupt("the Parquet decoder panicked")))
}

fn read(bytes: Bytes, extent: Extent) -> Result<Columns> {
    let mut builder = ParquetRecordBatchReaderBuilder::try_new(bytes).map_err(theirs)?;
    let said = builder.metadata().file_metadata().key_value_metadata();
    let said: HashMap<&str, &str> = said
        .into_iter()
        .flatten()
        .filter_map(|said| Some((said.key.as_str(), said.value.as_deref()?)))
        .collect();
    let about = |key: &str| {
        said.get(key).copied().ok_or_else(|| Error::corrupt(format!("the file says no {key}")))
    };
    let format = about(FORMAT)?;
    if format != "1" {
        let message = format!("format {format}, and 1 is known");
        return Err(match format.parse::<u32>() {
            Ok(2..) => Error::unavailable(message + ": upgrade this node"),
            _ => Error::corrupt(message),
        });
    }
    let id_type: IdType = about(ID)?.parse().map_err(unreadable)?;
    let mut kinds = types(about(ATTRIBUTES)?)?;
    let rows = usize::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or(0);
    if extent == Extent::Ids {
        let ids = ProjectionMask::roots(builder.parquet_schema(), [0]);
        builder = builder.with_projection(ids);
        kinds.clear();
    }
    let reader =
        builder.with_batch_size(GROUP_ROWS_MAX.min(rows.max(1))).build().map_err(theirs)?;
    let mut blocks = Vec::new();
    for batch in reader {
        blocks.push(block(id_type, &kinds, &batch.map_err(theirs)?)?);
    }
    match blocks.len() {
        0 => Err(Error::corrupt("a segment without rows")),
        1 => Ok(blocks.remove(0)),
        _ => Columns::concat(&blocks),
    }
}

fn types(lines: &str) -> Result<Vec<(AttrNo, AttrType)>> {
    let line = |line: &str| {
        let (number, kind) = line.split_once(' ')?;
        Some((AttrNo(number.parse().ok()?), kind.parse().ok()?))
    };
    let wrong = |text: &str| Error::corrupt(format!("{text:?} is no attribute"));
    lines.lines().map(|text| line(text).ok_or_else(|| wrong(text))).collect()
}

fn block(id_type: IdType, kinds: &[(AttrNo, AttrType)], batch: &RecordBatch) -> Result<Columns> {
    let Some((ids, arrays)) = batch.columns().split_first() else {
        return Err(Error::corrupt("a file without columns"));
    };
    if arrays.len() != kinds.len() {
        let (columns, types) = (arrays.len(), kinds.len());
        return Err(Error::corrupt(format!("{columns} columns of attributes, and {types} types")));
    }
    let mut columns: BTreeMap<AttrNo, (AttrType, ArrayRef)> = BTreeMap::new();
    for ((number, kind), array) in kinds.iter().zip(arrays) {
        columns.insert(*number, (*kind, array.clone()));
    }
    Columns::new(id_type, ids.clone(), columns)
}

/// Parquet carries a number beside each name, under which Iceberg and others know a column.
fn numbered(field: Field, number: u32) -> Field {
    let id = (PARQUET_FIELD_ID_META_KEY.to_owned(), number.to_string());
    field.with_metadata(HashMap::from([id]))
}

fn ours(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::internal("writing Parquet").with_source(error)
}

fn theirs(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::corrupt("reading Parquet").with_source(error)
}

fn unreadable(error: Error) -> Error {
    Error::corrupt("the type of ids").with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DocId, Row, Scalar, Value};

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
        Columns::of_rows(IdType::Uint, |number| kinds.get(number.0 as usize).copied(), &rows)
            .unwrap()
    }

    /// Attributes are called a0, a1 and so on; the rows come in pieces.
    fn encode(rows: &Columns) -> Bytes {
        let attributes = rows.columns().iter();
        let attributes = attributes
            .map(|(number, (kind, _))| (*number, (format!("a{}", number.0).into(), *kind)))
            .collect();
        let mut writer = Writer::new(rows.id_type(), &attributes, 0).unwrap();
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
        let packed = bytes.len() as u64;
        assert!(unpacked_bytes(&bytes).unwrap() > packed, "more than {packed}");
        let ids = decode(&bytes, Extent::Ids).unwrap();
        assert_eq!((ids.ids(), ids.columns().len()), (rows.ids(), 0));
        let back = decode(&bytes, Extent::Whole).unwrap();
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
        assert_eq!(writer.write(&few).unwrap_err().kind(), crate::error::ErrorKind::Internal);
        let bytes = encode(&few);
        for cut in [0, 4, bytes.len() / 2, bytes.len() - 1] {
            let error = decode(&bytes.slice(..cut), Extent::Whole).unwrap_err();
            assert_eq!(error.kind(), crate::error::ErrorKind::Corrupt, "{cut}");
        }
    }
}
