//! Whose turn it is to be answered: so many queries of one name are under way, so many of them compute,
//! and so many of all names. Who has to wait too long is sent away, so that a crowd costs memory for a
//! moment and no longer; and where more comes than can be computed, who is let in waits next to nothing,
//! and all others are told so at once (`rush`).

mod rush;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::places::Party;
use super::room::{ASKING_MAX, Room};
use super::shutting_down;
use crate::env::{Clock, thread_cpu};
use crate::error::{Error, ErrorKind, Result};
pub(crate) use rush::{CROWD_MAX, CROWD_TIME_MAX, LINE_TIME_MAX};
use rush::{For, Rush};

/// Queries that compute at once, for each core. They are short; more would only share the same cores,
/// and hold their memory longer.
const QUERIES_PER_CORE: usize = 4;
/// For its places a query waits as long as the contract has it.
pub(crate) const PLACES_WAIT_MAX: Duration = Duration::from_millis(800);

/// In the words of the contract.
const CROWDED: &str = "Too many concurrent queries to a single namespace";
const RUSHED: &str =
    "more queries come than this node can compute: come again in a moment, or ask for less at once";

pub(super) struct Turns {
    /// One for each query; in a rush, all of a core's.
    at_once: Arc<Semaphore>,
    census: Census,
    clock: Clock,
    refused: AtomicU64,
}

/// Who waits, who is inside and who computes. Clones are one.
#[derive(Clone)]
struct Census(Arc<Mutex<Rush>>);

impl Census {
    /// It is never held while anything is awaited.
    fn rush(&self) -> MutexGuard<'_, Rush> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that waits, until it has what it waits for or gives up.
struct Waiting {
    census: Census,
    what: For,
    queries: usize,
}

impl Waiting {
    fn begin(census: &Census, what: For, queries: usize) -> Self {
        census.rush().waits(what, queries);
        Self { census: census.clone(), what, queries }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.census.rush().waits_no_more(self.what, self.queries);
    }
}

/// A request that was let in, until it is answered.
pub(super) struct Inside {
    census: Census,
    room: Arc<Room>,
    party: Party,
    /// How long it may wait for its places.
    patience: Duration,
    _asking: OwnedSemaphorePermit,
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.census.rush().leaves(self.party.queries);
    }
}

/// A request with the places of its name that it takes, and a share of those that compute: one, for it
/// computes its queries one by one.
pub(super) struct Computing {
    census: Census,
    clock: Clock,
    queries: usize,
    /// As the census has it.
    begun: Duration,
    worked: Duration,
    _places: OwnedSemaphorePermit,
    _share: OwnedSemaphorePermit,
}

impl Computing {
    fn begin(
        inside: &Inside,
        clock: Clock,
        places: OwnedSemaphorePermit,
        share: OwnedSemaphorePermit,
    ) -> Self {
        let (census, queries) = (inside.census.clone(), inside.party.queries);
        let begun = census.rush().begins(clock.now());
        let worked = Duration::ZERO;
        Self { census, clock, queries, begun, worked, _places: places, _share: share }
    }

    /// On the thread of whoever calls, and with that its places are free again.
    pub(super) fn work<T>(mut self, work: impl FnOnce() -> T) -> T {
        let began = thread_cpu();
        let done = work();
        self.worked = thread_cpu().saturating_sub(began);
        done
    }
}

impl Drop for Computing {
    fn drop(&mut self) {
        let (queries, now) = (self.queries, self.clock.now());
        self.census.rush().computed(queries, self.begun, now, self.worked);
    }
}

impl Turns {
    pub(super) fn on(cores: usize) -> Self {
        let cores = cores.max(1);
        Self {
            at_once: Arc::new(Semaphore::new(QUERIES_PER_CORE * cores)),
            census: Census(Arc::new(Mutex::new(Rush::on(cores)))),
            clock: Clock::start(),
            refused: AtomicU64::new(0),
        }
    }

