//! One connection, from its first byte to its last. Hyper speaks HTTP over it, and `pulse` tells
//! what it waits for meanwhile, since each kind of waiting has an end: for a head that comes in
//! pieces, for the next request of a client that keeps the connection, for one that does not take
//! its answer.
//!
//! Hyper has a limit for heads as well. Its clock runs from one request to the next, though, and so
//! would cut off whoever keeps a connection, which all clients do.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;

use super::pulse::{Busy, Held, Phase, Pulse, Watched};
use super::tls::Tls;
use crate::env::Clock;

/// The first line of a request and its headers. A name may have 128 characters, so what is longer
/// than this means nothing here.
pub(super) const HEAD_BYTES_MAX: u32 = 64 << 10;
/// What hyper takes that was told nothing, and has room for without asking for memory.
pub(super) const HEADERS_MAX: usize = 100;
/// Over HTTP/2 a client is asked so often whether it is there, and has so long to say so.
pub(super) const PING_INTERVAL: Duration = Duration::from_secs(20);
pub(super) const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// What a client may ask at once over one connection of HTTP/2.
pub(super) const STREAMS_MAX: u32 = 200;

pub(super) type Http = Builder<TokioExecutor>;

/// What is the same for all connections.
pub(super) fn http() -> Http {
    let mut http = Builder::new(TokioExecutor::new());
    http.http1().max_buf_size(HEAD_BYTES_MAX as usize).header_read_timeout(None::<Duration>);
    http.http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIMEOUT)
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HEAD_BYTES_MAX);
    http
}

/// How long a connection may wait for what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// For the rest of a head, and on a new connection for all of it; for a handshake before that.
    pub(super) head: Duration,
    /// For another request.
    pub(super) idle: Duration,
    /// For a client to take what is written.
    pub(super) stalled: Duration,
    /// For a request to end, or another one to begin.
    pub(super) busy: Duration,
    /// To end, once it was told to.
    pub(super) parting: Duration,
}

impl Patience {
    /// A client keeps a connection for 60 seconds, a proxy for 75, and whoever keeps it should be
    /// the one that closes it. A handler has 50 seconds; beyond that, a request is an answer of
    /// half a gigabyte on its way.
    pub(super) const USUAL: Self = Self {
        head: Duration::from_secs(10),
        idle: Duration::from_secs(90),
        stalled: Duration::from_secs(60),
        busy: Duration::from_secs(15 * 60),
        parting: Duration::from_secs(1),
    };

    fn with(&self, phase: Phase, stage: Stage) -> Duration {
        match (phase, stage) {
            (Phase::Stalled, _) => self.stalled,
            (Phase::Busy, _) => self.busy,
            (Phase::Head, Stage::Open) => self.head,
            // It was not begun.
            (Phase::Head, Stage::Closing) => Duration::ZERO,
            (Phase::Idle, Stage::Open) => self.idle,
            (Phase::Idle, Stage::Closing) => self.parting,
        }
    }
}

/// Whether another request may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Open,
    Closing,
}

/// A connection from its first byte on. Over TLS that is a handshake, and whoever speaks something
/// else is left: what we would say is nothing that they understand.
pub(super) async fn greet(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    tls: Option<Tls>,
    router: TowerToHyperService<Router>,
    http: Arc<Http>,
    patience: Patience,
    mut closing: watch::Receiver<()>,
) {
    let Some(tls) = tls else {
        return attend(stream, router, http, patience, closing).await;
    };
    let shaken = tokio::time::timeout(patience.head, tls.shake_hands(stream));
    let shaken = tokio::select! {
        biased;
        // It was not begun.
        _ = closing.changed() => return,
        shaken = shaken => shaken,
    };
    match shaken {
        Ok(Ok(stream)) => return attend(stream, router, http, patience, closing).await,
        Ok(Err(error)) => {
            tracing::debug!(error = error.to_string(), "a connection comes to no TLS");
        }
        Err(_) => tracing::debug!("a handshake was waited for long enough"),
    }
    tls.count_failure();
}

