//! What a connection waits for, as far as it is seen from what goes over it: bytes that come, bytes
//! that are not taken, requests that begin, bodies that end.
//!
//! A request lasts as long as somebody holds its body or that of its answer. What lies in a buffer
//! after that is written all the same, and the connection is stalled as long as nobody takes it.
//!
//! Whoever polls the connection does so through this, and is woken by it: by no more than has to be.

use std::io::{self, IoSlice};
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use hyper::body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How a connection of HTTP/2 begins, and none of HTTP/1.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// One after the other, before others have their turn.
const POLLS_MAX: usize = 4;

/// What a connection waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// For the rest of a head.
    Head,
    /// For a body, or for its answer.
    Busy,
    /// For a client that has nothing to ask.
    Idle,
    /// For a client that does not read.
    Stalled,
}

/// What is waited for, as of one moment. The same twice: nothing has changed in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Beat {
    pub(super) phase: Phase,
    requests: usize,
    changes: u64,
}

#[derive(Debug, Default)]
pub(super) struct Pulse(Mutex<State>);

#[derive(Debug)]
struct State {
    wire: Wire,
    /// Those that have a head, and of whose body or answer something is left.
    requests: usize,
    /// Part of a head has come, or nothing at all yet.
    heading: bool,
    stalled: bool,
    changes: u64,
    polling: Polling,
}

/// Whom to tell that there is something to do.
#[derive(Debug, Default)]
enum Polling {
    /// Whoever polls, and looks when that is done.
    Now { woken: bool },
    /// The task of the connection.
    Later(Waker),
    /// Nobody: it was told, or has not begun.
    #[default]
    Told,
}

/// Over HTTP/2 a client says something now and then without asking anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wire {
    /// So much of the preface has come, and nothing else.
    Unknown {
        matched: usize,
    },
    One,
    Two,
}

impl Default for State {
    fn default() -> Self {
        Self {
            wire: Wire::Unknown { matched: 0 },
            requests: 0,
            heading: true,
            stalled: false,
            changes: 0,
            polling: Polling::default(),
        }
    }
}

impl State {
    fn phase(&self) -> Phase {
        if self.stalled {
            Phase::Stalled
        } else if self.requests > 0 {
            Phase::Busy
        } else if self.heading {
            Phase::Head
        } else {
            Phase::Idle
        }
    }

    fn tell(mut state: MutexGuard<'_, Self>) {
        match mem::take(&mut state.polling) {
            Polling::Now { .. } => state.polling = Polling::Now { woken: true },
            Polling::Later(task) => {
                drop(state);
                task.wake();
            }
            Polling::Told => {}
        }
    }

    fn beat(&self) -> Beat {
        Beat { phase: self.phase(), requests: self.requests, changes: self.changes }
    }
}

impl Wire {
    fn after(self, bytes: &[u8]) -> Self {
        let Self::Unknown { matched } = self else { return self };
        let rest = &PREFACE[matched..];
        let length = rest.len().min(bytes.len());
        if rest[..length] != bytes[..length] {
            Self::One
        } else if length == rest.len() {
            Self::Two
        } else {
            Self::Unknown { matched: matched + length }
        }
    }
}

impl Pulse {
    pub(super) fn beat(&self) -> Beat {
        self.state().beat()
    }

    /// Polls the connection, and again if it is woken by that: hyper wakes it when a handler begins to read
    /// a body. Another thread would be called for a task that is woken while it runs.
    pub(super) fn through<T>(
        self: &Arc<Self>,
        context: &mut Context<'_>,
        mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> (Poll<T>, Beat) {
        let waker = Waker::from(self.clone());
        let mut rounds = POLLS_MAX;
        loop {
            self.state().polling = Polling::Now { woken: false };
            let polled = poll(&mut Context::from_waker(&waker));
            rounds -= 1;
            let mut state = self.state();
            let again =
                polled.is_pending() && matches!(state.polling, Polling::Now { woken: true });
            if again && rounds > 0 {
                continue;
            }
            state.polling = Polling::Later(context.waker().clone());
            let beat = state.beat();
            drop(state);
            if again {
                context.waker().wake_by_ref();
            }
            return (polled, beat);
        }
    }

    /// Nobody polls the connection any more: a body may outlive it, and would hold who did.
    pub(super) fn end(&self) {
        self.state().polling = Polling::Told;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state();
        let before = state.beat();
        change(&mut state);
        if state.beat() == before {
            return;
        }
        state.changes += 1;
        // Who polls is told of it in any case.
        if !matches!(state.polling, Polling::Now { .. }) {
            State::tell(state);
        }
    }

    fn came(&self, bytes: &[u8]) {
        self.change(|state| {
            state.wire = state.wire.after(bytes);
            state.heading = state.requests == 0 && state.wire != Wire::Two;
        });
    }

    fn wrote(&self, written: &Poll<io::Result<usize>>) {
        self.change(|state| state.stalled = written.is_pending());
    }

    fn flushed(&self, flushed: &Poll<io::Result<()>>) {
        self.change(|state| state.stalled = flushed.is_pending());
    }
}

/// For what is polled here.
impl Wake for Pulse {
    fn wake(self: Arc<Self>) {
        State::tell(self.state());
    }

