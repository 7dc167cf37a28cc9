//! What can happen next in a world, and the world after it.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use elacsym::model::{FileKind, FileName};
use elacsym::protocol::{
    Answer, Body, BranchFate, Brancher, Busy, Collector, Files, Heard, Inside, Intent, Lane, Leave,
    Life, Mender, News, Outbox, Owner, Recall, Receipt, Refused, Reply, Request, State, Tenure,
    Watch,
};

use super::model::{Fixed, Model, Ops, home, index, name, ops_of, ops_of_tail};
use super::oracle::{follows, sound, truth};
use super::step::{How, Item, Step, Who};
use super::store::writes;
use super::world::{
    Branching, HeadGet, Scope, World, Writer, count_quarters, quarters, there_stays,
};

/// Tickets of what is not an operation: those have their own number.
const SKIP: u64 = 16;
const OWNER_READ: u64 = 32;
const PLAIN_SKIP: u64 = 33;
const END: u64 = 48;
/// The stored result of a request that had no effect.
const SKIPPED: u8 = 100;

/// A history that breaks a promise, in words.
pub(super) type Violation = String;

const NOW: Heard = Heard {
    sent: elacsym::env::BootTime(elacsym::protocol::GRACE),
    received: elacsym::env::BootTime(elacsym::protocol::GRACE),
};

impl Scope {
    /// All that can happen. A step that turns out to be impossible has no next world.
    pub(super) fn steps(&self, world: &World, steps: &mut Vec<Step>) {
        steps.clear();
        for (writer, part) in (0..).zip(&world.writers) {
            self.steps_of_writer(world, writer, part, steps);
        }
        if let Some(branch) = &*world.branch {
            self.deliveries(Who::Brancher, &branch.sent, world.left.delays, steps);
            if self.may.crash {
                steps.push(Step::CrashBrancher);
            }
        } else if world.left.branches > 0 && world.store.heads[0].is_some() {
            steps.push(Step::Branch);
        }
        steps.extend((0..world.flying.len() as u8).map(Step::Land));
        for (reader, part) in (0..).zip(&world.remotes) {
            if world.left.reads[usize::from(reader)] > 0 {
                steps.push(Step::Ask(reader));
            }
            steps.extend((0..part.sent.len() as u8).map(|at| Step::Fetch { reader, at }));
            if part.get.as_ref().is_some_and(|get| get.got.is_some()) {
                steps.push(Step::Receive(reader));
            }
            if part.young || part.get.as_ref().is_some_and(|get| get.young) {
                steps.push(Step::Expire(reader));
            }
        }
        if self.may.collect {
            self.collections(world, steps);
        }
        if world.left.menders > 0 {
            steps.extend((0..world.store.markers.len() as u8).map(Step::Mend));
        }
    }

    fn steps_of_writer(&self, world: &World, w: u8, part: &Writer, steps: &mut Vec<Step>) {
        let left = &world.left;
        self.deliveries(Who::Writer(w), &part.sent, left.delays, steps);
        match &part.owner.state {
            State::Closed { remembered } => {
                // The writers are alike: the first claim is the first one's, whoever it was.
                let first = left.claims == self.left.claims && w == 1;
                let twins = self.names[0] == self.names[1];
                let lives = |head: &elacsym::protocol::Head<Model>| head.life == Life::Active;
                let early = !world.store.heads[1].as_deref().is_some_and(lives);
                let waits = (first && twins) || (self.may.heir && w == 1 && early);
                if (left.claims > 0 || remembered.is_some()) && !waits {
                    steps.push(Step::Open(w));
                }
                if remembered.is_some() && self.may.forget {
                    steps.push(Step::Forget(w));
                }
                return;
            }
            State::Claiming(_) => {}
            State::Owning(tenure) => {
                if tenure.may_commit() {
                    let ledger = &world.ledgers[usize::from(self.names[usize::from(w)])];
                    let crowded =
                        self.may.one_op_a_life && ledger.lives.contains(&part.owner.inc());
                    if left.ops > 0 && !crowded {
                        steps.push(Step::Commit(w));
                    }
                    if left.retries > 0 && self.may.keys {
                        let started = self.left.ops - left.ops;
                        steps.extend((0..started).map(|op| Step::Retry { writer: w, op }));
                    }
                    if left.skips > 0 && self.may.keys && left.ops > 0 {
                        steps.push(Step::KeyedSkip(w));
                    }
                    if left.ends > 0 {
                        steps.push(Step::End(w));
                    }
                    if self.may.chunks && left.ops > 0 && !crowded {
                        steps.push(Step::CommitChunk(w));
                        if part.chunk.is_none() {
                            steps.push(Step::Upload(w));
                        }
                    }
                }
                if left.skips > 0 && part.asked.is_none() && !self.may.keys {
                    steps.push(Step::Skip(w));
                }
                if left.owner_reads > 0 && part.asked.is_none() {
                    steps.push(Step::OwnerRead(w));
                }
                match (&part.folding, tenure.fold().is_some()) {
                    (Some(_), _) => {
                        steps.push(Step::Publish { writer: w, release: false });
                        if self.may.release {
                            steps.push(Step::Publish { writer: w, release: true });
                        }
                    }
                    (None, true) => steps.push(Step::Fold(w)),
                    (None, false) => {}
                }
                if left.merges > 0 && part.folding.is_none() {
                    steps.push(Step::Merge(w));
                }
                if self.may.release {
                    steps.push(Step::Release(w));
                }
                if self.may.close {
                    steps.push(Step::Close(w));
                }
            }
        }
        if self.may.crash {
            steps.push(Step::Crash(w));
            if left.delays > 0 {
                let flies = |at: &usize| writes(&part.sent[*at].1);
                let all = (0..part.sent.len()).filter(flies);
                steps.extend(all.map(|at| Step::CrashFlying { writer: w, at: at as u8 }));
            }
        }
    }

