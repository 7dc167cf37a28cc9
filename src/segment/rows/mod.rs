//! The rows of a segment, as a Parquet file that anybody can read.
//!
//! ```text
//! columns          `id`, then one for each attribute that a row has, under its name at that time.
//!                  The field id is 0 for `id`, and 1 + the attribute's number for the others.
//! rows             sorted by id, no id twice
//! vectors          PLAIN and uncompressed, so that the vector of a row is one range of bytes
//! the rest         zstd
//! key-value        elacsym.format       1
//!                  elacsym.id           uint, uuid, string or int
//!                  elacsym.attributes   lines of `<number> <type>`, in the order of the columns
//!                  elacsym.bytes        about what all columns take in memory, unpacked
//! ```
//!
//! The types of attributes are said beside the columns, for two of them may lie in the same type of
//! Parquet. Whoever names the file keeps a hash of it.

mod packed;
#[cfg(test)]
mod tests;
mod writer;

pub use self::packed::{Extent, Packed};
pub use self::writer::Writer;

const FORMAT: &str = "elacsym.format";
const ID: &str = "elacsym.id";
const ATTRIBUTES: &str = "elacsym.attributes";
const BYTES: &str = "elacsym.bytes";
/// Rows in a group: a reader takes one at a time.
const GROUP_ROWS_MAX: usize = 64 << 10;

/// The first 16 bytes of BLAKE3 of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileHash(pub [u8; 16]);

impl FileHash {
    pub fn of(bytes: &[u8]) -> Self {
        let mut hash = [0; 16];
        hash.copy_from_slice(&blake3::hash(bytes).as_bytes()[..16]);
        Self(hash)
    }
}
