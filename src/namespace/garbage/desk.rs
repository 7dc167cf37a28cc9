//! A name for tests of what is collected: its owner, who writes through the machines alone.

use std::collections::BTreeSet;

use bytes::Bytes;

use crate::env::{Clock, Dice};
use crate::log::slot::{self, Entry, Slot};
use crate::log::{Batch, Stored, receipts};
use crate::model::{FileKind, FileName, Holder, Incarnation, Marker, MarkerKind, Namespace, PutId};
use crate::namespace::courier::{Courier, Delivery};
use crate::namespace::head::{self, Head};
use crate::protocol::{
    Answer, Body, Files, Intent, Leave, Mine, Outbox, Owner, Place, Receipts, Rules,
};
use crate::storage::{
    Attempt, CellKey, Cursor, Folder, ImmutableKey, Key, PAGE_KEYS_MAX, SlotKey, Store,
};

pub(crate) struct Desk {
    pub(crate) name: Namespace,
    store: Store,
    owner: Owner<Stored>,
    courier: Courier,
    dice: Dice,
    out: Outbox<Stored>,
}

/// What lies under one life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Left {
    pub(crate) slots: Vec<u64>,
    pub(crate) files: BTreeSet<FileName>,
}

impl Left {
    pub(crate) fn kinds(&self) -> Vec<FileKind> {
        let mut kinds: Vec<FileKind> = self.files.iter().map(|file| file.kind).collect();
        kinds.sort();
        kinds
    }
}

impl Desk {
    /// The owner of that name from now on.
    pub(crate) async fn open(store: &Store, clock: Clock, name: &str, node: &str) -> Self {
        let name = Namespace::new(name).unwrap();
        let me = Holder { node: node.into(), process: 1 };
        let place = Place { name: name.clone(), me, rules: Rules::default() };
        let mut desk = Self {
            name,
            store: store.clone(),
            owner: Owner::closed(place),
            courier: Courier::new(store.clone(), clock),
            dice: Dice::from_os(),
            out: Outbox::default(),
        };
        desk.claim().await;
        desk
    }

    pub(crate) async fn claim(&mut self) {
        self.owner.open(Intent::Write, &mut self.out);
        self.settle().await;
        assert!(self.owner.tenure().is_some(), "{} is claimed", self.name);
    }

    /// Until nothing is under way.
    async fn settle(&mut self) {
        loop {
            for (lane, request) in self.out.requests.drain(..) {
                self.courier.send(self.owner.generation(), lane, request);
            }
            let Some(delivery) = self.courier.next().await else { return };
            let Delivery { generation, lane, reply, .. } = delivery.unwrap();
            let (dice, out) = (&mut self.dice, &mut self.out);
            self.owner.hear(generation, lane, reply.unwrap(), dice, out);
        }
    }

    pub(crate) fn inc(&self) -> Incarnation {
        self.owner.inc().unwrap()
    }

    pub(crate) fn mine(&mut self, working: &[FileName]) -> Mine {
        self.owner.tenure().unwrap().1.mine(working.iter().cloned())
    }

    fn file(&mut self, kind: FileKind) -> FileName {
        let (place, tenure) = self.owner.tenure().unwrap();
        let (home, inc, epoch) = (place.name.clone(), tenure.inc(), tenure.epoch());
        FileName { home, inc, epoch, ulid: self.dice.draw(), kind }
    }

    /// A file of this epoch that nothing names.
    pub(crate) async fn put(&mut self, kind: FileKind) -> FileName {
        let file = self.file(kind);
        let content = match kind {
            FileKind::Keys => receipts::encode(&file, &Receipts::default()),
            _ => Bytes::from_static(b"content"),
        };
        self.store.put(&file, content).await.unwrap();
        file
    }

