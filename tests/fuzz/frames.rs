//! The envelope of every object, for each kind of body: with its checksum, its length and its magic put
//! right more often than not.

use bytes::Bytes;
use elacsym::error::ErrorKind;
use elacsym::model::PutId;
use elacsym::storage::frame::{self, FRAME_BYTES, FrameKind};

use crate::random::Random;
use crate::target::{Answer, Target, refused};
use crate::{bend, memory};

const KINDS: [FrameKind; 10] = [
    FrameKind::Slot,
    FrameKind::Head,
    FrameKind::Node,
    FrameKind::Secret,
    FrameKind::Text,
    FrameKind::Vectors,
    FrameKind::Deletions,
    FrameKind::Keys,
    FrameKind::Chunk,
    FrameKind::Probe,
];
/// A body shares the memory of its frame: what is left is the words of an error.
const MEMORY_BYTES: usize = 4 << 10;
const CRC_BYTES: usize = 4;

pub(crate) struct Frames;

impl Target for Frames {
    fn name(&self) -> &'static str {
        "frames"
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        let frame = |kind| frame::encode(kind, PutId(7), format!("{kind:?}").as_bytes()).to_vec();
        KINDS.into_iter().map(frame).collect()
    }

    fn bend(&self, random: &mut Random, input: &[u8], other: &[u8]) -> Vec<u8> {
        let mut bytes = bend::times(3, random, (input, other), bend::bytes);
        if bytes.len() >= FRAME_BYTES {
            let end = bytes.len() - CRC_BYTES;
            if random.percent(90) {
                bytes[..4].copy_from_slice(b"ELAC");
            }
            if random.percent(90) {
                let length = (bytes.len() - FRAME_BYTES) as u64;
                bytes[8..16].copy_from_slice(&length.to_le_bytes());
            }
            if random.percent(90) {
                let crc = crc32fast::hash(&bytes[..end]);
                bytes[end..].copy_from_slice(&crc.to_le_bytes());
            }
        }
        bytes
    }

    fn judge(&self, input: &[u8]) -> Result<Answer, String> {
        let bytes = Bytes::copy_from_slice(input);
        let newer = input.get(5).is_some_and(|version| *version > 1);
        let mut kinds = vec![ErrorKind::Corrupt];
        kinds.extend(newer.then_some(ErrorKind::Unavailable));
        let mut answers = Vec::new();
        for kind in KINDS {
            match memory::bounded(MEMORY_BYTES, || frame::decode(kind, &bytes))? {
                Err(error) => answers.push(refused(&error, &kinds)?),
                Ok(frame) if frame::encode(kind, frame.put, &frame.body) != bytes => {
                    return Err(format!("accepted as {kind:?}, and written in another way"));
                }
                Ok(_) => answers.push(Answer::Accepted(format!("{kind:?}"))),
            }
        }
        let is_accepted = |answer: &Answer| matches!(answer, Answer::Accepted(_));
        // As one kind alone.
        match answers.iter().filter(|answer| is_accepted(answer)).count() {
            0 => Ok(answers.swap_remove(0)),
            1 => Ok(answers.into_iter().find(is_accepted).expect("one of them")),
            kinds => Err(format!("accepted as {kinds} kinds at once")),
        }
    }
}
