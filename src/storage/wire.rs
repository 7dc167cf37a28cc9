//! The line to the store: every request goes through here, with a deadline, and is counted.
//!
//! What repeats by itself lies here too, and it is only what may be repeated blindly: reads,
//! listings, deletes, and puts under a name that nobody else will ever use. A conditional put is
//! sent once. The retries inside `object_store` are off (`open.rs`), so that these are all.
//!
//! Dropping one of these futures abandons the request, it does not undo it: a put may still land.

use std::ops::Range;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{
    GetOptions, GetRange, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions,
    UpdateVersion,
};

use super::attempt::{Tag, TagForm};
use super::counters::{Counters, Outcome, Tab, Verb};
use super::date::Stamp;
use super::fault::Fault;
use crate::env::{Clock, Dice};
use crate::error::Result;
use crate::model::StoreDate;

/// For an answer to begin, or for a put to be confirmed. A healthy store takes a tenth of a second.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// For a body to come, once its answer has begun.
const BODY_LIMIT: Duration = Duration::from_secs(4);

/// On top, for bytes to pass: a fiftieth of what one stream of a healthy store gives.
const LIMIT_PER_MIB: Duration = Duration::from_secs(1);

/// After this nothing is repeated. The last answer and its body come on top, 24 s in all for a
/// small object, and the time that its bytes may take for a large one: whoever must answer sooner
/// has a deadline of its own.
const PATIENCE: Duration = Duration::from_secs(15);

/// The first pause. Each next one is twice as long, up to the longest.
const PAUSE: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// All ends of one line share everything but the tab.
#[derive(Clone, Debug)]
pub(super) struct Wire {
    store: Arc<dyn ObjectStore>,
    clock: Clock,
    dice: Arc<Mutex<Dice>>,
    tag_form: Arc<AtomicU8>,
    pub(super) counters: Arc<Counters>,
    /// Of whoever asks at this end.
    tab: Option<Arc<Tab>>,
}

/// The answer to a GET.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) found: Option<(Bytes, Tag)>,
    pub(super) date: Option<StoreDate>,
}

impl Wire {
    pub(super) fn new(store: Arc<dyn ObjectStore>, clock: Clock, dice: Dice) -> Self {
        Self {
            store,
            clock,
            dice: Arc::new(Mutex::new(dice)),
            tag_form: Arc::new(AtomicU8::new(TagForm::AsGiven as u8)),
            counters: Arc::default(),
            tab: None,
        }
    }

    /// Another end, at which requests are written on that tab too.
    pub(super) fn on(&self, tab: Arc<Tab>) -> Self {
        Self { tab: Some(tab), ..self.clone() }
    }

    /// Another end, with a tab that is a part of the one at this end.
    pub(super) fn apart(&self) -> (Self, Arc<Tab>) {
        let tab = Arc::new(Tab::part_of(self.tab.clone()));
        (self.on(tab.clone()), tab)
    }

    pub(super) fn clock(&self) -> Clock {
        self.clock
    }

    pub(super) fn tag_form(&self) -> TagForm {
        match self.tag_form.load(Relaxed) {
            form if form == TagForm::Unquoted as u8 => TagForm::Unquoted,
            _ => TagForm::AsGiven,
        }
    }

    pub(super) fn send_tags(&self, form: TagForm) {
        self.tag_form.store(form as u8, Relaxed);
    }

    pub(super) fn draw(&self) -> u128 {
        self.dice().draw()
    }

    /// One attempt to put. `Create` and `Update` come through here and nowhere else.
    pub(super) async fn put(
        &self,
        verb: Verb,
        path: &Path,
        mode: PutMode,
        body: Bytes,
    ) -> Result<Option<Tag>, Fault> {
        let bytes = body.len() as u64;
        self.counters.sent(bytes);
        let put = self.store.put_opts(path, body.into(), PutOptions::from(mode));
        let answer =
            self.once(verb, ANSWER_LIMIT + transfer(bytes), async { Ok(put.await?) }).await?;
        Ok(answer.e_tag.filter(|etag| !etag.is_empty()).map(|etag| Tag::new(&etag)))
    }

    /// One attempt to swap, with the tag sent in that form.
    pub(super) async fn swap(
        &self,
        path: &Path,
        was: Option<(&Tag, TagForm)>,
        body: Bytes,
    ) -> Result<Tag, Fault> {
        let mode = match was {
            None => PutMode::Create,
            Some((tag, form)) => {
                let e_tag = Some(tag.sent_as(form).to_owned());
                PutMode::Update(UpdateVersion { e_tag, version: None })
            }
        };
        self.put(Verb::Swap, path, mode, body).await?.ok_or_else(no_tag)
    }

    /// What is under a key now. A 404 that is certain is nothing; repeats what may pass.
    pub(super) async fn get(&self, verb: Verb, path: &Path) -> Result<Seen, Fault> {
        let stamp = Stamp::default();
        let found = self.repeat(PATIENCE, || async {
            let (body, etag) = self.fetch(verb, path, None, &stamp).await?;
            let tag = etag.as_deref().map(Tag::new).ok_or_else(no_tag)?;
            Ok((body, tag))
        });
        let found = match found.await {
            Ok(found) => Some(found),
            Err(Fault::Missing) => None,
            Err(fault) => return Err(fault),
        };
        Ok(Seen { found, date: stamp.date() })
    }

