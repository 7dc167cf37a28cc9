//! Connections as they come: so many at a time, until the server is told to stop, and then those
//! that are left to their end.
//!
//! What one of them may do, and for how long, is the business of `connection`.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use super::connection::{self, Patience};
use super::tls::Tls;
use crate::env;
use crate::error::Result;

/// Each is an open file, and up to 64 KiB of a head that has not come to its end: half a gigabyte
/// if all of them are up to no good. Who serves more clients has a proxy, which needs fewer
/// connections than it has clients.
pub(super) const CONNECTIONS_MAX: usize = 8192;
/// Connections that were made and wait to be accepted, if the system lets so many. Of a crowd that comes
/// at once, whoever finds no room there asks again after a second.
const BACKLOG: u32 = 4096;
/// After a connection could not be accepted for want of files or memory.
const BREATH: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug)]
struct Bounds {
    connections: usize,
    patience: Patience,
}

pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // What a server before this one left behind does not hold the address.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Answers on a socket until `stop` is done, and then to the end of what was begun. With `tls`, it
/// answers over that alone.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    tls: Option<Tls>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<()> {
    let bounds =
        Bounds { connections: connections_max(env::raise_open_files()), patience: Patience::USUAL };
    serve_within(listener, router, tls, stop, bounds).await;
    Ok(())
}

/// Half of the files that may be open: the other one is for the store.
fn connections_max(open_files: Option<u64>) -> usize {
    let half = open_files.map_or(u64::MAX, |files| files / 2);
    usize::try_from(half).unwrap_or(usize::MAX).clamp(1, CONNECTIONS_MAX)
}

async fn serve_within(
    listener: TcpListener,
    router: Router,
    tls: Option<Tls>,
    stop: impl Future<Output = ()>,
    bounds: Bounds,
) {
    let router = match &tls {
        // Whoever asks for figures is told of it, too.
        Some(tls) => router.layer(Extension(tls.clone())),
        None => router,
    };
    let router = TowerToHyperService::new(router);
    let http = Arc::new(connection::http());
    let places = Places::of(bounds.connections);
    let (open, closing) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        let next = async {
            // Whoever comes meanwhile waits in the queue of the system.
            let place = places.take().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            biased;
            () = &mut stop => break,
            next = next => next,
        };
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok((stream, _)) => {
                send_at_once(&stream);
                let (router, http, closing) = (router.clone(), http.clone(), closing.clone());
                let (tls, patience) = (tls.clone(), bounds.patience);
                connections.spawn(async move {
                    connection::greet(stream, tls, router, http, patience, closing).await;
                    drop(place);
                });
            }
            Err(error) if is_of_the_client(&error) => {}
            Err(error) => {
                tracing::warn!(error = error.to_string(), "no connection can be accepted");
                tokio::select! {
                    biased;
                    () = &mut stop => break,
                    () = tokio::time::sleep(BREATH) => {}
                }
            }
        }
    }
    drop((listener, open));
    while connections.join_next().await.is_some() {}
}

/// Clients wait for an acknowledgement before they send on, which a delayed packet holds up.
fn send_at_once(stream: &TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::warn!(error = error.to_string(), "a connection keeps small packets back");
    }
}

/// It went away before it was accepted.
fn is_of_the_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}

/// As many as there may be connections.
struct Places {
    free: Arc<Semaphore>,
    all: usize,
}

impl Places {
    fn of(all: usize) -> Self {
        Self { free: Arc::new(Semaphore::new(all)), all }
    }

