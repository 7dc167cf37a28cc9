//! A deletion vector: which rows of one segment are superseded, or deleted.
//!
//! ```text
//! frame   kind 7, version 1, put id = the random part of its own file name
//! body
//!   u128  segment   the random part of the name of the segment's rows
//!   blob  rows      a roaring bitmap, in the portable format that all of its implementations share
//! ```
//!
//! It is replaced as a whole: a segment has at most one that its head names.

use bytes::Bytes;
use roaring::RoaringBitmap;

use crate::error::{Error, Result};
use crate::model::{FileKind, FileName, PutId};
use crate::storage::fields::{Field, Fields};
use crate::storage::frame::{self, FrameKind};

pub fn encode(name: &FileName, segment: &FileName, rows: &RoaringBitmap) -> Bytes {
    assert!(name.kind == FileKind::Deletions, "{name:?} is no name for deletions");
    let bitmap = match crate::mutant!("the first of some deletions is not written") {
        true => spelt(&rows.iter().skip(1).collect()),
        false => spelt(rows),
    };
    let mut body = Vec::with_capacity(20 + bitmap.len());
    segment.ulid.write(&mut body);
    bitmap.write(&mut body);
    frame::encode(FrameKind::Deletions, PutId(name.ulid), &body)
}

/// The rows that were written under that name for that segment, which has `rows` of them.
pub fn decode(
    name: &FileName,
    segment: &FileName,
    rows: u64,
    bytes: &Bytes,
) -> Result<RoaringBitmap> {
    let frame = frame::decode(FrameKind::Deletions, bytes)?;
    if frame.put != PutId(name.ulid) {
        return Err(Error::corrupt("these are the deletions of another file name"));
    }
    let mut fields = Fields::of(frame.body);
    let its_segment: u128 = fields.take("segment")?;
    if its_segment != segment.ulid {
        return Err(Error::corrupt("these are the deletions of another segment"));
    }
    let bitmap: Bytes = fields.take("rows")?;
    fields.end()?;
    let deleted = RoaringBitmap::deserialize_from(&bitmap[..])
        .map_err(|error| Error::corrupt("no roaring bitmap").with_source(error))?;
    // The decoder of bitmaps looks neither at offsets nor at how many rows runs are said to have.
    if spelt(&deleted) != bitmap {
        return Err(Error::corrupt("a bitmap that nobody would write down so"));
    }
    match deleted.max() {
        Some(last) if u64::from(last) >= rows => {
            Err(Error::corrupt(format!("row {last} is deleted, and there are {rows}")))
        }
        _ => Ok(deleted),
    }
}

fn spelt(rows: &RoaringBitmap) -> Bytes {
    let mut bitmap = Vec::with_capacity(rows.serialized_size());
    rows.serialize_into(&mut bitmap)
        .unwrap_or_else(|_| unreachable!("a Vec takes what is written"));
    bitmap.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::model::{Epoch, Incarnation, Namespace};

    fn name(kind: FileKind, ulid: u128) -> FileName {
        let home = Namespace::new("acme").unwrap();
        FileName { home, inc: Incarnation(1), epoch: Epoch(1), ulid, kind }
    }

    #[test]
    fn what_is_deleted_is_read_back_for_its_segment_alone() {
        let (dv, segment) = (name(FileKind::Deletions, 5), name(FileKind::Rows, 6));
        let rows: RoaringBitmap = [0, 7, 70_000].into_iter().collect();
        let bytes = encode(&dv, &segment, &rows);
        assert_eq!(decode(&dv, &segment, 70_001, &bytes).unwrap(), rows);
        let refused = |dv: &FileName, segment: &FileName, rows, bytes: &Bytes| {
            assert_eq!(decode(dv, segment, rows, bytes).unwrap_err().kind(), ErrorKind::Corrupt);
        };
        refused(&dv, &segment, 70_000, &bytes);
        refused(&dv, &name(FileKind::Rows, 7), 70_001, &bytes);
        refused(&name(FileKind::Deletions, 4), &segment, 70_001, &bytes);
        for bit in 0..bytes.len() * 8 {
            let mut bent = bytes.to_vec();
            bent[bit / 8] ^= 1 << (bit % 8);
            refused(&dv, &segment, 70_001, &bent.into());
        }
    }
}
