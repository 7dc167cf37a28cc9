//! A slot of the log: one attempt to fill it, or one look into it. *Creating slot n is the commit*,
//! so what an attempt came to is told as it was seen, and the protocol core settles the doubt.

use bytes::Bytes;
use object_store::PutMode;

use super::attempt::Attempt;
use super::counters::Verb;
use super::keys::{self, SlotKey};
use super::wire::{Seen, Wire};
use crate::error::Result;
use crate::model::StoreDate;

/// A slot as it was when the store answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// `None` only for a certain 404.
    pub body: Option<Bytes>,
    /// When the store answered, if it tells: the age of a head at a 404 ends here.
    pub date: Option<StoreDate>,
}

/// One attempt to create the slot, if it is absent.
pub(super) async fn create(wire: &Wire, key: &SlotKey, body: Bytes) -> Attempt<()> {
    let result = wire.put(Verb::Create, &keys::path(key), PutMode::Create, body).await;
    Attempt::seen(result.map(drop), &format!("creating {key}"))
}

/// What lies in the slot *now*.
pub(super) async fn look(wire: &Wire, key: &SlotKey) -> Result<Look> {
    match wire.get(Verb::Slot, &keys::path(key)).await {
        Ok(Seen { found, date }) => Ok(Look { body: found.map(|(body, _)| body), date }),
        Err(fault) => Err(fault.into_error(&format!("reading {key}"))),
    }
}
