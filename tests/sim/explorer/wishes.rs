//! What is asked of writers: to open, to write, to read, to fold, to let go.

use std::sync::Arc;

use elacsym::model::{FileKind, FileName, Seq};
use elacsym::protocol::{
    Body, Busy, Files, FoldWork, Intent, Lane, Leave, Recall, Receipt, Request, State,
};

use super::model::{Model, Ops, rows_of};
use super::next::Violation;
use super::scope::Scope;
use super::step::{How, Step};
use super::world::{Question, Work, World};
use super::writers::{END, OWNER_READ, PLAIN_SKIP, SKIP, SKIPPED, question};

impl Scope {
    pub(super) fn writer_step(&self, world: &mut World, step: Step) -> Result<bool, Violation> {
        match step {
            Step::Open(w) => self.open(world, w, Intent::Write),
            Step::Tend(w) => self.open(world, w, Intent::Tend),
            Step::Commit(w) => self.commit(world, w, None),
            Step::CommitChunk(w) => {
                let chunk = world.writers[usize::from(w)].chunk_name();
                self.commit(world, w, chunk)
            }
            Step::Upload(w) => self.write(world, w, |writer, _, out| {
                writer.chunk = writer.chunk_name();
                let file = writer.chunk.clone().ok_or(Busy)?;
                let (_, tenure) = writer.owner.tenure().ok_or(Busy)?;
                tenure.upload(file, out);
                Ok(None)
            }),
            Step::Retry { writer: w, op } => self.retry(world, w, op),
            Step::KeyedSkip(w) => self.keyed_skip(world, w),
            Step::Skip(w) | Step::OwnerRead(w) => self.question(world, w, step),
            Step::Fold(w) => self.fold(world, w),
            Step::Publish { writer: w, fold, release } => {
                self.write(world, w, |writer, dice, out| {
                    let (work, file) = writer.folding.remove(usize::from(fold));
                    let then = if release { Leave::Release } else { Leave::Stay };
                    let (place, tenure) = writer.owner.tenure().ok_or(Busy)?;
                    match &work {
                        Work::Fold(work) => {
                            let files = self.fold_of(work, file);
                            tenure.publish(place, work, files, then, dice, out)
                        }
                        Work::Merge(work) => {
                            let head = &work.seen.head;
                            let (base, keys) = (head.base, head.keys.clone());
                            let files =
                                Files { base, add: vec![file], drop: head.files.clone(), keys };
                            tenure.replace(place, work, files, then, dice, out)
                        }
                    }
                    .map(|()| None)
                })
            }
            Step::Merge(w) => self.merge(world, w),
            Step::Release(w) => self.write(world, w, |writer, dice, out| {
                let (place, tenure) = writer.owner.tenure().ok_or(Busy)?;
                tenure.release(place, dice, out).map(|()| None)
            }),
            Step::Close(w) => self.close(world, w),
            Step::Forget(w) => {
                world.writers[usize::from(w)].change(|writer| {
                    writer.owner.forget();
                    writer.life += 1;
                });
                Ok(true)
            }
            Step::End(w) => self.end(world, w),
            Step::Crash(w) => {
                self.crash(world, w);
                Ok(true)
            }
            Step::CrashFlying { writer: w, at } => {
                world.left.delays -= 1;
                let sent = world.writers[usize::from(w)].sent[usize::from(at)].clone();
                world.fly(sent.request);
                self.crash(world, w);
                Ok(true)
            }
            other => unreachable!("{other:?} is no step of a writer"),
        }
    }

    fn open(&self, world: &mut World, w: u8, intent: Intent) -> Result<bool, Violation> {
        let State::Closed { remembered } = &world.writers[usize::from(w)].owner.state else {
            return Ok(false);
        };
        world.left.claims -= u8::from(remembered.is_none());
        let opened = self.write(world, w, |writer, _, out| {
            writer.owner.open(intent, out);
            Ok(None)
        })?;
        // To decide to open and to look at the head later is to decide later.
        if !self.may.everything {
            self.read_at_once(world, w, Lane::Head)?;
        }
        Ok(opened)
    }

    fn close(&self, world: &mut World, w: u8) -> Result<bool, Violation> {
        let mut in_doubt = false;
        let closed = self.write(world, w, |writer, _, _| {
            in_doubt = !writer.sent.is_empty();
            if !writer.folding.is_empty() || !writer.owner.close() {
                return Err(Busy);
            }
            writer.owner.renumber();
            Ok(None)
        })?;
        if closed && in_doubt {
            self.begin_anew(world, w);
        }
        Ok(closed)
    }

    /// The next operation arrives, and goes into a slot.
    fn commit(&self, world: &mut World, w: u8, chunk: Option<FileName>) -> Result<bool, Violation> {
        let op = self.start_op(world, w);
        let receipts = self.may.keys.then(|| receipt(op)).into_iter().collect();
        let body = Body { batch: Ops::one(op), receipts, chunks: chunk.into_iter().collect() };
        self.append(world, w, op, body)
    }

    fn append(
        &self,
        world: &mut World,
        w: u8,
        op: u8,
        body: Body<Model>,
    ) -> Result<bool, Violation> {
        self.write(world, w, |writer, dice, out| {
            let (place, tenure) = writer.owner.tenure().ok_or(Busy)?;
            tenure.commit(place, op.into(), body, dice, out)?;
            writer.open |= 1 << op;
            Ok(None)
        })
    }

