//! `elacsym bench overload`: three times as much as can be done. Who is let in should be answered about
//! as quickly as ever, all others should be told so at once, and when less comes, it should be as
//! before.
//!
//! Clients and server share the cores of one machine, so who sends three times too much takes a part of
//! what can be done: a server that has its cores to itself does better.
//!
//! How quick it is, whoever reads it judges. Where somebody gets an odd answer or none, or where one client
//! alone is not let in again, the run fails: no machine is too slow for that.

mod again;
mod capacity;
mod flood;
mod plan;
mod verdict;

use std::io::Write;

use super::finding::Finding;
use super::ground::Ground;
use super::line::Line;
use super::report::Report;
use super::rows::{Body, Load, Spelling, numbers};
use super::stand::{Stand, path};
use super::{Failure, tell};
use crate::engine::Limits;
use crate::env::{Clock, Dice};
use crate::error::{Context, Error, Result};
use crate::model::Metric;
use plan::{Measure, Plan};
use verdict::Course;

pub(in crate::cli) use plan::Wish;

const SEED: u64 = 7;
/// No vector that is there is asked for.
const QUESTION_SEED: u64 = 1 << 40;
const ROWS_OF_A_FILLING: usize = 500;
const ROWS_OF_A_WRITE: usize = 100;
const NEAREST: usize = 10;

pub(super) async fn run(wish: &Wish, limits: Limits, out: &mut impl Write) -> Result<(), Failure> {
    let plan = wish.plan(Clock::start(), limits);
    let mut report = Report::begin(out, &plan.heading(wish.form())).map_err(Failure::Output)?;
    let ground = Ground::Local;
    let mut faults = Vec::new();
    for measure in wish.measures() {
        tell(&format!("overload: {measure}"));
        let found = measured(measure, &ground, &plan).await;
        let found = found.context(format!("measuring {measure}")).map_err(Failure::Serving)?;
        report.of_target(&ground, measure, &found.findings).map_err(Failure::Output)?;
        faults.extend(found.faults.iter().map(|fault| format!("{measure}: {fault}")));
    }
    refuse(&faults).map_err(Failure::Serving)
}

/// When all was reported.
fn refuse(faults: &[String]) -> Result<()> {
    match faults {
        [] => Ok(()),
        _ => Err(Error::unavailable(format!("too much was borne badly: {}", faults.join("; ")))),
    }
}

/// What came of one measure.
struct Found {
    findings: Vec<Finding>,
    /// For each of them the run fails.
    faults: Vec<String>,
}

async fn measured(measure: Measure, ground: &Ground, plan: &Plan) -> Result<Found> {
    let mut stand = Stand::open(ground, &[], plan.clock, plan.limits).await?;
    let found = match measure {
        Measure::Queries => queries(&mut stand, plan).await,
        Measure::Writes => writes(&mut stand, plan).await,
    };
    stand.close_after(found).await
}

async fn queries(stand: &mut Stand, plan: &Plan) -> Result<Found> {
    let path = path(&stand.fresh("queries"));
    let body = |seed| Body::measured_by(Metric::Cosine, ROWS_OF_A_FILLING, seed, Spelling::Base64);
    let mut line = Line::to(stand.address());
    let first = Load::of(stand.address(), &path, &body(0));
    for seed in 0..plan.rows.div_ceil(ROWS_OF_A_FILLING) as u64 {
        let mut load = first.with(stand.address(), &path, &body(seed));
        line.insist(load.renew(), plan.clock).await?;
    }
    let vector = Spelling::Base64.of(&numbers(&mut Dice::from_seed(QUESTION_SEED)));
    let query = format!("{{\"rank_by\":[\"vector\",\"ANN\",{vector}],\"limit\":{NEAREST}}}");
    let query = Load::of(stand.address(), &format!("{path}/query"), &Body::query(&query));
    // The first query reads what the others find.
    line.ask_for(query.clone().renew()).await?;
    course(stand, &query, plan).await
}

async fn writes(stand: &mut Stand, plan: &Plan) -> Result<Found> {
    let path = path(&stand.fresh("writes"));
    let mut load = Load::of(stand.address(), &path, &Body::texts(ROWS_OF_A_WRITE, SEED));
    // It makes the namespace, and opens it.
    Line::to(stand.address()).ask_for(load.renew()).await?;
    course(stand, &load, plan).await
}

async fn course(stand: &Stand, load: &Load, plan: &Plan) -> Result<Found> {
    let (address, clock) = (stand.address(), plan.clock);
    let capacity = capacity::find(address, load, plan.step, clock).await?;
    let course = Course { capacity, calm: plan.calm, lasts: plan.lasts, after: plan.after };
    let dice = Dice::from_seed(SEED);
    let calls = flood::flood(address, load, course.waves(), clock, dice).await?;
    let again = again::answered(address, load, again::PATIENCE, clock).await;
    Ok(Found { findings: course.findings(&calls), faults: verdict::faults(&calls, again) })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::cli::bench::finding::Aim;
    use crate::cli::bench::plan::Extent;
    use crate::cli::bench::small_limits;
    use crate::config::Location;

    /// How quick it is, a test does not judge; whether everybody is answered, it does.
    #[tokio::test(flavor = "multi_thread")]
    async fn whatever_comes_is_answered_or_sent_away() {
        let plan = Plan {
            clock: Clock::start(),
            limits: small_limits(),
            lasts: Duration::from_millis(300),
            calm: Duration::from_millis(200),
            after: Duration::from_millis(200),
            step: Duration::from_millis(50),
            rows: 1000,
            extent: Extent::Quick,
        };
        for measure in [Measure::Queries, Measure::Writes] {
            let ground = Ground::At(Location::Memory);
            let found = measured(measure, &ground, &plan).await.unwrap();
            let rows = found.findings.iter().map(|finding| finding.cells(Aim::Judged));
            let rows: Vec<[String; 4]> = rows.collect();
            let odd = rows.iter().find(|cells| cells[0] == "neither answered nor sent away");
            assert_eq!(odd.unwrap()[2], "≤ 0, met", "{measure}: {rows:?}");
            let done = rows.iter().find(|cells| cells[0] == "of what can be done is done");
            assert_ne!(done.unwrap()[1], "0 %", "{measure}: {rows:?}");
        }
    }

    #[test]
    fn a_run_fails_by_its_faults_and_tells_all_of_them() {
        assert!(refuse(&[]).is_ok());
        let told = refuse(&["queries: a".to_owned(), "writes: b".to_owned()]).unwrap_err();
        assert_eq!(told.to_string(), "too much was borne badly: queries: a; writes: b");
    }
}
