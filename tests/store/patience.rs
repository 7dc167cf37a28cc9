//! What is repeated, how long, and what is sent once: under faults and paused time.

use std::time::Duration;

use elacsym::env::{Clock, Dice};
use elacsym::error::ErrorKind;
use elacsym::storage::{
    Attempt, Counts, Cursor, Doomed, Drawer, Folder, ImmutableKey, Outcome, Store, Verb,
};

use crate::bent_store::BentStore;
use crate::faults::{Fault, Faults};
use crate::promises::{INC, file, head, name, slot};

const ERROR: &str = "500 Internal Server Error";
const SLOW_DOWN: &str = "503 Slow Down";

fn store(faults: impl IntoIterator<Item = Fault>) -> (Store, Clock) {
    let clock = Clock::start();
    (Store::new(BentStore::by(Faults::next(faults)), clock, Dice::from_seed(3)), clock)
}

fn of(counts: &Counts, verb: Verb) -> Vec<(Outcome, u64)> {
    let all = Outcome::ALL.map(|outcome| (outcome, counts.of(verb, outcome)));
    all.into_iter().filter(|(_, count)| *count > 0).collect()
}

#[tokio::test(start_paused = true)]
async fn a_create_is_sent_once_and_told_as_it_was_seen() {
    for (fault, there) in [
        (Fault::Before(ERROR), false),
        (Fault::After(ERROR), true),
        (Fault::After(SLOW_DOWN), true),
        (Fault::Stall, false),
        (Fault::StallAfter, true),
        (Fault::Denied, false),
    ] {
        let (store, clock) = store([fault]);
        let seen = store.create(&slot(1), "mine".into()).await;
        assert!(matches!(seen, Attempt::Doubt(_)), "{fault:?}: {seen:?}");
        assert!(clock.now() < Duration::from_secs(10), "{fault:?}: {:?}", clock.now());
        assert_eq!(store.counts().sent(Verb::Create), 1, "{fault:?}");
        assert_eq!(store.slot(&slot(1)).await.unwrap().body.is_some(), there, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_swap_is_sent_once_and_told_as_it_was_seen() {
    for (fault, there) in [
        (Fault::Before(ERROR), "one"),
        (Fault::After(ERROR), "two"),
        (Fault::Stall, "one"),
        (Fault::StallAfter, "two"),
    ] {
        let faults = Faults::next([]);
        let store = Store::new(BentStore::by(faults.clone()), Clock::start(), Dice::from_seed(3));
        let Attempt::Done(tag) = store.swap(&head(), None, "one".into()).await else { panic!() };
        faults.then(fault);
        let seen = store.swap(&head(), Some(&tag), "two".into()).await;
        assert!(matches!(seen, Attempt::Doubt(_)), "{fault:?}: {seen:?}");
        assert_eq!(store.counts().sent(Verb::Swap), 2, "{fault:?}");
        assert_eq!(store.load(&head()).await.unwrap().unwrap().body, there, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_is_repeated_until_it_is_answered() {
    use Fault::{After, Before, Stall};
    let faults = [Before(ERROR), After(SLOW_DOWN), Stall, Before("429 Too Many Requests")];
    let (store, clock) = store(faults);
    assert_eq!(store.slot(&slot(1)).await.unwrap().body, None);
    let counts = store.counts();
    assert_eq!(
        of(&counts, Verb::Slot),
        [(Outcome::Missing, 1), (Outcome::Throttled, 2), (Outcome::Late, 1), (Outcome::Away, 1)]
    );
    // Five seconds for the one that stalled, and four short pauses.
    assert!(clock.now() > Duration::from_secs(5) && clock.now() < Duration::from_secs(6));
}

#[tokio::test(start_paused = true)]
async fn what_nobody_else_writes_is_repeated_even_after_effect() {
    let (store, _) = store([Fault::After(ERROR), Fault::Before(ERROR), Fault::StallAfter]);
    store.put(&file(1), "rows".into()).await.unwrap();
    assert_eq!(store.counts().sent(Verb::Put), 4);
    assert_eq!(store.counts().bytes_out, 16);
    assert_eq!(store.read(&ImmutableKey::File(file(1))).await.unwrap(), "rows");
    assert_eq!(store.counts().bytes_in, 4);
}

#[tokio::test(start_paused = true)]
async fn deletes_and_listings_are_repeated() {
    let (store, _) = store([Fault::After(ERROR), Fault::Stall]);
    store.delete(&Doomed::Slot(slot(1))).await.unwrap();
    assert_eq!(store.counts().sent(Verb::Delete), 3);
    let (store, _) = self::store([Fault::Before(SLOW_DOWN), Fault::Stall]);
    let folder = Folder::Drawer(name("acme"), INC, Drawer::Slots);
    assert_eq!(store.list(&folder, &Cursor::start(), 10).await.unwrap().entries, []);
    assert_eq!(store.counts().sent(Verb::List), 3);
}

#[tokio::test(start_paused = true)]
async fn patience_ends_before_a_query_does() {
    for (fault, kind) in [
        (Fault::Before(ERROR), ErrorKind::Unavailable),
        (Fault::Before(SLOW_DOWN), ErrorKind::Throttled),
        (Fault::Stall, ErrorKind::Unavailable),
    ] {
        let (store, clock) = store(vec![fault; 1000]);
        let error = store.load(&head()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{}", error.chain());
        let took = clock.now();
        assert!(took > Duration::from_secs(10) && took < Duration::from_secs(25), "{took:?}");
        let sent = store.counts().sent(Verb::Load);
        assert!((3..30).contains(&sent), "{sent} requests is no back-off");
    }
}

#[tokio::test(start_paused = true)]
async fn missing_rights_are_an_error_at_once_and_never_a_missing_key() {
    let (store, clock) = store(vec![Fault::Denied; 2]);
    let error = store.slot(&slot(1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("credentials"), "{error}");
    assert_eq!(store.load(&head()).await.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(clock.now(), Duration::ZERO);
    assert_eq!(of(&store.counts(), Verb::Slot), [(Outcome::Denied, 1)]);
}

#[tokio::test(start_paused = true)]
async fn two_clients_do_not_come_back_at_the_same_moment() {
    let mut times = Vec::new();
    for seed in 0..20 {
        let clock = Clock::start();
        let faults = Faults::next([Fault::Before(ERROR)]);
        let store = Store::new(BentStore::by(faults), clock, Dice::from_seed(seed));
        store.load(&head()).await.unwrap();
        times.push(clock.now());
    }
    // The timer counts whole milliseconds, and there are 25 of them in the jitter.
    times.sort();
    times.dedup();
    assert!(times.len() > 8, "{times:?}");
    assert!(
        times[0] >= Duration::from_millis(25)
            && times[times.len() - 1] <= Duration::from_millis(51)
    );
}

#[tokio::test]
async fn requests_move_between_threads() {
    let (store, _) = store([]);
    let requests = async move {
        store.prove().await?;
        let _ = store.create(&slot(1), "x".into()).await;
        store.put(&file(1), "rows".into()).await?;
        store.read_range(&ImmutableKey::File(file(1)), 1..2).await?;
        let folder = Folder::Drawer(name("acme"), INC, Drawer::Slots);
        store.list(&folder, &Cursor::start(), 10).await?;
        store.delete(&Doomed::Slot(slot(1))).await
    };
    tokio::spawn(requests).await.unwrap().unwrap();
}

#[tokio::test]
async fn every_handle_of_a_store_counts_together() {
    let (store, _) = store([]);
    let reader = store.reader();
    let _ = store.create(&slot(1), "x".into()).await;
    let _ = store.create(&slot(1), "x".into()).await;
    let _ = reader.slot(&slot(1)).await;
    let counts = reader.counts();
    assert_eq!(counts, store.counts());
    assert_eq!(of(&counts, Verb::Create), [(Outcome::Done, 1), (Outcome::Refused, 1)]);
    assert_eq!(of(&counts, Verb::Slot), [(Outcome::Done, 1)]);
}
