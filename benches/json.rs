//! How fast is a write of many vectors read, next to what others make of the same bytes? Ours turns a
//! request into rows, and refuses what does not belong there; the others turn JSON into a tree.
//!
//! ```sh
//! cargo bench --bench json --profile dist
//! ```
//!
//! Ours is asked by its router, for there is no other way to it: each body ends in a field that no
//! write has, so it is refused once all of it was read, and nothing is written. What HTTP there is
//! beside that counts against ours. One thing at a time, so a second is a second of one core.

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
use elacsym::env::{Clock, Dice};
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
        let body = body(rows, spell);
        let megabytes = body.len() as f64 / 1e6;
        writeln!(out, "{spelling}: {rows} rows of {DIMS} numbers, {megabytes:.2} MB")?;
        let mut tell =
            |who: &str, second: f64| writeln!(out, "  {who:<22} {:>8.0} MB/s", megabytes / second);
        tell("elacsym", ours(&router, &body, clock).await?)?;
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

/// The body of a write that is refused for its last field alone.
fn body(rows: usize, spell: fn(&[f32]) -> String) -> Vec<u8> {
    let mut dice = Dice::from_seed(SEED);
    let row = |id: usize| {
        let vector: Vec<f32> = (0..DIMS).map(|_| (2.0 * dice.fraction() - 1.0) as f32).collect();
        format!("{{\"id\":{id},\"vector\":{}}}", spell(&vector))
    };
    let rows = (0..rows).map(row).collect::<Vec<_>>().join(",");
    let begin = "{\"distance_metric\":\"cosine_distance\",\"upsert_rows\":[";
    format!("{begin}{rows}],\"{STRANGER}\":1}}").into_bytes()
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

async fn ours(router: &Router, body: &[u8], clock: Clock) -> Outcome<f64> {
    let (router, body) = (TowerToHyperService::new(router.clone()), Bytes::copy_from_slice(body));
    let (mut seconds, until) = (Vec::new(), clock.now() + LASTS);
    while seconds.is_empty() || clock.now() < until {
        let request = Request::post("/v2/namespaces/bench").body(Body::from(body.clone()))?;
        let began = clock.now();
        let response = router.call(request).await?;
        seconds.push((clock.now() - began).as_secs_f64());
        let status = response.status();
        let told = to_bytes(response.into_body(), 1 << 20).await?;
        let told = String::from_utf8_lossy(&told);
        // Refused for anything else, it was not read to its end.
        if status != 400 || !told.contains(STRANGER) {
            return Err(format!("a write that was to be refused answers {status}: {told}").into());
        }
    }
    Ok(middle(seconds))
}
