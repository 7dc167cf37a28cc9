//! The segments of a base: whether their files are what was written, and whether a document lives in
//! one of them at the most.
//!
//! To tell that, the ids of all segments of a name are in memory together, as they are wherever it is
//! written to. So it waits until no other name's are.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use bytes::Bytes;
use roaring::RoaringBitmap;
use tokio::sync::Semaphore;

use super::findings::{Findings, What};
use super::{objects, schemas};
use crate::env::blocking;
use crate::error::Result;
use crate::model::{Columns, DocId, Schema};
use crate::namespace::base::{Base, SegmentEntry};
use crate::segment::deletions;
use crate::segment::rows::{Extent, FileHash, Packed};
use crate::storage::Reader;

/// A segment as far as it tells who lives: its ids, in their order, and which rows are dead.
#[derive(Debug)]
struct Part {
    place: String,
    ids: Columns,
    deleted: RoaringBitmap,
}

/// Documents that live in two segments: the first of them, and how many more there are.
#[derive(Debug, PartialEq, Eq)]
struct Twice {
    id: DocId,
    places: [usize; 2],
    more: u64,
}

pub(super) async fn read(
    store: &Reader,
    room: &Semaphore,
    base: &Base,
    found: &mut Findings,
) -> Result<()> {
    if base.segments.is_empty() {
        return Ok(());
    }
    // Nobody closes it.
    let _room = room.acquire().await;
    let schema = Arc::new(base.schema.clone());
    let mut parts = Vec::new();
    for entry in &base.segments {
        let ids = ids_of(store, entry, &schema, found).await?;
        let deleted = deleted_of(store, entry, found).await?;
        if let Some((ids, deleted)) = ids.zip(deleted) {
            parts.push(Part { place: objects::place(&entry.rows), ids, deleted });
        }
    }
    let (twice, parts) = blocking(move || (twice(&parts), parts)).await;
    if let Some(Twice { id, places: [one, other], more }) = twice {
        let said = format!(
            "document '{id}' lives there and in {}, and {more} more do",
            parts[other].place
        );
        found.say(What::Twice, &parts[one].place, said);
    }
    Ok(())
}

/// The ids of a segment, if its file is what was written.
async fn ids_of(
    store: &Reader,
    entry: &SegmentEntry,
    schema: &Arc<Schema>,
    found: &mut Findings,
) -> Result<Option<Columns>> {
    let Some(bytes) = objects::file(store, &entry.rows, "the head", found).await? else {
        return Ok(None);
    };
    let (said, schema) = (entry.clone(), schema.clone());
    match blocking(move || look(&said, &schema, &bytes)).await {
        Ok(ids) => Ok(Some(ids)),
        Err((what, why)) => {
            found.say(what, objects::place(&entry.rows), why);
            Ok(None)
        }
    }
}

/// What a file holds, against what is said of it.
fn look(entry: &SegmentEntry, schema: &Schema, bytes: &Bytes) -> Result<Columns, (What, String)> {
    let length = bytes.len() as u64;
    if length != entry.bytes {
        let said = format!("it has {length} bytes, and {} were written", entry.bytes);
        return Err((What::Corrupt, said));
    }
    if FileHash::of(bytes) != entry.hash {
        return Err((What::Corrupt, "its hash is not that of what was written".into()));
    }
    let all = Packed::open(bytes.clone()).and_then(|packed| packed.rows(Extent::Whole));
    let all = all.map_err(|error| (What::of(&error), error.chain()))?;
    let count = all.rows() as u64;
    if count != entry.count {
        let said = format!("it has {count} rows, and the base says {}", entry.count);
        return Err((What::Disagrees, said));
    }
    schemas::fits(schema, &all).map_err(|odd| (What::Disagrees, odd))?;
    ascend(&all)?;
    Ok(all.keep(|_| false))
}

