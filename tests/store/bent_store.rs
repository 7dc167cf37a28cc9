//! A store in memory, bent by a behaviour: what it does instead of what it should.

use std::fmt::{self, Debug, Display};
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, ObjectStoreExt, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult,
    Result,
};

/// Each hook may do what it likes with the request; left alone, it passes it on.
#[async_trait]
pub(crate) trait Behaviour: Debug + Send + Sync + 'static {
    async fn put(&self, inner: &InMemory, put: Put<'_>) -> Result<PutResult> {
        put.into(inner).await
    }

    async fn get(&self, inner: &InMemory, path: &Path, options: GetOptions) -> Result<GetResult> {
        inner.get_opts(path, options).await
    }

    async fn delete(&self, inner: &InMemory, path: &Path) -> Result<()> {
        inner.delete(path).await
    }

    async fn list(&self, inner: &InMemory, prefix: Option<Path>) -> Result<Vec<ObjectMeta>> {
        inner.list(prefix.as_ref()).try_collect().await
    }
}

/// A put that was asked for.
pub(crate) struct Put<'a> {
    pub(crate) path: &'a Path,
    pub(crate) body: PutPayload,
    pub(crate) mode: PutMode,
}

impl Put<'_> {
    pub(crate) async fn into(self, inner: &InMemory) -> Result<PutResult> {
        inner.put_opts(self.path, self.body, self.mode.into()).await
    }

    /// The same put under another condition.
    pub(crate) fn by(self, mode: PutMode) -> Self {
        Self { mode, ..self }
    }

    /// A coin that falls the same way in every run of the same bodies.
    pub(crate) fn coin(&self) -> bool {
        let mut bytes = self.path.to_string().into_bytes();
        self.body.iter().for_each(|part| bytes.extend_from_slice(part));
        seahash::hash(&bytes) & 1 == 1
    }
}

#[derive(Debug)]
pub(crate) struct BentStore<B> {
    inner: Arc<InMemory>,
    behaviour: Arc<B>,
}

impl<B: Behaviour> BentStore<B> {
    pub(crate) fn by(behaviour: Arc<B>) -> Self {
        Self { inner: Arc::new(InMemory::new()), behaviour }
    }
}

impl<B> Display for BentStore<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BentStore")
    }
}

#[async_trait]
impl<B: Behaviour> ObjectStore for BentStore<B> {
    async fn put_opts(
        &self,
        path: &Path,
        body: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        self.behaviour.put(&self.inner, Put { path, body, mode: options.mode }).await
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
        self.behaviour.get(&self.inner, path, options).await
    }

    fn delete_stream(
        &self,
        paths: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let (inner, behaviour) = (self.inner.clone(), self.behaviour.clone());
        let delete = move |path: Path| {
            let (inner, behaviour) = (inner.clone(), behaviour.clone());
            async move { behaviour.delete(&inner, &path).await.map(|()| path) }
        };
        paths.and_then(delete).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let (inner, behaviour) = (self.inner.clone(), self.behaviour.clone());
        let prefix = prefix.cloned();
        let list = async move { behaviour.list(&inner, prefix).await };
        stream::once(list).map_ok(|all| stream::iter(all).map(Ok)).try_flatten().boxed()
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

fn unused(operation: &str) -> Error {
    Error::NotImplemented { operation: operation.to_owned(), implementer: "BentStore".to_owned() }
}

/// What an S3 server that answers with that status looks like from above.
pub(crate) fn answered(status: &str) -> Error {
    let text = format!("Server returned non-2xx status code: {status}: <Error/>");
    Error::Generic { store: "S3", source: text.into() }
}
