//! The segments of a view: rows that were folded, less those that are superseded.

use std::sync::Arc;

use roaring::RoaringBitmap;

use super::base::SegmentEntry;
use crate::error::{Context, Error, Result};
use crate::model::columns::Columns;
use crate::model::{DocId, FileName, Row};
use crate::segment::{deletions, rows};
use crate::storage::{ImmutableKey, Reader};

/// A segment in memory: its rows, and what of them other segments supersede.
#[derive(Clone, Debug)]
pub struct Segment {
    entry: SegmentEntry,
    rows: Arc<Columns>,
    deleted: Arc<RoaringBitmap>,
}

/// Why a segment cannot be had.
#[derive(Debug)]
pub enum Unread {
    /// The head has moved on, or the file is lost: the core decides.
    Missing(FileName),
    Failed(Error),
}

impl Segment {
    pub fn new(entry: SegmentEntry, rows: Arc<Columns>, deleted: RoaringBitmap) -> Self {
        Self { entry, rows, deleted: Arc::new(deleted) }
    }

    /// Reads a segment as its head names it. `known` is the same one under other deletions.
    pub async fn read(
        store: &Reader,
        entry: &SegmentEntry,
        known: Option<&Self>,
    ) -> Result<Self, Unread> {
        let rows = match known {
            Some(known) if known.entry.rows == entry.rows => known.rows.clone(),
            _ => Arc::new(read_rows(store, entry).await?),
        };
        let deleted = match &entry.deleted {
            None => RoaringBitmap::new(),
            Some(deleted) => {
                let bytes = whole(store, &deleted.file).await?;
                deletions::decode(&deleted.file, &entry.rows, entry.count, &bytes)
                    .map_err(Unread::Failed)?
            }
        };
        Ok(Self::new(entry.clone(), rows, deleted))
    }

    pub fn entry(&self) -> &SegmentEntry {
        &self.entry
    }

    pub fn rows(&self) -> &Arc<Columns> {
        &self.rows
    }

    pub fn deleted(&self) -> &RoaringBitmap {
        &self.deleted
    }

    /// The row of an id, superseded or not: rows are sorted by id.
    pub fn find(&self, id: &DocId) -> Option<u32> {
        let (mut low, mut high) = (0, self.rows.rows());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.rows.id(middle).cmp(id) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Equal => return Some(middle as u32),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// The document of that id, if this segment has its newest version among segments.
    pub fn get(&self, id: &DocId) -> Option<Row> {
        let row = self.find(id).filter(|row| !self.deleted.contains(*row))?;
        Some(self.rows.row(row as usize))
    }
}

async fn read_rows(store: &Reader, entry: &SegmentEntry) -> Result<Columns, Unread> {
    let bytes = whole(store, &entry.rows).await?;
    let vouched = rows::FileHash::of(&bytes) == entry.hash && bytes.len() as u64 == entry.bytes;
    let columns = if vouched {
        rows::decode(&bytes)
    } else {
        Err(Error::corrupt("this is not what was written"))
    };
    match columns.context(format!("segment {:?}", entry.rows)) {
        Ok(columns) if columns.rows() as u64 == entry.count => Ok(columns),
        Ok(columns) => Err(Unread::Failed(Error::corrupt(format!(
            "segment {:?} has {} rows, and {} were written",
            entry.rows,
            columns.rows(),
            entry.count
        )))),
        Err(error) => Err(Unread::Failed(error)),
    }
}

async fn whole(store: &Reader, file: &FileName) -> Result<bytes::Bytes, Unread> {
    store.read(&ImmutableKey::File(file.clone())).await.map_err(|error| match error.kind() {
        crate::error::ErrorKind::NotFound => Unread::Missing(file.clone()),
        _ => Unread::Failed(error),
    })
}
