//! The only home of HTTP and JSON: two wire contracts over one engine, chosen by the path. Under
//! `/v2/` is the turbopuffer contract, with those of its paths that begin with `/v1/`; the rest of
//! `/v1/` is our own.
//!
//! A connection is let in by `listener`, over TLS by `tls`, and has its limits in `connection`. A
//! request goes through `journey` (id, log, metrics, packing), then `access` (whose key, by `rights`
//! what it needs, by `holder` whether and how much of it they may), then a handler of a contract,
//! which reads a body (`body`), turns it into words of the model and asks the engine. What is refused
//! anywhere is a `Refusal` and has its one home in `error`; `limits` is the table of all that is
//! limited, and `openapi` tells both contracts to whoever asks.

mod access;
mod aggregation;
#[cfg(test)]
mod alone;
mod audit;
mod body;
mod connection;
mod deadline;
mod drain;
mod error;
#[cfg(test)]
mod fates;
mod followed;
mod full_text;
mod health;
mod holder;
mod journey;
mod json;
pub mod limits;
mod listener;
mod meter;
mod metrics;
mod openapi;
mod pulse;
mod rights;
mod sheet;
mod tls;
mod uri;
mod v1;
mod v2;

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use serde::Serialize;

pub use access::Access;
pub use listener::{listen, serve};
pub use rights::{Need, ROUTES, Route};
pub use tls::Tls;

use crate::engine::{Engine, Entered};
use crate::env::{Clock, Dice, blocking};
use crate::error::Error;
use crate::memory::{Memory, Share};
use crate::model::Namespace;
use deadline::{Deadline, WRITE_TIME_MAX};
use drain::Drains;
use error::{Again, Refusal};
use metrics::Metrics;

const IDEMPOTENCY_KEY: &str = "idempotency-key";
const IDEMPOTENCY_KEY_BYTES_MAX: usize = 255;
/// Bodies above this are read and written away from the threads that wait on the network.
const CRUNCH_BYTES_MIN: usize = 256 << 10;
/// What a row of an answer may come to: a vector is a few thousand bytes.
const ROW_BYTES: usize = 4096;

/// What every handler shares.
struct Api {
    engine: Arc<Engine>,
    access: Access,
    clock: Clock,
    dice: Mutex<Dice>,
    metrics: Metrics,
    drains: Arc<Drains>,
}

impl Api {
    /// For the id of a request.
    fn draw(&self) -> u128 {
        self.dice.lock().unwrap_or_else(PoisonError::into_inner).draw()
    }
}

pub fn router(engine: Arc<Engine>, access: Access, clock: Clock, dice: Dice) -> Router {
    routed(Arc::new(Api {
        engine,
        access,
        clock,
        dice: Mutex::new(dice),
        metrics: Metrics::default(),
        drains: Arc::default(),
    }))
}

fn routed(api: Arc<Api>) -> Router {
    Router::new()
        .merge(v2::routes())
        .merge(v1::routes())
        .merge(health::routes())
        .route_layer(from_fn_with_state(api.clone(), access::guard))
        .fallback(|| async { Refusal::no_such_path() })
        .method_not_allowed_fallback(|| async { Refusal::wrong_method() })
        .layer(from_fn_with_state(api.clone(), journey::record))
        .with_state(api)
}

/// What `make` makes of a body, and the memory that it takes until it is done with: it may wait long to
/// be done.
async fn understood<T: Send + 'static>(
    api: &Api,
    request: Request,
    deadline: Deadline,
    make: impl FnOnce(&[u8]) -> Result<T, Refusal> + Send + 'static,
) -> Result<(T, Share), Refusal> {
    let body = deadline.reading(body::read(request, api.engine.memory())).await?;
    let read = crunch(body.len(), move || Ok((make(&body)?, body.into_share())));
    deadline.making(read).await
}

/// The same of a write, which is let in first: of those who are sent away nothing is made. The engine counts
/// what it is given to write. `refused` tells an error in the words of a contract.
async fn understood_write<T: Send + 'static>(
    api: &Api,
    name: &Namespace,
    request: Request,
    deadline: Deadline,
    make: impl FnOnce(&[u8]) -> Result<T, Refusal> + Send + 'static,
    refused: impl FnOnce(Error) -> Refusal,
) -> Result<(T, Option<Entered>), Refusal> {
    let body = deadline.reading(body::read(request, api.engine.memory())).await?;
    let entered = api.engine.admit(name).map_err(refused)?;
    let made = deadline.making(crunch(body.len(), move || make(&body))).await?;
    Ok((made, entered))
}

