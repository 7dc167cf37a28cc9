//! A local folder as an object store: what `elacsym serve` uses when it is told nothing.
//!
//! It promises what the protocol needs of a bucket: an object that was created or swapped stays,
//! whole, through a power cut; of many who create or swap the same one, in any number of threads
//! and processes, exactly one wins; and what a read has shown is not taken back. The recipe is in
//! [`Folder`], which blocks; this is its face to code that waits, and knows nothing of files.
//!
//! It does not work on network file systems and refuses them, keeps no attributes or versions,
//! and neither copies nor renames nor uploads in parts: nothing here asks for these.

mod durable;
mod etag;
mod folder;
mod ground;
mod listing;
mod scratch;
mod spot;

pub mod disk;

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use object_store::path::Path as Key;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload,
    ObjectMeta, ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult,
    RenameOptions, Result,
};

pub use self::folder::{Folder, Found};
use self::listing::Walk;
use crate::env::{Dice, blocking};

const STORE: &str = "local";

/// Deletes of one stream that run at a time.
const DELETES_MAX: usize = 8;

#[derive(Clone, Debug)]
pub struct LocalStore {
    folder: Arc<Folder>,
}

impl LocalStore {
    /// Opens a folder of this machine, and makes it if there is none. Any number of processes may
    /// have it open.
    pub async fn open(root: &Path, dice: Dice) -> crate::error::Result<Self> {
        Self::open_on(Arc::new(disk::RealDisk), root, dice).await
    }

    pub async fn open_on(
        disk: Arc<dyn disk::Disk>,
        root: &Path,
        mut dice: Dice,
    ) -> crate::error::Result<Self> {
        let root = root.to_path_buf();
        let folder = blocking(move || Folder::open(disk, &root, &mut dice)).await?;
        Ok(Self { folder: Arc::new(folder) })
    }

    async fn run<T: Send + 'static>(
        &self,
        call: impl FnOnce(&Arc<Folder>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let folder = Arc::clone(&self.folder);
        blocking(move || call(&folder)).await
    }

    fn walk(
        &self,
        prefix: Option<&Key>,
        offset: Option<&Key>,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let walk = Walk::new(Arc::clone(&self.folder), prefix, offset);
        let pages = stream::try_unfold(walk, |mut walk| async {
            let (page, walk) = blocking(move || (walk.page(), walk)).await;
            let page = page?;
            Ok::<_, Error>((!page.is_empty()).then_some((page, walk)))
        });
        pages.map_ok(|page| stream::iter(page.into_iter().map(Ok))).try_flatten().boxed()
    }
}

impl fmt::Display for LocalStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalStore({})", self.folder.root().display())
    }
}

#[async_trait]
impl ObjectStore for LocalStore {
    async fn put_opts(
        &self,
        location: &Key,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        if !opts.attributes.is_empty() {
            return Err(unsupported("a local folder keeps no attributes of objects"));
        }
        let key = location.clone();
        let etag = self
            .run(move |folder| match opts.mode {
                PutMode::Create => folder.create(&key, payload.as_ref()),
                PutMode::Overwrite => folder.overwrite(&key, payload.as_ref()),
                PutMode::Update(version) => match version.e_tag {
                    Some(expected) => folder.swap(&key, &expected, payload.as_ref()),
                    None => {
                        let message = "an update needs the etag that it replaces".to_owned();
                        Err(refusal(Lasting::Caller(message)))
                    }
                },
            })
            .await?;
        Ok(PutResult { e_tag: Some(etag), version: None, extensions: Default::default() })
    }

    async fn put_multipart_opts(
        &self,
        _: &Key,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        Err(unsupported("a local folder takes an object in one piece"))
    }

    async fn get_opts(&self, location: &Key, options: GetOptions) -> Result<GetResult> {
        if options.version.is_some() {
            return Err(unsupported("a local folder keeps no versions of objects"));
        }
        let key = location.clone();
        let found = self.run(move |folder| folder.read(&key, &options)).await?;
        Ok(GetResult {
            payload: GetResultPayload::Stream(stream::iter([Ok(found.bytes)]).boxed()),
            meta: found.meta,
            range: found.range,
            attributes: Default::default(),
            extensions: Default::default(),
        })
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Key>>,
    ) -> BoxStream<'static, Result<Key>> {
        let store = self.clone();
        let delete = move |location: Result<Key>| {
            let store = store.clone();
            async move {
                let key = location?;
                store.run(move |folder| folder.delete(&key).map(|()| key)).await
            }
        };
        locations.map(delete).buffered(DELETES_MAX).boxed()
    }

    fn list(&self, prefix: Option<&Key>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.walk(prefix, None)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Key>,
        offset: &Key,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.walk(prefix, Some(offset))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Key>) -> Result<ListResult> {
        let prefix = prefix.cloned();
        self.run(move |folder| listing::level(folder, prefix.as_ref())).await
    }

    async fn copy_opts(&self, _: &Key, _: &Key, _: CopyOptions) -> Result<()> {
        Err(unsupported("a local folder does not copy objects"))
    }

    async fn rename_opts(&self, _: &Key, _: &Key, _: RenameOptions) -> Result<()> {
        Err(unsupported("a local folder does not rename objects"))
    }
}

/// Makes one folder, unless somebody else did.
fn make_folder(disk: &dyn disk::Disk, folder: &Path) -> io::Result<()> {
    match disk.make_folder(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// A refusal that lasts: the same request is refused again until somebody acts. Who sees the error
/// from above finds this among its sources, and else could only take it for a store that is away.
#[derive(Debug)]
pub(super) enum Lasting {
    /// Whoever runs this machine must act.
    Operator(String),
    /// Whoever asked must: nothing of ours asks for such a thing.
    Caller(String),
}

impl fmt::Display for Lasting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Operator(story) | Self::Caller(story)) = self;
        f.write_str(story)
    }
}

impl std::error::Error for Lasting {}

/// What the file system answered, and where.
fn failure(what: &str, path: &Path, error: io::Error) -> Error {
    let kind = error.kind();
    let source = io::Error::new(kind, format!("{what} {}: {error}", path.display()));
    match kind {
        io::ErrorKind::PermissionDenied => {
            Error::PermissionDenied { path: path.display().to_string(), source: source.into() }
        }
        _ => refusal(source),
    }
}

fn refusal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Generic { store: STORE, source: source.into() }
}

fn unsupported(reason: &str) -> Error {
    Error::NotSupported { source: reason.into() }
}
