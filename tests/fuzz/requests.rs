//! Requests to a server in memory, without a socket: a few in a row, to one that knows of nothing before
//! the first.
//!
//! Whatever is asked, the answer is not our fault: no panic, nothing above 499, and what says that it is
//! JSON is JSON. It takes memory in proportion to what was sent, and so does the fold of what was written,
//! which must not fail. Afterwards the server still answers. Time stands still but for timers, so nothing
//! depends on how fast the machine is.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri};
use elacsym::api::{Access, router};
use elacsym::config::{Auth, Location};
use elacsym::engine::{Engine, Limits};
use elacsym::env::{self, Clock, Dice};
use elacsym::model::NodeId;
use elacsym::namespace::keeper::FoldAt;
use elacsym::storage;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use serde_json::Value;
use tokio::runtime::Builder;

use crate::corpus::Corpus;
use crate::memory::Meter;
use crate::random::Random;
use crate::script::{self, Call};
use crate::target::{Answer, Target, skeleton};
use crate::{bend, heads, json, packs};

/// Two commits of one name are folded.
const FOLDS: FoldAt = FoldAt { slots: 2, bytes: 1 << 20 };
const SERVER_MEMORY_BYTES: u64 = 1 << 30;
/// By then, what was written is folded.
const FOLD_TIME: Duration = Duration::from_secs(2);
const CALLS_MAX: usize = 8;
/// What a server takes by itself, a fold among it.
const MEMORY_BYTES: usize = 64 << 20;
/// A document of ten bytes is a row, an entry of an index and a few copies.
const MEMORY_PER_BYTE: usize = 400;
/// One of so many is made long.
const STRETCHED: usize = 400;
const STRETCHED_BYTES_MAX: usize = 256 << 10;

/// What of a script is bent, in parts of the whole.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mix {
    pub(crate) bodies: usize,
    pub(crate) heads: usize,
    pub(crate) packings: usize,
}

pub(crate) struct Requests {
    name: &'static str,
    mix: Mix,
    /// Others whose corpora it begins with, too.
    borrowed: &'static [&'static str],
}

impl Requests {
    pub(crate) fn of(name: &'static str, mix: Mix, borrowed: &'static [&'static str]) -> Self {
        // All that a server does is done on the thread that counts its memory.
        env::block_inline();
        Self { name, mix, borrowed }
    }

    fn bend_call(&self, random: &mut Random, call: &mut Call, donor: &Call) {
        let Mix { bodies, heads, packings } = self.mix;
        let dealt = random.below(bodies + heads + packings);
        if dealt < bodies {
            bend_body(random, &mut call.body, &donor.body);
        } else if dealt < bodies + heads {
            heads::bend(random, call, donor);
        } else {
            packs::bend(random, call, |random, body| bend_body(random, body, &donor.body));
        }
    }
}

impl Target for Requests {
    fn name(&self) -> &'static str {
        self.name
    }

    fn ending(&self) -> &'static str {
        "http"
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        let inputs = self.borrowed.iter().flat_map(|name| Corpus::of(name, "http").inputs());
        inputs.map(|(_, input)| input).collect()
    }

    fn bend(&self, random: &mut Random, input: &[u8], other: &[u8]) -> Vec<u8> {
        let (mut calls, donors) = (script::read(input), script::read(other));
        let donor = random.one_of(&donors).clone();
        // What comes before the last call is there for its sake.
        let last = calls.len() - 1;
        let at = if random.percent(60) { last } else { random.below(calls.len()) };
        match random.below(20) {
            0 => drop(calls.remove(at)),
            1 => calls.insert(at, donor),
            2 => calls.push(donor),
            3 => calls.insert(at, calls[at].clone()),
            _ => {
                for _ in 0..=random.below(2) {
                    self.bend_call(random, &mut calls[at], &donor);
                }
            }
        }
        calls.truncate(CALLS_MAX);
        script::write(&calls)
    }

    fn judge(&self, input: &[u8]) -> Result<Answer, String> {
        let calls = script::read(input);
        let runtime =
            Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let mut answers = runtime.block_on(play(&calls))?;
        let is_accepted = answers.iter().all(|answer| answer.status.is_success());
        // It is for the last one's sake that the others are there.
        let Some(last) = answers.pop() else {
            return Ok(Answer::Refused("no request".to_owned()));
        };
        let words = format!("answered {} {}", last.status.as_u16(), last.words);
        match is_accepted {
            true => Ok(Answer::Accepted(words)),
            false => Ok(Answer::Refused(words)),
        }
    }
}

fn bend_body(random: &mut Random, body: &mut Vec<u8>, donor: &[u8]) {
    let (tree, other) = (serde_json::from_slice(body), serde_json::from_slice(donor));
    let (Ok(mut tree), false) = (tree, random.percent(5)) else {
        return bend::text(random, body, donor);
    };
    let other: Value = other.unwrap_or_default();
    if random.below(STRETCHED) == 0 {
        for _ in 0..=random.below(3) {
            json::stretch(random, &mut tree);
        }
    } else {
        for _ in 0..=random.below(3) {
            json::bend(random, &mut tree, &other);
        }
    }
    let spelt = json::spell(random, &tree);
    if spelt.len() <= STRETCHED_BYTES_MAX {
        *body = spelt;
    }
}

/// What a call was answered.
struct Told {
    status: StatusCode,
    words: String,
}

