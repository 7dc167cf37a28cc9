//! The recipe: a folder that keeps what an object store must promise, in calls that block.
//!
//! - *Create*: write a scratch file, sync it, `link` it to its name, sync the folder and every
//!   parent that may be new, drop the scratch name. `link` fails if the name exists: that is the
//!   whole of create-once.
//! - *Swap*: take the lock, read and compare, write a scratch file, sync it, `rename` it over the
//!   name, sync the folder, let go.
//! - *Overwrite*: write a scratch file, sync it, take the lock, `rename`, let go, sync the folder.
//!   Large files come this way, and nobody waits while their bytes go to the disk.
//! - *Answer*: whatever shows a state of a name that this process may not have written itself is
//!   given after that state is durable (`durable.rs`). That there is nothing is said of the folder
//!   that was opened, and not of what stands where it stood: an empty mount point has nothing in it.
//!
//! The lock is the `flock` of the folder that holds the name: permanent because folders are never
//! removed, and never an object, which a rename would replace under its waiters. One lock for all
//! names of a folder lets `delete` exclude a swap without a lock file for every object that ever
//! was, and without needing room on a full disk. Creates do not take it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path as Key;
use object_store::{Error, GetOptions, ObjectMeta, Result};

use super::disk::{Disk, DiskFile, Kind, Lock, Stamp};
use super::durable::{Durable, State};
use super::etag::Etag;
use super::ground;
use super::scratch::{Draft, Scratch};
use super::spot::{SCRATCH, Spot};
use super::{Lasting, failure, refusal};
use crate::env::Dice;

#[derive(Debug)]
pub struct Folder {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) root: PathBuf,
    pub(super) durable: Durable,
    scratch: Scratch,
}

/// What a read found.
#[derive(Debug)]
pub struct Found {
    pub meta: ObjectMeta,
    /// The part of the object that `bytes` is.
    pub range: std::ops::Range<u64>,
    pub bytes: Bytes,
}

impl Folder {
    /// Opens a folder, and makes it if there is none. `dice` name this process among all that
    /// share the folder.
    pub fn open(disk: Arc<dyn Disk>, root: &Path, dice: &mut Dice) -> crate::error::Result<Self> {
        let unavailable = |error: io::Error| {
            crate::error::Error::unavailable(format!("opening the folder {}", root.display()))
                .with_source(error)
        };
        let root = std::path::absolute(root).map_err(unavailable)?;
        ground::prepare(&*disk, &root)?;
        let scratch =
            Scratch::open(Arc::clone(&disk), &root.join(SCRATCH), dice).map_err(unavailable)?;
        ground::refuse_folded_case(&*disk, &root, scratch.owner())?;
        let durable = Durable::new(Arc::clone(&disk), root.clone());
        Ok(Self { disk, root, durable, scratch })
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether this is still the folder that was opened, and not gone or another in its place: what this
    /// process has put there is in no other.
    pub(super) fn stands(&self) -> Result<()> {
        match self.disk.stat(self.scratch.owner()) {
            Ok(_) => Ok(()),
            Err(error) if is_absence(&error) => Err(refusal(format!(
                "the folder {} is not the one that was opened: it was moved or cleared away, or its \
                 disk is gone; bring it back, or restart on what is there",
                self.root.display()
            ))),
            Err(error) => Err(failure("looking for", &self.root, error)),
        }
    }

    /// Creates an object that must not exist; the answer is its etag.
    pub fn create(&self, key: &Key, body: &[Bytes]) -> Result<String> {
        self.durable.check()?;
        self.stands()?;
        let spot = Spot::of(&self.root, key)?;
        self.durable.make(&spot.folder)?;
        let draft = self.draft(body)?;
        match self.disk.link(&draft.path, &spot.file) {
            Ok(()) => self.keep(&spot, &draft, body),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                self.refuse_folder(&spot)?;
                // Whoever created it may not have come as far as syncing it.
                self.durable.anchor(&spot.folder)?;
                self.durable.sync_folder(&spot.folder)?;
                Err(Error::AlreadyExists { path: spot.key, source: error.into() })
            }
            Err(error) => Err(failure("linking", &spot.file, error)),
        }
    }

    /// Replaces an object whose etag is `expected`; the answer is the new etag.
    pub fn swap(&self, key: &Key, expected: &str, body: &[Bytes]) -> Result<String> {
        self.durable.check()?;
        self.stands()?;
        let spot = Spot::of(&self.root, key)?;
        let stale = |found: String| Error::Precondition {
            path: spot.key.clone(),
            source: format!("{found}, not {expected}").into(),
        };
        let Some(_lock) = self.lock(&spot)? else {
            return Err(stale("there is no object".into()));
        };
        let (stamp, file) = match self.look(&spot) {
            Err(Error::NotFound { .. }) => return Err(stale("there is no object".into())),
            looked => looked?,
        };
        let etag = Etag::of_file(&*file, stamp.size)
            .map_err(|error| failure("reading", &spot.file, error))?;
        if etag.to_string() != expected {
            self.durable.settle(&spot, State { stamp, etag: Some(etag) })?;
            return Err(stale(format!("the etag is {etag}")));
        }
        let draft = self.draft(body)?;
        self.replace(&spot, &draft)?;
        self.keep(&spot, &draft, body)
    }

