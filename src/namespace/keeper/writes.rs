//! Group commit: many requests, one slot. One slot is on its way at a time; whoever comes meanwhile is
//! evaluated over it, into the next. What was evaluated over a slot that is lost falls with it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use super::desk::{Desk, Done, Waiting};
use super::draft::{Draft, Queued, Sealed, Told, Turn};
use super::gate::{Entered, Gate};
use super::{Reply, not_committed, retold, unknown};
use crate::env::blocking;
use crate::error::{Error, Result};
use crate::log::{Batch, Stored, chunk, outcome};
use crate::memory::Share;
use crate::model::{FileKind, FileName, Incarnation, Write, WriteFault, Written};
use crate::namespace::commit::{Asks, Born, Ground, Stage, asks, creates};
use crate::namespace::tail::Landed;
use crate::protocol::{Answer, Body, Owner, Recall};
use crate::segment::rows::Extent;

/// What is evaluated and packed at once on a thread that waits for the network: a millisecond or two.
const INLINE_BYTES_MAX: u64 = 128 << 10;
/// The same of a change by filter where there is nothing to be found, for which room is reserved.
const FINDING_BYTES_MAX: u64 = 8 << 20;
/// What is evaluated before anybody looks whether there are chunks to be sent: the sooner they go up,
/// the sooner the slot follows.
const TURN_BYTES_MAX: u64 = 8 << 20;

pub(super) struct Writes {
    pub(super) queue: VecDeque<Queued>,
    draft: Option<Box<Draft>>,
    /// The draft is away, being evaluated or sealed.
    away: bool,
    /// Chunks of the draft that are not there yet, by the random part of their names.
    uploading: BTreeMap<u128, FileName>,
    /// The slot that is on its way, as rows.
    sent: Option<Arc<Landed>>,
    /// The draft is to be told, not committed: it fell while it was away.
    fallen: bool,
    pub(super) gate: Gate,
}

/// A draft that comes back.
pub(super) enum Staged {
    Taken(Box<Draft>, Result<()>),
    Sealed(Box<Draft>, Result<Sealed>),
}

/// A batch whose slot is on its way.
pub(super) struct Sent {
    told: Vec<Told>,
    inc: Incarnation,
    landed: Arc<Landed>,
    bytes: usize,
    /// The first of them was taken up.
    begun: Duration,
    since: Duration,
}

impl Sent {
    pub(super) fn refuse(self, why: impl Fn() -> Error) {
        self.told.into_iter().for_each(|told| told.refuse(why()));
    }
}

impl Writes {
    pub(super) fn behind(gate: Gate) -> Self {
        Self {
            queue: VecDeque::new(),
            draft: None,
            away: false,
            uploading: BTreeMap::new(),
            sent: None,
            fallen: false,
            gate,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty() && !self.drafting()
    }

    /// Whether what waits would make a name that is not there. What a request on an empty namespace
    /// would be refused for must not leave a name behind: what is large has to be told first that
    /// there is none, and is tried then.
    pub(super) fn may_create(&self) -> bool {
        self.queue.iter().take(8).any(|queued| {
            creates(&queued.write)
                && (queued.fits || queued.is_small() && tried(&queued.write).is_ok())
        })
    }

    /// There was no such name when so many waited, and none of them makes it. Those that are too large
    /// to be tried here.
    fn absent(&mut self, waited: usize) -> Vec<Queued> {
        let later = self.queue.split_off(waited.min(self.queue.len()));
        let (mut large, mut fitting) = (Vec::new(), VecDeque::new());
        for queued in std::mem::replace(&mut self.queue, later) {
            if creates(&queued.write) && !queued.fits && !queued.is_small() {
                large.push(queued);
            } else {
                // If it fits, it came after the name was asked for.
                fitting.extend(queued.tried());
            }
        }
        self.queue.extend(fitting);
        large
    }

    /// Of those that wait, these.
    pub(super) fn refuse_those(&mut self, these: impl Fn(&Write) -> bool, why: impl Fn() -> Error) {
        for queued in std::mem::take(&mut self.queue) {
            if these(&queued.write) {
                let _ = queued.reply.send(Err(why()));
            } else {
                self.queue.push_back(queued);
            }
        }
    }

    pub(super) fn refuse_all(&mut self, why: impl Fn() -> Error) {
        self.queue.drain(..).for_each(|queued| drop(queued.reply.send(Err(why()))));
    }

    /// What is not sent yet will not be.
    fn drop_draft(&mut self, why: impl Fn() -> Error) {
        self.fallen = self.away;
        if let Some(draft) = self.draft.take() {
            crate::reach!("a draft falls before it is sent");
            draft.refuse(why);
        }
    }

    /// Whether there is a batch that is not sent yet.
    pub(super) fn drafting(&self) -> bool {
        self.away || self.draft.as_ref().is_some_and(|draft| !draft.told.is_empty())
    }
}

impl Desk {
    pub(super) fn queue(
        &mut self,
        write: Box<Write>,
        key: Option<u128>,
        fingerprint: u128,
        share: Share,
        entered: Option<Entered>,
        reply: Reply<Written>,
    ) {
        let entered = match self.room(&write, entered) {
            Ok(entered) => entered,
            Err(error) => return drop(reply.send(Err(error))),
        };
        let fits = false;
        let queued = Queued { write, key, fingerprint, share, entered, reply, fits };
        self.writes.queue.push_back(queued);
    }

