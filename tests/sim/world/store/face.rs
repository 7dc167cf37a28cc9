//! The face of a view: what `object_store` may ask of a store, put as the four questions that ours are
//! asked.
//!
//! `src/storage/wire.rs` asks for nothing else: a file goes up in one put, for it is in memory, and a torn
//! upload is a put that failed. Whoever begins to ask for more has to think of what may go wrong then, so
//! all else is refused.

use std::fmt;

use async_trait::async_trait;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

use super::truth::{Etag, Put};

/// What a view of the truth answers. Clones are the same.
#[async_trait]
pub(super) trait View: Clone + fmt::Debug + Send + Sync + 'static {
    async fn put(&self, put: Put) -> Result<Etag>;

    async fn get(&self, path: &Path, options: &GetOptions) -> Result<GetResult>;

    async fn delete(&self, path: &Path) -> Result<()>;

    /// What is below a folder and after a key, in order.
    fn listed(
        &self,
        folder: Option<&Path>,
        after: Option<&Path>,
    ) -> BoxStream<'static, Result<ObjectMeta>>;
}

#[derive(Clone, Debug)]
pub(super) struct Face<V>(pub(super) V);

impl<V: View> fmt::Display for Face<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the store of the simulation")
    }
}

#[async_trait]
impl<V: View> ObjectStore for Face<V> {
    async fn put_opts(
        &self,
        path: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let etag = self.0.put(Put::new(path, payload, options)).await?;
        Ok(etag.answer())
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
        self.0.get(path, &options).await
    }

    fn delete_stream(
        &self,
        paths: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let view = self.0.clone();
        let delete = move |path: Path| {
            let view = view.clone();
            async move { view.delete(&path).await.map(|()| path) }
        };
        paths.and_then(delete).boxed()
    }

    fn list(&self, folder: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.0.listed(folder, None)
    }

    fn list_with_offset(
        &self,
        folder: Option<&Path>,
        after: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.0.listed(folder, Some(after))
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
    let implementer = "the store of the simulation".to_owned();
    Error::NotImplemented { operation: operation.to_owned(), implementer }
}
