//! Rows on their way into a file.
//!
//! What they are is known before the first of them comes: their columns and types stand as long as
//! the file does, and a block of others is our bug.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{Field, Schema as ArrowSchema};
use bytes::Bytes;
use parquet::arrow::{ArrowWriter, PARQUET_FIELD_ID_META_KEY};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use super::{ATTRIBUTES, BYTES, FORMAT, GROUP_ROWS_MAX, ID};
use crate::error::{Error, Result};
use crate::model::columns::{Columns, data_type, id_data_type};
use crate::model::{AttrNo, AttrType, Element, IdType};

/// A group that is so large is ended: a writer holds it in memory.
const GROUP_BYTES_MIN: usize = 16 << 20;

/// Of less than this, no column is packed: what that saves, no bucket counts, and whoever opens the file
/// would unpack each column by itself, which takes longer than to read all of it.
const PACKED_BYTES_MIN: usize = 16 << 10;

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
        let compression = if expected < PACKED_BYTES_MIN {
            Compression::UNCOMPRESSED
        } else {
            Compression::ZSTD(ZstdLevel::default())
        };
        let mut properties = WriterProperties::builder()
            .set_compression(compression)
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
        let theirs = rows.columns().iter().map(|(number, (kind, _))| (number, kind));
        if rows.id_type() != self.id_type || !theirs.eq(&self.kinds) {
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

/// Parquet carries a number beside each name, under which Iceberg and others know a column.
fn numbered(field: Field, number: u32) -> Field {
    let id = (PARQUET_FIELD_ID_META_KEY.to_owned(), number.to_string());
    field.with_metadata(HashMap::from([id]))
}

fn ours(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::internal("writing Parquet").with_source(error)
}
