//! The first write to a namespace, which has to be claimed before: what it sends to the store, and
//! how often it waits for that.
//!
//! It is told of four states of a name: *new*, where there is nothing; *released*, as a node leaves
//! its names when it is stopped; *folded and released*, as it leaves a name with a long log that
//! nobody asks for; and *remembered*, as it leaves one with a short log.

use std::collections::BTreeMap;
use std::time::Duration;

use super::chain::{longest, spell};
use super::finding::Finding;
use super::line::Line;
use super::plan::Plan;
use super::rows::Body;
use super::samples::{Samples, sample};
use super::stand::{Stand, path};
use crate::error::Result;
use crate::storage::{Pace, Trip};

const SEED: u64 = 7;
/// A name is closed at once when nobody asks for it.
const SHORT_IDLE: Duration = Duration::from_millis(200);
const CLOSED_WITHIN: Duration = Duration::from_secs(60);
/// A log that is longer than 16 slots is folded before its name is closed.
const LONG_LOG: usize = 20;
/// One GET and two PUTs, or two and one.
const WAVES_MAX: f64 = 3.0;

/// What one write took.
struct First {
    micros: u32,
    /// None: the store is not ours.
    chain: Option<Vec<Trip>>,
    requests: BTreeMap<String, f64>,
}

pub(super) async fn measure(stand: &mut Stand, plan: &Plan) -> Result<Vec<Finding>> {
    let claimed = |pace: Pace| pace.get + 2 * pace.put;
    let went_on = |pace: Pace| 2 * pace.get + pace.put;
    let takes = |of: fn(Pace) -> Duration| stand.pace().map(of);
    let (claimed, went_on) = (takes(claimed), takes(went_on));

    let names = fresh(stand, plan.rounds);
    let mut findings = found("new", &each(stand, &names).await?, claimed);
    if !stand.restart(None).await? {
        return Ok(findings);
    }
    findings.extend(found("released", &each(stand, &names).await?, claimed));

    stand.restart(Some(SHORT_IDLE)).await?;
    let names = fresh(stand, plan.rounds);
    each(stand, &names).await?;
    for name in &names {
        write(stand, name, LONG_LOG).await?;
    }
    stand.all_closed(CLOSED_WITHIN).await?;
    findings.extend(found("folded and released", &each(stand, &names).await?, claimed));

    let names = fresh(stand, plan.rounds);
    each(stand, &names).await?;
    stand.all_closed(CLOSED_WITHIN).await?;
    findings.extend(found("remembered", &each(stand, &names).await?, went_on));
    Ok(findings)
}

fn fresh(stand: &mut Stand, count: usize) -> Vec<String> {
    (0..count).map(|_| stand.fresh("first")).collect()
}

/// The next write to each of these names, one after the other.
async fn each(stand: &Stand, names: &[String]) -> Result<Vec<First>> {
    let mut writes = Vec::with_capacity(names.len());
    for name in names {
        writes.push(first(stand, name).await?);
    }
    Ok(writes)
}

async fn first(stand: &Stand, name: &str) -> Result<First> {
    let request = stand.address().post(&path(name), Body::texts(1, SEED).json());
    let mut line = Line::to(stand.address());
    // So that it is connected.
    line.ask_for(&stand.address().get("/livez")).await?;
    let before = stand.scrape().await?;
    stand.record();
    let began = stand.clock().now();
    line.ask_for(&request).await?;
    let took = stand.clock().now() - began;
    let trips = stand.recorded();
    let after = stand.scrape().await?.since(&before);
    // What had begun before does not belong to it.
    let own = |trips: Vec<Trip>| trips.into_iter().filter(|trip| trip.began >= began);
    let chain = trips.map(|trips| longest(&own(trips).collect::<Vec<_>>()));
    let requests = after.requests().into_iter();
    Ok(First {
        micros: sample(took),
        chain,
        requests: requests.map(|(verb, count)| (verb.to_owned(), count)).collect(),
    })
}

