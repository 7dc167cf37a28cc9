//! Each kind of field by itself: what the body of every object is made of.
//!
//! The first byte of an input says which kind, and the rest is the field. Whatever is read would be
//! written just so.

use bytes::Bytes;
use elacsym::error::{ErrorKind, Result};
use elacsym::log::slot::Entry;
use elacsym::log::{Batch, Stored};
use elacsym::model::{
    AttrNo, AttrType, Attribute, Chain, DocId, Element, Epoch, FileKind, FullText, Holder, IdType,
    Incarnation, Metric, Namespace, Options, PutId, Scalar, SchemaEdit, Seq, Version,
};
use elacsym::namespace::base::{DeletedEntry, SegmentEntry};
use elacsym::protocol::{DeadLife, Life, Ownership, Parent, Pin, Receipt, Retired};
use elacsym::segment::rows::FileHash;
use elacsym::storage::fields::{Field, Fields};

use crate::place::{acme, named};
use crate::random::Random;
use crate::target::{Answer, Target, refused};
use crate::{bend, memory};

const MEMORY_BYTES: usize = 64 << 10;
/// An edit of a schema is said in a byte, and is 100 or more in memory.
const MEMORY_PER_BYTE: usize = 256;

/// Reads a field and writes it down again.
type Again = fn(&Bytes) -> Result<Vec<u8>>;

pub(crate) struct SingleFields(Vec<(Again, Vec<u8>)>);

impl SingleFields {
    /// One value of each kind.
    pub(crate) fn all() -> Self {
        let put = PutId(7);
        let file = || named(FileKind::Rows, 7);
        let holder = Holder { node: "one".into(), process: 7 };
        let kind = AttrType::Vector { dims: 3, element: Element::F16 };
        let options = Options { full_text: Some(FullText::default()), ..Options::none() };
        let attribute = Attribute { number: AttrNo(7), kind, options };
        let edit = || SchemaEdit::Set { name: "a".into(), attribute: attribute.clone() };
        let receipt: Receipt<Stored> =
            Receipt { key: 1, fingerprint: 2, outcome: Bytes::from_static(b"ok") };
        let batch = Batch::of(Bytes::from_static(b"part"));
        let pin = || Pin { name: acme(), inc: Incarnation(7), version: Version(7) };
        let parent = || Parent { name: acme(), inc: Incarnation(7) };
        let deleted = DeletedEntry { file: named(FileKind::Deletions, 8), count: 1 };
        let segment = SegmentEntry {
            rows: file(),
            count: 3,
            bytes: 4096,
            hash: FileHash::of(b""),
            deleted: Some(deleted),
        };
        let life = DeadLife {
            inc: Incarnation(7),
            files: vec![file()],
            pins: vec![pin()],
            parent: Some(parent()),
        };
        Self(vec![
            one(&7_u8),
            one(&7_u32),
            one(&7_u64),
            one(&7_u128),
            one(&-7_i64),
            one(&0.5_f32),
            one(&true),
            one(&Seq(7)),
            one(&Version(7)),
            one(&Epoch(7)),
            one(&Incarnation(7)),
            one(&put),
            one(&Chain([7; 16])),
            one(&acme()),
            one(&holder),
            one(&FileKind::Chunk),
            one(&file()),
            one(&Bytes::from_static(b"blob")),
            one(&Box::<str>::from("text")),
            one(&vec![file(), file()]),
            one(&vec![put, put]),
            one(&Some(file())),
            one(&vec![Box::<str>::from("text"), Box::from("")]),
            one(&IdType::Uuid),
            one(&Scalar::DateTime),
            one(&Metric::DotProduct),
            one(&kind),
            one(&FullText::default()),
            one(&attribute),
            one(&vec![edit(), SchemaEdit::Settled]),
            one(&vec![DocId::Uint(7), DocId::Uuid(7), DocId::String("x".into()), DocId::Int(-7)]),
            one(&vec![receipt]),
            one(&batch),
            one(&Entry::Fence),
            one(&Life::Deleted { next: Seq(7) }),
            one(&Ownership::Released { tail: Seq(7) }),
            one(&vec![Retired { file: file(), version: Version(7) }]),
            one(&vec![pin()]),
            one(&parent()),
            one(&vec![life]),
            one(&vec![segment]),
            one(&Option::<Namespace>::None),
            one(&vec![7_u32; 3]),
        ])
    }
}

fn one<T: Field>(value: &T) -> (Again, Vec<u8>) {
    let mut written = Vec::new();
    value.write(&mut written);
    (again::<T>, written)
}

fn again<T: Field>(bytes: &Bytes) -> Result<Vec<u8>> {
    let mut fields = Fields::of(bytes.clone());
    let value: T = fields.take("it")?;
    fields.end()?;
    let mut out = Vec::new();
    value.write(&mut out);
    Ok(out)
}

impl Target for SingleFields {
    fn name(&self) -> &'static str {
        "fields"
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        let seed =
            |(at, (_, written)): (usize, &(Again, Vec<u8>))| [&[at as u8][..], written].concat();
        self.0.iter().enumerate().map(seed).collect()
    }

    fn bend(&self, random: &mut Random, input: &[u8], other: &[u8]) -> Vec<u8> {
        bend::times(3, random, (input, other), bend::bytes)
    }

    fn judge(&self, input: &[u8]) -> Result<Answer, String> {
        let (which, field) = input.split_first().unwrap_or((&0, &[]));
        let which = usize::from(*which) % self.0.len();
        let (again, _) = &self.0[which];
        let field = Bytes::copy_from_slice(field);
        let bytes_max = MEMORY_BYTES + MEMORY_PER_BYTE * input.len();
        match memory::bounded(bytes_max, || again(&field))? {
            Err(error) => refused(&error, &[ErrorKind::Corrupt]),
            Ok(written) if written != field => {
                Err(format!("field {which} is written as {written:?}"))
            }
            Ok(_) => Ok(Answer::Accepted(format!("field {which}"))),
        }
    }
}
