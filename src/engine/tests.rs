//! The engine over a store in memory: whole requests, against a map of documents where it matters.

use std::collections::BTreeMap;

use tokio::sync::oneshot;

use super::places::{PLACES, Party};
use super::*;
use crate::config::Location;
use crate::eval::Halt;
use crate::model::{
    Aggregate, Aggregated, Aggregates, Answered, Asked, AttrType, Consistency, Create, Declaration,
    Direction, DocId, Given, GivenRow, GroundTruth, Hit, IdType, Include, LIMIT_MAX, Page, Query,
    Rank, ReadOnly, Recall, Scalar, SchemaChange, Value, Write, WriteFault,
};
use crate::namespace::view::Glimpse;
use crate::query::heft;
use crate::storage;

mod warmth;

const FOLDS: FoldAt = FoldAt { slots: 8, bytes: 1 << 20 };

fn limits() -> Limits {
    Limits::of(1 << 30, FOLDS)
}

async fn memory_store() -> Store {
    storage::open(&Location::Memory, [], Clock::start(), Dice::from_os()).await.unwrap()
}

fn over(store: &Store, limits: Limits) -> Arc<Engine> {
    let node = NodeId::new("one").unwrap();
    Arc::new(Engine::new(store.clone(), Clock::start(), Dice::from_os(), node, limits))
}

fn named(name: &str) -> Namespace {
    Namespace::new(name).unwrap()
}

fn upsert(rows: &[(i64, i64)]) -> Write {
    let row = |(id, n): &(i64, i64)| GivenRow {
        id: Given::Int(*id),
        values: vec![("n".into(), Given::Int(*n))],
    };
    Write { upserts: rows.iter().map(row).collect(), ..Write::default() }
}

/// The first of a name, too, if it comes first.
fn delete(id: i64) -> Write {
    let (deletes, id_type) = (vec![Given::Int(id)], Some(IdType::Uint));
    Write { deletes, id_type, create: Create::Always, ..Write::default() }
}

async fn ask(engine: &Engine, name: &str, min_seq: Option<u64>) -> Result<Held<Answered>> {
    let query = Query {
        rank: Some(Rank::Order(vec![("id".into(), Direction::Ascending)])),
        page: Page::of(LIMIT_MAX),
        include: Include::All,
        aggregates: vec![("all".into(), Aggregate::Count)],
        ..Query::default()
    };
    engine.query(&named(name), vec![query], Consistency::Strong, min_seq).await
}

async fn all(engine: &Engine, name: &str) -> Result<BTreeMap<u64, i64>> {
    let answered = ask(engine, name, None).await?;
    let [answer] = &answered.answers[..] else { panic!("one query, one answer") };
    let count = Aggregated::Count(answer.rows.len() as u64);
    assert_eq!(answer.aggregates, Some(Aggregates::OfAll(vec![("all".into(), count)])));
    assert_eq!(answered.rows, answer.rows.len() as u64);
    let pair = |hit: &Hit| match (&hit.id, &hit.values[..]) {
        (DocId::Uint(id), [(_, _, Value::Int(n))]) => (*id, *n),
        odd => panic!("{odd:?}"),
    };
    Ok(answer.rows.iter().map(pair).collect())
}

fn figure(engine: &Engine, name: &str) -> f64 {
    let figures = engine.figures();
    figures.iter().find(|figure| figure.name == name).unwrap().samples[0].value
}

fn kind<T: std::fmt::Debug>(result: Result<T>) -> ErrorKind {
    result.unwrap_err().kind()
}

