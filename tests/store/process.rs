//! One process's way to the disk whose power can fail, and its ends.

use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use elacsym::storage::local::disk::{Disk, DiskFile, Kind, Lock, Stamp};

use crate::power::{Effect, Node, Power, State};

/// What happens to a process at a step of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// It goes on, after others did something.
    Resumes,
    /// It is killed; the machine goes on.
    Dies,
}

pub(crate) type Hook = Box<dyn FnOnce() + Send>;

/// One process's way to the disk. It can be stopped before any of its operations.
#[derive(Clone)]
pub(crate) struct Process {
    power: Arc<Power>,
    stop: Arc<Mutex<Option<(usize, Then, Hook)>>>,
    dead: Arc<AtomicBool>,
}

impl Process {
    pub(crate) fn new(power: &Arc<Power>) -> Self {
        Self { power: Arc::clone(power), stop: Arc::default(), dead: Arc::default() }
    }

    /// Before its operation `step`, counted from now, `hook` is called.
    pub(crate) fn stop_at(&self, step: usize, then: Then, hook: impl FnOnce() + Send + 'static) {
        *self.stop.lock().unwrap() = Some((step, then, Box::new(hook)));
    }

    fn step(&self) -> io::Result<()> {
        let mut stop = self.stop.lock().unwrap();
        let due = matches!(&*stop, Some((0, _, _)));
        if let Some((left, _, _)) = &mut *stop {
            *left = left.saturating_sub(1);
        }
        let due = if due { stop.take() } else { None };
        drop(stop);
        if let Some((_, then, hook)) = due {
            self.dead.store(then == Then::Dies, Ordering::SeqCst);
            hook();
        }
        match self.dead.load(Ordering::SeqCst) {
            true => Err(io::Error::other("this process was killed")),
            false => Ok(()),
        }
    }

    fn act<T>(&self, act: impl FnOnce(&mut State) -> io::Result<T>) -> io::Result<T> {
        self.step()?;
        act(&mut self.power.state.lock().unwrap())
    }

    fn file(&self, node: usize) -> Box<dyn DiskFile> {
        Box::new(ProcessFile { process: self.clone(), node })
    }
}

impl std::fmt::Debug for Process {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Process")
    }
}

impl Disk for Process {
    fn magic(&self, _: &Path) -> io::Result<u32> {
        Ok(0xef53)
    }

    fn stat(&self, path: &Path) -> io::Result<Stamp> {
        self.act(|state| Ok(state.stamp(state.live.find(path)?)))
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        self.act(|state| state.add(path, Node::Folder).map(drop))
    }

    fn create(&self, path: &Path, body: &[Bytes]) -> io::Result<Box<dyn DiskFile>> {
        let node = self.act(|state| {
            let node = state.add(path, Node::File(Bytes::new()))?;
            let body: Bytes = body.concat().into();
            if !body.is_empty() {
                state.record(Effect::Content { node, body });
            }
            Ok(node)
        })?;
        Ok(self.file(node))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.act(|state| state.live.find(path)).map(|node| self.file(node))
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.act(|state| {
            let node = state.live.find(from)?;
            let (folder, name) = state.live.place(to)?;
            if state.live.entries.contains_key(&(folder, name.clone())) {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            state.record(Effect::Entry { folder, name, node: Some(node) });
            Ok(())
        })
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.act(|state| {
            let node = state.live.find(from)?;
            let (old_folder, old_name) = state.live.place(from)?;
            let (folder, name) = state.live.place(to)?;
            state.record(Effect::Entry { folder, name, node: Some(node) });
            state.record(Effect::Entry { folder: old_folder, name: old_name, node: None });
            Ok(())
        })
    }

    fn unlink(&self, path: &Path) -> io::Result<()> {
        self.act(|state| {
            state.live.find(path)?;
            let (folder, name) = state.live.place(path)?;
            state.record(Effect::Entry { folder, name, node: None });
            Ok(())
        })
    }

    fn entries(&self, path: &Path) -> io::Result<Vec<(String, Kind)>> {
        self.act(|state| {
            let folder = state.live.find(path)?;
            state.live.must_be_folder(folder)?;
            let inside = state.live.entries.iter().filter(|((parent, _), _)| *parent == folder);
            Ok(inside.map(|((_, name), node)| (name.clone(), state.stamp(*node).kind)).collect())
        })
    }

    fn lock(&self, path: &Path) -> io::Result<Lock> {
        let lock = self.act(|state| state.lock(path))?;
        Ok(lock.expect("nobody who runs on this thread holds the lock that is waited for"))
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<Lock>> {
        self.act(|state| state.lock(path))
    }
}

struct ProcessFile {
    process: Process,
    node: usize,
}

impl DiskFile for ProcessFile {
    fn stamp(&self) -> io::Result<Stamp> {
        self.process.act(|state| Ok(state.stamp(self.node)))
    }

    fn read(&self, range: Range<u64>) -> io::Result<Bytes> {
        self.process.act(|state| match &state.live.nodes[self.node] {
            Node::File(body) => Ok(body.slice(range.start as usize..range.end as usize)),
            Node::Folder => Err(io::ErrorKind::IsADirectory.into()),
        })
    }

    fn sync(&self) -> io::Result<()> {
        self.process.act(|state| {
            state.record(Effect::Synced { node: self.node });
            Ok(())
        })
    }
}
