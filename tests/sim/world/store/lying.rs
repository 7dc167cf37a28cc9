//! A view of the truth, as one process has it: late, and with everything on its way that can happen to a
//! request.
//!
//! A write goes on by itself once it is sent: whoever sent it may give up, stand still or die, and only of
//! the dead is it decided anew whether it arrives. What takes effect late does so in a task of its own.
//! A read is answered as the truth was at some moment between the question and the answer.
//!
//! What is garbled never comes as a whole body of the right length. Nobody below the decoders could tell,
//! and to them it is damage of the store, for which a name stops, and rightly: on its way a body has the
//! checksums of TCP and TLS. So what is garbled breaks off, or is too long, and `storage` asks again.

use std::fmt;
use std::future::pending;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use elacsym::env::Dice;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use tokio::sync::oneshot;
use tokio::time::sleep;

use super::fate::{Asked, Effect, Question, Sent, Shown, Told, Way, broken_off};
use super::faults::{Asker, Faults};
use super::gate::Gate;
use super::honest::unused;
use super::luck::Luck;
use super::rates::FaultKind;
use super::truth::{Etag, Found, Put, Truth};

/// What one request for a listing brings at most, as of S3.
const PAGE_KEYS_MAX: usize = 1000;

/// Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Lying {
    truth: Truth,
    faults: Faults,
    gate: Gate,
    view: usize,
    dice: Arc<Mutex<Dice>>,
}

#[derive(Debug)]
enum Deed {
    Put(Put),
    Delete(Path),
}

/// A page, and after which key the next one begins, if there is one.
type Page = (Vec<Result<ObjectMeta>>, Option<Option<Path>>);

impl Lying {
    pub(crate) fn over(truth: Truth, faults: Faults, gate: Gate, dice: Dice) -> Self {
        let view = faults.view();
        Self { truth, faults, gate, view, dice: Arc::new(Mutex::new(dice)) }
    }

