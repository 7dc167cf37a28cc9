//! A namespace that is full of vectors, no two of them the same.

use crate::cli::bench::line::Line;
use crate::cli::bench::rows::{Body, Load, Spelling};
use crate::cli::bench::stand::{Stand, path};
use crate::error::Result;
use crate::model::{Metric, Namespace};

const ROWS_OF_A_WRITE: usize = 500;

/// So many, rounded up to whole writes.
pub(super) async fn filled(stand: &mut Stand, metric: Metric, rows: usize) -> Result<Namespace> {
    let name = stand.fresh("vectors");
    let path = path(&name);
    let body = |seed| Body::measured_by(metric, ROWS_OF_A_WRITE, seed, Spelling::Base64);
    let mut line = Line::to(stand.address());
    let first = Load::of(stand.address(), &path, &body(0));
    for seed in 0..rows.div_ceil(ROWS_OF_A_WRITE) as u64 {
        let mut load = first.with(stand.address(), &path, &body(seed));
        line.insist(load.renew(), stand.clock()).await?;
    }
    Namespace::new(&name)
}
