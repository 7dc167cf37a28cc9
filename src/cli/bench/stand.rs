//! A server to measure: in this process, over a store, behind a socket of this machine; or one that
//! runs already, of which less is known and nothing is stopped.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::ground::{Ground, Opened};
use super::line::{Address, Line};
use super::scrape::Scrape;
use super::scratch::Scratch;
use crate::api::{self, Access};
use crate::config::Auth;
use crate::engine::{Engine, Limits};
use crate::env::{Clock, Dice};
use crate::error::{Error, Result};
use crate::model::NodeId;
use crate::storage::{Pace, Store, Trip, Trips};

/// For requests that are under way, and then for names to be let go.
const SETTLE_MAX: Duration = Duration::from_secs(5);
const LEAVE_MAX: Duration = Duration::from_secs(60);
/// Between two looks at what a server tells of itself.
const GLANCE: Duration = Duration::from_millis(20);

pub(super) struct Stand {
    address: Address,
    clock: Clock,
    pace: Option<Pace>,
    /// What the names of this stand begin with, and no others.
    run: String,
    made: Vec<String>,
    /// None: the server is somebody else's.
    own: Option<Own>,
}

struct Own {
    store: Store,
    trips: Trips,
    limits: Limits,
    /// None while it is started again.
    server: Option<Server>,
    _scratch: Option<Scratch>,
}

struct Server {
    engine: Arc<Engine>,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<Result<()>>,
}

impl Stand {
    /// `vars` are those by which a bucket is reached.
    pub(super) async fn open(
        ground: &Ground,
        vars: &[(String, String)],
        clock: Clock,
        limits: Limits,
    ) -> Result<Self> {
        let run = format!("bench-{:016x}", Dice::from_os().draw() as u64);
        let (address, own) = match ground.open(&run, vars, clock).await? {
            Opened::Server(address) => (address, None),
            Opened::Store { store, trips, scratch } => {
                let (address, server) = Server::start(&store, limits, clock).await?;
                let server = Some(server);
                (address, Some(Own { store, trips, limits, server, _scratch: scratch }))
            }
        };
        Ok(Self { address, clock, pace: ground.pace(), run, made: Vec::new(), own })
    }

    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    pub(super) fn clock(&self) -> Clock {
        self.clock
    }

    /// What stands behind the socket. None: the server is not ours.
    pub(super) fn engine(&self) -> Option<&Arc<Engine>> {
        self.own.as_ref()?.server.as_ref().map(|server| &server.engine)
    }

    /// What a request to the store takes, where that is known.
    pub(super) fn pace(&self) -> Option<Pace> {
        self.pace
    }

    /// The name of a namespace that nobody has used.
    pub(super) fn fresh(&mut self, word: &str) -> String {
        let name = format!("{}-{word}-{}", self.run, self.made.len());
        self.made.push(name.clone());
        name
    }

    pub(super) async fn scrape(&self) -> Result<Scrape> {
        Scrape::of(&self.address).await
    }

    /// What goes to the store from now on is remembered, if the store is ours.
    pub(super) fn record(&self) {
        if let Some(own) = &self.own {
            own.trips.record();
        }
    }

    /// What was recorded. None: the store is not ours.
    pub(super) fn recorded(&self) -> Option<Vec<Trip>> {
        self.own.as_ref().map(|own| own.trips.take())
    }

    /// Lets go of all names, and begins again over the same store, as another process would. From
    /// then on a name is closed when nobody has asked for it for so long; `None`: as usual. False,
    /// and nothing was done: the server is not ours.
    pub(super) async fn restart(&mut self, idle: Option<Duration>) -> Result<bool> {
        let Some(own) = &mut self.own else { return Ok(false) };
        if let Some(server) = own.server.take() {
            server.stop().await;
        }
        let limits = Limits { idle: idle.unwrap_or(own.limits.idle), ..own.limits };
        let (address, server) = Server::start(&own.store, limits, self.clock).await?;
        self.address = address;
        own.server = Some(server);
        Ok(true)
    }

    /// Waits until the server has closed all names, because nobody asks for one.
    pub(super) async fn all_closed(&self, within: Duration) -> Result<()> {
        all_closed(&self.address, self.clock, GLANCE, within).await
    }

    /// Whatever came of it, what was made here is to go.
    pub(super) async fn close_after<T>(self, found: Result<T>) -> Result<T> {
        let closed = self.close().await;
        let found = found?;
        closed.map(|()| found)
    }

    /// Of somebody else's server the namespaces that were made here are deleted.
    pub(super) async fn close(self) -> Result<()> {
        if let Some(own) = self.own {
            if let Some(server) = own.server {
                server.stop().await;
            }
            return Ok(());
        }
        let mut line = Line::to(&self.address);
        for name in &self.made {
            let answer = line.ask(&self.address.delete(&path(name))).await?;
            if answer.status != 200 && answer.status != 404 {
                let status = answer.status;
                let message = format!("the namespace {name} stays: its delete answers {status}");
                return Err(Error::unavailable(message));
            }
        }
        Ok(())
    }
}

impl Server {
    async fn start(store: &Store, limits: Limits, clock: Clock) -> Result<(Address, Self)> {
        let node = NodeId::new("bench")?;
        let engine = Engine::new(store.clone(), clock, Dice::from_os(), node, limits);
        let engine = Arc::new(engine);
        let listening = |error: io::Error| Error::unavailable("listening").with_source(error);
        let listener =
            api::listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).map_err(listening)?;
        let address = Address::of(listener.local_addr().map_err(listening)?);
        let access = Access::new(&Auth::Open)?;
        let router = api::router(engine.clone(), access, clock, Dice::from_os());
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async { drop(stopped.await) };
        let serving = tokio::spawn(api::serve(listener, router, None, stopped));
        Ok((address, Self { engine, stop, serving }))
    }

    async fn stop(self) {
        drop(self.stop);
        // A connection that somebody holds open is not waited for.
        tokio::time::timeout(SETTLE_MAX, self.serving).await.ok();
        self.engine.shut_down(LEAVE_MAX).await;
    }
}

/// Waits until no name is open at a server, and looks every so often.
pub(super) async fn all_closed(
    address: &Address,
    clock: Clock,
    every: Duration,
    within: Duration,
) -> Result<()> {
    let late = clock.now() + within;
    while clock.now() < late {
        let scrape = Scrape::of(address).await?;
        if scrape.value("elacsym_open_namespaces") == 0.0 {
            return Ok(());
        }
        clock.sleep(every).await;
    }
    let message = format!("not all namespaces were closed within {within:?} of nobody asking");
    Err(Error::unavailable(message))
}

pub(super) fn path(name: &str) -> String {
    format!("/v2/namespaces/{name}")
}
