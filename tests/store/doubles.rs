//! Stores that are wrong, or odd, each in one way.

use async_trait::async_trait;
use futures::TryStreamExt;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    Error, GetOptions, GetResult, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutResult,
    Result, UpdateVersion,
};

use crate::bent_store::{Behaviour, Put, answered};

/// Checks, takes a breath, and writes: right one at a time, wrong in a race. What a server is that
/// looks before it renames.
#[derive(Debug, Default)]
pub(crate) struct Liar;

#[async_trait]
impl Behaviour for Liar {
    async fn put(&self, inner: &InMemory, put: Put<'_>) -> Result<PutResult> {
        let there = inner.head(put.path).await.ok().and_then(|meta| meta.e_tag);
        let fits = match &put.mode {
            PutMode::Overwrite => true,
            PutMode::Create => there.is_none(),
            PutMode::Update(version) => there == version.e_tag,
        };
        if !fits {
            return Err(refused(put.path));
        }
        tokio::task::yield_now().await;
        put.by(PutMode::Overwrite).into(inner).await
    }
}

/// The same for swaps only: creates are right.
#[derive(Debug, Default)]
pub(crate) struct HalfLiar;

#[async_trait]
impl Behaviour for HalfLiar {
    async fn put(&self, inner: &InMemory, put: Put<'_>) -> Result<PutResult> {
        match put.mode {
            PutMode::Update(_) => Liar.put(inner, put).await,
            _ => put.into(inner).await,
        }
    }
}

/// Takes conditions and forgets them.
#[derive(Debug, Default)]
pub(crate) struct Careless;

#[async_trait]
impl Behaviour for Careless {
    async fn put(&self, inner: &InMemory, put: Put<'_>) -> Result<PutResult> {
        put.by(PutMode::Overwrite).into(inner).await
    }
}

/// Creates as it should, and swaps whatever the tag.
#[derive(Debug, Default)]
pub(crate) struct HalfCareless;

#[async_trait]
impl Behaviour for HalfCareless {
    async fn put(&self, inner: &InMemory, put: Put<'_>) -> Result<PutResult> {
        match put.mode {
            PutMode::Update(_) => Careless.put(inner, put).await,
            _ => put.into(inner).await,
        }
    }
}

/// Says 403 for what is missing, as S3 does to who may not list.
#[derive(Debug, Default)]
pub(crate) struct Secretive;

#[async_trait]
impl Behaviour for Secretive {
    async fn get(&self, inner: &InMemory, path: &Path, options: GetOptions) -> Result<GetResult> {
        inner.get_opts(path, options).await.map_err(|error| match error {
            Error::NotFound { path, source } => Error::PermissionDenied { path, source },
            error => error,
        })
    }
}

/// Gives tags with quotes and wants them back without, as Ceph does; and answers every loser of a
/// race with 500, as Ceph does under contention.
#[derive(Debug, Default)]
pub(crate) struct Ceph;

#[async_trait]
impl Behaviour for Ceph {
    async fn put(&self, inner: &InMemory, put: Put<'_>) -> Result<PutResult> {
        let racing = put.coin();
        let mode = match &put.mode {
            PutMode::Update(UpdateVersion { e_tag: Some(etag), version }) => {
                if etag.contains('"') {
                    return Err(refused(put.path));
                }
                let (e_tag, version) = (Some(format!("\"{etag}\"")), version.clone());
                PutMode::Update(UpdateVersion { e_tag, version })
            }
            mode => mode.clone(),
        };
        tokio::task::yield_now().await;
        put.by(mode).into(inner).await.map_err(|error| match racing {
            true => answered("500 Internal Server Error"),
            false => error,
        })
    }
}

/// Answers some of those that it served with 500: nobody may conclude anything from that.
#[derive(Debug, Default)]
pub(crate) struct Forgetful;

#[async_trait]
impl Behaviour for Forgetful {
    async fn put(&self, inner: &InMemory, put: Put<'_>) -> Result<PutResult> {
        let forget = put.coin();
        let done = put.into(inner).await?;
        match forget {
            true => Err(answered("500 Internal Server Error")),
            false => Ok(done),
        }
    }
}

/// Lists in no order.
#[derive(Debug, Default)]
pub(crate) struct Unsorted;

#[async_trait]
impl Behaviour for Unsorted {
    async fn list(&self, inner: &InMemory, prefix: Option<Path>) -> Result<Vec<ObjectMeta>> {
        let mut all: Vec<_> = inner.list(prefix.as_ref()).try_collect().await?;
        all.reverse();
        Ok(all)
    }
}

/// Denies listings, though it says 404 for what is missing.
#[derive(Debug, Default)]
pub(crate) struct Unlisted;

#[async_trait]
impl Behaviour for Unlisted {
    async fn list(&self, _: &InMemory, prefix: Option<Path>) -> Result<Vec<ObjectMeta>> {
        let path = prefix.unwrap_or_default().to_string();
        Err(Error::PermissionDenied { path, source: "403".into() })
    }
}

/// Never has the time to list.
#[derive(Debug, Default)]
pub(crate) struct Swamped;

#[async_trait]
impl Behaviour for Swamped {
    async fn list(&self, _: &InMemory, _: Option<Path>) -> Result<Vec<ObjectMeta>> {
        Err(answered("503 Slow Down"))
    }
}

/// Confirms deletes and keeps everything.
#[derive(Debug, Default)]
pub(crate) struct Hoarder;

#[async_trait]
impl Behaviour for Hoarder {
    async fn delete(&self, _: &InMemory, _: &Path) -> Result<()> {
        Ok(())
    }
}

fn refused(path: &Path) -> Error {
    Error::Precondition { path: path.to_string(), source: "412".into() }
}
