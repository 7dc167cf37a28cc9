//! Small requests, by few and by many connections: how long one takes, and which part of what is
//! computed for it is not the engine's.

use super::errand::{Errand, nearest};
use super::filled::filled;
use super::plan::Plan;
use super::toll::{Toll, of_engine, over_socket, quiet};
use crate::cli::bench::crowd::Crowd;
use crate::cli::bench::finding::Finding;
use crate::cli::bench::line::Line;
use crate::cli::bench::rows::{Body, Load, Spelling, TEXT_ROW_BYTES, letters, numbers};
use crate::cli::bench::stand::{Stand, path};
use crate::env::Dice;
use crate::error::{Error, Result};
use crate::model::{Metric, Namespace};

const CONNECTIONS: [usize; 3] = [1, 16, 64];
/// Of either form. What slows a machine for some seconds slows both then, and is not taken for what
/// one costs more than the other.
const TURNS: u32 = 10;
const SEED: u64 = 7;
/// Of what is asked, and not of what is there.
const QUESTION_SEED: u64 = 1 << 40;
/// Of a query, in microseconds.
const OUTSIDE_MAX: f64 = 150.0;

/// The same request in its two forms.
struct Pair {
    /// Before how many ask at once.
    what: &'static str,
    name: Namespace,
    load: Load,
    errand: Errand,
    /// What may be computed outside of the engine, in microseconds.
    outside_max: Option<f64>,
}

pub(super) async fn write(stand: &mut Stand, plan: &Plan) -> Result<Vec<Finding>> {
    let name = stand.fresh("write");
    let mut load = Load::of(stand.address(), &path(&name), &Body::texts(1, SEED));
    // It makes the namespace, and opens it.
    Line::to(stand.address()).ask_for(load.renew()).await?;
    let errand = Errand::write(&letters(&mut Dice::from_seed(SEED), TEXT_ROW_BYTES));
    let name = Namespace::new(&name)?;
    let pair = Pair { what: "", name, load, errand, outside_max: None };
    each(stand, plan, &pair, &CONNECTIONS).await
}

pub(super) async fn query(stand: &mut Stand, plan: &Plan) -> Result<Vec<Finding>> {
    let name = filled(stand, Metric::Cosine, plan.rows).await?;
    let vector = numbers(&mut Dice::from_seed(QUESTION_SEED));
    let mut findings = Vec::new();
    for (spelling, what, connections) in [
        (Spelling::Floats, "", &CONNECTIONS[..]),
        (Spelling::Base64, "base64, ", &CONNECTIONS[..1]),
    ] {
        let load = nearest(stand.address(), &path(name.as_str()), &vector, spelling);
        let errand = Errand::nearest(&vector, spelling);
        let (name, outside_max) = (name.clone(), Some(OUTSIDE_MAX));
        let pair = Pair { what, name, load, errand, outside_max };
        findings.extend(each(stand, plan, &pair, connections).await?);
    }
    Ok(findings)
}

pub(super) async fn metadata(stand: &mut Stand, plan: &Plan) -> Result<Vec<Finding>> {
    let name = filled(stand, Metric::Cosine, plan.rows).await?;
    let path = format!("{}/metadata", path(name.as_str()));
    let load = Load::get(stand.address(), &path);
    let pair = Pair { what: "", name, load, errand: Errand::Metadata, outside_max: None };
    each(stand, plan, &pair, &CONNECTIONS).await
}

async fn each(
    stand: &Stand,
    plan: &Plan,
    pair: &Pair,
    connections: &[usize],
) -> Result<Vec<Finding>> {
    let engine = stand.engine().ok_or_else(|| Error::internal("the server is not ours"))?;
    let mut findings = Vec::new();
    for clients in connections.iter().copied() {
        let crowd = Crowd { clients, lasts: plan.lasts / TURNS };
        let (mut sent, mut asked) = (Toll::default(), Toll::default());
        for _ in 0..TURNS {
            quiet(plan.clock).await;
            let more = over_socket(stand.address(), &pair.load, crowd, plan.clock).await?;
            sent = sent.and(more);
            quiet(plan.clock).await;
            let more = of_engine(engine, &pair.name, &pair.errand, crowd, plan.clock).await?;
            asked = asked.and(more);
        }
        findings.extend(found(pair, clients, &sent, &asked));
    }
    Ok(findings)
}

fn found(pair: &Pair, clients: usize, sent: &Toll, asked: &Toll) -> [Finding; 5] {
    let who = match clients {
        1 => "1 connection".to_owned(),
        _ => format!("{clients} connections"),
    };
    let at = |what: &str| format!("{}{who}: {what}", pair.what);
    let (whole, engine) = (sent.cpu_micros(), asked.cpu_micros());
    let outside = Finding::of(at("CPU outside of the engine"), whole - engine, "µs");
    let outside = outside.beside(format!("{whole:.0} with it, and {engine:.0} in it"));
    let (p50, p99) = (asked.samples.quantile_ms(0.5), asked.samples.quantile_ms(0.99));
    [
        Finding::of(at("p50"), sent.samples.quantile_ms(0.5), "ms")
            .beside(format!("of the engine alone {p50:.2} ms")),
        Finding::of(at("p99"), sent.samples.quantile_ms(0.99), "ms")
            .beside(format!("of the engine alone {p99:.2} ms")),
        Finding::of(at("requests"), sent.per_second(), "/s")
            .beside(format!("of the engine alone {:.0} /s", asked.per_second())),
        match pair.outside_max {
            Some(max) => outside.at_most(max),
            None => outside,
        },
        Finding::of(at("its share"), 100.0 * (whole - engine) / whole, "%")
            .beside("of the CPU of a request, without its client"),
    ]
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::cli::bench::finding::Aim;
    use crate::cli::bench::line::Address;
    use crate::cli::bench::samples::Samples;

    fn toll(millis: u32, cpu_micros: u64) -> Toll {
        let samples = Samples::of(vec![1000 * millis; 4]);
        Toll { samples, cpu: Duration::from_micros(4 * cpu_micros), took: Duration::from_secs(2) }
    }

    #[test]
    fn what_the_engine_computes_is_taken_off_what_the_request_does() {
        let pair = Pair {
            what: "",
            name: Namespace::new("a").unwrap(),
            load: Load::get(&Address::of("a:1"), "/x"),
            errand: Errand::Metadata,
            outside_max: Some(150.0),
        };
        let findings = found(&pair, 16, &toll(3, 500), &toll(2, 300));
        let rows = findings.map(|finding| finding.cells(Aim::Judged));
        let row = |cells: [&str; 4]| cells.map(str::to_owned);
        assert_eq!(
            rows[0],
            row(["16 connections: p50", "3 ms", "", "of the engine alone 2.00 ms"])
        );
        let outside = [
            "16 connections: CPU outside of the engine",
            "200 µs",
            "≤ 150 µs, MISSED",
            "500 with it, and 300 in it",
        ];
        assert_eq!(rows[3], row(outside));
        assert_eq!(rows[4][1], "40 %");
        assert_eq!(rows[2][1], "2 /s");
    }
}
