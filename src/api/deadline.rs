//! How long a request may take, from its first byte on. Clients give up at 60 seconds and then
//! know nothing; so that they are told something, we give up before.

use std::time::Duration;

use super::error::{Again, Refusal};
use crate::env::{Clock, Toil};
use crate::error::{self, Error};

pub(super) const QUERY_TIME_MAX: Duration = Duration::from_secs(30);
pub(super) const WRITE_TIME_MAX: Duration = Duration::from_secs(50);

#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline {
    clock: Clock,
    began: Duration,
    limit: Duration,
    /// The limit is that of whoever asks.
    is_theirs: bool,
}

impl Deadline {
    pub(super) fn start(clock: Clock, limit: Duration) -> Self {
        Self { clock, began: clock.now(), limit, is_theirs: false }
    }

    /// The same for a client that gives less time than there is.
    pub(super) fn at_most(self, limit: Duration) -> Self {
        match limit < self.limit {
            true => Self { limit, is_theirs: true, ..self },
            false => self,
        }
    }

    /// Rounded up: nothing takes no time.
    pub(super) fn elapsed_ms(&self) -> u64 {
        millis(self.clock.now().saturating_sub(self.began))
    }

    /// Of a body that comes too late, its client is told so.
    pub(super) async fn reading<T>(
        &self,
        work: impl Future<Output = Result<T, Refusal>>,
    ) -> Result<T, Refusal> {
        self.in_time(work, Refusal::slow_body).await?
    }

    /// What is made of a body that has come: if that is late, the client is not to blame, and
    /// nothing was done yet.
    pub(super) async fn making<T>(
        &self,
        work: impl Future<Output = Result<T, Refusal>>,
    ) -> Result<T, Refusal> {
        self.in_time(work, Refusal::late_start).await?
    }

    /// What the engine says to a question. `refused` tells an error in the words of a contract.
    pub(super) async fn asking<T>(
        &self,
        work: impl Future<Output = error::Result<T>>,
        refused: impl FnOnce(Error) -> Refusal,
    ) -> Result<T, Refusal> {
        self.in_time(work, || self.late(Duration::ZERO)).await?.map_err(refused)
    }

    /// What the engine says to a question that has to be computed.
    pub(super) async fn answering<T>(
        &self,
        work: impl Future<Output = error::Result<T>>,
        refused: impl FnOnce(Error) -> Refusal,
    ) -> Result<T, Refusal> {
        self.computing(work).await?.map_err(refused)
    }

    /// What is computed. If that took half of all the time, it is the question that is too large: who asks
    /// it again has the same computed again.
    pub(super) async fn computing<T>(&self, work: impl Future<Output = T>) -> Result<T, Refusal> {
        let toil = Toil::new(self.clock);
        self.in_time(toil.of(work), || self.late(toil.time())).await
    }

    fn late(&self, toiled: Duration) -> Refusal {
        match self.is_theirs {
            true => Refusal::hurried_query(),
            false if toiled >= self.limit / 2 => Refusal::large_query(),
            false => Refusal::late_query(),
        }
    }

    /// What it says to a write: whatever this is refused with tells whether it may be sent again.
    pub(super) async fn writing<T>(
        &self,
        work: impl Future<Output = error::Result<T>>,
        again: Again,
        refused: impl FnOnce(Error) -> Refusal,
    ) -> Result<T, Refusal> {
        let late = || Refusal::late_write().of_a_write(again);
        let written = self.in_time(work, late).await?;
        written.map_err(|error| refused(error).of_a_write(again))
    }

    pub(super) async fn in_time<T>(
        &self,
        work: impl Future<Output = T>,
        late: impl FnOnce() -> Refusal,
    ) -> Result<T, Refusal> {
        let spent = self.clock.now().saturating_sub(self.began);
        let left = self.limit.saturating_sub(spent);
        tokio::time::timeout(left, work).await.map_err(|_| late())
    }
}

