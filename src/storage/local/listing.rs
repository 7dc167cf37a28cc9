//! What lies in a folder, in the order of its keys, a page at a time.
//!
//! A listing is a hint: it may show a name that is not durable yet, or miss one that is made while
//! it runs, so nothing is concluded from it that a read or a create does not confirm.

use std::sync::Arc;

use object_store::path::Path as Key;
use object_store::{ListResult, ObjectMeta, Result};

use super::disk::Kind;
use super::failure;
use super::folder::{Folder, is_absence, meta};
use super::spot::{SCRATCH, under};

/// Looked at in one go, away from the threads that wait on the network.
const PAGE: usize = 1000;

/// A walk over the objects below a prefix.
pub(super) struct Walk {
    folder: Arc<Folder>,
    /// What is still to be visited, next last.
    ahead: Vec<Entry>,
    /// Keys up to and including this one are left out.
    offset: Option<Key>,
    /// The prefix to begin with, until it was read.
    start: Option<Key>,
}

/// A folder can have a million entries, so each is no more than its key.
struct Entry {
    key: Key,
    kind: Kind,
}

impl Walk {
    pub(super) fn new(folder: Arc<Folder>, prefix: Option<&Key>, offset: Option<&Key>) -> Self {
        let start = Some(prefix.cloned().unwrap_or_default());
        Self { folder, ahead: Vec::new(), offset: offset.cloned(), start }
    }

    /// The next objects in order; none, when there are no more.
    pub(super) fn page(&mut self) -> Result<Vec<ObjectMeta>> {
        self.folder.durable.check()?;
        if let Some(prefix) = self.start.take() {
            self.ahead = entries(&self.folder, &prefix)?;
        }
        let mut page = Vec::new();
        while page.len() < PAGE
            && let Some(entry) = self.ahead.pop()
        {
            if self.is_before_offset(&entry) {
                continue;
            }
            match entry.kind {
                Kind::Folder => {
                    self.ahead.extend(entries(&self.folder, &entry.key)?);
                }
                Kind::File | Kind::Other => page.extend(look(&self.folder, &entry)?),
            }
        }
        Ok(page)
    }

    fn is_before_offset(&self, entry: &Entry) -> bool {
        let Some(offset) = &self.offset else { return false };
        match entry.kind {
            // Every key in there starts with this, so one comparison passes over all of them.
            Kind::Folder => {
                let start = format!("{}/", entry.key);
                !offset.as_ref().starts_with(&start) && *start < *offset.as_ref()
            }
            Kind::File | Kind::Other => entry.key <= *offset,
        }
    }
}

/// The objects directly below a prefix, and the prefixes below which there are any.
pub(super) fn level(folder: &Arc<Folder>, prefix: Option<&Key>) -> Result<ListResult> {
    folder.durable.check()?;
    let prefix = prefix.cloned().unwrap_or_default();
    let mut objects = Vec::new();
    let mut common_prefixes = Vec::new();
    for entry in entries(folder, &prefix)?.into_iter().rev() {
        match entry.kind {
            Kind::Folder => {
                // A folder stays when its last object goes; a prefix does not.
                if holds_objects(folder, &entry)? {
                    common_prefixes.push(entry.key);
                }
            }
            Kind::File | Kind::Other => objects.extend(look(folder, &entry)?),
        }
    }
    common_prefixes.sort();
    Ok(ListResult { objects, common_prefixes, extensions: Default::default() })
}

fn holds_objects(folder: &Folder, entry: &Entry) -> Result<bool> {
    let mut ahead = entries(folder, &entry.key)?;
    while let Some(entry) = ahead.pop() {
        match entry.kind {
            Kind::Folder => ahead.extend(entries(folder, &entry.key)?),
            Kind::File | Kind::Other => return Ok(true),
        }
    }
    Ok(false)
}

/// The entries of a folder that can be keys, the last key first.
fn entries(folder: &Folder, key: &Key) -> Result<Vec<Entry>> {
    let path = under(&folder.root, key)?;
    let found = folder.disk.entries(&path);
    folder.stands()?;
    let found = match found {
        Err(error) if is_absence(&error) => return Ok(Vec::new()),
        found => found.map_err(|error| failure("listing", &path, error))?,
    };
    let mut entries = Vec::with_capacity(found.len());
    for (name, kind) in found {
        let own = key.is_root() && name == SCRATCH;
        if own || kind == Kind::Other {
            continue;
        }
        let spelt = if key.is_root() { name } else { format!("{key}/{name}") };
        // A name that is not a key was put there by somebody else.
        if let Ok(key) = Key::parse(spelt) {
            entries.push(Entry { key, kind });
        }
    }
    entries.sort_by(|one, two| order(two).cmp(order(one)));
    Ok(entries)
}

/// Keys in a folder go on with '/', which sorts after '!', '-' and '.' and before letters.
fn order(entry: &Entry) -> impl Iterator<Item = u8> + '_ {
    let end = if entry.kind == Kind::Folder { "/" } else { "" };
    entry.key.as_ref().bytes().chain(end.bytes())
}

/// `None` if the object was deleted since its name was read.
fn look(folder: &Folder, entry: &Entry) -> Result<Option<ObjectMeta>> {
    let path = under(&folder.root, &entry.key)?;
    match folder.disk.stat(&path) {
        Ok(stamp) => Ok(Some(meta(entry.key.clone(), stamp, None))),
        Err(error) if is_absence(&error) => Ok(None),
        Err(error) => Err(failure("looking at", &path, error)),
    }
}
