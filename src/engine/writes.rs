//! What changes a name. It is weighed and reserved for before it is queued, and from then on its
//! keeper has it: whoever asked may go away, and the write goes on.
//!
//! Whether a write may be the first of its namespace is decided in commit order, by the keeper, so
//! that nothing can come between that and the commit.

use std::sync::Arc;

use super::{Engine, absent, fingerprint, weight};
use crate::env::blocking;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{
    Create, IdType, Metadata, Namespace, Pinning, ReadOnly, Schema, SchemaChange, Write,
    WriteFault, Written,
};
use crate::namespace::keeper::{Ask, Deleted, Entered};

/// A write lies in memory as it was given, as rows, and packed, until it is committed.
const COPIES: u64 = 3;

impl Engine {
    /// Lets in a write that has yet to be read, or sends it away: there are more than can be
    /// committed. None: nobody writes to that name now.
    pub fn admit(&self, name: &Namespace) -> Result<Option<Entered>> {
        self.names.gate(name).map(|gate| gate.enter()).transpose()
    }

    /// Commits a write. With a key, one that comes again is answered as it was the first time.
    pub async fn write(
        &self,
        name: &Namespace,
        write: Write,
        key: Option<String>,
    ) -> Result<Written> {
        self.write_admitted(name, write, key, None).await
    }

    /// The same of one that was let in before anything was made of its body.
    pub async fn write_admitted(
        &self,
        name: &Namespace,
        write: Write,
        key: Option<String>,
        entered: Option<Entered>,
    ) -> Result<Written> {
        let Parcel { write, bytes, key, fingerprint } = Parcel::of(write, key).await;
        let share = self.memory.ask(COPIES * bytes)?;
        let ask = |reply| Ask::Write { write, key, fingerprint, share, entered, reply };
        let written = self.names.put(name, ask, unknown).await?;
        self.names.account(name).wrote();
        Ok(written)
    }

    /// Changes the schema of a namespace that is there, and tells what it has become.
    pub async fn declare(
        &self,
        name: &Namespace,
        schema: Vec<(Box<str>, SchemaChange)>,
        id_type: Option<IdType>,
    ) -> Result<Arc<Schema>> {
        let write = Write { schema, id_type, create: Create::Never, ..Write::default() };
        self.write(name, write, None).await?;
        self.schema(name).await.map_err(|error| untold(error, "schema was"))
    }

    /// Changes the settings of a namespace that is there: what is not said of them stays.
    pub async fn set(
        &self,
        name: &Namespace,
        read_only: Option<ReadOnly>,
        pinning: Option<Pinning>,
    ) -> Result<()> {
        let write = Write { read_only, pinning, create: Create::Never, ..Write::default() };
        self.write(name, write, None).await.map(drop)
    }

    /// The same, and tells what the namespace has become.
    pub async fn set_and_tell(
        &self,
        name: &Namespace,
        read_only: Option<ReadOnly>,
        pinning: Option<Pinning>,
    ) -> Result<Metadata> {
        self.set(name, read_only, pinning).await?;
        self.metadata(name).await.map_err(|error| untold(error, "settings were"))
    }

    pub async fn delete(&self, name: &Namespace) -> Result<()> {
        match self.names.put(name, |reply| Ask::Delete { reply }, unknown).await? {
            Deleted::Now => {
                self.names.account(name).wrote();
                Ok(())
            }
            Deleted::Absent => Err(absent(name)),
        }
    }
}

fn unknown() -> Error {
    let message = "the namespace was closed before it answered, and nobody knows whether this is \
                   committed: read, or send it again with its key";
    Error::unavailable(message).with_source(WriteFault::OutcomeUnknown)
}

/// A change is committed, whatever comes now: whoever is told of too much at once, or of no memory,
/// would take it for not done.
fn untold(error: Error, changed: &str) -> Error {
    match error.kind() {
        ErrorKind::Unavailable | ErrorKind::Throttled => {
            let message = format!("the {changed} changed, but cannot be read now: ask for it");
            Error::unavailable(message).with_source(WriteFault::OutcomeUnknown)
        }
        _ => error,
    }
}

/// A write, and what must be known of it before it is queued.
struct Parcel {
    write: Box<Write>,
    bytes: u64,
    key: Option<u128>,
    fingerprint: u128,
}

impl Parcel {
    async fn of(write: Write, key: Option<String>) -> Self {
        match weight::of_small(&write) {
            Some(bytes) => Self::weighed(write, bytes, key.as_deref()),
            None => {
                blocking(move || {
                    let bytes = weight::of(&write);
                    Self::weighed(write, bytes, key.as_deref())
                })
                .await
            }
        }
    }

    fn weighed(write: Write, bytes: u64, key: Option<&str>) -> Self {
        // Without a key nobody asks whether it has come before.
        let asked = key.filter(|_| !crate::mutant!("a key answers for every request"));
        let fingerprint = asked.map_or(0, |_| fingerprint::of_write(&write));
        Self { write: Box::new(write), bytes, key: key.map(fingerprint::of_key), fingerprint }
    }
}
