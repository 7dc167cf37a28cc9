//! What a brancher does.

use elacsym::model::{FileKind, FileName};
use elacsym::protocol::{Body, BranchFate, Brancher, Head, Lane, Life, Outbox, Reply};

use super::garbage::NOW;
use super::model::{Fixed, Model, Ops, name, ops_of_tail};
use super::next::Violation;
use super::oracle::truth;
use super::scope::Scope;
use super::step::How;
use super::store::writes;
use super::world::{Branching, Sent, World};

impl Scope {
    /// A branch of a name into the one after it.
    pub(super) fn branch(&self, world: &mut World, from: u8) {
        world.left.branches -= 1;
        let mut out = Outbox::default();
        let brancher = Brancher::start(self.place(2, 0, from + 1), name(from), &mut out);
        let asked = world.ledgers[usize::from(from)].ask();
        let (sent, life) = (Sent::all(out.requests).collect(), world.left.branches);
        world.branch.change(|b| *b = Some(Branching { brancher, sent, asked, from, life }));
    }

    /// Markers are there as soon as they are put, where they are not what a scope is about.
    fn branch_is_marked(&self, world: &mut World) -> Result<bool, Violation> {
        let Some(branch) = &*world.branch else { return Ok(true) };
        let Some(at) = branch.sent.iter().position(|sent| sent.lane == Lane::Marker) else {
            return Ok(true);
        };
        if self.may.markers {
            return Ok(true);
        }
        let request = branch.sent[at].request.clone();
        let reply = self.send(world, &request, How::Told)?.ok_or("a marker has no reply")?;
        self.branch_hears(world, at, Lane::Marker, reply)
    }

    pub(super) fn branch_hears(
        &self,
        world: &mut World,
        at: usize,
        lane: Lane,
        reply: Reply<Model>,
    ) -> Result<bool, Violation> {
        let Some(Branching { from, life, .. }) = *world.branch else { return Ok(false) };
        let (source, target) = (usize::from(from), usize::from(from) + 1);
        let mut out = Outbox::default();
        let mut dice = Fixed { who: 2, life, name: from + 1 };
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
                let file =
                    FileName { home: name(from + 1), inc, epoch, ulid, kind: FileKind::Chunk };
                let chunks: Vec<FileName> = self.may.chunks.then_some(file).into_iter().collect();
                let body = Body { batch, receipts: vec![], chunks: chunks.clone() };
                if branch.brancher.compose(body, &mut dice, &mut out).is_err()
                    && !branch.sent.iter().any(|sent| matches!(sent.lane, Lane::Chunk(_)))
                {
                    chunks.into_iter().for_each(|chunk| branch.brancher.upload(chunk, &mut out));
                }
            }
            branch.sent.extend(Sent::all(out.requests));
        });
        let Some((fate, asked)) = over else { return self.branch_is_marked(world) };
        if fate == BranchFate::Corrupt {
            return Err("CORRUPT: a branch gave up".into());
        }
        let lingers = |head: &Head<Model>| Some(head.inc) == inc && head.life == Life::Branching;
        let head = world.store.heads[target].as_deref();
        if head.is_some_and(lingers) {
            return Err(format!("a branch that was reported as {fate:?} still takes its name"));
        }
        let here = head.is_some_and(|head| Some(head.inc) == inc);
        let there = here && truth(&world.store, target).is_some();
        if there && !matches!(fate, BranchFate::Done | BranchFate::Unknown) {
            return Err(format!("a branch that was reported as {fate:?} is there"));
        }
        if fate == BranchFate::Done {
            let dying = world.ledgers[source].dying();
            let ops = truth(&world.store, target);
            let got = ops.as_ref().map_or(0, Ops::mask) | asked.must() & !dying;
            world.ledgers[target].change(|ledger| {
                ledger.acked |= asked.must() & !dying;
                for op in (0..6).filter(|op| got & 1 << op != 0) {
                    ledger.lives[op] = inc.map(|inc| (inc, 0));
                }
            });
        }
        let sent = world.branch.change(|branch| branch.take()).map(|branch| branch.sent);
        for sent in sent.into_iter().flatten().filter(|sent| writes(&sent.request)) {
            world.fly(sent.request);
        }
        Ok(true)
    }
}
