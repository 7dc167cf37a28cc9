//! Files of rows: damaged ones, and whole ones that say of themselves what is not true.
//!
//! In a store a hash vouches for every bit of such a file, and what is decoded here never gets so far.
//! Set aside, the decoder of Parquet must answer, and what it accepts must be readable to the last value.
//! How much memory it takes for a number that is made large is nothing that we decide: it is not
//! measured, and no number is made large on purpose.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray, UInt64Array};
use bytes::Bytes;
use elacsym::error::ErrorKind;
use elacsym::model::columns::{Columns, column};
use elacsym::model::{AttrNo, AttrType, IdType};
use elacsym::segment::rows::{Extent, Packed, Writer};
use parquet::arrow::ArrowWriter;
use parquet::file::metadata::KeyValue;

use crate::objects::pinned;
use crate::random::Random;
use crate::target::{Answer, Target, refused};
use crate::{bend, table};

const KINDS: [ErrorKind; 2] = [ErrorKind::Corrupt, ErrorKind::Unavailable];

pub(crate) struct Files;

impl Target for Files {
    fn name(&self) -> &'static str {
        "rows"
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        let kinds = table::kinds();
        let kind_of = |number: AttrNo| kinds.get(&number).copied();
        let columns = Columns::of_rows(IdType::Uint, kind_of, &table::rows()).unwrap();
        let name = |number: AttrNo| format!("a{}", number.0).into_boxed_str();
        let attributes = kinds.iter();
        let attributes: BTreeMap<AttrNo, (Box<str>, AttrType)> =
            attributes.map(|(number, kind)| (*number, (name(*number), *kind))).collect();
        let mut writer = Writer::new(columns.id_type(), &attributes, 0).unwrap();
        writer.write(&columns).unwrap();
        let mut seeds = pinned(&["v1"], |name| name.starts_with("rows-"));
        seeds.push(writer.end().unwrap().to_vec());
        seeds
    }

    fn bend(&self, random: &mut Random, input: &[u8], _other: &[u8]) -> Vec<u8> {
        if random.percent(30) {
            return untrue(random).unwrap_or_default();
        }
        let mut bytes = input.to_vec();
        for _ in 0..=random.below(6) {
            let at = random.below(bytes.len());
            let end = (at + 1 + random.below(20)).min(bytes.len());
            match random.below(4) {
                _ if bytes.is_empty() => {}
                0 | 1 => bytes[at] ^= 1 << random.below(8),
                2 => bytes[at] = *random.one_of(&[0, 1, 0x7f]),
                _ => bytes[at..end].fill(0),
            }
        }
        bytes
    }

    fn judge(&self, input: &[u8]) -> Result<Answer, String> {
        let bytes = Bytes::copy_from_slice(input);
        let packed = match Packed::open(bytes) {
            Err(error) => return refused(&error, &KINDS),
            Ok(packed) => packed,
        };
        if let Err(error) = packed.unpacked_bytes() {
            refused(&error, &KINDS)?;
        }
        let whole = match packed.rows(Extent::Whole) {
            Err(error) => return refused(&error, &KINDS),
            Ok(whole) => whole,
        };
        for row in 0..whole.rows() {
            whole.row(row);
        }
        match packed.rows(Extent::Ids) {
            Ok(ids) if ids.ids() == whole.ids() => Ok(Answer::Accepted("rows".to_owned())),
            Ok(ids) => Err(format!("{:?} alone, and {:?} with the rest", ids.ids(), whole.ids())),
            Err(error) => Err(format!("read whole, and its ids alone not: {}", error.chain())),
        }
    }
}

/// A good file of Parquet, whose words about itself may fit it or not. None: Parquet has no such file.
fn untrue(random: &mut Random) -> Option<Vec<u8>> {
    let ids: [(&str, ArrayRef); 7] = [
        ("uint", Arc::new(UInt64Array::from(vec![Some(1), Some(2)]))),
        ("uint", Arc::new(UInt64Array::from(vec![Some(7), Some(7)]))),
        ("uint", Arc::new(UInt64Array::from(vec![Some(1), None]))),
        ("uint", Arc::new(Int64Array::from(vec![Some(1), Some(-1)]))),
        ("int", Arc::new(Int64Array::from(vec![Some(-1), Some(1)]))),
        ("string", Arc::new(StringArray::from(vec!["a", "b"]))),
        ("string", Arc::new(BooleanArray::from(vec![true, false]))),
    ];
    let (id, array) = random.one_of(&ids).clone();
    let mut columns = vec![("id".to_owned(), array)];
    let mut lines = String::new();
    let all = table::rows().remove(0);
    for (number, kind) in table::kinds() {
        if random.percent(85) {
            continue;
        }
        let value = all.values.iter().find(|(its, _)| *its == number).map(|(_, value)| value);
        columns.push((format!("a{}", number.0), column(kind, [value, None]).ok()?));
        lines.push_str(&format!("{} {kind}\n", number.0));
    }
    let said = [
        ("elacsym.format", "1".to_owned()),
        ("elacsym.id", id.to_owned()),
        ("elacsym.attributes", lines),
        ("elacsym.bytes", "100".to_owned()),
    ];
    let batch = RecordBatch::try_from_iter(columns).ok()?;
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).ok()?;
    if random.percent(90) {
        writer.write(&batch).ok()?;
    }
    for (key, value) in said {
        let mut value = value.into_bytes();
        if random.percent(25) {
            bend::text(random, &mut value, b"0 string\n7 [3]f32\n1 []uuid\nuuid");
        }
        let value = String::from_utf8_lossy(&value).into_owned();
        if random.percent(95) {
            writer.append_key_value_metadata(KeyValue::new(key.to_owned(), value));
        }
    }
    writer.into_inner().ok()
}