    fn deliveries(
        &self,
        who: Who,
        sent: &[(Lane, Request<Model>)],
        delays: u8,
        steps: &mut Vec<Step>,
    ) {
        for (at, (_, request)) in sent.iter().enumerate() {
            let at = at as u8;
            let conditional =
                matches!(request, Request::SwapHead { .. } | Request::CreateSlot { .. });
            for how in How::ALL {
                let can = match how {
                    How::Told => true,
                    // A failure without effect is settled by reading back. If nothing has changed
                    // there, the same request goes out again: nothing happened. If something has,
                    // the request itself would have been refused, and led to the same reading.
                    How::Vain => self.may.everything && writes(request),
                    How::Conflict => self.may.everything && conditional,
                    How::Lost => writes(request),
                    How::Late | How::Twice => delays > 0 && writes(request),
                };
                if can {
                    steps.push(Step::Deliver { who, at, how });
                }
            }
        }
    }

    fn collections(&self, world: &World, steps: &mut Vec<Step>) {
        for which in 0..2_u8 {
            let Some(head) = &world.store.heads[usize::from(which)] else { continue };
            let late = world.left.delays > 0;
            let mut push = |slot: Item| {
                steps.push(Step::Collect { name: which, slot, late: false });
                if late && matches!(slot, Item::Slot(_)) {
                    steps.push(Step::Collect { name: which, slot, late: true });
                }
            };
            let may_go = |slot: &elacsym::protocol::Slot<Model>| {
                let dead = slot.inc != head.inc || head.life != Life::Active;
                let stays = there_stays(slot, self.rules);
                home(slot.inc) == usize::from(which) && !stays && (dead || slot.seq <= head.floor)
            };
            let mut swept = None;
            for (at, slot) in (0..).zip(&world.store.slots) {
                // A sweep goes from the lowest slot up, and waits for each.
                if may_go(slot) && (self.may.everything || swept != Some(slot.inc)) {
                    push(Item::Slot(at));
                    swept = Some(slot.inc);
                }
            }
            for (at, file) in (0..).zip(&world.store.files) {
                if index(&file.home) == usize::from(which) {
                    push(Item::File(at));
                }
            }
            let mentions =
                !(head.retired.is_empty() && head.pins.is_empty() && head.dead.is_empty());
            if mentions || head.parent.is_some() && head.life == Life::Active {
                push(Item::Mentions);
            }
            if head.life == Life::Branching {
                push(Item::Abandon);
            }
        }
    }

    /// The world after a step. None: it cannot happen.
    pub(super) fn after(&self, world: &World, step: Step) -> Result<Option<World>, Violation> {
        let mut next = world.clone();
        let happened = catch_unwind(AssertUnwindSafe(|| self.happen(&mut next, step)));
        // An assertion of the core that fails is a promise that breaks.
        if !happened.unwrap_or_else(|panic| Err(assertion(panic.as_ref())))? {
            return Ok(None);
        }
        next.ground(self.rules);
        next.forget(self);
        Ok(Some(next))
    }

    /// What must hold of every world.
    pub(super) fn check(&self, world: &World) -> Result<(), Violation> {
        for which in 0..2 {
            if world.store.heads[which].is_some() {
                world.ledgers[which].check(truth(&world.store, which).as_ref())?;
                sound(&world.store, which)?;
            }
        }
        Ok(())
    }

