//! A slot of the log as bytes.
//!
//! ```text
//! frame   kind 1, version 1, put id = the slot's
//! body
//!   u128  inc
//!   u64   seq
//!   u64   epoch     of the owner that created it
//!   16    prev      the chain of the slot before it
//!   16    chain     the chain up to and including it
//!   u8    entry     0 batch, 1 fence, 2 end: the same numbers as in the chain
//!   and for a batch
//!     list of blobs      the parts of the batch
//!     list of receipts   as in the table of keys, at most 4,096
//!     list of FileNames  chunks: of kind chunk, of this slot's inc and epoch
//! ```
//!
//! The chain follows from the rest, and is stored all the same: whoever reads a slot computes it
//! anyway, and 16 bytes tell a slot that was damaged in memory before its checksum was made, a
//! damage that 32 bits of checksum let pass, and a release that computes it in another way, in
//! the slot itself and not one slot later, where the last slot of a log has none. It covers every
//! field: a receipt that was damaged would answer a retry wrongly.
//!
//! The put id stands in the frame alone: what is said once does not contradict itself. The chain
//! covers it too.
//!
//! A batch shares the memory of the object that it was read from.

use std::sync::Arc;

use bytes::Bytes;

use super::Stored;
use crate::error::{Error, Result};
use crate::model::{Chain, Epoch, FileKind, Incarnation, Seq};
use crate::protocol::{self, Body};
use crate::storage::fields::{Field, Fields};
use crate::storage::frame::{self, FrameKind};

pub type Slot = protocol::Slot<Stored>;
pub type Entry = protocol::Entry<Stored>;

/// Every request of a batch may have a key.
pub const SLOT_RECEIPTS_MAX: usize = 4096;

/// What a slot takes beside the parts of its batch, if it has few receipts and chunks.
const REST_BYTES: usize = 512;

pub fn encode(slot: &Slot) -> Bytes {
    let law = law(slot);
    assert!(law.is_ok(), "slot {} breaks a law: {law:?}", slot.seq);
    let Slot { inc, seq, epoch, put, prev, entry, chain } = slot;
    let parts: usize = slot.body().map_or(0, |body| body.batch.parts.iter().map(Bytes::len).sum());
    let mut body = Vec::with_capacity(REST_BYTES + parts);
    inc.write(&mut body);
    seq.write(&mut body);
    epoch.write(&mut body);
    prev.write(&mut body);
    chain.write(&mut body);
    entry.write(&mut body);
    frame::encode(FrameKind::Slot, *put, &body)
}

/// The slot that was written to that place, or `Corrupt`.
pub fn decode(inc: Incarnation, seq: Seq, bytes: &Bytes) -> Result<Arc<Slot>> {
    let frame = frame::decode(FrameKind::Slot, bytes)?;
    let mut fields = Fields::of(frame.body);
    let its_inc: Incarnation = fields.take("inc")?;
    let its_seq: Seq = fields.take("seq")?;
    let epoch: Epoch = fields.take("epoch")?;
    let prev: Chain = fields.take("prev")?;
    let chain: Chain = fields.take("chain")?;
    let entry: Entry = fields.take("entry")?;
    fields.end()?;
    if (its_inc, its_seq) != (inc, seq) {
        let message = format!("this is slot {its_seq} of {its_inc}, not {seq} of {inc}");
        return Err(Error::corrupt(message));
    }
    let slot = Slot::new(inc, seq, epoch, frame.put, prev, entry);
    law(&slot).map_err(Error::corrupt)?;
    if slot.chain != chain {
        return Err(Error::corrupt(format!("{:?} follows, but {chain:?} was written", slot.chain)));
    }
    Ok(slot)
}

/// What must hold of every slot: checked before it is written and after it is read.
fn law(slot: &Slot) -> Result<(), &'static str> {
    let Some(body) = slot.body() else { return Ok(()) };
    let mut chunks = body.chunks.iter();
    if body.receipts.len() > SLOT_RECEIPTS_MAX {
        return Err("a slot has too many receipts");
    }
    if !chunks.all(|chunk| {
        chunk.kind == FileKind::Chunk && chunk.inc == slot.inc && chunk.epoch == slot.epoch
    }) {
        return Err("a slot names a file that is no chunk of its own epoch");
    }
    Ok(())
}

