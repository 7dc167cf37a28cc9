//! The waist: bytes under keys, on S3, in a local folder, or in memory.
//!
//! Everything that is kept is kept here, and everything that two nodes agree on they agree on
//! here, by one of two conditional puts: *create if absent* (a slot) and *swap if unchanged* (a
//! cell). Those are sent once and told as they were seen. All else repeats by itself, with jitter,
//! until its deadline. Nothing here knows what the bytes mean, and nothing above knows how a key
//! is spelt.
//!
//! Who may do what is a type: a [`Reader`] reads, a [`Store`] also writes, and a [`QueryStore`]
//! reads and beats its own heart.

use std::ops::{Deref, Range};
use std::sync::Arc;

use bytes::Bytes;
use object_store::ObjectStore;

mod attempt;
mod cell;
mod counters;
mod date;
mod fault;
pub mod fields;
pub mod frame;
mod keys;
mod list;
pub mod local;
mod open;
mod probe;
mod slot;
mod slow;
mod ulid;
mod wire;

pub use attempt::{Attempt, Tag, TagForm};
pub use cell::Cell;
pub use counters::{Counts, Outcome, Tab, Verb};
pub use date::parse as parse_date;
pub use keys::{CellKey, Doomed, Drawer, EPOCH_MAX, Folder, ImmutableKey, Key, ProbeKey, SlotKey};
pub use list::{Cursor, Entry, PAGE_KEYS_MAX, Page};
pub use open::{open, open_slow};
pub use probe::Proof;
pub use slot::Look;
pub use slow::{Pace, Trip, Trips, Way};

use crate::env::{Clock, Dice};
use crate::error::{Error, Result};
use crate::model::{FileName, Marker, NodeId};
use fault::Fault;
use wire::Wire;

/// Reads everything, changes nothing.
#[derive(Clone, Debug)]
pub struct Reader {
    wire: Arc<Wire>,
}

/// Reads and writes: what an indexer holds.
#[derive(Clone, Debug)]
pub struct Store {
    reader: Reader,
}

/// What a query node holds. The worst bug of a query node is a write; here it cannot be said:
///
/// ```compile_fail,E0599
/// use elacsym::storage::SlotKey;
/// async fn write(store: elacsym::storage::QueryStore, it: SlotKey) {
///     store.create(&it, "".into()).await;
/// }
/// ```
///
/// ```compile_fail,E0599
/// use elacsym::storage::CellKey;
/// async fn write(store: elacsym::storage::QueryStore, it: CellKey) {
///     store.swap(&it, None, "".into()).await;
/// }
/// ```
///
/// ```compile_fail,E0599
/// use elacsym::model::FileName;
/// async fn write(store: elacsym::storage::QueryStore, it: FileName) {
///     store.put(&it, "".into()).await;
/// }
/// ```
///
/// ```compile_fail,E0599
/// use elacsym::model::Marker;
/// async fn write(store: elacsym::storage::QueryStore, it: Marker) {
///     store.mark(&it).await;
/// }
/// ```
///
/// ```compile_fail,E0599
/// use elacsym::storage::Doomed;
/// async fn write(store: elacsym::storage::QueryStore, it: Doomed) {
///     store.delete(&it).await;
/// }
/// ```
///
/// That is for want of the verb and of nothing else: whoever holds a [`Store`] says the same.
///
/// ```no_run
/// use elacsym::model::{FileName, Marker};
/// use elacsym::storage::{CellKey, Doomed, QueryStore, SlotKey, Store};
/// async fn create(store: Store, it: SlotKey) {
///     store.create(&it, "".into()).await;
/// }
/// async fn swap(store: Store, it: CellKey) {
///     store.swap(&it, None, "".into()).await;
/// }
/// async fn put(store: Store, it: FileName) {
///     store.put(&it, "".into()).await;
/// }
/// async fn mark(store: Store, it: Marker) {
///     store.mark(&it).await;
/// }
/// async fn delete(store: Store, it: Doomed) {
///     store.delete(&it).await;
/// }
/// async fn read(store: QueryStore, it: SlotKey) {
///     store.slot(&it).await;
///     store.beat(None, "".into()).await;
/// }
/// ```
#[derive(Clone, Debug)]
pub struct QueryStore {
    reader: Reader,
    heart: CellKey,
}

impl Reader {
    /// The same store, and a tab of what is asked of it here alone.
    pub fn apart(&self) -> (Self, Arc<Tab>) {
        let (wire, tab) = self.wire.apart();
        (Self { wire: Arc::new(wire) }, tab)
    }

