//! The effects of a slot: what the namespace is after it that it was not before.
//!
//! Effects, not intentions: a patch is the whole new row, a delete by filter is the list of ids
//! that matched. Replaying them cannot fail on data and asks for no state.
//!
//! One part of a batch, all numbers little-endian:
//!
//! ```text
//! u8    version 1
//! u32   length of the content, at most 1 GiB
//! rest  a frame of zstd that holds the content
//!
//! content
//!   u64                   when it was written, in milliseconds since 1970: for display
//!   list of SchemaEdits   in the order in which they take effect   (`schema`)
//!   the rows              ids deleted, rows written                (`rows`)
//! ```
//!
//! What must hold, before it is written and after it is read: no id occurs twice, whether written
//! or deleted; all ids are of one type; an attribute number has one type. In which order rows and
//! deletes take effect is therefore nobody's question.
//!
//! The frame of the slot vouches for the bytes; whoever made them may have been wrong or hostile
//! all the same. No length is believed before there are bytes for it. Arrow's decoder panics on
//! one flipped bit in six, so a panic while decoding is caught, and is `Corrupt`.
//!
//! The same effects give the same bytes within one release of zstd and Arrow, not across them: an
//! attempt that is repeated sends the bytes that it sent before, and never encodes again.

mod press;
mod rows;
mod schema;
#[cfg(test)]
mod tests;

use std::any::Any;
use std::collections::BTreeMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;

use crate::error::{Error, Result};
use crate::model::columns::id_type_of;
use crate::model::{AttrNo, AttrType, Columns, DocId, IdType, SchemaEdit};
use crate::storage::fields::{Field, Fields};

/// What one slot does, or one part of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Effects {
    /// When they were written, in milliseconds since 1970. For display: nothing is ordered by it.
    pub at: u64,
    pub schema: Vec<SchemaEdit>,
    /// Rows that are now these, in blocks of one shape each.
    pub upserts: Vec<Columns>,
    /// Ids that are now gone.
    pub deletes: Vec<DocId>,
}

/// The content of a part, before it is packed. More is refused when it is written.
pub const EFFECTS_BYTES_MAX: usize = 1 << 30;

const VERSION: u8 = 1;
const HEADER_BYTES: usize = 1 + 4;
/// A slot waits for it.
const LEVEL: i32 = 1;
const LEVEL_OF_NOISE: i32 = -50;
const SAMPLE_BYTES: usize = 64 << 10;
/// Most parts are small, and this is as much as they take before they are packed.
const CONTENT_BYTES: usize = 1 << 10;
/// A block of zstd gives at most 128 KiB, and takes no less than four bytes.
const RATIO_MAX: usize = (128 << 10) / 4;

impl Effects {
    pub fn is_empty(&self) -> bool {
        self.schema.is_empty() && self.upserts.is_empty() && self.deletes.is_empty()
    }

    /// Of the ids of rows and deletes, if there are any.
    pub fn id_type(&self) -> Option<IdType> {
        let written = self.upserts.first().map(Columns::id_type);
        written.or_else(|| self.deletes.first().map(id_type_of))
    }
}

/// A part of a batch. Effects that are too many for one are `Invalid`.
pub fn encode(effects: &Effects) -> Result<Bytes> {
    let law = law(effects);
    assert!(law.is_ok(), "effects break a law: {law:?}");
    seal(&content(effects)?)
}

/// What a part says that it holds: about as much memory as its effects take.
pub fn unpacked_bytes(part: &Bytes) -> u64 {
    let length = part.get(1..HEADER_BYTES).and_then(|bytes| bytes.try_into().ok());
    length.map_or(0, |bytes| u64::from(u32::from_le_bytes(bytes)))
}

/// The effects in a part, or `Corrupt`.
pub fn decode(part: &Bytes) -> Result<Effects> {
    // Nothing outlives the panic but the bytes, which nobody changes.
    catch_unwind(AssertUnwindSafe(|| open(&unseal(part)?))).unwrap_or_else(|panic| {
        Err(Error::corrupt(format!("a decoder panicked: {}", said(&*panic))))
    })
}

fn content(effects: &Effects) -> Result<Vec<u8>> {
    let mut content = Vec::with_capacity(CONTENT_BYTES);
    effects.at.write(&mut content);
    effects.schema.write(&mut content);
    rows::write(effects, &mut content)?;
    Ok(content)
}

