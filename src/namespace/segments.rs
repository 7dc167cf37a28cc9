//! The segments of a view: rows that were folded, less those that are superseded.

use std::sync::Arc;

use roaring::RoaringBitmap;

use super::base::SegmentEntry;
use crate::env::blocking;
use crate::error::{Context, Error, ErrorKind, Result};
use crate::memory::{Memory, Share};
use crate::model::columns::Columns;
use crate::model::{DocId, FileName, Row};
use crate::segment::deletions;
use crate::segment::rows::{Extent, FileHash, Packed};
use crate::storage::{ImmutableKey, Reader};

/// A segment in memory: its rows, or their ids alone, and what of them is superseded.
#[derive(Clone, Debug)]
pub struct Segment {
    entry: SegmentEntry,
    held: Arc<Held>,
    deleted: Arc<RoaringBitmap>,
}

/// Rows, which whoever looks at them shares, and the memory that they take.
#[derive(Debug)]
struct Held {
    rows: Arc<Columns>,
    extent: Extent,
    _share: Share,
}

/// Why a segment cannot be had.
#[derive(Debug)]
pub enum Unread {
    /// The head has moved on, or the file is lost: the core decides.
    Missing(FileName),
    Failed(Error),
}

impl Segment {
    pub fn new(
        entry: SegmentEntry,
        rows: Columns,
        extent: Extent,
        deleted: RoaringBitmap,
        memory: &Memory,
    ) -> Self {
        let share = memory.take(rows.bytes() as u64);
        let held = Held { rows: Arc::new(rows), extent, _share: share };
        Self { entry, held: Arc::new(held), deleted: Arc::new(deleted) }
    }

    /// The same rows, of which others are superseded.
    pub fn with(&self, entry: SegmentEntry, deleted: RoaringBitmap) -> Self {
        Self { entry, held: self.held.clone(), deleted: Arc::new(deleted) }
    }

    /// The same, with nothing but the ids in memory.
    pub fn bare(&self, memory: &Memory) -> Self {
        let ids = self.rows().as_ref().clone().keep(|_| false);
        let (entry, deleted) = (self.entry.clone(), self.deleted.as_ref().clone());
        Self::new(entry, ids, Extent::Ids, deleted, memory)
    }

    /// Reads a segment as its head names it. `known` is the same one under other deletions.
    pub async fn read(
        store: &Reader,
        entry: &SegmentEntry,
        extent: Extent,
        known: Option<&Self>,
        memory: &Memory,
    ) -> Result<Self, Unread> {
        let named = entry.deleted.as_ref();
        let deleted = match named.filter(|_| !crate::mutant!("deletions are not read")) {
            None => RoaringBitmap::new(),
            Some(deleted) => {
                let bytes = whole(store, &deleted.file).await?;
                deletions::decode(&deleted.file, &entry.rows, entry.count, &bytes)
                    .map_err(Unread::Failed)?
            }
        };
        match known {
            Some(known) if known.entry.rows == entry.rows && known.extent() >= extent => {
                Ok(known.with(entry.clone(), deleted))
            }
            _ => {
                let rows = read_rows(store, entry, extent, memory).await?;
                Ok(Self::new(entry.clone(), rows, extent, deleted, memory))
            }
        }
    }

    pub fn entry(&self) -> &SegmentEntry {
        &self.entry
    }

    pub fn extent(&self) -> Extent {
        self.held.extent
    }

    pub fn rows(&self) -> &Arc<Columns> {
        &self.held.rows
    }

    pub fn deleted(&self) -> &RoaringBitmap {
        &self.deleted
    }

    /// The row of an id, superseded or not: rows are sorted by id.
    pub fn find(&self, id: &DocId) -> Option<u32> {
        self.rows().typed_ids().position(id).map(|row| row as u32)
    }

    /// The same of many, in no order.
    pub fn find_all<'a>(&self, ids: impl Iterator<Item = &'a DocId>) -> impl Iterator<Item = u32> {
        let here = self.rows().typed_ids();
        // What is written one after the other has ids that are in no segment before.
        ids.filter(move |id| here.may_have(id))
            .filter_map(move |id| here.position(id).map(|row| row as u32))
    }

    /// Whether it has the newest version of that id among segments.
    pub fn has(&self, id: &DocId) -> bool {
        self.find(id).is_some_and(|row| !self.deleted.contains(row))
    }

    /// The document of that id, if this segment has its newest version among segments.
    pub fn get(&self, id: &DocId) -> Option<Row> {
        assert!(self.extent() == Extent::Whole, "of this segment only the ids are here");
        let shows = crate::mutant!("a condition sees what is superseded");
        let row = self.find(id).filter(|row| shows || !self.deleted.contains(*row))?;
        Some(self.rows().row(row as usize))
    }
}

async fn read_rows(
    store: &Reader,
    entry: &SegmentEntry,
    extent: Extent,
    memory: &Memory,
) -> Result<Columns, Unread> {
    // Ids are owed: a fold frees more than it takes. Rows wait until there is room for them, as a
    // file first, and then twice unpacked: in groups, and as one.
    let mut share = match extent {
        Extent::Ids => memory.take(entry.bytes),
        Extent::Whole => memory.ask(entry.bytes).map_err(Unread::Failed)?,
    };
    let bytes = whole(store, &entry.rows).await?;
    let (hash, length) = (entry.hash, entry.bytes);
    let columns = blocking(move || {
        let any = crate::mutant!("the hash of a segment is not checked");
        if bytes.len() as u64 != length || (FileHash::of(&bytes) != hash && !any) {
            return Err(Error::corrupt("this is not what was written"));
        }
        let packed = Packed::open(bytes)?;
        if extent == Extent::Whole {
            share.reach(length + 2 * packed.unpacked_bytes()?)?;
        }
        let columns = packed.rows(extent);
        drop(share);
        columns
    });
    match columns.await.context(format!("segment {:?}", entry.rows)) {
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

/// A file that the head or a slot names.
pub(super) async fn whole(store: &Reader, file: &FileName) -> Result<bytes::Bytes, Unread> {
    store.read(&ImmutableKey::File(file.clone())).await.map_err(|error| match error.kind() {
        ErrorKind::NotFound => Unread::Missing(file.clone()),
        _ => Unread::Failed(error),
    })
}
