//! The only door to the outside: clock, dice, and the threads that may block.
//!
//! Everything that is not a pure function gets these handed in, so a test owns
//! time and chance. This room alone may call what `clippy.toml` bans. What a simulation does
//! to a machine, no release can do: it is left out.

#![allow(clippy::disallowed_methods)]

#[cfg(any(test, feature = "mutants"))]
mod simulated;
mod toil;

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, SystemTime};

use rustix::time::{ClockId, clock_gettime};
use tokio::time::Instant;

#[cfg(any(test, feature = "mutants"))]
pub use simulated::{Hands, block_inline};
use simulated::{Held, is_inline};
pub use toil::Toil;

/// Time in three readings, for three purposes that must not be mixed.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
    /// The boot-time clock when it started.
    booted: Duration,
    /// Whoever else moves it.
    held: Held,
}

/// A reading of the boot-time clock, which goes on while the machine is suspended. Only the age
/// of a head is measured with it, and how long garbage was watched: an age that forgot a suspend
/// would make a stale read exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BootTime(pub Duration);

impl Clock {
    pub fn start() -> Self {
        // In this order: what goes by between the two makes `boot_time` late, and never early.
        let booted = since_boot();
        Self { start: Instant::now(), booted, held: Held::BY_NOBODY }
    }

    /// For deadlines, pauses and measurements. Under a paused tokio runtime it stands still.
    pub fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// Under a paused tokio runtime it goes ahead with [`Self::now`], so that a test owns it too;
    /// elsewhere `now` counts the same seconds but for those of a suspend, and never leads. (A test
    /// cannot move its readings back instead: they begin at zero, and a machine may have booted a
    /// minute ago.)
    pub fn boot_time(&self) -> BootTime {
        let here = || since_boot().max(self.booted + self.now());
        BootTime(self.held.since_boot().unwrap_or_else(here))
    }

    /// For display and TTL. Nothing is ordered by it and no two machines compare it.
    pub fn wall(&self) -> SystemTime {
        self.held.wall().unwrap_or_else(SystemTime::now)
    }

    pub async fn sleep(&self, pause: Duration) {
        tokio::time::sleep(pause).await;
        self.held.goes_on().await;
    }

    /// What comes of it; none, if it takes longer than that, and then it is dropped. Where both are due,
    /// it comes in time: an answer that came while the machine stood still lies in the socket, and whoever
    /// wakes reads it before it looks how late it is.
    pub async fn within<T>(&self, limit: Duration, part: impl Future<Output = T>) -> Option<T> {
        let mut part = pin!(part);
        if let Ok(made) = tokio::time::timeout(limit, part.as_mut()).await {
            return Some(made);
        }
        self.held.goes_on().await;
        poll_fn(|context| {
            Poll::Ready(match part.as_mut().poll(context) {
                Poll::Ready(made) => Some(made),
                Poll::Pending => None,
            })
        })
        .await
    }
}

fn since_boot() -> Duration {
    reading(ClockId::Boottime)
}

/// How long the threads of this process have computed, in this program and for it in the kernel, all
/// added up. Only a benchmark asks.
pub fn process_cpu() -> Duration {
    reading(ClockId::ProcessCPUTime)
}

/// The same of the thread that asks.
pub fn thread_cpu() -> Duration {
    reading(ClockId::ThreadCPUTime)
}

fn reading(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

/// Runs calls that block on a disk away from the threads that wait on the network. A panic of the
/// call goes on here.
///
/// A call that had not begun when the runtime shut down never will, and then this never returns.
/// Whoever awaits it is a task of that runtime, which drops its tasks where they wait. An error
/// would be an answer to act on, and what acts, by a pause or a retry, panics in a runtime whose
/// timers are gone.
pub async fn blocking<T: Send + 'static>(call: impl FnOnce() -> T + Send + 'static) -> T {
    if is_inline() {
        return call();
    }
    let _counted = toil::Call::begin();
    match tokio::task::spawn_blocking(call).await {
        Ok(value) => value,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_cancelled) => std::future::pending().await,
        },
    }
}

/// Frees what is large, where nobody waits for it.
pub fn discard<T: Send + 'static>(value: T) {
    if !is_inline() {
        drop(tokio::task::spawn_blocking(move || drop(value)));
    }
}

/// How many threads compute at the same time here.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Lets this process have as many files open as it may at all: each connection is one, and so is
/// each file of a local folder that is read. So many they are then; none: there is no limit.
pub fn raise_open_files() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, ..limit };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    }
}

