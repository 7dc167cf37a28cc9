//! `elacsym bench http`: what a request costs before and after the engine: its socket, its HTTP and
//! its JSON. Each request is sent over a socket, and asked of the engine alone; the difference is
//! what lies outside of it.
//!
//! All of it is one process, so the client has a thread of its own, whose time is known and left out.

mod bulk;
mod errand;
mod exact;
mod filled;
mod plan;
mod small;
mod toll;

use std::io::Write;

use super::finding::Finding;
use super::ground::Ground;
use super::report::Report;
use super::stand::Stand;
use super::{Failure, tell};
use crate::config::Location;
use crate::engine::Limits;
use crate::env::Clock;
use crate::error::{Context, Result};
use plan::{Measure, Plan};

pub(in crate::cli) use plan::Wish;

pub(super) async fn run(wish: &Wish, limits: Limits, out: &mut impl Write) -> Result<(), Failure> {
    let plan = wish.plan(Clock::start(), limits);
    let mut report = Report::begin(out, &plan.heading(wish.form())).map_err(Failure::Output)?;
    for measure in wish.measures() {
        tell(&format!("http: {measure}"));
        let ground = match measure {
            Measure::Exact => Ground::At(Location::Memory),
            _ => Ground::Local,
        };
        let found = measured(measure, &ground, &plan).await;
        let findings = found.context(format!("measuring {measure}")).map_err(Failure::Serving)?;
        report.of_target(&ground, measure, &findings).map_err(Failure::Output)?;
    }
    Ok(())
}

async fn measured(measure: Measure, ground: &Ground, plan: &Plan) -> Result<Vec<Finding>> {
    let mut stand = Stand::open(ground, &[], plan.clock, plan.limits).await?;
    let found = match measure {
        Measure::Write => small::write(&mut stand, plan).await,
        Measure::Query => small::query(&mut stand, plan).await,
        Measure::Metadata => small::metadata(&mut stand, plan).await,
        Measure::Exact => exact::measure(&mut stand, plan).await,
        Measure::Bulk => bulk::measure(&mut stand, plan).await,
    };
    stand.close_after(found).await
}
