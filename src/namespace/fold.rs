//! A fold: the tail becomes one more segment, and what it supersedes goes into deletion vectors.
//!
//! It reads and writes files under names of its own, and changes nothing: the owner publishes what
//! came of it in one swap of the head, or does not, and then nobody has seen it.

use std::collections::BTreeMap;
use std::sync::Arc;

use roaring::RoaringBitmap;

use super::base::{Base, DeletedEntry, SegmentEntry};
use super::segments::Segment;
use super::tail::{Latest, Tail};
use crate::env::{Dice, blocking};
use crate::error::Result;
use crate::log::{Stored, receipts};
use crate::memory::Memory;
use crate::model::columns::Columns;
use crate::model::{AttrNo, AttrType, DocId, Epoch, FileKind, FileName, Incarnation, Namespace};
use crate::protocol::{Files, Receipts};
use crate::segment::rows::Extent;
use crate::segment::{deletions, rows};
use crate::storage::Store;

/// What is sorted at once: so many rows, or fewer where their vectors would take more room than that. A
/// row without one has room for it all the same.
const PIECE_ROWS_MAX: usize = 4096;
const PIECE_BYTES: usize = 16 << 20;

/// The files that a fold may write. They are known before it begins: a collector must leave them.
#[derive(Clone, Debug)]
pub struct Names {
    rows: FileName,
    keys: FileName,
    /// One for each segment before.
    deletions: Vec<FileName>,
}

/// What a fold is made of.
#[derive(Debug)]
pub struct Plan {
    pub names: Names,
    /// The tail, and the segments before it: of those, ids are enough.
    pub tail: Tail,
    pub segments: Vec<Arc<Segment>>,
    pub memory: Memory,
    pub receipts: Receipts<Stored>,
    pub keys: Option<FileName>,
}

/// What is to be published, and the segments that it leads to.
#[derive(Debug)]
pub struct Folded {
    pub files: Files<Stored>,
    pub segments: Vec<Arc<Segment>>,
    /// How many went from the tail into a segment.
    pub rows: u64,
}

impl Names {
    pub fn draw(
        home: &Namespace,
        inc: Incarnation,
        epoch: Epoch,
        segments: usize,
        dice: &mut Dice,
    ) -> Self {
        let mut name = |kind| FileName { home: home.clone(), inc, epoch, ulid: dice.draw(), kind };
        let deletions = (0..segments).map(|_| name(FileKind::Deletions)).collect();
        Self { rows: name(FileKind::Rows), keys: name(FileKind::Keys), deletions }
    }

    pub fn all(&self) -> Vec<FileName> {
        let Self { rows, keys, deletions } = self.clone();
        [vec![rows, keys], deletions].concat()
    }
}

impl Plan {
    /// Writes the files. An error leaves some of them behind, which nobody names: they are garbage.
    pub async fn run(self, store: &Store) -> Result<Folded> {
        let mut out = Folded {
            files: Files {
                base: bytes::Bytes::new(),
                add: vec![],
                drop: vec![],
                keys: self.keys.clone(),
            },
            segments: vec![],
            rows: 0,
        };
        // Of a tail, its rows are written once more, sorted, and a group of them lies in between.
        let _writing = self.memory.take(self.tail.bytes());
        let (tail, segments) = (self.tail.clone(), self.segments.clone());
        let (dead, written) = blocking(move || {
            let ids = tail.sorted();
            let dead: Vec<RoaringBitmap> =
                segments.iter().map(|segment| superseded(segment, &ids)).collect();
            (dead, write(&tail, &ids))
        })
        .await;
        for ((segment, name), dead) in self.segments.iter().zip(&self.names.deletions).zip(dead) {
            supersede(store, segment, name, dead, &mut out).await?;
        }
        if let Some((bytes, hash, ids)) = written? {
            let file = self.names.rows.clone();
            let entry = SegmentEntry {
                rows: file.clone(),
                count: ids.rows() as u64,
                bytes: bytes.len() as u64,
                hash,
                deleted: None,
            };
            store.put(&file, bytes).await?;
            out.files.add.push(file);
            out.rows = entry.count;
            let none = RoaringBitmap::new();
            out.segments.push(Arc::new(Segment::new(entry, ids, Extent::Ids, none, &self.memory)));
        }
        if !self.receipts.is_empty() && !crate::mutant!("a fold publishes no keys") {
            let name = self.names.keys.clone();
            store.put(&name, receipts::encode(&name, &self.receipts)).await?;
            out.files.keys = Some(name);
        }
        let base = Base {
            schema: self.tail.schema().as_ref().clone(),
            segments: out.segments.iter().map(|segment| segment.entry().clone()).collect(),
            times: self.tail.times(),
        };
        out.files.base = base.encode();
        Ok(out)
    }
}

