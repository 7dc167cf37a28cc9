//! A fold: the tail becomes one more segment, and what it supersedes goes into deletion vectors.
//!
//! It reads and writes files under names of its own, and changes nothing: the owner publishes what
//! came of it in one swap of the head, or does not, and then nobody has seen it.

use std::sync::Arc;

use roaring::RoaringBitmap;

use super::base::{Base, DeletedEntry, SegmentEntry};
use super::segments::Segment;
use super::view::View;
use crate::env::Dice;
use crate::error::Result;
use crate::log::{Stored, receipts};
use crate::model::columns::Columns;
use crate::model::{AttrNo, Epoch, FileKind, FileName, Incarnation, Namespace};
use crate::protocol::{Files, Receipts};
use crate::segment::{deletions, rows};
use crate::storage::Store;

/// Whose files they are.
#[derive(Clone, Debug)]
pub struct Maker {
    pub home: Namespace,
    pub inc: Incarnation,
    pub epoch: Epoch,
}

/// What a fold is made of.
#[derive(Debug)]
pub struct Plan {
    pub maker: Maker,
    /// The state at the end of the tail.
    pub view: View,
    pub receipts: Receipts<Stored>,
    pub keys: Option<FileName>,
}

/// What is to be published, and the segments that it leads to.
#[derive(Debug)]
pub struct Folded {
    pub files: Files<Stored>,
    pub segments: Vec<Arc<Segment>>,
}

impl Maker {
    fn name(&self, kind: FileKind, dice: &mut Dice) -> FileName {
        let Self { home, inc, epoch } = self.clone();
        FileName { home, inc, epoch, ulid: dice.draw(), kind }
    }
}

impl Plan {
    /// Writes the files. An error leaves some of them behind, which nobody names: they are garbage.
    pub async fn run(self, store: &Store, mut dice: Dice) -> Result<Folded> {
        let mut out = Folded {
            files: Files {
                base: bytes::Bytes::new(),
                add: vec![],
                drop: vec![],
                keys: self.keys.clone(),
            },
            segments: vec![],
        };
        for segment in self.view.segments() {
            self.supersede(store, &mut dice, segment, &mut out).await?;
        }
        if let Some(rows) = self.rows()? {
            let segment = self.write(store, &mut dice, rows).await?;
            out.files.add.push(segment.entry().rows.clone());
            out.segments.push(Arc::new(segment));
        }
        if !self.receipts.is_empty() {
            let name = self.maker.name(FileKind::Keys, &mut dice);
            store.put(&name, receipts::encode(&name, &self.receipts)).await?;
            out.files.keys = Some(name);
        }
        let base = Base {
            schema: self.view.schema().as_ref().clone(),
            segments: out.segments.iter().map(|segment| segment.entry().clone()).collect(),
            times: self.view.tail().times(),
        };
        out.files.base = base.encode();
        Ok(out)
    }

    /// The rows of the tail that are the newest of their id, sorted by id.
    fn rows(&self) -> Result<Option<Columns>> {
        let mut parts = Vec::new();
        for (block, rows) in self.view.tail().blocks().iter().enumerate() {
            let alive: Vec<u32> =
                self.view.tail().alive(block).set_indices().map(|row| row as u32).collect();
            if !alive.is_empty() {
                parts.push(rows.take(&alive)?);
            }
        }
        if parts.is_empty() {
            return Ok(None);
        }
        let rows = Columns::concat(&parts)?;
        let mut order: Vec<(crate::model::DocId, u32)> =
            (0..rows.rows()).map(|row| (rows.id(row), row as u32)).collect();
        order.sort_unstable();
        let order: Vec<u32> = order.into_iter().map(|(_, row)| row).collect();
        rows.take(&order).map(Some)
    }

    async fn write(&self, store: &Store, dice: &mut Dice, rows: Columns) -> Result<Segment> {
        let schema = self.view.schema();
        // An attribute that was dropped has no name any more, and its column goes with the fold.
        let rows = rows.keep(|number| schema.numbered(number).is_some());
        let names = schema.by_number();
        let name_of = |number: AttrNo| names.get(&number).map(|(name, _)| Box::from(*name));
        let bytes = rows::encode(&rows, name_of)?;
        let name = self.maker.name(FileKind::Rows, dice);
        let entry = SegmentEntry {
            rows: name.clone(),
            count: rows.rows() as u64,
            bytes: bytes.len() as u64,
            hash: rows::FileHash::of(&bytes),
            deleted: None,
        };
        store.put(&name, bytes).await?;
        Ok(Segment::new(entry, Arc::new(rows), RoaringBitmap::new()))
    }

    /// What the tail supersedes of a segment: nothing, some of its rows, or all of it.
    async fn supersede(
        &self,
        store: &Store,
        dice: &mut Dice,
        segment: &Arc<Segment>,
        out: &mut Folded,
    ) -> Result<()> {
        let mut dead = segment.deleted().clone();
        dead.extend(self.view.tail().ids().filter_map(|(id, _)| segment.find(id)));
        let entry = segment.entry();
        if dead.len() == segment.deleted().len() {
            out.segments.push(segment.clone());
            return Ok(());
        }
        out.files.drop.extend(entry.deleted.as_ref().map(|deleted| deleted.file.clone()));
        if dead.len() == entry.count {
            out.files.drop.push(entry.rows.clone());
            return Ok(());
        }
        let file = self.maker.name(FileKind::Deletions, dice);
        store.put(&file, deletions::encode(&file, &entry.rows, &dead)).await?;
        let deleted = Some(DeletedEntry { file: file.clone(), count: dead.len() });
        out.files.add.push(file);
        let entry = SegmentEntry { deleted, ..entry.clone() };
        out.segments.push(Arc::new(Segment::new(entry, segment.rows().clone(), dead)));
        Ok(())
    }
}