#[tokio::test]
async fn what_is_written_is_found_and_what_is_deleted_is_not_there() {
    let engine = over(&memory_store().await, limits());
    let acme = named("acme");
    assert_eq!(kind(all(&engine, "acme").await), ErrorKind::NotFound);
    let written = engine.write(&acme, upsert(&[(1, 10), (2, 20)]), None).await.unwrap();
    assert_eq!((written.seq, written.upserted.count), (0, 2));
    engine.write(&acme, delete(1), None).await.unwrap();
    assert_eq!(all(&engine, "acme").await.unwrap(), [(2, 20)].into());
    let answered = ask(&engine, "acme", Some(1)).await.unwrap();
    assert_eq!((answered.seq, answered.rows, answered.rows_in_tail), (1, 1, 1));
    assert_eq!(answered.bytes, 8 + 8, "what is deleted is not billed");
    assert!(answered.last_write_at_ms > 0);
    assert_eq!(kind(ask(&engine, "acme", Some(2)).await), ErrorKind::Invalid);

    engine.delete(&acme).await.unwrap();
    assert_eq!(kind(all(&engine, "acme").await), ErrorKind::NotFound);
    assert_eq!(kind(engine.delete(&acme).await), ErrorKind::NotFound);
    engine.write(&acme, upsert(&[(3, 30)]), None).await.unwrap();
    assert_eq!(all(&engine, "acme").await.unwrap(), [(3, 30)].into());
    let (names, next) = engine.list("a", &NamePatterns::all(), None, 10).await.unwrap();
    assert_eq!((names, next), (vec![acme], None));
    engine.ready().await.unwrap();
}

#[tokio::test]
async fn what_is_not_there_is_not_made_by_asking_for_it() {
    let engine = over(&memory_store().await, limits());
    let acme = named("acme");
    let rows = upsert(&[(1, 1)]);
    let never = Write { create: Create::Never, ..rows };
    let deletes = Write { create: Create::ByDocument, ..delete(1) };
    for kind in [
        kind(engine.schema(&acme).await),
        kind(engine.metadata(&acme).await),
        kind(engine.declare(&acme, vec![], Some(IdType::Uuid)).await),
        kind(engine.set(&acme, Some(ReadOnly::Yes), None).await),
        kind(engine.write(&acme, never, None).await),
        kind(engine.write(&acme, deletes, None).await),
        kind(engine.write(&acme, Write::default(), None).await),
    ] {
        assert_eq!(kind, ErrorKind::NotFound);
    }
    assert!(engine.list("", &NamePatterns::all(), None, 10).await.unwrap().0.is_empty());
}

#[tokio::test]
async fn a_key_that_comes_again_is_answered_as_the_first_time() {
    let engine = over(&memory_store().await, limits());
    let acme = named("acme");
    let send = async |n, key: &str| {
        let key = Some(key.to_owned());
        engine.write(&acme, upsert(&[(1, n)]), key).await
    };
    let first = send(1, "k").await.unwrap();
    send(2, "other").await.unwrap();
    let again = send(1, "k").await.unwrap();
    assert!(again.stored && !first.stored);
    assert_eq!(again.upserted, first.upserted);
    assert_eq!(all(&engine, "acme").await.unwrap(), [(1, 2)].into());
    let told = send(3, "k").await.unwrap_err();
    let fault = std::error::Error::source(&told).and_then(|it| it.downcast_ref::<WriteFault>());
    assert_eq!(fault, Some(&WriteFault::KeyOfAnother), "{}", told.chain());
}

