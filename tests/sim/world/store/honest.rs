//! The truth as a store that never fails and takes no time: for whoever judges at the end of a run.
//!
//! A writer that was taken for dead may upload into a life of its name that has ended since, and whoever
//! led to the garbage of that life may be gone already. No node ever looks there again, so that is left
//! out here, and counted (`Truth::hidden`): a run in which it is much breaks. (The explorer leaves it out too.)

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use object_store::path::Path;
use object_store::{GetOptions, GetResult, ObjectMeta, Result};

use super::face::View;
use super::truth::{Etag, Put, Truth};

#[derive(Clone, Debug)]
pub(super) struct Honest(pub(super) Truth);

#[async_trait]
impl View for Honest {
    async fn put(&self, put: Put) -> Result<Etag> {
        self.0.put(&put)
    }

    async fn get(&self, path: &Path, options: &GetOptions) -> Result<GetResult> {
        Ok(self.0.get(path, options.range.as_ref())?.whole())
    }

    async fn delete(&self, path: &Path) -> Result<()> {
        self.0.delete(path);
        Ok(())
    }

    fn listed(
        &self,
        folder: Option<&Path>,
        after: Option<&Path>,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let mut all = self.0.page(folder, after, usize::MAX);
        all.retain(|object| !self.0.is_hidden(&object.location));
        stream::iter(all.into_iter().map(Ok)).boxed()
    }
}
