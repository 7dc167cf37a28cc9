//! A draft: the next batch, while the one before it is on its way. Requests are evaluated as they
//! come, and what grows too large for a slot is cut into chunks, which go up ahead of it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::gate::Entered;
use super::{Grounds, Reply, not_committed, retold};
use crate::error::{Error, Result};
use crate::log::effects::{self, Effects};
use crate::log::{Stored, outcome};
use crate::memory::{Memory, Share};
use crate::model::{Epoch, FileName, Incarnation, Seq, Write, Written};
use crate::namespace::base::Base;
use crate::namespace::commit::{Asks, Ground, Stage};
use crate::namespace::segments::Segment;
use crate::namespace::tail::Landed;
use crate::protocol::Receipt;

/// A part that goes up by itself.
pub(crate) const CHUNK_BYTES: usize = 2 << 20;
/// A batch takes no more requests beyond. A single one may be larger.
const BATCH_BYTES_MAX: usize = 32 << 20;
/// What is packed on a thread that waits for the network: in a millisecond.
const SMALL_BYTES_MAX: usize = 64 << 10;
/// Every request of a slot may have a receipt.
const BATCH_REQUESTS_MAX: usize = crate::log::slot::SLOT_RECEIPTS_MAX;

/// A request that waits for a batch.
pub(super) struct Queued {
    pub(super) write: Box<Write>,
    /// The hash of its idempotency key, and of the request.
    pub(super) key: Option<u128>,
    pub(super) fingerprint: u128,
    pub(super) share: Share,
    pub(super) entered: Entered,
    pub(super) reply: Reply<Written>,
    /// It was tried where there is nothing, and would make the name.
    pub(super) fits: bool,
}

/// What a request is told when its batch is committed.
pub(super) struct Told {
    reply: Reply<Written>,
    answer: Result<Written>,
    _share: Share,
    /// None: it waits for no slot any more.
    _entered: Option<Entered>,
}

/// Which slot a draft is for: that of the owner's epoch which follows what it was evaluated over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    pub(super) inc: Incarnation,
    pub(super) epoch: Epoch,
    pub(super) seq: Seq,
}

pub(super) struct Draft {
    pub(super) turn: Turn,
    pub(super) begun: Duration,
    /// Whose segments it is evaluated over.
    pub(super) base: Arc<Base>,
    stage: Stage,
    pub(super) told: Vec<Told>,
    pub(super) receipts: Vec<Receipt<Stored>>,
    /// What was cut from the stage, in this order.
    effects: Vec<Effects>,
    /// Chunks that have no name yet.
    pub(super) parts: Vec<Bytes>,
    pub(super) chunks: Vec<FileName>,
    requests: usize,
    bytes: usize,
    chunk_bytes: usize,
    memory: Memory,
}

/// The last part of a draft, and what all of it comes to, packed and as rows.
pub(super) struct Sealed {
    pub(super) part: Option<Bytes>,
    pub(super) bytes: usize,
    pub(super) landed: Arc<Landed>,
}

impl Told {
    pub(super) fn tell(self) {
        let _ = self.reply.send(self.answer);
    }

    pub(super) fn refuse(self, error: Error) {
        let _ = self.reply.send(Err(error));
    }

    /// Its slot is on its way.
    pub(super) fn left(self) -> Self {
        Self { _entered: None, ..self }
    }
}

