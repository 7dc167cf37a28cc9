//! What an answer takes in memory while it is gathered: its rows, its buckets, and what is held of
//! documents to make these. Sixteen queries for ten thousand documents each may come to gigabytes, so
//! they are weighed one by one, and room is asked for before there are more than it was asked for: an
//! answer for which there is none ends there.
//!
//! What must hold: what is reserved is never less than what was gathered, but for the one row that is in
//! the hand. How an answer is printed, and how much that may be, is another's business.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::error::{Error, Result};
use crate::memory::{Memory, Share};

/// To refuse so little saves nothing.
const FREE_BYTES: u64 = 256 << 10;
/// Room is asked for by as much again as was gathered, and by no more than this.
const STEP_BYTES: u64 = 1 << 20;

#[derive(Debug)]
pub struct Load {
    memory: Memory,
    share: Share,
    bytes: u64,
    part: Part,
}

/// What an answer is made of comes to more than there is memory for at all. It is found among the
/// sources of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overload {
    pub bytes: u64,
}

impl Load {
    pub fn on(memory: &Memory) -> Self {
        Self::of(memory, Part::default())
    }

    /// For what the same answer holds for a while. The two are one to whoever says what is too much: it
    /// would be told to come again for ever, for what it has itself.
    pub(super) fn beside(&self) -> Self {
        Self::of(&self.memory, Part { whole: self.part.whole.clone(), bytes: 0 })
    }

    fn of(memory: &Memory, part: Part) -> Self {
        Self { memory: memory.clone(), share: memory.take(0), bytes: 0, part }
    }

    /// How much an answer may come to, if nobody else has any.
    pub(super) fn most(&self) -> u64 {
        self.memory.most()
    }

    /// So many bytes more.
    pub(super) fn add(&mut self, bytes: usize) -> Result<()> {
        self.weigh(self.bytes + bytes as u64)
    }

    /// So many bytes in all, be it more than before or less.
    pub(super) fn weigh(&mut self, bytes: u64) -> Result<()> {
        self.bytes = bytes;
        let wanted = bytes + bytes.min(STEP_BYTES);
        if (bytes..=wanted).contains(&self.share.bytes()) {
            return Ok(());
        }
        if bytes <= self.share.bytes() {
            self.share.resize(wanted);
        } else if bytes <= FREE_BYTES {
            self.share.resize(wanted.min(FREE_BYTES));
        } else {
            self.reach(wanted)?;
        }
        self.part.comes_to(self.share.bytes());
        Ok(())
    }

    fn reach(&mut self, wanted: u64) -> Result<()> {
        let (most, others) = (self.memory.most(), self.part.others());
        let bytes = self.bytes + others;
        if bytes > most {
            let message = format!(
                "what the answer is made of comes to {bytes} bytes, and at most {most} are for \
                 requests: ask for less, or raise indexer.memory_limit"
            );
            return Err(Error::invalid(message).with_source(Overload { bytes }));
        }
        self.share.reach(wanted.min(most - others))
    }

    /// What was gathered, and nothing beyond.
    pub fn into_share(self) -> Share {
        let Self { mut share, bytes, .. } = self;
        share.resize(bytes);
        share
    }
}

/// What one of several loads has of what an answer has reserved in all.
#[derive(Debug, Default)]
struct Part {
    whole: Arc<AtomicU64>,
    bytes: u64,
}

impl Part {
    fn comes_to(&mut self, bytes: u64) {
        self.whole.fetch_add(bytes, Relaxed);
        self.whole.fetch_sub(self.bytes, Relaxed);
        self.bytes = bytes;
    }

    fn others(&self) -> u64 {
        self.whole.load(Relaxed).saturating_sub(self.bytes)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.whole.fetch_sub(self.bytes, Relaxed);
    }
}

impl fmt::Display for Overload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.bytes;
        write!(f, "{bytes} bytes are more than there is memory for")
    }
}

impl std::error::Error for Overload {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    const MIB: u64 = 1 << 20;

    fn overload(error: &Error) -> Option<Overload> {
        std::error::Error::source(error).and_then(|source| source.downcast_ref()).copied()
    }

