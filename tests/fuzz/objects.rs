//! The small objects of the store, in frames that are right: heads and their bases, slots, tables of
//! keys, deletions, chunks, outcomes.
//!
//! A checksum would stop every bent byte before it reached a decoder, so each gets a good frame, where
//! its kind has one, and a slot often a good chain. What is accepted must be the object whose bytes these
//! are, to the byte; nowhere else than in its place; and nothing of it can be left out.
//!
//! The corpus begins with the files of `tests/compat/`: those that are pinned, and those that must be
//! refused.

use std::fs;
use std::path::Path;

use bytes::Bytes;
use elacsym::error::ErrorKind;
use elacsym::model::PutId;
use elacsym::storage::frame::{self, FrameKind};

use crate::place::{Kind, Place};
use crate::random::Random;
use crate::target::{Answer, Target, refused};
use crate::{bend, hex, memory};

/// A bitmap makes room for as many containers as it claims, of which there are 65,536 at the most.
const MEMORY_BYTES: usize = 4 << 20;
/// An edit of a schema is said in a byte, and is 100 or more in memory.
const MEMORY_PER_BYTE: usize = 256;
const NOISE_BYTES_MAX: usize = 300;

pub(crate) struct Objects {
    name: &'static str,
    kind: Kind,
}

impl Objects {
    /// By the first word of the names of their files.
    pub(crate) fn of(name: &'static str) -> Self {
        let kind = Kind::said(name).unwrap_or_else(|| panic!("{name} is no kind of object"));
        Self { name, kind }
    }

    /// What may be said of bytes that are refused.
    fn refusals(&self, input: &[u8]) -> Vec<ErrorKind> {
        let newer = self.kind.is_framed() && input.get(5).is_some_and(|version| *version > 1);
        let mut kinds = vec![self.kind.refusal(input)];
        kinds.extend(newer.then_some(ErrorKind::Unavailable));
        kinds
    }

    /// What must hold of an object that was accepted.
    fn check_accepted(&self, bytes: &Bytes) -> Result<(), String> {
        let place = Place::named_by(self.kind, bytes);
        for other in place.others() {
            if other.reopen(bytes).is_ok() {
                return Err(format!("accepted at {place:?} and at {other:?}"));
            }
        }
        let cut = bytes.slice(..bytes.len().saturating_sub(1));
        if cut.len() >= self.kind.bytes_min() && place.reopen(&cut).is_ok() {
            return Err("accepted with its last byte, and without it".to_owned());
        }
        Ok(())
    }
}

impl Target for Objects {
    fn name(&self) -> &'static str {
        self.name
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        pinned(&["v1", "refused"], |name| name.split('-').next() == Some(self.name))
    }

    fn bend(&self, random: &mut Random, input: &[u8], other: &[u8]) -> Vec<u8> {
        let noise = |random: &mut Random| {
            let length = random.below(NOISE_BYTES_MAX);
            random.bytes(length)
        };
        let Ok((mut put, body)) = self.kind.body(&Bytes::copy_from_slice(input)) else {
            let mut bytes = input.to_vec();
            bend::bytes(random, &mut bytes, other);
            return bytes;
        };
        match random.below(20) {
            0 => noise(random),
            1 => self.kind.wrap(put, &noise(random)).to_vec(),
            // A damaged frame: of a chunk there is nothing else to damage.
            dealt if dealt == 2 || dealt.is_multiple_of(2) && self.kind.takes_any_body() => {
                let mut whole = self.kind.wrap(put, &body).to_vec();
                bend::bytes(random, &mut whole, other);
                whole
            }
            dealt => {
                if dealt == 3 {
                    put = PutId(random.draw().into());
                }
                let donor = self.kind.body(&Bytes::copy_from_slice(other));
                let donor = donor.map_or(Bytes::new(), |(_, body)| body);
                let mut body = bend::times(3, random, (&body, &donor), bend::bytes);
                if self.kind == Kind::Framed(FrameKind::Slot) && dealt.is_multiple_of(2) {
                    reseal(put, &mut body);
                }
                self.kind.wrap(put, &body).to_vec()
            }
        }
    }

    fn judge(&self, input: &[u8]) -> Result<Answer, String> {
        let bytes = Bytes::copy_from_slice(input);
        let place = Place::named_by(self.kind, &bytes);
        let bytes_max = MEMORY_BYTES + MEMORY_PER_BYTE * input.len();
        match memory::bounded(bytes_max, || place.reopen(&bytes))? {
            Err(error) => refused(&error, &self.refusals(input)),
            Ok(again) if again != bytes => {
                Err(format!("accepted, and written in another way: {}", hex::spell(&again)))
            }
            Ok(_) => {
                self.check_accepted(&bytes)?;
                Ok(Answer::Accepted(self.name.to_owned()))
            }
        }
    }
}

/// Files of these folders of `tests/compat/`.
pub(crate) fn pinned(folders: &[&str], is_one: impl Fn(&str) -> bool) -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compat");
    let entries = folders.iter().flat_map(|folder| fs::read_dir(root.join(folder)).unwrap());
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| is_one(path.file_stem().unwrap().to_str().unwrap()));
    paths.sort();
    paths.iter().map(|path| hex::parse(&fs::read_to_string(path).unwrap()).to_vec()).collect()
}

/// Puts the right chain into a body of a slot, if that is long enough to have one. The recipe of
/// `docs/FORMAT.md` a second time, so that the first is checked against it.
fn reseal(put: PutId, body: &mut [u8]) {
    if let Some(chain) = chain(put, body) {
        body[48..64].copy_from_slice(&chain);
    }
}

fn chain(put: PutId, body: &[u8]) -> Option<[u8; 16]> {
    let (inc, seq, epoch) = (body.get(..16)?, body.get(16..24)?, body.get(24..32)?);
    let (prev, kind, rest) = (body.get(32..48)?, *body.get(64)?, body.get(65..)?);
    let put = put.0.to_le_bytes();
    let mut text = [prev, inc, seq, epoch, &put, &[kind]].concat();
    if kind == 0 {
        text.extend(blake3::hash(rest).as_bytes());
    }
    blake3::hash(&text).as_bytes()[..16].try_into().ok()
}

#[test]
fn the_chain_is_the_one_of_the_format_page() {
    for slot in pinned(&["v1"], |name| name.starts_with("slot-")) {
        let frame = frame::decode(FrameKind::Slot, &slot.into()).unwrap();
        assert_eq!(chain(frame.put, &frame.body).unwrap(), frame.body[48..64]);
    }
}
