//! The end of a keeper: nobody asks any more, or it was told to leave.
//!
//! A long tail is folded first, while the name is still open, and the name let go in the same swap. Of
//! a short one a few bytes are remembered, which is cheaper than a swap: whoever opens the name again
//! on this node goes on with them. So it is, too, where other names want the room; but they do not wait
//! until it is this name's turn to be folded. Told to leave, it lets the name go in any case: another node
//! is to have it.

use tokio::sync::mpsc;

use super::desk::Desk;
use super::{Ask, Left};
use crate::error::Result;
use crate::protocol::State;

/// A tail that is longer is folded before its name is closed: each slot is a GET of whoever opens it.
const IDLE_SLOTS_MAX: u64 = 16;
const IDLE_BYTES_MAX: u64 = 1 << 20;

#[derive(Debug, Default)]
pub(super) struct Closing(Phase);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Open,
    /// Nobody has asked for a while.
    Idle,
    /// It was told to go.
    Leaving,
}

/// Whether others want the room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Yielding {
    #[default]
    No,
    Asked,
    /// The one fold before it ends has begun.
    Folding,
}

impl Closing {
    pub(super) fn begin(&mut self) {
        if self.0 == Phase::Open {
            self.0 = Phase::Idle;
        }
    }

    pub(super) fn leave(&mut self) {
        self.0 = Phase::Leaving;
    }

    pub(super) fn begun(&self) -> bool {
        self.0 != Phase::Open
    }
}

impl Desk {
    /// Folds a long tail of a name that nobody asks for. False: there is none, or it was tried.
    pub(super) fn fold_before_closing(&mut self) -> Result<bool> {
        let long = self.tail_is_longer_than(IDLE_SLOTS_MAX, IDLE_BYTES_MAX);
        if !long || self.folding.failed() {
            return Ok(false);
        }
        self.folding.let_go();
        self.fold()?;
        Ok(!self.is_quiet())
    }

    /// Where others want the room: a long tail is folded once, if it is its turn, and then nobody is let in
    /// any more. Whoever writes meanwhile makes it long again, and could do so for ever. A name that is
    /// being claimed is closed as soon as those are answered who are here: its tail, however long, waits
    /// for whoever opens it again.
    pub(super) fn give_way(&mut self) -> Result<()> {
        match self.yielding {
            Yielding::No => return Ok(()),
            _ if self.closing.begun() || !self.folding.files().is_empty() => {}
            Yielding::Asked => {
                if !self.fold_before_closing()? {
                    self.closing.begin();
                } else if !self.folding.files().is_empty() {
                    // If not, what it needs is being read.
                    self.yielding = Yielding::Folding;
                }
            }
            Yielding::Folding => self.closing.begin(),
        }
        // There are two turns on this node, and there may be thousands who are to give way.
        self.folding.hurry();
        Ok(())
    }

    /// The last steps, one at a time. Something: it is over.
    pub(super) fn close(&mut self, inbox: &mut mpsc::Receiver<Ask>) -> Option<Left> {
        if !self.closing.begun() {
            return None;
        }
        // Whoever asks from now on is sent back, and those before are answered first.
        inbox.close();
        if !inbox.is_empty() || !self.is_quiet() {
            return None;
        }
        let leaving = self.closing.0 == Phase::Leaving;
        let dice = &mut self.grounds.dice;
        match &mut self.owner.state {
            State::Closed { remembered } => {
                return Some(Left { remembered: remembered.take() });
            }
            State::Claiming(_) => return None,
            State::Owning(tenure) if !tenure.settled() => return None,
            State::Owning(tenure) if leaving => {
                let place = &self.owner.place;
                if tenure.release(place, dice, &mut self.owner_out).is_ok() {
                    self.send();
                    return None;
                }
            }
            State::Owning(_) => {}
        }
        self.owner.close();
        Some(match &mut self.owner.state {
            State::Closed { remembered } => Left { remembered: remembered.take() },
            State::Claiming(_) | State::Owning(_) => Left::default(),
        })
    }
}