fn open(content: &Bytes) -> Result<Effects> {
    let mut fields = Fields::of(content.clone());
    let at = fields.take("at")?;
    let schema = fields.take("schema")?;
    let (upserts, deletes) = rows::read(&mut fields)?;
    fields.end()?;
    let effects = Effects { at, schema, upserts, deletes };
    law(&effects).map_err(Error::corrupt)?;
    Ok(effects)
}

fn seal(content: &[u8]) -> Result<Bytes> {
    let length = content.len();
    if length > EFFECTS_BYTES_MAX {
        return Err(too_large(length));
    }
    let mut part = Vec::with_capacity(HEADER_BYTES + press::room(length));
    VERSION.write(&mut part);
    (length as u32).write(&mut part);
    press::pack(content, level(content)?, &mut part).map_err(unpackable)?;
    // It is kept until it is written, and what it shrank by is not.
    part.shrink_to_fit();
    Ok(part.into())
}

/// Numbers that are vectors do not shrink at any level: a look at the middle tells, and the level
/// that gives up soonest is four times as fast on them.
fn level(content: &[u8]) -> Result<i32> {
    let Some(from) = (content.len() / 2).checked_sub(SAMPLE_BYTES) else { return Ok(LEVEL) };
    let sample = &content[from..from + SAMPLE_BYTES];
    let mut packed = Vec::new();
    press::pack(sample, LEVEL, &mut packed).map_err(unpackable)?;
    let shrinks = packed.len() < SAMPLE_BYTES - SAMPLE_BYTES / 8;
    Ok(if shrinks { LEVEL } else { LEVEL_OF_NOISE })
}

fn unseal(part: &Bytes) -> Result<Bytes> {
    let mut fields = Fields::of(part.clone());
    match fields.take::<u8>("version")? {
        VERSION => {}
        0 => return Err(Error::corrupt("effects have no version 0")),
        newer => {
            return Err(Error::unavailable(format!(
                "effects were written in version {newer}, and this release reads up to {VERSION}: \
                 upgrade this node"
            )));
        }
    }
    let length = fields.take::<u32>("length")? as usize;
    let packed = &part[HEADER_BYTES..];
    if length > EFFECTS_BYTES_MAX || length > packed.len().saturating_mul(RATIO_MAX) {
        let held = packed.len();
        return Err(Error::corrupt(format!("{held} bytes claim to hold {length}")));
    }
    let content = press::unpack(packed, length)
        .map_err(|error| Error::corrupt("no frame of zstd").with_source(error))?;
    if content.len() != length {
        let found = content.len();
        return Err(Error::corrupt(format!("{found} bytes of content, and {length} were written")));
    }
    Ok(content.into())
}

/// What must hold of all effects: checked before they are written and after they are read.
fn law(effects: &Effects) -> Result<(), String> {
    let Effects { at: _, schema, upserts, deletes } = effects;
    let declared = schema.iter().filter_map(|edit| match edit {
        SchemaEdit::IdType(id_type) => Some(*id_type),
        _ => None,
    });
    let written = upserts.iter().map(Columns::id_type);
    let mut id_types = declared.chain(written).chain(deletes.iter().map(id_type_of));
    if let Some(first) = id_types.next()
        && id_types.any(|other| other != first)
    {
        return Err("ids of several types".into());
    }
    let set = schema.iter().filter_map(|edit| match edit {
        SchemaEdit::Set { attribute, .. } => Some((attribute.number, attribute.kind)),
        _ => None,
    });
    let columns = upserts.iter().flat_map(Columns::columns);
    let mut kinds: BTreeMap<AttrNo, AttrType> = BTreeMap::new();
    for (number, kind) in set.chain(columns.map(|(number, (kind, _))| (*number, *kind))) {
        let known = *kinds.entry(number).or_insert(kind);
        if known != kind {
            let number = number.0;
            return Err(format!("attribute {number} is of type {known:?} and {kind:?}"));
        }
    }
    rows::law(upserts, deletes)
}

fn unpackable(error: io::Error) -> Error {
    Error::internal("effects that zstd does not pack").with_source(error)
}

fn too_large(length: usize) -> Error {
    let message = format!("{length} bytes of effects, and {EFFECTS_BYTES_MAX} are the most");
    Error::invalid(message + ": send fewer rows at once")
}

/// What a panic said.
fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a word")
}
