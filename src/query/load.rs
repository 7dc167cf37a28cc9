//! What the rows of an answer take in memory while they are gathered. Sixteen queries for ten thousand
//! documents each may come to gigabytes, so they are weighed one by one, and room is asked for before
//! there are more than it was asked for: an answer for which there is none ends there.
//!
//! What must hold: what is reserved is never less than what was gathered, but for the one row that is in
//! the hand. How an answer is printed, and how much that may be, is another's business.

use std::fmt;

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
}

/// The rows of an answer come to more than there is memory for at all. It is found among the sources of
/// an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overload {
    pub bytes: u64,
}

impl Load {
    pub fn on(memory: &Memory) -> Self {
        Self { memory: memory.clone(), share: memory.take(0), bytes: 0 }
    }

    /// So many bytes more.
    pub(super) fn add(&mut self, bytes: usize) -> Result<()> {
        self.bytes += bytes as u64;
        if self.bytes <= self.share.bytes() {
            return Ok(());
        }
        let wanted = self.bytes + self.bytes.min(STEP_BYTES);
        if self.bytes <= FREE_BYTES {
            self.share.resize(wanted.min(FREE_BYTES));
            return Ok(());
        }
        let (bytes, most) = (self.bytes, self.memory.most());
        if bytes > most {
            let message = format!(
                "the documents of the answer come to {bytes} bytes, and at most {most} are for \
                 requests: ask for fewer, or raise indexer.memory_limit"
            );
            return Err(Error::invalid(message).with_source(Overload { bytes }));
        }
        self.share.reach(wanted.min(most))
    }

    /// What was gathered, and nothing beyond.
    pub fn into_share(self) -> Share {
        let Self { mut share, bytes, .. } = self;
        share.resize(bytes);
        share
    }
}

impl fmt::Display for Overload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.bytes;
        write!(f, "{bytes} bytes of documents are more than there is memory for")
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
