//! A body that is read on after the answer was given. A client that still sends when the
//! connection is closed sees a broken pipe instead of the answer, so what is left is taken off its
//! hands: so much, for so long, by a task of its own.
//!
//! Bodies are wrapped where requests come in. Whoever drops one before its end hands it over, and
//! need not know.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes, HttpBody};
use futures::stream::{Stream, StreamExt};
use tokio::runtime::Handle;
use tokio::task::JoinSet;

const DRAIN_BYTES_MAX: usize = 64 << 20;
const DRAIN_TIME_MAX: Duration = Duration::from_secs(5);
/// Each holds a connection. Beyond so many, a client has to bear with a broken one.
const DRAINS_MAX: usize = 1024;

/// The tasks, which end with it.
#[derive(Debug, Default)]
pub(super) struct Drains {
    tasks: Mutex<JoinSet<()>>,
}

/// What a client does before it sends a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sends {
    AtOnce,
    /// It waits for a `100 Continue`, which is sent when the body is first asked for.
    WhenAsked,
}

impl Drains {
    pub(super) fn wrap(self: &Arc<Self>, body: Body, sends: Sends) -> Body {
        if body.is_end_stream() {
            return body;
        }
        let rest = Some(body.into_data_stream());
        Body::from_stream(Drained { rest, asked: sends == Sends::AtOnce, drains: self.clone() })
    }

    fn take_over(&self, rest: BodyDataStream) {
        // Without a runtime there is no connection any more.
        let Ok(runtime) = Handle::try_current() else { return };
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        if tasks.len() < DRAINS_MAX {
            tasks.spawn_on(drain(rest), &runtime);
        }
    }
}

struct Drained {
    /// `None` when it has ended.
    rest: Option<BodyDataStream>,
    /// Whether the client sends, or will.
    asked: bool,
    drains: Arc<Drains>,
}

impl Stream for Drained {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.asked = true;
        let Some(rest) = &mut self.rest else { return Poll::Ready(None) };
        let polled = Pin::new(rest).poll_next(context);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.rest = None;
        }
        polled
    }
}

impl Drop for Drained {
    fn drop(&mut self) {
        if let Some(rest) = self.rest.take().filter(|_| self.asked) {
            self.drains.take_over(rest);
        }
    }
}

async fn drain(mut rest: BodyDataStream) {
    let to_its_end = async {
        let mut bytes = 0;
        while let Some(Ok(chunk)) = rest.next().await {
            bytes += chunk.len();
            if bytes > DRAIN_BYTES_MAX {
                break;
            }
        }
    };
    // Late or not, the client was given its chance.
    tokio::time::timeout(DRAIN_TIME_MAX, to_its_end).await.ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    /// Counts what is taken of it, and never ends.
    fn endless(taken: &Arc<AtomicUsize>) -> Body {
        let taken = taken.clone();
        Body::from_stream(futures::stream::repeat_with(move || {
            taken.fetch_add(1, Relaxed);
            Ok::<_, std::io::Error>(Bytes::from(vec![0; 1 << 20]))
        }))
    }

    async fn rest_of(drains: &Drains) {
        let mut tasks = std::mem::take(&mut *drains.tasks.lock().unwrap());
        while tasks.join_next().await.is_some() {}
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_not_read_is_taken_so_far_and_no_further() {
        let (drains, taken) = (Arc::new(Drains::default()), Arc::default());
        drop(drains.wrap(endless(&taken), Sends::AtOnce));
        rest_of(&drains).await;
        assert_eq!(taken.load(Relaxed), 65);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_falls_silent_is_left() {
        let drains = Arc::new(Drains::default());
        let silent = futures::stream::pending::<Result<Bytes, std::io::Error>>();
        drop(drains.wrap(Body::from_stream(silent), Sends::AtOnce));
        rest_of(&drains).await;
    }

    #[tokio::test]
    async fn who_waits_to_be_asked_is_not_asked_for_nothing() {
        let (drains, taken) = (Arc::new(Drains::default()), Arc::default());
        drop(drains.wrap(endless(&taken), Sends::WhenAsked));
        assert!(drains.tasks.lock().unwrap().is_empty());
        let mut begun = drains.wrap(endless(&taken), Sends::WhenAsked).into_data_stream();
        assert!(begun.next().await.is_some());
        drop(begun);
        assert_eq!(drains.tasks.lock().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn a_body_that_was_read_needs_nobody() {
        let drains = Arc::new(Drains::default());
        let body = Body::from_stream(futures::stream::iter([Ok::<_, std::io::Error>("ab")]));
        let whole = axum::body::to_bytes(drains.wrap(body, Sends::AtOnce), 9).await.unwrap();
        assert_eq!(&whole[..], b"ab");
        drop(drains.wrap(Body::empty(), Sends::AtOnce));
        assert!(drains.tasks.lock().unwrap().is_empty());
    }
}
