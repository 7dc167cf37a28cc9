//! Where a key lies in the folder.
//!
//! A segment of a key is the name of a file or folder as it stands, percent signs included, so a
//! listing gives back the keys that were written and `*.parquet` can be read where it lies. A key
//! cannot leave the folder, and cannot reach the one name in it that is not an object's.

use std::path::{Path, PathBuf};

use object_store::path::Path as Key;
use object_store::{Error, Result};

use super::{Lasting, refusal};

/// Holds files that are being written. `~` is a character that `Key::from` spells as `%7E`.
pub(super) const SCRATCH: &str = "tmp~";

/// What every common file system takes as one name.
const SEGMENT_BYTES_MAX: usize = 255;

pub(super) struct Spot {
    pub(super) key: String,
    pub(super) folder: PathBuf,
    pub(super) file: PathBuf,
}

impl Spot {
    pub(super) fn of(root: &Path, key: &Key) -> Result<Self> {
        let file = under(root, key)?;
        if key.is_root() {
            return Err(unfit("the empty key names no object".to_owned()));
        }
        let folder = file.parent().unwrap_or(root).to_path_buf();
        Ok(Self { key: key.to_string(), folder, file })
    }

    pub(super) fn not_found(&self) -> Error {
        Error::NotFound { path: self.key.clone(), source: "no such file".into() }
    }
}

/// No key of ours is such a one, and none will become a file by being asked for again.
fn unfit(message: String) -> Error {
    refusal(Lasting::Caller(message))
}

/// The path of a key or of the prefix of a listing.
pub(super) fn under(root: &Path, key: &Key) -> Result<PathBuf> {
    let mut path = root.to_path_buf();
    for (depth, segment) in key.as_ref().split('/').enumerate().filter(|_| !key.is_root()) {
        let odd = |c: char| c.is_ascii_control() || c == std::path::MAIN_SEPARATOR;
        if matches!(segment, "" | "." | "..") || segment.contains(odd) {
            return Err(unfit(format!("the key {key} has {segment:?} in it: not a file name")));
        }
        if segment.len() > SEGMENT_BYTES_MAX {
            return Err(unfit(format!(
                "a segment of the key {key} is longer than {SEGMENT_BYTES_MAX} bytes"
            )));
        }
        if depth == 0 && segment == SCRATCH {
            return Err(unfit(format!("keys below {SCRATCH} are the folder's own, not {key}")));
        }
        path.push(segment);
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spot(key: &str) -> Option<PathBuf> {
        Spot::of(Path::new("/data"), &Key::parse(key).unwrap()).ok().map(|spot| spot.file)
    }

    #[test]
    fn a_key_is_a_path_below_the_root_as_it_is_spelt() {
        assert_eq!(spot("n/7f/acme/HEAD"), Some("/data/n/7f/acme/HEAD".into()));
        assert_eq!(spot("_names/a!b"), Some("/data/_names/a!b".into()));
        assert_eq!(spot("a%2Fb"), Some("/data/a%2Fb".into()));
        assert_eq!(spot("a/tmp~"), Some("/data/a/tmp~".into()));
    }

    #[test]
    fn no_key_leaves_the_root_or_reaches_files_that_are_being_written() {
        assert_eq!(Key::from("../x").as_ref(), "%2E%2E/x");
        assert!(Key::parse("../x").is_err());
        for key in ["", "tmp~/x", "tmp~", &"x".repeat(256)] {
            assert_eq!(spot(key), None, "{key}");
        }
        assert_eq!(Key::from("tmp~/x").as_ref(), "tmp%7E/x");
    }
}
