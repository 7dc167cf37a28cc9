//! The check over names that a keeper wrote: nothing is mistaken, offline or beside it at work.

mod damage;
mod files;
mod slots;

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::*;
use crate::config::Location;
use crate::env::Dice;
use crate::log::slot::{self, Entry, Slot};
use crate::memory::Memory;
use crate::model::{
    Epoch, FileName, Given, GivenRow, Holder, Incarnation, Marker, MarkerKind, PutId, Seq, Write,
};
use crate::namespace::base::Base;
use crate::namespace::garbage::{Sight, Sweeper, Vigil};
use crate::namespace::head::{self, Head};
use crate::namespace::keeper::{Ask, FoldAt, Grounds, Keeper};
use crate::protocol::{Cursor, GRACE, Rules};
use crate::storage::{self, Attempt, CellKey, Doomed, ImmutableKey, Key, Pace, SlotKey, Store};

/// Every slot is folded as soon as it is there.
const FOLDED: FoldAt = FoldAt { slots: 1, bytes: 1 << 30 };
/// None is.
const OPEN: FoldAt = FoldAt { slots: 1 << 20, bytes: 1 << 40 };

/// A store, and one node over it.
struct Stand {
    store: Store,
    clock: Clock,
}

fn named(name: &str) -> Namespace {
    Namespace::new(name).unwrap()
}

fn upsert(id: i64) -> Write {
    let row = GivenRow { id: Given::Int(id), values: vec![("n".into(), Given::Int(id))] };
    Write { upserts: vec![row], ..Write::default() }
}

fn delete(id: i64) -> Write {
    Write { deletes: vec![Given::Int(id)], ..Write::default() }
}

fn place(file: &FileName) -> String {
    ImmutableKey::File(file.clone()).spell().unwrap()
}

impl Stand {
    async fn new() -> Self {
        Self::at(Location::Memory).await
    }

    async fn at(location: Location) -> Self {
        let clock = Clock::start();
        let store = storage::open(&location, [], clock, Dice::from_os()).await.unwrap();
        Self { store, clock }
    }

    fn keeper(&self, name: &str, folds: FoldAt) -> Keeper {
        let me = Holder { node: "one".into(), process: 1 };
        let memory = Memory::of(1 << 30);
        let mut it = Grounds::new(self.store.clone(), self.clock, Dice::from_os(), me, memory);
        it.folds = folds;
        Keeper::start(named(name), it, None)
    }

    /// A keeper comes, writes, and lets the name go. The first write has a key.
    async fn session(&self, name: &str, folds: FoldAt, writes: Vec<Write>) {
        let keeper = self.keeper(name, folds);
        for (at, write) in writes.into_iter().enumerate() {
            send(&keeper, write, (at == 0).then(|| Dice::from_os().draw())).await.unwrap();
        }
        leave(&keeper).await;
    }

    /// Two segments, of which the first has a row that is superseded, a table of keys, and three
    /// slots behind the floor.
    async fn acme(&self) {
        self.session("acme", FOLDED, vec![rows(&[1, 2, 3])]).await;
        self.session("acme", FOLDED, vec![upsert(2)]).await;
        self.session("acme", OPEN, vec![upsert(4), upsert(5), delete(1)]).await;
        let (head, base) = self.head("acme").await;
        assert_eq!((base.segments.len(), head.floor, head.keys.is_some()), (2, Seq(2), true));
        assert_eq!(base.segments[0].deleted.as_ref().map(|deleted| deleted.count), Some(1));
    }

    async fn delete_name(&self, name: &str) {
        let keeper = self.keeper(name, OPEN);
        let (reply, answer) = oneshot::channel();
        keeper.ask(Ask::Delete { reply }).await.unwrap();
        answer.await.unwrap().unwrap();
        leave(&keeper).await;
    }

    async fn check(&self) -> Findings {
        check(&self.store, self.clock).await.unwrap()
    }

    async fn head(&self, name: &str) -> (Head, Base) {
        let name = named(name);
        let cell = self.store.load(&CellKey::Head(name.clone())).await.unwrap().unwrap();
        let head = head::decode(&name, &cell.body).unwrap();
        let base = Base::decode(&head.base).unwrap();
        (head, base)
    }

    /// Another head in place of the one that is there.
    async fn rewrite(&self, name: &str, change: impl FnOnce(&mut Head)) {
        let (mut head, _) = self.head(name).await;
        change(&mut head);
        self.swap(name, head::encode(&named(name), &head)).await;
    }

    async fn rebase(&self, name: &str, change: impl FnOnce(&mut Base)) {
        let (_, mut base) = self.head(name).await;
        change(&mut base);
        self.rewrite(name, |head| head.base = base.encode()).await;
    }

    async fn swap(&self, name: &str, body: Bytes) {
        let key = CellKey::Head(named(name));
        let was = self.store.load(&key).await.unwrap().unwrap();
        let swapped = self.store.swap(&key, Some(&was.tag), body).await;
        assert!(matches!(swapped, Attempt::Done(_)), "{swapped:?}");
    }

