//! Memory that closed names have freed, and the allocator keeps: it is given back to the machine, once
//! in a while.
//!
//! What must hold: not oftener than once a minute, for it locks the allocator for some milliseconds; and
//! what is left meanwhile is given back when the minute is over, though nobody works any more.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use crate::env::{Clock, blocking};

const EVERY: Duration = Duration::from_secs(60);

#[derive(Clone, Debug, Default)]
pub(super) struct Surplus(Arc<Notify>);

impl Surplus {
    /// There is something to give back.
    pub(super) fn arise(&self) {
        self.0.notify_one();
    }

    /// Gives it back whenever there is some, for ever.
    pub(super) async fn drain(self, clock: Clock, give_back: fn()) {
        loop {
            self.0.notified().await;
            blocking(give_back).await;
            clock.sleep(EVERY).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

    use super::*;

    static TIMES: AtomicU64 = AtomicU64::new(0);

    /// Each emptying of a node locked its allocator, be it that one name came and went every second.
    #[tokio::test(start_paused = true)]
    async fn it_is_given_back_once_a_minute_and_what_arises_meanwhile_is_made_up_for() {
        let (surplus, clock) = (Surplus::default(), Clock::start());
        let giving = tokio::spawn(surplus.clone().drain(clock, || {
            TIMES.fetch_add(1, Relaxed);
        }));
        let after = async |seconds| {
            clock.sleep(Duration::from_secs(seconds)).await;
            TIMES.load(Relaxed)
        };
        assert_eq!(after(600).await, 0, "there was none");
        for _ in 0..50 {
            surplus.arise();
            assert_eq!(after(1).await, 1);
        }
        assert_eq!(after(20).await, 2);
        assert_eq!(after(600).await, 2, "nothing came meanwhile");
        surplus.arise();
        assert_eq!(after(1).await, 3);
        giving.abort();
    }
}