impl Draft {
    pub(super) fn new(turn: Turn, ground: Ground, base: Arc<Base>, grounds: &Grounds) -> Self {
        Self {
            turn,
            begun: grounds.clock.now(),
            base,
            stage: Stage::over(ground),
            told: Vec::new(),
            receipts: Vec::new(),
            effects: Vec::new(),
            parts: Vec::new(),
            chunks: Vec::new(),
            requests: 0,
            bytes: 0,
            chunk_bytes: grounds.chunk_bytes,
            memory: grounds.memory.clone(),
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.requests >= BATCH_REQUESTS_MAX || self.bytes + self.stage.bytes() >= BATCH_BYTES_MAX
    }

    /// How many requests it may still take.
    pub(super) fn room(&self) -> usize {
        BATCH_REQUESTS_MAX.saturating_sub(self.requests)
    }

    /// Nothing in it has to be committed: it only waits to be told.
    pub(super) fn is_idle(&self) -> bool {
        let owes =
            !self.receipts.is_empty() && !crate::mutant!("what changes nothing leaves no receipt");
        self.stage.is_empty() && self.effects.is_empty() && !owes
    }

    /// What of the segments it is evaluated over is here.
    pub(super) fn holds(&self) -> Asks {
        self.stage.holds()
    }

    pub(super) fn learn(&mut self, segments: Vec<Arc<Segment>>, holds: Asks) {
        self.stage.learn(segments, holds);
    }

    /// Whether little is left to be packed.
    pub(super) fn is_small(&self) -> bool {
        self.stage.bytes() <= SMALL_BYTES_MAX
    }

    /// Requests that it will hold, for the bound of a batch.
    pub(super) fn expect(&mut self, requests: usize) {
        self.requests += requests;
    }

    /// Evaluates requests in their order. `at` is for display.
    pub(super) fn take(&mut self, queued: Vec<Queued>, at: Duration) -> Result<()> {
        let mut queued = queued.into_iter();
        while let Some(next) = queued.next() {
            let Queued { write, key, fingerprint, mut share, entered, reply, fits: _ } = next;
            let seq = self.turn.seq.0;
            let held = share.bytes();
            let mut room = |bytes: u64| share.reach(held + bytes);
            let answer = self.stage.take_within(&write, &mut room);
            let answer = answer.map(|written| Written { seq, ..written });
            if let (Some(key), Ok(written)) = (key, &answer) {
                let outcome = outcome::encode(written);
                self.receipts.push(Receipt { key, fingerprint, outcome });
            }
            drop(write);
            self.told.push(Told { reply, answer, _share: share, _entered: Some(entered) });
            while self.stage.bytes() >= self.chunk_bytes {
                match self.cut(at) {
                    Ok(part) => self.parts.push(part),
                    Err(error) => {
                        // All of the batch falls, with those that were not looked at.
                        let rest = queued.map(|Queued { reply, share, entered, .. }| Told {
                            reply,
                            answer: Err(retold(&error)),
                            _share: share,
                            _entered: Some(entered),
                        });
                        self.told.extend(rest);
                        return Err(error);
                    }
                }
            }
        }
        Ok(())
    }

    /// What is left of it becomes the part that lies in the slot itself.
    pub(super) fn seal(&mut self, at: Duration) -> Result<Sealed> {
        let whole = self.effects.is_empty() && !self.stage.is_empty();
        let part = if whole || self.stage.has_rest() { Some(self.cut(at)?) } else { None };
        let bytes = self.bytes + part.as_ref().map_or(0, Bytes::len);
        let effects = std::mem::take(&mut self.effects);
        let landed = Landed::new(self.turn.seq, effects, &self.memory);
        Ok(Sealed { part, bytes, landed })
    }

    fn cut(&mut self, at: Duration) -> Result<Bytes> {
        let effects = self.stage.cut(at.as_millis() as u64, self.chunk_bytes, &self.memory)?;
        let part = effects::encode(&effects)?;
        self.bytes += part.len();
        self.effects.push(effects);
        Ok(part)
    }

    /// Who is told that nothing changed: there is no slot of theirs, and the last one is seen by all.
    pub(super) fn unchanged(self) -> Vec<Told> {
        let seq = self.turn.seq.0.saturating_sub(1);
        let unchanged = |told: Told| {
            let answer = told.answer.map(|written| Written { seq, ..written });
            Told { answer, ..told }
        };
        self.told.into_iter().map(unchanged).collect()
    }

    pub(super) fn refuse(self, why: impl Fn() -> Error) {
        self.told.into_iter().for_each(|told| told.refuse(why()));
    }

    /// Its slot is another's: what it was evaluated over is not what came.
    pub(super) fn overtaken(self) {
        self.refuse(not_committed);
    }
}