    async fn slot(&self, key: &SlotKey) -> Option<Bytes> {
        self.store.slot(key).await.unwrap().body
    }

    /// Where a slot of the name's present life lies.
    async fn at_seq(&self, name: &str, seq: u64) -> SlotKey {
        let (head, _) = self.head(name).await;
        SlotKey { home: named(name), inc: head.inc, seq: Seq(seq) }
    }

    /// The head, and the end of its log.
    async fn end(&self, name: &str) -> (Head, Cursor) {
        let (head, _) = self.head(name).await;
        let mut cursor = Cursor::at(&head);
        while let Some(body) = self.slot(&self.at_seq(name, cursor.seq.0).await).await {
            let slot = slot::decode(head.inc, cursor.seq, &body).unwrap();
            cursor.meet(&slot, Rules::default()).unwrap();
        }
        (head, cursor)
    }

    /// The next slot, as the owner of that epoch would write it.
    async fn append(&self, name: &str, epoch: Epoch, entry: Entry) -> SlotKey {
        let (head, cursor) = self.end(name).await;
        let slot = Slot::new(head.inc, cursor.seq, epoch, PutId(99), cursor.chain, entry);
        let key = SlotKey { home: named(name), inc: head.inc, seq: cursor.seq };
        self.create(&key, slot::encode(&slot)).await;
        key
    }

    async fn create(&self, key: &SlotKey, body: Bytes) {
        let created = self.store.create(key, body).await;
        assert!(matches!(created, Attempt::Done(())), "{created:?}");
    }

    async fn drop_slot(&self, key: &SlotKey) {
        self.store.delete(&Doomed::Slot(key.clone())).await.unwrap();
    }

    async fn drop_file(&self, file: &FileName) {
        self.store.delete(&Doomed::File(file.clone())).await.unwrap();
    }

    /// One bit of a file is another one.
    async fn bend_file(&self, file: &FileName) {
        let bytes = self.store.read(&ImmutableKey::File(file.clone())).await.unwrap();
        self.store.put(file, bent(&bytes)).await.unwrap();
    }

    async fn bend_slot(&self, key: &SlotKey) {
        let body = bent(&self.slot(key).await.unwrap());
        self.drop_slot(key).await;
        self.create(key, body).await;
    }

    /// Beside what was found `before`, there is this one error and nothing else.
    async fn expect(&self, before: &Findings, what: What, place: impl ToString) {
        let after = self.check().await;
        let errors: Vec<(What, &str)> =
            after.errors.iter().map(|error| (error.what, &*error.place)).collect();
        assert_eq!(errors, [(what, &*place.to_string())], "{after}");
        assert_eq!((&after.leaks, &after.notes), (&before.leaks, &before.notes), "{after}");
    }
}

fn rows(ids: &[i64]) -> Write {
    let upserts = ids.iter().flat_map(|id| upsert(*id).upserts).collect();
    Write { upserts, ..Write::default() }
}

fn bent(bytes: &Bytes) -> Bytes {
    let mut bytes = bytes.to_vec();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    bytes.into()
}

async fn send(keeper: &Keeper, write: Write, key: Option<u128>) -> Result<()> {
    let (reply, answer) = oneshot::channel();
    let (share, write) = (Memory::of(1 << 20).take(1000), Box::new(write));
    keeper
        .ask(Ask::Write { write, key, fingerprint: 7, share, entered: None, reply })
        .await
        .unwrap();
    answer.await.unwrap().map(drop)
}

async fn leave(keeper: &Keeper) {
    // A name of which nothing is left ends by itself.
    let _ = keeper.ask(Ask::Leave).await;
    keeper.ended().await;
}

#[tokio::test]
async fn of_an_empty_bucket_there_is_nothing_to_say() {
    assert_eq!(Stand::new().await.check().await, Findings::default());
}

#[tokio::test]
async fn of_names_that_were_written_to_there_is_nothing_to_say() {
    let stand = Stand::new().await;
    for name in ["a", "a-b", "b"] {
        stand.session(name, OPEN, vec![upsert(1), rows(&[1, 2, 3]), delete(2)]).await;
    }
    let mut heard = Vec::new();
    let found = check_all(&stand.store, stand.clock, |found| heard.push(found.names)).await;
    let found = found.unwrap();
    assert!(found.is_silent(), "{found}");
    assert_eq!((found.names, found.lives, found.slots, found.files), (3, 3, 9, 0));
    assert!(found.bytes > 1000);
    assert_eq!(heard, [1, 2, 3]);
    let one = check_name(&stand.store, stand.clock, &named("a-b")).await.unwrap();
    assert!(one.is_silent() && (one.names, one.slots) == (1, 3), "{one}");
    let none = check_name(&stand.store, stand.clock, &named("c")).await.unwrap();
    assert_eq!(none, Findings::default());
}

