//! The ground a folder stands on: made if it is missing, refused where promises cannot be kept.
//!
//! Two nodes may share a folder only if `flock`, `link` and `fsync` mean on both of them what they
//! mean on a local disk. On a network they do not: a client caches entries, retries a `link` that
//! had happened, loses its locks with the connection, or answers `fsync` before anything is safe.

use std::io;
use std::path::Path;

use super::disk::{Disk, Kind};
use super::make_folder;
use crate::error::{Error, Result};

/// `f_type` as in statfs(2), the name an operator knows, and what it would break.
const REFUSED: [(u32, &str, &str); 16] = [
    (0x0000_6969, "NFS", "a retried link or rename can succeed twice, entries are cached"),
    (0x0000_517b, "SMB", "names are cached and locks are lost with the connection"),
    (0xff53_4d42, "CIFS", "names are cached and locks are lost with the connection"),
    (0xfe53_4d42, "SMB 2", "names are cached and locks are lost with the connection"),
    (0x6573_5546, "FUSE", "what its fsync, link and flock promise cannot be known"),
    (0x0102_1997, "9P", "locks and fsync may end on this side of the connection"),
    (0x786f_4256, "a VirtualBox shared folder", "it has no locks that reach the host"),
    (0x00c3_6400, "Ceph", "locks are lost when the client is evicted"),
    (0x4750_4653, "GPFS", "what its fsync and flock promise across nodes cannot be known"),
    (0x1983_0326, "BeeGFS", "locks are per client unless it was told otherwise"),
    (0x2003_0528, "OrangeFS", "it knows neither hard links nor flock"),
    (0x0bd0_0bd0, "Lustre", "locks are per client unless it was mounted with flock"),
    (0x5346_414f, "AFS", "a file is written back when it is closed, the last one wins"),
    (0x6b41_4653, "AFS", "a file is written back when it is closed, the last one wins"),
    (0x7375_7245, "Coda", "a file is written back when it is closed, the last one wins"),
    (0x0000_564c, "NCP", "names are cached and locks are lost with the connection"),
];

/// Makes the root and the parents that it lacks, durably, on a disk of this machine.
pub(super) fn prepare(disk: &dyn Disk, root: &Path) -> Result<()> {
    let (standing, missing) = survey(disk, root)?;
    // Before anything is made there.
    refuse_network(disk, standing)?;
    for folder in missing.iter().rev() {
        make_folder(disk, folder).map_err(|error| failed("making the folder", folder, error))?;
    }
    for folder in root.ancestors() {
        match disk.open(folder).and_then(|folder| folder.sync()) {
            Err(error) if folder == standing || missing.contains(&folder) => {
                return Err(failed("syncing", folder, error));
            }
            // A process that died may have made the others, so it is tried; but most are older
            // than this machine's last boot, and not all of them ours to open.
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// The nearest folder at or above the root that exists, and what is missing below it.
fn survey<'a>(disk: &dyn Disk, root: &'a Path) -> Result<(&'a Path, Vec<&'a Path>)> {
    let mut missing = Vec::new();
    for folder in root.ancestors() {
        match disk.stat(folder) {
            Ok(stamp) if stamp.kind == Kind::Folder => return Ok((folder, missing)),
            Ok(_) => return Err(Error::invalid(format!("{} is not a folder", folder.display()))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => missing.push(folder),
            Err(error) => return Err(failed("looking at", folder, error)),
        }
    }
    Err(Error::invalid(format!("{} has no parent that exists", root.display())))
}

/// Refuses a folder on a network, naming it, the reason, and the way out.
fn refuse_network(disk: &dyn Disk, folder: &Path) -> Result<()> {
    let magic = disk.magic(folder).map_err(|error| {
        Error::unavailable(format!("asking for the file system of {}", folder.display()))
            .with_source(error)
    })?;
    match REFUSED.iter().find(|(refused, _, _)| *refused == magic) {
        None => Ok(()),
        Some((_, name, reason)) => Err(Error::invalid(format!(
            "{} lies on {name}, where a commit cannot be made safe: {reason}; choose a folder on \
             a local disk, or a bucket (ELACSYM_STORAGE_URL)",
            folder.display()
        ))),
    }
}

/// Names of namespaces differ in case, so their files must.
pub(super) fn refuse_folded_case(disk: &dyn Disk, root: &Path, owner: &Path) -> Result<()> {
    let name = owner.file_name().map(|name| name.to_ascii_uppercase()).unwrap_or_default();
    match disk.stat(&owner.with_file_name(name)) {
        Ok(_) => Err(Error::invalid(format!(
            "{} is on a file system that does not tell upper from lower case, where two names \
             would be one; choose another folder",
            root.display()
        ))),
        Err(_) => Ok(()),
    }
}

fn failed(what: &str, path: &Path, error: io::Error) -> Error {
    Error::unavailable(format!("{what} {}", path.display())).with_source(error)
}
