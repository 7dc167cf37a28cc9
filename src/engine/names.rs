//! The names that are open on this node: one keeper each, started by whoever asks first. Of those
//! that were closed a few bytes are remembered.
//!
//! What must hold: there is one keeper of a name at a time, so whoever finds it ending waits until it
//! has ended and what it left is put away. No lock is held while anything is awaited.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt};
use futures::stream::{self, StreamExt};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::accounts::{Account, Accounts, KEPT_MAX, wall_ms};
use super::caretaker::Owners;
use super::recollections::{REMEMBERED_MAX, Recollections};
use super::room::Room;
use super::shutting_down;
use super::surplus::Surplus;
use crate::env::give_back;
use crate::error::{Error, ErrorKind, Result};
use crate::model::Namespace;
use crate::namespace::keeper::{Ask, Gate, Grounds, Keeper, Left, Reply};
use crate::protocol::Mine;

/// Each time, somebody else was quicker and found the keeper still there.
const TRIES_MAX: usize = 8;
/// Keepers that leave at the same time: each of them swaps a head, and some fold before.
const LEAVING_MAX: usize = 256;
/// After so many names were closed, or the last of them, what they took is given back to the machine: an
/// open name has some kilobytes, an idle one nothing.
const GIVE_BACK_EVERY: usize = 1000;

pub(super) struct Names {
    grounds: Grounds,
    open_max: usize,
    /// Of the queries of each name.
    places: usize,
    surplus: Surplus,
    state: Mutex<State>,
}

struct State {
    rooms: BTreeMap<Namespace, Entry>,
    /// Names by the moment at which they were last asked for; none that was told to leave.
    by_age: BTreeMap<u64, Namespace>,
    /// How often somebody came in.
    moment: u64,
    recollections: Recollections,
    accounts: Accounts,
    /// Names that were closed since there was last something to give back.
    closed: usize,
    attendants: JoinSet<()>,
    door: Door,
}

struct Entry {
    room: Arc<Room>,
    account: Arc<Account>,
    /// None: it was told to leave.
    asked: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Door {
    Open,
    Shut,
}

impl Names {
    /// So many names are open at once, with so many places each, and as many again are leaving at most.
    /// Within a runtime, for its tasks.
    pub(super) fn new(grounds: Grounds, open_max: usize, places: usize) -> Arc<Self> {
        let (surplus, mut attendants) = (Surplus::default(), JoinSet::new());
        attendants.spawn(surplus.clone().drain(grounds.clock, give_back));
        let state = State {
            rooms: BTreeMap::new(),
            by_age: BTreeMap::new(),
            moment: 0,
            recollections: Recollections::of(REMEMBERED_MAX),
            accounts: Accounts::of(KEPT_MAX, wall_ms(grounds.clock)),
            closed: 0,
            attendants,
            door: Door::Open,
        };
        let open_max = open_max.max(1);
        Arc::new(Self { grounds, open_max, places, surplus, state: Mutex::new(state) })
    }

    /// Asks the keeper of a name. `lost` is what is told if it ends without an answer.
    pub(super) async fn put<T>(
        self: &Arc<Self>,
        name: &Namespace,
        ask: impl FnOnce(Reply<T>) -> Ask,
        lost: fn() -> Error,
    ) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        self.ask(name, ask(reply)).await?;
        answer.await.unwrap_or_else(|_| Err(lost()))
    }

    async fn ask(self: &Arc<Self>, name: &Namespace, mut ask: Ask) -> Result<()> {
        for _ in 0..TRIES_MAX {
            let room = self.enter(name)?;
            match room.ask(ask).await {
                Ok(()) => return Ok(()),
                Err(back) => {
                    crate::reach!("a name is asked for while it is being closed");
                    ask = back;
                }
            }
            room.is_over().await;
            // Its attendant has done so, unless it was lost.
            self.put_away(name, &room, None);
        }
        Err(Error::unavailable(format!(
            "namespace '{name}' was being closed each of {TRIES_MAX} times that it was asked: try again"
        )))
    }

