//! Stores that are wrong, or odd, each in one way.

use async_trait::async_trait;
use futures::TryStreamExt;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    Error, GetOptions, GetResult, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions,
    PutPayload, PutResult, Result, UpdateVersion,
};

use super::behaviour::{Behaviour, answered};

/// Checks, takes a breath, and writes: right one at a time, wrong in a race. What a server is that
/// looks before it renames.
#[derive(Debug, Default)]
pub(super) struct Liar;

#[async_trait]
impl Behaviour for Liar {
    async fn put(
        &self,
        inner: &InMemory,
        path: &Path,
        body: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let there = inner.head(path).await.ok().and_then(|meta| meta.e_tag);
        let fits = match &options.mode {
            PutMode::Overwrite => true,
            PutMode::Create => there.is_none(),
            PutMode::Update(version) => there == version.e_tag,
        };
        if !fits {
            return Err(refused(path));
        }
        tokio::task::yield_now().await;
        inner.put_opts(path, body, PutMode::Overwrite.into()).await
    }
}

/// The same for swaps only: creates are right.
#[derive(Debug, Default)]
pub(super) struct HalfLiar;

#[async_trait]
impl Behaviour for HalfLiar {
    async fn put(
        &self,
        inner: &InMemory,
        path: &Path,
        body: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        match options.mode {
            PutMode::Update(_) => Liar.put(inner, path, body, options).await,
            _ => inner.put_opts(path, body, options).await,
        }
    }
}

/// Takes conditions and forgets them.
#[derive(Debug, Default)]
pub(super) struct Careless;

#[async_trait]
impl Behaviour for Careless {
    async fn put(
        &self,
        inner: &InMemory,
        path: &Path,
        body: PutPayload,
        _: PutOptions,
    ) -> Result<PutResult> {
        inner.put_opts(path, body, PutMode::Overwrite.into()).await
    }
}

/// Creates as it should, and swaps whatever the tag.
#[derive(Debug, Default)]
pub(super) struct HalfCareless;

#[async_trait]
impl Behaviour for HalfCareless {
    async fn put(
        &self,
        inner: &InMemory,
        path: &Path,
        body: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let mode = match options.mode {
            PutMode::Update(_) => PutMode::Overwrite,
            mode => mode,
        };
        inner.put_opts(path, body, mode.into()).await
    }
}

/// Says 403 for what is missing, as S3 does to who may not list.
#[derive(Debug, Default)]
pub(super) struct Secretive;

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
pub(super) struct Ceph;

#[async_trait]
impl Behaviour for Ceph {
    async fn put(
        &self,
        inner: &InMemory,
        path: &Path,
        body: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let mode = match options.mode {
            PutMode::Update(UpdateVersion { e_tag: Some(etag), version }) => {
                let e_tag = match etag.contains('"') {
                    true => return Err(refused(path)),
                    false => Some(format!("\"{etag}\"")),
                };
                PutMode::Update(UpdateVersion { e_tag, version })
            }
            mode => mode,
        };
        tokio::task::yield_now().await;
        let racing = rand_bit(path, &body);
        inner.put_opts(path, body, mode.into()).await.map_err(|error| match racing {
            true => answered("500 Internal Server Error"),
            false => error,
        })
    }
}

/// Answers some of those that it served with 500: nobody may conclude anything from that.
#[derive(Debug, Default)]
pub(super) struct Forgetful;

#[async_trait]
impl Behaviour for Forgetful {
    async fn put(
        &self,
        inner: &InMemory,
        path: &Path,
        body: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let forget = rand_bit(path, &body);
        let done = inner.put_opts(path, body, options).await?;
        match forget {
            true => Err(answered("500 Internal Server Error")),
            false => Ok(done),
        }
    }
}

/// Lists in no order.
#[derive(Debug, Default)]
pub(super) struct Unsorted;

#[async_trait]
impl Behaviour for Unsorted {
    async fn list(&self, inner: &InMemory, prefix: Option<Path>) -> Result<Vec<ObjectMeta>> {
        let mut all: Vec<_> = inner.list(prefix.as_ref()).try_collect().await?;
        all.reverse();
        Ok(all)
    }
}

/// Confirms deletes and keeps everything.
#[derive(Debug, Default)]
pub(super) struct Hoarder;

#[async_trait]
impl Behaviour for Hoarder {
    async fn delete(&self, _: &InMemory, _: &Path) -> Result<()> {
        Ok(())
    }
}

fn refused(path: &Path) -> Error {
    Error::Precondition { path: path.to_string(), source: "412".into() }
}

/// A coin that falls the same way in every run of the same bodies.
fn rand_bit(path: &Path, body: &PutPayload) -> bool {
    let mut bytes = path.to_string().into_bytes();
    body.iter().for_each(|part| bytes.extend_from_slice(part));
    seahash::hash(&bytes) & 1 == 1
}
