//! A disk that is another disk, but for what a test bends.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use elacsym::storage::local::disk::{Disk, DiskFile, Kind, Lock, Stamp};

/// By default nothing is bent.
pub(crate) trait Bend: std::fmt::Debug + Send + Sync + 'static {
    fn magic(&self, real: u32) -> u32 {
        real
    }

    fn stat(&self, path: &Path, disk: &dyn Disk) -> io::Result<Stamp> {
        disk.stat(path)
    }

    /// Called before the body is written.
    fn create(&self) -> io::Result<()> {
        Ok(())
    }

    /// Called when a folder got a new entry.
    fn entered(&self, _folder: &Path, _kind: Kind) {}

    /// Called before a lock is waited for.
    fn lock(&self) {}

    fn sync(&self, _path: &Path, _kind: Kind, file: &dyn DiskFile) -> io::Result<()> {
        file.sync()
    }
}

#[derive(Clone, Debug)]
pub(crate) struct BentDisk {
    disk: Arc<dyn Disk>,
    bend: Arc<dyn Bend>,
}

impl BentDisk {
    pub(crate) fn new(disk: Arc<dyn Disk>, bend: Arc<dyn Bend>) -> Self {
        Self { disk, bend }
    }

    fn file(&self, path: &Path, file: Box<dyn DiskFile>) -> Box<dyn DiskFile> {
        Box::new(BentFile { bend: Arc::clone(&self.bend), path: path.to_path_buf(), file })
    }
}

struct BentFile {
    bend: Arc<dyn Bend>,
    path: PathBuf,
    file: Box<dyn DiskFile>,
}

impl Disk for BentDisk {
    fn magic(&self, path: &Path) -> io::Result<u32> {
        Ok(self.bend.magic(self.disk.magic(path)?))
    }

    fn stat(&self, path: &Path) -> io::Result<Stamp> {
        self.bend.stat(path, &*self.disk)
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        self.disk.make_folder(path)?;
        self.bend.entered(path.parent().unwrap(), Kind::Folder);
        Ok(())
    }

    fn create(&self, path: &Path, body: &[Bytes]) -> io::Result<Box<dyn DiskFile>> {
        if !body.is_empty() {
            self.bend.create()?;
        }
        Ok(self.file(path, self.disk.create(path, body)?))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(self.file(path, self.disk.open(path)?))
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.link(from, to)?;
        self.bend.entered(to.parent().unwrap(), Kind::File);
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(from, to)?;
        self.bend.entered(to.parent().unwrap(), Kind::File);
        Ok(())
    }

    fn unlink(&self, path: &Path) -> io::Result<()> {
        self.disk.unlink(path)
    }

    fn entries(&self, path: &Path) -> io::Result<Vec<(String, Kind)>> {
        self.disk.entries(path)
    }

    fn lock(&self, path: &Path) -> io::Result<Lock> {
        self.bend.lock();
        self.disk.lock(path)
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<Lock>> {
        self.disk.try_lock(path)
    }
}

impl DiskFile for BentFile {
    fn stamp(&self) -> io::Result<Stamp> {
        self.file.stamp()
    }

    fn read(&self, range: Range<u64>) -> io::Result<Bytes> {
        self.file.read(range)
    }

    fn sync(&self) -> io::Result<()> {
        self.bend.sync(&self.path, self.file.stamp()?.kind, &*self.file)
    }
}
