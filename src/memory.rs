//! Memory as a budget: admission by reserved bytes.
//!
//! Whoever takes in something large reserves for it first, and gives the bytes back by dropping its
//! [`Share`]. Work that can be sent away *asks*, and is refused where it would not fit. Work that is
//! owed already *takes*: that is granted, and counts against whoever asks next. An eighth of the
//! limit is kept from those who ask. It is for what frees memory, such as a fold, which would starve
//! if admission took everything.
//!
//! What must hold: the bytes in use are those of the shares that are alive. It counts what it is
//! told, and measures nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::error::{Error, Result};

/// One of so many parts is kept from those who ask.
const KEPT_BACK: u64 = 8;

/// Clones are the same memory.
#[derive(Clone, Debug)]
pub struct Memory(Arc<Pool>);

#[derive(Debug)]
struct Pool {
    limit: u64,
    used: AtomicU64,
    refused: AtomicU64,
}

/// Bytes that are in use until it is dropped.
#[derive(Debug)]
pub struct Share {
    pool: Arc<Pool>,
    bytes: u64,
}

impl Memory {
    pub fn of(limit_bytes: u64) -> Self {
        let (used, refused) = (AtomicU64::new(0), AtomicU64::new(0));
        Self(Arc::new(Pool { limit: limit_bytes, used, refused }))
    }

    /// For work that can be sent away: refused where it does not fit now (`Unavailable`), or never
    /// will (`Invalid`).
    pub fn ask(&self, bytes: u64) -> Result<Share> {
        let (pool, most) = (&self.0, self.most());
        if bytes > most {
            pool.refused.fetch_add(1, Relaxed);
            return Err(Error::invalid(format!(
                "this takes {bytes} bytes of memory at once, and at most {most} are for requests: \
                 send less at once, or raise indexer.memory_limit ({} bytes)",
                pool.limit
            )));
        }
        let fits = |used: u64| used.checked_add(bytes).filter(|after| *after <= most);
        match pool.used.fetch_update(Relaxed, Relaxed, fits) {
            Ok(_) => Ok(Share { pool: pool.clone(), bytes }),
            Err(used) => {
                pool.refused.fetch_add(1, Relaxed);
                Err(Error::unavailable(format!(
                    "{used} bytes of memory are in use, and {bytes} more do not fit now: send it \
                     again in a moment, send less at once, or raise indexer.memory_limit ({} bytes)",
                    pool.limit
                )))
            }
        }
    }

    /// For what is owed already: always granted, be it beyond the limit.
    pub fn take(&self, bytes: u64) -> Share {
        self.0.used.fetch_add(bytes, Relaxed);
        Share { pool: self.0.clone(), bytes }
    }

    pub fn used(&self) -> u64 {
        self.0.used.load(Relaxed)
    }

    pub fn limit(&self) -> u64 {
        self.0.limit
    }

    /// What all those who ask have together at the most.
    pub fn most(&self) -> u64 {
        self.0.limit - self.0.limit / KEPT_BACK
    }

    /// How often somebody was refused.
    pub fn refused(&self) -> u64 {
        self.0.refused.load(Relaxed)
    }
}

impl Share {
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// So many bytes in all: what is more is asked for, as by whoever comes new.
    pub fn reach(&mut self, bytes: u64) -> Result<()> {
        if let Some(more) = bytes.checked_sub(self.bytes).filter(|more| *more > 0) {
            let mut share = Memory(self.pool.clone()).ask(more)?;
            // The two are one from here on.
            share.bytes = 0;
            self.bytes = bytes;
        }
        Ok(())
    }

    /// It turned out to be more, or less: always granted.
    pub fn resize(&mut self, bytes: u64) {
        let used = &self.pool.used;
        match bytes.checked_sub(self.bytes) {
            Some(more) => used.fetch_add(more, Relaxed),
            None => used.fetch_sub(self.bytes - bytes, Relaxed),
        };
        self.bytes = bytes;
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.pool.used.fetch_sub(self.bytes, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn an_eighth_is_kept_from_whoever_asks() {
        let memory = Memory::of(800);
        let _some = memory.ask(600).unwrap();
        let told = memory.ask(101).unwrap_err();
        assert_eq!(told.kind(), ErrorKind::Unavailable);
        assert!(told.to_string().contains("raise indexer.memory_limit (800 bytes)"), "{told}");
        let _rest = memory.ask(100).unwrap();
        assert_eq!(memory.ask(1).unwrap_err().kind(), ErrorKind::Unavailable);
        assert_eq!((memory.used(), memory.limit(), memory.refused()), (700, 800, 2));
        assert!(memory.ask(0).is_ok());
    }

    #[test]
    fn a_share_grows_as_far_as_there_is_room() {
        let memory = Memory::of(800);
        let mut share = memory.ask(100).unwrap();
        share.reach(50).unwrap();
        share.reach(600).unwrap();
        assert_eq!((share.bytes(), memory.used()), (600, 600));
        assert_eq!(share.reach(701).unwrap_err().kind(), ErrorKind::Unavailable);
        assert_eq!((share.bytes(), memory.used()), (600, 600));
        drop(share);
        assert_eq!(memory.used(), 0);
    }

    #[test]
    fn what_can_never_fit_is_told_so_and_not_to_come_again() {
        let memory = Memory::of(800);
        for bytes in [701, 801, u64::MAX] {
            let told = memory.ask(bytes).unwrap_err();
            assert_eq!(told.kind(), ErrorKind::Invalid);
            let way_out = "send less at once, or raise indexer.memory_limit";
            assert!(told.to_string().contains(way_out), "{told}");
        }
        assert_eq!((memory.used(), memory.refused(), memory.most()), (0, 3, 700));
        assert!(memory.ask(700).is_ok());
    }

    #[test]
    fn what_is_owed_is_granted_and_counts() {
        let memory = Memory::of(800);
        let owed = memory.take(1000);
        assert_eq!(memory.used(), 1000);
        assert_eq!(memory.ask(1).unwrap_err().kind(), ErrorKind::Unavailable);
        drop(owed);
        assert_eq!(memory.used(), 0);
        assert!(memory.ask(1).is_ok());
    }

    #[test]
    fn a_share_may_grow_and_shrink_and_is_given_back_as_it_is_then() {
        let memory = Memory::of(800);
        let mut share = memory.ask(100).unwrap();
        for bytes in [900, 0, 70] {
            share.resize(bytes);
            assert_eq!((share.bytes(), memory.used()), (bytes, bytes));
        }
        drop(share);
        assert_eq!(memory.used(), 0);
    }

    #[test]
    fn many_threads_never_have_more_than_there_is_and_give_all_of_it_back() {
        const THREADS: u64 = 8;
        const MOST: u64 = 7_000;
        let memory = Memory::of(8_000);
        let granted = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let (memory, granted) = (memory.clone(), &granted);
                scope.spawn(move || {
                    let mut held = Vec::new();
                    for round in 0..2_000_u64 {
                        let bytes = (round * 37 + thread * 101) % 2_000;
                        if let Ok(mut share) = memory.ask(bytes) {
                            granted.fetch_add(1, Relaxed);
                            // Only what is taken may lead beyond, and here nobody takes.
                            assert!(memory.used() <= MOST);
                            share.resize(bytes / 2);
                            held.push(share);
                        }
                        if round % 3 == 0 {
                            held.clear();
                        }
                    }
                });
            }
        });
        assert_eq!(memory.used(), 0);
        assert!(granted.load(Relaxed) > 0);
    }
}
