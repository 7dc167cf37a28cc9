//! Faults on order: the next request fails before it takes effect, after it, or never answers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::TryStreamExt;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    Error, GetOptions, GetResult, ObjectMeta, ObjectStore, ObjectStoreExt, PutResult, Result,
};

use crate::bent_store::{Behaviour, Put, answered};

#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// Nothing happened, and this is the answer.
    Before(&'static str),
    /// It happened, and this is the answer.
    After(&'static str),
    /// Nothing happens, and there is no answer.
    Stall,
    /// It happened, and there is no answer.
    StallAfter,
    /// 403, in the words that `object_store` has for it.
    Denied,
}

/// The faults of the requests to come, in order; after them all goes well. A request that stalls
/// leaves the next fault to the next.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<VecDeque<Fault>>);

impl Faults {
    pub(crate) fn next(faults: impl IntoIterator<Item = Fault>) -> Arc<Self> {
        Arc::new(Self(Mutex::new(faults.into_iter().collect())))
    }

    pub(crate) fn then(&self, fault: Fault) {
        self.0.lock().unwrap().push_back(fault);
    }

    async fn around<T>(&self, effect: impl Future<Output = Result<T>>) -> Result<T> {
        let fault = self.0.lock().unwrap().pop_front();
        match fault {
            None => effect.await,
            Some(Fault::Before(status)) => Err(answered(status)),
            Some(Fault::After(status)) => {
                let _ = effect.await;
                Err(answered(status))
            }
            Some(Fault::Stall) => std::future::pending().await,
            Some(Fault::StallAfter) => {
                let _ = effect.await;
                std::future::pending().await
            }
            Some(Fault::Denied) => {
                Err(Error::PermissionDenied { path: String::new(), source: "403".into() })
            }
        }
    }
}

#[async_trait]
impl Behaviour for Faults {
    async fn put(&self, inner: &InMemory, put: Put<'_>) -> Result<PutResult> {
        self.around(put.into(inner)).await
    }

    async fn get(&self, inner: &InMemory, path: &Path, options: GetOptions) -> Result<GetResult> {
        self.around(inner.get_opts(path, options)).await
    }

    async fn delete(&self, inner: &InMemory, path: &Path) -> Result<()> {
        self.around(inner.delete(path)).await
    }

    async fn list(&self, inner: &InMemory, prefix: Option<Path>) -> Result<Vec<ObjectMeta>> {
        self.around(inner.list(prefix.as_ref()).try_collect()).await
    }
}
