//! A word to whoever computes: nobody waits for this any more.
//!
//! Whoever loops over rows asks for it between two blocks of them, and ends there with an error, so that
//! nothing half done is taken for an answer. When the word is given, and why, nobody knows here.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use arrow_buffer::BooleanBuffer;

use crate::error::{Error, Result};

/// Rows of a block. To ask costs as much as to look at one number: of so many, nobody sees it.
pub const BLOCK_ROWS: usize = 1024;
/// And its bytes, where rows are long: some milliseconds of the costliest pattern.
pub(super) const BLOCK_BYTES: usize = 256 << 10;

/// Clones are the same word.
#[derive(Clone, Debug, Default)]
pub struct Halt(Arc<AtomicBool>);

/// It is found among the sources of an error, and says why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Halted;

impl Halt {
    /// It is not taken back.
    pub fn raise(&self) {
        self.0.store(true, Relaxed);
    }

    pub fn check(&self) -> Result<()> {
        match self.0.load(Relaxed) {
            false => Ok(()),
            true => {
                let message =
                    "the query took longer than a query may take: ask for less, or filter more";
                Err(Error::unavailable(message).with_source(Halted))
            }
        }
    }

    /// Each of these rows, in their order.
    pub fn each(&self, rows: &BooleanBuffer, mut each: impl FnMut(usize)) -> Result<()> {
        self.try_each(rows, |row| {
            each(row);
            Ok(())
        })
    }

    /// The same, where a row may be an error.
    pub fn try_each(
        &self,
        rows: &BooleanBuffer,
        each: impl FnMut(usize) -> Result<()>,
    ) -> Result<()> {
        self.in_blocks(rows, BLOCK_ROWS, each)
    }

    /// The same of rows that come to so many bytes, all in all. Where they are long, few are a block.
    pub fn try_each_of(
        &self,
        rows: &BooleanBuffer,
        bytes: usize,
        each: impl FnMut(usize) -> Result<()>,
    ) -> Result<()> {
        let mean = bytes / rows.len().max(1);
        let block_rows = (BLOCK_BYTES / mean.max(1)).clamp(1, BLOCK_ROWS);
        self.in_blocks(rows, block_rows, each)
    }

    fn in_blocks(
        &self,
        rows: &BooleanBuffer,
        block_rows: usize,
        mut each: impl FnMut(usize) -> Result<()>,
    ) -> Result<()> {
        for from in (0..rows.len()).step_by(block_rows) {
            self.check()?;
            let block = rows.slice(from, block_rows.min(rows.len() - from));
            block.set_indices().try_for_each(|at| each(from + at))?;
        }
        Ok(())
    }

    /// What comes one after the other, each of which takes a moment: where it is sorted on the way.
    pub fn gather<T>(&self, items: impl Iterator<Item = T>) -> Result<Vec<T>> {
        let mut gathered = Vec::new();
        for item in items {
            if gathered.len().is_multiple_of(BLOCK_ROWS) {
                self.check()?;
            }
            gathered.push(item);
        }
        Ok(gathered)
    }
}

impl fmt::Display for Halted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nobody waits for the answer any more")
    }
}

impl std::error::Error for Halted {}

#[cfg(test)]
pub(super) fn is_halted(error: &Error) -> bool {
    std::error::Error::source(error).is_some_and(|source| source.is::<Halted>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn rows(count: usize) -> BooleanBuffer {
        BooleanBuffer::collect_bool(count, |row| row % 3 != 1)
    }

    #[test]
    fn each_row_is_looked_at_once_and_in_its_order() {
        for count in [0, 1, BLOCK_ROWS - 1, BLOCK_ROWS, 3 * BLOCK_ROWS + 7] {
            // A part of a larger one too: the bits of a block need not begin a word.
            for rows in [rows(count), rows(count + 5).slice(5, count)] {
                let expected: Vec<usize> = rows.set_indices().collect();
                let halt = Halt::default();
                let mut seen = Vec::new();
                halt.each(&rows, |row| seen.push(row)).unwrap();
                assert_eq!(seen, expected);
                for bytes in [0, count, count * BLOCK_BYTES, usize::MAX] {
                    seen.clear();
                    let each = |row: usize| {
                        seen.push(row);
                        Ok(())
                    };
                    halt.try_each_of(&rows, bytes, each).unwrap();
                    assert_eq!(seen, expected, "{bytes} bytes");
                }
            }
        }
    }

    #[test]
    fn of_what_is_halted_no_more_than_a_block_is_looked_at() {
        let all = BooleanBuffer::new_set(10 * BLOCK_ROWS);
        for (row_bytes, most) in
            [(0, BLOCK_ROWS), (1, BLOCK_ROWS), (BLOCK_BYTES / 10, 10), (BLOCK_BYTES, 1)]
        {
            let (halt, mut seen) = (Halt::default(), 0);
            let each = |_: usize| {
                seen += 1;
                halt.raise();
                Ok(())
            };
            let told = halt.try_each_of(&all, all.len() * row_bytes, each).unwrap_err();
            assert!(is_halted(&told) && told.kind() == ErrorKind::Unavailable, "{told}");
            assert_eq!(seen, most, "{row_bytes} bytes a row");
        }

        let (halt, mut seen) = (Halt::default(), 0);
        let items = (0..10 * BLOCK_ROWS).inspect(|_| {
            seen += 1;
            if seen == 2 {
                halt.raise();
            }
        });
        assert!(is_halted(&halt.gather(items).unwrap_err()));
        // The one that comes next was on its way.
        assert_eq!(seen, BLOCK_ROWS + 1);
    }

    #[test]
    fn what_is_halted_before_is_not_begun() {
        let halt = Halt::default();
        halt.check().unwrap();
        halt.clone().raise();
        assert!(is_halted(&halt.check().unwrap_err()));
        let told = halt.each(&rows(10), |row| panic!("row {row} is looked at")).unwrap_err();
        assert!(is_halted(&told));
        assert!(halt.each(&rows(0), |_| ()).is_ok());
    }

    #[test]
    fn an_error_of_a_row_ends_it() {
        let mut seen = 0;
        let each = |row: usize| {
            seen += 1;
            if row == 3 { Err(Error::invalid("three")) } else { Ok(()) }
        };
        let told = Halt::default().try_each(&rows(100), each).unwrap_err();
        assert_eq!((told.to_string().as_str(), seen), ("three", 3));
    }
}