    /// There is no such name, and there was none when so many waited.
    pub(super) fn absent(&mut self, waited: usize) {
        let large = self.writes.absent(waited);
        if large.is_empty() {
            return;
        }
        self.work.spawn(async move {
            let tried = || large.into_iter().filter_map(Queued::tried).collect();
            Done::Tried(blocking(tried).await)
        });
    }

    /// These would make the name.
    pub(super) fn tried(&mut self, fitting: Vec<Queued>) {
        self.writes.queue.extend(fitting);
    }

    /// Evaluates what waits, and seals a batch where it may be committed.
    pub(super) fn write_on(&mut self) -> Result<()> {
        if self.writes.away {
            return Ok(());
        }
        self.draft_on()?;
        if self.writes.away || !self.writes.drafting() {
            return Ok(());
        }
        let Some((_, tenure)) = self.owner.tenure() else { return Ok(()) };
        let turn = Turn { inc: tenure.inc(), epoch: tenure.epoch(), seq: tenure.next() };
        let (free, pending) = (tenure.may_commit(), tenure.pending().is_some());
        let Some(draft) = &self.writes.draft else { return Ok(()) };
        if draft.is_idle() {
            return self.same();
        }
        if !free && !pending {
            // The name is ending, or is being let go.
            self.drop_draft();
            return Ok(());
        }
        if !free || !self.writes.uploading.is_empty() {
            return Ok(());
        }
        if draft.turn != turn && !crate::mutant!("a draft outlives the slot below it") {
            self.drop_draft();
            return Ok(());
        }
        self.seal()
    }

    /// The draft falls, be it away or not. The owner stays, and so does the slot that is on its way.
    pub(super) fn drop_draft(&mut self) {
        if let Some(draft) = &self.writes.draft {
            discard(draft, &mut self.owner);
        }
        self.tell_draft(not_committed);
    }

    /// The draft falls, and whoever made it hears why.
    pub(super) fn tell_draft(&mut self, why: impl Fn() -> Error) {
        self.forsake_chunks();
        self.writes.drop_draft(why);
    }

    /// Of those that are not there yet. What is not sent of them is not sent any more.
    fn forsake_chunks(&mut self) {
        for chunk in std::mem::take(&mut self.writes.uploading).into_values() {
            self.owner_mail.release(&chunk);
            self.owner_out.take_back(&chunk);
        }
    }