/// Gives memory back to the machine that was freed here and there. An allocator keeps it, for it cannot
/// know that many names were closed, and that it will be long before as much is wanted again. It takes
/// some milliseconds: a call that blocks.
pub fn give_back() {
    if is_inline() {
        return;
    }
    // SAFETY: it takes nothing, and locks what it looks at.
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[allow(unsafe_code)]
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Random numbers: the operating system's in production, a seed's in a test.
#[derive(Clone, Debug)]
pub struct Dice {
    seed: Option<u64>,
    drawn: u64,
}

impl Dice {
    pub fn from_os() -> Self {
        Self { seed: None, drawn: 0 }
    }

    pub fn from_seed(seed: u64) -> Self {
        Self { seed: Some(seed), drawn: 0 }
    }

    /// Dice of its own for a part that must not disturb the others' sequence.
    pub fn fork(&self, name: &str) -> Self {
        let seed = self.seed.map(|seed| seahash::hash(name.as_bytes()) ^ seed.rotate_left(17));
        Self { seed, drawn: 0 }
    }

    pub fn draw(&mut self) -> u128 {
        let mut bytes = [0; 16];
        match self.seed {
            Some(seed) => {
                self.drawn += 1;
                let mut hasher = blake3::Hasher::new();
                hasher.update(&seed.to_le_bytes()).update(&self.drawn.to_le_bytes());
                hasher.finalize_xof().fill(&mut bytes);
            }
            None => getrandom::fill(&mut bytes).expect("the operating system gives random bytes"),
        }
        u128::from_le_bytes(bytes)
    }

    /// A number in `0.0 .. 1.0`, for jitter.
    pub fn fraction(&mut self) -> f64 {
        (self.draw() >> 75) as f64 / (1_u64 << 53) as f64
    }
}

/// What ships is in no simulation, and carries nothing of one.
#[cfg(not(any(test, feature = "mutants")))]
mod simulated {
    use std::time::{Duration, SystemTime};

    #[derive(Clone, Copy, Debug)]
    pub(super) struct Held;

    impl Held {
        pub(super) const BY_NOBODY: Self = Self;

        pub(super) fn since_boot(self) -> Option<Duration> {
            None
        }

        pub(super) fn wall(self) -> Option<SystemTime> {
            None
        }

        pub(super) async fn goes_on(self) {}
    }

    pub(super) fn is_inline() -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_and_a_fork_does_not_disturb_it() {
        let mut one = Dice::from_seed(7);
        let mut two = Dice::from_seed(7);
        let mut fork = two.fork("gc");
        assert_ne!(fork.draw(), one.clone().draw());
        assert_eq!(one.draw(), two.draw());
        assert_ne!(one.draw(), Dice::from_seed(8).draw());
    }

    /// It panicked once, for it took every end of a call but the good one for a panic.
    #[test]
    fn a_blocking_call_in_a_runtime_that_is_gone_neither_panics_nor_returns() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let handle = runtime.handle().clone();
        runtime.shutdown_background();
        let _inside = handle.enter();
        let mut call = std::pin::pin!(blocking(|| 7));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        for _ in 0..3 {
            assert!(call.as_mut().poll(&mut context).is_pending());
        }
    }

    #[tokio::test]
    #[should_panic(expected = "of the call")]
    async fn a_panic_of_a_blocking_call_is_a_panic_of_who_asked() {
        blocking(|| panic!("of the call")).await
    }

    #[test]
    fn what_may_be_raised_is_raised_once() {
        let raised = raise_open_files();
        assert_eq!(raise_open_files(), raised);
        assert!(raised.is_none_or(|files| files > 0) && cores() > 0);
    }

    #[test]
    fn what_a_thread_computes_its_process_computes() {
        let (process, thread) = (process_cpu(), thread_cpu());
        let mut dice = Dice::from_seed(1);
        while thread_cpu() == thread {
            dice.draw();
        }
        assert!(process_cpu() > process);
    }

    #[test]
    fn the_boot_clock_moves_forward() {
        let clock = Clock::start();
        let before = clock.boot_time();
        assert!(clock.boot_time() >= before);
    }

    #[tokio::test(start_paused = true)]
    async fn what_takes_longer_than_it_may_comes_to_nothing() {
        let (clock, second) = (Clock::start(), Duration::from_secs(1));
        let comes = async |after| {
            tokio::time::sleep(after).await;
            7
        };
        assert_eq!(clock.within(2 * second, comes(second)).await, Some(7));
        assert_eq!(clock.within(second, comes(second)).await, Some(7));
        assert_eq!(clock.within(second, comes(2 * second)).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn the_boot_clock_goes_ahead_with_a_paused_one() {
        let clock = Clock::start();
        let before = clock.boot_time().0;
        tokio::time::advance(Duration::from_secs(3600)).await;
        let gone = clock.boot_time().0 - before;
        // What has really passed since the start is not counted on top.
        assert!(gone > Duration::from_secs(3500) && gone <= Duration::from_secs(3600), "{gone:?}");
    }
}
