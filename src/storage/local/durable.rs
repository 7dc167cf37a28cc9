//! What this process knows to be on the disk for good.
//!
//! A name that another process linked or renamed can be read before it is durable. Whoever acts on
//! it and then loses power may keep the act and lose the name. So before an answer shows a name,
//! its folder is synced, and so is each parent on the way to the root, unless this process has
//! synced exactly that state before. What is remembered is bounded, and forgetting costs a sync.
//!
//! That a folder, once durable, stays so rests on the rule that folders are never removed.
//!
//! A sync that failed is the end of the handle: the kernel may have dropped what it could not
//! write, and a later read or sync would not tell. Only what the disk kept, read by a fresh
//! process, is the truth.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use object_store::Result;

use super::disk::{Disk, DiskFile, Stamp};
use super::etag::Etag;
use super::spot::Spot;
use super::{Lasting, failure, make_folder, refusal};

/// Entries of each memory. At about 100 bytes, 6 MB a memory at most.
const REMEMBERED_MAX: usize = 1 << 16;

#[derive(Debug)]
pub(super) struct Durable {
    disk: Arc<dyn Disk>,
    root: PathBuf,
    names: Mutex<HashMap<u128, State>>,
    folders: Mutex<HashSet<u128>>,
    turns: Mutex<HashMap<PathBuf, Arc<Turn>>>,
    failed: OnceLock<String>,
}

/// A state of a name, as an answer shows it. Stamps can repeat where inodes are reused within one
/// tick of the clock; what is swapped is read whole and has an etag, which cannot.
#[derive(Clone, Copy, Debug)]
pub(super) struct State {
    pub(super) stamp: Stamp,
    pub(super) etag: Option<Etag>,
}

/// Calls that want one folder synced share the next sync that starts.
#[derive(Debug, Default)]
struct Turn {
    arrived: AtomicU64,
    synced: Mutex<u64>,
}

impl Durable {
    /// The root itself is durable: `Folder::open` sees to it.
    pub(super) fn new(disk: Arc<dyn Disk>, root: PathBuf) -> Self {
        Self {
            disk,
            root,
            names: Mutex::default(),
            folders: Mutex::default(),
            turns: Mutex::default(),
            failed: OnceLock::new(),
        }
    }

    /// An error for ever once a sync has failed.
    pub(super) fn check(&self) -> Result<()> {
        match self.failed.get() {
            None => Ok(()),
            Some(story) => Err(refusal(Lasting::Operator(format!(
                "{story}; nothing read since can settle what was kept, so this store answers \
                 nothing more: check the disk and restart"
            )))),
        }
    }

    pub(super) fn sync_file(&self, path: &Path, file: &dyn DiskFile) -> Result<()> {
        file.sync().or_else(|error| self.fail(path, &error))
    }

    /// Syncs a folder by a call that starts after this one: every change of its entries that the
    /// caller made or saw is then durable, if its parents are.
    pub(super) fn sync_folder(&self, folder: &Path) -> Result<()> {
        let turn = Arc::clone(held(&self.turns).entry(folder.to_path_buf()).or_default());
        let ticket = turn.arrived.fetch_add(1, Ordering::SeqCst) + 1;
        let outcome = self.sync_in_turn(folder, &turn, ticket);
        drop(turn);
        let mut turns = held(&self.turns);
        if turns.get(folder).is_some_and(|turn| Arc::strong_count(turn) == 1) {
            turns.remove(folder);
        }
        outcome
    }

    fn sync_in_turn(&self, folder: &Path, turn: &Turn, ticket: u64) -> Result<()> {
        let mut synced = held(&turn.synced);
        self.check()?;
        if *synced < ticket {
            let arrived = turn.arrived.load(Ordering::SeqCst);
            // Not to be able to open it (too many open files) loses nothing: the caller is told,
            // and may try again. Only the sync itself is fatal.
            let open = self.disk.open(folder).map_err(|error| failure("opening", folder, error))?;
            open.sync().or_else(|error| self.fail(folder, &error))?;
            *synced = arrived;
        }
        Ok(())
    }

    /// Makes the entries durable that lead from the root to a folder, whoever made them.
    pub(super) fn anchor(&self, folder: &Path) -> Result<()> {
        for (parent, child) in self.steps(folder) {
            if !self.knows_folder(&child) {
                self.sync_folder(&parent)?;
                let mut folders = held(&self.folders);
                make_room(folders.len(), || folders.clear());
                folders.insert(id(&child));
            }
        }
        Ok(())
    }

    /// Makes a folder and the parents that it lacks, not yet durable.
    pub(super) fn make(&self, folder: &Path) -> Result<()> {
        for (_, child) in self.steps(folder) {
            if !self.knows_folder(&child) {
                make_folder(&*self.disk, &child)
                    .map_err(|error| failure("making the folder", &child, error))?;
            }
        }
        Ok(())
    }

    /// Called before an answer shows what this process may not have written.
    pub(super) fn settle(&self, spot: &Spot, state: State) -> Result<()> {
        if self.knows_name(spot, state) {
            return Ok(());
        }
        self.anchor(&spot.folder)?;
        self.sync_folder(&spot.folder)?;
        self.remember(spot, state);
        Ok(())
    }

    /// For a state whose folder was synced since it was written or seen.
    pub(super) fn remember(&self, spot: &Spot, state: State) {
        let mut names = held(&self.names);
        make_room(names.len(), || names.clear());
        names.insert(id(&spot.file), state);
    }

    pub(super) fn forget(&self, spot: &Spot) {
        held(&self.names).remove(&id(&spot.file));
    }

    fn knows_name(&self, spot: &Spot, state: State) -> bool {
        held(&self.names).get(&id(&spot.file)).is_some_and(|known| {
            known.stamp == state.stamp && (state.etag.is_none() || known.etag == state.etag)
        })
    }

    fn knows_folder(&self, folder: &Path) -> bool {
        held(&self.folders).contains(&id(folder))
    }

    /// Parent and child from the root down to a folder.
    fn steps(&self, folder: &Path) -> Vec<(PathBuf, PathBuf)> {
        let below = folder.strip_prefix(&self.root).unwrap_or(Path::new(""));
        let mut parent = self.root.clone();
        let step = |name| {
            let child = parent.join(name);
            (std::mem::replace(&mut parent, child.clone()), child)
        };
        below.components().map(step).collect()
    }

    fn fail(&self, path: &Path, error: &io::Error) -> Result<()> {
        let story = format!("fsync of {} failed: {error}", path.display());
        self.failed.get_or_init(|| story);
        self.check()
    }
}

/// A memory that is full starts again: what it forgets is synced once more, nothing else.
fn make_room(entries: usize, clear: impl FnOnce()) {
    if entries >= REMEMBERED_MAX {
        clear();
    }
}

fn id(path: &Path) -> u128 {
    let hash = blake3::hash(path.as_os_str().as_encoded_bytes());
    hash.as_bytes().iter().take(16).fold(0, |id, byte| id << 8 | u128::from(*byte))
}

/// No holder panics between two halves of a change, so a poisoned lock guards a whole value.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