/// What is superseded of a segment, by a tail that has these ids, in their order.
fn superseded(segment: &Segment, ids: &[(&DocId, Latest)]) -> RoaringBitmap {
    let mut dead = segment.deleted().clone();
    let here = segment.rows().typed_ids();
    let Some(last) = here.len().checked_sub(1) else { return dead };
    let (first, last) = (here.get(0), here.get(last));
    let from = ids.partition_point(|(id, _)| **id < first);
    let to = ids.partition_point(|(id, _)| **id <= last);
    dead.extend(segment.find_all(ids[from..to].iter().map(|(id, _)| *id)));
    dead
}

/// Of a segment, of which these rows are dead now: nothing, some of them, or all.
async fn supersede(
    store: &Store,
    segment: &Arc<Segment>,
    name: &FileName,
    dead: RoaringBitmap,
    out: &mut Folded,
) -> Result<()> {
    let entry = segment.entry();
    let none = crate::mutant!("what a fold supersedes of a segment lives on");
    if none || dead.len() == segment.deleted().len() {
        out.segments.push(segment.clone());
        return Ok(());
    }
    out.files.drop.extend(entry.deleted.as_ref().map(|deleted| deleted.file.clone()));
    if dead.len() == entry.count {
        out.files.drop.push(entry.rows.clone());
        return Ok(());
    }
    store.put(name, deletions::encode(name, &entry.rows, &dead)).await?;
    let deleted = Some(DeletedEntry { file: name.clone(), count: dead.len() });
    out.files.add.push(name.clone());
    let entry = SegmentEntry { deleted, ..entry.clone() };
    out.segments.push(Arc::new(segment.with(entry, dead)));
    Ok(())
}

fn piece_rows(kinds: &BTreeMap<AttrNo, AttrType>) -> usize {
    let room = |kind: &AttrType| match kind {
        AttrType::Vector { dims, element } => *dims as usize * element.bytes(),
        _ => 0,
    };
    let row_bytes: usize = kinds.values().map(room).sum();
    (PIECE_BYTES / row_bytes.max(1)).clamp(1, PIECE_ROWS_MAX)
}

/// The rows of a tail that are the newest of their id, as a file, the hash of that, and their ids: of
/// all ids that it has, in their order. None: there are no rows.
fn write(
    tail: &Tail,
    ids: &[(&DocId, Latest)],
) -> Result<Option<(bytes::Bytes, rows::FileHash, Columns)>> {
    let blocks: Vec<&Columns> = tail.blocks().iter().map(|block| &**block).collect();
    let lost = usize::from(crate::mutant!("a fold forgets the last slot"));
    let stay = blocks.len().saturating_sub(lost);
    let place = |(_, latest): &(&DocId, Latest)| match latest {
        Latest::At(place) => Some((tail.block(*place), place.row as usize)),
        Latest::Gone(_) => None,
    };
    let places: Vec<(usize, usize)> =
        ids.iter().filter_map(place).filter(|(block, _)| *block < stay).collect();
    let Some(id_type) = tail.schema().id.filter(|_| !places.is_empty()) else { return Ok(None) };
    // An attribute that was dropped has no name any more, and its column goes with the fold.
    let schema = tail.schema().by_number();
    let mut attributes = BTreeMap::new();
    for (number, (kind, _)) in blocks.iter().flat_map(|block| block.columns()) {
        if let Some((name, _)) = schema.get(number) {
            attributes.insert(*number, (Box::from(*name), *kind));
        }
    }
    let kinds: BTreeMap<AttrNo, AttrType> =
        attributes.iter().map(|(number, (_, kind))| (*number, *kind)).collect();
    let mut writer = rows::Writer::new(id_type, &attributes, tail.bytes() as usize)?;
    let mut ids = Vec::new();
    for piece in places.chunks(piece_rows(&kinds)) {
        let rows = Columns::interleave(&blocks, &kinds, piece)?;
        writer.write(&rows)?;
        ids.push(rows.keep(|_| false));
    }
    let bytes = writer.end()?;
    let hash = rows::FileHash::of(&bytes);
    Ok(Some((bytes, hash, Columns::concat(&ids)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fuzzing found that a fold made room for 4,096 large vectors where one row had one.
    #[test]
    fn what_is_sorted_at_once_has_room_for_a_vector_in_each_row() {
        for (kinds, rows) in [
            (&["string", "[2]f32"][..], 4096),
            (&["[4096]f32"][..], 1024),
            (&["[4096]f32", "int", "[4096]f16"][..], 682),
        ] {
            let kinds = kinds.iter().map(|kind| kind.parse::<AttrType>().unwrap());
            let kinds: BTreeMap<AttrNo, AttrType> = (0..).map(AttrNo).zip(kinds).collect();
            assert_eq!(piece_rows(&kinds), rows, "{kinds:?}");
        }
    }
}