/// Answers what comes over one connection until one of the two has enough. When the sender of
/// `closing` is gone, what was begun is finished and nothing else is begun.
async fn attend(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: TowerToHyperService<Router>,
    http: Arc<Http>,
    patience: Patience,
    mut closing: watch::Receiver<()>,
) {
    let pulse = Arc::new(Pulse::default());
    let io = TokioIo::new(Watched::new(stream, pulse.clone()));
    let watched = pulse.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let busy = Arc::new(Busy::begin(&watched));
        let request = request.map(|body| Held::new(body, busy.clone()));
        let answering = router.call(request);
        async move {
            let answer = answering.await?;
            Ok::<_, Infallible>(answer.map(|body| Held::new(body, busy)))
        }
    });
    let mut connection = pin!(http.serve_connection(io, service));
    let mut parting = pin!(closing.changed());
    let (mut stage, mut seen) = (Stage::Open, pulse.beat());
    let mut alarm = Alarm::after(patience.with(seen.phase, stage));
    // By hand, for most of what changes does so while the connection is polled: a future of its own would
    // be woken by that, and another thread with it, only to see that nothing is left to do.
    poll_fn(|context| {
        loop {
            let (ended, beat) = pulse.through(context, |context| connection.as_mut().poll(context));
            // What went wrong between the two is nobody else's business.
            if ended.is_ready() {
                return Poll::Ready(());
            }
            if beat != seen {
                alarm.put(patience.with(beat.phase, stage));
                seen = beat;
            }
            let is_told = stage == Stage::Open && parting.as_mut().poll(context).is_ready();
            if !is_told {
                ready!(alarm.poll(context));
                if beat.phase != Phase::Idle || stage == Stage::Closing {
                    tracing::debug!(phase = ?beat.phase, "a connection was waited for long enough");
                    return Poll::Ready(());
                }
            }
            stage = Stage::Closing;
            connection.as_mut().graceful_shutdown();
            alarm.put(patience.with(beat.phase, stage));
        }
    })
    .await;
    pulse.end();
}

type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// It is put off with each request, and so is not set anew for that: it goes off as it was set, and then
/// it is looked at how long is left.
struct Alarm {
    clock: Clock,
    until: Duration,
    /// When it goes off.
    set: Option<(Duration, Sleep)>,
}

impl Alarm {
    fn after(wait: Duration) -> Self {
        let clock = Clock::start();
        Self { clock, until: clock.now() + wait, set: None }
    }

