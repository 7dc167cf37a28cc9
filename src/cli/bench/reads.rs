//! Strong reads: each query sees all that was answered before it began, and for that the store is
//! asked. Queries that come together share the question, so the more they are, the less each costs.

use super::crowd::{Crowd, Outcome};
use super::finding::Finding;
use super::line::Line;
use super::plan::Plan;
use super::rows::{Body, Load};
use super::scrape::Scrape;
use super::stand::{Stand, path};
use crate::error::Result;

const CLIENTS: [usize; 3] = [1, 16, 256];
const ROWS: usize = 1000;
const SEED: u64 = 7;
/// Cheap to answer, so that it is the question to the store that is measured.
const QUERY: &str = "{\"rank_by\":[\"id\",\"asc\"],\"limit\":1}";
/// At any rate of queries.
const GETS_PER_SECOND_MAX: f64 = 1000.0;

pub(super) async fn measure(stand: &mut Stand, plan: &Plan) -> Result<Vec<Finding>> {
    let path = path(&stand.fresh("reads"));
    let rows = Body::texts(ROWS, SEED);
    let mut line = Line::to(stand.address());
    line.ask_for(&stand.address().post(&path, rows.json())).await?;
    let load = Load::of(stand.address(), &format!("{path}/query"), &Body::query(QUERY));
    // The first query reads what the others find.
    line.ask_for(load.clone().renew()).await?;
    let mut findings = Vec::new();
    for clients in CLIENTS {
        let before = stand.scrape().await?;
        let lasts = plan.lasts / CLIENTS.len() as u32;
        let outcome = Crowd { clients, lasts }.send(stand.address(), &load, stand.clock()).await?;
        let meanwhile = stand.scrape().await?.since(&before);
        findings.extend(found(clients, stand, &outcome, &meanwhile));
    }
    Ok(findings)
}

fn found(clients: usize, stand: &Stand, outcome: &Outcome, meanwhile: &Scrape) -> Vec<Finding> {
    let answered = &outcome.answered;
    let (queries, gets) = (answered.count() as f64, meanwhile.reads());
    let at = |what: &str| match clients {
        1 => format!("{what}, 1 client"),
        _ => format!("{what}, {clients} clients"),
    };
    let mut p50 = Finding::of(at("p50"), answered.quantile_ms(0.5), "ms");
    if let Some(pace) = stand.pace() {
        p50 = p50.about(pace.get.as_secs_f64() * 1000.0).beside("one GET");
    }
    let (failed, told) = outcome.failed();
    let throttled = outcome.with_status(429);
    vec![
        Finding::of(at("GETs per query"), gets / queries, "")
            .at_most(1.0)
            .beside(format!("{gets:.0} for {queries:.0} queries")),
        Finding::of(at("GETs"), gets / outcome.took.as_secs_f64(), "/s")
            .at_most(GETS_PER_SECOND_MAX),
        Finding::of(at("queries"), outcome.per_second(1.0), "/s"),
        p50,
        Finding::of(at("p99"), answered.quantile_ms(0.99), "ms"),
        Finding::of(at("failures"), (failed + throttled) as f64, "")
            .at_most(0.0)
            .beside(if throttled > 0 { format!("{throttled} with 429 {told}") } else { told }),
    ]
}
