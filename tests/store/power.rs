//! A disk whose power can fail, in memory.
//!
//! It records each change and each sync, and rebuilds every image that a crash after any of them
//! could leave. The model is harsher than any file system we know: until its folder is synced,
//! every change of an entry survives or not, independently of all others, and of the other half
//! of the same rename; until a file is synced it may be empty, cut short, zeroes, or whole. Stamps
//! say nothing: every file has the same inode number and the same time.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, Weak};
use std::time::SystemTime;

use bytes::Bytes;
use elacsym::storage::local::disk::{Kind, Lock, Stamp};

const ROOT: usize = 0;

/// What lies on the disk: entries by folder and name, and what they lead to.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    pub(crate) nodes: Vec<Node>,
    pub(crate) entries: BTreeMap<(usize, String), usize>,
}

#[derive(Clone, Debug)]
pub(crate) enum Node {
    Folder,
    File(Bytes),
}

#[derive(Clone, Debug)]
pub(crate) enum Effect {
    Entry { folder: usize, name: String, node: Option<usize> },
    Content { node: usize, body: Bytes },
    Synced { node: usize },
}

#[derive(Debug)]
pub(crate) struct Power {
    pub(crate) state: Mutex<State>,
}

#[derive(Debug)]
pub(crate) struct State {
    /// What was there, durably, before the first recorded effect.
    base: Image,
    pub(crate) live: Image,
    log: Vec<Effect>,
    locks: HashMap<usize, Weak<()>>,
}

impl Image {
    pub(crate) fn empty() -> Self {
        Self { nodes: vec![Node::Folder], entries: BTreeMap::new() }
    }

    pub(crate) fn find(&self, path: &Path) -> io::Result<usize> {
        let mut node = ROOT;
        for part in path.components() {
            if let Component::Normal(name) = part {
                self.must_be_folder(node)?;
                let name = name.to_str().unwrap().to_owned();
                node = *self.entries.get(&(node, name)).ok_or(io::ErrorKind::NotFound)?;
            }
        }
        Ok(node)
    }

    pub(crate) fn place(&self, path: &Path) -> io::Result<(usize, String)> {
        let folder = self.find(path.parent().unwrap())?;
        self.must_be_folder(folder)?;
        Ok((folder, path.file_name().unwrap().to_str().unwrap().to_owned()))
    }