    /// Waits for one, which comes, for nobody closes the semaphore.
    async fn take(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(place) = self.free.clone().try_acquire_owned() {
            return Some(place);
        }
        tracing::warn!(connections = self.all, "there are as many connections as there may be");
        self.free.clone().acquire_owned().await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::net::{IpAddr, Ipv4Addr};

    use axum::routing::get;
    use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
    use tokio::sync::{Notify, oneshot};
    use tokio::task::JoinHandle;
    use tokio::time::timeout;

    use crate::api::tls::{figure, tests as of_tls};
    use crate::env::Clock;

    const LOCALHOST: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
    const SOON: Duration = Duration::from_millis(200);
    const LATE: Duration = Duration::from_secs(60);
    const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    /// What no buffer of a socket holds.
    const LARGE: usize = 64 << 20;

    const PATIENT: Patience =
        Patience { head: LATE, idle: LATE, stalled: LATE, busy: LATE, parting: SOON };

    struct Served {
        address: SocketAddr,
        stop: oneshot::Sender<()>,
        ended: JoinHandle<()>,
        /// What `/slow` waits for.
        go: Arc<Notify>,
    }

    impl Served {
        async fn with(connections: usize, patience: Patience) -> Self {
            Self::over(None, connections, patience).await
        }

        async fn over(tls: Option<Tls>, connections: usize, patience: Patience) -> Self {
            let go = Arc::new(Notify::new());
            let awaited = go.clone();
            let slow = move || async move {
                awaited.notified().await;
                "slow"
            };
            let router = Router::new()
                .route("/", get(|| async { "answer" }))
                .route("/slow", get(slow))
                .route("/large", get(|| async { vec![b'x'; LARGE] }));
            let listener = listen(LOCALHOST).unwrap();
            let address = listener.local_addr().unwrap();
            let (stop, stopped) = oneshot::channel::<()>();
            let bounds = Bounds { connections, patience };
            let stopped = async { drop(stopped.await) };
            let ended = tokio::spawn(serve_within(listener, router, tls, stopped, bounds));
            Self { address, stop, ended, go }
        }

        async fn call(&self, bytes: &[u8]) -> TcpStream {
            let mut stream = TcpStream::connect(self.address).await.unwrap();
            stream.write_all(bytes).await.unwrap();
            stream
        }

        async fn end(self) {
            drop(self.stop);
            within(self.ended).await.unwrap();
        }
    }

    async fn within<T>(work: impl Future<Output = T>) -> T {
        timeout(Duration::from_secs(30), work).await.expect("it takes too long")
    }

    /// The next answer of a connection that is kept.
    async fn answer(stream: &mut (impl AsyncRead + Unpin), body: &str) {
        let mut text = Vec::new();
        while !text.ends_with(body.as_bytes()) {
            assert_ne!(within(stream.read_buf(&mut text)).await.unwrap(), 0, "it was closed");
        }
        assert!(text.starts_with(b"HTTP/1.1 200 OK"), "{}", String::from_utf8_lossy(&text));
    }

    /// What comes before the server closes.
    async fn rest(stream: &mut (impl AsyncRead + Unpin)) -> Vec<u8> {
        let mut rest = Vec::new();
        // A reset is a connection that was closed.
        let _ = within(stream.read_to_end(&mut rest)).await;
        rest
    }

    /// Where few may wait, the rest asks again after a second.
    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_crowd_waits_to_be_accepted_and_does_not_have_to_ask_twice() {
        let allowed = std::fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap();
        let allowed: u64 = allowed.trim().parse().unwrap();
        let files = env::raise_open_files().unwrap();
        let listener = listen(LOCALHOST).unwrap();
        let address = listener.local_addr().unwrap();
        let mut crowd = Vec::new();
        for at in 0..allowed.min(files / 2).min(2000) {
            let connected = timeout(SOON, TcpStream::connect(address)).await;
            crowd.push(connected.unwrap_or_else(|_| panic!("{at} wait already")).unwrap());
        }
        drop((crowd, listener));
    }

    #[tokio::test]
    async fn a_head_that_does_not_come_to_its_end_is_not_waited_for() {
        let served = Served::with(9, Patience { head: SOON, ..PATIENT }).await;
        for begun in [&b""[..], b"G", b"PRI * HT", b"GET / HTTP/1.1\r\nHost: x\r\n"] {
            let mut stream = served.call(begun).await;
            assert_eq!(rest(&mut stream).await, b"");
        }
        // Nor one that comes byte by byte, on a connection that was good before.
        let mut stream = served.call(GET).await;
        answer(&mut stream, "answer").await;
        let clock = Clock::start();
        let mut byte = [0];
        loop {
            let _ = stream.write_all(b"x").await;
            match timeout(SOON / 10, stream.read(&mut byte)).await {
                Err(_) => assert!(clock.now() < Duration::from_secs(30), "it is waited for"),
                Ok(Ok(0) | Err(_)) => break,
                Ok(Ok(_)) => panic!("half a head is answered"),
            }
        }
        served.end().await;
    }

    /// Clients keep a connection for a minute, and the limit for heads is a sixth of that.
    #[tokio::test]
    async fn a_connection_that_is_kept_outlives_the_limit_for_heads() {
        let served = Served::with(9, Patience { head: SOON, ..PATIENT }).await;
        let mut stream = served.call(GET).await;
        for _ in 0..3 {
            answer(&mut stream, "answer").await;
            Clock::start().sleep(2 * SOON).await;
            stream.write_all(GET).await.unwrap();
        }
        answer(&mut stream, "answer").await;
        served.end().await;
    }

    #[tokio::test]
    async fn a_connection_of_http_2_is_kept_as_well() {
        const SETTINGS: &[u8] = b"\0\0\0\x04\0\0\0\0\0";
        const PING: &[u8] = b"\0\0\x08\x06\0\0\0\0\0pingpong";
        const PONG: &[u8] = b"\0\0\x08\x06\x01\0\0\0\0pingpong";
        let served = Served::with(9, Patience { head: SOON, ..PATIENT }).await;
        let preface = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", SETTINGS].concat();
        let mut stream = served.call(&preface).await;
        let mut come = Vec::new();
        for _ in 0..3 {
            come.clear();
            stream.write_all(PING).await.unwrap();
            while !come.windows(PONG.len()).any(|part| part == PONG) {
                assert_ne!(within(stream.read_buf(&mut come)).await.unwrap(), 0, "it was closed");
            }
            Clock::start().sleep(2 * SOON).await;
        }
        served.end().await;
    }

    #[tokio::test]
    async fn a_connection_that_nobody_uses_is_closed_in_the_end() {
        let served = Served::with(9, Patience { idle: SOON, ..PATIENT }).await;
        let mut stream = served.call(GET).await;
        answer(&mut stream, "answer").await;
        assert_eq!(rest(&mut stream).await, b"");
        served.end().await;
    }

    #[tokio::test]
    async fn a_client_that_does_not_take_its_answer_is_left() {
        let served = Served::with(1, Patience { stalled: SOON, ..PATIENT }).await;
        let mut stuck = served.call(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n").await;
        // There is one place, so this one is answered when the other is gone.
        let mut next = served.call(GET).await;
        answer(&mut next, "answer").await;
        assert!(rest(&mut stuck).await.len() < LARGE);
        served.end().await;
    }

    #[tokio::test]
    async fn a_request_that_comes_to_no_end_is_left() {
        let served = Served::with(1, Patience { busy: SOON, ..PATIENT }).await;
        let mut endless = served.call(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await;
        assert_eq!(rest(&mut endless).await, b"");
        let mut next = served.call(GET).await;
        answer(&mut next, "answer").await;
        served.end().await;
    }

    #[tokio::test]
    async fn one_connection_too_many_waits_for_another_to_end() {
        let served = Served::with(2, PATIENT).await;
        let mut first = served.call(GET).await;
        answer(&mut first, "answer").await;
        let mut second = served.call(GET).await;
        answer(&mut second, "answer").await;
        let mut third = served.call(GET).await;
        assert!(timeout(SOON, third.read_u8()).await.is_err());
        drop(first);
        answer(&mut third, "answer").await;
        second.write_all(GET).await.unwrap();
        answer(&mut second, "answer").await;
        served.end().await;
    }

    #[tokio::test]
    async fn what_was_begun_is_finished_at_the_end_and_nothing_else_is_waited_for() {
        let served = Served::with(9, PATIENT).await;
        let mut begun = served.call(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await;
        let mut half = served.call(b"GET / HT").await;
        let mut silent = served.call(b"").await;
        let mut idle = served.call(GET).await;
        answer(&mut idle, "answer").await;
        // It came after the others, so they were read before it.
        drop(served.stop);
        for stream in [&mut half, &mut silent, &mut idle] {
            assert_eq!(rest(stream).await, b"");
        }
        assert!(!served.ended.is_finished());
        served.go.notify_one();
        let answered = rest(&mut begun).await;
        assert!(answered.ends_with(b"slow"), "{}", String::from_utf8_lossy(&answered));
        within(served.ended).await.unwrap();
    }

    #[tokio::test]
    async fn a_large_answer_is_taken_to_its_end_though_the_server_ends() {
        let served = Served::with(9, PATIENT).await;
        let mut stream = served.call(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n").await;
        let mut first = [0];
        within(stream.read_exact(&mut first)).await.unwrap();
        drop(served.stop);
        Clock::start().sleep(2 * SOON).await;
        assert!(rest(&mut stream).await.len() > LARGE);
        within(served.ended).await.unwrap();
    }

    #[tokio::test]
    async fn over_tls_everything_is_as_it_is_without() {
        let (folder, pair) = (tempfile::tempdir().unwrap(), of_tls::made());
        let tls = Tls::open(&of_tls::files(folder.path(), &pair)).unwrap();
        let served = Served::over(Some(tls), 9, PATIENT).await;
        let client = of_tls::client(&pair.0);
        let connect = async || {
            let stream = TcpStream::connect(served.address).await.unwrap();
            client.connect(of_tls::localhost(), stream).await.unwrap()
        };
        let mut kept = connect().await;
        for _ in 0..3 {
            kept.write_all(GET).await.unwrap();
            answer(&mut kept, "answer").await;
        }
        let mut large = connect().await;
        large.write_all(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut first = [0];
        within(large.read_exact(&mut first)).await.unwrap();
        drop(served.stop);
        assert!(rest(&mut large).await.len() > LARGE);
        assert_eq!(rest(&mut kept).await, b"");
        within(served.ended).await.unwrap();
    }

    #[tokio::test]
    async fn who_comes_to_no_tls_is_left_and_gives_its_place_to_others() {
        let (folder, pair) = (tempfile::tempdir().unwrap(), of_tls::made());
        let tls = Tls::open(&of_tls::files(folder.path(), &pair)).unwrap();
        let patience = Patience { head: 5 * SOON, ..PATIENT };
        let served = Served::over(Some(tls.clone()), 1, patience).await;
        let mut silent = served.call(b"").await;
        let mut half = served.call(b"\x16\x03\x01\x02").await;
        let mut plain = served.call(GET).await;
        for stream in [&mut silent, &mut half, &mut plain] {
            let told = rest(stream).await;
            assert!(!told.starts_with(b"HTTP"), "{}", String::from_utf8_lossy(&told));
        }
        // There is one place, which each of them had.
        let stream = served.call(b"").await;
        let good = of_tls::client(&pair.0).connect(of_tls::localhost(), stream);
        let mut good = within(good).await.unwrap();
        good.write_all(GET).await.unwrap();
        answer(&mut good, "answer").await;
        assert_eq!(figure(Some(&tls)).samples[0].value, 3.0);
        served.end().await;
    }

    #[tokio::test]
    async fn a_client_that_does_not_take_its_answer_over_tls_is_left_too() {
        let (folder, pair) = (tempfile::tempdir().unwrap(), of_tls::made());
        let tls = Tls::open(&of_tls::files(folder.path(), &pair)).unwrap();
        let patience = Patience { stalled: SOON, ..PATIENT };
        let served = Served::over(Some(tls), 1, patience).await;
        let client = of_tls::client(&pair.0);
        let stream = served.call(b"").await;
        let mut stuck = client.connect(of_tls::localhost(), stream).await.unwrap();
        stuck.write_all(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let next = served.call(b"").await;
        let mut next = within(client.connect(of_tls::localhost(), next)).await.unwrap();
        next.write_all(GET).await.unwrap();
        answer(&mut next, "answer").await;
        assert!(rest(&mut stuck).await.len() < LARGE);
        served.end().await;
    }

    #[test]
    fn half_of_the_files_are_for_connections() {
        assert_eq!(connections_max(None), CONNECTIONS_MAX);
        assert_eq!(connections_max(Some(1 << 20)), CONNECTIONS_MAX);
        assert_eq!(connections_max(Some(1024)), 512);
        assert_eq!(connections_max(Some(0)), 1);
    }
}
