//! One entry of the log: created if absent, never changed. Creating slot *n* is the commit.

use std::sync::Arc;

use super::{Payload, Receipt};
use crate::model::{Chain, Epoch, FileName, Incarnation, PutId, Seq};

/// A slot as it lies on the store, and the chain up to and including it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Slot<P: Payload> {
    pub inc: Incarnation,
    pub seq: Seq,
    /// The epoch of the owner that created it.
    pub epoch: Epoch,
    pub put: PutId,
    /// The chain of the slot before it: a fork shows at once.
    pub prev: Chain,
    pub entry: Entry<P>,
    /// Derived from all of the above, kept because it is asked for at every step.
    pub chain: Chain,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Entry<P: Payload> {
    Batch(Body<P>),
    /// The first slot of a claim: whoever wrote before finds its slot taken, for ever.
    Fence,
    /// The last slot of an incarnation: the name is gone.
    End,
}

/// Several requests that become visible together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Body<P: Payload> {
    pub batch: P::Batch,
    pub receipts: Vec<Receipt<P>>,
    /// Where the payload is too large for a slot: parts of it, each durable before the slot is sent.
    pub chunks: Vec<FileName>,
}

impl<P: Payload> Slot<P> {
    pub fn new(
        inc: Incarnation,
        seq: Seq,
        epoch: Epoch,
        put: PutId,
        prev: Chain,
        entry: Entry<P>,
    ) -> Arc<Self> {
        let chain = link(inc, seq, epoch, put, prev, &entry);
        Arc::new(Self { inc, seq, epoch, put, prev, entry, chain })
    }

    pub fn body(&self) -> Option<&Body<P>> {
        match &self.entry {
            Entry::Batch(body) => Some(body),
            Entry::Fence | Entry::End => None,
        }
    }
}

/// The first 16 bytes of BLAKE3 over: prev (16), inc (16), seq (8), epoch (8), put (16), kind (1),
/// and for a batch the digest of its body (32). Integers are little-endian.
fn link<P: Payload>(
    inc: Incarnation,
    seq: Seq,
    epoch: Epoch,
    put: PutId,
    prev: Chain,
    entry: &Entry<P>,
) -> Chain {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&prev.0);
    hasher.update(&inc.0.to_le_bytes());
    hasher.update(&seq.0.to_le_bytes());
    hasher.update(&epoch.0.to_le_bytes());
    hasher.update(&put.0.to_le_bytes());
    match entry {
        Entry::Batch(body) => hasher.update(&[0]).update(&P::digest(body)),
        Entry::Fence => hasher.update(&[1]),
        Entry::End => hasher.update(&[2]),
    };
    let mut chain = [0; 16];
    chain.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    Chain(chain)
}
