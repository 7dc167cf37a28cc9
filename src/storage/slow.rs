//! A store that takes its time, and tells when each request began and ended: a bucket behind a
//! network, for a machine that has none. Benchmarks stand on it, for what a request waits for shows
//! in multiples of what one of the store takes.
//!
//! What must hold: it does what the store below does and nothing else, only later. Requests side by
//! side do not slow each other down: each stream has a rate of its own. A put takes effect at the end
//! of its time, as late as it can.

use std::fmt;
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload,
    ObjectMeta, ObjectStore, ObjectStoreExt, PutMultipartOptions, PutOptions, PutPayload,
    PutResult, Result,
};

use crate::env::Clock;

/// More of a recording is not kept: nobody reads it.
const TRIPS_MAX: usize = 100_000;

/// What a request takes, on top of what it takes below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// A put, beside its bytes, and a delete.
    pub put: Duration,
    /// A get, beside its bytes, and a listing, however long.
    pub get: Duration,
    /// None: bytes take no time.
    pub bytes_per_second: Option<NonZeroU64>,
}

/// How a request goes over the wire, whatever it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    Get,
    Put,
    List,
    Delete,
}

/// One request, there and back, by the clock that the store was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trip {
    pub way: Way,
    pub began: Duration,
    /// With the last byte of its answer, or when nobody waited for that any more.
    pub ended: Duration,
}

/// The requests to one store, from when somebody wants to know them. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Trips(Arc<Mutex<Option<Vec<Trip>>>>);

#[derive(Debug)]
pub(super) struct SlowStore {
    inner: Arc<dyn ObjectStore>,
    pace: Pace,
    clock: Clock,
    trips: Trips,
}

/// A request that is under way.
struct Underway {
    way: Way,
    began: Duration,
    clock: Clock,
    trips: Trips,
}

impl Pace {
    /// As fast as what is below.
    pub const NONE: Self =
        Self { put: Duration::ZERO, get: Duration::ZERO, bytes_per_second: None };

    fn transfer(&self, bytes: u64) -> Duration {
        let seconds = |rate: NonZeroU64| bytes as f64 / rate.get() as f64;
        self.bytes_per_second.map_or(Duration::ZERO, |rate| Duration::from_secs_f64(seconds(rate)))
    }
}

impl Trips {
    /// Forgets what was recorded, and records what ends from now on.
    pub fn record(&self) {
        *self.lock() = Some(Vec::new());
    }

    /// What was recorded; nothing more is.
    pub fn take(&self) -> Vec<Trip> {
        self.lock().take().unwrap_or_default()
    }

    fn note(&self, trip: Trip) {
        if let Some(trips) = self.lock().as_mut()
            && trips.len() < TRIPS_MAX
        {
            trips.push(trip);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<Trip>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        let Self { way, began, ref clock, ref trips } = *self;
        trips.note(Trip { way, began, ended: clock.now() });
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Get => "GET",
            Self::Put => "PUT",
            Self::List => "LIST",
            Self::Delete => "DELETE",
        })
    }
}

impl SlowStore {
    pub(super) fn over(inner: Box<dyn ObjectStore>, pace: Pace, clock: Clock) -> (Self, Trips) {
        let trips = Trips::default();
        (Self { inner: inner.into(), pace, clock, trips: trips.clone() }, trips)
    }

    fn begin(&self, way: Way) -> Underway {
        let (clock, trips) = (self.clock, self.trips.clone());
        Underway { way, began: clock.now(), clock, trips }
    }

    fn listed(
        &self,
        list: BoxStream<'static, Result<ObjectMeta>>,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let (underway, clock, get) = (self.begin(Way::List), self.clock, self.pace.get);
        let late = async move {
            pause(clock, get).await;
            until_its_end(list, underway)
        };
        stream::once(late).flatten().boxed()
    }
}

/// The shortest sleep of a runtime is a millisecond, which is not nothing.
async fn pause(clock: Clock, time: Duration) {
    if !time.is_zero() {
        clock.sleep(time).await;
    }
}

/// The request is under way until the stream has ended, or is dropped.
fn until_its_end<T: Send + 'static>(
    stream: BoxStream<'static, T>,
    underway: Underway,
) -> BoxStream<'static, T> {
    let next = |(mut stream, underway): (BoxStream<'static, T>, Underway)| async move {
        let item = stream.next().await?;
        Some((item, (stream, underway)))
    };
    stream::unfold((stream, underway), next).boxed()
}

impl fmt::Display for SlowStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SlowStore({})", self.inner)
    }
}

