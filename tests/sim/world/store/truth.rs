//! The truth: the store as it is. It does what it is told at once, as S3 does it, and never lies.
//!
//! An etag is a hash of the content, so that a body that comes again has the etag that it had. Every
//! change is held to what was promised of the store (`audit.rs`), and the first breach is kept.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Bound, Range};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use object_store::path::Path;
use object_store::{
    Error, GetRange, GetResult, GetResultPayload, ObjectMeta, ObjectStore, PutMode, PutOptions,
    PutPayload, PutResult, Result,
};

use super::Verdict;
use super::audit::Audit;
use super::face::Face;
use super::fate::{Way, answered};
use super::honest::Honest;
use crate::world::words::{Broken, Landed, Order};

/// Nothing may depend on it, so nothing is told by it.
const MODIFIED: DateTime<Utc> = DateTime::UNIX_EPOCH;

/// Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Truth(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    objects: Objects,
    audit: Audit,
    broken: Option<Broken>,
    /// Of all changes so far.
    hash: u64,
}

pub(super) type Objects = BTreeMap<String, Object>;

#[derive(Debug)]
pub(super) struct Object {
    path: Path,
    pub(super) body: Bytes,
    etag: Etag,
}

/// The hash of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Etag(u64);

/// A put as it was sent. Its body is hashed once, however often it takes effect.
#[derive(Clone, Debug)]
pub(super) struct Put {
    pub(super) path: Path,
    pub(super) body: Bytes,
    pub(super) etag: Etag,
    pub(super) mode: PutMode,
}

/// What a get is answered with, before it is sent.
#[derive(Debug)]
pub(super) struct Found {
    meta: ObjectMeta,
    range: Range<u64>,
    pub(super) body: Bytes,
}

impl Truth {
    pub(crate) fn new(order: Order) -> Self {
        let (objects, audit) = (Objects::new(), Audit::new(order));
        Self(Arc::new(Mutex::new(State { objects, audit, broken: None, hash: 0 })))
    }

    /// Every slot ever created, in order. One that was deleted stays in it.
    pub(crate) fn landed(&self) -> Vec<Landed> {
        self.state().audit.landed.clone()
    }

    /// The first promise that a change of the store broke.
    pub(crate) fn broken(&self) -> Option<Broken> {
        self.state().broken.clone()
    }

    /// For the end: no fault, no latency. What was written into a life that was over by then is not
    /// shown: nothing promises to find it, and nobody ever looks for it.
    pub(crate) fn honest(&self) -> impl ObjectStore + use<> {
        Face(Honest(self.clone()))
    }

    /// How many objects of that kind are left.
    pub(crate) fn hidden(&self) -> u64 {
        self.state().audit.leaked.len() as u64
    }

    /// Keys and sizes of what is there.
    pub(crate) fn spells(&self) -> BTreeMap<String, usize> {
        let state = self.state();
        state.objects.iter().map(|(key, object)| (key.clone(), object.body.len())).collect()
    }

    /// Of all changes so far.
    pub(crate) fn hash(&self) -> u64 {
        self.state().hash
    }

    /// Whether it was written into a life that was over by then.
    pub(super) fn is_hidden(&self, path: &Path) -> bool {
        self.state().audit.leaked.contains(path.as_ref())
    }

    pub(super) fn put(&self, put: &Put) -> Result<Etag> {
        let key = put.path.as_ref();
        let mut state = self.state();
        let there = state.objects.get(key).map(|object| object.etag);
        let refused = |source: &str| Error::Precondition {
            path: key.to_owned(),
            source: source.to_owned().into(),
        };
        match (&put.mode, there) {
            (PutMode::Create, Some(_)) => {
                let source = "412: something is there".into();
                return Err(Error::AlreadyExists { path: key.to_owned(), source });
            }
            // S3 says 404, and `object_store` makes this of it.
            (PutMode::Update(_), None) => return Err(refused("404: nothing is there")),
            (PutMode::Update(version), Some(etag)) if version.e_tag != Some(etag.to_string()) => {
                return Err(refused("412: something else is there"));
            }
            (PutMode::Overwrite | PutMode::Create | PutMode::Update(_), _) => {}
        }
        let State { objects, audit, .. } = &mut *state;
        let verdict = audit.put(put, objects);
        state.judge("a put of", key, verdict);
        state.note(key, put.etag.0);
        let Put { path, body, etag, .. } = put.clone();
        state.objects.insert(key.to_owned(), Object { path, body, etag });
        Ok(put.etag)
    }

