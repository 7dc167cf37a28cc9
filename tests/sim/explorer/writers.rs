//! What writers are told, and what they tell: the owners of names, and those who want to be.

use elacsym::model::{FileKind, FileName};
use elacsym::protocol::{
    Answer, Busy, Lane, News, Outbox, Owner, Refused, Reply, Rule, State, Tenure,
};

use super::model::{Fixed, Mask, Model, Ops, ops_of};
use super::next::Violation;
use super::oracle::{Birth, Ledger, truth};
use super::scope::Scope;
use super::step::How;
use super::store::writes;
use super::world::{Sent, World, Writer};

/// Tickets of what is not an operation: those have their own number.
pub(super) const SKIP: u64 = 16;
pub(super) const OWNER_READ: u64 = 32;
pub(super) const PLAIN_SKIP: u64 = 33;

/// Where a writer keeps what it asked by that ticket, if it is a read or a skip.
pub(super) fn question(ticket: u64) -> usize {
    ticket.checked_sub(OWNER_READ).map_or(usize::MAX, |at| at as usize)
}
pub(super) const END: u64 = 48;
/// The stored result of a request that had no effect.
pub(super) const SKIPPED: u8 = 100;

impl Scope {
    /// Lets a writer do something, and takes in what it sends and answers.
    pub(super) fn write(
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
            writer.sent.extend(Sent::all(std::mem::take(&mut out.requests)));
            acted
        });
        let Ok(news) = acted else { return Ok(false) };
        for answer in out.answers {
            self.answered(world, w, answer)?;
        }
        let asked = world.writers[usize::from(w)].open != 0;
        // Without that rule a name is let go in doubt: what comes of the doubt is what matters.
        let asked = asked && self.rules.keep(Rule::ReleaseIsSettled);
        if matches!(news, Some(News::Left(_))) && asked {
            return Err(format!("SILENCE: w{w} steps down and leaves a question open"));
        }
        if news == Some(News::Owned) && !self.rules.keep(Rule::RebirthIsNewIncarnation) {
            let births = world.store.births[usize::from(self.names[usize::from(w)])];
            world.writers[usize::from(w)].change(|writer| writer.births = births);
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
        let Some(at) = sent.iter().position(|sent| sent.lane == Lane::Marker) else {
            return Ok(true);
        };
        if self.may.markers {
            return Ok(true);
        }
        let request = sent[at].request.clone();
        let reply = self.send(world, &request, How::Told)?.ok_or("a marker has no reply")?;
        self.writer_hears(world, w, at, Lane::Marker, reply)
    }

    pub(super) fn writer_hears(
        &self,
        world: &mut World,
        w: u8,
        at: usize,
        lane: Lane,
        reply: Reply<Model>,
    ) -> Result<bool, Violation> {
        self.write(world, w, |writer, dice, out| {
            writer.sent.remove(at);
            Ok(writer.owner.hear(writer.owner.generation(), lane, reply, dice, out))
        })
    }

    /// Delivers the reply to a read that was just sent.
    pub(super) fn read_at_once(
        &self,
        world: &mut World,
        w: u8,
        lane: Lane,
    ) -> Result<(), Violation> {
        let sent = &world.writers[usize::from(w)].sent;
        let read = |sent: &Sent| sent.lane == lane && !writes(&sent.request);
        let Some(at) = sent.iter().position(read) else { return Ok(()) };
        let reply = world.store.read(&sent[at].request);
        self.writer_hears(world, w, at, lane, reply)?;
        Ok(())
    }

    /// A writer that owns nothing any more. What it sent may still happen.
    pub(super) fn begin_anew(&self, world: &mut World, w: u8) {
        let sent = world.writers[usize::from(w)].change(|writer| {
            writer.life += 1;
            // A driver may hold on to what it prepared before it lost the name.
            if !self.may.everything {
                writer.folding.clear();
            }
            writer.open = 0;
            writer.asked = [None; 2];
            writer.chunk = None;
            writer.owner.renumber();
            std::mem::take(&mut writer.sent)
        });
        for sent in sent.into_iter().filter(|sent| writes(&sent.request)) {
            world.fly(sent.request);
        }
    }

    fn answered(&self, world: &mut World, w: u8, answer: Answer<Model>) -> Result<(), Violation> {
        let which = usize::from(self.names[usize::from(w)]);
        let truth = truth(&world.store, which);
        let inc = world.writers[usize::from(w)].owner.inc();
        let (ticket, birth) = (answer.ticket(), self.birth(world, w));
        let questions = &world.writers[usize::from(w)].asked;
        let asked = questions.get(question(ticket)).copied().flatten();
        if world.writers[usize::from(w)].open & 1 << ticket == 0 {
            return Err(format!("TWICE: w{w} answers ticket {ticket} again: {answer:?}"));
        }
        world.writers[usize::from(w)].change(|writer| writer.open &= !(1 << ticket));
        let ledger = &mut world.ledgers[which];
        if let (Answer::Committed { seq, .. }, true) = (&answer, self.may.min_seq) {
            ledger.change(|ledger| ledger.last = ledger.last.max(Some(*seq)));
        }
        let mut over = false;
        match answer {
            Answer::Committed { ticket, .. } if ticket >= SKIP => {
                ledger.change(|ledger| ledger.skipped |= 1 << (ticket - SKIP));
            }
            Answer::Committed { ticket, seq } => {
                ledger.change(|ledger| ledger.acked |= 1 << ticket);
                let kept = self.rules.keep(Rule::AnswerFollowsPut);
                let slot = inc.and_then(|inc| world.store.slot(inc, seq));
                let body = slot.and_then(|slot| slot.body());
                if kept && body.is_some_and(|body| body.batch.mask() & 1 << ticket == 0) {
                    return Err(format!("op{ticket} is said to lie in slot {seq}, and does not"));
                }
            }
            Answer::NotCommitted { ticket } if ticket < SKIP => {
                ledger.change(|ledger| ledger.failed |= 1 << ticket & !ledger.retried);
            }
            Answer::NotCommitted { .. } | Answer::Unknown { .. } | Answer::Stored { .. } => {}
            Answer::NoEffect { ticket } => {
                if let Some((question, saw)) = asked {
                    let asked = question.asked;
                    ledger.change(|ledger| ledger.answer(asked, &saw, truth.as_ref()))?;
                    over = true;
                } else {
                    ledger.change(|ledger| ledger.skipped |= 1 << (ticket - SKIP));
                }
            }
            Answer::Read { view, .. } => {
                if let Some((question, _)) = asked {
                    Ledger::reaches(question, &view)?;
                    let (asked, ops) = (question.asked, ops_of(&view));
                    ledger.change(|ledger| ledger.answer(asked, &ops, truth.as_ref()))?;
                    over = true;
                }
            }
            Answer::Absent { .. } => {
                if let Some((question, _)) = asked {
                    ledger.absent(question.asked)?;
                    over = true;
                }
            }
            Answer::Beyond { end, .. } => {
                if let Some((question, _)) = asked {
                    Ledger::beyond(question, end)?;
                    over = true;
                }
            }
            Answer::AskAgain { .. } => over = true,
            Answer::Ended { .. } => ledger.change(|ledger| ledger.ended.extend(birth)),
            Answer::Corrupt { .. } => {
                return Err(format!("CORRUPT: an owner answers {answer:?}"));
            }
        }
        if over {
            world.writers[usize::from(w)].change(|writer| {
                writer.asked.iter_mut().skip(question(ticket)).take(1).for_each(|one| *one = None);
            });
        }
        Ok(())
    }

    /// The life that a writer owns.
    pub(super) fn birth(&self, world: &World, w: u8) -> Option<Birth> {
        let writer = &world.writers[usize::from(w)];
        writer.owner.inc().map(|inc| (inc, writer.births))
    }

    pub(super) fn crash(&self, world: &mut World, w: u8) {
        let which = self.names[usize::from(w)];
        world.writers[usize::from(w)].change(|writer| {
            writer.sent.clear();
            writer.folding.clear();
            writer.process += u8::from(!self.may.panic);
            writer.owner = Owner::closed(self.place(w, writer.process, which));
        });
        self.begin_anew(world, w);
    }
}

