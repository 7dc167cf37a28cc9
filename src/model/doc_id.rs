//! The id of a document: what the first write of a namespace said ids are, and no other kind since.

use std::fmt;

use super::{Given, Scalar, uuid};
use crate::error::{Error, Result};

/// Within one namespace all ids are of one kind, and their order is that of the rows in a segment:
/// numbers by value, uuids and strings by their bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DocId {
    Uint(u64),
    Uuid(u128),
    String(Box<str>),
    Int(i64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IdType {
    Uint,
    Uuid,
    String,
    /// Where it was declared: the first write alone never says that ids are these.
    Int,
}

pub const DOC_ID_BYTES_MAX: usize = 64;

impl DocId {
    pub fn of(given: &Given, id_type: IdType) -> Result<Self> {
        let refused = |what: &str| {
            Error::invalid(format!("id '{given}' must be {what}: ids here are of type {id_type}"))
        };
        match id_type {
            IdType::Uint => match given {
                Given::Int(number) => u64::try_from(*number).ok().map(Self::Uint),
                Given::Uint(number) => Some(Self::Uint(*number)),
                _ => None,
            }
            .ok_or_else(|| refused("a non-negative integer")),
            IdType::Uuid => match given {
                Given::Text(text) => uuid::parse(text).map(Self::Uuid),
                _ => None,
            }
            .ok_or_else(|| refused("a uuid such as 0f8fad5b-d9cb-469f-a165-70867728950e")),
            IdType::String => match given {
                Given::Text(text) if (1..=DOC_ID_BYTES_MAX).contains(&text.len()) => {
                    Ok(Self::String(text.clone()))
                }
                _ => Err(refused(&format!("a string of 1 to {DOC_ID_BYTES_MAX} bytes"))),
            },
            IdType::Int => match given {
                Given::Int(number) => Some(Self::Int(*number)),
                Given::Uint(number) => i64::try_from(*number).ok().map(Self::Int),
                _ => None,
            }
            .ok_or_else(|| refused("an integer from -2^63 to 2^63 - 1")),
        }
    }

    pub fn id_type(&self) -> IdType {
        match self {
            Self::Uint(_) => IdType::Uint,
            Self::Uuid(_) => IdType::Uuid,
            Self::String(_) => IdType::String,
            Self::Int(_) => IdType::Int,
        }
    }

    /// What it counts for in bills and in limits.
    pub fn logical_bytes(&self) -> usize {
        match self {
            Self::Uint(_) | Self::Int(_) => 8,
            Self::Uuid(_) => 16,
            Self::String(text) => text.len(),
        }
    }
}

impl IdType {
    /// What an id is as a value.
    pub fn scalar(self) -> Scalar {
        match self {
            Self::Uint => Scalar::Uint,
            Self::Uuid => Scalar::Uuid,
            Self::String => Scalar::String,
            Self::Int => Scalar::Int,
        }
    }

    /// What the ids of a namespace are, if this is the first one and nothing was declared.
    pub fn infer(given: &Given) -> Result<Self> {
        match given {
            Given::Int(0..) | Given::Uint(_) => Ok(Self::Uint),
            Given::Text(_) => Ok(Self::String),
            _ => Err(Error::invalid(format!(
                "id '{given}' must be a non-negative integer or a string, unless the schema \
                 declares ids as int"
            ))),
        }
    }
}

impl fmt::Display for DocId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uint(number) => write!(f, "{number}"),
            Self::Uuid(uuid) => f.write_str(&uuid::print(*uuid)),
            Self::String(text) => f.write_str(text),
            Self::Int(number) => write!(f, "{number}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::any;

    use proptest::prelude::*;

    const UUID: &str = "0F8FAD5B-D9CB-469F-A165-70867728950E";

    fn text(text: &str) -> Given {
        Given::Text(text.into())
    }

    fn any_id() -> impl Strategy<Value = DocId> {
        any::any_id_type().prop_flat_map(any::any_doc_id_of)
    }

    proptest! {
        #[test]
        fn an_id_that_was_printed_is_read(id in any_id()) {
            let printed = id.to_string();
            let given = match &id {
                DocId::Uint(number) => Given::Uint(*number),
                DocId::Int(number) => Given::Int(*number),
                DocId::Uuid(_) | DocId::String(_) => text(&printed),
            };
            prop_assert_eq!(DocId::of(&given, id.id_type()).ok(), Some(id));
        }
    }

    #[test]
    fn an_id_is_read_as_what_the_namespace_says_ids_are() {
        for (given, id_type, printed) in [
            (Given::Int(0), IdType::Uint, "0"),
            (Given::Uint(u64::MAX), IdType::Uint, "18446744073709551615"),
            (text(UUID), IdType::Uuid, &*UUID.to_lowercase()),
            (text(UUID), IdType::String, UUID),
            (text("7"), IdType::String, "7"),
            (text(&"x".repeat(64)), IdType::String, &*"x".repeat(64)),
            (Given::Int(i64::MIN), IdType::Int, "-9223372036854775808"),
            (Given::Int(0), IdType::Int, "0"),
            (Given::Uint(7), IdType::Int, "7"),
        ] {
            assert_eq!(DocId::of(&given, id_type).unwrap().to_string(), printed);
        }
    }

    #[test]
    fn an_id_of_another_kind_is_refused_by_name() {
        for (given, id_type) in [
            (Given::Int(-1), IdType::Uint),
            (Given::Float(1.0), IdType::Uint),
            (text("7"), IdType::Uint),
            (Given::Int(7), IdType::String),
            (Given::Bool(true), IdType::String),
            (text(""), IdType::String),
            (text(&"é".repeat(33)), IdType::String),
            (text("7"), IdType::Uuid),
            (Given::Int(7), IdType::Uuid),
            (Given::Null, IdType::Uint),
            (Given::Null, IdType::String),
            (Given::Uint(1 << 63), IdType::Int),
            (Given::Float(-1.0), IdType::Int),
            (text("-1"), IdType::Int),
            (Given::Null, IdType::Int),
        ] {
            let told = DocId::of(&given, id_type).unwrap_err().to_string();
            assert!(told.contains(&format!("id '{given}'")), "{told}");
            assert!(told.ends_with(&id_type.to_string()), "{told}");
        }
    }

    #[test]
    fn integers_go_by_their_value_from_below_zero_on() {
        let mut ids = [7, -1, i64::MAX, 0, i64::MIN, -10].map(DocId::Int);
        ids.sort();
        assert_eq!(ids, [i64::MIN, -10, -1, 0, 7, i64::MAX].map(DocId::Int));
        assert!(ids.iter().all(|id| id.id_type() == IdType::Int && id.logical_bytes() == 8));
    }

    #[test]
    fn the_first_id_says_what_ids_are() {
        assert_eq!(IdType::infer(&Given::Int(0)).unwrap(), IdType::Uint);
        assert_eq!(IdType::infer(&Given::Uint(u64::MAX)).unwrap(), IdType::Uint);
        assert_eq!(IdType::infer(&text(UUID)).unwrap(), IdType::String);
        for odd in [Given::Int(-1), Given::Float(1.0), Given::Bool(true), Given::Null] {
            let told = IdType::infer(&odd).unwrap_err().to_string();
            assert!(told.contains(&format!("id '{odd}'")), "{told}");
            assert!(told.ends_with("unless the schema declares ids as int"), "{told}");
        }
    }
}
