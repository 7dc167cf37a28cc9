//! The log of the life that a name is in, from the floor on, as whoever opens the name meets it: slot
//! after slot without a gap, each with the chain of the one before, each with effects that can be
//! read and that fit what was before them.
//!
//! What is damaged is told once. Behind it the reading goes on from what is there, and takes nothing for
//! an error that follows from the damage alone.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;

use super::findings::{Findings, What};
use super::inventory::Stock;
use super::schemas::Known;
use super::{files, objects};
use crate::env::blocking;
use crate::error::Result;
use crate::log::slot::{self, Slot};
use crate::log::{chunk, effects};
use crate::model::{FileName, Namespace, Schema, Seq};
use crate::namespace::head::Head;
use crate::protocol::{Cursor, Entry, Met, Ownership, Rules};
use crate::storage::{Reader, SlotKey};

/// So many slots are followed that came after the listing: a log that grows for ever is not chased.
const BEYOND_MAX: usize = 1024;

/// What the slots from the floor on came to.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// All that they name, be it by batches that count for nothing.
    pub(super) chunks: BTreeSet<FileName>,
    pub(super) batches: u64,
    pub(super) end: End,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum End {
    #[default]
    Open,
    /// The life is over.
    Met,
    /// A slot is lost or damaged: nobody knows what it was.
    Unknown,
}

/// `schema` is that of the base. None: it could not be read, or is still another name's.
pub(super) async fn read(
    store: &Reader,
    name: &Namespace,
    head: &Head,
    stock: &Stock,
    schema: Option<Schema>,
    found: &mut Findings,
) -> Result<Log> {
    let (cursor, known, log) = (Cursor::at(head), Known::new(schema), Log::default());
    let mut reading = Reading { store, name, head, cursor, chain: Chained::Yes, known, log, found };
    let listed = stock.slots.range(head.floor..).map(|(seq, bytes)| (*seq, *bytes));
    for group in objects::groups(listed) {
        for (key, body) in objects::slots(store, name, head.inc, group).await? {
            reading.meet(&key, &body).await?;
        }
    }
    for _ in 0..BEYOND_MAX {
        let key = reading.key(reading.cursor.seq);
        match store.slot(&key).await?.body {
            Some(body) if reading.log.end != End::Met => reading.meet(&key, &body).await?,
            Some(_) | None => break,
        }
    }
    reading.arrive();
    Ok(reading.log)
}

struct Reading<'a> {
    store: &'a Reader,
    name: &'a Namespace,
    head: &'a Head,
    cursor: Cursor,
    chain: Chained,
    known: Known,
    log: Log,
    found: &'a mut Findings,
}

/// Whether the chain of the slot before the cursor is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Chained {
    Yes,
    No,
}

impl Reading<'_> {
    fn key(&self, seq: Seq) -> SlotKey {
        SlotKey { home: self.name.clone(), inc: self.head.inc, seq }
    }

    /// The next slot that is there.
    async fn meet(&mut self, key: &SlotKey, body: &Bytes) -> Result<()> {
        if self.log.end == End::Met {
            self.found.say(What::AfterEnd, key, "the life of this slot ended before it");
            return Ok(());
        }
        if key.seq > self.cursor.seq {
            let (gap, next) = (self.key(self.cursor.seq), key.seq);
            self.found.say(What::Gap, gap, format!("this slot is not there, and slot {next} is"));
            self.lose(key.seq);
        }
        let slot = match slot::decode(key.inc, key.seq, body) {
            Ok(slot) => slot,
            Err(error) => {
                self.found.unread(key, &error);
                self.lose(key.seq.next());
                return Ok(());
            }
        };
        if std::mem::replace(&mut self.chain, Chained::Yes) == Chained::No {
            self.cursor.chain = slot.prev;
        }
        if slot.epoch > self.head.epoch {
            let said =
                format!("of epoch {}, and the last claim was {}", slot.epoch, self.head.epoch);
            self.found.say(What::Epoch, key, said);
        }
        if let Some(body) = slot.body() {
            self.log.batches += 1;
            self.log.chunks.extend(body.chunks.iter().cloned());
            files::outcomes(&key.to_string(), body.receipts.iter(), self.found);
        }
        match self.cursor.meet(&slot, Rules::default()) {
            Ok(Met::Batch) => self.take(key, &slot).await?,
            Ok(Met::End) => self.log.end = End::Met,
            // What an owner wrote that was fenced before counts for nothing.
            Ok(Met::Void | Met::Fence) => {}
            Err(_) => self.fork(key, &slot),
        }
        Ok(())
    }

    fn fork(&mut self, key: &SlotKey, slot: &Arc<Slot>) {
        let said = "its chain is not that of the slot before it, or of the head's floor";
        self.found.say(What::Fork, key, said);
        self.known.lose();
        if slot.entry == Entry::End {
            self.log.end = End::Met;
        }
        self.cursor.seq = slot.seq.next();
        self.cursor.chain = slot.chain;
        self.cursor.epoch = self.cursor.epoch.max(slot.epoch);
    }

    /// What came before `next` is not known.
    fn lose(&mut self, next: Seq) {
        self.cursor.seq = next;
        self.chain = Chained::No;
        self.log.end = End::Unknown;
        self.known.lose();
    }

    /// The effects of a batch, part by part: those of its chunks come first.
    async fn take(&mut self, key: &SlotKey, slot: &Arc<Slot>) -> Result<()> {
        let Some(body) = slot.body() else { return Ok(()) };
        for name in &body.chunks {
            let (place, by) = (objects::place(name), format!("slot {}", key.seq));
            let Some(bytes) = objects::file(self.store, name, &by, self.found).await? else {
                self.known.lose();
                continue;
            };
            match chunk::decode(name, &bytes) {
                Ok(part) => self.part(&place, part).await,
                Err(error) => {
                    self.found.unread(&place, &error);
                    self.known.lose();
                }
            }
        }
        for part in &body.batch.parts {
            self.part(&key.to_string(), part.clone()).await;
        }
        Ok(())
    }

    async fn part(&mut self, place: &str, part: Bytes) {
        match blocking(move || effects::decode(&part)).await {
            Ok(effects) => {
                if let Err(odd) = self.known.apply(&effects) {
                    self.found.say(What::Disagrees, place, odd);
                }
            }
            Err(error) => {
                self.found.unread(place, &error);
                self.known.lose();
            }
        }
    }

    /// Nothing more is there. A log that was let go says where it ends.
    fn arrive(&mut self) {
        let Ownership::Released { tail } = self.head.owner else { return };
        if self.cursor.seq < tail && self.log.end != End::Met {
            let gap = self.key(self.cursor.seq);
            let said = format!("this slot is not there, and the log was let go at slot {tail}");
            self.found.say(What::Gap, gap, said);
            self.log.end = End::Unknown;
        }
    }
}