    /// Nothing to delete is as good as deleted.
    pub(super) fn delete(&self, path: &Path) {
        let key = path.as_ref();
        let mut state = self.state();
        if state.objects.remove(key).is_some() {
            let verdict = state.audit.delete(key);
            state.judge("a delete of", key, verdict);
            state.note(key, 0);
        }
    }

    pub(super) fn get(&self, path: &Path, range: Option<&GetRange>) -> Result<Found> {
        let state = self.state();
        let Some(object) = state.objects.get(path.as_ref()) else {
            let source = "404: <Error><Code>NoSuchKey</Code></Error>".into();
            return Err(Error::NotFound { path: path.to_string(), source });
        };
        let length = object.body.len() as u64;
        let range = match range {
            None => 0..length,
            Some(range) => range
                .as_range(length)
                .map_err(|_| answered("416 Range Not Satisfiable", "InvalidRange"))?,
        };
        let body = object.body.slice(range.start as usize..range.end as usize);
        Ok(Found { meta: object.meta(), range, body })
    }

    /// What is below a folder and after a key, in order: so many at most, as they are at one moment.
    pub(super) fn page(
        &self,
        folder: Option<&Path>,
        after: Option<&Path>,
        keys_max: usize,
    ) -> Vec<ObjectMeta> {
        let folder = folder.filter(|folder| !folder.as_ref().is_empty());
        let folder = folder.map_or(String::new(), |folder| format!("{folder}/"));
        let from = match after.map(Path::as_ref) {
            Some(after) if after > folder.as_str() => Bound::Excluded(after),
            _ => Bound::Included(folder.as_str()),
        };
        let state = self.state();
        let rest = state.objects.range::<str, _>((from, Bound::Unbounded));
        let below = rest.take_while(|(key, _)| key.starts_with(&folder));
        below.take(keys_max).map(|(_, object)| object.meta()).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn judge(&mut self, deed: &str, key: &str, verdict: Verdict) {
        if let Err(why) = verdict
            && self.broken.is_none()
        {
            self.broken = Some(Broken(format!("the store: {deed} {key}: {why}")));
        }
    }

    fn note(&mut self, key: &str, etag: u64) {
        let mixed = (self.hash ^ seahash::hash(key.as_bytes())).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.hash = mixed.rotate_left(29) ^ etag;
    }
}

impl Object {
    fn meta(&self) -> ObjectMeta {
        ObjectMeta {
            location: self.path.clone(),
            last_modified: MODIFIED,
            size: self.body.len() as u64,
            e_tag: Some(self.etag.to_string()),
            version: None,
        }
    }
}

impl Put {
    pub(super) fn new(path: &Path, payload: PutPayload, options: PutOptions) -> Self {
        let body = Bytes::from(payload);
        let etag = Etag(seahash::hash(&body));
        Self { path: path.clone(), body, etag, mode: options.mode }
    }

    pub(super) fn way(&self) -> Way {
        match self.mode {
            PutMode::Overwrite => Way::Plain,
            PutMode::Create | PutMode::Update(_) => Way::Condition,
        }
    }
}

impl Etag {
    /// 200.
    pub(super) fn answer(self) -> PutResult {
        let e_tag = Some(self.to_string());
        PutResult { e_tag, version: None, extensions: Default::default() }
    }
}

/// With quotes, as HTTP has it.
impl fmt::Display for Etag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{:016x}\"", self.0)
    }
}

impl Found {
    /// 200, and the body that is given.
    pub(super) fn answer(self, body: BoxStream<'static, Result<Bytes>>) -> GetResult {
        let Self { meta, range, .. } = self;
        GetResult {
            payload: GetResultPayload::Stream(body),
            meta,
            range,
            attributes: Default::default(),
            extensions: Default::default(),
        }
    }

    /// 200, and the truth.
    pub(super) fn whole(self) -> GetResult {
        let body = self.body.clone();
        self.answer(stream::iter([Ok(body)]).boxed())
    }
}
