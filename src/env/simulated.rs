//! What a simulation does to a machine: it moves its clock, and lets nothing run beside its one thread.
//!
//! It is there for tests alone. Without the feature `mutants` nothing of this is in what ships.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime};

use tokio::sync::Notify;
use tokio::time::Instant;

use super::Clock;

/// The hands of a clock that a simulation moves. They follow a paused tokio runtime, and nothing else
/// but what is done to them.
#[derive(Debug)]
pub struct Hands {
    start: Instant,
    wall: SystemTime,
    stepped_ms: AtomicI64,
    suspended_ms: AtomicU64,
    halted: AtomicBool,
    stopped: AtomicBool,
    resumed: Notify,
}

/// Whose hands a clock has: in a simulation these, which no clock of this machine reaches.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held(Option<&'static Hands>);

impl Clock {
    /// A clock of a machine that is simulated: `now` counts from here.
    pub fn by(hands: &'static Hands) -> Self {
        Self { start: Instant::now(), booted: Duration::ZERO, held: Held(Some(hands)) }
    }
}

impl Hands {
    /// Of a machine that boots now, when it is that late by its calendar. They are never freed: a
    /// clock is copied about like a number.
    pub fn at(wall: SystemTime) -> &'static Self {
        let (stepped_ms, suspended_ms) = (AtomicI64::new(0), AtomicU64::new(0));
        let [halted, stopped] = [false, false].map(AtomicBool::new);
        let (start, resumed) = (Instant::now(), Notify::new());
        Box::leak(Box::new(Self {
            start,
            wall,
            stepped_ms,
            suspended_ms,
            halted,
            stopped,
            resumed,
        }))
    }

    /// Nothing ever happens on it again: whoever pauses there does so for ever.
    pub fn stop(&self) {
        self.stopped.store(true, Relaxed);
    }

    /// As by SIGSTOP: time goes by, and nobody who waits for it there notices.
    pub fn halt(&self) {
        self.halted.store(true, Relaxed);
    }

    /// As by SIGCONT. Whoever waited goes on in the order in which their time was up: a `Notify` keeps
    /// it, and two runs of one seed have to be the same.
    pub fn resume(&self) {
        self.halted.store(false, Relaxed);
        self.resumed.notify_waiters();
    }

    /// The machine was suspended for so long: it noticed nothing, but its boot-time clock went on.
    pub fn suspend(&self, by: Duration) {
        self.suspended_ms.fetch_add(by.as_millis() as u64, Relaxed);
    }

    /// Somebody set its calendar.
    pub fn step(&self, by_ms: i64) {
        self.stepped_ms.fetch_add(by_ms, Relaxed);
    }

    fn since_boot(&self) -> Duration {
        self.start.elapsed() + Duration::from_millis(self.suspended_ms.load(Relaxed))
    }

    fn wall(&self) -> SystemTime {
        let stepped = self.stepped_ms.load(Relaxed);
        let by = Duration::from_millis(stepped.unsigned_abs());
        let wall = self.wall + self.since_boot();
        if stepped < 0 { wall - by } else { wall + by }
    }
}

impl Held {
    pub(super) const BY_NOBODY: Self = Self(None);

    pub(super) fn since_boot(self) -> Option<Duration> {
        self.0.map(Hands::since_boot)
    }

    pub(super) fn wall(self) -> Option<SystemTime> {
        self.0.map(Hands::wall)
    }

    /// Returns, where the machine does not stand still; never, where it has stopped.
    pub(super) async fn goes_on(self) {
        let Some(hands) = self.0 else { return };
        loop {
            // Before the look: whoever resumes after that wakes this one.
            let resumed = hands.resumed.notified();
            if hands.stopped.load(Relaxed) {
                std::future::pending().await
            }
            if !hands.halted.load(Relaxed) {
                return;
            }
            resumed.await;
        }
    }
}

thread_local! {
    static INLINE: Cell<bool> = const { Cell::new(false) };
}

/// From now on what would run beside this thread runs on it, at once: a simulation is one thread,
/// whose order of events nothing but its seed decides.
pub fn block_inline() {
    INLINE.set(true);
}

pub(super) fn is_inline() -> bool {
    INLINE.get()
}

#[cfg(test)]
mod tests {
    use super::super::{BootTime, blocking};
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn hands_are_moved_by_the_runtime_and_by_whoever_holds_them() {
        let noon = SystemTime::UNIX_EPOCH + Duration::from_secs(12 * 3600);
        let hands = Hands::at(noon);
        let minute = Duration::from_secs(60);
        tokio::time::advance(minute).await;
        let clock = Clock::by(hands);
        assert_eq!((clock.now(), clock.boot_time()), (Duration::ZERO, BootTime(minute)));
        hands.suspend(minute);
        hands.step(-1);
        assert_eq!((clock.now(), clock.boot_time()), (Duration::ZERO, BootTime(2 * minute)));
        assert_eq!(clock.wall(), noon + 2 * minute - Duration::from_millis(1));
    }

    #[tokio::test(start_paused = true)]
    async fn who_pauses_on_a_machine_that_has_stopped_does_so_for_ever() {
        let hands = Hands::at(SystemTime::UNIX_EPOCH);
        let clock = Clock::by(hands);
        clock.sleep(Duration::from_secs(1)).await;
        hands.stop();
        let hour = Duration::from_secs(3600);
        let pause = clock.sleep(Duration::from_secs(1));
        assert!(tokio::time::timeout(hour, pause).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn who_pauses_on_a_machine_that_stands_still_notices_when_it_goes_on() {
        let hands = Hands::at(SystemTime::UNIX_EPOCH);
        let clock = Clock::by(hands);
        let (second, hour) = (Duration::from_secs(1), Duration::from_secs(3600));
        hands.halt();
        let mut pause = std::pin::pin!(clock.sleep(second));
        assert!(tokio::time::timeout(hour, pause.as_mut()).await.is_err());
        hands.resume();
        assert!(tokio::time::timeout(second, pause).await.is_ok());
        assert!(clock.now() >= hour);
    }

    #[tokio::test(start_paused = true)]
    async fn what_came_while_a_machine_stood_still_came_in_time() {
        let hands = Hands::at(SystemTime::UNIX_EPOCH);
        let clock = Clock::by(hands);
        let [second, hour] = [1, 3600].map(Duration::from_secs);
        for (comes_after, came) in [(2 * second, Some(7)), (2 * hour, None)] {
            let comes = async move {
                tokio::time::sleep(comes_after).await;
                7
            };
            hands.halt();
            let mut asked = std::pin::pin!(clock.within(second, comes));
            assert!(tokio::time::timeout(hour, asked.as_mut()).await.is_err());
            hands.resume();
            assert_eq!(tokio::time::timeout(second, asked).await, Ok(came));
        }
    }

    #[tokio::test]
    async fn what_is_to_run_inline_runs_on_the_thread_that_asks() {
        let here = std::thread::current().id();
        assert_ne!(blocking(|| std::thread::current().id()).await, here);
        block_inline();
        assert_eq!(blocking(|| std::thread::current().id()).await, here);
        INLINE.set(false);
    }
}