impl Field for Entry {
    const BYTES_MIN: usize = 1;

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Batch(body) => {
                let Body { batch, receipts, chunks } = body;
                0_u8.write(out);
                batch.write(out);
                receipts.write(out);
                chunks.write(out);
            }
            Self::Fence => 1_u8.write(out),
            Self::End => 2_u8.write(out),
        }
    }

    fn read(from: &mut Fields) -> Result<Self> {
        match u8::read(from)? {
            0 => Ok(Self::Batch(Body {
                batch: from.take("batch")?,
                receipts: from.take("receipts")?,
                chunks: from.take("chunks")?,
            })),
            1 => Ok(Self::Fence),
            2 => Ok(Self::End),
            other => Err(Error::corrupt(format!("{other} is no kind of slot"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Batch;
    use super::super::receipts::tests::any_receipt;
    use super::*;
    use crate::error::ErrorKind;
    use crate::model::any::*;
    use crate::model::{FileName, Namespace, PutId};
    use crate::protocol::Receipt;

    fn any_slot() -> impl Strategy<Value = Arc<Slot>> {
        let parts = prop::collection::vec(any_blob(), 0..4);
        let receipts = prop::collection::vec(any_receipt(), 0..4);
        let chunks = prop::collection::vec(any_file_of(&[FileKind::Chunk]), 0..4);
        let batch = (parts, receipts, chunks).prop_map(|(parts, receipts, chunks)| {
            Entry::Batch(Body { batch: Batch { parts }, receipts, chunks })
        });
        let entry = prop_oneof![4 => batch, 1 => Just(Entry::Fence), 1 => Just(Entry::End)];
        (any_inc(), any_seq(), any_epoch(), any_put(), any_chain(), entry).prop_map(
            |(inc, seq, epoch, put, prev, mut entry)| {
                if let Entry::Batch(Body { chunks, .. }) = &mut entry {
                    chunks.iter_mut().for_each(|chunk| (chunk.inc, chunk.epoch) = (inc, epoch));
                }
                Slot::new(inc, seq, epoch, put, prev, entry)
            },
        )
    }

    fn slot(entry: Entry) -> Arc<Slot> {
        let (inc, seq, epoch) = (Incarnation(5), Seq(12), Epoch(7));
        Slot::new(inc, seq, epoch, PutId(9), Chain([3; 16]), entry)
    }

    fn batch(chunks: Vec<FileName>) -> Entry {
        let batch = Batch::of(Bytes::from_static(b"hello"));
        Entry::Batch(Body { batch, receipts: vec![], chunks })
    }

    fn refused(bytes: &Bytes) -> String {
        let error = decode(Incarnation(5), Seq(12), bytes).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        error.chain()
    }

    #[test]
    fn a_slot_is_read_in_its_own_place_alone() {
        let bytes = encode(&slot(Entry::Fence));
        assert!(decode(Incarnation(5), Seq(12), &bytes).is_ok());
        for (inc, seq) in [(5, 11), (5, 13), (4, 12)] {
            let error = decode(Incarnation(inc), Seq(seq), &bytes).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Corrupt);
        }
    }

    /// A good checksum over changed bytes: only the chain can tell.
    #[test]
    fn the_chain_tells_what_the_checksum_does_not() {
        let bytes = encode(&slot(batch(vec![])));
        let frame = frame::decode(FrameKind::Slot, &bytes).unwrap();
        let reseal = |put, body: &[u8]| frame::encode(FrameKind::Slot, put, body);
        let hello = frame.body.windows(5).position(|bytes| bytes == b"hello").unwrap();
        let mut body = frame.body.to_vec();
        body[hello] = b'j';
        assert!(refused(&reseal(frame.put, &body)).contains("was written"));
        assert!(refused(&reseal(PutId(8), &frame.body)).contains("was written"));
        assert!(decode(Incarnation(5), Seq(12), &reseal(frame.put, &frame.body)).is_ok());
    }

    /// Else a receipt that was damaged under a good checksum would answer a retry wrongly.
    #[test]
    fn the_chain_covers_every_bit_of_receipts_and_chunks() {
        let home = Namespace::new("acme").unwrap();
        let (inc, epoch, kind) = (Incarnation(5), Epoch(7), FileKind::Chunk);
        let chunk = FileName { home, inc, epoch, ulid: 1, kind };
        let outcome = Bytes::from_static(b"ok");
        let receipt = Receipt { key: 1, fingerprint: 2, outcome };
        let chain = |receipt: &Receipt<Stored>, chunk: &FileName| {
            let (receipts, chunks) = (vec![receipt.clone()], vec![chunk.clone()]);
            let batch = Batch::of(Bytes::from_static(b"hello"));
            slot(Entry::Batch(Body { batch, receipts, chunks })).chain
        };
        let good = chain(&receipt, &chunk);
        for bit in (0..128).map(|bit| 1_u128 << bit) {
            let key = Receipt { key: receipt.key ^ bit, ..receipt.clone() };
            let fingerprint = Receipt { fingerprint: receipt.fingerprint ^ bit, ..receipt.clone() };
            let ulid = FileName { ulid: chunk.ulid ^ bit, ..chunk.clone() };
            let inc = FileName { inc: Incarnation(chunk.inc.0 ^ bit), ..chunk.clone() };
            assert_ne!(chain(&key, &chunk), good);
            assert_ne!(chain(&fingerprint, &chunk), good);
            assert_ne!(chain(&receipt, &ulid), good);
            assert_ne!(chain(&receipt, &inc), good);
        }
        for bit in 0..16 {
            let mut outcome = receipt.outcome.to_vec();
            outcome[bit / 8] ^= 1 << (bit % 8);
            let outcome = Receipt { outcome: outcome.into(), ..receipt.clone() };
            assert_ne!(chain(&outcome, &chunk), good);
        }
        for bit in 0..33 {
            let epoch = FileName { epoch: Epoch(chunk.epoch.0 ^ (1 << bit)), ..chunk.clone() };
            assert_ne!(chain(&receipt, &epoch), good);
        }
        let elsewhere = FileName { home: Namespace::new("acmd").unwrap(), ..chunk.clone() };
        assert_ne!(chain(&receipt, &elsewhere), good);
        assert_ne!(chain(&receipt, &FileName { kind: FileKind::Rows, ..chunk.clone() }), good);
    }

    #[test]
    fn a_slot_names_chunks_of_its_own_epoch_alone() {
        let home = Namespace::new("acme").unwrap();
        let (inc, epoch, kind) = (Incarnation(5), Epoch(7), FileKind::Chunk);
        let good = FileName { home, inc, epoch, ulid: 1, kind };
        assert_eq!(law(&slot(batch(vec![good.clone()]))), Ok(()));
        for bad in [
            FileName { inc: Incarnation(6), ..good.clone() },
            FileName { epoch: Epoch(6), ..good.clone() },
            FileName { kind: FileKind::Rows, ..good.clone() },
        ] {
            assert!(law(&slot(batch(vec![good.clone(), bad]))).is_err());
        }
    }

    #[test]
    fn a_slot_has_a_receipt_for_each_request_and_no_more() {
        let receipts = |count| {
            let outcome = Bytes::new();
            let receipt = |key| Receipt { key, fingerprint: 0, outcome: outcome.clone() };
            let (batch, receipts) = (Batch::default(), (0..count).map(receipt).collect());
            slot(Entry::Batch(Body { batch, receipts, chunks: vec![] }))
        };
        let full = receipts(4096);
        assert_eq!(decode(full.inc, full.seq, &encode(&full)).unwrap(), full);
        assert_eq!(law(&receipts(4097)), Err("a slot has too many receipts"));
    }

    proptest! {
        #[test]
        fn every_slot_reads_back(slot in any_slot()) {
            let bytes = encode(&slot);
            let opened = decode(slot.inc, slot.seq, &bytes).unwrap();
            prop_assert_eq!(&opened, &slot);
            prop_assert_eq!(encode(&opened), bytes);
        }
    }
}