    fn happen(&self, world: &mut World, step: Step) -> Result<bool, Violation> {
        match step {
            Step::Deliver { who: Who::Writer(w), at, how } => {
                let (lane, request) = world.writers[usize::from(w)].sent[usize::from(at)].clone();
                let Some(reply) = self.send(world, &request, how)? else { return Ok(false) };
                let heard = self.write(world, w, |writer, dice, out| {
                    writer.sent.remove(usize::from(at));
                    Ok(writer.owner.hear(writer.owner.generation(), lane, reply, dice, out))
                })?;
                // The copy may land at any time, so nothing is lost by reading back at once.
                if how == How::Late && !self.may.everything {
                    self.read_at_once(world, w, lane)?;
                }
                Ok(heard)
            }
            Step::Deliver { who: Who::Brancher, at, how } => {
                let Some(branch) = &*world.branch else { return Ok(false) };
                let (lane, request) = branch.sent[usize::from(at)].clone();
                let Some(reply) = self.send(world, &request, how)? else { return Ok(false) };
                self.branch_hears(world, usize::from(at), lane, reply)
            }
            Step::Land(at) => {
                let request = world.flying.change(|flying| flying.remove(usize::from(at)));
                self.send(world, &request, How::Told)?;
                Ok(true)
            }
            Step::Ask(_) | Step::Fetch { .. } | Step::Receive(_) | Step::Expire(_) => {
                self.remote(world, step)
            }
            Step::Collect { name, slot, late } => self.collect(world, name, slot, late),
            Step::Mend(at) => self.mend(world, usize::from(at)),
            Step::Branch => {
                world.left.branches -= 1;
                let mut out = Outbox::default();
                let brancher = Brancher::start(self.place(2, 0, 1), name(0), &mut out);
                let asked = world.ledgers[0].ask();
                let sent = out.requests;
                world.branch.change(|b| *b = Some(Branching { brancher, sent, asked }));
                Ok(true)
            }
            Step::CrashBrancher => {
                world.branch.change(|branch| *branch = None);
                Ok(true)
            }
            step => self.writer_step(world, step),
        }
    }

    /// What becomes of a request, and what its sender hears. None: this cannot happen to it.
    fn send(
        &self,
        world: &mut World,
        request: &Request<Model>,
        how: How,
    ) -> Result<Option<Reply<Model>>, Violation> {
        if matches!(how, How::Late | How::Twice) {
            world.left.delays -= 1;
            world.fly(request.clone());
        }
        match how {
            How::Vain | How::Late => return Ok(Some(Reply::Doubt)),
            How::Conflict => return Ok(Some(Reply::Refused)),
            How::Told | How::Lost | How::Twice => {}
        }
        if !writes(request) {
            return Ok(Some(world.store.read(request)));
        }
        if let Request::SwapHead { name, was, head } = request {
            let now = world.store.heads[index(name)].as_deref();
            if now.map(|head| head.put) == *was {
                follows(now, head)?;
            }
        }
        let reply = world.store.change(|store| store.write(request));
        Ok(match (how, reply) {
            // A lost answer to something that did not happen is `Vain`.
            (How::Lost | How::Twice, Reply::Refused) => None,
            (How::Lost, _) => Some(Reply::Doubt),
            (_, reply) => Some(reply),
        })
    }

    // -- writers -----------------------------------------------------------------------------

    /// Lets a writer do something, and takes in what it sends and answers.
    fn write(
        &self,
        world: &mut World,
        w: u8,
        act: impl FnOnce(&mut Writer, &mut Fixed, &mut Outbox<Model>) -> Result<Option<News>, Busy>,
    ) -> Result<bool, Violation> {
        let mut out = Outbox::default();
        let part = &mut world.writers[usize::from(w)];
        let acted = part.change(|writer| {
            let mut dice = Fixed { who: w, life: writer.life, name: self.names[usize::from(w)] };
            let acted = act(writer, &mut dice, &mut out);
            writer.sent.append(&mut out.requests);
            acted
        });
        let Ok(news) = acted else { return Ok(false) };
        for answer in out.answers {
            self.answered(world, w, answer)?;
        }
        match news {
            None | Some(News::Owned) => return self.mark_at_once(world, w),
            Some(News::Refused(Refused::Corrupt)) => return Err("CORRUPT: a claim gave up".into()),
            Some(News::Refused(_) | News::Left(_)) => self.begin_anew(world, w),
        }
        Ok(true)
    }

    /// Markers are there as soon as they are put, where they are not what a scope is about.
    fn mark_at_once(&self, world: &mut World, w: u8) -> Result<bool, Violation> {
        let sent = &world.writers[usize::from(w)].sent;
        let Some(at) = sent.iter().position(|(lane, _)| *lane == Lane::Marker) else {
            return Ok(true);
        };
        if self.may.markers {
            return Ok(true);
        }
        let request = sent[at].1.clone();
        let reply = self.send(world, &request, How::Told)?.ok_or("a marker has no reply")?;
        self.write(world, w, |writer, dice, out| {
            writer.sent.remove(at);
            Ok(writer.owner.hear(writer.owner.generation(), Lane::Marker, reply, dice, out))
        })
    }

    /// Delivers the reply to a read that was just sent.
    fn read_at_once(&self, world: &mut World, w: u8, lane: Lane) -> Result<(), Violation> {
        let sent = &world.writers[usize::from(w)].sent;
        let read = |(known, request): &(Lane, Request<Model>)| *known == lane && !writes(request);
        let Some(at) = sent.iter().position(read) else { return Ok(()) };
        let reply = world.store.read(&sent[at].1);
        self.write(world, w, |writer, dice, out| {
            writer.sent.remove(at);
            Ok(writer.owner.hear(writer.owner.generation(), lane, reply, dice, out))
        })?;
        Ok(())
    }

