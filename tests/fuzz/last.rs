//! The last input, where it outlives the process: a stack that overflows, memory that is not there and
//! a loop without an end leave nobody to tell what it was. The next run of the target begins with it.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

const LENGTH_BYTES: usize = 8;

pub(crate) struct Last {
    path: PathBuf,
    file: File,
    written: Vec<u8>,
}

impl Last {
    /// And the input in the middle of which the run before ended, if it was killed or died.
    pub(crate) fn of(target: &str) -> (Self, Option<Vec<u8>>) {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        fs::create_dir_all(folder).unwrap();
        let path = folder.join(format!("fuzz-{target}.last"));
        let left = fs::read(&path).ok().and_then(|bytes| read(&bytes));
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path).unwrap();
        (Self { path, file, written: Vec::new() }, left)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// It is about to be judged.
    pub(crate) fn note(&mut self, input: &[u8]) {
        self.written.clear();
        self.written.extend_from_slice(&(input.len() as u64).to_le_bytes());
        self.written.extend_from_slice(input);
        // Over what was there before, of which a longer end may stay.
        self.file.write_all_at(&self.written, 0).unwrap();
    }

    /// All were judged.
    pub(crate) fn clear(&mut self) {
        self.note(&[]);
    }
}

/// None: there is none, or none that is whole.
fn read(bytes: &[u8]) -> Option<Vec<u8>> {
    let (length, rest) = bytes.split_first_chunk::<LENGTH_BYTES>()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    rest.get(..length).filter(|input| !input.is_empty()).map(<[u8]>::to_vec)
}

#[test]
fn the_last_input_is_there_until_the_run_is_over() {
    let of = || Last::of("test");
    let (mut last, _) = of();
    last.note(b"a longer one");
    last.note(b"short");
    assert_eq!(of().1.as_deref(), Some(&b"short"[..]));
    last.clear();
    assert_eq!(of().1, None);
    fs::remove_file(last.path()).unwrap();
}
