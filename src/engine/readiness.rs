//! Whether this node should be sent requests: whether its store answered lately. It is asked for one
//! small object, which need not be there, and at most about once a second however often the question
//! comes. Who wants to know how it is right now has it asked once more. It is asked one question at a time.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::env::Clock;
use crate::error::{Error, Result};
use crate::model::NodeId;
use crate::storage::{CellKey, Reader};

/// So long a verdict is good.
const GOOD_FOR: Duration = Duration::from_secs(1);
/// A store that needs longer is in no state to serve. Whoever asks waits for two questions at the most,
/// the one that is under way and the next.
const ANSWER_MAX: Duration = Duration::from_secs(2);
/// So long it is told, while somebody finds out anew.
const TOLD_FOR: Duration = GOOD_FOR.saturating_add(ANSWER_MAX);

pub(super) struct Readiness {
    store: Reader,
    /// Where this node would have its heartbeat.
    heart: CellKey,
    clock: Clock,
    verdict: Mutex<Option<Verdict>>,
    /// Held while the store is asked: whoever does so and is gone before it answers leaves that to the
    /// next one.
    turn: tokio::sync::Mutex<()>,
    /// How often it was asked.
    rounds: AtomicU64,
}

#[derive(Clone, Debug)]
struct Verdict {
    at: Duration,
    /// What was wrong.
    fault: Option<String>,
}

impl Verdict {
    fn into_result(self) -> Result<()> {
        match self.fault {
            None => Ok(()),
            Some(fault) => Err(Error::unavailable(format!("the store is not ready: {fault}"))),
        }
    }
}

impl Readiness {
    pub(super) fn new(store: Reader, node: NodeId, clock: Clock) -> Self {
        Self {
            store,
            heart: CellKey::Node(node),
            clock,
            verdict: Mutex::new(None),
            turn: tokio::sync::Mutex::new(()),
            rounds: AtomicU64::new(0),
        }
    }

    /// Of those who come when the verdict is old, one finds out anew, and the others have the old one
    /// meanwhile; but not for ever, should the one after the other be gone before there is an answer.
    pub(super) async fn ask(&self) -> Result<()> {
        if let Some(verdict) = self.found_within(GOOD_FOR) {
            return verdict.into_result();
        }
        let _turn = match self.turn.try_lock() {
            Ok(turn) => turn,
            Err(_) => match self.found_within(TOLD_FOR) {
                Some(verdict) => return verdict.into_result(),
                None => self.turn.lock().await,
            },
        };
        match self.found_within(GOOD_FOR) {
            Some(verdict) => verdict.into_result(),
            None => self.find_out().await.into_result(),
        }
    }

    /// By an answer that the store gave to a question of after this one. Those who come while it is
    /// asked share the next question.
    pub(super) async fn ask_anew(&self) -> Result<()> {
        let before = self.rounds.load(Relaxed);
        let _turn = self.turn.lock().await;
        // The first round that ended since may have begun before.
        let known = match self.rounds.load(Relaxed) - before {
            0 | 1 => None,
            _ => self.verdict().clone(),
        };
        let verdict = match known {
            Some(verdict) => verdict,
            None => self.find_out().await,
        };
        verdict.into_result()
    }

    fn found_within(&self, time: Duration) -> Option<Verdict> {
        let verdict = self.verdict().clone()?;
        (self.clock.now().saturating_sub(verdict.at) < time).then_some(verdict)
    }

    /// Whose turn it is asks the store.
    async fn find_out(&self) -> Verdict {
        let asked = tokio::time::timeout(ANSWER_MAX, self.store.load(&self.heart)).await;
        let fault = match asked {
            Ok(Ok(_)) => None,
            Ok(Err(error)) => Some(error.chain()),
            Err(_) => Some(format!("it did not answer within {ANSWER_MAX:?}")),
        };
        let verdict = Verdict { at: self.clock.now(), fault };
        *self.verdict() = Some(verdict.clone());
        self.rounds.fetch_add(1, Relaxed);
        verdict
    }