/// Of documents, which are printed while others are served.
async fn printed(
    api: &Api,
    rows: usize,
    deadline: Deadline,
    print: impl FnOnce(&Memory) -> Result<Response, Refusal> + Send + 'static,
) -> Result<Response, Refusal> {
    let memory = api.engine.memory().clone();
    let print = crunch(rows * ROW_BYTES, move || print(&memory));
    deadline.computing(print).await?
}

/// Ends a namespace, as both contracts do.
async fn end(
    api: &Api,
    name: &Namespace,
    uri: &Uri,
    refused: impl FnOnce(Error) -> Refusal,
) -> Result<(), Refusal> {
    uri::refuse_unbuilt(uri, "purge")?;
    let deadline = Deadline::start(api.clock, WRITE_TIME_MAX);
    // Twice, the second would end whatever came by that name in between.
    deadline.writing(api.engine.delete(name), Again::Unsafe, refused).await
}

fn json_answer(status: StatusCode, value: &impl Serialize) -> Result<Response, Refusal> {
    let json = serde_json::to_vec(value)
        .map_err(|error| Refusal::internal(format!("the answer cannot be written: {error}")))?;
    Ok(json_response(status, Body::from(json)))
}

fn json_response(status: StatusCode, json: Body) -> Response {
    let mut response = Response::new(json);
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let key = value.to_str().unwrap_or_default();
    if (1..=IDEMPOTENCY_KEY_BYTES_MAX).contains(&key.len()) {
        return Ok(Some(key.to_owned()));
    }
    Err(Refusal::invalid(format!(
        "the header Idempotency-Key has 1 to {IDEMPOTENCY_KEY_BYTES_MAX} characters of ASCII"
    )))
}

/// Work that takes as long as these bytes are many.
async fn crunch<T: Send + 'static>(bytes: usize, work: impl FnOnce() -> T + Send + 'static) -> T {
    if bytes < CRUNCH_BYTES_MIN { work() } else { blocking(work).await }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::alone::Alone;
    use super::*;
    use crate::config::Location;
    use crate::model::Given;
    use crate::storage::{self, Pace};

    /// Looks that come later than those of whoever counts.
    const LATE: Pace = Pace { get: Duration::from_secs(2), ..Pace::NONE };
    const VALUES: usize = 100_000;

    /// Of bodies that are read at once each has its memory. Of those that wait it would be forgotten.
    #[tokio::test(start_paused = true)]
    async fn what_is_made_of_a_question_is_counted_until_it_is_answered() {
        let (clock, dice) = (Clock::start(), Dice::from_seed(1));
        let opened = storage::open_slow(&Location::Memory, [], clock, dice.clone(), LATE).await;
        let alone = Alone::over(opened.unwrap().0, clock, dice);
        let row = r#"{"upsert_rows":[{"id":1,"v":[1,0]}],"schema":{"v":{"type":"[2]f32","ann":true}},
            "distance_metric":"cosine_distance"}"#;
        assert_eq!(alone.call("POST", "/v2/namespaces/a", row).await.0, 200);
        let memory = alone.api.engine.memory();
        let many = ["1"; VALUES].join(",");
        let filter = format!(r#""filters":["id","In",[{many}]]"#);
        let ask = format!(r#"{{"rank_by":["id","asc"],"limit":1,{filter}}}"#);
        let measure = format!(r#"{{"num":1,"top_k":1,{filter}}}"#);
        let own = format!(r#"{{"filter":{{"field":"id","op":"in","value":[{many}]}}}}"#);
        for (path, body) in [
            ("/v2/namespaces/a/query", &ask),
            ("/v2/namespaces/a/explain_query", &ask),
            ("/v1/namespaces/a/_debug/recall", &measure),
            ("/v1/namespaces/a/query", &own),
        ] {
            let before = memory.used();
            let count = async {
                tokio::time::sleep(LATE.get / 2).await;
                memory.used() - before
            };
            let ((status, told), waiting) = tokio::join!(alone.call("POST", path, body), count);
            assert_eq!(status, 200, "{path}: {told}");
            assert!(waiting >= (VALUES * size_of::<Given>()) as u64, "{path}: {waiting}");
            assert_eq!(memory.used(), before, "{path}");
        }
    }

    #[test]
    fn a_key_of_a_request_is_short_and_plain() {
        let of = |value: HeaderValue| {
            let mut headers = HeaderMap::new();
            headers.insert(IDEMPOTENCY_KEY, value);
            idempotency_key(&headers)
        };
        assert_eq!(idempotency_key(&HeaderMap::new()), Ok(None));
        assert_eq!(of(HeaderValue::from_static("k 1")), Ok(Some("k 1".to_owned())));
        assert!(of(HeaderValue::from_static("")).is_err());
        assert!(of(HeaderValue::from_str(&"k".repeat(256)).unwrap()).is_err());
        assert!(of(HeaderValue::from_bytes(&[0xff]).unwrap()).is_err());
    }
}
