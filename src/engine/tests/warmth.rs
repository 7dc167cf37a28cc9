//! What is in memory when a query comes: it is told, it is put away after a while, and a hint brings
//! it back.

use super::*;
use crate::model::Warmth;

/// Longer than what is asked for is read, shorter than it is kept.
const MOMENT: Duration = Duration::from_secs(1);
/// Longer than it is kept.
const REST: Duration = Duration::from_secs(6);

fn warmth(at_hand: u64, read: u64) -> Warmth {
    Warmth { at_hand, read }
}

async fn felt(engine: &Engine) -> Warmth {
    ask(engine, "acme", None).await.unwrap().warmth
}

/// Files that were read.
fn reads(engine: &Engine) -> f64 {
    let figures = engine.figures();
    let requests = figures.iter().find(|it| it.name == "elacsym_store_requests_total").unwrap();
    let of_files = requests.samples.iter().filter(|sample| sample.labels[0].1 == "read");
    of_files.map(|sample| sample.value).sum()
}

/// As many slots as are folded, and time to fold them.
async fn segment(engine: &Engine, from: i64) {
    for id in from..from + FOLDS.slots as i64 {
        engine.write(&named("acme"), upsert(&[(id, id)]), None).await.unwrap();
    }
    Clock::start().sleep(MOMENT).await;
}

/// A node that has heard nothing of a name that has one segment.
async fn stranger() -> Arc<Engine> {
    let store = memory_store().await;
    let one = over(&store, limits());
    segment(&one, 0).await;
    one.shut_down(Duration::from_secs(20)).await;
    over(&store, limits())
}

#[tokio::test(start_paused = true)]
async fn an_answer_tells_which_segments_were_there_and_which_had_to_be_read() {
    let clock = Clock::start();
    let engine = over(&memory_store().await, limits());
    engine.write(&named("acme"), upsert(&[(100, 100)]), None).await.unwrap();
    assert_eq!(felt(&engine).await, warmth(0, 0), "there is nothing to read");
    segment(&engine, 0).await;
    // Of what it folds it keeps the ids.
    assert_eq!(felt(&engine).await, warmth(0, 1));
    assert_eq!(felt(&engine).await, warmth(1, 0));
    segment(&engine, 10).await;
    assert_eq!(felt(&engine).await, warmth(1, 1));
    assert_eq!(felt(&engine).await, warmth(2, 0));
    clock.sleep(REST).await;
    assert_eq!(felt(&engine).await, warmth(0, 2), "nobody asked for a while");
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_with_another_is_told_so_too() {
    let engine = stranger().await;
    let (one, other) = futures::future::join(felt(&engine), felt(&engine)).await;
    assert_eq!((one, other), (warmth(0, 1), warmth(0, 1)));
    assert_eq!(felt(&engine).await, warmth(1, 0));
}

/// A hint opened the name and read nothing of it: the first query did, however long before it the hint
/// had come.
#[tokio::test(start_paused = true)]
async fn after_a_hint_a_query_reads_no_segment() {
    let (clock, acme, engine) = (Clock::start(), named("acme"), stranger().await);
    let before = reads(&engine);
    for hint in futures::future::join_all((0..50).map(|_| engine.warm(&acme))).await {
        hint.unwrap();
    }
    clock.sleep(MOMENT).await;
    assert_eq!(reads(&engine), before + 1.0, "for fifty hints");
    assert_eq!(felt(&engine).await, warmth(1, 0));
    engine.warm(&acme).await.unwrap();
    clock.sleep(MOMENT).await;
    assert_eq!(all(&engine, "acme").await.unwrap().len(), FOLDS.slots as usize);
    assert_eq!(reads(&engine), before + 1.0);

    clock.sleep(REST).await;
    engine.warm(&acme).await.unwrap();
    clock.sleep(MOMENT).await;
    assert_eq!((felt(&engine).await, reads(&engine)), (warmth(1, 0), before + 2.0));
    assert_eq!(kind(engine.warm(&named("absent")).await), ErrorKind::NotFound);
}

#[tokio::test(start_paused = true)]
async fn a_hint_for_which_there_is_no_memory_is_taken_and_comes_to_nothing() {
    let (clock, acme, engine) = (Clock::start(), named("acme"), stranger().await);
    let others = engine.memory().take(1 << 30);
    let before = reads(&engine);
    engine.warm(&acme).await.unwrap();
    clock.sleep(MOMENT).await;
    assert_eq!(reads(&engine), before);
    drop(others);
    assert_eq!(felt(&engine).await, warmth(0, 1), "and it stands in nobody's way");
}

#[tokio::test(start_paused = true)]
async fn what_a_hint_began_ends_with_the_engine() {
    let (acme, engine) = (named("acme"), stranger().await);
    engine.warm(&acme).await.unwrap();
    engine.shut_down(Duration::from_secs(20)).await;
    assert_eq!(figure(&engine, "elacsym_open_namespaces"), 0.0);
    assert_eq!(engine.memory().used(), 0);
    assert_eq!(kind(engine.warm(&acme).await), ErrorKind::Unavailable);
}

/// What an operator says, and waits for.
#[tokio::test(start_paused = true)]
async fn what_is_to_be_read_is_there_then_and_what_is_put_away_is_not() {
    let (acme, engine) = (named("acme"), stranger().await);
    assert_eq!(engine.heat(&acme).await.unwrap(), warmth(0, 1));
    assert_eq!(engine.heat(&acme).await.unwrap(), warmth(1, 0));
    assert_eq!(felt(&engine).await, warmth(1, 0));
    for _ in 0..2 {
        engine.cool(&acme).await.unwrap();
        assert_eq!(figure(&engine, "elacsym_open_namespaces"), 0.0);
    }
    assert_eq!(felt(&engine).await, warmth(0, 1));
    // Its owner has it as well, and what it wrote is there whoever closes it.
    engine.write(&acme, upsert(&[(100, 100)]), None).await.unwrap();
    engine.cool(&acme).await.unwrap();
    assert_eq!(all(&engine, "acme").await.unwrap().len(), FOLDS.slots as usize + 1);
    let absent = named("absent");
    assert_eq!(kind(engine.heat(&absent).await), ErrorKind::NotFound);
    assert_eq!(kind(engine.cool(&absent).await), ErrorKind::NotFound);
}
