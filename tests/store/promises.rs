//! What every store promises, asked of each in the same words.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use elacsym::config::Location;
use elacsym::env::{Clock, Dice};
use elacsym::error::ErrorKind;
use elacsym::model::{
    Epoch, FileKind, FileName, Incarnation, Marker, MarkerKind, Namespace, NodeId, Seq,
};
use elacsym::storage::{
    self, Attempt, CellKey, Cursor, Doomed, Drawer, Folder, ImmutableKey, Key, PAGE_KEYS_MAX,
    SlotKey, Store,
};
use futures::future::join_all;
use object_store::ObjectStoreExt;
use object_store::memory::InMemory;
use object_store::path::Path;

use crate::servers;

pub(crate) const INC: Incarnation = Incarnation(7);

pub(crate) fn name(text: &str) -> Namespace {
    Namespace::new(text).unwrap()
}

pub(crate) fn slot(seq: u64) -> SlotKey {
    SlotKey { home: name("acme"), inc: INC, seq: Seq(seq) }
}

pub(crate) fn file(ulid: u128) -> FileName {
    FileName { home: name("acme"), inc: INC, epoch: Epoch(1), ulid, kind: FileKind::Rows }
}

pub(crate) fn head() -> CellKey {
    CellKey::Head(name("acme"))
}

async fn open(location: &Location) -> Store {
    storage::open(location, [], Clock::start(), Dice::from_os()).await.unwrap()
}

#[tokio::test]
async fn memory_keeps_its_promises() {
    promises(open(&Location::Memory).await).await;
}

#[tokio::test]
async fn a_local_folder_keeps_its_promises() {
    let folder = tempfile::tempdir().unwrap();
    promises(open(&Location::Local(folder.path().to_owned())).await).await;
}

#[tokio::test]
async fn minio_keeps_its_promises() {
    promises(servers::minio().await.store().await).await;
}

#[tokio::test]
async fn ministack_keeps_its_promises() {
    promises(servers::ministack().await.store().await).await;
}