    /// A writer that owns nothing any more. What it sent may still happen.
    fn begin_anew(&self, world: &mut World, w: u8) {
        let sent = world.writers[usize::from(w)].change(|writer| {
            writer.life += 1;
            writer.folding = None;
            writer.asked = None;
            writer.chunk = None;
            std::mem::take(&mut writer.sent)
        });
        for (_, request) in sent.into_iter().filter(|(_, request)| writes(request)) {
            world.fly(request);
        }
    }

    fn answered(&self, world: &mut World, w: u8, answer: Answer<Model>) -> Result<(), Violation> {
        let which = usize::from(self.names[usize::from(w)]);
        let truth = truth(&world.store, which);
        let asked = world.writers[usize::from(w)].asked;
        let inc = world.writers[usize::from(w)].owner.inc();
        let ledger = &mut world.ledgers[which];
        let mut over = false;
        match answer {
            Answer::Committed { ticket, .. } if ticket >= SKIP => {
                ledger.change(|ledger| ledger.skipped |= 1 << (ticket - SKIP));
            }
            Answer::Committed { ticket, .. } => {
                ledger.change(|ledger| ledger.acked |= 1 << ticket);
            }
            Answer::NotCommitted { ticket: END } => {
                ledger.change(|ledger| ledger.ending.pop());
            }
            Answer::NotCommitted { ticket } if ticket < SKIP => {
                ledger.change(|ledger| ledger.failed |= 1 << ticket & !ledger.retried);
            }
            Answer::NotCommitted { .. } | Answer::Unknown { .. } | Answer::Stored { .. } => {}
            Answer::NoEffect { ticket } => {
                if let Some((asked, saw)) = asked.filter(|_| ticket == PLAIN_SKIP) {
                    ledger.change(|ledger| ledger.answer(asked, &saw, truth.as_ref()))?;
                    over = true;
                } else {
                    ledger.change(|ledger| ledger.skipped |= 1 << (ticket - SKIP));
                }
            }
            Answer::Read { view, .. } => {
                if let Some((asked, _)) = asked {
                    let ops = ops_of(&view);
                    ledger.change(|ledger| ledger.answer(asked, &ops, truth.as_ref()))?;
                    over = true;
                }
            }
            Answer::Absent { .. } => {
                if let Some((asked, _)) = asked {
                    ledger.absent(asked)?;
                    over = true;
                }
            }
            Answer::AskAgain { .. } => over = true,
            Answer::Ended { .. } => ledger.change(|ledger| ledger.ended.extend(inc)),
            Answer::Beyond { .. } | Answer::Corrupt { .. } => {
                return Err(format!("CORRUPT: an owner answers {answer:?}"));
            }
        }
        if over {
            world.writers[usize::from(w)].change(|writer| writer.asked = None);
        }
        Ok(())
    }