    /// The whole of an immutable object.
    pub async fn read(&self, key: &ImmutableKey) -> Result<Bytes> {
        let text = key.spell()?;
        let read = self.wire.get(Verb::Read, &keys::path(&text)).await;
        let body = read.and_then(|seen| seen.found.ok_or(Fault::Missing)).map(|(body, _)| body);
        body.map_err(|fault| fault.into_error(&format!("reading {text}")))
    }

    /// Exactly that range of an immutable object. One that ends past its end is `Corrupt`: who
    /// asks knows how long the object was when it was written.
    pub async fn read_range(&self, key: &ImmutableKey, range: Range<u64>) -> Result<Bytes> {
        let text = key.spell()?;
        if range.start > range.end {
            return Err(Error::internal(format!("reading {text}: {range:?} is no range")));
        }
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        let what = format!("reading {range:?} of {text}");
        let read = self.wire.get_range(&keys::path(&text), range).await;
        read.map_err(|fault| fault.into_error(&what))
    }

    /// What lies in a slot now. The request is sent after the call: this is the probe of a strong
    /// read, and no cache may answer it.
    pub async fn slot(&self, key: &SlotKey) -> Result<Look> {
        slot::look(&self.wire, key).await
    }

    /// What a cell holds now; `None` for a certain 404.
    pub async fn load(&self, key: &CellKey) -> Result<Option<Cell>> {
        cell::load(&self.wire, key).await
    }

    /// The next page of a folder, in the order of the keys.
    pub async fn list(&self, folder: &Folder, from: &Cursor, keys_max: usize) -> Result<Page> {
        list::list(&self.wire, folder, from, keys_max).await
    }

    /// All requests since the start, over every handle of this store.
    pub fn counts(&self) -> Counts {
        self.wire.counters.snapshot()
    }
}

impl Store {
    /// A store over anything that speaks `object_store`, its own retries turned off.
    pub fn new(store: impl ObjectStore, clock: Clock, dice: Dice) -> Self {
        let wire = Wire::new(Arc::new(store), clock, dice);
        Self { reader: Reader { wire: Arc::new(wire) } }
    }

    /// Does this store keep the promises that everything rests on? Finds out how it wants its
    /// tags, and remembers it. An indexer asks once, before it writes anything else.
    pub async fn prove(&self) -> Result<Proof> {
        probe::prove(&self.wire).await
    }

    /// One attempt to create a slot, if it is absent.
    pub async fn create(&self, key: &SlotKey, body: Bytes) -> Attempt<()> {
        slot::create(&self.wire, key, body).await
    }

    /// One attempt to put `body` where `was` is; where nothing is, if `was` is `None`. No two
    /// bodies of a cell may be equal, for then their tags are: each carries a put id of its own.
    pub async fn swap(&self, key: &CellKey, was: Option<&Tag>, body: Bytes) -> Attempt<Tag> {
        cell::swap(&self.wire, key, was, body).await
    }

    /// Puts a file under its name, which is random and its own.
    pub async fn put(&self, name: &FileName, body: Bytes) -> Result<()> {
        let text = keys::spell_file(name)?;
        let put = self.wire.put_unique(&keys::path(&text), body).await;
        put.map_err(|fault| fault.into_error(&format!("writing {text}")))
    }

    /// Sets a marker. To set it twice is to set it once.
    pub async fn mark(&self, marker: &Marker) -> Result<()> {
        let text = keys::spell_marker(marker);
        let put = self.wire.put_unique(&keys::path(&text), Bytes::new()).await;
        put.map_err(|fault| fault.into_error(&format!("writing {text}")))
    }

    /// Removes an object. That it was not there is no error.
    pub async fn delete(&self, doomed: &Doomed) -> Result<()> {
        let text = doomed.spell()?;
        let gone = self.wire.delete(&keys::path(&text)).await;
        gone.map_err(|fault| fault.into_error(&format!("deleting {text}")))
    }

    /// The same store, whose requests from here on are written on that tab as well.
    pub fn on_tab(&self, tab: Arc<Tab>) -> Self {
        Self { reader: Reader { wire: Arc::new(self.reader.wire.on(tab)) } }
    }

    pub fn reader(&self) -> Reader {
        self.reader.clone()
    }

    /// Gives up every right but to read, and to beat as `node`.
    pub fn for_queries(self, node: NodeId) -> QueryStore {
        QueryStore { reader: self.reader, heart: CellKey::Node(node) }
    }
}

impl QueryStore {
    /// One attempt to swap the heartbeat of this node.
    pub async fn beat(&self, was: Option<&Tag>, body: Bytes) -> Attempt<Tag> {
        cell::swap_unprobed(&self.wire, &self.heart, was, body).await
    }

    pub fn reader(&self) -> Reader {
        self.reader.clone()
    }
}

impl Deref for Store {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        &self.reader
    }
}

impl Deref for QueryStore {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        &self.reader
    }
}
