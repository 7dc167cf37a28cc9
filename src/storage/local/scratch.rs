//! Files that are being written, before they have a name that means something.
//!
//! Each process has a lock file of its own in the scratch folder, `p<random>`, and holds its
//! `flock` as long as it lives; the files that it writes are `p<random>-<number>`. So the next
//! process to open the folder can tell whose files are left over: where the lock can be taken, or
//! the lock file is gone, the owner is dead. What is here need not survive a crash.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;

use super::disk::{Disk, DiskFile, Kind, Lock};
use super::{failure, make_folder};
use crate::env::Dice;

#[derive(Debug)]
pub(super) struct Scratch {
    disk: Arc<dyn Disk>,
    owner: PathBuf,
    written: AtomicU64,
    _alive: Lock,
}

/// A file of this process in the scratch folder; dropped, its name goes.
pub(super) struct Draft<'a> {
    disk: &'a dyn Disk,
    pub(super) path: PathBuf,
    pub(super) file: Box<dyn DiskFile>,
}

impl Scratch {
    /// Takes a name that no other process has, and removes what the dead left.
    pub(super) fn open(disk: Arc<dyn Disk>, folder: &Path, dice: &mut Dice) -> io::Result<Self> {
        make_folder(&*disk, folder)?;
        let (owner, alive) = loop {
            let owner = folder.join(format!("p{:032x}", dice.draw()));
            if let Some(alive) = claim(&*disk, &owner)? {
                break (owner, alive);
            }
        };
        sweep(&*disk, folder, &owner)?;
        Ok(Self { disk, owner, written: AtomicU64::new(0), _alive: alive })
    }

    /// A path that exists as long as this process has the folder open, with letters in its name, and
    /// in no other folder.
    pub(super) fn owner(&self) -> &Path {
        &self.owner
    }

    /// Writes a new file, not yet synced.
    pub(super) fn write(&self, body: &[Bytes]) -> object_store::Result<Draft<'_>> {
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        let path = draft_of(&self.owner, number);
        match self.disk.create(&path, body) {
            Ok(file) => Ok(Draft { disk: &*self.disk, path, file }),
            Err(error) => {
                // Half a file on a full disk would keep it full. If there is none, all the better.
                let _ = self.disk.unlink(&path);
                Err(failure("writing", &path, error))
            }
        }
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        // A name that stays is swept by whoever opens the folder next. After a rename there is none.
        let _ = self.disk.unlink(&self.path);
    }
}

fn draft_of(owner: &Path, number: u64) -> PathBuf {
    let mut path = owner.as_os_str().to_owned();
    path.push(format!("-{number}"));
    path.into()
}

/// `None` if the name was taken, or swept before it was locked.
fn claim(disk: &dyn Disk, owner: &Path) -> io::Result<Option<Lock>> {
    match disk.create(owner, &[]) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(None),
        created => created?,
    };
    let lock = gone_is_none(disk.try_lock(owner))?.flatten();
    // Nobody draws the same name again, so a name that is there is the file that was locked.
    let named = gone_is_none(disk.stat(owner))?.is_some();
    Ok(lock.filter(|_| named))
}

/// Removes the files of processes that are provably dead: drafts first, then the lock file, under
/// its lock, so that a live owner's lock file is always there.
fn sweep(disk: &dyn Disk, folder: &Path, living: &Path) -> io::Result<()> {
    let entries = disk.entries(folder)?;
    let files = entries.iter().filter(|(name, kind)| *kind == Kind::File && name.starts_with('p'));
    let names: BTreeSet<&str> = files.map(|(name, _)| name.as_str()).collect();
    let owner_of = |name: &'_ str| name.split('-').next().unwrap_or_default().to_owned();
    let owners: BTreeSet<String> = names.iter().map(|name| owner_of(name)).collect();
    for owner in owners.iter().filter(|owner| folder.join(owner) != *living) {
        let lock = gone_is_none(disk.try_lock(&folder.join(owner)))?;
        if let Some(None) = lock {
            continue;
        }
        let drafts = names.iter().filter(|name| owner_of(name) == *owner && **name != owner);
        for name in drafts.copied().chain([owner.as_str()]) {
            gone_is_none(disk.unlink(&folder.join(name)))?;
        }
    }
    Ok(())
}

fn gone_is_none<T>(outcome: io::Result<T>) -> io::Result<Option<T>> {
    match outcome {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        outcome => outcome.map(Some),
    }
}
