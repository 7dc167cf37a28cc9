//! Many clients at once, each of which sends its next request when the last one was answered, until
//! their time is up. What was begun by then is waited for, and counts.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::task::JoinSet;

use super::line::{Address, Line};
use super::rows::Load;
use super::samples::{SAMPLES_MAX, Samples, sample};
use crate::env::Clock;
use crate::error::{Error, Result};

/// Of one client: a server that is away need not be asked on.
const BROKEN_MAX: u64 = 20;
/// Who was sent away comes again, and not at once.
const PAUSE: Duration = Duration::from_millis(100);

/// So many clients, for so long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Crowd {
    pub(super) clients: usize,
    pub(super) lasts: Duration,
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// How long those took that were answered with 200.
    pub(super) answered: Samples,
    /// How many were answered with anything else, by status.
    pub(super) refused: BTreeMap<u16, u64>,
    /// How many were not answered.
    pub(super) broken: u64,
    /// From the first request to the last answer.
    pub(super) took: Duration,
}

#[derive(Debug, Default)]
struct Seen {
    micros: Vec<u32>,
    refused: BTreeMap<u16, u64>,
    broken: u64,
}

impl Crowd {
    pub(super) async fn send(
        &self,
        address: &Address,
        load: &Load,
        clock: Clock,
    ) -> Result<Outcome> {
        let began = clock.now();
        let mut clients = JoinSet::new();
        for _ in 0..self.clients {
            clients.spawn(client(Line::to(address), load.clone(), clock, began + self.lasts));
        }
        let (mut outcome, mut micros) = (Outcome::default(), Vec::new());
        while let Some(seen) = clients.join_next().await {
            let seen =
                seen.map_err(|error| Error::internal("a client panicked").with_source(error))?;
            micros.extend(seen.micros);
            for (status, count) in seen.refused {
                *outcome.refused.entry(status).or_default() += count;
            }
            outcome.broken += seen.broken;
        }
        outcome.took = clock.now() - began;
        outcome.answered = Samples::of(micros);
        Ok(outcome)
    }
}

async fn client(mut line: Line, mut load: Load, clock: Clock, until: Duration) -> Seen {
    let mut seen = Seen::default();
    while clock.now() < until && seen.micros.len() < SAMPLES_MAX && seen.broken < BROKEN_MAX {
        let began = clock.now();
        let asked = line.ask(load.renew()).await;
        let took = clock.now() - began;
        match asked.map(|answer| answer.status) {
            Ok(200) => seen.micros.push(sample(took)),
            Ok(status) => {
                *seen.refused.entry(status).or_default() += 1;
                clock.sleep(PAUSE).await;
            }
            Err(_) => {
                seen.broken += 1;
                clock.sleep(PAUSE).await;
            }
        }
    }
    seen
}

impl Outcome {
    /// Of what was answered with 200.
    pub(super) fn per_second(&self, each: f64) -> f64 {
        self.answered.count() as f64 * each / self.took.as_secs_f64()
    }

    pub(super) fn with_status(&self, status: u16) -> u64 {
        self.refused.get(&status).copied().unwrap_or_default()
    }

    /// Whatever was neither answered with 200 nor sent away for a moment, and what it was.
    pub(super) fn failed(&self) -> (u64, String) {
        let others = self.refused.iter().filter(|(status, _)| **status != 429);
        let mut count = self.broken;
        let mut told: Vec<String> = Vec::new();
        for (status, of_status) in others {
            count += of_status;
            told.push(format!("{of_status} with {status}"));
        }
        if self.broken > 0 {
            told.push(format!("{} not answered", self.broken));
        }
        (count, told.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_of_it_is_told_by_status() {
        let outcome = Outcome {
            answered: Samples::of(vec![1; 500]),
            refused: BTreeMap::from([(429, 7), (400, 2), (503, 1)]),
            broken: 3,
            took: Duration::from_secs(2),
        };
        assert_eq!(outcome.per_second(100.0), 25_000.0);
        assert_eq!(outcome.with_status(429), 7);
        assert_eq!(outcome.with_status(404), 0);
        let told = "2 with 400, 1 with 503, 3 not answered".to_owned();
        assert_eq!(outcome.failed(), (6, told));
        assert_eq!(Outcome::default().failed(), (0, String::new()));
    }
}
