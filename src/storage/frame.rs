//! The envelope of every object but Parquet: bytes that arrive are the bytes that were written,
//! or an error.
//!
//! All numbers are little-endian.
//!
//! ```text
//! offset  bytes
//!      0      4  magic "ELAC"
//!      4      1  kind of the body (table below)
//!      5      1  version of the body's format
//!      6      2  zero
//!      8      8  length of the body, L
//!     16     16  put id: random, drawn for each intent to write
//!     32      L  body
//!   32+L      4  crc32 (IEEE) of everything before it
//! ```
//!
//! The checksum stands last and covers the header, so one flipped bit anywhere is found: in the
//! header, in the body, in itself. The length must be that of the object, to the byte: a truncated
//! or extended object is found before its checksum is computed. `decode` never panics.
//!
//! A frame vouches for an object read whole. A body that is read in ranges (`.text`, `.vec`)
//! carries checksums of its own parts.

use bytes::{Bytes, BytesMut};

use crate::error::{Error, Result};
use crate::model::PutId;

const MAGIC: &[u8; 4] = b"ELAC";
const HEADER_BYTES: usize = 32;
const CRC_BYTES: usize = 4;

/// What a frame adds to its body.
pub const FRAME_BYTES: usize = HEADER_BYTES + CRC_BYTES;

/// What lies in the body. A reader says which one it expects, so a head can never be taken for a
/// slot. The numbers are on disk: a new kind takes a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum FrameKind {
    Slot = 1,
    Head = 2,
    Node = 3,
    Secret = 4,
    Text = 5,
    Vectors = 6,
    Deletions = 7,
    Keys = 8,
    Chunk = 9,
    Probe = 10,
}

impl FrameKind {
    /// The version that `encode` writes, and the newest that `decode` understands.
    pub const fn version(self) -> u8 {
        match self {
            Self::Slot
            | Self::Head
            | Self::Node
            | Self::Secret
            | Self::Text
            | Self::Vectors
            | Self::Deletions
            | Self::Keys
            | Self::Chunk
            | Self::Probe => 1,
        }
    }
}

/// An opened envelope. The body shares the memory of the bytes it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub version: u8,
    pub put: PutId,
    pub body: Bytes,
}

/// The same arguments give the same bytes: a repeated attempt sends what the first one sent.
pub fn encode(kind: FrameKind, put: PutId, body: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(FRAME_BYTES + body.len());
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&[kind as u8, kind.version(), 0, 0]);
    out.extend_from_slice(&(body.len() as u64).to_le_bytes());
    out.extend_from_slice(&put.0.to_le_bytes());
    out.extend_from_slice(body);
    let crc = crc32fast::hash(&out);
    out.extend_from_slice(&crc.to_le_bytes());
    out.freeze()
}

/// The body, if `bytes` is a whole frame of that kind.
///
/// Everything that is wrong is `Corrupt`, but for a version from the future: those bytes are whole,
/// and this binary is too old for them, so it is `Unavailable`: another node may understand them.
pub fn decode(kind: FrameKind, bytes: &Bytes) -> Result<Frame> {
    let held = bytes.len();
    let (header, rest) = bytes
        .split_first_chunk::<HEADER_BYTES>()
        .ok_or_else(|| Error::corrupt(format!("{held} bytes are too few for a frame")))?;
    let (_, crc) = rest
        .split_last_chunk::<CRC_BYTES>()
        .ok_or_else(|| Error::corrupt(format!("{held} bytes are too few for a frame")))?;
    let [m0, m1, m2, m3, its_kind, version, zero0, zero1, fields @ ..] = *header;
    if [m0, m1, m2, m3] != *MAGIC {
        return Err(Error::corrupt("these bytes do not begin as a frame does"));
    }
    let (length, put) = split_fields(fields);
    let body_bytes = held - FRAME_BYTES;
    if length != body_bytes as u64 {
        return Err(Error::corrupt(format!(
            "the frame says that its body has {length} bytes, but {body_bytes} are here"
        )));
    }
    let found = crc32fast::hash(&bytes[..held - CRC_BYTES]);
    let written = u32::from_le_bytes(*crc);
    if found != written && !crate::mutant!("the checksum of a frame is not checked") {
        return Err(Error::corrupt(format!("crc32 is {found:08x}, but {written:08x} was written")));
    }
    if its_kind != kind as u8 || [zero0, zero1] != [0, 0] {
        return Err(Error::corrupt(format!(
            "a frame of kind {its_kind} stands where {kind:?} (kind {}) belongs",
            kind as u8
        )));
    }
    match version {
        0 => Err(Error::corrupt(format!("{kind:?} has no version 0"))),
        version if version > kind.version() => Err(Error::unavailable(format!(
            "{kind:?} was written in version {version}, and this release reads up to {}: upgrade \
             this node",
            kind.version()
        ))),
        version => {
            let body = bytes.slice(HEADER_BYTES..held - CRC_BYTES);
            Ok(Frame { version, put: PutId(put), body })
        }
    }
}

