//! The base of a head: the state of a namespace at `floor`, as far as it is not rows.
//!
//! ```text
//! u8    version        1
//! u32   numbers        how many attributes have had a number
//! list of SchemaEdits  that make the schema from nothing
//! list of segments     the oldest first
//!   FileName  rows     of kind rows
//!   u64       count    how many rows lie there, superseded ones too
//!   u64       bytes    the length of the file
//!   16        hash     of the file
//!   option of the rows that are superseded
//!     FileName  file   of kind deletions
//!     u64       count
//! u64   created        milliseconds since 1970, for display: of the first write,
//! u64   changed        of the last one that changed rows or schema,
//! u64   written        of the last one that changed rows; 0 if none did
//! ```
//!
//! A head that was never folded has no base: no bytes at all. The files that it names are the head's
//! as well, which is what keeps them.

use bytes::Bytes;

use crate::error::{Error, Result};
use crate::model::{FileKind, FileName, Schema, SchemaEdit};
use crate::segment::rows::FileHash;
use crate::storage::fields::{Field, Fields};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Base {
    pub schema: Schema,
    pub segments: Vec<SegmentEntry>,
    pub times: Times,
}

/// A segment, and what of it is superseded.
#[derive(Clone, Debug, PartialEq)]
pub struct SegmentEntry {
    pub rows: FileName,
    pub count: u64,
    pub bytes: u64,
    pub hash: FileHash,
    pub deleted: Option<DeletedEntry>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct DeletedEntry {
    pub file: FileName,
    pub count: u64,
}

/// Milliseconds since 1970, by whoever wrote: for display, and nothing is ordered by them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    pub created: u64,
    pub changed: u64,
    pub written: u64,
}

impl Times {
    /// A slot was written at that time; with rows, or with edits alone. Settings are no schema.
    pub fn pass(&mut self, at: u64, rows: bool, edits: &[SchemaEdit]) {
        if self.created == 0 {
            self.created = at;
        }
        let is_setting = |edit: &SchemaEdit| matches!(edit, SchemaEdit::Settings(_));
        if rows || edits.is_empty() || !edits.iter().all(is_setting) {
            self.changed = self.changed.max(at);
        }
        if rows {
            self.written = self.written.max(at);
        }
    }

    /// The last write, as it is told. Where there never was a row, it is the one that made the
    /// namespace.
    pub fn last_write(&self) -> u64 {
        self.written.max(self.created)
    }
}

impl Base {
    pub fn encode(&self) -> Bytes {
        let mut out = Vec::new();
        1_u8.write(&mut out);
        self.schema.numbers.write(&mut out);
        edits(&self.schema).write(&mut out);
        self.segments.write(&mut out);
        self.times.created.write(&mut out);
        self.times.changed.write(&mut out);
        self.times.written.write(&mut out);
        out.into()
    }

    pub fn decode(bytes: &Bytes) -> Result<Self> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        let mut fields = Fields::of(bytes.clone());
        let version: u8 = fields.take("version")?;
        if version != 1 {
            let message = format!("a base of version {version}, and 1 is known");
            return Err(match version {
                0 => Error::corrupt(message),
                _ => Error::unavailable(message + ": upgrade this node"),
            });
        }
        let numbers: u32 = fields.take("numbers")?;
        let written: Vec<SchemaEdit> = fields.take("schema")?;
        let mut schema = Schema::default();
        written.iter().for_each(|edit| schema.apply(edit));
        if edits(&schema) != written || schema.numbers > numbers {
            return Err(Error::corrupt("a schema that nobody would write down so"));
        }
        if !crate::mutant!("a fold forgets which numbers attributes had") {
            schema.numbers = numbers;
        }
        let segments: Vec<SegmentEntry> = fields.take("segments")?;
        let times = Times {
            created: fields.take("created")?,
            changed: fields.take("changed")?,
            written: fields.take("written")?,
        };
        fields.end()?;
        Ok(Self { schema, segments, times })
    }

    /// The files that it names.
    pub fn files(&self) -> impl Iterator<Item = &FileName> {
        self.segments.iter().flat_map(|segment| {
            let deleted = segment.deleted.as_ref().map(|deleted| &deleted.file);
            std::iter::once(&segment.rows).chain(deleted)
        })
    }
}

/// The edits that make this schema from nothing.
fn edits(schema: &Schema) -> Vec<SchemaEdit> {
    let mut edits: Vec<SchemaEdit> = schema.id.map(SchemaEdit::IdType).into_iter().collect();
    edits.extend(schema.attributes.iter().map(|(name, attribute)| SchemaEdit::Set {
        name: name.clone(),
        attribute: attribute.clone(),
    }));
    if schema.settled {
        edits.push(SchemaEdit::Settled);
    }
    edits.push(SchemaEdit::Settings(schema.settings.clone()));
    edits
}

impl Field for SegmentEntry {
    const BYTES_MIN: usize = FileName::BYTES_MIN + 8 + 8 + 16 + 1;

    fn write(&self, out: &mut Vec<u8>) {
        self.rows.write(out);
        self.count.write(out);
        self.bytes.write(out);
        out.extend_from_slice(&self.hash.0);
        self.deleted.write(out);
    }

    fn read(from: &mut Fields) -> Result<Self> {
        let entry = Self {
            rows: from.take("rows")?,
            count: from.take("count")?,
            bytes: from.take("bytes")?,
            hash: FileHash(from.take::<u128>("hash")?.to_le_bytes()),
            deleted: from.take("deleted")?,
        };
        if entry.rows.kind != FileKind::Rows {
            return Err(Error::corrupt("a segment's rows lie in a file of another kind"));
        }
        match &entry.deleted {
            Some(deleted) if deleted.count == 0 || deleted.count > entry.count => {
                let (deleted, rows) = (deleted.count, entry.count);
                Err(Error::corrupt(format!("{deleted} rows of {rows} are deleted")))
            }
            _ => Ok(entry),
        }
    }
}

impl Field for DeletedEntry {
    const BYTES_MIN: usize = FileName::BYTES_MIN + 8;

    fn write(&self, out: &mut Vec<u8>) {
        self.file.write(out);
        self.count.write(out);
    }

    fn read(from: &mut Fields) -> Result<Self> {
        let entry = Self { file: from.take("file")?, count: from.take("count")? };
        match entry.file.kind {
            FileKind::Deletions => Ok(entry),
            _ => Err(Error::corrupt("deletions lie in a file of another kind")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Settings;

    /// A namespace that was only created was told to have been written to in 1970, and so was every
    /// query of it.
    #[test]
    fn to_make_a_namespace_is_to_write_to_it_and_to_change_its_schema_is_not() {
        let mut times = Times::default();
        times.pass(5, false, &[]);
        times.pass(7, false, &[SchemaEdit::Settled]);
        assert_eq!((times.created, times.changed, times.last_write()), (5, 7, 5));
        let base = Base { times, ..Base::default() };
        let read = Base::decode(&base.encode()).unwrap();
        assert_eq!((read.times, read.times.last_write()), (times, 5));
        times.pass(9, true, &[]);
        times.pass(11, false, &[SchemaEdit::Settled]);
        assert_eq!((times.created, times.changed, times.last_write()), (5, 11, 9));
        times.pass(13, false, &[SchemaEdit::Settings(Settings::default())]);
        assert_eq!((times.created, times.changed, times.last_write()), (5, 11, 9));
    }
}