#[tokio::test(start_paused = true)]
async fn what_was_folded_waits_until_it_is_collected_and_then_there_is_nothing_to_say() {
    let stand = Stand::new().await;
    stand.acme().await;
    let found = stand.check().await;
    assert!(found.is_sound() && found.notes.is_empty(), "{found}");
    let (head, _) = stand.head("acme").await;
    let mut expected: Vec<String> =
        head.retired.iter().map(|retired| place(&retired.file)).collect();
    for seq in 0..2 {
        expected.push(stand.at_seq("acme", seq).await.to_string());
    }
    let mut leaks: Vec<String> = found.leaks.iter().map(|leak| leak.place.clone()).collect();
    expected.sort();
    leaks.sort();
    assert_eq!(leaks, expected);
    assert!(found.leaks.iter().all(|leak| leak.what == What::Waits));

    let me = Holder { node: "gc".into(), process: 7 };
    let mut gc = Sweeper::new(stand.store.clone(), stand.clock, Dice::from_os(), me);
    let look = gc.look(&named("acme"), head.inc).await.unwrap();
    let Sight::Garbage(watch) = look.sight else { panic!("{look:?}") };
    tokio::time::advance(GRACE * 2).await;
    gc.sweep(&named("acme"), Vigil::of(watch), None).await.unwrap();
    let found = stand.check().await;
    assert!(found.is_silent(), "{found}");
    assert_eq!((found.slots, found.files), (3, 4));
}

#[tokio::test(start_paused = true)]
async fn a_deleted_name_waits_to_be_collected_and_may_live_again() {
    let stand = Stand::new().await;
    stand.session("acme", FOLDED, vec![upsert(1)]).await;
    stand.session("acme", OPEN, vec![upsert(2)]).await;
    let (head, _) = stand.head("acme").await;
    stand.delete_name("acme").await;
    let found = stand.check().await;
    assert!(found.is_sound() && found.notes.is_empty(), "{found}");
    assert!(found.leaks.iter().all(|leak| leak.what == What::Waits), "{found}");
    assert_eq!(found.leaks.len(), 4, "two slots and two files: {found}");
    stand.session("acme", OPEN, vec![upsert(3)]).await;
    let again = stand.check().await;
    assert_eq!((&again.leaks, again.lives), (&found.leaks, 2), "{again}");
    assert!(again.is_sound() && again.notes.is_empty(), "{again}");

    let me = Holder { node: "gc".into(), process: 7 };
    let mut gc = Sweeper::new(stand.store.clone(), stand.clock, Dice::from_os(), me);
    let look = gc.look(&named("acme"), head.inc).await.unwrap();
    let Sight::Over(watch) = look.sight else { panic!("{look:?}") };
    tokio::time::advance(GRACE * 2).await;
    gc.sweep(&named("acme"), Vigil::of(watch), None).await.unwrap();
    let found = stand.check().await;
    assert!(found.is_silent(), "{found}");
    assert_eq!((found.lives, found.slots, found.files), (2, 2, 0), "the end, and what lives");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn beside_a_node_at_work_nothing_is_mistaken() {
    let stand = Stand::new().await;
    stand.session("quiet", OPEN, vec![upsert(1)]).await;
    let (store, clock) = (stand.store.clone(), stand.clock);
    let checks = tokio::spawn(async move {
        let mut checks = 0;
        loop {
            let found = check(&store, clock).await.unwrap();
            assert!(found.is_sound(), "after {checks} checks: {found}");
            checks += 1;
            let (head, _) = (Stand { store: store.clone(), clock }).head("quiet").await;
            if head.epoch > Epoch(1) {
                return checks;
            }
        }
    });
    for round in 0..12 {
        let keeper = stand.keeper("busy", FoldAt { slots: 3, ..FOLDED });
        for id in 0..20 {
            send(&keeper, rows(&[id, 100 + round]), None).await.unwrap();
            send(&keeper, delete(id / 2), Some(Dice::from_os().draw())).await.unwrap();
        }
        leave(&keeper).await;
        if round % 3 == 2 {
            stand.delete_name("busy").await;
        }
    }
    // That tells the others to end.
    stand.session("quiet", OPEN, vec![upsert(2)]).await;
    assert!(checks.await.unwrap() > 1);
}

/// A look takes longer than a rewrite: of the head, the log and its files, each is asked for.
#[tokio::test(start_paused = true)]
async fn a_name_that_does_not_hold_still_is_busy_and_not_wrong() {
    let clock = Clock::start();
    let moment = Duration::from_millis(5);
    let pace = Pace { put: moment, get: moment, ..Pace::NONE };
    let slow = storage::open_slow(&Location::Memory, [], clock, Dice::from_os(), pace);
    let stand = Stand { store: slow.await.unwrap().0, clock };
    stand.acme().await;
    let store = stand.store.clone();
    let mover = tokio::spawn(async move {
        let stand = Stand { store, clock };
        for put in 1000.. {
            stand.rewrite("acme", |head| head.put = PutId(put)).await;
        }
    });
    let found = stand.check().await;
    mover.abort();
    assert!(found.is_sound() && found.leaks.is_empty(), "{found}");
    let [busy] = &found.notes[..] else { panic!("{found}") };
    assert_eq!((busy.what, &*busy.place), (What::Busy, &*CellKey::Head(named("acme")).to_string()));
}
