//! Crowds over a store that takes its time: who waits for what, and who goes with whom.

use std::sync::Arc;

use super::*;
use crate::storage::{Pace, Trips, open_slow};

async fn slow_store(put_ms: u64, get_ms: u64) -> (Store, Trips) {
    let (put, get) = (Duration::from_millis(put_ms), Duration::from_millis(get_ms));
    let pace = Pace { put, get, bytes_per_second: None };
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
