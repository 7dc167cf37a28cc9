//! What a request takes, and what it costs: over a socket, or of the engine alone, by so many at once.
//!
//! What a process computes is told of all of its threads together. So clients are on a thread of
//! their own, whose part is taken off; and nothing else is to go on meanwhile.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::task::JoinSet;

use super::errand::Errand;
use crate::cli::bench::crowd::{Crowd, Outcome};
use crate::cli::bench::line::Address;
use crate::cli::bench::rows::Load;
use crate::cli::bench::samples::{SAMPLES_MAX, Samples, sample};
use crate::engine::Engine;
use crate::env::{Clock, blocking, process_cpu, thread_cpu};
use crate::error::{Error, Result};
use crate::model::Namespace;

/// What goes on of itself, such as a fold, has ended when no more is computed than this part of the
/// time; that is waited for so long at the most.
const QUIET_PART: f64 = 0.05;
const LOOK: Duration = Duration::from_millis(200);
const QUIET_WITHIN: Duration = Duration::from_secs(60);

/// So many requests, one after the other by each of those who ask.
#[derive(Debug, Default)]
pub(super) struct Toll {
    pub(super) samples: Samples,
    /// Of the whole process, but for its clients.
    pub(super) cpu: Duration,
    pub(super) took: Duration,
}

impl Toll {
    /// That of another run with it.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            samples: self.samples.and(other.samples),
            cpu: self.cpu + other.cpu,
            took: self.took + other.took,
        }
    }

    pub(super) fn per_second(&self) -> f64 {
        self.samples.count() as f64 / self.took.as_secs_f64()
    }

    /// On average.
    pub(super) fn cpu_micros(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.samples.count() as f64
    }
}

/// What is sent by so many connections.
pub(super) async fn over_socket(
    address: &Address,
    load: &Load,
    crowd: Crowd,
    clock: Clock,
) -> Result<Toll> {
    let (address, load) = (address.clone(), load.clone());
    let before = process_cpu();
    let (outcome, clients) = blocking(move || {
        let before = thread_cpu();
        let threads = Builder::new_current_thread().enable_all().build();
        let runtime =
            threads.map_err(|error| Error::unavailable("starting a client").with_source(error))?;
        let outcome = runtime.block_on(crowd.send(&address, &load, clock))?;
        Ok::<_, Error>((outcome, thread_cpu() - before))
    })
    .await?;
    let cpu = (process_cpu() - before).saturating_sub(clients);
    refuse_failures(&outcome)?;
    Ok(Toll { samples: outcome.answered, cpu, took: outcome.took })
}

/// The time of a request that failed would be counted, and it has none.
fn refuse_failures(outcome: &Outcome) -> Result<()> {
    let (failed, told) = outcome.failed();
    let throttled = outcome.with_status(429);
    match failed + throttled {
        0 => Ok(()),
        _ => Err(Error::unavailable(format!("{throttled} with 429, {failed} failed: {told}"))),
    }
}

/// What is asked by as many at once without a socket.
pub(super) async fn of_engine(
    engine: &Arc<Engine>,
    name: &Namespace,
    errand: &Errand,
    crowd: Crowd,
    clock: Clock,
) -> Result<Toll> {
    let (began, before) = (clock.now(), process_cpu());
    let mut callers = JoinSet::new();
    for _ in 0..crowd.clients {
        let (engine, name, errand) = (engine.clone(), name.clone(), errand.clone());
        callers.spawn(caller(engine, name, errand, clock, began + crowd.lasts));
    }
    let mut micros = Vec::new();
    while let Some(called) = callers.join_next().await {
        let called =
            called.map_err(|error| Error::internal("a caller panicked").with_source(error))?;
        micros.extend(called?);
    }
    let (took, cpu) = (clock.now() - began, process_cpu() - before);
    Ok(Toll { samples: Samples::of(micros), cpu, took })
}

async fn caller(
    engine: Arc<Engine>,
    name: Namespace,
    errand: Errand,
    clock: Clock,
    until: Duration,
) -> Result<Vec<u32>> {
    let mut micros = Vec::new();
    // Once in any case: what nobody asked for has no figure.
    loop {
        let began = clock.now();
        errand.run(&engine, &name).await?;
        let ended = clock.now();
        micros.push(sample(ended - began));
        if ended >= until || micros.len() == SAMPLES_MAX {
            return Ok(micros);
        }
    }
}

/// Until next to nothing is computed: what comes next is then all that is.
pub(super) async fn quiet(clock: Clock) {
    let late = clock.now() + QUIET_WITHIN;
    while clock.now() < late {
        let (began, before) = (clock.now(), process_cpu());
        clock.sleep(LOOK).await;
        let computed = process_cpu() - before;
        if computed.as_secs_f64() < QUIET_PART * (clock.now() - began).as_secs_f64() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::bench::ground::Ground;
    use crate::cli::bench::rows::Body;
    use crate::cli::bench::small_limits;
    use crate::cli::bench::stand::{Stand, path};
    use crate::config::Location;

    #[tokio::test(flavor = "multi_thread")]
    async fn one_request_is_asked_in_both_ways() {
        let (ground, clock) = (Ground::At(Location::Memory), Clock::start());
        let mut stand = Stand::open(&ground, &[], clock, small_limits()).await.unwrap();
        let name = stand.fresh("toll");
        let crowd = Crowd { clients: 2, lasts: Duration::from_millis(20) };
        let load = Load::of(stand.address(), &path(&name), &Body::texts(1, 7));
        let sent = over_socket(stand.address(), &load, crowd, clock).await.unwrap();
        let name = Namespace::new(&name).unwrap();
        let engine = stand.engine().unwrap();
        let asked = of_engine(engine, &name, &Errand::write("a"), crowd, clock).await.unwrap();
        let rows = engine.metadata(&name).await.unwrap().rows;
        assert_eq!(rows, (sent.samples.count() + asked.samples.count()) as u64);
        for toll in [&sent, &asked] {
            assert!(toll.cpu_micros() > 0.0 && toll.per_second() > 0.0, "{toll:?}");
        }
        let (cpu, took) = (sent.cpu + asked.cpu, sent.took + asked.took);
        let both = sent.and(asked);
        assert_eq!((both.samples.count() as u64, both.cpu, both.took), (rows, cpu, took));
        let load = Load::get(stand.address(), "/v2/namespaces/absent/metadata");
        let told = over_socket(stand.address(), &load, crowd, clock).await.unwrap_err();
        assert!(told.to_string().contains("404"), "{told}");
        stand.close().await.unwrap();
    }
}
