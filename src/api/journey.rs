//! The journey of a request through the server, whatever it asks: it has an id, its body is read
//! to the end, its answer is packed if that was asked for, and one line of the log and a few
//! counters remember it.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::FutureExt;

use super::drain::Sends;
use super::error::Refusal;
use super::metrics::{self, Route};
use super::{Api, crunch};

const REQUEST_ID: &str = "x-request-id";
pub(super) const REQUEST_ID_BYTES_MAX: usize = 128;
/// Tells the clients of v2 not to send reports of their own.
const TELEMETRY: &str = "x-turbopuffer-client-telemetry-sample-rate";
/// What is smaller fits into one packet as it is.
const PACK_BYTES_MIN: usize = 1024;

/// By which a request is found in the log. Whoever handles it may write lines of their own.
#[derive(Clone, Debug, Default)]
pub(super) struct RequestId(Arc<str>);

impl RequestId {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

pub(super) async fn record(State(api): State<Arc<Api>>, request: Request, next: Next) -> Response {
    let mut visit = Visit::of(&api, &request);
    let takes_gzip = takes_gzip(request.headers());
    let sends = match request.headers().contains_key(header::EXPECT) {
        true => Sends::WhenAsked,
        false => Sends::AtOnce,
    };
    let mut request = request.map(|body| api.drains.wrap(body, sends));
    request.extensions_mut().insert(visit.id.clone());
    // A client learns nothing from a connection that is closed, and who watches the server even
    // less. What the handler shared is as whole as after any other end of it: locks here outlive a
    // panic.
    let answered = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    let mut response =
        answered.unwrap_or_else(|panic| Refusal::panicked(last_words(&*panic)).into_response());
    let refusal = response.extensions_mut().remove::<Refusal>();
    if let Some(refusal) = &refusal {
        response = refusal.render(visit.id.as_str());
    }
    if takes_gzip {
        response = pack(response).await;
    }
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(visit.id.as_str()) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(TELEMETRY, HeaderValue::from_static("0"));
    visit.end(response.status(), refusal.as_ref());
    response
}

/// What a panic says, which is a text but for the oddest of them.
fn last_words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("a handler panicked: {}", text.unwrap_or("it did not say why"))
}

/// A request from its head to its answer. If it is dropped before, the client went away.
struct Visit {
    api: Arc<Api>,
    id: RequestId,
    path: String,
    route: Option<Route>,
    began: Duration,
}

impl Visit {
    fn of(api: &Arc<Api>, request: &Request) -> Self {
        api.metrics.begin();
        let shown = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok());
        let is_plain = |id: &&str| {
            (1..=REQUEST_ID_BYTES_MAX).contains(&id.len())
                && id.bytes().all(|byte| byte.is_ascii_graphic())
        };
        let id = match shown.filter(is_plain) {
            Some(id) => RequestId(id.into()),
            None => RequestId(format!("{:032x}", api.draw()).into()),
        };
        let matched = request.extensions().get::<MatchedPath>();
        let path = matched.map_or("none", MatchedPath::as_str).to_owned();
        let route = Route { method: metrics::method(request.method()), path };
        Self {
            api: api.clone(),
            id,
            path: request.uri().path().to_owned(),
            route: Some(route),
            began: api.clock.now(),
        }
    }

    fn end(&mut self, status: StatusCode, refusal: Option<&Refusal>) {
        let Some(route) = self.route.take() else { return };
        let took = self.api.clock.now().saturating_sub(self.began);
        let (method, path, id) = (route.method, &self.path, self.id.as_str());
        let (status, ms) = (status.as_u16(), millis(took));
        match refusal {
            None => tracing::info!(method, path, status, ms, request_id = id, "answered"),
            Some(refusal) => {
                let (code, story) = (refusal.code(), refusal.story());
                if !refusal.is_ours() {
                    tracing::info!(
                        method,
                        path,
                        status,
                        ms,
                        request_id = id,
                        code,
                        story,
                        "refused"
                    );
                } else {
                    tracing::error!(
                        method,
                        path,
                        status,
                        ms,
                        request_id = id,
                        code,
                        story,
                        "failed"
                    );
                }
            }
        }
        self.api.metrics.end(route, status, took);
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        if let Some(route) = self.route.take() {
            self.api.metrics.leave();
            tracing::info!(
                method = route.method,
                path = self.path,
                request_id = self.id.as_str(),
                "the client went away"
            );
        }
    }
}

