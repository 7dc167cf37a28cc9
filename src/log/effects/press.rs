//! Contexts of zstd, kept from one part to the next: to make one takes longer than to pack a small
//! part with it.
//!
//! What must hold: a frame does not depend on what its context did before, for the same effects give
//! the same bytes. zstd begins each frame with nothing of the last one but its memory, here it is told
//! its level anew, and a context that failed is not kept.

use std::io::{self, Cursor};
use std::sync::{Mutex, PoisonError};

use zstd::bulk::{Compressor, Decompressor};

/// Of each kind. Seldom do more threads than these pack at once, and one more makes its own. What
/// packs holds some 600 KiB, if its parts were large, and what unpacks 100.
const KEPT_MAX: usize = 16;

static COMPRESSORS: Kept<Compressor<'static>> = Kept::none();
static DECOMPRESSORS: Kept<Decompressor<'static>> = Kept::none();

/// What so much content takes at the most when it is packed.
pub(super) fn room(content_bytes: usize) -> usize {
    zstd::compress_bound(content_bytes)
}

/// Puts content behind what is in `out`, as one frame that says how long it is.
pub(super) fn pack(content: &[u8], level: i32, out: &mut Vec<u8>) -> io::Result<()> {
    let mut compressor = COMPRESSORS.take();
    compressor.set_compression_level(level)?;
    let from = out.len();
    out.reserve_exact(room(content.len()));
    let mut frame = Cursor::new(out);
    frame.set_position(from as u64);
    compressor.compress_to_buffer(content, &mut frame)?;
    COMPRESSORS.give(compressor);
    Ok(())
}

/// What was packed. More than `length` is refused before there is room for it.
pub(super) fn unpack(packed: &[u8], length: usize) -> io::Result<Vec<u8>> {
    let mut decompressor = DECOMPRESSORS.take();
    let content = decompressor.decompress(packed, length)?;
    DECOMPRESSORS.give(decompressor);
    Ok(content)
}

/// What nobody uses just now.
struct Kept<T>(Mutex<Vec<T>>);

impl<T> Kept<T> {
    const fn none() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    fn give(&self, back: T) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT_MAX {
            kept.push(back);
        }
    }
}

impl<T: Default> Kept<T> {
    fn take(&self) -> T {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        kept.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &[u8] = b"before";

    fn noise(length: usize) -> Vec<u8> {
        let mut seed = 1_u64;
        let mut next = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 56) as u8
        };
        (0..length).map(|_| next()).collect()
    }

    fn packed(content: &[u8], level: i32) -> Vec<u8> {
        let mut out = BEFORE.to_vec();
        pack(content, level, &mut out).unwrap();
        assert!(out.starts_with(BEFORE));
        out.split_off(BEFORE.len())
    }

    #[test]
    fn a_frame_is_that_of_a_new_context_whatever_was_packed_before_it() {
        let text = b"the same again, and not quite the same. ".repeat(9000);
        let noise = noise(200_000);
        let (half, end) = (text.len() / 2, text.len() - 17);
        let mixed = [&text[..half], &noise, &text[half..]].concat();
        let contents = [&text[..], &text[..300], b"", &noise, &mixed, &noise[..40], &text[7..end]];
        for _ in 0..3 {
            for (content, level) in contents.iter().flat_map(|it| [(it, 1), (it, -50), (it, 1)]) {
                let length = content.len();
                let frame = packed(content, level);
                let fresh = zstd::bulk::compress(content, level).unwrap();
                assert!(frame == fresh, "{length} bytes at level {level}");
                assert!(unpack(&frame, length).unwrap() == *content, "{length} bytes");
            }
        }
    }

    #[test]
    fn what_was_no_frame_leaves_nothing_behind() {
        let text = b"the same again and again. ".repeat(40);
        let frame = packed(&text, 1);
        for end in 1..frame.len() {
            assert!(unpack(&frame[..end], text.len()).is_err(), "{end}");
            assert!(unpack(&frame, text.len()).unwrap() == text, "{end}");
        }
        assert!(unpack(&frame, text.len() - 1).is_err());
        assert!(unpack(&frame, text.len()).unwrap() == text);
    }

    #[test]
    fn no_more_are_kept_than_there_is_room_for() {
        let kept = Kept::<usize>::none();
        (1..=2 * KEPT_MAX).for_each(|it| kept.give(it));
        let taken: Vec<usize> = (0..=KEPT_MAX).map(|_| kept.take()).collect();
        assert_eq!(taken, (0..=KEPT_MAX).rev().collect::<Vec<_>>());
    }
}
