//! The rows that a slot writes and the ids that it deletes: what stands in the middle of a part.
//!
//! ```text
//! option of IdType    of all ids that follow; none: nothing follows
//!   list of ids       deletes: u64, or u128, or text of at most 64 bytes, or i64
//!   list of blocks    upserts
//!
//! block
//!   list of (AttrNo, AttrType)   ascending by number
//!   blob                         an Arrow IPC stream
//! ```
//!
//! The stream is the streaming format of Arrow, metadata version 5, uncompressed, every buffer
//! aligned to 8 bytes: one schema message, one record batch of at least one row, the end mark. Its
//! first field is named `id` and is not nullable; then, for each attribute in the same order, a
//! nullable field named by its number in decimal. Each is of the type that `model::columns` maps
//! its attribute to. The types of attributes stand beside the stream, for Arrow's say less: sixteen
//! bytes may be a uuid or a vector of i8.
//!
//! The stream is copied once, to memory that is aligned as Arrow wants it, and its columns are
//! slices of that copy. It is fed to the push decoder, which believes no length: the one that reads
//! from a `Read` would make room for whatever a message claims.

use std::collections::HashSet;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, UInt64Type};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_buffer::Buffer;
use arrow_ipc::MetadataVersion;
use arrow_ipc::reader::StreamDecoder;
use arrow_ipc::root_as_message;
use arrow_ipc::writer::{IpcWriteOptions, StreamWriter};
use arrow_schema::{ArrowError, Field as ArrowField, Schema as ArrowSchema};
use bytes::Bytes;

use super::{Effects, too_large};
use crate::error::{Context, Error, Result};
use crate::model::columns::{data_type, id_data_type};
use crate::model::{AttrNo, AttrType, Columns, DOC_ID_BYTES_MAX, DocId, IdType};
use crate::storage::fields::{Field, Fields};

const ALIGNMENT_BYTES: usize = 8;
/// Ids that there is room for before they are seen. A stream of a few bytes may claim millions.
const SEEN_EXPECTED_MAX: usize = 1 << 10;

pub(super) fn write(effects: &Effects, out: &mut Vec<u8>) -> Result<()> {
    let Effects { at: _, schema: _, upserts, deletes } = effects;
    let id_type = effects.id_type();
    id_type.write(out);
    if id_type.is_none() {
        return Ok(());
    }
    length_of(deletes).write(out);
    for id in deletes {
        match id {
            DocId::Uint(number) => number.write(out),
            DocId::Uuid(uuid) => uuid.write(out),
            DocId::String(text) => text.write(out),
            DocId::Int(number) => number.write(out),
        }
    }
    length_of(upserts).write(out);
    upserts.iter().try_for_each(|block| write_block(block, out))
}

pub(super) fn read(from: &mut Fields) -> Result<(Vec<Columns>, Vec<DocId>)> {
    let Some(id_type) = from.take::<Option<IdType>>("id type")? else {
        return Ok((Vec::new(), Vec::new()));
    };
    let deletes = match id_type {
        IdType::Uint => deletes(from, DocId::Uint)?,
        IdType::Uuid => deletes(from, DocId::Uuid)?,
        IdType::String => deletes(from, DocId::String)?,
        IdType::Int => deletes(from, DocId::Int)?,
    };
    let count: u32 = from.take("blocks")?;
    let mut upserts = Vec::new();
    for at in 0..count {
        upserts.push(read_block(id_type, from).context(format!("block {at}"))?);
    }
    if upserts.is_empty() && deletes.is_empty() {
        return Err(Error::corrupt("a type of ids, and no ids"));
    }
    Ok((upserts, deletes))
}

/// What must hold of the rows of one slot: no id twice, among rows and deletes together.
pub(super) fn law(upserts: &[Columns], deletes: &[DocId]) -> Result<(), String> {
    if upserts.iter().any(|block| block.rows() == 0) {
        return Err("a block without rows".into());
    }
    let written =
        upserts.iter().flat_map(|block| (0..block.rows()).map(move |row| Id::at(block, row)));
    let expected = upserts.iter().map(Columns::rows).sum::<usize>() + deletes.len();
    let mut seen = HashSet::with_capacity(expected.min(SEEN_EXPECTED_MAX));
    for id in written.chain(deletes.iter().map(Id::of)) {
        if let Id::String(text) = id
            && text.len() > DOC_ID_BYTES_MAX
        {
            return Err(format!("an id of {} bytes is too long", text.len()));
        }
        if !seen.insert(id) {
            return Err(format!("{id:?} stands twice in one slot"));
        }
    }
    Ok(())
}

/// An id where it lies. To be compared with all others, none is copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Id<'a> {
    Uint(u64),
    Uuid(u128),
    String(&'a str),
    Int(i64),
}

impl<'a> Id<'a> {
    fn of(id: &'a DocId) -> Self {
        match id {
            DocId::Uint(number) => Self::Uint(*number),
            DocId::Uuid(uuid) => Self::Uuid(*uuid),
            DocId::String(text) => Self::String(text),
            DocId::Int(number) => Self::Int(*number),
        }
    }

    fn at(block: &'a Columns, row: usize) -> Self {
        let ids = block.ids();
        match block.id_type() {
            IdType::Uint => Self::Uint(ids.as_primitive::<UInt64Type>().value(row)),
            IdType::Uuid => {
                let mut big_endian = [0; 16];
                big_endian.copy_from_slice(ids.as_fixed_size_binary().value(row));
                Self::Uuid(u128::from_be_bytes(big_endian))
            }
            IdType::String => Self::String(ids.as_string::<i32>().value(row)),
            IdType::Int => Self::Int(ids.as_primitive::<Int64Type>().value(row)),
        }
    }
}

