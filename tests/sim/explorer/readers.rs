//! What nodes do that own nothing: strong reads of a name.

use elacsym::model::Seq;
use elacsym::protocol::{Answer, Lane, Outbox, Reply, Request};

use super::model::{Model, ops_of};
use super::next::Violation;
use super::oracle::{Ledger, truth};
use super::scope::Scope;
use super::step::{How, Step};
use super::world::{HeadGet, Question, Sent, World, count_quarters, quarters};

impl Scope {
    pub(super) fn remote(&self, world: &mut World, step: Step) -> Result<bool, Violation> {
        let mut out = Outbox::default();
        let (r, heard) = match step {
            Step::Ask(r) => {
                let which = usize::from(r);
                let free = world.remotes[which].asked.iter().position(Option::is_none);
                let Some(ticket) = free else { return Ok(false) };
                world.left.reads[which] -= 1;
                let (asked, last) = (world.ledgers[which].ask(), world.ledgers[which].last);
                let min_seq = if ticket == 0 { last } else { Some(Seq(1000)) };
                let min_seq = min_seq.filter(|_| self.may.min_seq);
                world.remotes[which].change(|remote| {
                    remote.asked[ticket] = Some(Question { asked, min_seq, last });
                    remote.reader.query(ticket as u64, min_seq);
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
                let Sent { lane, request, .. } = remote.sent[usize::from(at)].clone();
                let Some(reply) = self.send(world, &request, How::Told)? else { return Ok(false) };
                let remote = &mut world.remotes[usize::from(r)];
                if let Reply::Head(seen) = reply {
                    remote.change(|remote| {
                        remote.sent.remove(usize::from(at));
                        if let Some(get) = &mut remote.get {
                            get.got = Some((seen, remote.quarter));
                            // By the store's dates, a head is as old as its answer.
                            get.young |= self.may.stalled;
                        }
                    });
                    return Ok(true);
                }
                if self.may.ahead {
                    remote.change(|remote| remote.sent[usize::from(at)].got = Some(reply));
                    return Ok(true);
                }
                remote.change(|remote| remote.sent.remove(usize::from(at)));
                let now = remote.quarter;
                (r, Some((lane, reply, now, now)))
            }
            Step::Arrive { reader: r, at } => {
                let remote = &mut world.remotes[usize::from(r)];
                let sent = remote.change(|remote| remote.sent.remove(usize::from(at)));
                let Some(reply) = sent.got else { return Ok(false) };
                (r, Some((sent.lane, reply, remote.quarter, remote.quarter)))
            }
            Step::Receive(r) => {
                let remote = &mut world.remotes[usize::from(r)];
                let get = remote.change(|remote| remote.get.take());
                let Some(HeadGet { sent, young, got: Some((seen, dated)) }) = get else {
                    return Ok(false);
                };
                remote.change(|remote| remote.young = young);
                (r, Some((Lane::Probe(0), Reply::Head(seen), sent, dated)))
            }
            other => unreachable!("{other:?} is no step of a reader"),
        };
        let remote = &mut world.remotes[usize::from(r)];
        remote.change(|remote| {
            if let Some((lane, reply, sent, dated)) = heard {
                let heard = self.heard(sent, dated, remote.quarter);
                remote.reader.hear(lane, reply, heard, &mut out);
            }
        });
        for answer in std::mem::take(&mut out.answers) {
            self.remote_answered(world, usize::from(r), answer)?;
        }
        world.remotes[usize::from(r)].change(|remote| {
            remote.reader.begin(self.heard(0, 0, remote.quarter).received, &mut out);
            for sent in Sent::all(out.requests) {
                if matches!(sent.request, Request::ReadHead { .. }) {
                    let sent = remote.quarter;
                    remote.get = Some(HeadGet { sent, young: true, got: None });
                }
                remote.sent.push(sent);
            }
            if self.may.stalled {
                return;
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
