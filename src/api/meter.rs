//! What has come under one key, as far as its limits ask: requests, bytes, queries under way.
//!
//! A bucket holds what may come in one second, and fills as time goes by. Requests are taken out of
//! theirs one by one, or refused. How many bytes a request has is known when they have come: it is let
//! in if the bucket is not empty, and what it takes too much is owed by those that follow. Limits are
//! handed in each time, so a key whose limits were changed goes on where it was.

use std::pin::Pin;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use crate::env::Clock;

/// What a bucket holds, as time: what comes in it may go at once.
const BURST: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(super) struct Meter {
    requests: Bucket,
    bytes: Bucket,
    queries: AtomicU64,
}

impl Meter {
    /// Takes one out, or tells how long until there is one.
    pub(super) fn request(&self, per_second: u64, now: Duration) -> Result<(), Duration> {
        self.requests.take(1, per_second, now)
    }

    /// Whether bytes may come; or how long until some may.
    pub(super) fn bytes_left(&self, now: Duration) -> Result<(), Duration> {
        self.bytes.left(now)
    }

    /// These have come, or gone.
    pub(super) fn pay(&self, bytes: u64, per_second: u64, now: Duration) {
        self.bytes.owe(bytes, per_second, now);
    }

    /// One query more, if it is not one too many.
    pub(super) fn query(self: &Arc<Self>, most: u64) -> Option<InFlight> {
        let one_more = |under_way: u64| (under_way < most).then_some(under_way + 1);
        self.queries.fetch_update(Relaxed, Relaxed, one_more).ok().map(|_| InFlight(self.clone()))
    }
}

/// A query, for as long as it is under way.
#[derive(Debug)]
pub(super) struct InFlight(Arc<Meter>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.queries.fetch_sub(1, Relaxed);
    }
}

/// When all that was taken out will have come in. It is full when that is past.
#[derive(Debug, Default)]
struct Bucket(Mutex<Duration>);

impl Bucket {
    fn take(&self, amount: u64, per_second: u64, now: Duration) -> Result<(), Duration> {
        let mut filled = self.filled();
        let after = (*filled).max(now).saturating_add(time_of(amount, per_second));
        match after.checked_sub(now.saturating_add(BURST)) {
            Some(wait) if !wait.is_zero() => Err(wait),
            _ => {
                *filled = after;
                Ok(())
            }
        }
    }

    fn left(&self, now: Duration) -> Result<(), Duration> {
        match self.filled().checked_sub(now.saturating_add(BURST)) {
            // At that very moment it is empty.
            Some(wait) => Err(wait.max(Duration::from_nanos(1))),
            None => Ok(()),
        }
    }

    fn owe(&self, amount: u64, per_second: u64, now: Duration) {
        let mut filled = self.filled();
        *filled = (*filled).max(now).saturating_add(time_of(amount, per_second));
    }

    fn filled(&self) -> MutexGuard<'_, Duration> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long it takes until so many have come in.
fn time_of(amount: u64, per_second: u64) -> Duration {
    let nanos = u128::from(amount) * 1_000_000_000 / u128::from(per_second.max(1));
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

/// A body whose bytes are paid for as they pass.
pub(super) struct Metered {
    pub(super) body: Body,
    pub(super) meter: Arc<Meter>,
    pub(super) per_second: u64,
    pub(super) clock: Clock,
}

impl HttpBody for Metered {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
        {
            self.meter.pay(data.len() as u64, self.per_second, self.clock.now());
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use axum::body::to_bytes;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn so_many_come_at_once_and_then_as_many_a_second() {
        let meter = Meter::default();
        let start = 100 * SECOND;
        for _ in 0..4 {
            assert_eq!(meter.request(4, start), Ok(()));
        }
        assert_eq!(meter.request(4, start), Err(SECOND / 4));
        // What was refused took nothing.
        assert_eq!(meter.request(4, start), Err(SECOND / 4));
        assert_eq!(meter.request(4, start + SECOND / 4), Ok(()));
        assert_eq!(meter.request(4, start + SECOND / 4), Err(SECOND / 4));
        // What was not taken for long is not there tenfold.
        let later = start + 60 * SECOND;
        let come = (0..100).filter(|_| meter.request(4, later).is_ok()).count();
        assert_eq!(come, 4);
        assert_eq!(Meter::default().request(1, Duration::ZERO), Ok(()));
    }

    #[test]
    fn other_limits_go_on_where_the_bucket_was() {
        let meter = Meter::default();
        for _ in 0..4 {
            assert!(meter.request(4, Duration::ZERO).is_ok());
        }
        assert_eq!(meter.request(1, Duration::ZERO), Err(SECOND));
        assert_eq!(meter.request(1, SECOND), Ok(()));
    }

    #[test]
    fn bytes_are_let_in_while_there_are_some_and_then_owed() {
        let (meter, now) = (Meter::default(), 7 * SECOND);
        assert_eq!(meter.bytes_left(now), Ok(()));
        meter.pay(99, 100, now);
        assert_eq!(meter.bytes_left(now), Ok(()));
        meter.pay(501, 100, now);
        assert_eq!(meter.bytes_left(now), Err(5 * SECOND));
        assert_eq!(meter.bytes_left(now + 4 * SECOND), Err(SECOND));
        assert!(meter.bytes_left(now + 5 * SECOND).is_err());
        assert_eq!(meter.bytes_left(now + 5 * SECOND + SECOND / 100), Ok(()));
        // However much it is.
        meter.pay(u64::MAX, 1, now);
        meter.pay(u64::MAX, 1, now);
        assert!(meter.bytes_left(now + 3600 * SECOND).is_err());
    }

    #[test]
    fn a_query_makes_room_for_another_when_it_ends() {
        let meter = Arc::new(Meter::default());
        let one = meter.query(2).unwrap();
        let _two = meter.query(2).unwrap();
        assert!(meter.query(2).is_none());
        drop(one);
        assert!(meter.query(2).is_some());
        assert!(meter.query(0).is_none());
    }

    #[tokio::test]
    async fn a_body_is_paid_for_as_it_passes_and_is_the_same() {
        let (meter, clock) = (Arc::new(Meter::default()), Clock::start());
        let body = Body::from(vec![7; 1000]);
        let metered = Metered { body, meter: meter.clone(), per_second: 10, clock };
        assert_eq!(metered.size_hint().exact(), Some(1000));
        assert_eq!(meter.bytes_left(clock.now()), Ok(()));
        let passed = to_bytes(Body::new(metered), usize::MAX).await.unwrap();
        assert_eq!(passed.len(), 1000);
        assert!(meter.bytes_left(clock.now()).unwrap_err() > 98 * SECOND);
    }
}
