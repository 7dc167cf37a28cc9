//! What can happen next in a world.

use elacsym::protocol::{Entry, Life, MarkerKind, Remembered, Request, State, Tenure};

use super::model::{Model, NAMES, home, index};
use super::scope::Scope;
use super::step::{How, Item, Step, Who};
use super::store::writes;
use super::world::{Sent, World, Writer, there_stays};
use super::writers::{END, OWNER_READ, PLAIN_SKIP, question};

impl Scope {
    /// All that can happen. A step that turns out to be impossible has no next world.
    pub(super) fn steps(&self, world: &World, steps: &mut Vec<Step>) {
        steps.clear();
        for (writer, part) in (0..).zip(&world.writers) {
            self.steps_of_writer(world, writer, part, steps);
        }
        if let Some(branch) = &*world.branch {
            self.deliveries(Who::Brancher, &branch.sent, world.left.delays, steps);
            if self.may.crash && (self.may.everything || world.left.branches > 0) {
                steps.push(Step::CrashBrancher);
            }
        } else if world.left.branches > 0 {
            let sources = if self.may.deep { NAMES as u8 - 1 } else { 1 };
            let there = |from: &u8| world.store.heads[usize::from(*from)].is_some();
            steps.extend((0..sources).filter(there).map(Step::Branch));
        }
        steps.extend((0..world.flying.len() as u8).map(Step::Land));
        for (reader, part) in (0..).zip(&world.remotes) {
            if world.left.reads[usize::from(reader)] > 0 {
                steps.push(Step::Ask(reader));
            }
            let asks = |at: &usize| part.sent[*at].got.is_none();
            let asking = (0..part.sent.len()).filter(asks);
            steps.extend(asking.map(|at| Step::Fetch { reader, at: at as u8 }));
            if part.get.as_ref().is_some_and(|get| get.got.is_some()) {
                steps.push(Step::Receive(reader));
            }
            let arrives = |at: &usize| part.sent[*at].got.is_some();
            let arriving = (0..part.sent.len()).filter(arrives);
            steps.extend(arriving.map(|at| Step::Arrive { reader, at: at as u8 }));
            if part.young || part.get.as_ref().is_some_and(|get| get.young) {
                steps.push(Step::Expire(reader));
            }
        }
        if self.may.collect {
            self.collections(world, steps);
        }
        if let Some(mending) = &*world.mender {
            self.deliveries(Who::Mender, &mending.sent, world.left.delays, steps);
        } else if world.left.menders > 0 {
            steps.extend((0..world.store.markers.len() as u8).map(Step::Mend));
        }
        self.steps_of_sweeper(world, steps);
    }

    /// What an owner does about its own garbage.
    fn steps_of_sweeper(&self, world: &World, steps: &mut Vec<Step>) {
        if world.left.sweeps > 0 {
            let owns = |w: &u8| world.writers[usize::from(*w)].owner.inc().is_some();
            let idle = |w: &u8| match &*world.sweeper {
                Some(sweeper) => {
                    sweeper.owner == *w && sweeper.collector.watch().is_none() && !sweeper.busy()
                }
                None => true,
            };
            steps.extend((0..2).filter(owns).filter(idle).map(Step::Watch));
        }
        let Some(sweeper) = &*world.sweeper else { return };
        self.deliveries(Who::Sweeper, &sweeper.sent, world.left.delays, steps);
        if !sweeper.busy() && sweeper.collector.watch().is_some() {
            steps.extend([Step::HalfHour, Step::Sweep]);
        }
    }

    fn steps_of_writer(&self, world: &World, w: u8, part: &Writer, steps: &mut Vec<Step>) {
        let left = &world.left;
        self.deliveries(Who::Writer(w), &part.sent, left.delays, steps);
        match &part.owner.state {
            State::Closed { remembered } => {
                self.steps_of_closed(world, w, remembered.as_ref(), steps);
                return;
            }
            State::Claiming(_) => {}
            State::Owning(tenure) => self.steps_of_owner(world, w, tenure, steps),
        }
        // Who is never heard of again is as good as crashed, where nobody begins anew after it: a
        // crash is one more history only before a claim. (A deletion that was asked for excuses much
        // for as long as somebody may go on with it, so whoever has it in hand crashes at any time.)
        let counts = self.may.everything || left.claims > 0 || part.open & 1 << END != 0;
        if self.may.crash && counts {
            steps.push(Step::Crash(w));
            if left.delays > 0 {
                let flies = |at: &usize| writes(&part.sent[*at].request);
                let all = (0..part.sent.len()).filter(flies);
                steps.extend(all.map(|at| Step::CrashFlying { writer: w, at: at as u8 }));
            }
        }
    }

