//! Requests that come when they come, and not when others were answered: so many a second, at random
//! moments, as of clients that know nothing of each other.
//!
//! What must hold: a request that is due is sent, however many are under way, or is told as one that
//! was not. Its time begins when it was due, so that a server which holds up its clients does not look
//! quick for it.

use std::time::Duration;

use tokio::runtime::Builder;
use tokio::task::JoinSet;

use crate::cli::bench::line::{Address, Line};
use crate::cli::bench::rows::Load;
use crate::env::{Clock, Dice, blocking};
use crate::error::{Error, Result};

/// Each is a connection, and so two files of this process. More are not sent.
const UNDER_WAY_MAX: usize = 4000;
/// Of one wave. It ends there.
const CALLS_MAX: usize = 1 << 20;

/// So many a second, for so long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wave {
    pub(super) per_second: f64,
    pub(super) lasts: Duration,
}

/// One request, and what became of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Call {
    /// Since the first wave began.
    pub(super) due: Duration,
    /// How long after that it was sent.
    pub(super) late: Duration,
    /// From when it was due to its answer.
    pub(super) took: Duration,
    pub(super) fate: Fate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Answered(u16),
    Broken,
    /// Too many others were under way.
    Unsent,
}

/// A connection, and what is sent over it.
struct Client {
    line: Line,
    load: Load,
}

/// All waves, one after the other, and what became of each request, in no order.
pub(super) async fn flood(
    address: &Address,
    load: &Load,
    waves: Vec<Wave>,
    clock: Clock,
    dice: Dice,
) -> Result<Vec<Call>> {
    let (address, load) = (address.clone(), load.clone());
    aside(move || async move { Pool::of(address, load).pour(&waves, clock, dice).await }).await
}

/// Clients are on a thread of their own: those of the server are the server's.
pub(super) async fn aside<T, F>(work: impl FnOnce() -> F + Send + 'static) -> Result<T>
where
    T: Send + 'static,
    F: Future<Output = Result<T>>,
{
    blocking(move || {
        let threads = Builder::new_current_thread().enable_all().build();
        let runtime =
            threads.map_err(|error| Error::unavailable("starting a client").with_source(error))?;
        runtime.block_on(work())
    })
    .await
}

struct Pool {
    address: Address,
    load: Load,
    /// Those that ask nothing now.
    idle: Vec<Client>,
    under_way: JoinSet<(Call, Client)>,
    calls: Vec<Call>,
}

impl Pool {
    fn of(address: Address, load: Load) -> Self {
        let (idle, calls) = (Vec::new(), Vec::new());
        Self { address, load, idle, under_way: JoinSet::new(), calls }
    }

    async fn pour(mut self, waves: &[Wave], clock: Clock, mut dice: Dice) -> Result<Vec<Call>> {
        let (began, mut ends) = (clock.now(), Duration::ZERO);
        for wave in waves {
            let mut due = ends;
            ends += wave.lasts;
            for _ in 0..CALLS_MAX {
                due += gap(wave.per_second, &mut dice);
                if due >= ends {
                    break;
                }
                match (began + due).checked_sub(clock.now()) {
                    Some(early) => clock.sleep(early).await,
                    // Behind, it lets the others go on.
                    None => tokio::task::yield_now().await,
                }
                self.send(began, due, clock);
                while let Some(done) = self.under_way.try_join_next() {
                    self.hear(done.map_err(panicked)?);
                }
            }
        }
        while let Some(done) = self.under_way.join_next().await {
            self.hear(done.map_err(panicked)?);
        }
        Ok(self.calls)
    }

    fn send(&mut self, began: Duration, due: Duration, clock: Clock) {
        let late = clock.now().saturating_sub(began + due);
        if self.under_way.len() >= UNDER_WAY_MAX {
            self.calls.push(Call { due, late, took: late, fate: Fate::Unsent });
            return;
        }
        let idle = self.idle.pop();
        let mut client = idle
            .unwrap_or_else(|| Client { line: Line::to(&self.address), load: self.load.clone() });
        self.under_way.spawn(async move {
            let asked = client.line.ask(client.load.renew()).await;
            let took = clock.now().saturating_sub(began + due);
            let fate = asked.map_or(Fate::Broken, |answer| Fate::Answered(answer.status));
            (Call { due, late, took, fate }, client)
        });
    }

    fn hear(&mut self, (call, client): (Call, Client)) {
        self.calls.push(call);
        self.idle.push(client);
    }
}

fn panicked(error: tokio::task::JoinError) -> Error {
    Error::internal("a client panicked").with_source(error)
}

/// Until the next of those that come by themselves.
fn gap(per_second: f64, dice: &mut Dice) -> Duration {
    let seconds = -(1.0 - dice.fraction()).ln() / per_second;
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX / 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::bench::ground::Ground;
    use crate::cli::bench::small_limits;
    use crate::cli::bench::stand::Stand;
    use crate::config::Location;

    #[test]
    fn as_many_come_as_were_asked_for_and_not_one_behind_the_other() {
        let mut dice = Dice::from_seed(7);
        let gaps: Vec<Duration> = (0..10_000).map(|_| gap(1000.0, &mut dice)).collect();
        let seconds = gaps.iter().sum::<Duration>().as_secs_f64();
        assert!((9.5..10.5).contains(&seconds), "{seconds}");
        let short = gaps.iter().filter(|gap| **gap < Duration::from_micros(500)).count();
        assert!((3700..4200).contains(&short), "{short}");
        assert!(gap(0.0, &mut dice) > Duration::from_secs(1 << 30));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn each_request_is_told_by_when_it_was_due() {
        let (ground, clock) = (Ground::At(Location::Memory), Clock::start());
        let stand = Stand::open(&ground, &[], clock, small_limits()).await.unwrap();
        let load = Load::get(stand.address(), "/livez");
        let lasts = Duration::from_millis(100);
        let waves = vec![Wave { per_second: 500.0, lasts }, Wave { per_second: 2000.0, lasts }];
        let dice = Dice::from_seed(7);
        let calls = flood(stand.address(), &load, waves, clock, dice).await.unwrap();
        assert!(calls.iter().all(|call| call.fate == Fate::Answered(200)));
        assert!(calls.iter().all(|call| call.took >= call.late && call.due < 2 * lasts));
        let first = calls.iter().filter(|call| call.due < lasts).count();
        assert!((25..100).contains(&first) && calls.len() - first > 2 * first, "{first}");
        stand.close().await.unwrap();
    }
}