/// With three digits behind the point, or fewer.
fn millis(took: Duration) -> f64 {
    took.as_micros() as f64 / 1000.0
}

/// Only who asks for it by name is answered so: to some clients anything else is a surprise.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let codings = headers.get_all(header::ACCEPT_ENCODING).iter();
    let codings = codings.filter_map(|value| value.to_str().ok());
    codings.flat_map(|value| value.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().strip_prefix("q=").map(|weight| weight.parse::<f32>());
        name.trim().eq_ignore_ascii_case("gzip") && !matches!(weight, Some(Ok(0.0)))
    })
}

async fn pack(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    // A body of ours is whole and has no way to fail.
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    if bytes.len() <= PACK_BYTES_MIN {
        return Response::from_parts(parts, Body::from(bytes));
    }
    let plain = bytes.clone();
    let packed = match crunch(bytes.len(), move || gzip(&plain)).await {
        Ok(packed) => packed,
        Err(_) => return Response::from_parts(parts, Body::from(bytes)),
    };
    parts.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    parts.headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(packed))
}

fn gzip(bytes: &Bytes) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    std::io::Write::write_all(&mut encoder, bytes)?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    use axum::Router;
    use axum::middleware::from_fn_with_state;
    use axum::routing::get;

    use crate::api::alone::Alone;

    #[test]
    fn a_line_of_the_log_has_milliseconds_to_the_microsecond() {
        for (nanos, told) in [(78_406, "0.078"), (100_000, "0.1"), (30_000_000_999, "30000")] {
            assert_eq!(millis(Duration::from_nanos(nanos)).to_string(), told);
        }
    }

    #[test]
    fn gzip_is_taken_by_who_names_it() {
        for (value, expected) in [
            ("gzip", true),
            ("br, GZIP;q=0.5", true),
            ("gzip, deflate, br, zstd", true),
            ("identity", false),
            ("*", false),
            ("gzip;q=0", false),
            ("gzip; q=0.0", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, value.parse().unwrap());
            assert_eq!(takes_gzip(&headers), expected, "{value}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }

    /// Once the connection was closed, and the log said that the client had gone away.
    #[tokio::test]
    async fn a_panic_of_a_handler_is_answered_and_counted_as_ours() {
        async fn broken() -> StatusCode {
            panic!("of the handler")
        }
        let alone = Alone::start().await;
        let router: Router = Router::new()
            .route("/broken", get(broken))
            .layer(from_fn_with_state(alone.api.clone(), record));
        let (status, body) = alone.call_of(router, "GET", "/broken", "").await;
        assert_eq!(status, 500, "{body}");
        assert!(body.contains("\"code\":\"internal\"") && !body.contains("handler"), "{body}");
        let page = metrics::page(&alone.api.metrics.figures());
        for line in ["route=\"/broken\",status=\"500\"} 1\n", "requests_left_total 0\n"] {
            assert!(page.contains(line), "{line} is not in\n{page}");
        }
    }

    #[test]
    fn a_panic_says_something_or_nothing() {
        let words = |panic: Box<dyn Any + Send>| last_words(&*panic);
        assert_eq!(words(Box::new("a")), "a handler panicked: a");
        assert_eq!(words(Box::new("b".to_owned())), "a handler panicked: b");
        assert_eq!(words(Box::new(7)), "a handler panicked: it did not say why");
    }

    #[tokio::test]
    async fn what_is_small_is_sent_as_it_is() {
        let small = pack(Response::new(Body::from(vec![b'x'; 1024]))).await;
        assert!(!small.headers().contains_key("content-encoding"));
        let large = pack(Response::new(Body::from(vec![b'x'; 1025]))).await;
        assert_eq!(large.headers()["content-encoding"], "gzip");
        let packed = to_bytes(large.into_body(), usize::MAX).await.unwrap();
        let mut unpacked = Vec::new();
        let mut decoder = flate2::read::GzDecoder::new(&packed[..]);
        std::io::Read::read_to_end(&mut decoder, &mut unpacked).unwrap();
        assert_eq!(unpacked, vec![b'x'; 1025]);
    }
}
