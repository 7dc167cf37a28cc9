//! Where a store is: a URL, and the environment that S3 clients share.
//!
//! The root prefix is applied here and nowhere else; all keys are relative to it.

use std::path::PathBuf;
use std::time::Duration;

use object_store::ClientOptions;
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::prefix::PrefixStore;

use super::Store;
use crate::env::{Clock, Dice};
use crate::error::{Error, Result};

const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// What a storage URL says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    Bucket { bucket: String, root: Path },
    Folder(PathBuf),
    Memory,
}

impl Place {
    /// `s3://bucket/prefix`, `file:///path` or `memory://`.
    pub fn parse(url: &str) -> Result<Self> {
        let refuse = |why: &str| {
            Err(Error::invalid(format!(
                "storage url {url:?}: {why}; it is one of s3://bucket/prefix, file:///path, \
                 memory://"
            )))
        };
        let Some((scheme, rest)) = url.split_once("://") else {
            return refuse("there is no scheme");
        };
        match scheme {
            "s3" => {
                let (bucket, root) = rest.split_once('/').unwrap_or((rest, ""));
                if bucket.is_empty() {
                    return refuse("the bucket is missing");
                }
                match Path::parse(root.strip_suffix('/').unwrap_or(root)) {
                    Ok(root) => Ok(Self::Bucket { bucket: bucket.to_owned(), root }),
                    Err(_) => refuse("the prefix cannot be part of a key"),
                }
            }
            "file" if rest.starts_with('/') => Ok(Self::Folder(PathBuf::from(rest))),
            "file" => refuse("the path must be absolute"),
            "memory" if rest.is_empty() => Ok(Self::Memory),
            "memory" => refuse("memory has no parts"),
            "gs" | "az" => refuse("this store is not supported yet"),
            _ => refuse("the scheme is unknown"),
        }
    }

    /// Opens it, S3 with the `AWS_*` among `vars`: in production those of the process. Sends no
    /// request: whether the place is there, and good, is for the probe to find out.
    pub async fn open(
        &self,
        vars: impl IntoIterator<Item = (String, String)>,
        clock: Clock,
        dice: Dice,
    ) -> Result<Store> {
        match self {
            Self::Bucket { bucket, root } => {
                let store = PrefixStore::new(s3(bucket, vars)?, root.clone());
                Ok(Store::new(store, clock, dice))
            }
            Self::Folder(path) => Err(Error::invalid(format!(
                "{}: local folders are not supported yet",
                path.display()
            ))),
            Self::Memory => Ok(Store::new(InMemory::new(), clock, dice)),
        }
    }
}

/// As `AmazonS3Builder::from_env` does, but over the variables that it is given.
fn s3(bucket: &str, vars: impl IntoIterator<Item = (String, String)>) -> Result<AmazonS3> {
    let mut builder = AmazonS3Builder::new().with_client_options(client());
    for (name, value) in vars {
        if !name.starts_with("AWS_") {
            continue;
        }
        if let Ok(key) = name.to_ascii_lowercase().parse::<AmazonS3ConfigKey>() {
            builder = builder.with_config(key, value);
        }
    }
    let endpoint = [AmazonS3ConfigKey::S3Endpoint, AmazonS3ConfigKey::Endpoint]
        .iter()
        .find_map(|key| builder.get_config_value(key));
    if endpoint.is_some_and(|endpoint| endpoint.starts_with("http://")) {
        builder = builder.with_allow_http(true);
    }
    builder
        .with_bucket_name(bucket)
        .with_retry(never())
        // One DELETE per key: every server knows it, not every one knows the bulk request.
        .with_disable_bulk_delete(true)
        .build()
        .map_err(|error| Error::invalid(format!("opening s3://{bucket}")).with_source(error))
}

/// Deadlines are ours (`wire.rs`), for they fit the size of what is moved. TCP_NODELAY is on by
/// default in this client, and Nagle's 40 ms are gone.
fn client() -> ClientOptions {
    ClientOptions::new().with_timeout_disabled().with_connect_timeout(CONNECT_LIMIT)
}

/// `object_store` would send a conditional put again after a 5xx, meet its own object and report
/// `AlreadyExists`: a commit told as a loss. All repetition is in `wire.rs`.
fn never() -> object_store::RetryConfig {
    object_store::RetryConfig { max_retries: 0, ..Default::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn a_url_says_where_the_store_is() {
        let bucket = |root: &str| Place::Bucket { bucket: "b".into(), root: Path::from(root) };
        for (url, place) in [
            ("s3://b", bucket("")),
            ("s3://b/", bucket("")),
            ("s3://b/x/y", bucket("x/y")),
            ("s3://b/x/", bucket("x")),
            ("file:///var/lib/elacsym", Place::Folder("/var/lib/elacsym".into())),
            ("memory://", Place::Memory),
        ] {
            assert_eq!(Place::parse(url).unwrap(), place, "{url}");
        }
    }

    #[test]
    fn what_is_not_supported_is_refused_with_what_is() {
        for url in [
            "",
            "s3:/b",
            "s3://",
            "s3:///x",
            "s3://b/x//y",
            "s3://b/../y",
            "gs://b",
            "az://b",
            "ftp://b",
            "file://x",
            "memory://x",
        ] {
            let error = Place::parse(url).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid);
            assert!(error.to_string().contains("s3://bucket/prefix"), "{error}");
        }
    }
}
