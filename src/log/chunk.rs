//! A chunk as bytes: one part of a batch that is too large for its slot.
//!
//! ```text
//! frame   kind 9, version 1, put id = the random part of the chunk's own file name
//! body    one part of a batch, as in a slot
//! ```
//!
//! The parts of a batch are those of its chunks, in the order in which its slot names them, and then
//! those that lie in the slot itself: what a later part says of an id stands.

use bytes::Bytes;

use crate::error::{Error, Result};
use crate::model::{FileKind, FileName, PutId};
use crate::storage::frame::{self, FrameKind};

pub fn encode(name: &FileName, part: &Bytes) -> Bytes {
    assert!(name.kind == FileKind::Chunk, "{name:?} is no name for a chunk");
    frame::encode(FrameKind::Chunk, PutId(name.ulid), part)
}

/// The part that was written under that name, or `Corrupt`.
pub fn decode(name: &FileName, bytes: &Bytes) -> Result<Bytes> {
    let frame = frame::decode(FrameKind::Chunk, bytes)?;
    if frame.put != PutId(name.ulid) {
        return Err(Error::corrupt("this is the chunk of another file name"));
    }
    Ok(frame.body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::model::{Epoch, Incarnation, Namespace};

    fn name(ulid: u128) -> FileName {
        let home = Namespace::new("acme").unwrap();
        FileName { home, inc: Incarnation(1), epoch: Epoch(1), ulid, kind: FileKind::Chunk }
    }

    #[test]
    fn a_chunk_reads_back_under_its_own_name_alone() {
        let part = Bytes::from_static(b"effects");
        let bytes = encode(&name(7), &part);
        assert_eq!(decode(&name(7), &bytes).unwrap(), part);
        assert_eq!(decode(&name(8), &bytes).unwrap_err().kind(), ErrorKind::Corrupt);
    }

    #[test]
    fn a_flipped_bit_is_found() {
        let bytes = encode(&name(7), &Bytes::from_static(b"effects"));
        for bit in 0..bytes.len() * 8 {
            let mut bent = bytes.to_vec();
            bent[bit / 8] ^= 1 << (bit % 8);
            assert!(decode(&name(7), &bent.into()).is_err(), "bit {bit}");
        }
    }
}
