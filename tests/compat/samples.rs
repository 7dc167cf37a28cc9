//! One object of each shape, with every field told from the next.

use std::sync::Arc;

use bytes::Bytes;
use elacsym::log::slot::{Entry, Slot};
use elacsym::log::{Batch, Stored, chunk, outcome, receipts, slot};
use elacsym::model::{
    Chain, DocId, Epoch, FileKind, FileName, Holder, Incarnation, Namespace, PutId, Seq, Touched,
    Version, Written,
};
use elacsym::namespace::head::{self, Head};
use elacsym::protocol::{Body, DeadLife, Life, Ownership, Parent, Pin, Receipt, Receipts, Retired};
use elacsym::segment::deletions;
use elacsym::storage::frame::FrameKind;
use roaring::RoaringBitmap;

use crate::bases;
use crate::place::{Kind, Place, acme, named};

pub(crate) const INC: Incarnation = Incarnation(0x0123_4567_89ab_cdef_0011_2233_4455_6677);
const DEAD: Incarnation = Incarnation(0xdead);
const PUT: PutId = PutId(0x0f0e_0d0c_0b0a_0908_0706_0504_0302_0100);
pub(crate) const ULID: u128 = 0x0190_0000_0000_0000_0000_0000_0000_002a;
const CHAIN: Chain = Chain([0xc0; 16]);

pub(crate) struct Sample {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) place: Place,
    pub(crate) bytes: Bytes,
}

pub(crate) fn all() -> Vec<Sample> {
    let mut all = heads();
    all.extend(bases::all());
    all.extend(all_deletions());
    all.extend(slots());
    all.push(chunk());
    all.extend(tables());
    all.extend(outcomes());
    all
}

fn heads() -> Vec<Sample> {
    let head = |name, head: Head| Sample {
        name,
        kind: Kind::Framed(FrameKind::Head),
        place: Place::Head(acme()),
        bytes: head::encode(&acme(), &head),
    };
    vec![
        head("head-new", new()),
        head("head-folded", folded()),
        head("head-released", released()),
        head("head-branching", branching()),
        head("head-tombstone", tombstone()),
        head("head-never", never()),
    ]
}

fn all_deletions() -> Vec<Sample> {
    let deletions = |name, rows: RoaringBitmap| {
        let (own, segment) = (named(FileKind::Deletions, ULID + 1), named(FileKind::Rows, ULID));
        Sample {
            name,
            kind: Kind::Framed(FrameKind::Deletions),
            bytes: deletions::encode(&own, &segment, &rows),
            place: Place::Deletions(own, segment),
        }
    };
    vec![
        deletions("deletions-some", [0_u32, 7, 70_000].into_iter().collect()),
        // So many that they lie as bits, and one that does not.
        deletions("deletions-many", (0..10_000_u32).step_by(2).chain([70_000]).collect()),
    ]
}

fn slots() -> Vec<Sample> {
    let slot = |name, slot: &Arc<Slot>| Sample {
        name,
        kind: Kind::Framed(FrameKind::Slot),
        place: Place::Slot(slot.inc, slot.seq),
        bytes: slot::encode(slot),
    };
    let batch = |parts: &[&'static [u8]], receipts, chunks| {
        let parts = parts.iter().map(|part| Bytes::from_static(part)).collect();
        Entry::Batch(Body { batch: Batch { parts }, receipts, chunks })
    };
    let chunk = |ulid| FileName { ulid, ..file(FileKind::Chunk) };
    vec![
        slot("slot-batch", &at(12, batch(&[b"hello"], vec![receipt(1, b"ok")], vec![]))),
        slot("slot-parts", &at(13, batch(&[b"one", b"", b"three"], vec![], vec![]))),
        slot("slot-chunked", &at(14, batch(&[], vec![], vec![chunk(1), chunk(2)]))),
        slot(
            "slot-no-effect",
            &at(15, batch(&[], vec![receipt(3, b""), receipt(4, b"no")], vec![])),
        ),
        slot("slot-fence", &at(16, Entry::Fence)),
        slot("slot-end", &at(17, Entry::End)),
    ]
}

/// The first one of `slot-chunked`.
fn chunk() -> Sample {
    let name = named(FileKind::Chunk, 1);
    Sample {
        name: "chunk-some",
        kind: Kind::Framed(FrameKind::Chunk),
        bytes: chunk::encode(&name, &Bytes::from_static(b"hello")),
        place: Place::Chunk(name),
    }
}

fn tables() -> Vec<Sample> {
    let keys = |name, receipts: Vec<Receipt<Stored>>| {
        let mut keys = Receipts::default();
        receipts.into_iter().for_each(|receipt| keys.insert(receipt));
        let own = named(FileKind::Keys, ULID);
        Sample {
            name,
            kind: Kind::Framed(FrameKind::Keys),
            bytes: receipts::encode(&own, &keys),
            place: Place::Keys(own),
        }
    };
    vec![
        keys("keys-none", vec![]),
        keys("keys-some", vec![receipt(2, b"two"), receipt(1, b""), receipt(3, b"three")]),
    ]
}

