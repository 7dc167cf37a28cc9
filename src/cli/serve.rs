//! `elacsym serve`: a node, from its configuration to its last request.
//!
//! It starts fast, for a client waits for it: nothing is listed or read, and only a store that
//! somebody else built is asked for proof. It ends in order: at a signal it takes no more requests,
//! settles those that it has, and lets go of its names; at a second one it is gone.

use std::ffi::OsString;
use std::io::Write;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tracing::{info, warn};

use super::flags::Flags;
use super::{Failure, logging, machine, texts, threads, version};
use crate::api::{self, Access, Tls};
use crate::config::{Auth, Config, Location};
use crate::engine::{Engine, Limits};
use crate::env::{self, Clock, Dice};
use crate::error::{Context, Error, Result};
use crate::model::NodeId;
use crate::storage::{self, Store};

/// For requests that are under way at a signal. With the next one it is less than what a supervisor
/// waits before it kills.
const SETTLE_MAX: Duration = Duration::from_secs(4);
/// For names to be let go.
const LEAVE_MAX: Duration = Duration::from_secs(20);

pub(super) fn run(
    flags: Flags,
    vars: Vec<(OsString, OsString)>,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let of_store = of_store(&vars);
    let config = super::config::checked(&flags.into_inputs(vars));
    let config = config.map_err(Failure::Configuration)?;
    logging::start(&config.log);
    for notice in config.notices() {
        warn!("{notice}");
    }
    let access = Access::new(&config.auth).map_err(Failure::Refused)?;
    let tls = config.server.tls.as_ref().map(Tls::open).transpose().map_err(Failure::Refused)?;
    threads::run(serve(&config, access, tls, of_store, out)).flatten().map_err(Failure::Serving)
}

/// The variables by which a store is reached; no other is handed on.
fn of_store(vars: &[(OsString, OsString)]) -> Vec<(String, String)> {
    texts(vars).into_iter().filter(|(name, _)| name.starts_with("AWS_")).collect()
}

async fn serve(
    config: &Config,
    access: Access,
    tls: Option<Tls>,
    of_store: Vec<(String, String)>,
    out: &mut impl Write,
) -> Result<()> {
    let mut signals = Signals::listen()?;
    let (clock, mut dice) = (Clock::start(), Dice::from_os());
    let node = named(config, &mut dice)?;
    info!("elacsym {}, node {node}", version::VERSION);
    let store = tokio::select! {
        biased;
        () = signals.next() => return Ok(()),
        store = open(&config.storage, of_store, clock, &dice) => store?,
    };
    let (limits, open_files) = (machine::limits(config), env::raise_open_files());
    tell(&config.auth, limits, open_files);
    let engine = Arc::new(Engine::new(store, clock, dice.fork("engine"), node, limits));

    let server = &config.server;
    let place = SocketAddr::from((server.host, server.port));
    let listening = |error| Error::unavailable(format!("listening on {place}")).with_source(error);
    let listener = api::listen(place).map_err(listening)?;
    let address = listener.local_addr();
    let address = address.map_err(|error| Error::unavailable("listening").with_source(error))?;
    let mut followers = JoinSet::new();
    followers.spawn(access.clone().follow(clock));
    if let Some(tls) = &tls {
        followers.spawn(tls.clone().follow(clock));
    }
    let url = format!("{}://{address}", if tls.is_some() { "https" } else { "http" });
    let router = api::router(engine.clone(), access, clock, dice.fork("api"));
    let (stop, stopped) = oneshot::channel::<()>();
    let stopped = async { drop(stopped.await) };
    let mut serving = pin!(api::serve(listener, router, tls, stopped));
    info!("listening on {url}");
    announce(&url, out);

    tokio::select! {
        biased;
        () = signals.next() => info!("no more requests are taken: settling"),
        served = &mut serving => return served,
    }
    drop(stop);
    let settled = async {
        if tokio::time::timeout(SETTLE_MAX, &mut serving).await.is_err() {
            warn!("some requests were not answered within {SETTLE_MAX:?}");
        }
        followers.shutdown().await;
        engine.shut_down(LEAVE_MAX).await;
    };
    tokio::select! {
        biased;
        () = signals.next() => Err(Error::unavailable("a second signal came before the end")),
        () = settled => {
            info!("stopped");
            Ok(())
        }
    }
}

/// A node that was given no name has one for as long as this process lives.
fn named(config: &Config, dice: &mut Dice) -> Result<NodeId> {
    match &config.node.id {
        Some(id) => Ok(id.clone()),
        None => NodeId::new(&format!("node-{:08x}", dice.draw() as u32)),
    }
}

/// A bucket is of somebody else's making: it is raced before it is trusted. A local folder is of
/// ours, which its tests race, and opening it has refused the ground that it cannot stand on.
async fn open(
    location: &Location,
    vars: Vec<(String, String)>,
    clock: Clock,
    dice: &Dice,
) -> Result<Store> {
    let place = || format!("opening the store {location}");
    let store = storage::open(location, vars, clock, dice.fork("store")).await.context(place())?;
    info!("everything is kept in {location}");
    if matches!(location, Location::S3 { .. }) {
        let proof = store.prove().await.context(place())?;
        info!("the store keeps its promises (asked for {:?})", proof.took);
    }
    Ok(store)
}

fn tell(auth: &Auth, limits: Limits, open_files: Option<u64>) {
    let Limits { memory_bytes, folds, .. } = limits;
    info!("memory for rows and requests: {} MiB", memory_bytes >> 20);
    info!("a namespace is folded at {} commits or {} MiB", folds.slots, folds.bytes >> 20);
    match open_files {
        Some(files) => info!("files and connections that may be open: {files}"),
        None => info!("files and connections that may be open: any number"),
    }
    match auth {
        Auth::Open => {}
        Auth::Keys(keys) => info!("API keys: {}", keys.len()),
        Auth::KeysFile(path) => info!("API keys: in {}", path.display()),
    }
}

/// For a script that started this and waits. If nobody reads it, nobody waits.
fn announce(url: &str, out: &mut impl Write) {
    let told = writeln!(out, "elacsym is ready on {url}").and_then(|()| out.flush());
    if let Err(error) = told {
        warn!("stdout takes nothing: {error}");
    }
}

/// What asks this process to end: a supervisor, or a person at a terminal.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> Result<Self> {
        let listen = |kind| {
            signal(kind)
                .map_err(|error| Error::unavailable("listening for signals").with_source(error))
        };
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            biased;
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn only_the_variables_of_the_store_are_handed_to_it() {
        let vars = [("AWS_REGION", "x"), ("PATH", "/bin"), ("ELACSYM_API_KEYS", "hunter2")];
        let vars = vars.map(|(name, value)| (OsString::from(name), OsString::from(value)));
        assert_eq!(of_store(&vars), [("AWS_REGION".to_owned(), "x".to_owned())]);
    }

    #[test]
    fn a_node_without_a_name_gets_one() {
        let config = Config::load(&crate::config::Inputs::default()).unwrap();
        let one = named(&config, &mut Dice::from_seed(1)).unwrap();
        assert_eq!(one.as_str().len(), "node-".len() + 8);
        assert_ne!(named(&config, &mut Dice::from_seed(2)).unwrap(), one);
    }
}
