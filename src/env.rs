//! The only door to the outside: clock, dice, and the pool that computes.
//!
//! Everything that is not a pure function gets these handed in, so a test owns
//! time and chance. This is the one file that may call what `clippy.toml` bans.

#![allow(clippy::disallowed_methods)]

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// Time in three readings, for three purposes that must not be mixed.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
}

/// A reading of the boot-time clock, which goes on while the machine is suspended. Only the age
/// of a head is measured with it: an age that forgot a suspend would make a stale read exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BootTime(pub Duration);

impl Clock {
    pub fn start() -> Self {
        Self { start: Instant::now() }
    }

    /// For deadlines, pauses and measurements. Under a paused tokio runtime it stands still.
    pub fn now(&self) -> Duration {
        self.start.elapsed()
    }

    pub fn boot_time(&self) -> BootTime {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        BootTime(Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32))
    }

    /// For display and TTL. Nothing is ordered by it and no two machines compare it.
    pub fn wall(&self) -> SystemTime {
        SystemTime::now()
    }

    pub async fn sleep(&self, pause: Duration) {
        tokio::time::sleep(pause).await;
    }
}

/// Runs calls that block on a disk away from the threads that wait on the network.
pub async fn blocking<T: Send + 'static>(call: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(call).await {
        Ok(value) => value,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
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

    #[test]
    fn the_boot_clock_moves_forward() {
        let clock = Clock::start();
        let before = clock.boot_time();
        assert!(clock.boot_time() >= before);
    }
}