    /// Puts what waits into the draft.
    fn draft_on(&mut self) -> Result<()> {
        let full = self.writes.draft.as_ref().is_some_and(|draft| draft.is_full());
        // Whoever comes after a delete waits for it.
        if self.writes.queue.is_empty() || full || self.going() || !self.deletes.is_empty() {
            return Ok(());
        }
        if self.writes.draft.is_none() {
            let Some(draft) = self.begin_draft()? else { return Ok(()) };
            self.writes.draft = Some(draft);
        }
        if !self.learn()? {
            return Ok(());
        }
        let room = self.writes.draft.as_ref().map_or(0, |draft| draft.room());
        let (mut taken, mut bytes) = (Vec::new(), 0);
        for _ in 0..self.writes.queue.len() {
            let Some(queued) = self.writes.queue.pop_front() else { break };
            let Some(queued) = self.recalled(queued, &taken) else { continue };
            bytes += queued.share.bytes();
            taken.push(queued);
            if taken.len() >= room || bytes >= TURN_BYTES_MAX {
                break;
            }
        }
        let Some(mut draft) = self.writes.draft.take() else { return Ok(()) };
        if taken.is_empty() {
            // Nothing was new: a draft that holds nothing is none.
            self.writes.draft = (!draft.told.is_empty()).then_some(draft);
            return Ok(());
        }
        draft.expect(taken.len());
        let at = self.at();
        if bytes <= INLINE_BYTES_MAX {
            let done = draft.take(taken, at);
            self.staged(Staged::Taken(draft, done));
            return Ok(());
        }
        self.writes.away = true;
        self.work.spawn(async move {
            let (draft, done) = blocking(move || {
                let done = draft.take(taken, at);
                (draft, done)
            })
            .await;
            Done::Staged(Box::new(Staged::Taken(draft, done)))
        });
        Ok(())
    }

    /// Whether the draft goes as soon as its chunks are there. Whoever comes now would make it wait for
    /// theirs: they make the next one, whose chunks go up beside this one's slot.
    fn going(&mut self) -> bool {
        let free = self.owner.tenure().is_some_and(|(_, tenure)| tenure.may_commit());
        free && self.writes.draft.as_ref().is_some_and(|draft| !draft.chunks.is_empty())
    }

    /// A draft over all that is committed, and over the slot that is on its way.
    fn begin_draft(&mut self) -> Result<Option<Box<Draft>>> {
        let Some((_, tenure)) = self.owner.tenure() else { return Ok(None) };
        let pending = tenure.pending().is_some();
        if !tenure.may_commit() && !pending {
            return Ok(None);
        }
        let turn = Turn {
            inc: tenure.inc(),
            epoch: tenure.epoch(),
            seq: if pending { tenure.next().next() } else { tenure.next() },
        };
        let view = tenure.view();
        let born = if view.exists() || pending { Born::Yes } else { Born::No };
        let Some(known) = self.rows_of(&view)? else { return Ok(None) };
        if known.tail.next() > view.next {
            // A reader here has seen slots of another owner, which this one has yet to find out.
            if !pending {
                self.prove();
            }
            return Ok(None);
        }
        let base = known.base;
        let mut tail = known.tail;
        let sees = pending && !crate::mutant!("a draft does not see the slot under way");
        if let Some(sent) = self.writes.sent.as_ref().filter(|_| sees) {
            tail.apply(sent)?;
        }
        let ground = Ground { tail, segments: Vec::new(), holds: Asks::Nothing, born };
        Ok(Some(Box::new(Draft::new(turn, ground, base, &self.grounds))))
    }

    /// Gives the draft what it must know of segments for all that wait. False: it is being read.
    fn learn(&mut self) -> Result<bool> {
        let Some(draft) = &self.writes.draft else { return Ok(false) };
        let wanted = self.writes.queue.iter().map(|one| asks(&one.write)).max();
        let wanted = wanted.unwrap_or(Asks::Nothing);
        if wanted <= draft.holds() {
            return Ok(true);
        }
        let extent = if wanted == Asks::Rows { Extent::Whole } else { Extent::Ids };
        let base = draft.base.clone();
        let inc = draft.turn.inc;
        if wanted == Asks::Rows {
            self.looked = self.grounds.clock.now();
        }
        let Some(segments) = self.segments_of(inc, &base, extent) else { return Ok(false) };
        if let Some(draft) = &mut self.writes.draft {
            draft.learn(segments, wanted);
        }
        Ok(true)
    }

