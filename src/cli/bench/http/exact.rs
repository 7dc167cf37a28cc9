//! The nearest of many vectors that are in memory, found by looking at each: in every metric, and of
//! the engine alone, where one query is computed by one thread.

use super::errand::Errand;
use super::filled::filled;
use super::plan::Plan;
use super::toll::{of_engine, quiet};
use crate::cli::bench::crowd::Crowd;
use crate::cli::bench::finding::Finding;
use crate::cli::bench::line::Line;
use crate::cli::bench::rows::{DIMS, Spelling, numbers};
use crate::cli::bench::stand::{Stand, path};
use crate::env::Dice;
use crate::error::{Error, Result};
use crate::model::Metric;

const METRICS: [Metric; 3] = [Metric::Cosine, Metric::EuclideanSquared, Metric::DotProduct];
/// No vector that is there is asked for.
const SEED: u64 = 1 << 40;
const MILLIS_MAX: f64 = 15.0;

pub(super) async fn measure(stand: &mut Stand, plan: &Plan) -> Result<Vec<Finding>> {
    let errand = Errand::nearest(&numbers(&mut Dice::from_seed(SEED)), Spelling::Base64);
    let mut findings = Vec::new();
    for metric in METRICS {
        let name = filled(stand, metric, plan.exact_rows).await?;
        let engine = stand.engine().ok_or_else(|| Error::internal("the server is not ours"))?;
        // It reads what the others find.
        errand.run(engine, &name).await?;
        quiet(plan.clock).await;
        let crowd = Crowd { clients: 1, lasts: plan.lasts };
        let toll = of_engine(engine, &name, &errand, crowd, plan.clock).await?;
        let (rows, queries) = (plan.exact_rows, toll.samples.count());
        findings.extend([
            Finding::of(format!("{metric}: p50"), toll.samples.quantile_ms(0.5), "ms")
                .at_most(MILLIS_MAX)
                .beside(format!("{rows} vectors of {DIMS}, one query at a time")),
            Finding::of(format!("{metric}: p99"), toll.samples.quantile_ms(0.99), "ms")
                .beside(format!("of {queries} queries")),
            Finding::of(format!("{metric}: CPU"), toll.cpu_micros() / 1000.0, "ms")
                .beside("of a query, on average"),
        ]);
        // The next one is to have the memory.
        let delete = stand.address().delete(&path(name.as_str()));
        Line::to(stand.address()).ask_for(&delete).await?;
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::cli::bench::ground::Ground;
    use crate::config::Location;
    use crate::engine::Limits;
    use crate::env::Clock;
    use crate::namespace::keeper::FoldAt;

    #[test]
    fn the_question_is_none_of_the_vectors_that_are_there() {
        let there = [0_u64, 1, 100].map(|seed| numbers(&mut Dice::from_seed(seed)));
        assert!(!there.contains(&numbers(&mut Dice::from_seed(SEED))));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_namespace_is_filled_by_whole_writes_and_no_row_takes_the_place_of_another() {
        let limits = Limits::of(1 << 30, FoldAt { slots: 8, bytes: 64 << 20 });
        let clock = Clock::start();
        let ground = Ground::At(Location::Memory);
        let mut stand = Stand::open(&ground, &[], clock, limits).await.unwrap();
        for metric in METRICS {
            let name = filled(&mut stand, metric, 501).await.unwrap();
            let engine = stand.engine().unwrap();
            assert_eq!(engine.metadata(&name).await.unwrap().rows, 1000);
            let question = numbers(&mut Dice::from_seed(SEED));
            let errand = Errand::nearest(&question, Spelling::Floats);
            let crowd = Crowd { clients: 1, lasts: Duration::from_millis(1) };
            let toll = of_engine(engine, &name, &errand, crowd, clock).await.unwrap();
            assert!(toll.samples.count() > 0);
        }
        stand.close().await.unwrap();
    }
}
