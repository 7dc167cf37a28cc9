//! A view of the truth, as one process has it: late, and with everything on its way that can happen to a
//! request.
//!
//! A write goes on by itself once it is sent: whoever sent it may give up, stand still or die, and only of
//! the dead is it decided anew whether it arrives. What takes effect late does so in a task of its own.
//! A read is answered as the truth was at some moment between the question and the answer.
//!
//! What is garbled breaks off, or is too long, and `storage` asks again. A bit that turned is another matter:
//! the body comes whole and of the right length, past the checksums of TCP and TLS, and nobody below the
//! decoders could tell. To them it is damage of the store, for which a name stops, and rightly, until it is
//! read anew. Which names may say so, [`Faults::turned_in`] tells.

use std::future::pending;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use elacsym::env::Dice;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use object_store::path::Path;
use object_store::{GetOptions, GetResult, ObjectMeta, ObjectStore, Result};
use tokio::sync::oneshot;
use tokio::time::sleep;

use super::face::{Face, View};
use super::fate::{Asked, Effect, Question, Sent, Shown, Told, Way, broken_off};
use super::faults::{Asker, Faults, PAGE_KEYS_MAX};
use super::gate::Gate;
use super::luck::Luck;
use super::rates::FaultKind;
use super::traps::{Errand, Side, Sprung, Traps};
use super::truth::{Etag, Found, Put, Truth};

/// So many pages of a listing are as small as they may be here, and the others as S3 has them: all of
/// them together have five seconds, and each may be the one that fails.
const SMALL_PAGES: usize = 8;

/// Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Lying {
    truth: Truth,
    faults: Faults,
    gate: Gate,
    traps: Traps,
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
    /// The store of a process that is behind this gate, on a machine that has these traps.
    pub(crate) fn over(
        truth: Truth,
        faults: Faults,
        gate: Gate,
        traps: Traps,
        dice: Dice,
    ) -> impl ObjectStore {
        let view = faults.view();
        Face(Self { truth, faults, gate, traps, view, dice: Arc::new(Mutex::new(dice)) })
    }

    fn luck(&self) -> Luck {
        Luck::drawn(&mut self.dice.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A request leaves its sender, who may be killed over it. What is returned strikes when it has
    /// taken effect.
    async fn leave(&self, key: &str, errand: Errand) -> Option<Sprung> {
        self.gate.pass().await;
        match self.traps.spring(key, errand) {
            // A question has no effect that anything could come after.
            Some(sprung) if sprung.side == Side::Before || errand == Errand::Ask => {
                sprung.strike(&self.gate);
                pending().await
            }
            sprung => sprung,
        }
    }

    /// Sends a write, and says what is told of it.
    async fn send(&self, deed: Deed) -> Result<Option<Etag>> {
        let sprung = self.leave(deed.path().as_ref(), deed.errand()).await;
        let mut luck = self.luck();
        let asker = Asker { view: self.view, key: deed.path().as_ref() };
        let sent = self.faults.of_write(asker, deed.way(), &mut luck);
        let (tell, told) = oneshot::channel();
        tokio::spawn(self.clone().carry(deed, sent, luck, tell, sprung));
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
        sprung: Option<Sprung>,
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
        if let Some(sprung) = sprung {
            sprung.strike(&self.gate);
        }
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

    /// The answer has begun: what can still happen to the body?
    fn show(&self, key: &str, found: Found, shown: Shown) -> GetResult {
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
            Shown::Turned(place) => {
                self.faults.turned(key);
                stream::iter([Ok(garbled(&body, at(place)))]).boxed()
            }
            Shown::Truth | Shown::Failure(_) | Shown::Silence | Shown::Torn(_) => {
                stream::iter([Ok(body)]).boxed()
            }
        };
        found.answer(stream)
    }

    /// One request for a listing.
    async fn page(&self, folder: Option<&Path>, after: Option<&Path>, keys_max: usize) -> Page {
        let asker = Asker { view: self.view, key: folder.map_or("", Path::as_ref) };
        self.leave(asker.key, Errand::Ask).await;
        let asked = self.faults.of_read(asker, Question::List, &mut self.luck());
        let Asked { before, after: back, shown } = asked;
        pause(before).await;
        let page = self.truth.page(folder, after, keys_max);
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
                let full = page.len() == keys_max;
                let last = page.last().map(|object| object.location.clone());
                (page.into_iter().map(Ok).collect(), full.then_some(last))
            }
        }
    }
}

#[async_trait]
impl View for Lying {
    async fn put(&self, put: Put) -> Result<Etag> {
        self.send(Deed::Put(put)).await?.ok_or_else(broken_off)
    }

    async fn get(&self, path: &Path, options: &GetOptions) -> Result<GetResult> {
        self.leave(path.as_ref(), Errand::Ask).await;
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
            shown => Ok(self.show(path.as_ref(), found?, shown)),
        }
    }

    async fn delete(&self, path: &Path) -> Result<()> {
        self.send(Deed::Delete(path.clone())).await.map(drop)
    }

    /// Page by page, each asked for when somebody wants it.
    fn listed(
        &self,
        folder: Option<&Path>,
        after: Option<&Path>,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let (view, folder) = (self.clone(), folder.cloned());
        let next = move |state: Option<(Option<Path>, usize)>| {
            let (view, folder) = (view.clone(), folder.clone());
            async move {
                let (from, number) = state?;
                let keys_max = match number < SMALL_PAGES {
                    true => view.faults.page_keys_max(),
                    false => PAGE_KEYS_MAX,
                };
                let (page, next) = view.page(folder.as_ref(), from.as_ref(), keys_max).await;
                Some((stream::iter(page), next.map(|from| (from, number + 1))))
            }
        };
        stream::unfold(Some((after.cloned(), 0)), next).flatten().boxed()
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

    fn errand(&self) -> Errand {
        match self {
            Self::Put(_) => Errand::Put,
            Self::Delete(_) => Errand::Delete,
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