/// Whether rows are sorted by id, no id twice.
fn ascend(rows: &Columns) -> Result<(), (What, String)> {
    let mut last: Option<DocId> = None;
    for row in 0..rows.rows() {
        let id = rows.id(row);
        match &last {
            Some(last) if *last == id => {
                return Err((What::Twice, format!("document '{id}' stands there twice")));
            }
            Some(last) if *last > id => {
                let said = format!("its rows are not sorted: '{last}' stands before '{id}'");
                return Err((What::Corrupt, said));
            }
            Some(_) | None => last = Some(id),
        }
    }
    Ok(())
}

/// The rows of a segment that are superseded, if that can be read.
async fn deleted_of(
    store: &Reader,
    entry: &SegmentEntry,
    found: &mut Findings,
) -> Result<Option<RoaringBitmap>> {
    let Some(said) = &entry.deleted else { return Ok(Some(RoaringBitmap::new())) };
    let Some(bytes) = objects::file(store, &said.file, "the head", found).await? else {
        return Ok(None);
    };
    let place = objects::place(&said.file);
    match deletions::decode(&said.file, &entry.rows, entry.count, &bytes) {
        Ok(deleted) if deleted.len() == said.count => return Ok(Some(deleted)),
        Ok(deleted) => {
            let why = format!("it has {} rows, and the base says {}", deleted.len(), said.count);
            found.say(What::Disagrees, place, why);
        }
        Err(error) => found.unread(place, &error),
    }
    Ok(None)
}

/// Walks along all segments at once, in the order of ids.
fn twice(parts: &[Part]) -> Option<Twice> {
    let next = |at: usize, from: usize| {
        let Part { ids, deleted, .. } = &parts[at];
        let row = (from..ids.rows()).find(|row| !deleted.contains(*row as u32))?;
        Some(Reverse((ids.id(row), at, row)))
    };
    let mut ahead: BinaryHeap<_> = (0..parts.len()).filter_map(|at| next(at, 0)).collect();
    let (mut last, mut twice): (Option<(DocId, usize)>, Option<Twice>) = (None, None);
    while let Some(Reverse((id, at, row))) = ahead.pop() {
        ahead.extend(next(at, row + 1));
        if let Some((_, before)) = last.as_ref().filter(|(known, _)| *known == id) {
            match &mut twice {
                Some(twice) => twice.more += 1,
                None => twice = Some(Twice { id: id.clone(), places: [*before, at], more: 0 }),
            }
        }
        last = Some((id, at));
    }
    twice
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{IdType, Row};

    fn part(ids: &[u64], deleted: &[u32]) -> Part {
        let row = |id: &u64| Row { id: DocId::Uint(*id), values: vec![] };
        let rows: Vec<Row> = ids.iter().map(row).collect();
        let ids = Columns::of_rows(IdType::Uint, |_| None, &rows).unwrap();
        Part { place: String::new(), ids, deleted: deleted.iter().copied().collect() }
    }

    #[test]
    fn a_document_that_lives_in_two_segments_is_found_and_one_that_is_superseded_is_not() {
        assert_eq!(twice(&[]), None);
        assert_eq!(twice(&[part(&[1, 2, 9], &[1]), part(&[2, 3], &[]), part(&[4, 9], &[1])]), None);
        let both = [part(&[1, 2, 5, 9], &[]), part(&[5], &[]), part(&[0, 9], &[])];
        let expected = Twice { id: DocId::Uint(5), places: [0, 1], more: 1 };
        assert_eq!(twice(&both), Some(expected));
    }

    #[test]
    fn rows_ascend() {
        let told = |ids: &[u64]| ascend(&part(ids, &[]).ids).map_err(|(what, _)| what);
        assert_eq!(told(&[1, 2, 10]), Ok(()));
        assert_eq!(told(&[1, 2, 2]), Err(What::Twice));
        assert_eq!(told(&[1, 10, 2]), Err(What::Corrupt));
    }
}
