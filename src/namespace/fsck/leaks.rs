//! Leaks: what is there, and no head and no slot of a log needs it.
//!
//! Whether a collector will ever delete it follows from the epoch in its name, as a collector sees
//! it. Since when it has been garbage does not follow from anything: beside running nodes, most of
//! what is found here only waits. Fences, ends and heads stay for ever, and are none.

use std::collections::{BTreeMap, BTreeSet};

use super::findings::{Findings, What};
use super::inventory::Stock;
use super::logs::Log;
use super::objects;
use crate::error::Result;
use crate::log::slot;
use crate::model::{FileKind, FileName, Incarnation, Namespace, Seq, Version};
use crate::namespace::head::Head;
use crate::storage::{Reader, SlotKey};

/// Whether there is something that a collector would have to delete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    None,
    Some,
}

/// Batches that no log holds any more, and the chunks that go with them.
#[derive(Debug, Default)]
struct Old {
    batches: Vec<SlotKey>,
    chunks: BTreeSet<FileName>,
}

/// Of the life that the head is of.
pub(super) async fn of_present(
    store: &Reader,
    name: &Namespace,
    head: &Head,
    stock: &Stock,
    log: &Log,
    found: &mut Findings,
) -> Result<Rest> {
    let below = stock.slots.range(..head.floor).map(|(seq, bytes)| (*seq, *bytes));
    let old = old(store, name, head.inc, objects::groups(below), found).await?;
    for key in &old.batches {
        found.say(What::Waits, key, "a batch that was folded");
    }
    let retired: BTreeMap<&FileName, Version> =
        head.retired.iter().map(|retired| (&retired.file, retired.version)).collect();
    let named: BTreeSet<&FileName> = head.mentions().collect();
    for file in stock.files.keys() {
        let place = objects::place(file);
        if file.epoch > head.epoch {
            let said = format!("of epoch {}, and the last claim was {}", file.epoch, head.epoch);
            found.say(What::Epoch, place, said);
        } else if let Some(version) = retired.get(file) {
            if !head.pins.iter().any(|pin| pin.version < *version) {
                let said = format!("the head dropped it when it became version {}", version.0);
                found.say(What::Waits, place, said);
            }
        } else if !named.contains(file) && !log.chunks.contains(file) && !old.chunks.contains(file)
        {
            let (what, said) = unnamed(head, file);
            found.say(what, place, said);
        }
    }
    Ok(if old.batches.is_empty() && stock.files.is_empty() { Rest::None } else { Rest::Some })
}

/// A publish needs the head's own epoch, and a slot names chunks of its own: so a file of an epoch
/// that is over will never be named.
fn unnamed(head: &Head, file: &FileName) -> (What, String) {
    let over = match file.kind {
        FileKind::Chunk => head.floor_epoch,
        _ => head.epoch,
    };
    if file.epoch < over {
        (What::Waits, "nothing names it, and its epoch is over".into())
    } else {
        let owner = format!("the owner of epoch {}", file.epoch);
        (What::Stays, format!("nothing names it; {owner} knows whether it is work under way"))
    }
}

/// Of a life that is over, of which only what branches read is kept. `what` it is, its marker says:
/// without one, nobody comes by.
pub(super) async fn of_past(
    store: &Reader,
    name: &Namespace,
    (inc, stock): (Incarnation, &Stock),
    kept: &BTreeSet<&FileName>,
    what: What,
    found: &mut Findings,
) -> Result<Rest> {
    let all = stock.slots.iter().map(|(seq, bytes)| (*seq, *bytes));
    let old = old(store, name, inc, objects::groups(all), found).await?;
    for key in &old.batches {
        found.say(what, key, "a batch of a life that is over");
    }
    for file in stock.files.keys() {
        if !kept.contains(file) && !old.chunks.contains(file) {
            found.say(what, objects::place(file), "a file of a life that is over");
        }
    }
    Ok(if old.batches.is_empty() && stock.files.is_empty() { Rest::None } else { Rest::Some })
}

/// Reads slots that are in no log. Where some were collected, a delayed fence may have come since: so
/// each is only what it is by itself.
async fn old(
    store: &Reader,
    name: &Namespace,
    inc: Incarnation,
    groups: Vec<Vec<Seq>>,
    found: &mut Findings,
) -> Result<Old> {
    let mut old = Old::default();
    for group in groups {
        for (key, body) in objects::slots(store, name, inc, group).await? {
            match slot::decode(inc, key.seq, &body) {
                Ok(slot) => {
                    let Some(body) = slot.body() else { continue };
                    old.chunks.extend(body.chunks.iter().cloned());
                    old.batches.push(key);
                }
                Err(error) => found.unread(&key, &error),
            }
        }
    }
    Ok(old)
}
