//! The table of idempotency keys as bytes: an immutable object that the head names.
//!
//! ```text
//! frame   kind 8, version 1, put id = the random part of the table's own file name
//! body    list of receipts, from the oldest to the newest, at most 10,000
//!
//! receipt, here and in a slot:
//!   u128  key          hash of the request's idempotency key
//!   u128  fingerprint  hash of the request
//!   blob  outcome      what was answered, at most 4,096 bytes
//! ```
//!
//! A table has no key twice. The name that the head gives for it is checked against the put id, so
//! that one table is never taken for another.

use bytes::Bytes;

use super::Stored;
use crate::error::{Error, Result};
use crate::model::{FileKind, FileName, PutId};
use crate::protocol::{RECEIPTS_MAX, Receipt, Receipts};
use crate::storage::fields::{Field, Fields};
use crate::storage::frame::{self, FrameKind};

/// What is kept of an answer. Ten thousand of them are read by every claim.
pub const OUTCOME_BYTES_MAX: usize = 4096;

pub fn encode(name: &FileName, table: &Receipts<Stored>) -> Bytes {
    assert!(name.kind == FileKind::Keys, "{name:?} is no name for a table of keys");
    assert!(table.len() <= RECEIPTS_MAX, "{} receipts are too many", table.len());
    let mut body = Vec::new();
    // As a list of receipts is written, without making one.
    (table.len() as u32).write(&mut body);
    table.iter().for_each(|receipt| receipt.write(&mut body));
    frame::encode(FrameKind::Keys, PutId(name.ulid), &body)
}

/// The table that was written under that name, or `Corrupt`.
pub fn decode(name: &FileName, bytes: &Bytes) -> Result<Receipts<Stored>> {
    let frame = frame::decode(FrameKind::Keys, bytes)?;
    if frame.put != PutId(name.ulid) {
        return Err(Error::corrupt("this is the table of another file"));
    }
    let mut fields = Fields::of(frame.body);
    let receipts: Vec<Receipt<Stored>> = fields.take("receipts")?;
    fields.end()?;
    let count = receipts.len();
    if count > RECEIPTS_MAX {
        return Err(Error::corrupt(format!("{count} receipts, and {RECEIPTS_MAX} are the most")));
    }
    let mut table = Receipts::default();
    receipts.into_iter().for_each(|receipt| table.insert(receipt));
    if table.len() < count {
        return Err(Error::corrupt("a table has a key twice"));
    }
    Ok(table)
}

impl Field for Receipt<Stored> {
    const BYTES_MIN: usize = 16 + 16 + 4;

    fn write(&self, out: &mut Vec<u8>) {
        let Self { key, fingerprint, outcome } = self;
        assert!(outcome.len() <= OUTCOME_BYTES_MAX, "an outcome of {} bytes", outcome.len());
        key.write(out);
        fingerprint.write(out);
        outcome.write(out);
    }

    fn read(from: &mut Fields) -> Result<Self> {
        let (key, fingerprint) = (from.take("key")?, from.take("fingerprint")?);
        let outcome: Bytes = from.take("outcome")?;
        if outcome.len() > OUTCOME_BYTES_MAX {
            let length = outcome.len();
            return Err(Error::corrupt(format!("outcome: {length} bytes are too many")));
        }
        // A copy: a receipt outlives its slot, and would keep 32 MiB of it in memory.
        Ok(Self { key, fingerprint, outcome: Bytes::copy_from_slice(&outcome) })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::error::ErrorKind;
    use crate::model::any::*;
    use crate::model::{Epoch, Incarnation, Namespace};

    pub(in crate::log) fn any_receipt() -> impl Strategy<Value = Receipt<Stored>> {
        // Few keys, so that some meet.
        (prop_oneof![0..3_u128, any::<u128>()], any::<u128>(), any_blob())
            .prop_map(|(key, fingerprint, outcome)| Receipt { key, fingerprint, outcome })
    }

    fn receipt(key: u128, outcome: Bytes) -> Receipt<Stored> {
        Receipt { key, fingerprint: !key, outcome }
    }

    fn table(receipts: impl IntoIterator<Item = Receipt<Stored>>) -> Receipts<Stored> {
        let mut table = Receipts::default();
        receipts.into_iter().for_each(|receipt| table.insert(receipt));
        table
    }

    fn file(ulid: u128) -> FileName {
        let home = Namespace::new("acme").unwrap();
        FileName { home, inc: Incarnation(1), epoch: Epoch(1), ulid, kind: FileKind::Keys }
    }

    fn refused(receipts: Vec<Receipt<Stored>>) -> String {
        let mut body = Vec::new();
        receipts.write(&mut body);
        let bytes = frame::encode(FrameKind::Keys, PutId(1), &body);
        let error = decode(&file(1), &bytes).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        error.chain()
    }

    #[test]
    fn a_full_table_opens_and_a_fuller_one_is_refused() {
        let receipts = |count| (0..count as u128).map(|key| receipt(key, Bytes::new()));
        let full = table(receipts(RECEIPTS_MAX));
        assert_eq!(decode(&file(1), &encode(&file(1), &full)).unwrap(), full);
        let why = refused(receipts(RECEIPTS_MAX + 1).collect());
        assert_eq!(why, "10001 receipts, and 10000 are the most");
    }

    #[test]
    fn a_key_that_stands_twice_is_refused() {
        let twice = vec![receipt(7, Bytes::new()), receipt(7, Bytes::new())];
        assert_eq!(refused(twice), "a table has a key twice");
    }

    #[test]
    fn an_outcome_has_its_limit() {
        let longest = table([receipt(1, vec![9; OUTCOME_BYTES_MAX].into())]);
        assert_eq!(decode(&file(1), &encode(&file(1), &longest)).unwrap(), longest);
        let mut body = Vec::new();
        1_u32.write(&mut body);
        1_u128.write(&mut body);
        2_u128.write(&mut body);
        Bytes::from(vec![9; OUTCOME_BYTES_MAX + 1]).write(&mut body);
        let bytes = frame::encode(FrameKind::Keys, PutId(1), &body);
        let error = decode(&file(1), &bytes).unwrap_err();
        assert_eq!(error.chain(), "receipts: outcome: 4097 bytes are too many");
    }

    #[test]
    fn a_table_is_opened_under_its_own_name_alone() {
        let bytes = encode(&file(1), &table([receipt(1, Bytes::new())]));
        assert!(decode(&file(1), &bytes).is_ok());
        assert_eq!(decode(&file(2), &bytes).unwrap_err().kind(), ErrorKind::Corrupt);
    }

    /// A receipt that is kept must not keep the slot that it came in.
    #[test]
    fn an_outcome_does_not_share_the_memory_of_its_object() {
        let bytes = encode(&file(1), &table([receipt(1, Bytes::from_static(b"done"))]));
        let opened = decode(&file(1), &bytes).unwrap();
        let outcome = opened.get(1).unwrap().outcome.as_ptr();
        assert!(!bytes.as_ptr_range().contains(&outcome));
    }

    proptest! {
        #[test]
        fn every_table_reads_back(receipts in prop::collection::vec(any_receipt(), 0..20),
                                  ulid in any::<u128>()) {
            let table = table(receipts);
            let bytes = encode(&file(ulid), &table);
            let opened = decode(&file(ulid), &bytes).unwrap();
            prop_assert_eq!(&opened, &table);
            prop_assert_eq!(encode(&file(ulid), &opened), bytes);
        }
    }
}
