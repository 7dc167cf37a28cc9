//! The world after a step, and what must hold of it.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use elacsym::protocol::{Head, Lane, Life, Reply, Request, State};

use super::model::{Model, NAMES, index};
use super::oracle::{follows, sound, truth};
use super::scope::Scope;
use super::step::{How, Step, Who};
use super::store::writes;
use super::world::{Sent, World, Writer};

/// A history that breaks a promise, in words.
pub(super) type Violation = String;

impl Scope {
    /// The world after a step. None: it cannot happen.
    pub(super) fn after(&self, world: &World, step: Step) -> Result<Option<World>, Violation> {
        let mut next = world.clone();
        let happened = catch_unwind(AssertUnwindSafe(|| self.happen(&mut next, step)));
        // An assertion of the core that fails is a promise that breaks.
        if !happened.unwrap_or_else(|panic| Err(assertion(panic.as_ref())))? {
            return Ok(None);
        }
        next.ground(self.rules);
        next.settle_ends();
        next.forget(self);
        Ok(Some(next))
    }

    /// What must hold of every world.
    pub(super) fn check(&self, world: &World) -> Result<(), Violation> {
        for which in 0..NAMES {
            if world.store.heads[which].is_some() {
                let truth = truth(&world.store, which);
                world.ledgers[which].check(truth.as_ref())?;
                sound(&world.store, which)?;
                if let Some(view) = world.remotes[which].reader.at_hand() {
                    world.ledgers[which].eventual(&view, &world.store, truth.as_ref())?;
                }
            }
        }
        self.alive(world)
    }

    /// Whoever waits has something to wait for.
    fn alive(&self, world: &World) -> Result<(), Violation> {
        for writer in &world.writers {
            if writer.waits_in_vain() {
                return Err(format!("STUCK: w{} waits for nothing", writer.who));
            }
        }
        for remote in &world.remotes {
            let waits = remote.asked.iter().any(Option::is_some);
            if waits && remote.sent.is_empty() && remote.get.is_none() {
                return Err("STUCK: a reader waits for nothing".into());
            }
        }
        if world.branch.as_ref().is_some_and(|branch| branch.sent.is_empty()) {
            return Err("STUCK: a brancher waits for nothing".into());
        }
        if world.mender.as_ref().is_some_and(|mending| mending.sent.is_empty()) {
            return Err("STUCK: the walk waits for nothing".into());
        }
        if world.sweeper.as_ref().is_some_and(|sweeper| sweeper.busy() && sweeper.sent.is_empty()) {
            return Err("STUCK: a collector waits for nothing".into());
        }
        Ok(())
    }

    fn happen(&self, world: &mut World, step: Step) -> Result<bool, Violation> {
        match step {
            Step::Deliver { who, at, how } => self.deliver(world, who, usize::from(at), how),
            Step::Land(at) => {
                let request = world.flying.change(|flying| flying.remove(usize::from(at)));
                self.send(world, &request, How::Told)?;
                Ok(true)
            }
            Step::Ask(_)
            | Step::Fetch { .. }
            | Step::Receive(_)
            | Step::Arrive { .. }
            | Step::Expire(_) => self.remote(world, step),
            Step::Collect { name, slot, late } => self.collect(world, name, slot, late),
            Step::Mend(at) => {
                self.mend(world, usize::from(at));
                Ok(true)
            }
            Step::Watch(w) => self.watch(world, w),
            Step::HalfHour => Ok(self.half_hour(world)),
            Step::Sweep => {
                world.sweep();
                Ok(true)
            }
            Step::Branch(from) => {
                self.branch(world, from);
                Ok(true)
            }
            Step::CrashBrancher => {
                world.branch.change(|branch| *branch = None);
                Ok(true)
            }
            step => self.writer_step(world, step),
        }
    }

