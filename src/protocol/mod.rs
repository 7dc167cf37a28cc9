//! The protocol core: what commits, who may write, what a reader must ask, what may be deleted.
//!
//! Pure state machines. A machine takes an event (a wish, or the [`Reply`] to a request of its
//! own) and leaves commands in an [`Outbox`]: requests for the store, and answers for whoever
//! asked. It never waits, never looks at a clock, never rolls dice: all three are handed in. So
//! the same code runs under a driver in production, in a seeded simulation over a lying store,
//! and in an exhaustive search over every order of events (`tests/sim/explorer`).
//!
//! The nouns, in the order in which a name meets them:
//!
//! - [`Head`], the one cell of a name, and the [`Edit`]s that lead from one state of it to the next
//! - [`Slot`], one entry of the log; [`Cursor`] and [`Replay`], walking along it
//! - [`SlotPut`] and [`HeadSwap`], which settle doubt: *did my write take effect?*
//! - [`Claim`], the four ways to become the owner, and [`Tenure`], what an owner does until it
//!   steps down; [`Owner`] puts the two together
//! - [`Reader`], the view of everybody else
//! - [`Collector`] and [`Mender`], which delete what nothing can need any more
//! - [`Brancher`], the birth of one name from another
//!
//! Every rule that holds this together can be broken one at a time by [`Rules`], so that tests
//! can show what each of them is for.

mod branch;
mod claim;
mod collect;
mod doubt;
mod head;
mod log;
mod mend;
mod owner;
mod reader;
mod receipts;
mod request;
mod rounds;
mod rules;
mod slot;
mod tenure;
mod uploads;

use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

use crate::model::{FileName, Holder, Incarnation, Namespace};

pub use branch::{BranchFate, Brancher};
pub use claim::{Claim, ClaimFate, Intent, Refused};
pub use collect::{Collector, GRACE, Inside, Mine, Sweep, Watch};
pub use doubt::{HeadSwap, Loss, SlotFate, SlotPut, SwapFate};
pub use head::{
    DeadLife, Edit, Head, Life, Ownership, Parent, Pin, Publish, RECENT_MAX, Refusal, Retired, Then,
};
pub use log::{Cursor, Met, Replay, Step};
pub use mend::Mender;
pub use owner::{News, Owner, Remembered, State};
pub use reader::{HEAD_AGE_MAX, Reader, Strictness, View};
pub use receipts::{RECEIPTS_MAX, Receipt, Receipts};
pub use request::{
    Answer, Dice, Draw, Heard, Lane, Listing, Marker, MarkerKind, Outbox, Reply, Request, Seen,
};
pub use rules::{Rule, Rules};
pub use slot::{Body, Entry, Slot};
pub use tenure::{Busy, Exit, Files, FoldWork, Leave, MergeWork, Recall, Tenure};

/// What the protocol carries and does not look into.
pub trait Payload: Clone + Debug + PartialEq + Eq + Hash + 'static {
    /// The effects of one slot. The default has none.
    type Batch: Clone + Debug + Default + PartialEq + Eq + Hash;
    /// What the segments of a head hold: the state at `floor`.
    type Base: Clone + Debug + Default + PartialEq + Eq + Hash;
    /// The stored result of a request with an idempotency key.
    type Outcome: Clone + Debug + PartialEq + Eq + Hash;
    /// What the store wants to see in the condition of a swap: an etag.
    type Tag: Clone + Debug + PartialEq + Eq + Hash;

    /// The hash of all that a batch slot carries, for the chain.
    fn digest(body: &Body<Self>) -> [u8; 32];
}

/// What every machine of a name knows: which name, on whose behalf, under which rules.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    pub name: Namespace,
    pub me: Holder,
    pub rules: Rules,
}

impl Place {
    /// A marker of one life of this name.
    fn marker(&self, kind: MarkerKind, inc: Incarnation) -> Marker {
        let inc = if self.rules.keep(Rule::MarkerIsOneLife) { inc } else { Incarnation(0) };
        Marker { kind, name: self.name.clone(), inc }
    }
}

/// The files that a set of slots names: their chunks.
fn chunks<P: Payload>(slots: &[Arc<Slot<P>>]) -> impl Iterator<Item = &FileName> {
    slots.iter().flat_map(|slot| match &slot.entry {
        Entry::Batch(body) => body.chunks.as_slice(),
        Entry::Fence | Entry::End => &[],
    })
}