    /// The gate of a name, if that is open.
    pub(super) fn gate(&self, name: &Namespace) -> Option<Gate> {
        self.state().rooms.get(name).map(|entry| entry.room.gate().clone())
    }

    /// The room of a name, which is opened if it is not there.
    pub(super) fn enter(self: &Arc<Self>, name: &Namespace) -> Result<Arc<Room>> {
        let mut state = self.state();
        if state.door == Door::Shut {
            return Err(shutting_down());
        }
        if let Some(room) = state.asked(name) {
            return Ok(room);
        }
        if state.rooms.len() >= 2 * self.open_max {
            crate::reach!("more names are asked for than there are rooms");
            let message = "too many namespaces are asked for at the same time: try again";
            return Err(Error::new(ErrorKind::Throttled, message));
        }
        if state.by_age.len() >= self.open_max {
            state.clear_the_oldest();
        }
        Ok(state.open(name, self))
    }

    /// A keeper has ended. What it left is remembered, if no other has taken its place.
    pub(super) fn put_away(&self, name: &Namespace, room: &Arc<Room>, left: Option<Left>) {
        let mut state = self.state();
        if !state.rooms.get(name).is_some_and(|entry| Arc::ptr_eq(&entry.room, room)) {
            return;
        }
        if let Some(Entry { account, asked, .. }) = state.rooms.remove(name) {
            if let Some(asked) = asked {
                state.by_age.remove(&asked);
            }
            state.accounts.put(name, account, wall_ms(self.grounds.clock));
        }
        if let Some(remembered) = left.and_then(|left| left.remembered) {
            state.recollections.put(name, remembered);
        }
        state.dismiss();
        state.closed += 1;
        if state.rooms.is_empty() || state.closed >= GIVE_BACK_EVERY {
            state.closed = 0;
            self.surplus.arise();
        }
    }

    /// Closes a name as if others wanted its room, and waits until it is closed; if it is open.
    pub(super) async fn close(&self, name: &Namespace) {
        let room = self.state().clear(name);
        if let Some(room) = room {
            room.is_over().await;
        }
    }

    /// Where it is counted what is done for a name, be it open or not.
    pub(super) fn account(&self, name: &Namespace) -> Arc<Account> {
        let state = self.state();
        match state.rooms.get(name) {
            Some(entry) => entry.account.clone(),
            None => state.accounts.look(name),
        }
    }

    /// Lets nobody in any more, tells all keepers to leave, and waits so long for them. How many
    /// have not ended by then: they are left as if this process had died.
    pub(super) async fn shut(&self, within: Duration) -> usize {
        let rooms: Vec<Arc<Room>> = {
            let mut state = self.state();
            state.door = Door::Shut;
            state.rooms.values().map(|entry| entry.room.clone()).collect()
        };
        let leaving = stream::iter(rooms).for_each_concurrent(LEAVING_MAX, |room| async move {
            room.clear();
            room.is_over().await;
        });
        // Late or not, what has ended is told below.
        tokio::time::timeout(within, leaving).await.ok();
        let (mut attendants, left) = {
            let mut state = self.state();
            (std::mem::take(&mut state.attendants), state.rooms.len())
        };
        attendants.shutdown().await;
        left
    }

    pub(super) fn is_shut(&self) -> bool {
        self.state().door == Door::Shut
    }

    pub(super) fn remembered(&self) -> usize {
        self.state().recollections.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the caretaker asks of those who own names here. Neither makes a name younger than it is.
pub(super) struct Open(pub(super) Arc<Names>);

impl Owners for Open {
    fn mine(&self, name: &Namespace) -> BoxFuture<'static, Option<Mine>> {
        let room = self.0.state().rooms.get(name).map(|entry| entry.room.clone());
        async move {
            let (reply, answer) = oneshot::channel();
            room?.ask(Ask::Mine { reply }).await.ok()?;
            answer.await.ok()?.ok()?
        }
        .boxed()
    }

    fn tend(&self, name: &Namespace) -> BoxFuture<'static, ()> {
        let (names, name) = (self.0.clone(), name.clone());
        async move {
            // Shut, or full: the next walk comes by.
            let _ = names.ask(&name, Ask::Tend).await;
        }
        .boxed()
    }
}

