//! The way to a store: every byte to it and from it passes here, and may be held up or cut off, for
//! everybody or for one name, while the store itself is well.

use std::net::SocketAddr;
use std::time::Duration;

use elacsym::env::Clock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

const CARGO_BYTES: usize = 64 << 10;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Weather {
    Fair,
    /// What the store says comes so much later.
    Slow(Duration),
    /// What is asked about this name arrives when the weather is another, and not before.
    Still(String),
    /// Nobody comes through, and whoever is under way is cut off.
    Closed,
}

/// All of it ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Strait {
    pub(crate) at: SocketAddr,
    weather: watch::Sender<Weather>,
    _ferry: JoinSet<()>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    ToStore,
    Back,
}

impl Strait {
    pub(crate) async fn to(store: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let (weather, seen) = watch::channel(Weather::Fair);
        let mut ferry = JoinSet::new();
        ferry.spawn(async move {
            let mut crossings = JoinSet::new();
            while let Ok((node, _)) = listener.accept().await {
                while crossings.try_join_next().is_some() {}
                crossings.spawn(cross(node, store, seen.clone()));
            }
        });
        Self { at, weather, _ferry: ferry }
    }

    pub(crate) fn set(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }
}

/// One connection, to its end.
async fn cross(node: TcpStream, store: SocketAddr, mut weather: watch::Receiver<Weather>) {
    if *weather.borrow() == Weather::Closed {
        return;
    }
    let Ok(store) = TcpStream::connect(store).await else { return };
    for line in [&node, &store] {
        line.set_nodelay(true).unwrap();
    }
    let (from_node, to_node) = node.into_split();
    let (from_store, to_store) = store.into_split();
    let there = carry(from_node, to_store, weather.clone(), Way::ToStore);
    let back = carry(from_store, to_node, weather.clone(), Way::Back);
    tokio::select! {
        biased;
        () = until(&mut weather, |weather| *weather == Weather::Closed) => {}
        () = there => {}
        () = back => {}
    }
}

async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut weather: watch::Receiver<Weather>,
    way: Way,
) {
    let (clock, mut hold) = (Clock::start(), vec![0; CARGO_BYTES]);
    while let Ok(bytes @ 1..) = from.read(&mut hold).await {
        let cargo = &hold[..bytes];
        match way {
            Way::ToStore => until(&mut weather, |weather| !is_held(cargo, weather)).await,
            Way::Back => pause(clock, delay(&weather)).await,
        }
        if to.write_all(cargo).await.is_err() {
            return;
        }
    }
}

/// The shortest sleep of a runtime is a millisecond, which is not nothing.
async fn pause(clock: Clock, time: Duration) {
    if !time.is_zero() {
        clock.sleep(time).await;
    }
}

async fn until(weather: &mut watch::Receiver<Weather>, is: impl Fn(&Weather) -> bool) {
    // Whoever makes it is gone: then so is all of this.
    weather.wait_for(|weather| is(weather)).await.ok();
}

fn delay(weather: &watch::Receiver<Weather>) -> Duration {
    match &*weather.borrow() {
        Weather::Slow(by) => *by,
        _ => Duration::ZERO,
    }
}

/// Whether it begins with a request for an object of the name that stands still.
fn is_held(cargo: &[u8], weather: &Weather) -> bool {
    let Weather::Still(name) = weather else { return false };
    let line = cargo.split(|byte| *byte == b'\r').next().unwrap_or_default();
    String::from_utf8_lossy(line).contains(&format!("/{name}/"))
}

#[test]
fn a_request_is_held_by_the_name_in_its_first_line() {
    let busy = Weather::Still("busy".to_owned());
    let request = |path: &str| format!("PUT /test/{path} HTTP/1.1\r\nHost: /busy/\r\n\r\n");
    assert!(is_held(request("n/7f/busy/HEAD").as_bytes(), &busy));
    for path in ["n/7f/busy-2/HEAD", "_cluster/nodes/busy", "n/7f/calm/HEAD"] {
        assert!(!is_held(request(path).as_bytes(), &busy), "{path}");
    }
    assert!(!is_held(request("n/7f/busy/HEAD").as_bytes(), &Weather::Fair));
}

#[tokio::test]
async fn a_strait_carries_nothing_while_it_is_closed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let strait = Strait::to(listener.local_addr().unwrap()).await;
    let mut node = TcpStream::connect(strait.at).await.unwrap();
    let (mut store, _) = listener.accept().await.unwrap();
    let mut heard = [0; 4];
    node.write_all(b"ping").await.unwrap();
    store.read_exact(&mut heard).await.unwrap();
    store.write_all(b"pong").await.unwrap();
    node.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"pong");

    strait.set(Weather::Closed);
    assert!(matches!(node.read(&mut heard).await, Ok(0) | Err(_)));
    let mut other = TcpStream::connect(strait.at).await.unwrap();
    assert!(matches!(other.read(&mut heard).await, Ok(0) | Err(_)));
    strait.set(Weather::Fair);
    let mut node = TcpStream::connect(strait.at).await.unwrap();
    node.write_all(b"ping").await.unwrap();
    let (mut store, _) = listener.accept().await.unwrap();
    store.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"ping");
}