    fn luck(&self) -> Luck {
        Luck::drawn(&mut self.dice.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Sends a write, and says what is told of it.
    async fn send(&self, deed: Deed) -> Result<Option<Etag>> {
        self.gate.pass().await;
        let mut luck = self.luck();
        let asker = Asker { view: self.view, key: deed.path().as_ref() };
        let sent = self.faults.of_write(asker, deed.way(), &mut luck);
        let (tell, told) = oneshot::channel();
        tokio::spawn(self.clone().carry(deed, sent, luck, tell));
        match told.await {
            Ok(told) => {
                self.gate.pass().await;
                told
            }
            Err(_silence) => pending().await,
        }
    }

    async fn carry(
        self,
        deed: Deed,
        sent: Sent,
        mut luck: Luck,
        tell: oneshot::Sender<Result<Option<Etag>>>,
    ) {
        let Sent { before, after, effect, told } = sent;
        pause(before).await;
        let effect = match self.gate.is_cut() {
            true => self.faults.of_orphan(effect, &mut luck),
            false => effect,
        };
        let done = match effect {
            Effect::Now | Effect::Twice(_) => Some(deed.act(&self.truth)),
            Effect::Never | Effect::Late(_) => None,
        };
        pause(after).await;
        // Nobody may listen any more.
        match (told, done) {
            (Told::Truth, Some(done)) => drop(tell.send(done)),
            (Told::Failure(failure), _) => {
                drop(tell.send(Err(failure.error(deed.path().as_ref()))));
            }
            // The truth is not told of what did not happen: its sender is dead.
            (Told::Silence, _) | (Told::Truth, None) => drop(tell),
        }
        if let Effect::Late(later) | Effect::Twice(later) = effect {
            pause(later).await;
            // Whatever the store says to it now, nobody hears.
            let _ = deed.act(&self.truth);
        }
    }

    async fn get(&self, path: &Path, options: &GetOptions) -> Result<GetResult> {
        self.gate.pass().await;
        let asker = Asker { view: self.view, key: path.as_ref() };
        let asked = self.faults.of_read(asker, Question::Get, &mut self.luck());
        let Asked { before, after, shown } = asked;
        pause(before).await;
        let found = self.truth.get(path, options.range.as_ref());
        pause(after).await;
        self.gate.pass().await;
        match shown {
            Shown::Silence => pending().await,
            Shown::Failure(failure) => Err(failure.error(path.as_ref())),
            shown => Ok(self.show(found?, shown)),
        }
    }

    /// The answer has begun: what can still happen to the body?
    fn show(&self, found: Found, shown: Shown) -> GetResult {
        let body = found.body.clone();
        if body.is_empty() {
            return found.whole();
        }
        let at = |place: f64| ((body.len() as f64 * place) as usize).min(body.len() - 1);
        let stream = match shown {
            Shown::Hangs(place) => {
                stream::iter([Ok(body.slice(..at(place)))]).chain(stream::pending()).boxed()
            }
            Shown::Short(place) => {
                self.faults.happened(FaultKind::ShortRead);
                stream::iter([Ok(body.slice(..at(place)))]).boxed()
            }
            Shown::Broken(place) => {
                self.faults.happened(FaultKind::Garbled);
                let garbled = garbled(&body, at(place)).slice(..=at(place));
                stream::iter([Ok(garbled), Err(broken_off())]).boxed()
            }
            Shown::Long(place) => {
                self.faults.happened(FaultKind::Garbled);
                let more = body.slice(..1);
                stream::iter([Ok(garbled(&body, at(place))), Ok(more)]).boxed()
            }
            Shown::Truth | Shown::Failure(_) | Shown::Silence | Shown::Torn(_) => {
                stream::iter([Ok(body)]).boxed()
            }
        };
        found.answer(stream)
    }

    /// One request for a listing.
    async fn page(&self, folder: Option<&Path>, after: Option<&Path>) -> Page {
        self.gate.pass().await;
        let asker = Asker { view: self.view, key: folder.map_or("", Path::as_ref) };
        let asked = self.faults.of_read(asker, Question::List, &mut self.luck());
        let Asked { before, after: back, shown } = asked;
        pause(before).await;
        let page = self.truth.page(folder, after, PAGE_KEYS_MAX);
        pause(back).await;
        self.gate.pass().await;
        match shown {
            Shown::Silence | Shown::Hangs(_) => pending().await,
            Shown::Failure(failure) => (vec![Err(failure.error(asker.key))], None),
            Shown::Torn(place) if !page.is_empty() => {
                self.faults.happened(FaultKind::TornList);
                let whole = (page.len() as f64 * place) as usize;
                let keys = page.into_iter().take(whole).map(Ok);
                (keys.chain([Err(broken_off())]).collect(), None)
            }
            _ => {
                let full = page.len() == PAGE_KEYS_MAX;
                let last = page.last().map(|object| object.location.clone());
                (page.into_iter().map(Ok).collect(), full.then_some(last))
            }
        }
    }

    /// Page by page, each asked for when somebody wants it.
    fn pages(
        &self,
        folder: Option<&Path>,
        after: Option<&Path>,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let (view, folder) = (self.clone(), folder.cloned());
        let next = move |from: Option<Option<Path>>| {
            let (view, folder) = (view.clone(), folder.clone());
            async move {
                let (page, next) = view.page(folder.as_ref(), from?.as_ref()).await;
                Some((stream::iter(page), next))
            }
        };
        stream::unfold(Some(after.cloned()), next).flatten().boxed()
    }
}

impl Deed {
    fn path(&self) -> &Path {
        match self {
            Self::Put(put) => &put.path,
            Self::Delete(path) => path,
        }
    }

    fn way(&self) -> Way {
        match self {
            Self::Put(put) => put.way(),
            Self::Delete(_) => Way::Plain,
        }
    }

    /// What it does to the store, and what the store says to it.
    fn act(&self, truth: &Truth) -> Result<Option<Etag>> {
        match self {
            Self::Put(put) => truth.put(put).map(Some),
            Self::Delete(path) => {
                truth.delete(path);
                Ok(None)
            }
        }
    }
}

/// The shortest sleep of a runtime is a millisecond, which is not nothing.
async fn pause(time: Duration) {
    if !time.is_zero() {
        sleep(time).await;
    }
}

/// One bit is another.
fn garbled(body: &Bytes, at: usize) -> Bytes {
    let mut bent = body.to_vec();
    bent[at] ^= 1 << (at % 8);
    bent.into()
}

impl fmt::Display for Lying {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lying({})", self.view)
    }
}

#[async_trait]
impl ObjectStore for Lying {
    async fn put_opts(
        &self,
        path: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let etag = self.send(Deed::Put(Put::new(path, payload, options))).await?;
        etag.map(Etag::answer).ok_or_else(broken_off)
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
        self.get(path, &options).await
    }

    fn delete_stream(
        &self,
        paths: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let view = self.clone();
        let delete = move |path: Path| {
            let view = view.clone();
            async move { view.send(Deed::Delete(path.clone())).await.map(|_| path) }
        };
        paths.and_then(delete).boxed()
    }

    fn list(&self, folder: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.pages(folder, None)
    }

    fn list_with_offset(
        &self,
        folder: Option<&Path>,
        after: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.pages(folder, Some(after))
    }

    async fn list_with_delimiter(&self, _: Option<&Path>) -> Result<ListResult> {
        Err(unused("list_with_delimiter"))
    }

    async fn put_multipart_opts(
        &self,
        _: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        Err(unused("put_multipart"))
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        Err(unused("copy"))
    }
}
