//! Traps: over which request to the store a process is killed.
//!
//! Between two requests there are milliseconds, and between what a node has to do there are minutes: a kill
//! that is drawn for a moment hardly ever comes between a certain two. So it waits for the request, and
//! strikes before that has left, or when it has just taken effect.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use elacsym::model::{FileKind, FileName, Marker, MarkerKind, Namespace};
use elacsym::storage::{ImmutableKey, Key};
use tokio::sync::oneshot;

use super::gate::Gate;

#[derive(Clone, Debug)]
pub(crate) struct Trap {
    pub(crate) bait: Bait,
    /// Of the requests that it is for, which one; the first is 1.
    pub(crate) nth: usize,
    pub(crate) side: Side,
}

/// Which requests it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Bait {
    Any,
    /// The one that follows the `end` of that name.
    Ended(Namespace),
    /// A chunk of a large batch goes up.
    Chunk,
}

/// On which side of what the request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Before,
    After,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Errand {
    Ask,
    Put,
    Delete,
}

/// All that are set for the processes of one machine. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Traps(Arc<Mutex<Vec<Set>>>);

#[derive(Debug)]
struct Set {
    trap: Trap,
    tell: oneshot::Sender<()>,
}

/// Somebody is in it.
#[derive(Debug)]
pub(super) struct Sprung {
    pub(super) side: Side,
    tell: oneshot::Sender<()>,
}

impl Traps {
    /// Tells when it has killed. To drop what tells it is to take the trap away.
    pub(crate) fn set(&self, trap: Trap) -> oneshot::Receiver<()> {
        let (tell, told) = oneshot::channel();
        self.all().push(Set { trap, tell });
        told
    }

    /// A request is about to leave.
    pub(super) fn spring(&self, key: &str, errand: Errand) -> Option<Sprung> {
        let mut all = self.all();
        all.retain(|set| !set.tell.is_closed());
        let sprung = all.iter_mut().position(|Set { trap, .. }| {
            if trap.bait.is(key, errand) {
                trap.nth = trap.nth.saturating_sub(1);
            }
            trap.nth == 0
        });
        let Set { trap, tell } = all.remove(sprung?);
        Some(Sprung { side: trap.side, tell })
    }

    fn all(&self) -> MutexGuard<'_, Vec<Set>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bait {
    fn is(&self, key: &str, errand: Errand) -> bool {
        match (self, errand) {
            (Self::Any, _) => true,
            // The marker of a name that was deleted goes when `end` is settled.
            (Self::Ended(ended), Errand::Delete) => match Key::parse(key) {
                Ok(Key::Marker(Marker { kind: MarkerKind::Live, name, .. })) => name == *ended,
                _ => false,
            },
            (Self::Chunk, Errand::Put) => matches!(
                Key::parse(key),
                Ok(Key::Immutable(ImmutableKey::File(FileName { kind: FileKind::Chunk, .. })))
            ),
            (Self::Ended(_) | Self::Chunk, _) => false,
        }
    }
}

impl Sprung {
    /// Kills who is behind that gate, if whoever set the trap is still there to take note.
    pub(super) fn strike(self, gate: &Gate) {
        if self.tell.send(()).is_ok() {
            gate.cut();
        }
    }
}
