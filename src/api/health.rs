//! Whether the node lives, whether it should be sent requests, and its figures. None of these asks
//! for a key: they are asked by what starts, watches and balances, and name nobody's data, nor any
//! key.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use serde::Serialize;

use super::error::{Contract, Refusal};
use super::tls::{self, Tls};
use super::{Api, followed, json_answer, metrics, uri};

pub(super) fn routes() -> Router<Arc<Api>> {
    Router::new()
        .route("/livez", get(alive))
        .route("/healthz", get(alive))
        .route("/health", get(alive))
        .route("/readyz", get(ready))
        .route("/metrics", get(figures))
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
}

/// Who can say so is alive.
async fn alive() -> Result<Response, Refusal> {
    json_answer(StatusCode::OK, &Health { status: "ok" })
}

/// Asked plainly, what was found out of the store within the last second will do. Asked deeply, the
/// store is asked once more.
async fn ready(State(api): State<Arc<Api>>, uri: Uri) -> Result<Response, Refusal> {
    let ready = match uri::asks_for(&uri, "deep") {
        true => api.engine.ready_anew().await,
        false => api.engine.ready().await,
    };
    ready.map_err(|error| Contract::V2.refuse(&error))?;
    json_answer(StatusCode::OK, &Health { status: "ready" })
}

/// A connection over TLS brings what it comes by.
async fn figures(State(api): State<Arc<Api>>, tls: Option<Extension<Tls>>) -> Response {
    let mut figures = api.metrics.figures();
    figures.extend(api.engine.figures());
    let tls = tls.as_ref().map(|Extension(tls)| tls);
    figures.push(tls::figure(tls));
    let followed: Vec<_> =
        api.access.followed().into_iter().chain(tls.map(Tls::followed)).collect();
    figures.extend(followed::figures(&followed));
    let mut response = metrics::page(&figures).into_response();
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
