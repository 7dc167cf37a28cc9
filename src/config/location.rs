//! Where the data lies: a local folder, a bucket, or memory.
//!
//! It holds no credentials: those of S3 come from the `AWS_*` variables, and a URL that carries
//! some is refused without repeating it.

use std::fmt;
use std::path::PathBuf;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    Local(PathBuf),
    /// The prefix has no slash at either end and may be empty.
    S3 {
        bucket: String,
        prefix: String,
    },
    /// Gone with the process.
    Memory,
}

const FORMS: &str = "use s3://bucket/prefix, file:///folder or memory://";

impl Location {
    pub(super) fn parse(url: &str) -> Result<Self, String> {
        let Some((scheme, rest)) = url.split_once("://") else {
            return Err(format!("this is not a URL; {FORMS}, or storage.path for a local folder"));
        };
        if rest.contains('@') {
            return Err("a storage URL carries no credentials; S3 takes them from \
                        AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
                .to_owned());
        }
        match scheme {
            "s3" => bucket_and_prefix(rest),
            "file" => folder(rest),
            "memory" if rest.is_empty() => Ok(Self::Memory),
            "memory" => Err("memory:// has no name and no path".to_owned()),
            "gs" | "az" => Err(format!("{scheme}:// is not supported yet; {FORMS}")),
            _ => Err(format!("{scheme}:// is not a store we know; {FORMS}")),
        }
    }
}

fn bucket_and_prefix(rest: &str) -> Result<Location, String> {
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if bucket.is_empty() || !bucket.chars().all(plain) {
        return Err(format!("{bucket:?} is not the name of a bucket; write s3://bucket/prefix"));
    }
    let odd = |part: &str| matches!(part, "" | "." | "..") || !part.chars().all(plain);
    if !prefix.is_empty() && prefix.split('/').any(odd) {
        return Err(format!(
            "{prefix:?} cannot be a prefix; its parts are made of A-Z a-z 0-9 - _ and '.', and \
             are not empty, '.' or '..'"
        ));
    }
    Ok(Location::S3 { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
}

/// Without percent-decoding: a path that would need it is better said as a path.
fn folder(rest: &str) -> Result<Location, String> {
    if !rest.starts_with('/') {
        return Err(format!("write file:///{rest} for an absolute path, or use storage.path"));
    }
    if rest.contains(['%', '?', '#']) {
        return Err("a path with '%', '?' or '#' is said with storage.path".to_owned());
    }
    Ok(Location::Local(PathBuf::from(rest)))
}

/// As a URL, or as the path of a local folder.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(path) => write!(f, "{}", path.display()),
            Self::S3 { bucket, prefix } if prefix.is_empty() => write!(f, "s3://{bucket}"),
            Self::S3 { bucket, prefix } => write!(f, "s3://{bucket}/{prefix}"),
            Self::Memory => f.write_str("memory://"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_read_and_printed_without_its_last_slash() {
        for (url, printed) in [
            ("s3://bucket", "s3://bucket"),
            ("s3://bucket/", "s3://bucket"),
            ("s3://bucket/a/b-c_d.e/", "s3://bucket/a/b-c_d.e"),
            ("file:///srv/data", "/srv/data"),
            ("memory://", "memory://"),
        ] {
            assert_eq!(Location::parse(url).unwrap().to_string(), printed);
        }
    }

    #[test]
    fn what_is_not_a_place_is_refused_with_the_way_out() {
        for (url, hint) in [
            ("./data", "storage.path"),
            ("s3:bucket", "not a URL"),
            ("s3://", "s3://bucket/prefix"),
            ("s3://a b", "s3://bucket/prefix"),
            ("s3://bucket//x", "prefix"),
            ("s3://bucket/a/../b", "prefix"),
            ("s3://bucket/a?x=1", "prefix"),
            ("file://data", "file:///data"),
            ("file:///a%20b", "storage.path"),
            ("memory://x", "no name"),
            ("gs://bucket", "not supported yet"),
            ("az://container", "not supported yet"),
            ("ftp://host", "not a store"),
        ] {
            let refusal = Location::parse(url).unwrap_err();
            assert!(refusal.contains(hint), "{url}: {refusal}");
        }
    }

    #[test]
    fn a_refused_url_does_not_repeat_its_credentials() {
        let refusal = Location::parse("s3://AKIA:hunter2@bucket").unwrap_err();
        assert!(!refusal.contains("hunter2") && refusal.contains("AWS_SECRET_ACCESS_KEY"));
    }
}
