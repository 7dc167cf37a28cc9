//! Keepers over one store: what one acknowledges, all see; and the bytes on the store are enough.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::Duration;

use futures::future::join_all;
use tokio::sync::oneshot;

use super::{Ask, Deleted, FOLDS_MAX, FoldAt, Grounds, Keeper, Left};
use crate::config::Location;
use crate::env::{Clock, Dice};
use crate::error::{Error, ErrorKind, Result};
use crate::memory::Memory;
use crate::model::{
    Consistency, Create, DocId, Filter, Given, GivenRow, Holder, IdType, Namespace, Op, Operand,
    Seq, Value, Write, Written,
};
use crate::namespace::view::View;
use crate::storage::{self, Store};

mod closing;
mod crowds;
mod desks;
mod missing;
mod reads;

async fn memory_store() -> Store {
    storage::open(&Location::Memory, [], Clock::start(), Dice::from_os()).await.unwrap()
}

fn grounds(store: &Store, node: &str) -> Grounds {
    let me = Holder { node: node.into(), process: 1 };
    let memory = Memory::of(1 << 30);
    Grounds::new(store.clone(), Clock::start(), Dice::from_os(), me, memory)
}

fn start(grounds: &Grounds, left: Left) -> Keeper {
    Keeper::start(Namespace::new("acme").unwrap(), grounds.clone(), left.remembered)
}

fn row(id: i64, n: i64) -> GivenRow {
    GivenRow { id: Given::Int(id), values: vec![("n".into(), Given::Int(n))] }
}

fn upsert(id: i64, n: i64) -> Write {
    Write { upserts: vec![row(id, n)], ..Write::default() }
}

fn texted(id: i64, text: String) -> GivenRow {
    let values = vec![("n".into(), Given::Int(id)), ("text".into(), Given::Text(text.into()))];
    GivenRow { id: Given::Int(id), values }
}

/// Rows of four kilobytes each, which pack to nothing.
fn large(ids: Range<i64>) -> Write {
    let row = |id| texted(id, "z".repeat(4000));
    Write { upserts: ids.map(row).collect(), ..Write::default() }
}

/// A text of so many times 32 characters, of which half is left when it is packed.
fn noise(dice: &mut Dice, draws: usize) -> String {
    (0..draws).map(|_| format!("{:032x}", dice.draw())).collect()
}

async fn answered<T>(keeper: &Keeper, ask: impl FnOnce(super::Reply<T>) -> Ask) -> Result<T> {
    let (reply, answer) = oneshot::channel();
    if keeper.ask(ask(reply)).await.is_err() {
        return Err(Error::unavailable("it is ending"));
    }
    answer.await.unwrap_or_else(|_| Err(Error::internal("nobody answered")))
}

async fn write_with(keeper: &Keeper, write: Write, key: Option<u128>) -> Result<Written> {
    write_as(keeper, write, key, 1000).await
}

/// As a request for which so much was reserved.
async fn write_as(keeper: &Keeper, write: Write, key: Option<u128>, bytes: u64) -> Result<Written> {
    let fingerprint = write.upserts.len() as u128;
    let share = Memory::of(2 * bytes).take(bytes);
    let write = Box::new(write);
    answered(keeper, |reply| Ask::Write { write, key, fingerprint, share, entered: None, reply })
        .await
}

async fn write(keeper: &Keeper, it: Write) -> Result<Written> {
    write_with(keeper, it, None).await
}

/// A keeper of three rows, which has folded them, and forgotten all of the segment but its ids: for so
/// long nobody has asked.
async fn folded_and_rested(store: &Store) -> Keeper {
    let mut folding = grounds(store, "one");
    folding.folds = FoldAt { slots: 2, bytes: 1 << 20 };
    let keeper = start(&folding, Left::default());
    for id in 0..3 {
        write(&keeper, upsert(id, id)).await.unwrap();
    }
    tokio::time::sleep(Duration::from_secs(10)).await;
    keeper
}

async fn look(keeper: &Keeper) -> Option<BTreeMap<DocId, i64>> {
    look_at(keeper, None).await.unwrap()
}

async fn look_at(keeper: &Keeper, min_seq: Option<Seq>) -> Result<Option<BTreeMap<DocId, i64>>> {
    let newest = Consistency::Strong;
    let view = answered(keeper, |reply| Ask::Look { newest, min_seq, reply }).await?;
    Ok(view.map(|view| numbers(&view)))
}

