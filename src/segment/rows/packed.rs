//! A file of rows in memory, and none of its rows yet.
//!
//! Its footer is parsed once: it tells what the rows will take before they take it, and is what they
//! are then read by. Whoever opens a file has vouched for its bytes by their hash: a decoder meets no
//! byte that nobody wrote, and one that panics all the same is contained.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::file::metadata::{
    ParquetMetaData, ParquetMetaDataOptions, ParquetMetaDataReader, ParquetStatisticsPolicy,
};

use super::{ATTRIBUTES, BYTES, FORMAT, GROUP_ROWS_MAX, ID};
use crate::error::{Error, Result};
use crate::model::columns::{Columns, id_data_type};
use crate::model::{AttrNo, AttrType, IdType};

/// A file, and what its footer says of it.
#[derive(Debug)]
pub struct Packed {
    bytes: Bytes,
    footer: Arc<ParquetMetaData>,
    id_type: IdType,
    /// In the order of the columns.
    kinds: Vec<(AttrNo, AttrType)>,
}

/// Which columns are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extent {
    Ids,
    Whole,
}

impl Packed {
    /// The bytes of a file, which were vouched for.
    pub fn open(bytes: Bytes) -> Result<Self> {
        contained(|| {
            let footer = footer(&bytes)?;
            let format = said(&footer, FORMAT)?;
            if format != "1" {
                let message = format!("format {format}, and 1 is known");
                return Err(match format.parse::<u32>() {
                    Ok(2..) => Error::unavailable(message + ": upgrade this node"),
                    _ => Error::corrupt(message),
                });
            }
            let id_type: IdType = said(&footer, ID)?.parse().map_err(unreadable)?;
            let kinds = types(said(&footer, ATTRIBUTES)?)?;
            Ok(Self { bytes, footer: Arc::new(footer), id_type, kinds })
        })
    }

    /// What all rows take when they are unpacked, as the file says.
    pub fn unpacked_bytes(&self) -> Result<u64> {
        let bytes = said(&self.footer, BYTES)?;
        bytes
            .parse::<u64>()
            .map_err(|_| Error::corrupt(format!("{BYTES} is {bytes:?}, which is no number")))
    }

    pub fn rows(&self, extent: Extent) -> Result<Columns> {
        contained(|| self.unpack(extent))
    }

    fn unpack(&self, extent: Extent) -> Result<Columns> {
        let rows = usize::try_from(self.footer.file_metadata().num_rows()).unwrap_or(0);
        let file = self.bytes.clone();
        let mut reader =
            ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.shape(extent)?)
                .with_batch_size(GROUP_ROWS_MAX.min(rows.max(1)));
        let mut kinds = &self.kinds[..];
        if extent == Extent::Ids {
            let ids = ProjectionMask::roots(reader.parquet_schema(), [0]);
            reader = reader.with_projection(ids);
            kinds = &[];
        }
        let mut blocks = Vec::new();
        for batch in reader.build().map_err(theirs)? {
            blocks.push(block(self.id_type, kinds, &batch.map_err(theirs)?)?);
        }
        match blocks.len() {
            0 => Err(Error::corrupt("a segment without rows")),
            1 => Ok(blocks.remove(0)),
            _ => Columns::concat(&blocks),
        }
    }

    /// What the columns are to Arrow. Its schema, which lies in the footer, is one more thing to take
    /// apart, and of ids it tells nothing that Parquet has not told. Where Parquet's word is another it
    /// is asked all the same: no file is read whole whose ids alone are refused.
    fn shape(&self, extent: Extent) -> Result<ArrowReaderMetadata> {
        let shape = |options| ArrowReaderMetadata::try_new(self.footer.clone(), options);
        if extent == Extent::Ids {
            let bare = shape(ArrowReaderOptions::new().with_skip_arrow_metadata(true));
            let expected = id_data_type(self.id_type);
            if let Ok(bare) = bare
                && bare.schema().fields().first().is_some_and(|id| *id.data_type() == expected)
            {
                return Ok(bare);
            }
        }
        shape(ArrowReaderOptions::new()).map_err(theirs)
    }
}

/// Without the statistics of columns, of which a reader of all rows asks nothing, and without the
/// page index, which is not read unless it is asked for.
fn footer(bytes: &Bytes) -> Result<ParquetMetaData> {
    let none = || ParquetStatisticsPolicy::SkipAll;
    let options = ParquetMetaDataOptions::new()
        .with_column_stats_policy(none())
        .with_encoding_stats_policy(none())
        .with_size_stats_policy(none());
    let reader = ParquetMetaDataReader::new().with_metadata_options(Some(options));
    reader.parse_and_finish(bytes).map_err(theirs)
}

fn said<'a>(footer: &'a ParquetMetaData, key: &str) -> Result<&'a str> {
    let said = footer.file_metadata().key_value_metadata().into_iter().flatten();
    let value = said.filter(|said| said.key == key).find_map(|said| said.value.as_deref());
    value.ok_or_else(|| Error::corrupt(format!("the file says no {key}")))
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

fn contained<T>(call: impl FnOnce() -> Result<T>) -> Result<T> {
    let answer = catch_unwind(AssertUnwindSafe(call));
    answer.unwrap_or_else(|_| Err(Error::corrupt("the Parquet decoder panicked")))
}

fn theirs(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::corrupt("reading Parquet").with_source(error)
}

fn unreadable(error: Error) -> Error {
    Error::corrupt("the type of ids").with_source(error)
}