impl State {
    /// The room of a name that is open, which from now on is the youngest.
    fn asked(&mut self, name: &Namespace) -> Option<Arc<Room>> {
        let entry = self.rooms.get_mut(name)?;
        if let Some(before) = entry.asked
            && let Some(name) = self.by_age.remove(&before)
        {
            self.moment += 1;
            entry.asked = Some(self.moment);
            self.by_age.insert(self.moment, name);
        }
        Some(entry.room.clone())
    }

    /// Attendants that are done: what is left of one weighs kilobytes, and a name that is idle nothing.
    fn dismiss(&mut self) {
        while self.attendants.try_join_next().is_some() {}
    }

    fn clear_the_oldest(&mut self) {
        if let Some(name) = self.by_age.values().next().cloned() {
            crate::reach!("a name gives way to another");
            self.clear(&name);
        }
    }

    /// Tells a name that is open to leave, and does not wait for it.
    fn clear(&mut self, name: &Namespace) -> Option<Arc<Room>> {
        let entry = self.rooms.get_mut(name)?;
        if let Some(asked) = entry.asked.take() {
            self.by_age.remove(&asked);
        }
        entry.room.give_way();
        Some(entry.room.clone())
    }

    fn open(&mut self, name: &Namespace, names: &Arc<Names>) -> Arc<Room> {
        self.moment += 1;
        let mut grounds = names.grounds.clone();
        // Dice that are copied fall alike, and a put id that repeats is a lost write.
        grounds.dice = grounds.dice.fork(&format!("{name} {}", self.moment));
        let account = self.accounts.take(name);
        grounds.store = grounds.store.on_tab(account.tab());
        let remembered = self.recollections.take(name);
        let keeper = Keeper::start(name.clone(), grounds, remembered);
        let (room, attendant) = Room::of(keeper, names.places);
        let entry = Entry { room: room.clone(), account, asked: Some(self.moment) };
        self.rooms.insert(name.clone(), entry);
        self.by_age.insert(self.moment, name.clone());
        self.attendants.spawn(attendant.attend(name.clone(), Arc::downgrade(names)));
        room
    }
}

#[cfg(test)]
mod tests {
    use super::super::places::PLACES;
    use super::*;
    use crate::config::Location;
    use crate::env::{Clock, Dice};
    use crate::memory::Memory;
    use crate::model::Holder;
    use crate::storage;

    /// They were kept until another name was opened: seven kilobytes for each that was idle.
    #[tokio::test(start_paused = true)]
    async fn a_name_that_is_closed_leaves_no_attendant() {
        let (clock, dice) = (Clock::start(), Dice::from_os());
        let store = storage::open(&Location::Memory, [], clock, dice.clone()).await.unwrap();
        let me = Holder { node: "one".into(), process: 1 };
        let names =
            Names::new(Grounds::new(store, clock, dice, me, Memory::of(1 << 30)), 100, PLACES);
        for number in 0..20 {
            let name = Namespace::new(&format!("name-{number}")).unwrap();
            let schema = names.put(&name, |reply| Ask::Schema { reply }, shutting_down);
            assert!(schema.await.unwrap().is_none());
        }
        assert_eq!(names.state().rooms.len(), 20);
        clock.sleep(Duration::from_secs(60)).await;
        let state = names.state();
        // The last one is dismissed by nobody, nor is who gives memory back.
        assert!(state.rooms.is_empty() && state.attendants.len() <= 2, "{:?}", state.attendants);
    }
}
