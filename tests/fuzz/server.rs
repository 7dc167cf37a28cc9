//! A server in memory, asked without a socket.
//!
//! Whatever is asked, the answer is not our fault: nothing above 499, and what says that it is JSON is
//! JSON. Time stands still but for timers, so nothing depends on how fast the machine is.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, Method, Request, StatusCode, Uri};
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
use tokio::runtime::{Builder, Runtime};

use crate::packs;
use crate::target::skeleton;

/// Two commits of one name are folded.
const FOLDS: FoldAt = FoldAt { slots: 2, bytes: 1 << 20 };
const MEMORY_BYTES: u64 = 1 << 30;
/// By then, what was written is folded. Time that stands still goes by at once.
pub(crate) const FOLD_TIME: Duration = Duration::from_secs(2);

pub(crate) struct Server(Router);

/// What a request was answered.
pub(crate) struct Told {
    pub(crate) status: StatusCode,
    pub(crate) words: String,
    /// How long it is, unpacked.
    pub(crate) bytes: usize,
}

pub(crate) fn runtime() -> Runtime {
    // All that a server does is done on the thread that counts its memory.
    env::block_inline();
    Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

impl Server {
    pub(crate) async fn start(auth: &Auth) -> Self {
        let (clock, dice) = (Clock::start(), Dice::from_seed(1));
        let store = storage::open(&Location::Memory, [], clock, dice.fork("store")).await.unwrap();
        let node = NodeId::new("one").unwrap();
        let limits = Limits::of(MEMORY_BYTES, FOLDS);
        let engine = Engine::new(store, clock, dice.fork("engine"), node, limits);
        let access = Access::new(auth).unwrap();
        Self(router(Arc::new(engine), access, clock, dice.fork("api")))
    }

    /// Beside the answer is its JSON, or null.
    pub(crate) async fn ask(&self, request: Request<Body>) -> Result<(Told, Value), String> {
        let is_head = request.method() == Method::HEAD;
        let asked = TowerToHyperService::new(self.0.clone()).call(request).await;
        let (parts, body) = asked.map_err(|never| never.to_string())?.into_parts();
        let body = to_bytes(body, usize::MAX).await.map_err(|error| error.to_string())?;
        let status = parts.status;
        if status.is_server_error() {
            return Err(format!("answered {status}: {}", String::from_utf8_lossy(&body)));
        }
        if is_head {
            return Ok((Told { status, words: String::new(), bytes: 0 }, Value::Null));
        }
        let plain = packs::unpacked(header(&parts.headers, CONTENT_ENCODING), &body);
        let plain = plain.ok_or_else(|| "the answer is not packed as it says".to_owned())?;
        let (words, json) = words(status, &parts.headers, &plain)?;
        Ok((Told { status, words, bytes: plain.len() }, json))
    }

    /// Whether all is well after whatever was asked.
    pub(crate) async fn stands(&self) -> Result<(), String> {
        for path in ["/v1/namespaces", "/v2/namespaces/a/metadata"] {
            let asked = self.ask(request(Method::GET, path, Vec::new())).await;
            asked.map_err(|why| format!("afterwards {path} is {why}"))?;
        }
        match self.figure("elacsym_folds_failed_total").await?.as_deref() {
            Some("0") => Ok(()),
            other => Err(format!("what was written cannot be folded: {other:?} folds failed")),
        }
    }

    pub(crate) async fn figure(&self, name: &str) -> Result<Option<String>, String> {
        let asked = request(Method::GET, "/metrics", Vec::new());
        let figures = TowerToHyperService::new(self.0.clone()).call(asked).await;
        let body = figures.map_err(|never| never.to_string())?.into_body();
        let page = to_bytes(body, usize::MAX).await.map_err(|error| error.to_string())?;
        let page = String::from_utf8_lossy(&page);
        let value = |line: &str| Some(line.strip_prefix(name)?.strip_prefix(' ')?.to_owned());
        Ok(page.lines().find_map(value))
    }
}

pub(crate) fn request(method: Method, path: &'static str, body: Vec<u8>) -> Request<Body> {
    let mut request = Request::new(Body::from(body));
    *request.method_mut() = method;
    *request.uri_mut() = Uri::from_static(path);
    request
}

fn header(headers: &HeaderMap, name: HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// What it says, if it is what it says that it is; and its JSON.
fn words(status: StatusCode, headers: &HeaderMap, plain: &[u8]) -> Result<(String, Value), String> {
    if header(headers, CONTENT_TYPE) != "application/json" {
        return Ok(Default::default());
    }
    // Longer than anybody unpacks here.
    let Ok(json) = serde_json::from_slice::<Value>(plain) else {
        let is_cut = header(headers, CONTENT_ENCODING) == "gzip" && plain.len() >= 1 << 20;
        return match is_cut {
            true => Ok(("long".to_owned(), Value::Null)),
            false => Err(format!("no JSON: {}", String::from_utf8_lossy(plain))),
        };
    };
    if status.is_success() {
        let names: Vec<&str> =
            json.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
        return Ok((skeleton(&names.join(" ").replace('_', "")), json));
    }
    let text = |name: &str| json.get(name).and_then(Value::as_str);
    match (text("status"), text("code"), text("error")) {
        (Some("error"), Some(code), Some(error)) => {
            Ok((format!("{code} {}", skeleton(error)), json))
        }
        _ => Err(format!("{status} without a word of why: {json}")),
    }
}