    fn writer_step(&self, world: &mut World, step: Step) -> Result<bool, Violation> {
        let started = self.left.ops - world.left.ops;
        match step {
            Step::Open(w) => {
                let State::Closed { remembered } = &world.writers[usize::from(w)].owner.state
                else {
                    return Ok(false);
                };
                world.left.claims -= u8::from(remembered.is_none());
                let opened = self.write(world, w, |writer, _, out| {
                    writer.owner.open(Intent::Write, out);
                    Ok(None)
                })?;
                // To decide to open and to look at the head later is to decide later.
                if !self.may.everything {
                    self.read_at_once(world, w, Lane::Head)?;
                }
                Ok(opened)
            }
            Step::Commit(w) | Step::CommitChunk(w) => {
                let chunked = matches!(step, Step::CommitChunk(_));
                self.start_op(world, w, started);
                let key = self.may.keys.then(|| receipt(started));
                self.write(world, w, |writer, dice, out| {
                    let chunk = if chunked { writer.chunk_name() } else { None };
                    let (place, tenure) = writer.owner.tenure().ok_or(Busy)?;
                    let batch = Ops::one(started);
                    let receipts = key.into_iter().collect();
                    let body = Body { batch, receipts, chunks: chunk.into_iter().collect() };
                    tenure.commit(place, u64::from(started), body, dice, out).map(|()| None)
                })
            }
            Step::Upload(w) => self.write(world, w, |writer, _, out| {
                writer.chunk = writer.chunk_name();
                let file = writer.chunk.clone().ok_or(Busy)?;
                let (_, tenure) = writer.owner.tenure().ok_or(Busy)?;
                tenure.upload(file, out);
                Ok(None)
            }),
            Step::Retry { writer: w, op } => self.retry(world, w, op),
            Step::KeyedSkip(w) => {
                world.left.skips -= 1;
                self.start_op(world, w, started);
                self.write(world, w, |writer, dice, out| {
                    let (place, tenure) = writer.owner.tenure().ok_or(Busy)?;
                    let ticket = SKIP + u64::from(started);
                    let key = Some(Receipt { outcome: SKIPPED, ..receipt(started) });
                    tenure.no_effect(place, ticket, key, dice, out).map(|()| None)
                })
            }
            Step::Skip(w) | Step::OwnerRead(w) => {
                let skips = matches!(step, Step::Skip(_));
                let count = if skips { &mut world.left.skips } else { &mut world.left.owner_reads };
                *count -= 1;
                let asked = world.ledgers[usize::from(self.names[usize::from(w)])].ask();
                self.write(world, w, |writer, dice, out| {
                    let saw = writer.saw();
                    let (place, tenure) = writer.owner.tenure().ok_or(Busy)?;
                    if skips {
                        tenure.no_effect(place, PLAIN_SKIP, None, dice, out)?;
                    } else {
                        tenure.read(place, OWNER_READ, out)?;
                    }
                    writer.asked = Some((asked, saw));
                    Ok(None)
                })
            }
            Step::Fold(w) => self.fold(world, w),
            Step::Publish { writer: w, release } => self.write(world, w, |writer, dice, out| {
                let (work, file) = writer.folding.take().ok_or(Busy)?;
                let files = self.files_of(&work, file);
                let then = if release { Leave::Release } else { Leave::Stay };
                let (place, tenure) = writer.owner.tenure().ok_or(Busy)?;
                tenure.publish(place, &work, files, then, dice, out).map(|()| None)
            }),
            Step::Merge(w) => self.merge(world, w),
            Step::Release(w) => self.write(world, w, |writer, dice, out| {
                let (place, tenure) = writer.owner.tenure().ok_or(Busy)?;
                let head = tenure.seen().head.clone();
                let files =
                    Files { base: head.base, add: vec![], drop: vec![], keys: head.keys.clone() };
                tenure.replace(place, files, Leave::Release, dice, out).map(|()| None)
            }),
            Step::Close(w) => {
                let mut in_doubt = false;
                let closed = self.write(world, w, |writer, _, _| {
                    in_doubt = !writer.sent.is_empty();
                    if writer.folding.is_some() || writer.asked.is_some() || !writer.owner.close() {
                        return Err(Busy);
                    }
                    Ok(None)
                })?;
                if closed && in_doubt {
                    self.begin_anew(world, w);
                }
                Ok(closed)
            }
            Step::Forget(w) => {
                world.writers[usize::from(w)].change(|writer| writer.owner.forget());
                Ok(true)
            }
            Step::End(w) => {
                world.left.ends -= 1;
                let inc = world.writers[usize::from(w)].owner.inc();
                let which = usize::from(self.names[usize::from(w)]);
                world.ledgers[which].change(|ledger| ledger.ending.extend(inc));
                self.write(world, w, |writer, dice, out| {
                    let (place, tenure) = writer.owner.tenure().ok_or(Busy)?;
                    tenure.end(place, END, dice, out).map(|()| None)
                })
            }
            Step::Crash(w) => {
                self.crash(world, w);
                Ok(true)
            }
            Step::CrashFlying { writer: w, at } => {
                world.left.delays -= 1;
                let request = world.writers[usize::from(w)].sent[usize::from(at)].1.clone();
                world.fly(request);
                self.crash(world, w);
                Ok(true)
            }
            other => unreachable!("{other:?} is no step of a writer"),
        }
    }

    fn crash(&self, world: &mut World, w: u8) {
        let which = self.names[usize::from(w)];
        world.writers[usize::from(w)].change(|writer| {
            writer.sent.clear();
            writer.process += 1;
            writer.owner = Owner::closed(self.place(w, writer.process, which));
        });
        self.begin_anew(world, w);
    }

    fn start_op(&self, world: &mut World, w: u8, op: u8) {
        let inc = world.writers[usize::from(w)].owner.inc();
        world.left.ops -= 1;
        world.ledgers[usize::from(self.names[usize::from(w)])].change(|ledger| {
            ledger.before[usize::from(op)] = ledger.acked;
            ledger.lives[usize::from(op)] = inc;
        });
    }

    /// A client sends a request again, with the same key.
    fn retry(&self, world: &mut World, w: u8, op: u8) -> Result<bool, Violation> {
        let which = usize::from(self.names[usize::from(w)]);
        let writer = world.writers[usize::from(w)].clone();
        let Some(tenure) = writer.tenure() else { return Ok(false) };
        world.left.retries -= 1;
        match tenure.recall(op.into(), op.into()) {
            Recall::Stored(outcome) => {
                world.ledgers[which].change(|ledger| match outcome {
                    SKIPPED => ledger.skipped |= 1 << op,
                    _ => ledger.acked |= 1 << op,
                });
                Ok(true)
            }
            Recall::Pending | Recall::Another => Ok(false),
            // In another life it would be another request.
            Recall::Fresh if world.ledgers[which].dying() & 1 << op != 0 => Ok(false),
            Recall::Fresh => {
                let inc = world.writers[usize::from(w)].owner.inc();
                world.ledgers[which].change(|ledger| {
                    ledger.failed &= !(1 << op);
                    ledger.retried |= 1 << op;
                    ledger.lives[usize::from(op)] = inc;
                });
                self.write(world, w, |writer, dice, out| {
                    let (place, tenure) = writer.owner.tenure().ok_or(Busy)?;
                    let body =
                        Body { batch: Ops::one(op), receipts: vec![receipt(op)], chunks: vec![] };
                    tenure.commit(place, op.into(), body, dice, out).map(|()| None)
                })
            }
        }
    }

