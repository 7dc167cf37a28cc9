//! Many clients that write to one namespace at once, as fast as they are answered: small requests,
//! which share slots, and large ones, which are folded meanwhile.

use super::crowd::{Crowd, Outcome};
use super::finding::Finding;
use super::line::Line;
use super::plan::Plan;
use super::rows::{Body, Load, TEXT_ROW_BYTES, VECTOR_ROW_BYTES};
use super::scrape::Scrape;
use super::stand::{Stand, path};
use crate::error::Result;

const SMALL_CLIENTS: usize = 64;
const SMALL_ROWS: usize = 100;
const SMALL_ROWS_PER_SECOND: f64 = 20_000.0;

const LARGE_CLIENTS: usize = 8;
const LARGE_BYTES: usize = 4 << 20;
const LARGE_ROWS: usize = LARGE_BYTES.div_ceil(VECTOR_ROW_BYTES);
const LARGE_MB_PER_SECOND: f64 = 80.0;

const SEED: u64 = 7;
const MB: f64 = 1e6;

/// What came of it, and what the server did meanwhile.
struct Burst {
    outcome: Outcome,
    meanwhile: Scrape,
    at_last: Scrape,
}

pub(super) async fn small(stand: &mut Stand, plan: &Plan) -> Result<Vec<Finding>> {
    let body = Body::texts(SMALL_ROWS, SEED);
    let burst = burst(stand, plan, "small", SMALL_CLIENTS, &body).await?;
    let rows = burst.outcome.per_second(SMALL_ROWS as f64);
    let mut findings = vec![
        Finding::of("rows", rows, "rows/s").at_least(SMALL_ROWS_PER_SECOND).beside(format!(
            "{SMALL_CLIENTS} clients, requests of {SMALL_ROWS} rows of {TEXT_ROW_BYTES} bytes"
        )),
        Finding::of("requests", burst.outcome.per_second(1.0), "/s"),
    ];
    findings.extend(burst.rest(body.rows()));
    Ok(findings)
}

pub(super) async fn large(stand: &mut Stand, plan: &Plan) -> Result<Vec<Finding>> {
    let body = Body::vectors(LARGE_ROWS, SEED);
    let burst = burst(stand, plan, "large", LARGE_CLIENTS, &body).await?;
    let raw = burst.outcome.per_second((LARGE_ROWS * VECTOR_ROW_BYTES) as f64) / MB;
    let sent = burst.outcome.per_second(body.json().len() as f64) / MB;
    let mut findings = vec![
        Finding::of("raw bytes", raw, "MB/s").at_least(LARGE_MB_PER_SECOND).beside(format!(
            "{LARGE_CLIENTS} clients, requests of 4 MiB: {LARGE_ROWS} rows of 768 f32, an id and a \
             text, {VECTOR_ROW_BYTES} bytes each"
        )),
        Finding::of("bytes of JSON", sent, "MB/s").beside("vectors as base64"),
    ];
    findings.extend(burst.rest(body.rows()));
    Ok(findings)
}

/// The first write is not measured: it makes the namespace, and opens it.
async fn burst(
    stand: &mut Stand,
    plan: &Plan,
    word: &str,
    clients: usize,
    body: &Body,
) -> Result<Burst> {
    let path = path(&stand.fresh(word));
    let mut load = Load::of(stand.address(), &path, body);
    Line::to(stand.address()).ask_for(load.renew()).await?;
    let before = stand.scrape().await?;
    let crowd = Crowd { clients, lasts: plan.lasts };
    let outcome = crowd.send(stand.address(), &load, stand.clock()).await?;
    let at_last = stand.scrape().await?;
    Ok(Burst { outcome, meanwhile: at_last.since(&before), at_last })
}

impl Burst {
    /// Whatever was written, so many rows at once.
    fn rest(&self, rows: usize) -> impl Iterator<Item = Finding> {
        let slots = self.slots(rows).into_iter();
        self.times().into_iter().chain(slots).chain(self.folds()).chain(self.refusals())
    }

    fn times(&self) -> [Finding; 2] {
        let answered = &self.outcome.answered;
        [
            Finding::of("p50 of a request", answered.quantile_ms(0.5), "ms")
                .beside("from its first byte to its answer"),
            Finding::of("p99 of a request", answered.quantile_ms(0.99), "ms")
                .beside(format!("of {} requests", answered.count())),
        ]
    }

    fn slots(&self, rows: usize) -> [Finding; 4] {
        let slots = self.meanwhile.value("elacsym_commit_seconds_count");
        let requests = self.meanwhile.value("elacsym_commit_requests_sum") / slots;
        let bytes = self.meanwhile.value("elacsym_commit_bytes_sum") / slots;
        let ms = 1000.0 * self.meanwhile.value("elacsym_commit_seconds_sum") / slots;
        [
            Finding::of("slots", slots / self.outcome.took.as_secs_f64(), "/s")
                .beside("one at a time"),
            Finding::of("a slot takes", ms, "ms").beside("on average: what the store takes"),
            Finding::of("requests in a slot", requests, "")
                .beside(format!("{:.0} rows", requests * rows as f64)),
            Finding::of("bytes in a slot", bytes / MB, "MB").beside("with those of its chunks"),
        ]
    }

    fn folds(&self) -> [Finding; 2] {
        let folds = self.meanwhile.value("elacsym_folds_total");
        let rows = self.meanwhile.value("elacsym_folded_rows_total");
        let failed = self.meanwhile.value("elacsym_folds_failed_total");
        let seconds = self.meanwhile.value("elacsym_fold_seconds_sum");
        let waiting = self.at_last.value("elacsym_unindexed_bytes") / MB;
        [
            Finding::of("folds meanwhile", folds, "")
                .beside(format!("{rows:.0} rows in {seconds:.2} s; {failed:.0} failed")),
            Finding::of("not folded at the end", waiting, "MB").beside("in memory"),
        ]
    }

    fn refusals(&self) -> [Finding; 2] {
        let throttled = self.outcome.with_status(429);
        let (failed, told) = self.outcome.failed();
        [
            Finding::of("answers with 429", throttled as f64, "").at_most(0.0),
            Finding::of("other failures", failed as f64, "").at_most(0.0).beside(told),
        ]
    }
}
