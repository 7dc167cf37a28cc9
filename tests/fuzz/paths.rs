//! Keys of the store, as a listing meets them: whatever text spells a key is how that key is spelt.

use elacsym::error::ErrorKind;
use elacsym::storage::{CellKey, ImmutableKey, Key};

use crate::random::Random;
use crate::target::{Answer, Target, refused};
use crate::{bend, memory};

const MEMORY_BYTES: usize = 16 << 10;
/// An error shows what it was given, and escapes it.
const MEMORY_PER_BYTE: usize = 128;

pub(crate) struct Paths;

impl Target for Paths {
    fn name(&self) -> &'static str {
        "paths"
    }

    fn bend(&self, random: &mut Random, input: &[u8], other: &[u8]) -> Vec<u8> {
        let how = |random: &mut Random, text: &mut Vec<u8>, other: &[u8]| match random.percent(30) {
            true => graft(random, text, other),
            false => bend::text(random, text, other),
        };
        let mut text = bend::times(2, random, (input, other), how);
        if random.percent(70) {
            text = hashed(&text).unwrap_or(text);
        }
        text
    }

    fn judge(&self, input: &[u8]) -> Result<Answer, String> {
        let text = String::from_utf8_lossy(input);
        let bytes_max = MEMORY_BYTES + MEMORY_PER_BYTE * text.len();
        match memory::bounded(bytes_max, || Key::parse(&text))? {
            Err(error) => {
                refused(&error, &[ErrorKind::Invalid])?;
                // What it says repeats the text.
                Ok(Answer::Refused(format!("{} parts", text.split('/').count().min(8))))
            }
            Ok(key) => match key.spell() {
                Ok(spelt) if spelt == *text => Ok(Answer::Accepted(kind(&key))),
                other => Err(format!("{text:?} is read as {key:?} and spelt as {other:?}")),
            },
        }
    }
}

fn kind(key: &Key) -> String {
    match key {
        Key::Probe(_) => "a probe".to_owned(),
        Key::Cell(CellKey::Head(_)) => "a head".to_owned(),
        Key::Cell(CellKey::Node(_)) => "a node".to_owned(),
        Key::Cell(CellKey::Secret) => "the secret".to_owned(),
        Key::Marker(_) => "a marker".to_owned(),
        Key::Immutable(ImmutableKey::Slot(_)) => "a slot".to_owned(),
        Key::Immutable(ImmutableKey::File(file)) => format!("a file: {:?}", file.kind),
    }
}

/// A part of the other key takes the place of one here.
fn graft(random: &mut Random, text: &mut Vec<u8>, other: &[u8]) {
    let donor: Vec<&[u8]> = other.split(|byte| *byte == b'/').collect();
    let part = *random.one_of(&donor);
    let mut parts: Vec<&[u8]> = text.split(|byte| *byte == b'/').collect();
    let at = random.below(parts.len());
    parts[at] = part;
    *text = parts.join(&b'/');
}

/// With the two digits that its name has: without them no bent name is read any further.
fn hashed(text: &[u8]) -> Option<Vec<u8>> {
    let mut parts: Vec<&[u8]> = text.split(|byte| *byte == b'/').collect();
    let ([b"n", _, ..], Some(name)) = (&*parts, parts.get(2)) else { return None };
    let hh = format!("{:02x}", seahash::hash(name) >> 56);
    parts[1] = hh.as_bytes();
    Some(parts.join(&b'/'))
}