    /// A batch with one chunk.
    pub(crate) async fn commit(&mut self) -> FileName {
        let chunk = self.file(FileKind::Chunk);
        self.courier.hold(chunk.clone(), Bytes::from_static(b"chunk"));
        let (_, tenure) = self.owner.tenure().unwrap();
        tenure.upload(chunk.clone(), &mut self.out);
        self.settle().await;
        self.courier.release(&chunk);
        let batch = Batch::of(Bytes::from_static(b"part"));
        let body = Body { batch, receipts: vec![], chunks: vec![chunk.clone()] };
        let (place, tenure) = self.owner.tenure().unwrap();
        tenure.commit(place, 1, body, &mut self.dice, &mut self.out).unwrap();
        self.settle().await;
        let answer = self.out.answers.pop();
        assert!(matches!(answer, Some(Answer::Committed { .. })), "{answer:?}");
        chunk
    }

    /// One file of rows and one table of keys, in place of all that the head named.
    pub(crate) async fn fold(&mut self) {
        let rows = self.put(FileKind::Rows).await;
        let keys = self.put(FileKind::Keys).await;
        let (place, tenure) = self.owner.tenure().unwrap();
        let work = tenure.fold().unwrap();
        let drop = work.seen.head.files.clone();
        let base = Bytes::from_static(b"state");
        let files = Files { base, add: vec![rows.clone()], drop, keys: Some(keys) };
        let (dice, out) = (&mut self.dice, &mut self.out);
        tenure.publish(place, &work, files, Leave::Stay, dice, out).unwrap();
        self.settle().await;
        assert_eq!(self.head().await.unwrap().files, [rows]);
    }

    pub(crate) async fn delete(&mut self) {
        let (place, tenure) = self.owner.tenure().unwrap();
        tenure.end(place, 2, &mut self.dice, &mut self.out).unwrap();
        self.settle().await;
        assert_eq!(self.out.answers.pop(), Some(Answer::Ended { ticket: 2 }));
    }

    /// The deletion of this life is committed, and its owner dies before anybody is told.
    pub(crate) async fn end(&mut self) {
        let (_, tenure) = self.owner.tenure().unwrap();
        let view = tenure.view();
        let prev = view.batches.last().unwrap().chain;
        let (inc, seq, put) = (tenure.inc(), view.next, PutId(self.dice.draw()));
        let slot = Slot::new(inc, seq, tenure.epoch(), put, prev, Entry::End);
        let key = SlotKey { home: self.name.clone(), inc, seq };
        let Attempt::Done(()) = self.store.create(&key, slot::encode(&slot)).await else {
            panic!()
        };
    }

    pub(crate) async fn head(&self) -> Option<Head> {
        let cell = self.store.load(&CellKey::Head(self.name.clone())).await.unwrap()?;
        Some(head::decode(&self.name, &cell.body).unwrap())
    }

    pub(crate) async fn left(&self, inc: Incarnation) -> Left {
        let mut left = Left { slots: vec![], files: BTreeSet::new() };
        for key in keys(&self.store, &Folder::Life(self.name.clone(), inc)).await {
            match key {
                Key::Immutable(ImmutableKey::Slot(slot)) => left.slots.push(slot.seq.0),
                Key::Immutable(ImmutableKey::File(file)) => drop(left.files.insert(file)),
                other => panic!("{other:?} lies under a life"),
            }
        }
        left
    }
}

/// All markers of a kind.
pub(crate) async fn markers(store: &Store, kind: MarkerKind) -> Vec<Marker> {
    let marker = |key| match key {
        Key::Marker(marker) => marker,
        other => panic!("{other:?} lies among markers"),
    };
    keys(store, &Folder::Markers(kind)).await.into_iter().map(marker).collect()
}

async fn keys(store: &Store, folder: &Folder) -> Vec<Key> {
    let page = store.list(folder, &Cursor::start(), PAGE_KEYS_MAX).await.unwrap();
    assert!(page.next.is_none() && page.strangers == 0, "{page:?}");
    page.entries.into_iter().map(|entry| entry.key).collect()
}
