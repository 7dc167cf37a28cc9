//! Walking along the log: from a head's `floor`, slot by slot, each checked against the chain.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Entry, Head, Lane, Outbox, Payload, Place, Request, Rule, Rules, Slot};
use crate::model::{Chain, Epoch, Incarnation, Seq};

/// How many slots are asked for at once, at the most. A tail has at most 4,096.
const WINDOW_MAX: u64 = 64;

/// A position in the log: everything before `seq` is known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cursor {
    pub inc: Incarnation,
    /// The slot that comes next.
    pub seq: Seq,
    /// The chain of the slot before it.
    pub chain: Chain,
    /// The highest epoch seen so far.
    pub epoch: Epoch,
}

/// What a slot means to whoever walks past it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Met {
    /// A batch that counts.
    Batch,
    /// A batch of an owner that was fenced before: it counts for nothing.
    Void,
    Fence,
    End,
}

/// The slot does not follow from the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken;

impl Cursor {
    pub fn at<P: Payload>(head: &Head<P>) -> Self {
        Self { inc: head.inc, seq: head.floor, chain: head.floor_chain, epoch: head.floor_epoch }
    }

    pub fn meet<P: Payload>(&mut self, slot: &Slot<P>, rules: Rules) -> Result<Met, Broken> {
        let follows = slot.prev == self.chain || !rules.keep(Rule::ChainIsChecked);
        if slot.inc != self.inc || slot.seq != self.seq || !follows {
            return Err(Broken);
        }
        let void = slot.epoch < self.epoch && rules.keep(Rule::ReplayChecksEpoch);
        self.seq = self.seq.next();
        self.chain = slot.chain;
        self.epoch = self.epoch.max(slot.epoch);
        Ok(match slot.entry {
            Entry::Batch(_) if void => Met::Void,
            Entry::Batch(_) => Met::Batch,
            Entry::Fence => Met::Fence,
            Entry::End if !rules.keep(Rule::EndIsMet) => Met::Fence,
            Entry::End => Met::End,
        })
    }
}

/// Reads slots ahead, in a window that doubles, and consumes them in order. A 404 ahead of the
/// cursor is a hint and no more: only the one at the cursor is reported.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Replay<P: Payload> {
    pub cursor: Cursor,
    /// The batches met that count.
    pub batches: Vec<Arc<Slot<P>>>,
    ahead: BTreeMap<Seq, Option<Arc<Slot<P>>>>,
    /// The first slot that was not asked for.
    asked: Seq,
    era: u32,
    /// How many replies of this era are on their way.
    under_way: u64,
    window: u64,
    window_max: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step<P: Payload> {
    /// A reply is outstanding.
    Wait,
    Met(Met, Arc<Slot<P>>),
    /// Nothing at the cursor, when it was looked at.
    Missing,
    Broken,
}

impl<P: Payload> Replay<P> {
    /// `era` is that of no replay whose replies may still arrive.
    pub fn at(head: &Head<P>, era: u32, rules: Rules) -> Self {
        let cursor = Cursor::at(head);
        let asked = cursor.seq;
        let window_max = rules.window().map_or(WINDOW_MAX, u64::from);
        let (batches, ahead) = (Vec::new(), BTreeMap::new());
        Self { cursor, batches, ahead, asked, era, under_way: 0, window: 1, window_max }
    }

    /// The log is known to reach up to `end`: all of that is asked for at once, and nothing else.
    pub fn expect(&mut self, end: Seq) {
        self.window = end.0.saturating_sub(self.cursor.seq.0).clamp(1, self.window_max);
    }

    /// Ask for what the window allows, but for nothing from `end` on.
    pub fn ask(&mut self, place: &Place, end: Option<Seq>, out: &mut Outbox<P>) {
        self.asked = self.asked.max(self.cursor.seq);
        let until = Seq(self.cursor.seq.0 + self.window).min(end.unwrap_or(Seq(u64::MAX)));
        while self.asked < until {
            let (name, inc, seq) = (place.name.clone(), self.cursor.inc, self.asked);
            let lane = Lane::Replay { era: self.era, seq };
            out.send(lane, Request::ReadSlot { name, inc, seq });
            self.asked = seq.next();
            self.under_way += 1;
        }
    }

    /// A reply. One of an earlier era is dropped: it may be from before the question.
    pub fn hear(&mut self, era: u32, seq: Seq, slot: Option<Arc<Slot<P>>>, rules: Rules) {
        if era == self.era || !rules.keep(Rule::ErasAreApart) {
            self.under_way = self.under_way.saturating_sub(1);
            self.ahead.insert(seq, slot);
        }
    }

    /// The era for what comes after everything that was asked so far.
    pub fn next_era(&self) -> u32 {
        self.era + u32::from(self.under_way > 0)
    }

    pub fn step(&mut self, rules: Rules) -> Step<P> {
        match self.ahead.remove(&self.cursor.seq) {
            None => Step::Wait,
            Some(None) => {
                // Whatever was seen further ahead was seen too early to be believed.
                self.ahead.clear();
                (self.era, self.under_way) = (self.next_era(), 0);
                self.asked = self.cursor.seq;
                self.window = 1;
                Step::Missing
            }
            Some(Some(slot)) => self.meet(slot, rules),
        }
    }

    /// A slot that was come upon by other means: by losing a create.
    pub fn meet(&mut self, slot: Arc<Slot<P>>, rules: Rules) -> Step<P> {
        let Ok(met) = self.cursor.meet(&slot, rules) else { return Step::Broken };
        if met == Met::Batch {
            self.batches.push(slot.clone());
        }
        if self.cursor.seq >= self.asked {
            self.window = (self.window * 2).min(self.window_max);
        }
        Step::Met(met, slot)
    }

    /// Forget what a head has folded.
    pub fn trim(&mut self, floor: Seq) {
        self.batches.retain(|slot| slot.seq >= floor);
    }
}
