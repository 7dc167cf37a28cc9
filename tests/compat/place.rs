//! Where an object lies says how it is opened: three decoders behind one question.

use bytes::Bytes;
use elacsym::error::Result;
use elacsym::log::{receipts, slot};
use elacsym::model::{Epoch, FileKind, FileName, Incarnation, Namespace, Seq};
use elacsym::namespace::head;
use elacsym::storage::frame::FrameKind;

#[derive(Clone, Debug)]
pub(crate) enum Place {
    Head(Namespace),
    Slot(Incarnation, Seq),
    Keys(FileName),
}

pub(crate) fn acme() -> Namespace {
    Namespace::new("acme").unwrap()
}

pub(crate) fn table(ulid: u128) -> FileName {
    FileName { home: acme(), inc: Incarnation(1), epoch: Epoch(1), ulid, kind: FileKind::Keys }
}

impl Place {
    /// Opens the object and writes it down again.
    pub(crate) fn reopen(&self, bytes: &Bytes) -> Result<Bytes> {
        match self {
            Self::Head(name) => head::decode(name, bytes).map(|head| head::encode(name, &head)),
            Self::Slot(inc, seq) => slot::decode(*inc, *seq, bytes).map(|slot| slot::encode(&slot)),
            Self::Keys(name) => {
                receipts::decode(name, bytes).map(|table| receipts::encode(name, &table))
            }
        }
    }

    /// The place that the object itself names, as far as it does: or every damage to a slot's
    /// number would be refused for that alone.
    pub(crate) fn named_by(kind: FrameKind, bytes: &[u8]) -> Self {
        let number = |at: usize| {
            let field = bytes.get(at..at + 16).and_then(|field| field.try_into().ok());
            u128::from_le_bytes(field.unwrap_or_default())
        };
        match kind {
            FrameKind::Head => Self::Head(acme()),
            FrameKind::Slot => Self::Slot(Incarnation(number(32)), Seq(number(48) as u64)),
            FrameKind::Keys => Self::Keys(table(number(16))),
            other => panic!("{other:?} has no decoder here"),
        }
    }
}