#[tokio::test]
async fn a_server_tells_when_it_answered_and_what_lies_on_this_machine_does_not() {
    for server in [servers::minio().await, servers::ministack().await] {
        let store = server.store().await;
        assert!(matches!(store.swap(&head(), None, "one".into()).await, Attempt::Done(_)));
        let loaded = store.load(&head()).await.unwrap().unwrap();
        let look = store.slot(&slot(1)).await.unwrap();
        let age = look.date.unwrap().since(loaded.date.unwrap());
        assert!(look.body.is_none() && age < Duration::from_secs(60), "{age:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    for location in [Location::Memory, Location::Local(folder.path().to_owned())] {
        assert_eq!(open(&location).await.slot(&slot(1)).await.unwrap().date, None);
    }
}

/// What others put into the bucket is counted and passed by, however it is spelt.
#[tokio::test]
async fn strangers_do_not_stop_a_listing() {
    let inner = Arc::new(InMemory::new());
    let store = Store::new(inner.clone(), Clock::start(), Dice::from_seed(1));
    for text in ["a", "b", "c"] {
        let marker = Marker { kind: MarkerKind::Live, name: name(text), inc: INC };
        store.mark(&marker).await.unwrap();
    }
    for odd in ["_names/a{%7B}", "_names/b!", "_names/b!x/y", "_names/~", "_names/c~^"] {
        inner.put(&Path::parse(odd).unwrap(), "?".into()).await.unwrap();
    }
    for keys_max in 1..9 {
        let (mut names, mut strangers, mut pages) = (0, 0, 0);
        let mut next = Some(Cursor::start());
        while let Some(cursor) = next {
            let folder = Folder::Markers(MarkerKind::Live);
            let page = store.list(&folder, &cursor, keys_max).await.unwrap();
            names += page.entries.len();
            strangers += page.strangers;
            pages += 1;
            assert!(pages < 20, "a listing ends");
            next = page.next;
        }
        assert_eq!((names, strangers), (3, 5), "{keys_max} at a time");
    }
}

async fn promises(store: Store) {
    eprintln!("{:?}", store.prove().await.unwrap());
    a_slot_is_created_once(&store).await;
    a_race_to_create_has_one_winner(&store).await;
    a_cell_is_swapped_by_its_tag(&store).await;
    no_swap_is_lost(&store).await;
    files_are_read_whole_and_in_ranges(&store).await;
    listings_are_sorted_and_paged(&store).await;
    names_are_found_by_where_they_begin(&store).await;
    what_is_deleted_is_gone(&store).await;
    a_query_node_beats(store).await;
}

async fn a_slot_is_created_once(store: &Store) {
    assert_eq!(store.slot(&slot(1)).await.unwrap().body, None);
    assert!(matches!(store.create(&slot(1), "first".into()).await, Attempt::Done(())));
    assert!(matches!(store.create(&slot(1), "second".into()).await, Attempt::Refused));
    assert!(matches!(store.create(&slot(1), "first".into()).await, Attempt::Refused));
    assert_eq!(store.slot(&slot(1)).await.unwrap().body, Some("first".into()));
}

async fn a_race_to_create_has_one_winner(store: &Store) {
    for seq in 100..105 {
        let bodies: Vec<Bytes> = (0..32).map(|i| format!("{seq}: {i}").into()).collect();
        let slot = slot(seq);
        let creates = bodies.iter().map(|body| store.create(&slot, body.clone()));
        let told = join_all(creates).await;
        let won = |attempt: &Attempt<()>| matches!(attempt, Attempt::Done(()));
        let winners: Vec<_> = (0..32).filter(|i| won(&told[*i])).collect();
        assert_eq!(winners.len(), 1, "{told:?}");
        assert_eq!(store.slot(&slot).await.unwrap().body, Some(bodies[winners[0]].clone()));
    }
}

async fn a_cell_is_swapped_by_its_tag(store: &Store) {
    assert_eq!(store.load(&head()).await.unwrap(), None);
    let Attempt::Done(first) = store.swap(&head(), None, "one".into()).await else { panic!() };
    assert!(matches!(store.swap(&head(), None, "other".into()).await, Attempt::Refused));
    let seen = store.load(&head()).await.unwrap().unwrap();
    assert_eq!((seen.body, &seen.tag), ("one".into(), &first));

    let done = store.swap(&head(), Some(&first), "two".into()).await;
    let Attempt::Done(second) = done else { panic!("{done:?}") };
    assert_ne!(first, second);
    assert!(matches!(store.swap(&head(), Some(&first), "three".into()).await, Attempt::Refused));
    assert_eq!(store.load(&head()).await.unwrap().unwrap().body, "two");

    let nobody = CellKey::Head(name("nobody"));
    assert!(matches!(store.swap(&nobody, Some(&second), "x".into()).await, Attempt::Refused));
    assert_eq!(store.load(&nobody).await.unwrap(), None);
}

async fn no_swap_is_lost(store: &Store) {
    const CLIENTS: u64 = 8;
    const STEPS: u64 = 10;
    let key = CellKey::Head(name("counter"));
    assert!(matches!(store.swap(&key, None, "0 start".into()).await, Attempt::Done(_)));
    let count = |client| {
        let key = &key;
        async move {
            let mut done = 0;
            while done < STEPS {
                let cell = store.load(key).await.unwrap().unwrap();
                let text = String::from_utf8(cell.body.to_vec()).unwrap();
                let n: u64 = text.split_once(' ').unwrap().0.parse().unwrap();
                let body = format!("{} by {client} step {done}", n + 1);
                match store.swap(key, Some(&cell.tag), body.into()).await {
                    Attempt::Done(_) => done += 1,
                    Attempt::Refused => {}
                    Attempt::Doubt(error) => panic!("{}", error.chain()),
                }
            }
        }
    };
    join_all((0..CLIENTS).map(count)).await;
    let last = store.load(&key).await.unwrap().unwrap().body;
    assert!(last.starts_with(format!("{} ", CLIENTS * STEPS).as_bytes()), "{last:?}");
}

async fn files_are_read_whole_and_in_ranges(store: &Store) {
    let bytes: Bytes = (0..3_000_000_u32).map(|i| (i % 251) as u8).collect::<Vec<_>>().into();
    let length = bytes.len() as u64;
    store.put(&file(1), bytes.clone()).await.unwrap();
    store.put(&file(1), bytes.clone()).await.unwrap();
    let key = ImmutableKey::File(file(1));
    assert!(store.read(&key).await.unwrap() == bytes);
    for range in [0..1, 0..length, 7..1_500_000, length - 1..length, 5..5, length + 5..length + 5] {
        let part = store.read_range(&key, range.clone()).await.unwrap();
        let expect = match range.is_empty() {
            true => Bytes::new(),
            false => bytes.slice(range.start as usize..range.end as usize),
        };
        assert!(part == expect, "{range:?}");
    }
    for past in [length - 1..length + 1, length..length + 1, length + 10..length + 20] {
        let error = store.read_range(&key, past.clone()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{past:?}: {}", error.chain());
    }
    let missing = ImmutableKey::File(file(2));
    for error in [
        store.read(&missing).await.unwrap_err(),
        store.read_range(&missing, 0..10).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::NotFound, "{}", error.chain());
    }
}

async fn listings_are_sorted_and_paged(store: &Store) {
    let seqs: Vec<u64> = (1000..1120).collect();
    let inc = Incarnation(8);
    let slot = |seq| SlotKey { home: name("listed"), inc, seq: Seq(seq) };
    let slots: Vec<_> = seqs.iter().rev().map(|seq| slot(*seq)).collect();
    let creates = slots.iter().map(|slot| store.create(slot, "x".into()));
    assert!(join_all(creates).await.iter().all(|done| matches!(done, Attempt::Done(()))));

    let folder = Folder::Drawer(name("listed"), inc, Drawer::Slots);
    let mut found = Vec::new();
    let mut cursor = Cursor::start();
    loop {
        let page = store.list(&folder, &cursor, 50).await.unwrap();
        assert!(page.entries.len() <= 50 && page.strangers == 0);
        found.extend(page.entries);
        match page.next {
            Some(next) => cursor = next,
            None => break,
        }
    }
    let key = |seq| Key::Immutable(ImmutableKey::Slot(slot(seq)));
    assert!(found.iter().map(|entry| entry.key.clone()).eq(seqs.iter().map(|seq| key(*seq))));
    assert!(found.iter().all(|entry| entry.bytes == 1));

    let after = Cursor::after(&key(1110)).unwrap();
    let page = store.list(&folder, &after, PAGE_KEYS_MAX).await.unwrap();
    assert!(page.entries.into_iter().map(|entry| entry.key).eq((1111..1120).map(key)));
    assert_eq!(page.next, None);

    let all = store.list(&Folder::Life(name("listed"), inc), &Cursor::start(), 1000).await.unwrap();
    assert_eq!(all.entries.len(), seqs.len());
    let other = Folder::Drawer(name("listed"), inc, Drawer::Chunks);
    assert_eq!(store.list(&other, &Cursor::start(), 1000).await.unwrap().entries, []);
}

async fn names_are_found_by_where_they_begin(store: &Store) {
    let names = ["acme", "acme-2", "acme.eu", "acmeX", "acma", "b"];
    for text in names {
        let marker = Marker { kind: MarkerKind::Live, name: name(text), inc: INC };
        store.mark(&marker).await.unwrap();
        store.mark(&marker).await.unwrap();
    }
    let folder = Folder::Markers(MarkerKind::Live);
    let from = Cursor::at_name(MarkerKind::Live, &name("acme"));
    let page = store.list(&folder, &from, 1000).await.unwrap();
    let name_of = |key: &Key| match key {
        Key::Marker(marker) => marker.name.to_string(),
        other => panic!("{other:?}"),
    };
    let found: Vec<_> = page.entries.iter().map(|entry| name_of(&entry.key)).collect();
    assert_eq!(found, ["acme", "acme-2", "acme.eu", "acmeX", "b"]);
    let gone = Folder::Markers(MarkerKind::Gone);
    assert_eq!(store.list(&gone, &Cursor::start(), 1000).await.unwrap().entries, []);
}

async fn what_is_deleted_is_gone(store: &Store) {
    let marker = Marker { kind: MarkerKind::Gone, name: name("acme"), inc: INC };
    store.mark(&marker).await.unwrap();
    store.put(&file(3), "rows".into()).await.unwrap();
    assert!(matches!(store.create(&slot(9), "x".into()).await, Attempt::Done(())));
    let doomed = [Doomed::Marker(marker), Doomed::File(file(3)), Doomed::Slot(slot(9))];
    for _ in 0..2 {
        for thing in &doomed {
            store.delete(thing).await.unwrap();
        }
    }
    assert_eq!(store.slot(&slot(9)).await.unwrap().body, None);
    let read = store.read(&ImmutableKey::File(file(3))).await;
    assert_eq!(read.unwrap_err().kind(), ErrorKind::NotFound);
    let gone = Folder::Markers(MarkerKind::Gone);
    assert_eq!(store.list(&gone, &Cursor::start(), 1000).await.unwrap().entries, []);
}

async fn a_query_node_beats(store: Store) {
    let reader = store.reader();
    let node = NodeId::new("query-1").unwrap();
    let heart = CellKey::Node(node.clone());
    let query = store.for_queries(node);
    let Attempt::Done(first) = query.beat(None, "1".into()).await else { panic!() };
    let Attempt::Done(_) = query.beat(Some(&first), "2".into()).await else { panic!() };
    assert!(matches!(query.beat(Some(&first), "3".into()).await, Attempt::Refused));
    assert!(matches!(query.beat(None, "4".into()).await, Attempt::Refused));
    assert_eq!(reader.load(&heart).await.unwrap().unwrap().body, "2");
    let page = query.list(&Folder::Nodes, &Cursor::start(), 10).await.unwrap();
    assert_eq!(page.entries[0].key, Key::Cell(heart));
}