fn numbers(view: &View) -> BTreeMap<DocId, i64> {
    let number = view.schema().attributes["n"].number;
    let mut numbers = BTreeMap::new();
    for living in view.living() {
        for row in living.alive.set_indices() {
            let Some(Value::Int(n)) = living.rows.value(row, number) else { continue };
            assert_eq!(numbers.insert(living.rows.id(row), n), None, "alive twice");
        }
    }
    numbers
}

fn uint(pairs: &[(u64, i64)]) -> Option<BTreeMap<DocId, i64>> {
    Some(pairs.iter().map(|(id, n)| (DocId::Uint(*id), *n)).collect())
}

fn figure(grounds: &Grounds, name: &str) -> f64 {
    let figures = grounds.tally.figures();
    figures.iter().find(|figure| figure.name == name).unwrap().samples[0].value
}

fn folds(grounds: &Grounds) -> f64 {
    figure(grounds, "elacsym_folds_total")
}

async fn delete(keeper: &Keeper) -> Deleted {
    answered(keeper, |reply| Ask::Delete { reply }).await.unwrap()
}

#[tokio::test]
async fn what_is_written_is_read_here_and_elsewhere() {
    let store = memory_store().await;
    let (one, two) = (grounds(&store, "one"), grounds(&store, "two"));
    let (one, two) = (start(&one, Left::default()), start(&two, Left::default()));
    assert_eq!(look(&one).await, None);
    let written = write(&one, upsert(1, 10)).await.unwrap();
    assert_eq!((written.seq, written.upserted.count), (0, 1));
    assert_eq!(look(&one).await, uint(&[(1, 10)]));
    assert_eq!(look(&two).await, uint(&[(1, 10)]), "a reader of another node");
    write(&one, upsert(2, 20)).await.unwrap();
    assert_eq!(look_at(&two, Some(Seq(1))).await.unwrap(), uint(&[(1, 10), (2, 20)]));
    let error = look_at(&two, Some(Seq(9))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid, "{}", error.chain());
    let error = look_at(&one, Some(Seq(9))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid, "{}", error.chain());
}

#[tokio::test]
async fn two_keepers_take_the_name_from_each_other_and_lose_nothing() {
    let store = memory_store().await;
    let (one, two) = (grounds(&store, "one"), grounds(&store, "two"));
    let (one, two) = (start(&one, Left::default()), start(&two, Left::default()));
    let mut acked = BTreeMap::new();
    for id in 0..40_i64 {
        let keeper = if id % 3 == 0 { &one } else { &two };
        // Taken over in between: it was not committed, and is sent again.
        loop {
            match write(keeper, upsert(id, id)).await {
                Ok(_) => break,
                Err(error) => assert_eq!(error.kind(), ErrorKind::Unavailable, "{}", error.chain()),
            }
        }
        acked.insert(DocId::Uint(id as u64), id);
        assert_eq!(look(&one).await, Some(acked.clone()), "{id}");
        assert_eq!(look(&two).await, Some(acked.clone()), "{id}");
    }
}

#[tokio::test]
async fn many_writers_share_slots_and_each_is_told_its_own() {
    let store = memory_store().await;
    let keeper = std::sync::Arc::new(start(&grounds(&store, "one"), Left::default()));
    let writers = (0..200).map(|id| {
        let keeper = keeper.clone();
        tokio::spawn(async move { write(&keeper, upsert(id, id)).await.unwrap() })
    });
    let written = futures::future::join_all(writers.collect::<Vec<_>>()).await;
    let seqs: Vec<u64> = written.into_iter().map(|one| one.unwrap().seq).collect();
    let last = *seqs.iter().max().unwrap();
    assert!(last < 199, "200 requests took {} slots", last + 1);
    assert_eq!(look(&keeper).await.unwrap().len(), 200);
}

