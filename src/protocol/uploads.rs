//! Chunks on their way to the store: a slot may name those that are there, and no others.

use std::collections::{BTreeMap, BTreeSet};

use super::{Body, Lane, Outbox, Payload, Reply, Request, Rule, Rules};
use crate::model::{Epoch, FileKind, FileName};

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Uploads {
    /// By the random part of their name.
    under_way: BTreeMap<u128, FileName>,
    durable: BTreeSet<FileName>,
}

impl Uploads {
    pub(super) fn idle(&self) -> bool {
        self.under_way.is_empty()
    }

    /// What was sent, and is no slot's yet.
    pub(super) fn files(&self) -> impl Iterator<Item = &FileName> {
        self.under_way.values().chain(&self.durable)
    }

    /// Nobody will name it: it is garbage, as soon as it is there.
    pub(super) fn discard(&mut self, file: &FileName) {
        self.under_way.remove(&file.ulid);
        self.durable.remove(file);
    }

    pub(super) fn start<P: Payload>(&mut self, file: FileName, out: &mut Outbox<P>) {
        self.under_way.insert(file.ulid, file.clone());
        out.send(Lane::Chunk(file.ulid), Request::PutFile { file });
    }

    /// Any answer but 200 repeats an upload: its name is its own, so it may land twice.
    pub(super) fn hear<P: Payload>(&mut self, ulid: u128, reply: &Reply<P>, out: &mut Outbox<P>) {
        let Some(file) = self.under_way.get(&ulid).cloned() else { return };
        if *reply == Reply::Done {
            self.under_way.remove(&ulid);
            self.durable.insert(file);
        } else {
            out.send(Lane::Chunk(ulid), Request::PutFile { file });
        }
    }

    /// Whether a slot of this epoch may have this body. Its chunks are its own from then on.
    pub(super) fn claim<P: Payload>(&mut self, body: &Body<P>, epoch: Epoch, rules: Rules) -> bool {
        for chunk in &body.chunks {
            assert!(chunk.epoch == epoch && chunk.kind == FileKind::Chunk, "a chunk of my epoch");
        }
        let partial = body.chunks.iter().any(|chunk| !self.durable.contains(chunk));
        if partial && rules.keep(Rule::ChunksAreDurable) {
            return false;
        }
        self.durable.retain(|known| !body.chunks.contains(known));
        true
    }
}
