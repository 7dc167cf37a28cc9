//! The outcome of a request with an idempotency key, as bytes: what its receipt tells a retry.
//!
//! ```text
//! u64   seq                      of the slot that it lies in
//! u64   upserted, patched, deleted   how many documents each
//! u8    told                     1, if the ids are here: they are, where there is room for them, and
//!                                then as many as were counted; and 2 more, if filters of it match
//!                                documents that it left as they are; and 4 more, if it counts for
//!                                something in a bill
//! u64   written, queried         if it counts, the bytes of either: one of them is not 0
//! and if the ids are here, three lists of them: upserted, patched, deleted
//!
//! id    u8 0 and u64, u8 1 and u128 (a UUID), u8 2 and a text, or u8 3 and i64
//! ```

use bytes::Bytes;

use super::receipts::OUTCOME_BYTES_MAX;
use crate::error::{Error, Result};
use crate::model::{DocId, Touched, Written};
use crate::storage::fields::{Field, Fields};

const LISTED: u8 = 1;
const REMAINING: u8 = 2;
const BILLED: u8 = 4;

pub fn encode(written: &Written) -> Bytes {
    let Written { seq, upserted, patched, deleted, remaining, .. } = written;
    let remaining = if *remaining { REMAINING } else { 0 };
    let bill = [written.written_bytes, written.queried_bytes];
    let billed = if bill == [0, 0] { 0 } else { BILLED };
    let kinds = [upserted, patched, deleted];
    let mut out = Vec::new();
    seq.write(&mut out);
    kinds.iter().for_each(|touched| touched.count.write(&mut out));
    let told = out.len();
    (LISTED | remaining | billed).write(&mut out);
    if billed != 0 {
        bill.iter().for_each(|bytes| bytes.write(&mut out));
    }
    let ids = out.len();
    let count = kinds.iter().map(|touched| touched.ids.len()).sum::<usize>();
    // An id takes two bytes at the least: what is longer need not be written to be told.
    let listed = all_listed(kinds) && 2 * count <= OUTCOME_BYTES_MAX;
    if listed {
        kinds.iter().for_each(|touched| touched.ids.write(&mut out));
    }
    if !listed || out.len() > OUTCOME_BYTES_MAX {
        out.truncate(ids);
        out[told] &= !LISTED;
    }
    out.into()
}

/// What was answered, or `Corrupt`.
pub fn decode(outcome: &Bytes) -> Result<Written> {
    let mut fields = Fields::of(outcome.clone());
    let seq = fields.take("seq")?;
    let mut kinds: [Touched; 3] = Default::default();
    for touched in &mut kinds {
        touched.count = fields.take("count")?;
    }
    let told: u8 = fields.take("told")?;
    if told > LISTED | REMAINING | BILLED {
        return Err(Error::corrupt(format!("told: {told} is more than there is to tell")));
    }
    let (listed, remaining) = (told & LISTED != 0, told & REMAINING != 0);
    let (mut written_bytes, mut queried_bytes) = (0_u64, 0_u64);
    if told & BILLED != 0 {
        (written_bytes, queried_bytes) = (fields.take("written")?, fields.take("queried")?);
        if (written_bytes, queried_bytes) == (0, 0) {
            return Err(Error::corrupt("an outcome counts for something, and that is nothing"));
        }
    }
    if listed {
        for touched in &mut kinds {
            touched.ids = fields.take("ids")?;
        }
    }
    fields.end()?;
    if listed != all_listed(kinds.each_ref()) {
        return Err(Error::corrupt("the ids of an outcome are not those that were counted"));
    }
    let [upserted, patched, deleted] = kinds;
    let stored = true;
    Ok(Written { seq, upserted, patched, deleted, remaining, written_bytes, queried_bytes, stored })
}

/// Whether no id is missing.
fn all_listed(kinds: [&Touched; 3]) -> bool {
    kinds.iter().all(|touched| touched.ids.len() as u64 == touched.count)
}

impl Field for DocId {
    const BYTES_MIN: usize = 1 + 4;

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Uint(id) => {
                0_u8.write(out);
                id.write(out);
            }
            Self::Uuid(id) => {
                1_u8.write(out);
                id.write(out);
            }
            Self::String(id) => {
                2_u8.write(out);
                id.write(out);
            }
            Self::Int(id) => {
                3_u8.write(out);
                id.write(out);
            }
        }
    }

    fn read(from: &mut Fields) -> Result<Self> {
        match from.take::<u8>("type of an id")? {
            0 => Ok(Self::Uint(from.take("id")?)),
            1 => Ok(Self::Uuid(from.take("id")?)),
            2 => Ok(Self::String(from.take("id")?)),
            3 => Ok(Self::Int(from.take("id")?)),
            other => Err(Error::corrupt(format!("an id of type {other}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touched(ids: Vec<DocId>) -> Touched {
        Touched::of(ids)
    }

    #[test]
    fn an_outcome_reads_back_with_its_ids_where_there_is_room() {
        let written = Written {
            seq: 7,
            upserted: touched(vec![DocId::Uint(1), DocId::Uuid(2), DocId::String("three".into())]),
            patched: Touched::default(),
            deleted: touched(vec![DocId::Uint(4), DocId::Int(-5)]),
            remaining: true,
            written_bytes: 61,
            queried_bytes: 256,
            stored: true,
        };
        assert_eq!(decode(&encode(&written)).unwrap(), written);
        for count in [400, 500, 3000] {
            let ids = (0..count).map(DocId::Uint).collect();
            let written = Written { upserted: touched(ids), ..written.clone() };
            let bytes = encode(&written);
            assert!(bytes.len() <= OUTCOME_BYTES_MAX);
            let back = decode(&bytes).unwrap();
            assert_eq!((back.upserted.count, back.seq, back.remaining), (count, 7, true));
            assert_eq!((back.written_bytes, back.queried_bytes), (61, 256));
            assert_eq!(back.upserted.ids.len(), if count == 400 { 400 } else { 0 });
        }
    }

    #[test]
    fn what_is_cut_is_corrupt() {
        let written = Written { upserted: touched(vec![DocId::Uint(1)]), ..Written::default() };
        for written in [Written { written_bytes: 8, ..written.clone() }, written] {
            let bytes = encode(&written);
            for cut in 0..bytes.len() {
                assert!(decode(&bytes.slice(..cut)).is_err(), "{cut}");
            }
        }
    }
}
