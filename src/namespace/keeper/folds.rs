//! Folds: when the tail is long, it becomes a segment, beside whatever else goes on.

use std::time::Duration;

use tokio::sync::oneshot;

use super::closing::Yielding;
use super::desk::{Desk, Done};
use crate::error::Result;
use crate::log::Stored;
use crate::model::FileName;
use crate::namespace::fold::{Folded, Names, Plan};
use crate::protocol::{FoldWork, Leave};
use crate::segment::rows::Extent;

/// Of the memory, the part that a tail may take before it is folded.
const TAIL_PARTS: u64 = 16;
/// A fold that failed, for want of a disk or of memory, is tried again after a while.
const RETRY_PAUSE: Duration = Duration::from_secs(5);

#[derive(Debug, Default)]
pub(super) struct Folding {
    /// What it writes: nobody names these files yet, and they are no garbage.
    files: Vec<FileName>,
    failed_at: Option<Duration>,
    /// The name is let go with the next one, if nobody has come by then.
    lets_go: bool,
    /// Where one waits for its turn among the folds of this node. Without it, it waits no longer.
    patience: Option<oneshot::Sender<()>>,
}

pub(super) struct FoldDone {
    work: FoldWork<Stored>,
    /// None: it was not its turn.
    folded: Option<Result<Folded>>,
    since: Duration,
}

impl Folding {
    pub(super) fn files(&self) -> &[FileName] {
        &self.files
    }

    /// None is begun for a while.
    pub(super) fn pause(&mut self, now: Duration) {
        self.failed_at = Some(now);
    }

    pub(super) fn let_go(&mut self) {
        self.lets_go = true;
    }

    /// What has not begun to be written by now is not folded, unless it is its turn.
    pub(super) fn hurry(&mut self) {
        self.patience = None;
    }

    /// Whether the last one came to nothing.
    pub(super) fn failed(&self) -> bool {
        self.failed_at.is_some()
    }
}

impl Desk {
    /// Begins a fold, where the tail is long enough.
    pub(super) fn fold_on(&mut self) -> Result<()> {
        // Where others want the room, it is given way, and that has a fold of its own.
        if self.yielding != Yielding::No {
            return Ok(());
        }
        let at = self.grounds.folds;
        // A small memory holds short tails.
        let bytes = at.bytes.min(self.grounds.memory.limit() / TAIL_PARTS);
        if self.tail_is_longer_than(at.slots.saturating_sub(1), bytes) {
            self.fold()?;
        }
        Ok(())
    }

    /// Folds what is committed, where nothing is in the way, and publishes it.
    pub(super) fn fold(&mut self) -> Result<()> {
        let now = self.grounds.clock.now();
        let paused = self.folding.failed_at.is_some_and(|at| now < at + RETRY_PAUSE);
        if !self.folding.files.is_empty() || paused {
            return Ok(());
        }
        let Some((place, tenure)) = self.owner.tenure() else { return Ok(()) };
        let Some(work) = tenure.fold() else { return Ok(()) };
        let (home, inc, epoch) = (place.name.clone(), tenure.inc(), tenure.epoch());
        let view = tenure.view();
        let Some(known) = self.rows_of(&view)? else { return Ok(()) };
        if known.tail.next() > view.next {
            // A reader here knows more: the name is another's by now.
            return Ok(());
        }
        // The last line before the log is cut: what is folded is every batch that was committed.
        if known.inc != inc || known.tail.slots() != work.batches.len() {
            tracing::error!("the tail in memory is not the log's: it is read anew");
            self.known = None;
            return Ok(());
        }
        let ids = self.segments_of(inc, &known.base, Extent::Ids);
        let Some(segments) = ids else { return Ok(()) };
        let dice = &mut self.grounds.dice;
        let names = Names::draw(&home, inc, epoch, segments.len(), dice);
        self.folding.files = names.all();
        let plan = Plan {
            names,
            tail: known.tail,
            segments,
            memory: self.grounds.memory.clone(),
            receipts: work.receipts.clone(),
            keys: work.seen.head.keys.clone(),
        };
        let (store, turns) = (self.grounds.store.clone(), self.grounds.folding());
        let (patience, impatience) = oneshot::channel();
        self.folding.patience = Some(patience);
        self.work.spawn(async move {
            let turn = tokio::select! {
                biased;
                // Nobody closes that semaphore.
                turn = turns.acquire_owned() => turn.ok(),
                _ = impatience => None,
            };
            let folded = match &turn {
                Some(_) => Some(plan.run(&store).await),
                None => None,
            };
            drop(turn);
            Done::Folded(Box::new(FoldDone { work, folded, since: now }))
        });
        Ok(())
    }

    /// Publishes what a fold made, if this node still owns the name.
    pub(super) fn folded(&mut self, done: FoldDone) {
        let FoldDone { work, folded, since } = done;
        self.folding.files.clear();
        let Some(folded) = folded else {
            crate::reach!("a fold gives up its turn");
            return;
        };
        let now = self.grounds.clock.now();
        let folded = match folded {
            Ok(folded) => folded,
            Err(error) => {
                crate::reach!("a fold fails");
                tracing::warn!(error = error.chain(), "a fold failed; it is tried again");
                self.grounds.tally.fold_failed();
                self.folding.failed_at = Some(now);
                return;
            }
        };
        self.folding.failed_at = None;
        let lets_go = std::mem::take(&mut self.folding.lets_go) && self.is_quiet();
        let then = if lets_go { Leave::Release } else { Leave::Stay };
        let Some((place, tenure)) = self.owner.tenure() else {
            crate::reach!("a fold is made of a name that was lost meanwhile");
            return;
        };
        let dice = &mut self.grounds.dice;
        // Busy: the head has moved on, and the next fold starts from there.
        let out = &mut self.owner_out;
        if tenure.publish(place, &work, folded.files, then, dice, out).is_ok() {
            if lets_go {
                crate::reach!("a name is folded and let go in one swap");
            }
            self.shelf.expect(folded.segments);
            self.grounds.notice(&self.owner.place.name, work.seen.head.inc);
            self.grounds.tally.folded(folded.rows, now.saturating_sub(since));
        }
        self.send();
    }
}
