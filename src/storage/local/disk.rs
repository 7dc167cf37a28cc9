//! What the local store asks of a file system, operation by operation.
//!
//! The promises of a folder rest on the *order* of these calls, so they are a trait: the tests
//! put a disk underneath that records them, and rebuild everything that a crash between any two
//! of them could have left. Nothing here decides anything.

use std::any::Any;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::ops::Range;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::time::SystemTime;

use bytes::Bytes;

/// An advisory lock, held until it is dropped or its process dies.
pub type Lock = Box<dyn Any + Send + Sync>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    File,
    Folder,
    Other,
}

/// What can be seen of a file without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    pub kind: Kind,
    pub inode: u64,
    pub size: u64,
    pub modified: SystemTime,
}

pub trait Disk: std::fmt::Debug + Send + Sync + 'static {
    /// The `f_type` that `statfs(2)` gives for the file system of `path`.
    fn magic(&self, path: &Path) -> io::Result<u32>;
    fn stat(&self, path: &Path) -> io::Result<Stamp>;
    /// Makes one folder, whose parent exists.
    fn make_folder(&self, path: &Path) -> io::Result<()>;
    /// Creates a file that must not exist and writes it, without syncing it. The handle is the one
    /// that wrote: only its `sync` is sure to hear of a failed write-back.
    fn create(&self, path: &Path, body: &[Bytes]) -> io::Result<Box<dyn DiskFile>>;
    /// Opens a file, or a folder to sync it.
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    /// Gives a file a second name; an existing name is `AlreadyExists`.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Moves a file over whatever `to` was.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    fn unlink(&self, path: &Path) -> io::Result<()>;
    /// The entries of a folder in no order; names that are not UTF-8 are not ours, and left out.
    fn entries(&self, path: &Path) -> io::Result<Vec<(String, Kind)>>;
    /// Waits for the exclusive lock of an existing file or folder.
    fn lock(&self, path: &Path) -> io::Result<Lock>;
    /// The same without waiting: `None` if another holds it.
    fn try_lock(&self, path: &Path) -> io::Result<Option<Lock>>;
}

pub trait DiskFile: Send + Sync {
    fn stamp(&self) -> io::Result<Stamp>;
    fn read(&self, range: Range<u64>) -> io::Result<Bytes>;
    /// Returns when the content of the file, or the entries of the folder, would survive a crash.
    fn sync(&self) -> io::Result<()>;
}

/// The disk of this machine.
#[derive(Debug)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn magic(&self, path: &Path) -> io::Result<u32> {
        // The type's width and sign differ between targets; magics have 32 bits.
        Ok(rustix::fs::statfs(path)?.f_type as u32)
    }

    fn stat(&self, path: &Path) -> io::Result<Stamp> {
        fs::metadata(path).and_then(|metadata| stamp(&metadata))
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        fs::create_dir(path)
    }

    fn create(&self, path: &Path, body: &[Bytes]) -> io::Result<Box<dyn DiskFile>> {
        let mut file = OpenOptions::new().read(true).write(true).create_new(true).open(path)?;
        for part in body {
            file.write_all(part)?;
        }
        Ok(Box::new(RealFile(file)))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(RealFile(File::open(path)?)))
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::hard_link(from, to)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn unlink(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn entries(&self, path: &Path) -> io::Result<Vec<(String, Kind)>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            if let Ok(name) = entry.file_name().into_string() {
                entries.push((name, kind(entry.file_type()?)));
            }
        }
        Ok(entries)
    }

    fn lock(&self, path: &Path) -> io::Result<Lock> {
        let file = File::open(path)?;
        loop {
            match file.lock() {
                Ok(()) => return Ok(Box::new(file)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
        }
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<Lock>> {
        let file = File::open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

struct RealFile(File);

impl DiskFile for RealFile {
    fn stamp(&self) -> io::Result<Stamp> {
        self.0.metadata().and_then(|metadata| stamp(&metadata))
    }

    fn read(&self, range: Range<u64>) -> io::Result<Bytes> {
        let bytes_long = usize::try_from(range.end - range.start).map_err(io::Error::other)?;
        let mut bytes = vec![0; bytes_long];
        self.0.read_exact_at(&mut bytes, range.start)?;
        Ok(bytes.into())
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_all()
    }
}

fn stamp(metadata: &fs::Metadata) -> io::Result<Stamp> {
    Ok(Stamp {
        kind: kind(metadata.file_type()),
        inode: metadata.ino(),
        size: metadata.len(),
        modified: metadata.modified()?,
    })
}

fn kind(kind: fs::FileType) -> Kind {
    if kind.is_file() {
        Kind::File
    } else if kind.is_dir() {
        Kind::Folder
    } else {
        Kind::Other
    }
}