impl Writer {
    pub(super) fn tenure(&self) -> Option<&Tenure<Model>> {
        match &self.owner.state {
            State::Owning(tenure) => Some(tenure),
            State::Closed { .. } | State::Claiming(_) => None,
        }
    }

    /// What the owner evaluates a condition over: what is committed, and the batch under way.
    pub(super) fn saw(&self) -> Ops {
        let Some(tenure) = self.tenure() else { return Ops::default() };
        let mut ops = ops_of(&tenure.view());
        if let Some(body) = tenure.pending().and_then(|slot| slot.body()) {
            ops.extend(&body.batch);
        }
        ops
    }

    pub(super) fn file(&self, kind: FileKind, number: u64, holds: Mask) -> FileName {
        let tenure = self.tenure().expect("only owners make files");
        let home = self.owner.place.name.clone();
        let maker = u128::from(self.who) << 24 | u128::from(self.life) << 16;
        let ulid = u128::from(holds) << 32 | maker | u128::from(number);
        FileName { home, inc: tenure.inc(), epoch: tenure.epoch(), ulid, kind }
    }

    pub(super) fn chunk_name(&self) -> Option<FileName> {
        let tenure = self.tenure()?;
        Some(self.file(FileKind::Chunk, tenure.next().0, 0))
    }
}