fn outcomes() -> Vec<Sample> {
    let outcome = |name, written: Written| {
        let (kind, place) = (Kind::Outcome, Place::Outcome);
        Sample { name, kind, place, bytes: outcome::encode(&written) }
    };
    let text = |id: &str| DocId::String(id.into());
    let uints = Written {
        seq: 12,
        upserted: Touched::of(vec![DocId::Uint(1), DocId::Uint(u64::MAX)]),
        patched: Touched::of(vec![DocId::Uint(7)]),
        ..Written::default()
    };
    let uuids = Written {
        seq: 13,
        deleted: Touched::of(vec![DocId::Uuid(0x0f8f_ad5b_d9cb_469f_a165_7086_7728_950e)]),
        ..Written::default()
    };
    let strings = Written {
        seq: 14,
        upserted: Touched::of(vec![text("one"), text("\u{e9}")]),
        deleted: Touched::of(vec![text("three")]),
        ..Written::default()
    };
    // More ids than a receipt has room for.
    let counted = Written {
        seq: 15,
        upserted: Touched::of((0..3000).map(DocId::Uint).collect()),
        deleted: Touched::of((3000..3012).map(DocId::Uint).collect()),
        ..Written::default()
    };
    let ints = Written {
        seq: 17,
        upserted: Touched::of(vec![DocId::Int(-1), DocId::Int(i64::MIN)]),
        patched: Touched::of(vec![DocId::Int(7)]),
        ..Written::default()
    };
    let billed = Written {
        seq: 16,
        upserted: Touched::of(vec![DocId::Uint(7)]),
        written_bytes: 30,
        queried_bytes: 1_000_000,
        ..Written::default()
    };
    vec![
        outcome("outcome-uints", uints),
        outcome("outcome-uuids", uuids),
        outcome("outcome-strings", strings),
        outcome("outcome-ints", ints),
        outcome("outcome-counted", counted),
        outcome("outcome-billed", billed),
    ]
}

fn at(seq: u64, entry: Entry) -> Arc<Slot> {
    Slot::new(INC, Seq(seq), Epoch(7), PUT, CHAIN, entry)
}

fn receipt(key: u128, outcome: &'static [u8]) -> Receipt<Stored> {
    Receipt { key, fingerprint: key << 64, outcome: Bytes::from_static(outcome) }
}

pub(crate) fn file(kind: FileKind) -> FileName {
    FileName { home: acme(), inc: INC, epoch: Epoch(7), ulid: ULID, kind }
}

fn pin(name: &str, version: u64) -> Pin {
    let name = Namespace::new(name).unwrap();
    Pin { name, inc: Incarnation(0xb0), version: Version(version) }
}

fn parent() -> Parent {
    Parent { name: Namespace::new("source").unwrap(), inc: Incarnation(0x50) }
}

/// Just created: no swap before it, nothing in it.
fn new() -> Head {
    Head {
        put: PUT,
        recent: vec![],
        version: Version(0),
        inc: INC,
        epoch: Epoch(1),
        life: Life::Active,
        owner: Ownership::Held(Holder { node: "node-1".into(), process: 0x9a }),
        floor: Seq(0),
        floor_epoch: Epoch(0),
        floor_chain: Chain::default(),
        born: false,
        base: Bytes::new(),
        files: vec![],
        keys: None,
        retired: vec![],
        pins: vec![],
        parent: None,
        dead: vec![],
    }
}

/// Folded, merged, pinned, and claimed more than once.
fn folded() -> Head {
    let kinds = [FileKind::Rows, FileKind::Text, FileKind::Vectors, FileKind::Deletions];
    let retired = |kind, version| Retired { file: file(kind), version: Version(version) };
    Head {
        recent: vec![PutId(1), PutId(2), PutId(3)],
        version: Version(42),
        epoch: Epoch(7),
        floor: Seq(12),
        floor_epoch: Epoch(6),
        floor_chain: CHAIN,
        born: true,
        base: Bytes::from_static(b"base"),
        files: kinds.map(file).to_vec(),
        keys: Some(file(FileKind::Keys)),
        retired: vec![retired(FileKind::Rows, 41), retired(FileKind::Keys, 42)],
        pins: vec![pin("branch", 40)],
        ..new()
    }
}

/// Let go, with as many swaps remembered as there may be.
fn released() -> Head {
    Head {
        recent: (100..163).map(PutId).collect(),
        owner: Ownership::Released { tail: Seq(15) },
        pins: vec![],
        ..folded()
    }
}

fn branching() -> Head {
    Head { life: Life::Branching, parent: Some(parent()), ..new() }
}

/// Deleted while branches read from it, and after a former life of which the same is true.
fn tombstone() -> Head {
    let files = vec![file(FileKind::Rows), file(FileKind::Keys)];
    Head {
        recent: vec![PutId(4)],
        version: Version(43),
        epoch: Epoch(7),
        life: Life::Deleted { next: Seq(18) },
        owner: Ownership::Released { tail: Seq(18) },
        floor: Seq(18),
        dead: vec![
            DeadLife {
                inc: DEAD,
                files,
                pins: vec![pin("branch", 40), pin("other", 41)],
                parent: None,
            },
            DeadLife { inc: INC, files: vec![], pins: vec![], parent: Some(parent()) },
        ],
        ..new()
    }
}

/// What a stray marker leads to: the tombstone of a name that never was.
fn never() -> Head {
    Head {
        inc: Incarnation(0),
        epoch: Epoch(0),
        life: Life::Deleted { next: Seq(0) },
        owner: Ownership::Released { tail: Seq(0) },
        ..new()
    }
}