fn split_fields(fields: [u8; 24]) -> (u64, u128) {
    let (mut length, mut put) = ([0; 8], [0; 16]);
    length.copy_from_slice(&fields[..8]);
    put.copy_from_slice(&fields[8..]);
    (u64::from_le_bytes(length), u128::from_le_bytes(put))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::error::ErrorKind;

    const PUT: PutId = PutId(0x0f0e_0d0c_0b0a_0908_0706_0504_0302_0100);

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn kind_of(bytes: Vec<u8>) -> Option<ErrorKind> {
        decode(FrameKind::Slot, &bytes.into()).err().map(|error| error.kind())
    }

    /// The vectors of `docs/FORMAT.md`.
    #[test]
    fn frames_are_spelt_as_the_format_page_says() {
        let header = "454c4143 01 01 0000 0500000000000000 000102030405060708090a0b0c0d0e0f";
        let expect = format!("{header} 68656c6c6f 82cd4085").replace(' ', "");
        assert_eq!(hex(&encode(FrameKind::Slot, PUT, b"hello")), expect);
        let header = "454c4143 02 01 0000 0000000000000000 000102030405060708090a0b0c0d0e0f";
        let expect = format!("{header} db240d17").replace(' ', "");
        assert_eq!(hex(&encode(FrameKind::Head, PUT, b"")), expect);
    }

    #[test]
    fn a_flipped_bit_is_found_wherever_it_is() {
        for body in [&b""[..], b"h", b"hello", &[0; 300]] {
            let good = encode(FrameKind::Slot, PUT, body);
            for bit in 0..good.len() * 8 {
                let mut bad = good.to_vec();
                bad[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(kind_of(bad), Some(ErrorKind::Corrupt), "bit {bit} of {body:?}");
            }
        }
    }

    #[test]
    fn a_frame_that_is_cut_or_extended_is_found() {
        let good = encode(FrameKind::Slot, PUT, b"hello").to_vec();
        for length in 0..good.len() {
            assert_eq!(kind_of(good[..length].to_vec()), Some(ErrorKind::Corrupt), "{length}");
        }
        for tail in [&b"\0"[..], b"hello", &good] {
            let longer = [good.as_slice(), tail].concat();
            assert_eq!(kind_of(longer), Some(ErrorKind::Corrupt));
        }
    }

    #[test]
    fn a_head_is_never_taken_for_a_slot() {
        let head = encode(FrameKind::Head, PUT, b"hello");
        assert_eq!(decode(FrameKind::Slot, &head).unwrap_err().kind(), ErrorKind::Corrupt);
    }

    #[test]
    fn a_version_from_the_future_is_another_nodes_business() {
        let mut bytes = encode(FrameKind::Slot, PUT, b"hello").to_vec();
        let reseal = |bytes: &mut Vec<u8>| {
            let end = bytes.len() - CRC_BYTES;
            let crc = crc32fast::hash(&bytes[..end]);
            bytes[end..].copy_from_slice(&crc.to_le_bytes());
        };
        bytes[5] = FrameKind::Slot.version() + 1;
        reseal(&mut bytes);
        assert_eq!(kind_of(bytes.clone()), Some(ErrorKind::Unavailable));
        bytes[5] = 0;
        reseal(&mut bytes);
        assert_eq!(kind_of(bytes), Some(ErrorKind::Corrupt));
    }

    proptest! {
        #[test]
        fn a_frame_opens_to_what_was_put_in(put in any::<u128>(),
                                            body in prop::collection::vec(any::<u8>(), 0..2000)) {
            let frame = decode(FrameKind::Keys, &encode(FrameKind::Keys, PutId(put), &body)).unwrap();
            prop_assert_eq!(frame.put, PutId(put));
            prop_assert_eq!(frame.version, 1);
            prop_assert_eq!(&frame.body[..], &body[..]);
        }

        #[test]
        fn any_bytes_are_answered(mut bytes in prop::collection::vec(any::<u8>(), 0..200),
                                  plausible in any::<bool>()) {
            if plausible && bytes.len() >= FRAME_BYTES {
                bytes[..4].copy_from_slice(MAGIC);
                let length = (bytes.len() - FRAME_BYTES) as u64;
                bytes[8..16].copy_from_slice(&length.to_le_bytes());
            }
            let _ = decode(FrameKind::Slot, &bytes.into());
        }
    }
}
