//! Damage beyond counting: bodies that are nearly right, in frames that are right.
//!
//! A checksum would stop every mutation before it reached a decoder, so each mutant gets a good
//! frame, where its kind has one, and a slot often a good chain. The answer must be a refusal, or the
//! object whose bytes these are: to the byte. What is accepted joins the pool, so that damage adds
//! up. A failure prints the input, which stays as a file: in `compat/refused/`, if it must be refused.
//! Before that it prints the seed, and `ELACSYM_FUZZ_SEED` goes that way again.

use std::collections::BTreeMap;
use std::env;
use std::time::Duration;

use bytes::Bytes;
use elacsym::env::{Clock, Dice};
use elacsym::model::PutId;
use elacsym::storage::frame::{self, FrameKind};

use crate::place::{Kind, Place};
use crate::{fixtures, hex, samples};

const ROUNDS: u64 = 250_000;
const POOL_MAX: usize = 300;
const BODY_BYTES_MAX: usize = 4000;

struct Fuzz {
    kind: Kind,
    /// Puts and bodies to start from: first the files, which stay, then what was accepted.
    pool: Vec<(PutId, Vec<u8>)>,
    files: usize,
    random: Random,
    accepted: u64,
    /// How often each check refused, by its message less the numbers.
    refused: BTreeMap<String, u64>,
}

/// SplitMix64: fast, and the same on every machine.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn of(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next() as u8).collect()
    }
}

/// Tells the input, should the decoder panic.
pub(crate) struct Witness<'a>(pub(crate) &'a Bytes);

impl Drop for Witness<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the input was {}", hex::spell(self.0));
        }
    }
}

impl Fuzz {
    fn of(kind: Kind, seed: u64) -> Self {
        let seeds = samples::all().into_iter().filter(|sample| sample.kind == kind);
        let seeds = seeds.map(|sample| sample.bytes);
        let hostile = fixtures::refused().filter(|(its_kind, ..)| *its_kind == kind);
        let pool: Vec<_> = seeds
            .chain(hostile.map(|(_, _, bytes)| bytes))
            .filter_map(|bytes| kind.body(&bytes).ok())
            .map(|(put, body)| (put, body.to_vec()))
            .collect();
        let (files, random) = (pool.len(), Random::of(seed));
        Self { kind, pool, files, random, accepted: 0, refused: BTreeMap::new() }
    }

    fn round(&mut self) {
        let among = [self.files, self.pool.len()][self.random.below(2)];
        let pick = self.random.below(among);
        let (mut put, mut body) = self.pool[pick].clone();
        let bytes = match self.random.below(20) {
            // Noise, bare and framed.
            0 => {
                let length = self.random.below(300);
                self.random.bytes(length).into()
            }
            1 => {
                let length = self.random.below(300);
                self.kind.wrap(put, &self.random.bytes(length))
            }
            // A damaged frame.
            2 => {
                let mut whole = self.kind.wrap(put, &body).to_vec();
                self.mutate(&mut whole);
                whole.into()
            }
            dealt => {
                if dealt == 3 {
                    put = PutId(self.random.next().into());
                }
                for _ in 0..=self.random.below(3) {
                    self.mutate(&mut body);
                }
                if self.kind == Kind::Framed(FrameKind::Slot) && dealt.is_multiple_of(2) {
                    reseal(put, &mut body);
                }
                self.kind.wrap(put, &body)
            }
        };
        if self.judge(&bytes) && body.len() < BODY_BYTES_MAX {
            if self.pool.len() < POOL_MAX {
                self.pool.push((put, body));
            } else {
                let place = self.files + self.random.below(POOL_MAX - self.files);
                self.pool[place] = (put, body);
            }
        }
    }

    /// Whether the decoder accepted it.
    fn judge(&mut self, bytes: &Bytes) -> bool {
        let witness = Witness(bytes);
        let answer = Place::named_by(self.kind, bytes).reopen(bytes);
        match &answer {
            Ok(again) => {
                assert_eq!(again, bytes, "accepted, and written in another way");
                self.accepted += 1;
            }
            Err(error) => {
                assert_eq!(error.kind(), self.kind.refusal(bytes), "{}", error.chain());
                let chain = error.chain();
                let words = chain.split(' ').filter(|word| !word.contains(char::is_numeric));
                *self.refused.entry(words.collect::<Vec<_>>().join(" ")).or_default() += 1;
            }
        }
        drop(witness);
        answer.is_ok()
    }