#[tokio::test]
async fn folds_happen_meanwhile_and_change_nothing() {
    let store = memory_store().await;
    let mut it = grounds(&store, "one");
    it.folds = FoldAt { slots: 4, bytes: 1 << 20 };
    let keeper = start(&it, Left::default());
    let other = start(&grounds(&store, "two"), Left::default());
    let mut model = BTreeMap::new();
    for n in 0..100_i64 {
        let id = n * 7 % 13;
        if n % 5 == 4 {
            let gone = Write { deletes: vec![Given::Int(id)], ..Write::default() };
            write(&keeper, gone).await.unwrap();
            model.remove(&DocId::Uint(id as u64));
        } else {
            write(&keeper, upsert(id, n)).await.unwrap();
            model.insert(DocId::Uint(id as u64), n);
        }
        assert_eq!(look(&keeper).await, Some(model.clone()), "{n}");
        assert_eq!(look(&other).await, Some(model.clone()), "{n}, elsewhere");
    }
    assert!(folds(&it) > 5.0);
    // And all of it is on the store.
    let fresh = start(&grounds(&store, "three"), Left::default());
    assert_eq!(look(&fresh).await, Some(model));
}

#[tokio::test]
async fn a_batch_that_is_too_large_for_a_slot_goes_up_in_chunks() {
    let store = memory_store().await;
    let keeper = start(&grounds(&store, "one"), Left::default());
    // 30 MB, of which half is left when they are packed.
    let mut dice = Dice::from_seed(1);
    let rows = (0..300).map(|id| texted(id, noise(&mut dice, 3200)));
    let schema = crate::model::Declaration {
        filterable: Some(false),
        ..crate::model::Declaration::of("string".parse().unwrap())
    };
    let large = Write {
        upserts: rows.collect(),
        schema: vec![("text".into(), crate::model::SchemaChange::Declare(schema))],
        ..Write::default()
    };
    write(&keeper, large).await.unwrap();
    write(&keeper, upsert(5, -5)).await.unwrap();
    let mut wanted: BTreeMap<_, _> = (0..300).map(|id| (DocId::Uint(id as u64), id)).collect();
    wanted.insert(DocId::Uint(5), -5);
    assert_eq!(look(&keeper).await, Some(wanted.clone()));
    let other = start(&grounds(&store, "two"), Left::default());
    assert_eq!(look(&other).await, Some(wanted.clone()), "whoever replays reads the chunks");
    write(&other, upsert(6, -6)).await.unwrap();
    wanted.insert(DocId::Uint(6), -6);
    assert_eq!(look(&other).await, Some(wanted));
}

#[tokio::test]
async fn a_key_is_answered_once_and_for_all() {
    let store = memory_store().await;
    let mut it = grounds(&store, "one");
    it.folds = FoldAt { slots: 2, bytes: 1 << 20 };
    let keeper = start(&it, Left::default());
    let first = write_with(&keeper, upsert(1, 1), Some(7)).await.unwrap();
    write(&keeper, upsert(1, 2)).await.unwrap();
    let again = write_with(&keeper, upsert(1, 1), Some(7)).await.unwrap();
    assert_eq!(again, Written { stored: true, ..first.clone() });
    assert_eq!(look(&keeper).await, uint(&[(1, 2)]), "it was not applied twice");
    let two = Write { upserts: vec![row(1, 1), row(2, 2)], ..Write::default() };
    let error = write_with(&keeper, two.clone(), Some(7)).await.unwrap_err();
    assert!(error.chain().contains("another request"), "{}", error.chain());
    // Both at once: one is applied, and both are told the same.
    let absent =
        Filter::Test { attribute: "id".into(), op: Op::Eq, operand: Operand::Literal(Given::Null) };
    let insert = Write { upsert_condition: Some(absent), ..upsert(3, 3) };
    let both = futures::future::join(
        write_with(&keeper, insert.clone(), Some(8)),
        write_with(&keeper, insert.clone(), Some(8)),
    );
    let (left, right) = both.await;
    let (left, right) = (left.unwrap(), right.unwrap());
    assert_eq!((left.seq, left.upserted.count), (right.seq, right.upserted.count));
    // Another node finds it, in slots and in the table of a fold.
    for _ in 0..10 {
        write(&keeper, upsert(9, 9)).await.unwrap();
    }
    let other = start(&grounds(&store, "two"), Left::default());
    let again = write_with(&other, upsert(1, 1), Some(7)).await.unwrap();
    assert_eq!((again.seq, again.stored), (first.seq, true));
}

