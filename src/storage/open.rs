//! The store at a location of the configuration, with the environment that S3 clients share.
//!
//! The root prefix is applied here and nowhere else; all keys are relative to it.

use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{ClientOptions, ObjectStore};

use super::Store;
use super::date::Dating;
use super::local::LocalStore;
use super::slow::{Pace, SlowStore, Trips};
use crate::config::Location;
use crate::env::{Clock, Dice};
use crate::error::{Error, Result};

/// What is obeyed among the `AWS_*` variables: where the store is, who asks, and how it encrypts.
/// Those of other programs are passed over, and so are the ones that `object_store` has beside
/// these: deadlines, retries and proofs are ours. `docs/OPERATIONS.md` names them all.
const OBEYED: [&str; 24] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT",
    "AWS_VIRTUAL_HOSTED_STYLE_REQUEST",
    "AWS_REQUEST_PAYER",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_ENDPOINT_URL_STS",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_METADATA_ENDPOINT",
    "AWS_IMDSV1_FALLBACK",
    "AWS_CHECKSUM_ALGORITHM",
    "AWS_SERVER_SIDE_ENCRYPTION",
    "AWS_SSE_KMS_KEY_ID",
    "AWS_SSE_BUCKET_KEY_ENABLED",
    "AWS_SSE_CUSTOMER_KEY_BASE64",
];

/// What would take away a promise, and why. Whoever sets one counts on it: it is not passed over.
const REFUSED: [(&str, &str); 3] = [
    ("AWS_CONDITIONAL_PUT", "a commit is a conditional put, and the probe finds out its form"),
    ("AWS_SKIP_SIGNATURE", "a store that takes writes without a signature is open to all"),
    ("AWS_S3_EXPRESS", "a directory bucket lists in no order"),
];

const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// Opens the store at `location`, S3 with the `AWS_*` among `vars`: in production those of the
/// process. Sends no request: whether the store is there, and good, is for the probe to find out.
pub async fn open(
    location: &Location,
    vars: impl IntoIterator<Item = (String, String)>,
    clock: Clock,
    dice: Dice,
) -> Result<Store> {
    let store = backend(location, vars, &dice).await?;
    Ok(Store::new(store, clock, dice))
}

/// The same, with every request held up for as long as `pace` says, and told by [`Trips`]: for
/// measurements.
pub async fn open_slow(
    location: &Location,
    vars: impl IntoIterator<Item = (String, String)>,
    clock: Clock,
    dice: Dice,
    pace: Pace,
) -> Result<(Store, Trips)> {
    let (store, trips) = SlowStore::over(backend(location, vars, &dice).await?, pace, clock);
    Ok((Store::new(store, clock, dice), trips))
}

async fn backend(
    location: &Location,
    vars: impl IntoIterator<Item = (String, String)>,
    dice: &Dice,
) -> Result<Box<dyn ObjectStore>> {
    let backend: Box<dyn ObjectStore> = match location {
        Location::S3 { bucket, prefix } => {
            let root = Path::parse(prefix).map_err(|error| {
                Error::invalid(format!("opening {location}")).with_source(error)
            })?;
            Box::new(PrefixStore::new(s3(bucket, vars)?, root))
        }
        Location::Local(folder) => Box::new(LocalStore::open(folder, dice.fork("local")).await?),
        Location::Memory => Box::new(InMemory::new()),
    };
    Ok(backend)
}

/// As `AmazonS3Builder::from_env` does, but over the variables that it is given, and of these only
/// those that we know.
fn s3(bucket: &str, vars: impl IntoIterator<Item = (String, String)>) -> Result<AmazonS3> {
    let mut builder =
        AmazonS3Builder::new().with_client_options(client()).with_http_connector(Dating);
    for (name, value) in vars {
        if let Some((_, reason)) = REFUSED.iter().find(|(refused, _)| *refused == name) {
            return Err(Error::invalid(format!("{name} cannot be obeyed: {reason}; unset it")));
        }
        if !OBEYED.contains(&name.as_str()) {
            continue;
        }
        if let Ok(key) = name.to_ascii_lowercase().parse::<AmazonS3ConfigKey>() {
            builder = builder.with_config(key, value);
        }
    }
    let endpoint = [AmazonS3ConfigKey::S3Endpoint, AmazonS3ConfigKey::Endpoint]
        .iter()
        .find_map(|key| builder.get_config_value(key));
    if let Some(endpoint) = endpoint {
        // It would stand in every error of a request.
        if endpoint.contains('@') {
            return Err(Error::invalid(
                "the endpoint of S3 (AWS_ENDPOINT_URL) carries no credentials; they are said with \
                 AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            ));
        }
        if endpoint.starts_with("http://") {
            builder = builder.with_allow_http(true);
        }
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

    async fn refusal(prefix: &str, vars: &[(&str, &str)]) -> Error {
        let vars = vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let location = Location::S3 { bucket: "b".to_owned(), prefix: prefix.to_owned() };
        open(&location, vars, Clock::start(), Dice::from_seed(1)).await.unwrap_err()
    }

    #[tokio::test]
    async fn a_prefix_that_cannot_be_part_of_a_key_is_refused() {
        for prefix in ["x//y", "../y"] {
            let error = refusal(prefix, &[]).await;
            assert_eq!(error.kind(), ErrorKind::Invalid);
            assert!(error.chain().starts_with("opening s3://b/"), "{}", error.chain());
        }
    }

    #[test]
    fn what_is_obeyed_and_what_is_refused_stands_on_the_page_of_operations() {
        let page = include_str!("../../docs/OPERATIONS.md");
        for name in OBEYED.into_iter().chain(REFUSED.map(|(name, _)| name)) {
            assert!(name.to_ascii_lowercase().parse::<AmazonS3ConfigKey>().is_ok(), "{name}");
            assert!(page.contains(&format!("`{name}`")), "docs/OPERATIONS.md must name {name}");
        }
    }

    /// Whatever the client knew was handed on to it, also what switches conditional puts off.
    #[tokio::test]
    async fn what_would_take_away_a_promise_is_refused_and_the_rest_passed_over() {
        for (name, value) in [
            ("AWS_CONDITIONAL_PUT", "disabled"),
            ("AWS_SKIP_SIGNATURE", "true"),
            ("AWS_S3_EXPRESS", "true"),
        ] {
            let error = refusal("", &[(name, value)]).await;
            assert_eq!(error.kind(), ErrorKind::Invalid);
            assert!(error.to_string().contains(name), "{error}");
        }
        // Each would be an error of the client, if it were handed on.
        let passed_over = [("AWS_ALLOW_INVALID_CERTIFICATES", "x"), ("AWS_TIMEOUT", "x")];
        let keys = [("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", "secret")];
        let vars = [passed_over, keys]
            .concat()
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let location = Location::S3 { bucket: "b".to_owned(), prefix: String::new() };
        open(&location, vars, Clock::start(), Dice::from_seed(1)).await.unwrap();
    }

    #[tokio::test]
    async fn no_credentials_of_an_endpoint_are_repeated() {
        for name in ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"] {
            let error = refusal("", &[(name, "http://id:hunter2@127.0.0.1:1")]).await;
            assert_eq!(error.kind(), ErrorKind::Invalid);
            assert!(!error.chain().contains("hunter2"), "{}", error.chain());
        }
    }
}
