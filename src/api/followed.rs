//! Files that an operator may change under a running node: API keys, a certificate.
//!
//! They are looked at every second, and read when they are others than before and have stood still
//! for one look: what is half written is not taken for the whole. What cannot be taken leaves
//! everything as it was. That is told at once, again every minute, and by a figure; it is tried again
//! all the while.

use std::fs::File;
use std::io::{self, Read};
use std::mem;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::Duration;

use crate::env::{Clock, blocking};
use crate::error::{Error, Result};
use crate::model::{Figure, FigureKind, Sample};

const LOOK_EVERY: Duration = Duration::from_secs(1);
/// What is still wrong is told again.
const REMIND_AFTER: Duration = Duration::from_secs(60);
/// A thousand keys, or a chain of certificates, have some hundred kilobytes.
pub(super) const FILE_BYTES_MAX: u64 = 1 << 20;

pub(super) struct Followed {
    /// What is in them, in one word.
    what: &'static str,
    paths: Vec<PathBuf>,
    taken: AtomicU64,
    refused: AtomicU64,
    broken: AtomicBool,
}

/// What came of reading files again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// They say what they said.
    None,
    Taken,
}

impl Followed {
    pub(super) fn new(what: &'static str, paths: Vec<PathBuf>) -> Self {
        let (taken, refused) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { what, paths, taken, refused, broken: AtomicBool::new(false) }
    }

    /// What is in each of them now. It blocks, as long as a disk takes.
    pub(super) fn read(&self) -> Result<Vec<Vec<u8>>> {
        read(&self.paths)
    }

    /// Hands over what is in them whenever it may be something else, for as long as this is polled.
    pub(super) async fn follow(&self, clock: Clock, take: impl Fn(&[Vec<u8>]) -> Result<Change>) {
        // Nothing is known yet: what was changed since the start of the node is read once more.
        let mut looks = Looks::default();
        let mut told: Option<(String, Duration)> = None;
        loop {
            clock.sleep(LOOK_EVERY).await;
            let paths = self.paths.clone();
            if !looks.have_settled(blocking(move || stamps(&paths)).await) {
                continue;
            }
            let paths = self.paths.clone();
            let contents = blocking(move || read(&paths)).await;
            match contents.and_then(|contents| take(&contents)) {
                Ok(change) => {
                    told = None;
                    self.took(change);
                }
                Err(error) => {
                    looks = Looks::default();
                    let (story, now) = (error.chain(), clock.now());
                    let again = told.as_ref().is_none_or(|(before, at)| {
                        *before != story || now.saturating_sub(*at) >= REMIND_AFTER
                    });
                    if again {
                        self.refuse(&story);
                        told = Some((story, now));
                    }
                }
            }
        }
    }

    fn took(&self, change: Change) {
        let was_broken = self.broken.swap(false, Relaxed);
        if change == Change::Taken {
            self.taken.fetch_add(1, Relaxed);
        }
        if change == Change::Taken || was_broken {
            tracing::info!(what = self.what, files = ?self.paths, "what is in these files is obeyed");
        }
    }

    fn refuse(&self, story: &str) {
        self.broken.store(true, Relaxed);
        self.refused.fetch_add(1, Relaxed);
        tracing::error!(
            what = self.what,
            files = ?self.paths,
            story,
            "these files were changed and cannot be obeyed: what they said before still holds"
        );
    }
}

/// Of all that are followed, for there is one figure of a name.
pub(super) fn figures(followed: &[&Followed]) -> Vec<Figure> {
    let sample = |followed: &Followed, more: &[(&'static str, &str)], value: f64| {
        let mut labels = vec![("what", followed.what.to_owned())];
        labels.extend(more.iter().map(|(label, value)| (*label, (*value).to_owned())));
        Sample { suffix: "", labels, value }
    };
    let reloads = followed.iter().flat_map(|followed| {
        let (taken, refused) = (followed.taken.load(Relaxed), followed.refused.load(Relaxed));
        [
            sample(followed, &[("outcome", "taken")], taken as f64),
            sample(followed, &[("outcome", "refused")], refused as f64),
        ]
    });
    let broken = followed
        .iter()
        .map(|followed| sample(followed, &[], f64::from(u8::from(followed.broken.load(Relaxed)))));
    vec![
        Figure {
            name: "elacsym_reloads_total",
            help: "Times that changed files were read again",
            kind: FigureKind::Counter,
            samples: reloads.collect(),
        },
        Figure {
            name: "elacsym_reload_broken",
            help: "1 while files cannot be obeyed, and what they said before still holds",
            kind: FigureKind::Gauge,
            samples: broken.collect(),
        },
    ]
}

fn read(paths: &[PathBuf]) -> Result<Vec<Vec<u8>>> {
    paths.iter().map(|path| read_one(path)).collect()
}

fn read_one(path: &Path) -> Result<Vec<u8>> {
    let read = || -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().map_err(|error| {
        Error::invalid(format!("reading {}", path.display())).with_source(error)
    })?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        let place = path.display();
        return Err(Error::invalid(format!("{place} has more than {FILE_BYTES_MAX} bytes")));
    }
    Ok(bytes)
}

/// By which one file, and one state of it, is told from another. Who copies may keep the time of a
/// change, so that of the inode is looked at as well.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Stamp {
    There { device: u64, inode: u64, bytes: u64, modified: (i64, i64), changed: (i64, i64) },
    Away(io::ErrorKind),
}

