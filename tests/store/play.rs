//! A play of several processes on one disk, and what a crash may make of it.
//!
//! The history of a key is a line of versions in the order in which they were begun. An answer
//! *shows* a version: the acknowledgement of a write its own, a read what it read, a refusal what
//! it lost to. After a crash at any moment a key must hold, whole, a version that is not older
//! than any that was shown before that moment, and that was begun before it. A delete shows
//! nothing: it may come undone.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use elacsym::env::Dice;
use elacsym::storage::local::Folder;
use elacsym::storage::local::disk::Disk;
use object_store::path::Path as Key;
use object_store::{Error, GetOptions};

use crate::power::{Image, Power, root};
use crate::process::Process;

/// What stands between a process and its disk.
pub(crate) type Wrap = fn(Process) -> Arc<dyn Disk>;

/// How many crash images were sound, or what the first unsound one shows.
pub(crate) type Images = Result<u64, String>;

#[derive(Debug)]
pub(crate) struct Play {
    power: Arc<Power>,
    wrap: Wrap,
    lines: Mutex<BTreeMap<Key, Line>>,
}

#[derive(Debug)]
struct Line {
    versions: Vec<Version>,
    /// When an answer showed which version.
    shown: Vec<(usize, usize)>,
}

#[derive(Debug)]
struct Version {
    body: Option<Bytes>,
    begun: usize,
    /// Its writer was told that it lost.
    lost: bool,
}

impl Play {
    /// A play on an empty disk, to which every process goes through `wrap`.
    pub(crate) fn new(wrap: Wrap) -> Arc<Self> {
        let power = Power::holding(Image::empty());
        Arc::new(Self { power, wrap, lines: Mutex::default() })
    }

    /// A process that has not opened the folder yet.
    pub(crate) fn process(&self) -> (Process, Arc<dyn Disk>) {
        let process = Process::new(&self.power);
        (process.clone(), (self.wrap)(process))
    }

    /// A process that has opened the folder.
    pub(crate) fn opened(&self) -> (Process, Folder) {
        let (process, disk) = self.process();
        (process, open(disk).unwrap())
    }

    /// What happened so far is durable, and is where the histories begin.
    pub(crate) fn curtain(&self) {
        self.power.start_record();
        for line in self.lines.lock().unwrap().values_mut() {
            for version in &mut line.versions {
                version.begun = 0;
            }
            let last = line.versions.iter().rposition(|version| !version.lost).unwrap();
            line.shown = vec![(0, last)];
        }
    }

    pub(crate) fn create(&self, folder: &Folder, key: &str, body: &str) {
        let key = Key::from(key);
        let version = self.begin(&key, Some(body));
        let outcome = folder.create(&key, &[Bytes::copy_from_slice(body.as_bytes())]);
        self.end(&key, version, &outcome);
    }

    /// Swaps `old` for `body`; a stale `old` shows what is there instead.
    pub(crate) fn swap(&self, folder: &Folder, key: &str, old: &str, body: &str) {
        let key = Key::from(key);
        let version = self.begin(&key, Some(body));
        let body = [Bytes::copy_from_slice(body.as_bytes())];
        let outcome = folder.swap(&key, &etag(old.as_bytes()), &body);
        self.end(&key, version, &outcome);
    }

    pub(crate) fn overwrite(&self, folder: &Folder, key: &str, body: &str) {
        let key = Key::from(key);
        let version = self.begin(&key, Some(body));
        let outcome = folder.overwrite(&key, &[Bytes::copy_from_slice(body.as_bytes())]);
        self.end(&key, version, &outcome);
    }

    pub(crate) fn delete(&self, folder: &Folder, key: &str) {
        let key = Key::from(key);
        self.begin(&key, None);
        folder.delete(&key).ok();
    }

    /// Reads the whole object; what it finds it shows.
    pub(crate) fn read(&self, folder: &Folder, key: &str) -> Option<Bytes> {
        let key = Key::from(key);
        let found = folder.read(&key, &GetOptions::default()).ok()?;
        self.show(&key, &found.bytes);
        Some(found.bytes)
    }

