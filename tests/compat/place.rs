//! What an object is and where it lies say how it is opened: all decoders behind one question.

use bytes::Bytes;
use elacsym::error::{Error, ErrorKind, Result};
use elacsym::log::{chunk, outcome, receipts, slot};
use elacsym::model::{Epoch, FileKind, FileName, Incarnation, Namespace, PutId, Seq};
use elacsym::namespace::base::Base;
use elacsym::namespace::head;
use elacsym::segment::deletions;
use elacsym::storage::frame::{self, FrameKind};

/// How many rows the segment of all deletions here has.
pub(crate) const ROWS: u64 = 100_000;

/// What the first word of a file's name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Framed(FrameKind),
    /// Within a head, whose frame vouches for it.
    Base,
    /// Within a receipt, which lies in a slot or in a table of keys.
    Outcome,
}

#[derive(Clone, Debug)]
pub(crate) enum Place {
    Head(Namespace),
    Slot(Incarnation, Seq),
    Keys(FileName),
    /// Under its own name, for a segment of that name.
    Deletions(FileName, FileName),
    Chunk(FileName),
    Base,
    Outcome,
}

pub(crate) fn acme() -> Namespace {
    Namespace::new("acme").unwrap()
}

pub(crate) fn named(kind: FileKind, ulid: u128) -> FileName {
    FileName { home: acme(), inc: Incarnation(1), epoch: Epoch(1), ulid, kind }
}

impl Kind {
    pub(crate) fn said(word: &str) -> Option<Self> {
        Some(match word {
            "head" => Self::Framed(FrameKind::Head),
            "slot" => Self::Framed(FrameKind::Slot),
            "keys" => Self::Framed(FrameKind::Keys),
            "deletions" => Self::Framed(FrameKind::Deletions),
            "chunk" => Self::Framed(FrameKind::Chunk),
            "base" => Self::Base,
            "outcome" => Self::Outcome,
            _ => return None,
        })
    }

    /// The object around a body: a frame, or nothing.
    pub(crate) fn wrap(self, put: PutId, body: &[u8]) -> Bytes {
        match self {
            Self::Framed(kind) => frame::encode(kind, put, body),
            Self::Base | Self::Outcome => Bytes::copy_from_slice(body),
        }
    }

    pub(crate) fn body(self, bytes: &Bytes) -> Result<(PutId, Bytes)> {
        match self {
            Self::Framed(kind) => frame::decode(kind, bytes).map(|frame| (frame.put, frame.body)),
            Self::Base | Self::Outcome => Ok((PutId(0), bytes.clone())),
        }
    }

    /// Whether its bytes vouch for themselves.
    pub(crate) fn is_framed(self) -> bool {
        matches!(self, Self::Framed(_))
    }

    /// Whether any bytes are a body of it: what a part says is the business of who reads parts.
    pub(crate) fn takes_any_body(self) -> bool {
        self == Self::Framed(FrameKind::Chunk)
    }

    /// No bytes at all are the base of a head that was never folded.
    pub(crate) fn bytes_min(self) -> usize {
        usize::from(self == Self::Base)
    }

    /// What must be said of bytes that are refused. A base tells its version itself: one from the
    /// future is another node's business.
    pub(crate) fn refusal(self, bytes: &[u8]) -> ErrorKind {
        match (self, bytes.first()) {
            (Self::Base, Some(2..)) => ErrorKind::Unavailable,
            _ => ErrorKind::Corrupt,
        }
    }
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
            Self::Deletions(name, segment) => deletions::decode(name, segment, ROWS, bytes)
                .map(|rows| deletions::encode(name, segment, &rows)),
            Self::Chunk(name) => chunk::decode(name, bytes).map(|part| chunk::encode(name, &part)),
            Self::Base => {
                let base = Base::decode(bytes)?;
                Ok(if bytes.is_empty() { Bytes::new() } else { base.encode() })
            }
            // The receipt around it is where it is refused.
            Self::Outcome if bytes.len() > receipts::OUTCOME_BYTES_MAX => {
                Err(Error::corrupt("no receipt has room for it"))
            }
            Self::Outcome => outcome::decode(bytes).map(|written| outcome::encode(&written)),
        }
    }

    /// The place that the object itself names, as far as it does: or every damage to a slot's
    /// number would be refused for that alone.
    pub(crate) fn named_by(kind: Kind, bytes: &[u8]) -> Self {
        let number = |at: usize| {
            let field = bytes.get(at..at + 16).and_then(|field| field.try_into().ok());
            u128::from_le_bytes(field.unwrap_or_default())
        };
        match kind {
            Kind::Framed(FrameKind::Head) => Self::Head(acme()),
            Kind::Framed(FrameKind::Slot) => {
                Self::Slot(Incarnation(number(32)), Seq(number(48) as u64))
            }
            Kind::Framed(FrameKind::Keys) => Self::Keys(named(FileKind::Keys, number(16))),
            Kind::Framed(FrameKind::Deletions) => Self::Deletions(
                named(FileKind::Deletions, number(16)),
                named(FileKind::Rows, number(32)),
            ),
            Kind::Framed(FrameKind::Chunk) => Self::Chunk(named(FileKind::Chunk, number(16))),
            Kind::Base => Self::Base,
            Kind::Outcome => Self::Outcome,
            Kind::Framed(other) => panic!("{other:?} has no decoder here"),
        }
    }

    /// Places of the same kind where this object does not belong. What lies within another object
    /// is named by nobody.
    pub(crate) fn others(&self) -> Vec<Self> {
        let other = |name: &FileName| FileName { ulid: name.ulid ^ 1, ..name.clone() };
        match self {
            Self::Head(_) => vec![Self::Head(Namespace::new("acme-").unwrap())],
            Self::Slot(inc, seq) => {
                vec![Self::Slot(Incarnation(inc.0 ^ 1), *seq), Self::Slot(*inc, seq.next())]
            }
            Self::Keys(name) => vec![Self::Keys(other(name))],
            Self::Deletions(name, segment) => vec![
                Self::Deletions(other(name), segment.clone()),
                Self::Deletions(name.clone(), other(segment)),
            ],
            Self::Chunk(name) => vec![Self::Chunk(other(name))],
            Self::Base | Self::Outcome => vec![],
        }
    }
}