    fn fold(&self, world: &mut World, w: u8) -> Result<bool, Violation> {
        let writer = world.writers[usize::from(w)].clone();
        let Some(tenure) = writer.tenure() else { return Ok(false) };
        let Some(work) = tenure.fold() else { return Ok(false) };
        let file = world.writers[usize::from(w)].file(FileKind::Rows, tenure.next().0);
        if self.may.files && !work.batches.is_empty() {
            self.send(world, &Request::PutFile { file: file.clone() }, How::Told)?;
        }
        if self.may.keys && !work.receipts.is_empty() {
            let keys = FileName { kind: FileKind::Keys, ..file.clone() };
            let table = std::sync::Arc::new(work.receipts.clone());
            world.store.change(|store| {
                store.tables.push((keys, table));
                store.tables.sort_by(|a, b| a.0.cmp(&b.0));
            });
        }
        if !self.may.files {
            let files = self.files_of(&work, file);
            return self.write(world, w, |writer, dice, out| {
                let (place, tenure) = writer.owner.tenure().ok_or(Busy)?;
                tenure.publish(place, &work, files, Leave::Stay, dice, out).map(|()| None)
            });
        }
        world.writers[usize::from(w)].change(|writer| writer.folding = Some((work, file)));
        Ok(true)
    }

    fn files_of(&self, work: &elacsym::protocol::FoldWork<Model>, file: FileName) -> Files<Model> {
        let mut base = work.seen.head.base;
        for slot in &work.batches {
            base.extend(&slot.body().expect("a batch").batch);
        }
        let keys = FileName { kind: FileKind::Keys, ..file.clone() };
        let keyed = self.may.keys && !work.receipts.is_empty();
        let add = self.may.files && !work.batches.is_empty();
        Files {
            base,
            add: add.then_some(file).into_iter().collect(),
            drop: vec![],
            keys: keyed.then_some(keys),
        }
    }

    /// All files into one.
    fn merge(&self, world: &mut World, w: u8) -> Result<bool, Violation> {
        let writer = world.writers[usize::from(w)].clone();
        let Some(tenure) = writer.tenure() else { return Ok(false) };
        let head = tenure.seen().head.clone();
        if head.files.is_empty() || tenure.fold().is_none() && !tenure.settled() {
            return Ok(false);
        }
        world.left.merges -= 1;
        let file = world.writers[usize::from(w)].file(FileKind::Rows, 100 + head.version.0);
        self.send(world, &Request::PutFile { file: file.clone() }, How::Told)?;
        let keys = head.keys.clone();
        let files = Files { base: head.base, add: vec![file], drop: head.files.clone(), keys };
        self.write(world, w, |writer, dice, out| {
            let (place, tenure) = writer.owner.tenure().ok_or(Busy)?;
            tenure.replace(place, files, Leave::Stay, dice, out).map(|()| None)
        })
    }

    // -- readers -----------------------------------------------------------------------------

    fn remote(&self, world: &mut World, step: Step) -> Result<bool, Violation> {
        let mut out = Outbox::default();
        let (r, heard) = match step {
            Step::Ask(r) => {
                let which = usize::from(r);
                let free = world.remotes[which].asked.iter().position(Option::is_none);
                let Some(ticket) = free else { return Ok(false) };
                world.left.reads[which] -= 1;
                let asked = world.ledgers[which].ask();
                world.remotes[which].change(|remote| {
                    remote.asked[ticket] = Some(asked);
                    remote.reader.query(ticket as u64, None);
                });
                (r, None)
            }
            Step::Expire(r) => {
                world.remotes[usize::from(r)].change(|remote| {
                    remote.quarter += 1;
                    remote.young = false;
                    if let Some(get) = &mut remote.get {
                        get.young = false;
                    }
                });
                return Ok(true);
            }
            Step::Fetch { reader: r, at } => {
                let remote = &world.remotes[usize::from(r)];
                let (lane, request) = remote.sent[usize::from(at)].clone();
                let Some(reply) = self.send(world, &request, How::Told)? else { return Ok(false) };
                let remote = &mut world.remotes[usize::from(r)];
                if let Reply::Head(seen) = reply {
                    remote.change(|remote| {
                        remote.sent.remove(usize::from(at));
                        if let Some(get) = &mut remote.get {
                            get.got = Some(seen);
                        }
                    });
                    return Ok(true);
                }
                remote.change(|remote| remote.sent.remove(usize::from(at)));
                (r, Some((lane, reply, remote.quarter)))
            }
            Step::Receive(r) => {
                let remote = &mut world.remotes[usize::from(r)];
                let get = remote.change(|remote| remote.get.take());
                let Some(HeadGet { sent, young, got: Some(seen) }) = get else { return Ok(false) };
                remote.change(|remote| remote.young = young);
                (r, Some((Lane::Probe, Reply::Head(seen), sent)))
            }
            other => unreachable!("{other:?} is no step of a reader"),
        };
        let remote = &mut world.remotes[usize::from(r)];
        remote.change(|remote| {
            let now = quarters(remote.quarter);
            if let Some((lane, reply, sent)) = heard {
                let heard = Heard { sent: quarters(sent), received: now };
                remote.reader.hear(lane, reply, heard, &mut out);
            }
        });
        for answer in std::mem::take(&mut out.answers) {
            self.remote_answered(world, usize::from(r), answer)?;
        }
        world.remotes[usize::from(r)].change(|remote| {
            remote.reader.begin(quarters(remote.quarter), &mut out);
            for (lane, request) in out.requests {
                if matches!(request, Request::ReadHead { .. }) {
                    let sent = remote.quarter;
                    remote.get = Some(HeadGet { sent, young: true, got: None });
                }
                remote.sent.push((lane, request));
            }
            // The clock begins again with the head at hand: earlier times are forgotten.
            let asking = remote.get.as_ref().map_or(remote.quarter, |get| get.sent);
            let origin =
                remote.reader.head().map_or(asking, |(_, sent)| count_quarters(sent.0).min(asking));
            remote.quarter -= origin;
            remote.reader.shift(quarters(origin).0);
            if remote.reader.head().is_none() {
                remote.young = false;
            }
            if let Some(get) = &mut remote.get {
                get.sent -= origin;
            }
        });
        Ok(true)
    }