fn length_of<T>(list: &[T]) -> u32 {
    u32::try_from(list.len()).expect("a list is below 2^32")
}

fn deletes<T: Field>(from: &mut Fields, id: impl Fn(T) -> DocId) -> Result<Vec<DocId>> {
    let ids: Vec<T> = from.take("deletes")?;
    Ok(ids.into_iter().map(id).collect())
}

fn write_block(block: &Columns, out: &mut Vec<u8>) -> Result<()> {
    let columns = block.columns().iter();
    let kinds: Vec<(AttrNo, AttrType)> =
        columns.map(|(number, (kind, _))| (*number, *kind)).collect();
    kinds.write(out);
    // Room for the length of the blob, which is known when the stream is written.
    let length_at = out.len();
    0_u32.write(out);
    write_stream(block, &kinds, out)
        .map_err(|error| Error::internal("rows that Arrow does not write").with_source(error))?;
    let length = out.len() - length_at - 4;
    let length = u32::try_from(length).map_err(|_| too_large(out.len()))?;
    out[length_at..length_at + 4].copy_from_slice(&length.to_le_bytes());
    Ok(())
}

fn write_stream(
    block: &Columns,
    kinds: &[(AttrNo, AttrType)],
    out: &mut Vec<u8>,
) -> Result<(), ArrowError> {
    let schema = Arc::new(schema_of(block.id_type(), kinds));
    let columns = block.columns().values().map(|(_, column)| column);
    let arrays: Vec<ArrayRef> = std::iter::once(block.ids()).chain(columns).cloned().collect();
    let batch = RecordBatch::try_new(schema.clone(), arrays)?;
    let options = IpcWriteOptions::try_new(ALIGNMENT_BYTES, false, MetadataVersion::V5)?;
    let mut writer = StreamWriter::try_new_with_options(out, &schema, options)?;
    writer.write(&batch)?;
    writer.finish()
}

fn read_block(id_type: IdType, from: &mut Fields) -> Result<Columns> {
    let kinds: Vec<(AttrNo, AttrType)> = from.take("attributes")?;
    if !kinds.is_sorted_by(|(left, _), (right, _)| left < right) {
        return Err(Error::corrupt("the numbers of attributes do not ascend"));
    }
    let stream: Bytes = from.take("stream")?;
    let batch = read_stream(&stream)
        .map_err(|error| Error::corrupt("no Arrow stream of one batch").with_source(error))?;
    let (found, mut arrays, _) = batch.into_parts();
    if *found != schema_of(id_type, &kinds) {
        return Err(Error::corrupt("the fields of a stream are not those of its attributes"));
    }
    let ids = arrays.remove(0);
    let columns = kinds.into_iter().zip(arrays);
    let columns = columns.map(|((number, kind), column)| (number, (kind, column))).collect();
    Columns::new(id_type, ids, columns)
}

/// No message is longer than the stream, and no array has more elements than that has bits. Arrow makes
/// room for what it is told of before it looks for the bytes: 64 MiB, for one flipped bit of a small slot.
fn check_lengths(stream: &[u8]) -> Result<(), ArrowError> {
    let cut = || ArrowError::IpcError("a message is cut off".into());
    let bits = 8 * stream.len() as i64;
    let mut rest = stream;
    while let Some((head, after)) = rest.split_first_chunk::<8>() {
        let &[marker @ .., a, b, c, d] = head;
        // Without the marker it would be a stream of Arrow before 0.15, which nobody wrote.
        if marker != [0xff; 4] {
            return Err(ArrowError::IpcError("a message without its marker".into()));
        }
        let length = u32::from_le_bytes([a, b, c, d]) as usize;
        if length == 0 {
            // The end, and nothing behind it.
            rest = after;
            break;
        }
        let (message, after) = after.split_at_checked(length).ok_or_else(cut)?;
        let message = root_as_message(message)
            .map_err(|error| ArrowError::IpcError(format!("no message: {error}")))?;
        let nodes = message.header_as_record_batch().and_then(|batch| batch.nodes());
        if nodes.is_some_and(|nodes| nodes.iter().any(|node| node.length() > bits)) {
            return Err(ArrowError::IpcError("an array is longer than the stream".into()));
        }
        let body = usize::try_from(message.bodyLength()).map_err(|_| cut())?;
        rest = after.get(body..).ok_or_else(cut)?;
    }
    if rest.is_empty() { Ok(()) } else { Err(cut()) }
}

fn read_stream(stream: &[u8]) -> Result<RecordBatch, ArrowError> {
    check_lengths(stream)?;
    let mut rest = Buffer::from(stream);
    let mut decoder = StreamDecoder::new().with_require_alignment(true);
    let batch = decoder.decode(&mut rest)?;
    if decoder.decode(&mut rest)?.is_some() {
        return Err(ArrowError::IpcError("a second batch".into()));
    }
    decoder.finish()?;
    batch.ok_or_else(|| ArrowError::IpcError("no batch".into()))
}

fn schema_of(id_type: IdType, kinds: &[(AttrNo, AttrType)]) -> ArrowSchema {
    let id = ArrowField::new("id", id_data_type(id_type), false);
    let attribute = |(number, kind): &(AttrNo, AttrType)| {
        ArrowField::new(number.0.to_string(), data_type(*kind), true)
    };
    ArrowSchema::new(std::iter::once(id).chain(kinds.iter().map(attribute)).collect::<Vec<_>>())
}

impl Field for (AttrNo, AttrType) {
    const BYTES_MIN: usize = AttrNo::BYTES_MIN + AttrType::BYTES_MIN;

    fn write(&self, out: &mut Vec<u8>) {
        let (number, kind) = self;
        number.write(out);
        kind.write(out);
    }

    fn read(from: &mut Fields) -> Result<Self> {
        Ok((from.take("number")?, from.take("type")?))
    }
}