    fn verdict(&self) -> MutexGuard<'_, Option<Verdict>> {
        self.verdict.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Location;
    use crate::env::Dice;
    use crate::storage::{self, Pace, Verb};

    #[tokio::test(start_paused = true)]
    async fn the_store_is_asked_once_a_second_however_often_somebody_asks() {
        let clock = Clock::start();
        let store = storage::open(&Location::Memory, [], clock, Dice::from_seed(1)).await.unwrap();
        let node = NodeId::new("one").unwrap();
        let readiness = Readiness::new(store.reader(), node, clock);
        for asked in 1..4 {
            for _ in 0..10 {
                readiness.ask().await.unwrap();
            }
            assert_eq!(store.counts().sent(Verb::Load), asked);
            assert_eq!(store.counts().sent(Verb::List), 0);
            clock.sleep(GOOD_FOR).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_wants_to_know_it_anew_has_the_store_asked_and_shares_that_with_others() {
        let clock = Clock::start();
        let store = storage::open(&Location::Memory, [], clock, Dice::from_seed(1)).await.unwrap();
        let readiness = Readiness::new(store.reader(), NodeId::new("one").unwrap(), clock);
        readiness.ask().await.unwrap();
        let fault = Some("it was away".to_owned());
        *readiness.verdict() = Some(Verdict { at: clock.now(), fault });
        readiness.ask_anew().await.unwrap();
        assert_eq!(store.counts().sent(Verb::Load), 2);
        // And from then on that is what is known.
        readiness.ask().await.unwrap();
        assert_eq!(store.counts().sent(Verb::Load), 2);
        // A round is under way when they come, and they do not take its word.
        let round = readiness.turn.lock().await;
        let many = futures::future::join_all((0..10).map(|_| readiness.ask_anew()));
        let (many, ()) = futures::future::join(many, async { drop(round) }).await;
        assert!(many.iter().all(Result::is_ok));
        assert_eq!(store.counts().sent(Verb::Load), 4);
    }

    /// Each of them once made an old verdict good for another second.
    #[tokio::test(start_paused = true)]
    async fn who_asks_and_is_gone_before_the_answer_keeps_no_store_ready() {
        let clock = Clock::start();
        let half = Pace { put: GOOD_FOR, get: GOOD_FOR / 2, bytes_per_second: None };
        let opened = storage::open_slow(&Location::Memory, [], clock, Dice::from_seed(1), half);
        let (store, _) = opened.await.unwrap();
        let readiness = Readiness::new(store.reader(), NodeId::new("one").unwrap(), clock);
        readiness.ask().await.unwrap();
        clock.sleep(GOOD_FOR).await;
        let impatient = GOOD_FOR / 10;
        let turn = readiness.turn.lock().await;
        assert!(clock.within(impatient, readiness.ask()).await.unwrap().is_ok());
        drop(turn);
        let until = clock.now() + ANSWER_MAX;
        while clock.now() < until {
            assert!(clock.within(impatient, readiness.ask()).await.is_none());
        }
        // By then, whoever comes while another asks waits for that.
        let (one, other) = futures::future::join(readiness.ask(), readiness.ask()).await;
        assert!(one.is_ok() && other.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_wrong_is_told_until_it_is_asked_again() {
        let clock = Clock::start();
        let store = storage::open(&Location::Memory, [], clock, Dice::from_seed(1)).await.unwrap();
        let readiness = Readiness::new(store.reader(), NodeId::new("one").unwrap(), clock);
        let fault = Some("it was away".to_owned());
        *readiness.verdict() = Some(Verdict { at: clock.now(), fault });
        let told = readiness.ask().await.unwrap_err();
        assert_eq!(told.to_string(), "the store is not ready: it was away");
        clock.sleep(GOOD_FOR).await;
        readiness.ask().await.unwrap();
    }
}
