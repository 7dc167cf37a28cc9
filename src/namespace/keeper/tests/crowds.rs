//! Crowds over a store that takes its time: who waits for what, and who goes with whom.

use std::num::NonZeroU64;
use std::sync::Arc;

use super::*;
use crate::storage::{Pace, Trips, open_slow};

async fn slow_store(put_ms: u64, get_ms: u64) -> (Store, Trips) {
    paced_store(put_ms, get_ms, None).await
}

async fn paced_store(put_ms: u64, get_ms: u64, rate: Option<NonZeroU64>) -> (Store, Trips) {
    let (put, get) = (Duration::from_millis(put_ms), Duration::from_millis(get_ms));
    let pace = Pace { put, get, bytes_per_second: rate };
    open_slow(&Location::Memory, [], Clock::start(), Dice::from_os(), pace).await.unwrap()
}

/// One probe is begun in a millisecond, and so it once was, however many were under way.
#[tokio::test(start_paused = true)]
async fn so_many_probes_are_under_way_and_whoever_comes_then_waits_for_one_with_the_others() {
    const PROBES_MAX: usize = 64;
    let (store, trips) = slow_store(10, 1000).await;
    let clock = Clock::start();
    let keeper = Arc::new(start(&grounds(&store, "one"), Left::default()));
    write(&keeper, upsert(1, 1)).await.unwrap();
    trips.record();
    let mut readers = Vec::new();
    for _ in 0..300 {
        let keeper = keeper.clone();
        readers.push(tokio::spawn(async move {
            let came = clock.now();
            assert_eq!(look(&keeper).await, uint(&[(1, 1)]));
            clock.now() - came
        }));
        clock.sleep(Duration::from_millis(1)).await;
    }
    for reader in readers {
        let waited = reader.await.unwrap();
        assert!(waited < Duration::from_millis(2100), "{waited:?}: longer than for two");
    }
    let trips = trips.take();
    let under_way =
        |at: Duration| trips.iter().filter(|trip| trip.began <= at && at < trip.ended).count();
    let most = trips.iter().map(|trip| under_way(trip.began)).max();
    assert_eq!(most, Some(PROBES_MAX));
    assert!(trips.len() <= PROBES_MAX + 5, "{} probes for 300 readers", trips.len());
}

/// Whoever had just been answered waited for a timer, and that for a millisecond or two.
#[tokio::test(start_paused = true)]
async fn who_asks_alone_waits_for_its_probe_only_and_many_for_one_a_millisecond() {
    let (store, trips) = slow_store(10, 0).await;
    let clock = Clock::start();
    let keeper = start(&grounds(&store, "one"), Left::default());
    write(&keeper, upsert(1, 1)).await.unwrap();
    clock.sleep(Duration::from_secs(1)).await;
    trips.record();
    let began = clock.now();
    for _ in 0..16 {
        look(&keeper).await;
    }
    assert_eq!(clock.now(), began);
    for _ in 0..100 {
        look(&keeper).await;
    }
    let took = (clock.now() - began).as_millis();
    assert!((99..=102).contains(&took), "{took}");
    assert_eq!(trips.take().len(), 116);
}

/// Two writes of five megabytes each, which share a batch if they come at once.
async fn crowd(keeper: Arc<Keeper>, from: i64) -> (u64, u64) {
    let five = |from: i64| write(&keeper, large(from..from + 1200));
    let (one, two) = (five(from), five(from + 1200));
    let (one, two) = futures::future::join(one, two).await;
    (one.unwrap().seq, two.unwrap().seq)
}

/// Whoever came while chunks went up was taken in, and all waited for the chunks of the last.
#[tokio::test(start_paused = true)]
async fn a_crowd_whose_chunks_go_up_waits_for_no_other_and_the_next_goes_up_beside_its_slot() {
    let (store, _trips) = slow_store(100, 25).await;
    let clock = Clock::start();
    let keeper = Arc::new(start(&grounds(&store, "one"), Left::default()));
    assert_eq!(write(&keeper, upsert(1, 1)).await.unwrap().seq, 0);
    let begun = clock.now();
    let [first, second] = [(0, 10_000), (50, 20_000)].map(|(pause_ms, from)| {
        let keeper = keeper.clone();
        tokio::spawn(async move {
            clock.sleep(Duration::from_millis(pause_ms)).await;
            let seqs = crowd(keeper, from).await;
            (seqs, (clock.now() - begun).as_millis())
        })
    });
    let (seqs, took_ms) = first.await.unwrap();
    assert_eq!(seqs, (1, 1));
    assert!((200..250).contains(&took_ms), "{took_ms}: its chunks, and then its slot");
    let (seqs, took_ms) = second.await.unwrap();
    assert_eq!(seqs, (2, 2));
    assert!((300..370).contains(&took_ms), "{took_ms}: its chunks went up beside that slot");
    assert_eq!(look(&keeper).await.unwrap().len(), 1 + 4 * 1200);
}

/// What a batch holds is evaluated while the one before it is under way: where nobody is sent away, each
/// slot is longer than the last one.
#[tokio::test(start_paused = true)]
async fn more_than_is_committed_in_time_is_sent_away_and_later_let_in_again() {
    // Four come in a millisecond or two, and each is half a millisecond of a slot, or one.
    let (store, _trips) = paced_store(10, 1, NonZeroU64::new(500_000)).await;
    let mut unfolded = grounds(&store, "one");
    unfolded.folds = FoldAt { slots: 1 << 20, bytes: 1 << 40 };
    let keeper = Arc::new(start(&unfolded, Left::default()));
    let mut dice = Dice::from_seed(1);
    let mut noisy =
        |id| Write { upserts: vec![texted(id, noise(&mut dice, 16))], ..Write::default() };
    write(&keeper, noisy(0)).await.unwrap();
    let mut crowd = Vec::new();
    for _ in 0..1500 {
        for _ in 0..4 {
            let (keeper, one) = (keeper.clone(), noisy(1 + crowd.len() as i64));
            crowd.push(tokio::spawn(async move { write(&keeper, one).await }));
        }
        unfolded.clock.sleep(Duration::from_millis(1)).await;
    }
    // Of each thousand.
    let (mut away, mut done) = ([0; 6], BTreeMap::from([(DocId::Uint(0), 0)]));
    for (at, told) in join_all(crowd).await.into_iter().enumerate() {
        let Err(error) = told.unwrap() else {
            done.insert(DocId::Uint(1 + at as u64), 1 + at as i64);
            continue;
        };
        assert_eq!(error.kind(), ErrorKind::Throttled, "{}", error.chain());
        let rushed = "more writes come to this namespace than it can commit";
        assert!(error.to_string().contains(rushed), "{error}");
        away[at / 1000] += 1;
    }
    assert!(away[1..].iter().all(|away| *away > 400) && away[5] < 950, "{away:?}");
    assert_eq!(look(&keeper).await, Some(done.clone()));

    // Together they are more than fit into a rush, and they are none.
    unfolded.clock.sleep(Duration::from_secs(1)).await;
    for from in [10_000, 10_040, 10_080] {
        let few = (from..from + 40).map(|id| write(&keeper, noisy(id)));
        join_all(few).await.into_iter().for_each(|told| drop(told.unwrap()));
        done.extend((from..from + 40).map(|id| (DocId::Uint(id as u64), id)));
    }
    let other = start(&grounds(&store, "two"), Left::default());
    assert_eq!(look(&other).await, Some(done), "what is acknowledged lies on the store");
}
