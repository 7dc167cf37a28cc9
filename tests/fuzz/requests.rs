//! Requests to a server in memory: a few in a row, to one that knows of nothing before the first.
//!
//! Whatever is asked, there is no panic, and the answer is as `server` has it. It takes memory in
//! proportion to what was sent and to what is answered, and so does the fold of what was written, which
//! must not fail. Afterwards the server still answers.

use axum::body::Body;
use axum::http::header::CONTENT_ENCODING;
use axum::http::{HeaderName, HeaderValue, Method, Request, Uri};
use elacsym::config::Auth;
use tokio::time::sleep;

use crate::corpus::Corpus;
use crate::memory::Meter;
use crate::random::Random;
use crate::script::{self, Call};
use crate::server::{self, FOLD_TIME, Server, Told};
use crate::target::{Answer, Target};
use crate::{heads, json, packs};

const CALLS_MAX: usize = 8;
/// What a server takes by itself, a fold among it.
const MEMORY_BYTES: usize = 64 << 20;
/// A document of ten bytes is a row, an entry of an index and a few copies.
const MEMORY_PER_BYTE: usize = 400;
/// Of an answer: few words may ask for many buckets. It is held, printed, and read here as a tree of JSON,
/// which takes most of it.
const MEMORY_PER_ANSWERED_BYTE: usize = 128;

/// What of a script is bent, in parts of the whole; and how much at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mix {
    pub(crate) bodies: usize,
    pub(crate) heads: usize,
    pub(crate) packings: usize,
    /// Things about a body. Where all that stands there has a meaning, more than one is seldom answered.
    pub(crate) most: usize,
}

pub(crate) struct Requests {
    name: &'static str,
    mix: Mix,
    /// Others whose corpora it begins with, too.
    borrowed: &'static [&'static str],
    /// It begins with these, too.
    inputs: Vec<Vec<u8>>,
    /// The last of these that the last request has is told, if all were obeyed.
    words: Vec<&'static str>,
}

impl Requests {
    pub(crate) fn of(name: &'static str, mix: Mix, borrowed: &'static [&'static str]) -> Self {
        Self { name, mix, borrowed, inputs: Vec::new(), words: Vec::new() }
    }

    pub(crate) fn asking(self, inputs: Vec<Vec<u8>>, words: Vec<&'static str>) -> Self {
        Self { inputs, words, ..self }
    }

    fn spoken_in(&self, call: &Call) -> String {
        let body = String::from_utf8_lossy(&call.body);
        let has = |word: &&&str| body.contains(&format!("\"{word}\""));
        self.words.iter().rfind(has).map(|word| spoken(word)).unwrap_or_default()
    }

    fn bend_call(&self, random: &mut Random, call: &mut Call, donor: &Call) {
        let Mix { bodies, heads, packings, most } = self.mix;
        let dealt = random.below(bodies + heads + packings);
        if dealt < bodies {
            json::bend_body(random, most, &mut call.body, &donor.body);
        } else if dealt < bodies + heads {
            heads::bend(random, call, donor);
        } else {
            let below = |random: &mut Random, body: &mut Vec<u8>| {
                json::bend_body(random, most, body, &donor.body);
            };
            packs::bend(random, call, below);
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
        inputs.map(|(_, input)| input).chain(self.inputs.iter().cloned()).collect()
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
                for _ in 0..=random.below(self.mix.most.min(2)) {
                    self.bend_call(random, &mut calls[at], &donor);
                }
            }
        }
        calls.truncate(CALLS_MAX);
        script::write(&calls)
    }

    fn judge(&self, input: &[u8]) -> Result<Answer, String> {
        let calls = script::read(input);
        let mut answers = server::runtime().block_on(play(&calls))?;
        let is_accepted = answers.iter().all(|answer| answer.status.is_success());
        // It is for the last one's sake that the others are there.
        let Some(last) = answers.pop() else {
            return Ok(Answer::Refused("no request".to_owned()));
        };
        let words = format!("answered {} {}", last.status.as_u16(), last.words);
        match is_accepted {
            true => Ok(Answer::Accepted(words + &self.spoken_in(&calls[calls.len() - 1]))),
            false => Ok(Answer::Refused(words)),
        }
    }
}

/// How an answer tells the word of a request.
pub(crate) fn spoken(word: &str) -> String {
    format!(" <{word}>")
}

async fn play(calls: &[Call]) -> Result<Vec<Told>, String> {
    let server = Server::start(&Auth::Open).await;
    let meter = Meter::start();
    let weight: usize = calls.iter().map(weight).sum();
    let mut bytes_max = MEMORY_BYTES + MEMORY_PER_BYTE * weight;
    let mut told = Vec::new();
    for call in calls {
        if let Some(request) = request(call) {
            let answered = server.ask(request).await;
            let (answer, _) = answered.map_err(|why| format!("{call:?}: {why}"))?;
            bytes_max += MEMORY_PER_ANSWERED_BYTE * answer.bytes;
            told.push(answer);
            meter
                .check(bytes_max)
                .map_err(|why| format!("{} {}: {why}", call.method, call.path))?;
        }
    }
    sleep(FOLD_TIME).await;
    meter.check(bytes_max).map_err(|why| format!("after all of it: {why}"))?;
    server.stands().await?;
    Ok(told)
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

/// A name was once copied for each row before anybody looked how long it is: a body of some megabytes
/// asked for a terabyte.
#[test]
fn a_long_name_of_a_column_is_not_copied_for_every_row() {
    let requests = Requests::of("writes", Mix { bodies: 1, heads: 0, packings: 0, most: 3 }, &[]);
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