    /// Among those that ask for a view of a name.
    pub(super) async fn let_in(&self, room: &Arc<Room>, party: Party) -> Result<Inside> {
        let queries = party.queries;
        let own = ASKING_MAX - room.asking.available_permits();
        let patience = self.census.rush().comes(queries, own, self.clock.now());
        let Some(patience) = patience else { return Err(self.refuse(queries, RUSHED)) };
        let waiting = Waiting::begin(&self.census, For::Places, queries);
        let wanted = queries.clamp(1, ASKING_MAX) as u32;
        let asking = room.asking.clone().acquire_many_owned(wanted);
        let asking = tokio::time::timeout(patience, asking).await;
        drop(waiting);
        let Ok(asking) = asking else { return Err(self.refuse(queries, CROWDED)) };
        let _asking = asking.map_err(|_| shutting_down())?;
        self.census.rush().enters(queries);
        Ok(Inside { census: self.census.clone(), room: room.clone(), party, patience, _asking })
    }

    /// To compute: for the places of all of a party, and then for a core, as long as its deadline is.
    pub(super) async fn to_compute(&self, inside: &Inside) -> Result<Computing> {
        let Party { queries, places } = inside.party;
        let came = self.clock.now();
        let waiting = Waiting::begin(&self.census, For::Places, queries);
        let places = tokio::time::timeout(inside.patience, inside.room.places.take(places)).await;
        drop(waiting);
        let Ok(places) = places else { return Err(self.refuse(queries, CROWDED)) };
        let places = places.map_err(|_| shutting_down())?;
        let shares = self.census.rush().shares(self.clock.now());
        let waiting = Waiting::begin(&self.census, For::Core, queries);
        let share = self.at_once.clone().acquire_many_owned(shares).await;
        drop(waiting);
        let share = share.map_err(|_| shutting_down())?;
        self.in_time(queries, came)?;
        Ok(Computing::begin(inside, self.clock, places, share))
    }

    /// Nobody begins any more.
    pub(super) fn end(&self) {
        self.at_once.close();
    }

    pub(super) fn computing(&self) -> usize {
        self.census.rush().computing()
    }

    pub(super) fn refused(&self) -> u64 {
        self.refused.load(Relaxed)
    }

    /// Whoever has waited since then.
    fn in_time(&self, queries: usize, came: Duration) -> Result<()> {
        match self.census.rush().is_too_late(came, self.clock.now()) {
            true => Err(self.refuse(queries, RUSHED)),
            false => Ok(()),
        }
    }