    /// A request whose key has come before is answered as it was then.
    fn recalled(&mut self, queued: Queued, taken: &[Queued]) -> Option<Queued> {
        let Some(key) = queued.key else { return Some(queued) };
        let drafted = self.writes.draft.iter().flat_map(|draft| &draft.receipts);
        let drafted = drafted.map(|receipt| (receipt.key, receipt.fingerprint));
        let taken = taken.iter().filter_map(|one| Some((one.key?, one.fingerprint)));
        if let Some((_, fingerprint)) = drafted.chain(taken).find(|(known, _)| *known == key) {
            // It is in this very batch: it waits for it, and finds it in its slot.
            if fingerprint == queued.fingerprint {
                crate::reach!("a request finds its key in the batch that it comes to");
                self.writes.queue.push_back(queued);
            } else {
                let _ = queued.reply.send(Err(another()));
            }
            return None;
        }
        let Some((_, tenure)) = self.owner.tenure() else { return Some(queued) };
        match tenure.recall(key, queued.fingerprint) {
            Recall::Fresh => return Some(queued),
            Recall::Stored(stored) => drop(queued.reply.send(outcome::decode(&stored))),
            Recall::Another => drop(queued.reply.send(Err(another()))),
            Recall::Pending => {
                crate::reach!("a request finds its key in the slot that is on its way");
                self.writes.queue.push_back(queued);
            }
        }
        None
    }

    /// A draft that comes back, evaluated or sealed.
    pub(super) fn staged(&mut self, staged: Staged) {
        self.writes.away = false;
        let fallen = std::mem::take(&mut self.writes.fallen);
        match staged {
            Staged::Taken(draft, Err(error)) | Staged::Sealed(draft, Err(error)) => {
                self.forsake_chunks();
                discard(&draft, &mut self.owner);
                draft.refuse(|| retold(&error));
            }
            Staged::Taken(draft, _) | Staged::Sealed(draft, _) if fallen => {
                discard(&draft, &mut self.owner);
                draft.overtaken();
            }
            Staged::Taken(mut draft, Ok(())) => {
                self.upload(&mut draft);
                self.writes.draft = Some(draft);
            }
            Staged::Sealed(draft, Ok(sealed)) => self.commit(*draft, sealed),
        }
    }

    /// Sends chunks ahead of the slot that will name them.
    fn upload(&mut self, draft: &mut Draft) {
        for part in std::mem::take(&mut draft.parts) {
            let home = self.owner.place.name.clone();
            let Turn { inc, epoch, .. } = draft.turn;
            let ulid = self.grounds.dice.draw();
            let file = FileName { home, inc, epoch, ulid, kind: FileKind::Chunk };
            self.owner_mail.hold(file.clone(), chunk::encode(&file, &part));
            draft.chunks.push(file.clone());
            self.writes.uploading.insert(ulid, file.clone());
            if let Some((_, tenure)) = self.owner.tenure() {
                tenure.upload(file, &mut self.owner_out);
            }
        }
    }

    /// That chunk is there.
    pub(super) fn uploaded(&mut self, ulid: u128) {
        if let Some(file) = self.writes.uploading.remove(&ulid) {
            self.owner_mail.release(&file);
        }
    }

    fn seal(&mut self) -> Result<()> {
        let Some(mut draft) = self.writes.draft.take() else { return Ok(()) };
        let at = self.at();
        if draft.is_small() {
            let sealed = draft.seal(at);
            self.staged(Staged::Sealed(draft, sealed));
            return Ok(());
        }
        self.writes.away = true;
        self.work.spawn(async move {
            let (draft, sealed) = blocking(move || {
                let sealed = draft.seal(at);
                (draft, sealed)
            })
            .await;
            Done::Staged(Box::new(Staged::Sealed(draft, sealed)))
        });
        Ok(())
    }

    fn commit(&mut self, draft: Draft, sealed: Sealed) {
        let Draft { turn, begun, mut told, receipts, chunks, .. } = draft;
        if crate::mutant!("a batch is acknowledged in halves") {
            told.pop().into_iter().for_each(Told::tell);
        }
        let Sealed { part, bytes, landed } = sealed;
        let since = self.grounds.clock.now();
        // Whoever comes now waits for another slot than these.
        let told = told.into_iter().map(Told::left).collect();
        let sent = Sent { told, inc: turn.inc, landed: landed.clone(), bytes, begun, since };
        let batch = part.map_or_else(Batch::default, Batch::of);
        let body = Body { batch, receipts, chunks };
        let ticket = self.next_ticket();
        let dice = &mut self.grounds.dice;
        let Some((place, tenure)) = self.owner.tenure() else { return sent.refuse(not_committed) };
        let now = Turn { inc: tenure.inc(), epoch: tenure.epoch(), seq: tenure.next() };
        let fits = now == turn || crate::mutant!("a draft outlives the slot below it");
        let begun = fits && tenure.commit(place, ticket, body, dice, &mut self.owner_out).is_ok();
        if !begun {
            return sent.refuse(not_committed);
        }
        self.writes.sent = Some(landed);
        self.writes.gate.sent(sent.told.len());
        self.ticket(Waiting::Batch(sent));
    }