#[tokio::test]
async fn a_deleted_name_is_gone_and_may_come_again() {
    let store = memory_store().await;
    let keeper = start(&grounds(&store, "one"), Left::default());
    let other = start(&grounds(&store, "two"), Left::default());
    assert_eq!(delete(&keeper).await, Deleted::Absent);
    write(&keeper, upsert(1, 1)).await.unwrap();
    assert_eq!(look(&other).await, uint(&[(1, 1)]));
    assert_eq!(delete(&keeper).await, Deleted::Now);
    assert_eq!(look(&keeper).await, None);
    assert_eq!(look(&other).await, None);
    assert_eq!(delete(&other).await, Deleted::Absent);
    write(&keeper, upsert(2, 2)).await.unwrap();
    assert_eq!(look(&other).await, uint(&[(2, 2)]), "nothing of the former life is left");
}

#[tokio::test]
async fn what_may_not_create_a_name_does_not() {
    let store = memory_store().await;
    let keeper = start(&grounds(&store, "one"), Left::default());
    let patch = Write { patches: vec![row(1, 1)], ..Write::default() };
    let never = Write { create: Create::Never, ..upsert(1, 1) };
    let wrong = Write { upserts: vec![row(1, 1), row(1, 2)], ..Write::default() };
    for (write_it, kind) in
        [(patch, ErrorKind::NotFound), (never, ErrorKind::NotFound), (wrong, ErrorKind::Invalid)]
    {
        assert_eq!(write(&keeper, write_it).await.unwrap_err().kind(), kind);
        assert_eq!(look(&keeper).await, None);
    }
    assert_eq!(markers(&store).await, 0, "a refused write left a name behind");
    let always = Write { create: Create::Always, ..Write::default() };
    let untyped = write(&keeper, always.clone()).await.unwrap_err();
    assert!(untyped.to_string().contains("`schema.id`"), "{untyped}");
    assert_eq!(markers(&store).await, 0, "a refused write left a name behind");
    let typed = Write { id_type: Some(IdType::Uint), ..always.clone() };
    let seq = write(&keeper, typed).await.unwrap().seq;
    // It is there by now, and says of itself what ids are.
    assert_eq!(write(&keeper, always).await.unwrap(), Written { seq, ..Written::default() });
    let newest = Consistency::Strong;
    let view = answered(&keeper, |reply| Ask::Look { newest, min_seq: None, reply }).await.unwrap();
    assert_eq!(view.map(|view| view.rows()), Some(0), "it is there, and empty");
}

/// Only what was small was tried before its name was made.
#[tokio::test]
async fn nor_does_what_is_too_large_to_be_tried_at_once() {
    let store = memory_store().await;
    let keeper = start(&grounds(&store, "one"), Left::default());
    let large = 1 << 20;
    let wrong = Write { upserts: vec![row(1, 1), row(1, 2)], ..Write::default() };
    let refused = write_as(&keeper, wrong, None, large).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Invalid);
    assert_eq!((look(&keeper).await, markers(&store).await), (None, 0));
    write_as(&keeper, upsert(1, 1), None, large).await.unwrap();
    assert_eq!(look(&keeper).await, uint(&[(1, 1)]));
}

async fn markers(store: &Store) -> usize {
    let names = storage::Folder::Markers(crate::model::MarkerKind::Live);
    store.list(&names, &storage::Cursor::start(), 10).await.unwrap().entries.len()
}

