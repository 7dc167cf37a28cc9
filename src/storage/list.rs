//! A listing, page by page, in the order of the keys.
//!
//! Order is checked, not hoped for: whoever goes on after the last key of a page would miss what
//! an unsorted store shows later.

use object_store::path::Path;

use super::keys::{Folder, Key, Marker, MarkerKind};
use super::wire::Wire;
use crate::error::{Error, Result};
use crate::model::{Incarnation, Namespace};

/// What one request of S3 brings at most.
pub const PAGE_KEYS_MAX: usize = 1000;

/// Where a listing goes on: after a key, or at the beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cursor(Option<String>);

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
        Ok(Self(Some(key.spell()?)))
    }

    /// Before every marker of that name and of the names that begin with it.
    pub fn at_name(kind: MarkerKind, name: &Namespace) -> Self {
        let first = Marker { kind, name: name.clone(), inc: Incarnation(0) }.to_string();
        Self(first.rsplit_once('!').map(|(before, _)| before.to_owned()))
    }
}

pub(super) async fn list(
    wire: &Wire,
    folder: &Folder,
    from: &Cursor,
    keys_max: usize,
) -> Result<Page> {
    let keys_max = keys_max.clamp(1, PAGE_KEYS_MAX);
    let path = Path::from(folder.to_string());
    let after = from.0.as_deref().map(Path::from);
    let objects = wire.list(&path, after.as_ref(), keys_max).await;
    let objects = objects.map_err(|fault| fault.into_error(&format!("listing {folder}/")))?;

    let mut entries = Vec::with_capacity(objects.len());
    let mut last = from.0.clone();
    let full = objects.len() == keys_max;
    let found = objects.len();
    for object in objects {
        let text = object.location.as_ref();
        if last.as_deref().is_some_and(|last| text <= last) {
            return Err(Error::internal(format!(
                "listing {folder}/: the store shows {text:?} after {last:?}, out of order"
            )));
        }
        if let Ok(key) = Key::parse(text) {
            entries.push(Entry { key, bytes: object.size });
        }
        last = Some(text.to_owned());
    }
    let strangers = found - entries.len();
    Ok(Page { entries, strangers, next: full.then_some(Cursor(last)) })
}