    #[test]
    fn room_is_there_before_it_is_used_and_little_of_it_goes_unused() {
        let memory = Memory::of(1 << 30);
        let mut load = Load::on(&memory);
        for bytes in [0, 1, 100, 5_000, 200_000, 1 << 20, 1, 70 << 20, 9].repeat(3) {
            load.add(bytes).unwrap();
            let used = memory.used();
            assert!(used >= load.bytes && used <= 2 * load.bytes.max(1), "{used} {}", load.bytes);
            assert!(used <= load.bytes + STEP_BYTES);
        }
        let bytes = load.bytes;
        let share = load.into_share();
        assert_eq!((share.bytes(), memory.used()), (bytes, bytes));
        drop(share);
        assert_eq!(memory.used(), 0);
    }

    #[test]
    fn what_weighs_less_than_before_gives_room_to_others() {
        let memory = Memory::of(1 << 30);
        let mut load = Load::on(&memory);
        for bytes in [0, 100 << 20, 70 << 20, 70 << 20, 9, 0, 300 << 10, 200 << 10, 1 << 20] {
            load.weigh(bytes).unwrap();
            let used = memory.used();
            assert!(used >= bytes && used <= bytes + bytes.min(STEP_BYTES), "{used} {bytes}");
        }
        load.add(5).unwrap();
        assert_eq!(load.into_share().bytes(), (1 << 20) + 5);
    }

    /// Two that are each small enough were told to come again, though nobody else was there.
    #[test]
    fn what_one_answer_has_in_several_places_is_too_much_together() {
        let memory = Memory::of(16 * MIB);
        let mut rows = Load::on(&memory);
        rows.add(6 << 20).unwrap();
        let mut beside = rows.beside();
        beside.add(5 << 20).unwrap();
        let told = beside.add(3 << 20).unwrap_err();
        assert_eq!(told.kind(), ErrorKind::Invalid);
        assert_eq!(overload(&told), Some(Overload { bytes: 15 * MIB }));
        // What is let go is another's.
        drop(beside);
        rows.add(8 << 20).unwrap();
        assert_eq!(memory.used(), 14 * MIB);
        // Another answer is not told of what this one has.
        let told = Load::on(&memory).add(3 << 20).unwrap_err();
        assert_eq!((told.kind(), overload(&told)), (ErrorKind::Unavailable, None), "{told}");
    }

    #[test]
    fn an_answer_for_which_there_is_no_room_ends_where_there_is_none() {
        let memory = Memory::of(16 * MIB);
        let others = memory.take(4 * MIB);
        let mut load = Load::on(&memory);
        let mut rows = 0;
        let told = loop {
            match load.add(64 << 10) {
                Ok(()) => rows += 1,
                Err(error) => break error,
            }
        };
        assert_eq!((told.kind(), overload(&told)), (ErrorKind::Unavailable, None), "{told}");
        // An eighth of all is kept back, and a step is not begun that cannot be ended.
        assert!((8 * 16..=10 * 16).contains(&rows), "{rows} rows of 64 KiB");
        assert!(memory.used() <= 14 * MIB);
        drop(load);
        assert_eq!(memory.used(), 4 * MIB);
        drop(others);

        // Where there is nothing left at all, an answer is as small as it mostly is.
        let _all = memory.take(16 * MIB);
        let mut load = Load::on(&memory);
        load.add(FREE_BYTES as usize - 1).unwrap();
        load.add(1).unwrap();
        assert_eq!(load.add(1).unwrap_err().kind(), ErrorKind::Unavailable);
    }

    #[test]
    fn what_will_never_fit_is_told_so() {
        let memory = Memory::of(16 * MIB);
        let mut load = Load::on(&memory);
        load.add(14 << 20).unwrap();
        let told = load.add(1).unwrap_err();
        assert_eq!(told.kind(), ErrorKind::Invalid);
        assert_eq!(overload(&told), Some(Overload { bytes: 14 * MIB + 1 }));
        assert!(told.to_string().contains("indexer.memory_limit"), "{told}");
    }
}