#[tokio::test]
async fn a_refusal_is_told_and_nothing_of_it_stays() {
    let store = memory_store().await;
    let keeper = start(&grounds(&store, "one"), Left::default());
    write(&keeper, upsert(1, 1)).await.unwrap();
    let typed = GivenRow { id: Given::Int(2), values: vec![("n".into(), Given::Text("x".into()))] };
    let wrong = Write { upserts: vec![typed], ..Write::default() };
    assert_eq!(write(&keeper, wrong).await.unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(look(&keeper).await, uint(&[(1, 1)]));
    assert_eq!(write(&keeper, upsert(2, 2)).await.unwrap().seq, 1, "it took no slot");
}

/// Rows of one request and the drop of their attribute by the next met in one batch, and the batch
/// was refused as our bug.
#[tokio::test]
async fn an_attribute_may_be_dropped_in_the_batch_that_writes_it() {
    let store = memory_store().await;
    let keeper = start(&grounds(&store, "one"), Left::default());
    let other = |id: i64| GivenRow {
        id: Given::Int(id),
        values: vec![("n".into(), Given::Int(id)), ("other".into(), Given::Int(7))],
    };
    write(&keeper, Write { upserts: vec![other(1)], ..Write::default() }).await.unwrap();
    let schema = vec![("other".into(), crate::model::SchemaChange::Drop)];
    let (one, two, three) = futures::future::join3(
        write(&keeper, upsert(9, 9)),
        write(&keeper, Write { upserts: vec![other(2)], ..Write::default() }),
        write(&keeper, Write { schema, create: Create::Never, ..Write::default() }),
    )
    .await;
    one.unwrap();
    assert_eq!(two.unwrap().seq, three.unwrap().seq, "they did not meet");
    assert_eq!(look(&keeper).await, uint(&[(1, 1), (2, 2), (9, 9)]));
    let fresh = start(&grounds(&store, "two"), Left::default());
    assert_eq!(look(&fresh).await, uint(&[(1, 1), (2, 2), (9, 9)]));
}

/// A slot has room for so many receipts, and a draft once took more.
#[tokio::test]
async fn more_keyed_requests_than_a_slot_has_room_for_take_two() {
    let store = memory_store().await;
    let keeper = std::sync::Arc::new(start(&grounds(&store, "one"), Left::default()));
    let writers = (0..9000_i64).map(|id| {
        let keeper = keeper.clone();
        tokio::spawn(async move { write_with(&keeper, upsert(id, id), Some(id as u128)).await })
    });
    let (mut done, mut away) = (0, 0);
    for written in futures::future::join_all(writers.collect::<Vec<_>>()).await {
        match written.unwrap() {
            Ok(_) => done += 1,
            // The queue has its bound, too.
            Err(error) if error.kind() == ErrorKind::Throttled => away += 1,
            Err(error) => panic!("{}", error.chain()),
        }
    }
    assert_eq!(done + away, 9000);
    assert!(done > 5000, "{done}");
    assert_eq!(look(&keeper).await.unwrap().len(), done);
}

/// Segments that do not fit into memory once stopped all writes of a name, in a hot loop.
#[tokio::test]
async fn what_does_not_fit_into_memory_stops_only_those_who_ask_for_it() {
    let store = memory_store().await;
    let keeper = start(&grounds(&store, "one"), Left::default());
    write(&keeper, large(0..2000)).await.unwrap();
    for n in 0..20 {
        write(&keeper, upsert(5000, n)).await.unwrap();
    }
    keeper.ask(Ask::Leave).await.unwrap();
    keeper.ended().await;
    let mut folding = grounds(&store, "one");
    folding.folds = FoldAt { slots: 1, bytes: 1 << 30 };
    let keeper = start(&folding, Left::default());
    write(&keeper, upsert(5001, 1)).await.unwrap();
    keeper.ask(Ask::Leave).await.unwrap();
    keeper.ended().await;
    // A node with less memory: 8 MB of text, that packs to nothing.
    let small = Grounds { memory: Memory::of(6 << 20), ..grounds(&store, "two") };
    let keeper = start(&small, Left::default());
    let patch = Write { patches: vec![row(1, 7)], ..Write::default() };
    let soon = Duration::from_secs(20);
    let told = tokio::time::timeout(soon, write(&keeper, patch)).await.expect("it hangs");
    let told = told.unwrap_err();
    assert!(told.chain().contains("indexer.memory_limit"), "{}", told.chain());
    tokio::time::timeout(soon, write(&keeper, upsert(1, 8))).await.expect("it hangs").unwrap();
    let told = tokio::time::timeout(soon, look_at(&keeper, None)).await.expect("it hangs");
    assert!(told.unwrap_err().chain().contains("indexer.memory_limit"));
    keeper.ask(Ask::Leave).await.unwrap();
    tokio::time::timeout(soon, keeper.ended()).await.expect("it never ends");
}

#[tokio::test]
async fn what_is_not_folded_has_a_bound_and_a_wish_goes_beyond_it() {
    let store = memory_store().await;
    let mut it = grounds(&store, "one");
    it.folds = FoldAt { slots: 1 << 20, bytes: 1 << 40 };
    it.memory = Memory::of(16 << 20);
    // Nobody folds.
    let _turns = it.folding.clone().try_acquire_many_owned(FOLDS_MAX as u32).unwrap();
    let keeper = start(&it, Left::default());
    write(&keeper, large(0..1200)).await.unwrap();
    let told = write(&keeper, upsert(1, 1)).await.unwrap_err();
    assert_eq!(told.kind(), ErrorKind::Throttled, "{}", told.chain());
    let lifted = Write { pressure: crate::model::Pressure::Lifted, ..upsert(1, 1) };
    write(&keeper, lifted).await.unwrap();
    let patch = Write {
        patches: vec![row(1, 2)],
        pressure: crate::model::Pressure::Lifted,
        ..Write::default()
    };
    assert_eq!(write(&keeper, patch).await.unwrap_err().kind(), ErrorKind::Throttled);
    assert_eq!(look(&keeper).await.unwrap()[&DocId::Uint(1)], 1, "what is there is seen");
}

/// It is looked at before a write, which may then go beyond it.
#[tokio::test]
async fn what_is_not_folded_is_as_much_as_its_bound_and_no_byte_more() {
    // One that has written much with so much memory, and can fold nothing.
    let filled = async |memory_bytes| {
        let mut it = grounds(&memory_store().await, "one");
        it.folds = FoldAt { slots: 1 << 20, bytes: 1 << 40 };
        it.memory = Memory::of(memory_bytes);
        let turns = it.folding.clone().try_acquire_many_owned(FOLDS_MAX as u32).unwrap();
        let keeper = start(&it, Left::default());
        write(&keeper, large(0..1200)).await.unwrap();
        (it, turns, keeper)
    };
    let (it, _turns, keeper) = filled(1 << 30).await;
    assert_eq!(look(&keeper).await.unwrap().len(), 1200);
    let bytes = figure(&it, "elacsym_unindexed_bytes") as u64;
    assert!(bytes > 4 << 20, "{bytes}");
    // A quarter of the memory is the bound.
    for (memory_bytes, told) in [(4 * bytes, None), (4 * bytes - 1, Some(ErrorKind::Throttled))] {
        let (_it, _turns, keeper) = filled(memory_bytes).await;
        let next = write(&keeper, upsert(1, 1)).await;
        assert_eq!(next.err().map(|error| error.kind()), told, "{memory_bytes}");
    }
}

/// A wish lifted it once, and a name whose folds fail would have had a log without end.
#[tokio::test(start_paused = true)]
async fn how_many_slots_are_not_folded_has_a_bound_that_no_wish_lifts() {
    let store = memory_store().await;
    let mut it = grounds(&store, "one");
    it.folds = FoldAt { slots: 1 << 20, bytes: 1 << 40 };
    let _turns = it.folding.clone().try_acquire_many_owned(FOLDS_MAX as u32).unwrap();
    let keeper = start(&it, Left::default());
    let lifted = |n| Write { pressure: crate::model::Pressure::Lifted, ..upsert(1, n) };
    let mut written = 0;
    let told = loop {
        match write(&keeper, lifted(written)).await {
            Ok(_) => written += 1,
            Err(error) => break error,
        }
    };
    assert_eq!((told.kind(), written), (ErrorKind::Throttled, 4096), "{}", told.chain());
}

#[tokio::test(start_paused = true)]
async fn as_many_slots_as_may_be_are_not_folded_however_many_write_at_once() {
    let store = memory_store().await;
    let mut it = grounds(&store, "one");
    it.folds = FoldAt { slots: 1 << 20, bytes: 1 << 40 };
    it.backlog.slots_max = 3;
    let _turns = it.folding.clone().try_acquire_many_owned(FOLDS_MAX as u32).unwrap();
    let keeper = start(&it, Left::default());
    let mut slots = BTreeSet::new();
    for round in 0..5 {
        let all = (0..10).map(|id| write(&keeper, upsert(id, round)));
        for told in join_all(all).await {
            match told {
                Ok(written) => {
                    slots.insert(written.seq);
                }
                Err(error) => assert_eq!(error.kind(), ErrorKind::Throttled, "{}", error.chain()),
            }
        }
    }
    assert_eq!(slots, BTreeSet::from([0, 1, 2]));
    assert_eq!(look(&keeper).await.map(|rows| rows.len()), Some(10), "what is there is seen");
}