    fn begin(&self, key: &Key, body: Option<&str>) -> usize {
        let begun = self.power.now();
        let body = body.map(|body| Bytes::copy_from_slice(body.as_bytes()));
        let mut lines = self.lines.lock().unwrap();
        let line = lines.entry(key.clone()).or_insert_with(|| Line {
            versions: vec![Version { body: None, begun: 0, lost: false }],
            shown: Vec::new(),
        });
        line.versions.push(Version { body, begun, lost: false });
        line.versions.len() - 1
    }

    fn end(&self, key: &Key, version: usize, outcome: &Result<String, Error>) {
        let path = root().join(key.as_ref());
        match outcome {
            Ok(etag_told) => {
                let mut lines = self.lines.lock().unwrap();
                let line = lines.get_mut(key).unwrap();
                let body = line.versions[version].body.as_ref().unwrap();
                assert_eq!(*etag_told, etag(body));
                line.shown.push((self.power.now(), version));
            }
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => {
                self.lines.lock().unwrap().get_mut(key).unwrap().versions[version].lost = true;
                if let Some(body) = self.power.peek(&path) {
                    self.show(key, &body);
                }
            }
            // Killed: in doubt for ever.
            Err(_) => {}
        }
    }

    fn show(&self, key: &Key, body: &[u8]) {
        let mut lines = self.lines.lock().unwrap();
        let line = lines.get_mut(key).unwrap();
        let is_it = |version: &Version| version.body.as_deref() == Some(body);
        let version = line.versions.iter().position(is_it).expect("a body that was written");
        line.shown.push((self.power.now(), version));
    }

    /// Crashes everywhere.
    pub(crate) fn survives(&self) -> Images {
        let images = self.power.crash(|end, image| {
            self.check(end, image).map_err(|story| format!("after {end} effects: {story}"))
        })?;
        assert_eq!(images, self.power.images_expected());
        Ok(images)
    }

    fn check(&self, end: usize, image: Image) -> Result<(), String> {
        let disk = Process::new(&Power::holding(image));
        let folder = open(Arc::new(disk)).map_err(|error| error.chain())?;
        for (key, line) in &*self.lines.lock().unwrap() {
            let found = match folder.read(key, &GetOptions::default()) {
                Ok(found) => {
                    assert_eq!(found.meta.e_tag, Some(etag(&found.bytes)));
                    Some(found.bytes)
                }
                Err(Error::NotFound { .. }) => None,
                Err(error) => return Err(format!("{key}: {error}")),
            };
            if !line.allows(end, found.as_ref()) {
                return Err(format!("{key} holds {found:?}"));
            }
            goes_on(&folder, key, found)?;
        }
        Ok(())
    }
}

impl Line {
    fn allows(&self, end: usize, found: Option<&Bytes>) -> bool {
        let shown = self.shown.iter().filter(|(at, _)| *at <= end);
        let oldest = shown.map(|(_, version)| *version).max().unwrap_or(0);
        self.versions[oldest..]
            .iter()
            .any(|version| !version.lost && version.begun <= end && version.body.as_ref() == found)
    }
}

/// After the crash a key excludes and compares as before it.
fn goes_on(folder: &Folder, key: &Key, found: Option<Bytes>) -> Result<(), String> {
    let fresh = [Bytes::from_static(b"written after the crash")];
    let stale = folder.swap(key, &etag(b"never written"), &fresh);
    if !matches!(stale, Err(Error::Precondition { .. })) {
        return Err(format!("{key}: a stale swap gave {stale:?}"));
    }
    let created = folder.create(key, &fresh);
    let done = match &found {
        None => created,
        Some(_) if !matches!(created, Err(Error::AlreadyExists { .. })) => {
            return Err(format!("{key}: a second create gave {created:?}"));
        }
        Some(body) => folder.swap(key, &etag(body), &fresh),
    };
    match (done, folder.read(key, &GetOptions::default())) {
        (Ok(_), Ok(found)) if found.bytes == fresh[0] => Ok(()),
        (done, found) => Err(format!("{key}: wrote {done:?}, read {found:?}")),
    }
}

/// The etag as it is documented, spelt independently of the store.
pub(crate) fn etag(body: &[u8]) -> String {
    blake3::hash(body).to_hex()[..32].to_owned()
}

pub(crate) fn open(disk: Arc<dyn Disk>) -> elacsym::error::Result<Folder> {
    let root = root();
    Folder::open(disk, Path::new(&root), &mut Dice::from_os())
}
