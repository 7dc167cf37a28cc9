//! How long a task waited for calls that compute or block, beside all else that it waits for: what was late
//! for that alone is as late when it is asked again.
//!
//! It is of one task. What others do for it, it waits for as for the network.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Clock;

tokio::task_local! {
    static TOIL: Toil;
}

/// Clones are the same.
#[derive(Clone, Debug)]
pub struct Toil {
    clock: Clock,
    hours: Arc<Mutex<Hours>>,
}

#[derive(Debug, Default)]
struct Hours {
    spent: Duration,
    /// When the call began that is under way.
    since: Option<Duration>,
}

impl Toil {
    pub fn new(clock: Clock) -> Self {
        Self { clock, hours: Arc::default() }
    }

    /// The same work, of which every call is counted here.
    pub async fn of<T>(&self, work: impl Future<Output = T>) -> T {
        TOIL.scope(self.clone(), work).await
    }

    /// How long it was until now.
    pub fn time(&self) -> Duration {
        let hours = self.hours();
        hours.spent + hours.since.map_or(Duration::ZERO, |since| self.since(since))
    }

    fn since(&self, moment: Duration) -> Duration {
        self.clock.now().saturating_sub(moment)
    }

    /// It is never held while anything is awaited.
    fn hours(&self) -> MutexGuard<'_, Hours> {
        self.hours.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call, for as long as it is waited for.
pub(super) struct Call(Option<Toil>);

impl Call {
    pub(super) fn begin() -> Self {
        let toil = TOIL.try_with(Toil::clone).ok();
        if let Some(toil) = &toil {
            let now = toil.clock.now();
            let mut hours = toil.hours();
            hours.since = hours.since.or(Some(now));
        }
        Self(toil)
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let Some(toil) = &self.0 else { return };
        let mut hours = toil.hours();
        if let Some(since) = hours.since.take() {
            hours.spent += toil.since(since);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn only_calls_are_counted_whether_they_end_or_not() {
        let clock = Clock::start();
        let pause = async |seconds: u64| clock.sleep(Duration::from_secs(seconds)).await;
        let toil = Toil::new(clock);
        let work = async {
            pause(5).await;
            let call = Call::begin();
            pause(2).await;
            assert_eq!(toil.time().as_secs(), 2);
            drop(call);
            pause(7).await;
            let _call = Call::begin();
            pause(1000).await;
        };
        let late = tokio::time::timeout(Duration::from_secs(5 + 2 + 7 + 10), toil.of(work)).await;
        assert!(late.is_err());
        assert_eq!(toil.time().as_secs(), 12);
        // What nobody counts, and what another counts, is not counted here.
        let other = Toil::new(clock);
        let call = async {
            let _call = Call::begin();
            pause(3).await;
        };
        other.of(call).await;
        let _call = Call::begin();
        pause(1).await;
        assert_eq!((toil.time().as_secs(), other.time().as_secs()), (12, 3));
    }
}