    fn refuse(&self, queries: usize, message: &'static str) -> Error {
        self.refused.fetch_add(queries as u64, Relaxed);
        Error::new(ErrorKind::Throttled, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Location;
    use crate::engine::names::Names;
    use crate::engine::places::PLACES;
    use crate::env::Dice;
    use crate::memory::Memory;
    use crate::model::{Holder, Namespace};
    use crate::namespace::keeper::Grounds;
    use crate::storage;

    const CORES: usize = 2;
    const AT_ONCE: usize = QUERIES_PER_CORE * CORES;
    const ALONE: Duration = Duration::from_millis(10);
    /// Four such requests are as many as a name may have.
    const MANY: Party = Party { queries: 2, places: PLACES / 4 };

    async fn room() -> Arc<Room> {
        let (clock, dice) = (Clock::start(), Dice::from_os());
        let store = storage::open(&Location::Memory, [], clock, dice.clone()).await.unwrap();
        let me = Holder { node: "one".into(), process: 1 };
        let names =
            Names::new(Grounds::new(store, clock, dice, me, Memory::of(1 << 30)), 10, PLACES);
        names.enter(&Namespace::new("acme").unwrap()).unwrap()
    }

    async fn begin(turns: &Turns, room: &Arc<Room>, party: Party) -> Result<(Inside, Computing)> {
        let inside = turns.let_in(room, party).await?;
        let computing = turns.to_compute(&inside).await?;
        Ok((inside, computing))
    }

    /// A query that computes for that long.
    async fn ask(turns: &Turns, room: &Arc<Room>) -> Result<()> {
        let _begun = begin(turns, room, Party::ONE).await?;
        turns.clock.sleep(ALONE).await;
        Ok(())
    }

    /// Twenty queries, each as soon as the one before was answered.
    async fn ask_on(turns: &Turns, room: &Arc<Room>) {
        for _ in 0..20 {
            ask(turns, room).await.unwrap();
        }
    }

    fn told<T>(asked: &Result<T>) -> Option<String> {
        asked.as_ref().err().map(Error::to_string)
    }

    #[tokio::test(start_paused = true)]
    async fn so_many_compute_at_once_and_the_others_have_their_turn() {
        let (turns, room) = (Turns::on(CORES), room().await);
        let asked: Vec<_> = (0..20).map(|_| ask(&turns, &room)).collect();
        let watched = async {
            turns.clock.sleep(ALONE / 2).await;
            assert_eq!(turns.computing(), AT_ONCE);
        };
        let (asked, ()) = futures::future::join(futures::future::join_all(asked), watched).await;
        assert!(asked.iter().all(Result::is_ok));
        assert_eq!((turns.computing(), turns.refused()), (0, 0));
        assert_eq!(turns.at_once.available_permits(), AT_ONCE);
        assert_eq!(room.places.taken(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn in_a_rush_who_does_not_fit_is_sent_away_at_once_and_later_let_in_again() {
        let (turns, room) = (Turns::on(CORES), room().await);
        // What one takes is known from now on.
        ask(&turns, &room).await.unwrap();
        let began = turns.clock.now();
        let asked: Vec<_> = (0..500).map(|_| ask(&turns, &room)).collect();
        let asked = futures::future::join_all(asked).await;
        let answered = asked.iter().filter(|asked| asked.is_ok()).count();
        assert!((AT_ONCE..100).contains(&answered), "{answered}");
        assert!(asked.iter().filter_map(told).all(|told| told == RUSHED));
        assert_eq!(turns.refused(), 500 - answered as u64);
        assert!(turns.clock.now() - began < PLACES_WAIT_MAX, "they wait for nothing");

        turns.clock.sleep(Duration::from_secs(1)).await;
        for _ in 0..20 {
            ask(&turns, &room).await.unwrap();
        }
        assert_eq!(turns.at_once.available_permits(), AT_ONCE);
        assert_eq!(room.places.taken(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn places_that_are_taken_are_waited_for_as_long_as_the_contract_has_it() {
        let (turns, room) = (Turns::on(CORES), room().await);
        let places = room.places.take(PLACES).await.unwrap();
        let began = turns.clock.now();
        assert_eq!(told(&ask(&turns, &room).await).as_deref(), Some(CROWDED));
        let waited = turns.clock.now() - began;
        assert!(waited >= PLACES_WAIT_MAX && waited < 2 * PLACES_WAIT_MAX, "{waited:?}");
        drop(places);
        ask(&turns, &room).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn who_goes_away_while_it_waits_is_counted_no_more() {
        let (turns, room) = (Turns::on(CORES), room().await);
        let places = room.places.take(PLACES).await.unwrap();
        for _ in 0..100 {
            let asked = tokio::time::timeout(Duration::from_millis(1), ask(&turns, &room)).await;
            assert!(asked.is_err());
        }
        drop(places);
        assert_nobody_is_counted(&turns);
    }

    fn assert_nobody_is_counted(turns: &Turns) {
        let census = format!("{:?}", turns.census.rush());
        let nobody = "Many { requests: 0, queries: 0 }";
        let expected =
            format!("unplaced: {nobody}, lined: {nobody}, computing: 0, inside: {nobody}");
        assert!(census.contains(&expected), "{census}");
    }

    /// It had one place, so a thousand queries of one name were answered at once where 16 may be.
    #[tokio::test(start_paused = true)]
    async fn a_request_has_places_for_all_of_its_queries() {
        let (turns, room) = (Turns::on(CORES), room().await);
        let mut inside = Vec::new();
        for _ in 0..PLACES / MANY.places {
            inside.push(begin(&turns, &room, MANY).await.unwrap());
        }
        assert_eq!(room.places.taken(), PLACES);
        let began = turns.clock.now();
        assert_eq!(told(&begin(&turns, &room, Party::ONE).await).as_deref(), Some(CROWDED));
        assert!(turns.clock.now() - began >= PLACES_WAIT_MAX);
        assert_eq!(told(&begin(&turns, &room, MANY).await).as_deref(), Some(CROWDED));
        assert_eq!(turns.refused(), 1 + MANY.queries as u64);
        let one = inside.pop().unwrap();
        let leaves = async {
            turns.clock.sleep(ALONE).await;
            drop(one);
        };
        let (many, ()) = futures::future::join(begin(&turns, &room, MANY), leaves).await;
        inside.push(many.unwrap());
        assert_eq!(room.places.taken(), PLACES);
        drop(inside);
        assert_eq!(room.places.taken(), 0);
        assert_nobody_is_counted(&turns);
    }

    /// Whoever waits for the store takes no core, and once no other could be answered meanwhile.
    #[tokio::test(start_paused = true)]
    async fn who_asks_for_a_view_has_no_place_yet() {
        let (turns, room) = (Turns::on(CORES), room().await);
        let mut asking = Vec::new();
        for _ in 0..2 * PLACES {
            asking.push(turns.let_in(&room, Party::ONE).await.unwrap());
        }
        assert_eq!(room.places.taken(), 0);
        ask(&turns, &room).await.unwrap();
        drop(asking);
        assert_nobody_is_counted(&turns);
    }

    #[tokio::test(start_paused = true)]
    async fn so_many_are_under_way_and_the_next_one_is_sent_away_after_a_while() {
        let (turns, room) = (Turns::on(CORES), room().await);
        let mut asking = Vec::new();
        for _ in 0..ASKING_MAX / 16 {
            asking.push(turns.let_in(&room, Party::plain(16)).await.unwrap());
        }
        let began = turns.clock.now();
        assert_eq!(told(&turns.let_in(&room, Party::ONE).await).as_deref(), Some(CROWDED));
        assert!(turns.clock.now() - began >= PLACES_WAIT_MAX);
        asking.pop();
        asking.push(turns.let_in(&room, Party::ONE).await.unwrap());
        drop(asking);
        assert_nobody_is_counted(&turns);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_with_more_queries_than_there_are_places_has_all_of_them() {
        let (turns, room) = (Turns::on(CORES), room().await);
        let begun = begin(&turns, &room, Party::plain(PLACES + 1)).await.unwrap();
        assert_eq!((room.places.taken(), turns.computing()), (PLACES, 1));
        drop(begun);
        assert_nobody_is_counted(&turns);
        // And one that has none has a place.
        let begun = begin(&turns, &room, Party::of(&[])).await.unwrap();
        assert_eq!(room.places.taken(), 1);
        drop(begun);
        assert_nobody_is_counted(&turns);
    }

    /// A place becomes free for each who leaves, and there are always others who want one.
    #[tokio::test(start_paused = true)]
    async fn who_has_many_queries_is_not_passed_by_those_who_have_one() {
        // Cores for all that there are places for.
        let (turns, room) = (Turns::on(PLACES), room().await);
        let others: Vec<_> = (0..2 * PLACES).map(|_| ask_on(&turns, &room)).collect();
        let many = async {
            turns.clock.sleep(ALONE / 2).await;
            let came = turns.clock.now();
            let _begun = begin(&turns, &room, MANY).await.unwrap();
            turns.clock.now() - came
        };
        let (_, waited) = futures::future::join(futures::future::join_all(others), many).await;
        assert!(waited < 3 * ALONE, "{waited:?}");
        assert_nobody_is_counted(&turns);
    }
}