pub(super) fn millis(time: Duration) -> u64 {
    let millis = time.as_nanos().div_ceil(1_000_000);
    u64::try_from(millis).unwrap_or(u64::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    use axum::body::{Body, Bytes};
    use axum::http::Request;
    use futures::stream::{self, StreamExt};

    use crate::api::alone::Alone;
    use crate::env::blocking;

    /// Never silent for long, and never at its end.
    fn dribble(clock: Clock) -> Body {
        let byte = move |()| async move {
            clock.sleep(Duration::from_secs(5)).await;
            Ok::<_, std::io::Error>(Bytes::from_static(b" "))
        };
        Body::from_stream(stream::repeat(()).then(byte))
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_comes_byte_by_byte_is_waited_for_so_long_and_no_longer() {
        for (path, limit) in [
            ("/v2/namespaces/a", WRITE_TIME_MAX),
            ("/v2/namespaces/a/query", QUERY_TIME_MAX),
            ("/v1/namespaces/a/upsert", WRITE_TIME_MAX),
            ("/v1/namespaces/a/query", QUERY_TIME_MAX),
        ] {
            let alone = Alone::start().await;
            let clock = alone.api.clock;
            let request = Request::builder().method("POST").uri(path);
            let began = clock.now();
            let (status, body) = alone.send(request.body(dribble(clock)).unwrap()).await;
            assert!(status == 408 && body.contains("\"code\":\"body_too_slow\""), "{path}: {body}");
            assert_eq!((clock.now() - began).as_secs(), limit.as_secs(), "{path}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_comes_to_its_end_a_moment_before_is_taken() {
        for (path, limit) in
            [("/v2/namespaces/a", WRITE_TIME_MAX), ("/v2/namespaces/a/query", QUERY_TIME_MAX)]
        {
            let alone = Alone::start().await;
            let clock = alone.api.clock;
            let (pause, moment) = (Duration::from_secs(5), Duration::from_secs(1));
            let blanks = (limit.as_secs() / pause.as_secs()) as usize - 1;
            let end = stream::once(async move {
                clock.sleep(pause - moment).await;
                Ok::<_, std::io::Error>(Bytes::from_static(b"{"))
            });
            let blank = move |()| async move {
                clock.sleep(pause).await;
                Ok::<_, std::io::Error>(Bytes::from_static(b" "))
            };
            let slow = stream::repeat(()).then(blank).take(blanks).chain(end);
            let request = Request::builder().method("POST").uri(path);
            let began = clock.now();
            let (status, body) = alone.send(request.body(Body::from_stream(slow)).unwrap()).await;
            // It was read to its end, and means nothing.
            assert!(status == 400 && body.contains("malformed_json"), "{path}: {status} {body}");
            assert_eq!((clock.now() - began).as_secs(), (limit - moment).as_secs(), "{path}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_done_a_moment_before_is_told_and_what_is_a_moment_late_is_not() {
        let (clock, moment) = (Clock::start(), Duration::from_millis(2));
        let refused = |error: Error| Refusal::internal(error.to_string());
        for limit in [QUERY_TIME_MAX, WRITE_TIME_MAX] {
            let work = async |takes: Duration| {
                clock.sleep(takes).await;
                Ok::<_, Error>(7)
            };
            for (takes, in_time) in [(limit - moment, true), (limit + moment, false)] {
                let asked = Deadline::start(clock, limit).asking(work(takes), refused).await;
                assert_eq!(asked, if in_time { Ok(7) } else { Err(Refusal::late_query()) });
                let deadline = Deadline::start(clock, limit);
                let written = deadline.writing(work(takes), Again::Unsafe, refused).await;
                let late = Refusal::late_write().of_a_write(Again::Unsafe);
                assert_eq!(written, if in_time { Ok(7) } else { Err(late) });
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_limit_holds_over_all_that_is_done() {
        let clock = Clock::start();
        let deadline = Deadline::start(clock, Duration::from_secs(10));
        let read = deadline.reading(async {
            clock.sleep(Duration::from_secs(6)).await;
            Ok(7)
        });
        assert_eq!(read.await, Ok(7));
        assert_eq!(deadline.elapsed_ms(), 6000);
        let asked = deadline.in_time(clock.sleep(Duration::from_secs(5)), Refusal::late_query);
        assert_eq!(asked.await, Err(Refusal::late_query()));
        assert_eq!(deadline.elapsed_ms(), 10_000);
    }

    /// It is not asked again by itself: that would take longer than whoever asks wants to wait.
    #[tokio::test(start_paused = true)]
    async fn a_client_that_gives_less_time_is_told_that_it_was_its_own_limit() {
        let clock = Clock::start();
        let refused = |error: Error| Refusal::internal(error.to_string());
        let limit = Duration::from_secs(10);
        for (theirs, told) in [
            (Duration::from_secs(2), Refusal::hurried_query()),
            (limit, Refusal::late_query()),
            (Duration::from_secs(600), Refusal::late_query()),
        ] {
            let endless = async || {
                clock.sleep(Duration::from_secs(60)).await;
                Ok(())
            };
            let deadline = Deadline::start(clock, limit).at_most(theirs);
            assert_eq!(deadline.asking(endless(), refused).await, Err(told.clone()));
            assert_eq!(deadline.elapsed_ms(), millis(limit.min(theirs)));
            let deadline = Deadline::start(clock, limit).at_most(theirs);
            assert_eq!(deadline.computing(endless()).await.unwrap_err(), told);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_late_is_told_by_what_was_waited_for() {
        let clock = Clock::start();
        let deadline = Deadline::start(clock, Duration::from_secs(10));
        let endless = async || {
            clock.sleep(Duration::from_secs(60)).await;
            Ok(())
        };
        assert_eq!(deadline.reading(endless()).await, Err(Refusal::slow_body()));
        assert_eq!(deadline.making(endless()).await, Err(Refusal::late_start()));
    }

    /// The official clients come five times, each of which computes for as long again.
    #[tokio::test(start_paused = true)]
    async fn a_query_that_is_too_large_is_not_asked_again_and_one_that_waited_is() {
        let clock = Clock::start();
        let limit = Duration::from_secs(10);
        for (waits, told) in [(1, Refusal::large_query()), (8, Refusal::late_query())] {
            let (end, ended) = std::sync::mpsc::channel::<()>();
            let (began, begins) = tokio::sync::oneshot::channel();
            let work = async {
                clock.sleep(Duration::from_secs(waits)).await;
                began.send(()).unwrap();
                // It fails when the sender is gone.
                blocking(move || ended.recv().is_ok()).await
            };
            let deadline = Deadline::start(clock, limit);
            let goes_on = async {
                begins.await.unwrap();
                let rest = limit.saturating_sub(Duration::from_secs(waits));
                tokio::time::advance(rest + Duration::from_secs(1)).await;
            };
            let (late, ()) = tokio::join!(deadline.computing(work), goes_on);
            assert_eq!(late, Err(told));
            drop(end);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_that_fails_or_is_late_tells_whether_it_may_be_sent_again() {
        let clock = Clock::start();
        let refused = |error: Error| Refusal::internal(error.to_string());
        for again in [Again::Safe, Again::Unsafe] {
            let deadline = Deadline::start(clock, Duration::from_secs(10));
            let failing = async { Err::<(), _>(Error::internal("no")) };
            let told = Refusal::internal("no").of_a_write(again);
            assert_eq!(deadline.writing(failing, again, refused).await, Err(told));
            let endless = async {
                clock.sleep(Duration::from_secs(60)).await;
                Ok(())
            };
            let told = Refusal::late_write().of_a_write(again);
            assert_eq!(deadline.writing(endless, again, refused).await, Err(told));
        }
    }

    #[test]
    fn what_was_done_at_once_took_a_millisecond() {
        for (nanos, ms) in [(0, 1), (1, 1), (1_000_000, 1), (1_000_001, 2)] {
            assert_eq!(millis(Duration::from_nanos(nanos)), ms);
        }
    }
}
