//! Why an attempt did not end well, in the words that decide what happens next.
//!
//! `object_store` 0.14 folds most answers into `Generic` and keeps its error types private, so the
//! status is read from the text. `tests/store` pins that text against real servers.

use std::time::Duration;

use super::counters::Outcome;
use super::local::Lasting;
use crate::error::{Error, ErrorKind};

#[derive(Debug)]
pub(super) enum Fault {
    /// Certainly nothing there.
    Missing,
    /// The condition did not hold, or the store would not decide (409 proves nothing).
    Refused,
    Denied(object_store::Error),
    /// The bucket itself is missing. That is a 404 too, and were it taken for a missing key, every
    /// namespace would look deleted.
    NoBucket(object_store::Error),
    Throttled(object_store::Error),
    /// The range begins or ends past the end of the object.
    PastEnd,
    Late(Duration),
    Away(object_store::Error),
    /// It will not go on until whoever runs it has acted.
    Stopped(object_store::Error),
    Broken(object_store::Error),
}

impl Fault {
    pub(super) fn outcome(&self) -> Outcome {
        match self {
            Self::Missing => Outcome::Missing,
            Self::Refused => Outcome::Refused,
            Self::Denied(_) => Outcome::Denied,
            Self::Throttled(_) => Outcome::Throttled,
            Self::Late(_) => Outcome::Late,
            Self::Away(_) => Outcome::Away,
            Self::PastEnd | Self::NoBucket(_) | Self::Stopped(_) | Self::Broken(_) => {
                Outcome::Broken
            }
        }
    }

    /// Whether the same request may well succeed a moment later. Missing rights and buckets do
    /// not appear in a moment, and an object does not grow.
    pub(super) fn passing(&self) -> bool {
        matches!(self, Self::Throttled(_) | Self::Late(_) | Self::Away(_))
    }

    /// As everyone above speaks of it. `what` names the request: "reading n/…/HEAD".
    pub(super) fn into_error(self, what: &str) -> Error {
        let (kind, message, source) = match self {
            Self::Missing => (ErrorKind::NotFound, "there is nothing".to_owned(), None),
            Self::Refused => (ErrorKind::Conflict, "the store refused it".to_owned(), None),
            Self::Denied(source) => (ErrorKind::Unavailable, denial(&source), Some(source)),
            Self::NoBucket(source) => {
                (ErrorKind::Unavailable, "there is no such bucket".to_owned(), Some(source))
            }
            Self::Throttled(source) => {
                (ErrorKind::Throttled, "the store asks for less".to_owned(), Some(source))
            }
            Self::PastEnd => {
                (ErrorKind::Corrupt, "the object is shorter than it should be".to_owned(), None)
            }
            Self::Late(limit) => {
                (ErrorKind::Unavailable, format!("no answer within {limit:?}"), None)
            }
            Self::Away(source) => {
                (ErrorKind::Unavailable, "the store is away".to_owned(), Some(source))
            }
            Self::Stopped(source) => {
                (ErrorKind::Unavailable, "the store has stopped".to_owned(), Some(source))
            }
            Self::Broken(source) => {
                (ErrorKind::Internal, "the store does not take it".to_owned(), Some(source))
            }
        };
        let error = Error::new(kind, format!("{what}: {message}"));
        match source {
            Some(source) => error.with_source(source),
            None => error,
        }
    }
}

impl From<object_store::Error> for Fault {
    fn from(error: object_store::Error) -> Self {
        use object_store::Error as E;
        if code(&error.to_string()) == Some("NoSuchBucket") {
            return Self::NoBucket(error);
        }
        match error {
            E::NotFound { .. } => Self::Missing,
            E::AlreadyExists { .. } | E::Precondition { .. } | E::NotModified { .. } => {
                Self::Refused
            }
            E::PermissionDenied { .. } | E::Unauthenticated { .. } => Self::Denied(error),
            E::Generic { .. } => by_status(error),
            E::InvalidPath { .. } | E::NotSupported { .. } | E::NotImplemented { .. } => {
                Self::Broken(error)
            }
            _ => Self::Away(error),
        }
    }
}

