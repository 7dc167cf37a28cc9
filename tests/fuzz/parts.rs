//! Parts of slots: effects, packed. What is bent lies below the packing, where Arrow reads.
//!
//! What is accepted could have been meant: it is written, and read again as the same.

use bytes::Bytes;
use elacsym::error::ErrorKind;
use elacsym::log::{Effects, effects};
use elacsym::model::{
    AttrNo, AttrType, Attribute, Columns, DocId, IdType, Metric, Options, Scalar, SchemaEdit,
};

use crate::random::Random;
use crate::target::{Answer, Target, refused};
use crate::{bend, memory, panics, table};

/// Version and length.
const HEADER_BYTES: usize = 1 + 4;
const LEVEL: i32 = 1;
const CONTENT_BYTES_MAX: usize = 1 << 20;
const MEMORY_BYTES: usize = 1 << 20;
/// Of the content. An edit of a schema is said in a byte, and is 100 or more in memory.
const MEMORY_PER_BYTE: usize = 256;

pub(crate) struct Parts;

impl Target for Parts {
    fn name(&self) -> &'static str {
        "parts"
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        let kinds = table::kinds();
        let kind_of = |number: AttrNo| kinds.get(&number).copied();
        let upserts = Columns::by_shape(IdType::Uint, kind_of, &table::rows()).unwrap();
        let ids = ["a", "bc", "\u{e9}"].map(|id| DocId::String(id.into()));
        let all = [
            Effects { at: 1 << 40, schema: edits(), ..Effects::default() },
            Effects { deletes: ids.into(), ..Effects::default() },
            Effects { deletes: vec![DocId::Uuid(1), DocId::Uuid(2)], ..Effects::default() },
            Effects { deletes: vec![DocId::Int(-1), DocId::Int(1)], ..Effects::default() },
            Effects { at: 1, schema: Vec::new(), upserts, deletes: vec![DocId::Uint(7)] },
            // Where it is small, each bent byte counts for more.
            small(),
        ];
        all.iter().map(|effects| effects::encode(effects).unwrap().to_vec()).collect()
    }

    fn bend(&self, random: &mut Random, input: &[u8], other: &[u8]) -> Vec<u8> {
        let mut part = input.to_vec();
        match unpacked(input) {
            Some(mut content) if random.percent(95) => {
                let donor = unpacked(other).unwrap_or_default();
                for _ in 0..=random.below(3) {
                    // What lies behind an added byte is no longer aligned, and refused for that.
                    match random.percent(75) {
                        true => bend::overwrite(random, &mut content),
                        false => bend::bytes(random, &mut content, &donor),
                    }
                }
                packed(&content)
            }
            _ => {
                bend::bytes(random, &mut part, other);
                part
            }
        }
    }

    fn judge(&self, input: &[u8]) -> Result<Answer, String> {
        let part = Bytes::copy_from_slice(input);
        let newer = input.first().is_some_and(|version| *version > 1);
        let kind = if newer { ErrorKind::Unavailable } else { ErrorKind::Corrupt };
        // Whoever opens a part reserves what it claims to hold.
        let claimed = usize::try_from(effects::unpacked_bytes(&part)).unwrap_or(usize::MAX);
        let held = input.len() + claimed.min(effects::EFFECTS_BYTES_MAX);
        let bytes_max = MEMORY_BYTES + MEMORY_PER_BYTE * held;
        let effects = match memory::bounded(bytes_max, || effects::decode(&part))? {
            Err(error) => return refused(&error, &[kind]),
            Ok(effects) => effects,
        };
        let again = effects::encode(&effects).map_err(|error| error.chain())?;
        match effects::decode(&again) {
            Ok(same) if same == effects => Ok(Answer::Accepted("effects".to_owned())),
            other => Err(format!("{effects:?} is written, and read as {other:?}")),
        }
    }
}

fn edits() -> Vec<SchemaEdit> {
    let kind = AttrType::Scalar(Scalar::String);
    let options = Options { filterable: true, metric: Some(Metric::Cosine), ..Options::none() };
    let attribute = Attribute { number: AttrNo(0), kind, options };
    vec![
        SchemaEdit::IdType(IdType::Uint),
        SchemaEdit::Set { name: "a".into(), attribute },
        SchemaEdit::Drop { number: AttrNo(0) },
        SchemaEdit::Settled,
    ]
}

fn small() -> Effects {
    let mut row = table::rows().remove(0);
    row.values.truncate(1);
    let kind_of = |number: AttrNo| table::kinds().get(&number).copied();
    let upserts = Columns::by_shape(IdType::Uint, kind_of, &[row]).unwrap();
    Effects { upserts, ..Effects::default() }
}

/// What a part holds, if it is a good one and not too long to look into.
fn unpacked(part: &[u8]) -> Option<Vec<u8>> {
    zstd::bulk::decompress(part.get(HEADER_BYTES..)?, CONTENT_BYTES_MAX).ok()
}

fn packed(content: &[u8]) -> Vec<u8> {
    let frame = zstd::bulk::compress(content, LEVEL).unwrap();
    [&[1_u8][..], &(content.len() as u32).to_le_bytes(), &frame].concat()
}

/// Arrow made room for what it was told of before it looked for the bytes: 64 MiB, for one flipped bit.
#[test]
fn a_flipped_bit_of_a_part_reserves_no_more_than_it_may() {
    let content = unpacked(&effects::encode(&small()).unwrap()).unwrap();
    for bit in 0..8 * content.len() {
        let mut bent = content.clone();
        bent[bit / 8] ^= 1 << (bit % 8);
        let judged = panics::held(|| Parts.judge(&packed(&bent)));
        assert!(matches!(judged, Ok(Ok(_))), "bit {bit}: {judged:?}");
    }
}
