//! Objects as they are fetched: a handful of slots at a time, and a file that somebody names.
//!
//! What the store does not answer ends the whole check, for then nothing is known. What it answers,
//! be it that nothing is there, is a finding.

use bytes::Bytes;
use futures::future::try_join_all;

use super::findings::{Findings, What};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{FileName, Incarnation, Namespace, Seq};
use crate::storage::{ImmutableKey, Reader, SlotKey};

/// Slots are read so many at a time, and no more bytes of them: one alone may be larger.
const SLOTS_AT_ONCE: usize = 8;
const BYTES_AT_ONCE: u64 = 8 << 20;

/// The key of a file.
pub(super) fn place(file: &FileName) -> String {
    ImmutableKey::File(file.clone()).spell().unwrap_or_else(|_| format!("{file:?}"))
}

/// Slots with their sizes, as many together as are read at a time.
pub(super) fn groups(listed: impl IntoIterator<Item = (Seq, u64)>) -> Vec<Vec<Seq>> {
    let (mut groups, mut bytes) = (Vec::<Vec<Seq>>::new(), 0_u64);
    for (seq, size) in listed {
        bytes = bytes.saturating_add(size);
        match groups.last_mut() {
            Some(group) if group.len() < SLOTS_AT_ONCE && bytes <= BYTES_AT_ONCE => group.push(seq),
            _ => {
                bytes = size;
                groups.push(vec![seq]);
            }
        }
    }
    groups
}

/// What lies in these slots now, in their order. Those with nothing in them are left out.
pub(super) async fn slots(
    store: &Reader,
    name: &Namespace,
    inc: Incarnation,
    seqs: Vec<Seq>,
) -> Result<Vec<(SlotKey, Bytes)>> {
    let look = |seq: Seq| {
        let (store, key) = (store.clone(), SlotKey { home: name.clone(), inc, seq });
        async move {
            let look = store.slot(&key).await?;
            Ok::<_, Error>((key, look.body))
        }
    };
    let looks = try_join_all(seqs.into_iter().map(look)).await?;
    Ok(looks.into_iter().filter_map(|(key, body)| Some((key, body?))).collect())
}

/// A file that somebody names. None: that it is not there is told.
pub(super) async fn file(
    store: &Reader,
    file: &FileName,
    named_by: &str,
    found: &mut Findings,
) -> Result<Option<Bytes>> {
    match store.read(&ImmutableKey::File(file.clone())).await {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let said = format!("{named_by} names it, and it is not there");
            found.say(What::Missing, place(file), said);
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_slots_are_read_together_and_a_large_one_alone() {
        let group = |sizes: &[u64]| {
            let listed = sizes.iter().enumerate().map(|(seq, size)| (Seq(seq as u64), *size));
            groups(listed).iter().map(Vec::len).collect::<Vec<_>>()
        };
        assert_eq!(group(&[]), [0_usize; 0]);
        assert_eq!(group(&[1; 17]), [8, 8, 1]);
        assert_eq!(group(&[1, BYTES_AT_ONCE, 1, u64::MAX, 1]), [1, 1, 1, 1, 1]);
        assert_eq!(group(&[BYTES_AT_ONCE / 2; 5]), [2, 2, 1]);
    }
}