    fn wake_by_ref(self: &Arc<Self>) {
        State::tell(self.state());
    }
}

/// A request, as long as something of it is left.
#[derive(Debug)]
pub(super) struct Busy(Arc<Pulse>);

impl Busy {
    pub(super) fn begin(pulse: &Arc<Pulse>) -> Self {
        pulse.change(|state| {
            state.requests += 1;
            state.heading = false;
        });
        Self(pulse.clone())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.change(|state| state.requests -= 1);
    }
}

/// A body of a request, or of its answer.
pub(super) struct Held<B> {
    body: B,
    _busy: Arc<Busy>,
}

impl<B> Held<B> {
    pub(super) fn new(body: B, busy: Arc<Busy>) -> Self {
        Self { body, _busy: busy }
    }
}

impl<B: Body + Unpin> Body for Held<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A stream that tells what goes over it.
pub(super) struct Watched<S> {
    stream: S,
    pulse: Arc<Pulse>,
}

impl<S> Watched<S> {
    pub(super) fn new(stream: S, pulse: Arc<Pulse>) -> Self {
        Self { stream, pulse }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        let came = &buffer.filled()[before..];
        if !came.is_empty() {
            self.pulse.came(came);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.pulse.wrote(&written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.pulse.wrote(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// What was written may lie in a buffer of TLS, and nobody takes it. Nothing is flushed while
    /// something waits to be written.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.pulse.flushed(&flushed);
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    #[test]
    fn who_is_woken_again_and_again_gives_others_their_turn_and_loses_no_wake() {
        let (pulse, wakes) = (Arc::new(Pulse::default()), Arc::new(Wakes::default()));
        let (task, mut polls) = (Waker::from(wakes.clone()), 0);
        let context = &mut Context::from_waker(&task);
        let mut poll = |wakes_itself: bool, answer: Poll<()>| {
            let mut given = None;
            let (polled, _) = pulse.through(context, |context| {
                polls += 1;
                given = Some(context.waker().clone());
                if wakes_itself {
                    context.waker().wake_by_ref();
                }
                answer
            });
            assert_eq!(polled, answer);
            given.unwrap()
        };
        let woken_twice = |given: Waker| {
            given.wake_by_ref();
            given.wake();
        };
        poll(true, Poll::Pending);
        assert_eq!(wakes.0.load(Relaxed), 1);
        let given = poll(false, Poll::Pending);
        assert_eq!(wakes.0.load(Relaxed), 1);
        woken_twice(given);
        assert_eq!(wakes.0.load(Relaxed), 2);
        let given = poll(false, Poll::Ready(()));
        pulse.end();
        woken_twice(given);
        assert_eq!((wakes.0.load(Relaxed), polls), (2, POLLS_MAX + 2));
    }

    #[test]
    fn a_connection_waits_for_one_thing_after_the_other() {
        let pulse = Arc::new(Pulse::default());
        assert_eq!(pulse.beat().phase, Phase::Head);
        pulse.came(b"POST / HTTP/1.1\r\n\r\n{");
        let busy = Busy::begin(&pulse);
        pulse.came(b"}");
        assert_eq!(pulse.beat().phase, Phase::Busy);
        pulse.wrote(&Poll::Pending);
        assert_eq!(pulse.beat().phase, Phase::Stalled);
        pulse.wrote(&Poll::Ready(Ok(1)));
        pulse.flushed(&Poll::Pending);
        assert_eq!(pulse.beat().phase, Phase::Stalled);
        pulse.flushed(&Poll::Ready(Ok(())));
        drop(busy);
        assert_eq!(pulse.beat().phase, Phase::Idle);
        pulse.came(b"G");
        assert_eq!(pulse.beat().phase, Phase::Head);
    }

    #[test]
    fn what_a_client_of_http_2_says_between_requests_is_no_head() {
        let pulse = Arc::new(Pulse::default());
        let (some, rest) = PREFACE.split_at(7);
        pulse.came(some);
        assert_eq!(pulse.beat().phase, Phase::Head);
        pulse.came(rest);
        assert_eq!(pulse.beat().phase, Phase::Idle);
        pulse.came(b"a ping");
        assert_eq!(pulse.beat().phase, Phase::Idle);
    }

    #[test]
    fn the_first_bytes_tell_one_protocol_from_the_other() {
        let unknown = Wire::Unknown { matched: 0 };
        assert_eq!(unknown.after(b"PRI"), Wire::Unknown { matched: 3 });
        assert_eq!(unknown.after(b"PRI").after(b"VATE"), Wire::One);
        assert_eq!(unknown.after(b"P").after(b"UT / HTTP/1.1"), Wire::One);
        assert_eq!(unknown.after(&[PREFACE, b"more"].concat()), Wire::Two);
        assert_eq!(Wire::One.after(PREFACE), Wire::One);
    }
}