    pub(crate) fn must_be_folder(&self, node: usize) -> io::Result<()> {
        match self.nodes[node] {
            Node::Folder => Ok(()),
            Node::File(_) => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    fn apply(&mut self, effect: &Effect) {
        match effect {
            Effect::Entry { folder, name, node: Some(node) } => {
                self.entries.insert((*folder, name.clone()), *node);
            }
            Effect::Entry { folder, name, node: None } => {
                self.entries.remove(&(*folder, name.clone()));
            }
            Effect::Content { node, body } => self.nodes[*node] = Node::File(body.clone()),
            Effect::Synced { .. } => {}
        }
    }
}

impl Effect {
    /// How many fates it has if power fails before it is synced.
    fn fates(&self) -> u64 {
        match self {
            Self::Entry { .. } => 2,
            Self::Content { .. } => 4,
            Self::Synced { .. } => 1,
        }
    }

    /// What is left of it: all of it at fate 0.
    fn survivor(&self, fate: u64) -> Option<Self> {
        match (self, fate) {
            (_, 0) => Some(self.clone()),
            (Self::Content { node, body }, 1) => {
                let body = body.slice(..body.len() / 2);
                Some(Self::Content { node: *node, body })
            }
            (Self::Content { node, body }, 2) => {
                let body = vec![0; body.len()].into();
                Some(Self::Content { node: *node, body })
            }
            _ => None,
        }
    }

    fn node_to_sync(&self) -> Option<usize> {
        match self {
            Self::Entry { folder, .. } => Some(*folder),
            Self::Content { node, .. } => Some(*node),
            Self::Synced { .. } => None,
        }
    }
}

impl Power {
    pub(crate) fn holding(image: Image) -> Arc<Self> {
        let state =
            State { base: image.clone(), live: image, log: Vec::new(), locks: HashMap::new() };
        Arc::new(Self { state: Mutex::new(state) })
    }

    /// All that was done so far is durable; what follows is recorded.
    pub(crate) fn start_record(&self) {
        let mut state = self.state.lock().unwrap();
        state.base = state.live.clone();
        state.log.clear();
    }

    /// Effects recorded so far.
    pub(crate) fn now(&self) -> usize {
        self.state.lock().unwrap().log.len()
    }

    /// The content of a file as a running process sees it.
    pub(crate) fn peek(&self, path: &Path) -> Option<Bytes> {
        let state = self.state.lock().unwrap();
        match &state.live.nodes[state.live.find(path).ok()?] {
            Node::File(body) => Some(body.clone()),
            Node::Folder => None,
        }
    }

    /// Shows every image that a crash can leave, with the number of effects before the crash, and
    /// says how many there were.
    pub(crate) fn crash(
        &self,
        mut show: impl FnMut(usize, Image) -> Result<(), String>,
    ) -> Result<u64, String> {
        let (mut base, live, log) = {
            let state = self.state.lock().unwrap();
            (state.base.clone(), state.live.clone(), state.log.clone())
        };
        // What was created since is blank until its content survives.
        base.nodes.extend(live.nodes[base.nodes.len()..].iter().map(|node| match node {
            Node::Folder => Node::Folder,
            Node::File(_) => Node::File(Bytes::new()),
        }));
        let mut images = 0;
        for end in 0..=log.len() {
            let mut fates = vec![0; end];
            loop {
                let mut image = base.clone();
                for (effect, fate) in log[..end].iter().zip(&fates) {
                    if let Some(survivor) = effect.survivor(*fate) {
                        image.apply(&survivor);
                    }
                }
                show(end, image)?;
                images += 1;
                if !next(&mut fates, &log[..end]) {
                    break;
                }
            }
        }
        Ok(images)
    }

    /// How many images there must be: at each point, the product of the fates of what is pending.
    pub(crate) fn images_expected(&self) -> u64 {
        let log = self.state.lock().unwrap().log.clone();
        let mut pending: BTreeMap<usize, u64> = BTreeMap::new();
        let mut images = 1;
        for effect in &log {
            match effect {
                Effect::Entry { folder: node, .. } | Effect::Content { node, .. } => {
                    *pending.entry(*node).or_insert(1) *= effect.fates();
                }
                Effect::Synced { node } => {
                    pending.remove(node);
                }
            }
            images += pending.values().product::<u64>();
        }
        images
    }
}

/// Counts through the fates of all effects that no later sync covers.
fn next(fates: &mut [u64], log: &[Effect]) -> bool {
    for at in 0..log.len() {
        let covers = |later: &Effect| match later {
            Effect::Synced { node } => log[at].node_to_sync() == Some(*node),
            _ => false,
        };
        if log[at + 1..].iter().any(covers) {
            continue;
        }
        fates[at] += 1;
        if fates[at] < log[at].fates() {
            return true;
        }
        fates[at] = 0;
    }
    false
}

impl State {
    pub(crate) fn record(&mut self, effect: Effect) {
        self.live.apply(&effect);
        self.log.push(effect);
    }

    pub(crate) fn add(&mut self, path: &Path, node: Node) -> io::Result<usize> {
        let (folder, name) = self.live.place(path)?;
        if self.live.entries.contains_key(&(folder, name.clone())) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.live.nodes.push(node);
        let node = self.live.nodes.len() - 1;
        self.record(Effect::Entry { folder, name, node: Some(node) });
        Ok(node)
    }

    pub(crate) fn lock(&mut self, path: &Path) -> io::Result<Option<Lock>> {
        let node = self.live.find(path)?;
        if self.locks.get(&node).and_then(Weak::upgrade).is_some() {
            return Ok(None);
        }
        let lock = Arc::new(());
        self.locks.insert(node, Arc::downgrade(&lock));
        Ok(Some(Box::new(lock)))
    }

    pub(crate) fn stamp(&self, node: usize) -> Stamp {
        let (kind, size) = match &self.live.nodes[node] {
            Node::Folder => (Kind::Folder, 0),
            Node::File(body) => (Kind::File, body.len() as u64),
        };
        Stamp { kind, inode: 7, size, modified: SystemTime::UNIX_EPOCH }
    }
}

/// Where all processes of a play keep their objects.
pub(crate) fn root() -> PathBuf {
    "/srv/data".into()
}
