//! The gate of a name: whoever comes to write is let in, or sent away before anything is made of what
//! it sent. To read a body costs more than to commit what it says, so where more come than can be
//! committed, those who are sent away must not cost what the others need.
//!
//! Whoever brings a request shares it with the keeper, who tells it how long slots take.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::pace::Pace;
use crate::env::Clock;
use crate::error::{Error, ErrorKind, Result};

const RUSHED: &str = "more writes come to this namespace than it can commit: come again in a moment, \
                      or send fewer and larger ones";

/// Clones are one.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    clock: Clock,
    inside: Arc<Mutex<Inside>>,
}

#[derive(Debug, Default)]
struct Inside {
    pace: Pace,
    waiting: usize,
}

/// A request that was let in. It waits, until its slot is on its way or this is dropped.
#[derive(Debug)]
pub struct Entered(Gate);

impl Gate {
    pub(super) fn of(clock: Clock) -> Self {
        Self { clock, inside: Arc::default() }
    }

    pub(crate) fn enter(&self) -> Result<Entered> {
        let mut inside = self.inside();
        let waiting = inside.waiting;
        if !inside.pace.comes(waiting, self.clock.now()) {
            return Err(Error::new(ErrorKind::Throttled, RUSHED));
        }
        inside.waiting += 1;
        Ok(Entered(self.clone()))
    }

    /// A slot of so many requests is on its way.
    pub(super) fn sent(&self, held: usize) {
        self.inside().pace.sent(held);
    }

    /// A slot of so many requests was committed, the first of which was taken up then.
    pub(super) fn committed(&self, held: usize, begun: Duration) {
        self.inside().pace.committed(held, begun, self.clock.now());
    }

    /// It is held for no longer than it takes to count.
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.0.inside().waiting -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::super::pace::CROWD_WRITES;
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_is_let_in_waits_until_it_is_dropped_and_more_than_a_crowd_is_sent_away() {
        let gate = Gate::of(Clock::start());
        // Slots of a millisecond, and then one that shows what a request takes.
        let clock = gate.clock;
        clock.sleep(Duration::from_millis(1)).await;
        gate.committed(1, Duration::ZERO);
        gate.sent(CROWD_WRITES);
        let begun = clock.now();
        clock.sleep(Duration::from_secs(1)).await;
        gate.committed(CROWD_WRITES, begun);
        let crowd: Vec<Entered> =
            (0..CROWD_WRITES).map(|_| gate.clone().enter().unwrap()).collect();
        let refused = gate.enter().unwrap_err();
        assert_eq!((refused.kind(), refused.to_string().as_str()), (ErrorKind::Throttled, RUSHED));
        assert_eq!(gate.inside().waiting, CROWD_WRITES);
        drop(crowd);
        assert_eq!(gate.inside().waiting, 0);
        assert!(gate.enter().is_ok());
    }
}