    fn deliver(&self, world: &mut World, who: Who, at: usize, how: How) -> Result<bool, Violation> {
        let Some(sent) = world.sent_by(who) else { return Ok(false) };
        let Sent { lane, request, got } = sent[at].clone();
        if how == How::Slow {
            let Who::Writer(w) = who else { return Ok(false) };
            let reply = world.store.read(&request);
            world.writers[usize::from(w)].change(|writer| writer.sent[at].got = Some(reply));
            return Ok(true);
        }
        let reply = match got {
            Some(reply) => reply,
            None => match self.send(world, &request, how)? {
                Some(reply) => reply,
                None => return Ok(false),
            },
        };
        match who {
            Who::Brancher => self.branch_hears(world, at, lane, reply),
            Who::Mender => {
                self.mender_hears(world, at, reply);
                Ok(true)
            }
            Who::Sweeper => {
                self.sweeper_hears(world, at, lane, reply);
                Ok(true)
            }
            Who::Writer(w) => {
                let heard = self.writer_hears(world, w, at, lane, reply)?;
                // The copy may land at any time, so nothing is lost by reading back at once.
                if how == How::Late && !self.may.everything {
                    self.read_at_once(world, w, lane)?;
                }
                Ok(heard)
            }
        }
    }

    /// What a branch holds belongs to its life from the swap that commits it, whoever knows of it.
    fn begets(&self, world: &mut World, which: usize, head: &Head<Model>) {
        if head.parent.is_none() || head.life != Life::Active {
            return;
        }
        let ops = truth(&world.store, which).map_or(0, |ops| ops.mask());
        let unknown = |op: &usize| ops & 1 << op != 0 && world.ledgers[which].lives[*op].is_none();
        let unknown: Vec<usize> = (0..6).filter(unknown).collect();
        if !unknown.is_empty() {
            world.ledgers[which].change(|ledger| {
                unknown.into_iter().for_each(|op| ledger.lives[op] = Some((head.inc, 0)));
            });
        }
    }

    /// What becomes of a request, and what its sender hears. None: this cannot happen to it.
    pub(super) fn send(
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
            How::Told | How::Lost | How::Slow | How::Twice => {}
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
        if let (Request::SwapHead { name, head, .. }, Reply::Swapped(_)) = (request, &reply) {
            self.begets(world, index(name), head);
        }
        Ok(match (how, reply) {
            // A lost answer to something that did not happen is `Vain`.
            (How::Lost | How::Twice, Reply::Refused) => None,
            (How::Lost, _) => Some(Reply::Doubt),
            (_, reply) => Some(reply),
        })
    }
}

impl World {
    /// The requests that somebody has on their way.
    pub(super) fn sent_by(&self, who: Who) -> Option<&[Sent]> {
        match who {
            Who::Writer(w) => Some(&self.writers[usize::from(w)].sent),
            Who::Brancher => self.branch.as_ref().map(|branch| &branch.sent[..]),
            Who::Sweeper => self.sweeper.as_ref().map(|sweeper| &sweeper.sent[..]),
            Who::Mender => self.mender.as_ref().map(|mending| &mending.sent[..]),
        }
    }
}

impl Writer {
    fn waits_in_vain(&self) -> bool {
        let on = |lanes: &[Lane]| self.sent.iter().any(|sent| lanes.contains(&sent.lane));
        match &self.owner.state {
            State::Closed { .. } => self.open != 0,
            State::Claiming(_) => self.sent.is_empty(),
            State::Owning(tenure) => {
                let probed = self.sent.iter().any(|sent| matches!(sent.lane, Lane::Probe(_)));
                let proof = probed || on(&[Lane::Slot, Lane::Verdict]);
                let asked = self.asked.iter().any(Option::is_some);
                !tenure.settled() && self.sent.is_empty() || asked && !proof
            }
        }
    }
}

fn assertion(panic: &(dyn Any + Send)) -> Violation {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("without a word");
    format!("ASSERTION: {}", text.lines().next().unwrap_or_default())
}