#[async_trait]
impl ObjectStore for SlowStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let _underway = self.begin(Way::Put);
        let bytes = payload.content_length() as u64;
        pause(self.clock, self.pace.put + self.pace.transfer(bytes)).await;
        self.inner.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        _: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        Err(unused("put_multipart"))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let underway = self.begin(Way::Get);
        pause(self.clock, self.pace.get).await;
        let answer = self.inner.get_opts(location, options).await?;
        let (meta, range) = (answer.meta.clone(), answer.range.clone());
        let (attributes, extensions) = (answer.attributes.clone(), answer.extensions.clone());
        let (clock, transfer) = (self.clock, self.pace.transfer(range.end - range.start));
        let body = async move {
            pause(clock, transfer).await;
            until_its_end(answer.into_stream(), underway)
        };
        let payload = GetResultPayload::Stream(stream::once(body).flatten().boxed());
        Ok(GetResult { payload, meta, range, attributes, extensions })
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let (inner, clock, put) = (self.inner.clone(), self.clock, self.pace.put);
        let trips = self.trips.clone();
        let delete = move |location: Path| {
            let (inner, began) = (inner.clone(), clock.now());
            let underway = Underway { way: Way::Delete, began, clock, trips: trips.clone() };
            async move {
                let _underway = underway;
                pause(clock, put).await;
                inner.delete(&location).await.map(|()| location)
            }
        };
        locations.and_then(delete).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.listed(self.inner.list(prefix))
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.listed(self.inner.list_with_offset(prefix, offset))
    }

    async fn list_with_delimiter(&self, _: Option<&Path>) -> Result<ListResult> {
        Err(unused("list_with_delimiter"))
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        Err(unused("copy"))
    }
}

/// Nothing of ours asks for it, and whoever begins to is to think of what it should take.
fn unused(operation: &str) -> Error {
    Error::NotImplemented { operation: operation.to_owned(), implementer: "SlowStore".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Location;
    use crate::env::Dice;
    use crate::model::{Incarnation, Marker, MarkerKind, Namespace, Seq};
    use crate::storage::{Attempt, Cursor, Doomed, Folder, SlotKey, Store, open_slow};

    const PACE: Pace = Pace {
        put: Duration::from_millis(100),
        get: Duration::from_millis(25),
        bytes_per_second: NonZeroU64::new(1_000_000),
    };

    async fn slow(pace: Pace) -> (Store, Trips, Clock) {
        let clock = Clock::start();
        let location = Location::Memory;
        let opened = open_slow(&location, [], clock, Dice::from_seed(1), pace).await;
        let (store, trips) = opened.unwrap();
        trips.record();
        (store, trips, clock)
    }

    fn slot() -> SlotKey {
        SlotKey { home: Namespace::new("a").unwrap(), inc: Incarnation(1), seq: Seq(1) }
    }

    fn marker() -> Marker {
        let name = Namespace::new("a").unwrap();
        Marker { kind: MarkerKind::Live, name, inc: Incarnation(1) }
    }

    /// A timer is up to two milliseconds late.
    fn took(trip: &Trip) -> u128 {
        (trip.ended - trip.began).as_millis() / 5 * 5
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_takes_its_time_and_that_of_its_bytes() {
        let (store, trips, clock) = slow(PACE).await;
        let body = vec![7; 50_000];
        assert!(matches!(store.create(&slot(), body.clone().into()).await, Attempt::Done(())));
        assert_eq!(store.slot(&slot()).await.unwrap().body.unwrap(), body);
        store.mark(&marker()).await.unwrap();
        let page = store.list(&Folder::Markers(MarkerKind::Live), &Cursor::start(), 10).await;
        assert_eq!(page.unwrap().entries.len(), 1);
        store.delete(&Doomed::Marker(marker())).await.unwrap();
        let trips = trips.take();
        let ways: Vec<Way> = trips.iter().map(|trip| trip.way).collect();
        assert_eq!(ways, [Way::Put, Way::Get, Way::Put, Way::List, Way::Delete]);
        let times: Vec<u128> = trips.iter().map(took).collect();
        assert_eq!(times, [150, 75, 100, 25, 100]);
        assert!(trips.is_sorted_by(|one, two| one.ended <= two.began));
        assert!(trips.last().unwrap().ended <= clock.now());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_there_takes_time_too() {
        let (store, trips, _) = slow(PACE).await;
        assert_eq!(store.slot(&slot()).await.unwrap().body, None);
        assert_eq!(trips.take().iter().map(took).collect::<Vec<_>>(), [25]);
    }

    #[tokio::test(start_paused = true)]
    async fn requests_side_by_side_do_not_wait_for_each_other() {
        let (store, trips, clock) = slow(PACE).await;
        let key = slot();
        futures::future::join_all((0..64).map(|_| store.slot(&key))).await;
        assert!(clock.now() < Duration::from_millis(30), "{:?}", clock.now());
        assert_eq!(trips.take().len(), 64);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_pace_nothing_is_held_up_and_all_is_told() {
        let (store, trips, clock) = slow(Pace::NONE).await;
        store.mark(&marker()).await.unwrap();
        assert_eq!(store.slot(&slot()).await.unwrap().body, None);
        assert_eq!(clock.now(), Duration::ZERO);
        assert_eq!(trips.take().len(), 2);
        // Until somebody wants to know again.
        store.mark(&marker()).await.unwrap();
        assert_eq!(trips.take(), []);
    }
}
