//! What nodes do that own nothing: strong reads of a name.

use elacsym::model::Seq;
use elacsym::protocol::{Answer, Lane, Outbox, Reply, Request};

use super::model::{Model, ops_of};
use super::next::Violation;
use super::oracle::{Ledger, truth};
use super::scope::Scope;
use super::step::{How, Step};
use super::world::{HeadGet, Question, Remote, Sent, World, count_quarters, quarters};

/// A reply that reaches a reader.
struct Arrival {
    lane: Lane,
    reply: Reply<Model>,
    /// When it was asked for, by the reader's clock, and what the store dates it.
    sent: u8,
    dated: u8,
}

impl Scope {
    pub(super) fn remote(&self, world: &mut World, step: Step) -> Result<bool, Violation> {
        let (r, arrival) = match step {
            Step::Ask(r) => {
                if !self.ask(world, usize::from(r)) {
                    return Ok(false);
                }
                (r, None)
            }
            Step::Expire(r) => {
                world.remotes[usize::from(r)].change(expire);
                return Ok(true);
            }
            Step::Fetch { reader: r, at } => {
                let (which, at) = (usize::from(r), usize::from(at));
                let request = world.remotes[which].sent[at].request.clone();
                let Some(reply) = self.send(world, &request, How::Told)? else { return Ok(false) };
                let fetched = world.remotes[which].change(|remote| self.fetched(remote, at, reply));
                let Some(arrival) = fetched else { return Ok(true) };
                (r, Some(arrival))
            }
            Step::Arrive { reader: r, at } => {
                let remote = &mut world.remotes[usize::from(r)];
                let Sent { lane, got, .. } =
                    remote.change(|remote| remote.sent.remove(usize::from(at)));
                let (Some(reply), now) = (got, remote.quarter) else { return Ok(false) };
                (r, Some(Arrival { lane, reply, sent: now, dated: now }))
            }
            Step::Receive(r) => {
                let received = world.remotes[usize::from(r)].change(received);
                let Some(arrival) = received else { return Ok(false) };
                (r, Some(arrival))
            }
            other => unreachable!("{other:?} is no step of a reader"),
        };
        self.go_on(world, usize::from(r), arrival)?;
        Ok(true)
    }

    /// Whether it has room for one more question.
    fn ask(&self, world: &mut World, r: usize) -> bool {
        let free = world.remotes[r].asked.iter().position(Option::is_none);
        let Some(ticket) = free else { return false };
        world.left.reads[r] -= 1;
        let (asked, last) = (world.ledgers[r].ask(), world.ledgers[r].last);
        let min_seq = if ticket == 0 { last } else { Some(Seq(1000)) };
        let min_seq = min_seq.filter(|_| self.may.min_seq);
        world.remotes[r].change(|remote| {
            remote.asked[ticket] = Some(Question { asked, min_seq, last });
            remote.reader.query(ticket as u64, min_seq);
        });
        true
    }

    /// What the store has answered arrives now, or it waits: a head does, to be received.
    fn fetched(&self, remote: &mut Remote, at: usize, reply: Reply<Model>) -> Option<Arrival> {
        if let Reply::Head(seen) = reply {
            remote.sent.remove(at);
            if let Some(get) = &mut remote.get {
                get.got = Some((seen, remote.quarter));
                // By the store's dates, a head is as old as its answer.
                get.young |= self.may.stalled;
            }
            return None;
        }
        if self.may.ahead {
            remote.sent[at].got = Some(reply);
            return None;
        }
        let (Sent { lane, .. }, now) = (remote.sent.remove(at), remote.quarter);
        Some(Arrival { lane, reply, sent: now, dated: now })
    }

    /// It hears what arrived, answers what it can, and asks what it must.
    fn go_on(
        &self,
        world: &mut World,
        r: usize,
        arrival: Option<Arrival>,
    ) -> Result<(), Violation> {
        let mut out = Outbox::default();
        world.remotes[r].change(|remote| {
            if let Some(Arrival { lane, reply, sent, dated }) = arrival {
                let heard = self.heard(sent, dated, remote.quarter);
                remote.reader.hear(lane, reply, heard, &mut out);
            }
        });
        for answer in std::mem::take(&mut out.answers) {
            self.remote_answered(world, r, answer)?;
        }
        world.remotes[r].change(|remote| {
            remote.reader.begin(self.heard(0, 0, remote.quarter).received, &mut out);
            for sent in Sent::all(out.requests) {
                if matches!(sent.request, Request::ReadHead { .. }) {
                    let sent = remote.quarter;
                    remote.get = Some(HeadGet { sent, young: true, got: None });
                }
                remote.sent.push(sent);
            }
            if !self.may.stalled {
                count_anew(remote);
            }
        });
        Ok(())
    }

    fn remote_answered(
        &self,
        world: &mut World,
        r: usize,
        answer: Answer<Model>,
    ) -> Result<(), Violation> {
        let truth = truth(&world.store, r);
        let Some(question) = world.remotes[r].asked[answer.ticket() as usize] else {
            return Err(format!("TWICE: a reader answers again: {answer:?}"));
        };
        let ticket = match answer {
            Answer::Read { ticket, view } => {
                let chunks = view.batches.iter().filter_map(|slot| slot.body());
                let chunks = chunks.flat_map(|body| &body.chunks);
                let mut named = view.seen.head.files.iter().chain(chunks);
                if let Some(file) = named.find(|file| !world.store.files.contains(file)) {
                    let (mut out, file) = (Outbox::default(), file.clone());
                    let dead = world.store.is_dead(r, view.seen.head.inc);
                    if world.remotes[r].young && !dead {
                        return Err("GRACE: a file that a young head leads to is gone".into());
                    }
                    world.remotes[r].change(|remote| {
                        let now = self.heard(0, 0, remote.quarter).received;
                        remote.reader.missing(ticket, question.min_seq, file, now, &mut out);
                    });
                    return match out.answers.is_empty() {
                        true => Ok(()),
                        false => Err("CORRUPT: a file is missing under a head read anew".into()),
                    };
                }
                Ledger::reaches(question, &view)?;
                let (asked, ops) = (question.asked, ops_of(&view));
                world.ledgers[r].change(|ledger| ledger.answer(asked, &ops, truth.as_ref()))?;
                ticket
            }
            Answer::Absent { ticket } => {
                world.ledgers[r].absent(question.asked)?;
                ticket
            }
            Answer::Beyond { ticket, end } => {
                Ledger::beyond(question, end)?;
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
}

/// A quarter of an hour goes by.
fn expire(remote: &mut Remote) {
    remote.quarter += 1;
    remote.young = false;
    if let Some(get) = &mut remote.get {
        get.young = false;
    }
}

/// The head that was fetched; none, if there is none.
fn received(remote: &mut Remote) -> Option<Arrival> {
    let HeadGet { sent, young, got } = remote.get.take()?;
    let (seen, dated) = got?;
    remote.young = young;
    Some(Arrival { lane: Lane::Probe(0), reply: Reply::Head(seen), sent, dated })
}

/// The clock begins again with the head at hand: earlier times are forgotten.
fn count_anew(remote: &mut Remote) {
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
}
