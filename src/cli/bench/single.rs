//! One client that writes one small row, waits for the answer, and writes the next: what a write
//! takes when nothing stands in its way.

use super::crowd::Crowd;
use super::finding::Finding;
use super::line::Line;
use super::plan::Plan;
use super::rows::{Body, Load, TEXT_ROW_BYTES};
use super::stand::{Stand, path};
use crate::error::Result;

const SEED: u64 = 7;

pub(super) async fn measure(stand: &mut Stand, plan: &Plan) -> Result<Vec<Finding>> {
    let path = path(&stand.fresh("single"));
    let mut load = Load::of(stand.address(), &path, &Body::texts(1, SEED));
    Line::to(stand.address()).ask_for(load.renew()).await?;
    let crowd = Crowd { clients: 1, lasts: plan.lasts };
    let outcome = crowd.send(stand.address(), &load, stand.clock()).await?;
    let mut p50 = Finding::of("p50 of a write", outcome.answered.quantile_ms(0.5), "ms");
    if let Some(pace) = stand.pace() {
        p50 = p50.about(pace.put.as_secs_f64() * 1000.0).beside("one PUT");
    }
    let count = outcome.answered.count();
    let (failed, told) = outcome.failed();
    let failed = failed + outcome.with_status(429);
    Ok(vec![
        p50,
        Finding::of("p99 of a write", outcome.answered.quantile_ms(0.99), "ms")
            .beside(format!("of {count} writes of one row of {TEXT_ROW_BYTES} bytes")),
        Finding::of("writes", outcome.per_second(1.0), "/s"),
        Finding::of("failures", failed as f64, "").at_most(0.0).beside(told),
    ])
}