    fn put(&mut self, wait: Duration) {
        self.until = self.clock.now() + wait;
        self.set.take_if(|(at, _)| self.until < *at);
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            let (clock, until) = (self.clock, self.until);
            let sleep = async move { clock.sleep(until.saturating_sub(clock.now())).await };
            let (at, set) = self.set.get_or_insert_with(|| (until, Box::pin(sleep)));
            ready!(set.as_mut().poll(context));
            let at = *at;
            self.set = None;
            if until <= at {
                return Poll::Ready(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::future::pending;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    use std::task::{Wake, Waker};

    use axum::body::Bytes;
    use axum::routing::{get, post};
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

    use crate::api::tls::tests as of_tls;

    const MOMENT: Duration = Duration::from_millis(1);
    const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    const LAST_GET: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    /// What lies between the two ends of a connection.
    const BUFFER: usize = 64 << 10;

    const HEADERS: u8 = 1;
    const RESET: u8 = 3;
    const SETTINGS: u8 = 4;
    const PING: u8 = 6;
    const ACK: u8 = 1;

    /// The other end of a connection that is waited for as usual.
    fn met(tls: Option<Tls>, router: Router) -> DuplexStream {
        let (client, server) = tokio::io::duplex(BUFFER);
        let router = TowerToHyperService::new(router);
        tokio::spawn(async move {
            let (_open, closing) = watch::channel(());
            greet(server, tls, router, Arc::new(http()), Patience::USUAL, closing).await;
        });
        client
    }

    fn says(answer: &'static str) -> Router {
        Router::new().route("/", get(move || async move { answer }))
    }

    /// All that comes until the connection is closed, after this was said.
    async fn told(client: &mut DuplexStream, said: &[u8]) -> String {
        // There may be nobody left to hear it.
        client.write_all(said).await.ok();
        let mut told = Vec::new();
        client.read_to_end(&mut told).await.unwrap();
        String::from_utf8(told).unwrap()
    }

    /// A moment before so long, which is in time, and a moment after.
    fn around(limit: Duration) -> [(Duration, bool); 2] {
        [(limit - MOMENT, true), (limit + MOMENT, false)]
    }

    #[tokio::test(start_paused = true)]
    async fn the_rest_of_a_head_is_waited_for_so_long_and_no_longer() {
        let clock = Clock::start();
        for (waits, in_time) in around(Patience::USUAL.head) {
            let mut client = met(None, says("answer"));
            let (begun, rest) = LAST_GET.split_at(7);
            client.write_all(begun).await.unwrap();
            clock.sleep(waits).await;
            let told = told(&mut client, rest).await;
            assert_eq!(told.ends_with("answer"), in_time, "{waits:?}: {told}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_handshake_is_waited_for_so_long_and_no_longer() {
        let (folder, pair) = (tempfile::tempdir().unwrap(), of_tls::made());
        let tls = Tls::open(&of_tls::files(folder.path(), &pair)).unwrap();
        let clock = Clock::start();
        for (waits, in_time) in around(Patience::USUAL.head) {
            let client = met(Some(tls.clone()), says("answer"));
            clock.sleep(waits).await;
            let shaken = of_tls::client(&pair.0).connect(of_tls::localhost(), client).await;
            assert_eq!(shaken.is_ok(), in_time, "{waits:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn another_request_is_waited_for_so_long_and_no_longer() {
        let clock = Clock::start();
        for (waits, in_time) in around(Patience::USUAL.idle) {
            let mut client = met(None, says("answer"));
            client.write_all(GET).await.unwrap();
            let mut first = Vec::new();
            while !first.ends_with(b"answer") {
                assert_ne!(client.read_buf(&mut first).await.unwrap(), 0, "it was closed");
            }
            clock.sleep(waits).await;
            let told = told(&mut client, LAST_GET).await;
            assert_eq!(told.ends_with("answer"), in_time, "{waits:?}: {told}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_no_answer_is_waited_for_so_long_and_no_longer() {
        let (clock, long) = (Clock::start(), "x".repeat(16 * BUFFER));
        for (waits, in_time) in around(Patience::USUAL.stalled) {
            let answer = long.clone();
            let router = Router::new().route("/", get(move || async move { answer }));
            let mut client = met(None, router);
            client.write_all(LAST_GET).await.unwrap();
            clock.sleep(waits).await;
            let told = told(&mut client, b"").await;
            assert_eq!(told.ends_with(&*long), in_time, "{waits:?}: {} bytes", told.len());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_comes_to_no_end_is_waited_for_so_long_and_no_longer() {
        let clock = Clock::start();
        for (takes, in_time) in around(Patience::USUAL.busy) {
            let slow = move || async move {
                clock.sleep(takes).await;
                "answer"
            };
            let mut client = met(None, Router::new().route("/", get(slow)));
            let told = told(&mut client, LAST_GET).await;
            assert_eq!(told.ends_with("answer"), in_time, "{takes:?}: {told}");
        }
    }

    /// Of HTTP/2 (RFC 9113), about the whole of a connection.
    fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
        let length = u8::try_from(payload.len()).unwrap();
        let head = [0, 0, length, kind, flags, 0, 0, 0, 0];
        [&head[..], payload].concat()
    }

    /// For how long a client is kept that asks nothing and answers each ping after so long.
    async fn kept(answers_after: Duration) -> Duration {
        let (clock, (mut client, server)) = (Clock::start(), tokio::io::duplex(64 << 10));
        let (_open, closing) = watch::channel(());
        let router = TowerToHyperService::new(Router::new());
        let began = clock.now();
        let attended = async {
            attend(server, router, Arc::new(http()), Patience::USUAL, closing).await;
            clock.now() - began
        };
        let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
        let hello = [&preface[..], &frame(SETTINGS, 0, &[])[..]].concat();
        let answered = async {
            client.write_all(&hello).await.unwrap();
            let mut head = [0; 9];
            while client.read_exact(&mut head).await.is_ok() {
                let [_, high, low, kind, flags, ..] = head;
                let mut payload = vec![0; usize::from(u16::from_be_bytes([high, low]))];
                client.read_exact(&mut payload).await.unwrap();
                if (kind, flags) == (PING, 0) {
                    clock.sleep(answers_after).await;
                    // There may be nobody left to hear it.
                    client.write_all(&frame(PING, ACK, &payload)).await.ok();
                }
            }
        };
        tokio::join!(attended, answered).0
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_say_in_time_that_it_is_there_is_left() {
        let second = Duration::from_secs(1);
        let late = kept(PING_TIMEOUT + second).await;
        assert_eq!(late.as_secs(), (PING_INTERVAL + PING_TIMEOUT).as_secs());
        let in_time = kept(PING_TIMEOUT - second).await;
        assert!(in_time >= Patience::USUAL.idle, "{in_time:?}");
    }

    /// The end of a request that has no body, of its stream.
    fn asked(stream: u32) -> Vec<u8> {
        const WHOLE: u8 = 5;
        // GET http://x/
        let mut frame = frame(HEADERS, WHOLE, &[0x82, 0x86, 0x84, 0x41, 1, b'x']);
        frame[5..9].copy_from_slice(&stream.to_be_bytes());
        frame
    }

    #[tokio::test(start_paused = true)]
    async fn so_many_requests_are_under_way_on_a_connection_and_no_more() {
        const REFUSED: u32 = 7;
        let mut client = met(None, Router::new().route("/", get(pending::<()>)));
        client.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
        client.write_all(&frame(SETTINGS, 0, &[])).await.unwrap();
        for at in 0..=STREAMS_MAX {
            client.write_all(&asked(2 * at + 1)).await.unwrap();
        }
        client.write_all(&frame(PING, 0, b"all said")).await.unwrap();
        let mut reset = Vec::new();
        loop {
            let mut head = [0; 9];
            client.read_exact(&mut head).await.unwrap();
            let [_, high, low, kind, flags, stream @ ..] = head;
            let mut payload = vec![0; usize::from(u16::from_be_bytes([high, low]))];
            client.read_exact(&mut payload).await.unwrap();
            match (kind, flags) {
                (RESET, _) => reset.push((u32::from_be_bytes(stream), payload)),
                (PING, ACK) => break,
                _ => {}
            }
        }
        assert_eq!(reset, [(2 * STREAMS_MAX + 1, REFUSED.to_be_bytes().to_vec())]);
    }

    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    /// To be woken costs as much as a small request: a thread that sleeps is called for it.
    #[tokio::test(start_paused = true)]
    async fn a_request_wakes_its_connection_once() {
        const POST: &[u8] = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nanswer";
        let (mut client, server) = tokio::io::duplex(BUFFER);
        let (_open, closing) = watch::channel(());
        let router = says("answer").route("/", post(|body: Bytes| async { body }));
        let router = TowerToHyperService::new(router);
        let attended = attend(server, router, Arc::new(http()), Patience::USUAL, closing);
        let (mut attended, wakes) = (pin!(attended), Arc::new(Wakes::default()));
        let waker = Waker::from(wakes.clone());
        let mut poll = || attended.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(poll().is_pending());
        for (request, said) in (1..).zip([GET, POST, GET, POST]) {
            client.write_all(said).await.unwrap();
            assert!(poll().is_pending());
            assert_eq!(wakes.0.load(Relaxed), request);
            let mut told = Vec::new();
            while !told.ends_with(b"answer") {
                client.read_buf(&mut told).await.unwrap();
            }
        }
    }

    /// It is told by another task, which holds the body of a request.
    #[tokio::test(start_paused = true)]
    async fn what_changes_elsewhere_is_seen() {
        let (clock, takes) = (Clock::start(), Patience::USUAL.idle / 2);
        let keeps = move |request: axum::extract::Request| async move {
            tokio::spawn(async move {
                clock.sleep(takes).await;
                drop(request);
            });
            "answer"
        };
        for (waits, in_time) in around(takes + Patience::USUAL.idle) {
            let mut client = met(None, Router::new().route("/", get(keeps)));
            client.write_all(GET).await.unwrap();
            clock.sleep(waits).await;
            let told = told(&mut client, LAST_GET).await;
            assert_eq!(told.matches("answer").count(), 1 + usize::from(in_time), "{waits:?}");
        }
    }

    /// Nor is it held by the body of a request that somebody keeps.
    #[tokio::test(start_paused = true)]
    async fn a_connection_that_was_waited_for_long_enough_is_held_by_nobody() {
        let (keep, kept) = std::sync::mpsc::channel();
        let keeps = move |request: axum::extract::Request| async move {
            keep.send(request).unwrap();
            pending::<()>().await;
        };
        let (mut client, server) = tokio::io::duplex(BUFFER);
        let (_open, closing) = watch::channel(());
        let router = TowerToHyperService::new(Router::new().route("/", get(keeps)));
        let attended = attend(server, router, Arc::new(http()), Patience::USUAL, closing);
        let mut attended = Box::pin(attended);
        let wakes = Arc::new(Wakes::default());
        let waker = Waker::from(wakes.clone());
        client.write_all(GET).await.unwrap();
        while attended.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
            Clock::start().sleep(Patience::USUAL.busy).await;
        }
        drop((attended, waker));
        assert!(kept.recv().is_ok_and(|_request| Arc::strong_count(&wakes) == 1));
    }

    #[test]
    fn a_half_head_is_not_waited_for_when_the_server_ends() {
        let patience = Patience::USUAL;
        assert_eq!(patience.with(Phase::Head, Stage::Closing), Duration::ZERO);
        assert!(patience.with(Phase::Idle, Stage::Closing) < patience.head);
        assert_eq!(patience.with(Phase::Busy, Stage::Closing), patience.busy);
        assert!(patience.idle >= Duration::from_secs(75));
    }
}
