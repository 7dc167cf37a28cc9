//! What the protocol core carries in production and does not look into: bytes.
//!
//! The base of a head and the outcome of a request are blobs. A batch is a list of blobs, its
//! *parts*, and stays one on the store: each can still be told from the next.

use bytes::Bytes;

use crate::error::Result;
use crate::protocol::{Body, Payload};
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

    /// BLAKE3 of the body as it is written.
    fn digest(body: &Body<Self>) -> [u8; 32] {
        // Parts are hashed piece by piece: a batch may be large, and is written once already.
        let Body { batch, receipts, chunks } = body;
        let mut hasher = blake3::Hasher::new();
        hasher.update(&(batch.parts.len() as u32).to_le_bytes());
        for part in &batch.parts {
            hasher.update(&(part.len() as u32).to_le_bytes()).update(part);
        }
        let mut rest = Vec::new();
        receipts.write(&mut rest);
        chunks.write(&mut rest);
        *hasher.update(&rest).finalize().as_bytes()
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

    use super::super::receipts::tests::any_receipt;
    use super::*;
    use crate::model::FileKind;
    use crate::model::any::{any_blob, any_file_of};
    use crate::protocol::Receipt;

    fn any_batch() -> impl Strategy<Value = Batch> {
        prop::collection::vec(any_blob(), 0..4).prop_map(|parts| Batch { parts })
    }

    /// The vectors of `docs/FORMAT.md`.
    #[test]
    fn the_digest_is_what_the_format_page_says() {
        let hex = |batch: &Batch, receipts: &[Receipt<Stored>]| {
            let body = Body { batch: batch.clone(), receipts: receipts.to_vec(), chunks: vec![] };
            blake3::Hash::from_bytes(Stored::digest(&body)).to_hex()
        };
        let nothing = "7e3eff9ef7613a50340eb12677ee03b83ac759fcba9bb32705f07248d56d473b";
        assert_eq!(hex(&Batch::default(), &[]).as_str(), nothing);
        let hello = Batch::of(Bytes::from_static(b"hello"));
        let one = "36470624395589b8a1694b2f523ce8802a289f5e60b23298fca017d1c99e457b";
        assert_eq!(hex(&hello, &[]).as_str(), one);
        let outcome = Bytes::from_static(b"ok");
        let receipt = Receipt { key: 1, fingerprint: 1 << 64, outcome };
        let answered = "64442ece10124d3a4a074995ac2c35c24d0a28bd2137eb890a0b0f966e87835a";
        assert_eq!(hex(&hello, &[receipt]).as_str(), answered);
    }

    proptest! {
        #[test]
        fn the_digest_is_that_of_what_is_written(
            batch in any_batch(),
            receipts in prop::collection::vec(any_receipt(), 0..4),
            chunks in prop::collection::vec(any_file_of(&[FileKind::Chunk]), 0..4),
        ) {
            let mut bytes = Vec::new();
            batch.write(&mut bytes);
            receipts.write(&mut bytes);
            chunks.write(&mut bytes);
            let body = Body { batch, receipts, chunks };
            prop_assert_eq!(Stored::digest(&body), *blake3::hash(&bytes).as_bytes());
        }
    }
}