    /// Exactly that range of an object, or a fault: what is cut short at the end is `PastEnd`.
    pub(super) async fn get_range(&self, path: &Path, range: Range<u64>) -> Result<Bytes, Fault> {
        let bytes = range.end - range.start;
        self.repeat(PATIENCE + transfer(bytes), || async {
            let range = Some(GetRange::Bounded(range.clone()));
            let (body, _) = self.fetch(Verb::Read, path, range, &Stamp::default()).await?;
            match body.len() as u64 == bytes {
                true => Ok(body),
                false => Err(Fault::PastEnd),
            }
        })
        .await
    }

    /// Puts until it is put: only for a name that nobody else will ever put.
    pub(super) async fn put_unique(&self, path: &Path, body: Bytes) -> Result<(), Fault> {
        let patience = PATIENCE + transfer(body.len() as u64);
        self.repeat(patience, || async {
            self.put(Verb::Put, path, PutMode::Overwrite, body.clone()).await.map(drop)
        })
        .await
    }

    /// Deletes until it is gone. To find nothing is to be done.
    pub(super) async fn delete(&self, path: &Path) -> Result<(), Fault> {
        let gone = self.repeat(PATIENCE, || {
            self.once(Verb::Delete, ANSWER_LIMIT, async { Ok(self.store.delete(path).await?) })
        });
        match gone.await {
            Err(Fault::Missing) => Ok(()),
            other => other,
        }
    }

    /// The keys below `folder` and after `after`, in order, at most so many.
    pub(super) async fn list(
        &self,
        folder: &Path,
        after: Option<&Path>,
        keys_max: usize,
    ) -> Result<Vec<ObjectMeta>, Fault> {
        self.repeat(PATIENCE, || {
            let stream = match after {
                None => self.store.list(Some(folder)),
                Some(after) => self.store.list_with_offset(Some(folder), after),
            };
            let page = stream.take(keys_max).try_collect();
            self.once(Verb::List, ANSWER_LIMIT, async { Ok(page.await?) })
        })
        .await
    }

    /// A GET and its body. The answer must begin in time, and the body has a time that fits its
    /// size, which only the answer tells.
    async fn fetch(
        &self,
        verb: Verb,
        path: &Path,
        range: Option<GetRange>,
        stamp: &Stamp,
    ) -> Result<(Bytes, Option<String>), Fault> {
        let mut options = GetOptions { range, ..GetOptions::default() };
        options.extensions.insert(stamp.clone());
        let get = async { Ok(self.store.get_opts(path, options).await?) };
        let answer = self.held(verb, ANSWER_LIMIT, get).await?;
        let expected = answer.range.end - answer.range.start;
        let etag = answer.meta.e_tag.clone();
        let body = self.once(verb, BODY_LIMIT + transfer(expected), async {
            let body = answer.bytes().await?;
            match body.len() as u64 == expected {
                true => Ok(body),
                false => {
                    crate::reach!("a body is not as long as it was said to be");
                    Err(away(format!("{} of {expected} bytes came", body.len())))
                }
            }
        });
        let body = body.await?;
        self.received(body.len() as u64);
        Ok((body, etag))
    }

    /// One request, held to its limit and counted.
    async fn once<T>(
        &self,
        verb: Verb,
        limit: Duration,
        request: impl Future<Output = Result<T, Fault>>,
    ) -> Result<T, Fault> {
        let result = self.held(verb, limit, request).await;
        if result.is_ok() {
            self.count(verb, Outcome::Done);
        }
        result
    }

    /// One part of a request, held to its limit, and counted if it is the last.
    async fn held<T>(
        &self,
        verb: Verb,
        limit: Duration,
        part: impl Future<Output = Result<T, Fault>>,
    ) -> Result<T, Fault> {
        let late = Err(Fault::Late(limit));
        let result = self.clock.within(limit, part).await.unwrap_or(late);
        if let Err(fault) = &result {
            self.count(verb, fault.outcome());
        }
        result
    }

    /// Repeats while the fault may pass and another attempt may still begin in time.
    async fn repeat<T, F>(&self, patience: Duration, request: impl Fn() -> F) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        let deadline = self.clock.now() + patience;
        let mut pause = PAUSE;
        loop {
            let fault = match request().await {
                Ok(value) => return Ok(value),
                Err(fault) => fault,
            };
            let wait = pause.mul_f64(0.5 + 0.5 * self.dice().fraction());
            if !fault.passing() || self.clock.now() + wait >= deadline {
                return Err(fault);
            }
            self.clock.sleep(wait).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    fn count(&self, verb: Verb, outcome: Outcome) {
        self.counters.count(verb, outcome);
        if let Some(tab) = &self.tab {
            tab.count();
        }
    }

    fn received(&self, bytes: u64) {
        self.counters.received(bytes);
        if let Some(tab) = &self.tab {
            tab.received(bytes);
        }
    }

    fn dice(&self) -> MutexGuard<'_, Dice> {
        self.dice.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn transfer(bytes: u64) -> Duration {
    LIMIT_PER_MIB.mul_f64(bytes as f64 / f64::from(1 << 20))
}

/// Without a tag nothing can be swapped: as good as no answer, and settled like one.
fn no_tag() -> Fault {
    away("the store answered without an etag".to_owned())
}

fn away(text: String) -> Fault {
    Fault::Away(object_store::Error::Generic { store: "storage", source: text.into() })
}