/// It blocks. A link is followed to the file: so it is changed where secrets are mounted.
fn stamps(paths: &[PathBuf]) -> Vec<Stamp> {
    let stamp = |path: &PathBuf| match path.metadata() {
        Ok(there) => Stamp::There {
            device: there.dev(),
            inode: there.ino(),
            bytes: there.size(),
            modified: (there.mtime(), there.mtime_nsec()),
            changed: (there.ctime(), there.ctime_nsec()),
        },
        Err(error) => Stamp::Away(error.kind()),
    };
    paths.iter().map(stamp).collect()
}

#[derive(Default)]
struct Looks {
    read: Vec<Stamp>,
    last: Vec<Stamp>,
}

impl Looks {
    /// Whether they are others than when they were read, and the same as at the last look. A change
    /// within one tick of the clock of a file system looks like none; by the next look that is over.
    fn have_settled(&mut self, now: Vec<Stamp>) -> bool {
        let last = mem::replace(&mut self.last, now);
        let settled = self.last == last && self.last != self.read;
        if settled {
            self.read = last;
        }
        settled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::fs;
    use std::sync::Mutex;

    use tempfile::TempDir;

    fn away(kind: io::ErrorKind) -> Vec<Stamp> {
        vec![Stamp::Away(kind)]
    }

    #[test]
    fn a_file_is_read_when_it_has_changed_and_stands_still() {
        let (a, b) = (away(io::ErrorKind::NotFound), away(io::ErrorKind::PermissionDenied));
        let mut looks = Looks::default();
        let told: Vec<bool> = [&a, &a, &a, &b, &a, &b, &b, &b, &a, &a]
            .map(|now| looks.have_settled(now.clone()))
            .to_vec();
        let expected = [false, true, false, false, false, false, true, false, false, true];
        assert_eq!(told, expected);
    }

    fn in_folder() -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        (folder, path)
    }

    #[test]
    fn what_was_changed_in_any_way_has_another_stamp() {
        let (folder, path) = in_folder();
        let mut seen = vec![stamps(std::slice::from_ref(&path))];
        let mut changed = |what: &str| {
            let now = stamps(std::slice::from_ref(&path));
            assert!(!seen.contains(&now), "{what}");
            seen.push(now);
        };
        fs::write(&path, "one").unwrap();
        changed("made");
        fs::write(&path, "other").unwrap();
        changed("written anew");
        let other = folder.path().join("other");
        fs::write(&other, "third").unwrap();
        fs::rename(&other, &path).unwrap();
        changed("replaced");
        fs::remove_file(&path).unwrap();
        fs::write(&other, "beside").unwrap();
        std::os::unix::fs::symlink(&other, &path).unwrap();
        changed("a link");
        fs::write(&other, "behind it").unwrap();
        changed("the end of a link");
    }

    #[test]
    fn what_cannot_be_read_is_told_by_its_name() {
        let (_folder, path) = in_folder();
        let told = |path: &PathBuf| read(std::slice::from_ref(path)).unwrap_err().chain();
        let absent = told(&path);
        assert!(absent.contains("reading") && absent.contains("No such file"), "{absent}");
        fs::write(&path, vec![b'x'; FILE_BYTES_MAX as usize + 1]).unwrap();
        assert!(told(&path).contains("more than 1048576 bytes"), "{}", told(&path));
        fs::write(&path, vec![b'x'; FILE_BYTES_MAX as usize]).unwrap();
        assert_eq!(read(&[path]).unwrap()[0].len(), FILE_BYTES_MAX as usize);
    }

    fn line(followed: &Followed) -> String {
        let page = crate::api::metrics::page(&figures(&[followed]));
        let values = page.lines().filter(|line| !line.starts_with('#'));
        values.map(|line| line.rsplit(' ').next().unwrap()).collect::<Vec<_>>().join(" ")
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_good_is_taken_and_what_is_broken_leaves_all_as_it_was() {
        let (_folder, path) = in_folder();
        fs::write(&path, "1").unwrap();
        let (followed, clock) = (Followed::new("keys", vec![path.clone()]), Clock::start());
        let obeyed = Mutex::new("1".to_owned());
        let take = |contents: &[Vec<u8>]| {
            let text = String::from_utf8(contents[0].clone()).unwrap();
            if text.contains("broken") {
                return Err(Error::invalid("it is broken"));
            }
            let before = mem::replace(&mut *obeyed.lock().unwrap(), text.clone());
            Ok(if before == text { Change::None } else { Change::Taken })
        };
        let change = async {
            // No two in a row are of one length: the clock of the file system goes on as it likes.
            for (text, expected, figures) in [
                ("1", "1", "0 0 0"),
                ("22", "22", "1 0 0"),
                ("broken", "22", "1 1 1"),
                ("broken in another way", "22", "1 1 1"),
                ("22", "22", "1 1 0"),
                ("333", "333", "2 1 0"),
            ] {
                fs::write(&path, text).unwrap();
                clock.sleep(5 * LOOK_EVERY).await;
                assert_eq!((&**obeyed.lock().unwrap(), &*line(&followed)), (expected, figures));
            }
            fs::remove_file(&path).unwrap();
            clock.sleep(5 * LOOK_EVERY).await;
            assert_eq!((&**obeyed.lock().unwrap(), &*line(&followed)), ("333", "2 2 1"));
            // It is told again, and tried again.
            clock.sleep(2 * REMIND_AFTER).await;
            assert_eq!(line(&followed), "2 4 1");
            fs::write(&path, "4444").unwrap();
            clock.sleep(5 * LOOK_EVERY).await;
            assert_eq!((&**obeyed.lock().unwrap(), &*line(&followed)), ("4444", "3 4 0"));
        };
        tokio::select! {
            biased;
            () = followed.follow(clock, take) => {}
            () = change => {}
        }
    }
}
