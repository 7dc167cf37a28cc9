//! The payload of the model: an operation is a number, and a state is the numbers in their order.

use elacsym::model::{FileName, Holder, Incarnation, Namespace, PutId};
use elacsym::protocol::{Body, Dice, Draw, Payload, View};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Model;

/// Operations, in order. Small and `Copy`: worlds are cloned millions of times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Ops {
    len: u8,
    ids: [u8; 6],
}

/// A set of operations.
pub(super) type Mask = u8;

impl Ops {
    pub(super) fn one(op: u8) -> Self {
        let mut ops = Self::default();
        ops.push(op);
        ops
    }

    pub(super) fn push(&mut self, op: u8) {
        self.ids[usize::from(self.len)] = op;
        self.len += 1;
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = u8> {
        self.ids[..usize::from(self.len)].iter().copied()
    }

    pub(super) fn extend(&mut self, other: &Self) {
        other.iter().for_each(|op| self.push(op));
    }

    pub(super) fn mask(&self) -> Mask {
        self.iter().fold(0, |mask, op| mask | 1 << op)
    }

    pub(super) fn repeats(&self) -> bool {
        self.mask().count_ones() != u32::from(self.len)
    }
}

impl Payload for Model {
    type Batch = Ops;
    type Base = Ops;
    type Outcome = u8;
    type Tag = PutId;

    fn digest(body: &Body<Self>) -> [u8; 32] {
        let mut digest = [0; 32];
        digest[0] = body.batch.len;
        digest[1..7].copy_from_slice(&body.batch.ids);
        for (byte, receipt) in digest[8..].iter_mut().zip(&body.receipts) {
            *byte = 1 + receipt.key as u8;
        }
        for (bytes, chunk) in digest[16..].chunks_mut(8).zip(&body.chunks) {
            bytes.copy_from_slice(&(chunk.ulid as u64).to_le_bytes());
        }
        digest
    }
}

/// What a file of rows holds is written in its name.
pub(super) fn rows_of(file: &FileName) -> Mask {
    (file.ulid >> 32) as Mask
}

/// Everything that a view holds, in order.
pub(super) fn ops_of(view: &View<Model>) -> Ops {
    let mut ops = view.seen.head.base;
    ops.extend(&ops_of_tail(view));
    ops
}

/// What a view holds beside the files of its head.
pub(super) fn ops_of_tail(view: &View<Model>) -> Ops {
    let mut ops = Ops::default();
    for slot in &view.batches {
        ops.extend(&slot.body().expect("a view holds batches").batch);
    }
    ops
}

/// Numbers that are different for different intents and equal for equal ones, whatever happened
/// before: so that histories which lead to the same state meet in it.
pub(super) struct Fixed {
    pub(super) who: u8,
    /// How often this actor began anew: what it sent before was another intent.
    pub(super) life: u8,
    pub(super) name: u8,
}

impl Dice for Fixed {
    fn draw(&mut self, what: Draw) -> u128 {
        let (kind, a, b) = match what {
            Draw::Incarnation => (1_u128, 0, 0),
            Draw::Slot(epoch, seq) => (2, epoch, seq),
            Draw::Head(version) => (3, version, 0),
        };
        let actor = u128::from(self.who) << 16 | u128::from(self.life) << 8 | u128::from(self.name);
        kind << 96 | actor << 64 | u128::from(a) << 32 | u128::from(b)
    }
}

/// How many names there are. Two writers work on the first two; the last is only branched into.
pub(super) const NAMES: usize = 3;

pub(super) fn name(index: u8) -> Namespace {
    Namespace::new(["a", "b", "c"][usize::from(index)]).expect("a valid name")
}

pub(super) fn index(name: &Namespace) -> usize {
    usize::from(name.as_str().as_bytes()[0] - b'a')
}

/// The name that a life belongs to: `Fixed` has written it there.
pub(super) fn home(inc: Incarnation) -> usize {
    (inc.0 >> 64) as usize & 0xff
}

pub(super) fn holder(who: u8, life: u8) -> Holder {
    Holder { node: ["w0", "w1", "br", "gc", "rd"][usize::from(who)].into(), process: life.into() }
}