    fn remote_answered(
        &self,
        world: &mut World,
        r: usize,
        answer: Answer<Model>,
    ) -> Result<(), Violation> {
        let truth = truth(&world.store, r);
        let asked = |ticket: u64| world.remotes[r].asked[ticket as usize].expect("a question");
        let ticket = match answer {
            Answer::Read { ticket, view } => {
                let chunks = view.batches.iter().filter_map(|slot| slot.body());
                let chunks = chunks.flat_map(|body| &body.chunks);
                let mut named = view.seen.head.files.iter().chain(chunks);
                if let Some(file) = named.find(|file| !world.store.files.contains(file)) {
                    let (mut out, file) = (Outbox::default(), file.clone());
                    world.remotes[r].change(|remote| {
                        let now = quarters(remote.quarter);
                        remote.reader.missing(ticket, None, file, now, &mut out);
                    });
                    return match out.answers.is_empty() {
                        true => Ok(()),
                        false => Err("CORRUPT: a file is missing under a head read anew".into()),
                    };
                }
                let asked = asked(ticket);
                let ops = ops_of(&view);
                world.ledgers[r].change(|ledger| ledger.answer(asked, &ops, truth.as_ref()))?;
                ticket
            }
            Answer::Absent { ticket } => {
                world.ledgers[r].absent(asked(ticket))?;
                ticket
            }
            other => return Err(format!("CORRUPT: a reader answers {other:?}")),
        };
        world.remotes[r].change(|remote| {
            remote.reader.done(ticket);
            remote.asked[ticket as usize] = None;
        });
        Ok(())
    }

    // -- garbage, markers, branches ------------------------------------------------------------

    /// A collector whose watch is as ripe as the readers allow looks at one item. Its reads come
    /// first and together: what they say stays true. Its one write is the step.
    fn collect(
        &self,
        world: &mut World,
        which: u8,
        item: Item,
        late: bool,
    ) -> Result<bool, Violation> {
        let Some(seen) = world.watched(usize::from(which), self.rules) else { return Ok(false) };
        let head = world.store.heads[usize::from(which)].clone().ok_or("no head")?;
        let mut listing = elacsym::protocol::Listing::default();
        let inc = match item {
            Item::Slot(at) => {
                let slot = &world.store.slots[usize::from(at)];
                listing.slots.push(slot.seq);
                slot.inc
            }
            Item::File(at) => {
                let file = &world.store.files[usize::from(at)];
                listing.files.push(file.clone());
                file.inc
            }
            Item::Mentions => {
                let dead = head.dead.first().map(|life| life.inc);
                let own = matches!(head.life, Life::Active).then_some(head.inc);
                listing.files.extend(world.store.files.iter().cloned());
                own.or(dead).unwrap_or(head.inc)
            }
            Item::Abandon => head.inc,
        };
        let watch = Watch::of(&seen, inc, elacsym::env::BootTime::default());
        let mut collector = Collector::<Model>::watching(self.place(3, 0, which), watch);
        let inside = Inside { in_flight: None, abandoned: item == Item::Abandon };
        let mut dice = Fixed { who: 3, life: 0, name: which };
        let mut out = Outbox::default();
        collector.look(&mut out);
        let listing = std::sync::Arc::new(listing);
        while let Some((lane, request)) = out.requests.pop() {
            if writes(&request) {
                let drops = matches!(request, Request::DropSlot { .. } | Request::DropFile { .. });
                if drops && matches!(item, Item::Mentions | Item::Abandon) {
                    return Ok(false);
                }
                if late {
                    world.left.delays -= 1;
                    world.fly(request);
                    return Ok(true);
                }
                self.send(world, &request, How::Told)?;
                return Ok(true);
            }
            let reply = match request {
                Request::List { .. } => Reply::Listing(listing.clone()),
                request => self.send(world, &request, How::Told)?.ok_or("a read has no reply")?,
            };
            collector.hear(lane, reply, NOW, &inside, &mut dice, &mut out);
        }
        Ok(false)
    }