fn by_status(error: object_store::Error) -> Fault {
    match lasting(&error) {
        Some(Lasting::Operator(_)) => return Fault::Stopped(error),
        Some(Lasting::Caller(_)) => return Fault::Broken(error),
        None => {}
    }
    let text = error.to_string();
    // What stands for 416 in a store of this machine.
    if text.contains("Wanted range starting at") {
        return Fault::PastEnd;
    }
    match status(&text) {
        Some(401 | 403) => Fault::Denied(error),
        Some(416) => Fault::PastEnd,
        Some(429 | 503) => Fault::Throttled(error),
        // 408: the request came too slowly. None: there was no answer.
        Some(408) | None => Fault::Away(error),
        Some(400..500) => match code(&text) {
            // S3 has this one under 400, not under 408.
            Some("RequestTimeout") => Fault::Away(error),
            // Credentials or a region that only an operator can mend: no bug of ours.
            Some("ExpiredToken" | "InvalidToken" | "AuthorizationHeaderMalformed") => {
                Fault::Denied(error)
            }
            _ => Fault::Broken(error),
        },
        Some(_) => Fault::Away(error),
    }
}

/// What a store of this machine says of a refusal that no repetition changes.
fn lasting(error: &object_store::Error) -> Option<&Lasting> {
    match error {
        object_store::Error::Generic { source, .. } => source.downcast_ref(),
        _ => None,
    }
}

/// Who denies it, and where an operator looks then.
fn denial(error: &object_store::Error) -> String {
    if let object_store::Error::PermissionDenied { source, .. } = error
        && source.is::<std::io::Error>()
    {
        return "the file system denies it: check who owns the folder, and its rights".to_owned();
    }
    let why = code(&error.to_string()).map_or(String::new(), |code| format!(" ({code})"));
    format!("the store denies it{why}: check its credentials and policy")
}

fn status(text: &str) -> Option<u16> {
    let (_, after) = text.split_once("status code: ")?;
    after.get(..3)?.parse().ok()
}

/// What S3 calls the error. With its brackets: a namespace may be called NoSuchBucket, and the text
/// names the key.
fn code(text: &str) -> Option<&str> {
    let (_, after) = text.split_once("<Code>")?;
    after.split_once('<').map(|(code, _)| code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generic(text: &str) -> Fault {
        object_store::Error::Generic { store: "S3", source: text.into() }.into()
    }

    fn answered(status: &str) -> Fault {
        generic(&format!("Server returned non-2xx status code: {status}: <Error/>"))
    }

    #[test]
    fn an_answer_decides_by_its_status() {
        assert!(matches!(answered("416 Range Not Satisfiable"), Fault::PastEnd));
        assert!(matches!(answered("403 Forbidden"), Fault::Denied(_)));
        assert!(matches!(answered("400 Bad Request"), Fault::Broken(_)));
        for passing in ["429 Too Many", "503 Slow Down", "500 Internal", "502 Bad", "408 Slow"] {
            assert!(answered(passing).passing(), "{passing}");
        }
        for lasting in ["416 x", "403 x", "400 x", "411 x"] {
            assert!(!answered(lasting).passing(), "{lasting}");
        }
        assert!(generic("connection reset").passing());
        assert!(generic("status code: é").passing());
    }

    #[test]
    fn a_missing_bucket_is_not_a_missing_key() {
        let missing = |text: &str| {
            let path = "n/00/a/HEAD".to_owned();
            Fault::from(object_store::Error::NotFound { path, source: text.into() })
        };
        assert!(matches!(missing("<Code>NoSuchKey</Code>"), Fault::Missing));
        assert!(matches!(missing("n/00/NoSuchBucket/HEAD"), Fault::Missing));
        assert!(matches!(missing("<Code>NoSuchBucket</Code>"), Fault::NoBucket(_)));
    }
}
