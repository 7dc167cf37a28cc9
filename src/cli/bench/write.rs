//! `elacsym bench write`: one measure after the other, each on a server of its own, so that none
//! finds what another left.

use std::io::Write;

use super::finding::Finding;
use super::ground::Ground;
use super::plan::{Measure, Plan, Wish};
use super::report::Report;
use super::stand::Stand;
use super::{Failure, burst, first, names, reads, single, start, tell};
use crate::engine::Limits;
use crate::env::Clock;
use crate::error::{Context, Result};

pub(super) async fn run(
    wish: &Wish,
    limits: Limits,
    vars: Vec<(String, String)>,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let grounds = wish.grounds(&vars)?;
    let plan = wish.plan(Clock::start(), vars, limits);
    let mut report = Report::begin(out, &plan.heading(wish.form())).map_err(Failure::Output)?;
    let (of_store, of_process): (Vec<Measure>, Vec<Measure>) =
        wish.measures().into_iter().partition(|measure| measure.is_of_a_store());
    for ground in &grounds {
        for measure in &of_store {
            tell(&format!("{}: {measure}", ground.name()));
            let findings = measured(*measure, ground, &plan).await.map_err(Failure::Serving)?;
            report.of_store(ground, *measure, &findings).map_err(Failure::Output)?;
        }
    }
    // A server that runs already is all that was asked for.
    if grounds.iter().any(|ground| matches!(ground, Ground::Behind(_))) {
        return Ok(());
    }
    for measure in of_process {
        tell(&format!("a process of its own: {measure}"));
        let found = match measure {
            Measure::Names => names::measure(&plan).await,
            _ => start::measure(&plan).await,
        };
        let findings = found.context(format!("measuring {measure}")).map_err(Failure::Serving)?;
        report.of_process(measure, &findings).map_err(Failure::Output)?;
    }
    Ok(())
}

async fn measured(measure: Measure, ground: &Ground, plan: &Plan) -> Result<Vec<Finding>> {
    let place = || format!("measuring {measure} on {}", ground.name());
    let mut stand =
        Stand::open(ground, &plan.vars, plan.clock, plan.limits).await.context(place())?;
    let found = match measure {
        Measure::Small => burst::small(&mut stand, plan).await,
        Measure::Large => burst::large(&mut stand, plan).await,
        Measure::Single => single::measure(&mut stand, plan).await,
        Measure::First => first::measure(&mut stand, plan).await,
        Measure::Reads => reads::measure(&mut stand, plan).await,
        Measure::Start | Measure::Names => Ok(Vec::new()),
    };
    stand.close_after(found).await.context(place())
}