    fn steps_of_closed(
        &self,
        world: &World,
        w: u8,
        remembered: Option<&Remembered>,
        steps: &mut Vec<Step>,
    ) {
        let left = &world.left;
        // The writers are alike: the first claim is the first one's, whoever it was.
        let first = left.claims == self.left.claims && w == 1;
        let twins = self.names[0] == self.names[1];
        let lives = |head: &elacsym::protocol::Head<Model>| head.life == Life::Active;
        let early = !world.store.heads[1].as_deref().is_some_and(lives);
        let waits = (first && twins) || (self.may.heir && w == 1 && early);
        if (left.claims > 0 || remembered.is_some()) && !waits {
            steps.push(Step::Open(w));
            if self.may.tend {
                steps.push(Step::Tend(w));
            }
        }
        if remembered.is_some() && self.may.forget {
            steps.push(Step::Forget(w));
        }
    }

    fn steps_of_owner(&self, world: &World, w: u8, tenure: &Tenure<Model>, steps: &mut Vec<Step>) {
        let (left, part) = (&world.left, &world.writers[usize::from(w)]);
        if tenure.may_commit() {
            self.commits(world, w, steps);
        }
        let alone = part.asked == [None; 2] || self.may.two_questions;
        let may_ask = |ticket| alone && part.asked[question(ticket)].is_none();
        if left.skips > 0 && may_ask(PLAIN_SKIP) && !self.may.keys {
            steps.push(Step::Skip(w));
        }
        if left.owner_reads > 0 && may_ask(OWNER_READ) {
            steps.push(Step::OwnerRead(w));
        }
        for fold in 0..part.folding.len() as u8 {
            steps.push(Step::Publish { writer: w, fold, release: false });
            if self.may.release {
                steps.push(Step::Publish { writer: w, fold, release: true });
            }
        }
        let works_max = if self.may.two_folds { 2 } else { 1 };
        if part.folding.len() < works_max {
            if tenure.fold().is_some() {
                steps.push(Step::Fold(w));
            }
            if left.merges > 0 && tenure.merge().is_some() {
                steps.push(Step::Merge(w));
            }
        }
        if self.may.release {
            steps.push(Step::Release(w));
        }
        if self.may.close {
            steps.push(Step::Close(w));
        }
    }

    /// What takes the next slot.
    fn commits(&self, world: &World, w: u8, steps: &mut Vec<Step>) {
        let (left, part) = (&world.left, &world.writers[usize::from(w)]);
        let ledger = &world.ledgers[usize::from(self.names[usize::from(w)])];
        let crowded = self.may.one_op_a_life && ledger.lives.contains(&self.birth(world, w));
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

    fn deliveries(&self, who: Who, sent: &[Sent], delays: u8, steps: &mut Vec<Step>) {
        for (at, Sent { request, got, .. }) in sent.iter().enumerate() {
            let at = at as u8;
            let conditional =
                matches!(request, Request::SwapHead { .. } | Request::CreateSlot { .. });
            let slow = self.may.ahead && matches!(request, Request::ReadSlot { .. });
            // Deletes are repeated until they are answered.
            let repeats = matches!(request, Request::DropSlot { .. } | Request::DropFile { .. });
            for how in How::ALL {
                let can = match how {
                    How::Told => true,
                    // A failure without effect is settled by reading back. If nothing has changed
                    // there, the same request goes out again: nothing happened. If something has,
                    // the request itself would have been refused, and led to the same reading.
                    How::Vain => self.may.everything && writes(request) && !repeats,
                    How::Slow => slow && got.is_none(),
                    How::Conflict => self.may.everything && conditional,
                    How::Lost => writes(request) && !repeats,
                    How::Late => delays > 0 && writes(request) && !repeats,
                    How::Twice => delays > 0 && writes(request),
                };
                if can {
                    steps.push(Step::Deliver { who, at, how });
                }
            }
        }
    }

    fn collections(&self, world: &World, steps: &mut Vec<Step>) {
        for which in 0..NAMES as u8 {
            let Some(head) = &world.store.heads[usize::from(which)] else { continue };
            let late = world.left.delays > 0;
            let mut push = |slot: Item| {
                steps.push(Step::Collect { name: which, slot, late: false });
                if late {
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
            let mentions = !(head.retired.is_empty() && head.pins.is_empty());
            if mentions || head.parent.is_some() && head.life == Life::Active {
                push(Item::Mentions(0));
            }
            (1..).zip(&head.dead).for_each(|(life, _)| push(Item::Mentions(life)));
            if head.life == Life::Branching {
                push(Item::Abandon);
            }
            for (at, slot) in (0..).zip(&world.store.slots) {
                let name = usize::from(which);
                let over = slot.entry == Entry::End && home(slot.inc) == name;
                let gone = |inc| world.store.is_dead(name, inc);
                let marked = |inc| world.store.has(MarkerKind::Gone, name, inc);
                if self.may.markers && over && gone(slot.inc) && marked(slot.inc) {
                    push(Item::Marker(at));
                }
            }
        }
    }
}
