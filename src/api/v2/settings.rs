//! A change of the metadata of a namespace, off the wire: whether it takes writes, and whether it is
//! pinned. What is not said stays.

use std::num::NonZeroU32;

use crate::api::error::Refusal;
use crate::api::json::{Object, object};
use crate::model::{Given, Pinning, REPLICAS_MAX, ReadOnly};

const PINNING: &str = "pinning";

#[derive(Debug, PartialEq)]
pub(super) struct Change {
    pub(super) read_only: Option<ReadOnly>,
    pub(super) pinning: Option<Pinning>,
}

pub(super) fn read(bytes: &[u8]) -> Result<Change, Refusal> {
    let mut object = object(bytes)?;
    let read_only = object.truth("read_only")?.map(|said| match said {
        true => ReadOnly::Yes,
        false => ReadOnly::No,
    });
    let pinning = pinning(&mut object)?;
    object.end()?;
    Ok(Change { read_only, pinning })
}

/// Here a null says something: that it is pinned no more.
fn pinning(object: &mut Object) -> Result<Option<Pinning>, Refusal> {
    let said = object.names().any(|name| name == PINNING);
    let replicas = match object.take(PINNING) {
        None | Some(Given::Bool(false)) => return Ok(said.then_some(Pinning::None)),
        Some(Given::Bool(true)) => 1,
        Some(given) => {
            let mut pinning = Object::of(PINNING, given)?;
            let replicas = pinning.count("replicas")?.unwrap_or(1);
            pinning.end()?;
            replicas
        }
    };
    let replicas = u32::try_from(replicas).ok().filter(|replicas| *replicas <= REPLICAS_MAX);
    match replicas.and_then(NonZeroU32::new) {
        Some(replicas) => Ok(Some(Pinning::Replicas(replicas))),
        None => Err(Refusal::invalid(format!(
            "💔 pinning.replicas must be between 1 and {REPLICAS_MAX}; to unpin, set pinning to null"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pinned(replicas: u32) -> Option<Pinning> {
        NonZeroU32::new(replicas).map(Pinning::Replicas)
    }

    #[test]
    fn what_is_not_said_stays_and_null_unpins() {
        for (text, pinning) in [
            ("{}", None),
            (r#"{"pinning":null}"#, Some(Pinning::None)),
            (r#"{"pinning":false}"#, Some(Pinning::None)),
            (r#"{"pinning":true}"#, pinned(1)),
            (r#"{"pinning":{}}"#, pinned(1)),
            (r#"{"pinning":{"replicas":64}}"#, pinned(64)),
        ] {
            let expected = Change { read_only: None, pinning };
            assert_eq!(read(text.as_bytes()), Ok(expected), "{text}");
        }
        let both = read(br#"{"read_only":true,"pinning":{"replicas":2}}"#).unwrap();
        assert_eq!(both, Change { read_only: Some(ReadOnly::Yes), pinning: pinned(2) });
    }

    #[test]
    fn what_is_no_change_is_refused_by_name() {
        for (text, told) in [
            (r#"{"pinning":{"replicas":0}}"#, "between 1 and 64"),
            (r#"{"pinning":{"replicas":65}}"#, "between 1 and 64"),
            (r#"{"pinning":{"replicas":5000000000}}"#, "between 1 and 64"),
            (r#"{"pinning":{"nodes":1}}"#, "unknown field `pinning.nodes`"),
            (r#"{"pinning":1}"#, "pinning: invalid type: integer `1`"),
            (r#"{"read_only":"yes"}"#, "read_only: invalid type"),
        ] {
            let refusal = read(text.as_bytes()).unwrap_err();
            assert!(refusal.story().contains(told), "{text}: {}", refusal.story());
        }
    }
}
