//! What is kept of a target: the inputs that it begins with, those that once broke a law, and one for
//! each answer that was new. A file a piece, under the hash of the bytes that it holds.
//!
//! A `.hex` file is hex, with room for comments. Any other is the input as it is, without its last
//! newline, which editors like to see.

use std::fs;
use std::path::{Path, PathBuf};

use crate::hex;

pub(crate) struct Corpus {
    folder: PathBuf,
    /// Of files that are text.
    ending: &'static str,
}

impl Corpus {
    pub(crate) fn of(target: &str, ending: &'static str) -> Self {
        Self { folder: folder().join(target), ending }
    }

    /// In the order of their names.
    pub(crate) fn inputs(&self) -> Vec<(PathBuf, Vec<u8>)> {
        files(&self.folder).into_iter().map(|path| (path.clone(), load(&path))).collect()
    }

    /// Where it lies from now on.
    pub(crate) fn keep(&self, input: &[u8]) -> PathBuf {
        let (ending, text) = match is_text(input) {
            true => (self.ending, [input, b"\n"].concat()),
            false => ("hex", hex::lines(input).into_bytes()),
        };
        fs::create_dir_all(&self.folder).unwrap();
        let path = self.folder.join(format!("{}.{ending}", name_of(input)));
        fs::write(&path, text).unwrap();
        path
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn load(path: &Path) -> Vec<u8> {
    if path.extension().is_some_and(|ending| ending == "hex") {
        return hex::parse(&fs::read_to_string(path).unwrap()).to_vec();
    }
    let mut text = fs::read(path).unwrap();
    text.pop_if(|byte| *byte == b'\n');
    text
}

fn name_of(input: &[u8]) -> String {
    blake3::hash(input).to_hex()[..16].to_owned()
}

fn is_text(input: &[u8]) -> bool {
    let odd = |c: char| c.is_control() && c != '\n';
    !input.is_empty() && std::str::from_utf8(input).is_ok_and(|text| !text.contains(odd))
}

#[test]
fn a_file_is_named_by_what_it_holds() {
    for folder in files(&folder()) {
        for file in files(&folder) {
            let (name, input) = (file.file_stem().unwrap().to_str().unwrap(), load(&file));
            assert_eq!(name, name_of(&input), "is what {} should be called", file.display());
        }
    }
}

#[test]
fn what_is_kept_is_loaded_as_it_was() {
    let scratch = tempfile::tempdir().unwrap();
    let corpus = Corpus { folder: scratch.path().join("new"), ending: "txt" };
    assert!(corpus.inputs().is_empty());
    let mut inputs =
        [&b""[..], b"a", b"a\n", b"\n", b"\0", b"a\tb", b"\xff", "\u{e9}\u{feff}".as_bytes()];
    inputs.iter().for_each(|input| drop(corpus.keep(input)));
    let mut loaded: Vec<Vec<u8>> = corpus.inputs().into_iter().map(|(_, input)| input).collect();
    inputs.sort_unstable();
    loaded.sort_unstable();
    assert_eq!(loaded, inputs);
}