    /// The next operation arrives with a key, and turns out to change nothing.
    fn keyed_skip(&self, world: &mut World, w: u8) -> Result<bool, Violation> {
        world.left.skips -= 1;
        let op = self.start_op(world, w);
        self.write(world, w, |writer, dice, out| {
            let (place, tenure) = writer.owner.tenure().ok_or(Busy)?;
            let ticket = SKIP + u64::from(op);
            let key = Some(Receipt { outcome: SKIPPED, ..receipt(op) });
            tenure.no_effect(place, ticket, key, dice, out)?;
            writer.open |= 1 << ticket;
            Ok(None)
        })
    }

    /// A strong read, or a request that changes nothing: both must have seen the latest.
    fn question(&self, world: &mut World, w: u8, step: Step) -> Result<bool, Violation> {
        let skips = matches!(step, Step::Skip(_));
        let count = if skips { &mut world.left.skips } else { &mut world.left.owner_reads };
        *count -= 1;
        let more = *count > 0;
        let ledger = &world.ledgers[usize::from(self.names[usize::from(w)])];
        let (asked, last) = (ledger.ask(), ledger.last);
        // The last one asks for what was acknowledged last, those before it for what never is.
        let min_seq = if more { Some(Seq(1000)) } else { last };
        let min_seq = min_seq.filter(|_| self.may.min_seq && !skips);
        self.write(world, w, |writer, dice, out| {
            let saw = writer.saw();
            let (place, tenure) = writer.owner.tenure().ok_or(Busy)?;
            let ticket = if skips { PLAIN_SKIP } else { OWNER_READ };
            if skips {
                tenure.no_effect(place, ticket, None, dice, out)?;
            } else {
                tenure.read(place, ticket, min_seq, out)?;
                tenure.probe(place, out);
            }
            writer.open |= 1 << ticket;
            writer.asked[question(ticket)] = Some((Question { asked, min_seq, last }, saw));
            Ok(None)
        })
    }

    fn end(&self, world: &mut World, w: u8) -> Result<bool, Violation> {
        world.left.ends -= 1;
        let birth = self.birth(world, w);
        let which = usize::from(self.names[usize::from(w)]);
        world.ledgers[which].change(|ledger| ledger.ending.extend(birth));
        self.write(world, w, |writer, dice, out| {
            let (place, tenure) = writer.owner.tenure().ok_or(Busy)?;
            tenure.end(place, END, dice, out)?;
            writer.open |= 1 << END;
            Ok(None)
        })
    }

    /// The number of an operation that arrives now.
    fn start_op(&self, world: &mut World, w: u8) -> u8 {
        let op = self.left.ops - world.left.ops;
        let birth = self.birth(world, w);
        world.left.ops -= 1;
        world.ledgers[usize::from(self.names[usize::from(w)])].change(|ledger| {
            ledger.before[usize::from(op)] = ledger.acked;
            ledger.lives[usize::from(op)] = birth;
        });
        op
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
                let birth = self.birth(world, w);
                world.ledgers[which].change(|ledger| {
                    ledger.failed &= !(1 << op);
                    ledger.retried |= 1 << op;
                    ledger.lives[usize::from(op)] = birth;
                });
                let body =
                    Body { batch: Ops::one(op), receipts: vec![receipt(op)], chunks: vec![] };
                self.append(world, w, op, body)
            }
        }
    }

    fn fold(&self, world: &mut World, w: u8) -> Result<bool, Violation> {
        let writer = world.writers[usize::from(w)].clone();
        let Some(tenure) = writer.tenure() else { return Ok(false) };
        let Some(work) = tenure.fold() else { return Ok(false) };
        let tail = work.batches.iter().filter_map(|slot| slot.body());
        let holds = tail.fold(0, |mask, body| mask | body.batch.mask());
        let file = writer.file(FileKind::Rows, tenure.next().0, holds);
        if self.may.files && !work.batches.is_empty() {
            self.send(world, &Request::PutFile { file: file.clone() }, How::Told)?;
        }
        if self.may.keys && !work.receipts.is_empty() {
            let keys = FileName { kind: FileKind::Keys, ..file.clone() };
            let table = Arc::new(work.receipts.clone());
            self.send(world, &Request::PutFile { file: keys.clone() }, How::Told)?;
            world.store.change(|store| {
                store.tables.push((keys, table));
                store.tables.sort_by(|a, b| a.0.cmp(&b.0));
            });
        }
        if !self.may.files {
            let files = self.fold_of(&work, file);
            return self.write(world, w, |writer, dice, out| {
                let (place, tenure) = writer.owner.tenure().ok_or(Busy)?;
                tenure.publish(place, &work, files, Leave::Stay, dice, out).map(|()| None)
            });
        }
        world.writers[usize::from(w)]
            .change(|writer| writer.folding.push((Work::Fold(work), file)));
        Ok(true)
    }

    fn fold_of(&self, work: &FoldWork<Model>, file: FileName) -> Files<Model> {
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
        let work = writer.tenure().and_then(|tenure| tenure.merge());
        let Some(work) = work else { return Ok(false) };
        world.left.merges -= 1;
        let holds = work.seen.head.files.iter().fold(0, |mask, file| mask | rows_of(file));
        let file = writer.file(FileKind::Rows, 100 + work.seen.head.version.0, holds);
        self.send(world, &Request::PutFile { file: file.clone() }, How::Told)?;
        world.writers[usize::from(w)].change(|writer| {
            writer.folding.push((Work::Merge(work), file));
        });
        Ok(true)
    }
}

fn receipt(op: u8) -> Receipt<Model> {
    Receipt { key: op.into(), fingerprint: op.into(), outcome: op }
}
