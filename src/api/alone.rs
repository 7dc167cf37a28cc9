//! A server without a socket, over a store in memory or over any other: for the tests of this room.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use axum::response::Response;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;

use super::drain::Drains;
use super::metrics::Metrics;
use super::{Access, Api, routed};
use crate::config::{Auth, Location};
use crate::engine::{Engine, Limits};
use crate::env::{Clock, Dice};
use crate::model::NodeId;
use crate::namespace::keeper::FoldAt;
use crate::storage::{self, Store, Verb};

pub(super) struct Alone {
    pub(super) api: Arc<Api>,
    store: Store,
}

impl Alone {
    pub(super) async fn start() -> Self {
        let (clock, dice) = (Clock::start(), Dice::from_seed(1));
        let store = storage::open(&Location::Memory, [], clock, dice.clone()).await.unwrap();
        Self::over(store, clock, dice)
    }

    /// Of several over one store, no two have the same dice: they would be taken for one.
    pub(super) fn over(store: Store, clock: Clock, dice: Dice) -> Self {
        let node = NodeId::new("one").unwrap();
        let limits = Limits::of(1 << 30, FoldAt { slots: 128, bytes: 1 << 20 });
        let engine = Engine::new(store.clone(), clock, dice.clone(), node, limits);
        let api = Arc::new(Api {
            engine: Arc::new(engine),
            access: Access::new(&Auth::Open).unwrap(),
            clock,
            dice: Mutex::new(dice),
            metrics: Metrics::default(),
            drains: Arc::new(Drains::default()),
        });
        Self { api, store }
    }

    /// The status and the body of the answer.
    pub(super) async fn call(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        self.call_of(routed(self.api.clone()), method, path, body).await
    }

    pub(super) async fn call_of(
        &self,
        router: Router,
        method: &str,
        path: &str,
        body: &str,
    ) -> (u16, String) {
        let request = Request::builder().method(method).uri(path);
        answer(router, request.body(Body::from(body.to_owned())).unwrap()).await
    }

    /// The same to a request with a body of any kind.
    pub(super) async fn send(&self, request: Request<Body>) -> (u16, String) {
        answer(routed(self.api.clone()), request).await
    }

    /// With the headers of the answer.
    pub(super) async fn respond(&self, request: Request<Body>) -> Response {
        respond(routed(self.api.clone()), request).await
    }

    /// How often the store was asked whether a log has grown.
    pub(super) fn probes(&self) -> u64 {
        self.store.counts().sent(Verb::Slot)
    }
}

async fn answer(router: Router, request: Request<Body>) -> (u16, String) {
    let response = respond(router, request).await;
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

async fn respond(router: Router, request: Request<Body>) -> Response {
    TowerToHyperService::new(router).call(request).await.unwrap()
}