    fn mutate(&mut self, bytes: &mut Vec<u8>) {
        let random = &mut self.random;
        let at = random.below(bytes.len());
        let end = (at + 1 + random.below(80)).min(bytes.len());
        match random.below(9) {
            _ if bytes.is_empty() => *bytes = random.bytes(4),
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = [0, 1, 2, 6, 7, 0x7f, 0x80, 0xff][random.below(8)],
            // A small step: lengths and counts that are off by one.
            2 => bytes[at] = bytes[at].wrapping_add(if random.below(2) == 0 { 1 } else { 255 }),
            3 => {
                let number = [0, 1, 63, 64, 4096, 10_001, u32::MAX / 2, u32::MAX][random.below(8)];
                let number = number.to_le_bytes();
                let room = number.len().min(bytes.len() - at);
                bytes[at..at + room].copy_from_slice(&number[..room]);
            }
            4 => drop(bytes.drain(at..end)),
            5 => {
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
            6 => {
                let length = 1 + random.below(20);
                bytes.splice(at..at, random.bytes(length));
            }
            7 => bytes.truncate(at),
            _ => {
                let (_, other) = &self.pool[random.below(self.pool.len())];
                let tail = other[random.below(other.len().max(1)).min(other.len())..].to_vec();
                bytes.truncate(at);
                bytes.extend(tail);
            }
        }
    }
}

/// Puts the right chain into a body of a slot, if that is long enough to have one. The recipe of
/// FORMAT.md a second time, so that the first is checked against it.
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

fn number(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    Some(text.parse::<u64>().unwrap_or_else(|error| panic!("{variable}={text}: {error}")))
}

/// Goes on for so many rounds, and for as long as the environment says. Returns how many it were.
pub(crate) fn walk<W>(
    what: &str,
    rounds_min: u64,
    start: impl FnOnce(u64) -> W,
    mut round: impl FnMut(&mut W),
) -> (W, u64) {
    let long = Duration::from_secs(number("ELACSYM_FUZZ_SECS").unwrap_or(0));
    let any = || if long.is_zero() { 1 } else { Dice::from_os().draw() as u64 };
    let seed = number("ELACSYM_FUZZ_SEED").unwrap_or_else(any);
    // Now: an input that never comes back would take the seed with it.
    eprintln!("{what}: ELACSYM_FUZZ_SEED={seed}");
    let clock = Clock::start();
    let begun = clock.now();
    let mut walker = start(seed);
    let mut rounds = 0;
    while rounds < rounds_min || clock.now() - begun < long {
        round(&mut walker);
        rounds += 1;
    }
    (walker, rounds)
}

/// Runs, and tells by the checks in `reach` that it did not stop at the door.
pub(crate) fn run(kind: Kind, reach: &[&str]) {
    let (fuzz, rounds) =
        walk(&format!("{kind:?}"), ROUNDS, |seed| Fuzz::of(kind, seed), Fuzz::round);
    eprintln!("{kind:?}: {rounds} inputs, {} accepted", fuzz.accepted);
    let reached = |check: &str| fuzz.refused.keys().any(|message| message.contains(check));
    for check in reach {
        assert!(reached(check), "{check:?} never refused: {:#?}", fuzz.refused);
    }
    assert!(fuzz.accepted > rounds / 50, "{} of {rounds} accepted", fuzz.accepted);
}

#[test]
fn a_seed_goes_the_same_way_again() {
    let way = |seed| {
        let mut fuzz = Fuzz::of(Kind::Framed(FrameKind::Slot), seed);
        (0..2_000).for_each(|_| fuzz.round());
        (fuzz.accepted, fuzz.refused, fuzz.pool)
    };
    assert_eq!(way(7), way(7));
    assert_ne!(way(7), way(8));
}

#[test]
fn the_chain_is_the_one_of_the_format_page() {
    let slot = Kind::Framed(FrameKind::Slot);
    for sample in samples::all().iter().filter(|sample| sample.kind == slot) {
        let frame = frame::decode(FrameKind::Slot, &sample.bytes).unwrap();
        assert_eq!(chain(frame.put, &frame.body).unwrap(), frame.body[48..64], "{}", sample.name);
    }
}