    /// Writes an object whatever was there; the answer is its etag.
    pub fn overwrite(&self, key: &Key, body: &[Bytes]) -> Result<String> {
        self.durable.check()?;
        self.stands()?;
        let spot = Spot::of(&self.root, key)?;
        self.durable.make(&spot.folder)?;
        let draft = self.draft(body)?;
        match self.lock(&spot)? {
            Some(_lock) => self.replace(&spot, &draft)?,
            None => {
                return Err(refusal(Lasting::Operator(format!(
                    "the folder of {} is gone: folders of this store must never be removed; \
                     restart",
                    spot.key
                ))));
            }
        }
        self.keep(&spot, &draft, body)
    }

    /// Removes an object, if there is one.
    ///
    /// The folder is not synced: a crash may bring the object back, as if the delete had come
    /// later. What is deleted here is what nothing names any more, and collecting it meets it
    /// again; what would be wrong is the opposite, to lose an object that was not deleted.
    pub fn delete(&self, key: &Key) -> Result<()> {
        self.durable.check()?;
        let spot = Spot::of(&self.root, key)?;
        let Some(_lock) = self.lock(&spot)? else {
            return Ok(());
        };
        self.durable.forget(&spot);
        match self.disk.unlink(&spot.file) {
            Ok(()) => Ok(()),
            Err(error) if is_absence(&error) => self.stands(),
            Err(error) => Err(failure("deleting", &spot.file, error)),
        }
    }

    /// Reads an object or a range of it, under the conditions that `options` makes. The etag is
    /// told where the whole object was read, or a condition or `head` asks for it: a range of a
    /// large file must not cost the reading of all of it.
    pub fn read(&self, key: &Key, options: &GetOptions) -> Result<Found> {
        self.durable.check()?;
        let spot = Spot::of(&self.root, key)?;
        let failed = |error| failure("reading", &spot.file, error);
        let (stamp, file) = self.look(&spot)?;
        let asked = options.head || options.if_match.is_some() || options.if_none_match.is_some();
        let mut whole = None;
        let mut etag = None;
        if options.range.is_none() && !options.head {
            let bytes = file.read(0..stamp.size).map_err(failed)?;
            etag = Some(Etag::of(std::slice::from_ref(&bytes)));
            whole = Some(bytes);
        } else if asked {
            etag = Some(Etag::of_file(&*file, stamp.size).map_err(failed)?);
        }
        self.durable.settle(&spot, State { stamp, etag })?;
        let meta = meta(key.clone(), stamp, etag);
        options.check_preconditions(&meta)?;
        let range = match &options.range {
            _ if options.head => 0..0,
            None => 0..stamp.size,
            Some(range) => range.as_range(stamp.size).map_err(refusal)?,
        };
        let bytes = match whole {
            Some(bytes) => bytes,
            None => file.read(range.clone()).map_err(failed)?,
        };
        Ok(Found { meta, range, bytes })
    }

    /// A scratch file with a body that would survive a crash.
    fn draft(&self, body: &[Bytes]) -> Result<Draft<'_>> {
        let draft = self.scratch.write(body)?;
        self.durable.sync_file(&draft.path, &*draft.file)?;
        Ok(draft)
    }

    /// Under the lock: a swap must not meet this between its comparison and its own rename.
    fn replace(&self, spot: &Spot, draft: &Draft<'_>) -> Result<()> {
        match self.disk.rename(&draft.path, &spot.file) {
            Ok(()) => Ok(()),
            Err(error) => {
                self.refuse_folder(spot)?;
                Err(failure("renaming over", &spot.file, error))
            }
        }
    }

    /// The name stands; the answer may be given when it would survive a crash.
    fn keep(&self, spot: &Spot, draft: &Draft<'_>, body: &[Bytes]) -> Result<String> {
        self.durable.anchor(&spot.folder)?;
        self.durable.sync_folder(&spot.folder)?;
        let etag = Etag::of(body);
        if let Ok(stamp) = draft.file.stamp() {
            self.durable.remember(spot, State { stamp, etag: Some(etag) });
        }
        Ok(etag.to_string())
    }

    fn look(&self, spot: &Spot) -> Result<(Stamp, Box<dyn DiskFile>)> {
        let opened = self.disk.open(&spot.file).and_then(|file| Ok((file.stamp()?, file)));
        match opened {
            Ok((stamp, file)) if stamp.kind == Kind::File => Ok((stamp, file)),
            Ok(_) => Err(spot.not_found()),
            Err(error) if is_absence(&error) => {
                self.stands()?;
                Err(spot.not_found())
            }
            Err(error) => Err(failure("opening", &spot.file, error)),
        }
    }

    /// `None` where there is no folder, and so no object.
    fn lock(&self, spot: &Spot) -> Result<Option<Lock>> {
        match self.disk.lock(&spot.folder) {
            Ok(lock) => Ok(Some(lock)),
            Err(error) if is_absence(&error) => self.stands().map(|()| None),
            Err(error) => Err(failure("locking", &spot.folder, error)),
        }
    }

    fn refuse_folder(&self, spot: &Spot) -> Result<()> {
        match self.disk.stat(&spot.file) {
            Ok(Stamp { kind: Kind::Folder, .. }) => Err(refusal(Lasting::Caller(format!(
                "{} is a folder of other keys; no key can be an object and lead to others",
                spot.key
            )))),
            _ => Ok(()),
        }
    }
}

pub(super) fn meta(location: Key, stamp: Stamp, etag: Option<Etag>) -> ObjectMeta {
    ObjectMeta {
        location,
        last_modified: stamp.modified.into(),
        size: stamp.size,
        e_tag: etag.map(|etag| etag.to_string()),
        version: None,
    }
}

pub(super) fn is_absence(error: &io::Error) -> bool {
    use io::ErrorKind::{IsADirectory, NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory | IsADirectory)
}
