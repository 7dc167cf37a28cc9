//! Back-pressure: what is acknowledged is always seen, so what cannot be folded or committed in time is
//! sent away at the door, and told to come again.

use super::desk::Desk;
use super::gate::Entered;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Pressure, Write};
use crate::namespace::commit::{Asks, asks};

/// Requests that wait for a batch. More are sent away.
pub(crate) const QUEUED_MAX: usize = 8192;
/// What is not folded may grow so far, and then writes wait for the fold: they are sent away.
pub(crate) const TAIL_BYTES_MAX: u64 = 2 << 30;
pub(crate) const TAIL_SLOTS_MAX: u64 = 4096;
/// Of the memory limit, what one tail may take: a fold needs as much again.
const TAIL_SHARE: u64 = 4;

/// What of a name may wait before writes to it are sent away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// Slots that are not folded: no fewer than a fold begins at.
    pub slots_max: u64,
    /// Requests that wait for a batch.
    pub queued_max: usize,
}

impl Default for Backlog {
    fn default() -> Self {
        Self { slots_max: TAIL_SLOTS_MAX, queued_max: QUEUED_MAX }
    }
}

/// What one tail may take of a node with so much memory.
fn tail_bytes_max(memory_bytes: u64) -> u64 {
    TAIL_BYTES_MAX.min(memory_bytes / TAIL_SHARE)
}

impl Desk {
    /// Whether one more write may wait here. It may have come in by the gate, before anything was made of it.
    pub(super) fn room(&mut self, write: &Write, entered: Option<Entered>) -> Result<Entered> {
        let throttled = |message| Err(Error::new(ErrorKind::Throttled, message));
        let Backlog { slots_max, queued_max } = self.grounds.backlog;
        if self.writes.queue.len() >= queued_max {
            crate::reach!("as many writes wait for a name as may");
            return throttled(format!("{queued_max} writes wait for this namespace: come again"));
        }
        // Slots have a bound for everybody: whoever opens the name reads each of them.
        let bytes_max = if write.pressure == Pressure::Lifted && asks(write) < Asks::Rows {
            u64::MAX
        } else {
            tail_bytes_max(self.grounds.memory.limit())
        };
        let (slots, bytes) = self.tail_of_owner();
        let sent = self.owner.tenure().is_some_and(|(_, tenure)| tenure.pending().is_some());
        // The slot that is on its way will be one of them.
        let full = slots + u64::from(sent) >= slots_max;
        if full {
            crate::reach!("as many slots of a name are not folded as may be");
        }
        if full || bytes > bytes_max {
            let message = "this namespace has more that is not folded yet than is good: come again";
            return throttled(message.to_owned());
        }
        entered.map_or_else(|| self.writes.gate.enter(), Ok)
    }

    pub(super) fn tail_is_longer_than(&mut self, slots: u64, bytes: u64) -> bool {
        let tail = self.tail_of_owner();
        tail.0 > slots || tail.1 > bytes
    }

    /// Slots and bytes that are not folded, as far as they are known.
    pub(super) fn tail_of_owner(&mut self) -> (u64, u64) {
        let Some((_, tenure)) = self.owner.tenure() else { return (0, 0) };
        let slots = tenure.next().0 - tenure.seen().head.floor.0;
        (slots, self.known.as_ref().map_or(0, |known| known.tail.bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tail_has_a_quarter_of_the_memory_and_two_gib_at_most() {
        for (memory_bytes, most) in [
            (4, 1),
            ((8 << 30) - 4, (2 << 30) - 1),
            (8 << 30, 2 << 30),
            ((8 << 30) + 4, 2 << 30),
            (1 << 40, 2 << 30),
        ] {
            assert_eq!(tail_bytes_max(memory_bytes), most, "{memory_bytes}");
        }
    }
}
