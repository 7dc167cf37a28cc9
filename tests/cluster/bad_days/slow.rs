//! The store is slow: first so that everything takes longer and nothing fails, and then so that it
//! might as well be gone.

use std::time::Duration;

use elacsym::env::Clock;

use super::{
    LATE, View, WELL_LIMIT, behind_a_strait, counted, done, figure, get, holds, in_the_end,
    is_all_there, is_healthy, rows, sum, write,
};
use crate::node::Node;
use crate::strait::Weather;

const SLOW: Duration = Duration::from_millis(400);
/// A request to the store is waited for less long than this.
const TOO_SLOW: Duration = Duration::from_secs(7);
const ROUNDS: u64 = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_a_store_that_is_slow_everything_takes_longer_and_is_quick_again_when_that_is() {
    let (site, strait) = behind_a_strait().await;
    let (node, clock) = (Node::start(&site).await, Clock::start());
    let at = node.at;
    done(at, "a", &rows(0, 10)).await;

    strait.set(Weather::Slow(SLOW));
    for round in 1..=ROUNDS {
        let began = clock.now();
        done(at, "a", &rows(10 * round, 10)).await;
        assert!(clock.now() - began >= SLOW, "it was acknowledged before the store had said so");
        holds(at, "a", View::Newest, 10 * (round + 1)).await;
    }
    is_healthy(at).await;
    let page = get(at, "/metrics").await.text();
    assert_eq!(sum(&page, "elacsym_http_requests_total", "status=\"5"), 0.0, "{page}");
    let seconds = sum(&page, "elacsym_commit_seconds_sum", "");
    assert!(seconds >= ROUNDS as f64 * SLOW.as_secs_f64(), "{page}");

    strait.set(Weather::Slow(TOO_SLOW));
    let patient = tokio::spawn(async move { write(at, "a", None, &rows(100, 1)).await });
    LATE.check(&counted(at, "a", View::Newest, Some(3000)).await);
    node.until_readiness(503).await;
    let limit = clock.now() + WELL_LIMIT;
    while figure(at, "elacsym_store_requests_total", "outcome=\"late\"").await == 0.0 {
        assert!(clock.now() < limit, "no request to the store is late");
        clock.sleep(SLOW).await;
    }

    strait.set(Weather::Fair);
    node.until_readiness(200).await;
    // Whoever still waits is served.
    let patient = patient.await.unwrap();
    assert_eq!(patient.status, 200, "{}", patient.text());
    let (limit, mut more) = (clock.now() + WELL_LIMIT, 0);
    loop {
        more += 1;
        if in_the_end(at, "b", &format!("k{more}"), &rows(more, 1)).await < SLOW {
            break;
        }
        assert!(clock.now() < limit, "it does not become quick again");
    }
    is_all_there(node, &site, &[("a", 10 * (ROUNDS + 1) + 1), ("b", more)]).await;
}