    /// Asks whether this is still the owner. Whoever waits is told by what follows.
    fn prove(&mut self) {
        let asked = |waiting: &Waiting| matches!(waiting, Waiting::Same(told) if told.is_empty());
        if self.waiting.values().any(asked) {
            return;
        }
        if self.proof().is_some() {
            self.ticket(Waiting::Same(Vec::new()));
        }
    }

    /// Asks for a proof, for who waits under the next ticket. None: there is no tenure that could give
    /// one.
    fn proof(&mut self) -> Option<()> {
        let ticket = self.next_ticket();
        let dice = &mut self.grounds.dice;
        let (place, tenure) = self.owner.tenure()?;
        tenure.no_effect(place, ticket, None, dice, &mut self.owner_out).ok()
    }

    /// A file that the owner's head names is not there. It is lost, if a proof that begins now shows that
    /// this is the owner, and the head names it still; else the name was taken over or deleted, and another
    /// collects what it left.
    pub(super) fn doubt(&mut self, file: &FileName) {
        if self.doubted.is_some() {
            return;
        }
        if self.proof().is_some() {
            let ticket = self.ticket(Waiting::Same(Vec::new()));
            crate::reach!("an owner misses a file, and asks whether it still is the owner");
            self.doubted = Some((ticket, file.clone()));
        }
    }

    /// Nothing changes: it is told when it is proven that what was seen is the latest.
    fn same(&mut self) -> Result<()> {
        let Some(draft) = self.writes.draft.take() else { return Ok(()) };
        if crate::mutant!("an answer without effect waits for no proof") {
            draft.unchanged().into_iter().for_each(Told::tell);
            return Ok(());
        }
        match self.proof() {
            Some(()) => {
                self.ticket(Waiting::Same(draft.unchanged()));
            }
            None => draft.overtaken(),
        }
        Ok(())
    }

    /// What became of a slot.
    pub(super) fn settled(&mut self, sent: Sent, answer: &Answer<Stored>) -> Result<()> {
        self.writes.sent = None;
        match answer {
            Answer::Committed { .. } => {
                let known = self.known.as_mut();
                let grown = known.map_or(Ok(()), |known| known.grow(sent.inc, &sent.landed));
                let took = self.grounds.clock.now().saturating_sub(sent.since);
                self.grounds.tally.committed(sent.told.len(), sent.bytes, took);
                self.writes.gate.committed(sent.told.len(), sent.begun);
                // It is committed, whatever comes of it here.
                sent.told.into_iter().for_each(Told::tell);
                return grown;
            }
            Answer::NotCommitted { .. } => sent.refuse(not_committed),
            _ => sent.refuse(unknown),
        }
        Ok(())
    }

    fn at(&self) -> Duration {
        self.grounds.clock.wall().duration_since(UNIX_EPOCH).unwrap_or_default()
    }
}

impl Queued {
    /// Whether it is evaluated in no time where there is nothing yet: a filter finds nothing there.
    fn is_small(&self) -> bool {
        let finds = self.write.delete_by_filter.is_some() || self.write.patch_by_filter.is_some();
        self.share.bytes() <= if finds { FINDING_BYTES_MAX } else { INLINE_BYTES_MAX }
    }

    /// Where there is nothing: none, if it was refused.
    fn tried(self) -> Option<Self> {
        match tried(&self.write) {
            Ok(()) => Some(Self { fits: true, ..self }),
            Err(error) => {
                let _ = self.reply.send(Err(error));
                None
            }
        }
    }
}

fn tried(write: &Write) -> Result<()> {
    Stage::over(Ground::nothing()).take(write).map(drop)
}

/// No slot will name the chunks of that draft.
fn discard(draft: &Draft, owner: &mut Owner<Stored>) {
    if let Some((_, tenure)) = owner.tenure() {
        draft.chunks.iter().for_each(|chunk| tenure.discard(chunk));
    }
}

fn another() -> Error {
    let message = "this idempotency key was used for another request: draw a new one";
    Error::invalid(message).with_source(WriteFault::KeyOfAnother)
}