#[tokio::test]
async fn a_namespace_that_is_read_only_takes_nothing_until_it_is_not() {
    let engine = over(&memory_store().await, limits());
    let acme = named("acme");
    engine.write(&acme, upsert(&[(1, 1)]), None).await.unwrap();
    engine.set(&acme, Some(ReadOnly::Yes), None).await.unwrap();
    assert!(engine.schema(&acme).await.unwrap().settings.read_only);
    assert_eq!(kind(engine.write(&acme, upsert(&[(2, 2)]), None).await), ErrorKind::Invalid);
    assert_eq!(all(&engine, "acme").await.unwrap().len(), 1);
    engine.set(&acme, Some(ReadOnly::No), None).await.unwrap();
    engine.write(&acme, upsert(&[(2, 2)]), None).await.unwrap();
    assert_eq!(all(&engine, "acme").await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_schema_is_declared_and_metadata_count_what_lives() {
    let engine = over(&memory_store().await, limits());
    let acme = named("acme");
    engine.write(&acme, upsert(&[(1, 1), (2, 2), (3, 3)]), None).await.unwrap();
    engine.write(&acme, delete(3), None).await.unwrap();
    let text = Declaration::of(AttrType::Scalar(Scalar::String));
    let changes = vec![("title".into(), SchemaChange::Declare(text))];
    let schema = engine.declare(&acme, changes, None).await.unwrap();
    assert!(schema.attributes.contains_key("title") && schema.attributes.contains_key("n"));

    let metadata = engine.metadata(&acme).await.unwrap();
    assert_eq!((metadata.rows, metadata.logical_bytes), (2, 2 * (8 + 8)));
    assert_eq!((metadata.unindexed_rows, metadata.unindexed_bytes), (2, 32));
    let created = metadata.created_at_ms;
    assert!(created > 0 && metadata.updated_at_ms >= created);
    assert!(metadata.last_write_at_ms >= created);
}

/// A claim would have put a fence into slot 1.
#[tokio::test(start_paused = true)]
async fn a_name_that_nobody_asks_for_is_closed_and_goes_on_without_a_claim() {
    let engine = over(&memory_store().await, limits());
    let (clock, acme) = (Clock::start(), named("acme"));
    assert_eq!(engine.write(&acme, upsert(&[(1, 1)]), None).await.unwrap().seq, 0);
    let open = || figure(&engine, "elacsym_open_namespaces");
    let remembered = || figure(&engine, "elacsym_remembered_namespaces");
    assert_eq!((open(), remembered()), (1.0, 0.0));
    clock.sleep(limits().idle + Duration::from_secs(1)).await;
    assert_eq!((open(), remembered()), (0.0, 1.0));
    assert_eq!(engine.write(&acme, upsert(&[(2, 2)]), None).await.unwrap().seq, 1);
    assert_eq!((open(), remembered()), (1.0, 0.0));
    assert_eq!(all(&engine, "acme").await.unwrap(), [(1, 1), (2, 2)].into());
}

#[tokio::test(start_paused = true)]
async fn so_many_names_are_open_and_the_one_least_recently_asked_makes_room() {
    let engine = over(&memory_store().await, Limits { open_names: 2, ..limits() });
    let clock = Clock::start();
    for round in 0..3 {
        for name in ["a", "b", "c", "d"] {
            engine.write(&named(name), upsert(&[(round, round)]), None).await.unwrap();
            clock.sleep(Duration::from_secs(1)).await;
            assert!(figure(&engine, "elacsym_open_namespaces") <= 2.0);
        }
    }
    for name in ["a", "b", "c", "d"] {
        assert_eq!(all(&engine, name).await.unwrap(), [(0, 0), (1, 1), (2, 2)].into(), "{name}");
        clock.sleep(Duration::from_secs(1)).await;
    }
}

#[tokio::test]
async fn a_crowd_of_names_is_sent_away_until_others_have_left() {
    let engine = over(&memory_store().await, Limits { open_names: 1, ..limits() });
    let one = engine.names.enter(&named("a")).unwrap();
    let same = engine.names.enter(&named("a")).unwrap();
    assert!(Arc::ptr_eq(&one, &same));
    let _two = engine.names.enter(&named("b")).unwrap();
    assert_eq!(kind(engine.names.enter(&named("c"))), ErrorKind::Throttled);
    one.is_over().await;
    engine.names.enter(&named("c")).unwrap();
}

/// It was let go with its tail, however long, and each slot of that is a GET of whoever opens it.
#[tokio::test]
async fn a_name_that_gives_way_to_another_is_folded_like_one_that_nobody_asks_for() {
    let folds = FoldAt { slots: 128, bytes: 1 << 20 };
    let limits = Limits { open_names: 1, folds, ..limits() };
    let engine = over(&memory_store().await, limits);
    for id in 0..20 {
        engine.write(&named("a"), upsert(&[(id, id)]), None).await.unwrap();
    }
    let room = engine.names.enter(&named("a")).unwrap();
    assert_eq!(engine.metadata(&named("a")).await.unwrap().unindexed_rows, 20);
    engine.write(&named("b"), upsert(&[(1, 1)]), None).await.unwrap();
    room.is_over().await;
    assert_eq!(engine.metadata(&named("a")).await.unwrap().unindexed_rows, 0);
    assert_eq!(all(&engine, "a").await.unwrap().len(), 20);
}

#[tokio::test(start_paused = true)]
async fn a_crowd_of_queries_of_one_name_waits_a_moment_and_is_then_sent_away() {
    let engine = over(&memory_store().await, limits());
    let acme = named("acme");
    engine.write(&acme, upsert(&[(1, 1)]), None).await.unwrap();
    let room = engine.names.enter(&acme).unwrap();
    let crowd = room.places.take(PLACES).await.unwrap();
    let told = all(&engine, "acme").await.unwrap_err();
    assert_eq!(told.kind(), ErrorKind::Throttled);
    assert_eq!(told.to_string(), "Too many concurrent queries to a single namespace");
    drop(crowd);
    assert_eq!(all(&engine, "acme").await.unwrap(), [(1, 1)].into());
    assert_eq!(figure(&engine, "elacsym_queries_refused_total"), 1.0);
}

/// Whatever a request asked, it had one place.
#[tokio::test(start_paused = true)]
async fn each_query_of_a_request_has_places_of_its_own() {
    let engine = over(&memory_store().await, limits());
    let acme = named("acme");
    engine.write(&acme, upsert(&[(1, 1)]), None).await.unwrap();
    let room = engine.names.enter(&acme).unwrap();
    let by_id = || Query {
        rank: Some(Rank::Order(vec![("id".into(), Direction::Ascending)])),
        page: Page::of(1),
        ..Query::default()
    };
    let count = || Query { aggregates: vec![("n".into(), Aggregate::Count)], ..Query::default() };
    let many = |queries: usize| (0..queries).map(|_| by_id()).collect::<Vec<_>>();
    let ask = |queries| engine.query(&acme, queries, Consistency::Strong, None);
    let others = room.places.take(PLACES - 3).await.unwrap();
    assert_eq!(kind(ask(many(4)).await), ErrorKind::Throttled);
    assert_eq!(kind(ask(vec![count()]).await), ErrorKind::Throttled);
    let explained = engine.explain(&acme, many(4), Consistency::Strong, None).await;
    assert_eq!(kind(explained), ErrorKind::Throttled);
    let asked = Asked::Stored(4);
    let recall = Recall { asked, top_k: 1, filter: None, truth: GroundTruth::Hidden };
    assert_eq!(kind(engine.recall(&acme, recall).await), ErrorKind::Throttled);
    assert_eq!(figure(&engine, "elacsym_queries_refused_total"), 13.0);
    assert_eq!(ask(many(3)).await.unwrap().answers.len(), 3);
    drop(others);
    let others = room.places.take(PLACES - 4).await.unwrap();
    assert_eq!(ask(vec![count()]).await.unwrap().answers.len(), 1);
    drop(others);
    assert_eq!(ask(many(2 * PLACES)).await.unwrap().answers.len(), 2 * PLACES);
}

/// Once they had their places meanwhile, and all others were sent away.
#[tokio::test(start_paused = true)]
async fn whoever_waits_for_the_store_has_no_place() {
    let get = Duration::from_secs(2);
    let pace = storage::Pace { get, ..storage::Pace::NONE };
    let (clock, dice) = (Clock::start(), Dice::from_os());
    let store = storage::open_slow(&Location::Memory, [], clock, dice, pace).await.unwrap().0;
    let (engine, acme) = (over(&store, limits()), named("acme"));
    engine.write(&acme, upsert(&[(1, 1)]), None).await.unwrap();
    let looks = (0..2 * PLACES).map(|_| engine.metadata(&acme));
    let told = futures::future::join_all(looks).await;
    assert!(told.into_iter().all(|told| told.unwrap().rows == 1));
}

/// As many as an operator said.
#[tokio::test(start_paused = true)]
async fn a_name_has_as_many_places_as_it_was_given() {
    let engine = over(&memory_store().await, Limits { places: 2, ..limits() });
    let acme = named("acme");
    engine.write(&acme, upsert(&[(1, 1)]), None).await.unwrap();
    let room = engine.names.enter(&acme).unwrap();
    let one = room.places.take(1).await.unwrap();
    assert_eq!(engine.metadata(&acme).await.unwrap().rows, 1);
    let other = room.places.take(1).await.unwrap();
    assert_eq!(kind(engine.metadata(&acme).await), ErrorKind::Throttled);
    drop((one, other));
}

/// Each looks at every row, and waited for its turn among those whom no room and no rush had let in:
/// whoever polled one kept other names from being asked.
#[tokio::test(start_paused = true)]
async fn metadata_and_usage_have_a_place_among_the_queries_of_their_name() {
    let engine = over(&memory_store().await, limits());
    let acme = named("acme");
    engine.write(&acme, upsert(&[(1, 1)]), None).await.unwrap();
    let room = engine.names.enter(&acme).unwrap();
    let crowd = room.places.take(PLACES).await.unwrap();
    assert_eq!(kind(engine.metadata(&acme).await), ErrorKind::Throttled);
    assert_eq!(kind(engine.usage(&acme).await), ErrorKind::Throttled);
    assert_eq!(figure(&engine, "elacsym_queries_refused_total"), 2.0);
    // What was changed is changed: it is not told as if nothing had been done.
    let told = engine.set_and_tell(&acme, Some(ReadOnly::Yes), None).await.unwrap_err();
    let fault = std::error::Error::source(&told).and_then(|it| it.downcast_ref::<WriteFault>());
    assert_eq!(fault, Some(&WriteFault::OutcomeUnknown), "{}", told.chain());
    assert!(engine.schema(&acme).await.unwrap().settings.read_only);
    drop(crowd);
    assert_eq!(engine.metadata(&acme).await.unwrap().rows, 1);
    assert_eq!(engine.usage(&acme).await.unwrap().rows, 1);
    let told = engine.set_and_tell(&acme, Some(ReadOnly::No), None).await.unwrap();
    assert!(!told.schema.settings.read_only);
}

/// It went on to its end, and had its core and its memory for as long as that took.
#[tokio::test]
async fn what_is_computed_ends_when_whoever_asked_goes_away() {
    let engine = over(&memory_store().await, limits());
    let acme = named("acme");
    engine.write(&acme, upsert(&[(1, 1)]), None).await.unwrap();
    let ((begun, begins), (ended, ends)) = (oneshot::channel(), oneshot::channel());
    let endless = move |_: &Glimpse, halt: &Halt| -> Result<()> {
        begun.send(()).unwrap();
        let told = loop {
            match halt.check() {
                Ok(()) => std::hint::spin_loop(),
                Err(told) => break told,
            }
        };
        ended.send(told.kind()).unwrap();
        Err(told)
    };
    let asked = engine.over_view(&acme, Party::ONE, Consistency::Strong, None, endless);
    tokio::select! {
        biased;
        _ = asked => panic!("it has no end of its own"),
        begun = begins => begun.unwrap(),
    }
    assert_eq!(ends.await.unwrap(), ErrorKind::Unavailable);
    while figure(&engine, "elacsym_queries_computing") > 0.0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(all(&engine, "acme").await.unwrap(), [(1, 1)].into());
}

#[tokio::test]
async fn the_documents_of_an_answer_are_reserved_for_as_long_as_somebody_has_them() {
    let engine = over(&memory_store().await, limits());
    let acme = named("acme");
    let rows: Vec<(i64, i64)> = (0..2500).map(|id| (id, id)).collect();
    engine.write(&acme, upsert(&rows), None).await.unwrap();
    drop(ask(&engine, "acme", None).await.unwrap());
    let before = engine.memory().used();
    let answered = ask(&engine, "acme", None).await.unwrap();
    let documents = answered.answers.iter().flat_map(|answer| &answer.rows);
    let bytes = documents.map(heft::of_hit).sum::<usize>() as u64;
    assert!(bytes > 300_000, "{bytes}");
    assert_eq!((answered.share.bytes(), engine.memory().used()), (bytes, before + bytes));
    drop(answered);
    assert_eq!(engine.memory().used(), before);

    let _others = engine.memory().take(1 << 30);
    assert_eq!(kind(ask(&engine, "acme", None).await), ErrorKind::Unavailable);
}

#[tokio::test]
async fn a_write_for_which_there_is_no_memory_is_refused_before_it_is_queued() {
    let engine = over(&memory_store().await, Limits { memory_bytes: 1 << 20, ..limits() });
    let acme = named("acme");
    let many: Vec<(i64, i64)> = (0..50_000).map(|id| (id, id)).collect();
    let told = engine.write(&acme, upsert(&many), None).await.unwrap_err();
    assert_eq!(told.kind(), ErrorKind::Invalid);
    assert!(told.to_string().contains("indexer.memory_limit"), "{told}");
    let owed = engine.memory().take(1 << 20);
    let told = engine.write(&acme, upsert(&[(1, 1)]), None).await.unwrap_err();
    assert_eq!(told.kind(), ErrorKind::Unavailable);
    assert!(told.to_string().contains("indexer.memory_limit"), "{told}");
    assert_eq!(kind(engine.schema(&acme).await), ErrorKind::NotFound);
    drop(owed);
    engine.write(&acme, upsert(&[(1, 1)]), None).await.unwrap();
    assert_eq!(figure(&engine, "elacsym_memory_refused_total"), 2.0);
}

/// A claim that is not of a released name would have put a fence into slot 1.
#[tokio::test]
async fn a_node_that_is_shut_down_lets_its_names_go_and_the_next_one_goes_on() {
    let store = memory_store().await;
    let one = over(&store, limits());
    for name in ["a", "b", "c"] {
        assert_eq!(one.write(&named(name), upsert(&[(1, 1)]), None).await.unwrap().seq, 0);
    }
    one.shut_down(Duration::from_secs(20)).await;
    assert_eq!(figure(&one, "elacsym_open_namespaces"), 0.0);
    assert_eq!(one.memory().used(), 0);
    for kind in [
        kind(one.ready().await),
        kind(all(&one, "a").await),
        kind(one.delete(&named("a")).await),
        kind(one.write(&named("d"), upsert(&[(1, 1)]), None).await),
    ] {
        assert_eq!(kind, ErrorKind::Unavailable);
    }
    one.shut_down(Duration::from_secs(20)).await;

    let two = over(&store, limits());
    for name in ["a", "b", "c"] {
        assert_eq!(two.write(&named(name), upsert(&[(2, 2)]), None).await.unwrap().seq, 1);
        assert_eq!(all(&two, name).await.unwrap(), [(1, 1), (2, 2)].into());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_writers_to_one_name_and_to_many_lose_nothing() {
    const WRITERS: i64 = 8;
    const ROUNDS: i64 = 30;
    let store = memory_store().await;
    let one = over(&store, Limits { open_names: 8, ..limits() });
    let writers = (0..WRITERS).map(|writer| {
        let one = one.clone();
        tokio::spawn(async move {
            let mut mine: BTreeMap<String, BTreeMap<u64, i64>> = BTreeMap::new();
            for round in 0..ROUNDS {
                let number = if round % 2 == 0 { 0 } else { 1 + (writer + round) % 12 };
                let name = format!("name-{number}");
                // No other writer has it.
                let id = writer * 1000 + round % 7;
                let known = mine.entry(name.clone()).or_default();
                let write = if round % 5 == 4 {
                    known.remove(&(id as u64));
                    delete(id)
                } else {
                    known.insert(id as u64, round);
                    upsert(&[(id, round)])
                };
                until_there_is_room(&one, &named(&name), write).await;
            }
            mine
        })
    });
    let mut expected: BTreeMap<String, BTreeMap<u64, i64>> = BTreeMap::new();
    for writer in writers.collect::<Vec<_>>() {
        for (name, rows) in writer.await.unwrap() {
            expected.entry(name).or_default().extend(rows);
        }
    }
    one.shut_down(Duration::from_secs(20)).await;
    let two = over(&store, limits());
    for (name, rows) in &expected {
        assert_eq!(&all(&two, name).await.unwrap(), rows, "{name}");
    }
    let (names, _) = two.list("name-", &NamePatterns::all(), None, 100).await.unwrap();
    assert!(names.iter().map(Namespace::as_str).eq(expected.keys()));
}

/// More names are asked for than may be open: who is sent away comes again.
async fn until_there_is_room(engine: &Engine, name: &Namespace, write: Write) {
    loop {
        match engine.write(name, write.clone(), None).await {
            Ok(_) => return,
            Err(error) => assert_eq!(error.kind(), ErrorKind::Throttled, "{}", error.chain()),
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn no_two_figures_have_one_name() {
    let engine = over(&memory_store().await, limits());
    engine.write(&named("acme"), upsert(&[(1, 1)]), None).await.unwrap();
    let figures = engine.figures();
    let mut names: Vec<&str> = figures.iter().map(|figure| figure.name).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), figures.len());
    assert!(figures.iter().all(|figure| figure.name.starts_with("elacsym_")));
    let requests = figures.iter().find(|it| it.name == "elacsym_store_requests_total").unwrap();
    assert!(requests.samples.iter().any(|sample| sample.labels[0].1 == "create"));
}
