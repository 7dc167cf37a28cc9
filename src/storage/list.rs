//! A listing, page by page, in the order of the keys.
//!
//! Order is checked, not hoped for: whoever goes on after the last key of a page would miss what
//! an unsorted store shows later.

use object_store::path::Path;

use super::keys::{self, Folder, Key};
use super::wire::Wire;
use crate::error::{Error, Result};
use crate::model::{Incarnation, Marker, MarkerKind, Namespace};

/// What one request of S3 brings at most.
pub const PAGE_KEYS_MAX: usize = 1000;

/// Where a listing goes on: after a key, or at the beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cursor(Option<Path>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub entries: Vec<Entry>,
    /// Things in the folder that no key of ours spells. They are left alone, and shown to whoever
    /// wonders what fills a bucket.
    pub strangers: usize,
    /// Where the next page begins; `None` after the last.
    pub next: Option<Cursor>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub key: Key,
    pub bytes: u64,
}

impl Cursor {
    pub fn start() -> Self {
        Self(None)
    }

    pub fn after(key: &Key) -> Result<Self> {
        Ok(Self(Some(keys::path(key.spell()?))))
    }

    /// Before every marker of that name and of the names that begin with it.
    pub fn at_name(kind: MarkerKind, name: &Namespace) -> Self {
        let marker = Marker { kind, name: name.clone(), inc: Incarnation(0) };
        let first = keys::spell_marker(&marker);
        Self(first.rsplit_once('!').map(|(before, _)| keys::path(before)))
    }
}

pub(super) async fn list(
    wire: &Wire,
    folder: &Folder,
    from: &Cursor,
    keys_max: usize,
) -> Result<Page> {
    let keys_max = keys_max.clamp(1, PAGE_KEYS_MAX);
    let objects = wire.list(&keys::path(folder), from.0.as_ref(), keys_max).await;
    let objects = objects.map_err(|fault| fault.into_error(&format!("listing {folder}/")))?;

    let (found, full) = (objects.len(), objects.len() == keys_max);
    let mut entries = Vec::with_capacity(found);
    let mut last = from.0.clone();
    for object in objects {
        let here = object.location;
        if let Some(last) = last.filter(|last| here <= *last) {
            return Err(Error::internal(format!(
                "listing {folder}/: the store shows {here} after {last}, out of order"
            )));
        }
        if let Ok(key) = Key::parse(here.as_ref()) {
            entries.push(Entry { key, bytes: object.size });
        }
        // As the store spelt it: a stranger's key may hold what ours never do.
        last = Some(here);
    }
    let strangers = found - entries.len();
    Ok(Page { entries, strangers, next: full.then_some(Cursor(last)) })
}
