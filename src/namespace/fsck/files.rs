//! What a head names besides its log: the files of its base, and the table of keys.
//!
//! Those that it only remembers, retired or of a former life, may be deleted already: a collector
//! deletes first, and has them forgotten then. Whoever still reads them, a branch, names them itself.

use std::collections::BTreeSet;

use tokio::sync::Semaphore;

use super::findings::{Findings, What};
use super::{objects, segments};
use crate::error::Result;
use crate::log::{Stored, outcome, receipts};
use crate::model::{FileKind, FileName};
use crate::namespace::base::Base;
use crate::namespace::head::Head;
use crate::protocol::Receipt;
use crate::storage::Reader;

/// `at` is the key of the head. `room` is for rows.
pub(super) async fn read(
    store: &Reader,
    room: &Semaphore,
    at: &str,
    head: &Head,
    base: &Base,
    found: &mut Findings,
) -> Result<()> {
    agree(at, head, base, found);
    segments::read(store, room, base, found).await?;
    for file in &head.files {
        // Indexes: nobody writes any yet, so that there is no more to ask of them.
        if matches!(file.kind, FileKind::Text | FileKind::Vectors) {
            objects::file(store, file, "the head", found).await?;
        }
    }
    let Some(keys) = &head.keys else { return Ok(()) };
    let Some(bytes) = objects::file(store, keys, "the head", found).await? else { return Ok(()) };
    match receipts::decode(keys, &bytes) {
        Ok(table) => outcomes(&objects::place(keys), table.iter(), found),
        Err(error) => found.unread(objects::place(keys), &error),
    }
    Ok(())
}

/// What the base reads, the head keeps, and nothing else.
fn agree(at: &str, head: &Head, base: &Base, found: &mut Findings) {
    let of_base = |file: &&FileName| matches!(file.kind, FileKind::Rows | FileKind::Deletions);
    let kept: BTreeSet<&FileName> = head.files.iter().filter(of_base).collect();
    let read: BTreeSet<&FileName> = base.files().collect();
    for file in read.difference(&kept) {
        let file = objects::place(file);
        found.say(What::Disagrees, at, format!("its base reads {file}, and it does not keep it"));
    }
    for file in kept.difference(&read) {
        let file = objects::place(file);
        found.say(What::Disagrees, at, format!("it keeps {file}, which its base does not read"));
    }
}

/// What retries would be told.
pub(super) fn outcomes<'a>(
    place: &str,
    receipts: impl Iterator<Item = &'a Receipt<Stored>>,
    found: &mut Findings,
) {
    for receipt in receipts {
        if let Err(error) = outcome::decode(&receipt.outcome) {
            let (key, why) = (receipt.key, error.chain());
            found.say(What::of(&error), place, format!("the outcome under key {key:032x}: {why}"));
        }
    }
}
