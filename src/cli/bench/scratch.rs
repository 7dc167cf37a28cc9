//! A folder for as long as something is measured.

use std::path::{Path, PathBuf};

use crate::env::Dice;
use crate::error::{Error, Result};

/// Gone when it is dropped, with all that lies in it.
#[derive(Debug)]
pub(super) struct Scratch(PathBuf);

impl Scratch {
    /// Where the system keeps what is temporary: `TMPDIR` says another place.
    pub(super) fn make() -> Result<Self> {
        let folder = std::env::temp_dir();
        let folder = folder.join(format!("elacsym-bench-{:032x}", Dice::from_os().draw()));
        std::fs::create_dir(&folder).map_err(|error| {
            Error::unavailable(format!("making {}", folder.display())).with_source(error)
        })?;
        Ok(Self(folder))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // There is nobody to tell, and the system removes it one day.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_goes_with_what_lies_in_it() {
        let (one, two) = (Scratch::make().unwrap(), Scratch::make().unwrap());
        assert_ne!(one.path(), two.path());
        std::fs::write(one.path().join("a"), "b").unwrap();
        let path = one.path().to_owned();
        drop(one);
        assert!(!path.exists() && two.path().is_dir());
    }
}
