//! How fast are many vectors upserted, and how fast is such a write read, next to what others make of the
//! same bytes? Ours turns a request into rows, and refuses what does not belong there; the others turn JSON
//! into a tree.
//!
//! ```sh
//! cargo bench --bench json --profile dist
//! ```
//!
//! Ours is asked by its router, for there is no other way to it. To be upserted is to be answered: read,
//! committed to a store in memory, and folded as far as that came; its seconds are those that all cores
//! worked. To be read alone, a body has one more field that no write has, so it is refused once all of it
//! was read, and nothing is written. What HTTP there is beside that counts against ours. Of all that is
//! read there is one thing at a time, so a second is a second of one core.

use std::error::Error;
use std::hint::black_box;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::Request;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use elacsym::api::{self, Access};
use elacsym::config::{Auth, Location};
use elacsym::engine::{Engine, Limits};
use elacsym::env::{Clock, Dice, process_cpu};
use elacsym::model::NodeId;
use elacsym::namespace::keeper::FoldAt;
use elacsym::storage;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;

type Outcome<T> = Result<T, Box<dyn Error>>;

const DIMS: usize = 768;
/// Either comes to some 4 MB.
const FLOAT_ROWS: usize = 500;
const BASE64_ROWS: usize = 1000;
const SEED: u64 = 7;
/// How long each reads.
const LASTS: Duration = Duration::from_secs(3);
const MEMORY_BYTES: u64 = 1 << 30;
/// No write has it, and the refusal names it.
const STRANGER: &str = "no_field_of_a_write";

fn main() -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(measure(&mut io::stdout().lock()))
}

async fn measure(out: &mut impl Write) -> Outcome<()> {
    let clock = Clock::start();
    let router = router(clock).await?;
    for (spelling, rows, spell) in [
        ("floats", FLOAT_ROWS, floats as fn(&[f32]) -> String),
        ("base64", BASE64_ROWS, base64 as fn(&[f32]) -> String),
    ] {
        let body = body(rows, spell, "");
        let refused = body_of_a_stranger(rows, spell);
        let megabytes = body.len() as f64 / 1e6;
        writeln!(out, "{spelling}: {rows} rows of {DIMS} numbers, {megabytes:.2} MB")?;
        let mut tell =
            |who: &str, second: f64| writeln!(out, "  {who:<22} {:>8.0} MB/s", megabytes / second);
        tell("elacsym, upserted", upserted(&router, &body, clock).await?)?;
        tell("elacsym, read", read(&router, &refused, clock).await?)?;
        tell("serde_json", median(clock, || timed(clock, &body, of_serde)))?;
        tell("sonic-rs", median(clock, || timed(clock, &body, of_sonic)))?;
        tell("simd-json, borrowed", median(clock, || timed(clock, &body, of_simd_borrowed)))?;
        tell("simd-json, owned", median(clock, || timed(clock, &body, of_simd_owned)))?;
    }
    Ok(())
}

async fn router(clock: Clock) -> Outcome<Router> {
    let dice = Dice::from_seed(SEED);
    let store = storage::open(&Location::Memory, [], clock, dice.clone()).await?;
    let limits = Limits::of(MEMORY_BYTES, FoldAt { slots: 128, bytes: 64 << 20 });
    let engine = Engine::new(store, clock, dice.fork("engine"), NodeId::new("bench")?, limits);
    let access = Access::new(&Auth::Open)?;
    Ok(api::router(Arc::new(engine), access, clock, dice.fork("api")))
}

/// A write that is refused for its last field alone.
fn body_of_a_stranger(rows: usize, spell: fn(&[f32]) -> String) -> Vec<u8> {
    body(rows, spell, &format!(",\"{STRANGER}\":1"))
}

fn body(rows: usize, spell: fn(&[f32]) -> String, last: &str) -> Vec<u8> {
    let mut dice = Dice::from_seed(SEED);
    let row = |id: usize| {
        let vector: Vec<f32> = (0..DIMS).map(|_| (2.0 * dice.fraction() - 1.0) as f32).collect();
        format!("{{\"id\":{id},\"vector\":{}}}", spell(&vector))
    };
    let rows = (0..rows).map(row).collect::<Vec<_>>().join(",");
    let begin = "{\"distance_metric\":\"cosine_distance\",\"upsert_rows\":[";
    format!("{begin}{rows}]{last}}}").into_bytes()
}

fn floats(vector: &[f32]) -> String {
    let numbers: Vec<String> = vector.iter().map(f32::to_string).collect();
    format!("[{}]", numbers.join(","))
}

fn base64(vector: &[f32]) -> String {
    let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
    format!("\"{}\"", STANDARD.encode(bytes))
}

/// What one reading takes, in seconds: half of them took less.
fn median(clock: Clock, mut once: impl FnMut() -> f64) -> f64 {
    let until = clock.now() + LASTS;
    let mut seconds = vec![once()];
    while clock.now() < until {
        seconds.push(once());
    }
    middle(seconds)
}

fn middle(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_unstable_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

/// Of a copy, which a reader may spoil.
fn timed(clock: Clock, body: &[u8], read: fn(&mut [u8])) -> f64 {
    let mut body = body.to_vec();
    let began = clock.now();
    read(&mut body);
    (clock.now() - began).as_secs_f64()
}

fn of_serde(body: &mut [u8]) {
    drop(black_box(serde_json::from_slice::<serde_json::Value>(body).expect("it is JSON")));
}

fn of_sonic(body: &mut [u8]) {
    drop(black_box(sonic_rs::from_slice::<sonic_rs::Value>(body).expect("it is JSON")));
}

fn of_simd_borrowed(body: &mut [u8]) {
    drop(black_box(simd_json::to_borrowed_value(body).expect("it is JSON")));
}

fn of_simd_owned(body: &mut [u8]) {
    drop(black_box(simd_json::to_owned_value(body).expect("it is JSON")));
}

/// Of one write after the other, on average.
async fn upserted(router: &Router, body: &[u8], clock: Clock) -> Outcome<f64> {
    let body = Bytes::copy_from_slice(body);
    let (before, mut writes, until) = (process_cpu(), 0, clock.now() + LASTS);
    while writes == 0 || clock.now() < until {
        let (status, told) = sent(router, &body).await?;
        if status != 200 {
            return Err(format!("a write answers {status}: {told}").into());
        }
        writes += 1;
    }
    Ok((process_cpu() - before).as_secs_f64() / f64::from(writes))
}

async fn sent(router: &Router, body: &Bytes) -> Outcome<(u16, String)> {
    let request = Request::post("/v2/namespaces/bench").body(Body::from(body.clone()))?;
    let response = TowerToHyperService::new(router.clone()).call(request).await?;
    let status = response.status().as_u16();
    let told = to_bytes(response.into_body(), 1 << 20).await?;
    Ok((status, String::from_utf8_lossy(&told).into_owned()))
}

async fn read(router: &Router, body: &[u8], clock: Clock) -> Outcome<f64> {
    let body = Bytes::copy_from_slice(body);
    let (mut seconds, until) = (Vec::new(), clock.now() + LASTS);
    while seconds.is_empty() || clock.now() < until {
        let began = clock.now();
        let (status, told) = sent(router, &body).await?;
        seconds.push((clock.now() - began).as_secs_f64());
        // Refused for anything else, it was not read to its end.
        if status != 400 || !told.contains(STRANGER) {
            return Err(format!("a write that was to be refused answers {status}: {told}").into());
        }
    }
    Ok(middle(seconds))
}
