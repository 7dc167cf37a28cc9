//! The `Authorization` of requests to a server that has keys. An input is the header, or a few of them,
//! a line each.
//!
//! Every door opens to the right key, as its first header shows it, and to nothing else; only whether the
//! server lives is told to anybody.

use axum::body::Body;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderValue, Method, Request, StatusCode};
use elacsym::config::{Auth, Config, Inputs};
use tokio::runtime::Runtime;

use crate::random::Random;
use crate::server::{self, Server};
use crate::target::{Answer, Target};
use crate::{bend, memory};

/// One is the beginning of another.
const KEYS: [&str; 3] = ["secret", "secretly", "k"];
const MEMORY_BYTES: usize = 1 << 20;
const MEMORY_PER_BYTE: usize = 64;
/// Whoever comes in changes nothing, and is answered anything but 401.
const DOORS: [(Method, &str, &str); 4] = [
    (Method::GET, "/v1/namespaces", ""),
    (Method::POST, "/v1/namespaces/a/query", "{}"),
    (Method::GET, "/v2/namespaces/a/metadata", ""),
    (Method::POST, "/v2/namespaces/a", r#"{"upsert_rows":1}"#),
];
const OPEN_DOOR: &str = "/livez";

const SEEDS: &[&str] = &[
    "Bearer secret",
    "bearer  secretly ",
    "BEARER k",
    "Bearer secre",
    "Bearer secrets",
    "Bearer other",
    "Bearer",
    "Basic secret",
    "Bearer other\nBearer secret",
];

/// Nothing that is asked here changes it, so all inputs meet the same server.
pub(crate) struct Doors {
    runtime: Runtime,
    server: Server,
}

impl Doors {
    pub(crate) fn with_keys() -> Self {
        let env = vec![("ELACSYM_API_KEYS".into(), KEYS.join(",").into())];
        let config = Config::load(&Inputs { file: None, env, flags: Vec::new() }).unwrap();
        assert!(matches!(config.auth, Auth::Keys(_)), "there are keys");
        let runtime = server::runtime();
        let server = runtime.block_on(Server::start(&config.auth));
        Self { runtime, server }
    }

    async fn knock(
        &self,
        mut request: Request<Body>,
        lines: &[HeaderValue],
    ) -> Result<StatusCode, String> {
        for line in lines {
            request.headers_mut().append(AUTHORIZATION, line.clone());
        }
        Ok(self.server.ask(request).await?.0.status)
    }

    async fn go_round(&self, lines: &[HeaderValue]) -> Result<Answer, String> {
        let alive = server::request(Method::GET, OPEN_DOOR, Vec::new());
        let alive = self.knock(alive, lines).await?;
        if alive != StatusCode::OK {
            return Err(format!("{OPEN_DOOR} is answered {alive}"));
        }
        let comes_in = lines.first().is_some_and(|line| shows_key(line.as_bytes()));
        for (method, path, body) in DOORS {
            let request = server::request(method, path, body.into());
            let status = self.knock(request, lines).await?;
            if comes_in == (status == StatusCode::UNAUTHORIZED) {
                return Err(format!("{path} is answered {status} to {lines:?}"));
            }
        }
        match comes_in {
            true => Ok(Answer::Accepted("let in".to_owned())),
            false => Ok(Answer::Refused(lack(lines).to_owned())),
        }
    }
}

impl Target for Doors {
    fn name(&self) -> &'static str {
        "doors"
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        SEEDS.iter().map(|seed| seed.as_bytes().to_vec()).collect()
    }

    fn bend(&self, random: &mut Random, input: &[u8], other: &[u8]) -> Vec<u8> {
        if random.percent(10) {
            return [input, b"\n", other].concat();
        }
        bend::times(2, random, (input, other), bend::text)
    }

    fn judge(&self, input: &[u8]) -> Result<Answer, String> {
        let lines = input.split(|byte| *byte == b'\n').filter(|_| !input.is_empty());
        // What is no value of a header, no client could send.
        let lines: Vec<HeaderValue> =
            lines.filter_map(|line| HeaderValue::from_bytes(line).ok()).collect();
        let bytes_max = MEMORY_BYTES + MEMORY_PER_BYTE * input.len();
        memory::bounded(bytes_max, || self.runtime.block_on(self.go_round(&lines)))?
    }
}

/// The scheme in any case, a space, and a key as it is but for what is white around it.
fn shows_key(line: &[u8]) -> bool {
    shown(line).is_some_and(|key| KEYS.iter().any(|its| its.as_bytes() == key))
}

/// None: of another scheme.
fn shown(line: &[u8]) -> Option<&[u8]> {
    let space = line.iter().position(|byte| *byte == b' ')?;
    let (scheme, key) = line.split_at(space);
    scheme.eq_ignore_ascii_case(b"bearer").then(|| key.trim_ascii())
}

/// Why nobody is let in with these.
fn lack(lines: &[HeaderValue]) -> &'static str {
    let Some((first, rest)) = lines.split_first() else { return "without a header" };
    if rest.iter().any(|line| shows_key(line.as_bytes())) {
        return "the right key comes too late";
    }
    let Some(key) = shown(first.as_bytes()) else { return "another scheme" };
    if key.is_empty() {
        "no key"
    } else if KEYS.iter().any(|its| its.as_bytes().starts_with(key)) {
        "a part of a key"
    } else if KEYS.iter().any(|its| key.starts_with(its.as_bytes())) {
        "more than a key"
    } else {
        "another key"
    }
}

#[test]
fn a_door_opens_to_the_right_key_alone() {
    let doors = Doors::with_keys();
    for (input, lacks) in [
        ("", "without a header"),
        ("Bearer", "another scheme"),
        ("Basic secret", "another scheme"),
        ("Bearer ", "no key"),
        ("Bearer secre", "a part of a key"),
        ("Bearer secret secretly", "more than a key"),
        ("Bearer SECRET", "another key"),
        ("Bearer other\nBearer secret", "the right key comes too late"),
    ] {
        let answer = doors.judge(input.as_bytes());
        assert_eq!(answer, Ok(Answer::Refused(lacks.to_owned())), "{input:?}");
    }
    for input in ["Bearer secret", "bEARER \t k ", "Bearer secretly\nBearer other"] {
        let answer = doors.judge(input.as_bytes());
        assert_eq!(answer, Ok(Answer::Accepted("let in".to_owned())), "{input:?}");
    }
}
