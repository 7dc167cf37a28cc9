//! Large writes of vectors, as floats and as base64: what a core takes in, from the socket to the log
//! and to segments. `benches/json.rs` tells how much of it is reading JSON, and how fast others read it.

use super::plan::Plan;
use super::toll::{Toll, over_socket, quiet};
use crate::cli::bench::crowd::Crowd;
use crate::cli::bench::finding::Finding;
use crate::cli::bench::line::Line;
use crate::cli::bench::rows::{Body, Load, Spelling, VECTOR_ROW_BYTES};
use crate::cli::bench::stand::{Stand, path};
use crate::error::Result;
use crate::model::Metric;

/// Either comes to some 4 MB.
const ROWS: [(Spelling, usize); 2] = [(Spelling::Floats, 500), (Spelling::Base64, 1000)];
const SEED: u64 = 7;
const MB: f64 = 1e6;

pub(super) async fn measure(stand: &mut Stand, plan: &Plan) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for (spelling, rows) in ROWS {
        let path = path(&stand.fresh("bulk"));
        let body = Body::measured_by(Metric::Cosine, rows, SEED, spelling);
        let mut load = Load::of(stand.address(), &path, &body);
        // It makes the namespace, and opens it.
        Line::to(stand.address()).ask_for(load.renew()).await?;
        quiet(plan.clock).await;
        let crowd = Crowd { clients: 1, lasts: plan.lasts };
        let toll = over_socket(stand.address(), &load, crowd, plan.clock).await?;
        findings.extend(found(spelling, &body, &toll));
    }
    Ok(findings)
}

fn found(spelling: Spelling, body: &Body, toll: &Toll) -> [Finding; 4] {
    let requests = toll.samples.count() as f64;
    let sent = requests * body.json().len() as f64 / MB;
    let raw = requests * (body.rows() * VECTOR_ROW_BYTES) as f64 / MB;
    let at = |what: &str| format!("{spelling}: {what}");
    let (rows, megabytes) = (body.rows(), body.json().len() as f64 / MB);
    [
        Finding::of(at("JSON a core"), sent / toll.cpu.as_secs_f64(), "MB/s")
            .beside("of all that is computed for it, folds too"),
        Finding::of(at("JSON"), sent / toll.took.as_secs_f64(), "MB/s")
            .beside(format!("one client, {rows} rows and {megabytes:.1} MB a request")),
        Finding::of(at("raw bytes"), raw / toll.took.as_secs_f64(), "MB/s")
            .beside(format!("{VECTOR_ROW_BYTES} a row")),
        Finding::of(at("p50 of a request"), toll.samples.quantile_ms(0.5), "ms")
            .beside(format!("of {requests:.0}")),
    ]
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::cli::bench::finding::Aim;
    use crate::cli::bench::samples::Samples;

    #[test]
    fn bytes_are_told_by_the_second_of_a_core_and_by_the_second() {
        let body = Body::measured_by(Metric::Cosine, 1, SEED, Spelling::Base64);
        let count = 1_000_000 / body.json().len();
        let samples = Samples::of(vec![2000; 64 * count]);
        let (cpu, took) = (Duration::from_secs(8), Duration::from_secs(4));
        let findings = found(Spelling::Base64, &body, &Toll { samples, cpu, took });
        let shown = findings.map(|finding| finding.cells(Aim::Judged)[1].clone());
        assert!(shown[0].starts_with("8.0") || shown[0].starts_with("7.9"), "{shown:?}");
        assert!(shown[1].starts_with("16.0") || shown[1].starts_with("15.9"), "{shown:?}");
        assert_eq!(shown[3], "2 ms");
    }

    #[test]
    fn a_request_is_as_large_in_either_spelling() {
        for (spelling, rows) in ROWS {
            let body = Body::measured_by(Metric::Cosine, rows, SEED, spelling);
            let megabytes = body.json().len() as f64 / MB;
            assert!((3.5..6.0).contains(&megabytes), "{spelling}: {megabytes}");
        }
    }
}
