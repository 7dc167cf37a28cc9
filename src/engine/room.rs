//! The room of a name that is open: its keeper, who is awaited by one attendant, and the queries that
//! are in it.

use std::sync::{Arc, Weak};

use tokio::sync::{Notify, Semaphore};

use super::names::Names;
use super::places::Places;
use crate::model::Namespace;
use crate::namespace::keeper::{Ask, Gate, Keeper};

/// Queries of one name that are under way, those that wait for the store with them: each holds what was
/// asked, and the view that it waits for.
pub(crate) const ASKING_MAX: usize = 256;

#[derive(Debug)]
pub(super) struct Room {
    keeper: Keeper,
    /// For queries that were let in, until they are answered.
    pub(super) asking: Arc<Semaphore>,
    pub(super) places: Places,
    going: Notify,
    yielding: Notify,
    /// It is closed when the keeper has ended and what it left is put away.
    over: Arc<Semaphore>,
}

/// Awaits the end of a keeper, whoever asked for it.
pub(super) struct Attendant {
    room: Arc<Room>,
    over: Over,
}

/// Whoever waits is let go when this is dropped, and in the order in which they came.
struct Over(Arc<Semaphore>);

impl Drop for Over {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Room {
    pub(super) fn of(keeper: Keeper, places: usize) -> (Arc<Self>, Attendant) {
        let over = Arc::new(Semaphore::new(0));
        let room = Arc::new(Self {
            keeper,
            asking: Arc::new(Semaphore::new(ASKING_MAX)),
            places: Places::of(places),
            going: Notify::new(),
            yielding: Notify::new(),
            over: over.clone(),
        });
        (room.clone(), Attendant { room, over: Over(over) })
    }

    /// An ask that comes back: the keeper is ending.
    pub(super) async fn ask(&self, ask: Ask) -> Result<(), Ask> {
        self.keeper.ask(ask).await
    }

    pub(super) fn gate(&self) -> &Gate {
        self.keeper.gate()
    }

    /// Tells the keeper to leave, and does not wait for it.
    pub(super) fn clear(&self) {
        self.going.notify_one();
    }

    /// Tells the keeper that others want the room, and does not wait for it.
    pub(super) fn give_way(&self) {
        self.yielding.notify_one();
    }

    pub(super) async fn is_over(&self) {
        // Nobody ever gets one.
        let _ = self.over.acquire().await;
    }
}

impl Attendant {
    /// `names` may be gone by then, with all that would be remembered.
    pub(super) async fn attend(self, name: Namespace, names: Weak<Names>) {
        let Self { room, over } = self;
        let mut ended = std::pin::pin!(room.keeper.ended());
        let left = loop {
            let ask = tokio::select! {
                biased;
                left = &mut ended => break left,
                () = room.going.notified() => Ask::Leave,
                () = room.yielding.notified() => Ask::Yield,
            };
            // One that comes back was not needed.
            let _ = room.keeper.ask(ask).await;
        };
        if let Some(names) = names.upgrade() {
            names.put_away(&name, &room, left);
        }
        drop(over);
    }
}
