//! What one life of a namespace has left in the folder of a server: found, damaged, put back.

use std::fs;
use std::path::{Path, PathBuf};

use crate::server::Options;

/// The folder of the one incarnation that a namespace has had.
pub(crate) fn of(options: &Options, ns: &str) -> PathBuf {
    let shards = within(&options.data().join("n"));
    let shard = shards.iter().find(|shard| shard.join(ns).is_dir());
    let shard = shard.unwrap_or_else(|| panic!("{ns} is in none of {shards:?}"));
    let lives = within(&shard.join(ns)).into_iter().filter(|path| path.is_dir());
    let lives: Vec<PathBuf> = lives.collect();
    assert_eq!(lives.len(), 1, "{lives:?}");
    lives[0].clone()
}

/// What lies in a folder, in the order of names.
pub(crate) fn within(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// Turns one bit in the middle of a file, and turned again it is as it was.
pub(crate) fn flip(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}