async fn play(calls: &[Call]) -> Result<Vec<Told>, String> {
    let router = server().await;
    let meter = Meter::start();
    let weight: usize = calls.iter().map(weight).sum();
    let bytes_max = MEMORY_BYTES + MEMORY_PER_BYTE * weight;
    let mut told = Vec::new();
    for call in calls {
        if let Some(request) = request(call) {
            told.push(ask(&router, request).await.map_err(|why| format!("{call:?}: {why}"))?);
            meter
                .check(bytes_max)
                .map_err(|why| format!("{} {}: {why}", call.method, call.path))?;
        }
    }
    tokio::time::sleep(FOLD_TIME).await;
    meter.check(bytes_max).map_err(|why| format!("after all of it: {why}"))?;
    stands(&router).await?;
    Ok(told)
}

async fn server() -> Router {
    let (clock, dice) = (Clock::start(), Dice::from_seed(1));
    let store = storage::open(&Location::Memory, [], clock, dice.fork("store")).await.unwrap();
    let node = NodeId::new("one").unwrap();
    let limits = Limits::of(SERVER_MEMORY_BYTES, FOLDS);
    let engine = Engine::new(store, clock, dice.fork("engine"), node, limits);
    let access = Access::new(&Auth::Open).unwrap();
    router(Arc::new(engine), access, clock, dice.fork("api"))
}

/// What it has to read, packed or not.
fn weight(call: &Call) -> usize {
    let coding = call.header(CONTENT_ENCODING.as_str()).unwrap_or_default().to_ascii_lowercase();
    let plain = packs::unpacked(&coding, &call.body).map_or(0, |plain| plain.len());
    call.path.len() + call.body.len() + plain
}

/// None: no client could send it.
fn request(call: &Call) -> Option<Request<Body>> {
    let method = Method::from_bytes(call.method.as_bytes()).ok()?;
    let mut request = Request::new(Body::from(call.body.clone()));
    *request.method_mut() = method;
    *request.uri_mut() = call.path.parse::<Uri>().ok()?;
    for (name, value) in &call.headers {
        let name = HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value.as_bytes())) {
            request.headers_mut().append(name, value);
        }
    }
    Some(request)
}

async fn ask(router: &Router, request: Request<Body>) -> Result<Told, String> {
    let is_head = request.method() == Method::HEAD;
    let asked = TowerToHyperService::new(router.clone()).call(request).await;
    let (parts, body) = asked.map_err(|never| never.to_string())?.into_parts();
    let body = to_bytes(body, usize::MAX).await.map_err(|error| error.to_string())?;
    let status = parts.status;
    if status.is_server_error() {
        return Err(format!("answered {status}: {}", String::from_utf8_lossy(&body)));
    }
    let words = match is_head {
        true => String::new(),
        false => words(status, &parts.headers, &body)?,
    };
    Ok(Told { status, words })
}

/// What it says, if it is what it says that it is.
fn words(status: StatusCode, headers: &HeaderMap, body: &Bytes) -> Result<String, String> {
    let header = |name: HeaderName| {
        headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    };
    let plain = packs::unpacked(header(CONTENT_ENCODING), body);
    let plain = plain.ok_or_else(|| "the answer is not packed as it says".to_owned())?;
    if header(CONTENT_TYPE) != "application/json" {
        return Ok(String::new());
    }
    // Longer than anybody unpacks here.
    let Ok(json) = serde_json::from_slice::<Value>(&plain) else {
        let is_cut = header(CONTENT_ENCODING) == "gzip" && plain.len() >= 1 << 20;
        return match is_cut {
            true => Ok("long".to_owned()),
            false => Err(format!("no JSON: {}", String::from_utf8_lossy(&plain))),
        };
    };
    if status.is_success() {
        let names: Vec<&str> =
            json.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
        return Ok(skeleton(&names.join(" ").replace('_', "")));
    }
    let text = |name: &str| json.get(name).and_then(Value::as_str);
    match (text("status"), text("code"), text("error")) {
        (Some("error"), Some(code), Some(error)) => Ok(format!("{code} {}", skeleton(error))),
        _ => Err(format!("{status} without a word of why: {json}")),
    }
}

/// Whether all is well after whatever was asked.
async fn stands(router: &Router) -> Result<(), String> {
    let get = |path: &'static str| {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = Uri::from_static(path);
        request
    };
    for path in ["/v1/namespaces", "/v2/namespaces/a/metadata"] {
        ask(router, get(path)).await.map_err(|why| format!("afterwards {path} is {why}"))?;
    }
    let figures = TowerToHyperService::new(router.clone()).call(get("/metrics")).await;
    let body = figures.map_err(|never| never.to_string())?.into_body();
    let page = to_bytes(body, usize::MAX).await.map_err(|error| error.to_string())?;
    let page = String::from_utf8_lossy(&page);
    let failed = page.lines().find_map(|line| line.strip_prefix("elacsym_folds_failed_total "));
    match failed {
        Some("0") => Ok(()),
        other => Err(format!("what was written cannot be folded: {other:?} folds failed")),
    }
}

/// A name was once copied for each row before anybody looked how long it is: a body of some megabytes
/// asked for a terabyte.
#[test]
fn a_long_name_of_a_column_is_not_copied_for_every_row() {
    let requests = Requests::of("writes", Mix { bodies: 1, heads: 0, packings: 0 }, &[]);
    let ids: Vec<String> = (0..6000).map(|id| id.to_string()).collect();
    let nulls = vec!["null"; ids.len()];
    let body = format!(
        r#"{{"upsert_columns":{{"id":[{}],"{}":[{}]}}}}"#,
        ids.join(","),
        "x".repeat(60_000),
        nulls.join(",")
    );
    let call = Call { method: "POST".into(), path: "/v2/namespaces/a".into(), ..Call::default() };
    let call = Call { body: body.into_bytes(), ..call };
    let answer = requests.judge(&script::write(&[call]));
    assert!(matches!(answer, Ok(Answer::Refused(_))), "{answer:?}");
}
