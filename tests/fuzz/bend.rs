//! Bytes and texts, with one thing about them bent.

use crate::random::Random;

/// What is odd to somebody who reads numbers, names, moments or paths.
const ODD: &[&str] = &[
    "",
    " ",
    "\0",
    "\n",
    "\t",
    "\u{7f}",
    "\u{80}",
    "\u{feff}",
    "\u{202e}",
    "\u{fffd}",
    "\u{10ffff}",
    "é",
    "ß",
    "İ",
    "😀",
    "０",
    ".",
    "..",
    "../",
    "/",
    "//",
    "\\",
    "\"",
    "'",
    "`",
    "%",
    "%00",
    "%2F",
    "%zz",
    "$ref_new",
    "null",
    "true",
    "NaN",
    "inf",
    "-",
    "+1",
    "-0",
    "-1",
    "00",
    "0x1f",
    "1e9",
    "1e999",
    "0.1",
    "127",
    "128",
    "129",
    "255",
    "256",
    "4096",
    "10752",
    "10753",
    "65535",
    "65536",
    "2147483648",
    "4294967295",
    "4294967296",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "9999999999",
    "10000000000",
    "0000-01-01",
    "9999-12-31T23:59:59.999999999-23:59",
    "2024-02-30",
    "2024-03-01T24:00:00Z",
    "0f8fad5b-d9cb-469f-a165-70867728950e",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "AACAfw==",
    "AADAfw",
    "zczMPc3MTD4=",
    "HEAD",
    "id",
];
const PIECE_BYTES_MAX: usize = 80;
/// Beyond the limits of names, ids and headers.
const LENGTHS: &[usize] = &[63, 64, 65, 127, 128, 129, 254, 255, 256, 1025];

/// One thing; `other` is where a piece may come from.
pub(crate) fn bytes(random: &mut Random, bytes: &mut Vec<u8>, other: &[u8]) {
    if bytes.is_empty() {
        *bytes = random.bytes(4);
        return;
    }
    let (at, end) = range(random, bytes.len());
    match random.below(9) {
        0..4 => overwrite(random, bytes),
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
            let from = random.below(other.len());
            bytes.truncate(at);
            bytes.extend_from_slice(other.get(from..).unwrap_or_default());
        }
    }
}

/// Once, or as often as that.
pub(crate) fn times(
    most: usize,
    random: &mut Random,
    (input, other): (&[u8], &[u8]),
    mut how: impl FnMut(&mut Random, &mut Vec<u8>, &[u8]),
) -> Vec<u8> {
    let mut bent = input.to_vec();
    for _ in 0..=random.below(most) {
        how(random, &mut bent, other);
    }
    bent
}

/// One thing that leaves all others where they are.
pub(crate) fn overwrite(random: &mut Random, bytes: &mut [u8]) {
    let at = random.below(bytes.len());
    let Some(byte) = bytes.get_mut(at) else { return };
    match random.below(4) {
        0 => *byte ^= 1 << random.below(8),
        1 => *byte = *random.one_of(&[0, 1, 2, 6, 7, 0x7f, 0x80, 0xff]),
        // Lengths and counts that are off by one.
        2 => *byte = byte.wrapping_add(*random.one_of(&[1, 255])),
        _ => {
            let numbers = [0, 1, 63, 64, 4096, 10_001, u32::MAX / 2, u32::MAX];
            let number = random.one_of(&numbers).to_le_bytes();
            let room = number.len().min(bytes.len() - at);
            bytes[at..at + room].copy_from_slice(&number[..room]);
        }
    }
}

/// One thing that leaves a text a text, most of the time.
pub(crate) fn text(random: &mut Random, text: &mut Vec<u8>, other: &[u8]) {
    let (at, end) = range(random, text.len());
    match random.below(10) {
        0 | 1 => drop(text.splice(at..at, odd(random).bytes())),
        2 | 3 => drop(text.splice(at..end, odd(random).bytes())),
        4 => *text = odd(random).as_bytes().to_vec(),
        5 => drop(text.drain(at..end)),
        6 => {
            let again = text[at..end].to_vec();
            text.splice(at..at, again);
        }
        7 => {
            let length = *random.one_of(LENGTHS);
            let letter = text.get(at).copied().unwrap_or(b'x');
            text.splice(at..end, vec![letter; length]);
        }
        8 => {
            let (from, to) = range(random, other.len());
            drop(text.splice(at..end, other[from..to].to_vec()));
        }
        _ => bytes(random, text, other),
    }
}

pub(crate) fn odd(random: &mut Random) -> &'static str {
    random.one_of::<&str>(ODD)
}

/// A short one within so many bytes: often of a single byte.
fn range(random: &mut Random, length: usize) -> (usize, usize) {
    let at = random.below(length);
    let long = if random.percent(50) { 1 } else { 1 + random.below(PIECE_BYTES_MAX) };
    (at, (at + long).min(length))
}

#[test]
fn nothing_is_too_short_to_be_bent() {
    let mut random = Random::of(1);
    for length in 0..200 {
        let (input, other) = (random.bytes(length % 5), random.bytes(length % 3));
        for bend in [bytes, text] {
            let mut bent = input.clone();
            bend(&mut random, &mut bent, &other);
            assert!(bent.len() <= input.len() + LENGTHS[LENGTHS.len() - 1] + PIECE_BYTES_MAX);
        }
    }
}
