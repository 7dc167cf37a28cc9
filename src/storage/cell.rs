//! A cell: an object that changes, and only by compare-and-swap. One load, or one attempt to swap,
//! told as it was seen.

use bytes::Bytes;

use super::attempt::{Attempt, Tag};
use super::counters::Verb;
use super::keys::{self, CellKey};
use super::wire::{Seen, Wire};
use crate::error::Result;
use crate::model::StoreDate;

/// A cell as it was when the store answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    pub body: Bytes,
    pub tag: Tag,
    /// When the store answered, if it tells.
    pub date: Option<StoreDate>,
}

/// What the cell holds *now*. `None` only for a certain 404.
pub(super) async fn load(wire: &Wire, key: &CellKey) -> Result<Option<Cell>> {
    let seen = wire.get(Verb::Load, &keys::path(key)).await;
    let Seen { found, date } = seen.map_err(|fault| fault.into_error(&format!("loading {key}")))?;
    Ok(found.map(|(body, tag)| Cell { body, tag, date }))
}

/// One attempt to put `body` where `was` is; where nothing is, if `was` is `None`.
pub(super) async fn swap(
    wire: &Wire,
    key: &CellKey,
    was: Option<&Tag>,
    body: Bytes,
) -> Attempt<Tag> {
    let was = was.map(|tag| (tag, wire.tag_form()));
    let result = wire.swap(&keys::path(key), was, body).await;
    Attempt::seen(result, &format!("swapping {key}"))
}

/// The same without a probe before it, as a query node beats. A store that wants tags in the other
/// form refuses the very tag that it still shows: then the other form is tried, once, and kept if
/// it was taken. A tag that moved is a lost swap and stays one.
pub(super) async fn swap_unprobed(
    wire: &Wire,
    key: &CellKey,
    was: Option<&Tag>,
    body: Bytes,
) -> Attempt<Tag> {
    let attempt = swap(wire, key, was, body.clone()).await;
    let (Attempt::Refused, Some(tag)) = (&attempt, was) else { return attempt };
    match load(wire, key).await {
        Ok(Some(cell)) if cell.tag == *tag => {}
        _ => return attempt,
    }
    let form = wire.tag_form().other();
    let result = wire.swap(&keys::path(key), Some((tag, form)), body).await;
    if result.is_ok() {
        wire.send_tags(form);
    }
    Attempt::seen(result, &format!("swapping {key}"))
}
