//! What the protocol core carries in production and does not look into: bytes.
//!
//! The base of a head and the outcome of a request are blobs. A batch is a list of blobs, its
//! *parts*, and stays one on the store: so the tail of a branch's source, which is many batches as
//! one, is their parts in their order, and each can still be told from the next.

use bytes::Bytes;

use crate::error::Result;
use crate::protocol::Payload;
use crate::storage::Tag;
use crate::storage::fields::{Field, Fields};

/// Names the types of a payload; there is no value of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stored {}

/// The effects of one slot. A batch with no parts has none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Batch {
    pub parts: Vec<Bytes>,
}

impl Batch {
    pub fn of(part: Bytes) -> Self {
        Self { parts: vec![part] }
    }
}

impl Payload for Stored {
    type Batch = Batch;
    type Base = Bytes;
    type Outcome = Bytes;
    type Tag = Tag;

    /// BLAKE3 of the batch as it is written.
    fn digest(batch: &Batch) -> [u8; 32] {
        // Hashed piece by piece: a batch may be large, and is written once already.
        let mut hasher = blake3::Hasher::new();
        hasher.update(&(batch.parts.len() as u32).to_le_bytes());
        for part in &batch.parts {
            hasher.update(&(part.len() as u32).to_le_bytes()).update(part);
        }
        *hasher.finalize().as_bytes()
    }

    fn squash<'a>(batches: impl Iterator<Item = &'a Batch>) -> Batch {
        Batch { parts: batches.flat_map(|batch| &batch.parts).cloned().collect() }
    }
}

impl Field for Batch {
    const BYTES_MIN: usize = Vec::<Bytes>::BYTES_MIN;

    fn write(&self, out: &mut Vec<u8>) {
        self.parts.write(out);
    }

    fn read(from: &mut Fields) -> Result<Self> {
        Ok(Self { parts: from.take("parts")? })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::any::any_blob;

    fn any_batch() -> impl Strategy<Value = Batch> {
        prop::collection::vec(any_blob(), 0..4).prop_map(|parts| Batch { parts })
    }

    /// The vectors of `docs/FORMAT.md`.
    #[test]
    fn the_digest_is_what_the_format_page_says() {
        let hex = |batch: &Batch| blake3::Hash::from_bytes(Stored::digest(batch)).to_hex();
        let hello = Batch::of(Bytes::from_static(b"hello"));
        let empty = "ec2bd03bf86b935fa34d71ad7ebb049f1f10f87d343e521511d8f9e6625620cd";
        assert_eq!(hex(&Batch::default()).as_str(), empty);
        let one = "cdc9f5f58515eeae71c6520fd205e5ee969eaabc4d50e3036b339e80a62f33c0";
        assert_eq!(hex(&hello).as_str(), one);
    }

    proptest! {
        #[test]
        fn the_digest_is_that_of_what_is_written(batch in any_batch()) {
            let mut bytes = Vec::new();
            batch.write(&mut bytes);
            prop_assert_eq!(Stored::digest(&batch), *blake3::hash(&bytes).as_bytes());
        }

        #[test]
        fn many_batches_as_one_keep_their_parts(one in any_batch(), two in any_batch(),
                                                three in any_batch()) {
            let all = Stored::squash([&one, &two, &three].into_iter());
            let parts: Vec<Bytes> = [&one, &two, &three].into_iter()
                .flat_map(|batch| batch.parts.clone()).collect();
            prop_assert_eq!(&all.parts, &parts);
            let first = Stored::squash([&one, &two].into_iter());
            prop_assert_eq!(Stored::squash([&first, &three].into_iter()), all);
        }
    }
}