/// So many writes to one name, one slot each.
async fn write(stand: &Stand, name: &str, count: usize) -> Result<()> {
    let request = stand.address().post(&path(name), Body::texts(1, SEED).json());
    let mut line = Line::to(stand.address());
    for _ in 0..count {
        line.ask_for(&request).await?;
    }
    Ok(())
}

/// `takes` is what the store takes for it.
fn found(state: &str, writes: &[First], takes: Option<Duration>) -> Vec<Finding> {
    let samples = Samples::of(writes.iter().map(|write| write.micros).collect());
    let p50 = Finding::of(format!("{state}: p50"), samples.quantile_ms(0.5), "ms");
    let p50 = match takes {
        Some(takes) => p50.about(takes.as_secs_f64() * 1000.0),
        None => p50,
    };
    let mut findings = vec![p50.beside(format!(
        "of {}, the slowest {:.1} ms",
        writes.len(),
        samples.quantile_ms(1.0)
    ))];
    let chains = writes.iter().filter_map(|write| write.chain.as_deref());
    if let Some(chain) = chains.max_by_key(|chain| chain.len()) {
        let waves = chain.len() as f64;
        let waves = Finding::of(format!("{state}: waves"), waves, "").at_most(WAVES_MAX);
        findings.push(waves.beside(spell(chain)));
    }
    let (sum, told) = requests(writes);
    findings.push(Finding::of(format!("{state}: requests"), sum, "").beside(told));
    findings
}

/// On average, and by verb: `create 1, load 1`.
fn requests(writes: &[First]) -> (f64, String) {
    let mut verbs: BTreeMap<&str, f64> = BTreeMap::new();
    for (verb, count) in writes.iter().flat_map(|write| &write.requests) {
        *verbs.entry(verb).or_default() += count / writes.len() as f64;
    }
    let told: Vec<String> = verbs.iter().map(|(verb, count)| format!("{verb} {count}")).collect();
    (verbs.values().sum(), told.join(", "))
}

#[cfg(test)]
mod tests {
    use super::super::finding::Aim;
    use super::*;
    use crate::storage::Way;

    fn written(micros: u32, ways: &[Way], requests: &[(&str, f64)]) -> First {
        let trip = |(at, way): (u64, &Way)| {
            let (began, ended) = (Duration::from_secs(at), Duration::from_secs(at + 1));
            Trip { way: *way, began, ended }
        };
        let requests = requests.iter().map(|(verb, count)| ((*verb).to_owned(), *count));
        let chain = Some((0..).zip(ways).map(trip).collect());
        First { micros, chain, requests: requests.collect() }
    }

    #[test]
    fn of_several_writes_the_one_that_waited_most_often_is_shown() {
        let usual = [Way::Get, Way::Put];
        let long = [Way::Get, Way::Put, Way::Get, Way::Put];
        let writes = [
            written(230_000, &usual, &[("load", 1.0), ("create", 1.0)]),
            written(400_000, &long, &[("load", 2.0), ("create", 1.0)]),
        ];
        let findings = found("new", &writes, Some(Duration::from_millis(225)));
        let rows: Vec<[String; 4]> =
            findings.iter().map(|finding| finding.cells(Aim::Judged)).collect();
        let row = |cells: [&str; 4]| cells.map(str::to_owned);
        assert_eq!(
            rows,
            [
                row(["new: p50", "230 ms", "≈ 225 ms", "of 2, the slowest 400.0 ms"]),
                row(["new: waves", "4", "≤ 3, MISSED", "GET, PUT, GET, PUT"]),
                row(["new: requests", "2.50", "", "create 1, load 1.5"]),
            ]
        );
    }

    #[test]
    fn of_a_store_that_is_not_ours_nobody_knows_what_was_waited_for() {
        let writes = [First { chain: None, ..written(1000, &[], &[]) }];
        assert_eq!(found("new", &writes, None).len(), 2);
    }
}
