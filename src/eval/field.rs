//! Where a name leads in a schema, and how an error speaks of it.

use crate::error::{Error, Result};
use crate::model::{AttrNo, AttrType, IdType, Options, Schema};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    Id,
    Attribute(AttrNo),
}

pub(super) struct Found<'a> {
    pub(super) field: Field,
    pub(super) kind: AttrType,
    pub(super) filterable: bool,
    /// The id has none.
    pub(super) options: Option<&'a Options>,
}

/// Where a name leads: an attribute, or the id once its type is known.
pub(super) fn find<'a>(schema: &'a Schema, name: &str) -> Result<Option<Found<'a>>> {
    if name == "id" {
        let found = |id: IdType| Found {
            field: Field::Id,
            kind: AttrType::Scalar(id.scalar()),
            filterable: true,
            options: None,
        };
        return Ok(schema.id.map(found));
    }
    let attribute = schema.attribute(name)?;
    Ok(Some(Found {
        field: Field::Attribute(attribute.number),
        kind: attribute.kind,
        filterable: attribute.options.filterable,
        options: Some(&attribute.options),
    }))
}

pub(super) fn complaint(name: &str, message: &str) -> Error {
    Error::invalid(format!("filter error in key `{name}`: {message}"))
}

/// Its words are those of the contract, which clients match.
pub(super) fn mismatch(name: &str, op: &str, expected: AttrType, got: &str) -> Error {
    complaint(name, &format!("type mismatch, {op} expects {expected}, but got '{got}'"))
}
