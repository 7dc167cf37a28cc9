//! A gate between a node and everybody else: its store, and its clients.
//!
//! Shut, the node stands still, as by SIGSTOP: nothing goes out and nothing comes in, but what was under
//! way goes on, and answers wait, as in the socket. That its timers do not run meanwhile is the business
//! of its clock. Cut, the node is dead, as by SIGKILL, and nothing of it ever goes on.
//!
//! Whoever waits is woken in the order in which they came. (A `watch` of tokio wakes in an order that it
//! draws from dice of its own, so that no two runs would be the same.)

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Gate(Arc<Inside>);

#[derive(Debug)]
struct Inside {
    state: Mutex<State>,
    moved: Notify,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    Shut,
    Cut,
}

impl Gate {
    pub(crate) fn open() -> Self {
        Self(Arc::new(Inside { state: Mutex::new(State::Open), moved: Notify::new() }))
    }

    /// Paused.
    pub(crate) fn shut(&self) {
        self.turn(State::Shut);
    }

    pub(crate) fn reopen(&self) {
        self.turn(State::Open);
    }

    /// Dead for ever.
    pub(crate) fn cut(&self) {
        self.turn(State::Cut);
    }

    pub(crate) fn is_cut(&self) -> bool {
        *self.state() == State::Cut
    }

    /// Returns when it is open; never when it is cut.
    pub(crate) async fn pass(&self) {
        self.until(State::Open).await;
    }

    /// Returns when it is cut.
    pub(crate) async fn gone(&self) {
        self.until(State::Cut).await;
    }

    fn turn(&self, to: State) {
        {
            let mut state = self.state();
            if *state != State::Cut {
                *state = to;
            }
        }
        self.0.moved.notify_waiters();
    }

    async fn until(&self, wanted: State) {
        loop {
            // Before the look: whoever turns it after that wakes this one.
            let moved = self.0.moved.notified();
            if *self.state() == wanted {
                return;
            }
            moved.await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
