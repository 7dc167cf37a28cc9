//! The name of a content: what a swap compares.
//!
//! The first 16 bytes of BLAKE3, in hex. Inode, time and size would not do: they repeat. Two equal
//! bodies have one etag, so bodies that are swapped carry something random, as ours do.

use std::fmt;
use std::io;

use bytes::Bytes;

use super::disk::DiskFile;

const CHUNK_BYTES: u64 = 1 << 20;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Etag([u8; 16]);

impl Etag {
    pub(super) fn of(body: &[Bytes]) -> Self {
        let mut hasher = blake3::Hasher::new();
        for part in body {
            hasher.update(part);
        }
        Self::finish(&hasher)
    }

    /// For a body that need not be in memory at once.
    pub(super) fn of_file(file: &dyn DiskFile, bytes_long: u64) -> io::Result<Self> {
        let mut hasher = blake3::Hasher::new();
        for start in (0..bytes_long).step_by(CHUNK_BYTES as usize) {
            hasher.update(&file.read(start..bytes_long.min(start + CHUNK_BYTES))?);
        }
        Ok(Self::finish(&hasher))
    }

    fn finish(hasher: &blake3::Hasher) -> Self {
        let mut bytes = [0; 16];
        hasher.finalize_xof().fill(&mut bytes);
        Self(bytes)
    }
}

impl fmt::Display for Etag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Etag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Etag({self})")
    }
}