    fn mend(&self, world: &mut World, at: usize) -> Result<bool, Violation> {
        let marker = world.store.markers[at].clone();
        let which = index(&marker.name) as u8;
        let mut dice = Fixed { who: 3, life: 1, name: which };
        let mut out = Outbox::default();
        let mut mender = Mender::<Model>::start(self.place(3, 0, which), marker, &mut out);
        let mut wrote = false;
        while let Some((_, request)) = out.requests.pop() {
            wrote |= writes(&request);
            let reply = self.send(world, &request, How::Told)?.ok_or("a request has no reply")?;
            mender.hear(reply, &mut dice, &mut out);
        }
        world.left.menders -= 1;
        Ok(wrote)
    }

    fn branch_hears(
        &self,
        world: &mut World,
        at: usize,
        lane: Lane,
        reply: Reply<Model>,
    ) -> Result<bool, Violation> {
        let mut out = Outbox::default();
        let mut dice = Fixed { who: 2, life: 0, name: 1 };
        let (mut over, mut inc) = (None, None);
        world.branch.change(|branch| {
            let Some(branch) = branch else { return };
            branch.sent.remove(at);
            if let Some(fate) = branch.brancher.hear(lane, reply, NOW, &mut dice, &mut out) {
                over = Some((fate, branch.asked));
                inc = branch.brancher.inc();
            }
            if let Some((view, inc, epoch)) = branch.brancher.to_compose() {
                let batch = ops_of_tail(view);
                let ulid = 1 << 32;
                let file = FileName { home: name(1), inc, epoch, ulid, kind: FileKind::Chunk };
                let chunks: Vec<FileName> = self.may.chunks.then_some(file).into_iter().collect();
                let body = Body { batch, receipts: vec![], chunks: chunks.clone() };
                if branch.brancher.compose(body, &mut dice, &mut out).is_err()
                    && !branch.sent.iter().any(|(lane, _)| matches!(lane, Lane::Chunk(_)))
                {
                    chunks.into_iter().for_each(|chunk| branch.brancher.upload(chunk, &mut out));
                }
            }
            branch.sent.append(&mut out.requests);
        });
        let Some((fate, asked)) = over else { return Ok(true) };
        if fate == BranchFate::Corrupt {
            return Err("CORRUPT: a branch gave up".into());
        }
        let lives = |head: &elacsym::protocol::Head<Model>| {
            Some(head.inc) == inc && head.life == Life::Active
        };
        if fate != BranchFate::Done && world.store.heads[1].as_deref().is_some_and(lives) {
            return Err(format!("a branch that was reported as {fate:?} is there"));
        }
        if fate == BranchFate::Done {
            let dying = world.ledgers[0].dying();
            let ops = truth(&world.store, 1);
            let got = ops.as_ref().map_or(0, Ops::mask) | asked.must() & !dying;
            world.ledgers[1].change(|ledger| {
                ledger.acked |= asked.must() & !dying;
                for op in (0..6).filter(|op| got & 1 << op != 0) {
                    ledger.lives[op] = inc;
                }
            });
        }
        let sent = world.branch.change(|branch| branch.take()).map(|branch| branch.sent);
        for (_, request) in sent.into_iter().flatten().filter(|(_, request)| writes(request)) {
            world.fly(request);
        }
        Ok(true)
    }
}

impl Writer {
    fn tenure(&self) -> Option<&Tenure<Model>> {
        match &self.owner.state {
            State::Owning(tenure) => Some(tenure),
            State::Closed { .. } | State::Claiming(_) => None,
        }
    }

    /// What the owner evaluates a condition over: what is committed, and the batch under way.
    fn saw(&self) -> Ops {
        let Some(tenure) = self.tenure() else { return Ops::default() };
        let mut ops = ops_of(&tenure.view());
        if let Some(body) = tenure.pending().and_then(|slot| slot.body()) {
            ops.extend(&body.batch);
        }
        ops
    }

    fn file(&self, kind: FileKind, number: u64) -> FileName {
        let tenure = self.tenure().expect("only owners make files");
        let home = self.owner.place.name.clone();
        let maker = u128::from(self.who) << 24 | u128::from(self.life) << 16;
        let ulid = maker | u128::from(number);
        FileName { home, inc: tenure.inc(), epoch: tenure.epoch(), ulid, kind }
    }

    fn chunk_name(&self) -> Option<FileName> {
        let tenure = self.tenure()?;
        Some(self.file(FileKind::Chunk, tenure.next().0))
    }
}

fn assertion(panic: &(dyn Any + Send)) -> Violation {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("without a word");
    format!("ASSERTION: {}", text.lines().next().unwrap_or_default())
}

fn receipt(op: u8) -> Receipt<Model> {
    Receipt { key: op.into(), fingerprint: op.into(), outcome: op }
}
