//! Publishing: what a fold or a merge made becomes the head's, in one swap, which may also let go.

use std::sync::Arc;

use super::{Exit, Standing, Tenure};
use crate::model::{FileName, Seq};
use crate::protocol::{
    Busy, Cursor, Dice, Edit, Head, HeadSwap, Outbox, Payload, Place, Publish, Receipts, Refusal,
    Rule, Seen, Slot, SwapFate, Then,
};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Swapping<P: Payload> {
    pub(super) swap: HeadSwap<P>,
    pub(super) then: After,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum After {
    GoOn,
    LetGo,
    Leave,
}

/// What a fold starts from: everything committed so far.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FoldWork<P: Payload> {
    pub seen: Seen<P>,
    pub batches: Vec<Arc<Slot<P>>>,
    pub receipts: Receipts<P>,
    to: Cursor,
}

/// What a merge starts from: the files as they are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MergeWork<P: Payload> {
    pub seen: Seen<P>,
}

/// What the head names after a publish.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Files<P: Payload> {
    pub base: P::Base,
    pub add: Vec<FileName>,
    pub drop: Vec<FileName>,
    pub keys: Option<FileName>,
}

/// What follows a publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Leave {
    Stay,
    Release,
}
impl<P: Payload> Tenure<P> {
    /// What is there to fold. None where a publish is under way: one at a time.
    pub fn fold(&self) -> Option<FoldWork<P>> {
        let idle = self.swapping.is_none() && self.standing == Standing::Owner;
        (idle && self.ending.is_none() && self.cursor.seq > self.seen.head.floor).then(|| {
            FoldWork {
                seen: self.seen.clone(),
                batches: self.batches.clone(),
                receipts: self.receipts.clone(),
                to: self.cursor.clone(),
            }
        })
    }

    /// What a merge starts from. None where a publish is under way, or nothing is there to merge.
    pub fn merge(&self) -> Option<MergeWork<P>> {
        let idle = self.swapping.is_none() && self.standing == Standing::Owner;
        let files = !self.seen.head.files.is_empty();
        (idle && files && self.ending.is_none()).then(|| MergeWork { seen: self.seen.clone() })
    }

    /// Publishes a fold: `add` holds the batches of `work`, and `base` is the state at its end.
    pub fn publish(
        &mut self,
        place: &Place,
        work: &FoldWork<P>,
        files: Files<P>,
        then: Leave,
        dice: &mut dyn Dice,
        out: &mut Outbox<P>,
    ) -> Result<(), Busy> {
        let off_by = u64::from(!place.rules.keep(Rule::FloorIsFolded));
        let publish = Publish {
            floor: Seq(work.to.seq.0 + off_by),
            floor_epoch: work.to.epoch,
            floor_chain: work.to.chain,
            born: !work.batches.is_empty(),
            ..self.over(&work.seen.head, files)
        };
        self.swap(place, publish, then, dice, out)
    }

    /// Publishes a merge: the floor stays where it is.
    pub fn replace(
        &mut self,
        place: &Place,
        work: &MergeWork<P>,
        files: Files<P>,
        then: Leave,
        dice: &mut dyn Dice,
        out: &mut Outbox<P>,
    ) -> Result<(), Busy> {
        self.swap(place, self.over(&work.seen.head, files), then, dice, out)
    }

    /// Lets the name go, and changes nothing else.
    pub fn release(
        &mut self,
        place: &Place,
        dice: &mut dyn Dice,
        out: &mut Outbox<P>,
    ) -> Result<(), Busy> {
        let head = self.seen.head.clone();
        let (base, keys) = (head.base.clone(), head.keys.clone());
        let files = Files { base, add: vec![], drop: vec![], keys };
        self.swap(place, self.over(&head, files), Leave::Release, dice, out)
    }

    /// Other files, over the same floor.
    fn over(&self, head: &Arc<Head<P>>, files: Files<P>) -> Publish<P> {
        Publish {
            inc: self.cursor.inc,
            epoch: self.epoch,
            over: head.clone(),
            floor: head.floor,
            floor_epoch: head.floor_epoch,
            floor_chain: head.floor_chain,
            born: false,
            base: files.base,
            add: files.add,
            drop: files.drop,
            keys: files.keys,
            then: Then::Stay,
        }
    }

    fn swap(
        &mut self,
        place: &Place,
        mut publish: Publish<P>,
        then: Leave,
        dice: &mut dyn Dice,
        out: &mut Outbox<P>,
    ) -> Result<(), Busy> {
        let lets_go = then == Leave::Release;
        let in_doubt = self.pending.is_some() && place.rules.keep(Rule::ReleaseIsSettled);
        let busy = self.swapping.is_some() || self.ending.is_some();
        if busy || self.standing != Standing::Owner || (lets_go && in_doubt) {
            return Err(Busy);
        }
        // Files of a former tenure are garbage to whoever collects: its epoch is over.
        if publish.over.epoch != self.epoch || publish.over.inc != self.cursor.inc {
            return Err(Busy);
        }
        let own = |file: &FileName| file.epoch == self.epoch && file.inc == self.cursor.inc;
        assert!(publish.add.iter().all(own), "a publish adds files of its own epoch");
        if lets_go {
            publish.then = Then::Release { tail: self.cursor.seq };
        }
        let after = if lets_go { After::LetGo } else { After::GoOn };
        self.start_swap(place, Edit::Publish(publish), after, dice, out)?;
        if lets_go && place.rules.keep(Rule::ReleaseEndsWriting) {
            self.standing = Standing::LettingGo;
        }
        Ok(())
    }

    pub(super) fn start_swap(
        &mut self,
        place: &Place,
        edit: Edit<P>,
        then: After,
        dice: &mut dyn Dice,
        out: &mut Outbox<P>,
    ) -> Result<(), Busy> {
        // An edit that was prepared over another floor or other files is prepared again.
        let swap = HeadSwap::start(place, Some(self.seen.clone()), edit, dice, out);
        self.swapping = Some(Swapping { swap: swap.map_err(|_| Busy)?, then });
        Ok(())
    }

    pub(super) fn swapped(
        &mut self,
        place: &Place,
        fate: SwapFate<P>,
        then: After,
    ) -> Option<Exit> {
        match fate {
            SwapFate::Done(seen) => {
                let mine = seen.head.inc == self.cursor.inc && seen.head.epoch == self.epoch;
                let floor = seen.head.floor;
                if mine && floor <= self.cursor.seq {
                    self.batches.retain(|slot| slot.seq >= floor);
                    self.seen = seen;
                }
                match then {
                    After::GoOn if mine => None,
                    After::GoOn => {
                        self.standing = Standing::Fenced;
                        None
                    }
                    After::LetGo if place.rules.keep(Rule::ReleaseEndsWriting) => {
                        Some(Exit::Released)
                    }
                    After::LetGo => None,
                    After::Leave => Some(Exit::Ended),
                }
            }
            SwapFate::Lost { .. } if then == After::Leave => Some(Exit::Ended),
            // Still the owner: what was to be published is prepared again, over this head.
            SwapFate::Lost { now: Some(seen), why: Refusal::Outdated } => {
                self.batches.retain(|slot| slot.seq >= seen.head.floor);
                self.seen = seen;
                self.standing = Standing::Owner;
                None
            }
            SwapFate::Lost { .. } => {
                crate::reach!("a publish loses the head to another owner");
                self.standing = Standing::Fenced;
                None
            }
        }
    }
}
